"""What starts the scheduler with the machine: a unit of systemd, a line of crontab."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from zlib import crc32

from lifecycle import errors

__all__ = ["crontab", "name", "service", "timer", "written"]


def name(directory: Path) -> str:
    """A name for the units of a workspace: its folder's, and what tells it apart.

    Examples
    --------
    >>> name(Path("/home/ana/credit models"))
    'lifecycle-credit-models-fc55'
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "-", directory.name).strip("-").lower()
    return f"lifecycle-{plain or 'workspace'}-{crc32(bytes(directory)) & 0xFFFF:04x}"


def service(directory: Path, *, interpreter: Path | None = None, jobs: int = 2) -> str:
    """The unit of a user that keeps `lifecycle scheduler` running."""
    words = ["-m", "lifecycle", "--workspace", str(directory), "scheduler"]
    told = [str(interpreter or sys.executable), *words, "--jobs", str(jobs)]
    return f"""\
[Unit]
Description={_plain(f"Lifecycle scheduler of {directory}")}
After=network-online.target

[Service]
Type=exec
ExecStart={" ".join(_quoted(word) for word in told)}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=10
KillMode=mixed
TimeoutStopSec=120

[Install]
WantedBy=default.target
"""


def timer(
    directory: Path, *, interpreter: Path | None = None, minutes: int = 5
) -> tuple[str, str]:
    """A unit that runs `lifecycle due` once, and the timer that starts it."""
    words = ["-m", "lifecycle", "--workspace", str(directory), "due"]
    told = [str(interpreter or sys.executable), *words]
    unit = f"""\
[Unit]
Description={_plain(f"Lifecycle: what is due of {directory}")}

[Service]
Type=oneshot
ExecStart={" ".join(_quoted(word) for word in told)}
"""
    when = f"""\
[Unit]
Description={_plain(f"Lifecycle: every {minutes} minutes for {directory}")}

[Timer]
OnCalendar=*:0/{minutes}
Persistent=true

[Install]
WantedBy=timers.target
"""
    return unit, when


def crontab(
    directory: Path, *, interpreter: Path | None = None, minutes: int = 5
) -> str:
    r"""The line of a crontab that runs `lifecycle due`, with its words in a log.

    A percent sign ends a command of crontab, so it is escaped, inside quotes too.

    Examples
    --------
    >>> line = crontab(Path("/srv/100% ours"), interpreter=Path("/usr/bin/python3"))
    >>> print(line.partition(" due ")[0])
    */5 * * * * /usr/bin/python3 -m lifecycle --workspace '/srv/100\% ours'
    """
    log = directory / "due.log"
    told = [str(interpreter or sys.executable), "-m", "lifecycle", "--workspace"]
    told += [str(directory), "due"]
    command = " ".join(shlex.quote(word) for word in told)
    command += f" >> {shlex.quote(str(log))} 2>&1"
    return f"*/{minutes} * * * * " + command.replace("%", r"\%")


def written(directory: Path, *, jobs: int = 2) -> str:
    """All of it, with what to do with each part.

    Raises
    ------
    SettingsError
        When a path holds what neither of the two can say.
    """
    for path in (str(directory), sys.executable):
        if any(not sign.isprintable() for sign in path):
            raise errors.SettingsError(
                f"the path {path!r} holds a sign that no unit and no crontab can "
                "name; move the workspace, or give its folder another name"
            )
    unit, folder = name(directory), "~/.config/systemd/user"
    once, when = timer(directory)
    return f"""\
# One of the three is enough.

# 1. systemd, running all the time: {folder}/{unit}.service
#    then: systemctl --user daemon-reload && systemctl --user enable --now {unit}
#    and, to go on when nobody is logged in: loginctl enable-linger
{service(directory, jobs=jobs)}
# 2. systemd, once every five minutes: {folder}/{unit}-due.service
{once}
#    and {folder}/{unit}-due.timer
#    then: systemctl --user daemon-reload
#    and: systemctl --user enable --now {unit}-due.timer
{when}
# 3. cron: a line for crontab -e
{crontab(directory)}
"""


def _quoted(word: str) -> str:
    r"""A word of ExecStart: $ and % are systemd's own signs, doubled they are plain.

    Examples
    --------
    >>> print(_quoted('/srv/100% "ours"'))
    "/srv/100%% \"ours\""
    """
    told = word.replace("\\", "\\\\").replace('"', '\\"')
    told = told.replace("%", "%%").replace("$", "$$")
    plain = re.fullmatch(r"[\w./=+:@,-]+", word)
    return told if plain else f'"{told}"'


def _plain(text: str) -> str:
    return text.replace("%", "%%").replace("\\", "\\\\")

"""Pages of the user's own are scheduled, shown and run; the commands say when."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4

import lifecycle
from lifecycle import config, errors, workspace
from lifecycle.workspace import chain, claiming, installing
from tests.conftest import Terminal
from tests.test_scheduling import MODEL, NOON

BASE: dict[str, Any] = {
    "owner": "Ana Silva <ana@bank.example>",
    "task": "binary",
    "id": "id",
    "time": "time",
    "outcome": "outcome",
    "label_delay_days": 7,
    "features": {"numeric": ["age"]},
}
MONDAYS = "0 6 * * 1"


def schedule(**told: Any) -> config.Schedule:
    parsed = config.parse({"models": {"calls": {**BASE, "schedule": told}}})
    return parsed.models["calls"].schedule


# -- settings ------------------------------------------------------------------


def test_the_short_form_and_the_table_say_the_same() -> None:
    short, table = schedule(audit=MONDAYS), schedule(audit={"cron": MONDAYS})
    assert short == table
    assert short.crons() == {"audit": MONDAYS}
    told = schedule(churn={"cron": MONDAYS, "timezone": "Europe/Berlin", "retries": 2})
    page = told.pages()["churn"]
    assert (page.timezone, page.retries, page.after) == ("Europe/Berlin", 2, ())


def test_a_ruling_comes_after_audit_and_drift_where_nothing_else_is_said() -> None:
    told = schedule(promote=MONDAYS, decide=MONDAYS, drift=MONDAYS, churn=MONDAYS)
    after = {name: page.after for name, page in told.pages().items()}
    assert after == {
        "drift": (),
        "decide": ("drift",),
        "promote": ("decide",),
        "churn": (),
    }
    order = list(after)
    assert order.index("drift") < order.index("decide") < order.index("promote")
    freed = schedule(audit=MONDAYS, decide={"cron": MONDAYS, "after": []})
    assert freed.pages()["decide"].after == ()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"audit": "61 6 * * 1"}, "audit.cron: '61 6 * * 1' is not a cron expression"),
        ({"audit": "0 6 * * 99"}, "(bad day-of-week); write minute, hour"),
        ({"audit": "monday"}, "write five fields, such as '0 6 * * 1'"),
        ({"audit": 5}, "audit: is 5, which says no time"),
        ({"audit": {"cron": MONDAYS, "timezone": "Mars"}}, "audit.timezone: 'Mars' is"),
        ({"audit": {"retries": 1}}, "schedule.audit.cron is missing; add cron = …"),
        ({"audit": {"cron": MONDAYS, "tz": "UTC"}}, "audit.tz is not a setting"),
        ({"audit": {"cron": MONDAYS, "retries": -1}}, "schedule.audit.retries: "),
        ({"on_alrt": True}, "on_alrt = true is neither a setting nor"),
        ({"on_alrt": True}, "did you mean on_alert?"),
        ({"a/b": MONDAYS}, "'a/b' cannot be a page"),
        ({"watch": "often"}, "schedule.watch: 'often' is not a cron expression"),
        (
            {"audit": {"cron": MONDAYS, "after": ["drfit"]}, "drift": MONDAYS},
            "audit.after names 'drfit', which has no schedule here; did you mean drift",
        ),
        (
            {
                "audit": {"cron": MONDAYS, "after": ["drift"]},
                "drift": {"cron": MONDAYS, "after": ["audit"]},
            },
            "after goes in a circle (audit after drift after audit)",
        ),
        (
            {"audit": {"cron": MONDAYS, "after": ["audit"]}},
            "after goes in a circle (audit after audit)",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_key(told: dict[str, Any], said: str) -> None:
    with pytest.raises(errors.SettingsError) as caught:
        schedule(**told)
    (sentence,) = caught.value.problems
    assert sentence.startswith("lifecycle.toml: models.calls.schedule")
    assert said in sentence


def test_a_hook_of_wrong_models_alone_does_not_hear_of_all_others(
    tmp_path: Path,
) -> None:
    text = MODEL + 'audit = "61 * * * *"\n' + MODEL.replace("calls", "leads")
    text += '\n[hooks.a]\nkind = "webhook"\nurl = "https://a.example"\n'
    text += 'secret_env = "SECRET"\n'
    text += 'models = ["calls"]\n'
    (tmp_path / config.FILE).write_text(text)
    settings, wrong = config.load_sound(tmp_path)
    assert (list(settings.models), list(wrong)) == (["leads"], ["calls"])
    assert settings.hooks == {}
    (tmp_path / config.FILE).write_text(text.replace('"calls"]', '"calls", "leads"]'))
    settings, _ = config.load_sound(tmp_path)
    assert settings.hooks["a"].models == ("leads",)
    (tmp_path / config.FILE).write_text(text + "\n[workspace]\nnonsense = 1\n")
    with pytest.raises(errors.SettingsError, match="nonsense"):
        config.load_sound(tmp_path)


def test_the_settings_of_the_manual_are_right() -> None:
    import tomllib

    manual = Path(__file__).parent.parent / "docs" / "scheduling.md"
    (text,) = re.findall(r"```toml\n(.*?)```", manual.read_text(), re.DOTALL)
    told = tomllib.loads(text)["models"]["lead-scoring"]["schedule"]
    assert list(schedule(**told).pages()) == ["audit", "drift", "decide", "churn"]


# -- pages and commands --------------------------------------------------------

PARAMETERS = """\
workspace: str = ""
model: str = ""
as_of: str = ""
result_path: str = ""
"""
SLEEPS = """\
import os, pathlib, subprocess, time
os.write(2, b"a word of the kernel\\n")
if not pathlib.Path("quick").exists():
    child = subprocess.Popen(["sleep", "1000"])
    pathlib.Path("pid.new").write_text(str(child.pid))
    os.rename("pid.new", "pid")
    time.sleep(1000)
"""
LAST = """\
from lifecycle.jobs.record import Record
Record.of(model=model, notebook="churn", as_of=as_of, summary="Few leave.").write(
    result_path
)
"""


def gone(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def test_a_page_of_the_user_is_stopped_handed_back_and_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: Terminal
) -> None:
    place = tmp_path / "desk"
    workspace.init(place)
    churn = '[models.calls.schedule.churn]\ncron = "0 * * * *"\n'
    churn += 'timezone = "Asia/Kolkata"\n'
    (place / config.FILE).write_text(MODEL + churn)
    cells = [
        v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        v4.new_code_cell(SLEEPS),
        v4.new_code_cell(LAST),
    ]
    nbformat.write(v4.new_notebook(cells=cells), place / "notebooks" / "churn.ipynb")
    ws = lifecycle.open(place)
    ending = threading.Event()
    monkeypatch.setattr(claiming, "ENDING", ending)

    def stop() -> None:
        until = time.monotonic() + 60
        while not (place / "pid").exists() and time.monotonic() < until:
            time.sleep(0.02)
        ending.set()

    def ticks() -> list[chain.Tick]:
        said: list[chain.Tick] = []
        wanted = chain.wanted(ws, "calls", NOON, alarmed=False)
        chain._Pages(ws, "calls", NOON, wanted, None, said.append).run_all()
        return said

    thread = threading.Thread(target=stop)
    thread.start()
    (first,) = ticks()
    thread.join()
    assert first.text == "calls: churn was stopped before it had ended"
    assert first.stopped
    pid = int((place / "pid").read_text())
    until = time.monotonic() + 20
    while not gone(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert gone(pid)  # what the kernel had started as well
    (left,) = ws.registry.runs("calls")
    assert (left.status, left.attempt) == ("waiting", 1)
    assert not list((place / "reports").rglob("churn.html"))
    ending.clear()
    (place / "quick").touch()
    (second,) = ticks()
    assert second.text == "calls: churn succeeded. Few leave."
    (done,) = ws.registry.runs("calls")
    assert (done.status, done.attempt) == ("succeeded", 2)
    assert done.slot is not None
    assert f"{done.slot:%H:%M}" == "11:30"  # noon is half past five in Kolkata
    log = (place / done.log).read_text().splitlines()
    assert log[0].endswith(f"attempt 2, process {os.getpid()} on {os.uname().nodename}")
    assert "a word of the kernel" in log
    assert log[-1] == "succeeded: Few leave."
    assert ticks() == []
    code, out, _ = terminal("-w", place, "schedule", "calls", "--as-of", "2024-03-04")
    assert code == 0
    assert "Mon 2024-03-04 06:00" in out  # the next hour there
    assert "Asia/Kolkata" in out
    assert "Few leave" in out


def test_units_are_shown_and_never_installed(
    tmp_path: Path, terminal: Terminal
) -> None:
    place = tmp_path / "desk"
    workspace.init(place)
    code, out, err = terminal("-w", place, "schedule", "install", "--print")
    assert (code, err) == (0, "")
    assert f"--workspace {place} scheduler --jobs 2" in out
    assert f"--workspace {place} due >> {place}/due.log 2>&1" in out
    code, _, err = terminal("-w", place, "schedule", "install")
    assert (code, err.count("--print")) == (30, 1)
    code, out, _ = terminal("-w", place, "schedule", "my-model")
    assert "nothing of my-model has been run by the clock yet" in out


def test_the_units_are_what_systemd_and_cron_read(tmp_path: Path) -> None:
    place = tmp_path / '100% of $ana\'s "desk"'
    place.mkdir()
    line = installing.crontab(place, interpreter=Path(sys.executable))
    command = line.split(maxsplit=5)[5].replace(r"\%", "%")  # as cron hands it on
    mine = f"{shlex.quote(sys.executable)} -m lifecycle"
    assert command.startswith(mine)
    seen = command.replace(mine, "printf '%s|'")
    subprocess.run(["sh", "-c", seen], check=True)
    assert (place / "due.log").read_text() == f"--workspace|{place}|due|"
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here: install systemd")
    once, when = installing.timer(place)
    units = {
        "a.service": installing.service(place),
        "b.service": once,
        "b.timer": when,
    }
    for name, text in units.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", *(tmp_path / name for name in units)],
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    mine = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert (done.returncode, mine) == (0, []), done.stderr

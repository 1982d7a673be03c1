"""The command line: the verbs of the workspace, for a terminal, cron and CI.

Exit codes: 0 done, 10 alert (with `--fail-on-alert`), 20 notebook failed, 21 time
limit, 22 kernel died, 30 bad parameters, settings, input or move, 31 already running.
"""

from __future__ import annotations

import importlib
import io
import pkgutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

__all__ = ["application", "main"]


def application() -> typer.Typer:
    """Return the application with every command, for a caller in this process."""
    from lifecycle.cli.commands import app

    for module in pkgutil.iter_modules(__path__):  # each brings its commands
        importlib.import_module(f"{__name__}.{module.name}")
    return app


def main() -> None:
    """Run the command line; errors of the house become one sentence and a code."""
    from lifecycle import errors
    from lifecycle.cli.say import complain

    app = application()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter it has not is no crash
            stream.reconfigure(errors="replace")
    try:
        app(_workspace_first(sys.argv[1:]), prog_name="lifecycle")
    except errors.LifecycleError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        if error.filename is None:
            raise
        complain(f"{error.filename}: {error.strerror}; check path and permissions")
        sys.exit(errors.LifecycleError.exit_code)
    except SystemExit as ended:
        usage = 2  # what a wrong option or command ends with
        wrong = ended.code == usage
        sys.exit(errors.LifecycleError.exit_code if wrong else ended.code)


def _workspace_first(words: list[str]) -> list[str]:
    """Let `--workspace DIR` stand before the command or after it.

    Examples
    --------
    >>> _workspace_first(["status", "--workspace", "desk", "--json"])
    ['--workspace', 'desk', 'status', '--json']
    >>> _workspace_first(["-w", "desk", "status"])
    ['-w', 'desk', 'status']
    """
    told: list[str] = []
    rest = list(words)
    for at, word in enumerate(words):
        if word == "--":
            break
        if word in ("-w", "--workspace"):
            told = words[at : at + 2]
            rest = words[:at] + words[at + 2 :]
            break
        if word.startswith("--workspace="):
            told = [word]
            rest = words[:at] + words[at + 1 :]
            break
    return told + rest

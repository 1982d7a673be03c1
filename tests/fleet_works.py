"""What the workers of a fleet do in tests: each model by its name."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from lifecycle import errors
from lifecycle.workspace.chain import Tick


def work(
    directory: str, model: str, as_of: datetime, pages: Sequence[str] = ()
) -> list[Tick]:
    """Stand in for `working.work`: leaves a line for each attempt."""
    with Path(directory, "worked").open("a", encoding="utf-8") as file:
        file.write(f"{model} {os.getpid()}\n")
    if model == "killer" or (model == "unlucky" and attempts(directory, model) == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if model == "buggy":
        return [Tick(**{"nonsense": as_of})]  # type: ignore[arg-type]
    if model == "wrong":
        raise errors.InputError(["leads.csv: no column id", "leads.csv: no rows"])
    if model == "sleeper":
        Path(directory, "begun").write_text(str(os.getpid()), encoding="utf-8")
        time.sleep(600)  # until it is ended
    return [
        Tick(model, "word", f"{model}: settled"),
        Tick(model, "proposal", f"{model} waits"),
    ]


def attempts(directory: str | Path, model: str) -> int:
    """How often a model was begun."""
    lines = Path(directory, "worked").read_text(encoding="utf-8").splitlines()
    return sum(line.split()[0] == model for line in lines)


def process(directory: str | Path, model: str) -> int:
    """Of the newest attempt."""
    lines = Path(directory, "worked").read_text(encoding="utf-8").splitlines()
    return int([line.split()[1] for line in lines if line.startswith(model)][-1])

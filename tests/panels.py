"""A panel as a test sees it: controls by their labels, and what is said."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import lifecycle
from lifecycle import alerts, workspace
from lifecycle.findings import Finding, Findings
from lifecycle.workspace import Workspace


def parts(panel: Any) -> Iterator[Any]:
    """The panel and all in it."""
    yield panel
    for child in getattr(panel, "children", ()):
        yield from parts(child)


def control(panel: Any, name: str) -> Any:
    """The one control with this label."""
    found = [each for each in parts(panel) if getattr(each, "description", "") == name]
    assert len(found) == 1, f"{len(found)} controls are called {name!r}"
    return found[0]


def names(panel: Any) -> list[str]:
    """The labels of all controls, in the order in which Tab reaches them."""
    told = (getattr(each, "description", "") for each in parts(panel))
    return [name for name in told if name]


def status(panel: Any) -> str:
    """What the live region says."""
    assert "lc-status" in panel.children[-1]._dom_classes
    return str(panel.children[-1].value)


def shown(panel: Any) -> str:
    """All pieces of text but the style."""
    told = [str(getattr(e, "value", "")) for e in parts(panel) if is_text(e)]
    return "\n".join(text for text in told if not text.startswith("<style"))


def is_text(widget: Any) -> bool:
    return type(widget).__name__ == "HTML"


SETTINGS = """\
[workspace]
title = "Two models"
timezone = "UTC"
as_of = 2024-06-03T00:00:00Z

[models.leads]
owner = "Ana Silva"
task = "binary"
id = "lead"
time = "at"
outcome = "won"
label_delay_days = 14

[models.leads.features]
numeric = ["visits"]
categorical = ["plan"]

[models.churn]
owner = "Bo Lind"
task = "binary"
id = "customer"
time = "at"
outcome = "left"
label_delay_days = 14

[models.churn.features]
numeric = ["visits"]
"""
AT = datetime(2024, 6, 3, tzinfo=UTC)


@cache
def _pattern() -> Path:
    place = Path(mkdtemp(prefix="panels-"))
    workspace.init(place / "desk")
    (place / "desk" / "lifecycle.toml").write_text(SETTINGS)
    assert lifecycle.open(place / "desk").registry
    return place / "desk"


def two_models(folder: Path) -> Workspace:
    """A workspace of two models without a version, its registry made."""
    shutil.copytree(_pattern(), folder / "a desk")
    return lifecycle.open(folder / "a desk")


def alarmed(ws: Workspace, model: str, subject: str = "", **more: Any) -> None:
    """Open an alert of the rule `accuracy`."""
    row = Finding("accuracy", 0.6, 400, threshold=0.7, verdict="alert", subject=subject)
    told = {"rule": "accuracy", "at": AT, "owner": "Ana Silva", **more}
    alerts.update(ws.registry, model, Findings("Performance", (row,)), **told)

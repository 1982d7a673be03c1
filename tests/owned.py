"""A workspace whose first model has more in its settings: owners, rules, addresses."""

from __future__ import annotations

import lifecycle
from lifecycle.workspace import Workspace
from tests.panels import SETTINGS

NOTIFY = """
[models.leads.alerts]
notify = ["json://ana.example"]
[people."Ben Ode <ben@bank.example>"]
notify = ["json://ben.example"]
"""


def with_settings(ws: Workspace, **parts: str) -> Workspace:
    """The same workspace with more in `[models.leads]`, or below it."""
    text = SETTINGS.replace(
        'owner = "Ana Silva"', f'owner = "Ana Silva"\n{parts["of"]}'
    )
    (ws.directory / "lifecycle.toml").write_text(text + parts.get("below", ""))
    return lifecycle.open(ws.directory)

"""Panels: where a person decides in a notebook, one idea a file.

A panel holds no logic: each button is one call to the workspace, and the panel shows
what comes back, or the error's sentence. In a run without a person it is a paragraph
that says how to decide at the terminal.
"""

from __future__ import annotations

from lifecycle.widgets.alerting import alerts
from lifecycle.widgets.approving import approval
from lifecycle.widgets.overseeing import fleet
from lifecycle.widgets.static import Static
from lifecycle.widgets.triaging import triage
from lifecycle.widgets.words import facts, proposal, waiting

__all__ = [
    "Static",
    "alerts",
    "approval",
    "facts",
    "fleet",
    "proposal",
    "triage",
    "waiting",
]

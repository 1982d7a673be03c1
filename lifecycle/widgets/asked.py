"""What the panels ask of a view: a model at a moment, and the workspace it is of."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from lifecycle import evaluation, registry

__all__ = ["View"]


class View(Protocol):
    """One model at one moment; a `lifecycle.workspace.View` is one."""

    name: str
    as_of: datetime

    @property
    def workspace(self) -> Any:
        """The workspace, whose verbs the buttons call."""

    def proposal(self) -> registry.Proposal | None:
        """The newest proposal that waits for a person."""

    def evaluation(self) -> evaluation.Evaluation | None:
        """The proposed version against the one in production."""

    def trial(self) -> Any:
        """What the trial that is running says."""

    def card(self, number: int | None = None) -> Any:
        """The model card of a version."""

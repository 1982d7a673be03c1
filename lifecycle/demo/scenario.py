"""A scenario: whose story it is, what the systems call its columns, who decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from lifecycle import figures, simulate, workspace

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle import registry
    from lifecycle.promotion.deciding import Target

__all__ = ["Account", "Decide", "Scenario"]


class Account(Protocol):
    """What a story came to, against the truth; modules of this room are such."""

    def weekly(
        self, story: simulate.Story, managed: pd.DataFrame, alone: pd.DataFrame
    ) -> pd.DataFrame:
        """A row a live week."""

    def line(
        self, story: simulate.Story, managed: pd.DataFrame, alone: pd.DataFrame
    ) -> tuple[str, str]:
        """One week of either model, in a few words."""

    def measured(self, table: pd.DataFrame) -> dict[str, Any]:
        """The figures of the whole."""

    def chart(self, table: pd.DataFrame) -> figures.Picture:
        """Managed against left alone, with what happened."""

    def sentences(self, table: pd.DataFrame) -> list[str]:
        """The same in words."""


class Decide(Protocol):
    """An owner who looks at what waits."""

    def __call__(
        self, ws: workspace.Workspace, model: str, as_of: datetime, *, name: str
    ) -> tuple[registry.Proposal, Target] | None:
        """What was approved, and where it went; None where nothing was."""


@dataclass(frozen=True)
class Scenario:
    """One business: its story, its settings, its people.

    Parameters
    ----------
    name : str
        Of the scenario, its template and its model.
    story : callable
        Takes `seed` and `weeks`, gives a `simulate.Story`.
    weeks, live : int
        Weeks of the demonstration; and those a fresh workspace has behind it.
    things : str
        What is predicted on, in the plural: the name of the files.
    exported : mapping of str to mapping
        What the company's systems call the columns, by table, as in the template.
    author, owner : str
        Who trains, and who approves.
    first : str
        Why the first version went live, in the words of the ledger.
    decide : callable
        The owner's rule of thumb.
    account : Account
        What it came to.
    """

    name: str
    story: Callable[..., simulate.Story]
    weeks: int
    live: int
    things: str
    exported: Mapping[str, Mapping[str, str]]
    author: str
    owner: str
    first: str
    decide: Decide
    account: Account

    @property
    def alone(self) -> str:
        """The name of the same model, left alone."""
        return f"{self.name}-unmanaged"

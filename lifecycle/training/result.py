"""The back-test as a result: what each action would have brought, window by window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle import markup, periods
from lifecycle.training.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["LATER", "TABLE", "Backtest", "typed"]

TABLE = {
    "window": "object",
    "start": "datetime64[us, UTC]",
    "end": "datetime64[us, UTC]",
    "age": "int64",
    "option": "object",
    "action": "object",
    "recipe": "object",
    "span": "Int64",
    "version": "Int64",
    "offered": "object",
    "n": "int64",
    "trained_rows": "Int64",
    "loss": "float64",
    "champion_loss": "float64",
    "difference": "float64",
    "variance": "float64",
    "fresh_difference": "float64",
    "fresh_variance": "float64",
    "seconds": "float64",
}
LATER = {**TABLE, "lag": "int64", "made": "object"}


def typed(rows: list[dict[str, Any]], types: Mapping[str, str]) -> pd.DataFrame:
    """Rows as a table with these columns, also when there are none."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(types)).astype(dict(types))


def _none() -> pd.DataFrame:
    return typed([], LATER)


@dataclass(frozen=True)
class Backtest:
    """The back-test of every action on the same rows.

    Parameters
    ----------
    table : DataFrame
        One row a window and option; see `backtest`.
    losses, scores : mapping
        By (window, option): loss and score of each row, in the order of time and id,
        so that any two options can be compared row by row.
    skipped : tuple of str
        What could not be tried and why, one sentence each.
    chunk : {"week", "month", "day"}
        What spans and lags count.
    error : float
        The price of a loss of 1: of the dearer kind of error, or of `scale` units.
    fits : int
        How many estimators were fitted for it.
    seconds : float
        How long these fits took, added up.
    later : DataFrame
        The options of each window on later windows; see `backtest`.
    kept : int
        How many fits were not made because their scores were kept from before.
    task : {"binary", "multiclass", "regression"}
        What a loss is: the price of the error against the dearer kind, or the absolute
        error in units of `scale`.
    scale : float
        Standard deviation of the outcomes that a regression's errors are divided by;
        1 for the other tasks.
    """

    table: pd.DataFrame
    losses: Mapping[tuple[str, str], np.ndarray] = field(repr=False)
    scores: Mapping[tuple[str, str], np.ndarray] = field(repr=False)
    skipped: tuple[str, ...] = ()
    chunk: periods.Every = "week"
    error: float = 1.0
    fits: int = 0
    seconds: float = 0.0
    later: pd.DataFrame = field(default_factory=_none, repr=False)
    kept: int = 0
    task: Task = "binary"
    scale: float = 1.0

    def frame(self) -> pd.DataFrame:
        """The table, a copy."""
        return self.table.copy()

    def __repr__(self) -> str:
        windows = self.table["window"].nunique()
        options = self.table["option"].nunique()
        kept = f", {self.kept} kept" if self.kept else ""
        return (
            f"<Backtest {windows} windows, {options} options, {self.fits} fits{kept}>"
        )

    def _repr_html_(self) -> str:
        shown = ["window", "option", "n", "loss", "champion_loss", "difference"]
        rows = [
            [markup.number(cell) if isinstance(cell, float) else cell for cell in row]
            for row in self.table[shown].itertuples(index=False, name=None)
        ]
        header = [name.replace("_", " ") for name in shown]
        return markup.table(
            header, rows, caption=repr(self)[1:-1], numeric=(2, 3, 4, 5)
        )

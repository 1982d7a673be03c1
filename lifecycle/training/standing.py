"""What stands in production, and its earlier versions: their scores of any rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lifecycle.training import tasks

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Standing"]


class Standing:
    """Scores of what is deployed, each row scored once.

    Parameters
    ----------
    deployed : mapping of str to estimator, array or None
        As `backtest` takes it.
    table : DataFrame of n rows
        Of `features`, in order.
    logged : ndarray of float, shape (n,)
        The predictions in the log, for what lives elsewhere.
    order : ndarray of int, shape (n,)
        Where each row stood in the frame as it was given.
    task : {"binary", "multiclass", "regression"}

    Raises
    ------
    ValueError
        When there are not as many scores as rows.
    """

    def __init__(
        self,
        deployed: Mapping[str, Any],
        table: pd.DataFrame,
        logged: np.ndarray,
        order: np.ndarray,
        task: tasks.Task,
    ) -> None:
        import numpy as np

        self.table, self.task = table, task
        self.mapped = deployed["keep"] is not None
        self.estimators = {}
        self._scores: dict[str, np.ndarray] = {}
        self._open: dict[str, np.ndarray] = {}
        for name, given in deployed.items():
            if given is None:
                self._scores[name] = logged
            elif hasattr(given, "predict") or hasattr(given, "predict_proba"):
                self.estimators[name] = given
                self._scores[name] = np.full(len(table), np.nan)
                self._open[name] = np.ones(len(table), dtype=bool)
            else:
                scores = np.asarray(given, dtype=float)
                if scores.shape != (len(table),):
                    raise ValueError(
                        f"deployed gives {scores.size} scores as {name!r} for "
                        f"{len(table)} rows; give one a row, nan where there is none"
                    )
                self._scores[name] = scores[order]

    def known(self, name: str, positions: np.ndarray) -> np.ndarray:
        """Of the positions, those of rows that have a score."""
        import numpy as np

        if name in self.estimators:
            return positions
        return positions[~np.isnan(self._scores[name][positions])]

    def at(self, name: str, positions: np.ndarray) -> np.ndarray:
        """Scores of rows, `nan` where there is none."""
        if name in self.estimators:
            new = positions[self._open[name][positions]]
            if len(new):
                rows = self.table.iloc[new]
                self._scores[name][new] = tasks.scored(
                    self.estimators[name], rows, self.task
                )
                self._open[name][new] = False
        return self._scores[name][positions]

"""What the recent labels would mean for the rows of the reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.estimation.expected import Expectation

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Rows", "on_the_reference"]

_HALVES = 8
_LEAST = 100


@dataclass(frozen=True, eq=False)
class Rows:
    """Labelled rows: encoded features with the score, score, prediction, outcome."""

    table: np.ndarray
    score: np.ndarray
    guess: np.ndarray
    truth: np.ndarray

    def __len__(self) -> int:
        return len(self.score)

    def only(self, rows: np.ndarray) -> Rows:
        """Some of the rows."""
        return Rows(
            self.table[rows], self.score[rows], self.guess[rows], self.truth[rows]
        )


def on_the_reference(
    reference: Rows,
    analysis: Rows,
    *,
    metric: str,
    categorical: np.ndarray,
    level: float,
    rng: np.random.Generator,
) -> tuple[float, float, float]:
    r"""How the metric on the reference's rows changes with the recent concept alone.

    Undefined, and therefore `nan`, with fewer than 100 rows of either, or with one
    class only.

    Parameters
    ----------
    reference, analysis : Rows
    metric : str
    categorical : ndarray of bool
        Of the columns of the tables.
    level : float
    rng : Generator
        Draws the halves.

    Returns
    -------
    value, lower, upper : float

    Notes
    -----
    A model of the outcome is fitted to half of the recent rows, another to as many
    of the reference; both say what to expect of the reference's other rows, and the
    difference of the two expected metrics is the change of concept: what the models
    get wrong alike cancels. The mean of eight draws; half a sample varies twice as
    much as the whole, so that their standard deviation over :math:`\sqrt 2` is the
    standard error, with Student's 7 degrees of freedom.
    """
    import numpy as np
    from scipy.special import stdtrit
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    smaller = min(len(reference), len(analysis))
    if smaller < _LEAST or any(
        rows.truth.min() == rows.truth.max() for rows in (reference, analysis)
    ):
        return math.nan, math.nan, math.nan
    half = smaller // 2
    changes = []
    with threadpool_limits(limits=1):  # once: the libraries are looked for
        for _ in range(_HALVES):
            order = rng.permutation(len(reference))
            learnt, kept = order[:half], reference.only(order[half:])
            recent = rng.choice(len(analysis), half, replace=False)
            metrics = []
            for rows in (reference.only(learnt), analysis.only(recent)):
                p = _model(rows, kept.table, categorical)
                told = Expectation.of_rows(kept.score, kept.guess, p)
                metrics.append(told.measure(metric)[0])
            changes.append(metrics[1] - metrics[0])
    value = float(np.mean(changes))
    reach = float(stdtrit(_HALVES - 1, (1 + level) / 2) * np.std(changes, ddof=1))
    return value, value - reach / math.sqrt(2), value + reach / math.sqrt(2)


def _model(rows: Rows, table: np.ndarray, categorical: np.ndarray) -> np.ndarray:
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier

    if rows.truth.min() == rows.truth.max():
        return np.full(len(table), rows.truth[0])
    model = HistGradientBoostingClassifier(
        max_iter=40,
        max_leaf_nodes=8,
        min_samples_leaf=20,
        l2_regularization=1.0,
        categorical_features=categorical,
        early_stopping=False,
        random_state=0,
    )
    model.fit(rows.table, rows.truth)
    return np.asarray(model.predict_proba(table)[:, 1])

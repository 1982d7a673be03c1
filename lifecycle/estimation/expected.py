"""Metrics that outcomes are expected to give, and how much each outcome moves them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle import intervals

if TYPE_CHECKING:
    import numpy as np

    from lifecycle.calibration import Calibrator, Cells

__all__ = ["COUNTS", "METRICS", "Expectation"]

COUNTS = ("true_positives", "false_positives", "false_negatives", "true_negatives")
METRICS = (
    "accuracy",
    "precision",
    "recall",
    "specificity",
    "f1",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "confusion",
)


@dataclass(frozen=True, eq=False)
class Expectation:
    r"""Rows without outcomes, and what their outcomes are expected to be.

    Parameters
    ----------
    n : ndarray of float, shape (2, n_cells)
        Rows by prediction and cell of the score, lowest score first.
    score : ndarray of float, shape (2, n_cells)
        Their mean score.
    p : ndarray of float, shape (2, n_cells)
        Probability that an outcome of theirs is 1.
    block : ndarray of int, shape (n_cells,)
        Cells whose probability is one estimate.
    variance : ndarray of float, shape (n_blocks,)
        Of that estimate.
    optimism, precision_optimism : float
        What is taken off the area under the ROC curve and average precision, as
        `Calibrator` has it.

    Notes
    -----
    A metric :math:`m` is taken at the expected outcomes; with :math:`g_i = \partial m /
    \partial y_i` it differs from the one the outcomes will give by the variance
    :math:`\sum_i g_i^2 p_i (1 - p_i)`, their chance, plus
    :math:`\sum_b v_b (\sum_{i \in b} g_i)^2`, what the reference leaves open of the
    probability of block :math:`b`.
    """

    n: np.ndarray
    score: np.ndarray
    p: np.ndarray
    block: np.ndarray
    variance: np.ndarray
    optimism: float = 0.0
    precision_optimism: float = 0.0

    @classmethod
    def of(cls, cells: Cells, calibrator: Calibrator) -> Expectation:
        """What a calibrator expects of some rows."""
        import numpy as np

        used = np.flatnonzero(cells.n.sum(axis=0) > 0)
        n, said = cells.n[:, used], cells.said[:, used]
        return cls(
            n,
            said / np.where(n > 0, n, 1.0),
            calibrator.on(cells)[:, used],
            calibrator.block[used],
            calibrator.variance,
            calibrator.optimism,
            calibrator.precision_optimism,
        )

    @classmethod
    def of_rows(
        cls, y_score: np.ndarray, y_pred: np.ndarray, p: np.ndarray
    ) -> Expectation:
        """What a model expects of some rows, taken as it says it.

        Parameters
        ----------
        y_score, y_pred, p : ndarray of float, shape (n,)
            Scores, predictions (0 or 1) and probabilities that the outcome is 1;
            nothing may be missing.
        """
        import numpy as np

        from lifecycle.calibration import Cells

        cells = Cells.count(y_score, y_pred)
        hoped = Cells.count(y_score, y_pred, weight=p).n
        used = np.flatnonzero(cells.n.sum(axis=0) > 0)
        n, said, ones = cells.n[:, used], cells.said[:, used], hoped[:, used]
        rows = np.where(n > 0, n, 1.0)
        nothing = np.zeros(used.size, dtype=np.int64)
        return cls(n, said / rows, ones / rows, nothing, np.zeros(1))

    def interval(
        self, name: str, *, level: float = 0.90
    ) -> tuple[float, float, float, int]:
        """A metric, its interval, and the number of rows it rests on.

        Parameters
        ----------
        name : str
            One of `METRICS` (but "confusion") or of `COUNTS`.
        level : float
            Between 0 and 1.

        Returns
        -------
        value, lower, upper : float
            `nan` where undefined. The interval holds the metric that the outcomes of
            these rows will give.
        n : int
            All rows, for precision those predicted 1.
        """
        z = intervals.z(level)
        rows = self.n[1].sum() if name == "precision" else self.n.sum()
        value, slope = self.measure(name)
        if math.isnan(value):
            return math.nan, math.nan, math.nan, round(rows)
        chance = float((self.n * slope**2 * self.p * (1 - self.p)).sum())
        variance = chance + float(self.pull(slope) ** 2 @ self.variance)
        if name in COUNTS or name in ("log_loss", "brier"):
            half = z * math.sqrt(variance)
            most = rows if name in COUNTS else math.inf
            ends = max(0.0, value - half), min(most, value + half)
            return value, *ends, round(rows)
        spread = value * (1 - value)
        if not (variance > 0 and spread > 0):
            return (
                value,
                *intervals.wilson(value * rows, rows, level=level),
                round(rows),
            )
        size = spread / variance
        return value, *intervals.wilson(value * size, size, level=level), round(rows)

    def pull(self, slope: np.ndarray) -> np.ndarray:
        """How much one more in the probability of each block moves a metric."""
        import numpy as np

        weights = (self.n * slope).sum(axis=0)
        return np.bincount(self.block, weights=weights, minlength=self.variance.size)

    def measure(self, name: str) -> tuple[float, np.ndarray]:
        """A metric and its slope: how much one outcome more in a cell moves it."""
        import numpy as np

        n, p, score = self.n, self.p, self.score
        flat = np.zeros_like(p)
        if name == "roc_auc":
            return self._roc_auc()
        if name == "average_precision":
            return self._average_precision()
        if name in ("log_loss", "brier"):
            if name == "brier":
                if_one, if_zero = (1 - score) ** 2, score**2
            else:
                step = np.finfo(float).eps
                inside = np.clip(score, step, 1 - step)
                if_one, if_zero = -np.log(inside), -np.log(1 - inside)
            return _ratio(
                float((n * (p * if_one + (1 - p) * if_zero)).sum()),
                if_one - if_zero,
                float(n.sum()),
                flat,
            )
        hits, misses = float(n[1] @ p[1]), float(n[0] @ p[0])
        called, rows = float(n[1].sum()), float(n.sum())
        rest = rows - called - misses
        both, first, second = flat + 1, flat.copy(), flat.copy()
        first[0], second[1] = 1, 1
        match name:
            case "true_positives":
                return hits, second
            case "false_positives":
                return called - hits, -second
            case "false_negatives":
                return misses, first
            case "true_negatives":
                return rest, -first
            case "accuracy":
                return _ratio(hits + rest, second - first, rows, flat)
            case "precision":
                return _ratio(hits, second, called, flat)
            case "recall":
                return _ratio(hits, second, hits + misses, both)
            case "specificity":
                return _ratio(rest, -first, rows - hits - misses, -both)
            case "f1":
                return _ratio(2 * hits, 2 * second, hits + misses + called, both)
        raise ValueError(f"no metric {name!r}; use some of {', '.join(METRICS)}")

    def _roc_auc(self) -> tuple[float, np.ndarray]:
        """Pairs in the right order; a row is no pair with itself."""
        import numpy as np

        ones = (self.n * self.p).sum(axis=0)
        zeros = self.n.sum(axis=0) - ones
        own = (self.n * self.p * (1 - self.p)).sum(axis=0)
        below, before = (np.cumsum(mass) - mass / 2 for mass in (zeros, ones))
        positives, negatives = float(ones.sum()), float(zeros.sum())
        pairs = positives * negatives - float(own.sum())
        if not pairs > 1e-9:
            return math.nan, np.zeros_like(self.p)
        value = float(ones @ below - own.sum() / 2) / pairs
        slope = below - (positives - before) - value * (negatives - positives)
        value = min(1.0, max(0.0, value - self.optimism))
        return value, np.broadcast_to(slope / pairs, self.p.shape)

    def _average_precision(self) -> tuple[float, np.ndarray]:
        """Rows of one cell count as tied."""
        import numpy as np

        ones, rows = (mass.sum(axis=0)[::-1] for mass in (self.n * self.p, self.n))
        own = (self.n * self.p * (1 - self.p)).sum(axis=0)[::-1]
        total = float(ones.sum())
        if not total > 0:
            return math.nan, np.zeros_like(self.p)
        seen = np.cumsum(rows)
        found = np.cumsum(ones)
        value = float(((ones * found + own) / seen).sum()) / total
        later = np.cumsum((ones / seen)[::-1])[::-1]
        slope = (found / seen + later - value) / total
        value = min(1.0, max(0.0, value - self.precision_optimism))
        return value, np.broadcast_to(slope[::-1], self.p.shape)


def _ratio(
    top: float, top_slope: np.ndarray, bottom: float, bottom_slope: np.ndarray
) -> tuple[float, np.ndarray]:
    if not bottom > 1e-9:
        return math.nan, top_slope * 0
    value = top / bottom
    return value, (top_slope - value * bottom_slope) / bottom

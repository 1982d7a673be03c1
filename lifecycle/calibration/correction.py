"""A correction of the score, kept only where it is seen to improve it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from lifecycle.calibration.cells import CELLS, Cells, cell_of, probabilities
from lifecycle.intervals import floats

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Calibrator", "calibrator"]

_FOLDS = 5
_BINS = 10


@dataclass(frozen=True, eq=False)
class Calibrator:
    """What a score has meant: the probability of 1 in each of its cells.

    Made by `calibrator` or `Calibrator.fit`; called with scores it gives
    probabilities.

    Parameters
    ----------
    kept : bool
        Whether the correction is used; otherwise scores are taken at their word.
    error, corrected : float
        Calibration error of the score and of the correction, both on rows that the
        correction had not seen; `nan` where there were none.
    n : int
        Rows with an outcome that it was fitted on.
    effective : float
        How many unweighted rows would tell as much.
    rate : float
        Share of 1 among them.
    probability : ndarray of float, shape (4096,)
        By cell; `nan` throughout without rows.
    block : ndarray of int, shape (4096,)
        Cells that share one fitted probability.
    variance : ndarray of float, shape (n_blocks,)
        Of the probability of each block.
    optimism : float
        How much too high the area under the ROC curve comes out that the correction
        expects of the rows it was fitted on; 0 where it is not kept.
    precision_optimism : float
        The same of average precision.

    Examples
    --------
    >>> fitted = calibrator([0] * 90 + [1] * 10, [0.5] * 100)
    >>> fitted
    <Calibrator kept: error 40.0% to 0.0%, n 100>
    >>> fitted([0.5, None]).round(3).tolist()
    [0.1, nan]
    """

    kept: bool
    error: float
    corrected: float
    n: int
    effective: float
    rate: float
    probability: np.ndarray = field(repr=False)
    block: np.ndarray = field(repr=False)
    variance: np.ndarray = field(repr=False)
    optimism: float = field(default=0.0, repr=False)
    precision_optimism: float = field(default=0.0, repr=False)

    @classmethod
    def fit(cls, parts: Sequence[Cells]) -> Calibrator:
        r"""Fit on cells that were counted in parts.

        Parameters
        ----------
        parts : sequence of Cells
            In turn they go into five folds; the correction is tried on each fold after
            it was fitted to the others. Of one part alone it cannot be tried, and is
            kept.

        Returns
        -------
        Calibrator

        Notes
        -----
        Isotonic regression of the outcome on the cell of the score. The calibration
        error is the mean distance between what was said and what came true over ten
        bins of equally many rows in the order of the score. The variance of a block of
        rate :math:`p` is :math:`p(1-p) \sum w^2 / (\sum w)^2`, with half a row of
        either outcome added so that it is never 0.

        The curve sees order where there was only luck: the area it expects is the one
        under the convex hull of the ROC curve, which is never below that of the rows.
        The difference is the optimism, and estimates of the area take it off. So do
        those of average precision, of which the same holds.

        References
        ----------
        B. Zadrozny and C. Elkan, "Transforming classifier scores into accurate
        multiclass probability estimates", KDD 2002.

        T. Fawcett and A. Niculescu-Mizil, "PAV and the ROC convex hull", Machine
        Learning 68 (2007).
        """
        import numpy as np

        if not parts:
            raise ValueError("parts is empty; count the reference's rows first")
        folds = [
            reduce(add, parts[fold::_FOLDS]) for fold in range(_FOLDS)[: len(parts)]
        ]
        whole = reduce(add, folds)
        known, ones, squares = (
            table.sum(axis=0) for table in (whole.known, whole.ones, whole.squares)
        )
        total = float(known.sum())
        if not total > 0:
            nowhere = np.full(CELLS, math.nan)
            nothing = np.zeros(CELLS, dtype=np.int64), np.full(1, math.nan)
            return cls(False, math.nan, math.nan, 0, 0.0, math.nan, nowhere, *nothing)
        curve, block = isotonic(known, ones)
        before, after = _tried(folds)
        kept = bool(math.isnan(after) or after < before - 1e-9)
        return cls(
            kept,
            before,
            after,
            round(total),
            whole.effective,
            float(ones.sum()) / total,
            curve if kept else probabilities(),
            block,
            _variance(known, ones, squares, block),
            *(_optimism(known, ones, squares, curve) if kept else (0.0, 0.0)),
        )

    def __call__(self, y_score: npt.ArrayLike) -> np.ndarray:
        """Probabilities of 1, `nan` where the score is missing.

        Parameters
        ----------
        y_score : array-like of shape (n,)

        Returns
        -------
        ndarray of float, shape (n,)
        """
        import numpy as np

        score = floats(y_score)
        known = ~np.isnan(score)
        given = np.full(score.size, math.nan)
        place = cell_of(score[known])
        given[known] = self.probability[place] if self.kept else score[known]
        return given

    def on(self, cells: Cells) -> np.ndarray:
        """Probabilities of 1 in each cell of some rows, by prediction.

        Parameters
        ----------
        cells : Cells

        Returns
        -------
        ndarray of float, shape (2, 4096)
            Of the scores themselves where the correction is not kept.
        """
        import numpy as np

        if self.kept or math.isnan(self.rate):
            return np.broadcast_to(self.probability, cells.n.shape)
        filled = cells.n > 0
        return np.where(
            filled, cells.said / np.where(filled, cells.n, 1.0), self.probability
        )

    def __repr__(self) -> str:
        said = "kept" if self.kept else "not kept"
        return (
            f"<Calibrator {said}: error {self.error:.1%} to {self.corrected:.1%}, "
            f"n {self.n}>"
        )


def calibrator(
    y_true: npt.ArrayLike,
    y_score: npt.ArrayLike,
    *,
    weight: npt.ArrayLike | None = None,
) -> Calibrator:
    """Learn what a score has meant, and whether a correction improves it.

    Rows where outcome or score is missing are left out. Row by row in turn goes into
    one of five parts; the correction of four is tried on the fifth, and kept where the
    calibration error of all five together falls.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1.
    y_score : array-like of shape (n,)
        Probabilities of 1.
    weight : array-like of shape (n,), optional
        What each row counts, 0 or more.

    Returns
    -------
    Calibrator

    Raises
    ------
    ValueError
        When a score is no probability, or an outcome neither 0 nor 1.

    Examples
    --------
    >>> honest = calibrator([0, 0, 0, 1] * 25, [0.25] * 100)
    >>> honest.kept, honest([0.25]).tolist()
    (False, [0.25])
    """
    truth, score = floats(y_true), floats(y_score)
    given = None if weight is None else floats(weight)
    if truth.size != score.size:
        raise ValueError(
            f"outcomes and scores must be of the same rows, got {truth.size} and "
            f"{score.size}; join them by id first"
        )
    return Calibrator.fit(parts_of(score, score * 0, truth, given))


def parts_of(
    score: np.ndarray,
    guess: np.ndarray,
    truth: np.ndarray,
    weight: np.ndarray | None = None,
) -> list[Cells]:
    """Rows counted in five parts, in turn."""
    return [
        Cells.count(
            score[fold::_FOLDS],
            guess[fold::_FOLDS],
            truth[fold::_FOLDS],
            weight=None if weight is None else weight[fold::_FOLDS],
        )
        for fold in range(_FOLDS)
    ]


def isotonic(known: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means that never fall from cell to cell, nearest to those seen; and their blocks.

    Cells without rows lie on the line between their neighbours.
    """
    import numpy as np

    filled = np.flatnonzero(known > 0)
    mass: list[float] = []
    sums: list[float] = []
    first: list[int] = []
    seen = zip(
        filled.tolist(), known[filled].tolist(), total[filled].tolist(), strict=True
    )
    for cell, weight, value in seen:
        mass.append(weight)
        sums.append(value)
        first.append(cell)
        while len(mass) > 1 and sums[-2] * mass[-1] >= sums[-1] * mass[-2]:
            weight, value = mass.pop(), sums.pop()
            first.pop()
            mass[-1] += weight
            sums[-1] += value
    cells = np.arange(known.size)
    block = np.maximum(np.searchsorted(first, cells, side="right") - 1, 0)
    level = np.array(sums) / np.array(mass)
    return np.interp(cells, filled, level[block[filled]]), block


def _variance(
    known: np.ndarray, ones: np.ndarray, squares: np.ndarray, block: np.ndarray
) -> np.ndarray:
    import numpy as np

    mass, hits, heavy = (
        np.bincount(block, weights=table) for table in (known, ones, squares)
    )
    typical = heavy / mass  # a row's weight
    rate = (hits + typical / 2) / (mass + typical)
    return np.asarray(rate * (1 - rate) * heavy / mass**2)


def _optimism(
    known: np.ndarray, ones: np.ndarray, squares: np.ndarray, curve: np.ndarray
) -> tuple[float, float]:
    """Area under the ROC curve, and average precision, less those of the rows."""
    own = squares * curve * (1 - curve)  # a row is no pair with itself
    hoped, was = _area(known, known * curve, float(own.sum())), _area(known, ones, 0.0)
    area = 0.0 if math.isnan(hoped - was) else hoped - was
    hoped, was = _precision(known, known * curve, own), _precision(known, ones, 0.0)
    return area, 0.0 if math.isnan(hoped - was) else hoped - was


def _area(known: np.ndarray, ones: np.ndarray, own: float) -> float:
    import numpy as np

    zeros = known - ones
    pairs = float(ones.sum()) * float(zeros.sum()) - own
    if not pairs > 1e-9:
        return math.nan
    return (float(ones @ (np.cumsum(zeros) - zeros / 2)) - own / 2) / pairs


def _precision(known: np.ndarray, ones: np.ndarray, own: np.ndarray | float) -> float:
    """Average precision, rows of one cell tied; `own`: a row beside itself."""
    import numpy as np

    total = float(ones.sum())
    if not total > 0:
        return math.nan
    seen, found = (np.cumsum(table[::-1])[::-1] for table in (known, ones))
    pairs = ones * found + own
    filled = seen > 0
    return float((pairs[filled] / seen[filled]).sum()) / total


def _tried(parts: Sequence[Cells]) -> tuple[float, float]:
    """Calibration error of the score and of the correction, on parts left out."""
    import numpy as np

    held = np.array([(p.known.sum(axis=0), p.ones.sum(axis=0)) for p in parts])
    known, ones = held.sum(axis=0)
    total = float(known.sum())
    said = _said(parts, known)
    corrected = np.zeros(CELLS)
    if len(parts) < 2:
        return math.nan, math.nan
    for part_known, part_ones in held:
        rest = known - part_known
        if not part_known.any():
            continue
        if not (rest > 0).any():
            return math.nan, math.nan
        corrected += part_known * isotonic(rest, ones - part_ones)[0]
    reached = np.cumsum(known) - known / 2
    bins = np.minimum((reached * _BINS / total).astype(np.int64), _BINS - 1)
    gaps = (
        np.bincount(bins, weights=table - ones, minlength=_BINS)
        for table in (said, corrected)
    )
    before, after = (float(np.abs(gap).sum()) / total for gap in gaps)
    return before, after


def _said(parts: Sequence[Cells], known: np.ndarray) -> np.ndarray:
    """Sum of the scores of the rows with an outcome, by cell."""
    import numpy as np

    rows = np.sum([part.n for part in parts], axis=(0, 1))
    said = np.sum([part.said for part in parts], axis=(0, 1))
    mean = np.where(rows > 0, said / np.where(rows > 0, rows, 1), probabilities())
    return np.asarray(mean * known)

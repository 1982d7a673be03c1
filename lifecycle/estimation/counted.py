"""Estimates from counted scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lifecycle.calibration import Calibrator, Cells
from lifecycle.estimation.judging import (
    USUAL,
    Trust,
    checked,
    estimate_of,
    ground_of,
    judged,
)
from lifecycle.estimation.result import Estimate
from lifecycle.findings import Finding

__all__ = ["from_cells"]


def from_cells(
    reference: Sequence[Cells],
    analysis: Mapping[str, Cells],
    *,
    metrics: Sequence[str] = USUAL,
    thresholds: Mapping[str, float] | None = None,
    min_n: int = 100,
    min_effective: float = 300,
    max_outside: float = 0.1,
    level: float = 0.90,
) -> Estimate:
    """Estimate performance from counted scores: the cost does not grow with the rows.

    As `estimate` without features: nothing is weighted.

    Parameters
    ----------
    reference : sequence of Cells
        With outcomes; in parts (weeks, files), so that the calibration can be tried on
        each after it was fitted to the others.
    analysis : mapping of label to Cells
        As `cells_by_chunk` gives it.
    metrics, thresholds, min_n, min_effective, max_outside, level
        As in `estimate`; outside are scores in cells below the reference's first or
        above its last.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        When a metric is unknown or the reference is empty.

    Examples
    --------
    >>> past = [Cells.count([0.25, 0.75] * 200, [0, 1] * 200, [0, 1, 1, 1] * 100)]
    >>> now = {"2023-W14": Cells.count([0.25, 0.75] * 100, [0, 1] * 100)}
    >>> from_cells(past, now, metrics=["accuracy", "precision"]).findings[0]
    <Finding accuracy 2023-W14: 0.75 [0.6964, 0.7969], n 200, undefined>
    """
    import numpy as np

    names = checked(metrics, thresholds)
    usual = Calibrator.fit(reference)
    seen = np.flatnonzero(np.sum([part.known for part in reference], axis=(0, 1)))
    trust = Trust(min_n, min_effective, max_outside)
    found: list[Finding] = []
    grounds = []
    for label, cells in sorted(analysis.items()):
        rows = cells.n.sum(axis=0)
        total = float(rows.sum())
        within = float(rows[seen[0] : seen[-1] + 1].sum()) if seen.size else 0.0
        outside = 1 - within / total if total else 0.0
        ground = ground_of(label, cells, usual, usual, outside, 0.0, None, trust)
        grounds.append(ground)
        found += judged(cells, usual, names, ground, thresholds or {}, level)
    return estimate_of(found, grounds, names, level)

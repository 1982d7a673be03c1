"""What the reference expects of other inputs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifecycle import intervals
from lifecycle.calibration import Calibrator, Cells
from lifecycle.calibration.correction import parts_of
from lifecycle.estimation.expected import Expectation
from lifecycle.estimation.shift import density_ratio

if TYPE_CHECKING:
    import numpy as np

    from lifecycle.diagnosis.concept import Rows

__all__ = ["explained"]

_CLIP = 20.0
_WORTH = 0.25
_EFFECTIVE = 300
_STRANGE = 0.1


def explained(
    reference: Rows,
    analysis: Rows,
    *,
    metric: str,
    categorical: np.ndarray,
    level: float,
    rng: np.random.Generator,
) -> tuple[float, float, float] | None:
    """The metric that the reference expects on the analysis' rows.

    Parameters
    ----------
    reference, analysis : Rows
        With outcomes.
    metric : str
    categorical : ndarray of bool
        Of the columns of the tables.
    level : float
    rng : Generator

    Returns
    -------
    value : float
    moved : float
        Standard error of its difference from the metric on the reference: what the
        calibration leaves open where the two have different scores.
    left : float
        Standard error of its difference from the metric that came true.

    None where the reference has too little to say of such rows, or one class only.
    """
    if reference.truth.min() == reference.truth.max():
        return None
    columns = reference.score, reference.guess, reference.truth
    usual = fitted = Calibrator.fit(parts_of(*columns))
    shift = density_ratio(
        reference.table, analysis.table, categorical=categorical, clip=_CLIP, rng=rng
    )
    if shift.seen:
        if shift.effective < _EFFECTIVE or shift.strange.mean() > _STRANGE:
            return None
        if shift.effective >= _WORTH * len(reference):
            fitted = Calibrator.fit(parts_of(*columns, shift.weight))
    before = Expectation.of(Cells.count(reference.score, reference.guess), usual)
    after = Expectation.of(Cells.count(analysis.score, analysis.guess), fitted)
    value, lower, upper, _ = after.interval(metric, level=level)
    if math.isnan(value):
        return None
    pulls = [each.pull(each.measure(metric)[1]) for each in (before, after)]
    if fitted is usual:
        variance = float((pulls[1] - pulls[0]) ** 2 @ usual.variance)
    else:
        variance = float(pulls[0] ** 2 @ usual.variance)
        variance += float(pulls[1] ** 2 @ fitted.variance)
    return value, math.sqrt(variance), (upper - lower) / (2 * intervals.z(level))

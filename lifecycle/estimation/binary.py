"""Estimates of a classifier's performance, chunk by chunk, without outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle import periods, profiles
from lifecycle.calibration import Calibrator, Cells
from lifecycle.calibration.correction import parts_of
from lifecycle.estimation.encoding import Encoding
from lifecycle.estimation.frames import labels_of, parts
from lifecycle.estimation.judging import (
    USUAL,
    Trust,
    checked,
    estimate_of,
    ground_of,
    judged,
)
from lifecycle.estimation.result import Estimate
from lifecycle.estimation.shift import density_ratio
from lifecycle.findings import Finding

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["estimate"]

_WORTH = (
    0.25  # of the reference's rows must be left, or weights cost more than they give
)


def estimate(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    *,
    features: Sequence[Any] | None = None,
    metrics: Sequence[str] = USUAL,
    chunk: periods.Every | npt.ArrayLike = "week",
    timezone: str = "UTC",
    thresholds: Mapping[str, float] | None = None,
    weighted: bool | None = None,
    min_n: int = 100,
    min_effective: float = 300,
    max_outside: float = 0.1,
    clip: float = 20.0,
    level: float = 0.90,
    rng: np.random.Generator | int = 0,
) -> Estimate:
    r"""Estimate a classifier's performance on rows whose outcomes are not known.

    A calibrated score says how likely each outcome is, and with it what the metrics
    will be. Given features, a chunk that looks different gets a calibration of its own:
    the reference is weighted to look like it. What no such estimate can see is concept
    drift, a change in what the same features mean; the summary says so each time.

    Parameters
    ----------
    reference : DataFrame of shape (n_reference, n_columns)
        With `score`, `prediction`, `outcome` (0 or 1, missing where not known) and the
        features; rows the model was not trained on.
    analysis : DataFrame of shape (n_analysis, n_columns)
        With `time` (with a zone), `score`, `prediction` and the features; an `outcome`
        is not looked at. Rows where score or prediction is missing are left out.
    features : sequence of column names, optional
        Columns by which the covariate shift is seen; without them nothing is weighted,
        and only the score tells which rows the reference does not know.
    metrics : sequence of str
        Of `lifecycle.estimation.METRICS`: those of `lifecycle.metrics`, and
        "confusion" for the four counts.
    chunk : {"week", "month", "day"} or array-like of shape (n_analysis,)
        Length of a chunk, or the label of each row, which then needs no `time`.
    timezone : str
        The zone in which days begin.
    thresholds : mapping of metric to float, optional
        A value below it is an alert; above it for a metric where less is better.
    weighted : bool, optional
        Whether to weigh the reference. Unless given, it is weighted for a chunk that is
        told apart from it better than by chance, unless the weights would leave less
        than a quarter of its rows effective, or too many rows of the chunk are outside:
        they then cost more than they give.
    min_n, min_effective : float
        A chunk of fewer rows, or one that fewer rows of the reference speak for, is not
        judged.
    max_outside : float
        Nor is one with a larger share of rows outside the reference, beyond what
        chance puts there.
    clip : float
        Weights above this are cut to it; rows of the chunk this much more likely than
        in the reference count as outside.
    level : float
        Of the intervals.
    rng : Generator or int
        For the folds of the classifier.

    Returns
    -------
    Estimate
        A value stands also where it must not be trusted; its verdict is then
        undefined, and the ground of its chunk says why. Undefined, and therefore
        `nan`, where the metric is (no predicted 1 for precision) and where the
        reference has no outcome, or outcomes of one class only.

    Raises
    ------
    ValueError
        When a metric is unknown, a column is missing, or a score is no probability.

    Notes
    -----
    With :math:`c` the calibrated probability, a metric that is a mean of
    :math:`m(\hat y, y)` is estimated as :math:`\frac1n \sum_i c_i\, m(\hat y_i, 1) + (1
    - c_i)\, m(\hat y_i, 0)`; ratios and ranks from the expected counts, the area
    under the ROC curve less what the calibration makes it too high by on the reference.
    The calibration is isotonic, and kept only where it improves on the score out of
    fold; weighted by
    :math:`w(x) = \frac{n_s}{n_t}\frac{h(x)}{1-h(x)}`, :math:`h` the probability that a
    row is from the chunk. The interval holds the metric that the outcomes will give:
    their chance, and what the reference leaves open of the calibration (the delta
    method), not the error of the weights. Effective rows are :math:`(\sum w)^2 / \sum
    w^2`.

    References
    ----------
    J. Białek, J. Kivimäki, W. Kuberski and N. Perrakis, "Estimating model performance
    under covariate shift without labels", arXiv 2401.08348 (2024).

    Examples
    --------
    >>> from lifecycle import simulate
    >>> before, after = simulate.deployment(n_analysis=400, seed=1)
    >>> frames = [f.assign(score=f["y_score"], outcome=f["y_true"],
    ...     prediction=f["y_score"] > 0.5) for f in (before, after)]
    >>> estimate(*frames, metrics=["accuracy"], chunk=["now"] * 400).findings[0]
    <Finding accuracy now: 0.7628 [0.7225, 0.7988], n 400, undefined>
    """
    import numpy as np

    names = checked(metrics, thresholds)
    known = _columns(reference, "reference", outcome=True)
    score, guess, truth = (known[name] for name in ("score", "prediction", "outcome"))
    labelled = ~(np.isnan(score) | np.isnan(guess) | np.isnan(truth))
    score, guess, truth = score[labelled], guess[labelled], truth[labelled]
    new = _columns(analysis, "analysis", outcome=False)
    usual = Calibrator.fit(parts_of(score, guess, truth))
    ends = (float(score.min()), float(score.max())) if score.size else (0.0, 1.0)
    encoding = table = None
    if features is not None and len(features):
        rows = reference[labelled]
        encoding = Encoding.of(rows, analysis, features)
        table = np.column_stack([encoding.table(rows), score])
    elif weighted:
        raise ValueError("weighted needs features; name the columns the model sees")
    trust = Trust(min_n, min_effective, max_outside)
    generator = np.random.default_rng(rng)
    found: list[Finding] = []
    grounds = []
    scored = ~(np.isnan(new["score"]) | np.isnan(new["prediction"]))
    for label, place in parts(labels_of(analysis, chunk, timezone), scored):
        cells = Cells.count(new["score"][place], new["prediction"][place])
        fitted, shift = usual, None
        said = new["score"][place]
        strange = (said < ends[0]) | (said > ends[1])
        usually = 0.0
        if encoding is not None and table is not None:
            there = np.column_stack([encoding.table(analysis.iloc[place]), said])
            strange |= encoding.outside(there)
            usually = encoding.expected_outside
            if weighted is not False and _both(truth) and len(there) >= trust.min_n:
                shift = density_ratio(
                    table,
                    there,
                    categorical=np.append(encoding.categorical, False),
                    clip=clip,
                    rng=generator,
                )
                strange |= shift.strange
                worth = shift.effective >= _WORTH * score.size
                worth &= float(shift.strange.mean()) <= max_outside
                if weighted or (shift.seen and worth):
                    fitted = Calibrator.fit(parts_of(score, guess, truth, shift.weight))
        outside = float(strange.mean()) if strange.size else 0.0
        ground = ground_of(label, cells, usual, fitted, outside, usually, shift, trust)
        grounds.append(ground)
        found += judged(cells, fitted, names, ground, thresholds or {}, level)
    return estimate_of(found, grounds, names, level)


def _columns(
    frame: pd.DataFrame, which: str, *, outcome: bool
) -> dict[str, np.ndarray]:
    made = {}
    for name in ("score", "prediction", *(("outcome",) if outcome else ())):
        if name not in frame.columns:
            raise ValueError(
                f"the {which} has no column {name!r}; rename the one that holds it"
            )
        made[name] = profiles.numbers(profiles.column(frame, name))
    return made


def _both(truth: np.ndarray) -> bool:
    return bool(truth.size and truth.min() != truth.max())

"""Accuracy that is only estimated: how two versions will do on rows since a release."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifecycle import estimation
from lifecycle.findings import Finding, Verdict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["estimated", "stretch"]

_MEASURE = "estimated_difference"


def stretch(differ: npt.ArrayLike, *, size: int) -> tuple[int, int, int]:
    """The newest whole stretch of rows with so many on which two versions differ.

    Parameters
    ----------
    differ : array-like of bool, shape (n,)
        Whether they predict differently, in the order in which the rows came.
    size : int
        Of them in a stretch.

    Returns
    -------
    start, stop : int
        Its rows; the same at all looks until the next one is whole.
    look : int
        The how manieth it is; 0 where none is whole yet.

    Examples
    --------
    >>> stretch([True, False, False, True, True, True, False, True], size=2)
    (4, 6, 2)
    """
    import numpy as np

    places = np.flatnonzero(np.asarray(differ, dtype=bool))
    look = len(places) // size
    if not look:
        return 0, 0, 0
    start = int(places[(look - 1) * size - 1]) + 1 if look > 1 else 0
    return start, int(places[look * size - 1]) + 1, look


def estimated(
    reference: pd.DataFrame,
    rows: pd.DataFrame,
    *,
    features: Sequence[Any],
    margin: float,
    alpha: float,
    look: int = 1,
    min_n: int = 50,
    min_effective: float = 100,
    subject: str = "",
    rng: np.random.Generator | int = 0,
) -> Finding:
    r"""Whether a version will be less often right than another on rows it serves.

    Only the rows on which the two differ tell them apart. How often the version was
    right on such rows of the reference is known; the reference is weighted to look like
    the rows in question. So nobody's confidence has a part in it. A change is seen as
    far as the features show it and the weights get it right; a change in what features
    mean (concept drift) is not seen at all.

    Parameters
    ----------
    reference : DataFrame of shape (n_reference, n_columns)
        With `prediction` and `outcome` (0 or 1), `other`, what the other version
        predicts, and the features; of rows that neither was trained on. Without
        `other` the version is held against its own accuracy here.
    rows : DataFrame of shape (n, n_columns)
        The same since the release, outcomes not needed.
    features : sequence of column names
        By which the rows are seen to have changed; scores may be among them.
    margin : float
        So much less accuracy is bearable.
    alpha : float
        Of the interval at all looks together, for given weights. It is no promise about
        false alarms: weights that are wrong shift the value, and nothing here says by
        how much.
    look : int
        How manieth stretch of rows this is: it has :math:`\alpha / (k (k + 1))`.
    min_n, min_effective : float
        Rows that differ, and rows of the reference that must speak for them.
    subject : str
        Which version.
    rng : Generator or int

    Returns
    -------
    Finding
        `estimated_difference`: accuracy less that of the other; alert where the upper
        end is below the margin. Undefined where the estimate must not be trusted, and
        `subject` then ends in the reason.

    Raises
    ------
    ValueError
        When a column is missing.

    Notes
    -----
    With :math:`d` the share of rows that differ and :math:`a` the estimated share of
    them on which the version is right, the difference is :math:`d (2a - 1)`.
    :math:`a` is the mean over the reference weighted by the density ratio
    (`estimation.estimate`). The interval holds what the outcomes of these rows will say
    by chance, and how few rows of the reference speak for them. It does not hold the
    error of the weights, which a classifier learns from some hundred rows: where it
    sees differences that are none, or misses some, the interval is in the wrong place.

    References
    ----------
    J. Białek, J. Kivimäki, W. Kuberski and N. Perrakis, "Estimating model performance
    under covariate shift without labels", arXiv 2401.08348 (2024).

    Examples
    --------
    >>> import pandas as pd
    >>> known = pd.DataFrame({"x": [0.0, 1.0] * 400, "prediction": 1.0, "other": 0.0})
    >>> known["outcome"] = known["x"]  # it is wrong wherever x is 0
    >>> asked = {"features": ["x"], "margin": 0.02, "alpha": 1e-3}
    >>> estimated(known, known[:200], **asked).verdict
    'quiet'
    >>> estimated(known, known[known["x"] == 0], **asked).verdict
    'alert'
    """
    import numpy as np

    paired = "other" in reference.columns
    apart = _apart(rows, paired=paired)
    known = reference[_apart(reference, paired=paired) & reference["outcome"].notna()]
    right = (known["prediction"] == known["outcome"]).to_numpy(dtype=float)
    n = len(rows)
    unknown = Finding(_MEASURE, math.nan, n, threshold=-margin, subject=subject)
    if int(apart.sum()) < max(min_n, 1):
        return unknown
    made = estimation.estimate(
        known.assign(score=0.5, prediction=1.0, outcome=right),
        rows[apart].assign(score=0.5, prediction=1.0),
        features=features,
        metrics=["accuracy"],
        chunk=np.full(int(apart.sum()), "since"),
        weighted=True,
        min_n=min_n,
        min_effective=min_effective,
        level=1 - 2 * alpha / (look * (look + 1)),
        rng=rng,
    )
    (found,), (ground,) = made.findings.rows, made.grounds
    if ground.reason or math.isnan(found.value):
        why = ground.reason or "the reference tells nothing"
        return replace(unknown, subject=f"{subject}: {why}" if subject else why)
    share = float(apart.mean())
    usual = 0.5 if paired else float(right.mean())
    scale = 2 * share if paired else 1.0
    value, lower, upper = (
        scale * (each - usual) for each in (found.value, found.lower, found.upper)
    )
    verdict: Verdict = "alert" if upper < -margin else "quiet"
    return Finding(_MEASURE, value, n, lower, upper, -margin, verdict, "", subject)


def _apart(frame: pd.DataFrame, *, paired: bool) -> np.ndarray:
    """Rows that tell the two apart; without another one all that were predicted."""
    names = ["prediction", *(["other"] if paired else [])]
    known = frame[names].notna().all(axis=1)
    if paired:
        known &= frame["prediction"] != frame["other"]
    found: np.ndarray = known.to_numpy(dtype=bool)
    return found

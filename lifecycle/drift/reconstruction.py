"""Do the features still hang together as they did? Principal components tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, periods
from lifecycle.drift import encoding, judging
from lifecycle.drift.domain import chunks
from lifecycle.findings import Finding, Findings, Verdict

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["reconstruction"]

FARTHEST = 10.0
PARTS = 10


def reconstruction(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    *,
    features: Sequence[Any] | None = None,
    every: periods.Every | None = None,
    time: str = "time",
    timezone: str = "UTC",
    kept: float = 0.65,
    level: float = 0.01,
    rows: int = 20_000,
    min_n: int = 30,
    rng: np.random.Generator | int = 0,
) -> Findings:
    r"""Error of drawing rows again from a few principal components of the reference.

    Rises, or falls, when features no longer go together as they did, though each of
    them may look as before; blind to what happens along the components that are kept.
    Undefined, and therefore `nan`, when a chunk has fewer than `min_n` rows, and where
    nothing in the reference varies.

    Parameters
    ----------
    reference : DataFrame of shape (n_reference, n_columns)
    analysis : DataFrame of shape (n_analysis, n_columns)
    features : sequence of column names, optional
        All columns of the reference but the moments; of a frame from the logs all but
        the house's own.
    every : {"week", "month", "day"}, optional
        An error for each chunk of the analysis, and the reference cut alike; where none
        is given, or the reference has no moments, it is cut into ten parts at random.
    time, timezone
        The column of moments and the zone in which days begin, with `every`.
    kept : float
        Share of the reference's variance that the components hold.
    level : float
        How often a chunk like the reference's own lies outside the limits.
    rows : int
        At most so many of the reference and of a chunk, drawn at random.
    min_n : int
    rng : Generator or int

    Returns
    -------
    Findings
        Rows `reconstruction error`, one a chunk; the threshold is the limit on the side
        on which the value lies.

    Raises
    ------
    ValueError
        When a feature is unknown, or there are none.

    Notes
    -----
    Numbers less their mean over their standard deviation, at most 10 off; names by
    how large a share of the reference has them; what is missing as the mean. A row's
    error is the Euclidean distance from its projection, a chunk's the mean of its
    rows. The limits are mean and Student's prediction bound of the errors of the
    reference's chunks, each by components of the rest; for a chunk with fewer rows
    than those have in the mean, the standard deviation is that much larger.

    References
    ----------
    I. T. Jolliffe, "Principal Component Analysis" (2002), section 10.1.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> x = np.random.default_rng(0).normal(size=(2, 1000))
    >>> together = pd.DataFrame({"a": x[0], "b": x[0] + 0.1 * x[1]})
    >>> apart = pd.DataFrame({"a": x[0], "b": x[1]})
    >>> reconstruction(together, apart).verdict
    'alert'
    """
    import numpy as np

    names = encoding.chosen(reference, analysis, features, time)
    if not 0 < kept < 1:
        raise ValueError(f"kept must lie between 0 and 1, got {kept}; use 0.65")
    generator = np.random.default_rng(rng)
    before = encoding.sampled(reference, rows, generator)
    table = encoding.encoded(names, before, before)[0]
    part = _parts(before, every, time, timezone, generator)
    errors, sizes = [], []
    for number in range(int(part.max(initial=-1)) + 1):
        mine = part == number
        if min_n <= int(mine.sum()) < len(table) - min_n:
            errors.append(
                float(np.mean(_Plane.of(table[~mine], kept).off(table[mine])))
            )
            sizes.append(int(mine.sum()))
    plane = _Plane.of(table, kept)
    rest = [error for error in errors if not math.isnan(error)]
    found = []
    for label, piece in chunks(analysis, every, time, timezone):
        after = encoding.sampled(piece, rows, generator)
        off = plane.off(encoding.encoded(names, before, after)[0])
        found.append(_held(off, rest, sizes, label, level, min_n))
    return Findings(
        title="How features hang together",
        rows=tuple(found),
        summary=_summary(found),
        main="reconstruction error",
        shown=max(600, len(found)),
    )


@dataclass(frozen=True, eq=False)
class _Plane:
    """Where rows are projected to: scaling, and the components that are kept."""

    mean: np.ndarray
    spread: np.ndarray
    components: np.ndarray

    @classmethod
    def of(cls, table: np.ndarray, kept: float) -> _Plane:
        import numpy as np

        known = np.where(np.isnan(table), 0.0, table)
        count = np.maximum(1, (~np.isnan(table)).sum(axis=0))
        mean = known.sum(axis=0) / count
        away = np.where(np.isnan(table), 0.0, table - mean)
        spread = np.sqrt((away**2).sum(axis=0) / count)
        made = cls(mean, spread, np.empty((0, table.shape[1])))
        scaled = made._scaled(table)
        if not len(scaled):
            return made
        values, vectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))
        order = np.argsort(values)[::-1]
        values, vectors = np.clip(values[order], 0.0, None), vectors[:, order]
        if not values.sum() > 0:
            return made
        share = np.cumsum(values) / values.sum()
        size = int(np.searchsorted(share, kept)) + 1
        return cls(mean, spread, vectors[:, :size].T)

    def off(self, table: np.ndarray) -> np.ndarray:
        """How far every row is from its projection; `nan` where nothing is known."""
        import numpy as np

        scaled = self._scaled(table)
        if not self.components.size:
            return np.full(len(scaled), math.nan)
        back = scaled @ self.components.T @ self.components
        return np.asarray(np.sqrt(((scaled - back) ** 2).sum(axis=1)))

    def _scaled(self, table: np.ndarray) -> np.ndarray:
        import numpy as np

        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = (table - self.mean) / self.spread
        scaled = np.where(np.isnan(table) | np.isnan(scaled), 0.0, scaled)
        return np.clip(scaled, -FARTHEST, FARTHEST)


def _parts(
    frame: pd.DataFrame,
    every: periods.Every | None,
    time: str,
    timezone: str,
    rng: np.random.Generator,
) -> np.ndarray:
    """A number of the part for every row of the reference."""
    import numpy as np
    import pandas as pd

    if every is not None and time in frame.columns:
        labels = periods.chunk_of(frame[time], every=every, timezone=timezone)
        return np.asarray(pd.factorize(labels, sort=True)[0])
    return np.asarray(rng.permutation(np.arange(len(frame)) % PARTS))


def _held(
    off: np.ndarray,
    own: Sequence[float],
    sizes: Sequence[int],
    label: str,
    level: float,
    min_n: int,
) -> Finding:
    import numpy as np

    name, n = "reconstruction error", int(off.size)
    value = float(np.mean(off)) if n else math.nan
    if n < min_n or math.isnan(value) or len(own) < judging.LEAST_CHUNKS:
        return Finding(name, value, n, *intervals.mean(off), period=label)
    reach = judging.reach(len(own), confirm=1, chance=level / 2)
    half = reach * math.sqrt(1 + 1 / len(own)) * float(np.std(own, ddof=1))
    half *= math.sqrt(max(1.0, float(np.mean(sizes)) / n))
    middle = float(np.mean(own))
    threshold = middle + math.copysign(half, value - middle)
    verdict: Verdict = "alert" if abs(value - middle) > half else "quiet"
    lower, upper = intervals.mean(off)
    return Finding(name, value, n, lower, upper, threshold, verdict, period=label)


def _summary(found: Sequence[Finding]) -> str:
    known = [row for row in found if row.verdict != "undefined"]
    if not known:
        return (
            "Whether features hang together as they did is undefined: there are too "
            "few rows."
        )
    row = known[-1]
    when = f"In {row.period} features" if row.period else "Features"
    size = f"error {row.value:.2f}, limit {row.threshold:.2f}"
    if row.verdict == "alert":
        return f"{when} no longer hang together as in the reference ({size})."
    return f"{when} hang together as in the reference ({size})."

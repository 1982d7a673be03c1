"""The course of a comparison: at each look a difference, and what it may still be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.experiment.evidence import Arms, Metric, Pairs

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Look", "Looks", "alphas", "cuts", "looked"]


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a trial.

    Parameters
    ----------
    period : str
        When.
    n : int
        Keys compared so far.
    n_experimental, n_production : int
        Those of each version; of pairs both are the same keys.
    experimental, production : float
        The metric of each.
    difference : float
        Experimental less production. Where the share was changed, that of keys served
        under the same share, so that a season is not taken for a difference.
    lower, upper : float
        Ends of the confidence sequence: all looks up to here are covered together, and
        it only narrows.
    p : float
        The p-value of no difference, valid at all looks.
    information, variance : float
        What the difference rests on, and the variance of its sum; see `course`.
    """

    period: str
    n: int
    n_experimental: int
    n_production: int
    experimental: float
    production: float
    difference: float
    lower: float
    upper: float
    p: float
    information: float = math.nan
    variance: float = math.nan

    def __repr__(self) -> str:
        ends = f"[{self.lower:+.4g}, {self.upper:+.4g}]"
        about = f" {self.period}" if self.period else ""
        return (
            f"<Look{about}: {self.difference:+.4g} {ends}, n {self.n_experimental} "
            f"against {self.n_production}, p {self.p:.2g}>"
        )


@dataclass(frozen=True, eq=False)
class Looks:
    """A course as arrays of shape (k,), one value a look."""

    mine: np.ndarray
    theirs: np.ndarray
    difference: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    p: np.ndarray
    information: np.ndarray
    variance: np.ndarray


def alphas(metric: Metric, level: float, guarded: int = 0) -> tuple[float, float]:
    """How often the lower end and the upper end may ever be wrong.

    Half of the level is for taking a version for better that is not; the other half
    for taking it for worse, shared with the guardrails.

    Examples
    --------
    >>> alphas(Metric("won"), 0.05)
    (0.025, 0.025)
    >>> alphas(Metric("minutes", "mean", better="low"), 0.06, guarded=2)
    (0.01, 0.03)
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie within 0 and 1, got {level}; use 0.05")
    ends = level / 2, level / 2 / (1 + guarded)
    return ends if metric.better == "high" else ends[::-1]


def cuts(evidence: Arms | Pairs) -> tuple[list[str], np.ndarray]:
    """The labels of the looks, and after how many keys each comes.

    There is nothing to look at before both versions have served a key.
    """
    import numpy as np

    labels, counts = np.unique(evidence.looks.astype(str), return_counts=True)
    at = np.cumsum(counts)
    if isinstance(evidence, Arms):
        mine = np.concatenate([[0], np.cumsum(evidence.experimental)])[at]
        both = (mine > 0) & (mine < at)
        labels, at = labels[both], at[both]
    return [str(each) for each in labels], at


def looked(evidence: Arms | Pairs, at: np.ndarray, found: Looks) -> tuple[Look, ...]:
    """The course as a tuple of looks."""
    import numpy as np

    labels, _ = cuts(evidence)
    mine = theirs = at
    if isinstance(evidence, Arms):
        mine = np.cumsum(evidence.experimental)[at - 1]
        theirs = at - mine
    counts = zip(at.tolist(), mine.tolist(), theirs.tolist(), strict=True)
    columns = (
        found.mine,
        found.theirs,
        found.difference,
        found.lower,
        found.upper,
        found.p,
        found.information,
        found.variance,
    )
    return tuple(
        Look(label, *count, *map(float, values))
        for label, count, *values in zip(
            labels, counts, *(column.tolist() for column in columns), strict=True
        )
    )

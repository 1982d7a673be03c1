"""When a trial may stop: for benefit, for harm, and because nothing will come of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from lifecycle.experiment.evidence import Arms, Metric, Pairs
from lifecycle.experiment.linearised import rooms
from lifecycle.experiment.looks import Look

__all__ = ["Decision", "Guarded", "Guardrail", "chance", "gain", "hopeless", "judged"]

THE_END = "the planned end is there"
Decision = Literal[
    "continue",
    "stop: benefit",
    "stop: harm",
    "stop: futility",
    "undefined: sample ratio",
]


@dataclass(frozen=True, eq=False)
class Guardrail:
    """A metric that may not get worse by more than a tolerance.

    Parameters
    ----------
    metric : Metric
    evidence : Arms or Pairs
    tolerance : float
        In the unit of the metric, above 0.
    """

    metric: Metric
    evidence: Arms | Pairs
    tolerance: float

    def __post_init__(self) -> None:
        if not self.tolerance > 0:
            raise ValueError(
                f"the tolerance of {self.metric.name!r} must be above 0, got "
                f"{self.tolerance}; say by how much it may be worse"
            )


@dataclass(frozen=True)
class Guarded:
    """A guardrail as it was last seen.

    Parameters
    ----------
    metric : Metric
    tolerance : float
    course : tuple of Look
    """

    metric: Metric
    tolerance: float
    course: tuple[Look, ...]

    @property
    def state(self) -> Literal["breached", "kept", "open"]:
        """Whether it is certain to be worse than allowed, or certain not to be."""
        if not self.course:
            return "open"
        lower, upper = gain(self.metric, self.course[-1])
        if upper < -self.tolerance:
            return "breached"
        return "kept" if lower > -self.tolerance else "open"


def gain(metric: Metric, look: Look) -> tuple[float, float]:
    """The ends of a look where more is better."""
    if metric.better == "high":
        return look.lower, look.upper
    return -look.upper, -look.lower


def judged(metric: Metric, course: Sequence[Look]) -> Decision:
    """Harm or benefit, whichever was certain first; else go on."""
    for look in course:
        lower, upper = gain(metric, look)
        if upper < 0:
            return "stop: harm"
        if lower > 0:
            return "stop: benefit"
    return "continue"


def chance(
    metric: Metric, look: Look, *, effect: float, level: float, planned: float
) -> float:
    r"""How likely the trial will still show a benefit, if there is the minimal one.

    Undefined, and therefore `nan`, before anything varies, and without a planned end.

    Parameters
    ----------
    metric : Metric
    look : Look
        The newest.
    effect : float
        The smallest difference worth having.
    level : float
        Of the trial.
    planned : float
        Keys that there will be at its planned end.

    Returns
    -------
    float

    Notes
    -----
    With the sum :math:`S` so far, its variance :math:`V` and information :math:`H`, at
    the planned end :math:`S + \delta (H' - H) + N(0, V' - V)` must be beyond the
    boundary there; that it might be for a while before is left out.

    References
    ----------
    K. K. G. Lan and J. Wittes, "The B-value: a tool for monitoring data", Biometrics
    44 (1988).
    """
    import numpy as np

    unknown = not (look.variance > 0 and look.information > 0)
    if unknown or not math.isfinite(planned):
        return math.nan
    more = max(planned / look.n, 1.0)
    sign = 1.0 if metric.better == "high" else -1.0
    total = sign * look.difference * look.information
    spread = look.variance / look.information
    end, alpha = look.variance * more, level / 2
    needed, _ = rooms(
        np.array([spread]), np.array([end]), effect=effect, ends=(alpha, alpha)
    )
    ahead = total + effect * look.information * (more - 1) - float(needed[0])
    still = end - look.variance
    if still <= 0:
        return float(ahead > 0)
    return NormalDist().cdf(ahead / math.sqrt(still))


def hopeless(
    metric: Metric,
    look: Look,
    *,
    effect: float,
    level: float,
    planned: float,
    futility: float,
) -> str:
    """Why a trial is futile, in words; empty where it is not.

    Stopping for futility never names a winner, so it costs nothing of the level; it
    costs a little power. The optimistic end says so with the level's guarantee: where
    the minimal effect is there, it is missed by it with half of the level at most.
    """
    _, upper = gain(metric, look)
    if upper < effect:
        return "even the optimistic end is below the smallest difference worth having"
    if not math.isfinite(planned):
        return ""
    if look.n >= planned:
        return THE_END
    if 4 * look.n < planned:  # before a quarter the plan knows better
        return ""
    left = chance(metric, look, effect=effect, level=level, planned=planned)
    if left < futility:
        return f"even if it is there, the chance to see it in time is {left:.0%}"
    return ""

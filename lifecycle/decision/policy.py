"""The prices of actions and errors, and how much evidence an action needs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

__all__ = ["Costs", "Policy"]

_PRICES = ("retrain", "rebuild", "roll_back", "error", "recalibrate", "fit")


@dataclass(frozen=True, slots=True)
class Costs:
    """Prices of the actions and of an error, all in one currency.

    Parameters
    ----------
    retrain, rebuild, roll_back : float
        Compute, people's hours and the risk of the change.
    error : float, optional
        What a loss of 1 in the back-test costs; without it, what the back-test was
        told an error costs.
    recalibrate : float
        The repair that leaves the model as it is and mends its scores.
    fit : float
        One fit of a back-test: the price of asking.

    Raises
    ------
    ValueError
        When a price is negative or no number.
    """

    retrain: float
    rebuild: float
    roll_back: float = 0.0
    error: float | None = None
    recalibrate: float = field(default=0.0, kw_only=True)
    fit: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        for name in _PRICES:
            price = getattr(self, name)
            if price is not None and not 0 <= price < math.inf:
                raise ValueError(
                    f"the price {name} must be 0 or more, got {price}; mend the costs"
                )


@dataclass(frozen=True, slots=True)
class Policy:
    """How much evidence an action needs, and how long its gain lasts.

    The defaults are those of `benchmarks.decision_replay`. They are flat: twice the
    usual gain, half or twice the floor, no margin, a probability of 0.9 or 0.98 move
    the mean cost by a hundredth; half the usual gain or a persistence of 0.98 by two.

    Parameters
    ----------
    tau : float
        Usual size of a gain per row, in errors: what is reckoned with before any
        window has been seen.
    floor, floor_share : float
        The least deviation between windows to reckon with, whatever their rows say: so
        many errors a row, or such a share of the champion's loss where that is less.
    persistence : float
        Share of a gain that is left after a week.
    margin : float
        By which share a gain must exceed its price; this keeps the ruling from
        going to and fro.
    probability : float
        With which probability it must, where what acting has earned so far pays for
        the action; see `balance` in `weigh`.
    unearned_probability : float
        With which it must where it does not: nobody is to lose by having acted.
    allowance : float
        Share of the first version's bill that may be put at stake before anything has
        been earned; see `reserve`.
    least_gain : float
        Gains per row up to this, in errors, are never acted upon.
    min_rows : int
        With fewer rows in all windows there is no ruling.
    level : float
        Of the intervals.
    """

    tau: float = 0.15
    floor: float = 0.02
    floor_share: float = 0.1
    persistence: float = 0.95
    margin: float = 0.25
    probability: float = 0.95
    unearned_probability: float = 0.99
    allowance: float = 0.01
    least_gain: float = 0.005
    min_rows: int = 100
    level: float = 0.90

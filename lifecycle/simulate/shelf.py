"""The shelf of the shop's story: its items, their prices, and when they are sold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.simulate.cards import Planted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Numbers = npt.NDArray[np.int64]

__all__ = ["EVENTS", "GROUPS", "TRAINING_WEEKS", "Shelf", "stocked"]

GROUPS = ("kitchen", "garden", "toys", "paper", "bags", "lamps", "bath", "candles")
TRAINING_WEEKS = 12
NEVER = 10_000
_AT_FIRST, _EACH_WEEK, _RANGE, _SUPPLIER, _SEASONAL = 400, 4, 60, 50, 40
_FASHION = 30.0  # weeks in which the appeal of an item halves

EVENTS: tuple[Planted, ...] = (
    Planted(8, None, "new range", "shift", ("item",), "sixty new items come at once"),
    Planted(
        14,
        None,
        "supplier lost",
        "shift",
        ("item",),
        "fifty items are retired in one week: their maker has closed",
    ),
    Planted(
        20,
        28,
        "season",
        "season",
        ("item",),
        "forty items for the holidays, wanted four times as much; then they are gone",
    ),
    Planted(
        29,
        31,
        "stock feed broken",
        "fault",
        ("available",),
        "the feed says for two weeks that everything ever sold is on sale",
    ),
)


@dataclass(frozen=True, eq=False)
class Shelf:
    """The items, one a place in each array; weeks count from going live.

    `since` and `until` are the first week on sale and the first one no longer.
    """

    group: Numbers
    appeal: Floats
    price: Floats
    since: Numbers
    until: Numbers

    def on_sale(self, week: int) -> npt.NDArray[np.bool_]:
        """Which items can be bought in a week."""
        return (self.since <= week) & (week < self.until)

    def fed(self, week: int) -> npt.NDArray[np.bool_]:
        """Which items can be bought as the stock feed says."""
        broken = EVENTS[3]
        if broken.until is not None and broken.week <= week < broken.until:
            return self.since <= week
        return self.on_sale(week)

    def wanted(self, week: int) -> Floats:
        """How much the items appeal in a week: fashion passes."""
        import numpy as np

        age = np.maximum(0, week - np.maximum(self.since, -TRAINING_WEEKS))
        return np.asarray(self.appeal * 0.5 ** (age / _FASHION))


def stocked(weeks: int, rng: np.random.Generator) -> Shelf:
    """Draw the items of the whole story.

    Four come and four go each week, besides what the events say.
    """
    import numpy as np

    first = -TRAINING_WEEKS
    every = np.arange(first + 1, weeks)
    since = np.concatenate(
        [
            np.full(_AT_FIRST, first),
            np.repeat(every, _EACH_WEEK),
            np.full(_RANGE, EVENTS[0].week),
            np.full(_SEASONAL, EVENTS[2].week),
        ]
    ).astype(np.int64)
    size = since.size
    appeal = rng.lognormal(0.0, 0.9, size)
    appeal[size - _SEASONAL :] *= 4.0
    until = np.full(size, NEVER, dtype=np.int64)
    until[size - _SEASONAL :] = EVENTS[2].until or NEVER
    plain = np.arange(size) < size - _SEASONAL
    for week in every.tolist():
        there = np.flatnonzero(plain & (since < week - 4) & (until == NEVER))
        count = _SUPPLIER if week == EVENTS[1].week else _EACH_WEEK
        until[rng.choice(there, min(count, there.size), replace=False)] = week
    return Shelf(
        group=rng.integers(0, len(GROUPS), size),
        appeal=appeal,
        price=rng.lognormal(2.7, 0.6, size).round(2),
        since=since,
        until=until,
    )

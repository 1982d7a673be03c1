"""A gift shop's visits: items come and go, a season passes, a feed breaks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle.simulate import shelf
from lifecycle.simulate.shopping import PLACES, Shop
from lifecycle.simulate.story import Event

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["shop"]


def shop(
    *,
    seed: int = 7,
    start: date = date(2024, 5, 6),
    weeks: int = 36,
    visits_per_week: int = 1_500,
) -> Shop:
    r"""Simulate twelve weeks of a shop to learn from, and those after going live.

    Parameters
    ----------
    seed : int
        The same seed gives the same story, to the byte.
    start : datetime.date
        The Monday on which the lists go live.
    weeks : int
        Weeks after `start`. Sixty items come in week 8, fifty are retired in week 14,
        the season is in weeks 20 to 27, the stock feed breaks in 29 and 30.
    visits_per_week : int
        The mean; each week's number is Poisson. There are as many shoppers.

    Returns
    -------
    Shop
        Visits, items and first purchases, and what changed when; `Shop.react` says what
        shoppers do with lists.

    Raises
    ------
    ValueError
        When `start` is not a Monday, or `weeks` or `visits_per_week` is below 1.

    Notes
    -----
    Assumed of shoppers: each likes some of eight groups of items more than others
    (Dirichlet, 0.25 a group) for good. Of ten places the :math:`j`-th is read with
    :math:`1/\log_2(1 + j)`, and clicked with 5% of that times taste times appeal, which
    is log-normal and halves in 30 weeks. A click buys with 35% at a price of 15 USD, to
    the power -0.3 of the price. Half of those who click on what is not on sale leave.
    A quarter of the visits also searches one item that is on sale, by taste and appeal,
    and half of these buy it: what nobody is shown is bought less. One shopper in ten
    comes new each four weeks. Four items come and four go each week.

    Left out: stock that runs out within a week, prices that change, and shoppers who
    come more often because they liked what they saw.

    Examples
    --------
    >>> story = shop(weeks=4, visits_per_week=200)
    >>> lists = story.visits_between(story.start, story.weeks[1])[["id"]]
    >>> retired = story.items["item"][story.items["retired"] <= story.start].iloc[0]
    >>> done = story.react(lists.assign(rank=1, item=retired))
    >>> len(done.clicks) > 0, bool(done.purchases["shown"].any())
    (True, False)
    """
    import numpy as np
    import pandas as pd

    if start.weekday() != 0:
        raise ValueError(f"start must be a Monday, got {start:%A} {start}")
    if weeks < 1 or visits_per_week < 1:
        raise ValueError(
            "weeks and visits_per_week must be 1 or more, "
            f"got {weeks} and {visits_per_week}"
        )
    streams = np.random.default_rng(seed).spawn(4)
    live = datetime.combine(start, time(), UTC)
    stock = shelf.stocked(weeks, streams[0])
    every = np.arange(-shelf.TRAINING_WEEKS, weeks)
    week = np.repeat(every, streams[1].poisson(visits_per_week, every.size))
    offset = np.sort(week * 604_800 + streams[1].integers(0, 604_800, week.size))
    reach = visits_per_week * (1 + (week + shelf.TRAINING_WEEKS) / 40)
    oldest = visits_per_week * (week + shelf.TRAINING_WEEKS) / 80  # some stay away
    user = (oldest + streams[1].random(week.size) * (reach - oldest)).astype(np.int64)
    first = np.datetime64(live.replace(tzinfo=None), "us")
    when = pd.Series(first + offset.astype("timedelta64[s]")).dt.tz_localize("UTC")
    number = pd.Series(np.arange(1, week.size + 1).astype(str), dtype=object)
    groups = len(shelf.GROUPS)
    tastes = streams[2].dirichlet(np.full(groups, 0.25), int(user.max()) + 1)
    story = Shop(
        seed=seed,
        start=live,
        end=live + timedelta(weeks=weeks),
        visits=pd.DataFrame(
            {"id": "V" + number.str.zfill(7), "time": when, "user": user}
        ),
        items=_items(stock, live),
        purchases=pd.DataFrame(),
        events=_events(start, weeks),
        tastes=tastes * groups,
        shelf=stock,
    )
    return _begun(story, stock, week, streams[3])


def _begun(
    story: Shop, stock: shelf.Shelf, week: Any, rng: np.random.Generator
) -> Shop:
    """The same shop, with what was sold before from lists drawn at random."""
    from dataclasses import replace

    import numpy as np

    before = np.flatnonzero(week < 0)
    shown = np.empty((before.size, PLACES), dtype=np.int64)
    for number in np.unique(week[before]).tolist():
        here = week[before] == number
        there = np.flatnonzero(stock.on_sale(number))
        drawn = rng.random((int(here.sum()), there.size)).argpartition(PLACES, axis=1)
        shown[here] = there[drawn[:, :PLACES]]
    return replace(story, purchases=story._told(before, shown).purchases)


def _items(stock: shelf.Shelf, live: datetime) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    def moments(weeks: Any) -> pd.Series[Any]:
        whole = pd.to_timedelta(pd.Series(weeks) * 7, unit="D")
        return (pd.Timestamp(live) + whole).astype("datetime64[us, UTC]")

    lasting = stock.until == shelf.NEVER
    retired = moments(np.where(lasting, 0, stock.until)).mask(lasting)
    number = pd.Series(np.arange(1, lasting.size + 1).astype(str), dtype=object)
    return pd.DataFrame(
        {
            "item": "I" + number.str.zfill(4),
            "group": np.array(shelf.GROUPS, dtype=object)[stock.group],
            "price": stock.price,
            "launched": moments(stock.since),
            "retired": retired,
        }
    )


def _events(start: date, weeks: int) -> tuple[Event, ...]:
    def day(week: int) -> date:
        return start + timedelta(weeks=week)

    return tuple(
        Event(
            day(planted.week),
            planted.name,
            planted.features,
            planted.kind,
            planted.description,
            None if planted.until is None else day(planted.until),
        )
        for planted in shelf.EVENTS
        if planted.week < weeks
    )

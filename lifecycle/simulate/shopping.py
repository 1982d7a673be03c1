"""Shoppers: what they click and buy of what they are shown, and what they look for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle.simulate.shelf import Shelf
from lifecycle.simulate.story import Event

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Reaction", "Shop"]

PLACES = 10
_CLICKS = 0.05  # of a place that is read, of an item of mean appeal and taste
_BUYS = 0.35  # of clicks on an item at the mean price
_SEARCHES = 0.25  # of visits
_FINDS = 0.5  # of searches, at the mean price
_PRICE = 15.0
_ELASTIC = 0.3
_LEAVES = 0.5  # of those who click on what cannot be had


@dataclass(frozen=True, eq=False)
class Reaction:
    """What shoppers did with lists.

    Parameters
    ----------
    clicks : DataFrame
        `id` of the visit, `time`, `user`, `item`, `rank` (from 1).
    purchases : DataFrame
        `id`, `time`, `user`, `item`, `price` and `shown`: whether it was in the list.
    events : DataFrame
        As the log takes them in: `order` (value: what it came to) and `sold out`
        (value: clicks on what could not be had).
    """

    clicks: pd.DataFrame
    purchases: pd.DataFrame
    events: pd.DataFrame

    def __repr__(self) -> str:
        return f"<Reaction {len(self.clicks):,} clicks, {len(self.purchases):,} sold>"


@dataclass(frozen=True, eq=False)
class Shop:
    """A shop's visits and items, and what only the simulation knows.

    Parameters
    ----------
    seed : int
    start, end : datetime
        The live weeks, half-open (UTC).
    visits : DataFrame
        `id`, `time` and `user`, oldest first; those before `start` are there too.
    items : DataFrame
        `item`, `group`, `price`, `launched` and `retired` (missing where it is not).
    purchases : DataFrame
        Before `start`, when lists were drawn at random: what a first model learns from.
    events : tuple of Event
        What changed, oldest first.
    tastes : ndarray of shape (n_users, n_groups)
        Known to nobody; the mean of a row is 1.
    shelf : Shelf
    """

    seed: int
    start: datetime
    end: datetime
    visits: pd.DataFrame = field(repr=False)
    items: pd.DataFrame = field(repr=False)
    purchases: pd.DataFrame = field(repr=False)
    events: tuple[Event, ...] = field(repr=False)
    tastes: np.ndarray = field(repr=False)
    shelf: Shelf = field(repr=False)

    @property
    def weeks(self) -> tuple[datetime, ...]:
        """The Mondays of the live weeks, at midnight UTC."""
        count = (self.end - self.start) // timedelta(weeks=1)
        return tuple(self.start + timedelta(weeks=number) for number in range(count))

    def __repr__(self) -> str:
        return (
            f"<Shop {self.start:%Y-%m-%d} to {self.end:%Y-%m-%d}: "
            f"{len(self.visits):,} visits, {len(self.items):,} items>"
        )

    def visits_between(self, start: datetime, end: datetime) -> pd.DataFrame:
        """Visits from `start` until just before `end`."""
        inside = (self.visits["time"] >= start) & (self.visits["time"] < end)
        return self.visits[inside].reset_index(drop=True)

    def available(self, at: datetime, *, truly: bool = False) -> tuple[str, ...]:
        """The items on sale at a moment, as the stock feed says.

        Parameters
        ----------
        at : datetime
        truly : bool
            What really is on sale instead.
        """
        week = (at - self.start) // timedelta(weeks=1)
        there = self.shelf.on_sale(week) if truly else self.shelf.fed(week)
        return tuple(self.items["item"][there])

    def react(self, lists: pd.DataFrame) -> Reaction:
        """What the shoppers of some visits do with the lists they are shown.

        A visit's shopper is the same whatever is shown: two shops can be compared visit
        by visit. The order of the rows does not matter.

        Parameters
        ----------
        lists : DataFrame
            `id` of the visit, `rank` (from 1, at most 10) and `item`.

        Returns
        -------
        Reaction

        Raises
        ------
        ValueError
            When a visit or an item is not of this story, or a rank is not from 1 to 10.
        """
        import numpy as np
        import pandas as pd

        names, visits = pd.Index(self.items["item"]), pd.Index(self.visits["id"])
        place = _known(names, lists["item"], "item")
        visit = _known(visits, lists["id"], "visit")
        rank = lists["rank"].to_numpy()
        if len(rank) and (rank.min() < 1 or rank.max() > PLACES):
            raise ValueError(f"rank must be from 1 to {PLACES}, got {rank.max()}")
        at = np.unique(visit)
        shown = np.full((at.size, PLACES), -1, dtype=np.int64)
        shown[np.searchsorted(at, visit), rank - 1] = place
        return self._told(at, shown)

    def _told(self, at: np.ndarray, shown: np.ndarray) -> Reaction:
        import numpy as np
        import pandas as pd

        rows = self.visits.iloc[at]
        week = ((rows["time"] - self.start) // pd.Timedelta(weeks=1)).to_numpy()
        every = ((self.visits["time"] - self.start) // pd.Timedelta(weeks=1)).to_numpy()
        clicked = np.zeros(shown.shape, dtype=bool)
        bought, vain = clicked.copy(), clicked.copy()
        searched = np.full(at.size, -1, dtype=np.int64)
        user = rows["user"].to_numpy()
        for number in np.unique(week).tolist():
            rng = np.random.default_rng([self.seed, number + 1_000])
            first = int(np.searchsorted(every, number))
            count = int(np.searchsorted(every, number, side="right")) - first
            chance = rng.random((count, 2 * PLACES + 4 + PLACES))
            here = np.flatnonzero(week == number)
            mine, taste = chance[at[here] - first], self.tastes[user[here]]
            found = _chosen(self.shelf, number, shown[here], taste, mine)
            clicked[here], bought[here], vain[here] = found
            searched[here] = _searched(self.shelf, number, taste, mine[:, -4:])
        moments = rows["time"].to_numpy()
        row, column = np.nonzero(clicked)
        clicks = pd.DataFrame(
            {
                "id": rows["id"].to_numpy()[row],
                "time": _later(moments[row], 10 * (column + 1)),
                "user": user[row],
                "item": self._named(shown[row, column]),
                "rank": column + 1,
            }
        )
        row, column = np.nonzero(bought)
        twice = (bought & (shown == searched[:, None])).any(axis=1)
        alone = np.flatnonzero((searched >= 0) & ~twice)
        what = np.concatenate([shown[row, column], searched[alone]])
        who = np.concatenate([row, alone])
        order = np.argsort(who, kind="stable")
        what, who = what[order], who[order]
        purchases = pd.DataFrame(
            {
                "id": rows["id"].to_numpy()[who],
                "time": _later(moments[who], np.full(who.size, 300)),
                "user": user[who],
                "item": self._named(what),
                "price": self.shelf.price[what],
                "shown": np.repeat([True, False], [row.size, alone.size])[order],
            }
        )
        return Reaction(clicks, purchases, _events(rows, purchases, vain.sum(axis=1)))

    def _named(self, places: np.ndarray) -> npt.NDArray[Any]:
        return self.items["item"].to_numpy(dtype=object)[places]


def _known(names: pd.Index[Any], asked: pd.Series[Any], what: str) -> np.ndarray:
    import pandas as pd

    at = names.get_indexer(pd.Index(asked))
    if (at < 0).any():
        raise ValueError(
            f"{what} {asked.iloc[int((at < 0).argmax())]!r} is not in this story; hand "
            f"over those of a shop of the same seed"
        )
    return at


def _chosen(
    shelf: Shelf, week: int, shown: np.ndarray, taste: np.ndarray, chance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clicks, purchases and clicks in vain, place by place from the top."""
    import numpy as np

    some = shown >= 0
    item = np.where(some, shown, 0)
    there = shelf.on_sale(week)[item]
    read = 1 / np.log2(np.arange(PLACES) + 2)
    likes = np.take_along_axis(taste, shelf.group[item], axis=1)
    likely = np.minimum(0.9, _CLICKS * read * likes * shelf.wanted(week)[item])
    wants = some & (chance[:, :PLACES] < likely)
    vain = wants & ~there
    gone = vain & (chance[:, 2 * PLACES : 3 * PLACES] < _LEAVES)
    still = np.cumsum(gone, axis=1) - gone == 0
    clicked = wants & still
    buys = np.minimum(0.95, _BUYS * (shelf.price[item] / _PRICE) ** -_ELASTIC)
    bought = clicked & there & (chance[:, PLACES : 2 * PLACES] < buys)
    return clicked, bought, vain & still


def _searched(
    shelf: Shelf, week: int, taste: np.ndarray, chance: np.ndarray
) -> np.ndarray:
    """The item a visit looked for by itself and bought, or -1."""
    import numpy as np

    appeal = np.where(shelf.on_sale(week), shelf.wanted(week), 0.0)
    groups = taste.shape[1]
    mass = np.bincount(shelf.group, weights=appeal, minlength=groups)
    odds = np.cumsum(taste * mass, axis=1)
    group = (odds < chance[:, :1] * odds[:, -1:]).sum(axis=1)
    order = np.argsort(shelf.group, kind="stable")
    running = np.cumsum(appeal[order])
    before = np.concatenate([[0.0], np.cumsum(mass)])
    aim = before[group] + chance[:, 1] * mass[group]
    item = order[np.minimum(np.searchsorted(running, aim), order.size - 1)]
    buys = np.minimum(0.95, _FINDS * (shelf.price[item] / _PRICE) ** -_ELASTIC)
    sold = (chance[:, 2] < _SEARCHES) & (chance[:, 3] < buys) & (appeal[item] > 0)
    return np.where(sold, item, -1)


def _later(moments: np.ndarray, seconds: np.ndarray) -> Any:
    import pandas as pd

    wait = pd.to_timedelta(seconds, unit="s")
    return (pd.to_datetime(moments, utc=True) + wait).as_unit("us")


def _events(rows: pd.DataFrame, purchases: pd.DataFrame, vain: np.ndarray) -> Any:
    import pandas as pd

    orders = purchases.groupby("id", sort=False).agg(
        time=("time", "max"), value=("price", "sum")
    )
    orders = orders.reset_index().assign(kind="order")
    hit = vain > 0
    missed = rows[hit][["id", "time"]].assign(value=vain[hit].astype(float))
    made = pd.concat([orders, missed.assign(kind="sold out")], ignore_index=True)
    made["event_id"] = made["kind"].str[:1] + made["id"].str[1:]
    made["value"] = made["value"].round(2)
    return made[["event_id", "id", "time", "kind", "value"]]

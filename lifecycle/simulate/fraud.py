"""Card payments of a bank: two in a hundred are fraud, and it is known late.

Each payment is drawn from one kind of payer: an honest one, a stolen card, a skimmed
terminal, or, from its day on, a ring. The truth comes thirty to sixty days later, with
the chargebacks; what customers say on the telephone comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle.simulate import cards
from lifecycle.simulate.blocking import Payments
from lifecycle.simulate.story import Event, week_label

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Numbers = npt.NDArray[np.int64]

__all__ = ["fraud"]

_TRAINING_WEEKS = 30
_NEW_TERMINALS = {name: f"N{name[1:]}" for name in cards.TERMINALS[10:20]}
_NUMERIC = ("amount", "hour", "distance_km", "device_age_days", "payments_24h")
_CATEGORICAL = ("merchant", "country", "entry", "terminal")


def fraud(
    *,
    seed: int = 7,
    start: date = date(2024, 4, 1),
    weeks: int = 40,
    payments_per_week: int = 2_000,
) -> Payments:
    r"""Simulate thirty weeks of payments to train on, and those after going live.

    Parameters
    ----------
    seed : int
        The same seed gives the same story, to the byte.
    start : datetime.date
        The Monday on which the model goes live.
    weeks : int
        Weeks after `start`. Summer travel is in weeks 6 to 11, a ring begins in week
        14, the device feed breaks in 26 and 27, terminals are replaced in week 31.
    payments_per_week : int
        The mean; each week's number is Poisson.

    Returns
    -------
    Payments
        The rows, the truth about them, and what changed when.

    Raises
    ------
    ValueError
        When `start` is not a Monday, or `weeks` or `payments_per_week` is below 1.

    Notes
    -----
    The features of one kind of payer are drawn independently, so that the probability
    of fraud given the features is Bayes' rule over the kinds :math:`k` of share
    :math:`\pi_k` and density :math:`f_k`,

    .. math:: \sum_{k\ \mathrm{fraud}} \pi_k f_k(x) \Big/ \sum_k \pi_k f_k(x),

    of the features before the systems lost or renamed any; rounding is left out of it.

    Left out: customers who come back, and thieves who try again after a block.

    Examples
    --------
    >>> story = fraud(weeks=4, payments_per_week=500)
    >>> f"{story.outcomes['outcome'].mean():.2f}"
    '0.02'
    >>> (story.outcomes["time"] - story.rows["time"]).min().days
    30
    """
    import numpy as np
    import pandas as pd

    if start.weekday() != 0:
        raise ValueError(f"start must be a Monday, got {start:%A} {start}")
    if weeks < 1 or payments_per_week < 1:
        raise ValueError(
            "weeks and payments_per_week must be 1 or more, "
            f"got {weeks} and {payments_per_week}"
        )
    streams = np.random.default_rng(seed).spawn(4)
    live = datetime.combine(start, time(), UTC)
    every = np.arange(-_TRAINING_WEEKS, weeks)
    week = np.repeat(every, streams[0].poisson(payments_per_week, every.size))
    kind = _kinds(week, streams[0])
    columns = _drawn(kind, streams[1])
    day = streams[0].integers(0, 7, week.size)
    offset = (week * 7 + day) * 86_400 + columns["hour"].astype(np.int64) * 3_600
    offset = offset + streams[0].integers(0, 3_600, week.size)
    order = np.argsort(offset, kind="stable")
    week, kind, offset = week[order], kind[order], offset[order]
    columns = {name: values[order] for name, values in columns.items()}
    when = _moments(live, offset)
    probability = _probability(week, columns)
    _broken(week, columns)

    number = pd.Series(np.arange(1, week.size + 1).astype(str), dtype=object)
    ids = "P" + number.str.zfill(7)
    rows = pd.DataFrame(
        {"id": ids, "time": when}
        | {name: columns[name] for name in (*_NUMERIC, *_CATEGORICAL)}
    )
    stolen = np.isin(kind, ("stolen", "skimmed", "ring")).astype(float)
    days = 30 + 30 * streams[2].beta(2, 2, week.size)
    known = when + pd.to_timedelta((days * 86_400).astype(int), unit="s")
    outcomes = pd.DataFrame(
        {"id": ids, "time": known.astype("datetime64[us, UTC]"), "outcome": stolen}
    )
    said = outcomes.sort_values(["time", "id"], ignore_index=True)
    return Payments(
        seed=seed,
        start=live,
        end=live + timedelta(weeks=weeks),
        rows=rows,
        outcomes=outcomes,
        reported_outcomes=said,
        corrections=outcomes.head(0),
        probability=pd.Series(probability, index=ids, name="probability"),
        events=_events(start, weeks),
        drifts={
            feature: week_label(start + timedelta(weeks=planted.week))
            for planted in cards.EVENTS
            for feature in planted.features
            if planted.kind in ("season", "shift") and planted.week < weeks
        },
        numeric=_NUMERIC,
        categorical=_CATEGORICAL,
        ring=pd.Series(kind == "ring", index=ids, name="ring"),
    )


def _planted(name: str) -> cards.Planted:
    return next(each for each in cards.EVENTS if each.name == name)


def _within(week: Numbers, planted: cards.Planted) -> npt.NDArray[np.bool_]:
    inside = week >= planted.week
    return inside if planted.until is None else inside & (week < planted.until)


def _kinds(week: Numbers, rng: np.random.Generator) -> npt.NDArray[Any]:
    """Who pays, row by row."""
    import numpy as np

    honest = np.where(_within(week, _planted("summer travel")), "summer", "legit")
    ringing = _within(week, _planted("a ring at night"))
    draw, kinds, low = rng.random(week.size), honest.astype(object), np.zeros(week.size)
    for name in cards.RATES[0]:
        high = low + np.where(ringing, cards.RATES[1][name], cards.RATES[0][name])
        kinds[(draw >= low) & (draw < high)] = name
        low = high
    return np.asarray(kinds.astype(str))


def _drawn(
    kind: npt.NDArray[Any], rng: np.random.Generator
) -> dict[str, npt.NDArray[Any]]:
    """The features, each kind's from its own distributions."""
    import numpy as np

    n = kind.size
    normal = rng.standard_normal((3, n))
    chance = rng.random((5, n))
    hour = rng.integers(0, 18, n)  # by day 6 to 23; by night a third of it
    columns: dict[str, npt.NDArray[Any]] = {
        name: np.zeros(n) for name in ("amount", "hour", "distance_km")
    }
    columns |= {"device_age_days": np.zeros(n), "payments_24h": np.zeros(n)}
    columns |= {name: np.empty(n, dtype=object) for name in _CATEGORICAL}
    for name in np.unique(kind):
        rows, like = kind == name, cards.KINDS[str(name)]
        numbers = (like.amount, like.distance_km, like.device_age_days)
        amount, distance, age = (
            np.exp(middle + spread * normal[at, rows])
            for at, (middle, spread) in enumerate(numbers)
        )
        columns["amount"][rows] = amount.round(2)
        columns["distance_km"][rows] = distance.round(1)
        columns["device_age_days"][rows] = np.rint(age)
        columns["payments_24h"][rows] = rng.poisson(like.payments_24h, rows.sum())
        night = chance[4, rows] < like.night
        columns["hour"][rows] = np.where(night, hour[rows] // 3, 6 + hour[rows])
        for at, column in enumerate(_CATEGORICAL):
            table: Mapping[str, float] = getattr(like, column)
            names = np.array(list(table), dtype=object)
            ends = np.cumsum(list(table.values()))[:-1]
            cells = np.searchsorted(ends, chance[at, rows], side="right")
            columns[column][rows] = names[cells]
    return columns


def _probability(week: Numbers, columns: Mapping[str, npt.NDArray[Any]]) -> Floats:
    """Of fraud, given the features and what was going on that week."""
    import numpy as np

    summer = _within(week, _planted("summer travel"))
    ringing = _within(week, _planted("a ring at night"))
    dense = {name: _density(like, columns) for name, like in cards.KINDS.items()}
    bad = np.zeros(week.size)
    share = np.zeros(week.size)
    for name in cards.RATES[0]:
        rate = np.where(ringing, cards.RATES[1][name], cards.RATES[0][name])
        bad += rate * dense[name]
        share += rate
    good = (1 - share) * np.where(summer, dense["summer"], dense["legit"])
    return np.asarray(bad / (bad + good))


def _density(like: cards.Kind, columns: Mapping[str, npt.NDArray[Any]]) -> Floats:
    """Of all features together; of log-normal ones up to what all kinds share."""
    import numpy as np
    import pandas as pd
    from scipy import stats

    log = np.zeros(columns["amount"].size)
    for name in ("amount", "distance_km", "device_age_days"):
        middle, spread = getattr(like, name)
        at = (np.log(np.maximum(columns[name], 0.05)) - middle) / spread
        log += -0.5 * at**2 - np.log(spread)
    log += stats.poisson.logpmf(columns["payments_24h"], like.payments_24h)
    night = columns["hour"] < 6
    log += np.log(np.where(night, like.night / 6, (1 - like.night) / 18))
    for name in _CATEGORICAL:
        table: Mapping[str, float] = getattr(like, name)
        log += np.log(pd.Series(columns[name]).map(table).to_numpy(dtype=float))
    return np.exp(log)


def _broken(week: Numbers, columns: dict[str, npt.NDArray[Any]]) -> None:
    """What the systems do to the columns after the customer has paid."""
    import numpy as np
    import pandas as pd

    columns["device_age_days"][_within(week, _planted("device feed broken"))] = np.nan
    rows = _within(week, _planted("terminals replaced"))
    old = pd.Series(columns["terminal"][rows], dtype=object)
    columns["terminal"][rows] = old.replace(_NEW_TERMINALS).to_numpy(dtype=object)


def _moments(live: datetime, offset: Numbers) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    first = np.datetime64(live.replace(tzinfo=None), "us")
    return pd.Series(first + offset.astype("timedelta64[s]")).dt.tz_localize("UTC")


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
        for planted in cards.EVENTS
        if planted.week < weeks
    )

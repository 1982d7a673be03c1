"""Lead scoring of a B2B software company, from a calm 2022 to the middle of 2024.

The truth is a sum of effects, one a feature, put through a logistic curve. Each of
five features changes on one day of 2023: its distribution shifts, and its effect
turns round. The other four never change, and from August 2023 on nothing does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle.simulate import market
from lifecycle.simulate.selling import Leads
from lifecycle.simulate.story import Event, Fault, week_label

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Numbers = npt.NDArray[np.int64]

__all__ = ["lead_scoring"]

_TRAINING_WEEKS = 52
_MIGRATED, _MIGRATION, _CORRECTION = 39, 62, 66  # weeks after going live
_BROKEN_REGIONS = ("EMEA", "Americas")
_LOST_SHARE = 0.95


def lead_scoring(
    *,
    seed: int = 7,
    start: date = date(2023, 1, 2),
    weeks: int = 78,
    leads_per_week: int = 400,
) -> Leads:
    r"""Simulate a year of training data and the weeks after the model goes live.

    Parameters
    ----------
    seed : int
        The same seed gives the same story, to the byte.
    start : datetime.date
        The Monday on which the model goes live; the 52 weeks before it are
        there to train on.
    weeks : int
        Weeks after `start`. The market changes in weeks 13, 17, 21, 25 and 29;
        labels go wrong in week 62 and are corrected in week 66.
    leads_per_week : int
        The mean; each week's number is Poisson.

    Returns
    -------
    Leads
        The rows, the truth about them, and what changed when.

    Raises
    ------
    ValueError
        When `start` is not a Monday, or `weeks` or `leads_per_week` is below 1.

    Notes
    -----
    A lead is won with probability :math:`1 / (1 + e^{-z})`, where :math:`z` is a
    constant plus one effect for each feature. A missing value has no effect, so
    the probability is the best that anybody who sees the features can know, and
    the mean of :math:`\max(p, 1 - p)` is the accuracy no model can exceed.

    Left out: seasons, ties between features other than visits and emails, and any
    influence of the calls made on what becomes of a lead.

    Examples
    --------
    >>> story = lead_scoring(seed=7, weeks=30)
    >>> story.drifts["visits"], story.drifts["industry"]
    ('2023-W14', '2023-W18')
    >>> f"{story.outcomes['outcome'].mean():.1f}"
    '0.4'
    """
    import numpy as np
    import pandas as pd

    if start.weekday() != 0:
        raise ValueError(f"start must be a Monday, got {start:%A} {start}")
    if weeks < 1 or leads_per_week < 1:
        raise ValueError(
            "weeks and leads_per_week must be 1 or more, "
            f"got {weeks} and {leads_per_week}"
        )
    streams = np.random.default_rng(seed).spawn(4)
    live = datetime.combine(start, time(), UTC)
    week, when = _times(live, weeks, leads_per_week, streams[0])
    columns, log_odds = _features(week, streams[1])
    probability = 1 / (1 + np.exp(-log_odds))
    number = pd.Series(np.arange(1, week.size + 1).astype(str), dtype=object)
    ids = "L" + number.str.zfill(6)
    leads = pd.DataFrame({"id": ids, "time": when, **columns})

    rng = streams[2]
    won = (rng.random(week.size) < probability).astype(float)
    days = 14 + 28 * rng.beta(2, 2, week.size)
    known = when + pd.to_timedelta((days * 86_400).astype(int), unit="s")
    known = known.astype("datetime64[us, UTC]")  # older pandas count in ns
    outcomes = pd.DataFrame({"id": ids, "time": known, "outcome": won})

    labels = [week_label(live + timedelta(weeks=n)) for n in range(weeks)]
    ceiling = np.maximum(probability, 1 - probability)
    best = pd.Series(ceiling[week >= 0]).groupby(week[week >= 0]).mean()
    bayes = best.reindex(range(weeks)).set_axis(labels).rename("bayes")
    fault = Fault(
        since=live + timedelta(weeks=_MIGRATED),
        reported=live + timedelta(weeks=_MIGRATION, hours=-4),
        corrected=live + timedelta(weeks=_CORRECTION, hours=-4),
        regions=_BROKEN_REGIONS,
        description=(
            "the move to a new CRM records nearly all won deals of two regions as "
            "lost, back to the deals of the last five months"
        ),
    )
    reported, corrections = _misreported(leads, outcomes, fault, streams[3])
    return Leads(
        seed=seed,
        start=live,
        end=live + timedelta(weeks=weeks),
        rows=leads,
        outcomes=outcomes,
        reported_outcomes=reported,
        corrections=corrections,
        probability=pd.Series(probability, index=ids, name="probability"),
        bayes=bayes,
        events=_events(start, weeks),
        drifts={
            feature: labels[change.week]
            for feature, change in market.CHANGES.items()
            if change.week < weeks
        },
        fault=fault,
        numeric=tuple(market.NUMBERS),
        categorical=tuple(market.CATEGORIES),
    )


def _times(
    live: datetime, weeks: int, leads_per_week: int, rng: np.random.Generator
) -> tuple[Numbers, pd.Series[Any]]:
    """Week of each lead (0 is the first one live) and its moment, oldest first."""
    import numpy as np
    import pandas as pd

    every = np.arange(-_TRAINING_WEEKS, weeks)
    week = np.repeat(every, rng.poisson(leads_per_week, every.size))
    day = rng.integers(0, 5, week.size)
    second = rng.integers(8 * 3600, 18 * 3600, week.size)
    offset = np.sort(week * 604_800 + day * 86_400 + second)
    moments = np.datetime64(live.replace(tzinfo=None), "us") + offset.astype(
        "timedelta64[s]"
    )
    return week, pd.Series(moments).dt.tz_localize("UTC")


def _features(
    week: Numbers, rng: np.random.Generator
) -> tuple[dict[str, npt.NDArray[Any]], Floats]:
    """Columns of the leads, and the log-odds that they are won."""
    import numpy as np

    n = week.size
    interest = rng.standard_normal(n)
    now = {
        name: (week >= change.week).astype(int)
        for name, change in market.CHANGES.items()
    }
    always = np.zeros(n, dtype=int)
    mixed = 0.5 * interest + np.sqrt(0.75) * rng.standard_normal(n)
    draw = {
        "company_size": rng.standard_normal(n),
        "visits": interest,
        "recency_days": rng.standard_normal(n),
        "emails_opened": mixed,
    }
    rounding: dict[str, Callable[[Floats], npt.NDArray[Any]]] = {
        "company_size": lambda size: np.maximum(np.rint(size), 1),
        "visits": rng.poisson,
        "recency_days": lambda days: days.round(1),
        "emails_opened": rng.poisson,
    }
    columns: dict[str, npt.NDArray[Any]] = {}
    log_odds = np.full(n, market.INTERCEPT)
    drawn = {
        name: _numbers(regimes, now.get(name, always), draw[name], rounding[name])
        for name, regimes in market.NUMBERS.items()
    } | {
        name: _categories(regimes, now.get(name, always), rng)
        for name, regimes in market.CATEGORIES.items()
    }
    for name, (values, effect) in drawn.items():
        missing = rng.random(n) < market.MISSING.get(name, 0.0)
        values[missing] = np.nan if values.dtype == float else None
        columns[name] = values
        log_odds += np.where(missing, 0.0, effect)
    return columns, log_odds


def _categories(
    regimes: tuple[market.Category, ...], regime: Numbers, rng: np.random.Generator
) -> tuple[npt.NDArray[Any], Floats]:
    """Values drawn by their shares, and their effects around the regime's mean."""
    import numpy as np

    draw = rng.random(regime.size)
    values = np.empty(regime.size, dtype=object)
    effect = np.zeros(regime.size)
    for number, table in enumerate(regimes):
        rows = regime == number
        names = np.array(list(table.share), dtype=object)
        share = np.array([table.share[name] for name in names])
        effects = np.array([table.effect.get(name, 0.0) for name in names])
        cell = np.searchsorted(np.cumsum(share)[:-1], draw[rows], side="right")
        values[rows] = names[cell]
        effect[rows] = (effects - share @ effects)[cell]
    return values, effect


def _numbers(
    regimes: tuple[market.Number, ...],
    regime: Numbers,
    normal: Floats,
    rounded: Callable[[Floats], npt.NDArray[Any]],
) -> tuple[npt.NDArray[Any], Floats]:
    """Log-normal values after rounding, and their effects around the middle."""
    import numpy as np

    middle = np.array([number.middle for number in regimes])[regime]
    spread = np.array([number.spread for number in regimes])[regime]
    slope = np.array([number.effect for number in regimes])[regime]
    values = np.asarray(rounded(np.exp(middle + spread * normal)), dtype=float)
    distance = (np.log1p(values) - np.log1p(np.exp(middle))) / spread
    return values, slope * np.clip(distance, -2.5, 2.5)


def _misreported(
    leads: pd.DataFrame,
    outcomes: pd.DataFrame,
    fault: Fault,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What the CRM reports, and the corrections that follow."""
    import pandas as pd

    hit = (
        (leads["time"] >= fault.since)
        & (outcomes["time"] < fault.corrected)
        & leads["region"].isin(fault.regions)
        & (outcomes["outcome"] == 1)
        & (rng.random(len(leads)) < _LOST_SHARE)
    )
    before = outcomes["time"] < fault.reported
    at_once = outcomes[hit & before].assign(time=fault.reported, outcome=0.0)
    later = outcomes.assign(outcome=outcomes["outcome"].where(before | ~hit, 0.0))
    corrections = outcomes[hit].assign(time=fault.corrected)
    reported = pd.concat([later, at_once]).sort_values(["time", "id"])
    for frame in (reported, corrections):
        frame["time"] = frame["time"].astype("datetime64[us, UTC]")
    return reported.reset_index(drop=True), corrections.reset_index(drop=True)


def _events(start: date, weeks: int) -> tuple[Event, ...]:
    """What changed within the story, oldest first."""
    events: list[Event] = []
    for feature, change in market.CHANGES.items():
        if change.week < weeks:
            day = start + timedelta(weeks=change.week)
            events.append(Event(day, change.name, (feature,), "shift", change.shift))
            events.append(Event(day, change.name, (feature,), "flip", change.flip))
    return tuple(events)

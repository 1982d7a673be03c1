"""What an action is worth: from back-tested differences to net value in money."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from lifecycle.decision.levels import level, steps, unrest
from lifecycle.decision.policy import Costs, Policy

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Costs", "Option", "Policy", "reprice", "weigh"]

_KEYS = ("action", "recipe", "span", "version", "offered")
_NUMBERS = ("age", "n", "difference", "variance", "fresh_difference", "fresh_variance")
_STEPS = 3  # fewer say nothing of an option's own unrest: then that of all counts

_Key = tuple[str, str, int | None, int | None, str]


@dataclass(frozen=True, slots=True)
class Option:
    """One way to act, with what it is worth over the horizon.

    Parameters
    ----------
    action : str
        "recalibrate", "retrain", "rebuild" or "roll_back".
    recipe : str
        Empty where nothing is trained: recalibrated, rolled back.
    span : int or None
        Chunks to train on; None for all.
    version : int or None
        To roll back to.
    n, windows : int
        Rows and windows behind it.
    gain : float
        Errors saved per row in the first week, shrunk.
    value : float
        Expected gain over the horizon, in money, before the price.
    error : float
        Standard deviation of `value`.
    price : float
    lower, upper : float
        Interval of `net`.
    probability : float
        That `value` exceeds the price.
    clears : bool
        Whether the evidence is enough to act.
    offered : str
        The new columns a rebuild would use, "visits, plan"; else empty.
    confirmed : float
        `value` without the window that speaks most for it.
    earned : float
        What acting has earned so far; `nan` where no balance is kept.
    weeks : float
        As many times as the first week's gain the horizon brings; see `weigh`.

    Examples
    --------
    >>> option = Option("retrain", "trees", 13, None, 400, 4, 0.2, 9820.0, 1200.0,
    ...     500.0, 7340.0, 11300.0, 1.0, True, weeks=10.0)
    >>> option.net, option.gain_per_week
    (9320.0, 982.0)
    >>> option.gain_per_week_lower, option.gain_per_week_upper
    (784.0, 1180.0)
    """

    action: str
    recipe: str
    span: int | None
    version: int | None
    n: int
    windows: int
    gain: float
    value: float
    error: float
    price: float
    lower: float
    upper: float
    probability: float
    clears: bool
    offered: str = ""
    confirmed: float = math.nan
    earned: float = math.nan
    weeks: float = math.nan

    @property
    def net(self) -> float:
        """Expected gain less the price."""
        return self.value - self.price

    @property
    def gain_per_week(self) -> float:
        """Expected gain of the first week, in money; it fades from there."""
        return self._weekly(self.value)

    @property
    def gain_per_week_lower(self) -> float:
        """Lower end of its interval."""
        return self._weekly(self.lower + self.price)

    @property
    def gain_per_week_upper(self) -> float:
        """Upper end of its interval."""
        return self._weekly(self.upper + self.price)

    def _weekly(self, value: float) -> float:
        """What of a value over the horizon the first week brings."""
        return value / self.weeks if self.weeks else math.nan


def weigh(
    table: pd.DataFrame,
    *,
    costs: Costs,
    rows_per_week: float,
    horizon_weeks: float = 26,
    policy: Policy | None = None,
    later: pd.DataFrame | None = None,
    balance: float | None = None,
    first: int | None = None,
) -> list[Option]:
    r"""Every option's net value over the horizon, best first.

    Parameters
    ----------
    table : DataFrame
        As `training.backtest` gives it; of each option one row a window with `action`,
        `recipe`, `span`, `version`, `age`, `n`, `difference`, `variance`, and for a
        rebuild `fresh_difference` and `fresh_variance`; `champion_loss` where known.
    costs : Costs
    rows_per_week : float
        How many predictions a week bear the gain.
    horizon_weeks : float
        How long a gain is counted.
    policy : Policy, optional
    later : DataFrame, optional
        As a back-test has it. Only rows of a `lag` below 0 are used: an option made
        for a later window on one that it has not seen either, which tells of a change
        sooner. Such a row stands for that of the table, of the same window.
    balance : float, optional
        What acting has earned so far, as `reserve` gives it; without it `probability`
        is enough for every action.
    first : int, optional
        The version whose bill the balance is held against. Who goes back to it puts
        nothing more at stake, and needs `probability` whatever the balance.

    Returns
    -------
    list of Option

    Notes
    -----
    The gain a row :math:`g` with variance :math:`v` is the level of the option's paired
    differences in the newest window (see `levels.level`): each a measurement with the
    variance of its rows and that between windows (see `levels.unrest`; of all options
    together where one has too few windows). A gain fades by the persistence
    :math:`\rho` a week, so that over :math:`H` weeks it counts
    :math:`S = (1 - \rho^H)/(1 - \rho)` times: value :math:`g S`, times rows a week,
    times the cost of an error. Windows are chunks, the horizon is weeks whatever a
    chunk is: the gain of a longer window has faded within it already and is taken as
    that of the first week, which errs on the side of keeping (by 8% where chunks are
    months). A rebuild is reckoned in two parts: what a fresh model of the own recipe
    would gain, plus the advantage of the other recipe when both are fresh.

    An option clears when all of this holds:

    - its gain is more than the least that is acted upon, and more than its price;
    - it exceeds its price with the margin by the probability of the policy, which is
      `unearned_probability` where the balance does not cover the price. Who has not
      gained by acting must be all but certain, so that acting does not come dearer
      than the first version would have;
    - without the window that speaks most for it it still exceeds its price with the
      margin, unless one week brings more than the price: waiting for a second witness
      is then dearer than being wrong.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"action": ["retrain"], "recipe": ["trees"], "span": [8],
    ...     "version": [None], "age": [0], "n": [400], "difference": [0.2],
    ...     "variance": [0.0001]})
    >>> costs = Costs(retrain=500, rebuild=5_000, error=10)
    >>> best = weigh(table, costs=costs, rows_per_week=400)[0]
    >>> best.clears, round(best.gain, 3)
    (True, 0.196)
    """
    told = policy or Policy()
    money = rows_per_week * (1.0 if costs.error is None else costs.error)
    weeks = _weeks(told.persistence, horizon_weeks)
    told = replace(told, floor=_floor(table, told))
    lines = _lines(table, later)
    stale = {
        key: found
        for key, found in _levels(lines, "difference", "variance", told).items()
        if key[0] != "rebuild"
    }
    rebuilt = {key: rows for key, rows in lines.items() if key[0] == "rebuild"}
    better = _levels(rebuilt, "fresh_difference", "fresh_variance", told)
    options = []
    for key, rows in lines.items():
        parts = [stale.get(key)]
        if key[0] == "rebuild":
            parts = [_own(stale, key[2]), better.get(key)]
        if any(part is None for part in parts):
            continue
        gain, variance, confirmed = (
            sum(part[at] for part in parts if part) for at in range(3)
        )
        option = Option(
            *key[:4],
            n=int(rows["n"].sum()),
            windows=len(rows["n"]),
            gain=gain,
            value=gain * weeks * money,
            error=math.sqrt(variance) * weeks * money,
            price=0.0,
            lower=0.0,
            upper=0.0,
            probability=0.0,
            clears=False,
            offered=key[4],
            confirmed=confirmed * weeks * money,
            earned=math.nan if balance is None or _back(key, first) else balance,
            weeks=weeks,
        )
        options.append(reprice(option, costs=costs, policy=told))
    return sorted(options, key=lambda option: option.net, reverse=True)


def reprice(
    option: Option,
    *,
    costs: Costs,
    scale: float = 1.0,
    policy: Policy | None = None,
) -> Option:
    """The same option at other prices.

    Parameters
    ----------
    option : Option
    costs : Costs
        The price of its action is read from here.
    scale : float
        By which an error has become dearer: what it brings and what acting has earned
        are as many times as large.
    policy : Policy, optional

    Returns
    -------
    Option

    Examples
    --------
    >>> sure = Option("retrain", "trees", 13, None, 400, 4, 0.2, 9820.0, 1200.0,
    ...     500.0, 7340.0, 11300.0, 1.0, True)
    >>> dearer = reprice(sure, costs=Costs(retrain=9_000, rebuild=80_000))
    >>> dearer.net, dearer.clears
    (820.0, False)
    """
    told = policy or Policy()
    value, error = option.value * scale, option.error * scale
    confirmed, earned = option.confirmed * scale, option.earned * scale
    price = float(getattr(costs, option.action))
    half = NormalDist().inv_cdf((1 + told.level) / 2) * error
    bar = (1 + told.margin) * price
    needed = told.unearned_probability if earned < price else told.probability
    clears = (
        option.gain > told.least_gain
        and value > price
        and _above(value, error, bar) > needed
        and (price <= value / option.weeks or not confirmed <= bar)
    )
    return replace(
        option,
        value=value,
        error=error,
        price=price,
        lower=value - half - price,
        upper=value + half - price,
        probability=_above(value, error, price),
        clears=clears,
        confirmed=confirmed,
        earned=earned,
    )


def _floor(table: pd.DataFrame, told: Policy) -> float:
    """The least deviation between windows, for a champion that errs so often."""
    if "champion_loss" not in table:
        return told.floor
    loss = float(table["champion_loss"].mean())
    return min(told.floor, told.floor_share * loss) if loss >= 0 else told.floor


def _lines(
    table: pd.DataFrame, later: pd.DataFrame | None
) -> dict[_Key, dict[str, np.ndarray]]:
    """The numbers of every option, one a window; what was made later comes first."""
    import numpy as np

    parts = [table]
    if later is not None and len(later):
        parts = [later[later["lag"] < 0].sort_values("lag", kind="stable"), table]
    found: dict[_Key, dict[float, tuple[float, ...]]] = {}
    for part in parts:
        rows = part[part["action"] != "keep"]
        keys = zip(*(_told(rows, name) for name in _KEYS), strict=True)
        numbers = [
            rows[name].to_numpy(dtype=float, na_value=math.nan).tolist()
            if name in rows
            else [math.nan] * len(rows)
            for name in _NUMBERS
        ]
        for key, window in zip(keys, zip(*numbers, strict=True), strict=True):
            action, recipe, span, version, offered = key
            at = str(action), recipe or "", _whole(span), _whole(version), offered or ""
            found.setdefault(at, {}).setdefault(window[0], window)
    return {
        at: dict(zip(_NUMBERS, np.array(list(windows.values())).T, strict=True))
        for at, windows in found.items()
    }


def _told(rows: pd.DataFrame, name: str) -> list[Any]:
    """A column's values, None where missing."""
    if name not in rows:
        return [None] * len(rows)
    there = rows[name].notna().tolist()
    values = rows[name].tolist()
    return [each if known else None for each, known in zip(values, there, strict=True)]


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _levels(
    lines: Mapping[_Key, Mapping[str, np.ndarray]],
    difference: str,
    variance: str,
    told: Policy,
) -> dict[_Key, tuple[float, float, float]]:
    """Of each option: gain, its variance, and the gain without its best window."""
    import numpy as np

    known, far = {}, {}
    for key, rows in lines.items():
        ok = np.isfinite(rows[difference]) & np.isfinite(rows[variance])
        if ok.any():
            ages = rows["age"][ok]
            known[key] = rows[difference][ok], rows[variance][ok], ages
            far[key] = steps(known[key][0], ages)
    every = np.concatenate(list(far.values())) if far else np.array([])
    found = {}
    for key, (seen, within, ages) in known.items():
        own = far[key] if len(far[key]) >= _STEPS else every
        own = own if len(own) >= _STEPS else own[:0]
        noise = within + unrest(own, within, least=told.floor)
        usual = {"usual": told.tau, "persistence": told.persistence}
        gain, doubt = level(seen, noise, ages, **usual)
        rest = np.arange(len(seen)) != seen.argmax()
        without, _ = level(seen[rest], noise[rest], ages[rest], **usual)
        found[key] = gain, doubt, min(without, gain)
    return found


def _back(key: _Key, first: int | None) -> bool:
    return key[0] == "roll_back" and first is not None and key[3] == first


def _own(
    stale: Mapping[_Key, tuple[float, float, float]], span: int | None
) -> tuple[float, float, float] | None:
    """The own recipe, trained on the same span."""
    for (action, _, other, _, _), found in stale.items():
        if action == "retrain" and other == span:
            return found
    return None


def _weeks(persistence: float, horizon: float) -> float:
    if persistence == 1:
        return horizon
    return float((1 - persistence**horizon) / (1 - persistence))


def _above(value: float, error: float, bar: float) -> float:
    if error == 0:
        return float(value > bar)
    return NormalDist().cdf((value - bar) / error)

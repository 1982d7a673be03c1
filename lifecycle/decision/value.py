"""What an action is worth: from back-tested differences to net value in money."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Costs", "Option", "Policy", "reprice", "weigh"]

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

    The defaults are those of a replay of decision rules on fifteen streams, on which
    they were flat: small changes of them change little.

    Parameters
    ----------
    decay : float
        Weight of a window against the next newer one.
    tau : float
        Usual size of a gain per row, in errors: gains are shrunk towards 0 the more,
        the less certain they are against it.
    tau_recipe : float
        The same for the advantage of another recipe when both are fresh.
    floor : float
        The least deviation between windows to reckon with, as one more window.
    persistence : float
        Share of a gain that is left after a week.
    margin : float
        By which share a gain must exceed its price; this keeps the ruling from
        going to and fro.
    probability, rebuild_probability : float
        With which probability it must.
    least_gain : float
        Gains per row up to this, in errors, are never acted upon.
    min_rows : int
        With fewer rows in all windows there is no ruling.
    level : float
        Of the intervals.
    """

    decay: float = 0.6
    tau: float = 0.05
    tau_recipe: float = 0.02
    floor: float = 0.02
    persistence: float = 0.95
    margin: float = 0.25
    probability: float = 0.6
    rebuild_probability: float = 0.8
    least_gain: float = 0.005
    min_rows: int = 100
    level: float = 0.90


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

    @property
    def net(self) -> float:
        """Expected gain less the price."""
        return self.value - self.price


def weigh(
    table: pd.DataFrame,
    *,
    costs: Costs,
    rows_per_week: float,
    horizon_weeks: float = 26,
    policy: Policy | None = None,
) -> list[Option]:
    r"""Every option's net value over the horizon, best first.

    Parameters
    ----------
    table : DataFrame
        As `training.backtest` gives it; of each option one row a window with `action`,
        `recipe`, `span`, `version`, `age`, `n`, `difference`, `variance`, and for a
        rebuild `fresh_difference` and `fresh_variance`.
    costs : Costs
    rows_per_week : float
        How many predictions a week bear the gain.
    horizon_weeks : float
        How long a gain is counted.
    policy : Policy, optional

    Returns
    -------
    list of Option

    Notes
    -----
    With the paired mean differences :math:`d_u` of windows of age :math:`u`, weights
    :math:`w_u \propto 0.6^u` and variances :math:`v_u`,

    .. math::

        g = \sum w_u d_u, \quad
        v = \sum w_u^2 (v_u + s^2), \quad
        s^2 = \frac{\sum (d_u - g)^2 + 0.02^2}{m},

    both shrunk by :math:`k = \tau^2 / (\tau^2 + v)`. A gain fades by the persistence
    :math:`\rho` a week, so that over :math:`H` weeks it counts
    :math:`S = (1 - \rho^H)/(1 - \rho)` times: value :math:`g S`, times rows a week,
    times the cost of an error. Windows are chunks, the horizon is weeks whatever a
    chunk is: the gain of a longer window has faded within it already and is taken as
    that of the first week, which errs on the side of keeping (by 8% where chunks are
    months). A rebuild is reckoned in two parts, for the best of
    many recipes looks better than it is: what a fresh model of the own recipe would
    gain, as above, plus the advantage of the other recipe when both are fresh, which
    is shrunk harder, weighs all windows alike and lasts the whole horizon.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"action": ["retrain"], "recipe": ["trees"], "span": [8],
    ...     "version": [None], "age": [0], "n": [400], "difference": [0.2],
    ...     "variance": [0.0001]})
    >>> costs = Costs(retrain=500, rebuild=5_000, error=10)
    >>> best = weigh(table, costs=costs, rows_per_week=400)[0]
    >>> best.clears, round(best.gain, 3)
    (True, 0.167)
    """
    import pandas as pd

    told = policy or Policy()
    money = rows_per_week * (1.0 if costs.error is None else costs.error)
    weeks = _weeks(told.persistence, horizon_weeks)
    keys = ["action", "recipe", "span", "version", "offered"]
    candidates = table[table["action"] != "keep"]
    if "offered" not in candidates.columns:
        candidates = candidates.assign(offered="")
    groups: dict[tuple[Any, ...], pd.DataFrame] = {}
    for key, rows in candidates.groupby(keys, dropna=False, sort=False):
        parts: tuple[Any, ...] = tuple(key)
        groups[tuple(None if pd.isna(part) else part for part in parts)] = rows
    options = []
    for (action, recipe, span, version, offered), rows in groups.items():
        gain, variance = _pooled(
            rows, "difference", "variance", decay=told.decay, tau=told.tau, told=told
        )
        value, spread = gain * weeks, variance * weeks**2
        if action == "rebuild":
            own = _own(groups, span)
            if own is None or rows["fresh_difference"].isna().all():
                continue
            stale, unsure = _pooled(
                own, "difference", "variance", decay=told.decay, tau=told.tau, told=told
            )
            better, doubt = _pooled(
                rows[rows["fresh_difference"].notna()],
                "fresh_difference",
                "fresh_variance",
                decay=1.0,
                tau=told.tau_recipe,
                told=told,
            )
            gain = stale + better
            value = stale * weeks + better * horizon_weeks
            spread = unsure * weeks**2 + doubt * horizon_weeks**2
        options.append(
            Option(
                action=action,
                recipe=recipe or "",
                span=None if span is None else int(span),
                version=None if version is None else int(version),
                n=int(rows["n"].sum()),
                windows=len(rows),
                gain=gain,
                value=value * money,
                error=math.sqrt(spread) * money,
                price=0.0,
                lower=0.0,
                upper=0.0,
                probability=0.0,
                clears=False,
                offered=offered or "",
            )
        )
    priced = [reprice(option, costs=costs, policy=told) for option in options]
    return sorted(priced, key=lambda option: option.net, reverse=True)


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
        By which an error has become dearer: its value and its deviation are as many
        times as large.
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
    price = float(getattr(costs, option.action))
    half = NormalDist().inv_cdf((1 + told.level) / 2) * error
    rebuilt = option.action == "rebuild"
    needed = told.rebuild_probability if rebuilt else told.probability
    return replace(
        option,
        value=value,
        error=error,
        price=price,
        lower=value - half - price,
        upper=value + half - price,
        probability=_above(value, error, price),
        clears=option.gain > told.least_gain
        and value > price
        and _above(value, error, (1 + told.margin) * price) > needed,
    )


def _pooled(
    rows: pd.DataFrame,
    difference: str,
    variance: str,
    *,
    decay: float,
    tau: float,
    told: Policy,
) -> tuple[float, float]:
    """Gain per row over the windows and its variance, shrunk towards 0."""
    import numpy as np

    differences = rows[difference].to_numpy(dtype=float)
    weights = decay ** rows["age"].to_numpy(dtype=float)
    weights = weights / weights.sum()
    gain = float(weights @ differences)
    between = float(np.sum((differences - gain) ** 2) + told.floor**2)
    between /= len(differences)
    within = rows[variance].to_numpy(dtype=float)
    spread = float(weights**2 @ (within + between))
    shrink = tau**2 / (tau**2 + spread)
    return shrink * gain, shrink * spread


def _own(groups: dict[tuple[Any, ...], pd.DataFrame], span: Any) -> pd.DataFrame | None:
    """The rows of the own recipe, trained on the same span."""
    for (action, _, other, _, _), rows in groups.items():
        if action == "retrain" and other == span:
            return rows
    return None


def _weeks(persistence: float, horizon: float) -> float:
    if persistence == 1:
        return horizon
    return float((1 - persistence**horizon) / (1 - persistence))


def _above(value: float, error: float, bar: float) -> float:
    if error == 0:
        return float(value > bar)
    return NormalDist().cdf((value - bar) / error)

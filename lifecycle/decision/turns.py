"""Where a ruling turns: at other prices, and with outcomes that come later."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from lifecycle.decision.flips import Flip
from lifecycle.decision.value import Costs, Option, Policy, reprice
from lifecycle.decision.words import Words

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["by_delay", "by_price", "same"]

_POINTS = 24  # looked at on either side before a turn is closed in on
_DECADES = 4  # how far another price of an error is looked for
_CLOSE = 1e-9  # a turn is found to this share of it
_HALVINGS = 60
_TRAINED = ("retrain", "rebuild")


def by_price(
    chosen: Option | None,
    options: Sequence[Option],
    *,
    costs: Costs,
    policy: Policy,
    words: Words,
) -> tuple[Flip, ...]:
    """At which prices the ruling turns, the nearest on either side.

    The ruling is made again at other prices, one changed at a time: on points from the
    present price outwards, and then, between the last that leaves it and the first that
    changes it, by halving. A turn to and fro between two of those points is not seen.
    Another span of the same action is no other ruling. With another price of an error
    what acting has earned so far is another, too.

    Parameters
    ----------
    chosen : Option or None
        The one ruled; None for keep.
    options : sequence of Option
        All that were weighed at the present prices.
    costs : Costs
        The present prices.
    policy : Policy
    words : Words

    Returns
    -------
    tuple of Flip
        Of the prices of a retraining, a rebuild, the action ruled and an error. A price
        of 0 has no lower side; an error that costs nothing cannot be scaled.
    """
    told = ["retrain", "rebuild"]
    if chosen is not None and chosen.action not in told:
        told.append(chosen.action)
    known = {option.action for option in options}
    found: list[Flip] = []

    for name in [action for action in told if action in known]:
        now = float(getattr(costs, name))

        def at_price(price: float, name: str = name) -> Option | None:
            return _ruled(options, replace(costs, **{name: price}), policy)

        for side, points in _prices(name, now, options):
            found.append(_turn(name, side, now, points, at_price, chosen, words))
    error = 1.0 if costs.error is None else costs.error
    if error == 0:
        why = "errors cost nothing now, so that no other price can be reckoned"
        found.append(
            Flip("error", "above", 0.0, math.nan, unit=words.currency, why=why)
        )
        return tuple(found)

    def at_error(price: float) -> Option | None:
        return _ruled(options, costs, policy, scale=price / error)

    steps = [10 ** (_DECADES * step / _POINTS) for step in range(1, _POINTS + 1)]
    up, down = [error * step for step in steps], [error / step for step in steps]
    for side, points in (("above", up), ("below", down)):
        found.append(_turn("error", side, error, points, at_error, chosen, words))
    return tuple(found)


def by_delay(
    chosen: Option | None,
    weighed: Callable[[pd.DataFrame, pd.DataFrame | None], Sequence[Option]],
    *,
    table: pd.DataFrame,
    later: pd.DataFrame | None,
    words: Words,
) -> Flip:
    """How much later outcomes must come for the ruling to turn.

    Every candidate is judged as it was made for an older window, which is what a longer
    wait for outcomes does to it. The outcomes of the newest windows are taken as known
    all the same. Where the windows left would not give the present ruling either, it is
    the missing windows that speak and not the delay: undefined.

    Parameters
    ----------
    chosen : Option or None
        The one ruled; None for keep.
    weighed : callable
        Gives the options of a table, best first; told, as `weigh` is, what the newest
        options would have done in windows before their own.
    table, later : DataFrame
        As a `training.Backtest` has them.
    words : Words

    Returns
    -------
    Flip
    """
    flip = Flip("delay", "later", 0.0, math.nan, unit=words.chunk)
    if later is None or not (later["lag"] > 0).any():
        return replace(flip, why="what later outcomes would change was not tested")
    nearer, steady = later[later["lag"] < 0], 0
    for lag in sorted(later.loc[later["lag"] > 0, "lag"].unique()):
        lagged = later[later["lag"] == lag]
        base = table[table["window"].isin(lagged["window"].unique())]
        # what was made a window later is with the delay what was made at the time
        fresher = nearer
        if len(nearer):
            fresher = table if lag == 1 else later[later["lag"] == lag - 1]
        told = len(fresher) > 0
        made = fresher.assign(lag=-1) if told else None
        options = weighed(_delayed(lagged, base), made)
        ruled = _first(options)
        known = any(chosen is None or same(option, chosen) for option in options)
        if known and same(ruled, chosen):
            steady = int(lag)
            continue
        alone = weighed(base, nearer if told else None) if known else ()
        if known and same(_first(alone), chosen):
            to = "keep" if ruled is None else words.name(ruled)
            return replace(flip, at=float(lag), to=to)
        break
    if steady:
        why = f"outcomes up to {words.chunks(steady)} later would not change it"
    else:
        why = "there are too few windows to say what later outcomes would change"
    return replace(flip, why=why)


def same(one: Option | None, other: Option | None) -> bool:
    """Whether two options are the same ruling, whatever the span of a retraining."""
    if one is None or other is None:
        return one is other
    return _key(one) == _key(other)


def _key(option: Option) -> tuple[Any, ...]:
    if option.action == "rebuild":
        return "rebuild", option.recipe, option.offered
    return option.action, option.version


def _delayed(lagged: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    """The table with the lag: what needs no training does not get older with it."""
    import pandas as pd

    untrained = ~base["action"].isin([*_TRAINED, *lagged["action"].unique()])
    held = lagged.drop(columns=["lag"])
    if untrained.any():
        held = pd.concat([base[untrained], held], ignore_index=True)
    return held


def _first(options: Sequence[Option]) -> Option | None:
    return next((option for option in options if option.clears), None)


def _prices(
    name: str, now: float, options: Sequence[Option]
) -> Iterator[tuple[Literal["above", "below"], list[float]]]:
    """Points on either side of a price, dense near it."""
    most = max(option.value for option in options if option.action == name)
    shares = [(step / _POINTS) ** 3 for step in range(1, _POINTS + 1)]
    end = 2 * max(now, most) + 1  # no option of it can pay such a price
    yield "above", [now + share * (end - now) for share in shares]
    if now > 0:
        yield "below", [now - share * now for share in shares]


def _turn(
    what: str,
    side: Literal["above", "below"],
    now: float,
    points: Sequence[float],
    ruled: Callable[[float], Option | None],
    chosen: Option | None,
    words: Words,
) -> Flip:
    """The nearest turn of a ruling on one side of a price."""
    stays = now
    for point in points:
        if not same(ruled(point), chosen):
            break
        stays = point
    else:
        return Flip(what, side, now, math.inf, unit=words.currency)
    turns = point
    for _ in range(_HALVINGS):
        if abs(turns - stays) <= _CLOSE * max(turns, stays):
            break
        middle = (stays + turns) / 2
        if same(ruled(middle), chosen):
            stays = middle
        else:
            turns = middle
    then = ruled(turns)
    to = "keep" if then is None else words.name(then)
    return Flip(what, side, now, turns, to, words.currency)


def _ruled(
    options: Sequence[Option], costs: Costs, policy: Policy, scale: float = 1.0
) -> Option | None:
    """The ruling at other prices, or with all values scaled."""
    best, most = None, 0.0  # what brings less than its price never clears
    for option in options:
        net = scale * option.value - getattr(costs, option.action)
        if net > most:
            priced = reprice(option, costs=costs, scale=scale, policy=policy)
            if priced.clears:
                best, most = priced, net
    return best

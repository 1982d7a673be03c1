"""The margin: by how much the ruling beats the next best action, and how surely."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

from lifecycle.decision.value import Option
from lifecycle.decision.words import Words, percent

__all__ = ["Margin", "margin"]

_NODES = 400


@dataclass(frozen=True, slots=True)
class Margin:
    """How far a ruling is ahead of the next best action.

    Parameters
    ----------
    value, lower, upper : float
        Net value of the action ruled less that of the next best, in `currency`, with
        its interval. Below 0 where the model is kept because the evidence for a
        better action is not enough yet.
    probability : float
        That no other action is better, whatever the evidence asked for.
    n : int
        Rows behind the next best action, or behind the one ruled where that is fewer.
    other : str
        The next best action in words.
    currency : str
    level : float
        Of the interval.

    Examples
    --------
    >>> Margin(9320, 7340, 11300, 1.0, 1600, "keep the version in production")
    <Margin $9,320 [$7,340, $11,300] to keep the version in production, best 100%>
    """

    value: float
    lower: float
    upper: float
    probability: float
    n: int
    other: str
    currency: str = "USD"
    level: float = 0.90

    @property
    def summary(self) -> str:
        """The margin in a sentence."""
        words = Words(currency=self.currency, level=self.level)
        size = words.money(abs(self.value))
        side = "ahead of" if self.value >= 0 else "behind"
        ends = words.between(self.lower, self.upper)
        return (
            f"{size} {side} the next best, to {self.other} ({ends}); the best of all "
            f"with a probability of {percent(self.probability)}."
        )

    def facts(self) -> dict[str, Any]:
        """The margin as plain values."""
        return asdict(self)

    def __repr__(self) -> str:
        words = Words(currency=self.currency)
        value, *ends = (
            words.money(end) for end in (self.value, self.lower, self.upper)
        )
        sure = percent(self.probability)
        return f"<Margin {value} [{', '.join(ends)}] to {self.other}, best {sure}>"


def margin(
    chosen: Option | None,
    options: Sequence[Option],
    *,
    words: Words,
    tested: int = 0,
) -> Margin:
    r"""Hold a ruling against the next best action.

    Of each action its best option is compared, keeping among them: it brings 0 and
    costs 0, for certain.

    Parameters
    ----------
    chosen : Option or None
        The one ruled; None where the model is kept.
    options : sequence of Option
        All that were weighed, best first, not empty.
    words : Words
    tested : int
        Rows on which the champion was scored.

    Returns
    -------
    Margin

    Notes
    -----
    The errors :math:`e` of two options are taken as independent, so that the
    difference of their nets has the variance :math:`e_1^2 + e_2^2`. They are measured
    on the same rows against the same champion and mostly go together: the interval
    is rather too wide, and a probability above a half rather too small. With the net
    values normal about :math:`\mu_j` the action ruled is the best with probability

    .. math::

        \int \prod_{j \ne i} \Phi\!\left(\frac{x - \mu_j}{e_j}\right)
        \mathrm{d}\Phi\!\left(\frac{x - \mu_i}{e_i}\right),

    summed over 400 equally probable values of :math:`x`.

    Examples
    --------
    >>> option = Option("retrain", "trees", 13, None, 400, 4, 0.2, 9820.0, 1200.0,
    ...     500.0, 7340.0, 11300.0, 1.0, True)
    >>> margin(option, [option], words=Words())
    <Margin $9,320 [$7,350, $11,300] to keep the version in production, best 100%>
    """
    rivals: dict[str, Option] = {}
    for option in options:
        if chosen is None or option.action != chosen.action:
            rivals.setdefault(option.action, option)
    nets = [(option.net, option.error, option) for option in rivals.values()]
    all_nets: list[tuple[float, float, Option | None]] = [*nets]
    if chosen is not None:
        all_nets.append((0.0, 0.0, None))
    net, error = (0.0, 0.0) if chosen is None else (chosen.net, chosen.error)
    next_net, next_error, other = max(all_nets, key=lambda held: held[0])
    value = net - next_net
    half = NormalDist().inv_cdf((1 + words.level) / 2) * math.hypot(error, next_error)
    counts = [tested if each is None else each.n for each in (chosen, other)]
    return Margin(
        value,
        value - half,
        value + half,
        _best(net, error, [held[:2] for held in all_nets]),
        min(counts),
        "keep the version in production" if other is None else words.name(other),
        words.currency,
        words.level,
    )


def _best(net: float, error: float, rivals: Sequence[tuple[float, float]]) -> float:
    """The probability that a normal net value is above all the others."""
    normal = NormalDist()
    points = [net]
    if error > 0:
        shares = ((place + 0.5) / _NODES for place in range(_NODES))
        points = [net + error * normal.inv_cdf(share) for share in shares]
    total = 0.0
    for point in points:
        chance = 1.0
        for mean, spread in rivals:
            if spread > 0:
                chance *= normal.cdf((point - mean) / spread)
            else:
                chance *= 0.5 if point == mean else float(point > mean)
        total += chance
    return total / len(points)

"""How a ruling speaks: money, options and what became of them, for a product owner."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from lifecycle import markup
from lifecycle.decision.value import Option, Policy

__all__ = ["Words", "line", "money", "percent", "some"]

_NO_CURRENCY = "XXX"  # so named in ISO 4217
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def line(text: object, most: int = 120) -> str:
    r"""Text of data or people on one line, cut when it is endless.

    Examples
    --------
    >>> line("one\n\ttwo"), line("endless", 4)
    ('one two', 'end…')
    """
    plain = "".join(c if c.isprintable() else " " for c in str(text)[: 4 * most])
    words = " ".join(plain.split())
    return words if len(words) <= most else words[: most - 1] + "…"


def money(value: float, currency: str) -> str:
    """A sum with three digits: more it is not good for.

    Examples
    --------
    >>> money(12_384.0, "USD"), money(24.0, "EUR"), money(4.2, "USD")
    ('$12,400', '€24', '$4.20')
    """
    return markup.number(_rounded(value), line(currency, 12)).removesuffix(".00")


def some(names: Sequence[str], most: int = 4) -> str:
    """Names in a sentence, cut when there are many.

    Examples
    --------
    >>> some(["a", "b", "c"]), some(list("abcdef"))
    ('a, b and c', 'a, b, c and 3 more')
    """
    held = [line(name, 40) for name in names]
    if len(held) > most:
        held = [*held[: most - 1], f"{len(held) - most + 1} more"]
    return " and ".join([", ".join(held[:-1]), held[-1]] if held[1:] else held)


@dataclass(frozen=True, slots=True)
class Words:
    """How options are spoken of.

    Parameters
    ----------
    chunk : str
        What spans count.
    currency : str
    horizon : float
        In weeks.
    level : float
        Of the intervals.

    Examples
    --------
    >>> option = Option("retrain", "trees", 13, None, 400, 4, 0.2, 13_900.0, 4000.0,
    ...     1500.0, 4600.0, 17_500.0, 1.0, True)
    >>> words = Words("week", "USD", 26, 0.9)
    >>> words.name(option), words.noun(option)
    ('retrain on the last 13 weeks', 'retraining on the last 13 weeks')
    """

    chunk: str = "week"
    currency: str = "USD"
    horizon: float = 26
    level: float = 0.90

    def act(self, best: Option, options: Sequence[Option]) -> str:
        """The sentence for an option that is taken."""
        name = self.name(best)
        said = f"{name[0].upper()}{name[1:]}: expected {self.gain(best)}"
        other = _beside(best, options)
        if other is None:
            return f"{said}."
        noun, price = self.noun(other), self.money(other.price)
        if other.action == "rebuild" and best.action == "retrain":
            noun = "a rebuild" + self._offered(other)
        more = other.value - best.value
        if more > 0:
            return f"{said}; {noun} would add {self.money(more)} for {price}."
        return f"{said}; {noun} for {price} would add nothing."

    def keep(self, options: Sequence[Option], policy: Policy) -> str:
        """The sentence for leaving things as they are, and why not the best option."""
        top = options[0]
        return (
            f"Keep the version in production: the best alternative, to "
            f"{self.name(top)}, is expected to bring {self.gain(top)}, "
            f"{_doubt(top, policy)}."
        )

    def gain(self, option: Option) -> str:
        """What an option brings, and for how much."""
        lower, upper = (end + option.price for end in (option.lower, option.upper))
        return (
            f"{self.signed(option.value)} over {self.horizon:g} weeks "
            f"({self.between(lower, upper)}) against a price of "
            f"{self.money(option.price)}"
        )

    def per_week(self, option: Option, persistence: float = math.nan) -> str:
        """What an option brings in its first week, and how that fades.

        Examples
        --------
        >>> sure = Option("retrain", "trees", 13, None, 400, 4, 0.2, 9820.0, 1200.0,
        ...     500.0, 7340.0, 11300.0, 1.0, True, weeks=10.0)
        >>> Words().per_week(sure, 0.95)
        '+$982 in the first week (90%: 784 to 1,180), of which 95% is left a week later'
        """
        if math.isnan(option.gain_per_week):
            return ""
        ends = self.between(option.gain_per_week_lower, option.gain_per_week_upper)
        said = f"{self.signed(option.gain_per_week)} in the first week ({ends})"
        if math.isnan(persistence):
            return said
        if persistence == 1:
            return f"{said}, and as much in each one after it"
        return f"{said}, of which {100 * persistence:g}% is left a week later"

    def between(self, lower: float, upper: float) -> str:
        """An interval within a sentence that has named the currency."""
        return f"{self.level:.0%}: {_bare(lower)} to {_bare(upper)}"

    def name(self, option: Option) -> str:
        """An option as what to do."""
        if option.action == "roll_back":
            return f"roll back to version {option.version}"
        if option.action == "recalibrate":
            return "recalibrate the scores"
        if option.action == "retrain":
            return f"retrain on {self.rows(option)}"
        made = f"rebuild with {line(option.recipe, 40)} on {self.rows(option)}"
        return made + self._offered(option)

    def noun(self, option: Option) -> str:
        """An option as a thing."""
        name = self.name(option)
        first, _, rest = name.partition(" ")
        nouns = {"roll": "rolling", "recalibrate": "recalibrating"}
        nouns |= {"retrain": "retraining", "rebuild": "a rebuild"}
        return f"{nouns[first]} {rest}"

    def rows(self, option: Option) -> str:
        """The rows an option is trained on."""
        if option.span is None:
            return "all rows"
        count = f"{option.span} " if option.span > 1 else ""
        return f"the last {count}{self.chunk}{'s' if option.span > 1 else ''}"

    def chunks(self, count: int) -> str:
        """So many chunks.

        Examples
        --------
        >>> Words().chunks(1), Words("month").chunks(2), Words().chunks(13)
        ('one week', 'two months', '13 weeks')
        """
        number = _COUNTS[count] if count < len(_COUNTS) else str(count)
        return f"{number} {self.chunk}{'' if count == 1 else 's'}"

    def money(self, value: float) -> str:
        """A sum with its currency."""
        return money(value, self.currency)

    def signed(self, value: float) -> str:
        """A sum that says when it is more."""
        return ("+" if value > 0 else "") + self.money(value)

    def _offered(self, option: Option) -> str:
        columns = [name.strip() for name in option.offered.split(",") if name.strip()]
        if not columns:
            return ""
        plural = "s" if len(columns) > 1 else ""
        return f" with the new column{plural} {some(columns)}"


def _doubt(option: Option, policy: Policy) -> str:
    """Why an option is not taken."""
    chance = percent(option.probability)
    if option.net <= 0:
        return f"and pays with a probability of {chance}"
    if option.gain <= policy.least_gain:
        return "but saves too few errors to act upon"
    earned = not option.earned < option.price
    needed = policy.probability if earned else policy.unearned_probability
    bar = (1 + policy.margin) * option.price
    over = float(option.value > bar)
    if option.error > 0:
        over = NormalDist().cdf((option.value - bar) / option.error)
    if over <= needed:
        sure = percent(over) if over < 0.99 else f"{math.floor(1e3 * over) / 10:g}%"
        asked = f"{100 * needed:g}% is asked for"
        if not earned:
            asked += ", for acting has not earned that price so far"
        return (
            f"and pays, with {policy.margin:.0%} to spare, with a probability of "
            f"{sure}: {asked}"
        )
    return "but only one window says so"


def percent(share: float) -> str:
    """A probability that is never called certain by rounding.

    Examples
    --------
    >>> percent(0.62), percent(0.9991), percent(0.002), percent(1.0)
    ('62%', 'above 99%', 'below 1%', '100%')
    """
    if 0.99 < share < 1:
        return "above 99%"
    if 0 < share < 0.01:
        return "below 1%"
    return f"{share:.0%}"


def _beside(best: Option, options: Sequence[Option]) -> Option | None:
    """The option a reader will ask about: a rebuild, else the best other action."""
    others = [option for option in options if option.action != best.action]
    if best.action == "retrain":
        rebuilt = next((o for o in others if o.action == "rebuild"), None)
        if rebuilt is not None:
            return rebuilt
    return others[0] if others else None


def _rounded(value: float) -> float:
    value = float(value)
    if math.isfinite(value) and abs(value) > 1e-9:
        return round(value, 2 - math.floor(math.log10(abs(value))))
    return value


def _bare(value: float) -> str:
    """A sum without its currency, with the digits of one."""
    return money(value, _NO_CURRENCY).replace(f"{_NO_CURRENCY}\N{NO-BREAK SPACE}", "")

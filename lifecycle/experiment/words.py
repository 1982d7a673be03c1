"""What a trial says, in sentences a product owner understands."""

from __future__ import annotations

import math

from lifecycle import markup

__all__ = ["called", "ends", "signed", "size", "span"]

_LONGEST = 60


def called(name: object) -> str:
    r"""A name in one line, printable and not too long.

    Examples
    --------
    >>> called("order\nvalue"), called("x" * 99)[-2:]
    ('order value', 'x…')
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in str(name)).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def signed(value: float, unit: str) -> str:
    """A difference with its sign; shares differ in points.

    Examples
    --------
    >>> signed(0.0213, "%"), signed(3.5, "EUR")
    ('+2.1 points', '+€3.50')
    """
    if math.isnan(value):
        return "undefined"
    sign = "\N{MINUS SIGN}" if value < 0 else "+"
    return sign + size(abs(value), unit)


def size(value: float, unit: str) -> str:
    """How large a difference is, without its sign."""
    if unit == "%" and math.isfinite(value):
        return f"{100 * value:.1f} points"
    return markup.number(float(value), unit)


def ends(lower: float, upper: float, unit: str) -> str:
    """Both ends of a sequence; words where nothing is ruled out yet.

    Examples
    --------
    >>> ends(-0.01, 0.03, "%") == "\N{MINUS SIGN}1.0 to +3.0 points"
    True
    """
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return "nothing ruled out yet"
    low, high = signed(lower, unit), signed(upper, unit)
    return f"{low.removesuffix(' points')} to {high}"


def span(count: float) -> str:
    """A number of weeks in words.

    Examples
    --------
    >>> span(0.4), span(1.0), span(7.25), span(14.6)
    ('less than a week', '1.0 weeks', '7.2 weeks', '15 weeks')
    """
    if math.isnan(count) or count > 520:
        return "more than ten years"
    if count < 1:
        return "less than a week"
    return f"{count:.1f} weeks" if count < 10 else f"{count:.0f} weeks"

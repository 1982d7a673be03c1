"""Where a ruling turns: present prices, and those at which it would be another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from lifecycle.figures.axes import roomy
from lifecycle.figures.picture import (
    CARD,
    INK,
    LINES,
    MUTED,
    Picture,
    clean,
    draw,
    roughly,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["flip_points"]

_MOST = 8
_FAR = 1000.0  # beyond so many times the present price nothing is drawn to scale


class _Flip(Protocol):
    @property
    def what(self) -> str: ...
    @property
    def side(self) -> str: ...
    @property
    def now(self) -> float: ...
    @property
    def at(self) -> float: ...
    @property
    def to(self) -> str: ...
    @property
    def unit(self) -> str: ...


def flip_points(rows: Sequence[_Flip], *, title: str) -> Picture:
    """Draw present prices and those at which the ruling would be another.

    Parameters
    ----------
    rows : sequence of flips
        Of each price (`what`) one row a `side`, "above" or "below": what it is `now`,
        `at` what it turns (infinite where never, `nan` where unknown), what the ruling
        would be then (`to`), and the `unit`. What is counted on top of the present one
        ("later") is written, not drawn.
    title : str
        What is asked, in a few words.

    Returns
    -------
    Picture
        A bar a price, from where to where the ruling stands, in multiples of the
        present price; the axis is logarithmic.

    Examples
    --------
    >>> from collections import namedtuple
    >>> Flip = namedtuple("Flip", "what side now at to unit")
    >>> flip_points([Flip("retrain", "above", 1500.0, 3400.0, "keep", "USD")],
    ...     title="What would change it").alt
    'What would change it: retrain, now $1,500, above $3,400: keep.'
    """
    named: dict[str, list[_Flip]] = {}
    for row in rows:
        named.setdefault(row.what, []).append(row)
    shown = dict(list(named.items())[:_MOST])
    ratios = [r for rows in shown.values() for row in rows if (r := _ratio(row))]
    low = max(1 / _FAR, min([0.5, *ratios]) / 2.5)
    high = min(_FAR, max([2.0, *ratios]) * 2.5)

    def paint(axes: Axes) -> None:
        roomy(axes)
        for place, flips in enumerate(shown.values()):
            _strip(axes, place, flips, low, high)
            axes.annotate(
                _present(flips),
                (1, place),
                xycoords=("axes fraction", "data"),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                color=MUTED,
            )
        axes.axvline(1, color=INK, linewidth=1.2, zorder=2)
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        _ticks(axes, low, high)
        axes.set_yticks(range(len(shown)), [_name(what) for what in shown])
        axes.set_ylim(max(len(shown), 1) - 0.35, -0.65)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.set_xlabel("times the present one; on the bar the ruling stands")

    def blank(axes: Axes) -> None:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "nothing to draw", color=MUTED, ha="center", va="center")

    alt = _in_words(title, shown, len(named) - len(shown))
    if not shown:
        return draw(blank, title=title, alt=alt, height=1.2)
    return draw(paint, title=title, alt=alt, height=0.95 + 0.56 * len(shown))


def _ratio(row: _Flip) -> float:
    """How many times the present price the ruling turns at; 0 where there is none."""
    if not (row.now > 0 and 0 < row.at < math.inf):
        return 0.0
    return row.at / row.now


def _strip(
    axes: Axes, place: int, flips: Sequence[_Flip], low: float, high: float
) -> None:
    drawn = [row for row in flips if row.side in ("above", "below") and row.now > 0]
    if not drawn or all(math.isnan(row.at) for row in drawn):
        words = "; ".join(_turn(row) for row in flips)
        if all(row.at == math.inf for row in flips):
            words = "nothing changes it"
        axes.annotate(
            clean(words, 60),
            (0, place),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            bbox={"facecolor": CARD, "edgecolor": "none", "pad": 1.5},
            zorder=6,
        )
        return
    ends = {"below": low, "above": high}
    for row in drawn:
        if _ratio(row):
            ends[row.side] = min(max(_ratio(row), low), high)
    width = ends["above"] - ends["below"]
    axes.barh(place, width, left=ends["below"], height=0.3, color=LINES[0], alpha=0.35)
    axes.plot([1], [place], "o", color=INK, markersize=6, zorder=5)
    for row in drawn:
        if not _ratio(row):
            continue
        at = ends[row.side]
        axes.plot(
            [at],
            [place],
            "D",
            color=LINES[1],
            markeredgecolor=CARD,
            markersize=7,
            zorder=5,
        )
        over = row.side == "above"
        axes.annotate(
            clean(f"{roughly(row.at, row.unit)}: {row.to}", 44),
            (at, place),
            xytext=(0, 9 if over else -9),
            textcoords="offset points",
            ha="left" if math.log(at) < _middle(low, high) else "right",
            va="bottom" if over else "top",
            fontsize=8,
            color=INK,
            bbox={"facecolor": CARD, "edgecolor": "none", "pad": 0.4},
            zorder=6,
        )


def _middle(low: float, high: float) -> float:
    return (math.log(low) + math.log(high)) / 2


def _ticks(axes: Axes, low: float, high: float) -> None:
    """Round multiples, written as fractions below the present."""
    from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

    steps = [0.001, 0.01, 0.1, 0.25, 0.5, 1, 2, 4, 10, 100, 1000]
    if high / low > 300:
        steps = [0.001, 0.01, 0.1, 1, 10, 100, 1000]
    kept = [step for step in steps if low <= step <= high]
    axes.xaxis.set_major_locator(FixedLocator(kept))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xticks(kept, ["now" if step == 1 else f"×{step:g}" for step in kept])


def _present(flips: Sequence[_Flip]) -> str:
    row = flips[0]
    if row.side == "later":
        return ""
    return f"now {roughly(row.now, row.unit)}"


def _turn(row: _Flip) -> str:
    if math.isnan(row.at):
        return "unknown" if row.side == "later" else f"{row.side}: unknown"
    if math.isinf(row.at):
        return f"never {row.side}"
    if row.side == "later":
        count = f"{row.at:g} {clean(row.unit, 12)}{'' if row.at == 1 else 's'}"
        return f"{count} later: {clean(row.to, 30)}"
    return f"{row.side} {roughly(row.at, row.unit)}: {clean(row.to, 30)}"


def _name(what: str) -> str:
    words = {"error": "price of an error", "delay": "outcomes later"}
    return words.get(what) or f"price of {_noun(what)}"


def _noun(what: str) -> str:
    nouns = {
        "retrain": "a retraining",
        "rebuild": "a rebuild",
        "roll_back": "a roll-back",
        "recalibrate": "a recalibration",
    }
    return nouns.get(what, clean(what.replace("_", " "), 24))


def _in_words(title: str, shown: dict[str, list[_Flip]], left: int) -> str:
    if not shown:
        return f"{clean(title, 80)}: nothing to draw."
    told = []
    for what, flips in shown.items():
        now = _present(flips)
        about = clean(what.replace("_", " "), 24) + (f", {now}" if now else "")
        told.append(", ".join([about, *(_turn(row) for row in flips)]))
    end = f" {left} more are not drawn." if left else ""
    return f"{clean(title, 80)}: {'; '.join(told)}.{end}"

"""A drawing with its sentence, and how one is made."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.figures.svg import named, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "ALERT",
    "CARD",
    "INK",
    "LINES",
    "MUTED",
    "RULE",
    "SIGNS",
    "Picture",
    "adapt",
    "clean",
    "compose",
    "draw",
    "roughly",
    "say",
    "some",
]

CARD, INK, MUTED, RULE, ALERT = "#ffffff", "#1b2027", "#545d69", "#d8dde3", "#b42318"
LINES = ("#1f5fa8", "#b05a00", "#0a766a", "#7a4a9e", "#8a6d00", "#3f4855")
"""Colours on a light card, each with at least 4.5 to 1 against it."""

_DARK = {
    CARD: "#1b1f26",
    INK: "#e7e9ec",
    MUTED: "#a7afba",
    RULE: "#3a424d",
    ALERT: "#ff9385",
    LINES[0]: "#7fb6f2",
    LINES[1]: "#f2a65a",
    LINES[2]: "#55cdb9",
    LINES[3]: "#cda6ea",
    LINES[4]: "#e0c35c",
    LINES[5]: "#c3cbd6",
}
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
_INCH = 100  # CSS pixels of a page to an inch of the drawing
_WIDTH = 6.8
_FACE = "system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SETTINGS: Mapping[str, object] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lifecycle",
    "text.parse_math": False,
    "font.size": 9,
    "figure.titlesize": 10,
    "figure.titleweight": "bold",
    "axes.facecolor": "none",
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "figure.facecolor": CARD,
    "text.color": INK,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "ytick.left": False,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.markersize": 3.5,
    "hatch.linewidth": 0.6,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing as SVG, with a sentence that says what it shows.

    Parameters
    ----------
    svg : str
        A complete `<svg>` element.
    alt : str
        The content in a sentence, with its numbers.

    Examples
    --------
    >>> Picture("<svg/>", "Nothing was measured.")
    <Picture: Nothing was measured.>
    """

    svg: str
    alt: str

    def __repr__(self) -> str:
        return f"<Picture: {self.alt}>"

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        shown = {"image/svg+xml": self.svg, "text/plain": self.alt}
        return shown, {"image/svg+xml": {"alt": self.alt}}


def draw(
    paint: Callable[[Axes], None], *, title: str, alt: str, height: float = 3.1
) -> Picture:
    """Make a picture by painting on fresh axes of the house's style.

    Parameters
    ----------
    paint : callable
        Takes the axes and paints on them.
    title : str
        Set above the drawing.
    alt : str
        The sentence of the picture.
    height : float
        In hundreds of pixels of a page.
    """

    def fill(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.tick_params(length=3)
        paint(axes)

    return compose(fill, title=title, alt=alt, height=height)


def compose(
    fill: Callable[[Figure], None], *, title: str, alt: str, height: float = 3.1
) -> Picture:
    """Make a picture of several axes by filling an empty figure of the house's style.

    Parameters
    ----------
    fill : callable
        Takes the figure, which has its title, and puts axes into it.
    title, alt : str
    height : float
        As for `draw`.
    """
    import matplotlib
    from matplotlib.figure import Figure

    # a notebook's own settings (and those of the inline backend) must not show
    plain = {
        name: value
        for name, value in matplotlib.rcParamsDefault.items()
        if name.split(".")[0]
        in {"axes", "figure", "font", "grid", "hatch", "legend", "lines"}
        | {"patch", "path", "savefig", "svg", "text", "xtick", "ytick"}
    }
    out = io.StringIO()
    with matplotlib.rc_context({**plain, **_SETTINGS}), warnings.catch_warnings():
        # letters outside the measuring font are set by the reader's own fonts
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=(_WIDTH, height), dpi=72, layout="constrained")
        figure.suptitle(clean(title, 80), x=0.008, ha="left")
        fill(figure)
        for axes in figure.axes:  # a spine is as long as its axes, and dear to measure
            for spine in axes.spines.values():
                spine.set_in_layout(False)
        layout = figure.get_layout_engine()
        if layout is not None:  # once is enough: left alone it works at every draw
            layout.execute(figure)
            figure.set_layout_engine(None)  # "none" would draw twice
        figure.savefig(out, format="svg", metadata=dict.fromkeys(_METADATA))
    box, body = tidy(out.getvalue())
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" class="lc-drawing" role="img" '
        f'font-family="{_FACE}" width="{round(_WIDTH * _INCH)}" '
        f'height="{round(height * _INCH)}" viewBox="{box}">'
    )
    return Picture(opening + adapt(body), clean(alt, 2000))


_METADATA = ("Creator", "Date", "Format", "Type")


def adapt(drawing: str) -> str:
    """The drawing with its styles in front, and how they change in the dark."""
    styles, body = named(drawing)
    dark: dict[str, list[str]] = {}
    for name, style in styles.items():
        for way, light in re.findall(r"(?<![\w-])(fill|stroke):(#\w{6})", style):
            if light in _DARK:
                dark.setdefault(f"{way}:{_DARK[light]}", []).append(f".{name}")
    rules = "".join(f".{name}{{{style}}}" for name, style in styles.items())
    changed = "".join(
        f"{','.join(names)}{{{said}!important}}" for said, names in dark.items()
    )
    return (
        f"<style>.lc-drawing *{{stroke-linejoin:round}}{rules}"
        f"@media screen and (prefers-color-scheme:dark){{{changed}}}</style>{body}"
    )


def clean(text: object, most: int = 40) -> str:
    r"""Text that is safe to set in a drawing: printable, one line, not too long.

    Examples
    --------
    >>> clean("one and\ttwo"), clean("long names", 6)
    ('one and two', 'long …')
    """
    line = " ".join(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", str(text)).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def say(value: float, unit: str = "") -> str:
    """A number in the words of an axis or a sentence.

    Examples
    --------
    >>> say(0.8123), say(0.8123, "%"), say(1200.0, "USD"), say(math.nan)
    ('0.812', '81.2%', '$1,200', 'undefined')
    >>> say(-0.5) == "\N{MINUS SIGN}0.500"
    True
    """
    if math.isnan(value):
        return "undefined"
    sign, size = "\N{MINUS SIGN}" if value < 0 else "", abs(value)
    if math.isinf(value):
        return f"{sign}\N{INFINITY}"
    if size >= 1e15:
        mark = SIGNS.get(unit, "")
        text = f"{sign}{mark}{100 * size if unit == '%' else size:.3g}"
        return text + ("%" if unit == "%" else "" if mark or not unit else f" {unit}")
    if unit == "%":
        digits = f"{100 * size:.1f}%"
        return digits if digits == "0.0%" else sign + digits
    if unit in SIGNS:
        digits = f"{size:,.0f}"
        return f"{'' if digits == '0' else sign}{SIGNS[unit]}{digits}"
    places = 3 if size < 10 else 1 if size < 1000 else 0
    small = 0 < size < 0.0005
    text = sign + (f"{size:.2g}" if small else f"{size:,.{places}f}")
    return f"{text} {unit}" if unit else text


def roughly(value: float, unit: str = "") -> str:
    """A sum of money with the three digits it is good for; any other as `say` has it.

    Examples
    --------
    >>> roughly(12384.0, "USD"), roughly(4.35, "USD"), roughly(3512.0, "CHF")
    ('$12,400', '$4.35', '3,510 CHF')
    >>> roughly(0.8123, "%")
    '81.2%'
    """
    if not (len(unit) == 3 and unit.isupper() and math.isfinite(value)):
        return say(value, unit)
    held = float(f"{value:.3g}")
    if unit in SIGNS and 0 < abs(held) < 100 and not held.is_integer():
        sign = "\N{MINUS SIGN}" if held < 0 else ""
        return f"{sign}{SIGNS[unit]}{abs(held):.2f}"
    return say(held, unit)


def some(names: Iterable[str], most: int = 6) -> str:
    """A list in words, cut when it is long.

    Examples
    --------
    >>> some(["a", "b"]), some("abcdefgh", 3)
    ('a and b', 'a, b, c and 5 more')
    """
    held = [clean(name) for name in names]
    if len(held) > most:
        return ", ".join(held[:most]) + f" and {len(held) - most} more"
    return " and ".join([", ".join(held[:-1]), held[-1]] if held[1:] else held)

"""A drawing with its sentence, and how one is made."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "ALERT",
    "CARD",
    "INK",
    "LINES",
    "MUTED",
    "RULE",
    "Picture",
    "adapt",
    "clean",
    "draw",
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
_INCH = 100  # CSS pixels of a page to an inch of the drawing
_WIDTH = 6.8
_FACE = 'system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif'
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SETTINGS: Mapping[str, object] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lifecycle",
    "text.parse_math": False,
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.facecolor": CARD,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
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
        axes = figure.add_subplot()
        axes.set_title(clean(title, 80))
        axes.tick_params(length=3)
        paint(axes)
        figure.savefig(out, format="svg", metadata=dict.fromkeys(_METADATA))
    size = (round(_WIDTH * _INCH), round(height * _INCH))
    return Picture(_tidy(out.getvalue(), size), clean(alt, 2000))


_METADATA = ("Creator", "Date", "Format", "Type")


def _tidy(svg: str, size: tuple[int, int]) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.S)
    svg = re.sub(r"<[^>]*>", _shorten, svg)
    root = re.match(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', svg)
    if root is None:
        raise ValueError("the drawing has no viewBox; draw it with matplotlib's SVG")
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" class="lc-drawing" role="img" '
        f'width="{size[0]}" height="{size[1]}" viewBox="{root.group(1)}">'
    )
    return re.sub(r"\n\s*", "\n", opening + adapt() + svg[root.end() :]).strip()


def _shorten(tag: re.Match[str]) -> str:
    text = re.sub(r"\d+\.\d{3,}", _round, tag.group())
    face = _FACE.replace('"', "'")
    return re.sub(r"(font: [^;\"]*?\d+(?:\.\d+)?px) [^;\"]*", rf"\1 {face}", text)


def _round(digits: re.Match[str]) -> str:
    return f"{float(digits.group()):.2f}"


def adapt() -> str:
    """The style element that changes the colours with the reader's dark setting."""
    rules = "".join(
        f'.lc-drawing [style*="{way}: {light}"]{{{way}:{dark}!important}}'
        for light, dark in _DARK.items()
        for way in ("fill", "stroke")
    )
    return f"<style>@media (prefers-color-scheme:dark){{{rules}}}</style>"


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
    >>> say(0.8123), say(0.8123, "%"), say(-1200.0, "USD"), say(math.nan)
    ('0.812', '81.2%', '-1,200 USD', 'undefined')
    """
    if math.isnan(value):
        return "undefined"
    if unit == "%":
        return f"{100 * value:.1f}%"
    size = abs(value)
    places = 3 if size < 10 else 1 if size < 1000 else 0
    small = 0 < size < 0.0005
    text = f"{value:.2g}" if small else f"{value:,.{places}f}"
    return f"{text} {unit}" if unit else text


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


def scale(axis: Any, unit: str) -> None:
    """Set the numbers of an axis in its unit."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, ScalarFormatter

    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    if unit == "%":
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g}%"))
    elif unit:
        axis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{value:,.10g} {clean(unit, 8)}")
        )
    else:
        plain = ScalarFormatter(useOffset=False)
        axis.set_major_formatter(plain)


def spread(heights: list[float], apart: float) -> list[float]:
    """Push heights apart so that labels beside them do not cover each other.

    Examples
    --------
    >>> spread([0.5, 0.5, 0.9], 0.1)
    [0.45, 0.55, 0.9]
    """
    order = sorted(range(len(heights)), key=heights.__getitem__)
    placed = list(heights)
    for _ in range(50):
        for low, high in pairwise(order):
            lack = apart - (placed[high] - placed[low])
            if lack > 1e-9:
                placed[low] -= lack / 2
                placed[high] += lack / 2
    return [round(height, 6) for height in placed]

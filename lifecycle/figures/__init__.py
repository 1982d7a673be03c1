"""Figures: the only room that draws.

Every function returns a `Picture`: an SVG drawing with a sentence that says the
same to those who do not see it. The same numbers give the same bytes. Colours are
told apart by colour-blind readers, never carry a meaning alone, and change with
the reader's light or dark setting.
"""

from __future__ import annotations

from lifecycle.figures.against import against
from lifecycle.figures.bars import by_subject
from lifecycle.figures.cells import compare_counts
from lifecycle.figures.closing import closing
from lifecycle.figures.confusion import confusion
from lifecycle.figures.courses import versus
from lifecycle.figures.curve import reliability
from lifecycle.figures.deciles import by_decile
from lifecycle.figures.estimated import realised_and_estimated
from lifecycle.figures.kept import promised
from lifecycle.figures.life import Happening, life
from lifecycle.figures.lines import over_time
from lifecycle.figures.panels import small_multiples
from lifecycle.figures.picture import Picture
from lifecycle.figures.segments import forest
from lifecycle.figures.spark import sparkline
from lifecycle.figures.split import parts
from lifecycle.figures.turns import flip_points
from lifecycle.figures.values import net_values
from lifecycle.figures.windows import by_window

__all__ = [
    "Happening",
    "Picture",
    "against",
    "by_decile",
    "by_subject",
    "by_window",
    "closing",
    "compare_counts",
    "confusion",
    "flip_points",
    "forest",
    "life",
    "net_values",
    "over_time",
    "parts",
    "promised",
    "realised_and_estimated",
    "reliability",
    "small_multiples",
    "sparkline",
    "versus",
]

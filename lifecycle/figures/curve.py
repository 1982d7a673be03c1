"""The reliability curve: do the probabilities mean what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle.figures.axes import legend, scale
from lifecycle.figures.marks import DASHED
from lifecycle.figures.picture import LINES, MUTED, Picture, clean, draw, say

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["reliability"]


def reliability(table: pd.DataFrame, *, title: str) -> Picture:
    """Draw how often the outcome came true against what the scores promised.

    Parameters
    ----------
    table : DataFrame
        One row a bin with `n`, `mean_score`, `rate`, `rate_lower`, `rate_upper`, as
        `calibration.reliability` gives it; rows that are empty or `nan` are left out.
    title : str
        Set above the drawing.

    Returns
    -------
    Picture
        Points with intervals; on the dashed line scores are exactly right.
    """
    known = table[
        (table["n"] > 0) & table["mean_score"].notna() & table["rate"].notna()
    ]
    x, y = known["mean_score"].to_numpy(float), known["rate"].to_numpy(float)

    def paint(axes: Axes) -> None:
        straight: dict[str, Any] = {"color": MUTED, "linestyle": DASHED, "linewidth": 1}
        axes.plot([0, 1], [0, 1], label="exactly right", **straight)
        if len(known):
            axes.vlines(
                x,
                known["rate_lower"].to_numpy(float),
                known["rate_upper"].to_numpy(float),
                color=LINES[0],
                linewidth=1.2,
            )
            axes.plot(x, y, color=LINES[0], marker="o", markersize=5)
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        scale(axes.xaxis, "%")
        scale(axes.yaxis, "%")
        axes.set_xlabel("mean score of the bin")
        axes.set_ylabel("share that came true")
        legend(axes)

    words = f"{clean(title, 80)}: "
    if not len(known):
        return draw(paint, title=title, alt=words + "no bins to draw.", height=3.4)
    worst = int(abs(x - y).argmax())
    words += (
        f"observed rate against mean score in {len(known)} bins. Largest gap at a "
        f"score of {say(float(x[worst]), '%')}, where {say(float(y[worst]), '%')} came "
        f"true (n {int(known['n'].iloc[worst]):,})."
    )
    return draw(paint, title=title, alt=words, height=3.4)

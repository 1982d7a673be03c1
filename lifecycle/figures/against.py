"""Predicted against true: what came in the mean where so much was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle.figures.axes import legend, scale
from lifecycle.figures.marks import DASHED
from lifecycle.figures.picture import LINES, MUTED, Picture, clean, draw, say

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["against"]


def against(table: pd.DataFrame, *, title: str, unit: str = "") -> Picture:
    """Draw what came true in the mean against what was predicted, group by group.

    Parameters
    ----------
    table : DataFrame
        One row a group of predictions with `n`, `predicted`, `true`, `true_lower` and
        `true_upper`; rows that are empty or `nan` are left out.
    title : str
        Set above the drawing.
    unit : str
        Of the amounts: a currency, "min", or empty.

    Returns
    -------
    Picture
        Points with intervals; on the dashed line predictions are exactly right.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"n": [40, 40], "predicted": [10.0, 20.0],
    ...     "true": [11.0, 26.0], "true_lower": [9.0, 24.0], "true_upper": [13, 28]})
    >>> against(table, title="Amounts").alt
    'Amounts: what came against what was predicted, in 2 groups. Largest gap where 20.0
    was predicted and 26.0 came (n 40).'
    """
    known = table[(table["n"] > 0) & table["predicted"].notna() & table["true"].notna()]
    x, y = (known[name].to_numpy(dtype=float) for name in ("predicted", "true"))

    def paint(axes: Axes) -> None:
        if len(known):
            ends = [float(min(x.min(), y.min())), float(max(x.max(), y.max()))]
            straight: dict[str, Any] = {"color": MUTED, "linestyle": DASHED}
            axes.plot(ends, ends, label="exactly right", linewidth=1, **straight)
            lower, upper = (
                known[f"true_{end}"].to_numpy(dtype=float) for end in ("lower", "upper")
            )
            axes.vlines(x, lower, upper, color=LINES[0], linewidth=1.2)
            axes.plot(x, y, color=LINES[0], marker="o", markersize=5)
            legend(axes)
        scale(axes.xaxis, unit)
        scale(axes.yaxis, unit)
        axes.set_xlabel("predicted, mean of the group")
        axes.set_ylabel("came true, mean")

    return draw(paint, title=title, alt=_in_words(known, x, y, title, unit), height=3.4)


def _in_words(known: pd.DataFrame, x: Any, y: Any, title: str, unit: str) -> str:
    name = clean(title, 80)
    if not len(known):
        return f"{name}: there are no outcomes to draw."
    worst = int(abs(x - y).argmax())
    groups = f"{len(known)} group{'' if len(known) == 1 else 's'}"
    return (
        f"{name}: what came against what was predicted, in {groups}. Largest gap where "
        f"{say(float(x[worst]), unit)} was predicted and {say(float(y[worst]), unit)} "
        f"came (n {int(known['n'].iloc[worst]):,})."
    )

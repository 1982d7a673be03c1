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


def reliability(
    table: pd.DataFrame,
    *,
    title: str,
    beside: pd.DataFrame | None = None,
    names: tuple[str, str] = ("candidate", "champion"),
) -> Picture:
    """Draw how often the outcome came true against what the scores promised.

    Parameters
    ----------
    table : DataFrame
        One row a bin with `n`, `mean_score`, `rate`, `rate_lower`, `rate_upper`, as
        `calibration.reliability` gives it; rows that are empty or `nan` are left out.
    title : str
        Set above the drawing.
    beside : DataFrame, optional
        The same of another model on the same rows.
    names : (str, str)
        What the two are called, where there are two.

    Returns
    -------
    Picture
        Points with intervals; on the dashed line scores are exactly right.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"n": [40], "mean_score": [0.2], "rate": [0.25],
    ...     "rate_lower": [0.2], "rate_upper": [0.3]})
    >>> reliability(table, title="Calibration").alt
    'Calibration: observed rate against mean score in 1 bin. Largest gap at a score of
    20.0%, where 25.0% came true (n 40).'
    """
    curves = [(names[0] if beside is not None else "", _known(table))]
    if beside is not None:
        curves.append((names[1], _known(beside)))

    def paint(axes: Axes) -> None:
        straight: dict[str, Any] = {"color": MUTED, "linestyle": DASHED, "linewidth": 1}
        axes.plot([0, 1], [0, 1], label="exactly right", **straight)
        for place in reversed(range(len(curves))):
            _curve(axes, place, *curves[place])
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        scale(axes.xaxis, "%")
        scale(axes.yaxis, "%")
        axes.set_xlabel("mean score of the bin")
        axes.set_ylabel("share that came true")
        legend(axes)

    told = [_in_words(name, known) for name, known in curves]
    return draw(
        paint, title=title, alt=f"{clean(title, 80)}: {' '.join(told)}", height=3.4
    )


def _known(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["n"] > 0) & table["mean_score"].notna() & table["rate"].notna()]


def _curve(axes: Axes, place: int, name: str, known: pd.DataFrame) -> None:
    if not len(known):
        return
    colour = LINES[place]
    x, y = known["mean_score"].to_numpy(float), known["rate"].to_numpy(float)
    lower, upper = (known[f"rate_{end}"].to_numpy(float) for end in ("lower", "upper"))
    axes.vlines(x, lower, upper, color=colour, linewidth=1.2)
    axes.plot(
        x,
        y,
        color=colour,
        marker="s" if place else "o",
        linestyle=(0, (5, 1.5)) if place else "-",
        markersize=5,
        label=clean(name, 22) or None,
    )


def _in_words(name: str, known: pd.DataFrame) -> str:
    about = f"{clean(name, 22)}, " if name else ""
    if not len(known):
        return f"{about}no bins to draw."
    x, y = known["mean_score"].to_numpy(float), known["rate"].to_numpy(float)
    worst = int(abs(x - y).argmax())
    bins = f"{len(known)} bin{'' if len(known) == 1 else 's'}"
    score, rate = (say(float(each[worst]), "%") for each in (x, y))
    return (
        f"{about}observed rate against mean score in {bins}. Largest gap at a score of "
        f"{score}, where {rate} came true (n {int(known['n'].iloc[worst]):,})."
    )

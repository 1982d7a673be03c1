"""Which classes are taken for which: a square a pair, the darker the more often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle.figures.picture import (
    ALERT,
    INK,
    LINES,
    MUTED,
    Picture,
    clean,
    draw,
    say,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["confusion"]

_LEAST = 0.005  # of a row: a smaller share has no square


def confusion(counts: pd.DataFrame, *, title: str, most: int = 12) -> Picture:
    """Draw what was predicted of each class, as shares of what came true.

    Parameters
    ----------
    counts : DataFrame of shape (k, l)
        How many rows: a row a class that came true, a column one that was predicted.
    title : str
        Set above the drawing.
    most : int
        So many classes at most, those with the most mistakes; the others are one.

    Returns
    -------
    Picture
        Right answers in blue, mistakes in red, each with its share of the row; grey
        where it is not told which of the others.

    Examples
    --------
    >>> import pandas as pd
    >>> counts = pd.DataFrame({"card": [8, 3], "loan": [2, 7]}, index=["card", "loan"])
    >>> confusion(counts, title="Confusion").alt
    'Confusion: of 20 rows of 2 classes 75.0% were named right. Most often loan was
    taken for card: 3 of 10.'
    """
    table, other = _fewer(counts, most)
    names = [str(name) for name in table.index]
    guesses = [str(name) for name in table.columns]
    rows = table.sum(axis=1).to_numpy(dtype=float)
    values = table.to_numpy(dtype=float)

    def paint(axes: Axes) -> None:
        from matplotlib.patches import Rectangle

        for down, name in enumerate(names):
            for across, guess in enumerate(guesses):
                share = values[down, across] / rows[down] if rows[down] else 0.0
                if share < _LEAST:
                    continue
                colour = LINES[0] if name == guess else ALERT
                colour = MUTED if name == guess == other else colour
                corner = (across - 0.48, down - 0.48)
                square = Rectangle(
                    corner, 0.96, 0.96, color=colour, alpha=0.12 + 0.5 * share, lw=0
                )
                axes.add_patch(square)
                axes.text(
                    across, down, f"{share:.0%}", ha="center", va="center", color=INK
                )
        axes.set_xlim(-0.5, max(len(guesses), 1) - 0.5)
        axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
        axes.set_xticks(range(len(guesses)), [clean(each, 14) for each in guesses])
        axes.set_yticks(range(len(names)), [clean(each, 22) for each in names])
        if len(guesses) > 4:
            axes.tick_params(axis="x", labelrotation=40)
        axes.grid(visible=False)
        axes.set_xlabel("predicted")
        axes.set_ylabel("came true")

    alt = f"{clean(title, 80)}: {_in_words(counts)}"
    return draw(paint, title=title, alt=alt, height=2.0 + 0.28 * max(len(names), 2))


def _fewer(counts: pd.DataFrame, most: int) -> tuple[pd.DataFrame, str]:
    """The classes with the most mistakes, the others put together, and their name."""
    import pandas as pd

    names = list(dict.fromkeys([*counts.index, *counts.columns]))
    square = counts.reindex(index=names, columns=names, fill_value=0)
    if len(names) <= most:
        return _filled(square), ""
    wrong = square.sum(axis=1) + square.sum(axis=0)
    wrong -= 2 * pd.Series(square.to_numpy().diagonal(), index=names)
    kept = list(wrong.sort_values(ascending=False, kind="stable").index[: most - 1])
    other = f"{len(names) - len(kept)} others"
    told = {name: name if name in kept else other for name in names}
    short = square.groupby(told).sum().T.groupby(told).sum().T
    order = [*kept, other]
    return _filled(short.reindex(index=order, columns=order)), other


def _filled(square: pd.DataFrame) -> pd.DataFrame:
    """Without classes that never came, and columns of those never predicted."""
    came, said = (square.sum(axis=axis).to_numpy() > 0 for axis in (1, 0))
    return square.loc[came, said]


def _in_words(counts: pd.DataFrame) -> str:
    total = int(counts.to_numpy().sum())
    if not total:
        return "there are no outcomes to draw."
    same = [name for name in counts.index if name in counts.columns]
    right = int(counts.loc[same, same].to_numpy().diagonal().sum())
    told = (
        f"of {total:,} rows of {len(counts)} classes {say(right / total, '%')} were "
        "named right."
    )
    values, most = counts.to_numpy(), (0, "", "", 0)
    for truth, row in zip(counts.index, values, strict=True):
        for guess, count in zip(counts.columns, row, strict=True):
            if truth != guess and int(count) > most[0]:
                most = int(count), str(truth), str(guess), int(row.sum())
    if not most[0]:
        return told
    return (
        f"{told} Most often {clean(most[1], 40)} was taken for {clean(most[2], 40)}: "
        f"{most[0]:,} of {most[3]:,}."
    )

"""How the champion's loss has moved, as a back-test's table tells it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Move", "kept", "move"]

_NEWEST = 2  # windows held against those before them


@dataclass(frozen=True, slots=True)
class Move:
    """The champion's mean loss in the newest windows and in those before them.

    Parameters
    ----------
    loss, variance : float
        Of the newest windows; `nan` where there is none.
    reference, reference_variance : float
        Of those before them; `nan` where there are none.
    n : int
        Rows of the newest windows.
    """

    loss: float = math.nan
    variance: float = 0.0
    reference: float = math.nan
    reference_variance: float = 0.0
    n: int = 0


def move(table: pd.DataFrame) -> Move:
    r"""How the loss of what is in production has moved.

    Parameters
    ----------
    table : DataFrame
        As `training.backtest` gives it; of its rows with the action "keep" the columns
        `age`, `n` and `loss` count.

    Returns
    -------
    Move
        The newest two windows against those before them.

    Notes
    -----
    The rows of a window share what happened in it, so windows are the sample: with the
    variance :math:`s^2` of the loss between the windows before, the means of :math:`j`
    new and :math:`k` old windows have the variances :math:`s^2/j` and :math:`s^2/k`.
    With a single window before, :math:`s^2` is that of its rows, as if each were right
    or wrong.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"action": "keep", "age": range(4), "n": 400,
    ...     "loss": [0.25, 0.25, 0.125, 0.125]})
    >>> move(table)
    Move(loss=0.25, variance=0.0, reference=0.125, reference_variance=0.0, n=800)
    """
    import numpy as np

    if "loss" not in table.columns:
        return Move()
    rows = table[(table["action"] == "keep") & table["loss"].notna()]
    rows = rows.drop_duplicates("age").sort_values("age")
    losses, counts = (rows[name].to_numpy(dtype=float) for name in ("loss", "n"))
    new, old = slice(0, _NEWEST), slice(_NEWEST, None)
    if not losses.size or not counts[new].sum():
        return Move()
    loss, n = (
        float(np.average(losses[new], weights=counts[new])),
        int(counts[new].sum()),
    )
    before = losses[old]
    if not before.size or not counts[old].sum():
        return Move(loss, n=n)
    reference = float(np.average(before, weights=counts[old]))
    if before.size > 1:
        spread = float(before.var(ddof=1))
    else:
        spread = max(reference * (1 - reference), 0.0) / float(counts[old][0])
    return Move(loss, spread / len(losses[new]), reference, spread / before.size, n)


def kept(table: pd.DataFrame) -> frozenset[tuple[str, int | None, int]]:
    """The fits a table rests on, as triples of recipe, span and age.

    Of a back-test that was to make no fits they are those kept from before.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"action": ["keep", "retrain"], "recipe": [None, "own"],
    ...     "span": [None, 13], "age": [0, 1]})
    >>> kept(table)
    frozenset({('own', 13, 1)})
    """
    rows = table[table["action"].isin(["retrain", "rebuild"])]
    if "offered" in rows.columns:
        rows = rows[rows["offered"].fillna("") == ""]
    known = rows["span"].notna().tolist()
    spans = [
        int(span) if there else None
        for span, there in zip(rows["span"].tolist(), known, strict=True)
    ]
    names, ages = rows["recipe"].astype(str).tolist(), rows["age"].astype(int).tolist()
    return frozenset(zip(names, spans, ages, strict=True))

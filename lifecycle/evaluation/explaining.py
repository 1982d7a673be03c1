"""What moved a score: each feature in turn as it usually is, all others as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["reasons"]


def reasons(
    score: Callable[[pd.DataFrame], npt.ArrayLike],
    rows: pd.DataFrame,
    usual: pd.DataFrame,
    *,
    features: Sequence[str],
) -> pd.DataFrame:
    r"""By how much each feature moved the score of each row.

    Parameters
    ----------
    score : callable
        Takes a frame and gives a score a row.
    rows : DataFrame of n rows
        With the features.
    usual : DataFrame
        Rows that are normal; what is usual of a number is its median, of anything
        else the most frequent value. A feature that is nowhere known is missing.
    features : sequence of str
        Which are asked, k of them.

    Returns
    -------
    DataFrame, shape (n, k)
        On the index of the rows: positive where the value has raised the score
        above what it would be with the usual one.

    Raises
    ------
    KeyError
        When a feature is no column of both frames.

    Notes
    -----
    .. math:: s(x) - s(x_1, \dots, x_{j-1}, \tilde x_j, x_{j+1}, \dots, x_k)

    One feature is changed at a time, so the parts do not add up to the whole where
    features act together, and two that say the same may each seem to say nothing.
    It tells what the model did, not what is so.

    References
    ----------
    Robnik-Sikonja and Kononenko, "Explaining Classifications For Individual
    Instances", IEEE Transactions on Knowledge and Data Engineering 20 (2008).

    Examples
    --------
    >>> import pandas as pd
    >>> usual = pd.DataFrame({"age": [30, 40, 50], "visits": [1, 2, 3]})
    >>> rows = pd.DataFrame({"age": [40, 60], "visits": [5, 2]})
    >>> score = lambda x: 0.01 * x["age"] + 0.1 * x["visits"]
    >>> reasons(score, rows, usual, features=["age", "visits"]).round(2).values.tolist()
    [[0.0, 0.3], [0.2, 0.0]]
    """
    import numpy as np
    import pandas as pd

    if not len(rows) or not features:
        return pd.DataFrame(0.0, index=rows.index, columns=list(features))
    asked = [rows]
    for name in features:
        changed = rows.copy()
        changed[name] = _usual(usual[name], rows[name])
        asked.append(changed)
    said = np.asarray(score(pd.concat(asked, ignore_index=True)), dtype=float)
    table = said.reshape(len(features) + 1, len(rows))
    return pd.DataFrame(
        (table[0] - table[1:]).T, index=rows.index, columns=list(features)
    )


def _usual(known: pd.Series, like: pd.Series) -> Any:
    """The usual value, as a column of the type of the rows'."""
    import pandas as pd

    known = known.dropna()
    if pd.api.types.is_numeric_dtype(like) and not pd.api.types.is_bool_dtype(like):
        middle = float(known.median()) if len(known) else float("nan")
        return pd.Series(middle, index=like.index, dtype=float)
    value = known.mode().iloc[0] if len(known) else None
    return pd.Series([value] * len(like), index=like.index, dtype=like.dtype)

"""Clashes: rows that come in and say something else than the log does of their id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import logs
from lifecycle.logs import problems

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["find", "problems_of", "stored"]


def stored(log: logs.Logs, rows: pd.DataFrame) -> pd.DataFrame:
    """The logged predictions of these rows' ids, by id."""
    import pandas as pd

    ids = log.predictions(columns=["id"])["id"]
    if not ids.isin(rows["id"]).any():
        told = [name for name in logs.CANONICAL["predictions"] if name != "id"]
        return pd.DataFrame(columns=told, index=pd.Index([], name="id"))
    known = log.predictions()
    return known[known["id"].isin(rows["id"])].set_index("id")


def find(told: pd.DataFrame, rows: pd.DataFrame) -> dict[int, str]:
    """What is wrong with each row that differs from the log in one of its columns.

    Parameters
    ----------
    told : DataFrame
        As `stored` gives it.
    rows : DataFrame
        With `id`; missing is equal to missing. A column the log has not is missing
        there.

    Returns
    -------
    dict of int to str
        By the row's index: the reason, with the first column that differs.

    Examples
    --------
    >>> import pandas as pd
    >>> told = pd.DataFrame({"visits": [3.0]}, index=pd.Index(["7"], name="id"))
    >>> find(told, pd.DataFrame({"id": ["7", "8"], "visits": [4.0, 1.0]}))
    {0: "is in the log with 'visits' 3, now 4; give the row a new id or leave
    it out"}
    """
    known = rows[rows["id"].isin(told.index)]
    reasons: dict[int, str] = {}
    for name in [column for column in rows if column != "id"]:
        now = _plain(known[name])
        was: list[object] = [None] * len(now)
        if name in told:
            was = _plain(told[name].reindex(known["id"]))
        for index, old, new in zip(known.index, was, now, strict=True):
            if old != new:
                reasons.setdefault(
                    index,
                    f"is in the log with {problems.shown(name)} {_said(old)}, now "
                    f"{_said(new)}; give the row a new id or leave it out",
                )
    return dict(sorted(reasons.items()))


def problems_of(
    file: str,
    column: str,
    ids: pd.Series,
    reasons: Mapping[int, str],
    lines: Sequence[int] | None = None,
) -> list[logs.Problem]:
    """The clashes as problems of a file, or of a frame by the numbers of its rows."""
    rows = lines is None or Path(file).suffix.lower() in (".parquet", ".pq")
    return [
        logs.Problem(
            file,
            reason,
            row + 1 if lines is None else lines[row],
            column,
            str(ids[row]),
            "row" if rows else "line",
        )
        for row, reason in reasons.items()
    ]


def _plain(column: pd.Series) -> list[object]:
    return list(column.astype(object).where(column.notna(), None))


def _said(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "nothing" if value is None else problems.shown(value)

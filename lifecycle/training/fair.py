"""Rows that a version has not learned from: what it may be tested on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle.training import people

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["unseen"]


def unseen(
    frame: pd.DataFrame,
    *,
    trained_to: datetime | None,
    feedback: pd.DataFrame | None = None,
    as_of: datetime | None = None,
    classes: int = 2,
) -> np.ndarray:
    """Mark the rows that a version has not learned from.

    A word on a row that was too young for its outcome may have stood for it: when the
    outcome comes, the row is no fair test of that version.

    Parameters
    ----------
    frame : DataFrame of n rows
        `time`, and `id` where people were listened to.
    trained_to : datetime, optional
        The last row with a true outcome that it was trained on; `None` where it was
        trained elsewhere.
    feedback : DataFrame, optional
        As `material` was given; without it nobody was listened to.
    as_of : datetime, optional
        The moment of that training, with a time zone; needed with `feedback`.
    classes : int
        Of how many classes labels are codes, as `material` was told.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    ValueError
        Feedback is given without `as_of`.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2023-01-02", periods=4, tz="UTC")
    >>> frame = pd.DataFrame({"id": list("abcd"), "time": days})
    >>> said = pd.DataFrame({"id": ["c"], "time": days[2:3], "kind": "override"})
    >>> said["label"] = 1.0
    >>> told = {"trained_to": days[0], "feedback": said}
    >>> unseen(frame, **told, as_of=days[3]).tolist()
    [False, True, False, True]
    >>> unseen(frame, **told, as_of=days[1]).tolist()
    [False, True, True, True]
    """
    import numpy as np

    free = np.ones(len(frame), dtype=bool)
    if trained_to is not None:
        free &= (frame["time"] > trained_to).to_numpy(dtype=bool)
    if feedback is None or not len(feedback):
        return free
    if as_of is None:
        raise ValueError("with feedback as_of must say when the version was trained")
    said = set(people.words(feedback, as_of=as_of, classes=classes)["id"])
    return free & ~frame["id"].astype(str).isin(said).to_numpy(dtype=bool)

"""Faults of a version, call by call, less those of the version behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lifecycle import errors, routing

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Faults", "also", "counted", "logged"]

_TRIES = 64  # parts of a batch that a version is asked for, one after the other
_MILLE = 1000


@dataclass(frozen=True)
class Faults:
    """Calls of a version since a release, and its rows of the last day.

    Parameters
    ----------
    failed, missed : mapping of float to int
        Calls by the share of their rows that it raised on or was too late with; and,
        of the others, that it gave no score. Rows of one call fail together, so that a
        call counts once. Rows that the version behind failed on too are in neither.
    bad, asked, both : int
        Rows of the last day: without a score from it, that it was asked for, and
        without a score from the version behind either.
    """

    failed: Mapping[float, int] = field(default_factory=dict)
    missed: Mapping[float, int] = field(default_factory=dict)
    bad: int = 0
    asked: int = 0
    both: int = 0


def counted(tally: routing.Tally, version: str, *, start: str, day: str) -> Faults:
    """The faults that a router or a batch counted.

    Parameters
    ----------
    tally : Tally
    version : str
    start, day : str
        Hours of the release, and of the beginning of the last day.
    """
    whole, lately = routing.Count(), routing.Count()
    for (number, role, hour), count in tally.counts.items():
        if number != version or role == "shadow" or hour < start:
            continue
        whole.merge(count)
        if hour >= day:
            lately.merge(count)
    return Faults(
        {share / _MILLE: n for share, n in whole.failed.items()},
        {share / _MILLE: n for share, n in whole.missed.items()},
        lately.errors + lately.slow + lately.missing,
        lately.rows - lately.skipped,
        lately.excused,
    )


def logged(
    rows: pd.DataFrame, bad: np.ndarray, both: np.ndarray, *, day: str
) -> Faults:
    """The faults that a log shows, where nobody counted: rows of a minute are a call.

    Parameters
    ----------
    rows : DataFrame
        With `time`.
    bad, both : ndarray of bool, shape (n,)
        Rows without a score, and those that the version behind has none for either.
    day : str
        The hour in which the last day begins.
    """
    import pandas as pd

    times = rows["time"].dt.tz_convert("UTC")
    minutes = times.dt.floor("min").to_numpy()
    told = pd.DataFrame({"own": bad & ~both, "left": ~both}).groupby(minutes).sum()
    told = told[told["left"] > 0]
    shares = Counter((told["own"] / told["left"]).tolist())
    lately = (times.dt.strftime("%Y-%m-%dT%H") >= day).to_numpy()
    return Faults(
        {},
        shares,
        int((bad & lately).sum()),
        int(lately.sum()),
        int((both & lately).sum()),
    )


def also(
    scores: Callable[[pd.DataFrame], np.ndarray],
    rows: pd.DataFrame,
    *,
    sound: pd.DataFrame,
) -> tuple[np.ndarray, str]:
    """Which rows another version has no score for either, or why it cannot be said.

    Where it raises, parts of the rows are tried, down to single ones. What raises on
    sound rows too, or cannot be loaded, excuses nothing: the version is at fault.

    Parameters
    ----------
    scores : callable
        What the other version says of rows.
    rows : DataFrame of shape (n, n_columns)
        That a version gave no score.
    sound : DataFrame
        Rows that have a score.

    Returns
    -------
    ndarray of bool, shape (n,)
    str
        Why it excuses nothing; empty where it is fit to be asked.
    """
    import numpy as np

    both = np.zeros(len(rows), dtype=bool)
    parts, tries = [np.arange(len(rows))], 0
    while parts:
        part = parts.pop()
        if tries == _TRIES:
            both[part] = True  # in doubt the rows are at fault; somebody is told
            continue
        tries += 1
        try:
            both[part] = np.isnan(scores(rows.iloc[part]))
        except errors.ArtefactError as error:
            return np.zeros(len(rows), dtype=bool), str(error)
        except Exception as error:  # noqa: BLE001 - code of a model, whatever it raises
            if tries == 1 and _raises(scores, sound):
                words = " ".join(f"{type(error).__name__}: {error}".split())[:200]
                return both, f"it raises on rows that have a score ({words})"
            both[part] = len(part) == 1
            if len(part) > 1:
                parts += np.array_split(part, 2)
    return both, ""


def _raises(scores: Callable[[pd.DataFrame], np.ndarray], rows: pd.DataFrame) -> bool:
    """Whether a version raises on rows, of which there are some."""
    if rows.empty:
        return False
    try:
        scores(rows)
    except Exception:  # noqa: BLE001 - the code of a model, whatever it raises
        return True
    return False

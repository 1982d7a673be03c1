"""What checks of the data say of each window of a stream, as the product asks them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle import quality

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from benchmarks.replay.streams import Stream

__all__ = ["Checks", "checks"]


BLOCKING = frozenset(
    {
        "missing",
        "type",
        "scale",
        "frozen",
        "distinct",
        "repeated",
        "duplicate_rows",
        "duplicate_ids",
    }
)
"""Causes for which rows are wrong as they stand. What the world may do by itself, new
categories, fewer rows, numbers further out, is said and stands in no training's way."""


_START = datetime(2022, 1, 3, tzinfo=UTC)  # a Monday


@dataclass(frozen=True)
class Checks:
    """Faults a window.

    Parameters
    ----------
    inputs, outcomes : ndarray of bool, shape (W,)
        Known when the window is over, and when its outcomes are due.
    unlabelled : ndarray of float, shape (W,)
        Share of rows without an outcome.
    sentences, remarks : tuple of str
        Of the faults; of what the same check calls a fault and stands in no training's
        way. Empty where there is none.
    """

    inputs: np.ndarray
    outcomes: np.ndarray
    unlabelled: np.ndarray
    sentences: tuple[str, ...]
    remarks: tuple[str, ...]


def checks(stream: Stream, score: np.ndarray | None, *, first: int) -> Checks:
    """Ask each window from `first` on for faults, against the clean ones before.

    Parameters
    ----------
    stream : Stream
    score : ndarray of float, shape (n,), optional
        Of one and the same model, for outcomes of 0 and 1.
    first : int
        The windows before it are taken as clean.

    Returns
    -------
    Checks
    """
    import numpy as np

    windows = stream.windows
    frame = stream.table.assign(time=stream.time)
    inputs, outcomes = np.zeros(windows, dtype=bool), np.zeros(windows, dtype=bool)
    lost = np.isnan(stream.known)
    unlabelled = np.array([lost[stream.window == w].mean() for w in range(windows)])
    labelled = _weekly(stream, score)
    sentences, remarks = [], []
    for window in range(windows):
        said: list[str] = []
        rest: list[str] = []
        if window >= first:
            clean = ~inputs[stream.window] & (stream.window < window)
            said, rest = _faults(frame[clean], frame[stream.window == window])
            inputs[window] = bool(said)
            wrong = _wrong(labelled[stream.window <= window], window)
            outcomes[window] = bool(wrong)
            said += wrong
        sentences.append("; ".join(said))
        remarks.append("; ".join(rest))
    return Checks(inputs, outcomes, unlabelled, tuple(sentences), tuple(remarks))


def _weekly(stream: Stream, score: np.ndarray | None) -> pd.DataFrame:
    """The stream's outcomes as a log in which a window is a week."""
    import numpy as np
    import pandas as pd

    edges = np.searchsorted(stream.window, np.arange(stream.windows + 1))
    within = np.arange(len(stream.window)) - edges[stream.window]
    share = within / np.diff(edges)[stream.window]
    weeks = pd.to_timedelta(7 * 86400 * (stream.window + share), unit="s")
    frame = pd.DataFrame({"time": _START + weeks, "outcome": stream.known})
    return frame if score is None else frame.assign(score=score)


def _wrong(labelled: pd.DataFrame, window: int) -> list[str]:
    """What is wrong with the outcomes of a window, once they are due."""
    moment = _START + timedelta(weeks=window + 2)
    found = quality.outcomes(labelled, as_of=moment, delay=timedelta(weeks=1))
    newest = labelled[labelled["time"] >= _START + timedelta(weeks=window)]
    return [each.sentence for each in found.faults if each.touches(newest).any()]


def _faults(
    reference: pd.DataFrame, analysis: pd.DataFrame
) -> tuple[list[str], list[str]]:
    """What stands in the way of training, and what does not."""
    names = [name for name in reference if name != "time"]
    found = quality.check(reference, analysis, features=names).faults
    said = [each.sentence for each in found if each.cause in BLOCKING]
    return said, [each.sentence for each in found if each.cause not in BLOCKING]

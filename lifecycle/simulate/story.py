"""A story: what a simulated company sees week by week, and the truth behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Event", "Fault", "Story", "week_label"]

Day = date
"""The type, where a field is called `date`."""


def week_label(day: date) -> str:
    """ISO week of a day, as chunks are labelled.

    Examples
    --------
    >>> week_label(date(2023, 1, 2))
    '2023-W01'
    """
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the market or the company.

    Parameters
    ----------
    date : datetime.date
        The first day on which rows are different.
    name : str
        A few words, the same for a shift and a flip of one day.
    features : tuple of str
        Which features it touches.
    kind : {"shift", "flip", "season", "fault"}
        Their distribution moves; what they say about the outcome turns round; they
        move and come back; or they are broken on the way and their rows unharmed.
    description : str
        What happened, as the people of the company tell it.
    until : datetime.date, optional
        The first day on which it is over; None where it lasts.
    """

    date: date
    name: str
    features: tuple[str, ...]
    kind: Literal["shift", "flip", "season", "fault"]
    description: str
    until: Day | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Outcomes that are reported wrong, and later corrected.

    Parameters
    ----------
    since : datetime
        Leads from this moment on are hit (UTC).
    reported, corrected : datetime
        From when to when wrong outcomes are reported (UTC). Outcomes known
        before are reported once more, wrong, at `reported`.
    regions : tuple of str
        Only leads of these regions are hit.
    description : str
        What went wrong.
    """

    since: datetime
    reported: datetime
    corrected: datetime
    regions: tuple[str, ...]
    description: str


@dataclass(frozen=True, eq=False)
class Story(ABC):
    """What a simulated company sees, and what only the simulation knows.

    Frames have the canonical columns (docs/architecture.md); times are UTC.

    Parameters
    ----------
    seed : int
        Of the random numbers.
    start, end : datetime
        The live weeks, half-open; rows before `start` are there to train on.
    rows : DataFrame
        What is predicted: `id`, `time`, then the features; oldest first.
    outcomes : DataFrame
        The truth: `id`, `time` when it became known, `outcome` (0 or 1, or a class by
        name); row by row those of `rows`.
    reported_outcomes : DataFrame
        What the company's systems say, in the order of `time`; an id may come twice:
        the newest counts.
    corrections : DataFrame
        The truth for the ids that were reported wrong, known when they were
        corrected.
    probability : Series
        Of a positive outcome given the features, by id; of the most likely one where
        there are several classes. Known to nobody.
    events : tuple of Event
        What changed, oldest first.
    drifts : mapping of str to str
        The first week in which a feature's distribution has moved; features
        that are not here never drift.
    numeric, categorical : tuple of str
        Names of the features.
    """

    seed: int
    start: datetime
    end: datetime
    rows: pd.DataFrame = field(repr=False)
    outcomes: pd.DataFrame = field(repr=False)
    reported_outcomes: pd.DataFrame = field(repr=False)
    corrections: pd.DataFrame = field(repr=False)
    probability: pd.Series[float] = field(repr=False)
    events: tuple[Event, ...] = field(repr=False)
    drifts: Mapping[str, str] = field(repr=False)
    numeric: tuple[str, ...] = field(repr=False)
    categorical: tuple[str, ...] = field(repr=False)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of all features, numbers first."""
        return self.numeric + self.categorical

    @property
    def weeks(self) -> tuple[datetime, ...]:
        """The Mondays of the live weeks, at midnight UTC."""
        count = (self.end - self.start) // timedelta(weeks=1)
        return tuple(self.start + timedelta(weeks=number) for number in range(count))

    def rows_between(self, start: datetime, end: datetime) -> pd.DataFrame:
        """Rows made from `start` until just before `end`.

        Examples
        --------
        >>> from lifecycle import simulate
        >>> story = simulate.lead_scoring(weeks=4, leads_per_week=50)
        >>> monday = story.weeks[1]
        >>> week = story.rows_between(monday, monday + timedelta(weeks=1))
        >>> week["time"].min() >= monday
        True
        """
        return _between(self.rows, start, end)

    def outcomes_between(self, start: datetime, end: datetime) -> pd.DataFrame:
        """What the systems say from `start` until just before `end`, corrected or not.

        Returns
        -------
        DataFrame
            `id`, `time` and `outcome`, in the order of `time`.
        """
        import pandas as pd

        said = [
            _between(frame, start, end)
            for frame in (self.reported_outcomes, self.corrections)
        ]
        return pd.concat(said, ignore_index=True).sort_values(
            ["time", "id"], ignore_index=True
        )

    @abstractmethod
    def reactions(
        self,
        predictions: pd.DataFrame,
        *,
        recent: pd.DataFrame | None = None,
        seed: int | None = None,
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What people do with the predictions of one week.

        Parameters
        ----------
        predictions : DataFrame
            The week's rows as they were scored: `id`, `time`, `prediction`; rows
            without a prediction are passed over.
        recent : DataFrame, optional
            `id` and `prediction` of earlier weeks: what their trust rests on.
        seed : int, optional
            The story's, unless another is given. Same seed and week, same people.

        Returns
        -------
        feedback, events : DataFrame
            As the log takes them in (docs/architecture.md).
        """

    def places(self, ids: pd.Series[str]) -> npt.NDArray[np.int64]:
        """Where the ids stand in `rows` and `outcomes`.

        Parameters
        ----------
        ids : Series of str

        Returns
        -------
        array of int

        Raises
        ------
        ValueError
            When an id is not one of the story's.

        Examples
        --------
        >>> from lifecycle import simulate
        >>> story = simulate.lead_scoring(weeks=1, leads_per_week=50)
        >>> story.places(story.rows["id"].tail(2)) - len(story.rows)
        array([-2, -1])
        """
        import pandas as pd

        at = self.probability.index.get_indexer(pd.Index(ids))
        if (at < 0).any():
            stranger = ids.iloc[int((at < 0).argmax())]
            raise ValueError(
                f"{stranger!r} is not in this story; "
                "hand over ids from story.rows of the same seed"
            )
        return at


def _between(frame: pd.DataFrame, start: datetime, end: datetime) -> pd.DataFrame:
    inside = (frame["time"] >= start) & (frame["time"] < end)
    return frame[inside].reset_index(drop=True)

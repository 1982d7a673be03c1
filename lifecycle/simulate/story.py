"""A story: what a simulated company sees week by week, and the truth behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from lifecycle.simulate import people

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Event", "Fault", "Story", "week_label"]


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
        The first day on which leads are different.
    name : str
        A few words, the same for a shift and a flip of one day.
    features : tuple of str
        Which features it touches.
    kind : {"shift", "flip"}
        Their distribution moves, or what they say about the outcome turns round.
    description : str
        What happened, as the sales team tells it.
    """

    date: date
    name: str
    features: tuple[str, ...]
    kind: Literal["shift", "flip"]
    description: str


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
class Story:
    """What a simulated company sees, and what only the simulation knows.

    Frames have the canonical columns (docs/architecture.md); times are UTC.

    Parameters
    ----------
    seed : int
        Of the random numbers.
    start, end : datetime
        The live weeks, half-open; leads before `start` are there to train on.
    leads : DataFrame
        `id`, `time`, then the features; oldest first.
    outcomes : DataFrame
        The truth: `id`, `time` when it became known, `outcome` 0 or 1; row by
        row the rows of `leads`.
    reported_outcomes : DataFrame
        What the CRM says, in the order of `time`; equal to the truth but for
        `fault`. An id may come twice: the newest counts.
    corrections : DataFrame
        The truth for the ids that were reported wrong, known when they were
        corrected.
    probability : Series
        Of a positive outcome given the features, by id; known to nobody.
    bayes : Series
        The accuracy no model can exceed, by live week.
    events : tuple of Event
        What changed, oldest first.
    drifts : mapping of str to str
        The first week in which a feature's distribution has moved; features
        that are not here never drift.
    fault : Fault
        What happened to the outcomes.
    numeric, categorical : tuple of str
        Names of the features.
    """

    seed: int
    start: datetime
    end: datetime
    leads: pd.DataFrame = field(repr=False)
    outcomes: pd.DataFrame = field(repr=False)
    reported_outcomes: pd.DataFrame = field(repr=False)
    corrections: pd.DataFrame = field(repr=False)
    probability: pd.Series[float] = field(repr=False)
    bayes: pd.Series[float] = field(repr=False)
    events: tuple[Event, ...] = field(repr=False)
    drifts: Mapping[str, str] = field(repr=False)
    fault: Fault = field(repr=False)
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

    def leads_between(self, start: datetime, end: datetime) -> pd.DataFrame:
        """Leads made from `start` until just before `end`.

        Examples
        --------
        >>> from lifecycle import simulate
        >>> story = simulate.lead_scoring(weeks=4, leads_per_week=50)
        >>> monday = story.weeks[1]
        >>> week = story.leads_between(monday, monday + timedelta(weeks=1))
        >>> week["time"].min() >= monday
        True
        """
        return _between(self.leads, start, end)

    def outcomes_between(self, start: datetime, end: datetime) -> pd.DataFrame:
        """What the CRM says from `start` until just before `end`, corrections included.

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

    def accuracy(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """Accuracy of predictions by week, against the truth.

        Parameters
        ----------
        predictions : DataFrame
            `id` of the lead and `prediction`, 0 or 1; rows without a prediction
            are left out.

        Returns
        -------
        DataFrame
            `week` (of the lead), `n`, `accuracy` and `bayes` (the accuracy none
            can exceed, of the same rows), oldest week first.

        Raises
        ------
        ValueError
            When an id is not one of the story's.
        """
        import numpy as np
        import pandas as pd

        rows = predictions[predictions["prediction"].notna()]
        at = self._rows(rows["id"])
        chance = self.probability.to_numpy()[at]
        times = self.leads["time"].array[at]
        frame = pd.DataFrame(
            {
                "age": (times - self.start) // pd.Timedelta(weeks=1),
                "n": 1,
                "accuracy": rows["prediction"].to_numpy()
                == self.outcomes["outcome"].to_numpy()[at],
                "bayes": np.maximum(chance, 1 - chance),
            }
        )
        table = frame.groupby("age").agg(
            {"n": "sum", "accuracy": "mean", "bayes": "mean"}
        )
        mondays = [self.start + timedelta(weeks=int(age)) for age in table.index]
        table.insert(0, "week", [week_label(monday) for monday in mondays])
        return table.reset_index(drop=True)

    def reactions(
        self,
        predictions: pd.DataFrame,
        *,
        recent: pd.DataFrame | None = None,
        seed: int | None = None,
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What sales people do with the predictions of one week.

        They call the leads predicted to be won as far as they trust the model,
        and a few others when they do not; they flag or override what looks like
        nonsense to them, and are right about three times in four. What they do
        changes no outcome.

        Parameters
        ----------
        predictions : DataFrame
            `id`, `time` and `prediction` of one week's leads; rows without a
            prediction are passed over.
        recent : DataFrame, optional
            `id` and `prediction` of earlier weeks. Their share of right ones,
            among outcomes that became known in the eight weeks before, is what
            the trust rests on; without them it is what it is at the start.
        seed : int, optional
            The story's, unless another is given. Same seed and week, same people.

        Returns
        -------
        feedback : DataFrame
            `feedback_id`, `id`, `time`, `kind` (flag, override), `label` (what
            the person says it is; missing in a flag), `person`, `reason`.
        events : DataFrame
            `event_id`, `id`, `time`, `kind` ("called"), `value` (missing).

        Raises
        ------
        ValueError
            When an id is not one of the story's.
        """
        import numpy as np

        rows = predictions[predictions["prediction"].notna()].sort_values("id")
        truth = self.outcomes["outcome"].to_numpy()[self._rows(rows["id"])]
        begin = rows["time"].min() if len(rows) else self.start
        number = (begin - self.start) // timedelta(weeks=1)
        monday = self.start + number * timedelta(weeks=1)
        trust = people.trust(self._recent_accuracy(recent, monday))
        rng = np.random.default_rng(
            [self.seed if seed is None else seed, number + 10_000]
        )
        return people.react(rows, truth, trust=trust, rng=rng)

    def _recent_accuracy(self, recent: pd.DataFrame | None, monday: datetime) -> float:
        """Of outcomes known in the eight weeks before; `nan` of fewer than 30."""
        if recent is None or recent.empty:
            return float("nan")
        recent = recent[recent["prediction"].notna()]
        known = self.outcomes.iloc[self._rows(recent["id"])]
        lately = (known["time"] < monday) & (
            known["time"] >= monday - timedelta(weeks=8)
        )
        right = recent["prediction"].to_numpy() == known["outcome"].to_numpy()
        if lately.sum() < 30:
            return float("nan")
        return float(right[lately.to_numpy()].mean())

    def _rows(self, ids: pd.Series[str]) -> npt.NDArray[np.int64]:
        """Places of the ids in `leads`."""
        import pandas as pd

        at = self.probability.index.get_indexer(pd.Index(ids))
        if (at < 0).any():
            stranger = ids.iloc[int((at < 0).argmax())]
            raise ValueError(
                f"lead {stranger!r} is not in this story; "
                "hand over ids from story.leads of the same seed"
            )
        return at


def _between(frame: pd.DataFrame, start: datetime, end: datetime) -> pd.DataFrame:
    inside = (frame["time"] >= start) & (frame["time"] < end)
    return frame[inside].reset_index(drop=True)

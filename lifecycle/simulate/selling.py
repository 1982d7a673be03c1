"""The people's side of the lead-scoring story: what sales makes of predictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle.simulate import people
from lifecycle.simulate.story import Fault, Story, week_label

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Leads"]


@dataclass(frozen=True, eq=False)
class Leads(Story):
    """Leads of a software company, the sales people, and a fault of the CRM.

    Parameters
    ----------
    bayes : Series
        The accuracy no model can exceed, by live week.
    fault : Fault
        What happened to the outcomes: `reported_outcomes` are the truth but for it.
    """

    bayes: pd.Series[float] = field(repr=False)
    fault: Fault = field(repr=False)

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
        at = self.places(rows["id"])
        chance = self.probability.to_numpy()[at]
        times = self.rows["time"].array[at]
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
        truth = self.outcomes["outcome"].to_numpy()[self.places(rows["id"])]
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
        known = self.outcomes.iloc[self.places(recent["id"])]
        lately = (known["time"] < monday) & (
            known["time"] >= monday - timedelta(weeks=8)
        )
        right = recent["prediction"].to_numpy() == known["outcome"].to_numpy()
        if lately.sum() < 30:
            return float("nan")
        return float(right[lately.to_numpy()].mean())

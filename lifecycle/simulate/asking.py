"""The people's side of the chatbot story: customers, and agents who correct the bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from lifecycle.simulate.story import Story, week_label

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SURE", "Messages"]

SURE = 0.4
"""Below this score the bot says that it does not know, and hands over."""
_AGENTS = ("Farah Aziz", "Greta Holm", "Hugo Pinto", "Irina Popa")
_SOLVED, _NAMED, _RIGHT = 0.9, 0.6, 0.95
_REASONS = (
    "the customer asked for something else",
    "wrong topic, see what they wrote",
    "I took the conversation over",
)


@dataclass(frozen=True, eq=False)
class Messages(Story):
    """Messages of a bank's customers; what they are about is the outcome, by name.

    Parameters
    ----------
    text : tuple of str
        Names of the columns of text.
    arrivals : mapping of str to datetime.date
        The intents that were not there before going live, and since when they are.
    """

    text: tuple[str, ...] = field(repr=False)
    arrivals: Mapping[str, date] = field(repr=False)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of all features, numbers first and text last."""
        return self.numeric + self.categorical + self.text

    def answers(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """How the bot did by week, against the truth.

        Parameters
        ----------
        predictions : DataFrame
            `id` of the message, `prediction` (an intent) and `score`, how sure the bot
            was of it; rows without a prediction are left out.

        Returns
        -------
        DataFrame
            `week`, `n`, `accuracy` (of the intents, sure or not), `unsure` (share below
            `SURE`), `wrong` (share that was answered, and wrongly) and `best` (the
            accuracy none can exceed), oldest week first.

        Raises
        ------
        ValueError
            When an id is not one of the story's.
        """
        import pandas as pd

        rows = predictions[predictions["prediction"].notna()]
        at = self.places(rows["id"])
        truth = self.outcomes["outcome"].to_numpy()[at]
        right = rows["prediction"].to_numpy(dtype=object) == truth
        sure = rows["score"].to_numpy(dtype=float) >= SURE
        frame = pd.DataFrame(
            {
                "age": (self.rows["time"].array[at] - self.start)
                // pd.Timedelta(weeks=1),
                "n": 1,
                "accuracy": right.astype(float),
                "unsure": (~sure).astype(float),
                "wrong": (sure & ~right).astype(float),
                "best": self.probability.to_numpy()[at],
            }
        )
        means = dict.fromkeys(("accuracy", "unsure", "wrong", "best"), "mean")
        table = frame.groupby("age").agg({"n": "sum", **means})
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
        """What customers and agents do with one week's answers.

        A customer with the right answer is content nine times in ten; all others, and
        those the bot has handed over, talk to an agent. Of the wrong ones agents name
        the intent in three of five, and are right in nineteen of twenty.

        Parameters
        ----------
        predictions : DataFrame
            `id`, `time`, `prediction` (an intent) and `score` of one week's messages.
        recent : DataFrame, optional
            Not asked for: a customer knows their own message alone.
        seed : int, optional
            The story's, unless another is given. Same seed and week, same people.

        Returns
        -------
        feedback : DataFrame
            Corrections of agents; `label` is the intent they name.
        events : DataFrame
            `solved` where no agent was needed, `agent` (value: minutes) where one was.

        Raises
        ------
        ValueError
            When an id is not one of the story's.
        """
        import numpy as np
        import pandas as pd

        rows = predictions[predictions["prediction"].notna()].sort_values("id")
        rows = rows.reset_index(drop=True)
        truth = self.outcomes["outcome"].to_numpy()[self.places(rows["id"])]
        begin = rows["time"].min() if len(rows) else self.start
        number = (begin - self.start) // timedelta(weeks=1)
        first = self.seed if seed is None else seed
        rng = np.random.default_rng([first, number + 30_000])
        n = len(rows)
        chance = rng.random((3, n))
        hours, minutes = rng.uniform(0.1, 48, n), rng.uniform(3, 15, n).round(1)
        agent = np.array(_AGENTS, dtype=object)[rng.integers(0, len(_AGENTS), n)]
        words = rng.integers(0, len(_REASONS), n)
        known = np.array(sorted(set(self.outcomes["outcome"])), dtype=object)
        slip = known[rng.integers(0, known.size, n)]

        right = rows["prediction"].to_numpy(dtype=object) == truth
        sure = rows["score"].to_numpy(dtype=float) >= SURE
        solved = sure & right & (chance[0] < _SOLVED)
        named = ~right & (chance[1] < _NAMED)
        ids = rows["id"].astype(str).to_numpy(dtype=object)
        later = rows["time"] + pd.to_timedelta((hours * 3600).astype(int), unit="s")
        later = later.astype("datetime64[us, UTC]")
        feedback = pd.DataFrame(
            {
                "feedback_id": [f"F{each[1:]}" for each in ids],
                "id": ids,
                "time": later,
                "kind": np.full(n, "correction", dtype=object),
                "label": np.where(chance[2] < _RIGHT, truth, slip),
                "person": agent,
                "reason": np.array(_REASONS, dtype=object)[words],
            }
        )[named].reset_index(drop=True)
        events = pd.DataFrame(
            {
                "event_id": [f"E{each[1:]}" for each in ids],
                "id": ids,
                "time": later,
                "kind": np.where(solved, "solved", "agent").astype(object),
                "value": np.where(solved, np.nan, minutes),
            }
        )
        return feedback, events

"""The people's side of the fraud story: customers who are blocked, or robbed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lifecycle.simulate import cards
from lifecycle.simulate.story import Story, week_label

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Payments"]

_AGENTS = ("Ana Ruiz", "Ben Adler", "Chidi Eze", "Dora Lind", "Emil Novak")
_BLOCKED = (
    "the customer stood at the till and it was them",
    "on holiday, card blocked at the hotel",
    "paid the same shop every month for years",
    "new telephone, same customer",
)
_ROBBED = (
    "the customer does not know this payment",
    "several small amounts at night, not by the customer",
    "the card is in the customer's hand, somebody else paid",
)
_COMPLAINS, _NOTICES = 0.6, 0.35  # of those who are blocked; of those who are robbed
_MISTAKEN = 0.04  # of calls: forgotten purchases, and customers who lie


@dataclass(frozen=True, eq=False)
class Payments(Story):
    """Payments of a bank's customers, and what those do who are blocked or robbed.

    Parameters
    ----------
    ring : Series of bool
        Which payments are the ring's, by id; known to nobody.
    """

    ring: pd.Series[bool] = field(repr=False)

    def losses(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """What predictions caught and what they cost, by week, against the truth.

        Parameters
        ----------
        predictions : DataFrame
            `id` of the payment and `prediction`, 1 where it is blocked; rows without
            a prediction are left out.

        Returns
        -------
        DataFrame
            `week`, `n`, `frauds`, `caught` (share of them that is blocked), `blocked`
            (honest customers), `cost` (US dollars: `cards.COSTS` for each error) and
            `best` (what the errors of the best possible decisions would have cost in
            expectation), oldest week first.

        Raises
        ------
        ValueError
            When an id is not one of the story's.
        """
        import numpy as np
        import pandas as pd

        rows = predictions[predictions["prediction"].notna()]
        at = self.places(rows["id"])
        truth = self.outcomes["outcome"].to_numpy()[at]
        blocked = rows["prediction"].to_numpy(dtype=float) == 1
        chance = self.probability.to_numpy()[at]
        wrong, missed = cards.COSTS["false_positive"], cards.COSTS["false_negative"]
        frame = pd.DataFrame(
            {
                "age": (self.rows["time"].array[at] - self.start)
                // pd.Timedelta(weeks=1),
                "n": 1,
                "frauds": truth,
                "stopped": truth * blocked,
                "blocked": (1 - truth) * blocked,
                "best": np.minimum(missed * chance, wrong * (1 - chance)),
            }
        )
        table = frame.groupby("age").sum()
        table["caught"] = table["stopped"] / table["frauds"]
        lost = table["frauds"] - table["stopped"]
        table["cost"] = wrong * table["blocked"] + missed * lost
        mondays = [self.start + timedelta(weeks=int(age)) for age in table.index]
        table.insert(0, "week", [week_label(monday) for monday in mondays])
        kept = ["week", "n", "frauds", "caught", "blocked", "cost", "best"]
        return table[kept].reset_index(drop=True)

    def reactions(
        self,
        predictions: pd.DataFrame,
        *,
        recent: pd.DataFrame | None = None,
        seed: int | None = None,
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What customers tell the hotline about one week's payments.

        Of honest customers who are blocked three in five call within hours; of those
        who are robbed and were not protected about a third notice within days. One
        call in twenty-five is mistaken. A robbed customer's money comes back as a
        chargeback, with the outcome; a call about a block costs minutes.

        Parameters
        ----------
        predictions : DataFrame
            `id`, `time` and `prediction` (1: blocked) of one week's payments.
        recent : DataFrame, optional
            Not asked for: customers know nothing of the model.
        seed : int, optional
            The story's, unless another is given. Same seed and week, same people.

        Returns
        -------
        feedback : DataFrame
            Corrections, taken down by the agents of the hotline.
        events : DataFrame
            `complaint` (value: minutes), and `chargeback` (value: US dollars) on the
            day it becomes known.

        Raises
        ------
        ValueError
            When an id is not one of the story's.
        """
        import numpy as np
        import pandas as pd

        rows = predictions[predictions["prediction"].notna()].sort_values("id")
        rows = rows.reset_index(drop=True)
        at = self.places(rows["id"])
        truth = self.outcomes["outcome"].to_numpy()[at]
        begin = rows["time"].min() if len(rows) else self.start
        number = (begin - self.start) // timedelta(weeks=1)
        first = self.seed if seed is None else seed
        rng = np.random.default_rng([first, number + 20_000])
        n = len(rows)
        blocked = rows["prediction"].to_numpy(dtype=float) == 1
        chance = rng.random((2, n))
        hours = np.where(blocked, rng.uniform(0.1, 24, n), rng.uniform(12, 240, n))
        agent = np.array(_AGENTS, dtype=object)[rng.integers(0, len(_AGENTS), n)]
        words = rng.integers(0, 12, n)
        minutes = rng.uniform(4, 20, n).round(1)

        complains = blocked & (truth == 0) & (chance[0] < _COMPLAINS)
        notices = ~blocked & (truth == 1) & (chance[0] < _NOTICES)
        liars = blocked & (truth == 1) & (chance[0] < _COMPLAINS * _MISTAKEN)
        forgot = ~blocked & (truth == 0) & (chance[1] < _MISTAKEN * _NOTICES * 0.02)
        calls = complains | notices | liars | forgot
        ids = rows["id"].astype(str).to_numpy(dtype=object)
        reasons = [
            (_BLOCKED if stopped else _ROBBED)[word % (4 if stopped else 3)]
            for stopped, word in zip(blocked, words, strict=True)
        ]
        called = _after(rows["time"], hours)
        feedback = pd.DataFrame(
            {
                "feedback_id": [f"F{each[1:]}" for each in ids],
                "id": ids,
                "time": called,
                "kind": np.full(n, "correction", dtype=object),
                "label": np.where(blocked, 0.0, 1.0),
                "person": agent,
                "reason": np.array(reasons, dtype=object),
            }
        )[calls].reset_index(drop=True)
        back = ~blocked & (truth == 1)
        amounts = self.rows["amount"].to_numpy()[at]
        told = complains
        known = self.outcomes["time"].array[at]
        events = pd.concat(
            [
                _events(ids[told], called.array[told], "complaint", minutes[told]),
                _events(ids[back], known[back], "chargeback", amounts[back]),
            ],
            ignore_index=True,
        )
        return feedback, events


def _events(
    ids: npt.NDArray[Any], when: Any, kind: str, value: npt.NDArray[np.float64]
) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    return pd.DataFrame(
        {
            "event_id": [f"{kind[:2]}{each[1:]}" for each in ids],
            "id": ids,
            "time": pd.Series(when).astype("datetime64[us, UTC]"),
            "kind": np.full(len(ids), kind, dtype=object),
            "value": value,
        }
    )


def _after(moments: pd.Series[Any], hours: npt.NDArray[np.float64]) -> pd.Series[Any]:
    import pandas as pd

    later = moments + pd.to_timedelta((hours * 3600).astype(int), unit="s")
    return later.astype("datetime64[us, UTC]")

"""People: what sales people make of a model's predictions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["react", "trust"]

_PERSONS = (
    "Aisha Khan",
    "Daniel Okafor",
    "Jonas Weber",
    "Lucía Herrera",
    "Maria Keller",
    "Wei Zhang",
)
_WHY_NOT = (
    "budget frozen until next year",
    "only trying the free tier",
    "a student project",
    "bought from a competitor last month",
    "nobody there knows of a request",
)
_WHY_YES = (
    "asked me for an offer on the phone",
    "existing customer opens a second site",
    "small, but decides this week",
    "came through the marketplace with a purchase order",
    "their partner recommended us",
)
_WHY_FLAG = (
    "this score makes no sense",
    "the same kind of lead was scored the other way last year",
    "ranks far above leads that are clearly better",
    "does not fit what I hear from the customer",
)
_UNTRIED = 0.85  # trust in a model nobody has experience with
_PATIENCE = 0.78  # share of people's overrides that turn out right


def trust(accuracy: float) -> float:
    """How far people rely on a model that was right this often of late.

    Parameters
    ----------
    accuracy : float
        Share of right predictions; `nan` where nobody knows yet.

    Returns
    -------
    float
        Between 0.1 (a habit) and 0.95.

    Examples
    --------
    >>> trust(0.9), trust(0.3), trust(math.nan)
    (0.95, 0.1, 0.85)
    """
    if math.isnan(accuracy):
        return _UNTRIED
    return min(0.95, max(0.1, 0.1 + (accuracy - 0.40) * 17 / 9))


def react(
    predictions: pd.DataFrame,
    truth: npt.NDArray[np.float64],
    *,
    trust: float,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Calls, flags and overrides of one week.

    Parameters
    ----------
    predictions : DataFrame of n rows
        `id`, `time`, `prediction` (0 or 1).
    truth : array of shape (n,)
        What becomes of the leads, 0 or 1. People do not know it, but sense it:
        of their overrides a little more than three in four are right.
    trust : float
        Between 0 and 1.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    feedback, events : DataFrame
        As `Story.reactions` says.
    """
    import numpy as np
    import pandas as pd

    n = len(predictions)
    predicted = predictions["prediction"].to_numpy(dtype=float)
    wrong = predicted != truth
    chance = rng.random((3, n))
    hours = rng.uniform(0.5, 72.0, (2, n))
    person = np.array(_PERSONS, dtype=object)[rng.integers(0, len(_PERSONS), n)]
    reason = rng.integers(0, 60, n)

    called = chance[0] < np.where(predicted == 1, trust, 0.25 * (1 - trust))
    doubt = 1 - trust
    overridden = chance[1] < _share(wrong, 0.03 + 0.09 * doubt, _PATIENCE)
    flagged = ~overridden & (chance[2] < _share(wrong, 0.02 + 0.06 * doubt, 0.65))
    spoke = overridden | flagged

    moments = predictions["time"].reset_index(drop=True)
    ids = predictions["id"].astype(str).to_numpy(dtype=object)
    why = [_WHY_NOT if value == 1 else _WHY_YES for value in predicted]
    reasons = [
        words[number % len(words)] if labelled else _WHY_FLAG[number % len(_WHY_FLAG)]
        for words, number, labelled in zip(why, reason, overridden, strict=True)
    ]
    feedback = pd.DataFrame(
        {
            "feedback_id": [f"F{number[1:]}" for number in ids],
            "id": ids,
            "time": _after(moments, hours[0]),
            "kind": np.where(overridden, "override", "flag").astype(object),
            "label": np.where(overridden, 1 - predicted, np.nan),
            "person": person,
            "reason": np.array(reasons, dtype=object),
        }
    )
    events = pd.DataFrame(
        {
            "event_id": [f"E{number[1:]}" for number in ids],
            "id": ids,
            "time": _after(moments, hours[1]),
            "kind": np.full(n, "called", dtype=object),
            "value": np.full(n, np.nan),
        }
    )
    return (
        feedback[spoke].reset_index(drop=True),
        events[called].reset_index(drop=True),
    )


def _share(
    wrong: npt.NDArray[np.bool_], often: float, right: float
) -> npt.NDArray[np.float64]:
    """Chance of a word from a person, such that this share of the words is right.

    Where the model is wrong it is `often`; elsewhere what the share demands, and
    never more than a fifth of `often`.
    """
    import numpy as np

    amiss = float(wrong.mean()) if wrong.size else 0.0
    fair = often * (1 - right) / right
    elsewhere = fair * amiss / (1 - amiss) if amiss < 1 else 0.0
    return np.where(wrong, often, min(elsewhere, often))


def _after(moments: pd.Series[Any], hours: npt.NDArray[np.float64]) -> pd.Series[Any]:
    import pandas as pd

    later = moments + pd.to_timedelta((hours * 3600).astype(int), unit="s")
    return later.astype("datetime64[us, UTC]")

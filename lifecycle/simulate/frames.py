"""A small pair of frames, reference and analysis, with the drift you ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["deployment"]

_NUMERIC = ("age", "income", "visits")
_CATEGORICAL = ("channel", "plan")
_VALUES = {
    "channel": ("web", "shop", "phone", "partner"),
    "plan": ("free", "basic", "plus"),
}
_OUTCOME = "y_true"


def deployment(
    *,
    n_reference: int = 1000,
    n_analysis: int = 1000,
    shift: Mapping[str, float] | None = None,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw a reference and an analysis frame, equal but for the planted drift.

    Parameters
    ----------
    n_reference, n_analysis : int
        Rows of the two frames.
    shift : mapping of str to float, optional
        What is different in the analysis frame. For a number (`age`, `income`,
        `visits`) by how many standard deviations it moves (of the logarithm for
        `income` and `visits`); for a category (`channel`, `plan`) what is added
        to the log-odds of its first value (`web`, `free`); for `y_true` the
        share of outcomes that turn round, which leaves the scores as they are.
    seed : int
        Same seed, same frames.

    Returns
    -------
    reference, analysis : DataFrame
        `age` (float), `income` (float, 5% missing), `visits` (int), `channel`
        (str), `plan` (str, 5% missing), `y_true` (0 or 1) and `y_score`, which is
        the true probability of a positive outcome unless `y_true` was shifted.

    Raises
    ------
    ValueError
        When `shift` names a column that is not there, or the share for `y_true`
        is not between 0 and 1.

    Examples
    --------
    >>> reference, analysis = deployment(shift={"age": 1.0})
    >>> list(reference)
    ['age', 'income', 'visits', 'channel', 'plan', 'y_true', 'y_score']
    >>> round(float(analysis["age"].mean() - reference["age"].mean()))
    11
    """
    import numpy as np

    wanted = dict(shift or {})
    for name in wanted:
        if name not in (*_NUMERIC, *_CATEGORICAL, _OUTCOME):
            raise ValueError(
                f"shift names {name!r}, which is not a column; use "
                f"{', '.join((*_NUMERIC, *_CATEGORICAL, _OUTCOME))}"
            )
    if not 0 <= wanted.get(_OUTCOME, 0.0) <= 1:
        raise ValueError(
            f"shift for 'y_true' must be a share from 0 to 1, got {wanted[_OUTCOME]}"
        )
    first, second = np.random.default_rng(seed).spawn(2)
    return _frame(n_reference, {}, first), _frame(n_analysis, wanted, second)


def _frame(
    n: int, shift: Mapping[str, float], rng: np.random.Generator
) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    normal = {name: rng.standard_normal(n) + shift.get(name, 0.0) for name in _NUMERIC}
    places: dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]] = {}
    for name in _CATEGORICAL:
        odds = np.ones(len(_VALUES[name]))
        odds[0] = np.exp(shift.get(name, 0.0))
        ends = np.cumsum(odds / odds.sum())[:-1]
        places[name] = np.searchsorted(ends, rng.random(n), side="right")
    log_odds = (
        normal["age"]
        + 0.8 * normal["income"]
        - 0.6 * normal["visits"]
        + np.array([0.8, 0.0, -0.4, -0.4])[places["channel"]]
        + np.array([-0.9, 0.1, 0.8])[places["plan"]]
    )
    score = 1 / (1 + np.exp(-log_odds))
    outcome = rng.random(n) < score
    outcome ^= rng.random(n) < shift.get(_OUTCOME, 0.0)
    income = np.exp(10.4 + 0.5 * normal["income"]).round(2)
    columns = {
        name: np.array(_VALUES[name], dtype=object)[places[name]]
        for name in _CATEGORICAL
    }
    hidden = rng.random((2, n)) < 0.05
    columns["plan"][hidden[0]] = None
    return pd.DataFrame(
        {
            "age": (42 + 11 * normal["age"]).round(1),
            "income": np.where(hidden[1], np.nan, income),
            "visits": np.rint(np.exp(1.5 + 0.6 * normal["visits"])).astype(int),
            **columns,
            "y_true": outcome.astype(int),
            "y_score": score,
        }
    )

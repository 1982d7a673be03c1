"""How much a model uses each feature: what shuffling it costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle.drift import telling
from lifecycle.findings import Finding, Findings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["importance"]

Score = Callable[[Any, Any], float]
SCORES = ("roc_auc", "accuracy", "r2")
LEVEL = 0.90


def importance(
    estimator: Any,
    frame: pd.DataFrame,
    y_true: npt.ArrayLike,
    *,
    features: Sequence[Any] | None = None,
    score: str | Score = "",
    repeats: int = 10,
    rows: int = 2000,
    rng: np.random.Generator | int = 0,
) -> Findings:
    r"""Permutation importance of every feature, with interval.

    Undefined, and therefore `nan`, where the score is (one class only).

    Parameters
    ----------
    estimator : fitted estimator, or callable
        With `predict_proba` or `predict`; or a function from a frame to one number a
        row.
    frame : DataFrame of shape (n, n_columns)
        Rows the model was not trained on, with the columns it wants.
    y_true : array-like of shape (n,)
        Their outcomes.
    features : sequence of column names, optional
        All columns where none are given.
    score : {"roc_auc", "accuracy", "r2"} or callable, optional
        A function of outcomes and predictions, larger is better. Where none is given,
        ROC AUC of outcomes 0 and 1 (or false and true), accuracy of other classes, and
        R² of numbers.
    repeats : int
        How often each feature is shuffled; 2 or more.
    rows : int
        At most so many, drawn at random.
    rng : Generator or int
        Where the draws come from.

    Returns
    -------
    Findings
        A row a feature, the most important first: by how much the score falls.

    Raises
    ------
    ValueError
        When frame and outcomes are not of one length, a feature or a score is unknown,
        or there are fewer than two repeats.

    Notes
    -----
    Score of the rows as they are less the score with the feature shuffled, in the mean
    over the repeats. The 90% interval is Student's with the standard deviation over
    the repeats, each taken on rows drawn again with replacement: it holds the luck of
    the shuffle and of the rows. Of two features that say the same the model may use
    either, and then shuffling one costs little: an upper end of 0 means that the model
    does without the feature, not that the feature tells nothing.

    References
    ----------
    L. Breiman, "Random forests", Machine Learning 45 (2001), section 10.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"used": np.arange(100) % 2, "ignored": np.arange(100)})
    >>> found = importance(lambda rows: rows["used"], frame, frame["used"])
    >>> [row.subject for row in found if row.upper > 0]
    ['used']
    """
    import numpy as np
    from scipy.special import stdtrit

    outcomes = np.asarray(y_true)
    if len(frame) != len(outcomes):
        raise ValueError(
            f"frame has {len(frame)} rows and y_true {len(outcomes)}; give one outcome "
            f"a row"
        )
    if repeats < 2:
        raise ValueError(f"repeats must be 2 or more, got {repeats}; use 10")
    names = list(frame.columns if features is None else dict.fromkeys(features))
    for name in names:
        if name not in frame.columns:
            raise ValueError(f"there is no column {name!r} in frame; mend its name")
    generator = np.random.default_rng(rng)
    if len(frame) > rows:
        kept = np.sort(generator.choice(len(frame), rows, replace=False))
        frame, outcomes = frame.iloc[kept], outcomes[kept]
    measure, hold = _score(score, outcomes)
    predict = _predictor(estimator, measure)
    count = len(frame)
    calm = predict(frame) if count else np.empty(0)
    drawn = [generator.integers(count, size=count) for _ in range(repeats) if count]
    found = []
    for name in names:
        falls, again = [math.nan], [math.nan]
        if count:
            stirred = _stirred(frame, name, repeats, generator)
            moved = predict(stirred).reshape(repeats, count)
            falls = [hold(outcomes, calm) - hold(outcomes, each) for each in moved]
            again = [
                hold(outcomes[d], calm[d]) - hold(outcomes[d], each[d])
                for d, each in zip(drawn, moved, strict=True)
            ]
        value = float(np.mean(falls))
        drawn_well = np.array([fall for fall in again if not math.isnan(fall)])
        half = math.nan
        if drawn_well.size > 1:  # a draw of few rows may hold one class only
            reach = stdtrit(drawn_well.size - 1, (1 + LEVEL) / 2)
            half = float(reach * np.std(drawn_well, ddof=1))
        found.append(
            Finding(
                "importance", value, count, value - half, value + half,
                subject=str(name),
            )
        )  # fmt: skip
    found.sort(key=lambda row: (math.isnan(row.value), -row.value))
    return Findings(
        title="What the model uses",
        rows=tuple(found),
        summary=_summary(found, measure),
        main="importance",
        shown=max(60, len(found)),
    )


def _stirred(
    frame: pd.DataFrame, name: Any, repeats: int, rng: np.random.Generator
) -> pd.DataFrame:
    """The frame `repeats` times below each other, each with one column shuffled."""
    import numpy as np
    import pandas as pd

    count = len(frame)
    order = np.concatenate([rng.permutation(count) for _ in range(repeats)])
    tall = pd.concat([frame] * repeats, ignore_index=True)
    tall[name] = frame[name].take(order).reset_index(drop=True)
    return tall


def _predictor(estimator: Any, measure: str) -> Callable[[pd.DataFrame], np.ndarray]:
    import numpy as np

    call = estimator
    if hasattr(estimator, "predict_proba") and measure == "roc_auc":
        call = estimator.predict_proba
    elif hasattr(estimator, "predict"):
        call = estimator.predict

    def predict(frame: pd.DataFrame) -> np.ndarray:
        found = np.asarray(call(frame))
        return found[:, -1] if found.ndim == 2 else found

    return predict


def _score(score: str | Score, outcomes: np.ndarray) -> tuple[str, Score]:
    import numpy as np
    from sklearn import metrics

    if callable(score):
        return "score", score
    if not score:
        kinds = set(np.unique(outcomes.astype(str)).tolist())
        binary = kinds <= {"0", "1", "0.0", "1.0", "True", "False"}
        number = outcomes.dtype.kind == "f" and not binary
        score = "roc_auc" if binary else "r2" if number else "accuracy"
    if score not in SCORES:
        raise ValueError(
            f"there is no score {score!r}; use one of {', '.join(SCORES)}, or give a "
            f"function"
        )
    if score == "roc_auc":
        return score, _area
    return score, metrics.accuracy_score if score == "accuracy" else metrics.r2_score


def _area(outcomes: np.ndarray, scores: np.ndarray) -> float:
    from scipy.stats import rankdata

    truth = outcomes.astype(float) == 1
    wins = int(truth.sum())
    losses = truth.size - wins
    if not wins or not losses:
        return math.nan
    ranks = float(rankdata(scores.astype(float))[truth].sum())
    return (ranks - wins * (wins + 1) / 2) / (wins * losses)


def _summary(found: Sequence[Finding], measure: str) -> str:
    known = [row for row in found if not math.isnan(row.value)]
    if not known:
        return "What the model uses is undefined: there are no rows to tell it from."
    words = {"roc_auc": "ROC AUC", "accuracy": "accuracy", "r2": "R²"}
    used = [row for row in known if row.upper > 0]
    if not used:
        return "Shuffling any feature costs the model nothing."
    first = used[0]
    idle = len(known) - len(used)
    rest = ""
    if idle:
        rest = f"; {idle} it does without"
    return (
        f"The model uses {telling.line(first.subject)} most: shuffled, "
        f"{words.get(measure, measure)} falls by {first.value:.3f}{rest}."
    )

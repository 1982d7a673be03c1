"""Can one tell the rows of now from those of then? A classifier tries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, periods
from lifecycle.drift import encoding, telling
from lifecycle.findings import Finding, Findings, judge

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["domain_classifier"]

TELLING = 5


def domain_classifier(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    *,
    features: Sequence[Any] | None = None,
    every: periods.Every | None = None,
    time: str = "time",
    timezone: str = "UTC",
    floor: float = 0.55,
    level: float = 0.01,
    rows: int = 5000,
    folds: int = 5,
    min_n: int = 100,
    rng: np.random.Generator | int = 0,
) -> Findings:
    r"""Let a classifier tell the analysis from the reference, by all features at once.

    Sees what no single feature shows: that two of them no longer go together.
    Undefined, and therefore `nan`, when either side has fewer than `min_n` rows.

    Parameters
    ----------
    reference : DataFrame of shape (n_reference, n_columns)
    analysis : DataFrame of shape (n_analysis, n_columns)
    features : sequence of column names, optional
        All columns of the reference but the moments; of a frame from the logs all but
        the house's own. A column that tells the date by itself (an id, a running
        number) gives every row away and should not be among them.
    every : {"week", "month", "day"}, optional
        A classifier for each chunk of the analysis; one for all of it where none is
        given.
    time, timezone
        The column of moments and the zone in which days begin, with `every`.
    floor : float
        An area below this is no drift, however sure it is.
    level : float
        How often the area is above the threshold by chance in one chunk.
    rows : int
        At most so many of either side, drawn at random.
    folds : int
        Each row is scored by a classifier that has not seen it, fitted on the other
        folds.
    min_n : int
    rng : Generator or int

    Returns
    -------
    Findings
        Rows `auc`, one a chunk: 0.5 where nothing tells them apart, 1 where everything
        does. Then rows `gives it away`, for the newest chunk: by how much the area
        falls, out of fold, when a feature is shuffled. Those are not judged.

    Raises
    ------
    ValueError
        When a feature is unknown, or there are none.

    Notes
    -----
    Boosted trees on numbers and on the ranks of categories by frequency, 50 of at most
    15 leaves; missing values have a branch of their own. The interval is that of
    `intervals.auc`, for these classifiers. Without drift the area varies around 0.5
    with variance :math:`(n + m + 1)/(12 n m)` were the scores those of one classifier
    fitted elsewhere; those of *k* folds depend on each other, for which it is
    multiplied by :math:`1 + k/(k - 1)`. The threshold is the larger of the floor and
    the upper `level` quantile. This is a second opinion, outside of the budget of
    `course`.

    References
    ----------
    D. Lopez-Paz and M. Oquab, "Revisiting classifier two-sample tests", ICLR 2017.
    H. B. Mann and D. R. Whitney, Ann. Math. Statist. 18 (1947). C. Nadeau and Y.
    Bengio, "Inference for the generalization error", Machine Learning 52 (2003).

    Examples
    --------
    >>> from lifecycle import simulate
    >>> reference, analysis = simulate.deployment(seed=1, shift={"income": 1.0})
    >>> found = domain_classifier(reference, analysis, features=["age", "income"])
    >>> found.verdict, found.only(measure="gives it away")[0].subject
    ('alert', 'income')
    """
    import numpy as np

    names = encoding.chosen(reference, analysis, features, time)
    generator = np.random.default_rng(rng)
    before = encoding.sampled(reference, rows, generator)
    found: list[Finding] = []
    given: list[Finding] = []
    for label, part in chunks(analysis, every, time, timezone):
        after = encoding.sampled(part, rows, generator)
        if min(len(before), len(after)) < min_n:
            found.append(Finding("auc", math.nan, len(after), period=label))
            continue
        one, two = encoding.codes(names, before, after)
        scores, falls = _out_of_fold(one, two, folds, generator)
        sizes = len(before), len(after)
        row = held(scores, sizes, folds, label, floor, level)
        found.append(row)
        given = _given_away(names, falls, len(after), label)
    return Findings(
        title="Telling now from then",
        rows=(*found, *given),
        summary=_summary(found, given),
        main="auc",
        shown=max(600, len(found) + len(given)),
    )


def chunks(
    frame: pd.DataFrame, every: periods.Every | None, time: str, timezone: str
) -> list[tuple[str, pd.DataFrame]]:
    """The chunks of a frame with their labels; where not cut, all of it without one."""
    if every is None:
        return [("", frame)]
    if time not in frame.columns:
        raise ValueError(
            f"there is no column {time!r} to cut into chunks; name the column of "
            f"moments as time=, or leave every out"
        )
    labels = periods.chunk_of(frame[time], every=every, timezone=timezone)
    return [(str(label), part) for label, part in frame.groupby(labels.to_numpy())]


def held(
    scores: np.ndarray,
    sizes: tuple[int, int],
    folds: int,
    label: str,
    floor: float,
    level: float,
) -> Finding:
    """The area of out-of-fold scores, first those of the reference's rows."""
    import numpy as np
    from scipy.special import ndtri

    n, m = sizes
    truth = np.repeat([0, 1], sizes)
    wins, _ = intervals.placements(truth, scores)
    value = float(np.mean(wins))
    variance = (n + m + 1) / (12 * n * m) * (1 + folds / (folds - 1))
    chance = float(-ndtri(level)) * math.sqrt(variance)
    threshold = max(floor, 0.5 + chance)
    lower, upper = intervals.auc(truth, scores)
    verdict = judge(value, threshold, side="above")
    return Finding("auc", value, m, lower, upper, threshold, verdict, period=label)


def _out_of_fold(
    before: np.ndarray, after: np.ndarray, folds: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A score for every row, and by how much each feature's shuffle lowers the area."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold

    table = np.vstack([before, after])
    truth = np.repeat([0, 1], [len(before), len(after)])
    scores = np.empty(truth.size)
    falls = np.empty((folds, table.shape[1]))
    seed = int(rng.integers(2**31))
    cut = StratifiedKFold(folds, shuffle=True, random_state=seed).split(table, truth)
    for fold, (learnt, rest) in enumerate(cut):
        model = HistGradientBoostingClassifier(
            max_iter=50,
            max_leaf_nodes=15,
            learning_rate=0.1,
            early_stopping=False,
            random_state=seed,
        )
        known = ~np.isnan(table[learnt]).all(axis=0)  # the trees need one value
        seen = np.where(known, table, 0.0)
        model.fit(seen[learnt], truth[learnt])
        scores[rest] = model.decision_function(seen[rest])
        area = _area(truth[rest], scores[rest])
        for place in range(table.shape[1]):
            stirred = seen[rest].copy()
            stirred[:, place] = rng.permutation(stirred[:, place])
            falls[fold, place] = area - _area(
                truth[rest], model.decision_function(stirred)
            )
    return scores, falls


def _area(truth: np.ndarray, scores: np.ndarray) -> float:
    import numpy as np

    return float(np.mean(intervals.placements(truth, scores)[0]))


def _given_away(
    names: Sequence[Any], falls: np.ndarray, n: int, label: str
) -> list[Finding]:
    import numpy as np

    made = []
    for name, each in zip(names, falls.T, strict=True):
        lower, upper = intervals.mean(each)
        value = float(np.mean(each))
        made.append(
            Finding(
                "gives it away", value, n, lower, upper, period=label,
                subject=str(name),
            )
        )  # fmt: skip
    return sorted(made, key=lambda row: -row.value)


def _summary(found: Sequence[Finding], given: Sequence[Finding]) -> str:
    known = [row for row in found if row.verdict != "undefined"]
    if not known:
        return "Whether now can be told from then is undefined: there are too few rows."
    row = known[-1]
    when = f"In {row.period} the rows" if row.period else "The rows"
    area = f"AUC {row.value:.2f}, by chance up to {row.threshold:.2f}"
    if row.verdict == "quiet":
        return f"{when} cannot be told from those of the reference ({area})."
    words = [telling.line(each.subject) for each in given[:TELLING] if each.lower > 0]
    by = f"; given away by {', '.join(words)}" if words else ""
    return f"{when} can be told from those of the reference ({area}){by}."

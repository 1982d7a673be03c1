"""Has a text column changed its words? A classifier on them tells, and which."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lifecycle import periods, profiles
from lifecycle.drift import encoding, ends, telling
from lifecycle.drift.domain import chunks, held
from lifecycle.findings import Finding, Findings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["text"]

LONGEST = 5000
MOST_WORDS = 20_000
LEAST_MESSAGES = 3
TELLING = 5


def text(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    column: Any,
    *,
    every: periods.Every | None = None,
    time: str = "time",
    timezone: str = "UTC",
    floor: float = 0.55,
    level: float = 0.01,
    words: int = 10,
    rows: int = 100_000,
    folds: int = 5,
    min_n: int = 100,
    rng: np.random.Generator | int = 0,
) -> Findings:
    r"""Let a classifier tell the messages of now from those of then by their words.

    Undefined, and therefore `nan`, when either side has fewer than `min_n` messages, or
    no word occurs in three of them.

    Parameters
    ----------
    reference : DataFrame of shape (n_reference, n_columns)
    analysis : DataFrame of shape (n_analysis, n_columns)
    column : column name
        Its values are read as text; missing ones are left out.
    every : {"week", "month", "day"}, optional
        A classifier for each chunk of the analysis; one for all of it where none is
        given.
    time, timezone
        The column of moments and the zone in which days begin, with `every`.
    floor, level, min_n
        As of `domain_classifier`.
    words : int
        So many words that tell, in each direction.
    rows : int
        At most so many messages of either side, drawn at random; the time it takes
        depends on this, and not on how many there are.
    folds : int
        Each message is scored by a classifier that has not seen it.
    rng : Generator or int

    Returns
    -------
    Findings
        Rows `auc`, one a chunk. Then, for the newest, rows `more often` and `less
        often`: words that tell, as the change of the share of messages that have
        them. Those are not judged.

    Raises
    ------
    ValueError
        When neither frame has the column.

    Notes
    -----
    A message counts with its first 5,000 characters, in small letters, as the words of
    two or more letters that occur in at least three messages: the 20,000 most frequent,
    weighted by term frequency (its logarithm) and inverse document frequency. Logistic
    regression; threshold and interval of the area as of `domain_classifier`. The words
    that tell have the largest coefficients, times the standard deviation of their
    weight; the intervals of their change are Newcombe's, and not corrected for having
    been chosen.

    References
    ----------
    G. Salton and C. Buckley, "Term-weighting approaches in automatic text retrieval",
    Information Processing and Management 24 (1988).

    Examples
    --------
    >>> import pandas as pd
    >>> before = pd.DataFrame({"note": ["please call back", "thank you"] * 100})
    >>> after = pd.DataFrame({"note": ["please refund me", "thank you"] * 100})
    >>> found = text(before, after, "note")
    >>> found.summary
    'The messages can be told from those of the reference (AUC 0.87, by chance up to
    0.60); more often: me, refund; less often: back, call.'
    """
    import numpy as np

    if column not in reference.columns and column not in analysis.columns:
        raise ValueError(
            f"there is no column {column!r} in reference or analysis; mend its name"
        )
    generator = np.random.default_rng(rng)
    before = _messages(reference, column, rows, generator)
    found: list[Finding] = []
    told: list[Finding] = []
    for label, part in chunks(analysis, every, time, timezone):
        after = _messages(part, column, rows, generator)
        sizes = len(before), len(after)
        table = vocabulary = None
        if min(sizes) >= min_n:
            table, vocabulary = _weighted([*before, *after])
        if table is None or vocabulary is None:
            found.append(Finding("auc", math.nan, sizes[1], period=label))
            continue
        truth = np.repeat([0, 1], sizes)
        seed = int(generator.integers(2**31))
        scores, slopes = _fitted(table, truth, folds, seed)
        found.append(held(scores, sizes, folds, label, floor, level))
        told = _words(table, vocabulary, slopes, sizes, words, label)
    return Findings(
        title=f"Words of {telling.line(str(column))}",
        rows=(*found, *told),
        summary=_summary(found, told),
        main="auc",
        shown=max(600, len(found) + len(told)),
    )


def _messages(
    frame: pd.DataFrame, name: Any, rows: int, rng: np.random.Generator
) -> list[str]:
    column = profiles.column(frame, name)
    known = column[column.notna()].to_frame("text")
    return [
        str(value)[:LONGEST] for value in encoding.sampled(known, rows, rng)["text"]
    ]


def _weighted(messages: list[str]) -> tuple[Any, np.ndarray | None]:
    """Messages as weights of words, and the words; None where there are none."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    maker = TfidfVectorizer(
        max_features=MOST_WORDS,
        min_df=LEAST_MESSAGES,
        sublinear_tf=True,
        token_pattern=r"(?u)\b[^\W\d_]{2,40}\b",
    )
    try:
        table = maker.fit_transform(messages)
    except ValueError:  # no word is left: the library has no other word for it
        return None, None
    return table, maker.get_feature_names_out()


def _fitted(
    table: Any, truth: np.ndarray, folds: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """A score for every message out of fold, and the mean slope of every word."""
    import numpy as np
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    scores, slopes = np.empty(truth.size), np.zeros(table.shape[1])
    cut = StratifiedKFold(folds, shuffle=True, random_state=seed).split(truth, truth)
    for learnt, rest in cut:
        model = LogisticRegression(C=1.0, solver="lbfgs", max_iter=60, tol=1e-3)
        with warnings.catch_warnings():  # nearly there is near enough for a rank
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(table[learnt], truth[learnt])
        scores[rest] = model.decision_function(table[rest])
        slopes += model.coef_[0] / folds
    return scores, slopes


def _words(
    table: Any,
    vocabulary: np.ndarray,
    slopes: np.ndarray,
    sizes: tuple[int, int],
    words: int,
    label: str,
) -> list[Finding]:
    import numpy as np

    n, m = sizes
    mean = np.asarray(table.mean(axis=0)).ravel()
    square = np.asarray(table.multiply(table).mean(axis=0)).ravel()
    pull = slopes * np.sqrt(np.maximum(0.0, square - mean**2))
    counts = [
        np.asarray((part > 0).sum(axis=0)).ravel() for part in (table[:n], table[n:])
    ]
    made = []
    for name, order in (("more often", -pull), ("less often", pull)):
        for place in np.argsort(order, kind="stable")[:words].tolist():
            k, j = int(counts[0][place]), int(counts[1][place])
            change = j / m - k / n
            if change == 0 or (change > 0) != (name == "more often"):
                continue
            lower, upper = ends.difference(k, n, j, m)
            made.append(
                Finding(
                    name, change, m, float(lower), float(upper), period=label,
                    subject=str(vocabulary[place]), unit="%",
                )
            )  # fmt: skip
    return made


def _summary(found: Sequence[Finding], told: Sequence[Finding]) -> str:
    known = [row for row in found if row.verdict != "undefined"]
    if not known:
        return (
            "Whether the messages have changed is undefined: there are too few of them."
        )
    row = known[-1]
    when = f"In {row.period} the messages" if row.period else "The messages"
    area = f"AUC {row.value:.2f}, by chance up to {row.threshold:.2f}"
    if row.verdict == "quiet":
        return f"{when} cannot be told from those of the reference ({area})."
    parts = [f"{when} can be told from those of the reference ({area})"]
    for name in ("more often", "less often"):
        sure = [
            telling.line(each.subject)
            for each in told
            if each.measure == name and each.lower * each.upper > 0
        ]
        if sure:
            parts.append(f"{name}: {', '.join(sure[:TELLING])}")
    return "; ".join(parts) + "."

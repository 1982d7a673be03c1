"""A candidate against the champion on the same later rows, and the gate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle import calibration, intervals
from lifecycle.evaluation.amounts import amounts
from lifecycle.evaluation.differing import differing
from lifecycle.evaluation.gate import Gate, Unit
from lifecycle.evaluation.measuring import measured, spent, weekly
from lifecycle.evaluation.pairing import Pair, prices_of
from lifecycle.evaluation.result import Evaluation
from lifecycle.evaluation.several import several
from lifecycle.evaluation.timing import Latency
from lifecycle.evaluation.trial import Trial
from lifecycle.findings import Finding
from lifecycle.metrics import Task

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["compare"]

_ERRORS = Unit("errors a row", "are")


def compare(
    y_true: npt.ArrayLike,
    champion_score: npt.ArrayLike,
    candidate_score: npt.ArrayLike,
    *,
    task: Task = "binary",
    classes: Sequence[str] = (),
    champion_threshold: float = 0.5,
    candidate_threshold: float = 0.5,
    weeks: npt.ArrayLike | None = None,
    segments: pd.DataFrame | Mapping[str, npt.ArrayLike] | None = None,
    costs: Mapping[str, float] | None = None,
    currency: str = "",
    rows_per_week: float | None = None,
    gate: Gate | None = None,
    latency: Latency | None = None,
    sizes: tuple[float, float] | None = None,
    ids: npt.ArrayLike | None = None,
    features: pd.DataFrame | None = None,
    most: int = 20,
    level: float = 0.90,
    rng: np.random.Generator | int = 0,
) -> Evaluation:
    """Test a candidate against the champion on rows that neither was trained on.

    The gate: the errors saved a row, weighed by their costs, must be more than its
    `min_gain`, the lower end of their interval above `-tolerance`, and no segment
    clearly worse; where the gate asks for it, the calibration, the time and the size
    must be within bounds. A rule that cannot be judged does not let it through.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1, codes of classes, or amounts. Rows where outcome or a score is
        missing are left out.
    champion_score, candidate_score : array-like of shape (n,)
        Probabilities of outcome 1; of several classes packed answers (`tasks.pack`) in
        the codes of the outcomes; of a regression the amounts predicted.
    task : {"binary", "multiclass", "regression"}
        Of several classes the metrics are accuracy, the averages over classes, and how
        sure the answers are. Of amounts they are those of amounts (`mae`, `rmse`, `r2`,
        `bias`), and what is saved is a share of the champion's mean error; thresholds
        do not count.
    classes : sequence of str
        Of several classes their names by code, for what people read.
    champion_threshold, candidate_threshold : float
        The score from which on each predicts 1; of several classes the probability
        below which each hands a row over.
    weeks : array-like of shape (n,), optional
        The chunk of each row, for the course over time.
    segments : DataFrame or mapping of arrays, optional
        Categories of the same rows, in any number of columns.
    costs : mapping, optional
        What a `false_positive` and a `false_negative` cost, a `wrong` class and one
        `handed_over`, or an error `per_unit`; 1 each without.
    currency : str
        Of the costs.
    rows_per_week : float, optional
        How many rows a week are predicted, for the money a week.
    gate : Gate, optional
        The rules; those of `Gate()` without.
    latency : Latency, optional
        What both took for the same rows, as `latency` measures it.
    sizes : (float, float), optional
        Bytes of the champion and of the candidate as stored.
    ids : array-like of shape (n,), optional
        What the rows on which the two differ most are called.
    features : DataFrame of n rows, optional
        Shown beside these rows; the first six columns.
    most : int
        How many of these rows are kept.
    level : float
        Of the intervals.
    rng : Generator or int
        For intervals that are drawn: of money, which is skewed, and of the average
        precision.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        When the arrays are not of the same rows, or a bound makes no sense.

    Notes
    -----
    A segment is clearly worse when, of the rows on which exactly one of the two is
    right, the champion is right too often for chance: McNemar's exact test, one-sided,
    at 5% over all segments together (Bonferroni). Of a recall, a precision and the
    like the difference has the delta method's interval, of the ROC AUC DeLong's for
    two correlated curves.

    Examples
    --------
    >>> found = compare([0, 1] * 100, [0.4, 0.6] * 100, [0.4, 0.4] * 100)
    >>> found.passed, found.reasons[1]
    (False, 'Not passed: it saves -0.500 errors a row, more than 0 are asked for.')
    """
    import numpy as np

    if rows_per_week is not None and not 0 <= rows_per_week < math.inf:
        raise ValueError(f"rows_per_week must be 0 or more, got {rows_per_week}")
    rules = gate or Gate()
    pair = Pair.of(
        y_true,
        champion_score,
        candidate_score,
        thresholds=(champion_threshold, candidate_threshold),
        labels={"weeks": weeks} if weeks is not None else {},
        segments=_named(segments),
        task=task,
    )
    shown = {"known": pair.known, "ids": ids, "features": features, "most": most}
    min_rows = rules.min_segment_rows
    generator = np.random.default_rng(rng)
    money = {"currency": currency, "rows_per_week": rows_per_week}
    terms: dict[str, Any] = {"min_segment": min_rows, "level": level, "shown": shown}
    terms |= {"generator": generator, "costs": costs or {}, "money": money}
    if task == "regression":
        trial = amounts(pair, **terms)
    elif task == "multiclass":
        trial = several(pair, list(classes), **terms)
    elif task == "binary":
        trial = _classes(pair, min_rows, level, generator, costs or {}, money, shown)
    else:
        raise ValueError(f"no task {task!r}; use binary, multiclass or regression")
    return trial.held_against(rules, latency=latency, sizes=sizes)


def _classes(
    pair: Pair,
    min_segment: int,
    level: float,
    generator: np.random.Generator,
    costs: Mapping[str, float],
    money: dict[str, Any],
    shown: dict[str, Any],
) -> Trial:
    prices, _ = prices_of(costs)
    value, lower, upper = intervals.paired_difference(
        pair.losses(0, prices), pair.losses(1, prices), level=level
    )
    saved = Finding("errors_saved", value, pair.n, lower, upper, subject="difference")
    rows = [*measured(pair, level, generator)]
    if costs:
        rows += spent(pair, costs, level=level, generator=generator, **money)
    parts, small = pair.parts(min_segment=min_segment, level=level)
    return Trial(
        n=pair.n,
        dropped=pair.dropped,
        saved=saved,
        outcome=_outcome(pair, saved, level, weighed=prices[0] != prices[1]),
        unit=_ERRORS,
        rows=rows,
        weekly=[*weekly(pair, costs, currency=money["currency"], level=level)],
        parts=parts,
        small=small,
        loss="",
        differing=differing(
            pair.truth, pair.scores, (pair.right(0), pair.right(1)), **shown
        ),
        curves=_curves(pair),
    )


def _named(
    segments: pd.DataFrame | Mapping[str, npt.ArrayLike] | None,
) -> dict[str, Any]:
    if segments is None:
        return {}
    return {str(name): values for name, values in segments.items()}


def _outcome(pair: Pair, found: Finding, level: float, *, weighed: bool) -> str:
    if not pair.n:
        return "There are no rows with an outcome and both scores."
    champion, candidate = (float(pair.right(which).mean()) for which in (0, 1))
    sentence = (
        f"The candidate is right in {candidate:.1%} of {pair.n:,} rows, the champion "
        f"in {champion:.1%}"
    )
    if weighed:
        return (
            f"{sentence}; weighed by cost it saves {found.value:+.3f} errors a row "
            f"({level:.0%}: {found.lower:+.3f} to {found.upper:+.3f})."
        )
    return (
        f"{sentence}: {found.value:+.1%} ({level:.0%}: {found.lower:+.1%} to "
        f"{found.upper:+.1%})."
    )


def _curves(pair: Pair) -> dict[str, pd.DataFrame]:
    """How often came true what each promised; nothing where a score is no chance."""
    if not all(s.size and s.min() >= 0 and s.max() <= 1 for s in pair.scores):
        return {}
    return {
        name: calibration.reliability(pair.truth, score)
        for name, score in zip(("champion", "candidate"), pair.scores, strict=True)
    }

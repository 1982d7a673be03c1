"""Outcomes as they come in: whether they can be believed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, periods
from lifecycle.findings import Finding, judge
from lifecycle.quality.answered import Answered, answered
from lifecycle.quality.fallen import falls
from lifecycle.quality.faults import Quality, marks
from lifecycle.quality.shares import Evidence, Terms, ends

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["outcomes"]

_LOOKS = 3
_FEWEST = 3
_PART = 1 / 3  # of the rarer outcome, which must not go missing


def outcomes(
    labelled: pd.DataFrame,
    *,
    as_of: datetime,
    delay: timedelta,
    reference: pd.DataFrame | None = None,
    every: periods.Every = "week",
    timezone: str = "UTC",
    features: Sequence[Any] = (),
    tolerance: float = 0.05,
    rate: float = 0.05,
    min_n: int = 30,
) -> Quality:
    r"""Look for faults in the outcomes: lost, all alike, or recorded as negative.

    Parameters
    ----------
    labelled : DataFrame of shape (n, n_columns)
        `time` (with a zone) and `outcome`, missing where it is not known. Used where
        they are there: `score`, and `version` where not all are of one model's;
        `known_at`, when each outcome came, so that a late one is not called lost.
    as_of : datetime
        The moment of the question, with a zone; outcomes that came later are not known.
    delay : timedelta
        How long after a prediction its outcome is due; the rows whose is not are left
        out.
    reference : DataFrame of shape (n_reference, n_columns), optional
        Rows whose outcomes are trusted, before the others. Without it the chunks before
        say what is usual, once there are three.
    every : {"week", "month", "day"}
        Length of a chunk.
    timezone : str
        The zone in which days begin.
    features : sequence of column names
        Inputs that must have stayed as they were where the rate fell, beside the score.
    tolerance : float
        An alert needs a share of missing outcomes this much above the usual; or a
        third of the share of the rarer outcome, where that is less.
    rate : float
        Probability of any false fault among sound outcomes, dealt out evenly among
        measures and chunks.
    min_n : int
        Chunks of fewer rows are not judged.

    Returns
    -------
    Quality
        By chunk, of the column `outcome` (subject):
        `outcomes_known`, the share of due predictions whose outcome is known, an alert
        where it is below the usual, and below the lowest of the reference's chunks, by
        more than the tolerance and chance: lost or late;
        `outcomes_alike`, the share of the commonest outcome, an alert where it is all
        of them and chance does not make it so;
        `outcome_rate` of outcomes 0 and 1, an alert where it fell at once and a part of
        the positives recorded as negatives would look just so.
        `faults` says of which chunks each speaks; `drifts` where a rate fell at once
        and the scores, the inputs or the ranking say that the world did it, or nothing
        says that it did not.

    Raises
    ------
    ValueError
        When times or `as_of` have no zone, or `rate` is not within 0 and 1.

    Notes
    -----
    Positives lost at random leave the inputs as they are and the positives that remain
    where they were among the scores: the share of positives falls by one factor at
    every score, and the area under the ROC curve towards 0.5 only by the positives
    among the negatives. A prior that shifts moves the scores, by
    :math:`\Delta\pi\,(E[s \mid 1] - E[s \mid 0])`; most changes of the concept move
    the positives among the scores. What cannot be told apart is a world in which every
    row's probability falls by one factor overnight, and a model that ranks nothing:
    the one is called a fault and no longer after six chunks, from which on it is taken
    for normal, the other is none.

    References
    ----------
    Z. C. Lipton, Y.-X. Wang, A. Smola, "Detecting and correcting for label shift with
    black box predictors", ICML (2018). C. Elkan, K. Noto, "Learning classifiers from
    only positive and unlabeled data", KDD (2008).

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2023-01-02", periods=350, freq="3h", tz="UTC")
    >>> rows = pd.DataFrame({"time": days, "outcome": [0.0, 1.0] * 175})
    >>> rows.loc[300:, "outcome"] = None
    >>> print(outcomes(rows, as_of=days[-1], delay=timedelta(0)).faults[0].sentence)
    outcome is known for 36% of the due predictions, usually for 100%, since 2023-02-06
    """
    if not 0 < rate < 1:
        raise ValueError(f"rate must lie within 0 and 1, got {rate}; use 0.05")
    if as_of.utcoffset() is None:
        raise ValueError(f"as_of has no time zone: {as_of}; add tzinfo=timezone.utc")
    rows = answered(
        labelled,
        reference,
        as_of=as_of,
        delay=delay,
        every=every,
        timezone=timezone,
        features=features,
    )
    judged = rows.labels[rows.trusted :]
    looks = _LOOKS * max(1, len(judged))
    terms = Terms(tolerance, min_n, -NormalDist().inv_cdf(rate / looks))
    shown: list[Finding] = []
    found: list[Evidence] = []
    lost = _known(rows, terms, shown)
    found += _episodes(rows, lost, "outcomes_known", _lost, timezone, min_n)
    alike = _alike(rows, terms, shown)
    found += _episodes(rows, alike, "outcomes_alike", _same, timezone, min_n)
    if rows.binary:
        bad = {place for place, _ in (*lost, *alike)}
        found += falls(rows, terms, shown, bad, timezone=timezone)
    wrong = marks(found)
    return Quality(
        title="Outcomes",
        rows=tuple(sorted(shown, key=lambda row: row.period)),
        summary=_summary(shown, [x.sentence for x in wrong if x.kind == "fault"]),
        main="outcomes_known",
        marks=wrong,
        features=("outcome",),
    )


def _known(
    rows: Answered, terms: Terms, shown: list[Finding]
) -> list[tuple[int, tuple[float, float]]]:
    """Chunks that lack outcomes: the place, the share known and the usual one."""
    import numpy as np

    lost: list[tuple[int, tuple[float, float]]] = []
    sound = list(range(rows.trusted))
    for place in range(rows.trusted, len(rows.labels)):
        own = rows.chunk(place)
        n, hits = own.size, int(rows.known[own].sum())
        usual = sound[: rows.trusted] if rows.trusted else sound
        expected, least, held = _usual(rows, usual, own, terms.min_n)
        judged = held >= terms.min_n and n >= terms.min_n
        judged = judged and (rows.trusted > 0 or len(usual) >= _FEWEST)
        value = hits / n if n else math.nan
        allowed = min(terms.tolerance, _PART * _rarer(rows, usual))
        limit = min(expected, least) - allowed if judged else math.nan
        verdict = judge(value, limit, side="below")
        if verdict == "alert":
            gone, low, _ = ends(np.array([n - hits]), np.array([n]), terms.z)
            base = np.array([(1 - expected) * held]), np.array([held])
            before, _, most = (float(x[0]) for x in ends(*base, terms.z))
            apart = (float(gone[0]) - before) ** 2
            if apart <= (float(gone[0]) - float(low[0])) ** 2 + (most - before) ** 2:
                verdict = "quiet"
        shown.append(
            Finding(
                "outcomes_known",
                value,
                n,
                *intervals.wilson(hits, n),
                threshold=limit,
                verdict=verdict,
                period=rows.labels[place],
                subject="outcome",
                unit="%",
            )
        )
        if verdict == "alert":
            lost.append((place, (value, expected)))
        elif n >= terms.min_n:
            sound.append(place)
    return lost


def _rarer(rows: Answered, usual: list[int]) -> float:
    """The share of the rarer of outcomes 0 and 1: those missing may all be of it."""
    import numpy as np

    if not rows.binary or not usual:
        return 1.0
    truth = np.concatenate([rows.truth[rows.chunk(place)] for place in usual])
    truth = truth[~np.isnan(truth)]
    rate = float(truth.mean()) if truth.size else 0.5
    return min(rate, 1 - rate) or 1.0


def _usual(
    rows: Answered, usual: list[int], own: np.ndarray, min_n: int
) -> tuple[float, float, int]:
    """The share known that rows so old have, the least a chunk had, and of how many.

    A row counts as known where its outcome came at the age that the rows asked of have.
    """
    import numpy as np

    if not usual or not own.size:
        return math.nan, math.nan, 0
    parts = [rows.chunk(place) for place in usual]
    held = np.concatenate(parts)
    lags = np.sort(rows.lag[held])
    by_then = np.searchsorted(lags, rows.age[own], side="right") / held.size
    age = float(np.median(rows.age[own]))
    shares = [float(np.mean(rows.lag[x] <= age)) for x in parts if x.size >= min_n]
    expected = float(by_then.mean())
    return expected, min([expected, *shares]), held.size


def _alike(
    rows: Answered, terms: Terms, shown: list[Finding]
) -> list[tuple[int, tuple[float, float]]]:
    """Chunks whose outcomes are one value: the place, and that value's usual share."""
    import numpy as np

    same: list[tuple[int, tuple[float, float]]] = []
    sound = list(range(rows.trusted))
    for place in range(rows.trusted, len(rows.labels)):
        own = rows.chunk(place)
        codes = rows.code[own][rows.known[own]]
        n = codes.size
        common = int(np.argmax(np.bincount(codes))) if n else -1
        hits = int((codes == common).sum())
        held = [rows.code[x][rows.known[x]] for x in map(rows.chunk, sound)]
        base = np.concatenate(held) if held else codes[:0]
        usual, _, most = ends(
            np.array([(base == common).sum()]), np.array([base.size]), terms.z
        )
        judged = n >= terms.min_n and base.size >= terms.min_n
        judged = judged and float(usual[0]) < 1
        loud = judged and hits == n and n * math.log(float(most[0])) < terms.log_p
        shown.append(
            Finding(
                "outcomes_alike",
                hits / n if n else math.nan,
                n,
                *intervals.wilson(hits, n),
                threshold=1.0 if judged else math.nan,
                verdict="alert" if loud else "quiet" if judged else "undefined",
                period=rows.labels[place],
                subject="outcome",
                unit="%",
            )
        )
        if loud:
            same.append((place, (1.0, float(usual[0]))))
        elif n:
            sound.append(place)
    return same


def _episodes(
    rows: Answered,
    touched: list[tuple[int, tuple[float, float]]],
    measure: str,
    said: Callable[[float, float], str],
    timezone: str,
    min_n: int,
) -> Iterator[Evidence]:
    """One piece of evidence for each run of chunks, the numbers weighed by rows."""
    import numpy as np

    for first, last in rows.runs([place for place, _ in touched]):
        held = [each for each in touched if first <= each[0] <= last]
        sizes = [rows.chunk(place).size for place, _ in held]
        numbers = np.average([each for _, each in held], axis=0, weights=sizes)
        value, usual = (float(x) for x in numbers)
        since, until = rows.span(first, last, timezone=timezone, min_n=min_n)
        n = sum(sizes)
        finding = Finding(measure, value, n, verdict="alert", subject="outcome")
        yield Evidence(finding, "fault", said(value, usual), since, until, n)


def _lost(value: float, usual: float) -> str:
    return f"is known for {value:.0%} of the due predictions, usually for {usual:.0%},"


def _same(value: float, usual: float) -> str:
    return f"is always the same, usually in {usual:.0%} of the rows,"


def _summary(shown: list[Finding], faults: list[str]) -> str:
    if faults:
        count = "fault" if len(faults) == 1 else "faults"
        return f"{len(faults)} possible {count} in the outcomes: {', '.join(faults)}."
    judged = {row.period for row in shown if row.verdict == "quiet"}
    if not judged:
        return "The outcomes are undefined: there are too few that are due."
    many = "chunk" if len(judged) == 1 else "chunks"
    return f"No fault in the outcomes of {len(judged)} {many}."

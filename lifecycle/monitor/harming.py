"""Whether the loss has risen over the reference, at any look."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, metrics, periods
from lifecycle.findings import Finding, Findings, Verdict
from lifecycle.intervals.wagers import start_weights, wagers
from lifecycle.monitor.due import in_order, parts
from lifecycle.monitor.reading import Told, read
from lifecycle.monitor.saying import amount, line

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["detectable", "harm"]

_REFERENCE = 0.2  # the share of alpha that is spent on the reference
MOST_SHOWN = 1e6  # of evidence: beyond it nobody doubts
_POWER = 0.80

Loss = str | Callable[["pd.DataFrame"], "npt.ArrayLike"]


def harm(
    reference: pd.DataFrame | npt.ArrayLike,
    labelled: pd.DataFrame,
    *,
    as_of: datetime,
    delay: timedelta,
    loss: Loss = "error",
    epsilon: float = 0.02,
    alpha: float = 0.05,
    chunk: periods.Every = "week",
    timezone: str = "UTC",
    task: metrics.Task = "binary",
) -> Findings:
    r"""Test whether the loss has risen by more than epsilon over the reference.

    Drift that does no harm wakes nobody here, and neither do many looks: whoever asks
    every day and acts on the first alert is wrong with probability `alpha` at most,
    over all looks together. Once crossed it stays crossed: an alert ends when the
    reference changes, with a retrained model or a signed "new normal".

    Parameters
    ----------
    reference : DataFrame, or array-like of shape (n_reference,)
        Rows as in `labelled` from when the model was right, or their losses: not those
        it was trained on.
    labelled : DataFrame of shape (n, n_columns)
        As in `performance`, all rows since the reference: whoever leaves old ones out
        starts the test anew and may take an alert back. Only rows that are due and
        known count.
    as_of : datetime
        The moment the report speaks of, with a zone.
    delay : timedelta
        How long an outcome takes.
    loss : str or callable
        "error" (1 where the prediction was wrong), "brier" (binary), the name of a
        column of losses between 0 and 1, or a function of the rows that gives them.
    epsilon : float
        The rise that is tolerated, in the unit of the loss: 0.02 is two points of
        error. The smaller, the sooner a real rise is found, and the sooner a harmless
        one.
    alpha : float
        Probability of a false alarm over the whole life of the reference. A fifth is
        spent on what is not known about the reference.
    chunk, timezone
        Length of a chunk, and the zone in which days begin.
    task : {"binary", "multiclass", "regression", "ranking"}

    Returns
    -------
    Findings
        Three rows a chunk, oldest first. The loss ("error rate") with its 90% interval,
        threshold the limit it is tested against, and the verdict: alert from the chunk
        in which the evidence passed its bar. "evidence": the most that a bet on a rise
        has grown to so far (1,000,000 at most), with the rows so far and its bar.
        "detectable rise": the smallest rise over the reference that the chunk's rows
        alone would have shown eight times of ten; `nan` where they could not have
        shown any.

    Raises
    ------
    ValueError
        When a loss is not between 0 and 1, `epsilon` or `alpha` is no share, or the
        task has no such loss.

    Notes
    -----
    With an upper bound :math:`U` on the mean loss of the reference that holds with
    probability :math:`1 - \alpha/5` (Clopper and Pearson's for losses of 0 and 1, else
    the betting interval's), the hypothesis is that the mean of each loss, given those
    before it, is at most :math:`U + \epsilon`. The evidence against it, see
    `intervals.evidence`, reaches :math:`1/(0.8\,\alpha)` with probability
    :math:`0.8\,\alpha` at most, ever. Losses are taken in the order of the predictions;
    an outcome that comes later than `delay` joins in its old place, which the promise
    does not cover: choose the delay so that few do.

    "detectable rise": :math:`n\mu(\lambda) - z_{0.8}\sqrt n\,s(\lambda) \ge \log(7 /
    (0.8\,\alpha\,w))` for the best of the seven stakes, with mean and deviation of the
    growth for losses of 0 and 1, which vary most, and the weight :math:`w` of a bet
    that starts with the chunk.

    References
    ----------
    A. Podkopaev and A. Ramdas, "Tracking the risk of a deployed model and detecting
    harmful distribution shifts", ICLR 2022, arXiv 2110.06177. I. Waudby-Smith and A.
    Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86 (2024).

    Examples
    --------
    >>> import pandas as pd
    >>> from datetime import UTC
    >>> rows = pd.DataFrame({"time": pd.Timestamp("2023-04-03", tz="UTC"),
    ...     "prediction": 1.0, "outcome": [1.0, 0.0] * 100})
    >>> now = datetime(2023, 6, 1, tzinfo=UTC)
    >>> found = harm([0, 0, 0, 0, 1] * 200, rows, as_of=now, delay=timedelta(weeks=6))
    >>> print(found.summary)
    The error rate has risen by more than 2 points over the reference (20.0%, n 1,000):
    in 2023-W14 the evidence passed 25 to 1; since then it was 50.0% (n 200).
    """
    import numpy as np

    _check(epsilon, alpha)
    told = read(labelled, task, as_of=as_of, delay=delay)
    every, unit, name = _losses(told, loss, task)
    before = _before(reference, loss, task, as_of, delay)
    pieces: list[tuple[str, int, int]] = []
    order: list[np.ndarray] = []
    rows = 0
    known = told.known & ~np.isnan(every)
    times = told.rows["time"]
    for label, part in parts(times, chunk, timezone):
        kept = part[known[part]]
        if kept.size:
            pieces.append((label, rows, kept.size))
            order.append(kept[in_order(times.iloc[kept])])
            rows += kept.size
    values = every[np.concatenate(order)] if order else np.empty(0)
    limit = min(1.0, _bound(before, alpha * _REFERENCE) + epsilon)
    bar = 1 / (alpha * (1 - _REFERENCE))
    if math.isnan(limit) or limit >= 1:
        course = np.full(values.size, math.nan)
    else:
        starts = [start for _, start, _ in pieces] or [0]
        grown = intervals.evidence(values, above=limit, starts=starts)
        course = np.maximum.accumulate(grown)
    found: list[Finding] = []
    normal = float(before.mean()) if before.size else math.nan
    weights = start_weights(max(len(pieces), 1))
    crossed = ""
    for number, (label, start, count) in enumerate(pieces):
        stop = start + count
        reached = float(course[stop - 1])
        verdict: Verdict = "alert" if reached >= bar else "quiet"
        verdict = "undefined" if math.isnan(reached) else verdict
        crossed = label if verdict == "alert" and not crossed else crossed
        part = values[start:stop]
        rise = detectable(
            count, normal, limit, evidence=bar, weight=float(weights[number])
        )
        found += [
            Finding(
                name,
                float(part.mean()),
                count,
                *_ends(part),
                threshold=limit,
                verdict=verdict,
                period=label,
                unit=unit,
            ),
            Finding(
                "evidence",
                min(reached, MOST_SHOWN),
                stop,
                threshold=bar,
                verdict=verdict,
                period=label,
            ),
            Finding("detectable rise", rise, count, period=label, unit=unit),
        ]
    since = next((s for label, s, _ in pieces if label == crossed), 0)
    said = _summary(found, before, values[since:], crossed, epsilon, bar)
    return Findings("Harm", tuple(found), said, main=name)


def detectable(
    n: int, normal: float, limit: float, *, evidence: float, weight: float
) -> float:
    """The smallest rise over the reference that n rows would have shown, 8 times of 10.

    Parameters
    ----------
    n : int
        Rows.
    normal, limit : float
        Mean loss of the reference, and the limit that is tested.
    evidence : float
        The bar, such as 25.
    weight : float
        Share of the bets that start with these rows.

    Returns
    -------
    float
        `nan` where no rise would have been shown.
    """
    import numpy as np

    if math.isnan(normal) or math.isnan(limit) or not 0 < limit < 1:
        return math.nan
    stakes = wagers(limit)
    p = np.linspace(normal, 1.0, 2001)[:, None]
    won, lost = np.log1p(stakes * (1 - limit)), np.log1p(-stakes * limit)
    growth = p * won + (1 - p) * lost
    spread = np.sqrt(p * (1 - p)) * (won - lost)
    sure = n * growth - NormalDist().inv_cdf(_POWER) * math.sqrt(n) * spread
    shown = (sure >= math.log(evidence * stakes.size / weight)).any(axis=1)
    return float(p[int(np.argmax(shown)), 0] - normal) if shown.any() else math.nan


def _check(epsilon: float, alpha: float) -> None:
    if not 0 <= epsilon < 1:
        raise ValueError(f"epsilon must be 0 or more and below 1, got {epsilon}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}; use 0.05")


def _losses(told: Told, loss: Loss, task: str) -> tuple[np.ndarray, str, str]:
    """The loss of each row, its unit and its name; missing where not known."""
    import numpy as np

    named = isinstance(loss, str) and loss in told.rows.columns
    if loss == "error" and not named:
        if task == "binary":
            truth, guess = told.columns["outcome"], told.columns["prediction"]
            wrong = np.where(np.isnan(truth + guess), math.nan, truth != guess)
            return wrong, "%", "error rate"
        if task == "multiclass":
            read_ = told.columns["classes"]
            wrong = (read_.truth != read_.guess).astype(float)
            return np.where(told.known, wrong, math.nan), "%", "error rate"
        raise ValueError(
            f"{task} has no error between 0 and 1; pass the column of a loss as loss"
        )
    if loss == "brier" and task == "binary" and not named:
        squares = (told.columns["score"] - told.columns["outcome"]) ** 2
        return _within(squares), "", "brier"
    if isinstance(loss, str):
        if not named:
            raise ValueError(f"there is no column {line(loss)!r} to take the loss from")
        return _within(intervals.floats(told.rows[loss])), "", line(loss)
    values = intervals.floats(loss(told.rows))
    if values.size != len(told.rows):
        raise ValueError(
            f"loss must give a number a row, got {values.size} numbers for "
            f"{len(told.rows)} rows"
        )
    return _within(values), "", line(getattr(loss, "__name__", "loss"))


def _before(
    reference: Any, loss: Loss, task: str, as_of: datetime, delay: timedelta
) -> np.ndarray:
    import numpy as np
    import pandas as pd

    if isinstance(reference, pd.DataFrame):
        timed = "time" in reference.columns
        told = read(
            reference,
            task,
            as_of=as_of if timed else None,
            delay=delay if timed else None,
        )
        losses = _losses(told, loss, task)[0]
        losses = losses[told.known]
    else:
        losses = _within(intervals.floats(reference))
    return losses[~np.isnan(losses)]


def _within(losses: np.ndarray) -> np.ndarray:
    beyond = losses[(losses < 0) | (losses > 1)]
    if beyond.size:
        raise ValueError(
            f"a loss must lie between 0 and 1, got {beyond[0]:g}; divide by the "
            f"largest there can be"
        )
    return losses


def _bound(losses: np.ndarray, alpha: float) -> float:
    """Upper bound on the mean loss of the reference."""
    import numpy as np
    from scipy.special import betaincinv

    n = losses.size
    if not n:
        return math.nan
    hits = float(losses.sum())
    if not np.isin(losses, (0, 1)).all():
        return intervals.betting(losses, alpha=alpha)[1]
    return 1.0 if hits == n else float(betaincinv(hits + 1, n - hits, 1 - alpha))


def _ends(losses: np.ndarray) -> tuple[float, float]:
    import numpy as np

    if np.isin(losses, (0, 1)).all():
        return intervals.wilson(float(losses.sum()), losses.size)
    lower, upper = intervals.mean(losses)
    return max(0.0, lower) if lower == lower else lower, upper


def _summary(
    found: list[Finding],
    before: np.ndarray,
    values: np.ndarray,
    crossed: str,
    epsilon: float,
    bar: float,
) -> str:
    if not found:
        return "Harm is undefined: no outcome is due yet."
    if not before.size:
        return "Harm is undefined: the reference has no known outcomes."
    first, evidence, rise = found[-3], found[-2], found[-1]
    if math.isnan(evidence.value):
        return "Harm is undefined: the reference's loss leaves no room for a rise."
    normal = f"{amount(float(before.mean()), first.unit)}, n {before.size:,}"
    value = f"{amount(float(values.mean()), first.unit)} (n {values.size:,})"
    by = f"{100 * epsilon:.3g} points"
    if crossed:
        return (
            f"The {first.measure} has risen by more than {by} over the reference "
            f"({normal}): in {crossed} the evidence passed {bar:.3g} to 1; since then "
            f"it was {value}."
        )
    many = "1 outcome" if first.n == 1 else f"{first.n:,} outcomes"
    could = f"could have shown a rise of {100 * rise.value:.3g} points"
    if math.isnan(rise.value):
        could = "could not have shown any rise"
    return (
        f"The {first.measure} is not shown to have risen by more than {by} over the "
        f"reference ({normal}): it was {value} in all; the {many} of "
        f"{first.period} alone {could}."
    )

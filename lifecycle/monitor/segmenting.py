"""Where the model is worst: segments against the rest, with care for chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import intervals, metrics, periods
from lifecycle.findings import Finding, Findings, Verdict
from lifecycle.monitor.confirming import Question, Segment, alerts, worse
from lifecycle.monitor.contrast import Contrast, contrast, terms
from lifecycle.monitor.cutting import Cut, columns, cuts, pairs
from lifecycle.monitor.due import in_order, parts
from lifecycle.monitor.reading import USUAL, Told, read, unit_of
from lifecycle.monitor.saying import amount, word

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["segments"]

_SHOWN_UNJUDGED = 20


def segments(
    labelled: pd.DataFrame,
    *,
    by: Sequence[Any] | None = None,
    metric: str = "",
    task: metrics.Task = "binary",
    as_of: datetime | None = None,
    delay: timedelta | None = None,
    reference: pd.DataFrame | None = None,
    paired: bool = False,
    confirm: Literal["halves", "chunks"] = "halves",
    chunk: periods.Every = "week",
    timezone: str = "UTC",
    rate: float = 0.05,
    floor: float = 0.05,
    min_n: int = 50,
    classes: Sequence[Any] | None = None,
    rng: np.random.Generator | int = 0,
) -> Findings:
    r"""Find the segments where the model is worse than on the rest of the rows.

    An alert is a segment that was found on one part of the rows, among all that were
    looked at, and found again on another part.

    Parameters
    ----------
    labelled : DataFrame of shape (n, n_columns)
        As in `performance`; of a ranking the columns of each list's first row.
    by : sequence of column names, optional
        The columns to cut by; all but the house's own where not given. A segment is a
        value of a column, or missing; numbers of more than ten values are cut at the
        quartiles of the reference.
    metric : str
        A key of `lifecycle.metrics.TASKS[task]`; the task's first usual one where not
        given.
    task : {"binary", "multiclass", "regression", "ranking"}
    as_of : datetime, optional
        The moment the report speaks of, with a zone; all known outcomes count without
        it.
    delay : timedelta, optional
        How long an outcome takes.
    reference : DataFrame, optional
        Where the quartiles come from; the rows themselves where not given.
    paired : bool
        Look at every two columns together as well. A pair is an alert only if it is
        worse, by the floor and confirmed, than what else there is of each of its two
        segments.
    confirm : {"halves", "chunks"}
        Found in the earlier half of the rows and again in the later one; or found in
        the last but one chunk and again in the newest: two chunks running, of less rows
        each. Without a column `time` the halves are drawn.
    chunk, timezone
        For "chunks".
    rate : float
        Share of false discoveries among the segments found.
    floor : float
        How much worse a segment has to be: in points for metrics between 0 and 1, as
        a share of the rest's value for the others.
    min_n : int
        A segment is looked at when it and the rest have so many rows that count.
    classes : sequence, optional
        As in `performance`.
    rng : Generator or int
        Draws the halves where there is no `time`; the same seed, the same halves.

    Returns
    -------
    Findings
        The alerts first, the worst at the top; a row a segment with value, n, 90%
        interval, and as threshold the rest's value less the floor (plus, where less is
        better). A second row, "against the rest", is the difference with its interval.
        Of pairs only the alerts are rows, of segments of too few rows the largest.

    Raises
    ------
    ValueError
        When a column or metric is unknown.

    Notes
    -----
    One-sided tests of each segment against its complement: for shares the
    hypergeometric distribution (Fisher's exact test), for other means and ratios
    Welch's test, for the rest a normal test with the standard errors that the
    intervals imply.
    Found means: at most `rate` after Benjamini and Hochberg's procedure over all
    segments looked at, pairs included. Confirmed means: at most `rate` divided by the
    number found, on rows that had no say in the finding, and worse there, too. So where
    no segment differs an alert is rarer than `rate` squared. The value shown is that of
    both parts together: of segments picked for being bad it is somewhat too bad. The
    interval of a difference is Newcombe's hybrid of the two.

    References
    ----------
    Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", J. R.
    Statist. Soc. B 57 (1995). R. G. Newcombe, "Interval estimation for the difference
    between independent proportions", Statistics in Medicine 17 (1998).

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"plan": ["free", "team"] * 200, "prediction": 1.0})
    >>> rows["outcome"] = [0.0, 1.0, 1.0, 1.0] * 100
    >>> found = segments(rows)
    >>> found[0]
    <Finding accuracy plan=free: 0.5 [0.4422, 0.5578], n 200, threshold 0.95, alert>
    """
    name = _checked(metric, task, confirm, rate, floor)
    told = read(labelled, task, as_of=as_of, delay=delay, classes=classes)
    halves = _split(told, confirm, chunk, timezone, rng)
    counts = terms(told, task, name)
    asked = Question(told, task, name, halves, counts, rate, floor, min_n)
    single = cuts(told.rows, columns(told.rows, by), reference)
    made = [each for cut in single for each in _segments(asked, cut)]
    held = {each.name: each for each in made}
    if paired:
        made += [each for cut in pairs(single, min_n) for each in _segments(asked, cut)]
    return _findings(asked, made, alerts(asked, made, held), confirm)


def _checked(metric: str, task: str, confirm: str, rate: float, floor: float) -> str:
    if confirm not in ("halves", "chunks"):
        raise ValueError(f"confirm must be halves or chunks, got {confirm!r}")
    if not 0 < rate < 1:
        raise ValueError(f"rate must lie within 0 and 1, got {rate}; use 0.05")
    if not floor >= 0:
        raise ValueError(f"floor must be 0 or more, got {floor}; use 0.05")
    usual = USUAL.get(task, ("",))[0]
    return metrics.of(task, metric or usual).name


def _split(
    told: Told,
    confirm: str,
    chunk: periods.Every,
    timezone: str,
    rng: np.random.Generator | int,
) -> tuple[np.ndarray, np.ndarray]:
    """The rows on which segments are found, and those on which they are confirmed."""
    import numpy as np

    first, second = (np.zeros(len(told.rows), dtype=bool) for _ in range(2))
    places = np.flatnonzero(told.known)
    if confirm == "chunks":
        pieces = parts(told.rows["time"].iloc[places], chunk, timezone)
        for side, (_, part) in zip((second, first), reversed(pieces), strict=False):
            side[places[part]] = True
    elif "time" in told.rows.columns:
        places = places[in_order(told.rows["time"].iloc[places])]
        first[places[: len(places) // 2]] = True
        second[places[len(places) // 2 :]] = True
    else:
        drawn = np.random.default_rng(rng).permutation(places)
        first[drawn[::2]] = True
        second[drawn[1::2]] = True
    return first, second


def _segments(asked: Question, cut: Cut) -> list[Segment]:
    import numpy as np

    rows = asked.rows
    size = len(cut.names)
    count = np.bincount(cut.codes[rows & (cut.codes >= 0)], minlength=size)
    large = np.flatnonzero(count >= asked.min_n)
    if asked.counts is None and large.size < size:  # each is measured: not the small
        place = np.full(size + 1, -1)
        place[large] = np.arange(large.size)
        cut = Cut(
            [cut.names[number] for number in large.tolist()],
            place[cut.codes],
            [cut.parts[number] for number in large.tolist()] if cut.parts else (),
        )
        size, count = large.size, count[large]

    def look(part: np.ndarray, tested: np.ndarray | None) -> Contrast:
        question = asked.told, asked.task, asked.name, cut.codes, size, part
        return contrast(*question, asked.counts, tested=tested)

    every = look(rows, None)
    apart = worse(asked, every)
    judged = (every.n >= asked.min_n) & (every.n_rest >= asked.min_n)
    judged &= ~np.isnan(apart)
    found, again = (look(part, judged) for part in asked.halves)
    return [
        Segment(
            cut,
            number,
            int(count[number]),
            float(every.value[number]),
            float(every.rest[number]),
            float(every.error[number]),
            float(apart[number]),
            bool(judged[number]),
            float(found.p[number]),
            float(again.p[number]),
        )
        for number in np.flatnonzero(count > 0).tolist()
    ]


def _findings(
    asked: Question, made: list[Segment], alarmed: set[int], confirm: str
) -> Findings:
    def rank(n: int) -> tuple[bool, bool, float]:
        each = made[n]
        size = each.worse if each.judged else float(each.count)
        return n not in alarmed, not each.judged, -size

    shown = [n for n, each in enumerate(made) if n in alarmed or not each.parts]
    shown.sort(key=rank)
    judged = sum(made[n].judged for n in shown)
    rows: list[Finding] = []
    for n in shown[: judged + _SHOWN_UNJUDGED]:
        rows += _rows(asked, made[n], n in alarmed)
    worst = made[shown[0]] if judged else None
    looked = sum(each.judged for each in made)
    said = _summary(asked, rows[:1], worst, (looked, len(alarmed)), confirm)
    return Findings("Segments", tuple(rows), said, main=asked.name)


def _rows(asked: Question, each: Segment, alert: bool) -> tuple[Finding, Finding]:
    import numpy as np

    places = np.flatnonzero(each.inside & asked.rows)
    value, lower, upper, n = asked.told.measure(asked.name, places)
    size = asked.floor if asked.metric.bounded else asked.floor * abs(each.rest)
    limit = each.rest + (-size if asked.metric.greater_is_better else size)
    verdict: Verdict = "undefined"
    if each.judged:
        verdict = "alert" if alert else "quiet"
    away, half = value - each.rest, intervals.z(0.90) * each.error
    about: dict[str, Any] = {"subject": each.name, "unit": unit_of(asked.name)}
    return (
        Finding(asked.name, value, n, lower, upper, limit, verdict, **about),
        Finding(
            "against the rest",
            away,
            n,
            away - math.hypot(value - lower, half),
            away + math.hypot(upper - value, half),
            **about,
        ),
    )


def _summary(
    asked: Question,
    rows: list[Finding],
    worst: Segment | None,
    counts: tuple[int, int],
    confirm: str,
) -> str:
    looked, many_alerts = counts
    if worst is None:
        return (
            f"No segment can be judged: {asked.min_n} known outcomes in it and in the "
            f"rest are needed."
        )
    row = rows[0]
    size = f"{100 * asked.floor:.3g} {'points' if asked.metric.bounded else 'percent'}"
    said = f"{amount(row.value, row.unit)} ("
    if not math.isnan(row.lower):
        ends = amount(row.lower, row.unit), amount(row.upper, row.unit)
        said += f"90%: {ends[0]} to {ends[1]}, "
    said += f"n {row.n:,}) against {amount(worst.rest, row.unit)} elsewhere"
    many = f"{looked:,} segment{'s' if looked != 1 else ''} looked at"
    if many_alerts:
        where = "newest chunk" if confirm == "chunks" else "later half"
        are = "is" if many_alerts == 1 else "are"
        return (
            f"{word(asked.name)} is worst where {worst.name}: {said}, confirmed in the "
            f"{where}; of {many} {many_alerts} {are} worse than the rest by {size} or "
            f"more."
        )
    return (
        f"Of {many} none is shown to be worse than the rest by {size} or more; "
        f"{word(asked.name)} is worst where {worst.name}: {said}."
    )

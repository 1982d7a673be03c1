"""Is it drift, or is it December? The chunks of now against the same of last year."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from functools import reduce

from lifecycle import periods, profiles
from lifecycle.drift import judging, telling, tracks
from lifecycle.drift.chunked import Course
from lifecycle.findings import Finding, Findings, Verdict

__all__ = ["last_year", "season"]


def last_year(label: str, *, around: int = 0) -> tuple[str, ...]:
    """The chunks of last year that stand where this one stands now.

    Parameters
    ----------
    label : str
        "2023-W14", "2023-04" or "2023-04-03".
    around : int
        So many chunks before and after as well.

    Returns
    -------
    tuple of str
        The same ISO week, the same month, or the same weekday of the same ISO week. A
        week 53 is held against week 52 where last year had no other.

    Raises
    ------
    ValueError
        When the label is none of these.

    Examples
    --------
    >>> last_year("2023-W14", around=1), last_year("2021-01"), last_year("2020-W53")
    (('2022-W13', '2022-W14', '2022-W15'), ('2020-01',), ('2019-W52',))
    >>> last_year("2023-04-03")  # both are a Monday
    ('2022-04-04',)
    """
    periods.bounds(label)  # or it says what a label is
    if "W" in label:
        year, week = int(label[:4]) - 1, int(label[6:])
        weeks = date(year, 12, 28).isocalendar().week
        first = date.fromisocalendar(year, min(week, weeks), 1)
        days = [first + timedelta(7 * k) for k in range(-around, around + 1)]
        return tuple("{}-W{:02}".format(*day.isocalendar()[:2]) for day in days)
    if len(label) == len("2023-04"):
        month = (int(label[:4]) - 1) * 12 + int(label[5:]) - 1
        months = [divmod(month + k, 12) for k in range(-around, around + 1)]
        return tuple(f"{year:04}-{number + 1:02}" for year, number in months)
    day = date.fromisoformat(label)
    iso_year, week, weekday = day.isocalendar()
    weeks = date(iso_year - 1, 12, 28).isocalendar().week
    then = date.fromisocalendar(iso_year - 1, min(week, weeks), weekday)
    return tuple(str(then + timedelta(k)) for k in range(-around, around + 1))


def season(
    found: Course,
    history: profiles.Profile | None = None,
    *,
    around: int = 1,
    level: float = 0.05,
    min_n: int = 30,
) -> Findings:
    """Hold what has drifted against the same weeks of last year, where there are some.

    Parameters
    ----------
    found : Course
        Against the reference.
    history : Profile, optional
        The log of the years before, on the same grids, with the same segments; the
        analysis of the course where none is given.
    around : int
        So many chunks before and after the same one are looked at as well, for Easter
        moves; the nearest of them counts.
    level : float
        Of Benjamini and Hochberg's procedure, over what has drifted.
    min_n : int
        A row is judged when both samples have at least so many values.

    Returns
    -------
    Findings
        For every row that is an alert in the newest chunk of the course a row of the
        same measure, against last year; quiet when it is "as last year": not
        significant, or no larger than the threshold the course held it to.

    Notes
    -----
    The tests are those of `course`. A feature that moves with the season is no
    different from one of last year's chunks; one that has drifted is different from
    each of them, and the p-value of that is the largest. It is a remark on the alerts
    of the course, and takes none of them back.

    Examples
    --------
    >>> import pandas as pd
    >>> from lifecycle import drift
    >>> days = pd.date_range("2022-12-05", periods=385, tz="UTC").repeat(10)
    >>> gifts = ["gift" if day.month == 12 else "own" for day in days]
    >>> log = pd.DataFrame({"time": days, "for": gifts})
    >>> summer = log[(log.time >= "2023-05") & (log.time < "2023-11")]
    >>> found = drift.course(summer.drop(columns="time"), log)
    >>> season(found, around=0).summary
    'Of 1 feature that has drifted in 2023-W51, 1 is as last year: for.'
    """
    import numpy as np

    past = found.analysis if history is None else history
    chunks = found.analysis.chunks
    newest = chunks[-1] if chunks else ""
    alerts = [row for row in found.findings if row.period == newest and _alert(row)]
    then = set(last_year(newest, around=around)) & set(past.chunks) if newest else set()
    then.discard(newest)
    if not alerts or not then:
        return _findings((), _nothing(newest, alerts, then))
    seen: list[tuple[Finding, tracks.Track, int, float]] = []
    for row in alerts:
        feature, cut, *_ = found.details[row.subject, row.measure, newest]
        grid = found.reference.grids[feature]
        now = tracks.side(grid, [found.analysis.counts(feature, newest, cut)])
        before = [past.counts(feature, chunk, cut) for chunk in sorted(then)]
        seen.append((row, *_nearest(feature, cut, row.measure, before, now, min_n)))
    adjusted = judging.corrected(np.array([[each[3]] for each in seen]))[:, 0]
    told = tuple(
        _held(row, track, at, float(q), level)
        for (row, track, at, _), q in zip(seen, adjusted, strict=True)
    )
    features = {row.subject: found.details[row.subject, row.measure, newest][0]
                for row in alerts}  # fmt: skip
    return _findings(told, _summary(told, features, newest))


def _alert(row: Finding) -> bool:
    return row.verdict == "alert"


def _nearest(
    feature: str,
    cut: str,
    measure: str,
    before: Sequence[profiles.Counts],
    now: tracks.Side,
    min_n: int,
) -> tuple[tracks.Track, int, float]:
    """The track against every chunk of last year, the nearest, and the largest p."""
    import numpy as np

    main = "js" if measure in ("missing", "unseen") else measure
    parts = []
    for counts in before:
        own = tracks.side(now.grid, [counts])
        made = tracks.follow(feature, cut, own, now, main=main, min_n=min_n)
        parts.append(next(track for track in made if track.measure == measure))
    whole = reduce(tracks.joined, parts)
    enough = (whole.rows >= min_n) & ~np.isnan(whole.p) & ~np.isnan(whole.value)
    if not enough.any():
        return whole, 0, math.nan
    away = np.where(enough, np.abs(whole.value), math.inf)
    return whole, int(np.argmin(away)), float(whole.p[enough].max())


def _held(
    row: Finding, track: tracks.Track, at: int, p: float, level: float
) -> Finding:
    value = float(track.value[at])
    verdict: Verdict = "undefined"
    if not math.isnan(p) and not math.isnan(value):
        large = abs(value) > abs(row.threshold)
        verdict = "alert" if p <= level and large else "quiet"
    return Finding(
        row.measure,
        value,
        int(track.n[at]),
        float(track.lower[at]),
        float(track.upper[at]),
        math.copysign(row.threshold, value) if track.signed else row.threshold,
        verdict,
        row.period,
        row.subject,
        row.unit,
    )


def _findings(rows: tuple[Finding, ...], summary: str) -> Findings:
    main = rows[0].measure if rows else ""
    return Findings("Against last year", rows, summary, main)


def _nothing(newest: str, alerts: Sequence[Finding], then: set[str]) -> str:
    if not alerts:
        return f"Nothing has drifted in {newest}." if newest else "There is no chunk."
    return (
        f"Whether it is the season is undefined: there is no chunk of a year before "
        f"{newest}."
    )


def _summary(told: Sequence[Finding], features: dict[str, str], newest: str) -> str:
    by: dict[str, list[str]] = {}
    for row in told:
        by.setdefault(features[row.subject], []).append(row.verdict)
    calm = [name for name, each in by.items() if set(each) == {"quiet"}]
    count = f"{len(by)} feature{'' if len(by) == 1 else 's'}"
    has = "has" if len(by) == 1 else "have"
    said = f"Of {count} that {has} drifted in {newest}, "
    if not calm:
        return said + "none is as last year."
    names = telling.several([telling.line(name) for name in calm])
    return (
        said + f"{len(calm)} {'is' if len(calm) == 1 else 'are'} as last year: {names}."
    )

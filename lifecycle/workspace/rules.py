"""The rules of a model, asked at one moment: what is beyond its threshold now.

Nothing here is written anywhere: `clock.watch` keeps what it says in the registry,
`replaying` holds it against what came true.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import alerts, config, periods
from lifecycle import metrics as measures
from lifecycle.findings import Finding, Findings, judge
from lifecycle.workspace import actors, attention, by_task, overdue
from lifecycle.workspace.rows import LENGTH

if TYPE_CHECKING:
    from lifecycle.workspace.view import View

__all__ = ["LOOKS", "looked_at", "reference_value", "watch"]

LOOKS: dict[str, Literal["back", "ahead", "aside"]] = {
    "drift": "ahead",
    "quality": "ahead",
    "kpi": "ahead",
    "feedback": "ahead",
    "handed_over": "ahead",
    "estimated": "ahead",
    "no_data": "aside",
    "nobody_looked": "aside",
    "overdue": "aside",
    "review": "aside",
    "unopened": "aside",
}
"""What an alert of a rule says: harm was, harm comes, or neither. Others look back."""

_SHOWN = 13  # chunks of a measure's course
_FIRST = 4  # chunks of a version that say how good it is
_WORDS = {"day": "days", "week": "weeks", "month": "months"}


def watch(
    view: View, rules: Mapping[str, config.Rule] | None = None
) -> dict[str, Findings]:
    """What each rule finds at the view's moment, by the rule's name.

    Parameters
    ----------
    view : View
    rules : mapping of name to Rule, optional
        Those of the settings where not given.

    Returns
    -------
    dict of str to Findings
        In the order of the rules. No rows, or undefined ones, where the question has
        no answer; that changes no alert. A summary is what is wrong in a sentence;
        where it is empty the finding's numbers say it.
    """
    told = view.settings.watched if rules is None else rules
    course = cache(lambda: view.performance(chunks=_SHOWN))  # one for all rules
    found = {}
    for name, rule in told.items():
        if rule.watch in _ASKED:
            found[name] = _ASKED[rule.watch](view, rule)
        elif rule.watch == "drop":
            found[name] = _drop(view, rule, course())
        else:
            found[name] = _held(view, course().only(measure=rule.watch), rule)
    return found


# -- performance -----------------------------------------------------------------


def _estimated(view: View, rule: config.Rule) -> Findings:
    """The performance to be expected; what must not be trusted is left out."""
    made = view.estimated()
    if made is None:
        return Findings("Estimated performance", ())
    kept = [
        replace(row, measure=f"estimated {row.measure}")
        for row in made.findings.only(measure=rule.measure or view.task.main)
        if row.period in made.trusted
    ]
    return _held(view, Findings("Estimated performance", tuple(kept)), rule)


def _drop(view: View, rule: config.Rule, course: Findings) -> Findings:
    """How far each chunk is behind the first ones of the version in production."""
    measure = rule.measure or view.task.main
    normal = reference_value(view, measure)
    known = measures.TASKS[view.task.name].get(measure)
    sign = 1.0 if known is None or known.greater_is_better else -1.0
    # of what has no bounds, such as an error in euros, the share of what is normal
    whole = normal if known is not None and not view.task.judges else 1.0
    unit: dict[str, Any] = {} if view.task.judges else {"unit": "%"}
    lost = []
    for row in course.only(measure=measure):
        ends = sorted(sign * (normal - end) / whole for end in (row.lower, row.upper))
        value = sign * (normal - row.value) / whole
        lost.append(
            replace(
                row,
                measure=f"{measure} drop",
                value=value,
                lower=ends[0],
                upper=ends[1],
                **unit,
            )
        )
    return _held(view, Findings("Drop from the reference", tuple(lost)), rule)


def reference_value(view: View, measure: str) -> float:
    """What is normal for a measure: its value while the production version was new.

    The mean, weighted by rows, of the version's first four judged chunks: the rows it
    was trained on would flatter it. Undefined, and therefore `nan`, before it has one.
    """
    since = view.live_since
    if since is None:
        return math.nan
    passed = math.ceil((view.as_of - since) / LENGTH[view.settings.chunk])
    first = [
        row
        for row in view.performance(chunks=max(passed, 1)).only(measure=measure)
        if row.n >= view.settings.alerts.min_rows
        and not math.isnan(row.value)
        and periods.bounds(row.period, timezone=view.timezone).start >= since
    ][:_FIRST]
    rows = sum(row.n for row in first)
    return sum(row.value * row.n for row in first) / rows if rows else math.nan


def _harm(view: View, rule: config.Rule) -> Findings:
    """The sequential test that the loss has risen by more than epsilon."""
    rows = view.harm(epsilon=rule.above or 0.0)
    return replace(rows, summary=rows.summary if rows.verdict == "alert" else "")


# -- what comes before harm ------------------------------------------------------


def _drift(view: View, rule: config.Rule) -> Findings:
    """All drift of a model as one finding a chunk: how many columns have moved.

    Scores, and outcomes that are due, count in the newest chunk: what they say now.
    """
    if not len(view.reference) or not len(view.analysis):
        return Findings("Drift", ())
    drift = view.drift()
    found, moved = drift.findings, dict[str, set[str]]()
    for row in found:
        if row.verdict != "undefined":
            names = moved.setdefault(row.period, set())
            if row.verdict == "alert":
                told = drift.details.get((row.subject, row.measure, row.period))
                names.add(told[0] if told else row.subject)
    counts = {period: len(names) for period, names in sorted(moved.items())}
    loud = [each for each in view.answers().parts if each.verdict == "alert"]
    if loud and counts:
        counts[max(counts)] += sum(len(each.drifted) for each in loud)
        said = [found.summary] if drift.drifted else []
        words = " ".join([*said, *(each.summary for each in loud)])
        found = replace(found, summary=words)
    now = {*moved[max(moved)]} if moved else set()
    now |= {str(name) for each in loud for name in each.drifted}
    return _family(view, "drifted columns", counts, "Drift", found, now)


def _quality(view: View, rule: config.Rule) -> Findings:
    """All faults of the newest data as one finding; what is judged as drift is none."""
    if not len(view.reference) or not len(view.analysis):
        return Findings("Data quality", ())
    found, outcomes = view.quality(), view.outcomes()
    wrong = [each for each in outcomes.faults if each.until is None]
    if found.verdict == "undefined" and not wrong:
        return Findings("Data quality", ())
    if wrong:
        said = [found.summary] if found.faults else []
        words = " ".join([*said, outcomes.summary])
        found = replace(found, summary=words, rows=(*found.rows, *outcomes.rows))
    faults = [*found.faults, *wrong]
    now = {f"{fault.column} {fault.cause}".strip() for fault in faults}
    return _family(
        view, "faults of the data", {"": len(faults)}, "Data quality", found, now
    )


def _family(
    view: View,
    measure: str,
    counts: Mapping[str, int],
    title: str,
    found: Findings,
    named: Collection[str],
) -> alerts.Family:
    """One finding a chunk for all columns, and which they are now."""
    newest = view.chunk_label(view.analysis["time"].max())
    rows = tuple(
        Finding(
            measure=measure,
            value=float(count),
            n=max((row.n for row in found if period in ("", row.period)), default=0),
            threshold=0.0,
            verdict=judge(float(count), 0.0, side="above"),
            period=period or newest,
        )
        for period, count in counts.items()
    )
    names = tuple(sorted(named))
    return alerts.Family(title, rows[-_SHOWN:], found.summary, named=names)


def _kpi(view: View, rule: config.Rule) -> Findings:
    return _held(view, _past(view, view.kpi(rule.event, rule.measure)), rule)


def _feedback(view: View, rule: config.Rule) -> Findings:
    """Flags and overrides of all rows by chunk, whatever else the view tells."""
    rows = view.feedback().findings
    wanted = (rule.measure,) if rule.measure else ("flagged", "overridden")
    kept = [
        row for row in rows if row.measure in wanted and row.period and not row.subject
    ]
    return _held(view, _past(view, replace(rows, rows=tuple(kept))), rule)


def _handed_over(view: View, rule: config.Rule) -> Findings:
    """How many rows a model of several classes did not know, by chunk."""
    if not view.task.words:
        return Findings("Handed over", ())
    found = by_task.handed_over(view).only(measure=by_task.HANDED_OVER)
    return _held(view, _past(view, found), rule)


def _past(view: View, rows: Findings) -> Findings:
    """The chunks that have ended: of the others not all has happened yet."""
    ended = tuple(
        row
        for row in rows
        if not row.period
        or periods.bounds(row.period, timezone=view.timezone).end <= view.as_of
    )
    return replace(rows, rows=ended)


# -- silence of another kind -----------------------------------------------------


def _no_data(view: View, rule: config.Rule) -> Findings:
    """How long ago the newest prediction was made, in chunks.

    Of a version that has served none yet how long it has been in production.
    """
    chunk, newest = view.settings.chunk, view.live_since
    if len(view.scored):
        newest = view.scored["time"].max().to_pydatetime()
    return attention.since(
        view,
        rule,
        newest,
        LENGTH[chunk],
        measure=f"{_WORDS[chunk]} without a prediction",
        words="no prediction has come",
    )


def _nobody_looked(view: View, rule: config.Rule) -> Findings:
    return attention.since(
        view,
        rule,
        looked_at(view),
        timedelta(weeks=1),
        measure="weeks since somebody looked",
        words="nobody has opened or run a page, made a move or taken an alert on",
    )


def _overdue(view: View, rule: config.Rule) -> Findings:
    """For how many days a renewal has been due that has not run."""
    if view.production is None:
        return Findings("Renewal", ())
    due = overdue.due_since(view)
    if due is None:
        nothing = Finding(
            "days overdue",
            0.0,
            len(view.scored),
            threshold=rule.threshold,
            verdict=judge(0.0, rule.threshold, side=rule.side),
            period=view.chunk_label(view.as_of),
        )
        return Findings("Renewal", (nothing,))
    since, why = due
    found = attention.since(
        view,
        rule,
        since,
        timedelta(days=1),
        measure="days overdue",
        words=f"a renewal is due ({why}) and none has come to an answer",
    )
    words = f"{found.summary}; {view.settings.owner} owns the model"
    return replace(found, summary=words)


def looked_at(view: View) -> datetime | None:
    """When a person last showed that somebody looks after the model.

    A move by a person, an alert taken on, a report opened, or a page run by hand. What
    the clock does by itself does not count: runs that fill a slot, and those at the
    moment an alert opened.
    """
    entries = view.registry.ledger(view.name)
    moves = [
        each.at
        for each in entries
        if each.source != "automatic" and each.actor != actors.MACHINE.name
    ]
    episodes = view.registry.alerts(view.name)
    taken = [each.acknowledged_at for each in episodes if each.acknowledged_at]
    opened = {each.opened_at for each in episodes}
    runs = [
        run.as_of
        for run in view.registry.runs(view.name)
        if run.slot is None and not run.attempt and run.as_of not in opened
    ]
    seen = [*moves, *taken, *runs, *attention.openings(view)]
    return max((at for at in seen if at <= view.as_of), default=None)


# -- answers ---------------------------------------------------------------------


def _held(view: View, rows: Findings, rule: config.Rule) -> Findings:
    """The same rows, held against the threshold of the rule."""
    least = view.settings.alerts.min_rows
    judged = tuple(
        replace(
            row,
            threshold=rule.threshold,
            verdict=judge(
                row.value, rule.threshold, side=rule.side, n=row.n, min_n=least
            ),
        )
        for row in rows
    )
    return replace(rows, rows=judged, summary="")


_ASKED: dict[str, Callable[[View, config.Rule], Findings]] = {
    "harm": _harm,
    "estimated": _estimated,
    "drift": _drift,
    "quality": _quality,
    "kpi": _kpi,
    "feedback": _feedback,
    "handed_over": _handed_over,
    "no_data": _no_data,
    "nobody_looked": _nobody_looked,
    "overdue": _overdue,
    "review": attention.review,
    "unopened": attention.unopened,
}

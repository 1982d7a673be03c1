"""The guard of a release: one that does clearly worse goes back by itself."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import alerts, errors, promotion
from lifecycle.findings import Finding, Findings
from lifecycle.jobs import store
from lifecycle.workspace import actors, unworked, watchmen
from lifecycle.workspace import trial as trials

if TYPE_CHECKING:
    from lifecycle.workspace.view import View

__all__ = ["RULE", "guard", "look"]

RULE = "guard"
"""The rule of alerts about what a guard says and does not act upon."""
_LATELY = timedelta(days=14)
_WORDS = {
    "accuracy_difference": "accuracy against {other} on the rows that both scored",
    "estimated_difference": "accuracy as it is estimated on the newest rows",
    "failed rows of a day": "rows of the last day that failed",
    "errors": "rows that failed",
    "missing scores": "rows without a score",
    "constant": "newest rows with one and the same score",
    "late answers": "hours, or stretches of 20 calls, with late answers",
    "score_shift": "mean score against {other}, since its release",
}
_CALLS = "errors", "missing scores"
"""What is counted by the call."""


def look(view: View) -> Findings:
    """What each guard of the release that is watched now says.

    Parameters
    ----------
    view : View

    Returns
    -------
    Findings
        A row a guard, with its bound; no rows where no release is watched.
    """
    posts = watchmen.posts(view)
    if not posts:
        weeks = view.settings.guard.weeks
        return Findings(
            "Guard",
            (),
            f"No release of {view.name} is guarded: nothing is on trial, and no "
            f"version went into production within {weeks:g} weeks.",
        )
    rows: list[Finding] = []
    said = []
    for post in posts:
        found = post.findings()
        rows += found.values()
        against = "with nothing to go back to"
        if post.other is not None:
            against = f"against version {post.other.number}"
        lost = found.get(unworked.UNWORKED)
        bad = [
            name
            for name, row in found.items()
            if row.verdict == "alert" and row is not lost
        ]
        told = f"against it {'speak' if len(bad) > 1 else 'speaks'} {', '.join(bad)}"
        judged = any(row.verdict != "undefined" for row in found.values())
        quiet = "no guard speaks against it" if judged else "nothing can be judged yet"
        said.append(
            f"{post.subject[:1].upper()}{post.subject[1:]} since "
            f"{post.since:%Y-%m-%d}, {against}: "
            f"{told if bad else quiet}"
            + (f"; not worked out: {_how(lost)}." if lost is not None else ".")
        )
    return Findings("Guard", tuple(rows), " ".join(said))


def guard(view: View) -> str | None:
    """Hold each release that is watched against every guard, and act on what they say.

    The version in production is held against the previous one for the weeks of the
    settings, a version on trial against production. A breach gives all traffic back to
    the other one in one transaction, with an alert that has the numbers, and ends a
    trial with it; without another one, or where the settings say so, there is an alert
    alone. Looked at once in `every_hours`. What a trial itself says is done then
    (`trial.act`).

    Returns
    -------
    str or None
        One sentence where something was done.
    """
    _untold(view)
    posts = watchmen.posts(view)
    if posts and _looked(view):
        return None
    told: list[tuple[Finding, str]] = []
    for post in posts:
        found = post.findings()
        _log_lost(view, found)
        acting = set(view.settings.guard.act)
        bad = {name: row for name, row in found.items() if row.verdict == "alert"}
        may = {k: row for k, row in bad.items() if k.partition(" ")[0] in acting}
        lost = post.unfit if "missing" in may else ""
        if may and post.other is not None and not lost:
            try:
                done = _roll_back(view, post, may)
            except errors.ArtefactError as error:  # it stays, and somebody is called
                done, lost = None, str(error)
            if done is not None:
                return done
        if post.other is None:
            lost = "there is no version to go back to"
        for name, row in found.items():
            alone = bool(lost) and name != unworked.UNWORKED
            way = lost if alone else _way(name, row)
            told.append((_named(post, row, alone), way))
    _tell(view, told)
    _keep(view)
    if view.experimental is not None:
        return trials.act(view)
    return None


def _roll_back(
    view: View, post: watchmen.Post, bad: Mapping[str, Finding]
) -> str | None:
    """Give the traffic back; None where somebody has moved the roles since."""
    assert post.other is not None
    number, other = post.serving.number, f"version {post.other.number}"
    reason = (
        f"version {number} does clearly worse than {other}: "
        f"{'; '.join(_said(row, other) for row in bad.values())}"
    )
    production = view.production
    trial = production is not None and number != production.number
    try:
        promotion.roll_back(
            view.registry,
            view.name,
            actor=actors.MACHINE.name,
            source="automatic",
            reason=reason,
            at=view.as_of,
            automatic=True,
            number=number,
            to=None if trial else post.other.number,
            evidence={"guard": {name: _plain(row) for name, row in bad.items()}},
        )
    except errors.IllegalMove:
        return None  # the next look judges what is so then
    _alert(view, number, reason, next(iter(bad.values())))
    return f"{view.name}: rolled back, {reason}"


def _alert(view: View, number: int, reason: str, row: Finding) -> None:
    alerts.update(
        view.registry,
        view.name,
        Findings("Release", (replace(row, subject=f"version {number}"),), reason),
        rule="rollback",
        at=view.as_of,
        owner=view.settings.owner,
        severity="critical",
        words=f"{view.name}: rolled back, {reason}",
    )


def _untold(view: View) -> None:
    """The alert of a rollback whose process died before it could tell."""
    for entry in reversed(view.registry.ledger(view.name)):
        if view.as_of - entry.at > _LATELY:
            return
        if entry.move != "roll back" or "guard" not in entry.evidence:
            continue
        known = any(
            each.rule == "rollback" and each.opened_at >= entry.at
            for each in alerts.history(view.registry, view.name)
        )
        if not known and entry.at <= view.as_of and entry.number is not None:
            row = _spoke(entry.evidence["guard"])
            _alert(view, entry.number, entry.reason, row)
        return


def _spoke(guards: Mapping[str, Mapping[str, Any]]) -> Finding:
    """The first number that a rollback rests on, as its row of the ledger has it."""
    told = next(iter(guards.values()))
    names = {each.name for each in fields(Finding)} & told.keys()
    row: dict[str, Any] = {name: told[name] for name in names}
    row |= {name: math.nan for name in names if told[name] is None}
    return Finding(**row)


def _named(post: watchmen.Post, row: Finding, alone: bool) -> Finding:
    """A row of an alert: one subject a guard and version, however it is counted."""
    ready = ", which has none to go back to" if alone else ""
    return replace(
        row, subject=f"{row.measure} of version {post.serving.number}{ready}"
    )


def _way(name: str, row: Finding) -> str:
    """Why a guard that speaks has rolled nothing back, though it could."""
    if name == watchmen.FAILURES:
        both = f"{how}: " if (how := _how(row)) else ""
        return f"{both}one bad call, or bad input, is no reason to go back"
    if name == unworked.UNWORKED:
        return f"{_how(row)}; until that is mended they say nothing of it"
    return "the settings let nobody but a person roll it back"


def _how(row: Finding) -> str:
    """What a guard says beside its version: against what, or why not."""
    return row.subject.partition(", ")[2]


def _log_lost(view: View, found: Mapping[str, Finding]) -> None:
    row = found.get(unworked.UNWORKED)
    if row is not None:
        words = f"{view.name}: guards not worked out, {row.subject}"
        logging.getLogger("lifecycle.guard").warning("%s", words)


def _tell(view: View, told: Sequence[tuple[Finding, str]]) -> None:
    """An alert about each guard that speaks and may not act, or cannot.

    What a guard said lasts while it cannot say anything else.
    """
    lasting = {
        each.subject
        for each in alerts.open_alerts(view.registry, view.name)
        if each.rule == RULE
    }
    rows = [(r, way) for r, way in told if r.verdict == "alert" or r.subject in lasting]
    unsure = {_alone(row.subject) for row, _ in told if row.verdict == "undefined"}
    for each in lasting - {row.subject for row, _ in told}:
        if _alone(each) not in unsure:
            rows.append((Finding("", 0.0, 1, verdict="quiet", subject=each), ""))
    for row, way in rows:
        words = f"{view.name}: {_alone(row.subject)}: "
        words += f"{_said(row, 'the version before')}; {way}"
        alone = row.subject.endswith("to go back to")
        alerts.update(
            view.registry,
            view.name,
            Findings("Guard", (row,)),
            rule=RULE,
            at=view.as_of,
            owner=view.settings.owner,
            severity="critical" if alone else "warning",
            words=words if row.verdict == "alert" else "",
        )


def _alone(subject: str) -> str:
    """A guard and its version, whether or not there is one to go back to."""
    return subject.partition(",")[0]


def _said(row: Finding, other: str) -> str:
    """One guard's number, with its interval and its bound, in words."""
    what = _WORDS.get(row.measure, row.measure).format(other=other)
    if row.measure == unworked.MEASURE:
        return f"{row.value:.0f} of {row.n} could not be worked out"
    if row.measure.startswith("kpi") and _how(row):
        what += f" ({_how(row)})"
    share = row.measure not in ("score_shift", "constant")
    if row.measure.endswith("_difference"):
        return (
            f"{what}: {row.value:+.1%} [{row.lower:+.1%}, {row.upper:+.1%}] on "
            f"{row.n} rows"
        )
    value = f"{row.value:.1%}" if share else f"{row.value:+.3g}"
    bound = f"{row.threshold:.1%}" if share else f"{row.threshold:.3g}"
    words = f"{what}: {value}"
    if not math.isnan(row.lower):
        ends = (row.lower, row.upper)
        low, high = (f"{end:.1%}" if share else f"{end:+.3f}" for end in ends)
        words += f" [{low}, {high}]"
    calls = " calls" if row.measure in _CALLS else ""
    return f"{words} of {row.n}{calls}, at most {bound}"


def _plain(row: Finding) -> dict[str, Any]:
    told = asdict(row)
    return {
        key: None if isinstance(value, float) and math.isnan(value) else value
        for key, value in told.items()
    }


# -- how often -------------------------------------------------------------------------


def _place(view: View) -> Path:
    return view.workspace.directory / ".lifecycle" / "guard" / f"{view.name}.json"


def _state(view: View) -> dict[str, Any]:
    """What a look rests on beside the clock: with a new move it is looked at again."""
    return {"at": view.as_of.isoformat(), "stamp": view.registry.stamp(view.name)}


def _looked(view: View) -> bool:
    """Whether the release was looked at within the hours of the settings."""
    try:
        last = json.loads(_place(view).read_text(encoding="utf-8"))
        before = datetime.fromisoformat(last["at"])
        stamp = last["stamp"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    pause = timedelta(hours=view.settings.guard.every_hours)
    return bool(
        stamp == view.registry.stamp(view.name)
        and timedelta() <= view.as_of - before < pause
    )


def _keep(view: View) -> None:
    path = _place(view)
    path.parent.mkdir(parents=True, exist_ok=True)
    store.write(path, json.dumps(_state(view)), durable=False)

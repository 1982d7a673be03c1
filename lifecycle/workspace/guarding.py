"""The guard of a release: one that does clearly worse goes back by itself."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import alerts, promotion
from lifecycle.findings import Finding, Findings
from lifecycle.jobs import store
from lifecycle.workspace import actors, watchmen
from lifecycle.workspace import trial as trials

if TYPE_CHECKING:
    from lifecycle.workspace.view import View

__all__ = ["RULE", "guard", "look"]

RULE = "guard"
"""The rule of alerts about what a guard says and does not act upon."""
_WORDS = {
    "accuracy_difference": "accuracy against {other} on the rows that both scored",
    "errors": "rows that failed",
    "missing scores": "rows without a score",
    "constant": "newest rows with one and the same score",
    "late hours": "hours with late answers",
    "late days": "days with late answers",
    "score_shift": "mean score against {other}, since its release",
}


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
    post = watchmen.post(view)
    if post is None:
        weeks = view.settings.guard.weeks
        return Findings(
            "Guard",
            (),
            f"No release of {view.name} is guarded: nothing is on trial, and no "
            f"version went into production within {weeks:g} weeks.",
        )
    found = post.findings()
    against = "nothing to go back to"
    if post.other is not None:
        against = f"version {post.other.number}"
    bad = [name for name, row in found.items() if row.verdict == "alert"]
    said = f"{', '.join(bad)} speak against it" if bad else "no guard speaks against it"
    summary = f"{post.subject} since {post.since:%Y-%m-%d}, against {against}: {said}."
    return Findings("Guard", tuple(found.values()), summary[:1].upper() + summary[1:])


def guard(view: View) -> str | None:
    """Hold the release that is watched against every guard, and act on what they say.

    The version on trial is held against production, else production against the
    previous version for the weeks of the settings. A breach gives all traffic back to
    the other one in one transaction, with an alert that has the numbers; without
    another one, or where the settings say so, there is an alert alone. Looked at once
    in `every_hours`. What a trial itself says is done then (`trial.act`).

    Returns
    -------
    str or None
        One sentence where something was done.
    """
    post = watchmen.post(view)
    if post is None:
        return None
    if _looked(view):
        return None
    found = post.findings()
    acting = set(view.settings.guard.act)
    bad = {name: row for name, row in found.items() if row.verdict == "alert"}
    may = {name: row for name, row in bad.items() if name.partition(" ")[0] in acting}
    _tell(view, post, {k: row for k, row in found.items() if k not in may}, may)
    if may and post.other is not None:
        return _roll_back(view, post, may)
    _keep(view)
    if view.experimental is not None:
        return trials.act(view)
    return None


def _roll_back(view: View, post: watchmen.Post, bad: Mapping[str, Finding]) -> str:
    assert post.other is not None
    number, other = post.serving.number, f"version {post.other.number}"
    first = next(iter(bad.values()))
    reason = (
        f"version {number} does clearly worse than {other}: "
        f"{'; '.join(_said(row, other) for row in bad.values())}"
    )
    promotion.roll_back(
        view.registry,
        view.name,
        actor=actors.MACHINE.name,
        source="automatic",
        reason=reason,
        at=view.as_of,
        automatic=True,
        evidence={"guard": {name: _plain(row) for name, row in bad.items()}},
    )
    alerts.update(
        view.registry,
        view.name,
        Findings("Release", (replace(first, subject=f"version {number}"),), reason),
        rule="rollback",
        at=view.as_of,
        owner=view.settings.owner,
        severity="critical",
        words=f"{view.name}: rolled back, {reason}",
    )
    return f"{view.name}: rolled back, {reason}"


def _tell(
    view: View,
    post: watchmen.Post,
    others: Mapping[str, Finding],
    may: Mapping[str, Finding],
) -> None:
    """An alert about each guard that speaks and may not act, or cannot."""
    rows = [*others.values()]
    if post.other is None:
        rows += may.values()
    told = [
        replace(row, subject=f"{row.measure} of version {post.serving.number}")
        for row in rows
    ]
    loud = [row for row in told if row.verdict == "alert"]
    gone = [
        Finding("", 0.0, 0, verdict="quiet", subject=each.subject)
        for each in alerts.open_alerts(view.registry, view.name)
        if each.rule == RULE and not each.subject.endswith(f" {post.serving.number}")
    ]
    if not loud and not any(
        each.rule == RULE for each in alerts.open_alerts(view.registry, view.name)
    ):
        return
    way = "there is no version to go back to"
    if post.other is not None:
        way = "the settings let nobody but a person roll it back"
    words = "; ".join(_said(row, "the version before") for row in loud)
    alerts.update(
        view.registry,
        view.name,
        Findings("Guard", (*told, *gone)),
        rule=RULE,
        at=view.as_of,
        owner=view.settings.owner,
        severity="critical" if post.other is None else "warning",
        words=f"{view.name}: version {post.serving.number}: {words}; {way}"
        if loud
        else "",
    )


def _said(row: Finding, other: str) -> str:
    """One guard's number, with its interval and its bound, in words."""
    what = _WORDS.get(row.measure, row.measure).format(other=other)
    share = row.measure not in ("score_shift", "constant")
    if row.measure == "accuracy_difference":
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
    return f"{words} of {row.n}, at most {bound}"


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

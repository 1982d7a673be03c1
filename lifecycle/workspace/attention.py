"""Whether anybody looks: reports that nobody opens, and a day of review that passed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from lifecycle.findings import Finding, Findings, judge

if TYPE_CHECKING:
    from lifecycle import config
    from lifecycle.workspace.view import View

__all__ = ["openings", "review", "since", "unopened"]


def since(
    view: View,
    rule: config.Rule,
    moment: datetime | None,
    unit: timedelta,
    *,
    measure: str,
    words: str,
) -> Findings:
    """How long something has not been, held against the rule's threshold.

    No rows where it has no beginning.
    """
    if moment is None:
        return Findings(measure.capitalize(), ())
    gone = (view.as_of - moment) / unit
    row = Finding(
        measure,
        gone,
        len(view.scored),
        threshold=rule.threshold,
        verdict=judge(gone, rule.threshold, side=rule.side),
        period=view.chunk_label(view.as_of),
    )
    what = measure.split()[0]
    told = f"{words} since {moment:%Y-%m-%d %H:%M} UTC, for {gone:.1f} {what}"
    return Findings(measure.capitalize(), (row,), told)


def openings(view: View) -> list[datetime]:
    """When somebody opened a report of the model, newest first."""
    found = view.registry.opened(view.name)
    return [each.at for each in found if each.at <= view.as_of]


def unopened(view: View, rule: config.Rule) -> Findings:
    """For how many weeks nobody has opened a report; since the first was written."""
    runs = [run.as_of for run in view.registry.runs(view.name) if run.ran]
    written = min((at for at in runs if at <= view.as_of), default=None)
    last = max(openings(view), default=None)
    if written is None:
        return Findings("Weeks since a report was opened", ())
    return since(
        view,
        rule,
        last or written,
        timedelta(weeks=1),
        measure="weeks since a report was opened",
        words=f"nobody has opened a report that {view.settings.owner} is sent",
    )


def review(view: View, rule: config.Rule) -> Findings:
    """For how many days the day of review has passed.

    Until the end of that day it has not; days are UTC's.
    """
    day = view.settings.review_by
    if day is None:
        return Findings("Days since the review was due", ())
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)
    gone = max((view.as_of - end) / timedelta(days=1), 0.0)
    row = Finding(
        "days since the review was due",
        gone,
        len(view.scored),
        threshold=rule.threshold,
        verdict=judge(gone, rule.threshold, side=rule.side),
        period=view.chunk_label(view.as_of),
    )
    owner = view.settings.owner
    told = (
        f"owner, purpose and KPI were to be looked at by {day}, and nobody has; "
        f"{owner} owns the model: lifecycle review {view.name} --next DATE"
    )
    return Findings("Days since the review was due", (row,), told)

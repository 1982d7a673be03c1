"""A renewal that is due and has not run: since when, and what made it due."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lifecycle import config
from lifecycle import metrics as measures
from lifecycle.jobs import schedule
from lifecycle.workspace import actors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lifecycle.workspace.view import View

__all__ = ["asks", "due_since"]

_SPEAK = {"drop", "harm", "estimated", "drift"}
"""Rules beside those of performance whose alert asks for a ruling."""


def due_since(view: View) -> tuple[datetime, str] | None:
    """Since when a renewal of the model is due, and why; `None` where none is.

    Due is what a ruling asked for and nobody did, what the schedule of `decide` asks
    for, and a ruling on an alert of performance, harm or drift. It is done once a
    renewal has come to an answer, "keep" included, or a person has trained a version or
    moved one. Nothing is due before the first version, and while a trial is on nothing
    new is.
    """
    if view.production is None or view.experimental is not None:
        return None
    done = max(_done(view), default=None)
    after = done or view.live_since
    reasons = [each for each in _reasons(view, after) if each[0] <= view.as_of]
    open_since = [each for each in reasons if after is None or each[0] > after]
    return min(open_since, default=None)


def asks(rule: config.Rule) -> bool:
    """Whether an alert of the rule asks for a ruling."""
    return rule.watch in _SPEAK or rule.watch in measures.METRICS


def _done(view: View) -> Iterator[datetime]:
    """When something was done about the model, whoever did it."""
    for renewal in view.registry.renewals(view.name):
        if renewal.done and renewal.ended_at and renewal.ended_at <= view.as_of:
            yield renewal.ended_at
    for entry in view.registry.ledger(view.name):
        by_hand = entry.move == "register" and entry.actor != actors.MACHINE.name
        if entry.at <= view.as_of and (by_hand or entry.after != entry.before):
            yield entry.at


def _reasons(view: View, after: datetime | None) -> Iterator[tuple[datetime, str]]:
    """What asks for a renewal, and since when."""
    for renewal in view.registry.renewals(view.name):
        if renewal.ruling.get("action", "keep") not in ("keep", "fix_data"):
            yield renewal.as_of, f"the ruling of {renewal.as_of:%Y-%m-%d} is to act"
    page = view.settings.schedule.decide
    if page is not None and after is not None:
        zone = page.timezone or view.timezone
        slot = schedule.next_slots(page.cron, zone, after=after, count=1)
        for each in slot:
            at = each.astimezone(UTC)
            yield at, f"a ruling was scheduled for {at:%Y-%m-%d}"
    watched = view.settings.watched
    for alert in view.registry.alerts(view.name):
        rule = watched.get(alert.rule)
        told = rule is not None and asks(rule)
        lasts = alert.closed_at is None or alert.closed_at > view.as_of
        if told and lasts:
            yield (
                alert.opened_at,
                f"the {alert.rule} alert of {alert.opened_at:%Y-%m-%d}",
            )

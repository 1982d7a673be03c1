"""What people do about alerts: take them on, hand them on, ask for silence."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle import errors
from lifecycle.alerts import post
from lifecycle.alerts.words import line
from lifecycle.registry import Alert, canonical

if TYPE_CHECKING:
    from lifecycle.registry import Entry, Registry
    from lifecycle.registry.writing import Writing

__all__ = ["acknowledge", "chase", "silence", "silent_until"]


def acknowledge(registry: Registry, id: int, *, by: str, at: datetime) -> Alert:
    """Say that somebody has taken the alert on; it stays open until it is over.

    Whatever would have been sent because nobody had is not sent any more.

    Parameters
    ----------
    registry : Registry
        The book.
    id : int
        `Alert.id`.
    by : str
        Who.
    at : datetime
        Now, with a zone.

    Returns
    -------
    Alert
        As it is now.

    Raises
    ------
    IllegalMove
        When there is no such alert, it is over, or somebody has it already.
    """
    by, at = line(by), canonical.utc(at)
    if not by:
        raise errors.IllegalMove("the name is missing; say who takes the alert on")
    with registry.atomic() as book:
        alert = book.alert(id)
        if alert is None:
            raise errors.IllegalMove(
                f"there is no alert {id}; `lifecycle alerts` lists the open ones"
            )
        if not alert.is_open:
            raise errors.IllegalMove(
                f"alert {id} closed on {alert.closed_at:%Y-%m-%d}; it is over"
            )
        if alert.acknowledged_by is not None:
            raise errors.AlreadyDecided(
                f"alert {id} was taken on by {alert.acknowledged_by} on "
                f"{alert.acknowledged_at:%Y-%m-%d}; ask them"
            )
        book.change_alert(id, acknowledged_by=by, acknowledged_at=at)
        _recall(book, alert, by=by, at=at)
        changed = book.alert(id)
        assert changed is not None
        return changed


def _recall(book: Writing, alert: Alert, *, by: str, at: datetime) -> None:
    """Take back what was to be told because nobody had the alert."""
    for message in book.messages(alert.model, alert=alert.id):
        free = post.is_free(message, at=at)
        if free and message.kind in ("escalated", "reminder"):
            book.change_message(
                message.id, dead_at=at, last_error=f"{by} took the alert on before"
            )


def chase(
    registry: Registry,
    model: str,
    *,
    at: datetime,
    escalate_after: timedelta | None = None,
    deputy: str = "",
    remind_every: timedelta | None = None,
    report: str = "",
) -> list[Alert]:
    """Go after alerts that nobody has taken on: remind, and ask a second person.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Whose alerts.
    at : datetime
        Now, with a zone.
    escalate_after : timedelta, optional
        After how long without an acknowledgement the deputy is told, once an episode.
    deputy : str
        Who that is.
    remind_every : timedelta, optional
        How often the owner is told again.
    report : str
        Where the report is.

    Returns
    -------
    list of Alert
        Those that went to the deputy now. Alerts of severity "info" and rules under
        a silence are left alone.
    """
    at = canonical.utc(at)
    handed = []
    with registry.atomic() as book:
        for alert in book.alerts(model, only_open=True):
            if alert.acknowledged_by is not None or alert.severity == "info":
                continue
            if post.held_until(book, model, alert.rule, at=at) is not None:
                continue
            if (
                escalate_after is not None
                and alert.escalated_at is None
                and at - alert.opened_at >= escalate_after
            ):
                book.change_alert(
                    alert.id, escalated_to=canonical.words(deputy), escalated_at=at
                )
                post.write(book, alert, "escalated", at=at, to="deputy", report=report)
                changed = book.alert(alert.id)
                assert changed is not None
                handed.append(changed)
            told = alert.reminded_at or alert.opened_at
            if remind_every is not None and at - told >= remind_every:
                book.change_alert(alert.id, reminded_at=at)
                post.write(book, alert, "reminder", at=at, report=report)
    return handed


def silence(
    registry: Registry,
    model: str,
    rule: str,
    *,
    until: datetime,
    reason: str,
    by: str,
    source: str = "given",
    at: datetime,
) -> Entry:
    """Tell nobody of a rule's alerts until a date; the ledger says who wanted that.

    Episodes open and close all the same. What lasts longer than the silence is told
    when it ends. A later word on the same rule takes the place of an earlier one, so
    that `until` now ends a silence.

    Parameters
    ----------
    registry : Registry
        The book.
    model, rule : str
        Of which alerts; "all" for every rule of the model.
    until : datetime
        With a zone; not before `at`.
    reason, by, source : str
        Why, who, and how that is known.
    at : datetime
        Now, with a zone.

    Returns
    -------
    Entry
        The ledger's row.

    Raises
    ------
    IllegalMove
        Without a reason or a name, or when `until` is past.
    """
    at, until = canonical.utc(at), canonical.utc(until, name="until")
    reason, by, rule = line(reason), line(by), line(rule)
    if not reason:
        raise errors.IllegalMove("a silence needs a reason; say why with --reason")
    if not by:
        raise errors.IllegalMove("the name is missing; say who wants the silence")
    if until < at:
        raise errors.IllegalMove(
            f"until {until:%Y-%m-%d %H:%M} UTC is past; name a moment after "
            f"{at:%Y-%m-%d %H:%M} UTC"
        )
    with registry.atomic() as book:
        entry = book.enter(
            model,
            "silence",
            actor=by,
            source=source,
            reason=reason,
            at=at,
            evidence={"rule": rule, "until": until.isoformat()},
        )
        rules = {alert.id: alert.rule for alert in book.alerts(model)}
        for message in book.messages(model):
            if message.alert is None:
                continue
            about = rules[message.alert]
            if post.is_free(message, at=at) and rule in (about, post.ALL):
                hold = post.held_until(book, model, about, at=at)
                book.change_message(message.id, next_try=hold or at)
        return entry


def silent_until(
    registry: Registry, model: str, rule: str, *, at: datetime
) -> datetime | None:
    """Until when nobody is told of a rule, in UTC; `None` where it is not silent."""
    with registry.reading() as book:
        return post.held_until(book, model, rule, at=canonical.utc(at))

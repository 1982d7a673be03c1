"""What the workspace does for alerts: who is told where, and what people say."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import alerts, config, errors
from lifecycle.workspace import moments, ownership

if TYPE_CHECKING:
    from lifecycle.registry import Alert, Entry, Message
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.view import View

__all__ = [
    "acknowledge",
    "asked",
    "chase",
    "dated",
    "deliver",
    "episodes",
    "messages",
    "plain",
    "recipients",
    "replay",
    "replayed",
    "report_link",
    "silence",
    "silent_until",
    "state",
    "troubles",
]

_PAGES = {"drift": "drift", "quality": "drift", "overdue": "decide"}
_NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def episodes(
    workspace: Workspace, name: str | None = None, *, closed: bool = False
) -> list[Alert]:
    """The alerts of one model or of all: open ones, or every episode there was."""
    if name is not None:
        workspace.model(name)
    read = alerts.history if closed else alerts.open_alerts
    return read(workspace.registry, name)


def messages(workspace: Workspace, name: str | None = None) -> list[Message]:
    """What was to be told, oldest first: sent, waiting or given up."""
    return workspace.registry.messages(name)


def acknowledge(
    workspace: Workspace,
    id: int,
    *,
    by: str | None = None,
    as_of: datetime | str | None = None,
) -> Alert:
    """Take an alert on."""
    actor, at = workspace.who(by), workspace.moment(as_of)
    return alerts.acknowledge(workspace.registry, id, by=actor.name, at=at)


def silence(
    workspace: Workspace,
    name: str,
    rule: str,
    *,
    until: datetime | str,
    reason: str,
    by: str | None = None,
    as_of: datetime | str | None = None,
) -> Entry:
    """Tell nobody of a rule until a date; the ledger says who wanted that, and why.

    Raises
    ------
    IllegalMove
        When the model has no such rule, there is no reason, or the date is past.
    """
    known = {*workspace.model(name).watched, "rollback", "all"}
    known |= {alert.rule for alert in alerts.open_alerts(workspace.registry, name)}
    if rule not in known:
        raise errors.IllegalMove(
            f"{name} has no rule {rule!r}; there is {', '.join(sorted(known))}"
        )
    actor = workspace.who(by)
    return alerts.silence(
        workspace.registry,
        name,
        rule,
        until=_moment(workspace, until, "until"),
        reason=reason,
        by=actor.name,
        source=actor.source,
        at=workspace.moment(as_of),
    )


def _moment(workspace: Workspace, told: datetime | str, name: str) -> datetime:
    zone = workspace.settings.workspace.timezone
    return moments.read(told, timezone=zone, name=name)


def state(alert: Alert, *, silent: datetime | None) -> str:
    """Who has an alert, who was asked, and until when nobody is told, in words."""
    if alert.closed_at is not None:
        return f"over since {alert.closed_at:%Y-%m-%d}"
    told = "open"
    if alert.acknowledged_by is not None:
        told = f"taken on by {alert.acknowledged_by}"
    also = asked(alert, silent=silent)
    return f"{told}, {also}" if also else told


def dated(alert: Alert) -> str:
    """An alert's sentence; with both dates where it was refreshed since it opened.

    The sentence has the numbers of the newest look that was beyond the threshold; where
    quiet ones came after it, it is known only that it is older.
    """
    if alert.seen_at <= alert.opened_at:
        return alert.sentence
    still = alert.closed_at is None and not alert.quiet
    newest = "as of" if still else "as last found before"
    seen = alert.closed_at or alert.seen_at
    since = f"since {alert.opened_at:%Y-%m-%d} UTC"
    return f"{alert.sentence} ({newest} {seen:%Y-%m-%d}, {since})"


def asked(alert: Alert, *, silent: datetime | None) -> str:
    """The second person that was asked, and until when nobody is told; in words."""
    told = []
    if alert.escalated_to is not None and alert.acknowledged_by is None:
        told.append(f"{alert.escalated_to or 'the deputy'} was asked")
    if silent is not None:
        told.append(f"silent until {silent:%Y-%m-%d}")
    return ", ".join(told)


def silent_until(
    workspace: Workspace, alert: Alert, *, as_of: datetime | str | None = None
) -> datetime | None:
    """Until when nobody is told of an open alert's rule; `None` where it is not."""
    if not alert.is_open:
        return None
    at = workspace.moment(as_of)
    return alerts.silent_until(workspace.registry, alert.model, alert.rule, at=at)


def troubles(workspace: Workspace, name: str | None = None) -> list[str]:
    """What could not be told, a sentence each."""
    found = [each for each in messages(workspace, name) if each.last_error]
    dead = [each for each in found if each.state == "dead" and each.attempts > 1]
    late = [each for each in found if each.state == "waiting"]
    return [
        *(
            f"message {each.id} about {_about(each)} was given up after "
            f"{each.attempts} attempts: {each.last_error}"
            for each in dead
        ),
        *(
            f"message {each.id} about {_about(each)} waits, tried "
            f"{each.attempts} times: {each.last_error}"
            for each in late
        ),
    ]


def _about(message: Message) -> str:
    return "a report" if message.alert is None else f"alert {message.alert}"


def chase(view: View, *, new: bool = False) -> list[Alert]:
    """Remind of alerts that nobody has taken on, or ask the deputy.

    Parameters
    ----------
    view : View
    new : bool
        Whether an alert has opened at this very moment; see `report_link`.
    """
    told = view.settings.alerts
    return alerts.chase(
        view.registry,
        view.name,
        at=view.as_of,
        escalate_after=_days(told.escalate_after_days),
        deputy=told.deputy or "",
        remind_every=_days(told.remind_every_days),
        report=report_link(view, new=new),
    )


def _days(count: float | None) -> timedelta | None:
    return None if count is None else timedelta(days=count)


def report_link(view: View, watch: str = "", *, new: bool = True) -> str:
    """Where the report about a rule is, or will be when the clock has run it.

    Below `reports_url` of the settings where there is one, else in the workspace.
    Empty where no page has run and none will.

    Parameters
    ----------
    view : View
    watch : str
        What the rule looks at.
    new : bool
        Whether an alert opens at this moment: only that makes the clock run the
        pages. Of others the newest page is meant.
    """
    from lifecycle.workspace import pages

    page = _PAGES.get(watch, "audit")
    folder = f"reports/{view.name}/{pages.stamp(view.as_of)}"
    if not (new and view.settings.schedule.on_alert):
        runs = view.registry.runs(view.name, page)
        done = [run for run in runs if run.directory and run.as_of <= view.as_of]
        if not done:
            return ""
        folder = done[0].directory
    base = view.workspace.settings.workspace.reports_url.rstrip("/")
    path = f"{folder}/{page}.html"
    return f"{base}/{path.removeprefix('reports/')}" if base else path


def recipients(
    workspace: Workspace, *, as_of: datetime | str | None = None
) -> dict[tuple[str, str], list[alerts.Address]]:
    """The addresses of each model's owner and deputy, read from the environment.

    Those of a moment: whoever got a model by a hand-over is told of it, see
    `ownership.notified`.
    """
    at = workspace.moment(as_of)
    found: dict[tuple[str, str], list[alerts.Address]] = {}
    with workspace.registry.at_once():
        told = {
            name: ownership.notified(workspace, name, as_of=at)
            for name in workspace.models
        }
    for name, roles in told.items():
        for role, (addresses, problem) in roles.items():
            whole = [_address(each.get_secret_value()) for each in addresses]
            missing = [alerts.Address("", problem)] if problem else []
            found[name, role] = whole + missing
    return found


def _address(text: str) -> alerts.Address:
    named = _NAMED.fullmatch(text.strip())
    if named is None:
        return alerts.Address(text.strip())
    held = os.environ.get(named.group(1), "").strip()
    if not held:
        return alerts.Address(
            "", f"the environment has no {named.group(1)}; set it to a URL of apprise"
        )
    return alerts.Address(held)


def deliver(
    workspace: Workspace, *, as_of: datetime | str | None = None
) -> alerts.Delivery:
    """Send what waits in the outbox and is due; see `alerts.deliver`."""
    at = workspace.moment(as_of)
    to = recipients(workspace, as_of=at)
    return alerts.deliver(workspace.registry, to, at=at)


def plain(
    alert: Alert,
    *,
    silent: datetime | None,
    told: Sequence[Message] | None = None,
) -> dict[str, object]:
    """An alert as plain values for JSON, with its messages where they are given."""
    shown: dict[str, object] = {
        "id": alert.id,
        "model": alert.model,
        "rule": alert.rule,
        "subject": alert.subject,
        "severity": alert.severity,
        "sentence": alert.sentence,
        "value": alert.value,
        "threshold": alert.threshold,
        "n": alert.n,
        "owner": alert.owner,
        "acknowledged_by": alert.acknowledged_by,
        "escalated_to": alert.escalated_to,
        "silent_until": _iso(silent),
    }
    for name in _MOMENTS:
        shown[name] = _iso(getattr(alert, name))
    if told is not None:
        shown["messages"] = [
            {
                "key": each.key,
                "kind": each.kind,
                "to": each.recipient,
                "state": each.state,
                "attempts": each.attempts,
                "sent_at": _iso(each.sent_at),
                "last_error": each.last_error,
            }
            for each in told
            if each.alert == alert.id
        ]
    return shown


_MOMENTS = ("opened_at", "seen_at", "closed_at", "acknowledged_at", "escalated_at")


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def replay(
    workspace: Workspace,
    name: str,
    *,
    rules: Path | None = None,
    start: datetime | str | None = None,
    end: datetime | str | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> alerts.Hindsight:
    """Try rules on the past; see `replaying.replay`."""
    from lifecycle.workspace import replaying

    workspace.model(name)
    return replaying.replay(
        workspace,
        name,
        told=None if rules is None else config.load_rules(rules),
        start=None if start is None else _moment(workspace, start, "start"),
        end=workspace.moment() if end is None else _moment(workspace, end, "end"),
        say=say,
    )


def replayed(found: alerts.Hindsight) -> dict[str, object]:
    """A replay as plain values for JSON."""
    return {
        "summary": found.findings.summary,
        "rules": [
            {
                key: None if isinstance(value, float) and math.isnan(value) else value
                for key, value in asdict(row).items()
                if key not in ("threshold", "verdict", "period")
            }
            for row in found.findings
        ],
        "episodes": [
            {
                **asdict(each),
                "opened_at": each.opened_at.isoformat(),
                "closed_at": each.closed_at and each.closed_at.isoformat(),
            }
            for each in found.episodes
        ],
        "harm": [{"first": each.first, "last": each.last} for each in found.spells],
    }

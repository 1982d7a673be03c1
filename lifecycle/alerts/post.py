"""What is to be told: written where the alert itself is, sent later by `deliver`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle.alerts.words import letter, line
from lifecycle.registry import Alert, canonical

if TYPE_CHECKING:
    from lifecycle.findings import Finding, Findings
    from lifecycle.registry import Message
    from lifecycle.registry.reading import Reading
    from lifecycle.registry.writing import Writing

__all__ = [
    "ALL",
    "closed",
    "grown",
    "held_until",
    "is_free",
    "opened",
    "report",
    "write",
]

ALL = "all"  # stands for every rule in a silence
_DRAWN = 60  # chunks of a picture
_LONGEST = 600  # signs of a summary


def held_until(
    book: Reading, model: str, rule: str, *, at: datetime
) -> datetime | None:
    """Until when nobody is to be told of a rule; `None` where nothing is silent."""
    newest: dict[str, datetime] = {}
    for entry in book.ledger(model, move="silence"):
        if entry.at <= at:
            until = datetime.fromisoformat(entry.evidence["until"])
            newest[entry.evidence["rule"]] = until
    held = [newest[name] for name in (rule, ALL) if name in newest]
    until = max(held, default=at)
    return until if until > at else None


def is_free(message: Message, *, at: datetime) -> bool:
    """Whether a message waits and no process is at it."""
    lease = message.lease_until
    return message.state == "waiting" and (lease is None or lease <= at)


def opened(
    book: Writing, alert: Alert, finding: Finding, findings: Findings, *, report: str
) -> None:
    """Tell the owner that an episode has begun; when the silence is over, if one is."""
    write(
        book,
        alert,
        "opened",
        finding=finding,
        report=report,
        at=alert.opened_at,
        picture=_picture(findings, finding),
        hold=held_until(book, alert.model, alert.rule, at=alert.opened_at),
    )


def grown(
    book: Writing,
    alert: Alert,
    finding: Finding,
    findings: Findings,
    *,
    joined: Sequence[str],
    report: str,
    at: datetime,
) -> None:
    """Tell whoever knows of an episode that more has joined it."""
    for who in ("owner",) if alert.escalated_at is None else ("owner", "deputy"):
        write(
            book,
            alert,
            "grown",
            to=who,
            finding=finding,
            report=report,
            at=at,
            picture=_picture(findings, finding),
            hold=held_until(book, alert.model, alert.rule, at=at),
            joined=joined,
        )


def closed(
    book: Writing,
    alert: Alert,
    finding: Finding,
    findings: Findings,
    *,
    report: str,
    at: datetime,
) -> None:
    """Tell whoever was told that an episode began that it is over."""
    hold = held_until(book, alert.model, alert.rule, at=at)
    told = book.messages(alert.model, alert=alert.id)
    silent = [each for each in told if each.next_try > at and not each.attempts]
    if hold is not None and told and len(silent) == len(told):
        for each in silent:
            book.change_message(
                each.id,
                dead_at=at,
                last_error="over before the silence was; nobody was told",
            )
        return
    for who in ("owner",) if alert.escalated_at is None else ("owner", "deputy"):
        write(
            book,
            alert,
            "closed",
            to=who,
            finding=finding,
            report=report,
            at=at,
            picture=_picture(findings, finding),
            hold=hold,
        )


def write(
    book: Writing,
    alert: Alert,
    kind: str,
    *,
    at: datetime,
    to: str = "owner",
    finding: Finding | None = None,
    report: str = "",
    picture: dict[str, Any] | None = None,
    hold: datetime | None = None,
    joined: Sequence[str] = (),
) -> None:
    """A message into the outbox, in the transaction of the turn it tells of."""
    key = canonical.digest(
        [alert.model, alert.rule, alert.subject, alert.opened_at, kind, to, at]
    )[:32]
    subject, body = letter(
        alert, kind, key=key, finding=finding, report=report, at=at, joined=joined
    )
    book.add_message(
        key=key,
        alert=alert.id,
        model=alert.model,
        kind=kind,
        recipient=to,
        subject=subject,
        body=body,
        report=canonical.words(report),
        picture=picture or {},
        created_at=at,
        next_try=at if hold is None else hold,
    )


def report(
    book: Writing,
    model: str,
    page: str,
    *,
    as_of: datetime,
    verdict: str,
    summary: str,
    owner: str,
    path: str,
    at: datetime,
) -> bool:
    """Tell the owner that a report was written, once; False where that was told."""
    key = canonical.digest(["report", model, page, as_of])[:32]
    if book.has_message(key):
        return False
    told = line(summary)
    body = [
        told if len(told) <= _LONGEST else told[: _LONGEST - 1] + "…",
        "",
        f"It speaks of {as_of:%Y-%m-%d %H:%M} UTC and says {line(verdict)}.",
        f"Owner: {line(owner)[:200]}",
        f"Report: {path}",
        f"Message: {key}",
    ]
    book.add_message(
        key=key,
        alert=None,
        model=model,
        kind="report",
        recipient="owner",
        subject=f"report: {line(page)[:60]} of {model}",
        body="\n".join(body),
        report=canonical.words(path),
        picture={},
        created_at=at,
        next_try=at,
    )
    return True


def _picture(findings: Findings, finding: Finding) -> dict[str, Any]:
    """The course of a measure, as plain values that can be drawn later."""
    rows = [
        row
        for row in findings
        if row.measure == finding.measure and row.subject == finding.subject
        if row.period
    ][-_DRAWN:]
    if len(rows) < 2:
        return {}
    return {
        "title": canonical.words(findings.title),
        "measure": canonical.words(finding.measure),
        "rows": [
            {
                "period": row.period,
                "n": int(row.n),
                "verdict": row.verdict,
                "unit": canonical.words(row.unit),
                **{
                    name: None if math.isnan(value) else float(value)
                    for name, value in (
                        ("value", row.value),
                        ("lower", row.lower),
                        ("upper", row.upper),
                        ("threshold", row.threshold),
                    )
                },
            }
            for row in rows
        ],
    }

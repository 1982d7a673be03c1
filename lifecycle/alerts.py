"""Alerts: one per episode, told once, closed when it is over."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import errors
from lifecycle.registry import Alert, canonical

if TYPE_CHECKING:
    from lifecycle.findings import Finding, Findings
    from lifecycle.registry import Registry

__all__ = ["Alert", "acknowledge", "history", "open_alerts", "sentence", "update"]


def sentence(finding: Finding, *, model: str, owner: str) -> str:
    """What is wrong, in one line with its numbers and its owner.

    Parameters
    ----------
    finding : Finding
        Beyond its threshold.
    model, owner : str
        Whose.

    Returns
    -------
    str

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> low = Finding("accuracy", 0.62, 400, 0.58, 0.66, 0.7, "alert", "2023-W15")
    >>> sentence(low, model="leads", owner="anna")
    'accuracy of leads in 2023-W15 is 0.62, below 0.7 (n 400); anna looks after it'
    """
    about = f"{finding.subject} in {model}" if finding.subject else model
    words = f"{finding.measure} of {about}"
    if finding.period:
        words += f" in {finding.period}"
    words += f" is {_number(finding.value, finding.unit)}"
    if not math.isnan(finding.threshold) and not math.isnan(finding.value):
        side = "below" if finding.value < finding.threshold else "above"
        words += f", {side} {_number(finding.threshold, finding.unit)}"
    words += f" (n {finding.n})"
    if owner:
        words += f"; {owner} looks after it"
    return _line(words)


def _number(value: float, unit: str) -> str:
    if math.isnan(value):
        return "undefined"
    if unit == "%":
        return f"{value:.1%}"
    return f"{value:,.0f} {unit}" if unit else f"{value:.3g}"


def _line(text: str) -> str:
    """One line of printable characters, whatever a column or a person is called."""
    shown = (c if c.isprintable() else " " for c in canonical.words(text))
    return " ".join("".join(shown).split())


def _newest(rows: Iterable[Finding]) -> dict[str, Finding]:
    """What each subject's newest judged period says: an alert before a quiet row."""
    said: dict[str, list[Finding]] = {}
    for row in rows:
        if row.verdict != "undefined":
            said.setdefault(row.subject, []).append(row)
    newest = {}
    for subject, judged in said.items():
        last = max(row.period for row in judged)
        now = [row for row in judged if row.period in ("", last)]
        newest[subject] = min(now, key=lambda row: row.verdict != "alert")
    return newest


def update(
    registry: Registry,
    model: str,
    findings: Findings,
    *,
    rule: str,
    at: datetime,
    owner: str,
    severity: str = "warning",
    words: str = "",
) -> list[Alert]:
    """Bring the alerts of one rule up to date with new findings.

    For each subject the newest judged period speaks: beyond the threshold, an
    episode opens or goes on; quiet, it closes. Undefined findings change nothing,
    nor does a report about an earlier moment than the last one.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Whose findings.
    findings : Findings
        Rows of one question; several measures of one subject share an episode.
    rule : str
        The name of the rule in the settings.
    at : datetime
        The moment the findings speak of, with a zone.
    owner, severity : str
        Who is told, and how urgently.
    words : str
        What is wrong, in a sentence; made of the finding's numbers where empty.

    Returns
    -------
    list of Alert
        Those that were opened now, and nobody else's: the same findings again
        open nothing.
    """
    at = canonical.utc(at)
    opened = []
    with registry.atomic() as book:
        past: dict[str, Alert] = {}
        for alert in book.alerts(model):
            if alert.rule == rule:
                past[alert.subject] = alert  # oldest first: the last episode stays
        for subject, finding in sorted(_newest(findings).items()):
            subject = canonical.words(subject)
            last = past.get(subject)
            if last is not None and at < (last.closed_at or last.seen_at):
                continue
            goes_on = last is not None and last.is_open
            if finding.verdict == "quiet":
                if last is not None and goes_on:
                    book.change_alert(last.id, closed_at=at)
            elif last is not None and goes_on:
                book.change_alert(last.id, seen_at=at)
            elif last is None or at > (last.closed_at or at):
                alert = book.add_alert(
                    model=model,
                    rule=rule,
                    subject=subject,
                    opened_at=at,
                    seen_at=at,
                    value=_stored(finding.value),
                    threshold=_stored(finding.threshold),
                    n=int(finding.n),
                    sentence=_line(words)
                    or sentence(finding, model=model, owner=owner),
                    owner=canonical.words(owner),
                    severity=canonical.words(severity),
                )
                opened.append(alert)
    return opened


def _stored(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def open_alerts(registry: Registry, model: str | None = None) -> list[Alert]:
    """The episodes that last, oldest first; of all models where none is named."""
    return registry.alerts(model, only_open=True)


def history(registry: Registry, model: str | None = None) -> list[Alert]:
    """All episodes, open and closed, oldest first."""
    return registry.alerts(model)


def acknowledge(registry: Registry, id: int, *, by: str, at: datetime) -> Alert:
    """Say that somebody has taken the alert on; it stays open until it is over.

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
    by = _line(by)
    if not by:
        raise errors.IllegalMove("the name is missing; say who takes the alert on")
    with registry.atomic() as book:
        alert = book.alert(id)
        if alert is None:
            raise errors.IllegalMove(
                f"there is no alert {id}; `lifecycle status` lists the open ones"
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
        book.change_alert(id, acknowledged_by=by, acknowledged_at=canonical.utc(at))
        changed = book.alert(id)
        assert changed is not None
        return changed

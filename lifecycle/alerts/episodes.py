"""Episodes: when an alert opens, goes on and closes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from lifecycle.alerts import family, post
from lifecycle.alerts.words import line, sentence
from lifecycle.registry import Alert, canonical

if TYPE_CHECKING:
    from lifecycle.findings import Finding, Findings
    from lifecycle.registry import Registry

__all__ = ["Turn", "history", "open_alerts", "turn", "update"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What new findings do to an episode.

    Parameters
    ----------
    kind : {"open", "go on", "wait", "close", "nothing"}
        A new episode; beyond the threshold still; quiet, but not for long enough or
        not by enough; over; no change.
    quiet, quiet_in : int, str
        Quiet chunks in a row after it, and the newest of them.
    """

    kind: Literal["open", "go on", "wait", "close", "nothing"]
    quiet: int = 0
    quiet_in: str = ""


def turn(
    last: Alert | None,
    rows: Sequence[Finding],
    *,
    at: datetime,
    close_after: int = 1,
    margin: float = 0.0,
) -> Turn:
    """How an episode goes on after the findings of one subject's newest chunk.

    Parameters
    ----------
    last : Alert or None
        The subject's newest episode.
    rows : sequence of Finding
        Judged, all of one chunk; at least one.
    at : datetime
        The moment they speak of, in UTC.
    close_after, margin
        As in `update`.

    Notes
    -----
    A chunk that is quiet counts once, however often it is looked at; findings without
    a period count once a moment. A value between the threshold and the margin keeps
    the episode as it is and starts the count of quiet chunks anew.
    """
    if last is not None and at < (last.closed_at or last.seen_at):
        return Turn("nothing")
    alarmed = any(row.verdict == "alert" for row in rows)
    if last is None or not last.is_open:
        opens = alarmed and (last is None or at > (last.closed_at or at))
        return Turn("open" if opens else "nothing")
    if alarmed:
        return Turn("go on")
    if not all(_clear(row, last, margin) for row in rows):
        return Turn("wait")
    chunk = max(row.period for row in rows) or at.isoformat()
    counted = bool(last.quiet) and chunk <= last.quiet_in
    quiet = last.quiet if counted else last.quiet + 1
    quiet_in = last.quiet_in if counted else chunk
    return Turn("close" if quiet >= close_after else "wait", quiet, quiet_in)


def _clear(row: Finding, alert: Alert, margin: float) -> bool:
    """Whether a quiet value is better than the threshold by the margin."""
    if not margin or math.isnan(row.threshold) or math.isnan(row.value):
        return True
    if alert.value is None or alert.threshold is None:
        return abs(row.value - row.threshold) >= margin
    below = alert.value < alert.threshold
    away = row.value - row.threshold if below else row.threshold - row.value
    return away >= margin or math.isclose(away, margin, rel_tol=1e-9, abs_tol=1e-12)


def _newest(rows: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Of each subject the judged rows of its newest period, alerts first."""
    said: dict[str, list[Finding]] = {}
    for row in rows:
        if row.verdict != "undefined":
            said.setdefault(canonical.words(row.subject), []).append(row)
    newest = {}
    for subject, judged in said.items():
        last = max(row.period for row in judged)
        now = [row for row in judged if row.period in ("", last)]
        newest[subject] = sorted(now, key=lambda row: row.verdict != "alert")
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
    close_after: int = 1,
    margin: float = 0.0,
    report: str = "",
) -> list[Alert]:
    """Bring the alerts of one rule up to date with new findings.

    For each subject the newest judged period speaks: beyond the threshold, an
    episode opens or goes on; quiet for long enough, it closes. Undefined findings
    change nothing, nor does a report about an earlier moment than the last one. While
    it goes on its sentence and its numbers are those of the newest look. What is to be
    told of it waits in the outbox from the same transaction on: that it opened, that
    clearly more of a `Family` have joined it, at most once a chunk, and that it closed.

    Parameters
    ----------
    registry : Registry
        The book.
    model : str
        Whose findings.
    findings : Findings
        Rows of one question; several measures of one subject share an episode. A
        `Family` says which columns one row stands for.
    rule : str
        The name of the rule in the settings.
    at : datetime
        The moment the findings speak of, with a zone.
    owner, severity : str
        Who is told, and how urgently.
    words : str
        What is wrong, in a sentence; made of the finding's numbers where empty.
    close_after : int
        How many quiet chunks in a row end an episode.
    margin : float
        How much better than its threshold a value must be to count as quiet while
        an episode lasts.
    report : str
        Where the report is, for the message.

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
        for subject, rows in sorted(_newest(findings).items()):
            last, finding = past.get(subject), rows[0]
            now = turn(last, rows, at=at, close_after=close_after, margin=margin)
            found: dict[str, Any] = {
                "value": _stored(finding.value),
                "threshold": _stored(finding.threshold),
                "n": int(finding.n),
                "sentence": line(words) or sentence(finding, model=model, owner=owner),
            }
            tells = family.told(findings, period=finding.period or at.isoformat())
            if now.kind == "open":
                alert = book.add_alert(
                    model=model,
                    rule=rule,
                    subject=subject,
                    opened_at=at,
                    seen_at=at,
                    owner=canonical.words(owner),
                    severity=canonical.words(severity),
                    told=tells,
                    **found,
                )
                opened.append(alert)
                post.opened(book, alert, finding, findings, report=report)
            elif last is not None and now.kind == "close":
                book.change_alert(
                    last.id, closed_at=at, quiet=now.quiet, quiet_in=now.quiet_in
                )
                post.closed(book, last, finding, findings, report=report, at=at)
            elif last is not None and now.kind == "wait":
                book.change_alert(
                    last.id, seen_at=at, quiet=now.quiet, quiet_in=now.quiet_in
                )
            elif last is not None and now.kind == "go on":
                joined = family.grown(last.told, tells)
                if not last.told:
                    found["told"] = tells
                elif joined:
                    names = sorted({*last.told.get("names", ()), *tells["names"]})
                    found["told"] = {**tells, "names": names}
                book.change_alert(last.id, seen_at=at, quiet=0, quiet_in="", **found)
                fresh = book.alert(last.id)
                assert fresh is not None
                if joined:
                    post.grown(
                        book,
                        fresh,
                        finding,
                        findings,
                        joined=joined,
                        report=report,
                        at=at,
                    )
    return opened


def _stored(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def open_alerts(registry: Registry, model: str | None = None) -> list[Alert]:
    """The episodes that last, oldest first; of all models where none is named."""
    return registry.alerts(model, only_open=True)


def history(registry: Registry, model: str | None = None) -> list[Alert]:
    """All episodes, open and closed, oldest first."""
    return registry.alerts(model)

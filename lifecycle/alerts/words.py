"""What is said about an alert: its sentence, and the letter around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle.registry import canonical

if TYPE_CHECKING:
    from lifecycle.findings import Finding
    from lifecycle.registry import Alert

__all__ = ["letter", "line", "sentence"]

_NAMED = 8  # who is new, by name
_HEADS = {
    "opened": "{severity}",
    "grown": "{severity}, more of it",
    "escalated": "not taken on",
    "reminder": "still open",
    "closed": "over",
}


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
    value, limit = _apart(finding)
    words += f" is {value}"
    if not math.isnan(finding.threshold) and not math.isnan(finding.value):
        side = "below" if finding.value < finding.threshold else "above"
        words += f", {side} {limit}"
    words += f" (n {finding.n})"
    if owner:
        words += f"; {owner} looks after it"
    return line(words)


def letter(
    alert: Alert,
    kind: str,
    *,
    key: str,
    finding: Finding | None = None,
    report: str = "",
    at: datetime,
    joined: Sequence[str] = (),
) -> tuple[str, str]:
    """The subject and the body of a message about an alert, as plain text.

    Parameters
    ----------
    alert : Alert
        As it is now.
    kind : {"opened", "grown", "escalated", "reminder", "closed"}
    key : str
        Of the message; stands at its end.
    finding : Finding, optional
        The numbers; those the alert was last found with where not given.
    report : str
        Where the report is.
    at : datetime
        The moment spoken of, in UTC.
    joined : sequence of str
        Of an alert that has grown: who is new.

    Returns
    -------
    subject, body : str
        Text of data and people is on one line each, and cut.
    """
    about = f"{alert.subject} in {alert.model}" if alert.subject else alert.model
    head = _HEADS[kind].format(severity=alert.severity)
    subject = _cut(f"{head}: {alert.rule} of {about}", 120)
    told = [_cut(alert.sentence, 600), ""]
    if joined:
        told.append(_joined(joined))
    told.append(_numbers(alert, finding))
    since = f"{alert.opened_at:%Y-%m-%d %H:%M} UTC"
    if kind == "closed":
        told.append(f"Open since {since}, over since {at:%Y-%m-%d %H:%M} UTC.")
    else:
        told.append(f"Open since {since}; alert {alert.id}, {alert.severity}.")
    told.append(f"Owner: {_cut(alert.owner, 200)}")
    if kind == "escalated":
        told.append("Nobody has taken it on; you are asked in the owner's place.")
    if alert.acknowledged_by is not None:
        told.append(f"Taken on by {_cut(alert.acknowledged_by, 200)}.")
    told.append(f"Next: {_next(alert, kind)}")
    if report:
        told.append(f"Report: {_cut(report, 500)}")
    told.append(f"Message: {key}")
    return subject, "\n".join(told)


def _joined(names: Sequence[str]) -> str:
    shown = [_cut(name, 60) for name in names[:_NAMED]]
    more = len(names) - len(shown)
    return f"New since the last message: {', '.join(shown)}" + (
        f" and {more} more." if more else "."
    )


def _next(alert: Alert, kind: str) -> str:
    if kind == "closed":
        return "nothing; it is over."
    if alert.severity == "info" or alert.acknowledged_by is not None:
        return "nothing is asked of you; look at the report when you have time."
    return (
        "look at the report, then say that you have it: "
        f'lifecycle acknowledge {alert.id} --as "YOUR NAME"'
    )


def _numbers(alert: Alert, finding: Finding | None) -> str:
    if finding is None:
        value = math.nan if alert.value is None else alert.value
        held = math.nan if alert.threshold is None else alert.threshold
        return (
            f"When last seen: {_number(value, '')}, threshold {_number(held, '')}, "
            f"n {alert.n}."
        )
    told = f"{finding.measure} {finding.period}".rstrip()
    told += f": {_number(finding.value, finding.unit)}"
    if not math.isnan(finding.lower):
        ends = [_number(end, finding.unit) for end in (finding.lower, finding.upper)]
        told += f" [{ends[0]}, {ends[1]}] at 90%"
    limit = _number(finding.threshold, finding.unit)
    return _cut(f"{told}, threshold {limit}, n {finding.n}.", 300)


def _apart(finding: Finding) -> tuple[str, str]:
    """Value and threshold, with as many digits as it takes to tell them apart."""
    both = finding.value, finding.threshold
    told = [_number(each, finding.unit) for each in both]
    for digits in range(2, 5):
        if told[0] != told[1] or finding.unit != "%":
            break
        told = [_number(each, finding.unit, digits) for each in both]
    return told[0], told[1]


def _number(value: float, unit: str, digits: int = 1) -> str:
    if math.isnan(value):
        return "undefined"
    if unit == "%":
        return f"{value:.{digits}%}"
    return f"{value:,.0f} {unit}" if unit else f"{value:.3g}"


def line(text: str) -> str:
    r"""One line of printable characters, whatever a column or a person is called.

    Examples
    --------
    >>> line("plan\x1b[2J\nfree")
    'plan [2J free'
    """
    shown = (c if c.isprintable() else " " for c in canonical.words(text))
    return " ".join("".join(shown).split())


def _cut(text: str, most: int) -> str:
    whole = line(text)
    return whole if len(whole) <= most else whole[: most - 1] + "…"

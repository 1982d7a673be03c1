"""Champion and candidate side by side: what a person looks at before deciding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lifecycle import errors, markup
from lifecycle.widgets.asked import View

if TYPE_CHECKING:
    from lifecycle.evaluation import Evaluation
    from lifecycle.findings import Finding
    from lifecycle.registry import Proposal

__all__ = ["evidence", "failed"]

_SIDES = ("champion", "candidate", "difference")
_MONEY = ("cost", "cost_a_week")
_IN_SIGHT = 5  # measures, and segments


def evidence(view: View, proposed: Proposal) -> markup.Html:
    """Metrics, segments, money, the trial so far and the model card, for a panel.

    What cannot be told is said in a sentence, and hides nothing else.

    Parameters
    ----------
    view : View
        The model at the moment that is looked at.
    proposed : Proposal
        What is to be decided.
    """
    parts: list[markup.Html] = []
    try:
        tested = view.evaluation()
    except errors.LifecycleError as error:
        parts.append(_section("Champion and candidate", markup.paragraph(str(error))))
    else:
        parts += _compared(tested)
    promise = _promised(view, proposed)
    if promise:
        parts.append(_section("What the ruling expects", markup.paragraph(promise)))
    parts.append(_section("A/B so far", *_trial(view)))
    parts.append(_card(view, proposed.number))
    return markup.join(parts)


def failed(proposed: Proposal) -> str:
    """Which rules of the gate are not passed, in a sentence; empty where all are."""
    if proposed.evidence.get("passed"):
        return ""
    checks = proposed.evidence.get("checks") or ()
    lost = [each for each in checks if each.get("verdict") != "quiet"]
    told = "The gate is not passed"
    if lost:
        told += f": {len(lost)} of its {len(checks)} rules are not met. "
        told += " ".join(str(each.get("sentence", "")) for each in lost)
    else:
        told += "."
    return f"{told} Whoever approves all the same says why."


def _section(title: str, *parts: markup.Html) -> markup.Html:
    return markup.join([markup.Html(f"<h4>{markup.cell(title)}</h4>"), *parts])


def _compared(tested: Evaluation | None) -> Iterator[markup.Html]:
    """What later rows say of both, in three tables."""
    if tested is None:
        words = "It is the first version: there is nobody to compare it with."
        yield _section("Champion and candidate", markup.paragraph(words))
        return
    whole = [row for row in tested.findings if not row.period]
    sides = [row for row in whole if row.subject in _SIDES]
    measures = list(
        dict.fromkeys(row.measure for row in sides if row.subject == "candidate")
    )
    told = [name for name in measures if name not in _MONEY]
    near, far = told[: _IN_SIGHT + 1], told[_IN_SIGHT + 1 :]
    parts = [_beside(sides, near, "Champion and candidate")]
    if far:
        more = _beside(sides, far, "Champion and candidate, more measures")
        parts.append(markup.folded(f"{len(far)} more measures", more))
    yield _section("Champion and candidate, on the same later rows", *parts)
    worst = [row for row in whole if row.measure == "segment_difference"]
    if worst:
        worst.sort(key=lambda row: (row.verdict != "alert", row.value))
        yield _section("Where the candidate is worst", *_worst(worst))
    money = [name for name in _MONEY if name in measures]
    if money:
        yield _section("What errors cost", _beside(sides, money, "What errors cost"))


def _beside(
    rows: Sequence[Finding], measures: Sequence[str], label: str
) -> markup.Html:
    lines: dict[str, dict[str, Finding]] = {name: {} for name in measures}
    for row in rows:
        if row.measure in lines:
            lines[row.measure][row.subject] = row
    body: list[list[object]] = [
        [markup.said(name), *(_cell(found.get(side)) for side in _SIDES)]
        for name, found in lines.items()
    ]
    header = ["Measure", *(side.capitalize() for side in _SIDES)]
    return markup.table(header, body, label=label, numeric=[1, 2, 3])


def _cell(row: Finding | None) -> markup.Html:
    if row is None:
        return markup.cell("–")
    ends = markup.interval(row.lower, row.upper, row.unit)
    below = f"<small>{markup.cell(ends)}</small>" if ends else ""
    value = markup.cell(markup.number(row.value, row.unit))
    count = f' <span class="lc-count">n {markup.cell(row.n)}</span>'
    return markup.Html(f"{value}{count}{below}")


def _worst(rows: Sequence[Finding]) -> Iterator[markup.Html]:
    yield _segments(rows[:_IN_SIGHT], "Where the candidate is worst")
    if rows[_IN_SIGHT:]:
        rest = _segments(rows[_IN_SIGHT:], "Where the candidate is worst, more")
        yield markup.folded(f"{len(rows) - _IN_SIGHT} more segments", rest)


def _segments(rows: Sequence[Finding], label: str) -> markup.Html:
    body = [[row.subject, _cell(row), _badge(row.verdict)] for row in rows]
    header = ["Segment", "Candidate less champion", "The gate says"]
    return markup.table(header, body, label=label, numeric=[1])


def _badge(verdict: str) -> markup.Html:
    word = _WORDS[verdict]
    return markup.Html(f'<span class="lc-badge lc-{verdict}">{word}</span>')


_WORDS = {
    "alert": "clearly worse",
    "quiet": "not clearly worse",
    "undefined": "undefined",
}


def _promised(view: View, proposed: Proposal) -> str:
    """What the ruling that led to the proposal expects in money."""
    for each in view.workspace.registry.renewals(view.name):
        if each.proposal == proposed.id:
            return str(each.ruling.get("sentence") or "")
    return ""


def _trial(view: View) -> Iterator[markup.Html]:
    try:
        reading = view.trial()
    except errors.LifecycleError as error:
        yield markup.paragraph(str(error))
        return
    if reading is None:
        yield markup.paragraph("Nothing is on trial.")
        return
    yield markup.paragraph(reading.summary)
    if reading.course:
        body = _inside(reading._repr_html_())
        yield markup.folded("The looks, each with its interval", body)


def _card(view: View, number: int) -> markup.Html:
    title = f"Model card of version {number}"
    try:
        body = _inside(view.card(number)._repr_html_())
    except errors.LifecycleError as error:
        body = markup.paragraph(str(error))
    return markup.folded(title, body)


def _inside(html: str) -> markup.Html:
    """What is a page of its own elsewhere, as a part: smaller headings, no anchors."""
    plain = re.sub(r'<section id="[^"]*">', "<section>", html)
    return markup.Html(re.sub(r"(</?)h[23]>", r"\1h5>", plain))

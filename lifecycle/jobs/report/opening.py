"""The first screen: the verdict in a sentence, what changed, and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Protocol

from lifecycle import markup
from lifecycle.jobs.report.steps import Found, following

__all__ = ["Result", "opening"]

_WORDS = {
    "alert": "Alert",
    "quiet": "Quiet",
    "undefined": "Not judged",
    "failed": "Failed",
    "timeout": "Time limit reached",
    "died": "The kernel died",
}
_DEFAULTS = {
    "succeeded": "The run ended without a result record, so nothing is judged.",
    "failed": "The run did not succeed.",
    "timeout": "The run took longer than it may and was stopped.",
    "died": "The kernel went away in the middle of the run.",
}
_MOST = 5
"""Sentences of a list in sight; the others are a click away."""
_TOGETHER = re.compile(r"(\b\d{4}-(?:W\d\d|\d\d(?:-\d\d)?)\b|\bn \d[\d,]*)")


class Result(Found, Protocol):
    """What the first screen needs of a result record."""

    summary: Any
    changes: Any
    since: Any
    todo: Any


def opening(
    status: str,
    message: str,
    record: Result | None,
    *,
    below: bool,
    facts: Mapping[str, object] | None = None,
    prose: str = markup.HOUSE,
) -> markup.Html:
    """Write the first screen of a report.

    Its sentences are put into the reader's language where there is a template, and
    marked where there is none.

    Parameters
    ----------
    status, message : str
        How the run ended, and what failed.
    record : Result, optional
        Of a run that succeeded.
    below : bool
        Whether a run that failed had shown something by then.
    facts : mapping, optional
        Of the head: "Owner" is asked where nobody is named, what has no day of its own
        is due before the report of "next", and "locale" is the reader's.
    prose : str
        What the notebook's own answer is written in; empty where nobody says.
    """
    known = facts or {}
    locale = str(known.get("locale") or markup.HOUSE)
    if status != "succeeded":
        answer = markup.sentence(message[:1000])
        after = "Below is what the run had shown by then." if below else ""
        said = answer or _DEFAULTS.get(status, _DEFAULTS["failed"])
        word = _WORDS.get(status, status.capitalize())
        return _banner("alert", word, _whole(said, locale), after)
    if record is None:
        said = message or _DEFAULTS[status]
        return _banner("undefined", _WORDS["undefined"], _whole(said, locale))
    word = _WORDS.get(record.verdict, record.verdict)
    said = record.summary or _DEFAULTS[status]
    banner = _banner(record.verdict, word, _whole(said, locale, prose))
    lists = markup.join([_since(record, locale), _todo(record, known, locale)])
    return markup.Html(f'{banner}<div class="page-first">{lists}</div>')


def _banner(tone: str, word: str, answer: markup.Html, after: str = "") -> markup.Html:
    tone = tone if tone in ("alert", "quiet") else "undefined"
    small = f"<p><small>{markup.cell(after)}</small></p>" if after else ""
    return markup.Html(
        f'<div class="page-banner page-{tone}"><p class="page-word">'
        f'{markup.cell(word)}</p><p class="page-answer">{answer}</p>{small}</div>'
    )


def _since(record: Result, locale: str) -> markup.Html:
    if record.since is None:
        words = markup.paragraph("There is no earlier report to compare with.")
        return _part("since", "Since the last report", words)
    moment = f"Since the report of {_day(record.since)}"
    told = [_whole(sentence, locale) for sentence in record.changes]
    return _part("since", moment, _list(told))


def _todo(record: Result, facts: Mapping[str, object], locale: str) -> markup.Html:
    owner = str(record.facts.get("owner") or facts.get("Owner") or "")
    after = str(facts.get("next") or "")
    steps = [_step(each.what, each.who, each.by, after, locale) for each in record.todo]
    then = "" if steps else following(record)
    if then:
        steps = [_step(then, owner, None, after, locale)]
    if not steps:
        name = owner.partition(" <")[0].strip()
        told = [name, f"next report {after}" if after else ""]
        who = _who([part for part in told if part])
        return _part("todo", "What to do", _paragraph(_nothing(record), who))
    return _part("todo", "What to do", _list(steps))


def _nothing(record: Result) -> str:
    if record.verdict == "alert":
        return "Look at what alerts below, and decide."
    return "Nothing needs to be done."


def _step(what: str, who: str, by: date | None, after: str, locale: str) -> markup.Html:
    """What, and behind it who and by when as far as known."""
    name = str(who).partition(" <")[0].strip()
    told = [name] if name else []
    if by is not None or after:
        told.append(f"by {after if by is None else _day(by)}")
    line = _whole(what, locale)
    return markup.join([line, " ", _who(told)]) if told else line


def _who(told: Sequence[str]) -> markup.Html:
    if not told:
        return markup.Html("")
    words = markup.cell(", ".join(told))
    return markup.Html(f'<small class="page-who">{words}</small>')


def _paragraph(sentence: str, who: markup.Html) -> markup.Html:
    return markup.paragraph(markup.join([sentence, " ", who] if who else [sentence]))


def _part(kind: str, title: str, body: markup.Html) -> markup.Html:
    return markup.Html(
        f'<section class="page-{kind}"><h2>{markup.cell(title)}</h2>{body}</section>'
    )


def _list(parts: Sequence[markup.Html]) -> markup.Html:
    near, far = parts[:_MOST], parts[_MOST:]
    if len(far) < 2:
        return markup.items(parts)
    rest = markup.folded(f"{len(far)} more", markup.items(far))
    return markup.join([markup.items(near), rest])


def _day(moment: date) -> str:
    if not isinstance(moment, datetime):
        return moment.isoformat()
    held = moment.astimezone(UTC) if moment.tzinfo else moment
    return f"{held:%Y-%m-%d %H:%M} UTC".removesuffix(" 00:00 UTC")


def _whole(text: str, locale: str, prose: str = markup.HOUSE) -> markup.Html:
    """The sentences in the reader's language, or marked by what they are in."""
    pieces = []
    for sentence, known in markup.spoken(text, locale):
        told = _with_commands(sentence)
        if not known and prose and prose != _language(locale):
            told = markup.Html(f'<span lang="{prose}">{told}</span>')
        pieces.append(told)
    return markup.join(pieces, " ")


def _language(locale: str) -> str:
    return re.split(r"[-_]", locale)[0]


def _with_commands(sentence: str) -> markup.Html:
    """What stands between backticks is to be typed."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0:
        return _unbroken(sentence)
    typed = (
        markup.Html(f"<code>{markup.cell(part)}</code>")
        if place % 2
        else _unbroken(part)
        for place, part in enumerate(parts)
    )
    return markup.join(typed)


def _unbroken(text: str) -> markup.Html:
    """The text, with no line ending within a period's label or a count."""
    kept = (
        markup.Html(f'<span class="lc-nowrap">{markup.cell(part)}</span>')
        if place % 2
        else part
        for place, part in enumerate(_TOGETHER.split(text))
    )
    return markup.join(kept)

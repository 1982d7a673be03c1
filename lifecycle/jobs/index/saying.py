"""How the pages of the index say a moment, a report, a move: pieces of HTML."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from lifecycle import markup
from lifecycle.jobs import store
from lifecycle.jobs.index.lines import AlertLine, MoveLine, ReportLink
from lifecycle.markup import Html

__all__ = [
    "alerts",
    "href",
    "moment",
    "moves",
    "newest_first",
    "nowrap",
    "pages",
    "person",
    "prose",
    "publish",
    "report",
    "with_small",
]


def with_small(text: object, below: object) -> Html:
    """Text with a smaller line below it."""
    small = f"<small>{markup.cell(below)}</small>" if below else ""
    return Html(f"{markup.cell(text)}{small}")


def person(owner: str) -> str:
    """The name alone: the address stands in the reports."""
    return owner.partition("<")[0].strip() or owner


def report(link: ReportLink, *, up: str = "") -> Html:
    """A link to a report with its day and, where it is bad news, what it says."""
    name = markup.link(up + href(link.path), link.notebook)
    state = link.verdict if link.status == "succeeded" else link.status
    shown = markup.badge(state) if state not in ("quiet", "undefined") else ""
    day = Html(f'<span class="lc-muted">{link.as_of:%Y-%m-%d}</span>')
    return nowrap(markup.join((name, day, shown), " "))


def href(path: str) -> str:
    """A path as a link may hold it."""
    return quote(path.replace("\\", "/"), safe="/", errors="replace")


def moment(at: datetime, *, below: bool = False) -> Html:
    """A day with its hour and zone."""
    day = nowrap(f"{at:%Y-%m-%d}")
    hour = f"{at:%H:%M} {at.tzname() or ''}".rstrip()
    return with_small(day, hour) if below else markup.join((day, nowrap(hour)), " ")


def nowrap(text: object) -> Html:
    """Text that stays on one line."""
    return Html(f'<span class="lc-nowrap">{markup.cell(text)}</span>')


def prose(text: object) -> Html:
    """A sentence in a table: it may break, but not after every word."""
    return (
        Html(f'<span class="lc-prose">{markup.cell(text)}</span>') if text else Html()
    )


def alerts(found: Sequence[AlertLine], *, most: int) -> Html:
    """Open alerts as a table, newest first."""
    if not found:
        return markup.paragraph("None.")
    newest = sorted(found, key=lambda alert: alert.opened_at, reverse=True)
    cells = [
        [
            prose(alert.sentence),
            alert.model,
            moment(alert.opened_at),
            alert.severity or "alert",
            _taken(alert),
        ]
        for alert in newest[:most]
    ]
    header = ["What", "Model", "Since", "Severity", "Owner"]
    listed = markup.table(header, cells, label="Open alerts, newest first")
    return markup.join((listed, _left(len(found), most, "alerts")))


def _taken(alert: AlertLine) -> Html:
    by = f"acknowledged by {alert.acknowledged_by}" if alert.acknowledged_by else ""
    told = [by or "not acknowledged", *([alert.also] if alert.also else [])]
    return with_small(alert.owner, ", ".join(told))


def _left(count: int, most: int, noun: str) -> Html:
    if count <= most:
        return Html("")
    sentence = f"The newest {most:,} of {count:,} {noun} are shown."
    return markup.paragraph(sentence, kind="muted")


def newest_first(history: Sequence[MoveLine]) -> list[MoveLine]:
    """Moves, newest first; of one moment what was given later is newer."""
    return sorted(history, key=lambda move: move.at)[::-1]


def moves(shown: Sequence[MoveLine], *, named: bool = True, up: str = "") -> Html:
    """Moves as a table, in the order given.

    Parameters
    ----------
    shown : sequence of MoveLine
    named : bool
        Whether each says which model it is about.
    up : str
        From the page back to the directory of the index.
    """
    cells = []
    for move in shown:
        target = up + href(move.path) if move.path else ""
        what = markup.link(target, move.what) if target else move.what
        badge = markup.badge(move.verdict) if move.verdict else ""
        said = markup.join((what, badge), " ") if badge else what
        cells.append(
            [
                Html(f'<span class="lc-when">{moment(move.at, below=True)}</span>'),
                with_small(prose(said), move.model if named else ""),
                with_small(prose(markup.sentence(move.why)), move.who),
            ]
        )
    header = ["When", "What", "Why, and who"]
    listed = markup.table(header, cells, label="What happened, newest first")
    return Html(f'<div class="page-history">{listed}</div>')


def pages(names: Sequence[str], at: int, *, label: str) -> Html:
    """The way to the other pages of a list; nothing where there is one."""
    if len(names) < 2:
        return Html("")
    shown = [
        Html(f'<span aria-current="page">{number}</span>')
        if number == at
        else markup.link(href(name), str(number))
        for number, name in enumerate(names, start=1)
    ]
    title = markup.cell(label)
    return Html(
        f'<nav class="page-pages" aria-label="{title}">{title}: '
        f"{markup.join(shown, ' ')}</nav>"
    )


def publish(path: Path, page: Html) -> Path:
    """Write a page whole, unless its bytes are there already."""
    data = page.encode("utf-8", "replace")
    try:
        if path.read_bytes() == data:
            return path
    except OSError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    return store.write(path, data)

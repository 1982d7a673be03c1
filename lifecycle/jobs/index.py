"""The index: how the fleet stands, on one page, with the way to every report.

It knows no registry: whoever calls it says what is so in the plain data below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from lifecycle import markup
from lifecycle.figures import Picture
from lifecycle.jobs import store
from lifecycle.markup import Html

__all__ = ["AlertLine", "MoveLine", "ReportLink", "Row", "write"]

_MOST_MOVES = 200
_MOST_ALERTS = 100
_MOST_REPORTS = 4


@dataclass(frozen=True, slots=True)
class ReportLink:
    """A report and what it says.

    Parameters
    ----------
    notebook : str
        "audit", "drift".
    as_of : datetime
        The moment it speaks of, with its zone.
    path : str
        From the directory of the index, with `/`, not quoted: it may hold spaces.
    verdict : str
        "alert", "quiet", "undefined".
    status : str
        "succeeded", or how the run ended.
    """

    notebook: str
    as_of: datetime
    path: str
    verdict: str = "undefined"
    status: str = "succeeded"


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An open alert: since when, about what, whose it is, and what else to know."""

    model: str
    rule: str
    sentence: str
    opened_at: datetime
    severity: str = ""
    owner: str = ""
    acknowledged_by: str = ""
    also: str = ""


@dataclass(frozen=True, slots=True)
class MoveLine:
    """Something that happened: a move in the ledger, a run, an alert.

    Parameters
    ----------
    at : datetime
        With its zone.
    model, what : str
        The model, and what happened in a few words.
    who, why : str
        Empty where nobody and no reason is named.
    path : str
        A report, as in `ReportLink`; empty for none.
    verdict : str
        A word for a badge ("alert", "failed"); empty for none.
    """

    at: datetime
    model: str
    what: str
    who: str = ""
    why: str = ""
    path: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One model, as it stands.

    Parameters
    ----------
    model, owner : str
    verdict : str
        "alert", "quiet" or "undefined".
    production, since : str
        Its version in words, "version 3", and since when; empty for none.
    value, lower, upper : float
        The newest accuracy, or another measure, with its interval; `nan` where
        unknown.
    n : int
        Rows behind the value.
    measure, unit, period : str
        Of the value; the unit as in a finding.
    course : Picture, optional
        A sparkline of the value.
    alerts : tuple of AlertLine
        Open ones.
    pending : tuple of str
        Proposals that wait for a person, a sentence each.
    reports : tuple of ReportLink
        Newest first; four are shown.
    next_run : datetime, optional
    """

    model: str
    owner: str = ""
    verdict: str = "undefined"
    production: str = ""
    since: str = ""
    value: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    n: int = 0
    measure: str = "accuracy"
    unit: str = "%"
    period: str = ""
    course: Picture | None = None
    alerts: tuple[AlertLine, ...] = field(default=())
    pending: tuple[str, ...] = field(default=())
    reports: tuple[ReportLink, ...] = field(default=())
    next_run: datetime | None = None


def write(
    directory: str | Path,
    rows: Sequence[Row],
    *,
    title: str = "Models",
    generated: datetime,
    history: Sequence[MoveLine] = (),
    chart: Picture | None = None,
    notes: Sequence[str] = (),
) -> Path:
    """Write `index.html` into a directory of reports, in one step.

    The same inputs give the same bytes.

    Parameters
    ----------
    directory : path
        Made if need be.
    rows : sequence of Row
        One a model; those with alerts come first, then by name.
    title : str
        The heading of the page.
    generated : datetime
        When the page speaks, with its zone.
    history : sequence of MoveLine
        The newest 200 are shown, newest first; of one moment the later given.
    chart : Picture, optional
        A closing chart, at the top.
    notes : sequence of str
        Sentences below the chart, or below the summary where there is none.

    Returns
    -------
    Path
        Of the page.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC
    >>> moment = datetime(2023, 10, 9, tzinfo=UTC)
    >>> page = write(tempfile.mkdtemp(), [Row("leads", "Ada")], generated=moment)
    >>> page.name, "1 model: none has open alerts." in page.read_text()
    ('index.html', True)
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    order = {"alert": 0, "quiet": 1}
    ranked = sorted(rows, key=lambda r: (order.get(r.verdict, 2), r.model))
    said = [markup.paragraph(markup.sentence(note)) for note in notes]
    top = [markup.image(chart.svg, chart.alt), *said] if chart else said
    parts = [
        markup.section("What happened", *top, anchor="chart") if chart else "",
        *([] if chart else said),
        markup.section("Fleet", _fleet(ranked), anchor="fleet"),
        markup.section("Open alerts", _alerts(ranked), anchor="alerts"),
        markup.section("Waiting for a person", _pending(ranked), anchor="waiting"),
        markup.section("History", _history(history), anchor="history"),
    ]
    tone = _tone(ranked)
    body = Html(
        '<a class="page-skip" href="#body">To the models</a>'
        '<div class="page page-index">'
        f'<header class="page-head"><h1>{markup.cell(title)}</h1>'
        f'<div class="page-banner page-{tone}"><p class="page-word">'
        f"{markup.cell(tone.capitalize())}</p>"
        f'<p class="page-answer">{markup.cell(_answer(ranked))}</p></div></header>'
        f'<main class="page-body" id="body">{markup.join(parts)}</main>'
        '<footer class="page-foot"><p>As of '
        f"{_moment(generated)}</p></footer></div>"
    )
    whole = markup.page(title, body)
    return store.write(directory / "index.html", whole.encode("utf-8", "replace"))


def _tone(rows: Sequence[Row]) -> str:
    verdicts = {row.verdict for row in rows} | {"alert" for row in rows if row.alerts}
    return next((v for v in ("alert", "quiet") if v in verdicts), "undefined")


def _answer(rows: Sequence[Row]) -> str:
    if not rows:
        return "No models yet."
    alerting = [row.model for row in rows if row.alerts]
    failing = [row.model for row in rows if row.verdict == "alert" and not row.alerts]
    waiting = sum(len(row.pending) for row in rows)
    count = f"{len(rows)} model{'s' if len(rows) > 1 else ''}"
    said = []
    if alerting or not failing:
        verb = "have" if len(alerting) > 1 else "has"
        said.append(f"{_named(alerting)} {verb} open alerts")
    if failing:
        verb = "do" if len(failing) > 1 else "does"
        said.append(f"{_named(failing)} {verb} not hold what was asked at the last run")
    words = f"{count}: {'; '.join(said)}."
    if waiting:
        noun = "proposals wait" if waiting > 1 else "proposal waits"
        words += f" {waiting} {noun} for a person."
    return words


def _named(models: Sequence[str]) -> str:
    if not models:
        return "none"
    if len(models) > 3:
        return str(len(models))
    return " and ".join([", ".join(models[:-1]), models[-1]][-len(models) :])


def _fleet(rows: Sequence[Row]) -> Html:
    if not rows:
        return markup.paragraph(
            "There is no model in the settings yet; add a [models.NAME] table to "
            "lifecycle.toml."
        )
    header = ["Model", "State", "Newest value", "Production", "Open"]
    header += ["Newest reports", "Next run"]
    cells = [
        [
            _with(row.model, _name(row.owner)),
            markup.badge(row.verdict),
            _value(row),
            _with(row.production or "none", row.since),
            _open(row),
            markup.items(_report(each) for each in row.reports[:_MOST_REPORTS]),
            _moment(row.next_run, below=True) if row.next_run else "",
        ]
        for row in rows
    ]
    return markup.table(header, cells, label="The fleet, one row a model")


def _with(text: object, below: object) -> Html:
    small = f"<small>{markup.cell(below)}</small>" if below else ""
    return Html(f"{markup.cell(text)}{small}")


def _name(owner: str) -> str:
    """The name alone: the address stands in the reports."""
    return owner.partition("<")[0].strip() or owner


def _value(row: Row) -> Html:
    if math.isnan(row.value):
        return _with("not known yet", "")
    name = f"{markup.number(row.value, row.unit)} {row.measure}"
    reach = markup.interval(row.lower, row.upper, row.unit)
    counted = f"n {markup.number(row.n)}"
    below = ", ".join(part for part in (reach, counted) if part)
    seen = row.course
    drawn = markup.image(seen.svg, seen.alt, kind="spark") if seen else ""
    return markup.join((_with(_with(name, below), row.period), drawn))


def _open(row: Row) -> Html:
    parts = []
    if row.alerts:
        noun = "alerts" if len(row.alerts) > 1 else "alert"
        parts.append(_nowrap(markup.link("#alerts", f"{len(row.alerts)} {noun}")))
    if row.pending:
        noun = "proposals" if len(row.pending) > 1 else "proposal"
        parts.append(_nowrap(markup.link("#waiting", f"{len(row.pending)} {noun}")))
    return markup.items(parts) if parts else Html("nothing")


def _report(report: ReportLink) -> Html:
    name = markup.link(_href(report.path), report.notebook)
    state = report.verdict if report.status == "succeeded" else report.status
    shown = markup.badge(state) if state not in ("quiet", "undefined") else ""
    day = Html(f'<span class="lc-muted">{report.as_of:%Y-%m-%d}</span>')
    return _nowrap(markup.join((name, day, shown), " "))


def _href(path: str) -> str:
    return quote(path.replace("\\", "/"), safe="/", errors="replace")


def _moment(moment: datetime, *, below: bool = False) -> Html:
    day = _nowrap(f"{moment:%Y-%m-%d}")
    hour = f"{moment:%H:%M} {moment.tzname() or ''}".rstrip()
    return _with(day, hour) if below else markup.join((day, _nowrap(hour)), " ")


def _nowrap(text: object) -> Html:
    return Html(f'<span class="lc-nowrap">{markup.cell(text)}</span>')


def _prose(text: object) -> Html:
    """A sentence in a table: it may break, but not after every word."""
    return (
        Html(f'<span class="lc-prose">{markup.cell(text)}</span>') if text else Html()
    )


def _alerts(rows: Sequence[Row]) -> Html:
    found = [alert for row in rows for alert in row.alerts]
    found.sort(key=lambda alert: alert.opened_at, reverse=True)
    if not found:
        return markup.paragraph("None.")
    cells = [
        [
            _prose(alert.sentence),
            alert.model,
            _moment(alert.opened_at),
            alert.severity or "alert",
            _taken(alert),
        ]
        for alert in found[:_MOST_ALERTS]
    ]
    header = ["What", "Model", "Since", "Severity", "Owner"]
    listed = markup.table(header, cells, label="Open alerts, newest first")
    return markup.join((listed, _left(len(found), _MOST_ALERTS, "alerts")))


def _taken(alert: AlertLine) -> Html:
    by = f"acknowledged by {alert.acknowledged_by}" if alert.acknowledged_by else ""
    told = [by or "not acknowledged", *([alert.also] if alert.also else [])]
    return _with(alert.owner, ", ".join(told))


def _pending(rows: Sequence[Row]) -> Html:
    lines = [
        markup.join(
            (Html(f"<strong>{markup.cell(row.model)}</strong>"), sentence), ": "
        )
        for row in rows
        for sentence in row.pending
    ]
    return markup.items(lines) if lines else markup.paragraph("Nothing.")


def _history(history: Sequence[MoveLine]) -> Html:
    if not history:
        return markup.paragraph("Nothing has happened yet.")
    oldest = sorted(history, key=lambda move: move.at)
    newest = oldest[::-1][:_MOST_MOVES]
    cells = []
    for move in newest:
        what = markup.link(_href(move.path), move.what) if move.path else move.what
        badge = markup.badge(move.verdict) if move.verdict else ""
        said = markup.join((what, badge), " ") if badge else what
        cells.append(
            [
                Html(f'<span class="lc-when">{_moment(move.at, below=True)}</span>'),
                _with(_prose(said), move.model),
                _with(_prose(markup.sentence(move.why)), move.who),
            ]
        )
    header = ["When", "What", "Why, and who"]
    listed = markup.table(header, cells, label="What happened, newest first")
    boxed = Html(f'<div class="page-history">{listed}</div>')
    return markup.join((boxed, _left(len(history), _MOST_MOVES, "moves")))


def _left(count: int, most: int, noun: str) -> Html:
    if count <= most:
        return Html("")
    sentence = f"The newest {most:,} of {count:,} {noun} are shown."
    return markup.paragraph(sentence, kind="muted")

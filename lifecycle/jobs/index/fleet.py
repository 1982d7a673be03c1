"""The front page: one row a model, what is open, what happened last."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from lifecycle import markup
from lifecycle.figures import Picture
from lifecycle.jobs.index import saying
from lifecycle.jobs.index.lines import MoveLine, Row
from lifecycle.markup import Html

__all__ = ["write"]

_MODELS_A_PAGE = 100
_MOST_MOVES = 40
_MOST_ALERTS = 100
_MOST_REPORTS = 4


def write(
    directory: str | Path,
    rows: Sequence[Row],
    *,
    title: str = "Models",
    generated: datetime,
    locale: str = markup.HOUSE,
    history: Sequence[MoveLine] = (),
    chart: Picture | None = None,
    notes: Sequence[str] = (),
) -> Path:
    """Write `index.html` into a directory of reports, in one step.

    Of more than a hundred models the others follow on `index-2.html` and so on. The
    same inputs give the same bytes.

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
    locale : str
        The reader's, as `markup.localised` takes it.
    history : sequence of MoveLine
        The newest 40 are shown, newest first; of one moment the later given.
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
    ranked = sorted(
        rows, key=lambda row: (not row.alerts, order.get(row.verdict, 2), row.model)
    )
    count = max(1, math.ceil(len(ranked) / _MODELS_A_PAGE))
    names = ["index.html", *(f"index-{k}.html" for k in range(2, count + 1))]
    told = [markup.paragraph(note) for note in notes]
    if chart is not None:
        told.insert(0, markup.image(chart.svg, chart.alt))
    for number, name in reversed(list(enumerate(names, start=1))):
        first = (number - 1) * _MODELS_A_PAGE
        way = saying.pages(names, number, label="Models, page")
        fleet = (_fleet(ranked[first : first + _MODELS_A_PAGE]), way)
        parts = [markup.section("Fleet", *fleet, anchor="fleet")]
        if number == 1:
            parts = [
                markup.section("What happened", *told) if told else Html(""),
                *parts,
                markup.section("Open alerts", _alerts(ranked), anchor="alerts"),
                markup.section(
                    "Waiting for a person", _waits(ranked), anchor="waiting"
                ),
                markup.section("History", _history(history), anchor="history"),
            ]
        page = _page(title, ranked, parts, generated, locale)
        written = saying.publish(directory / name, page)
    return written


def _page(
    title: str,
    ranked: Sequence[Row],
    parts: Sequence[Html],
    generated: datetime,
    locale: str,
) -> Html:
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
        f"{saying.moment(generated)}</p></footer></div>"
    )
    return markup.page(title, body, locale=locale, prose=markup.HOUSE)


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
    priced = any(not math.isnan(row.money) for row in rows)
    header = ["Model", "State", "Newest value", *(["Earned"] if priced else [])]
    header += ["Production", "Open", "Newest reports", "Next run"]
    cells = [
        [
            saying.with_small(_model(row), saying.person(row.owner)),
            markup.badge(row.verdict),
            _value(row),
            *([_money(row)] if priced else []),
            saying.with_small(row.production or "none", row.since),
            _open(row),
            markup.items(saying.report(each) for each in row.reports[:_MOST_REPORTS]),
            saying.moment(row.next_run, below=True) if row.next_run else "",
        ]
        for row in rows
    ]
    return markup.table(header, cells, label="The fleet, one row a model")


def _model(row: Row) -> object:
    return markup.link(saying.href(row.path), row.model) if row.path else row.model


def _value(row: Row) -> Html:
    if math.isnan(row.value):
        return saying.with_small("not known yet", "")
    name = f"{markup.number(row.value, row.unit)} {row.measure}"
    reach = markup.interval(row.lower, row.upper, row.unit)
    counted = f"n {markup.number(row.n)}"
    below = ", ".join(part for part in (reach, counted) if part)
    seen = row.course
    drawn = markup.image(seen.svg, seen.alt, kind="spark") if seen else ""
    told = saying.with_small(saying.with_small(name, below), row.period)
    return markup.join((told, drawn))


def _money(row: Row) -> Html:
    if math.isnan(row.money):
        return Html("")
    reach = markup.interval(row.money_lower, row.money_upper, row.currency)
    told = saying.with_small(markup.number(row.money, row.currency), reach)
    return saying.with_small(told, row.money_period)


def _open(row: Row) -> Html:
    parts = []
    if row.alerts:
        noun = "alerts" if len(row.alerts) > 1 else "alert"
        told = markup.link("index.html#alerts", f"{len(row.alerts)} {noun}")
        parts.append(saying.nowrap(told))
    if row.pending:
        noun = "proposals" if len(row.pending) > 1 else "proposal"
        told = markup.link("index.html#waiting", f"{len(row.pending)} {noun}")
        parts.append(saying.nowrap(told))
    return markup.items(parts) if parts else Html("<span>nothing</span>")


def _alerts(rows: Sequence[Row]) -> Html:
    found = [alert for row in rows for alert in row.alerts]
    return saying.alerts(found, most=_MOST_ALERTS)


def _waits(rows: Sequence[Row]) -> Html:
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
    shown = saying.moves(saying.newest_first(history)[:_MOST_MOVES])
    if len(history) <= _MOST_MOVES:
        return shown
    more = (
        f"The newest {_MOST_MOVES} of {len(history):,} moves; each model's own page "
        "has all of its own."
    )
    return markup.join((shown, markup.paragraph(more, kind="muted")))

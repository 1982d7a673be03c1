"""The pages of one model: its life on a time line, versions, reports, history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from lifecycle import markup
from lifecycle.figures import Picture
from lifecycle.jobs.index import saying
from lifecycle.jobs.index.lines import MoveLine, ReportLink, Row, VersionLine
from lifecycle.markup import Html

__all__ = ["write_model"]

_A_PAGE = 100
_AT_LEAST = 50  # of the newest, on the first page
_MOST_ALERTS = 20
_UP = "../"

_Line = TypeVar("_Line")


def write_model(
    directory: str | Path,
    row: Row,
    *,
    generated: datetime,
    locale: str = markup.HOUSE,
    life: Picture | None = None,
    versions: Sequence[VersionLine] = (),
    reports: Sequence[ReportLink] = (),
    history: Sequence[MoveLine] = (),
    facts: Sequence[tuple[str, str]] = (),
) -> Path:
    """Write the pages of a model: `index.html`, and older reports and moves beyond.

    The first page has the newest 50 to 149 lines of a list; older ones go on in pages
    of a hundred, numbered from the oldest, so that such a page stays as it is.

    Parameters
    ----------
    directory : path
        Of all reports; the pages go into the folder of `row.path`.
    row : Row
        How the model stands.
    generated : datetime
        When the page speaks, with its zone.
    locale : str
        The reader's, as `markup.localised` takes it.
    life : Picture, optional
        Its metric and what was done with it, on one time line.
    versions : sequence of VersionLine
        Newest first.
    reports : sequence of ReportLink
        Newest first.
    history : sequence of MoveLine
        In any order.
    facts : sequence of (name, value)
        Whose it is, what for.

    Returns
    -------
    Path
        Of the first page.

    Raises
    ------
    ValueError
        When the row names no page.
    """
    if not row.path:
        raise ValueError("the row names no page; give it a path")
    folder = (Path(directory) / row.path).parent
    newest = saying.newest_first(history)
    done = _list(
        folder,
        "history",
        newest,
        lambda shown: saying.moves(shown, named=False, up=_UP),
        title=f"{row.model}: history",
        locale=locale,
    )
    told = _list(
        folder,
        "reports",
        list(reports),
        lambda shown: _reports(shown),
        title=f"{row.model}: reports",
        locale=locale,
    )
    parts = [markup.image(life.svg, life.alt) if life else Html("")]
    if facts:
        parts.append(markup.card("", dict(facts)))
    if row.alerts:
        listed = saying.alerts(row.alerts, most=_MOST_ALERTS)
        parts.append(markup.section("Open alerts", listed, anchor="alerts"))
    if row.pending:
        waits = markup.items(row.pending)
        parts.append(markup.section("Waiting for a person", waits, anchor="waiting"))
    parts += [
        markup.section("Versions", _versions(versions), anchor="versions"),
        markup.section("Reports", told, anchor="reports"),
        markup.section("History", done, anchor="history"),
    ]
    tone = "alert" if row.alerts else row.verdict
    tone = tone if tone in ("alert", "quiet") else "undefined"
    head = (
        f'<div class="page-banner page-{tone}"><p class="page-word">'
        f'{tone.capitalize()}</p><p class="page-answer">{markup.cell(_answer(row))}</p>'
        "</div>"
    )
    page = _page(row.model, head, parts, generated, locale)
    return saying.publish(folder / "index.html", page)


def _page(
    title: str, head: str, parts: Sequence[Html], generated: datetime, locale: str
) -> Html:
    up = markup.link(f"{_UP}index.html", "All models")
    body = Html(
        '<a class="page-skip" href="#body">To the content</a>'
        f'<div class="page page-index"><header class="page-head"><p>{up}</p>'
        f"<h1>{markup.cell(title)}</h1>{head}</header>"
        f'<main class="page-body" id="body">{markup.join(parts)}</main>'
        '<footer class="page-foot"><p>As of '
        f"{saying.moment(generated)}</p></footer></div>"
    )
    return markup.page(title, body, locale=locale, prose=markup.HOUSE)


def _answer(row: Row) -> str:
    serving = f"{row.production} serves, {row.since}" if row.production else ""
    said = [serving.rstrip(", ") or "No version serves"]
    if row.value == row.value:
        said.append(
            f"{row.measure} was {markup.number(row.value, row.unit)} in {row.period}"
        )
    if row.alerts:
        said.append(f"{len(row.alerts)} open alert{'s' if len(row.alerts) > 1 else ''}")
    if row.pending:
        count = len(row.pending)
        said.append(f"{count} proposal{'s' if count > 1 else ''} for a person")
    words = "; ".join(said)
    return f"{words[:1].upper()}{words[1:]}."


def _versions(versions: Sequence[VersionLine]) -> Html:
    if not versions:
        return markup.paragraph("None yet.")
    cells = []
    for each in versions:
        name = f"version {each.number}"
        card = markup.link(_UP + saying.href(each.path), name) if each.path else name
        cells.append(
            [
                saying.nowrap(card),
                saying.nowrap(each.status),
                each.recipe,
                saying.nowrap(f"{each.trained_to:%Y-%m-%d}") if each.trained_to else "",
                markup.items([saying.nowrap(when) for when in each.served]),
                saying.prose(markup.sentence(each.why)),
            ]
        )
    header = ["Version", "Now", "Recipe", "Learned up to", "In production", "Why"]
    return markup.table(header, cells, label="Versions, newest first")


def _reports(reports: Sequence[ReportLink]) -> Html:
    days: dict[str, list[ReportLink]] = {}
    for each in reports:
        days.setdefault(f"{each.as_of:%Y-%m-%d}", []).append(each)
    cells = [
        [
            saying.nowrap(day),
            markup.join(
                [
                    markup.join(
                        (
                            markup.link(_UP + saying.href(each.path), each.notebook),
                            markup.badge(_state(each)),
                        ),
                        " ",
                    )
                    for each in sorted(found, key=lambda one: one.notebook)
                ],
                " · ",
            ),
        ]
        for day, found in days.items()
    ]
    return markup.table(["As of", "Reports"], cells, label="Reports, newest first")


def _state(report: ReportLink) -> str:
    return report.verdict if report.status == "succeeded" else report.status


def _list(
    folder: Path,
    name: str,
    lines: Sequence[_Line],
    show: Callable[[Sequence[_Line]], Html],
    *,
    title: str,
    locale: str,
) -> Html:
    """The newest lines; the older ones in pages beside, the oldest in the first."""
    if not lines:
        return markup.paragraph("None yet.")
    whole = max(0, len(lines) - _AT_LEAST) // _A_PAGE  # full pages, oldest first
    names = [f"{name}-{number}.html" for number in range(1, whole + 1)]
    for number, page in enumerate(names, start=1):
        until = len(lines) - (number - 1) * _A_PAGE
        shown = show(lines[until - _A_PAGE : until])
        written = _older(title, shown, number, locale)
        saying.publish(folder / page, written)
    newest = show(lines[: len(lines) - whole * _A_PAGE])
    if not whole:
        return newest
    older = [
        markup.link(page, f"{whole - place}")
        for place, page in enumerate(reversed(names))
    ]
    way = Html(
        f'<nav class="page-pages" aria-label="Older">Older: '
        f"{markup.join(older, ' ')}</nav>"
    )
    return markup.join((newest, way))


def _older(title: str, shown: Html, number: int, locale: str) -> Html:
    """A page of older lines: the same bytes as long as its lines are the same."""
    back = markup.link("index.html", "To the newest")
    heading = f"{title}, part {number}"
    body = Html(
        f'<div class="page page-index"><header class="page-head"><p>{back}</p>'
        f"<h1>{markup.cell(heading)}</h1></header>"
        f'<main class="page-body" id="body">{shown}</main></div>'
    )
    return markup.page(heading, body, locale=locale, prose=markup.HOUSE)

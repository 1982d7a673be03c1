"""Blocks of a page: paragraphs, tables, cards, images."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from lifecycle.markup.text import Html, cell, join

__all__ = [
    "card",
    "folded",
    "image",
    "items",
    "paragraph",
    "section",
    "table",
]


def paragraph(text: object, *, kind: str = "") -> Html:
    """Write a paragraph.

    Examples
    --------
    >>> paragraph("a < b")
    '<p>a &lt; b</p>'
    """
    named = f' class="lc-{escape(kind, quote=True)}"' if kind else ""
    return Html(f"<p{named}>{cell(text)}</p>")


def items(parts: Iterable[object], *, kind: str = "") -> Html:
    """Write a list without order.

    Examples
    --------
    >>> items(["a", "b"])
    '<ul><li>a</li><li>b</li></ul>'
    """
    named = f' class="lc-{escape(kind, quote=True)}"' if kind else ""
    return Html(
        f"<ul{named}>{''.join(f'<li>{cell(part)}</li>' for part in parts)}</ul>"
    )


def folded(summary: object, body: object) -> Html:
    """Write something the reader opens with a click; printed open pages show it.

    Examples
    --------
    >>> folded("Code", "x < 1")
    '<details class="lc-fold"><summary>Code</summary>x &lt; 1</details>'
    """
    words = f"<summary>{cell(summary)}</summary>{cell(body)}"
    return Html(f'<details class="lc-fold">{words}</details>')


def section(title: str, *parts: object, anchor: str = "") -> Html:
    """Write a section of a page under a heading of the second level.

    Examples
    --------
    >>> section("Alerts", paragraph("None."), anchor="alerts")
    '<section id="alerts"><h2>Alerts</h2><p>None.</p></section>'
    """
    named = f' id="{escape(anchor, quote=True)}"' if anchor else ""
    return Html(f"<section{named}><h2>{cell(title)}</h2>{join(parts)}</section>")


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    caption: str = "",
    label: str = "",
    numeric: Sequence[int] = (),
) -> Html:
    """Write a table in a box that scrolls by itself when the screen is narrow.

    Parameters
    ----------
    header : sequence of str
        One name a column.
    rows : sequence of sequences
        Numbers are formatted, text is escaped, `Html` is taken as it is.
    caption : str
        What the table shows, above it.
    label : str
        Name of the scrolling box for those who do not see it; else the caption.
    numeric : sequence of int
        Columns set flush right, counted from 0.

    Raises
    ------
    ValueError
        If a row has not as many cells as the header.

    Examples
    --------
    >>> shown = table(["cell", "n"], [["a", 1400]], numeric=[1])
    >>> '<td class="lc-num">1,400</td>' in shown
    True
    """
    for place, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise ValueError(
                f"row {place} of the table has {len(row)} cells for {len(header)} "
                "columns; give every row one cell a column"
            )
    right = frozenset(numeric)
    mark = [
        ' class="lc-num"' if column in right else "" for column in range(len(header))
    ]
    head = "".join(
        f'<th scope="col"{kind}>{cell(name)}</th>'
        for name, kind in zip(header, mark, strict=True)
    )
    body = "".join(f"<tr>{_cells(row, mark)}</tr>" for row in rows)
    label = escape(label or caption or "Table of " + ", ".join(header), quote=True)
    titled = f"<caption>{cell(caption)}</caption>" if caption else ""
    return Html(
        f'<div class="lc-scroll" role="region" tabindex="0" aria-label="{label}">'
        f'<table class="lc-table">{titled}<thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cells(row: Sequence[object], mark: Sequence[str]) -> str:
    written = []
    for column, (value, kind) in enumerate(zip(row, mark, strict=True)):
        if column == 0 and not kind and value not in ("", None):
            written.append(f'<th scope="row">{cell(value)}</th>')
        else:
            written.append(f"<td{kind}>{cell(value)}</td>")
    return "".join(written)


def card(title: str, facts: Mapping[str, object]) -> Html:
    """Write a few named facts under a heading.

    Examples
    --------
    >>> "<dt>owner</dt><dd>Ada</dd>" in card("churn", {"owner": "Ada"})
    True
    """
    pairs = "".join(
        f"<div><dt>{cell(name)}</dt><dd>{cell(value)}</dd></div>"
        for name, value in facts.items()
    )
    head = f"<h3>{cell(title)}</h3>" if title else ""
    return Html(f'<div class="lc-card">{head}<dl class="lc-facts">{pairs}</dl></div>')


def image(svg: str, alt: str, *, caption: str = "", kind: str = "figure") -> Html:
    """Write a drawing as an image inside the page; nothing in it can run.

    Parameters
    ----------
    svg : str
        The drawing.
    alt : str
        What it shows, in a sentence, for those who do not see it.
    caption : str
        Shown below the drawing.
    kind : {"figure", "spark"}
        A drawing of its own, or a small one within a line.

    Examples
    --------
    >>> image("<svg/>", "Nothing.", kind="spark")
    '<img class="lc-spark" alt="Nothing." src="data:image/svg+xml;base64,PHN2Zy8+">'
    """
    data = base64.b64encode(svg.encode("utf-8", "replace")).decode("ascii")
    picture = (
        f'<img class="lc-{escape(kind, quote=True)}" alt="{escape(alt, quote=True)}" '
        f'src="data:image/svg+xml;base64,{data}">'
    )
    if kind == "spark":
        return Html(picture)
    below = f"<figcaption>{cell(caption)}</figcaption>" if caption else ""
    return Html(
        '<figure class="lc-picture"><div class="lc-scroll" role="region" tabindex="0" '
        f'aria-label="Figure">{picture}</div>{below}</figure>'
    )

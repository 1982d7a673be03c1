"""A model card as a thing: its parts, and its faces in HTML, Markdown and JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import markup
from lifecycle.jobs import store

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.figures import Picture

__all__ = ["Card", "Part"]


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a card; whatever it holds is text that is shown as text.

    Parameters
    ----------
    title : str
    facts : mapping of str to str
        Name and value.
    lines : tuple of str
        Sentences.
    header, rows : tuple
        Of a table; rows of texts.
    numeric : tuple of int
        Columns set flush right.
    picture : Picture, optional
        A drawing; Markdown has its sentence.
    command : str
        What to type.
    """

    title: str
    facts: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numeric: tuple[int, ...] = ()
    picture: Picture | None = None
    command: str = ""

    @property
    def anchor(self) -> str:
        """The name of the section in links."""
        return "".join(c if c.isalnum() else "-" for c in self.title.lower())

    def html(self) -> markup.Html:
        """The section for a page."""
        parts: list[markup.Html] = []
        if self.facts:
            parts.append(markup.card("", self.facts))
        if self.lines:
            parts.append(markup.items(self.lines))
        if self.rows:
            label = f"Table of {self.title.lower()}"
            rows = [[_whole(cell) for cell in row] for row in self.rows]
            parts.append(
                markup.table(self.header, rows, label=label, numeric=self.numeric)
            )
        if self.picture is not None:
            parts.append(markup.image(self.picture.svg, self.picture.alt))
        if self.command:
            typed = markup.Html(f"<code>{markup.cell(self.command)}</code>")
            parts.append(markup.paragraph(typed))
        return markup.section(self.title, *parts, anchor=self.anchor)

    def markdown(self) -> str:
        """The section as lines of Markdown."""
        said = markup.markdown
        blocks = [f"## {said(self.title)}"]
        if self.facts:
            told = (f"- **{said(n)}**: {said(v)}" for n, v in self.facts.items())
            blocks.append("\n".join(told))
        if self.lines:
            blocks.append("\n".join(f"- {said(line)}" for line in self.lines))
        if self.rows:
            sides = [
                "---:" if place in self.numeric else "---"
                for place in range(len(self.header))
            ]
            table = [self.header, *self.rows]
            lines = [f"| {' | '.join(said(c) or ' ' for c in row)} |" for row in table]
            lines.insert(1, f"| {' | '.join(sides)} |")
            blocks.append("\n".join(lines))
        if self.picture is not None:
            blocks.append(f"*{said(self.picture.alt)}*")
        if self.command:
            blocks.append(f"    {markup.one_line(self.command)}")
        return "\n\n".join(blocks)


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a version, for whoever has to trust it.

    Parameters
    ----------
    model : str
    number : int
        The version.
    status : str
        Its role, or what became of it.
    sentence : str
        What it is, in a sentence.
    as_of : datetime
        The moment the card speaks of, UTC.
    parts : tuple of Part
    locale : str
        Of whoever reads its page; Markdown and plain values are as the house writes
        them, so that they can be compared.

    Examples
    --------
    >>> from datetime import UTC
    >>> data = Part("Data", facts={"Rows": "3,149"})
    >>> at = datetime(2023, 7, 3, tzinfo=UTC)
    >>> card = Card("leads", 2, "production", "Trees.", at, (data,))
    >>> card
    <Card leads version 2, production: Trees.>
    >>> card.markdown().splitlines()[-1]
    '- **Rows**: 3,149'
    """

    model: str
    number: int
    status: str
    sentence: str
    as_of: datetime
    parts: tuple[Part, ...]
    locale: str = markup.HOUSE

    def html(self) -> str:
        """A page of its own: one file, no script, nothing fetched."""
        title = f"Version {self.number}"
        links = markup.items(
            markup.link(f"#{part.anchor}", part.title) for part in self.parts
        )
        nav = markup.Html(
            '<nav class="page-contents" aria-label="Contents">'
            f'<p aria-hidden="true">Contents</p>{links}</nav>'
        )
        of = f'<span class="page-of">{markup.cell(self.model)}</span>'
        summary = markup.paragraph(self.sentence, kind="summary")
        body = markup.join(part.html() for part in self.parts)
        foot = markup.paragraph(f"Model card, as of {self.as_of:%Y-%m-%d %H:%M} UTC")
        return markup.page(
            f"{title} · {self.model}",
            markup.Html(
                '<a class="page-skip" href="#body">To the card</a><div class="page">'
                f'<header class="page-head"><h1>{markup.cell(title)} {of} '
                f"{_badge(self.status)}</h1>{summary}</header>"
                f'<div class="page-columns">{nav}<main class="page-body" id="body">'
                f'{body}</main></div><footer class="page-foot">{foot}</footer></div>'
            ),
            locale=self.locale,
            prose=markup.HOUSE,
        )

    def markdown(self) -> str:
        """The same as Markdown, for a wiki or a pull request."""
        said = markup.markdown
        head = (
            f"# {said(f'Model card: {self.model}, version {self.number}')}\n\n"
            f"**{said(self.status.capitalize())}**, as of "
            f"{self.as_of:%Y-%m-%d %H:%M} UTC\n\n{said(self.sentence)}"
        )
        return "\n\n".join([head, *(part.markdown() for part in self.parts)]) + "\n"

    def facts(self) -> dict[str, Any]:
        """The same as plain values for JSON; numbers are told as on the page."""
        return {
            "model": self.model,
            "version": self.number,
            "status": self.status,
            "sentence": self.sentence,
            "as_of": self.as_of.isoformat(),
            "parts": {part.title: _plain(part) for part in self.parts},
        }

    def frame(self) -> pd.DataFrame:
        """One row a fact or a sentence: section, name and value."""
        import pandas as pd

        rows = [
            (part.title, name, value)
            for part in self.parts
            for name, value in (
                *part.facts.items(),
                *(("", line) for line in part.lines),
            )
        ]
        return pd.DataFrame(rows, columns=["section", "name", "value"])

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write `N.html` and `N.md`, N the version, into a directory.

        Parameters
        ----------
        folder : Path
            Made where it is not there.

        Returns
        -------
        Path, Path
            Of the page and of the Markdown; each whole or as it was.
        """
        folder.mkdir(parents=True, exist_ok=True)
        page = store.write(folder / f"{self.number}.html", self.html())
        return page, store.write(folder / f"{self.number}.md", self.markdown())

    def __repr__(self) -> str:
        return (
            f"<Card {self.model} version {self.number}, {self.status}: {self.sentence}>"
        )

    def _repr_html_(self) -> str:
        summary = markup.paragraph(self.sentence, kind="summary")
        return markup.join((summary, *(part.html() for part in self.parts)))


def _whole(cell: str) -> str:
    """A moment is not broken into lines."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?", cell):
        return cell
    return markup.Html(f'<span class="lc-nowrap">{markup.cell(cell)}</span>')


def _badge(status: str) -> markup.Html:
    tone = {"production": "quiet", "rolled back": "alert", "experimental": "pending"}
    kind = tone.get(status, "undefined")
    return markup.Html(
        f'<span class="lc-badge lc-{kind}">{markup.cell(status.capitalize())}</span>'
    )


def _plain(part: Part) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if part.facts:
        told["facts"] = dict(part.facts)
    if part.lines:
        told["lines"] = list(part.lines)
    if part.rows:
        rows: Sequence[tuple[str, ...]] = part.rows
        told["rows"] = [dict(zip(part.header, row, strict=True)) for row in rows]
    return told

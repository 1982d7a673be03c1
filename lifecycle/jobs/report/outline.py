"""The order of a page: its title, headings with names, contents, tables in boxes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle import markup

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

__all__ = ["Shaped", "contents", "shape"]

_NUMBER = re.compile(r"[-+\N{MINUS SIGN}]?[$€£]?[\d.,\s]*\d[\d.,]*(e[-+]?\d+)?\s?%?")
_EMPTY = {"", "nan", "NaN", "None", "NaT", "<NA>", "-", "\N{EN DASH}"}


@dataclass(frozen=True, slots=True)
class Shaped:
    """A body in order.

    Parameters
    ----------
    body : str
    title : str
        The first heading, taken out of the body; empty where there is none.
    headings : tuple of (name, text)
        Of the second level.
    styles : str
        Style rules of tables, for the head of the page.
    """

    body: str
    title: str
    headings: tuple[tuple[str, str], ...]
    styles: str


def shape(html: str) -> Shaped:
    """Bring the body of a report into order.

    Parameters
    ----------
    html : str
        Sanitised.

    Examples
    --------
    >>> shape("<h1>Audit</h1><h2>By week</h2><p>Fine.</p>").headings
    (('by-week', 'By week'),)
    """
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "html.parser")
    sheets = soup.find_all("style")
    styles = "".join(sheet.extract().get_text() for sheet in sheets)
    title = _title(soup)
    headings = _headings(soup)
    for image in soup.find_all("img"):
        if not image.get("src"):
            said = str(image.get("alt") or "")  # nbconvert gives every image some
            image.replace_with("" if said.startswith("No description") else said)
        elif not image.get("alt"):
            image["alt"] = "Figure without a description"
    for table in soup.find_all("table"):
        _table(soup, table)
    _told_apart(soup)
    return Shaped(str(soup), title, headings, styles)


def _told_apart(soup: BeautifulSoup) -> None:
    """Give boxes that would bear one name numbers: a landmark is found by its name."""
    seen: dict[str, int] = {}
    for box in soup.find_all("div", role="region"):
        name = str(box.get("aria-label") or "")
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            box["aria-label"] = f"{name} {seen[name]}".strip()


def contents(headings: tuple[tuple[str, str], ...]) -> markup.Html:
    """Write the list of contents; nothing for fewer than two headings."""
    if len(headings) < 2:
        return markup.Html("")
    links = markup.items(markup.link(f"#{name}", text) for name, text in headings)
    return markup.Html(
        '<nav class="page-contents" aria-label="Contents"><p aria-hidden="true">'
        f"Contents</p>{links}</nav>"
    )


def _title(soup: BeautifulSoup) -> str:
    first = soup.find(re.compile("^h[1-6]$"))
    if first is None or first.name != "h1" or _in_output(first):
        return ""
    return " ".join(first.extract().get_text(" ").split())[:200]


def _headings(soup: BeautifulSoup) -> tuple[tuple[str, str], ...]:
    own = [h for h in soup.find_all(re.compile("^h[1-6]$")) if not _in_output(h)]
    deeper = any(heading.name == "h1" for heading in own)
    taken: set[str] = {"body"}
    listed, above = [], 1
    for heading in own:
        level = int(heading.name[1]) + deeper
        level = above = min(level, above + 1, 6)
        heading.name = f"h{level}"
        text = " ".join(heading.get_text(" ").split())
        stem = re.sub(r"[^\w]+", "-", text.lower()).strip("-")[:60] or "part"
        name, count = stem, 1
        while name in taken:
            count += 1
            name = f"{stem}-{count}"
        taken.add(name)
        heading["id"] = name
        if level == 2 and text:
            listed.append((name, text))
    for heading in soup.find_all("h1"):
        heading.name = "h2"
    return tuple(listed)


def _in_output(tag: Tag) -> bool:
    return tag.find_parent(class_="page-output") is not None


def _table(soup: BeautifulSoup, table: Tag) -> None:
    ours = "lc-table" in (table.get("class") or ())
    if not ours:
        _mark(table, "lc-table")
    for head in table.select("thead th"):
        head["scope"] = "col"
    for head in table.select("tbody th"):
        head["scope"] = "row"
    if not ours:
        _numbers(table)
    if table.find_parent(class_="lc-scroll") is None:
        box = soup.new_tag("div")
        box["class"], box["role"] = "lc-scroll", "region"
        box["tabindex"], box["aria-label"] = "0", "Table"
        table.wrap(box)


def _numbers(table: Tag) -> None:
    """Set columns of numbers flush right, their heads too."""
    rows = [row.find_all(["td", "th"], recursive=False) for row in table.find_all("tr")]
    body = [row for row in rows if any(cell.name == "td" for cell in row)]
    width = max((len(row) for row in body), default=0)
    for column in range(width):
        cells = [row[column] for row in body if len(row) == width]
        texts = [cell.get_text(strip=True) for cell in cells if cell.name == "td"]
        known = [text for text in texts if text not in _EMPTY]
        if not known or not all(_NUMBER.fullmatch(text) for text in known):
            continue
        for cell in cells:
            if cell.get_text(strip=True) in _EMPTY - {""}:
                cell.string = "\N{EN DASH}"
        heads = [row[column] for row in rows if row not in body and len(row) == width]
        for cell in (*cells, *heads):
            _mark(cell, "lc-num")


def _mark(tag: Tag, name: str) -> None:
    held = tag.get("class") or ()
    tag["class"] = " ".join([*([held] if isinstance(held, str) else held), name])

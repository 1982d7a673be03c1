"""Paths of this machine are taken out of a page."""

from __future__ import annotations

import re
import sys
from html import escape
from pathlib import Path

__all__ = ["known_roots", "without_paths"]

# two steps at least, not the rest of a word, of a URL, of a tag or of data
_POSIX = re.compile(r"(?<![\w.:/<&;~+=\-])/(?:[\w.\-+@~]+/)+(?=[\w.\-+@~])")
_QUOTED = re.compile(r"(?<==)/(?:[\w.\-+@~]+/)+(?=[\w.\-+@~])")
_WINDOWS = re.compile(r"(?<![\w])[A-Za-z]:\\(?:[^\\<>\"'\n:*?|]+\\)+")
_TAGS = re.compile(r"(<[^>]*>)")
_SAID = re.compile(r'\b(alt|title|aria-label)="([^"]*)"')


def known_roots(ipynb: Path) -> tuple[str, ...]:
    """Directories that may stand in a run's output, the longest first.

    They are named because they may hold spaces, which no pattern can know.

    Parameters
    ----------
    ipynb : Path
        The executed notebook.
    """
    own = Path(__file__).resolve().parents[3]
    places = {*ipynb.resolve().parents, *Path.cwd().parents, Path.cwd(), own}
    places |= {Path.home(), Path(sys.prefix), Path(sys.base_prefix)}
    named = {str(place) for place in places if len(place.parts) > 2}
    return tuple(sorted(named, key=lambda name: (-len(name), name)))


def without_paths(html: str, roots: tuple[str, ...] = ()) -> str:
    """Shorten absolute paths in the text of a page to the last step.

    Only text and the attributes that are read out are touched, never a link or the
    data of an image.

    Parameters
    ----------
    html : str
    roots : tuple of str
        Directories to take out by name.

    Examples
    --------
    >>> without_paths('<p>File "/home/ada/leads/recipe.py", line 3</p>')
    '<p>File "…/recipe.py", line 3</p>'
    >>> without_paths('<a href="/a/b/c">and/or 1/2/3 https://example.org/a/b</a>')
    '<a href="/a/b/c">and/or 1/2/3 https://example.org/a/b</a>'
    """
    pieces = _TAGS.split(html)
    for place, piece in enumerate(pieces):
        if place % 2 == 0:
            pieces[place] = _shorten(piece, roots)
        elif "alt=" in piece or "title=" in piece or "aria-label=" in piece:
            pieces[place] = _SAID.sub(
                lambda found: f'{found[1]}="{_shorten(found[2], roots)}"', piece
            )
    return "".join(pieces)


def _shorten(text: str, roots: tuple[str, ...]) -> str:
    if "/" not in text and "\\" not in text:
        return text
    for root in roots:
        for written in {root, escape(root)}:
            text = text.replace(written + "/", "…/").replace(written, "…")
    for pattern in (_POSIX, _QUOTED):
        text = pattern.sub("…/", text)
    return _WINDOWS.sub("…/", text)

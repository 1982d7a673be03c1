"""Words in one line, and words in Markdown that stay words."""

from __future__ import annotations

import re

__all__ = ["markdown", "one_line"]

_MARKS = re.compile(r"([\\`*\[\]|~$^]|(?<![^\W_])_|_(?![^\W_]))")
_FIRST = re.compile(r"^([-+](?=\s|$)|[-=]+$|#{1,6}(?=\s|$)|\d+(?=[.)](?:\s|$)))")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_LINKING = re.compile(r"@|:(?=//)|(?i:(?<=mailto):|(?<=xmpp):|(?<=www)\.)")


def one_line(text: object, most: int = 300) -> str:
    r"""Text as a person can read it: one line, cut, nothing that cannot be seen.

    Parameters
    ----------
    text : object
        Anything that has words.
    most : int
        Letters that are shown.

    Examples
    --------
    >>> one_line("a\nreason\x1b[31m\u202e", 9)
    'a reason…'
    """
    seen = "".join(c if c.isprintable() else " " for c in str(text)[: 4 * most + 1])
    line = " ".join(seen.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def markdown(text: object) -> str:
    r"""Text as it may stand in a line or a table of Markdown: no mark of it is obeyed.

    Parameters
    ----------
    text : object
        One line, as `one_line` gives it; addresses do not become links.

    Examples
    --------
    >>> markdown("2 < 3 | *x*, lead_score")
    '2 &lt; 3 \\| \\*x\\*, lead_score'
    >>> markdown("[here](https://example.org)")
    '\\[here\\](https&#58;//example.org)'
    """
    line = one_line(text, most=2000)
    for sign, entity in _ENTITIES.items():
        line = line.replace(sign, entity)
    line = _MARKS.sub(r"\\\1", line)
    line = _FIRST.sub(lambda found: f"&#{ord(found[0][0])};{found[0][1:]}", line)
    return _LINKING.sub(lambda found: f"&#{ord(found[0])};", line)

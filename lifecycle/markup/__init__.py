"""Markup: the only room that writes tags, and it escapes everything it is given.

Text from data and from people goes in as it is and comes out harmless. What
comes out is `Html`, a string that knows it is markup: handed to another function
of this room it is taken as it is, while a plain string is escaped. Adding or
slicing gives a plain string again, so forgetting it shows tags rather than
running them.
"""

from __future__ import annotations

from lifecycle.markup.blocks import (
    card,
    folded,
    image,
    items,
    paragraph,
    section,
    table,
)
from lifecycle.markup.locales import HOUSE, known_locale, localised
from lifecycle.markup.page import POLICY, page
from lifecycle.markup.plain import markdown, one_line
from lifecycle.markup.rows import findings, grid, said
from lifecycle.markup.sentences import spoken
from lifecycle.markup.style import STYLE
from lifecycle.markup.text import (
    Html,
    badge,
    cell,
    interval,
    join,
    link,
    number,
    safe_href,
    sentence,
    traffic,
)

__all__ = [
    "HOUSE",
    "POLICY",
    "STYLE",
    "Html",
    "badge",
    "card",
    "cell",
    "findings",
    "folded",
    "grid",
    "image",
    "interval",
    "items",
    "join",
    "known_locale",
    "link",
    "localised",
    "markdown",
    "number",
    "one_line",
    "page",
    "paragraph",
    "safe_href",
    "said",
    "section",
    "sentence",
    "spoken",
    "table",
    "traffic",
]

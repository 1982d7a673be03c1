"""A whole page: one file, no script, nothing fetched from anywhere."""

from __future__ import annotations

from lifecycle.markup.locales import HOUSE, localised
from lifecycle.markup.style import STYLE
from lifecycle.markup.text import Html, cell

__all__ = ["POLICY", "page"]

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; "
    "form-action 'none'; base-uri 'none'"
)
"""What the browser may load for a page of ours: what is in the file."""


def page(
    title: str, body: object, *, style: str = "", locale: str = HOUSE, prose: str = ""
) -> Html:
    """Write a complete HTML5 document.

    Parameters
    ----------
    title : str
        For the window; the body brings its own heading.
    body : Html
        Plain text is escaped.
    style : str
        Rules behind those of `STYLE`.
    locale, prose : str
        The reader's locale, and the language of the sentences, as in `localised`.

    Examples
    --------
    >>> page("Fleet", "Nothing yet.").splitlines()[0]
    '<!doctype html>'
    """
    rules = (STYLE + style).replace("</", "<\\/")
    whole = (
        "<!doctype html>\n"
        f'<html lang="{_language(locale)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{cell(title)}</title>\n<style>\n{rules}</style>\n</head>\n"
        f'<body class="lc-page">\n{cell(body)}\n</body>\n</html>\n'
    )
    return localised(whole, locale, prose=prose)


def _language(locale: str) -> str:
    return locale.replace("_", "-")

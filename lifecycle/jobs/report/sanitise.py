"""What may stay of HTML that comes from a notebook."""

from __future__ import annotations

import re

from lifecycle import markup

__all__ = ["is_image", "sanitise", "words"]


def _names(text: str) -> set[str]:
    return set(text.split())


_TAGS = _names("""
    a abbr b bdi blockquote br caption cite code col colgroup dd del details dfn
    div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p
    pre q s samp section small span strong sub summary sup table tbody td tfoot th
    thead time tr u ul var
""")
_WITH_CONTENT = _names("""
    script style svg math iframe object embed template noscript title textarea
    select audio video canvas applet frameset noframes
""")
_ATTRIBUTES = {
    "*": {"class", "style", "title", "id"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "col": {"span"},
    "ol": {"start"},
    "details": {"open"},
    "time": {"datetime"},
    "div": {"role", "tabindex", "aria-label"},
}
_OURS = re.compile(r"lc-[a-z-]+")
_STYLERS = re.compile(
    r"dataframe|data|row\d+|col\d+|blank|level\d+|(row|col)_heading|index_name"
)
_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]+")
_PROPERTIES = _names("""
    background background-color border border-bottom border-collapse border-left
    border-right border-top color font-size font-style font-variant-numeric
    font-weight height line-height max-width min-width opacity padding
    padding-bottom padding-left padding-right padding-top text-align
    text-decoration vertical-align white-space width
""")
_VALUE = re.compile(r"[\w\s#%.,()+'-]*")
_CALL = re.compile(r"([\w-]*)\(")
_CALLS = frozenset(("rgb", "rgba", "hsl", "hsla", "linear-gradient"))
_STYLE = re.compile(r"<style[^>]*>(.*?)</style\s*>", re.I | re.S)
_RULE = re.compile(r"\s*([^{}]+)\{([^{}]*)\}")
_SELECTOR = re.compile(r"#T_\w+(?:[ ][\w.#-]+(?::hover|:nth-child\(\w+\))?)*")


def sanitise(html: str) -> str:
    """Take out of HTML whatever could run, fetch, cover or pretend.

    Tables, text, images in the page, classes of this house and the colours of a
    pandas Styler stay; scripts and other elements go with their content; links lead
    to pages nearby, to https or to mail.

    Parameters
    ----------
    html : str
        A fragment of any origin.

    Examples
    --------
    >>> sanitise('<b onclick="x()">1</b><script>alert(1)</script>')
    '<b>1</b>'
    >>> sanitise('<a href="javascript:alert(1)">go</a><img src="https://x.org/a.png">')
    '<a rel="noopener noreferrer">go</a><img>'
    """
    import nh3

    styles = "".join(_styler(found) for found in _STYLE.findall(html))
    clean: str = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"https", "mailto", "data"},
    )
    return (f"<style>{styles}</style>" if styles else "") + clean


def words(html: str) -> str:
    """The text of a fragment, without tags.

    Examples
    --------
    >>> words("<p>a <b>b</b></p>")
    'a b'
    """
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def is_image(source: str) -> bool:
    """Whether a source is an image that stands in the page itself."""
    return bool(_IMAGE.fullmatch(source))


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        held = value.strip()
        return held if markup.safe_href(held) or held.startswith("mailto:") else None
    if name == "src":
        return value if is_image(value) else None
    if name == "class":
        kept = [c for c in value.split() if _OURS.fullmatch(c) or _STYLERS.fullmatch(c)]
        return " ".join(kept) or None
    if name == "id":
        return value if re.fullmatch(r"T_\w+", value) else None
    if name == "style":
        return _declarations(value) or None
    if name == "tabindex":
        return value if value == "0" else None
    if name == "role":
        return value if value in ("region", "img", "note", "status") else None
    if name in ("width", "height", "colspan", "rowspan", "span", "start"):
        return value if re.fullmatch(r"\d{1,4}%?", value) else None
    return value


def _declarations(style: str) -> str:
    """The harmless declarations of a style, readable on a dark page as well."""
    kept = {}
    for part in style.split(";"):
        name, colon, value = part.partition(":")
        name, value = name.strip().lower(), value.replace("!important", "").strip()
        calls = (call.lower() for call in _CALL.findall(value))
        if not colon or name not in _PROPERTIES or not _VALUE.fullmatch(value):
            continue
        if all(call in _CALLS for call in calls) and len(value) < 400:
            kept[name] = value
    if {"background", "background-color"} & kept.keys() and "color" not in kept:
        kept["color"] = "#1b2027"
    return "; ".join(f"{name}: {value}" for name, value in kept.items())


def _styler(sheet: str) -> str:
    """The rules of a pandas Styler, written anew; nothing of any other sheet."""
    rules = _RULE.findall(sheet)
    if _RULE.sub("", sheet).strip():
        return ""
    written = []
    for selectors, style in rules:
        names = [name.strip() for name in selectors.split(",")]
        if not all(_SELECTOR.fullmatch(name) for name in names):
            return ""
        declared = _declarations(style)
        if declared:
            written.append(f"{', '.join(names)} {{ {declared} }}\n")
    return "".join(written)

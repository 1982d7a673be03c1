"""What matplotlib writes, in fewer bytes, its colours where a style can change them."""

from __future__ import annotations

import re
from hashlib import blake2s

__all__ = ["named", "tidy"]

_DROPPED = (
    "; stroke-linecap: square",
    "; stroke-dashoffset: 0",
    "; stroke-linejoin: miter",
    "stroke-linejoin: miter; ",
)


def tidy(svg: str) -> tuple[str, str]:
    r"""The view box of a drawing, and all that stands inside its `<svg>`.

    Parameters
    ----------
    svg : str
        As matplotlib writes it, with text as text.

    Returns
    -------
    viewbox, body : str
        The body ends with `</svg>`.

    Raises
    ------
    ValueError
        When the drawing has no view box.

    Examples
    --------
    >>> tidy('<svg viewBox="0 0 9 9"><g id="a"><path d="M 1 2\nL 1.5 2"/></g></svg>')
    ('0 0 9 9', '<path d="M1 2l.5 0"/></svg>')
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.S)
    root = re.match(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', svg)
    if root is None:
        raise ValueError("the drawing has no viewBox; draw it with matplotlib's SVG")
    body = re.sub(r"<[^>]*>", _shorten, svg[root.end() :])
    body = re.sub(r'<path [^>]*style="fill: none"/>', "", body)
    body = re.sub(r"<defs>.*?</defs>", _plain, body, flags=re.S)
    body = re.sub(r"(<g[^>]*)>\s*((?:<use [^>]*/>\s*)+)</g>", _shared, body)
    body = re.sub(r'( id="|#)([mph])([0-9a-f]{5})[0-9a-f]+(?=[")])', r"\1\2\3", body)
    body = re.sub(r"<style[^>]*>\*[^<]*</style>", "", body).replace(
        "xlink:href", "href"
    )
    body = re.sub(r"<defs>\s*</defs>", "", body)
    return root.group(1), re.sub(r"\s*\n\s*", "\n", _flat(body)).strip()


def named(body: str) -> tuple[dict[str, str], str]:
    r"""Give each style of a drawing a name, and say it once.

    The name is made from the style: in a notebook, where drawings stand in one
    document, the same name is the same style.

    Parameters
    ----------
    body : str
        As `tidy` gives it.

    Returns
    -------
    styles : dict of str to str
        By name, in the order they come.
    body : str

    Examples
    --------
    >>> named('<path style="fill: none; stroke: #d8dde3"/>')
    ({'s59371': 'fill:none;stroke:#d8dde3'}, '<path class="s59371"/>')
    """
    styles: dict[str, str] = {}

    def once(found: re.Match[str]) -> str:
        style = re.sub(r"([:;]) ", r"\1", found.group(1)).rstrip(";")
        name = f"s{blake2s(style.encode()).hexdigest()[:5]}"
        styles[name] = style
        return f' class="{name}"'

    return styles, re.sub(r' style="([^"]*)"', once, body)


def _shorten(tag: re.Match[str]) -> str:
    text = re.sub(r"\d+\.\d+", _round, tag.group())
    text = re.sub(r' d="([^"]*)"', _dense, text)
    text = re.sub(r'^<g id="[^"]*"', "<g", text)
    text = re.sub(r" transform=\"rotate\(-?0 [^\"]*\"", "", text)
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    for part in _DROPPED:
        text = text.replace(part, "")
    return re.sub(r"font: ([^;\"]*?)\b([\d.]+px) [^;\"]*", _font, text)


def _font(found: re.Match[str]) -> str:
    # older matplotlib writes one word for all: weight, size and family
    weight = found.group(1).strip()
    size = f"font-size: {found.group(2)}"
    return f"font-weight: {weight}; {size}" if weight else size


def _round(digits: re.Match[str]) -> str:
    value = float(digits.group())
    return _brief(round(value, 1 if value >= 10 else 2))


def _brief(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return {"-0": "0", "": "0"}.get(text, text)


def _dense(path: re.Match[str]) -> str:
    """The same path by what each step adds, which takes fewer digits."""
    steps = re.findall(r"[A-Za-z]|-?[\d.]+", path.group(1))
    if set(steps) & set("CQcqHVhvlm") or steps[:1] != ["M"]:
        plain = re.sub(r"\s*([A-Za-z])\s*", r"\1", path.group(1).strip())
        return f' d="{plain.replace(" -", "-")}"'
    written, way, at = "", "", (0.0, 0.0)
    start, place = at, 0
    while place < len(steps):
        step = steps[place]
        if step in "Zz":
            written, way, at, place = f"{written}z", "", start, place + 1
            continue
        if step in "ML":
            way, place = step, place + 1
        to = float(steps[place]), float(steps[place + 1])
        place += 2
        if way == "M":
            written += f"M{_brief(to[0])} {_brief(to[1])}"
            start, way, first = to, "L", True
        else:
            x, y = (_brief(b - a) for a, b in zip(at, to, strict=True))
            written += f"{'l' if first else ' '}{x} {y}"
            first = False
        at = to
    written = re.sub(r"(?<![\d.])0\.", ".", written)
    return f' d="{written.replace(" -", "-")}"'


def _plain(defs: re.Match[str]) -> str:
    """Shapes without colours: whoever uses them says the colour, light and dark."""
    text = re.sub(r' fill="(#\w{6})"', r' style="fill: \1"', defs.group())
    if "<pattern" in text:  # is not copied, so its colours change like all others
        return text
    return re.sub(r"stroke: #\w{6};? ?", "", text).replace(' style=""', "")


def _shared(group: re.Match[str]) -> str:
    """Marks of one colour say it once, together."""
    opening, marks = group.groups()
    styles = set(re.findall(r' style="[^"]*"', marks))
    if len(styles) != 1 or marks.count("<use ") == 1 or " style=" in opening:
        return group.group()
    style = styles.pop()
    return f"{opening}{style}>{marks.replace(style, '')}</g>"


def _flat(body: str) -> str:
    """Without the groups that say nothing."""
    kept, open_ = [], []
    for piece in re.split(r"(<g\b[^>]*>|</g>)", re.sub(r"<g\b[^>]*/>", "", body)):
        if piece.startswith("<g"):
            open_.append(piece != "<g>")
            piece = piece if open_[-1] else ""
        elif piece == "</g>":
            piece = piece if open_.pop() else ""
        kept.append(piece)
    return "".join(kept)

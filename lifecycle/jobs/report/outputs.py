"""One output of a cell becomes one piece of the page."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from lifecycle import markup
from lifecycle.jobs.report.sanitise import is_image, sanitise, words
from lifecycle.markup import Html

__all__ = ["code", "plain", "shown"]

WIDGET = "application/vnd.jupyter.widget-view+json"
_IMAGES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif")
_DROPPED = re.compile(r"application/javascript|text/vnd\.mermaid|.*\bresult\+json")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MOST_TEXT = 20_000
_MOST_HTML = 400_000

_NO_WIDGET = "A panel stands here when the notebook is open; it does not work on paper."
_NO_ACTION = "An interactive output is left out; open the notebook to see it."
_TOO_LONG = "An output of {} kB is left out; it is in the executed notebook."
_NO_ALT = "Figure without a description"


def shown(output: Mapping[str, Any]) -> Html:
    """Write one output of a cell: image, table, text, messages or error.

    Parameters
    ----------
    output : NotebookNode
        As nbformat 4 has it. Of several forms the best one that needs no script is
        taken.
    """
    kind = output.get("output_type")
    if kind == "stream":
        return _stream(output)
    if kind == "error":
        return _error(output)
    data = {
        str(form): "".join(held) if isinstance(held, list) else held
        for form, held in (output.get("data") or {}).items()
    }
    piece = _best(data, output.get("metadata") or {})
    return Html(f'<div class="page-output">{piece}</div>') if piece else Html("")


def _best(data: dict[str, Any], metadata: Mapping[str, Any]) -> Html:
    if WIDGET in data:
        return _note(_NO_WIDGET)
    for form in _IMAGES:
        if isinstance(data.get(form), str):
            return _image(form, data[form], metadata, str(data.get("text/plain", "")))
    html = data.get("text/html")
    if isinstance(html, str) and len(html) > _MOST_HTML:
        return _note(_TOO_LONG.format(len(html) // 1000))
    if isinstance(html, str):
        clean = sanitise(html)
        if (
            words(re.sub(r"<style>.*?</style>", "", clean, flags=re.S))
            or "<img" in clean
        ):
            return Html(clean)
        return _note(_NO_ACTION) if words(html) or "<script" in html else Html("")
    if isinstance(data.get("text/markdown"), str):
        from lifecycle.jobs.report.exporter import markdown

        return Html(sanitise(markdown(data["text/markdown"])))
    foreign = [
        form
        for form in data
        if form.startswith("application/") and not _DROPPED.fullmatch(form)
    ]
    if foreign:
        return _note(_NO_ACTION)
    for form in ("text/plain", "text/latex"):
        if isinstance(data.get(form), str):
            return _text(data[form])
    return Html("")


def _note(sentence: str) -> Html:
    return markup.paragraph(sentence, kind="muted")


def _image(form: str, data: str, metadata: Mapping[str, Any], text: str) -> Html:
    about = metadata.get(form)
    about = about if isinstance(about, Mapping) else {}
    said = text if text and not text.startswith("<") else ""
    alt = plain(str(about.get("alt") or metadata.get("alt") or said or _NO_ALT))
    if form == "image/svg+xml":
        return markup.image(_CONTROL.sub("", data), alt)
    source = f"data:{form};base64,{''.join(data.split())}"
    if not is_image(source):
        return _note("An image is damaged and left out.")
    try:
        base64.b64decode("".join(data.split()), validate=True)
    except ValueError:
        return _note("An image is damaged and left out.")
    size = "".join(
        f' {side}="{about[side]}"'
        for side in ("width", "height")
        if isinstance(about.get(side), int)
    )
    picture = f'<img class="lc-figure" alt="{markup.cell(alt)}"{size} src="{source}">'
    return Html(
        '<figure class="lc-picture"><div class="lc-scroll" role="region" tabindex="0" '
        f'aria-label="Figure">{picture}</div></figure>'
    )


def _stream(output: Mapping[str, Any]) -> Html:
    text = plain("".join(output.get("text") or ""))
    if not text.strip():
        return Html("")
    if output.get("name") == "stderr":
        lines = len(text.strip().splitlines())
        summary = f"Messages ({lines} line{'s' if lines > 1 else ''})"
        body = Html(f"<pre>{markup.cell(_cut(text))}</pre>")
        return markup.folded(summary, body)
    return Html(f'<div class="page-output">{_text(text)}</div>')


def _error(output: Mapping[str, Any]) -> Html:
    name = plain(str(output.get("ename") or "Error"))
    value = plain(str(output.get("evalue") or ""))[:1000]
    trace = plain("\n".join(map(str, output.get("traceback") or ())))
    said = Html(f"<strong>{markup.cell(name)}</strong>")
    line = markup.join((said, value), ": " if value else "")
    body = Html(f"<pre>{markup.cell(_cut(trace))}</pre>") if trace.strip() else ""
    below = markup.folded("Where it happened", body) if body else ""
    return Html(
        f'<div class="page-error" role="alert">{markup.paragraph(line)}{below}</div>'
    )


def _text(text: str) -> Html:
    text = _cut(plain(text)).strip("\n")
    wide = any(len(line) > 90 for line in text.splitlines())
    scroll = ' role="region" aria-label="Output" tabindex="0"' if wide else ""
    return Html(f"<pre{scroll}>{markup.cell(text)}</pre>")


def code(cell: Mapping[str, Any]) -> Html:
    """Write the code of a cell, folded; nothing where it is hidden or empty."""
    source = "".join(cell.get("source") or "").strip("\n")
    if not source.strip() or cell["metadata"].get("lifecycle_hidden"):
        return Html("")
    body = f"<summary>Code</summary><pre><code>{markup.cell(source)}</code></pre>"
    return Html(f'<details class="lc-fold page-code">{body}</details>')


def plain(text: str) -> str:
    r"""Text as it reads at the end: no colours, no overwritten lines, no controls.

    Examples
    --------
    >>> plain("\x1b[31mred\x1b[0m"), plain(" 10%\r 99%\r100%")
    ('red', '100%')
    """
    text = _ANSI.sub("", text).replace("\r\n", "\n")
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _CONTROL.sub("", "\n".join(lines))


def _cut(text: str) -> str:
    if len(text) <= _MOST_TEXT:
        return text
    left = len(text) - _MOST_TEXT
    return f"{text[:_MOST_TEXT]}\n… {left:,} more characters in the executed notebook"

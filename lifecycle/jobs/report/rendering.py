"""From an executed notebook to the page: head, contents, body, foot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lifecycle import markup
from lifecycle.jobs import store
from lifecycle.jobs.report.paths import known_roots, without_paths
from lifecycle.jobs.report.steps import Found, following

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["render"]

_WORDS = {
    "alert": "Alert",
    "quiet": "Quiet",
    "undefined": "Not judged",
    "failed": "Failed",
    "timeout": "Time limit reached",
    "died": "The kernel died",
}
_DEFAULTS = {
    "succeeded": "The run ended without a result record, so nothing is judged.",
    "failed": "The run did not succeed.",
    "timeout": "The run took longer than it may and was stopped.",
    "died": "The kernel went away in the middle of the run.",
}
_DAMAGED = "The executed notebook is damaged and cannot be shown."
_APART = ("title", "model", "notebook", "parameters", "stamp")
_TOLD = ("workspace", "model", "as_of", "result_path")


class Result(Found, Protocol):
    """What the head needs of a result record."""

    @property
    def summary(self) -> str: ...


def render(
    ipynb: str | Path,
    html: str | Path,
    *,
    header: Mapping[str, object],
    status: str,
    message: str = "",
    record: Result | None = None,
) -> None:
    """Write the report of a run; also of one that failed or left no notebook.

    The same inputs give the same bytes.

    Parameters
    ----------
    ipynb : path
        The executed notebook, whole or not.
    html : path
        Where the page goes, in one step.
    header : mapping of str to object
        Facts for the head in their order: owner, version, as_of. Some have places of
        their own: "title" (else the notebook's first heading), "model" behind it,
        "notebook" (which the title says), "parameters" (a mapping; shown are those the
        head does not tell) and "stamp" (a text or a mapping for the foot: the run's
        number, when it ran and how long).
    status : str
        "succeeded", or how the run ended: "failed", "timeout", "died".
    message : str
        What failed, in a sentence.
    record : Record, optional
        The result record of a run that succeeded: its verdict and summary, and what
        follows from it.
    """
    ipynb = Path(ipynb)
    notebook, unreadable = _read(ipynb)
    facts = {str(key): value for key, value in header.items()}
    body, contents, first, styles = "", markup.Html(""), "", ""
    if notebook is not None:
        from lifecycle.jobs.report import exporter, outline

        try:
            shaped = outline.shape(exporter.body(notebook))
        except (AttributeError, KeyError, TypeError, ValueError):
            unreadable = _DAMAGED
        else:
            body, first, styles = shaped.body, shaped.title, shaped.styles
            contents = outline.contents(shaped.headings)
    title = _fact(facts, "title") or first or ipynb.stem.replace("_", " ").capitalize()
    below = markup.paragraph(unreadable, kind="muted") if unreadable else ""
    columns = "page-columns" if contents else "page-single"
    page = markup.Html(
        '<a class="page-skip" href="#body">To the report</a><div class="page">'
        + _head(markup.cell(title), facts, _banner(status, message, record, body))
        + f'<div class="{columns}">{contents}<main class="page-body" id="body">\n'
        + body
        + f"{below}</main></div>{_foot(facts)}</div>"
    )
    shown = without_paths(page, known_roots(ipynb))
    window = " · ".join(part for part in (title, _fact(facts, "model")) if part)
    window = without_paths(window, known_roots(ipynb))
    whole = markup.page(window, markup.Html(shown), style=styles)
    store.write(Path(html), whole.encode("utf-8", "replace"))


def _read(ipynb: Path) -> tuple[NotebookNode | None, str]:
    """The notebook, or a sentence why there is none."""
    import nbformat

    try:
        raw: Any = json.loads(ipynb.read_text(encoding="utf-8"))
        # half of a surrogate pair can stand in JSON, but not in a page
        whole = json.dumps(raw, ensure_ascii=False).encode("utf-8", "replace")
        raw = json.loads(whole)
        notebook = nbformat.from_dict(raw)
        if not isinstance(notebook.get("cells"), list):
            raise ValueError("it has no cells")
    except FileNotFoundError:
        return None, "The run left no notebook to show."
    except (OSError, ValueError, AttributeError):
        return None, _DAMAGED
    return notebook, ""


def _banner(status: str, message: str, record: Result | None, body: str) -> str:
    """What became of the run and what it found, from the run and its record."""
    after = ""
    if status == "succeeded":
        tone = record.verdict if record is not None else "undefined"
        said = record.summary if record is not None else message
        word, answer = _WORDS.get(tone, tone), said or _DEFAULTS[status]
        then = following(record) if record is not None else ""
        if then:
            after = f'<p class="page-next">{_with_commands(then)}</p>'
    else:
        tone, word = "alert", _WORDS.get(status, status.capitalize())
        answer = markup.sentence(message[:1000]) or _DEFAULTS.get(
            status, _DEFAULTS["failed"]
        )
        if body:
            after = "<p><small>Below is what the run had shown by then.</small></p>"
    tone = tone if tone in ("alert", "quiet") else "undefined"
    return (
        f'<div class="page-banner page-{tone}"><p class="page-word">'
        f'{markup.cell(word)}</p><p class="page-answer">{markup.cell(answer)}</p>'
        f"{after}</div>"
    )


def _with_commands(sentence: str) -> markup.Html:
    """What stands between backticks is to be typed."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0:
        return markup.cell(sentence)
    typed = (
        markup.Html(f"<code>{markup.cell(part)}</code>") if place % 2 else part
        for place, part in enumerate(parts)
    )
    return markup.join(typed)


def _head(title: markup.Html, facts: Mapping[str, object], banner: str) -> str:
    shown: dict[str, object] = {
        key.replace("_", " ").capitalize() if key.islower() else key: value
        for key, value in facts.items()
        if key.lower() not in _APART
    }
    pairs = "".join(
        f"<div><dt>{markup.cell(name)}</dt><dd>{markup.cell(value)}</dd></div>"
        for name, value in shown.items()
    )
    given = facts.get("parameters")
    if isinstance(given, Mapping):
        given = {key: value for key, value in given.items() if key not in _TOLD}
    if isinstance(given, Mapping) and given:
        told = markup.join((f"{key} = {value}" for key, value in given.items()), ", ")
        pairs += f'<div class="page-wide"><dt>Parameters</dt><dd>{told}</dd></div>'
    model = _fact(facts, "model")
    of = f' <span class="page-of">{markup.cell(model)}</span>' if model else ""
    listed = f'<dl class="lc-facts">{pairs}</dl>' if pairs else ""
    return f'<header class="page-head"><h1>{title}{of}</h1>{banner}{listed}</header>'


def _foot(facts: Mapping[str, object]) -> str:
    stamp = facts.get("stamp")
    if isinstance(stamp, Mapping):
        line = markup.join(
            (markup.join((key, value), " ") for key, value in stamp.items()), " · "
        )
    else:
        line = markup.cell(stamp or "")
    said = markup.paragraph(line) if line else ""
    return f'<footer class="page-foot">{said}</footer>' if said else ""


def _fact(facts: Mapping[str, object], name: str) -> str:
    found = (value for key, value in facts.items() if key.lower() == name)
    return str(next(found, None) or "")

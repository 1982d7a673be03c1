"""From an executed notebook to the page: head, contents, body, foot."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import markup
from lifecycle.jobs import store
from lifecycle.jobs.report.opening import Result, opening
from lifecycle.jobs.report.paths import known_roots, without_paths

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["render"]

_DAMAGED = "The executed notebook is damaged and cannot be shown."
_APART = ("title", "model", "notebook", "parameters", "stamp", "locale", "next")
_TOLD = ("workspace", "model", "as_of", "result_path")


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
        head does not tell), "stamp" (a text or a mapping for the foot: the run's
        number, when it ran and how long), "next" (when the next report is due) and
        "locale" (the reader's, as `markup.localised` takes it; the notebook says by
        the key "language" of its metadata what its own sentences are written in).
    status : str
        "succeeded", or how the run ended: "failed", "timeout", "died".
    message : str
        What failed, in a sentence.
    record : Record, optional
        The result record of a run that succeeded: its verdict and summary, what
        changed since the last report, and what to do.
    """
    ipynb = Path(ipynb)
    notebook, unreadable = _read(ipynb)
    facts = {str(key): value for key, value in header.items()}
    body, contents, first, styles = "", markup.Html(""), "", ""
    prose = markup.HOUSE if notebook is None else _language(notebook)
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
        + _head(
            _titled(title, ours=title == first, facts=facts),
            facts,
            opening(
                status, message, record, below=bool(body), facts=facts, prose=prose
            ),
        )
        + f'<div class="{columns}">{contents}<main class="page-body" id="body">\n'
        + body
        + f"{below}</main></div>{_foot(facts)}</div>"
    )
    shown = without_paths(page, known_roots(ipynb))
    window = " · ".join(part for part in (title, _fact(facts, "model")) if part)
    window = without_paths(window, known_roots(ipynb))
    whole = markup.page(
        window,
        markup.Html(shown),
        style=styles,
        locale=_fact(facts, "locale") or markup.HOUSE,
        prose=prose,
    )
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


def _language(notebook: NotebookNode) -> str:
    """What the sentences of a notebook are written in, as far as it says so."""
    about = notebook.get("metadata")
    told = str(about.get("language") or "") if isinstance(about, Mapping) else ""
    return told if re.fullmatch(r"[A-Za-z]{2,3}(-\w{2,8})*", told) else ""


def _titled(title: str, *, ours: bool, facts: Mapping[str, object]) -> markup.Html:
    """The title; that of a page of ours is a word the reader's language may have."""
    told = markup.cell(title)
    if not ours or (_fact(facts, "locale") or markup.HOUSE) == markup.HOUSE:
        return told
    return markup.Html(f"<span>{told}</span>")


def _head(title: markup.Html, facts: Mapping[str, object], first: str) -> str:
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
    return f'<header class="page-head"><h1>{title}{of}</h1>{first}{listed}</header>'


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

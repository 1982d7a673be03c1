"""Our nbconvert exporter: the cells of a notebook as the body of a page."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbconvert.exporters.html import HTMLExporter
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from lifecycle.jobs.report.outputs import code, shown
from lifecycle.jobs.report.sanitise import sanitise

__all__ = ["ReportExporter", "body", "markdown"]

_TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
_CELL_GONE = {
    "parameters",
    "injected-parameters",
    "papermill-error-cell-tag",
    "remove-cell",
    "remove_cell",
}
_INPUT_GONE = {"hide-input", "hide_input", "remove-input", "remove_input"}
_OUTPUT_GONE = {"hide-output", "hide_output", "remove-output", "remove_output"}


class ReportExporter(HTMLExporter):
    """Cells by our template and our filters; no style, no script, no prompts."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            template_name="lifecycle-report",
            extra_template_basedirs=[str(_TEMPLATES)],
            default_preprocessors=[],
            preprocessors=[],
            exclude_anchor_links=True,
            embed_images=False,
            **settings,
        )

    def from_notebook_node(
        self, nb: NotebookNode, resources: Any = None, **settings: Any
    ) -> tuple[str, Any]:
        """The template's output as it is: it is parsed and put in order later, once."""
        return TemplateExporter.from_notebook_node(self, nb, resources, **settings)

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        """Those of nbconvert, and ours."""
        yield from super().default_filters()
        yield "markdown2html", _written
        yield "shown", shown
        yield "code", code


def body(notebook: NotebookNode) -> str:
    """The cells of a notebook as sanitised HTML.

    Parameters
    ----------
    notebook : NotebookNode
        Of nbformat 4; it is left as it is.
    """
    kept = copy.copy(notebook)
    kept["metadata"] = NotebookNode()
    cells = _reached(notebook["cells"])
    kept["cells"] = [_prepared(cell) for cell in cells if not _gone(cell)]
    html, _ = _exporter().from_notebook_node(kept)
    return str(html)


@functools.cache
def _exporter() -> ReportExporter:
    """One for all reports of a process: it compiles its templates once."""
    return ReportExporter()


def markdown(source: str) -> str:
    """Markdown as HTML, not yet sanitised."""
    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
    return str(MarkdownWithMath(renderer=renderer).render(source))


def _written(source: str) -> str:
    return sanitise(markdown(source))


def _tags(cell: Any) -> set[str]:
    tags = (cell.get("metadata") or {}).get("tags")
    return {str(tag) for tag in tags} if isinstance(tags, list) else set()


def _gone(cell: Any) -> bool:
    return bool(_tags(cell) & _CELL_GONE) and not _failed(cell)


def _failed(cell: Any) -> bool:
    return any(
        isinstance(output, dict) and output.get("output_type") == "error"
        for output in cell.get("outputs") or ()
    )


def _reached(cells: list[Any]) -> list[Any]:
    """The cells up to the one that ended the run; all where it went on."""
    for place, cell in enumerate(cells):
        rest = cells[place + 1 :]
        if _failed(cell) and not any(later.get("outputs") for later in rest):
            return cells[: place + 1]
    return cells


def _prepared(cell: Any) -> NotebookNode:
    held = copy.copy(cell)
    about = held.get("metadata") or {}
    view = about.get("jupyter") or {}
    hidden = bool(_tags(cell) & _INPUT_GONE or view.get("source_hidden"))
    held["metadata"] = NotebookNode(lifecycle_hidden=hidden)
    held["source"] = "".join(held.get("source") or "")
    if held.get("cell_type") == "code":
        dropped = _tags(cell) & _OUTPUT_GONE or view.get("outputs_hidden")
        held["outputs"] = [] if dropped else list(held.get("outputs") or [])
    return held

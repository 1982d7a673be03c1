"""What people say of a model's predictions, on one sheet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifecycle import feedback
from lifecycle.findings import Findings, Sheet
from lifecycle.workspace import sampled, voiced

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.workspace.rows import Rows

__all__ = ["sheet", "unjudged"]

PAGE_CHUNKS = 13  # of tables on a page; pictures and results reach further back
SHORT = 8  # rows of segments


def sheet(view: Rows) -> Sheet:
    """How much people flagged and overrode, where, why, and who was right.

    Told, not judged: people speak up where they are surprised. Of amounts nobody is
    right or wrong, and that part is left out.
    """
    rows, said = view.recent(view.scored), view.workspace.logs(view.name)
    told = said.feedback(as_of=view.as_of)
    told = told[told["id"].astype(object).isin(rows["id"].astype(object))]
    least = view.settings.alerts.min_rows
    counted = feedback.count(told, rows, chunks=view.chunks(rows), min_n=least)
    parts: list[Any] = [counted]
    if view.task.judges:
        parts.append(unjudged(feedback.right(told, rows, min_n=least)))
        parts += _by_source(view, told)
    where = feedback.by_segment(
        told, rows, segments=view.settings.features.categorical, min_n=least
    )
    parts += [
        unjudged(replace(where, rows=where.rows[:SHORT])),
        feedback.reasons(told),
        *([feedback.handled(told)] if len(told) else []),
    ]
    return Sheet("Feedback", tuple(parts), shown=PAGE_CHUNKS)


def _by_source(view: Rows, told: pd.DataFrame) -> list[Findings]:
    """Who was right by where a word came in, and what nobody speaks of, if known."""
    found = [voiced.sources(view)] if told["source"].nunique() > 1 else []
    drawn = sampled.caught(view)
    return [*found, *([drawn] if len(drawn) else [])]


def unjudged(found: Findings, measure: str = "") -> Findings:
    """The same rows, of one measure or of all, told without a verdict."""
    rows = tuple(
        replace(row, verdict="undefined") if measure in ("", row.measure) else row
        for row in found
    )
    return replace(found, rows=rows)

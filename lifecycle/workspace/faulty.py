"""Rows that a fault of the data touches: what a ruling and a training must not use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lifecycle import decision, promotion, quality
from lifecycle.workspace import pricing

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle.workspace.view import View

__all__ = ["faults", "left_out", "told", "touched"]

OUTCOME = "outcome"
_SPOILS = frozenset(("missing", "type", "scale", "frozen", "distinct", "repeated"))
"""Causes that make the rows they touch wrong as they stand. New names and values
beyond the range are told of, and may as well be the world's: June comes after May."""


def faults(view: View) -> tuple[quality.Fault, ...]:
    """What is, or was, wrong with inputs and outcomes since the version was trained.

    Inputs are held against the rows that are normal, outcomes against the chunks
    before; too few rows, gaps and rows that came twice are no fault of a column and not
    among them. Of the newest rows it is what the page `drift` says; a fault of older
    rows that nothing says ended is over where the newest rows do not show it.
    """
    if "faults" not in view.answered:
        view.answered["faults"] = (*_inputs(view), *_outcomes(view))
    found: tuple[quality.Fault, ...] = view.answered["faults"]
    return found


def _inputs(view: View) -> list[quality.Fault]:
    if not len(view.reference) or not len(view.analysis):
        return []
    newest = [each for each in view.quality().faults if _spoils(each)]
    begins = view.analysis["time"].min().to_pydatetime()
    older = view.recent(view.scored)
    older = older[older["time"] < begins]
    if view.reference_period is not None:
        older = older[older["time"] >= view.reference_period[1]]
    if len(older) < view.settings.alerts.min_rows:
        return newest
    found = quality.check(
        view.reference,
        older,
        features=view.settings.features.names,
        timezone=view.timezone,
        min_n=view.settings.alerts.min_rows,
    )
    lasting = {(each.column, each.cause) for each in newest}
    past = []
    for each in found.faults:
        if not _spoils(each):
            continue
        if each.until is None and (each.column, each.cause) not in lasting:
            each = replace(each, until=begins)
        past.append(each)
    return [*newest, *past]


def _spoils(fault: quality.Fault) -> bool:
    return bool(fault.column) and fault.cause in _SPOILS


def _outcomes(view: View) -> list[quality.Fault]:
    return [] if view.scored.empty else list(view.outcomes().faults)


def left_out(view: View, rows: pd.DataFrame) -> list[tuple[np.ndarray, str]]:
    """Which of the rows each fault touches, with its sentence, as `material` asks."""
    agreed = _accepted(view)
    return [
        (each.touches(rows), each.sentence)
        for each in faults(view)
        if each.column not in agreed
    ]


def touched(view: View, rows: pd.DataFrame) -> np.ndarray:
    """The rows that any fault touches, shape (n_rows,)."""
    import numpy as np

    marked = np.zeros(len(rows), dtype=bool)
    for mask, _ in left_out(view, rows):
        marked |= mask
    return marked


def told(view: View) -> list[decision.DataFault]:
    """The faults as a ruling sees them, each with what it costs on the rows it touches.

    One that the owner has accepted as the new normal is how the data are now.
    """
    import numpy as np

    known = faults(view)
    if not known:
        return []
    rows = view.recent(view.scored)
    due = (rows["time"] + view.settings.delay <= view.as_of).to_numpy()
    tested = None if view.task.judges else view.backtest()
    loss = pricing.losses(view, rows, scale=1.0 if tested is None else tested.scale)
    loss[~due] = np.nan
    unknown = np.full(len(rows), np.nan)  # where the outcomes are wrong
    agreed, labels = _accepted(view), view.chunks(rows).to_numpy()
    return [
        decision.DataFault.measured(
            each.sentence,
            unknown if each.column == OUTCOME else loss,
            labels,
            each.touches(rows),
            since=each.since,
            until=each.until,
            accepted=each.column in agreed,
        )
        for each in known
    ]


def _accepted(view: View) -> set[str]:
    version = view.production
    number = None if version is None else version.number
    return set(
        promotion.accepted(view.registry, view.name, number=number, as_of=view.as_of)
    )

"""What a view asks about the business: money, KPIs, and what moved with a release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import business, config, figures
from lifecycle.findings import Findings, Sheet

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.workspace.rows import Rows

__all__ = ["kpi", "sheet"]

ADOPTION = "acted upon"
SPAN = timedelta(weeks=6)
PAGE_CHUNKS = 8  # of tables on a page; pictures and results reach further back


def sheet(view: Rows) -> Sheet:
    """Money, conversion, the KPIs of the settings by chunk, role, release and score."""
    due = view.recent(view.mature[view.mature["prediction"].notna()])
    due = due[~view.chunks(due).isin(view.early(view.settings.delay))]
    parts: list[Any] = [_money(view, due)]
    if view.task.name == "binary":
        acted = _acted(view, due)
        worked = business.conversion(due, acted=acted, chunks=view.chunks(due))
        parts.insert(0, worked)
        if worked.rows:
            parts.insert(0, worked.plot())
    rows = view.recent(view.scored)
    if view.task.words:
        rows = view.task.judged(rows)
    told = _told(view)
    for name, each in told.items():
        early = view.early(_wait(view, each))
        whole = rows[~view.chunks(rows).isin(early)] if early else rows
        parts.append(_asked(view, whole, name, each))
    trial = _on_trial(view, rows)
    if len(trial):
        parts += [_asked(view, trial, n, each, by="role") for n, each in told.items()]
    moments = _releases(view)
    if moments:  # whatever else changed changed with it: told, not judged
        found = [_released(view, rows, n, each, moments) for n, each in told.items()]
        parts += [
            replace(each, rows=tuple(replace(r, verdict="undefined") for r in each))
            for each in found
        ]
    if view.task.judges:
        parts += _by_score(view.task.judged(due))
    said = tuple(part for part in parts if _says(part))
    return Sheet("Business", said, shown=PAGE_CHUNKS)


def kpi(view: Rows, event: str, measure: str = "") -> Findings:
    """One KPI by chunk: of the settings, by its name, or of a kind of events."""
    found = _told(view).get(event) or config.Kpi(event=event)
    if measure:
        found = found.model_copy(update={"measure": measure})
    kinds = sorted({str(kind) for kind in _events(view)["kind"].unique()})
    if found.event and found.event not in kinds:
        there = ", ".join(kinds[:8]) or "no event at all"
        words = f"No event of the kind {found.event!r} has come yet; there is {there}."
        return Findings(event.capitalize(), (), words)
    rows = view.recent(view.scored)
    return _asked(
        view, view.task.judged(rows) if view.task.words else rows, event, found
    )


def _money(view: Rows, due: pd.DataFrame) -> Findings:
    """What right and wrong predictions earned, by the prices of the task."""
    costs, chunks = view.settings.costs, view.chunks(due)
    if view.task.name == "binary":
        return business.earnings(
            due,
            true_positive=costs.true_positive,
            true_negative=costs.true_negative,
            false_positive=-costs.false_positive,
            false_negative=-costs.false_negative,
            chunks=chunks,
            currency=view.currency,
        )
    told: dict[str, Any] = {"chunks": chunks, "currency": view.currency}
    if not view.task.judges:
        off = (due["prediction"] - due["outcome"]).abs()
        return business.summed(-costs.per_unit * off, **told)
    right = view.task.right(due["outcome"], due["prediction"]) == 1
    paid = right * (costs.right + costs.wrong) - costs.wrong
    if costs.handed_over is not None:
        unsure = (due["score"] < view.settings.threshold).to_numpy()
        paid[unsure], right[unsure] = -costs.handed_over, False
    return business.summed(paid, right, **told)


def _told(view: Rows) -> Mapping[str, config.Kpi]:
    told = dict(view.settings.kpis)
    if view.settings.action_event is not None:
        told.setdefault(ADOPTION, config.Kpi(event=view.settings.action_event))
    return told


def _on_trial(view: Rows, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows since the version on trial served its first; none without a trial."""
    if view.experimental is None:
        return rows.iloc[:0]
    its = rows[rows["version"] == str(view.experimental.number)]
    its = its[its["role"] == "experimental"]
    return rows[rows["time"] >= its["time"].min()] if len(its) else its


def _wait(view: Rows, each: config.Kpi) -> timedelta:
    """How long after a prediction its part of a KPI is known."""
    if not each.event:
        return view.settings.delay
    return timedelta(days=each.within_days or 0)


def _settings(each: config.Kpi) -> dict[str, Any]:
    days = each.within_days
    return {
        "kind": each.event,
        "measure": each.measure,
        "of": each.of,
        "person": each.person,
        "within": None if days is None else timedelta(days=days),
        "better": each.better,
        "unit": each.unit,
    }


def _asked(
    view: Rows, rows: pd.DataFrame, name: str, each: config.Kpi, *, by: str = "chunk"
) -> Findings:
    asked: Any = {"by": by, **_settings(each)}
    return business.kpi(
        rows,
        _events(view),
        name=name,
        as_of=view.as_of,
        chunks=view.chunks(rows),
        min_n=view.settings.alerts.min_rows,
        **asked,
    )


def _released(
    view: Rows,
    rows: pd.DataFrame,
    name: str,
    each: config.Kpi,
    moments: list[datetime],
) -> Findings:
    return business.before_after(
        rows,
        _events(view),
        name=name,
        promotions=moments,
        as_of=view.as_of,
        span=SPAN,
        min_n=view.settings.alerts.min_rows,
        **_settings(each),
    )


def _releases(view: Rows) -> list[datetime]:
    """When another version went into production, after the first one."""
    moments = []
    for entry in view.registry.ledger(view.name):
        now, before = entry.after.get("production"), entry.before.get("production")
        if before is not None and now != before and entry.at <= view.as_of:
            moments.append(entry.at)
    return moments[-3:]


def _by_score(due: pd.DataFrame) -> list[Any]:
    """How many came true, by decile of the score."""
    scored = due[due["score"].notna()]
    if len(scored) < 100:
        return []
    found = business.kpi(scored, name="came true", by="score")
    tenths = [replace(row, subject=str(k)) for k, row in enumerate(found.rows, start=1)]
    picture = figures.by_decile(
        tenths,
        title="Came true by tenth of the scores",
        measure="came true",
        groups="tenth of the scores, the highest first",
    )
    return [picture, replace(found, title="By score")]


def _events(view: Rows) -> pd.DataFrame:
    return view.workspace.logs(view.name).events(as_of=view.as_of)


def _acted(view: Rows, rows: pd.DataFrame) -> Any:
    kind = view.settings.action_event
    if kind is None:
        return (rows["prediction"] == 1).to_numpy()
    events = _events(view)
    acted = set(events.loc[events["kind"] == kind, "id"])
    return rows["id"].astype(object).isin(acted).to_numpy()


def _says(part: Any) -> bool:
    return not isinstance(part, Findings) or bool(part.rows) or bool(part.summary)

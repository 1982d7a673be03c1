"""What to do about a model, by whom and by when: the list on a page's first screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import alerts, decision, findings, promotion, quality, registry
from lifecycle.jobs import record as records

if TYPE_CHECKING:
    from lifecycle.workspace.rows import Rows

__all__ = ["todo"]

_MOST = 3


def todo(view: Rows, results: Sequence[Any]) -> tuple[records.Todo, ...]:
    """The steps a page ends with, the most urgent first.

    A proposal that waits, data that have to be mended before anything is trained on
    them, alerts that nobody has taken on. Nothing where none of these is so: then the
    page says what usually comes next.

    Parameters
    ----------
    view : Rows
    results : sequence
        What the page found.
    """
    owner = view.settings.owner
    now = None if view.production is None else view.production.number
    steps = [
        records.Todo(what=_decide(view.name, each, now), who=owner)
        for each in promotion.pending(view.registry, view.name)
        if each.created_at <= view.as_of
    ]
    for result in results:
        steps += [
            records.Todo(
                what=f"Mend the data before anything is trained on them: {sentence}",
                who=owner,
            )
            for sentence in _faults(result)[:_MOST]
        ]
    steps += _alerts(view)
    return tuple(steps)


def _decide(name: str, asked: registry.Proposal, production: int | None) -> str:
    if promotion.overtaken(asked, production):
        return (
            f"Proposal {asked.id} of version {asked.number} was compared with another "
            f"version than the one in production: `lifecycle reject {name} {asked.id}` "
            "with a reason, and propose again what is still wanted"
        )
    shown = f"{name} {asked.id} --digest {asked.digest[:12]}"
    return (
        f"Decide on proposal {asked.id}, version {asked.number}: `lifecycle approve "
        f"{shown}` or `lifecycle reject {shown}`, with a reason"
    )


def _faults(result: Any) -> list[str]:
    """What is wrong with the data, as a check of them or a ruling says it."""
    if isinstance(result, findings.Sheet):
        return [sentence for part in result.parts for sentence in _faults(part)]
    if isinstance(result, quality.Quality):
        lasting = [fault for fault in result.faults if fault.until is None]
        return [fault.sentence for fault in lasting or result.faults]
    if isinstance(result, decision.Ruling) and result.action == "fix_data":
        return [fault.sentence for fault in result.faults if fault.lasts]
    return []


def _alerts(view: Rows) -> list[records.Todo]:
    rules = view.settings.alerts
    found = [
        alert
        for alert in alerts.history(view.registry, view.name)
        if alert.opened_at <= view.as_of
        and (alert.closed_at is None or alert.closed_at > view.as_of)
        and (alert.acknowledged_at is None or alert.acknowledged_at > view.as_of)
    ]
    steps = []
    for alert in found[-_MOST:]:
        by = None
        if rules.escalate_after_days is not None:
            by = (alert.opened_at + timedelta(days=rules.escalate_after_days)).date()
        steps.append(
            records.Todo(
                what=f"Take on the {alert.rule} alert of "
                f"{alert.opened_at:%Y-%m-%d}: `lifecycle acknowledge {alert.id}`",
                who=alert.owner,
                by=by,
            )
        )
    return steps

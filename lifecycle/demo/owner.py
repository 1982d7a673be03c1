"""The owners of the demonstrations' models: persons with a rule of thumb."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle import alerts, registry, workspace

if TYPE_CHECKING:
    from lifecycle.promotion.deciding import Target

__all__ = ["at_once", "weighs"]

NINE_MONTHS = timedelta(weeks=39)


def weighs(
    ws: workspace.Workspace, model: str, as_of: datetime, *, name: str
) -> tuple[registry.Proposal, Target] | None:
    """Look at what waits and approve it, through the call the panel makes.

    She knows the trade: when the inputs have moved within nine months, a model may
    well be worn out, and a tested candidate goes to everybody; so does a renewal while
    nothing is alarmed. When accuracy is said to have fallen and no input has moved,
    something else may be wrong, and the candidate starts with a share of the traffic.

    Returns
    -------
    (Proposal, str) or None
        What was approved, and where it went: "production" or "experimental".
    """
    view = ws.view(model, as_of)
    asked = view.proposal()
    if asked is None or not asked.evidence.get("passed"):
        return None
    fallen = any(alert.rule == "accuracy" for alert in ws.alerts(model))
    moved = any(
        alert.rule == "drift" and as_of - alert.opened_at < NINE_MONTHS
        for alert in alerts.history(ws.registry, model)
    )
    trial = view.experimental is not None and view.experimental.number == asked.number
    target: Target = (
        "experimental" if fallen and not moved and not trial else "production"
    )
    if trial:
        reason = "it has shown itself on its share of the traffic"
    elif moved:
        reason = "the inputs have moved and the candidate is better on later leads"
    elif not fallen:
        reason = "nothing is alarmed and the candidate is better on later leads"
    else:
        reason = "the numbers fell but no input has moved: a share of the traffic first"
    return _approved(ws, model, asked, target, reason, name, as_of)


def at_once(
    ws: workspace.Workspace, model: str, as_of: datetime, *, name: str
) -> tuple[registry.Proposal, Target] | None:
    """Approve what has passed its gate, for everybody: thieves and topics do not wait.

    Returns
    -------
    (Proposal, str) or None
        What was approved, and where it went: "production".
    """
    asked = ws.view(model, as_of).proposal()
    if asked is None or not asked.evidence.get("passed"):
        return None
    reason = "it does better on the newest outcomes, and what is new does not wait"
    return _approved(ws, model, asked, "production", reason, name, as_of)


def _approved(
    ws: workspace.Workspace,
    model: str,
    asked: registry.Proposal,
    target: Target,
    reason: str,
    name: str,
    as_of: datetime,
) -> tuple[registry.Proposal, Target]:
    share = ws.model(model).release.canary_share
    ws.approve(
        model,
        asked.id,
        reason=reason,
        by=name,
        target=target,
        share=share if target == "experimental" else None,
        digest=asked.digest,
        as_of=as_of,
    )
    return asked, target

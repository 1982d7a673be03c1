"""A candidate on later rows against the champion: the evidence of a proposal."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle import errors, evaluation, findings, promotion, registry
from lifecycle.workspace import intake
from lifecycle.workspace.ruling import error_costs

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.promotion.deciding import Target
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.view import View

__all__ = ["evaluate", "evidence", "propose"]


def evaluate(view: View, version: registry.Version) -> evaluation.Evaluation | None:
    """A version against the one in production, on rows later than its training data.

    On rows that neither has seen where there are any; else on those that are new to
    the version alone, which favours the one in production. `None` before the first
    version is in production: there is nobody to compare with.

    Raises
    ------
    NotEnoughData
        When no outcome is due yet of rows later than the version's training data.
    """
    champion = view.production
    if champion is None:
        return None
    rows = _held_out(view, version, champion)
    mine = intake.scores_of(view.workspace, view.name, version, rows)
    theirs = intake.scores_of(view.workspace, view.name, champion, rows)
    return evaluation.compare(
        rows["outcome"].to_numpy(),
        theirs,
        mine,
        champion_threshold=champion.threshold,
        candidate_threshold=version.threshold,
        weeks=view.chunks(rows).to_numpy(),
        segments=rows[list(view.settings.features.categorical)],
        currency=view.currency,
        costs=error_costs(view),
    )


def _held_out(
    view: View, version: registry.Version, champion: registry.Version
) -> pd.DataFrame:
    rows = view.mature
    if version.trained_to is not None:
        rows = rows[rows["time"] > version.trained_to]
    if rows.empty:
        raise errors.NotEnoughData(
            f"no outcome of {view.name} is due yet from after version "
            f"{version.number}'s training data; wait {view.settings.delay.days} days"
        )
    if champion.trained_to is not None:
        fresh = rows[rows["time"] > champion.trained_to]
        rows = rows if fresh.empty else fresh
    labels = view.chunks(rows)
    newest = sorted(labels.unique())[-2 * view.settings.release.holdout_chunks :]
    return rows[labels.isin(newest)]


def propose(
    workspace: Workspace,
    name: str,
    number: int,
    *,
    reason: str,
    target: Target,
    share: float | None,
    author: str,
    source: str,
    as_of: datetime,
) -> registry.Proposal:
    """Ask for a version to go live; the evidence of this moment goes with it.

    Raises
    ------
    IllegalMove
        When the move is not possible.
    """
    view = workspace.view(name, as_of)
    version = workspace.registry.version(name, number)
    told = evidence(evaluate(view, version))
    return promotion.propose(
        workspace.registry,
        name,
        number,
        target=target,
        share=view.settings.release.canary_share if share is None else share,
        author=author,
        source=source,
        reason=reason,
        evidence=told,
        at=as_of,
    )


def evidence(tested: evaluation.Evaluation | None) -> dict[str, Any]:
    """What an evaluation says, as plain values for a proposal and for the ledger.

    Parameters
    ----------
    tested : Evaluation or None
        None for a first version, which has nobody to be compared with.
    """
    if tested is None:
        return {"gate": "first version: nobody to compare with", "passed": True}
    return {
        "gate": " ".join(tested.reasons),
        "passed": tested.passed,
        "reasons": list(tested.reasons),
        "saved": _plain(tested.difference),
        "rows": [_plain(row) for row in tested.findings if not row.period],
    }


def _plain(row: findings.Finding) -> dict[str, Any]:
    """A finding as evidence: what is undefined is null."""
    numbers = {
        name: None if math.isnan(value) else value
        for name in ("value", "lower", "upper")
        for value in [getattr(row, name)]
    }
    return {"measure": row.measure, "subject": row.subject, **numbers, "n": row.n}

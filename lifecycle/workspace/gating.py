"""A candidate on later rows against the champion: the evidence of a proposal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import errors, evaluation, promotion, registry, tasks, training
from lifecycle.workspace import columns, faulty, saying, serving
from lifecycle.workspace.pricing import error_costs, rows_per_week

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle.promotion.deciding import Target
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.view import View

__all__ = ["as_timed", "evaluate", "evidence", "propose", "terms", "timed", "unseen"]

_TIMED = 1_000  # rows by which both are timed


def evaluate(
    view: View,
    version: registry.Version,
    *,
    latency: evaluation.Latency | None = None,
) -> evaluation.Evaluation | None:
    """A version against the one in production, on rows later than its training data.

    On rows that neither has seen where there are any; else on those that are new to
    the version alone, which favours the one in production. `None` before the first
    version is in production: there is nobody to compare with.

    Parameters
    ----------
    view : View
    version : Version
    latency : Latency, optional
        As `timed` measured it, once; a page shows what was measured then.

    Raises
    ------
    NotEnoughData
        When no outcome is due yet of rows later than the version's training data, or
        none of them has the columns that are new with it.
    """
    champion = view.production
    if champion is None:
        return None
    rows = _held_out(view, version, champion)
    model = view.settings
    theirs, mine = (_answers(view, each, rows) for each in (champion, version))
    categorical, more = list(model.features.categorical), columns.new(view, version)
    return evaluation.compare(
        saying.coded(rows["outcome"], view.classes),
        theirs,
        mine,
        task=view.task.name,
        classes=view.classes,
        champion_threshold=champion.threshold,
        candidate_threshold=version.threshold,
        weeks=view.chunks(rows).to_numpy(),
        segments=rows[categorical] if categorical else None,
        currency=view.currency,
        costs=error_costs(view),
        rows_per_week=rows_per_week(view),
        gate=evaluation.Gate(**model.gate.model_dump()),
        latency=latency,
        sizes=(_size(view, champion), _size(view, version)),
        ids=rows["id"],
        features=rows[[*dict.fromkeys((*model.features.names, *more))]],
    )


def _answers(view: View, version: registry.Version, rows: pd.DataFrame) -> np.ndarray:
    raw = serving.scorer(view.workspace, view.name, version)(rows)
    if not view.task.words:
        return raw
    return tasks.recoded(raw, saying.classes(version), view.classes)


def timed(view: View, version: registry.Version) -> evaluation.Latency | None:
    """How long the version and the one in production take for the same newest rows."""
    rows = view.mature.tail(_TIMED)
    if view.production is None or rows.empty:
        return None
    theirs, mine = (
        serving.scorer(view.workspace, view.name, each)
        for each in (view.production, version)
    )
    return evaluation.latency(theirs, mine, rows, timer=time.perf_counter)


def as_timed(evidence: Mapping[str, Any]) -> evaluation.Latency | None:
    """What was measured when a version was proposed."""
    told = evidence.get("timed")
    if not told:
        return None
    return evaluation.Latency(
        tuple(told["champion"]), tuple(told["candidate"]), int(told["n"])
    )


def _size(view: View, version: registry.Version) -> int:
    """Bytes of a stored model."""
    return (view.registry.artefacts / version.artefact).stat().st_size


def _held_out(
    view: View, version: registry.Version, champion: registry.Version
) -> pd.DataFrame:
    rows = unseen(view, version, view.mature)
    if rows.empty:
        raise errors.NotEnoughData(
            f"no outcome of {view.name} is due yet from after version "
            f"{version.number}'s training data; wait {view.settings.delay.days} days"
        )
    more = columns.new(view, version)
    rows = rows[columns.having(view, version, rows)]
    if rows.empty:
        names = ", ".join(map(repr, more))
        raise errors.NotEnoughData(
            f"no row of {view.name} since version {version.number}'s training data has "
            f"{names}, which it reads, and an outcome that is due; wait "
            f"{view.settings.delay.days} days"
        )
    fresh = unseen(view, champion, rows)
    rows = rows if fresh.empty else fresh
    sound = rows[~faulty.touched(view, rows)]
    rows = rows if sound.empty else sound
    labels = view.chunks(rows)
    newest = sorted(labels.unique())[-2 * view.settings.release.holdout_chunks :]
    return rows[labels.isin(newest)]


def unseen(view: View, version: registry.Version, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that a version has not learned from, by their outcome or by a word."""
    said = None
    if (version.birth.get("material") or {}).get("listened"):
        said = view.workspace.logs(view.name).feedback(as_of=view.as_of)
        if view.task.words:
            said = said.assign(label=saying.coded(said["label"], view.classes))
    free = training.unseen(
        rows,
        trained_to=version.trained_to,
        feedback=said,
        as_of=version.as_of,
        classes=saying.labels(view),
    )
    return rows[free]


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
        When the move is not possible, or the newest rows of the log do not have the
        columns that are new with the version.
    """
    view = workspace.view(name, as_of)
    version = workspace.registry.version(name, number)
    columns.check(view, version)
    took = timed(view, version)
    told = evidence(version, evaluate(view, version, latency=took), took)
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
        **terms(view, as_of),
    )


def terms(view: View, at: datetime) -> dict[str, Any]:
    """How many persons must approve a proposal, and until when."""
    release = view.settings.release
    until = at + timedelta(days=release.decide_within_days)
    return {"needed": release.approvals, "expires_at": until}


def evidence(
    version: registry.Version,
    tested: evaluation.Evaluation | None,
    took: evaluation.Latency | None = None,
) -> dict[str, Any]:
    """What an evaluation says, as plain values for a proposal and for the ledger.

    Parameters
    ----------
    version : Version
        What it learned from is told with it.
    tested : Evaluation or None
        None for a first version, which has nobody to be compared with.
    took : Latency, optional
        As it was measured, in seconds of each repeat.
    """
    learned = (version.birth.get("material") or {}).get("summary")
    from_ = {"trained_on": learned} if learned else {}
    if tested is None:
        gate = "first version: nobody to compare with"
        return {"gate": gate, "passed": True, **from_}
    told = {**tested.facts(), **from_}
    if took is not None:
        told["timed"] = {
            "champion": [round(each, 6) for each in took.champion],
            "candidate": [round(each, 6) for each in took.candidate],
            "n": took.n,
        }
    return told

"""From a ruling to a proposal: train, test on later rows, ask for approval."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import (
    decision,
    errors,
    evaluation,
    findings,
    promotion,
    registry,
    training,
)
from lifecycle.workspace import intake

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.promotion.deciding import Target
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.view import View

__all__ = ["act", "evaluate", "propose", "ruling", "train"]

AUTHOR = "lifecycle"
WEEKS = {"day": 1 / 7, "week": 1.0, "month": 30.4375 / 7}


def ruling(view: View) -> decision.Ruling:
    """What to do about a model, from a back-test on its newest labelled chunks."""
    model = view.settings
    deployed = _deployed(view)
    table = None
    if deployed:
        thresholds = {name: version.threshold for name, version in deployed.items()}
        trained_to = {
            name: version.trained_to
            for name, version in deployed.items()
            if version.trained_to is not None
        }
        table = training.backtest(
            view.mature,
            recipe=view.workspace.recipe(model.recipe),
            alternatives={name: view.workspace.recipe(name) for name in model.rebuild},
            deployed={
                name: view.estimator(version) for name, version in deployed.items()
            },
            numeric=model.features.numeric,
            categorical=model.features.categorical,
            as_of=view.as_of,
            delay=model.delay,
            chunk=model.chunk,
            timezone=view.timezone,
            spans=[span or None for span in model.release.spans],
            costs=_error_costs(view),
            thresholds=thresholds,
            trained_to=trained_to,
            threshold=model.threshold,
            seed=model.seed,
        )
    return decision.rule(
        table,
        costs=decision.Costs(
            retrain=model.costs.retrain,
            rebuild=model.costs.rebuild,
            roll_back=model.costs.roll_back,
        ),
        rows_per_week=_rows_per_week(view),
        horizon_weeks=model.costs.horizon_weeks,
        currency=view.currency,
    )


def train(
    workspace: Workspace,
    name: str,
    *,
    as_of: datetime,
    recipe: str,
    start: datetime | None,
    end: datetime | None,
    span: int | None,
    author: str,
    source: str,
) -> registry.Version:
    """Fit a recipe on a period and register the candidate with its birth record.

    Parameters
    ----------
    workspace : Workspace
    name : str
    as_of : datetime
        Only outcomes mature and known by then are used.
    recipe : str
        The model's own where empty.
    start, end : datetime, optional
        The period of the training rows, half-open. Without them the newest `span`
        chunks of mature rows, or all, less the newest `holdout_chunks`, which are
        kept for the test against the production version. A first version, which
        has nobody to be tested against, takes the settings' reference period.
    span : int, optional
        How many chunks.
    author, source : str
        Who asked for it, and how that is known.

    Raises
    ------
    NotEnoughData
        When there are too few mature rows, or one class only.
    """
    view = workspace.view(name, as_of)
    rows = _training_rows(view, start, end, span)
    model = view.settings
    candidate = training.train(
        rows,
        workspace.recipe(recipe or model.recipe),
        numeric=model.features.numeric,
        categorical=model.features.categorical,
        seed=model.seed,
        threshold=model.threshold,
    )
    birth = {
        **candidate.birth,
        "as_of": as_of.isoformat(),
        "threshold": model.threshold,
        "data": workspace.logs(name).versions(),
    }
    return workspace.registry.register(
        name,
        recipe=candidate.birth["recipe"],
        estimator=candidate.estimator,
        birth=birth,
        author=author,
        source=source,
        at=as_of,
    )


def _training_rows(
    view: View, start: datetime | None, end: datetime | None, span: int | None
) -> pd.DataFrame:
    rows = view.mature
    if start is None and end is None:
        if view.production is None and span is None:
            told = view.reference
            if len(told):
                return rows[rows["id"].isin(told["id"])]
        labels = view.chunks(rows)
        known = sorted(labels.unique())
        if view.production is not None:
            known = known[: -view.settings.release.holdout_chunks]
        chosen = known[-span:] if span else known
        return rows[labels.isin(chosen)]
    if start is not None:
        rows = rows[rows["time"] >= start]
    if end is not None:
        rows = rows[rows["time"] < end]
    return rows


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
        costs=_error_costs(view),
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
    automatic: bool = False,
) -> registry.Proposal:
    """Ask for a version to go live; the evidence of this moment goes with it.

    Raises
    ------
    IllegalMove
        When the move is not possible, or nobody asked and the gate is not passed.
    """
    view = workspace.view(name, as_of)
    version = workspace.registry.version(name, number)
    tested = evaluate(view, version)
    evidence = {"gate": "first version: nobody to compare with", "passed": True}
    if tested is not None:
        evidence = {
            "gate": " ".join(tested.reasons),
            "passed": tested.passed,
            "rows": [_plain(row) for row in tested.findings if not row.period],
        }
    if automatic and not evidence["passed"]:
        raise errors.IllegalMove(
            f"version {number} of {name} does not pass the gate: {evidence['gate']}"
        )
    return promotion.propose(
        workspace.registry,
        name,
        number,
        target=target,
        share=view.settings.release.canary_share if share is None else share,
        author=author,
        source=source,
        reason=reason,
        evidence=evidence,
        at=as_of,
        automatic=automatic,
    )


def _plain(row: findings.Finding) -> dict[str, Any]:
    """A finding as evidence: what is undefined is null."""
    numbers = {
        name: None if math.isnan(value) else value
        for name in ("value", "lower", "upper")
        for value in [getattr(row, name)]
    }
    return {"measure": row.measure, "subject": row.subject, **numbers, "n": row.n}


def act(
    workspace: Workspace, name: str, facts: Mapping[str, Any], *, as_of: datetime
) -> str:
    """Carry a ruling as far as a machine may: to a proposal that waits for a person.

    Parameters
    ----------
    workspace : Workspace
    name : str
    facts : mapping
        `action`, `recipe`, `span` and `version`, as the page `decide` left them in
        its record.
    as_of : datetime

    Returns
    -------
    str
        One sentence: what was done, or why nothing was.
    """
    action = facts.get("action", "keep")
    roles = workspace.registry.roles(name)
    if "production" not in roles:
        return f"{name}: no version is in production yet; train and approve one"
    if action == "keep":
        return f"{name}: the ruling is to keep the version in production"
    if "experimental" in roles:
        return f"{name}: an experiment is live; nothing new is proposed until it ends"
    _withdraw_own(workspace, name, as_of)
    reason = str(facts.get("sentence") or f"ruling: {action}")
    try:
        if action == "roll_back":
            number = int(facts["version"])
        else:
            number = train(
                workspace,
                name,
                as_of=as_of,
                recipe=str(facts.get("recipe") or ""),
                start=None,
                end=None,
                span=facts.get("span"),
                author=AUTHOR,
                source="automatic",
            ).number
        made = propose(
            workspace,
            name,
            number,
            reason=reason,
            target="production",
            share=None,
            author=AUTHOR,
            source="automatic",
            as_of=as_of,
            automatic=True,
        )
    except (errors.IllegalMove, errors.NotEnoughData) as error:
        return f"{name}: nothing is proposed; {error}"
    return f"{name}: version {number} is proposed ({action}), proposal {made.id}"


def _withdraw_own(workspace: Workspace, name: str, as_of: datetime) -> None:
    for waiting in promotion.pending(workspace.registry, name):
        if waiting.author == AUTHOR:
            promotion.withdraw(
                workspace.registry,
                name,
                waiting.id,
                actor=AUTHOR,
                source="automatic",
                reason="a newer ruling takes its place",
                at=as_of,
            )


def _deployed(view: View) -> dict[str, registry.Version]:
    found: dict[str, registry.Version] = {}
    if view.production is not None:
        found["keep"] = view.production
        if view.previous is not None:
            found[f"roll_back {view.previous.number}"] = view.previous
    return found


def _error_costs(view: View) -> dict[str, float]:
    costs = view.settings.costs
    return {
        "false_positive": costs.false_positive,
        "false_negative": costs.false_negative,
    }


def _rows_per_week(view: View) -> float:
    newest = view.recent(view.scored, 8)
    if newest.empty:
        return 0.0
    lived = (view.as_of - newest["time"].min()) / timedelta(weeks=1)
    return float(len(newest) / min(max(lived, 1.0), 8 * WEEKS[view.settings.chunk]))

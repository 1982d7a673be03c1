"""Making a candidate: the rows it may see, the fit, and its birth in the registry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle import errors, registry, training

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.view import View

__all__ = ["make", "train"]


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
    renewal: registry.Renewal | None = None,
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
    renewal : Renewal, optional
        That makes it, and is "trained" in the same transaction.

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
    return _registered(view, candidate, author, source, renewal)


def make(
    workspace: Workspace,
    name: str,
    facts: Mapping[str, Any],
    *,
    as_of: datetime,
    author: str,
    source: str,
    renewal: registry.Renewal | None = None,
) -> registry.Version:
    """Make the candidate that a ruling asks for, and register it.

    Parameters
    ----------
    workspace : Workspace
    name : str
    facts : mapping
        `action` ("recalibrate", "retrain" or "rebuild"), `recipe` and `span`, as
        `Ruling.facts` tells them.
    as_of : datetime
        Only outcomes mature and known by then are used.
    author, source, renewal
        As in `train`.

    Raises
    ------
    NotEnoughData
        When there are too few mature rows, or one class only.
    """
    if facts["action"] != "recalibrate":
        return train(
            workspace,
            name,
            as_of=as_of,
            recipe=str(facts.get("recipe") or ""),
            start=None,
            end=None,
            span=facts.get("span"),
            author=author,
            source=source,
            renewal=renewal,
        )
    view = workspace.view(name, as_of)
    candidate = _recalibrated(view)
    return _registered(view, candidate, author, source, renewal)


def _recalibrated(view: View) -> training.Candidate:
    """The champion with its scores mapped anew on the newest rows it has not seen."""
    champion = view.production
    if champion is None:
        raise errors.NotEnoughData(
            f"{view.name} has no version in production to recalibrate; train one"
        )
    rows = _training_rows(view, None, None, None)
    if champion.trained_to is not None:
        rows = rows[rows["time"] > champion.trained_to]
    return training.recalibrate(
        view.estimator(champion),
        rows,
        numeric=champion.features["numeric"],
        categorical=champion.features["categorical"],
        threshold=champion.threshold,
        parent=champion.number,
    )


def _registered(
    view: View,
    candidate: training.Candidate,
    author: str,
    source: str,
    renewal: registry.Renewal | None,
) -> registry.Version:
    birth = {
        "threshold": view.settings.threshold,
        **candidate.birth,
        "as_of": view.as_of.isoformat(),
        "data": view.workspace.logs(view.name).versions(),
    }
    return view.registry.register(
        view.name,
        recipe=candidate.birth["recipe"],
        estimator=candidate.estimator,
        birth=birth,
        author=author,
        source=source,
        at=view.as_of,
        renewal=renewal,
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

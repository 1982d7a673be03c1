"""Making a candidate: the rows it may see, the fit, and its birth in the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import errors, recipes, registry, training
from lifecycle.workspace import columns, faulty, saying, serving
from lifecycle.workspace.ruling import listened

if TYPE_CHECKING:
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.view import View

__all__ = ["make", "train"]

LEAST_WITH = 50
"""So many training rows must have a new column, as in a back-test."""


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
    rows = _rows(view, start, end, span)
    candidate = _trained(view, recipe, rows=rows)
    return _registered(view, candidate, rows, author, source, renewal)


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
        `action` ("recalibrate", "retrain" or "rebuild"), `recipe`, `span` and the
        `offered` columns it may read beside those of the settings, as `Ruling.facts`
        tells them.
    as_of : datetime
        Only outcomes mature and known by then are used.
    author, source, renewal
        As in `train`.

    Raises
    ------
    NotEnoughData
        When there are too few mature rows, or of one class only, or they do not have
        the offered columns.
    """
    view = workspace.view(name, as_of)
    if facts["action"] == "recalibrate":
        candidate, rows = _recalibrated(view)
    elif facts.get("go_on"):
        candidate, rows = _gone_on(view)
    else:
        rows = _rows(view, None, None, facts.get("span"))
        recipe, offered = (str(facts.get(n) or "") for n in ("recipe", "offered"))
        goes_on = facts["action"] == "retrain" or bool(offered)
        tuned = _parameters(view, recipe) if goes_on else None
        candidate = _trained(view, recipe, rows=rows, parameters=tuned, offered=offered)
    return _registered(view, candidate, rows, author, source, renewal)


def _trained(
    view: View,
    name: str,
    *,
    rows: training.Material,
    parameters: Mapping[str, Any] | None = None,
    offered: str = "",
) -> training.Candidate:
    """A recipe fitted to the columns the model reads, and to new ones it is offered."""
    model, folder = view.settings, view.workspace.directory / "recipes"
    recipe = view.workspace.recipe(name or model.recipe).reading(model.features.text)
    numbers, names = columns.asked(view, rows.table, offered, least=LEAST_WITH)
    made = training.train(
        rows,
        recipe,
        numeric=[*model.features.numeric, *numbers],
        categorical=[*model.features.worded, *names],
        seed=model.seed,
        threshold=model.threshold,
        parameters=parameters,
        task=None if view.task.name == "binary" else view.task.name,
        classes=view.classes,
    )
    recipes.keep(recipe, folder)
    given = columns.given(view.workspace.model(view.name), view.production)
    return replace(
        made, birth={**made.birth, "offered": [*given, *numbers, *names] or None}
    )


def _parameters(view: View, name: str) -> Mapping[str, Any] | None:
    """What the champion was found with: a retraining does not search again.

    Nothing found is an answer, too; only a record that says nothing is none.
    """
    champion = view.production
    if champion is None or champion.recipe != (name or view.settings.recipe):
        return None
    told: Mapping[str, Any] | None = champion.birth.get("parameters")
    return told


def _champion(view: View) -> registry.Version:
    if view.production is None:
        raise errors.NotEnoughData(
            f"{view.name} has no version in production to go on from; train one"
        )
    return view.production


def _recalibrated(view: View) -> tuple[training.Candidate, training.Material]:
    """The champion with its scores mapped anew on the newest rows it has not seen."""
    champion = _champion(view)
    recipe, prepared = serving.shaping(view.workspace, champion)
    rows = _rows(view, _after(champion), None, None)
    made = training.recalibrate(
        view.estimator(champion),
        rows,
        numeric=champion.features["numeric"],
        categorical=champion.features["categorical"],
        threshold=champion.threshold,
        parent=champion.number,
        recipe=recipe,
        prepared=prepared,
    )
    return made, rows


def _gone_on(view: View) -> tuple[training.Candidate, training.Material]:
    """The champion gone on with the rows since; fitted anew where it cannot."""
    champion, model = _champion(view), view.settings
    recipe, prepared = serving.shaping(view.workspace, champion)
    rows = _rows(view, _after(champion), None, None)
    try:
        if view.task.words:
            raise errors.SettingsError(
                "of several classes no version goes on from another"
            )
        made = training.go_on(
            view.estimator(champion),
            rows,
            recipe or serving.recipe(view.workspace, champion),
            numeric=champion.features["numeric"],
            categorical=champion.features["categorical"],
            seed=model.seed,
            parent=champion.number,
            threshold=model.threshold,
            prepared=prepared,
        )
        return made, rows
    except errors.SettingsError as error:
        span = model.renewal.continuous_span
        rows = _rows(view, None, None, span)
        made = _trained(view, "", rows=rows, parameters=_parameters(view, ""))
        return replace(made, birth={**made.birth, "instead": str(error)}), rows


def _after(version: registry.Version) -> datetime | None:
    if version.trained_to is None:
        return None
    return version.trained_to + timedelta(microseconds=1)


def _registered(
    view: View,
    candidate: training.Candidate,
    rows: training.Material,
    author: str,
    source: str,
    renewal: registry.Renewal | None,
) -> registry.Version:
    parent = view.production.birth if view.production is not None else {}
    birth = {
        "threshold": view.settings.threshold,
        "offered": parent.get("offered"),  # where it goes on from the champion
        **candidate.birth,
        "as_of": view.as_of.isoformat(),
        "data": view.workspace.logs(view.name).versions(),
    }
    said = listened(view)
    words = None
    if said is not None:
        words = training.entered(
            rows, said, as_of=view.as_of, classes=saying.labels(view)
        )
        if view.task.words:
            words["label"] = [view.classes[int(code)] for code in words["label"]]
    return view.registry.register(
        view.name,
        recipe=candidate.birth["recipe"],
        estimator=candidate.estimator,
        birth=birth,
        author=author,
        source=source,
        at=view.as_of,
        renewal=renewal,
        learned=() if words is None else words.to_dict("records"),
    )


def _rows(
    view: View, start: datetime | None, end: datetime | None, span: int | None
) -> training.Material:
    """The rows of a training: mature, sound, with what people said of the others.

    Without a period the newest chunks are kept for the test against the champion.
    """
    model, hold_out = view.settings, 0
    if view.production is not None and end is None:
        asked = start is not None and start != _after(view.production)
        hold_out = 0 if asked else model.release.holdout_chunks
    elif start is None and end is None and span is None and len(view.reference):
        start, end = view.reference_period or (None, None)
    rows = view.labelled
    told = rows
    if view.task.words:
        told = rows.assign(outcome=saying.coded(rows["outcome"], view.classes))
    return training.material(
        told,
        as_of=view.as_of,
        delay=model.delay,
        span=span,
        chunk=model.chunk,
        timezone=view.timezone,
        start=start,
        end=end,
        hold_out=hold_out,
        feedback=listened(view),
        left_out=faulty.left_out(view, rows),
        classes=saying.labels(view),
    )

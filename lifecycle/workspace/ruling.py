"""What to do about a model: the back-test and the ruling, asked of a view."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from lifecycle import decision, errors, recipes, registry, training
from lifecycle.workspace import asking, columns, earned, faulty, pricing, saying
from lifecycle.workspace.fits_kept import FitsKept
from lifecycle.workspace.rows import LENGTH

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle.workspace.view import View

__all__ = ["backtest", "listened", "ruling"]

OLDER = 16  # windows before the newest, for what needs no fit
MOST_ROWS = 20_000  # of one fit


def backtest(view: View) -> training.Backtest | None:
    """What each action would have brought in the newest labelled chunks.

    Every earlier version that was in production is scored on the same rows, as far as
    it can be loaded. Fits are kept from ruling to ruling.
    Where a fit has a price only those are made that are worth it now. `None` before the
    first version.
    """
    model, rows = view.settings, view.labelled.reset_index(drop=True)
    versions, said = _deployed(view, rows)
    if view.task.words:
        told = ("outcome", "prediction")
        rows = rows.assign(**{n: saying.coded(rows[n], view.classes) for n in told})
    if not versions:
        return None
    numeric, categorical = columns.offered(view, rows)
    marked = faulty.touched(view, rows)
    folder = view.workspace.directory / ".lifecycle" / "fits" / view.name

    def test(
        recipes: Collection[str],
        spans: Sequence[int | None],
        windows: int,
        most: int | None = None,
    ) -> training.Backtest:
        return training.backtest(
            rows,
            recipe=_as_champion(view, model.recipe),
            alternatives={
                name: view.workspace.recipe(name).reading(model.features.text)
                for name in model.rebuild
                if name in recipes
            },
            deployed=said,
            numeric=model.features.numeric,
            categorical=model.features.worded,
            as_of=view.as_of,
            delay=model.delay,
            chunk=model.chunk,
            timezone=view.timezone,
            spans=spans,
            costs=pricing.error_costs(view),
            thresholds={name: each.threshold for name, each in versions.items()},
            trained_to={
                name: each.trained_to
                for name, each in versions.items()
                if each.trained_to is not None
            },
            threshold=model.threshold,
            seed=model.seed,
            windows=windows,
            older=OLDER,
            nearer=True,
            offered_numeric=numeric,
            offered_categorical=categorical,
            left_out=marked,
            feedback=listened(view),
            kept=kept,
            max_rows=MOST_ROWS,
            max_fits=most,
            task=view.task.name,
        )

    spans = [span or None for span in model.release.spans]
    with FitsKept(folder) as kept:
        if not model.costs.fit:
            return test(model.rebuild, spans, model.renewal.windows)
        unfitted = test(model.rebuild, spans, model.renewal.windows, 0)
        asked = view.answered["asking"] = asking.asked(view, unfitted)
        if not asked.now:
            return unfitted
        return test(asked.recipes, asked.spans, asked.windows, asked.fits)


def ruling(view: View) -> decision.Ruling:
    """What to do about a model, from a back-test on its newest labelled chunks."""
    model, table = view.settings, view.backtest()
    return decision.rule(
        table,
        costs=pricing.prices(view),
        rows_per_week=pricing.rows_per_week(view),
        horizon_weeks=model.costs.horizon_weeks,
        currency=view.currency,
        policy=pricing.policy(view),
        balance=None if table is None else earned.balance(view),
        first=earned.first(view),
        asking=view.answered.get("asking"),
        faults=faulty.told(view) if table is not None else (),
        chunk=model.chunk,
    )


def _deployed(
    view: View, rows: pd.DataFrame
) -> tuple[dict[str, registry.Version], dict[str, np.ndarray]]:
    """What is in production, and what was and can come back, each by its name.

    With what each says of the newest rows, `nan` of those before them.
    """
    import numpy as np

    versions: dict[str, registry.Version] = {}
    said: dict[str, np.ndarray] = {}
    if view.production is None:
        return versions, said
    model = view.settings
    chunks = model.renewal.windows + OLDER + max(1, *model.release.spans, 1)
    since = view.as_of - model.delay - chunks * LENGTH[model.chunk]
    newest = (rows["time"] >= since).to_numpy()
    asked = {"keep": view.production.number}
    asked |= {f"roll_back {n}": n for n in _earlier(view, view.production.number)}
    for name, number in asked.items():
        version = view.registry.version(view.name, number)
        scores = np.full(len(rows), np.nan)
        try:
            scores[newest] = saying.common(view, version, rows[newest])
        except (errors.ArtefactError, errors.SettingsError):
            if name == "keep":
                raise
            continue  # its artefact or its recipe is gone; it cannot come back
        versions[name], said[name] = version, scores
    return versions, said


def _earlier(view: View, production: int) -> list[int]:
    """The versions that were in production until then, the newest last."""
    served: dict[int, None] = {}
    for entry in view.registry.ledger(view.name):
        number = entry.after.get("production")
        if entry.at <= view.as_of and number is not None:
            served.pop(number, None)
            served[number] = None
    served.pop(production, None)
    return list(served)


def _as_champion(view: View, name: str) -> recipes.Recipe:
    """The model's own recipe, with the parameters the champion was found with."""
    recipe, champion = view.workspace.recipe(name), view.production
    recipe = recipe.reading(view.settings.features.text)
    if champion is None or champion.recipe != name:
        return recipe
    parameters = champion.birth.get("parameters")
    return recipe.tuned(parameters) if parameters else recipe


def listened(view: View) -> pd.DataFrame | None:
    """What people said until then, where the settings let the model learn from it."""
    if not view.settings.renewal.learn_from_people:
        return None
    said = view.workspace.logs(view.name).feedback(as_of=view.as_of)
    if view.task.words:
        said = said.assign(label=saying.coded(said["label"], view.classes))
    return said if len(said) else None

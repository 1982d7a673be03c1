"""A version made again from the log as it was, and whether it is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle import errors, recipes, training
from lifecycle.findings import Finding, Findings
from lifecycle.workspace import serving

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle import registry
    from lifecycle.workspace.desk import Workspace

__all__ = ["reproduce"]


def reproduce(workspace: Workspace, name: str, number: int) -> training.Reproduction:
    """Fit a version again on the rows of that time, and hold it against the stored one.

    The log is read at the versions of its tables that the birth record names, and the
    recipe as it was kept; without a kept one today's, and then the code may differ.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    number : int
        The version.

    Raises
    ------
    InputError
        When its birth record does not say what it was trained on.
    UnknownVersion, ArtefactError
        When there is no such version, or its artefact is missing or altered.
    """
    workspace.model(name)
    version = workspace.registry.version(name, number)
    told = version.birth.get("material")
    if not told or version.as_of is None:
        raise errors.InputError(
            f"version {number} of {name} does not say which rows it was trained on; it "
            "is from an older release, train it anew"
        )
    log = workspace.logs(name).at(version.data)
    rows = log.labelled(as_of=version.as_of)
    for missing in {*_names(version)} - {*rows}:
        rows[missing] = None
    said = log.feedback(as_of=version.as_of)
    again = training.material_again(told, rows, said if len(said) else None)
    if version.birth.get("slope") is not None:
        return _mapped(workspace, version, again)
    parent, trusted = version.birth.get("parent"), workspace.model(name).trusted_types
    went_on = None
    if parent is not None:
        parent = workspace.registry.version(name, int(parent))
        went_on = workspace.registry.load(parent, trusted=trusted)
    birth = {
        **version.birth,
        "features": version.features,
        "threshold": version.threshold,
    }
    return training.reproduce(
        birth,
        again,
        _recipe(workspace, version),
        workspace.registry.load(version, trusted=trusted),
        parent=went_on,
    )


def _names(version: registry.Version) -> list[str]:
    return [*version.features["numeric"], *version.features["categorical"]]


def _recipe(workspace: Workspace, version: registry.Version) -> recipes.Recipe:
    """The recipe as it was kept, or as it is today."""
    folder = workspace.directory / "recipes"
    digest = str(version.birth["recipe_sha256"])
    try:
        return recipes.kept(digest, name=version.recipe, folder=folder)
    except errors.SettingsError:
        return workspace.recipe(version.recipe)


def _mapped(
    workspace: Workspace, version: registry.Version, again: training.Material
) -> training.Reproduction:
    """Scores of another version mapped anew: made again from that version."""
    import numpy as np

    name = version.model
    parent = workspace.registry.version(name, int(version.birth["parent"]))
    recipe, prepared = serving.shaping(workspace, parent)
    trusted = workspace.model(name).trusted_types
    made = training.recalibrate(
        workspace.registry.load(parent, trusted=trusted),
        again,
        numeric=version.features["numeric"],
        categorical=version.features["categorical"],
        threshold=version.threshold,
        parent=parent.number,
        recipe=recipe,
        prepared=prepared,
    )
    rows = again.frame()
    stored = serving.scorer(workspace, name, version)(rows)
    fresh = _scores(made, rows, recipe, prepared)
    apart = np.abs(stored - fresh)
    same, n = float((apart == 0).mean()), len(rows)
    largest = float(apart.max())
    words = f"All {n:,} rows are scored exactly as the stored version does."
    if same < 1:
        words = f"{1 - same:.1%} of {n:,} rows are scored otherwise, by {largest:.2g} "
        words += "at most."
    verdict: Any = "quiet" if same == 1 else "alert"
    found = (
        Finding(
            "data", float(made.birth["data_sha256"] == version.birth["data_sha256"]), n
        ),
        Finding("agreement", same, n, threshold=1.0, verdict=verdict),
        Finding("difference", largest, n),
    )
    return training.Reproduction(Findings("Reproduction", found, words), ())


def _scores(
    made: training.Candidate, rows: pd.DataFrame, recipe: Any, prepared: Any
) -> np.ndarray:
    seen = made.birth["features"]
    return training.predict(
        made.estimator,
        rows,
        numeric=seen["numeric"],
        categorical=seen["categorical"],
        recipe=recipe,
        prepared=prepared,
    )

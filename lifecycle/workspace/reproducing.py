"""A version made again from the log as it was, and whether it is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle import errors, recipes, tasks, training
from lifecycle.registry.artefacts import COLLECTED
from lifecycle.workspace import saying, serving

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from lifecycle import registry
    from lifecycle.workspace.desk import Workspace

__all__ = ["again", "reproduce"]

_NOW = ("data_sha256", "recipe_sha256", "packages", "rows")


def reproduce(workspace: Workspace, name: str, number: int) -> training.Reproduction:
    """Fit a version again on the rows of that time, and hold it against the stored one.

    The log is read at the versions of its tables that the birth record names, and the
    recipe as it was kept; without a kept one today's, and then the code may differ.
    Of a version whose artefact was collected data, code and packages are compared.

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
    classes: tuple[str, ...] = ()
    if tasks.of(workspace.model(name).task).words:
        classes = _classes(version, rows["outcome"], said["label"])
        rows["outcome"] = saying.coded(rows["outcome"], classes)
        said["label"] = saying.coded(said["label"], classes)
    again = training.material_again(told, rows, said if len(said) else None)
    parent, trusted = version.birth.get("parent"), workspace.model(name).trusted_types
    mapped = version.birth.get("slope") is not None  # the scores of its parent
    recipe, prepared, origin = None, version.birth.get("prepared"), None
    stored = None
    if version.status != COLLECTED:
        stored = workspace.registry.load(version, trusted=trusted)
    if parent is not None:
        older = workspace.registry.version(name, int(parent))
        if older.status == COLLECTED:
            older_again = reproduce(workspace, name, older.number)
            origin = older_again.estimator
        else:
            origin = workspace.registry.load(older, trusted=trusted)
        recipe, prepared = serving.shaping(workspace, older if mapped else version)
    if not mapped:
        text = workspace.model(name).features.text
        recipe = serving.recipe(workspace, version).reading(text)
    birth = {
        **version.birth,
        "features": version.features,
        "threshold": version.threshold,
    }
    return training.reproduce(
        birth,
        again,
        recipe,
        stored,
        parent=origin,
        prepared=prepared,
        classes=classes,
    )


def _classes(version: registry.Version, *labels: pd.Series) -> tuple[str, ...]:
    """The classes the version was taught, in its order, then all others of the log."""
    found = dict.fromkeys(saying.classes(version))
    for each in labels:
        found |= dict.fromkeys(map(str, each.dropna().unique()))
    return tuple(found)


def again(
    workspace: Workspace,
    name: str,
    number: int,
    *,
    by: str | None = None,
    as_of: datetime | str | None = None,
) -> tuple[training.Reproduction, registry.Version]:
    """Fit a version again and register what came of it, as a new version.

    The way back to a version whose artefact was collected. The new one has the birth
    record of the old, with the data, code and packages as they were found now and the
    number of the old under `again`; it is a candidate like any other.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    number : int
        The version.
    by : str, optional
        Who asks for it; the person at the terminal where not given.
    as_of : datetime or ISO text, optional

    Returns
    -------
    Reproduction, Version

    Raises
    ------
    InputError, UnknownVersion, ArtefactError
        As in `reproduce`.
    """
    found = reproduce(workspace, name, number)
    old = workspace.registry.version(name, number)
    actor = workspace.who(by)
    if old.birth.get("recipe_sha256"):
        recipe = serving.recipe(workspace, old)
        recipes.keep(recipe, workspace.directory / "recipes")
    now = found.facts_now
    birth = {
        **old.birth,
        **{key: now[key] for key in _NOW if now.get(key) is not None},
        "again": number,
        "trained_from": old.trained_from,
        "trained_to": old.trained_to,
        "as_of": old.as_of,
        "data": old.data,
        "features": old.features,
        "threshold": old.threshold,
    }
    made = workspace.registry.register(
        name,
        recipe=old.recipe,
        estimator=found.estimator,
        birth=birth,
        author=actor.name,
        source=actor.source,
        at=workspace.moment(as_of),
    )
    return found, made


def _names(version: registry.Version) -> list[str]:
    return [*version.features["numeric"], *version.features["categorical"]]

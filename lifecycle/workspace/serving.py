"""How a version scores rows: its estimator, and what its recipe makes of them first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle import errors, recipes, registry, training

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle.workspace.desk import Workspace

__all__ = ["Scorer", "recipe", "scorer", "shaping"]

Scorer = Callable[["pd.DataFrame"], "np.ndarray"]

_MOST = 24  # versions in memory: all that are scored in shadow
_KEPT: dict[tuple[object, ...], Scorer] = {}


def scorer(workspace: Workspace, name: str, version: registry.Version) -> Scorer:
    """What a version says of rows, as a function of them.

    The one way by which anything in a workspace scores with a version. It is loaded
    once a process; that its artefact is the one that was registered is looked at here
    each time.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    version : Version

    Returns
    -------
    callable
        Takes a frame of n rows with the features of the version (others are not
        looked at) and returns its scores, shape (n,).

    Raises
    ------
    ArtefactError
        The stored model is missing, altered, or holds types that are not trusted.
    SettingsError
        The source of its recipe, which shapes the rows, is missing or was altered.
    """
    book = workspace.registry
    trusted = tuple(sorted(workspace.model(name).trusted_types))
    key = (str(book.artefacts), version.model, version.number, version.sha256, trusted)
    found = _KEPT.pop(key, None)
    if found is None:
        found = _loaded(workspace, version, trusted)
    else:
        book.check(version)
    _KEPT[key] = found
    for old in list(_KEPT)[:-_MOST]:
        _KEPT.pop(old, None)
    return found


def _loaded(
    workspace: Workspace, version: registry.Version, trusted: Sequence[str]
) -> Scorer:
    """Load the estimator and, where rows are shaped, the recipe of its birth."""
    estimator = workspace.registry.load(version, trusted=trusted)
    names = version.features
    shaped_by, prepared = shaping(workspace, version)

    def score(rows: pd.DataFrame) -> np.ndarray:
        return training.predict(
            estimator,
            rows,
            numeric=names["numeric"],
            categorical=names["categorical"],
            recipe=shaped_by,
            prepared=prepared,
        )

    return score


def recipe(workspace: Workspace, version: registry.Version) -> recipes.Recipe:
    """The recipe of a version as it was kept, or as it is today."""
    folder = workspace.directory / "recipes"
    digest = str(version.birth.get("recipe_sha256", ""))
    try:
        return recipes.kept(digest, name=version.recipe, folder=folder)
    except errors.SettingsError:
        return workspace.recipe(version.recipe)


def shaping(
    workspace: Workspace, version: registry.Version
) -> tuple[recipes.Recipe | None, Mapping[str, Any] | None]:
    """The recipe that shapes a version's rows, and the columns it gave; often none.

    A version that only maps another's scores shapes its rows as that one does.
    """
    born = version
    while not born.birth.get("recipe_sha256"):
        parent = born.birth.get("parent")
        if not isinstance(parent, int) or parent >= born.number:
            return None, None
        born = workspace.registry.version(version.model, parent)
    prepared = born.birth.get("prepared")
    if prepared is None:
        return None, None
    folder = workspace.directory / "recipes"
    digest = str(born.birth["recipe_sha256"])
    return recipes.kept(digest, name=born.recipe, folder=folder), prepared

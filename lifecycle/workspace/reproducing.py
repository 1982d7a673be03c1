"""A version made again from the log as it was, and whether it is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle import errors, training
from lifecycle.workspace import serving

if TYPE_CHECKING:
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
    parent, trusted = version.birth.get("parent"), workspace.model(name).trusted_types
    mapped = version.birth.get("slope") is not None  # the scores of its parent
    recipe, prepared, origin = None, version.birth.get("prepared"), None
    if parent is not None:
        older = workspace.registry.version(name, int(parent))
        origin = workspace.registry.load(older, trusted=trusted)
        recipe, prepared = serving.shaping(workspace, older if mapped else version)
    if not mapped:
        recipe = serving.recipe(workspace, version)
    birth = {
        **version.birth,
        "features": version.features,
        "threshold": version.threshold,
    }
    return training.reproduce(
        birth,
        again,
        recipe,
        workspace.registry.load(version, trusted=trusted),
        parent=origin,
        prepared=prepared,
    )


def _names(version: registry.Version) -> list[str]:
    return [*version.features["numeric"], *version.features["categorical"]]

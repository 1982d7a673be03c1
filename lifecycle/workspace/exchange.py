"""Versions to and from MLflow: a version as a model directory, and the way back.

Nothing is pickled on the way out, and no pickle is opened on the way in.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import __version__, errors, hooks, registry
from lifecycle.registry import artefacts, canonical
from lifecycle.workspace import foreign, serving

if TYPE_CHECKING:
    from lifecycle.workspace.desk import Workspace

__all__ = ["export", "packed", "receive"]

_NEEDED = ("numpy", "pandas", "scikit-learn", "scipy", "skops")


def export(workspace: Workspace, name: str, number: int, directory: Path) -> Path:
    """Write a version as an MLflow model directory.

    `mlflow.pyfunc.load_model` opens it anywhere where MLflow, skops and scikit-learn
    are, and its `predict` gives a frame of `score` and `prediction`, the same as the
    workspace's own. A recipe that shapes the rows goes along as its source.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    number : int
        Of the version.
    directory : Path
        Made whole or not at all; may not be there.

    Returns
    -------
    Path

    Raises
    ------
    LifecycleError
        When the directory is there, MLflow is not installed, or the stored model
        cannot be believed.
    """
    directory = directory.absolute()
    if os.path.lexists(directory):
        raise errors.LifecycleError(
            f"{directory} is there already; name a directory that is not, or remove it"
        )
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=directory.parent) as held:
        written = _write(workspace, name, number, Path(held))
        written.rename(directory)
    return directory


def packed(workspace: Workspace) -> hooks.Pack:
    """What gives a hook the directory of a version, for as long as it needs it."""
    return partial(_packed, workspace)


@contextmanager
def _packed(workspace: Workspace, name: str, number: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lifecycle-") as held:
        yield _write(workspace, name, number, Path(held))


def _write(workspace: Workspace, name: str, number: int, held: Path) -> Path:
    version = workspace.registry.version(name, number)
    trusted = workspace.model(name).trusted_types
    estimator = workspace.registry.load(version, trusted=trusted)
    content = workspace.registry.check(version)
    recipe, prepared = serving.shaping(workspace, version)
    shapes = recipe is not None and recipe.prepares
    classifies = hasattr(estimator, "predict_proba")
    told = version.birth.get("classes")
    facts: dict[str, Any] = {
        "schema": 1,
        "model": name,
        "version": version.number,
        "sha256": version.sha256,
        "trusted": sorted(artefacts.TRUSTED | set(trusted)),
        "numeric": list(version.features["numeric"]),
        "categorical": list(version.features["categorical"]),
        "threshold": version.threshold if classifies else None,
        **({"classes": list(told)} if told else {}),
        "recipe": version.recipe,
        "recipe_sha256": recipe.source_sha256 if recipe and shapes else None,
        "prepared": prepared if shapes else None,
        "trained_from": version.trained_from,
        "trained_to": version.trained_to,
        "as_of": version.as_of,
        "workbench": __version__,
    }
    staged = held / "version"
    staged.mkdir()
    (staged / "version.json").write_text(canonical.text(facts), "ascii")
    (staged / "model.skops").write_bytes(content)
    needed = [f"{each}=={metadata.version(each)}" for each in _NEEDED]
    if recipe is not None and shapes:
        (staged / "recipe.py").write_bytes(recipe.source)
        needed += _libraries(recipe.libraries, house=b"lifecycle" in recipe.source)
    hooks.pack(
        staged,
        held / "model",
        numeric=facts["numeric"],
        categorical=facts["categorical"],
        predicts=classifies,
        requirements=sorted(set(needed)),
        metadata={
            "lifecycle": {
                "model": name,
                "version": version.number,
                "sha256": version.sha256,
            }
        },
    )
    return held / "model"


def _libraries(names: tuple[str, ...], *, house: bool) -> list[str]:
    """What a recipe's file imports, as pip calls it."""
    known = metadata.packages_distributions()
    found = {each for name in names for each in known.get(name, [])[:1]}
    told = [f"{each}=={metadata.version(each)}" for each in found]
    return [*told, f"lifecycle-workbench=={__version__}"] if house else told


def receive(
    workspace: Workspace,
    name: str,
    directory: Path,
    *,
    by: str | None = None,
    as_of: datetime | str | None = None,
) -> registry.Version:
    """Register an MLflow model directory as the model's next version: a candidate.

    Taken are what `export` wrote, and models of MLflow's scikit-learn flavour that are
    stored in the format of skops. It meets the same gate and the same people as any
    other candidate.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model that it becomes a version of; it may read only features of its
        settings.
    directory : Path
    by : str, optional
        Who brings it.
    as_of : datetime or ISO text, optional
        Now, where not given.

    Raises
    ------
    InputError
        When the directory is none of the two, holds a pickle, was altered, or reads
        other features; and when its recipe shapes rows and is not kept here: a recipe
        is code, and is not taken from elsewhere.
    ArtefactError
        When it holds types that are not trusted.
    """
    model = workspace.model(name)
    if model.task != "binary":
        raise errors.InputError(
            f"{name} is of the task {model.task!r}, and only models of 0 and 1 are "
            "brought from elsewhere; train it here by a recipe"
        )
    found = foreign.read(directory, positive_threshold=model.threshold)
    where = str(directory)
    estimator = artefacts.revive(found.content, name=where, trusted=model.trusted_types)
    for kind, known in (
        ("numeric", model.features.numeric + model.features.offered_numeric),
        (
            "categorical",
            model.features.categorical + model.features.offered_categorical,
        ),
    ):
        strange = [each for each in found.names[kind] if each not in known]
        if strange:
            raise errors.InputError(
                f"{where}: it reads {strange[0]!r} as {kind}, which is no {kind} "
                f"feature of {name}; name it in the settings, or bring another model"
            )
    shape = foreign.shaping(found, workspace.directory / "recipes", where=where)
    foreign.tried(estimator, found, shape, where=where)
    actor = workspace.who(by)
    birth: dict[str, Any] = {
        "features": found.names,
        "threshold": found.threshold,
        **found.times,
        "imported": {
            "sha256": hashlib.sha256(found.content).hexdigest(),
            **found.origin,
        },
    }
    if shape is not None:
        birth |= {"recipe_sha256": shape.source_sha256, "prepared": found.prepared}
    return workspace.registry.register(
        name,
        recipe=found.recipe,
        estimator=estimator,
        birth=birth,
        author=actor.name,
        source=actor.source,
        at=workspace.moment(as_of),
    )

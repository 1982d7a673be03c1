"""Reads an MLflow model directory that somebody else may have written."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lifecycle import errors, recipes, training

__all__ = ["Foreign", "read", "shaping", "tried"]

_MOST_WORDS = 2**20  # bytes of a file of words
_MOST_MODEL = 2**31
_OURS = Path("artifacts") / "version"
_NUMBERS = ("double", "float", "integer", "long", "boolean")
_REFUSALS = (  # what an estimator that does not fit says
    errors.SettingsError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
)
_TIMES = ("trained_from", "trained_to", "as_of")


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a directory says; nothing of it is believed yet.

    Parameters
    ----------
    content : bytes
        The stored model, in the format of skops.
    names : mapping
        `numeric` and `categorical`, the columns that it reads.
    threshold : float
        Scores at or above it are predicted positive.
    recipe : str
        How it was made.
    origin : mapping
        What it was where it came from.
    times : mapping
        Of its training rows, where they are told.
    recipe_sha256, prepared
        Of the recipe that shapes its rows, and the columns it makes; often None.
    """

    content: bytes = field(repr=False)
    names: Mapping[str, list[str]]
    threshold: float
    recipe: str
    origin: Mapping[str, Any]
    times: Mapping[str, str] = field(default_factory=dict)
    recipe_sha256: str | None = None
    prepared: Mapping[str, list[str]] | None = None


def read(directory: Path, *, positive_threshold: float = 0.5) -> Foreign:
    """Read a directory; only words and bytes, nothing in it is run.

    Parameters
    ----------
    directory : Path
    positive_threshold : float
        Of a model that does not say its own.

    Raises
    ------
    InputError
        When it is no model directory that can be taken.
    """
    if (directory / _OURS / "version.json").is_file():
        return _own(directory / _OURS)
    return _sklearn(directory, positive_threshold)


def _own(place: Path) -> Foreign:
    told = _json(_file(place, "version.json"), place / "version.json")
    content = _file(place, "model.skops", most=_MOST_MODEL)
    if hashlib.sha256(content).hexdigest() != told.get("sha256"):
        raise errors.InputError(
            f"{place / 'model.skops'}: it is not the model that version.json tells of; "
            "export the version anew"
        )
    threshold, prepared = told.get("threshold"), told.get("prepared")
    if not isinstance(threshold, float) or not 0 < threshold < 1:
        raise errors.InputError(
            f"{place / 'version.json'}: threshold is {threshold!r}; it must lie "
            "between 0 and 1"
        )
    return Foreign(
        content,
        _names(told, place / "version.json"),
        threshold,
        _word(told.get("recipe")),
        {
            "from": "lifecycle",
            "model": _word(told.get("model")),
            "version": _word(told.get("version")),
        },
        times={key: str(told[key]) for key in _TIMES if told.get(key)},
        recipe_sha256=told.get("recipe_sha256"),
        prepared=None if prepared is None else _names(prepared, place / "version.json"),
    )


def _sklearn(directory: Path, threshold: float) -> Foreign:
    import yaml  # type: ignore[import-untyped]

    path = directory / "MLmodel"
    try:
        told = yaml.safe_load(_file(directory, "MLmodel").decode("utf-8", "replace"))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise errors.InputError(
            f"{path}: this is not YAML ({type(error).__name__}); give the directory "
            "that mlflow.sklearn.save_model wrote"
        ) from None
    flavors = told.get("flavors") if isinstance(told, Mapping) else None
    flavor = flavors.get("sklearn") if isinstance(flavors, Mapping) else None
    if not isinstance(flavor, Mapping):
        raise errors.InputError(
            f"{path}: it has no flavour sklearn, and was not exported from here; only "
            "these can be taken"
        )
    form = flavor.get("serialization_format")
    if form != "skops":
        raise errors.InputError(
            f"{path}: its model is stored as {_word(form)}, and a pickle can run "
            "anything when it is opened; where you trust it, save it again with "
            'mlflow.sklearn.save_model(..., serialization_format="skops")'
        )
    content = _file(directory, _word(flavor.get("pickled_model")), most=_MOST_MODEL)
    return Foreign(
        content,
        _signed(told.get("signature"), path),
        threshold,
        "imported",
        {"from": "mlflow", "model_uuid": _word(told.get("model_uuid"))},
    )


def _signed(signature: Any, path: Path) -> dict[str, list[str]]:
    """The columns of a signature, by kind."""
    told = signature.get("inputs") if isinstance(signature, Mapping) else None
    text = told if isinstance(told, str) else "[]"
    columns = _json(text.encode("utf-8", "replace"), path, kind=list)
    found: dict[str, list[str]] = {"numeric": [], "categorical": []}
    for each in columns:
        name = each.get("name") if isinstance(each, Mapping) else None
        kind = each.get("type") if isinstance(each, Mapping) else None
        if not isinstance(name, str) or kind not in (*_NUMBERS, "string"):
            raise errors.InputError(
                f"{path}: its signature has {_word(name)} of {_word(kind)}; every "
                "input must be a named number or string"
            )
        found["categorical" if kind == "string" else "numeric"].append(name)
    if not columns:
        raise errors.InputError(
            f"{path}: it has no signature, so that nobody knows which columns it "
            "reads; save it again with signature=mlflow.models.infer_signature(rows)"
        )
    return found


def _names(told: Any, path: Path) -> dict[str, list[str]]:
    found = {}
    for kind in ("numeric", "categorical"):
        names = told.get(kind) if isinstance(told, Mapping) else None
        if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
            raise errors.InputError(
                f"{path}: {kind} is no list of names; export it anew"
            )
        found[kind] = names
    return found


def _file(folder: Path, name: str, *, most: int = _MOST_WORDS) -> bytes:
    """A plain file that lies in the folder itself."""
    path = folder / name
    if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise errors.InputError(
            f"{folder}: {name[:80]!r} is no name of a file in it; give the directory "
            "as MLflow wrote it"
        )
    try:
        found = path.lstat()
    except OSError as error:
        raise errors.InputError(
            f"{path}: {error.strerror}; give the directory of an MLflow model"
        ) from None
    if not stat.S_ISREG(found.st_mode):
        raise errors.InputError(f"{path} is no plain file; put the file itself there")
    if found.st_size > most:
        raise errors.InputError(
            f"{path} has {found.st_size:,} bytes, at most {most:,} are taken"
        )
    return path.read_bytes()


def _json(text: bytes, path: Path, *, kind: type = dict) -> Any:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, kind):
        raise errors.InputError(f"{path}: this is not the JSON that belongs there")
    return told


def _word(told: object) -> str:
    """A plain value in one line; of anything else its kind, however large it is."""
    if told is None:
        return ""
    plain = isinstance(told, str | int | float | Exception)
    return " ".join(str(told).split())[:80] if plain else type(told).__name__


def shaping(found: Foreign, folder: Path, *, where: str) -> recipes.Recipe | None:
    """The recipe that shapes its rows, as it is kept here; often none.

    Raises
    ------
    InputError
        When it is not kept here.
    """
    if found.prepared is None:
        return None
    try:
        return recipes.kept(str(found.recipe_sha256), name=found.recipe, folder=folder)
    except errors.SettingsError:
        raise errors.InputError(
            f"{where}: recipe {found.recipe[:64]!r} shapes its rows, and that recipe "
            f"is not kept here; read it, and where you trust it put it into "
            f"{folder / '.versions'} as {str(found.recipe_sha256)[:64]}.py"
        ) from None


def tried(
    estimator: Any, found: Foreign, shape: recipes.Recipe | None, *, where: str
) -> None:
    """Score two rows that are made up, as the versions of a model are.

    Raises
    ------
    InputError
        When it gives no probability of outcome 1 for the columns that it names.
    """
    import numpy as np
    import pandas as pd

    rows = pd.DataFrame(
        {name: [0.0, 1.0] for name in found.names["numeric"]}
        | {name: ["", "a"] for name in found.names["categorical"]}
    )
    remedy = "bring a classifier for outcomes 0 and 1 that reads these columns"
    try:
        scores = training.predict(
            estimator,
            rows,
            numeric=found.names["numeric"],
            categorical=found.names["categorical"],
            recipe=shape,
            prepared=found.prepared,
        )
    except _REFUSALS as error:
        said = _word(error)
        raise errors.InputError(
            f"{where}: it cannot score rows ({type(error).__name__}: {said}); {remedy}"
        ) from None
    if not (np.isfinite(scores).all() and ((scores >= 0) & (scores <= 1)).all()):
        raise errors.InputError(f"{where}: its scores are no probabilities; {remedy}")

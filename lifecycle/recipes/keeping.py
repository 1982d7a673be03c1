"""The source of each version's recipe, kept beside the recipes under its digest."""

from __future__ import annotations

import os
import re
import uuid
from contextlib import suppress
from pathlib import Path

from lifecycle.errors import SettingsError
from lifecycle.recipes import library
from lifecycle.recipes.loading import from_source, sha256_of
from lifecycle.recipes.recipe import Recipe

__all__ = ["keep", "kept"]

PLACE = ".versions"


def keep(recipe: Recipe, folder: Path) -> Path:
    """Keep a recipe's source, so that a version can be scored and made again with it.

    Keeping it again changes nothing.

    Parameters
    ----------
    recipe : Recipe
        As `load` gave it.
    folder : Path
        The workspace's `recipes` directory; made where it is not there.

    Returns
    -------
    Path
        `folder / ".versions" / "SHA256.py"`, whole and on the disk.

    Raises
    ------
    ValueError
        When the recipe's source is not the one its digest is of.

    Examples
    --------
    >>> import tempfile
    >>> from lifecycle import recipes
    >>> ridge = recipes.load("ridge")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = recipes.keep(ridge, Path(folder))
    ...     again = recipes.kept(ridge.source_sha256, name="ridge", folder=Path(folder))
    >>> path.stem == ridge.source_sha256, again.source_sha256 == path.stem
    (True, True)
    """
    if sha256_of(recipe.source) != recipe.source_sha256:
        raise ValueError(
            f"recipe {recipe.name!r} carries no source of its digest; take it from "
            "recipes.load"
        )
    path = folder / PLACE / f"{recipe.source_sha256}.py"
    with suppress(OSError):
        if path.read_bytes() == recipe.source:
            return path
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as handle:
            handle.write(recipe.source)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def kept(sha256: str, *, name: str, folder: Path) -> Recipe:
    """The recipe as it was when a version was made.

    Reading it runs the file, as `load` does, and only when its digest is the one asked
    for.

    Parameters
    ----------
    sha256 : str
        The version's `recipe_sha256`.
    name : str
        The recipe's name: of the library's file the function of that name is taken.
    folder : Path
        The workspace's `recipes` directory.

    Returns
    -------
    Recipe

    Raises
    ------
    SettingsError
        When it was not kept, was altered, or cannot be run.
    """
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise SettingsError(
            f"{sha256[:80]!r} is no digest of a recipe; use the version's recipe_sha256"
        )
    path = folder / PLACE / f"{sha256}.py"
    place = f"recipes/{PLACE}/{path.name}"
    try:
        source = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{place}, the source of recipe {name!r} when the version was made, cannot "
            f"be read ({error.strerror}); restore it from a backup or train anew"
        ) from error
    found = sha256_of(source)
    if found != sha256:
        raise SettingsError(
            f"{place} was altered (SHA-256 {found[:12]}…); it is the source of a "
            "version, so restore it from a backup or train anew"
        )
    library_file = name in library.LIBRARY
    return from_source(name, source, path, place, library_file=library_file)

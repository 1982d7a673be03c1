"""From a recipe's name to the function that builds its estimator."""

from __future__ import annotations

import hashlib
import re
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from lifecycle.errors import SettingsError
from lifecycle.recipes import library
from lifecycle.recipes.recipe import TRIALS, Recipe, sentence

__all__ = ["from_source", "load", "sha256_of"]

MOST_TRIALS = 1000


def load(name: str, *, folder: Path | None = None) -> Recipe:
    """Find a recipe: the user's file first, else the library's.

    Reading a recipe runs the user's file, as importing it would.

    Parameters
    ----------
    name : str
        A Python name; `folder / "NAME.py"` or one of the library.
    folder : Path, optional
        The workspace's `recipes` directory; it need not exist.

    Returns
    -------
    Recipe

    Raises
    ------
    SettingsError
        When there is no such recipe, or its file cannot be run; the sentence names
        file and line.

    Examples
    --------
    >>> load("boosted_trees").name
    'boosted_trees'
    >>> load("bosted_trees")
    Traceback (most recent call last):
    lifecycle.errors.SettingsError: there is no recipe 'bosted_trees'; did you mean
    'boosted_trees'?
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
        raise SettingsError(
            f"{name!r} is no name of a recipe; use letters, digits and underscores"
        )
    path = None if folder is None else folder / f"{name}.py"
    if path is not None and path.is_file():
        place = f"recipes/{path.name}"
        try:
            source = path.read_bytes()
        except OSError as error:
            raise SettingsError(sentence(place, error)) from error
        return from_source(name, source, path, place)
    if name in library.LIBRARY:
        source = Path(library.__file__).read_bytes()
        return Recipe(name, sha256_of(source), library.LIBRARY[name], source=source)
    raise SettingsError(_unknown(name, folder))


def from_source(
    name: str, source: bytes, path: Path, place: str, *, library_file: bool = False
) -> Recipe:
    """Run a recipe's file and take from it what it defines.

    A file of the library has the function under the recipe's own name.
    """
    module = ModuleType(f"recipe_{name}")
    module.__file__ = str(path)
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except Exception as error:
        raise SettingsError(sentence(place, error)) from error
    build = getattr(module, "estimator", None)
    if build is None and library_file:
        build = getattr(module, name, None)
    if not callable(build):
        raise SettingsError(
            f"{place} has no function estimator(numeric, categorical, seed); write "
            "one that returns an unfitted scikit-learn classifier or regressor"
        )
    shaper = getattr(module, "features", None)
    if shaper is not None and not callable(shaper):
        raise SettingsError(
            f"{place}: features is {type(shaper).__name__}; write a function "
            "features(frame), or give it another name"
        )
    trials = getattr(module, "TRIALS", TRIALS)
    if type(trials) is not int or not 1 <= trials <= MOST_TRIALS:
        raise SettingsError(
            f"{place}: TRIALS is {trials!r}; write a whole number from 1 to "
            f"{MOST_TRIALS:,}"
        )
    return Recipe(
        name,
        sha256_of(source),
        build,
        place,
        source,
        grid=getattr(module, "space", None) or getattr(module, "SPACE", None),
        shaper=shaper,
        trials=trials,
    )


def sha256_of(source: bytes) -> str:
    """SHA-256 of a recipe's file, in hexadecimal."""
    return hashlib.sha256(source).hexdigest()


def _unknown(name: str, folder: Path | None) -> str:
    own = sorted(p.stem for p in folder.glob("*.py")) if folder else []
    known = [*own, *library.LIBRARY]
    near = get_close_matches(name, known, n=1)
    if near:
        return f"there is no recipe {name!r}; did you mean {near[0]!r}?"
    return (
        f"there is no recipe {name!r}; write recipes/{name}.py or use one of "
        f"{', '.join(known)}"
    )

"""From a recipe's name to the function that builds its estimator."""

from __future__ import annotations

import hashlib
import re
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lifecycle.errors import SettingsError
from lifecycle.recipes import library

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

__all__ = ["Recipe", "load"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a version is made.

    Parameters
    ----------
    name : str
        As the settings name it.
    source_sha256 : str
        Of the bytes of the file that holds it.
    builder : callable
        `builder(numeric, categorical, seed)` returns an unfitted estimator.
    place : str
        Where the file lies, for error messages.

    Examples
    --------
    >>> load("scaled_logistic")
    <Recipe scaled_logistic, of the library>
    """

    name: str
    source_sha256: str
    builder: Callable[[list[str], list[str], int], Any] = field(repr=False)
    place: str = ""

    def build(
        self, numeric: Sequence[str], categorical: Sequence[str], *, seed: int
    ) -> BaseEstimator:
        """Make an unfitted estimator for a table of these columns.

        Parameters
        ----------
        numeric : sequence of str
            Columns of float64, `nan` where missing.
        categorical : sequence of str
            Columns of strings, `nan` where missing.
        seed : int
            The only source of chance.

        Returns
        -------
        estimator
            With `fit` and `predict_proba`.

        Raises
        ------
        SettingsError
            When there are no features, when the user's function fails, or what it
            returns cannot be fitted or gives no probabilities.
        """
        if not numeric and not categorical:
            raise SettingsError(
                f"recipe {self.name!r} was given no features; name at least one in "
                "the model's settings"
            )
        try:
            estimator = self.builder(list(numeric), list(categorical), seed)
        except Exception as error:
            raise SettingsError(_sentence(self.place or self.name, error)) from error
        for method in ("fit", "predict_proba", "get_params"):
            if not hasattr(estimator, method):
                raise SettingsError(
                    f"{self.place or self.name}: estimator() returned "
                    f"{type(estimator).__name__}, which has no {method}; return an "
                    "unfitted scikit-learn classifier that gives probabilities"
                )
        return estimator

    def __repr__(self) -> str:
        return f"<Recipe {self.name}, {self.place or 'of the library'}>"


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
        return _from_file(name, path)
    if name in library.LIBRARY:
        source = Path(library.__file__).read_bytes()
        return Recipe(name, _sha256(source), library.LIBRARY[name])
    raise SettingsError(_unknown(name, folder))


def _from_file(name: str, path: Path) -> Recipe:
    place = f"recipes/{path.name}"
    module = ModuleType(f"recipe_{name}")
    module.__file__ = str(path)
    try:
        source = path.read_bytes()
        exec(compile(source, str(path), "exec"), module.__dict__)
    except Exception as error:
        raise SettingsError(_sentence(place, error)) from error
    builder = getattr(module, "estimator", None)
    if not callable(builder):
        raise SettingsError(
            f"{place} has no function estimator(numeric, categorical, seed); write "
            "one that returns an unfitted scikit-learn classifier"
        )
    return Recipe(name, _sha256(source), builder, place)


def _sentence(place: str, error: Exception) -> str:
    """Say where in the recipe's file an error came from."""
    if isinstance(error, SyntaxError):
        line, what = error.lineno, error.msg
    else:
        file = place.rpartition("/")[2]
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f.lineno for f in frames if Path(f.filename).name == file]
        line, what = (lines[-1] if lines else None), str(error)
    where = place if line is None else f"{place}, line {line}"
    said = " ".join(what.split())[:300]
    return f"{where}: {type(error).__name__}: {said}; mend the recipe"


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


def _sha256(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()

"""A recipe: the estimator, what of it may be searched, and how its rows are shaped."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lifecycle.errors import SettingsError

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = ["Recipe", "regresses", "sentence"]

TRIALS = 20


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
    source : bytes
        The file itself.
    grid : mapping or callable, optional
        The file's `SPACE`, or its function `space(numeric, categorical)`.
    shaper : callable, optional
        The file's function `features(frame)`.
    trials : int
        The file's `TRIALS`: how many sets of parameters a search may try.
    parameters : mapping
        Set on what the builder returns; see `tuned`.
    text : tuple of str
        Which of the categorical columns hold sentences; see `reading`.

    Examples
    --------
    >>> from lifecycle import recipes
    >>> recipes.load("scaled_logistic")
    <Recipe scaled_logistic, of the library>
    """

    name: str
    source_sha256: str
    builder: Callable[[list[str], list[str], int], Any] = field(repr=False)
    place: str = ""
    source: bytes = field(default=b"", repr=False)
    grid: Any = field(default=None, repr=False, hash=False)
    shaper: Callable[[Any], Any] | None = field(default=None, repr=False)
    trials: int = TRIALS
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    text: tuple[str, ...] = ()

    def build(
        self, numeric: Sequence[str], categorical: Sequence[str], *, seed: int
    ) -> BaseEstimator:
        """Make an unfitted estimator for a table of these columns.

        Parameters
        ----------
        numeric : sequence of str
            Columns of float64, `nan` where missing.
        categorical : sequence of str
            Columns of strings, `nan` where missing; those that are `text` go to the
            builder by that name.
        seed : int
            The only source of chance.

        Returns
        -------
        estimator
            A classifier with `fit` and `predict_proba`, or a regressor with `fit` and
            `predict`.

        Raises
        ------
        SettingsError
            When there are no features, when the user's function fails, or what it
            returns cannot be fitted, gives no probabilities, or has not the
            parameters it is to be given.
        """
        if not numeric and not categorical:
            raise SettingsError(
                f"recipe {self.name!r} was given no features; name at least one in "
                "the model's settings"
            )
        names = [name for name in categorical if name not in self.text]
        texts = [name for name in categorical if name in self.text]
        given: dict[str, Any] = {}
        if texts:
            self._check_reads(texts)
            given["text"] = texts
        try:
            estimator = self.builder(list(numeric), names, seed, **given)
        except Exception as error:
            raise SettingsError(sentence(self._where, error)) from error
        needed = ["fit", "predict_proba", "get_params"]
        if regresses(estimator):
            needed = ["fit", "predict", "get_params"]
        for method in needed:
            if not hasattr(estimator, method):
                raise SettingsError(
                    f"{self._where}: estimator() returned "
                    f"{type(estimator).__name__}, which has no {method}; return an "
                    "unfitted scikit-learn classifier that gives probabilities, or a "
                    "regressor"
                )
        try:
            return estimator.set_params(**self.parameters)
        except ValueError as error:
            raise SettingsError(
                f"{self._where}: {' '.join(str(error).split())[:300]}; name a "
                "parameter of the estimator in SPACE"
            ) from error

    def _check_reads(self, texts: Sequence[str]) -> None:
        told = inspect.signature(self.builder).parameters
        every = any(each.kind is each.VAR_KEYWORD for each in told.values())
        if "text" not in told and not every:
            raise SettingsError(
                f"recipe {self.name!r} reads no text, and {texts[0]!r} is text; use "
                "tfidf_logistic, or give estimator() a fourth argument text"
            )

    @property
    def kind(self) -> Literal["classifier", "regressor"]:
        """What the recipe makes, as one built for two columns says of itself.

        Examples
        --------
        >>> from lifecycle import recipes
        >>> recipes.load("extra_trees").kind, recipes.load("ridge").kind
        ('classifier', 'regressor')
        """
        built = self.build(["number"], ["category"], seed=0)
        return "regressor" if regresses(built) else "classifier"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of source, parameters and text columns: equal where the fits are."""
        if not self.parameters and not self.text:
            return self.source_sha256
        told = json.dumps(dict(self.parameters), sort_keys=True)
        if self.text:
            told += f" reading {json.dumps(self.text)}"
        return hashlib.sha256(f"{self.source_sha256} {told}".encode()).hexdigest()

    @property
    def libraries(self) -> tuple[str, ...]:
        """What the file imports that does not come with Python.

        Examples
        --------
        >>> from lifecycle import recipes
        >>> recipes.load("ridge").libraries
        ('numpy', 'sklearn')
        """
        found: set[str] = set()
        for node in ast.walk(ast.parse(self.source)):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
        return tuple(sorted(found - sys.stdlib_module_names - {"lifecycle"}))

    @property
    def prepares(self) -> bool:
        """Whether the file has a function `features`."""
        return self.shaper is not None

    def prepare(self, table: pd.DataFrame) -> pd.DataFrame:
        """Give the rows to the file's `features`; as they are where it has none.

        Parameters
        ----------
        table : DataFrame of n rows
            The model's features: numbers as float64, categories as strings.

        Returns
        -------
        DataFrame of the same n rows
            What the estimator is to see.

        Raises
        ------
        SettingsError
            When the function fails, or returns no frame of the same rows with columns
            of different names.
        """
        if self.shaper is None:
            return table
        import pandas as pd

        try:
            shaped = self.shaper(table.copy())
        except Exception as error:
            raise SettingsError(sentence(self._where, error)) from error
        if not isinstance(shaped, pd.DataFrame):
            raise SettingsError(
                f"{self._where}: features() returned {type(shaped).__name__}; return "
                "a DataFrame with a row for each row"
            )
        if not shaped.index.equals(table.index):
            raise SettingsError(
                f"{self._where}: features() was given {len(table)} rows and returned "
                f"{len(shaped)}, or others; return the same rows in the same order"
            )
        if not shaped.columns.size or not shaped.columns.is_unique:
            raise SettingsError(
                f"{self._where}: features() returned no columns, or one name twice; "
                "give each column a name of its own"
            )
        return shaped.rename(columns=str)

    def space(
        self, numeric: Sequence[str], categorical: Sequence[str]
    ) -> dict[str, Any]:
        """What a search may choose from, by parameter; empty where there is nothing.

        Parameters
        ----------
        numeric, categorical : sequence of str
            The columns the estimator will see.

        Returns
        -------
        dict of str to list, or to a distribution of scipy

        Raises
        ------
        SettingsError
            When the file's function fails, or what it says is no space.
        """
        told = self.grid
        if callable(told):
            try:
                told = told(list(numeric), list(categorical))
            except Exception as error:
                raise SettingsError(sentence(self._where, error)) from error
        if told is None:
            return {}
        if not isinstance(told, Mapping):
            raise SettingsError(
                f"{self._where}: the search space is {type(told).__name__}; write a "
                "dictionary from a parameter's name to a list of values"
            )
        found: dict[str, Any] = {}
        for name, values in told.items():
            if not hasattr(values, "rvs"):
                if isinstance(values, str) or not isinstance(values, Sequence):
                    raise SettingsError(
                        f"{self._where}: {name!r} in the search space has "
                        f"{type(values).__name__}; write a list of values, or a "
                        "distribution of scipy.stats"
                    )
                if not len(values):
                    raise SettingsError(
                        f"{self._where}: {name!r} in the search space has no values; "
                        "write at least one"
                    )
                values = list(values)
            found[str(name)] = values
        return found

    def tuned(self, parameters: Mapping[str, Any]) -> Recipe:
        """The same recipe with these parameters set, and nothing left to search.

        Examples
        --------
        >>> from lifecycle import recipes
        >>> found = recipes.load("ridge").tuned({"ridge__alpha": 3.0})
        >>> found.build(["visits"], [], seed=1)[-1].alpha
        3.0
        """
        together = {**self.parameters, **parameters}
        return replace(self, parameters=together, grid=None)

    def reading(self, text: Sequence[str]) -> Recipe:
        """The same recipe where these columns hold sentences.

        Examples
        --------
        >>> from lifecycle import recipes
        >>> found = recipes.load("tfidf_logistic").reading(["message"])
        >>> found.build([], ["message"], seed=1)[-1].max_iter
        1000
        """
        return replace(self, text=tuple(text))

    @property
    def _where(self) -> str:
        return self.place or self.name

    def __repr__(self) -> str:
        return f"<Recipe {self.name}, {self.place or 'of the library'}>"


def regresses(estimator: object) -> bool:
    """Whether an estimator predicts a number, and no probability.

    Anything that gives probabilities is a classifier, whether it is made of
    scikit-learn's parts or only looks like one.

    Examples
    --------
    >>> from lifecycle import recipes
    >>> recipes.regresses(recipes.load("ridge").build(["visits"], [], seed=1))
    True
    """
    from sklearn.base import is_regressor

    if hasattr(estimator, "predict_proba"):
        return False
    told = ("_estimator_type", "__sklearn_tags__")
    return any(hasattr(estimator, each) for each in told) and bool(
        is_regressor(estimator)
    )


def sentence(place: str, error: Exception) -> str:
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

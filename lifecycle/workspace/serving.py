"""How a version scores rows: its estimator, and what its recipe makes of them first."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

from lifecycle import errors, recipes, registry, tasks, training
from lifecycle.metrics import Task
from lifecycle.workspace.tabling import Tabler

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from lifecycle.workspace.desk import Workspace

__all__ = ["Scorer", "recipe", "scorer", "shaping"]

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


class Scorer:
    """What one version says of rows: a function of a frame, or of one row.

    Safe from several threads. In a process that was forked it keeps to one thread of
    OpenMP, whose threads do not live on in a fork.
    """

    def __init__(
        self,
        estimator: Any,
        names: Mapping[str, Sequence[str]],
        shaped_by: recipes.Recipe | None,
        prepared: Mapping[str, Any] | None,
        task: Task = "binary",
    ) -> None:
        self.numeric = tuple(names["numeric"])
        self.categorical = tuple(names["categorical"])
        self._estimator = estimator
        self._shaping = (shaped_by, prepared)
        self._tabler = Tabler(self.numeric, self.categorical)
        self._place: int | None = None
        self._task: Task = task
        self._classes = list(getattr(estimator, "classes_", ()))
        self._regresses = recipes.regresses(estimator)
        if shaped_by is None or not shaped_by.prepares:
            if task == "multiclass" or self._regresses:
                self._place = 0
            elif 1 in self._classes:
                self._place = self._classes.index(1)

    def __call__(self, rows: pd.DataFrame) -> np.ndarray:
        """Scores of n rows, shape (n,); of several classes packed (`tasks.pack`)."""
        if self._place is None or not len(rows):
            return self._slowly(rows)
        return self._scores(self._tabler.table(rows))

    def some(
        self,
        rows: pd.DataFrame,
        mine: npt.NDArray[np.bool_],
        tables: dict[Any, pd.DataFrame],
    ) -> np.ndarray:
        """Scores of some of n rows.

        Parameters
        ----------
        rows : DataFrame of n rows
        mine : ndarray of bool, shape (n,)
        tables : dict
            Kept between versions of one request: those with the same columns share
            the table that is made of the rows.
        """
        if self._place is None or not mine.any():
            return self._slowly(rows[mine])
        names = (self.numeric, self.categorical)
        table = tables.get(names)
        if table is None:
            table = tables[names] = self._tabler.table(rows)
        return self._scores(table[mine])

    def one(self, row: Mapping[str, Any]) -> float:
        """The score of one row, by column."""
        if self._place is None:
            import pandas as pd

            names = (*self.numeric, *self.categorical)
            known = {name: [row[name]] for name in names if name in row}
            return float(self._slowly(pd.DataFrame(known, index=[0]))[0])
        table = self._tabler.row(row)
        if self._regresses or self._task != "binary" or os.getpid() != _BORN:
            return float(self._scores(table)[0])
        return float(self._estimator.predict_proba(table)[0, self._place])

    def _scores(self, table: pd.DataFrame) -> np.ndarray:
        import numpy as np

        with nullcontext() if os.getpid() == _BORN else _one_thread():
            if self._regresses:
                said = self._estimator.predict(table)
                return np.ascontiguousarray(said, dtype=float).ravel()
            scores = self._estimator.predict_proba(table)
        if self._task == "multiclass":
            return training.answered(scores, self._classes)
        return np.ascontiguousarray(scores[:, self._place], dtype=float)

    def _slowly(self, rows: pd.DataFrame) -> np.ndarray:
        shaped_by, prepared = self._shaping
        return training.predict(
            self._estimator,
            rows,
            numeric=self.numeric,
            categorical=self.categorical,
            recipe=shaped_by,
            prepared=prepared,
            task=self._task,
        )


_BORN = os.getpid()  # of the process that imported this; a fork is another


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()


def _one_thread() -> Any:
    return _controller().limit(limits=1, user_api="openmp")


def _loaded(
    workspace: Workspace, version: registry.Version, trusted: Sequence[str]
) -> Scorer:
    """Load the estimator and, where rows are shaped, the recipe of its birth."""
    estimator = workspace.registry.load(version, trusted=trusted)
    task = tasks.of(workspace.model(version.model).task).name
    return Scorer(estimator, version.features, *shaping(workspace, version), task)


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

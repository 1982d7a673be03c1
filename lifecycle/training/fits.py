"""Fits of a back-test: each made once, or not at all where its scores were kept."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from lifecycle.errors import SettingsError
from lifecycle.recipes import Recipe
from lifecycle.training import fitting, tasks
from lifecycle.training.keeping import Kept, Scores, digest_rows, key_of
from lifecycle.training.learning import packages
from lifecycle.training.lessons import Lesson
from lifecycle.training.options import Columns, Trial
from lifecycle.training.windows import Rows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Fits", "Seen"]

WAITING = 8  # fits handed to an executor at a time: each holds its rows


@dataclass(frozen=True, slots=True)
class Seen:
    """All rows in the form a recipe is given, and a digest of each."""

    table: pd.DataFrame
    digests: np.ndarray
    columns: Columns


@dataclass(frozen=True, slots=True)
class Job:
    """A fit to be made: on which rows, and which rows it is to score."""

    trial: Trial
    lesson: Lesson
    scored: np.ndarray


class Fits:
    """The scores of candidates by key: kept ones, and those of new fits.

    Parameters
    ----------
    rows : Rows
    task : {"binary", "multiclass", "regression"}
    seed : int
        For every fit.
    kept : Kept, optional
        Where scores come from and go to.
    executor : Executor, optional
        Makes the fits of the library's recipes; a user's file is fitted here, for its
        functions need not be known elsewhere.
    most : int, optional
        How many new fits may be made.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        task: tasks.Task,
        seed: int,
        kept: Kept | None = None,
        executor: Executor | None = None,
        most: int | None = None,
    ) -> None:
        self.rows, self.task, self.seed = rows, task, seed
        self.store, self.executor, self.most = kept, executor, most
        self.refused = 0
        self.seconds: dict[str, float] = {}
        self.taken: set[str] = set()
        self.unread: dict[str, str] = {}  # fits with columns on offer, and why
        self._jobs: dict[str, Job] = {}
        self._known: dict[str, Scores | None] = {}
        self._seen: dict[Columns, Seen] = {}
        self._shaped: dict[tuple[str, Columns], tuple[pd.DataFrame, Columns]] = {}
        self._digests: dict[tuple[Lesson, Columns], str] = {}
        self._packages: dict[tuple[str, Columns], dict[str, str]] = {}

    def seen(self, columns: Columns) -> Seen:
        """All rows as `features`, worked out once."""
        if columns not in self._seen:
            table = self.rows.table
            if columns.names != tuple(table):
                table = fitting.features(
                    self.rows.frame,
                    numeric=columns.numeric,
                    categorical=columns.categorical,
                )
            self._seen[columns] = Seen(table, digest_rows(table), columns)
        return self._seen[columns]

    def shaped(self, trial: Trial) -> tuple[pd.DataFrame, Columns]:
        """All rows as the trial's recipe shapes them, worked out once."""
        if not trial.recipe.prepares:
            return self.seen(trial.columns).table, trial.columns
        key = trial.recipe.name, trial.columns
        if key not in self._shaped:
            table, numbers, texts = fitting.prepared(
                trial.recipe,
                self.seen(trial.columns).table,
                trial.columns.numeric,
                trial.columns.categorical,
            )
            self._shaped[key] = table, Columns(tuple(numbers), tuple(texts))
        return self._shaped[key]

    def ask(
        self,
        trial: Trial,
        lesson: Lesson,
        need: np.ndarray,
        want: np.ndarray,
        *,
        new: bool = True,
    ) -> str | None:
        """The key of a trial's fit; where its scores are not kept, it is to be made.

        Parameters
        ----------
        trial : Trial
        lesson : Lesson
        need, want : ndarray of int
            Positions of the rows it must score, and of those it may score, too, if it
            is made.
        new : bool
            Whether it may be made at all.

        Returns
        -------
        str or None
            None where it is not kept and may not be made.
        """
        import numpy as np

        key = self.key(trial, lesson)
        wanted: tuple[np.ndarray, ...] = (need, want)
        if key in self._jobs:
            wanted = (self._jobs[key].scored, *wanted)
        elif self.scores(key, trial, need) is not None:
            return key
        elif not new:
            return None
        elif self.most is not None and len(self._jobs) >= self.most:
            self.refused += 1
            return None
        self._jobs[key] = Job(trial, lesson, np.unique(np.concatenate(wanted)))
        return key

    def key(self, trial: Trial, lesson: Lesson) -> str:
        """What identifies a fit: recipe, columns, seed, and the rows themselves."""
        facts: dict[str, Any] = {
            "recipe": [trial.recipe.name, trial.recipe.fingerprint],
            "columns": [trial.columns.numeric, trial.columns.categorical],
            "task": self.task,
            "seed": self.seed,
            "packages": self._libraries(trial),
        }
        place = lesson, trial.columns
        if place not in self._digests:
            rows = self.seen(trial.columns).digests[lesson.positions]
            self._digests[place] = key_of({}, rows, lesson.truth, lesson.weights)
        return key_of(facts | {"rows": self._digests[place]})

    def _libraries(self, trial: Trial) -> dict[str, str]:
        """Versions of what the trial's estimator is made of."""
        key = trial.recipe.name, trial.columns
        if key not in self._packages:
            _, columns = self.shaped(trial)
            built = trial.recipe.build(
                columns.numeric, columns.categorical, seed=self.seed
            )
            self._packages[key] = packages(built)
        return self._packages[key]

    def scores(
        self, key: str, trial: Trial, positions: np.ndarray
    ) -> np.ndarray | None:
        """A fit's scores of rows; None where it did not score them all."""
        if key not in self._known:
            self._known[key] = self._read(key)
        held = self._known[key]
        if held is None:
            return None
        found = held.at(self.seen(trial.columns).digests[positions, 0])
        if found is not None and key not in self.seconds:
            self.taken.add(key)
        return found

    def run(self) -> None:
        """Make the fits that were asked for and are not kept."""
        waiting: deque[tuple[str, Job, Future[tuple[np.ndarray, float]]]] = deque()
        for key, job in self._jobs.items():
            recipe, lesson = job.trial.recipe, job.lesson
            table, columns = self.shaped(job.trial)
            given = (
                recipe,
                table.iloc[lesson.positions],
                tasks.targets(lesson.truth, self.task),
                lesson.weights,
                columns,
                self.seed,
                self.task,
                table.iloc[job.scored],
            )
            if self.executor is None or recipe.place:
                self._made(key, job, partial(_fitted, *given))
                continue
            waiting.append((key, job, self.executor.submit(_fitted, *given)))
            if len(waiting) >= WAITING:
                key, job, future = waiting.popleft()
                self._made(key, job, future.result)
        for key, job, future in waiting:
            self._made(key, job, future.result)

    def _made(
        self, key: str, job: Job, make: Callable[[], tuple[np.ndarray, float]]
    ) -> None:
        """Keep a fit; columns on offer that the recipe cannot read are no error."""
        try:
            scores, seconds = make()
        except SettingsError as error:
            if not job.trial.offered:
                raise
            self.unread[key] = str(error)[:200]
            return
        self._keep(key, job, scores, seconds)

    def _keep(self, key: str, job: Job, scores: np.ndarray, seconds: float) -> None:
        rows = self.seen(job.trial.columns).digests[job.scored, 0]
        made = Scores.of(rows, scores, seconds)
        self._known[key], self.seconds[key] = made, seconds
        self.taken.discard(key)
        if self.store is not None:
            self.store.set(key, made.to_bytes())

    def _read(self, key: str) -> Scores | None:
        data = None if self.store is None else self.store.get(key)
        if data is None:
            return None
        try:
            return Scores.from_bytes(data)
        except ValueError:  # not whole: it is made again
            return None


def _fitted(
    recipe: Recipe,
    table: pd.DataFrame,
    truth: np.ndarray,
    weights: np.ndarray,
    columns: Columns,
    seed: int,
    task: tasks.Task,
    scored: pd.DataFrame,
) -> tuple[np.ndarray, float]:
    """Fit and score: what an executor is given to do."""
    started = time.perf_counter()
    fresh, _ = fitting.fit(
        recipe,
        table,
        truth,
        columns.numeric,
        columns.categorical,
        seed=seed,
        weights=weights,
    )
    seconds = time.perf_counter() - started
    return tasks.scored(fresh, scored, task), seconds

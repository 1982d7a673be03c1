"""Fits of a back-test: each made once, or not at all where its scores were kept."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.recipes import Recipe
from lifecycle.training import fitting, tasks
from lifecycle.training.keeping import Kept, Scores, digest_rows, key_of, packages
from lifecycle.training.options import Columns, Trial
from lifecycle.training.windows import Rows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Fits", "Seen", "thinned"]

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
    chosen: np.ndarray
    scored: np.ndarray


class Fits:
    """The scores of candidates by key: kept ones, and those of new fits.

    Parameters
    ----------
    rows : Rows
    task : {"binary", "classes", "regression"}
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
        self._jobs: dict[str, Job] = {}
        self._known: dict[str, Scores | None] = {}
        self._seen: dict[tuple[str, Columns], Seen] = {}
        self._packages = packages()

    def seen(self, columns: Columns, recipe: Recipe | None = None) -> Seen:
        """All rows as `features`, worked out once."""
        key = "", columns
        if key not in self._seen:
            table = self.rows.table
            if columns.names != tuple(table):
                table = fitting.features(
                    self.rows.frame,
                    numeric=columns.numeric,
                    categorical=columns.categorical,
                )
            self._seen[key] = Seen(table, digest_rows(table), columns)
        return self._seen[key]

    def ask(
        self,
        trial: Trial,
        chosen: np.ndarray,
        need: np.ndarray,
        want: np.ndarray,
        *,
        new: bool = True,
    ) -> str | None:
        """The key of a trial's fit; where its scores are not kept, it is to be made.

        Parameters
        ----------
        trial : Trial
        chosen, need, want : ndarray of int
            Positions of the rows it is trained on, of those it must score, and of
            those it may score, too, if it is made.
        new : bool
            Whether it may be made at all.

        Returns
        -------
        str or None
            None where it is not kept and may not be made.

        Raises
        ------
        NotEnoughData
            The rows do not suffice for a fit.
        """
        import numpy as np

        truth = tasks.targets(self.rows.truth[chosen], self.task)
        fitting.check_enough(truth, min_rows=fitting.MIN_ROWS)
        key = self.key(trial, chosen)
        wanted = np.union1d(need, want)
        if key in self._jobs:
            wanted = np.union1d(self._jobs[key].scored, wanted)
        elif self.scores(key, trial, need) is not None:
            return key
        elif not new:
            return None
        elif self.most is not None and len(self._jobs) >= self.most:
            self.refused += 1
            return None
        self._jobs[key] = Job(trial, chosen, wanted)
        return key

    def key(self, trial: Trial, chosen: np.ndarray) -> str:
        """What identifies a fit: recipe, columns, seed, and the rows themselves."""
        facts: dict[str, Any] = {
            "recipe": [trial.recipe.name, trial.recipe.source_sha256],
            "parameters": dict(getattr(trial.recipe, "parameters", {})),
            "columns": [trial.columns.numeric, trial.columns.categorical],
            "task": self.task,
            "seed": self.seed,
            "packages": self._packages,
        }
        seen = self.seen(trial.columns)
        return key_of(facts, seen.digests[chosen], self.rows.truth[chosen])

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
            recipe, seen = job.trial.recipe, self.seen(job.trial.columns)
            given = (
                recipe,
                seen.table.iloc[job.chosen],
                tasks.targets(self.rows.truth[job.chosen], self.task),
                seen.columns,
                self.seed,
                self.task,
                seen.table.iloc[job.scored],
            )
            if self.executor is None or recipe.place:
                self._keep(key, job, *_fitted(*given))
                continue
            waiting.append((key, job, self.executor.submit(_fitted, *given)))
            if len(waiting) >= WAITING:
                key, job, future = waiting.popleft()
                self._keep(key, job, *future.result())
        for key, job, future in waiting:
            self._keep(key, job, *future.result())

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


def thinned(positions: np.ndarray, most: int | None) -> np.ndarray:
    """At most so many positions: the newest half whole, of the older an even choice.

    Examples
    --------
    >>> import numpy as np
    >>> thinned(np.arange(10), 6).tolist()
    [0, 3, 6, 7, 8, 9]
    """
    import numpy as np

    if most is None or len(positions) <= most:
        return positions
    older, newer = np.split(positions, [len(positions) - most // 2])
    even = np.linspace(0, len(older) - 1, most - len(newer)).round().astype(int)
    return np.concatenate([older[even], newer])


def _fitted(
    recipe: Recipe,
    table: pd.DataFrame,
    truth: np.ndarray,
    columns: Columns,
    seed: int,
    task: tasks.Task,
    scored: pd.DataFrame,
) -> tuple[np.ndarray, float]:
    """Fit and score: what an executor is given to do."""
    started = time.perf_counter()
    fresh, _ = fitting.fit(
        recipe, table, truth, columns.numeric, columns.categorical, seed=seed
    )
    seconds = time.perf_counter() - started
    return tasks.scored(fresh, scored, task), seconds

"""The loss cube of a stream: every recipe, span and training step, row by row.

At the start of window t the outcomes of windows up to t - 2 are known and the inputs
of windows up to t - 1; a model of step t has seen windows up to t - 2. Whatever a
policy may deploy is fitted once and scored on all later rows, so that policies and the
optimum in hindsight are played on the same losses.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["FIRST", "Cube", "load", "paths", "save"]

FIRST = 5
FORMAT = 1


@dataclass(frozen=True)
class Cube:
    """Losses of M models on N rows in W windows.

    Parameters
    ----------
    name, group, task : str
    windows, first : int
        W, and the first step at which a policy may act. The model it begins with is
        `grid[0, first, 0, -1]`: the first recipe, trained on all windows there are.
    recipes : tuple of str
    spans : tuple of int
        In windows; 0 is all of them.
    window : ndarray of int, shape (N,)
    truth, known : ndarray of float, shape (N,)
        The outcome, and what was recorded of it.
    recipe, span, step : ndarray of int, shape (M,)
        What each model is, and at the start of which window it was trained.
    cleaned : ndarray of bool, shape (M,)
        Whether windows that a check of the data had flagged were left out.
    seconds : ndarray of float, shape (M,)
        Of the fit.
    grid : ndarray of int, shape (2, W, R, S)
        The model of a step, recipe and span, or -1. `grid[1]`: flagged windows left
        out; where none is flagged the same model as in `grid[0]`.
    row_loss, true_loss : ndarray of float16, shape (M, N)
        By the outcome as recorded (what a policy may know) and by the truth (the
        bill). `nan` before the window that precedes the model's step, and where the
        outcome is missing.
    score : ndarray of float16, shape (M, N), or None
        Of binary streams: the probability of class 1.
    costs : tuple of float
        Of a false negative and of a false positive.
    threshold : float
        From which score on the answer is 1.
    features : ndarray of float32, shape (N, F)
        Categories as codes, texts as their length and number of words.
    feature_names : tuple of str
    categorical : ndarray of bool, shape (F,)
    fault_inputs, fault_outcomes : ndarray of bool, shape (W,)
        What checks say of a window, known from step w + 1 and w + 2 on.
    sentences, remarks : tuple of str
        Of the faults; of what a check calls a fault and stands in no training's way.
        Empty where there is none.
    unlabelled : ndarray of float, shape (W,)
        Share of rows without an outcome.
    bad : ndarray of bool, shape (W,)
        Planted faults: not for policies.
    build_seconds : float
        Of one processor.
    signature : str
        Of the stream it was built from.
    """

    name: str
    group: str
    task: str
    windows: int
    first: int
    recipes: tuple[str, ...]
    spans: tuple[int, ...]
    window: np.ndarray
    truth: np.ndarray
    known: np.ndarray
    recipe: np.ndarray
    span: np.ndarray
    step: np.ndarray
    cleaned: np.ndarray
    seconds: np.ndarray
    grid: np.ndarray
    row_loss: np.ndarray
    true_loss: np.ndarray
    score: np.ndarray | None
    costs: tuple[float, float]
    threshold: float
    features: np.ndarray
    feature_names: tuple[str, ...]
    categorical: np.ndarray
    fault_inputs: np.ndarray
    fault_outcomes: np.ndarray
    sentences: tuple[str, ...]
    remarks: tuple[str, ...]
    unlabelled: np.ndarray
    bad: np.ndarray
    build_seconds: float = 0.0
    signature: str = ""

    @property
    def fault(self) -> np.ndarray:
        """Either kind of fault, shape (W,)."""
        flagged: np.ndarray = self.fault_inputs | self.fault_outcomes
        return flagged

    @property
    def initial(self) -> int:
        """The model with which every policy begins."""
        return int(self.grid[0, self.first, 0, len(self.spans) - 1])

    @cached_property
    def edges(self) -> np.ndarray:
        """First row of each window, and the end, shape (W + 1,)."""
        import numpy as np

        return np.searchsorted(self.window, np.arange(self.windows + 1))

    @cached_property
    def rows(self) -> np.ndarray:
        """Rows of each window, shape (W,)."""
        import numpy as np

        counted: np.ndarray = np.diff(self.edges)
        return counted

    @cached_property
    def known_mean(self) -> np.ndarray:
        """Mean recorded loss, shape (M, W); `nan` where no row has one."""
        return _means(self.row_loss, self.edges)

    @cached_property
    def true_mean(self) -> np.ndarray:
        """Mean true loss, shape (M, W): what a window costs; 0 where nobody knows."""
        import numpy as np

        table = _means(self.true_loss, self.edges)
        unknown = np.isnan(table) & (np.arange(self.windows) >= self.step[:, None])
        return np.where(unknown, 0.0, table)


def save(cube: Cube, path: Path) -> None:
    """Write a cube whole or not at all."""
    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    held: dict[str, Any] = {"format": FORMAT}
    for each in fields(Cube):
        value = getattr(cube, each.name)
        if value is None or (each.name == "true_loss" and value is cube.row_loss):
            continue
        held[each.name] = np.asarray(value)
    aside = path.with_name(f"{path.stem}.{os.getpid()}.part.npz")
    np.savez_compressed(aside, **held)
    aside.replace(path)


def load(path: Path) -> Cube:
    """Read a cube that `save` wrote.

    Raises
    ------
    ValueError
        When it is of another format; build it again.
    """
    import numpy as np

    with np.load(path, allow_pickle=False) as kept:
        if int(kept["format"]) != FORMAT:
            raise ValueError(
                f"{path.name} is of an older kind; delete it and run again"
            )
        held: dict[str, Any] = {name: kept[name] for name in kept.files}
    held.pop("format")
    held.setdefault("true_loss", held["row_loss"])
    held.setdefault("score", None)
    for name, value in held.items():
        if value is None or value.ndim == 0:
            held[name] = None if value is None else value.item()
    for name in ("recipes", "spans", "costs", "feature_names", "sentences", "remarks"):
        held[name] = tuple(held[name].tolist())
    return Cube(**held)


def paths(cache: Path) -> list[Path]:
    """The cubes in a directory, in the order of their names."""
    return sorted(
        path for path in cache.glob("*.npz") if not path.name.endswith(".part.npz")
    )


def _means(losses: np.ndarray, edges: np.ndarray) -> np.ndarray:
    import numpy as np

    table = np.full((len(losses), len(edges) - 1), np.nan)
    for at in range(len(edges) - 1):
        part = losses[:, edges[at] : edges[at + 1]].astype(np.float64)
        known = ~np.isnan(part)
        counts = known.sum(axis=1)
        sums = np.where(known, part, 0).sum(axis=1)
        table[:, at] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return table

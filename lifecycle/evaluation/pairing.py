"""Two models on the same rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lifecycle import intervals, tasks
from lifecycle.metrics import Task

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["FAMILY", "Pair", "Part", "prices_of"]

_MOST_VALUES = 50
FAMILY = 0.05


@dataclass(frozen=True, slots=True)
class Part:
    """A segment: how much more often the candidate is right there."""

    name: str
    value: float
    lower: float
    upper: float
    n: int
    chance: float
    clearly: bool = False


@dataclass(frozen=True)
class Pair:
    """Outcomes and the scores of champion (0) and candidate (1), complete rows only."""

    truth: np.ndarray
    scores: tuple[np.ndarray, np.ndarray]
    thresholds: tuple[float, float]
    labels: Mapping[str, np.ndarray]
    segments: Mapping[str, np.ndarray]
    known: np.ndarray
    task: Task = "binary"

    @classmethod
    def of(
        cls,
        y_true: npt.ArrayLike,
        champion: npt.ArrayLike,
        candidate: npt.ArrayLike,
        *,
        thresholds: tuple[float, float],
        labels: Mapping[str, npt.ArrayLike],
        segments: Mapping[str, npt.ArrayLike],
        task: Task = "binary",
    ) -> Pair:
        """Keep the rows in which nothing is missing.

        Raises
        ------
        ValueError
            When one of the arrays has another length.
        """
        import numpy as np

        truth, first, second = map(intervals.floats, (y_true, champion, candidate))
        told, cut = (
            {name: np.asarray(values, dtype=object) for name, values in held.items()}
            for held in (labels, segments)
        )
        arrays = (truth, first, second, *told.values(), *cut.values())
        sizes = {len(array) for array in arrays}
        if len(sizes) > 1:
            raise ValueError(
                f"outcomes, scores, weeks and segments must be of the same rows, got "
                f"{sorted(sizes)} rows; join them by id first"
            )
        known = ~(np.isnan(truth) | np.isnan(first) | np.isnan(second))
        return cls(
            truth[known],
            (first[known], second[known]),
            thresholds,
            {name: values[known] for name, values in told.items()},
            {name: values[known] for name, values in cut.items()},
            known,
            task,
        )

    @property
    def n(self) -> int:
        """Complete rows."""
        return len(self.truth)

    @property
    def dropped(self) -> int:
        """Rows that lack something."""
        return len(self.known) - self.n

    def guess(self, which: int) -> np.ndarray:
        """What a model predicts, 0 or 1; of several classes the code."""
        if self.task == "multiclass":
            return tasks.parted(self.scores[which])[0]
        guessed: np.ndarray = self.scores[which] >= self.thresholds[which]
        return guessed.astype(float)

    def right(self, which: int) -> np.ndarray:
        """In which rows a model is right."""
        right: np.ndarray = self.guess(which) == self.truth
        return right

    def sure(self, which: int) -> np.ndarray:
        """How probable a model of several classes holds what it predicts."""
        return tasks.parted(self.scores[which])[1]

    def lost(self, which: int, loss: tasks.Loss) -> np.ndarray:
        """What a model loses a row."""
        return loss.of(self.truth, self.scores[which], self.thresholds[which])

    def losses(self, which: int, prices: tuple[float, float]) -> np.ndarray:
        """What a model costs a row, by the prices of its two kinds of error."""
        import numpy as np

        wrong = np.where(self.guess(which) == 1, prices[0], prices[1])
        return np.where(self.right(which), 0.0, wrong)

    def cuts(self) -> Iterator[tuple[str, np.ndarray, list[str]]]:
        """Columns that cut the rows, with the segment of each row and their names.

        Columns of more than fifty values are no segments and passed over.
        """
        for column, values in self.segments.items():
            names = _names(values)
            distinct = sorted(set(names))
            if 1 < len(distinct) <= _MOST_VALUES:
                yield _short(column), names, distinct

    def parts(self, *, min_segment: int, level: float) -> tuple[list[Part], int]:
        """Every segment with enough rows, and how many have too few.

        Those where the candidate is clearly less often right are marked.
        """
        import numpy as np
        from scipy.stats import binom

        a, b = self.right(1), self.right(0)
        parts, small = [], 0
        for column, names, distinct in self.cuts():
            for name in distinct:
                rows = np.flatnonzero(names == name)
                if len(rows) < min_segment:
                    small += 1
                    continue
                lost = int((b[rows] & ~a[rows]).sum())
                won = int((a[rows] & ~b[rows]).sum())
                found = intervals.paired_difference(a[rows], b[rows], level=level)
                chance = float(binom.sf(lost - 1, lost + won, 0.5))
                parts.append(Part(f"{column} = {name}", *found, len(rows), chance))
        bar = FAMILY / max(1, len(parts))
        return [replace(part, clearly=part.chance < bar) for part in parts], small


def prices_of(costs: Mapping[str, float]) -> tuple[tuple[float, float], float]:
    """Costs of a false positive and a false negative with the dearer as 1, and it."""
    prices = costs.get("false_positive", 1.0), costs.get("false_negative", 1.0)
    if min(prices) < 0 or not 0 < max(prices) < math.inf:
        raise ValueError(
            "false_positive and false_negative must not be negative and one must be "
            f"above 0, got {prices[0]} and {prices[1]}"
        )
    dearest = max(prices)
    return (prices[0] / dearest, prices[1] / dearest), dearest


def _names(values: np.ndarray) -> np.ndarray:
    """Categories as short texts."""
    import pandas as pd

    texts = pd.Series(values, dtype=object)
    return texts.map(_short).mask(texts.isna(), "missing").to_numpy(dtype=object)


def _short(value: object) -> str:
    return " ".join(str(value).split())[:40]

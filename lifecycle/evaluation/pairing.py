"""Two models on the same rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lifecycle import intervals

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Pair", "Part"]

_MOST_VALUES = 50
_FAMILY = 0.05


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
    dropped: int

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
    ) -> Pair:
        """Keep the rows in which nothing is missing.

        Raises
        ------
        ValueError
            When one of the arrays has another length.
        """
        import numpy as np

        arrays = [np.asarray(v, dtype=float) for v in (y_true, champion, candidate)]
        others = {
            name: np.asarray(values, dtype=object)
            for name, values in (*labels.items(), *segments.items())
        }
        sizes = {len(array) for array in (*arrays, *others.values())}
        if len(sizes) > 1:
            raise ValueError(
                f"outcomes, scores, weeks and segments must be of the same rows, got "
                f"{sorted(sizes)} rows; join them by id first"
            )
        truth, first, second = arrays
        known = ~(np.isnan(truth) | np.isnan(first) | np.isnan(second))
        return cls(
            truth[known],
            (first[known], second[known]),
            thresholds,
            {name: others[name][known] for name in labels},
            {name: others[name][known] for name in segments},
            int((~known).sum()),
        )

    @property
    def n(self) -> int:
        """Complete rows."""
        return len(self.truth)

    def guess(self, which: int) -> np.ndarray:
        """What a model predicts, 0 or 1."""
        guessed: np.ndarray = self.scores[which] >= self.thresholds[which]
        return guessed.astype(float)

    def right(self, which: int) -> np.ndarray:
        """In which rows a model is right."""
        right: np.ndarray = self.guess(which) == self.truth
        return right

    def losses(self, which: int, prices: tuple[float, float]) -> np.ndarray:
        """What a model costs a row, by the prices of its two kinds of error."""
        import numpy as np

        wrong = np.where(self.guess(which) == 1, prices[0], prices[1])
        return np.where(self.right(which), 0.0, wrong)

    def between(self, name: str, *, level: float) -> tuple[float, float]:
        """Interval of candidate minus champion, for accuracy, brier or roc_auc."""
        import numpy as np

        if name == "roc_auc":
            return self._between_areas(level)
        if name == "accuracy":
            a, b = self.right(1).astype(float), self.right(0).astype(float)
        else:
            for score in self.scores:
                if score.size and (score.min() < 0 or score.max() > 1):
                    return math.nan, math.nan
            a, b = (np.square(self.scores[k] - self.truth) for k in (1, 0))
        _, lower, upper = intervals.paired_difference(a, b, level=level)
        return lower, upper

    def _between_areas(self, level: float) -> tuple[float, float]:
        """DeLong's interval for the areas under two correlated curves."""
        import numpy as np

        positive = int((self.truth == 1).sum())
        m, k = positive, self.n - positive
        if min(m, k) < 2:
            return math.nan, math.nan
        both = [intervals.placements(self.truth, score) for score in self.scores]
        wins, losses = zip(*both, strict=True)
        gain, loss = wins[1] - wins[0], losses[1] - losses[0]
        variance = float(np.var(gain, ddof=1) / m + np.var(loss, ddof=1) / k)
        half = intervals.z(level) * math.sqrt(variance)
        middle = float(gain.mean())
        return middle - half, middle + half

    def worse(self, *, min_segment: int, level: float) -> Iterator[Part]:
        """Every segment with enough rows; clearly worse ones are marked.

        Columns of more than fifty values are no segments and passed over.
        """
        import numpy as np
        from scipy.stats import binom

        a, b = self.right(1), self.right(0)
        parts = []
        for column, values in self.segments.items():
            names = _names(values)
            distinct = sorted(set(names))
            if not 1 < len(distinct) <= _MOST_VALUES:
                continue
            for name in distinct:
                rows = np.flatnonzero(names == name)
                if len(rows) < min_segment:
                    continue
                lost = int((b[rows] & ~a[rows]).sum())
                won = int((a[rows] & ~b[rows]).sum())
                found = intervals.paired_difference(a[rows], b[rows], level=level)
                chance = float(binom.sf(lost - 1, lost + won, 0.5))
                parts.append(Part(f"{column} = {name}", *found, len(rows), chance))
        for part in parts:
            yield replace(part, clearly=part.chance < _FAMILY / len(parts))


def _names(values: np.ndarray) -> np.ndarray:
    """Categories as short texts."""
    import pandas as pd

    texts = pd.Series(values, dtype=object)
    named = texts.map(lambda value: str(value)[:40])
    return named.mask(texts.isna(), "missing").to_numpy(dtype=object)

"""Alarms on a stream of errors or of inputs, written from their papers.

ADWIN (Bifet and Gavaldà, 2007), the Page-Hinkley test (Page, 1954, as in Gama et al.,
2014) and the population stability index.
"""

from __future__ import annotations

import math

import numpy as np

__all__ = ["Adwin", "page_hinkley", "stability"]


class Adwin:
    """A window of errors that is cut where two parts of it differ.

    Parameters
    ----------
    delta : float
        The share of false alarms told to it.
    clock : int
        After how many rows it looks for a cut.
    """

    SAME = 5  # buckets of one size

    def __init__(self, delta: float = 0.002, *, clock: int = 32) -> None:
        self.delta, self.clock = delta, clock
        self.sizes: list[list[tuple[float, float]]] = [[]]  # (sum, sum of squares)
        self.seen = 0

    def rises(self, errors: np.ndarray) -> bool:
        """Take in errors; whether the newer part was ever cut off as higher."""
        found = False
        for error in errors.tolist():
            self._insert(error)
            self.seen += 1
            if self.seen % self.clock == 0:
                while (cut := self._cut()) is not None:
                    found |= cut
        return found

    def _insert(self, error: float) -> None:
        self.sizes[0].append((error, error * error))
        for level, buckets in enumerate(self.sizes):
            if len(buckets) <= self.SAME:
                break
            if level + 1 == len(self.sizes):
                self.sizes.append([])
            one, two = buckets.pop(0), buckets.pop(0)
            self.sizes[level + 1].append((one[0] + two[0], one[1] + two[1]))

    def _cut(self) -> bool | None:
        """Drop the oldest bucket if a cut is found; whether errors had risen."""
        parts = [
            (2**level, *bucket)
            for level in reversed(range(len(self.sizes)))
            for bucket in self.sizes[level]
        ]
        if len(parts) < 2:
            return None
        count, total, square = np.cumsum(np.array(parts), axis=0).T
        n, mean = count[-1], total[-1] / count[-1]
        variance = max(square[-1] / n - mean**2, 0.0)
        old, new = count[:-1], n - count[:-1]
        enough = (old >= 5) & (new >= 5)
        gap = (total[-1] - total[:-1]) / new - total[:-1] / old
        harmonic = 1 / (1 / old + 1 / new)
        told = math.log(2 * max(math.log(n), 1e-9) / self.delta)
        bound = np.sqrt(2 / harmonic * variance * told) + 2 / (3 * harmonic) * told
        cut = enough & (np.abs(gap) > bound)
        if not cut.any():
            return None
        rose = bool(gap[cut].max() > 0 and gap[cut][-1] > 0)
        level = max(at for at, buckets in enumerate(self.sizes) if buckets)
        self.sizes[level].pop(0)
        return rose


def page_hinkley(
    errors: np.ndarray, *, slack: float = 0.005, bar: float = 50.0, least: int = 30
) -> bool:
    """Whether the sum of errors above their running mean ever rose by the bar."""
    if len(errors) < least:
        return False
    mean = np.cumsum(errors) / np.arange(1, len(errors) + 1)
    course = np.cumsum(errors - mean - slack)
    lowest = np.minimum.accumulate(np.minimum(course, 0.0))
    return bool((course - lowest)[least - 1 :].max() > bar)


def stability(
    reference: np.ndarray, analysis: np.ndarray, categorical: np.ndarray
) -> np.ndarray:
    """Population stability index of each feature, in tenths of the reference."""
    found = np.zeros(reference.shape[1])
    for at in range(reference.shape[1]):
        before, after = reference[:, at], analysis[:, at]
        if categorical[at]:
            _, codes = np.unique(np.concatenate([before, after]), return_inverse=True)
        else:
            kept = before[np.isfinite(before)]
            if not len(kept):
                continue
            cuts = np.unique(np.quantile(kept, np.linspace(0.1, 0.9, 9)))
            both = np.concatenate([before, after])
            codes = np.searchsorted(cuts, both, side="left")
            codes[~np.isfinite(both)] = len(cuts) + 1
        size = int(codes.max()) + 1
        shares = [
            np.maximum(np.bincount(part, minlength=size) / len(part), 1e-4)
            for part in (codes[: len(before)], codes[len(before) :])
        ]
        found[at] = float(
            ((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum()
        )
    return found

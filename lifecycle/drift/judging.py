"""Tracks held against their limits: significant, large, and seen several times."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from lifecycle.drift.tracks import Track

if TYPE_CHECKING:
    import numpy as np

__all__: list[str] = []

LEAST_CHUNKS = 5


@dataclass(frozen=True, eq=False)
class Judged:
    """What became of H tracks over T chunks; every array is of shape (H, T).

    `running` counts the chunks up to this one in which the track was beyond its limits
    without a break.
    """

    adjusted: np.ndarray
    threshold: np.ndarray
    running: np.ndarray
    judged: np.ndarray
    alarm: np.ndarray


def hold(
    tracks: Sequence[Track],
    weights: np.ndarray,
    *,
    level: float,
    chance: float,
    floor: float,
    confirm: int,
    min_n: int,
) -> Judged:
    """Judge the tracks of one model.

    `level` is that of Benjamini and Hochberg's procedure in each chunk, `chance` that
    with which chunks like the reference's own may lie above a threshold as often
    running as an alarm needs.
    """
    import numpy as np

    p = np.array([track.p for track in tracks])
    rows = np.array([track.rows for track in tracks])
    value = np.array([track.value for track in tracks])
    wanted = np.array([track.judged for track in tracks]) & (weights > 0)
    judged = wanted[:, None] & ~np.isnan(p) & ~np.isnan(value) & (rows >= min_n)
    adjusted = corrected(np.where(judged, p, math.nan))
    signed = np.array([track.signed for track in tracks])
    least = np.where([track.judged for track in tracks], floor, math.nan)
    limits = thresholds(
        np.array([track.own for track in tracks]),
        least,
        signed,
        reach=partial(reach, confirm=confirm, chance=chance),
    )
    away = np.where(signed[:, None], np.abs(value), value)
    beyond = judged & (adjusted <= level) & (away > limits)
    running = in_a_row(beyond, judged)
    threshold = np.where(signed[:, None], np.copysign(limits, value), limits)
    return Judged(adjusted, threshold, running, judged, beyond & (running >= confirm))


def corrected(p: np.ndarray) -> np.ndarray:
    """Benjamini and Hochberg's p-values within each column; `nan` are no hypotheses."""
    import numpy as np

    order = np.argsort(p, axis=0, kind="stable")  # nan last
    ranked = np.take_along_axis(p, order, axis=0)
    count = (~np.isnan(p)).sum(axis=0)
    place = np.arange(1, p.shape[0] + 1)[:, None]
    scaled = np.where(np.isnan(ranked), math.inf, ranked * count / place)
    scaled = np.minimum(1.0, np.minimum.accumulate(scaled[::-1], axis=0)[::-1])
    found = np.empty_like(scaled)
    np.put_along_axis(found, order, scaled, axis=0)
    return np.where(np.isnan(p), math.nan, found)


def thresholds(
    own: np.ndarray,
    floor: np.ndarray,
    signed: np.ndarray,
    *,
    reach: Callable[[int], float],
) -> np.ndarray:
    """Upper prediction bound of chunks like the reference's own, shape (H, T).

    Never below the floor of the track; the floor alone with fewer than five chunks.
    """
    import numpy as np

    mean, spread, count = own[:, 0], own[:, 1], own[:, 2]
    mean = np.where(signed[:, None], np.abs(mean), mean)
    limits = np.broadcast_to(floor[:, None], mean.shape)
    for size in np.unique(count[count >= LEAST_CHUNKS]).tolist():
        bound = mean + reach(int(size)) * math.sqrt(1 + 1 / size) * spread
        limits = np.where(count == size, np.fmax(limits, bound), limits)
    return limits


@lru_cache(maxsize=256)
def reach(count: int, *, confirm: int, chance: float) -> float:
    """How many standard deviations `confirm` more of `count` chunks all lie above.

    Mean and standard deviation come from the `count` chunks and are the same for all
    that follow: those are independent only given them. With `confirm` of 1 it is the
    quantile of Student's distribution.
    """
    import numpy as np
    from scipy.optimize import brentq
    from scipy.special import ndtr

    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    freedom = count - 1
    spread = np.linspace(0.001, 4.0, 1601)
    density = (freedom - 1) * np.log(spread) - freedom * spread**2 / 2
    density = np.exp(density - density.max())
    unit = math.sqrt(1 + 1 / count) * spread
    off = nodes[:, None] / math.sqrt(count)

    def excess(bound: float) -> float:
        above = ndtr(-(off + bound * unit)) ** confirm
        mean = (weights / weights.sum()) @ above @ (density / density.sum())
        return math.log(max(float(mean), 1e-300)) - math.log(chance)

    return float(brentq(excess, -2.0, 1e5, xtol=1e-6))


def in_a_row(beyond: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """How often running; a chunk that is not judged neither counts nor breaks off."""
    import numpy as np

    running = np.zeros(beyond.shape, dtype=np.int64)
    held = np.zeros(beyond.shape[:1], dtype=np.int64)
    for chunk in range(beyond.shape[1]):
        held = np.where(judged[:, chunk], np.where(beyond[:, chunk], held + 1, 0), held)
        running[:, chunk] = np.where(beyond[:, chunk], held, 0)
    return running


def openings(alarm: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """Chunks in which a track alarms that did not before, shape (T,)."""
    import numpy as np

    found = np.zeros(alarm.shape[1], dtype=bool)
    before = np.zeros(alarm.shape[0], dtype=bool)
    for chunk in range(alarm.shape[1]):
        found[chunk] = (alarm[:, chunk] & ~before).any()
        before = np.where(judged[:, chunk], alarm[:, chunk], before)
    return found

"""Tracks held against their limits: significant, large, and seen several times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
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
    share: float,
    floor: float,
    confirm: int,
    min_n: int,
) -> Judged:
    """Judge the tracks of one model.

    `level` is that of Benjamini and Hochberg's procedure in each chunk, `share` how
    many chunks like the reference's own may lie above a threshold.
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
    limits = thresholds(np.array([track.own for track in tracks]), least, share, signed)
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
    own: np.ndarray, floor: np.ndarray, share: float, signed: np.ndarray
) -> np.ndarray:
    """Upper prediction bound of one more chunk like the reference's own, shape (H, T).

    Never below the floor of the track; the floor alone with fewer than five chunks.
    """
    import numpy as np
    from scipy.special import stdtrit

    mean, spread, count = own[:, 0], own[:, 1], own[:, 2]
    mean = np.where(signed[:, None], np.abs(mean), mean)
    enough = count >= LEAST_CHUNKS
    freedom = np.where(enough, count - 1, 1)
    reach = stdtrit(freedom, 1 - share) * np.sqrt(1 + 1 / np.maximum(count, 1))
    least = floor[:, None]
    return np.where(enough, np.fmax(least, mean + reach * spread), least)


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

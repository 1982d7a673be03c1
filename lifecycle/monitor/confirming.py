"""Which segments are found on one part of the rows and confirmed on another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle import metrics
from lifecycle.monitor.contrast import Contrast, Terms, contrast
from lifecycle.monitor.cutting import Cut
from lifecycle.monitor.reading import Told

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Question", "Segment", "alerts", "worse"]


@dataclass(frozen=True)
class Segment:
    """One segment against the rest, and what chance has to say about it."""

    cut: Cut
    place: int
    count: int
    value: float
    rest: float
    error: float
    worse: float  # by how much, as a share of the rest where it is not in points
    judged: bool
    p: float
    again: float

    @property
    def name(self) -> str:
        """What it is called: "plan=free"."""
        return self.cut.names[self.place]

    @property
    def parts(self) -> tuple[str, ...]:
        """Of a pair the names of its two segments."""
        return self.cut.parts[self.place] if self.cut.parts else ()

    @property
    def inside(self) -> np.ndarray:
        """Which rows belong to it."""
        return self.cut.codes == self.place


@dataclass(frozen=True)
class Question:
    """What is asked of each segment, and on which rows."""

    told: Told
    task: str
    name: str
    halves: tuple[np.ndarray, np.ndarray]
    counts: Terms | None
    rate: float
    floor: float
    min_n: int

    @property
    def rows(self) -> np.ndarray:
        """The rows of both parts."""
        return self.halves[0] | self.halves[1]

    @property
    def metric(self) -> metrics.Metric:
        """What it is measured by."""
        return metrics.of(self.task, self.name)


def worse(asked: Question, found: Contrast) -> np.ndarray:
    """How much worse than the rest, in points or as a share of the rest's value."""
    import numpy as np

    apart = found.rest - found.value
    worse = apart if asked.metric.greater_is_better else -apart
    if asked.metric.bounded:
        return worse
    with np.errstate(all="ignore"):
        return np.asarray(worse / np.abs(found.rest))


def alerts(asked: Question, made: list[Segment], held: dict[str, Segment]) -> set[int]:
    """Places of the segments found and confirmed."""
    from scipy.stats import false_discovery_control

    family = [n for n, each in enumerate(made) if each.judged]
    if not family:
        return set()
    # what one part of the rows cannot tell is looked at all the same: no evidence
    raw = [1.0 if math.isnan(made[n].p) else min(1.0, made[n].p) for n in family]
    adjusted = false_discovery_control(raw)
    found = [n for n, p in zip(family, adjusted, strict=True) if p <= asked.rate]
    return {
        n
        for n in found
        if made[n].again <= asked.rate / len(found)
        and made[n].worse >= asked.floor
        and made[n].worse > 0
        and all(
            _worse_within(asked, made[n], held[part], len(found))
            for part in made[n].parts
        )
    }


def _worse_within(asked: Question, pair: Segment, part: Segment, found: int) -> bool:
    """Whether a pair is worse than what else there is of one of its two segments."""
    import numpy as np

    codes = np.where(pair.inside, 0, -1)
    question = asked.told, asked.task, asked.name, codes, 1

    def look(rows: np.ndarray) -> Contrast:
        where = rows & part.inside
        return contrast(*question, where, asked.counts, tested=np.ones(1, dtype=bool))

    every = look(asked.rows)
    apart = float(worse(asked, every)[0])
    if math.isnan(apart):  # the pair is all there is of the segment: nothing new
        return False
    before, again = (float(look(half).p[0]) for half in asked.halves)
    sure = before <= asked.rate and again <= asked.rate / found
    return apart >= asked.floor and sure

"""How long two models take for the same rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle import intervals
from lifecycle.findings import Finding, Findings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Latency", "latency"]


@dataclass(frozen=True, slots=True)
class Latency:
    r"""What scoring the same rows took champion and candidate, several times over.

    Parameters
    ----------
    champion, candidate : tuple of float
        Seconds of each repeat, in the same order for both.
    n : int
        Rows scored in each.
    level : float
        Of the intervals.

    Raises
    ------
    ValueError
        When the two were not repeated equally often, or a time is negative.

    Notes
    -----
    The ratio is :math:`\exp` of the mean of :math:`\log(b_i/a_i)` over the repeats,
    its interval that of the mean (Student's): a repeat in which the machine was busy
    with something else slows both. Undefined, and therefore `nan`, where a time is 0;
    the interval needs two repeats.

    Examples
    --------
    >>> Latency((0.010, 0.011, 0.010), (0.020, 0.021, 0.021), n=1000)
    <Latency 2.00 times the champion's [1.85, 2.17], 20.7 against 10.3 µs a row, n 1000>
    """

    champion: tuple[float, ...]
    candidate: tuple[float, ...]
    n: int
    level: float = 0.90

    def __post_init__(self) -> None:
        if len(self.champion) != len(self.candidate):
            raise ValueError(
                f"champion and candidate must be timed equally often, got "
                f"{len(self.champion)} and {len(self.candidate)} repeats; pair them"
            )
        if not all(0 <= t < math.inf for t in (*self.champion, *self.candidate)):
            raise ValueError("seconds must be 0 or more and finite; mend the timer")
        if self.n < 1:
            raise ValueError(f"n must be 1 or more, got {self.n}; time some rows")

    @property
    def ratio(self) -> float:
        """How many times the champion's time the candidate takes."""
        logs = self._logs()
        return math.exp(math.fsum(logs) / len(logs)) if logs else math.nan

    @property
    def lower(self) -> float:
        """The low end of its interval."""
        return math.exp(intervals.mean(self._logs(), level=self.level)[0])

    @property
    def upper(self) -> float:
        """The high end of its interval."""
        return math.exp(intervals.mean(self._logs(), level=self.level)[1])

    @property
    def findings(self) -> Findings:
        """Microseconds a row of both and between them, and the ratio."""
        each = [1e6 * t / self.n for t in self.champion]
        other = [1e6 * t / self.n for t in self.candidate]
        apart = [b - a for a, b in zip(each, other, strict=True)]
        rows = []
        for subject, took in (
            ("champion", each),
            ("candidate", other),
            ("difference", apart),
        ):
            value = math.fsum(took) / len(took) if took else math.nan
            ends = intervals.mean(took, level=self.level)
            rows.append(
                Finding("latency", value, len(took), *ends, subject=subject, unit="µs")
            )
        times = (self.ratio, len(each), self.lower, self.upper)
        rows.append(Finding("latency_ratio", *times, subject="candidate to champion"))
        return Findings("Latency", tuple(rows), f"{self}", main="latency")

    def frame(self) -> pd.DataFrame:
        """One row a repeat: `champion` and `candidate`, in seconds."""
        import pandas as pd

        return pd.DataFrame({"champion": self.champion, "candidate": self.candidate})

    def _logs(self) -> list[float]:
        if not all((*self.champion, *self.candidate)):
            return []
        pairs = zip(self.champion, self.candidate, strict=True)
        return [math.log(b / a) for a, b in pairs]

    def __repr__(self) -> str:
        if math.isnan(self.ratio):
            return "<Latency undefined>"
        ends = ""
        if not math.isnan(self.lower):
            ends = f" [{self.lower:.2f}, {self.upper:.2f}]"
        a, b = (
            1e6 * math.fsum(took) / len(took) / self.n
            for took in (self.champion, self.candidate)
        )
        return (
            f"<Latency {self.ratio:.2f} times the champion's{ends}, {b:.3g} against "
            f"{a:.3g} µs a row, n {self.n}>"
        )


def latency(
    score_champion: Callable[[Any], Any],
    score_candidate: Callable[[Any], Any],
    frame: Any,
    *,
    repeats: int = 7,
    timer: Callable[[], float],
) -> Latency:
    """Time two models on the same rows, turn by turn.

    Each scores the rows once before anything is timed; who goes first changes from
    repeat to repeat.

    Parameters
    ----------
    score_champion, score_candidate : callable
        Take the rows and score them.
    frame : DataFrame or array of n rows
        Some hundreds of rows are enough.
    repeats : int
        2 or more.
    timer : callable
        Seconds, such as `time.perf_counter`.

    Returns
    -------
    Latency

    Raises
    ------
    ValueError
        When there are fewer than 2 repeats, or no rows.

    Examples
    --------
    >>> clock = iter([0, 1, 1, 3, 3, 5, 5, 6]).__next__
    >>> latency(len, len, [0.5, 0.7], repeats=2, timer=clock).candidate
    (2, 2)
    """
    if repeats < 2:
        raise ValueError(f"repeats must be 2 or more, got {repeats}; use 7")
    if not len(frame):
        raise ValueError("frame has no rows; time some hundreds")
    scorers = (score_champion, score_candidate)
    for scorer in scorers:
        scorer(frame)
    taken: tuple[list[float], list[float]] = ([], [])
    for repeat in range(repeats):
        for which in (0, 1) if repeat % 2 == 0 else (1, 0):
            start = timer()
            scorers[which](frame)
            taken[which].append(timer() - start)
    return Latency(tuple(taken[0]), tuple(taken[1]), len(frame))

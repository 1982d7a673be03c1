"""Counted: what the door did, as Prometheus reads it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

__all__ = ["BOUNDS", "Counted", "exposed"]

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds by which answers are counted."""

_Family = tuple[str, str, str, Iterable[tuple[Mapping[str, str], float]]]


class Counted:
    """Requests by what was asked and how it was answered, and how long that took.

    Only one thread adds, that of the loop.

    Examples
    --------
    >>> counted = Counted()
    >>> counted.add("feedback", 202, 0.002)
    >>> [row[1] for family in counted.families() for row in family[3]][:2]
    [1.0, 0.0]
    """

    def __init__(self) -> None:
        self._requests: dict[tuple[str, int], int] = {}
        self._seconds: dict[str, list[float]] = {}

    def add(self, asked: str, status: int, seconds: float) -> None:
        """One request that was answered."""
        key = (asked, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        held = self._seconds.get(asked)
        if held is None:
            held = self._seconds[asked] = [0.0] * (len(BOUNDS) + 2)
        held[bisect_left(BOUNDS, seconds)] += 1
        held[-1] += seconds

    def families(self) -> Iterator[_Family]:
        """What `exposed` writes."""
        yield (
            "lifecycle_door_requests_total",
            "counter",
            "Requests by what was asked and the answer's status.",
            [
                ({"asked": asked, "status": str(status)}, float(n))
                for (asked, status), n in sorted(self._requests.items())
            ],
        )
        yield (
            "lifecycle_door_request_seconds",
            "histogram",
            "Seconds from the request to its answer.",
            list(self._buckets()),
        )

    def _buckets(self) -> Iterator[tuple[Mapping[str, str], float]]:
        for asked, held in sorted(self._seconds.items()):
            total = 0.0
            for bound, n in zip((*map(str, BOUNDS), "+Inf"), held, strict=False):
                total += n
                yield {"asked": asked, "le": bound}, total
            yield {"asked": asked, "_": "sum"}, held[-1]
            yield {"asked": asked, "_": "count"}, total


def exposed(families: Iterable[_Family]) -> str:
    r"""Prometheus' text format.

    Parameters
    ----------
    families : iterable of (name, kind, help, samples)
        A sample is its labels and a value; the label `_` is a suffix of the name, and
        samples with `le` are buckets.

    References
    ----------
    Prometheus, Exposition formats, text-based format, version 0.0.4.

    Examples
    --------
    >>> print(exposed([("up", "gauge", "Here.", [({"a": 'x"'}, 1.0)])]))
    # HELP up Here.
    # TYPE up gauge
    up{a="x\""} 1
    <BLANKLINE>
    """
    lines = []
    for name, kind, help, samples in families:
        lines += [f"# HELP {name} {help}", f"# TYPE {name} {kind}"]
        for labels, value in samples:
            suffix = f"_{labels['_']}" if "_" in labels else ""
            suffix = "_bucket" if "le" in labels else suffix
            told = ",".join(
                f'{key}="{_escaped(word)}"'
                for key, word in labels.items()
                if key != "_"
            )
            lines.append(f"{name}{suffix}{{{told}}} {value:.15g}")
    return "\n".join(lines).replace("{}", "") + "\n"


def _escaped(word: str) -> str:
    return word.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

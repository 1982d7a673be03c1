"""Families: many columns that are one alert, and when it has grown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from lifecycle.findings import Findings
from lifecycle.registry import canonical

__all__ = ["Family", "grown", "told"]

_CLEARLY = 4  # one more for each so many that were told


@dataclass(frozen=True, repr=False)
class Family(Findings):
    """Findings that are one alert, and the columns it speaks of.

    Parameters
    ----------
    title, rows, summary, main, shown
        As of `Findings`.
    named : tuple of str
        What is beyond its threshold in the newest chunk: features, faults.

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> row = Finding("drifted columns", 2.0, 400, threshold=0.0, verdict="alert")
    >>> Family("Drift", (row,), "Two have drifted.", named=("age", "plan")).named
    ('age', 'plan')
    """

    named: tuple[str, ...] = ()


def told(findings: Findings, *, period: str) -> dict[str, Any]:
    """What an alert is about to tell of, as plain values; empty of no family."""
    if not isinstance(findings, Family):
        return {}
    names = sorted({canonical.words(name) for name in findings.named})
    return {"names": names, "in": period}


def grown(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Who joined since the last message, if they are many enough to be told of.

    One for each four that were told of, at least one; and not in a chunk in which
    something was told already. Who went and came back has not joined.

    Parameters
    ----------
    before, now : dict
        As `told` gives them.

    Examples
    --------
    >>> first = {"names": ["age", "plan"], "in": "2023-W14"}
    >>> grown(first, {"names": ["age", "town"], "in": "2023-W15"})
    ['town']
    >>> grown(first, {"names": ["age", "town"], "in": "2023-W14"})
    []
    """
    if "names" not in before:
        return []
    known: Collection[str] = before["names"]
    new = sorted(set(now.get("names", ())) - set(known))
    enough = len(new) * _CLEARLY >= max(1, len(known))
    later = str(now.get("in", "")) > str(before.get("in", ""))
    return new if new and enough and later else []

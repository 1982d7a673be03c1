"""The interval of a value between 0 and 1 whose variance is known."""

from __future__ import annotations

from lifecycle import intervals

__all__ = ["within"]


def within(
    value: float, variance: float, n: float, level: float
) -> tuple[float, float]:
    """Wilson's interval of the rows a plain proportion would need to vary as much.

    Of a value that does not vary it is that of `n` rows.
    """
    value = min(1.0, max(0.0, value))
    spread = value * (1 - value)
    size = spread / variance if variance > 0 and spread > 0 else float(n)
    return intervals.wilson(value * size, size, level=level)

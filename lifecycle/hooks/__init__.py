"""Models served elsewhere: who is told of a move, at least once and in order."""

from __future__ import annotations

__all__: list[str] = []

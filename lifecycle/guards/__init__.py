"""When a release must go back by itself: what is held against which bound."""

from __future__ import annotations

__all__: list[str] = []

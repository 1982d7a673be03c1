"""A trial of one version against another, honest at every look."""

from __future__ import annotations

__all__: list[str] = []

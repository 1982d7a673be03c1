"""Findings: numbers that carry their count, their interval and their verdict."""

from __future__ import annotations

from lifecycle.findings.rows import Finding, Findings, Verdict, judge
from lifecycle.findings.sheet import Sheet

__all__ = ["Finding", "Findings", "Sheet", "Verdict", "judge"]

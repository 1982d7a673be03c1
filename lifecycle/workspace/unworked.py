"""Guards that could not be worked out: which, and why, in one row."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from lifecycle.findings import Finding

__all__ = ["MEASURE", "UNWORKED", "asked", "row_of"]

UNWORKED = "guards"
"""Not a guard: those that could not be worked out."""
MEASURE = "guards not worked out"
_MOST = 200  # characters of what was raised


def asked(measure: str, ask: Callable[[], Finding]) -> tuple[Finding, str]:
    """What a guard says, and why it could not be worked out; empty where it could.

    A version that raises, or whose artefact is gone, is what guards are for: whatever
    its code raises may not silence those that only count, nor pass for quiet.
    """
    try:
        return ask(), ""
    except Exception as error:  # noqa: BLE001 - the code of a model, whatever it raises
        why = " ".join(f"{type(error).__name__}: {error}".split())[:_MOST]
        unknown = Finding(measure, math.nan, 0)
        return replace(unknown, subject=f"not worked out: {why}"), why


def row_of(why: Mapping[str, str], *, asked: int) -> Finding:
    """Those that could not be worked out as one row, however many they are.

    Parameters
    ----------
    why : mapping of str to str
        By the guard's name.
    asked : int
        Guards, with those that could.

    Examples
    --------
    >>> row_of({"scores": "KeyError", "constant": "KeyError"}, asked=7).subject
    'scores, constant (KeyError)'
    """
    told: dict[str, list[str]] = {}
    for name, words in why.items():
        told.setdefault(words, []).append(name)
    said = "; ".join(f"{', '.join(names)} ({words})" for words, names in told.items())
    return Finding(
        MEASURE, float(len(why)), asked, threshold=0.0, verdict="alert", subject=said
    )

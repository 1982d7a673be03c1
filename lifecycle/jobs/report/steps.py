"""What to do next, in one line, from what a run found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["Found", "following"]


class Found(Protocol):
    """What is needed of a result record."""

    model: Any
    notebook: Any
    verdict: Any
    facts: Any


def following(record: Found) -> str:
    """Say what to do next; nothing where nothing is to be done.

    A page of one's own says it by the fact "next". What is to be typed stands between
    backticks.

    Examples
    --------
    >>> from types import SimpleNamespace as Record
    >>> following(Record(model="leads", notebook="drift", verdict="alert", facts={}))
    'Weigh what could be done about it, in money: `lifecycle run decide leads`'
    >>> following(Record(model="leads", notebook="drift", verdict="quiet", facts={}))
    ''
    """
    told = record.facts.get("next")
    if isinstance(told, str) and told:
        return told
    if record.verdict != "alert":
        return ""
    if record.notebook in ("audit", "drift"):
        weigh = f"`lifecycle run decide {record.model}`"
        return f"Weigh what could be done about it, in money: {weigh}"
    action = record.facts.get("action")
    if action in ("retrain", "rebuild"):
        return (
            "A scheduled run makes the candidate and proposes it; by hand: "
            f"`lifecycle train {record.model}{_how(record.facts)}`"
        )
    if action == "roll_back":
        return f'To do it: `lifecycle rollback {record.model} --reason "…"`'
    return ""


def _how(facts: Mapping[str, Any]) -> str:
    recipe, span = facts.get("recipe"), facts.get("span")
    words = f" --recipe {recipe}" if recipe else ""
    return words + (f" --span {span}" if span else "")

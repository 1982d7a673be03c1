"""Continuous renewal: a candidate each chunk, whatever the ruling is; the same gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifecycle.workspace.view import View

__all__ = ["due"]


def due(view: View) -> Mapping[str, Any] | None:
    """What a continuous renewal makes now, as a ruling tells it; `None` if nothing.

    One candidate a chunk, and none in a chunk for which a ruling has made one already.
    Nothing before the first version, which takes a person.
    """
    told = view.settings.renewal
    if told.continuous == "off" or view.production is None or not len(view.scored):
        return None
    now = view.chunk_label(view.as_of)
    for renewal in view.registry.renewals(view.name)[::-1]:
        if view.chunk_label(renewal.as_of) < now:
            break
        if renewal.why == "continuous" or renewal.version is not None:
            return None
    span, chunk = told.continuous_span, view.settings.chunk
    facts: dict[str, Any] = {"action": "retrain", "recipe": "", "span": span}
    words = f"refit on the last {span} {chunk}s"
    if told.continuous == "update":
        facts |= {"span": None, "go_on": True}
        words = f"version {view.production.number} went on learning"
    return {**facts, "sentence": f"Continuous renewal: {words}."}

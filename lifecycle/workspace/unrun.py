"""Runs of the clock that came to no end, in words: lost, skipped, tried again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from lifecycle.jobs import index

if TYPE_CHECKING:
    from lifecycle import registry

__all__ = ["lines", "sentences"]


def sentences(runs: Sequence[registry.Run]) -> tuple[str, ...]:
    """What is said of pages whose newest slot was not run to its end, one each.

    Parameters
    ----------
    runs : sequence of Run
        Of one model, newest first.
    """
    newest: dict[str, registry.Run] = {}
    for run in runs:
        if run.slot is not None or run.attempt:
            newest.setdefault(run.notebook, run)
    return tuple(
        _said(run)
        for run in newest.values()
        if run.status in ("waiting", "lost", "skipped")
    )


def _said(run: registry.Run) -> str:
    slot = f" for {run.slot:%Y-%m-%d %H:%M} UTC" if run.slot else ""
    again = ""
    if run.next_try is not None:
        again = f"; it is tried again from {run.next_try:%Y-%m-%d %H:%M} UTC"
    state = "waits" if run.status == "waiting" else f"was {run.status}"
    why = f": {run.summary.rstrip('.')}" if run.summary else ""
    return f"{run.model}: {run.notebook}{slot} {state}{why}{again}"


def lines(runs: Sequence[registry.Run]) -> Iterator[index.MoveLine]:
    """A line of history for each run that was lost or waits; skipped ones together.

    Parameters
    ----------
    runs : sequence of Run
        Of one model, newest first.
    """
    for run in runs:
        if run.status in ("waiting", "lost"):
            yield _line(run, f"{run.notebook} {run.status}", run.summary)
    pages = sorted({run.notebook for run in runs if run.slot is not None})
    for page in pages:
        mine = sorted(
            (run for run in runs if run.notebook == page and run.slot is not None),
            key=lambda run: run.as_of,
        )
        for status, group in groupby(mine, key=lambda run: run.status):
            if status == "skipped":
                some = list(group)
                what, why = f"{page} skipped", some[-1].summary
                if len(some) > 1:
                    what += f" {len(some)} times"
                    why += f"; since {some[0].as_of:%Y-%m-%d %H:%M} UTC"
                yield _line(some[-1], what, why)


def _line(run: registry.Run, what: str, why: str) -> index.MoveLine:
    return index.MoveLine(
        at=run.as_of, model=run.model, what=what, why=why, verdict=run.status
    )

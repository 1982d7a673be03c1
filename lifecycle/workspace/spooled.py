"""What waits in the spool of a model comes into its log, whoever left it there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from lifecycle import errors, logs, routing
from lifecycle.workspace import health, saying, shadows

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.workspace.desk import Workspace

__all__ = ["Settled", "folder", "settle", "shadow"]

_TOGETHER = 100_000  # rows that are brought to the log in one commit


@dataclass(frozen=True, slots=True)
class Settled:
    """What was brought from the spool to the log.

    Parameters
    ----------
    rows_new, rows_same : int
        Rows added; rows that the log had already, after a crash.
    rows_otherwise : int
        Rows whose id had been told something else before: the first stays.
    rows_refused : int
        Rows set aside, because a feature changed its type.
    shadowed : int
        Rows that the shadow version scored.
    troubles : tuple of str
        A sentence each.
    """

    rows_new: int = 0
    rows_same: int = 0
    rows_otherwise: int = 0
    rows_refused: int = 0
    shadowed: int = 0
    troubles: tuple[str, ...] = ()

    def __add__(self, other: Settled) -> Settled:
        return Settled(
            self.rows_new + other.rows_new,
            self.rows_same + other.rows_same,
            self.rows_otherwise + other.rows_otherwise,
            self.rows_refused + other.rows_refused,
            self.shadowed + other.shadowed,
            (*self.troubles, *other.troubles),
        )


def folder(workspace: Workspace, name: str) -> Path:
    """Where a model's predictions wait."""
    return workspace.log_folder(name) / "spool"


def settle(
    workspace: Workspace,
    name: str,
    *,
    at: datetime,
    tally: routing.Tally | None = None,
) -> Settled:
    """Bring what waits in the spool to the log, each prediction once.

    Segments that a living router is still writing are left to it; those of a process
    that died are taken. Several processes may do this at once, and be killed at it.
    A version in shadow then scores the rows that were brought; its scores are kept by
    the prediction's id (`shadows.scores`), and where it raises that is counted.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    at : datetime
        Whose hour the shadow's faults are counted in.
    tally : Tally, optional
        Counts the shadow; written beside the log at once where not given.

    Returns
    -------
    Settled
        What could not be brought stays where it is, with a sentence in `troubles`.
    """
    paths = logs.waiting(folder(workspace, name))
    done = Settled()
    if not paths:
        return done
    counted = routing.Tally() if tally is None else tally
    log = workspace.logs(name)
    while paths and not done.troubles:
        with ExitStack() as stack:
            segments: list[logs.Segment] = []
            while paths and sum(each.rows.num_rows for each in segments) < _TOGETHER:
                segment = stack.enter_context(logs.taken(paths.pop(0)))
                if segment is not None:
                    segments.append(segment)
            if segments:
                done += _landed(workspace, name, log, segments, at, counted)
    if tally is None and counted.counts:
        token = f"settled-{at.timestamp() * 1e6:.0f}-{id(counted):x}"
        health.write(workspace, name, counted, token=token)
    return done


def _landed(
    workspace: Workspace,
    name: str,
    log: logs.Logs,
    segments: Sequence[logs.Segment],
    at: datetime,
    tally: routing.Tally,
) -> Settled:
    import pyarrow as pa

    kept = [each.rows for each in segments if each.rows.num_rows]
    if not kept:
        for segment in segments:
            segment.drop()
        return Settled()
    try:
        rows = pa.concat_tables(kept, promote_options="default")
        found = logs.land(log, rows)
    except (errors.InputError, pa.ArrowTypeError) as error:
        if len(segments) > 1:
            done = Settled()
            for segment in segments:
                done += _landed(workspace, name, log, [segment], at, tally)
            return done
        aside = segments[0].set_aside()
        told = " ".join(str(error).split())
        return Settled(
            rows_refused=kept[0].num_rows,
            troubles=(f"{name}: {aside} was set aside, the log refuses it: {told}",),
        )
    except errors.LifecycleError as error:
        return Settled(troubles=(f"{name}: {error}",))
    for segment in segments:
        segment.drop()
    done = Settled(found.rows_new, found.rows_same, found.rows_otherwise)
    if "shadow" not in workspace.registry.roles(name):
        return done
    return replace(done, shadowed=shadow(workspace, name, rows.to_pandas(), at, tally))


def shadow(
    workspace: Workspace,
    name: str,
    rows: pd.DataFrame,
    at: datetime,
    tally: routing.Tally,
) -> int:
    """Let the version in shadow score logged rows, where there is one; how many."""
    import numpy as np

    role = workspace.registry.roles(name).get("shadow")
    if role is None:
        return 0
    number, n, began = str(role.number), len(rows), perf_counter()
    hour = health.hour_of(at)
    try:
        version = workspace.registry.version(name, role.number)
        scores = saying.plain(version, shadows.scores(workspace, name, version, rows))
    # A model is code of others; what it does in shadow must not keep rows from the log.
    except Exception:  # noqa: BLE001
        spent = perf_counter() - began
        tally.add(number, "shadow", hour, rows=n, errors=n, seconds=spent)
        return 0
    spent, finite = perf_counter() - began, scores[np.isfinite(scores)]
    ends = (
        (float(finite.min()), float(finite.max()), float(finite.sum()))
        if finite.size
        else None
    )
    gone = int(scores.size - finite.size)
    tally.add(number, "shadow", hour, rows=n, missing=gone, seconds=spent, scores=ends)
    return n

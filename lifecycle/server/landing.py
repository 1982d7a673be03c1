"""Landing: what was acknowledged comes into the logs, whoever took it in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lifecycle import errors, logs
from lifecycle.logs.desk import strings
from lifecycle.logs.schema import KEYS, derived_ids
from lifecycle.server.shapes import name_of, truth

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle import config
    from lifecycle.workspace import Workspace

__all__ = ["Landed", "folder", "land"]

_TOGETHER = 8 * 2**20  # bytes of segments that are brought to the logs in one commit
_WRONG = (
    errors.InputError,
    errors.UnknownModel,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
)
"""What a body that should not have been taken may end in."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What was brought from the door's spool to the logs.

    Parameters
    ----------
    rows_new, rows_same, rows_changed : int
        Rows added; rows that were there already; rows that replaced another.
    refused : int
        Requests set aside, because the log does not take them.
    troubles : tuple of str
        A sentence each.

    Examples
    --------
    >>> Landed(3, 1) + Landed(2)
    Landed(rows_new=5, rows_same=1, rows_changed=0, refused=0, troubles=())
    """

    rows_new: int = 0
    rows_same: int = 0
    rows_changed: int = 0
    refused: int = 0
    troubles: tuple[str, ...] = ()

    def __add__(self, other: Landed) -> Landed:
        return Landed(
            self.rows_new + other.rows_new,
            self.rows_same + other.rows_same,
            self.rows_changed + other.rows_changed,
            self.refused + other.refused,
            (*self.troubles, *other.troubles),
        )


def folder(workspace: Workspace) -> Path:
    """Where what the door took waits for the logs."""
    return workspace.directory / "logs" / ".door"


def land(workspace: Workspace) -> Landed:
    """Bring what the door took into the logs.

    Segments that a living door is still writing are left to it; those of one that died
    are taken. Several processes may do this at once, and be killed at it: a segment is
    removed after the log's disk has its rows, and a row that comes again is the same
    row.

    Parameters
    ----------
    workspace : Workspace

    Returns
    -------
    Landed
        What could not be brought stays where it is, with a sentence in `troubles`;
        what a log refuses is set aside under another name.
    """
    paths = logs.waiting(folder(workspace))
    done = Landed()
    while paths and not done.troubles:
        with ExitStack() as stack:
            segments: list[logs.Segment] = []
            size = 0
            while paths and size < _TOGETHER:
                segment = stack.enter_context(logs.taken(paths.pop(0)))
                if segment is not None:
                    segments.append(segment)
                    size += segment.rows.nbytes
            done += _brought(workspace, segments)
    return done


def _brought(workspace: Workspace, segments: list[logs.Segment]) -> Landed:
    notes = [note for each in segments for note in each.rows.to_pylist()]
    try:
        done = _landed(workspace, notes)
    except _WRONG:
        if len(segments) == 1:
            return _one_by_one(workspace, segments[0], notes)
        done = Landed()
        for segment in segments:
            done += _brought(workspace, [segment])
        return done
    except errors.LifecycleError as error:
        return Landed(troubles=(str(error),))
    for segment in segments:
        segment.drop()
    return done


def _one_by_one(
    workspace: Workspace, segment: logs.Segment, notes: list[dict[str, Any]]
) -> Landed:
    """Bring what can be brought: one request must not stand in the way of others."""
    done, refused = Landed(), []
    for note in notes:
        try:
            done += _landed(workspace, [note])
        except _WRONG as error:
            refused.append((note, " ".join(str(error).split())[:200]))
        except errors.LifecycleError as error:
            return done + Landed(troubles=(str(error),))
    if not refused:
        segment.drop()
        return done
    aside, (note, why) = segment.set_aside(), refused[0]
    return done + Landed(
        refused=len(refused),
        troubles=(
            f"{aside} was set aside for {len(refused):,} of its requests, the first "
            f"{note['request']} of {note['source']}: {why}",
        ),
    )


def _landed(workspace: Workspace, notes: list[dict[str, Any]]) -> Landed:
    done = Landed()
    for (model, table, stamped), frame in _frames(workspace, notes):
        found = logs.bring(workspace.logs(model), table, frame, stamped=stamped)
        done += Landed(found.rows_new, found.rows_same, found.rows_changed)
    return done


class _Rows(NamedTuple):
    """Rows of one table, in the order in which they came, and who sent each."""

    rows: list[dict[str, Any]]
    sources: list[str]
    times: list[str]


def _frames(
    workspace: Workspace, notes: list[dict[str, Any]]
) -> Iterator[tuple[tuple[str, str, bool], pd.DataFrame]]:
    """Rows by model and table; outcomes without a time of their own for themselves."""
    held: dict[tuple[str, str, bool], _Rows] = {}
    for note in sorted(notes, key=lambda note: float(note["at"])):
        told = json.loads(note["body"])
        at = datetime.fromtimestamp(note["at"], UTC).isoformat()
        found = told if isinstance(told, list) else [told]
        stamped = [row for row in found if "time" not in row]
        if note["table"] != "outcomes" or not stamped:
            parts = [(False, found)]
        else:
            dated = [row for row in found if "time" in row]
            parts = [(True, stamped), (False, dated)]
        for undated, rows in parts:
            key = (note["model"], note["table"], undated)
            into = held.setdefault(key, _Rows([], [], []))
            into.rows.extend(rows)
            into.sources.extend([note["source"]] * len(rows))
            into.times.extend([row.get("time", at) for row in rows])
    for key, each in sorted(held.items()):
        yield key, _frame(key[1], workspace.model(key[0]), each)


def _frame(table: str, model: config.Model, told: _Rows) -> pd.DataFrame:
    """The log's own columns; of rows with the same key the one that came last."""
    import numpy as np
    import pandas as pd

    rows = told.rows
    moments = pd.to_datetime(told.times, utc=True, format="ISO8601")
    frame = pd.DataFrame(
        {
            "id": _texts([name_of(row["id"]) for row in rows]),
            "time": moments.astype("datetime64[us, UTC]"),
        }
    )
    if table == "outcomes":
        frame["outcome"] = _truths(model, [row["outcome"] for row in rows])
    else:
        frame["kind"] = _texts([row["kind"] for row in rows])
    if table == "feedback":
        frame["label"] = _truths(model, [row.get("label") for row in rows])
        for name in ("person", "reason"):
            frame[name] = _texts([row.get(name) for row in rows])
        frame["source"] = _texts(told.sources)
    if table == "events":
        values = (row.get("value") for row in rows)
        frame["value"] = [np.nan if each is None else float(each) for each in values]
    if table != "outcomes":
        name = KEYS[table][0]
        # two systems may count from the same number: an id is known by its source too
        given = [
            f"{source}:{name_of(row[name])}" if name in row else None
            for row, source in zip(rows, told.sources, strict=True)
        ]
        lacking = np.array([each is None for each in given])
        if lacking.any():
            derived = iter(derived_ids(frame[lacking], table))
            given = [next(derived) if each is None else each for each in given]
        frame[name] = _texts(given)
    return frame.drop_duplicates(list(KEYS[table]), keep="last").reset_index(drop=True)


def _texts(values: list[Any]) -> pd.Series:
    return strings(
        [each if type(each) is str or each is None else str(each) for each in values]
    )


def _truths(model: config.Model, values: list[Any]) -> Any:
    import numpy as np

    if model.task == "multiclass":
        return _texts(values)
    if model.task == "regression":
        return [np.nan if each is None else float(each) for each in values]
    meaning = truth(model.positive)
    known: dict[tuple[type, Any], float] = {(type(None), None): np.nan}
    for each in values:
        if (type(each), each) not in known:
            known[type(each), each] = meaning(each)
    return [known[type(each), each] for each in values]

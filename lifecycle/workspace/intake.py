"""What comes into a workspace: files into the log, with what is odd about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lifecycle import config, errors, logs
from lifecycle.logs import problems, readers, rejects
from lifecycle.workspace import clashes

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.workspace.desk import Workspace

__all__ = ["Ingested", "columns", "ingest"]

TABLES = ("predictions", "outcomes", "feedback", "events")
KEPT = "predictions"
"""The table whose rows are for ever; those of the others may be corrected."""
SHOWN = 5
"""How many unread columns are named."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of the rows that came in.

    Parameters
    ----------
    new, same, changed : int
        Rows added, rows that were there already, rows that replaced another.
    bad : int
        Rows set aside because they could not be believed.
    written : Path or None
        Where those went, each with its reason.
    remarks : tuple of str
        What is odd about the file's columns, and no fault.

    Examples
    --------
    >>> print(Ingested(398, 2, 0))
    398 new, 2 unchanged
    """

    new: int
    same: int
    changed: int
    bad: int = 0
    written: Path | None = None
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = f"{self.new:,} new, {self.same:,} unchanged"
        if self.changed:
            words += f", {self.changed:,} corrected"
        if self.bad:
            rows = "row" if self.bad == 1 else "rows"
            words += f", {self.bad:,} bad {rows} set aside in {self.written}"
        return words


def columns(model: config.Model) -> logs.Columns:
    """The user's names of the columns, as the settings tell them."""
    return logs.Columns(
        id=model.id,
        time=model.time,
        score=model.score,
        prediction=model.prediction,
        version=model.version,
        outcome=model.outcome,
        outcome_time=model.outcome_time,
        numeric=model.features.numeric,
        categorical=model.features.categorical,
        text=model.features.text,
        offered_numeric=model.features.offered_numeric,
        offered_categorical=model.features.offered_categorical,
        positive=model.positive,
        threshold=model.threshold,
        task=model.task,
    )


def ingest(
    workspace: Workspace,
    name: str,
    table: str,
    source: Path | str | pd.DataFrame,
    *,
    as_of: datetime,
    skip_bad: bool = False,
) -> Ingested:
    """Take a file, or a frame with canonical columns, into the log of a model.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    table : {"predictions", "outcomes", "feedback", "events"}
        A frame of outcomes carries the times at which they became known.
    source : Path or DataFrame
        CSV, Parquet or JSON Lines with the user's column names; a frame must have
        the log's own names already.
    as_of : datetime
        When an outcome without a time of its own became known.
    skip_bad : bool
        Take the good rows and write the bad ones beside the file.

    Raises
    ------
    InputError
        One sentence a problem: file, line or column, and remedy.
    """
    if table not in TABLES:
        raise errors.BadParameters(
            f"{table!r} is not a table; choose one of {', '.join(TABLES)}"
        )
    model = workspace.model(name)
    log = workspace.logs(name)
    if isinstance(source, str):
        source = Path(source)
    if not isinstance(source, Path):
        done = log.append(table, source)
        return Ingested(done.rows_new, done.rows_same, done.rows_changed)
    names = columns(model)
    kind = cast("logs.Kind", table)
    incoming = logs.read_file(
        source,
        kind=kind,
        columns=names,
        as_of=as_of,
        timezone=workspace.settings.workspace.timezone,
        skip_bad=skip_bad,
        known=None if table == "predictions" else log.predictions(columns=["id"])["id"],
    )
    bad, written, frame = incoming.bad, incoming.written, incoming.frame
    try:
        done = log.append(table, frame, stamped=incoming.stamped)
    except errors.InputError:
        clashing = _clashing(log, incoming) if kind == KEPT else {}
        if not clashing:
            raise
        found = clashes.problems_of(
            source.name, names.id, frame["id"], clashing, incoming.lines
        )
        if not skip_bad:
            raise problems.refusal(found) from None
        bad = (*bad, *found)
        raw = readers.read(source, wanted=names.wanted(kind), needed=names.needed(kind))
        written = rejects.write_bad(source, raw, bad)
        done = log.append(table, frame.drop(index=list(clashing)))
    return Ingested(
        done.rows_new,
        done.rows_same + incoming.repeated,
        done.rows_changed,
        len({problem.line for problem in bad}),
        written,
        tuple(_remarks(model, kind, incoming)),
    )


def _clashing(log: logs.Logs, incoming: logs.Incoming) -> dict[int, str]:
    """The rows of a file that say something else than the log, with the reason."""
    told = clashes.stored(log, incoming.frame)
    rows = incoming.frame
    for name in [column for column in told if column not in rows]:
        rows = rows.assign(**{str(name): None})
    return clashes.find(told, rows)


def _remarks(
    model: config.Model, kind: logs.Kind, incoming: logs.Incoming
) -> Iterator[str]:
    """What a person may have meant otherwise: absent columns, and unread ones.

    History has no score, prediction or version; that they are absent is worth a
    word only where the settings give them a name of their own, or one is there
    without the other.
    """
    absent = set(incoming.absent)
    if kind == "outcomes" and model.outcome_time in absent:
        yield (
            f"no column {model.outcome_time!r} (outcome_time); these outcomes count "
            "as known from now"
        )
    if kind == "outcomes":  # it may be the file of the predictions
        return
    if kind != KEPT:
        yield from _unread(incoming.ignored)
        return
    for key in ("score", "prediction", "version"):
        name = getattr(model, key)
        if name in absent and name != key:
            yield f"no column {name!r} ({key} in the settings)"
        elif key == "score" and name in absent and model.prediction not in absent:
            yield f"no column {name!r}: ROC AUC and calibration stay undefined"
    others = {model.outcome, model.outcome_time}
    yield from _unread([name for name in incoming.ignored if name not in others])


def _unread(unread: Sequence[str]) -> Iterator[str]:
    if unread:
        more = f" and {len(unread) - SHOWN} more" if len(unread) > SHOWN else ""
        yield f"not read: {', '.join(unread[:SHOWN])}{more}"

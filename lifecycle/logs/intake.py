"""Intake: one file becomes a canonical frame, or an error that says what to mend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lifecycle.logs.columns import Columns, Kind
from lifecycle.logs.desk import CANON, FEEDBACK_KINDS, Desk, strings
from lifecycle.logs.problems import Problem, refusal
from lifecycle.logs.readers import read
from lifecycle.logs.rejects import write_bad
from lifecycle.logs.schema import KEYS, derived_ids

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["FEEDBACK_KINDS", "Incoming", "read_file", "unknown_ids"]


@dataclass(frozen=True)
class Incoming:
    """What a file brought.

    Parameters
    ----------
    frame : DataFrame
        The good rows in canonical columns, in the file's order.
    bad : tuple of Problem
        What was wrong; empty unless bad rows were to be skipped.
    written : Path or None
        Where the bad rows went.
    ignored : tuple of str
        Columns of the file that nobody asked for.
    absent : tuple of str
        Columns the settings name, not needed, and not in the file.
    repeated : int
        Rows left out because the same row stands above them.
    lines : tuple of int
        The line (or row) of the file each row of the frame came from.
    stamped : bool
        Whether the outcomes had no time of their own and got `as_of`; hand it on
        to `Logs.append`, which then keeps only what is new.
    """

    frame: pd.DataFrame
    bad: tuple[Problem, ...] = ()
    written: Path | None = None
    ignored: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    repeated: int = 0
    lines: tuple[int, ...] = field(default=(), repr=False)
    stamped: bool = False

    def __repr__(self) -> str:
        words = f"{len(self.frame)} rows"
        words += f", {self.repeated} repeated" if self.repeated else ""
        words += f", {len({p.line for p in self.bad})} bad" if self.bad else ""
        words += f", {len(self.ignored)} columns ignored" if self.ignored else ""
        return f"<Incoming {words}>"


def read_file(
    path: str | Path,
    *,
    kind: Kind,
    columns: Columns,
    as_of: datetime,
    timezone: str = "UTC",
    skip_bad: bool = False,
    known: Iterable[str] | None = None,
) -> Incoming:
    r"""Read a CSV, Parquet or JSON Lines file into the house's own columns.

    Parameters
    ----------
    path : path-like
        Ends in .csv, .parquet, .pq, .jsonl, .ndjson or .json.
    kind : {"predictions", "outcomes", "feedback", "events"}
        What the rows are.
    columns : Columns
        What the file calls things.
    as_of : datetime with a zone
        When outcomes without a time of their own became known.
    timezone : str
        Where clocks stood for times without an offset.
    skip_bad : bool
        Keep the good rows, and write the others beside the file as
        `NAME.bad.csv` with the reason in the last column.
    known : iterable of str, optional
        Ids that have a prediction; rows with another id are bad then.

    Returns
    -------
    Incoming

    Raises
    ------
    InputError
        One sentence for each problem (the first twenty), with line and remedy.

    Notes
    -----
    Empty cells are missing, and in numbers also NA, NaN, null and None. Rows that
    say the same twice are kept once; rows that share a key and differ are bad.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "won.csv")
    >>> _ = path.write_text("lead,won\n7,yes\n8,perhaps\n")
    >>> names = Columns(id="lead", outcome="won")
    >>> now = datetime(2023, 4, 3, tzinfo=UTC)
    >>> read_file(path, kind="outcomes", columns=names, as_of=now)
    Traceback (most recent call last):
    lifecycle.errors.InputError: won.csv: line 3, column 'won': 'perhaps' is neither
    0/1, true/false nor yes/no; write one of these
    >>> read_file(path, kind="outcomes", columns=names, as_of=now, skip_bad=True)
    <Incoming 1 rows, 1 bad>
    >>> folder.cleanup()
    """
    import numpy as np
    import pandas as pd

    if as_of.tzinfo is None:
        raise ValueError(f"as_of must carry a zone, got {as_of!r}")
    ZoneInfo(timezone)
    path = Path(path)
    raw = read(path, wanted=columns.wanted(kind), needed=columns.needed(kind))
    desk = Desk(raw)
    frame = pd.DataFrame(CANON[kind](desk, columns, as_of, timezone))
    if known is not None:
        _check_known(desk, frame, columns, kind, known)
    good = np.ones(len(frame), dtype=bool)
    good[list(desk.bad)] = False
    if kind in ("feedback", "events"):
        _fill_ids(frame, kind, good, words=columns.task == "multiclass")
    kept = _check_keys(desk, frame, columns, kind, good)
    good &= kept
    good[list(desk.bad)] = False
    problems = (*raw.broken, *desk.problems)
    written = None
    if problems and not skip_bad:
        raise refusal(problems)
    if problems:
        written = write_bad(path, raw, problems)
    wanted = columns.wanted(kind)
    return Incoming(
        frame[good].reset_index(drop=True),
        tuple(sorted(problems, key=lambda problem: problem.line)),
        written,
        tuple(name for name in raw.header if name not in wanted),
        tuple(name for name in columns.optional(kind) if name not in raw.header),
        int((~kept).sum()),
        tuple(np.asarray(raw.lines, dtype=int)[good].tolist()),
        kind == "outcomes" and columns.outcome_time not in raw.header,
    )


def unknown_ids(frame: pd.DataFrame, predictions: pd.DataFrame) -> tuple[str, ...]:
    """Ids in `frame` for which there is no prediction, each once, in their order.

    Examples
    --------
    >>> import pandas as pd
    >>> truth = pd.DataFrame({"id": ["7", "8", "8"]})
    >>> unknown_ids(truth, pd.DataFrame({"id": ["7"]}))
    ('8',)
    """
    strange = frame.loc[~frame["id"].isin(predictions["id"]), "id"]
    return tuple(strange.drop_duplicates())


def _check_known(
    desk: Desk, frame: pd.DataFrame, columns: Columns, kind: Kind, known: Iterable[str]
) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = pa.array(frame["id"], type=pa.string())
    told = known if hasattr(known, "__len__") else list(known)
    there = pc.is_in(ids, value_set=pa.array(told, type=pa.string()))
    strange = pc.and_(ids.is_valid(), pc.invert(there)).to_numpy(zero_copy_only=False)
    reason = f"has no prediction; ingest its predictions before its {kind}"
    desk.note(strange, reason, columns.id)


def _fill_ids(
    frame: pd.DataFrame, kind: Kind, good: npt.NDArray[np.bool_], *, words: bool
) -> None:
    """Derive the ids that are not given, of the rows that are whole."""
    key = KEYS[kind][0]
    lacking = frame[key].isna().to_numpy(dtype=bool) & good
    if lacking.any():
        given = frame[key].astype(object).where(frame[key].notna(), None)
        ids = given.to_numpy(copy=True)
        ids[lacking] = derived_ids(frame[lacking], kind, words=words)
        frame[key] = strings(ids.tolist())


def _check_keys(
    desk: Desk,
    frame: pd.DataFrame,
    columns: Columns,
    kind: Kind,
    good: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Rows to keep, one of each; rows that share a key and differ are noted."""
    import numpy as np

    keys, whole = list(KEYS[kind]), frame[good]
    again = whole.duplicated(keys, keep=False)
    kept = np.ones(len(frame), dtype=bool)
    if not again.any():
        return kept
    doubled = whole[again]
    same = doubled.duplicated(keep="first")
    kept[doubled.index[same]] = False
    rest = doubled[~same]
    key = {"feedback": columns.feedback_id, "events": columns.event_id}.get(
        kind, columns.id
    )
    for _, rows in rest.groupby(keys, sort=False):
        _differ(desk, rows.index.tolist(), rows[keys[0]].iloc[0], key)
    return kept


def _differ(desk: Desk, rows: Sequence[int], value: str, column: str) -> None:
    if len(rows) < 2:
        return
    for index in rows:
        other = desk.raw.lines[rows[0] if index != rows[0] else rows[1]]
        reason = f"is also on {desk.raw.place} {other}, but differs; keep the right one"
        desk.refuse(index, reason, column, value)

"""Readers: a file becomes columns and the line each row begins on.

CSV goes through the standard library's parser, which counts physical lines also
inside quoted fields. A line that cannot be read never takes its neighbours along:
after a quote that does not close, reading starts again on the line below.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle.errors import InputError
from lifecycle.logs.problems import Problem, plain, refusal, shown

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Raw", "read"]

SUFFIXES = {
    ".csv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}
DAMAGED = re.compile("[\ud800-\udfff]")
MOST_TEXT = 2**30
"""Bytes of a text file, which is read as a whole."""
MOST_LINE = 1_000_000
"""Characters of a line: a row of thousands of columns has room in it."""
MOST_CELLS = 200_000_000
"""Values of a Parquet file, which can promise any number of them in a few bytes."""
TOO_LONG = f"is longer than {MOST_LINE:,} characters; write one row a line"
UNREADABLE = "is not UTF-8; save the file with the encoding UTF-8"


@dataclass
class Raw:
    """What a file holds, before anything is believed.

    Parameters
    ----------
    file : str
        The file's name.
    place : str
        What `lines` counts: "line" or "row".
    header : tuple of str
        All columns of the file.
    table : pyarrow.Table
        The wanted columns that are there; text, or Parquet's own types.
    lines : list of int
        Where each row of `table` begins, from 1.
    broken : list of Problem
        Lines that could not be read as rows.
    """

    file: str
    place: str
    header: tuple[str, ...]
    table: pa.Table
    lines: Sequence[int]
    broken: list[Problem] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    ends: dict[int, int] = field(default_factory=dict)


def read(path: Path, *, wanted: Iterable[str], needed: Iterable[str]) -> Raw:
    """Read the wanted columns of a CSV, Parquet or JSON Lines file.

    Raises
    ------
    InputError
        When the file as a whole cannot be taken: absent, empty, half written, of
        an unknown kind, without a needed column.
    """
    form = SUFFIXES.get(path.suffix.lower())
    name = plain(path.name)
    if form is None:
        raise InputError(
            f"{name}: files ending in {shown(path.suffix)} are not read; "
            "give a .csv, .parquet or .jsonl file"
        )
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise InputError(
            f"{name}: cannot be read ({error.strerror}); check path and permissions"
        ) from error
    if not start:
        raise InputError(f"{name}: the file is empty; export it again")
    if (start == b"PAR1") != (form == "parquet") and start == b"PAR1":
        raise InputError(f"{name}: is a Parquet file; rename it to end in .parquet")
    if form != "parquet" and start[:2] in (b"\x1f\x8b", b"PK"):
        raise InputError(f"{name}: is compressed; unpack it first")
    reader = {"csv": _csv, "json": _json, "parquet": _parquet}[form]
    raw = reader(path, tuple(wanted), tuple(needed))
    if not raw.lines and not raw.broken:
        raise InputError(f"{name}: there is no row in the file; export it again")
    return raw


def _lines(path: Path) -> tuple[list[str], bool]:
    """The physical lines of a text file, and whether some bytes are not UTF-8.

    Those bytes become surrogates, so that they can be written as they were.
    """
    if path.stat().st_size > MOST_TEXT:
        raise InputError(
            f"{plain(path.name)}: is larger than {MOST_TEXT // 2**20:,} MB; split it, "
            "or write it as Parquet"
        )
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(
            f"{plain(path.name)}: is UTF-16; save the file with the encoding UTF-8"
        )
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip(b"\r\n\t \0"):
        raise InputError(f"{plain(path.name)}: the file is empty; export it again")
    text = data.decode("utf-8", errors="surrogateescape")
    damaged = not data.isascii() and DAMAGED.search(text) is not None
    return list(io.StringIO(text, newline="")), damaged


def _header(
    file: str, header: Sequence[str], wanted: Sequence[str], needed: Sequence[str]
) -> None:
    """Refuse a file that lacks a needed column or carries a wanted one twice."""
    import difflib

    problems = []
    for column in dict.fromkeys(needed):
        if column not in header:
            close = difflib.get_close_matches(column, header, n=1)
            folded = [name for name in header if name.lower() == column.lower()]
            near = (folded or close)[:1]
            hint = f" (there is {shown(near[0])})" if near else ""
            problems.append(
                f"{plain(file)}: column {shown(column)} is missing{hint}; "
                "add it, or name the right column in the settings"
            )
    if problems and len(header) == 1 and re.search("[;\t|]", header[0]):
        problems = [
            f"{plain(file)}: line 1: the columns are not separated by commas; "
            "save the file as CSV with commas"
        ]
    problems += [
        f"{plain(file)}: column {shown(column)} is there twice; remove one"
        for column in dict.fromkeys(wanted)
        if list(header).count(column) > 1
    ]
    if problems:
        raise InputError(problems)


def _csv(path: Path, wanted: tuple[str, ...], needed: tuple[str, ...]) -> Raw:
    import pyarrow as pa

    file, (lines, damaged) = path.name, _lines(path)
    for number, line in enumerate(lines, 1):
        if len(line) > MOST_LINE:
            raise InputError(f"{plain(file)}: line {number} {TOO_LONG}")
    header, first = _csv_header(file, lines)
    _header(file, header, wanted, needed)
    present = [column for column in dict.fromkeys(wanted) if column in header]
    picked = [header.index(column) for column in present]
    raw = Raw(file, "line", tuple(header), None, [], source=lines)
    starts: list[int] = []
    rows: list[list[str]] = []
    for start, end, row, reason in _records(
        file, lines, first, len(header), damaged=damaged
    ):
        raw.ends[start + 1] = end
        if reason:
            raw.broken.append(Problem(file, reason, start + 1))
        else:
            starts.append(start + 1)
            rows.append([row[index] for index in picked])
    columns = list(zip(*rows, strict=True)) or [() for _ in picked]
    arrays = [pa.array(column, pa.string()) for column in columns]
    raw.table, raw.lines = pa.table(dict(zip(present, arrays, strict=True))), starts
    return raw


def _csv_header(file: str, lines: list[str]) -> tuple[list[str], int]:
    """The names in the first line that is not blank, and the index after it."""
    reader = csv.reader(lines, strict=True)
    try:
        header = next(row for row in reader if any(cell.strip() for cell in row))
    except (csv.Error, StopIteration) as error:
        raise InputError(
            f"{plain(file)}: line 1 is not a header; "
            "the first line must hold the column names, separated by commas"
        ) from error
    if any(DAMAGED.search(name) or "\0" in name for name in header):
        raise InputError(f"{plain(file)}: line {reader.line_num} {UNREADABLE}")
    return [name.strip() for name in header], reader.line_num


def _records(
    file: str, lines: list[str], first: int, width: int, *, damaged: bool
) -> Iterable[tuple[int, int, list[str], str]]:
    """(index of the first line, index after the last, fields, what is wrong)."""
    position, wasted = first, 0
    while position < len(lines):
        rest = map(lines.__getitem__, range(position, len(lines)))
        reader = csv.reader(rest, strict=True)
        done = 0
        while True:
            start, row, reason = position + done, [], ""
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                reason = (
                    "holds a field longer than 131072 characters; shorten it"
                    if "limit" in str(error)
                    else "has quotes that do not match; double quotes inside fields"
                )
            done = reader.line_num
            if not reason and len(row) <= 1 and not "".join(row).strip():
                continue
            if not reason and len(row) != width:
                reason = (
                    f"has {len(row)} fields where the header has {width}; "
                    "mend or remove the line"
                )
            if damaged and not reason and any(map(DAMAGED.search, row)):
                reason = UNREADABLE
            spread = position + done - start
            if reason and (not row or spread > 1):
                yield start, start + 1, row, reason
                position, wasted = start + 1, wasted + spread
                break
            yield start, position + done, row, reason
        if wasted > 100_000 + 20 * len(lines):
            raise InputError(
                f"{plain(file)}: line {position}: too many quotes do not close; "
                "export the file again"
            )


def _json(path: Path, wanted: tuple[str, ...], needed: tuple[str, ...]) -> Raw:
    import pyarrow as pa

    file, (lines, damaged) = path.name, _lines(path)
    raw = Raw(file, "line", (), None, [], source=lines)
    starts: list[int] = []
    records: list[dict[str, object]] = []
    shapes: dict[tuple[str, ...], None] = {}
    asked = frozenset(wanted)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        raw.ends[number] = number
        record = UNREADABLE if damaged and DAMAGED.search(line) else _record(line)
        if isinstance(record, str):
            raw.broken.append(Problem(file, record, number))
        else:
            starts.append(number)
            shapes[tuple(record)] = None
            records.append({k: _flat(v) for k, v in record.items() if k in asked})
    names = dict.fromkeys(itertools.chain.from_iterable(shapes))
    raw.header = tuple(names)
    if not records and raw.broken:
        raise refusal(raw.broken)
    _header(file, raw.header, wanted, needed)
    present = [column for column in dict.fromkeys(wanted) if column in names]
    columns = {
        column: _column([record.get(column) for record in records])
        for column in present
    }
    raw.table, raw.lines = pa.table(columns), starts
    return raw


def _record(line: str) -> dict[str, object] | str:
    """One line of JSON Lines, or what is wrong with it."""
    if len(line) > MOST_LINE:
        return TOO_LONG
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return "is not JSON; write one whole object a line"
    if not isinstance(record, dict):
        return "is not a JSON object; write one object a line, not a list"
    if "\\u" in line and DAMAGED.search(json.dumps(record, ensure_ascii=False)):
        return "holds half of a surrogate pair; write the character itself"
    return record


def _column(values: list[object]) -> pa.Array:
    """JSON values as numbers where all are, as text where one is not."""
    import pyarrow as pa

    kinds = set(map(type, values)) - {type(None)}
    if kinds and kinds <= {int, float}:
        try:
            return pa.array(values, pa.float64() if float in kinds else pa.int64())
        except (OverflowError, pa.ArrowInvalid):  # beyond 64 bits: text is exact
            pass
    return pa.array([_text(value) for value in values], pa.string())


def _flat(value: object) -> object:
    """What is held of a value: lists and objects as their text, far smaller."""
    return json.dumps(value) if isinstance(value, list | dict) else value


def _text(value: object) -> str | None:
    """A JSON value as it would stand in a CSV file."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | list | dict):
        return json.dumps(value)
    return repr(value)


def _parquet(path: Path, wanted: tuple[str, ...], needed: tuple[str, ...]) -> Raw:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = path.name
    try:
        schema = pq.read_schema(path)
        texts = [each.name for each in schema if pa.types.is_string(each.type)]
        # a text that a file names once and repeats is held once until it is counted
        with pq.ParquetFile(path, read_dictionary=texts) as parquet:
            header = tuple(schema.names)
            _header(file, header, wanted, needed)
            present = [column for column in dict.fromkeys(wanted) if column in header]
            cells = parquet.metadata.num_rows * len(present)
            if cells > MOST_CELLS:
                raise InputError(
                    f"{plain(file)}: promises {cells:,} values, more than the "
                    f"{MOST_CELLS:,} that are read at once; split it"
                )
            table = parquet.read(columns=present)
            table.validate(full=True)
            table = _spelled(file, table, schema)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{plain(file)}: is damaged or only half written; "
            "write it again, or wait until the writer has finished"
        ) from error
    nested = [
        f"{plain(file)}: column {shown(name)} holds lists or objects; flatten it"
        for name in present
        if pa.types.is_nested(table.schema.field(name).type)
    ]
    if nested:
        raise InputError(nested)
    return Raw(file, "row", header, table, range(1, table.num_rows + 1))


def _spelled(file: str, table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Texts as the file's schema has them, where they fit into the memory."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, name in enumerate(table.column_names):
        column = table.column(place)
        if column.type == schema.field(name).type:
            continue
        lengths = (
            pc.sum(pc.take(pc.binary_length(chunk.dictionary), chunk.indices)).as_py()
            for chunk in column.chunks
        )
        size = sum(each or 0 for each in lengths)
        if size > MOST_TEXT:
            raise InputError(
                f"{plain(file)}: column {shown(name)} unfolds to {size:,} characters, "
                f"more than the {MOST_TEXT:,} that are read at once; split it"
            )
        whole = column.cast(pa.string())
        table = table.set_column(place, schema.field(name), whole)
    return table

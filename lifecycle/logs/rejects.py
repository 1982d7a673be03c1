"""Rejects: the bad rows of a file, written beside it with the reason."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle.logs.problems import Problem

if TYPE_CHECKING:
    from lifecycle.logs.readers import Raw

__all__ = ["write_bad"]


def write_bad(path: Path, raw: Raw, problems: Sequence[Problem]) -> Path:
    """Write the bad rows as they were, the reason last, and give the new file's path.

    The new file, `NAME.bad.csv`, is there whole or not at all.
    """
    reasons: dict[int, list[str]] = {}
    for problem in problems:
        reasons.setdefault(problem.line, []).append(problem.sentence)
    numbers = sorted(reasons)
    gather = _rows if raw.place == "row" else _fields
    if raw.source and path.suffix.lower() != ".csv":
        gather = _objects
    rows = gather(path, raw, numbers)
    width = max(len(raw.header), *(len(row) for row in rows))
    spare = [f"extra_{k}" for k in range(1, width - len(raw.header) + 1)]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*raw.header, *spare, "bad_reason"])
    for number, row in zip(numbers, rows, strict=True):
        padding = [""] * (width - len(row))
        writer.writerow([*row, *padding, "; ".join(reasons[number])])
    target = path.with_name(f"{path.stem}.bad.csv")
    try:
        content = text.getvalue().encode("utf-8", errors="surrogateescape")
    except UnicodeEncodeError:
        content = text.getvalue().encode("utf-8", errors="backslashreplace")
    _replace(target, content, mode=path.stat().st_mode & 0o666)
    return target


def _fields(path: Path, raw: Raw, numbers: Sequence[int]) -> list[list[str]]:
    """The fields of CSV records; where they cannot be read, the line as it is."""
    rows = []
    for number in numbers:
        lines = raw.source[number - 1 : raw.ends[number]]
        try:
            rows.append(next(csv.reader(lines, strict=True)))
        except (csv.Error, StopIteration):
            rows.append(["".join(lines).rstrip("\r\n")])
    return rows


def _objects(path: Path, raw: Raw, numbers: Sequence[int]) -> list[list[str]]:
    """The values of JSON objects in the header's order; otherwise the line as it is."""
    rows = []
    for number in numbers:
        line = raw.source[number - 1].rstrip("\r\n")
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            rows.append([_cell(record.get(name)) for name in raw.header])
        else:
            rows.append([line])
    return rows


def _rows(path: Path, raw: Raw, numbers: Sequence[int]) -> list[list[str]]:
    """All columns of the rows of a Parquet file."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as parquet:
        table = parquet.read().take([number - 1 for number in numbers])
    columns = [column.to_pylist() for column in table.columns]
    return [[_cell(value) for value in row] for row in zip(*columns, strict=True)]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        return json.dumps(value, default=str)
    return str(value)


def _replace(target: Path, content: bytes, *, mode: int) -> None:
    """Write beside, flush to disk, rename: whole or not at all."""
    import tempfile

    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

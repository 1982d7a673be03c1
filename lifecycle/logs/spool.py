"""Spool: rows that wait on the local disk until the log takes them in.

A spool is a directory of segments. The process that writes a segment holds its lock
until it seals it or dies; whoever gets the lock has the segment for itself.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Segment", "Spool", "taken", "waiting"]

_HEAD = struct.Struct("<4sQI")  # mark, bytes, CRC-32 of the bytes
_MARK = b"lcsp"
_SUFFIX = ".rows"


class Spool:
    """Appends rows to segments of its own; what `write` returned from is on the disk.

    Not for several threads at once.

    Parameters
    ----------
    directory : Path
        Made by the first write.
    token : str
        Names the segments; no other process has the same.
    segment_bytes : int
        A segment that has grown beyond is sealed.

    Examples
    --------
    >>> import tempfile
    >>> import pyarrow as pa
    >>> folder = tempfile.TemporaryDirectory()
    >>> with Spool(Path(folder.name), token="a") as spool:
    ...     spool.write(pa.table({"id": ["7", "8"]}))
    >>> with taken(waiting(Path(folder.name))[0]) as segment:
    ...     segment.rows["id"].to_pylist()
    ['7', '8']
    >>> folder.cleanup()
    """

    def __init__(
        self, directory: Path, *, token: str, segment_bytes: int = 16 * 2**20
    ) -> None:
        self.directory = Path(directory)
        self._token, self._most = token, segment_bytes
        self._number, self._end = 0, 0
        self._descriptor: int | None = None

    def write(self, rows: pa.Table) -> None:
        """Append rows and wait until the disk has them.

        Raises
        ------
        OSError
            The disk is full or broken. Nothing of these rows is kept then, unless
            the disk took them and failed to say so: the log takes a row once.
        """
        data = _packed(rows)
        if self._descriptor is None:
            self._begin()
        assert self._descriptor is not None
        try:
            _write(self._descriptor, data)
            os.fdatasync(self._descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._end)
            self.seal()  # after a failed sync nobody knows what a file holds
            raise
        self._end += len(data)
        if self._end >= self._most:
            self.seal()

    def seal(self) -> None:
        """Let go of the segment that is being written, so that it can be taken."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _begin(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._number += 1
        name = f"{self._token}-{self._number:06d}"
        hidden = self.directory / f".{name}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        descriptor = os.open(hidden, flags, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            hidden.rename(self.directory / f"{name}{_SUFFIX}")  # seen only when locked
            _sync(self.directory)
        except OSError:
            os.close(descriptor)
            hidden.unlink(missing_ok=True)
            raise
        self._descriptor, self._end = descriptor, 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_error: object) -> None:
        self.seal()


class Segment:
    """A segment that this process has for itself, as long as `taken` lasts."""

    def __init__(self, path: Path, rows: pa.Table, torn: int) -> None:
        self.path, self.rows, self.torn = path, rows, torn

    def drop(self) -> None:
        """Remove it: the log has its rows."""
        self.path.unlink(missing_ok=True)

    def set_aside(self) -> Path:
        """Keep it under another name, where nobody takes it again."""
        aside = self.path.with_suffix(".refused")
        self.path.rename(aside)
        return aside

    def __repr__(self) -> str:
        return f"<Segment {self.path.name}: {self.rows.num_rows:,} rows>"


def waiting(directory: Path) -> list[Path]:
    """The segments of a spool, oldest first; also those that are being written."""
    try:
        found = [
            (entry.stat().st_mtime_ns, entry.name)
            for entry in os.scandir(directory)
            if entry.name.endswith(_SUFFIX)
        ]
    except FileNotFoundError:
        return []
    return [Path(directory, name) for _, name in sorted(found)]


@contextmanager
def taken(path: Path) -> Iterator[Segment | None]:
    """Have a segment for oneself; None where another process has it, or had it.

    Rows behind a torn end (the process died while it wrote) are not there: nobody
    was told that they were kept.
    """
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield None
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        if not os.fstat(descriptor).st_nlink or not path.exists():
            yield None  # another process was done with it just now
            return
        rows, torn = _unpacked(path.read_bytes())
        yield Segment(path, rows, torn)
    finally:
        os.close(descriptor)


def _packed(rows: pa.Table) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    body = sink.getvalue().to_pybytes()
    return _HEAD.pack(_MARK, len(body), zlib.crc32(body)) + body


def _unpacked(data: bytes) -> tuple[pa.Table, int]:
    """The rows of a segment, and how many bytes at its end are torn."""
    import pyarrow as pa

    tables, at = [], 0
    while at + _HEAD.size <= len(data):
        mark, size, crc = _HEAD.unpack_from(data, at)
        body = memoryview(data)[at + _HEAD.size : at + _HEAD.size + size]
        if mark != _MARK or len(body) != size or zlib.crc32(body) != crc:
            break
        with pa.ipc.open_stream(body) as reader:
            tables.append(reader.read_all())
        at += _HEAD.size + size
    joined = pa.concat_tables(tables, promote_options="default") if tables else None
    return pa.table({}) if joined is None else joined, len(data) - at


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

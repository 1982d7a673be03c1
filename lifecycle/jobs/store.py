"""Files that are there as a whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

__all__ = ["Whole", "publish", "write"]


def write(path: str | Path, content: str | bytes, *, durable: bool = True) -> Path:
    """Write a file so that no reader and no crash ever sees half of it.

    Parameters
    ----------
    path : path
        Its directory exists.
    content : str or bytes
        Text is written as UTF-8.
    durable : bool
        Wait until the disk has it. Without, a reader is safe, a power cut may
        leave the older file.

    Returns
    -------
    Path

    Examples
    --------
    >>> import tempfile
    >>> path = write(Path(tempfile.mkdtemp()) / "a.txt", "whole")
    >>> path.read_text()
    'whole'
    """
    path = Path(path)
    data = content.encode("utf-8") if isinstance(content, str) else content
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(beside, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    if durable:
        _remember(path.parent)
    return path


def publish(source: Path, target: Path) -> Path:
    """Move a finished file to where readers look, durably and at once.

    Parameters
    ----------
    source, target : Path
        On one file system.

    Returns
    -------
    Path
        The target.
    """
    with source.open("rb+") as file:
        os.fsync(file.fileno())
    source.replace(target)
    _remember(target.parent)
    return target


class Whole:
    """What papermill reads and writes notebooks with, in place of its own handler.

    Its own truncates the file first: somebody who looks on sees torn JSON.
    """

    def read(self, path: str) -> str:
        """The text of a notebook."""
        return Path(path).read_text(encoding="utf-8")

    def write(self, text: str, path: str) -> None:
        """Replace a notebook as a whole; made durable later, when it is published."""
        write(path, text, durable=False)

    def listdir(self, path: str) -> list[str]:
        """The files in a directory."""
        return sorted(str(found) for found in Path(path).iterdir())

    def pretty_path(self, path: str) -> str:
        """What papermill's log calls it."""
        return Path(path).name


def _remember(directory: Path) -> None:
    """Make the new name in a directory durable, where the system has a way."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError:  # a file system that cannot; the file itself is safe
        pass
    finally:
        os.close(descriptor)

"""A lock that ends with the process that holds it, however that ends."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from lifecycle.errors import AlreadyRunning

__all__ = ["locked"]


@contextlib.contextmanager
def locked(path: Path, name: str) -> Iterator[None]:
    """Hold a lock that ends with this process, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            _take(file.fileno())
        except OSError as error:
            file.seek(0)
            holder = file.read(200).strip() or "another process"
            raise AlreadyRunning(
                f"{name} is running already ({holder}); wait until it is done"
            ) from error
        file.truncate(0)
        file.write(
            f"process {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        )
        file.flush()
        yield


def _take(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

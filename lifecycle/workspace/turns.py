"""One at a time: what many processes want done is done by one of them, for all."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

__all__ = ["taken"]


def taken(mark: Path, moment: datetime) -> Iterator[datetime]:
    """Have something done after now, by this process or by the one that is at it.

    Whoever comes leaves a mark first and then looks whether anybody is at work. Who is
    looks for a mark when it is done, and begins again where there is one. So of a
    hundred processes that end together each finds its work done, by two or three
    rounds of one of them, and never is an older look written over a newer one.

    Parameters
    ----------
    mark : Path
        A file; beside it stands one with the ending `.lock`.
    moment : datetime with zone
        That this process speaks of.

    Yields
    ------
    datetime
        Do it now, for this moment: the latest of those who asked. Nothing is yielded
        where another process does it.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC
    >>> mark = Path(tempfile.mkdtemp()) / "index"
    >>> [each.year for each in taken(mark, datetime(2024, 4, 1, tzinfo=UTC))]
    [2024]
    """
    mark.parent.mkdir(parents=True, exist_ok=True)
    with mark.open("a", encoding="utf-8") as asked:
        asked.write(f"{moment.isoformat()}\n")
    while mark.exists():
        with mark.with_suffix(".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            try:
                lines = mark.read_text(encoding="utf-8").splitlines()
                mark.unlink()
            except FileNotFoundError:  # another was faster, and is done
                return
            yield max(moment, *(datetime.fromisoformat(line) for line in lines))

"""What is kept of the fits of back-tests: their scores, a file each.

Beside the log, under `.lifecycle/`: whatever is there can be deleted, and is made anew.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from lifecycle.jobs import store

__all__ = ["FitsKept"]

BOOK = "used.json"
_KEY = re.compile(r"[0-9a-f]{2,128}")


class FitsKept:
    """Scores of fits in a directory, for `training.backtest`.

    Used as a context around one ruling: at its end what has not been asked for in
    `rulings` rulings is dropped, and of the rest what was asked for longest ago until
    all is no larger than `most_bytes`. After an error nothing is dropped.

    Parameters
    ----------
    folder : Path
        Made when something is kept. Two processes may share it: a file is whole or
        not there, and what one drops the other makes again.
    rulings : int
    most_bytes : int

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with FitsKept(folder) as kept:
    ...     kept.set("0a", b"scores")
    >>> FitsKept(folder).get("0a"), FitsKept(folder).get("0b")
    (b'scores', None)
    """

    def __init__(
        self, folder: Path, *, rulings: int = 8, most_bytes: int = 256 * 2**20
    ) -> None:
        for name, number in (("rulings", rulings), ("most_bytes", most_bytes)):
            if number < 1:
                raise ValueError(f"{name} must be 1 or more, got {number}")
        self.folder, self.rulings, self.most_bytes = Path(folder), rulings, most_bytes
        self._asked: set[str] = set()

    def get(self, key: str) -> bytes | None:
        """What was kept under the key, if anything can be read."""
        try:
            data = self._path(key).read_bytes()
        except OSError:
            return None
        self._asked.add(key)
        return data

    def set(self, key: str, data: bytes) -> None:
        """Keep bytes under the key; no reader ever sees half of them."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        store.write(path, data, durable=False)
        self._asked.add(key)

    def tidy(self) -> int:
        """End a ruling: drop what is no longer asked for.

        Returns
        -------
        int
            How many fits were dropped.
        """
        count, used = self._book()
        count += 1
        files = {
            path.stem: path
            for path in self.folder.glob("*.scores")
            if _KEY.fullmatch(path.stem)
        }
        last = {
            key: count if key in self._asked else used.get(key, count) for key in files
        }
        dropped, size = set(), 0
        for key in sorted(files, key=lambda key: (-last[key], key)):
            with suppress(OSError):
                size += files[key].stat().st_size
            if count - last[key] >= self.rulings or size > self.most_bytes:
                files[key].unlink(missing_ok=True)
                dropped.add(key)
        if files:
            left = {key: at for key, at in last.items() if key not in dropped}
            told = json.dumps({"rulings": count, "used": left}, sort_keys=True)
            store.write(self.folder / BOOK, told, durable=False)
        self._asked.clear()
        return len(dropped)

    def __enter__(self) -> FitsKept:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.tidy()

    def __repr__(self) -> str:
        return f"<FitsKept {sum(1 for _ in self.folder.glob('*.scores'))} fits>"

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"a key is hexadecimal digits, got {key!r}")
        return self.folder / f"{key}.scores"

    def _book(self) -> tuple[int, dict[str, int]]:
        """How many rulings there were, and in which each fit was asked for last."""
        try:
            told = json.loads((self.folder / BOOK).read_bytes())
            used = {str(key): int(at) for key, at in told["used"].items()}
            return int(told["rulings"]), used
        except (OSError, ValueError, TypeError, LookupError, AttributeError):
            return 0, {}

"""What is kept of a fit: its scores, under the digest of all that they depend on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["InMemory", "Kept", "Scores", "digest_rows", "key_of"]

MAGIC = b"lifecycle scores 1\n"
SEAL = 32


class Kept(Protocol):
    """Where the scores of fits are kept between two back-tests.

    Whatever is kept may be lost at any time: the fit is then made again.
    """

    def get(self, key: str) -> bytes | None:
        """What was kept under a key of hexadecimal digits, if anything."""

    def set(self, key: str, data: bytes) -> None:
        """Keep bytes under a key, instead of what was there."""


@dataclass(frozen=True, slots=True)
class InMemory:
    """Scores kept as long as the process lives.

    Examples
    --------
    >>> kept = InMemory()
    >>> kept.set("0a", b"scores")
    >>> kept.get("0a"), kept.get("0b"), kept
    (b'scores', None, <InMemory 1 fits>)
    """

    held: dict[str, bytes] = field(default_factory=dict)

    def get(self, key: str) -> bytes | None:
        """What was kept under the key, if anything."""
        return self.held.get(key)

    def set(self, key: str, data: bytes) -> None:
        """Keep bytes under the key."""
        self.held[key] = data

    def __repr__(self) -> str:
        return f"<InMemory {len(self.held)} fits>"


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one fit by the digest of the row, and how long the fit took."""

    rows: np.ndarray
    scores: np.ndarray
    seconds: float

    @classmethod
    def of(cls, rows: np.ndarray, scores: np.ndarray, seconds: float) -> Scores:
        """Put scores in the order of their rows' digests; like rows count once."""
        import numpy as np

        known, first = np.unique(rows, return_index=True)
        return cls(known, scores[first], seconds)

    def at(self, rows: np.ndarray) -> np.ndarray | None:
        """Scores of rows, or None where one of them was not scored."""
        import numpy as np

        if not len(rows):
            return np.empty(0)
        place, there = self._places(rows)
        return np.asarray(self.scores[place]) if there.all() else None

    def without(self, rows: np.ndarray) -> np.ndarray:
        """Mark the rows that were not scored."""
        marked: np.ndarray = ~self._places(rows)[1]
        return marked

    def _places(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where each row's score is, and whether it is there."""
        import numpy as np

        if not len(self.rows):
            return np.zeros(len(rows), dtype=int), np.zeros(len(rows), dtype=bool)
        place = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        return place, self.rows[place] == rows

    def to_bytes(self) -> bytes:
        """As bytes that `from_bytes` checks."""
        head = json.dumps([len(self.rows), self.seconds]).encode()
        body = b"\n".join(
            [
                head,
                self.rows.astype("<u8").tobytes() + self.scores.astype("<f8").tobytes(),
            ]
        )
        return MAGIC + hashlib.blake2b(body, digest_size=SEAL).digest() + body

    @classmethod
    def from_bytes(cls, data: bytes) -> Scores:
        """Read what `to_bytes` wrote.

        Raises
        ------
        ValueError
            When it is not whole.
        """
        import numpy as np

        body = data[len(MAGIC) + SEAL :]
        seal = hashlib.blake2b(body, digest_size=SEAL).digest()
        if data[: len(MAGIC) + SEAL] != MAGIC + seal:
            raise ValueError("these bytes are no whole scores; make the fit again")
        head, _, arrays = body.partition(b"\n")
        n, seconds = json.loads(head)
        rows = np.frombuffer(arrays[: 8 * n], dtype="<u8").astype(np.uint64)
        scores = np.frombuffer(arrays[8 * n :], dtype="<f8").astype(float)
        return cls(rows, scores, float(seconds))


def digest_rows(table: pd.DataFrame) -> np.ndarray:
    """Sixteen bytes a row of a table of `features`, the same for like rows.

    Parameters
    ----------
    table : DataFrame of n rows
        Columns of float64 or of strings, `nan` where missing.

    Returns
    -------
    ndarray of uint64, shape (n, 2)

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"visits": [3.0, 4.0, 3.0], "plan": ["pro", "pro", "pro"]})
    >>> rows = digest_rows(table)
    >>> bool((rows[0] == rows[2]).all()), bool((rows[0] == rows[1]).all())
    (True, False)
    """
    import numpy as np
    import pandas as pd

    whole = np.empty((len(table), table.shape[1]), dtype="<u8")
    for at, name in enumerate(table):
        column = table[name]
        if column.dtype == np.float64:
            values = column.to_numpy() + 0.0  # no negative zero
            whole[:, at] = np.where(np.isnan(values), np.nan, values).view("<u8")
            continue
        codes, texts = pd.factorize(column)
        words = [_word(str(text)) for text in texts]
        whole[:, at] = np.array([*words, 0], dtype="<u8")[codes]
    raw, width = whole.tobytes(), 8 * whole.shape[1]
    digests = b"".join(
        hashlib.blake2b(raw[start : start + width], digest_size=16).digest()
        for start in range(0, len(raw), width)
    )
    return np.frombuffer(digests, dtype="<u8").reshape(-1, 2).astype(np.uint64)


def key_of(facts: dict[str, Any], *arrays: np.ndarray) -> str:
    """The key of a fit: what was told of it and all that it is trained on."""
    import numpy as np

    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for array in arrays:
        kind = "<f8" if array.dtype.kind == "f" else "<u8"
        digest.update(np.ascontiguousarray(array, dtype=kind).tobytes())
    return digest.hexdigest()


def _word(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "little") or 1

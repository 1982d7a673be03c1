"""Words as arrays: a back-test asks at many moments which of them stood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Said", "instant", "moments"]


@dataclass(frozen=True, eq=False, slots=True)
class Said:
    """Words as arrays, a row a word: of a back-test's many moments the same ones.

    Parameters
    ----------
    id : ndarray of str or int, shape (w,)
    kind, person : ndarray of str, shape (w,)
    label : ndarray of float64, shape (w,)
    time, said_at : ndarray of datetime64, shape (w,)
        UTC.
    refused : ndarray of bool, shape (w,)
    off : ndarray of datetime64, shape (w,)
        UTC; when a ruling first took the word out, missing for never.
    pair : ndarray of int, shape (w,)
        The rank of id and person.
    """

    id: np.ndarray
    kind: np.ndarray
    person: np.ndarray
    label: np.ndarray
    time: np.ndarray
    said_at: np.ndarray
    refused: np.ndarray
    off: np.ndarray
    pair: np.ndarray

    @classmethod
    def of(cls, words: pd.DataFrame) -> Said:
        """From what `spoken` or `words` gives."""
        import numpy as np

        n = len(words)
        time = moments(words["time"])
        return cls(
            words["id"].to_numpy(
                dtype=None if words["id"].dtype.kind == "i" else object
            ),
            words["kind"].to_numpy(dtype=object),
            words["person"].to_numpy(dtype=object),
            words["label"].to_numpy(dtype=float),
            time,
            moments(words["said_at"]) if "said_at" in words else time,
            words["refused"].to_numpy(dtype=bool)
            if "refused" in words
            else np.zeros(n, dtype=bool),
            moments(words["off"])
            if "off" in words
            else np.full(n, "NaT", dtype=time.dtype),
            words["pair"].to_numpy() if "pair" in words else np.arange(n),
        )

    def at(self, rows: np.ndarray) -> Said:
        """Some of them."""
        return Said(
            self.id[rows],
            self.kind[rows],
            self.person[rows],
            self.label[rows],
            self.time[rows],
            self.said_at[rows],
            self.refused[rows],
            self.off[rows],
            self.pair[rows],
        )

    def by(self, as_of: datetime) -> Said:
        """The last of each person on each prediction at a moment; see `last`."""
        import numpy as np

        until = int(np.searchsorted(self.time, instant(as_of), side="right"))
        _, newest = np.unique(self.pair[:until][::-1], return_index=True)
        return self.at(until - 1 - newest)

    def __len__(self) -> int:
        return len(self.id)


def moments(times: pd.Series) -> np.ndarray:
    """Moments with a time zone as an array in UTC, missing where they are."""
    import pandas as pd

    index = pd.DatetimeIndex(times)
    naive = index if index.tz is None else index.tz_convert(None)
    return naive.to_numpy()


def instant(moment: datetime) -> np.datetime64:
    """One moment with a time zone in UTC."""
    import pandas as pd

    return pd.Timestamp(moment).tz_convert(None).to_datetime64()

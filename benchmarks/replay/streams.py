"""Streams of the replay: rows in windows, in order of time, real or from a file.

Which streams a rule may be tuned on (`dev`) and which are held out (`held`) was fixed
before there was a rule; `given` are files named on the command line.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.replay import reading, retail, simulated
from benchmarks.replay.reading import StreamError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["DEV", "HELD", "Stream", "StreamError", "from_file", "from_frame", "named"]

DATA = Path(
    os.environ.get("LIFECYCLE_REAL_DATA")
    or Path(__file__).parents[3] / "shared" / "data"
)
WINDOWS, MOST, EARLY = 48, 400, 5
DEV = (
    "elec2",
    "sudden",
    "recurring",
    "noise",
    "frozen",
    "lost",
    "nonlinear",
    "shocks",
    "stable",
)
HELD = (
    "bank_marketing",
    "support_intents",
    "online_retail",
    "car_loan",
    "elec2_shuffled",
    "elec2_frozen",
    "bank_lost",
    "gradual",
    "seasonal",
    "lost_as_negative",
    "segment",
    "there_and_back",
    "covariate",
    "demand",
    "classes",
    "weak",
    "one_class_first",
    "many_classes",
)
COSTS = {
    "bank_marketing": (6.0, 1.0),
    "bank_lost": (6.0, 1.0),
    "online_retail": (3.0, 1.0),
    "weak": (2.0, 1.0),
}


@dataclass(frozen=True)
class Stream:
    """Rows in windows, with what is recorded of their outcome and what is true.

    Parameters
    ----------
    name : str
    group : {"dev", "held", "given"}
    task : {"binary", "multiclass", "regression"}
    table : DataFrame of n rows
        Features alone: numbers as float64, categories and texts as strings, missing
        as `nan`.
    time : Series of n rows
        In order.
    window : ndarray of int, shape (n,)
        From 0, ascending.
    truth : ndarray of float, shape (n,)
        The outcome, or the number of its class; `nan` where nobody knows it.
    known : ndarray of float, shape (n,)
        The outcome as it was recorded; `nan` where it was lost.
    texts : tuple of str
        The columns of the table that hold sentences.
    bad : frozenset of int
        Windows with a fault that was planted.
    costs : tuple of float
        Of a false negative and of a false positive.
    """

    name: str
    group: str
    task: str
    table: pd.DataFrame
    time: pd.Series
    window: np.ndarray
    truth: np.ndarray
    known: np.ndarray
    texts: tuple[str, ...] = ()
    bad: frozenset[int] = frozenset()
    costs: tuple[float, float] = (1.0, 1.0)
    classes: tuple[str, ...] = field(default=(), repr=False)

    @property
    def windows(self) -> int:
        """How many windows there are."""
        return int(self.window[-1]) + 1

    @property
    def signature(self) -> str:
        """Digest of all that a cube depends on, but for the recipes."""
        import pandas as pd

        digest = hashlib.sha256(repr((self.task, self.costs, self.texts)).encode())
        digest.update(repr((list(self.table), sorted(self.bad))).encode())
        for values in (self.window, self.truth, self.known):
            digest.update(values.tobytes())
        times = pd.to_datetime(self.time, utc=True).astype("datetime64[us, UTC]")
        for hashed in (self.table, times):
            hashes = pd.util.hash_pandas_object(hashed, index=False)
            digest.update(hashes.to_numpy().tobytes())
        return digest.hexdigest()

    @property
    def numeric(self) -> list[str]:
        """Columns of numbers."""
        return [
            name for name in map(str, self.table) if self.table[name].dtype.kind == "f"
        ]

    @property
    def categorical(self) -> list[str]:
        """Columns of categories."""
        return [
            name
            for name in map(str, self.table)
            if self.table[name].dtype.kind != "f" and name not in self.texts
        ]


def named(name: str) -> Stream | None:
    """A stream by its name; None where its data are not beside the checkout.

    Parameters
    ----------
    name : str
        One of `DEV` or `HELD`, or `tiny`.

    Returns
    -------
    Stream or None
    """
    group = "dev" if name in DEV else "held" if name in HELD else "given"
    costs = COSTS.get(name, (1.0, 1.0))
    world = simulated.WORLDS.get(name)
    if world is not None:
        made = from_frame(world(), name=name, group=group, costs=costs, exact=True)
        return replace(made, **simulated.planted(made, name))
    source, change = _DERIVED.get(name, (name, None))
    path = DATA / source / "events.parquet"
    if not path.exists():
        return None
    frame = reading.read(path)
    exact = source == "online_retail"
    if exact:
        frame = retail.weeks(frame)
    made = from_frame(frame, name=name, group=group, costs=costs, exact=exact)
    return change(made) if change else made


def from_file(path: Path, *, costs: tuple[float, float] = (1.0, 1.0)) -> Stream:
    """A stream from any Parquet file with `time`, features and `outcome`.

    Parameters
    ----------
    path : Path
    costs : tuple of float
        Of a false negative and of a false positive.

    Raises
    ------
    StreamError
        When the file cannot be read or is no stream.
    """
    name = path.parent.name if path.stem == "events" else path.stem
    return from_frame(
        reading.read(path), name=name, group="given", costs=costs, windows=52
    )


def from_frame(
    frame: pd.DataFrame,
    *,
    name: str,
    group: str = "given",
    costs: tuple[float, float] = (1.0, 1.0),
    windows: int = WINDOWS,
    most: int = MOST,
    exact: bool = False,
) -> Stream:
    """Put rows in order, cut them into windows and tell features from the rest.

    Parameters
    ----------
    frame : DataFrame
        `time`, features, `outcome`; `id` and `aux_*` are left out.
    name, group : str
    costs : tuple of float
    windows : int
        At most so many of equal length, and none of fewer than about 100 rows where
        there are enough for 12.
    most : int
        Windows with more rows are thinned evenly.
    exact : bool
        The frame has a column `window`, which is kept.

    Raises
    ------
    StreamError
        When a column is missing, there are too few rows, or the outcome tells nothing.
    """
    import numpy as np

    frame = reading.in_order(frame, name)
    if exact:
        window = frame.pop("window").to_numpy(dtype=np.int64)
    else:
        many = int(np.clip(len(frame) // 100, 12, windows))
        window = np.arange(len(frame)) * many // len(frame)
    kept = reading.thinned(window, most)
    frame, window = frame.iloc[kept].reset_index(drop=True), window[kept]
    truth, task, classes = reading.outcome(frame["outcome"], name)
    table, texts = reading.features(frame)
    if table.empty or not len(table.columns):
        raise StreamError(f"{name} has no feature with two values; nothing can be told")
    table = reading.narrowed(table, truth, window < EARLY)
    return Stream(
        name,
        group,
        task,
        table,
        frame["time"],
        window,
        truth,
        truth.copy(),
        texts=tuple(name for name in texts if name in table),
        costs=costs if task == "binary" else (1.0, 1.0),
        classes=classes,
    )


def _shuffled(stream: Stream) -> Stream:
    """The same rows in an order that knows no time."""
    import numpy as np

    order = np.random.default_rng(11).permutation(len(stream.window))
    return replace(
        stream,
        table=stream.table.iloc[order].reset_index(drop=True),
        truth=stream.truth[order],
        known=stream.truth[order].copy(),
    )


def _frozen(stream: Stream) -> Stream:
    return replace(stream, **simulated.freeze(stream, "nswdemand", (30, 33)))


def _lost(stream: Stream) -> Stream:
    return replace(stream, **simulated.lose(stream, (26, 29)))


_DERIVED: dict[str, tuple[str, Callable[[Stream], Stream]]] = {
    "elec2_shuffled": ("elec2", _shuffled),
    "elec2_frozen": ("elec2", _frozen),
    "bank_lost": ("bank_marketing", _lost),
}

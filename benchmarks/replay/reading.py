"""A table of unknown make as a stream: its order, its outcome and its features."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = [
    "StreamError",
    "features",
    "in_order",
    "narrowed",
    "outcome",
    "read",
    "thinned",
]

LEAST = 240
MOST_CLASSES = 200
MOST_FEATURES = 120


class StreamError(ValueError):
    """A stream that cannot be replayed; the sentence says why and what to do."""


def read(path: Path) -> pd.DataFrame:
    """A Parquet file, or the sentence that says why not."""
    import pandas as pd
    from pyarrow import ArrowException

    if not path.is_file():
        raise StreamError(f"there is no file {path.name!r}; give a Parquet file")
    try:
        return pd.read_parquet(path)
    except (ArrowException, OSError, ValueError) as error:
        said = " ".join(str(error).split())[:120]
        raise StreamError(
            f"{path.name} cannot be read as Parquet ({said}); write it with to_parquet"
        ) from error


def in_order(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows with a moment, the oldest first; there must be enough with an outcome."""
    import pandas as pd

    frame = frame.copy()
    frame.columns = [str(column) for column in frame.columns]
    for needed in ("time", "outcome"):
        if list(frame.columns).count(needed) != 1:
            raise StreamError(
                f"{name} must have one column {needed!r}; its columns are "
                f"{', '.join(list(frame.columns)[:12])}"
            )
    frame = frame.loc[:, ~frame.columns.duplicated()]
    if not pd.api.types.is_numeric_dtype(frame["time"]):
        try:
            frame["time"] = pd.to_datetime(frame["time"], utc=True)
        except (TypeError, ValueError) as error:
            raise StreamError(
                f"{name}: 'time' holds a value that is no moment; write it as a "
                "timestamp or a number that grows"
            ) from error
    else:
        days = frame["time"].rank(method="dense") - 1
        frame["time"] = pd.Timestamp("2020-01-01", tz="UTC") + pd.to_timedelta(
            days, unit="h"
        )
    frame = frame[frame["time"].notna()]
    known = int(frame["outcome"].notna().sum())
    if known < LEAST:
        raise StreamError(
            f"{name} has {known} rows with time and outcome; a replay needs at least "
            f"{LEAST}"
        )
    return frame.sort_values("time", kind="stable").reset_index(drop=True)


def thinned(window: np.ndarray, most: int) -> np.ndarray:
    """Positions that remain when no window may have more rows, evenly taken."""
    import numpy as np

    kept = []
    for number in range(int(window[-1]) + 1):
        rows = np.flatnonzero(window == number)
        if len(rows) > most:
            rows = rows[np.arange(most) * len(rows) // most]
        kept.append(rows)
    return np.concatenate(kept)


def outcome(values: pd.Series, name: str) -> tuple[np.ndarray, str, tuple[str, ...]]:
    """The outcome as numbers, what kind of task it makes, and its classes."""
    import numpy as np

    told = values.dropna()
    distinct = told.map(str).nunique()
    if distinct < 2:
        raise StreamError(
            f"{name}: every outcome is {str(told.iloc[0])[:40]!r}; there is nothing to "
            "tell apart"
        )
    truth = np.full(len(values), np.nan)
    number = _is_number(told)
    if number and distinct > 2:
        numbers = told.to_numpy(dtype=float)
        if not np.isfinite(numbers).all():
            raise StreamError(f"{name}: an outcome is infinite; leave such rows out")
        if distinct > 20 or bool((numbers != np.round(numbers)).any()):
            truth[values.notna().to_numpy()] = numbers
            return truth, "regression", ()
    if distinct > MOST_CLASSES:
        raise StreamError(
            f"{name}: the outcome has {distinct} classes, {MOST_CLASSES} are the "
            "most; give a number or fewer classes"
        )
    words = told.to_numpy(dtype=float) if number else told.map(str).to_numpy(dtype=str)
    classes, codes = np.unique(words, return_inverse=True)
    truth[values.notna().to_numpy()] = codes
    task = "binary" if len(classes) == 2 else "multiclass"
    return truth, task, tuple(str(each) for each in classes)


def _is_number(values: pd.Series) -> bool:
    import pandas as pd

    kind = pd.api.types
    return bool(kind.is_numeric_dtype(values) and not kind.is_bool_dtype(values))


def features(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Numbers, categories and texts; what never varies or only names rows is left."""
    import numpy as np
    import pandas as pd

    columns: dict[str, Any] = {}
    texts = []
    for name in map(str, frame):
        if name in ("id", "time", "outcome") or name.startswith("aux_"):
            continue
        values = frame[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            moments = pd.to_datetime(values, utc=True).astype("datetime64[s, UTC]")
            column = moments.astype("int64").where(values.notna()) / 86400
        elif pd.api.types.is_timedelta64_dtype(values):
            column = values.dt.total_seconds()
        elif pd.api.types.is_numeric_dtype(values):
            column = values
        else:
            column = pd.to_numeric(values.map(_plain), errors="coerce")
            if column.notna().sum() < values.notna().sum():
                words = values.map(str).where(values.notna(), np.nan).astype(object)
                if _is_text(words):
                    texts.append(name)
                elif words.nunique() > 0.5 * len(words):
                    continue  # an identifier
                if words.nunique(dropna=False) > 1:
                    columns[name] = words
                continue
        raw = column.to_numpy(dtype=float, na_value=np.nan)
        finite = np.where(np.isfinite(raw), raw, np.nan)
        if len(np.unique(finite)) > 1:
            columns[name] = finite
    return pd.DataFrame(columns, index=frame.index), tuple(
        name for name in texts if name in columns
    )


def narrowed(table: pd.DataFrame, truth: np.ndarray, early: np.ndarray) -> pd.DataFrame:
    """Of many features those that say most of the outcome in the early rows.

    Hundreds of fits on hundreds of columns take hours. By correlation of the codes,
    then by how often a column leaves its commonest value; later rows are not looked at.
    """
    import numpy as np
    import pandas as pd

    if len(table.columns) <= MOST_FEATURES:
        return table
    known = early & ~np.isnan(truth)
    target = truth[known] - truth[known].mean()
    worth = {}
    for name in table:
        codes = table[name][known]
        if codes.dtype.kind != "f":
            codes = pd.Series(pd.factorize(codes)[0], index=codes.index)
        moved = codes.fillna(codes.median()).fillna(0.0).to_numpy(dtype=float)
        moved = moved - moved.mean()
        scale = np.sqrt((moved**2).sum() * (target**2).sum())
        share = abs(float(moved @ target)) / scale if scale > 0 else 0.0
        commonest = codes.value_counts(dropna=False).iloc[0] / len(codes)
        worth[name] = (round(share, 6), 1 - commonest)
    best = sorted(worth, key=lambda name: worth[name], reverse=True)[:MOST_FEATURES]
    return table[[name for name in table if name in set(best)]]


def _plain(value: object) -> object:
    """What a number may hide in; a truth value is one, a list is none."""
    return value if isinstance(value, str | int | float | bool) else str(value)


def _is_text(words: pd.Series) -> bool:
    """Sentences: several words each, and hardly any of them twice."""
    said = words.dropna()
    if said.nunique() < max(50, 0.3 * len(said)):
        return False
    return bool((said.str.count(r"\s+") + 1).mean() >= 3)

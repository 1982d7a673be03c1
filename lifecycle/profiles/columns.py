"""How a column is read: as numbers or as names, whatever it is made of."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Kind", "coded", "column", "kind_of", "numbers", "tally"]

Kind = Literal["numeric", "categorical", "empty"]


def column(frame: pd.DataFrame, name: object) -> pd.Series[Any]:
    """One column of a frame; all missing where the frame does not have it.

    Raises
    ------
    ValueError
        When the frame has several columns of that name.

    Examples
    --------
    >>> import pandas as pd
    >>> column(pd.DataFrame({"a": [1, 2]}), "b").isna().tolist()
    [True, True]
    """
    import pandas as pd

    if name not in frame.columns:
        return pd.Series([None] * len(frame), index=frame.index, dtype=object)
    found = frame[name]
    if not isinstance(found, pd.Series):
        raise ValueError(f"the column {name!r} occurs twice; rename one of them")
    return found


def kind_of(*columns: Any) -> Kind:
    """Whether columns hold numbers or names; the first that is not empty decides.

    Numbers, Decimals, dates and times are numeric; booleans, text, mixtures and
    everything else are categorical; a column of missing values is empty.

    Parameters
    ----------
    *columns : array-like of shape (n,)

    Examples
    --------
    >>> kind_of([1, 2.5, None]), kind_of([True, False]), kind_of([None])
    ('numeric', 'categorical', 'empty')
    """
    for values in columns:
        kind = _kind(_series(values))
        if kind != "empty":
            return kind
    return "empty"


def numbers(values: Any) -> np.ndarray:
    """A column as float64; what is missing or no number is `nan`.

    Moments become seconds since 1970, integers beyond float64 become infinite.

    Parameters
    ----------
    values : array-like of shape (n,)

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> numbers([1, None, "2.5", "many", 10**400]).tolist()
    [1.0, nan, 2.5, nan, inf]
    """
    import numpy as np

    if isinstance(values, np.ndarray) and values.dtype == float:
        return values
    import pandas as pd

    series = _series(values)
    if series.dtype.kind in "mM":
        return _seconds(series)
    if pd.api.types.is_numeric_dtype(series.dtype) and series.dtype.kind != "c":
        return series.to_numpy(dtype=float, na_value=math.nan)
    return np.fromiter((_number(v) for v in series), dtype=float, count=len(series))


def tally(values: Any) -> tuple[dict[str, int], int]:
    """How often each name occurs in a column, and how many values are missing.

    Parameters
    ----------
    values : array-like of shape (n,)

    Returns
    -------
    counts : dict of str to int
        Most frequent first; of equal frequency in the order of the alphabet.
    missing : int

    Examples
    --------
    >>> tally(["web", "phone", None, "web"])
    ({'web': 2, 'phone': 1}, 1)
    """
    import numpy as np

    series = _series(values)
    known = series[series.notna()]
    codes, names = coded(known)
    times = np.bincount(codes, minlength=len(names)).tolist()
    counts: dict[str, int] = {}
    for name, count in zip(names, times, strict=False):
        counts[name] = counts.get(name, 0) + count
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return dict(ranked), len(series) - len(known)


def coded(values: Any) -> tuple[np.ndarray, list[str]]:
    """A column of names as places in a list of the names that occur in it.

    Parameters
    ----------
    values : array-like of shape (n,)

    Returns
    -------
    codes : ndarray of int, shape (n,)
        `len(names)` where the value is missing.
    names : list of str

    Examples
    --------
    >>> codes, names = coded(["web", None, "web"])
    >>> codes.tolist(), names
    ([0, 1, 0], ['web'])
    """
    import numpy as np
    import pandas as pd

    series = _series(values)
    # whole numbers too large for a float make no index in every version of pandas
    plain = series.to_numpy() if series.dtype == object else series
    try:
        codes, found = pd.factorize(plain)
    except TypeError:  # lists and other values without a hash
        codes, found = pd.factorize(series.map(repr, na_action="ignore"))
    names = [str(value) for value in found]
    return np.where(codes < 0, len(names), codes).astype(np.int64), names


def _series(values: Any) -> pd.Series[Any]:
    import pandas as pd

    if isinstance(values, pd.Series):
        return values
    listed = values if hasattr(values, "dtype") else list(values)
    try:
        return pd.Series(listed)
    except (OverflowError, ValueError):
        return pd.Series(listed, dtype=object)


def _kind(series: pd.Series[Any]) -> Kind:
    import pandas as pd

    if series.isna().all():
        return "empty"
    kind = series.dtype.kind
    if kind in "iufmM":
        return "numeric"
    if series.dtype != object:
        plain = pd.api.types.is_numeric_dtype(series.dtype) and kind not in "bc"
        return "numeric" if plain else "categorical"
    known = series[series.notna()]
    return "numeric" if all(map(_is_number, known)) else "categorical"


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, (Real, Decimal, date))


def _seconds(series: pd.Series[Any]) -> np.ndarray:
    import numpy as np

    unit = "timedelta64[us]" if series.dtype.kind == "m" else "datetime64[us]"
    if getattr(series.dtype, "tz", None) is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    moments = series.to_numpy().astype(unit)
    return np.where(np.isnat(moments), math.nan, moments.astype(np.int64) / 1e6)


def _number(value: Any) -> float:
    if isinstance(value, date):
        from datetime import UTC, datetime

        moment = (
            value
            if isinstance(value, datetime)
            else datetime(value.year, value.month, value.day)  # noqa: DTZ001
        )
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return math.nan if value != value else aware.timestamp()
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        return math.nan

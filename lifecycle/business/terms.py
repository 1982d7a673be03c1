"""What a KPI counts, prediction by prediction, and its estimate with an interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from lifecycle import intervals, profiles

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Estimate", "Measure", "Of", "Terms", "difference", "estimate", "terms_of"]

Measure = Literal["share", "mean", "sum", "ratio"]
Of = Literal["all", "predicted", "right", "wrong"]


@dataclass(frozen=True, eq=False)
class Terms:
    """What is counted, and out of what; a KPI is the ratio of their sums.

    Parameters
    ----------
    top, bottom : ndarray of float, shape (n,)
    kept : ndarray of bool, shape (n,)
        Which predictions count at all.
    person : ndarray of object, shape (n,), or None
        Whom each prediction was made for, where people are counted.
    measure : {"share", "mean", "sum", "ratio"}
    """

    top: np.ndarray
    bottom: np.ndarray
    kept: np.ndarray
    person: np.ndarray | None
    measure: Measure


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval; `error` is its standard error.

    Examples
    --------
    >>> Estimate(0.5, 10, 0.27, 0.73).n
    10
    """

    value: float
    n: int
    lower: float
    upper: float
    error: float = math.nan


def terms_of(
    labelled: pd.DataFrame,
    events: pd.DataFrame | None,
    *,
    kind: str | tuple[str, ...],
    measure: Measure,
    of: Of = "all",
    person: str | None = None,
    within: timedelta | None = None,
    as_of: datetime | None = None,
) -> Terms:
    """Join events to predictions and say what each contributes.

    Parameters
    ----------
    labelled : DataFrame of shape (n, n_columns)
    events : DataFrame or None
    kind : str or tuple of str
        Kinds of event; the outcome itself where empty.
    measure, of, person, within, as_of
        As in `kpi`.

    Raises
    ------
    ValueError
        When a setting is unknown, or a column it needs is not there.
    """
    import numpy as np

    if measure not in ("share", "mean", "sum", "ratio"):
        raise ValueError(
            f"measure must be share, mean, sum or ratio, got {measure!r}; use one"
        )
    if of not in ("all", "predicted", "right", "wrong"):
        raise ValueError(
            f"of must be all, predicted, right or wrong, got {of!r}; use one"
        )
    if person is not None and (person not in labelled.columns or measure != "share"):
        raise ValueError(
            f"person {person!r} must be a column of the predictions and measure share; "
            f"leave it out to count predictions"
        )
    if as_of is not None and as_of.utcoffset() is None:
        raise ValueError(f"as_of has no time zone: {as_of}; add tzinfo=timezone.utc")
    count, valued, total, kept = (
        _outcomes(labelled, measure)
        if not kind
        else _events(labelled, events, kind, within, as_of)
    )
    chosen = _chosen(labelled, of)
    top, bottom = {
        "share": ((count > 0).astype(float), np.ones(count.size)),
        "mean": (total, valued),
        "sum": (total, np.ones(count.size)),
        "ratio": (np.where(chosen, total, 0.0), total),
    }[measure]
    if measure == "mean":
        kept = kept & (valued > 0)
    if measure != "ratio":
        kept = kept & chosen
    elif of in ("right", "wrong"):
        kept = kept & _judged(labelled)
    people = None if person is None else np.asarray(labelled[person], dtype=object)
    return Terms(top, bottom, kept, people, measure)


def _outcomes(
    labelled: pd.DataFrame, measure: Measure
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    import numpy as np

    if measure != "share":
        raise ValueError(
            f"the outcome has a share only, got measure {measure!r}; name a kind of "
            f"event"
        )
    if "outcome" not in labelled.columns:
        raise ValueError(
            "without a kind of event the outcome counts, and there is no column "
            "'outcome'; rename yours, or name a kind of event"
        )
    outcome = intervals.floats(labelled["outcome"])
    good = (outcome == 1).astype(float)
    return good, good, good, ~np.isnan(outcome)


def _events(
    labelled: pd.DataFrame,
    events: pd.DataFrame | None,
    kind: str | tuple[str, ...],
    within: timedelta | None,
    as_of: datetime | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Events of each prediction, those with a value, their sum; who had the time."""
    import numpy as np
    import pandas as pd

    n = len(labelled)
    if events is None:
        raise ValueError(f"events of kind {kind!r} need events; give their table")
    kinds = (kind,) if isinstance(kind, str) else tuple(kind)
    said = events[events["kind"].isin(kinds)]
    if labelled["id"].duplicated().any():
        raise ValueError("an id occurs twice among the predictions; keep one row each")
    place = pd.Index(labelled["id"]).get_indexer(said["id"])
    said, place = said[place >= 0], place[place >= 0]
    kept = np.ones(n, dtype=bool)
    if within is not None:
        made, window = profiles.numbers(labelled["time"]), within.total_seconds()
        delay = profiles.numbers(said["time"]) - made[place]
        timely = (delay >= 0) & (delay <= window)
        said, place = said[timely], place[timely]
        if as_of is not None:
            kept = made + window <= as_of.timestamp()
    count = np.bincount(place, minlength=n).astype(float)
    if "value" not in said:
        return count, np.zeros(n), np.zeros(n), kept
    value = intervals.floats(said["value"])
    known = np.isfinite(value)
    valued = np.bincount(place[known], minlength=n).astype(float)
    total = np.bincount(place[known], weights=value[known], minlength=n)
    return count, valued, total, kept


def _chosen(labelled: pd.DataFrame, of: Of) -> np.ndarray:
    import numpy as np

    if of == "all":
        return np.ones(len(labelled), dtype=bool)
    guess = intervals.floats(labelled["prediction"])
    if of == "predicted":
        return guess == 1
    hit = guess == intervals.floats(labelled["outcome"])
    return _judged(labelled) & (hit if of == "right" else ~hit)


def _judged(labelled: pd.DataFrame) -> np.ndarray:
    import numpy as np

    pair = (intervals.floats(labelled[name]) for name in ("prediction", "outcome"))
    return ~np.isnan(sum(pair))


def estimate(terms: Terms, rows: np.ndarray) -> Estimate:
    r"""The KPI over some of the rows.

    Undefined, and therefore `nan`, when nothing is left to count out of.

    Parameters
    ----------
    terms : Terms
    rows : ndarray of bool, shape (n,)

    Notes
    -----
    A share has Wilson's interval. A sum is :math:`n` times a mean. A mean or ratio
    :math:`R = \sum t_i / \sum b_i` has the linearised variance
    :math:`\frac{n}{n-1} \sum (t_i - R b_i)^2 / (\sum b_i)^2`, so that several events
    of one prediction count as one draw, and Student's quantile at :math:`n - 1`; with
    one event a prediction that is Student's interval of a mean.

    References
    ----------
    W. G. Cochran, "Sampling Techniques" (1977), ch. 6.
    """
    import numpy as np
    from scipy.special import stdtrit

    chosen = terms.kept & rows
    top, bottom = terms.top[chosen], terms.bottom[chosen]
    if terms.person is not None:
        top = _people(terms.person[chosen], top)
        bottom = np.ones(top.size)
    n = top.size
    if terms.measure == "share":
        hits = int(top.sum())
        rate = hits / n if n else math.nan
        error = math.sqrt(rate * (1 - rate) / n) if n else math.nan
        return Estimate(rate, n, *intervals.wilson(hits, n), error)
    scale = n if terms.measure == "sum" else 1
    base = float(bottom.sum())
    if not n or not base or math.isnan(base):
        return Estimate(math.nan, n, math.nan, math.nan)
    ratio = float(top.sum()) / base
    if n < 2:
        return Estimate(scale * ratio, n, math.nan, math.nan)
    spread = float(((top - ratio * bottom) ** 2).sum())
    error = scale * math.sqrt(n / (n - 1) * spread) / abs(base)
    half = float(stdtrit(n - 1, 0.95)) * error
    lower, upper = scale * ratio - half, scale * ratio + half
    if terms.measure == "ratio" and (top >= 0).all() and (top <= bottom).all():
        lower, upper = max(0.0, lower), min(1.0, upper)
    return Estimate(scale * ratio, n, lower, upper, error)


def _people(names: np.ndarray, top: np.ndarray) -> np.ndarray:
    """One number a person: the largest of theirs; nobody's are left out."""
    import pandas as pd

    return pd.Series(top).groupby(pd.Series(names)).max().to_numpy()


def difference(terms: Terms, first: Estimate, second: Estimate) -> Estimate:
    r"""How much larger the second is than the first.

    Parameters
    ----------
    terms : Terms
    first, second : Estimate
        Of different rows.

    Notes
    -----
    Newcombe's hybrid of the two Wilson intervals for shares, else
    :math:`\pm z \sqrt{e_1^2 + e_2^2}`.

    References
    ----------
    R. G. Newcombe, "Interval estimation for the difference between independent
    proportions", Statistics in Medicine 17 (1998), method 10.

    Examples
    --------
    >>> import numpy as np
    >>> empty = np.zeros(0)
    >>> terms = Terms(empty, empty, empty, None, "share")
    >>> old = Estimate(48 / 80, 80, *intervals.wilson(48, 80, level=0.95))
    >>> new = Estimate(56 / 70, 70, *intervals.wilson(56, 70, level=0.95))
    >>> change = difference(terms, old, new)
    >>> round(change.value, 4), round(change.lower, 4), round(change.upper, 4)
    (0.2, 0.0524, 0.3339)
    """
    change = second.value - first.value
    n = first.n + second.n
    if terms.measure == "share":
        down = (second.value - second.lower) ** 2 + (first.upper - first.value) ** 2
        up = (second.upper - second.value) ** 2 + (first.value - first.lower) ** 2
        return Estimate(change, n, change - math.sqrt(down), change + math.sqrt(up))
    error = math.sqrt(first.error**2 + second.error**2)
    half = intervals.z(0.9) * error
    return Estimate(change, n, change - half, change + half, error)

"""What a trial is compared by: rows that each version served, or that both score."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import config, experiment, intervals, registry
from lifecycle.business.terms import Terms, terms_of
from lifecycle.workspace import gating, saying

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle.workspace.view import View

__all__ = [
    "NEARER",
    "accuracy",
    "began",
    "counted",
    "dealt",
    "kpi",
    "pairs",
    "served",
    "shares",
    "usual",
    "wait",
]

SETTLING = timedelta(days=1)
"""Around a change of the share rows may have been dealt by either."""
BEFORE = 5_000  # the newest rows before a trial that say what is usual
ACCURACY = "accuracy"
NEARER = experiment.Metric("nearer rows", usual=0.5, spread=1.0)
"""Of amounts: on nearly every row one of two versions is, each as often by chance."""


def shares(view: View, trial: registry.Version) -> list[tuple[datetime, float]]:
    """When the version on trial had which share, oldest first, since it last began."""
    found: list[tuple[datetime, float]] = []
    for entry in view.registry.ledger(view.name):
        if entry.at > view.as_of or not entry.after:
            continue
        if entry.after.get("experimental") != trial.number:
            found = []
            continue
        share = float(entry.after.get("share") or 0.0)
        if not found or found[-1][1] != share:
            found.append((entry.at, share))
    return found


def began(view: View, trial: registry.Version) -> datetime:
    """When the version on trial got its share of the traffic."""
    found = shares(view, trial)
    return found[0][0] if found else view.as_of


def served(
    view: View, trial: registry.Version, champion: registry.Version
) -> pd.DataFrame:
    """The predictions that either version served since the start, oldest first.

    From the first that the version on trial served; rows within a day of a later change
    of its share are left out, a batch may have been dealt by either.

    Returns
    -------
    DataFrame
        With `share`, that of the version on trial, and `experimental`, whether it was
        the one.
    """
    import numpy as np
    import pandas as pd

    changes = shares(view, trial)
    rows = view.scored
    if not changes:
        return rows.iloc[:0].assign(share=1.0, experimental=False)
    mine = (rows["role"] == "experimental") & (rows["version"] == str(trial.number))
    theirs = (rows["role"] == "production") & (rows["version"] == str(champion.number))
    rows = rows.assign(experimental=mine)[mine | theirs]
    rows = rows[rows["time"] >= changes[0][0]]
    first = rows.loc[rows["experimental"], "time"].min()
    rows = rows[rows["time"] >= first] if rows["experimental"].any() else rows.iloc[:0]
    moments = pd.to_datetime([at for at, _ in changes], utc=True)
    place = np.searchsorted(
        moments.as_unit("us").asi8, rows["time"].astype("int64").to_numpy(), "right"
    )
    rows = rows.assign(
        share=np.array([s for _, s in changes])[np.maximum(place - 1, 0)]
    )
    for at, _ in changes[1:]:
        rows = rows[(rows["time"] - pd.Timestamp(at)).abs() > SETTLING]
    return rows.sort_values(["time", "id"], kind="stable", ignore_index=True)


def dealt(view: View, rows: pd.DataFrame) -> float:
    """The p-value of the sample ratio of all that was served, outcome or not."""
    if rows.empty:
        return math.nan
    import numpy as np

    labels = view.chunks(rows).to_numpy(dtype=str)
    looks = np.append(np.flatnonzero(labels[1:] != labels[:-1]) + 1, labels.size)
    return float(
        experiment.sample_ratio(
            rows["experimental"].to_numpy(), rows["share"].to_numpy(), looks=looks
        )[-1]
    )


def pairs(
    view: View,
    trial: registry.Version,
    champion: registry.Version,
    *,
    since: datetime,
) -> tuple[experiment.Metric, experiment.Pairs]:
    """Whether each is right on rows that both score, by when these came due.

    Of amounts: whether each is the nearer one.
    """
    late = view.mature["time"] + view.settings.delay > since
    before, rows = view.mature[~late], view.mature[late]
    for version in (trial, champion):
        rows = gating.unseen(view, version, rows)
    labels = _due(view, rows["time"] + view.settings.delay)
    if not view.task.judges:
        _, mine, theirs = saying.judged(view, (trial, champion), rows)
        return NEARER, experiment.Pairs(mine, theirs, looks=labels)
    mine, theirs = (_right(view, each, rows) for each in (trial, champion))
    metric = replace(
        _accuracy(view, before), spread=_apart(view, trial, champion, before)
    )
    return metric, experiment.Pairs(mine, theirs, looks=labels)


def accuracy(
    view: View, rows: pd.DataFrame, *, since: datetime
) -> tuple[experiment.Metric, experiment.Arms]:
    """Whether predictions were right, of those that each version served."""
    before = view.mature[view.mature["time"] + view.settings.delay <= since]
    due = rows["time"] + view.settings.delay
    known = (due <= view.as_of) & rows["outcome"].notna()
    rows, due = rows[known], due[known]
    return _accuracy(view, before), _arms(rows, _judged(view, rows), _due(view, due))


def kpi(
    view: View, rows: pd.DataFrame, name: str, *, since: datetime
) -> tuple[experiment.Metric, experiment.Arms]:
    """A KPI of the settings, of the predictions that each version served.

    A share of all predictions is a share; a sum is a mean a prediction; whatever counts
    some of them only (those with an event, those predicted 1) is a ratio of sums over
    all, as whom it counts depends on the version.
    """
    told, pause = view.settings.kpis[name], wait(view, name)
    metric = _metric(view, name, told)
    before = view.scored[view.scored["time"] + pause <= since]
    before = before.sort_values(["time", "id"], kind="stable").tail(BEFORE)
    metric = _levelled(metric, *counted(view, before, told, pause))
    due = rows["time"] + pause
    known = due <= view.as_of
    if not told.event:
        known &= rows["outcome"].notna()
    rows, due = rows[known], due[known]
    top, bottom = counted(view, rows, told, pause)
    per = bottom if metric.kind == "ratio" else None
    return metric, _arms(rows, top, _due(view, due), per=per)


def wait(view: View, name: str) -> timedelta:
    """How long after a prediction its part of a metric is known."""
    told = view.settings.kpis.get(name)
    if told is None or not told.event or told.within_days is None:
        return view.settings.delay
    return timedelta(days=told.within_days)


def usual(
    view: View, other: registry.Version | None, champion: registry.Version
) -> tuple[experiment.Metric | None, float | None, timedelta]:
    """The metric as it was before a trial, how often versions disagree, how late it is.

    Where no second version has been made, nobody knows how often they would disagree.
    """
    told = view.settings.trial
    none = view.scored.iloc[:0].assign(share=0.5, experimental=False)
    if not told.own:
        metric, _ = kpi(view, none, told.metric, since=view.as_of)
        lacks = metric.usual is None or (metric.kind != "binary" and not metric.spread)
        return (None if lacks else metric), None, wait(view, told.metric)
    apart = None
    if told.paired and other is not None:
        apart = _apart(view, other, champion, view.mature)
    if told.paired and not view.task.judges:
        return NEARER, NEARER.spread, view.settings.delay
    found = _accuracy(view, view.mature)
    return (None if found.usual is None else found), apart, view.settings.delay


def _metric(view: View, name: str, told: config.Kpi) -> experiment.Metric:
    kind: Any = "ratio"
    if told.of == "all" and told.measure in ("share", "sum"):
        kind = "binary" if told.measure == "share" else "mean"
    own = name == view.settings.trial.metric
    return experiment.Metric(
        name,
        kind,
        better=told.better,
        unit="%" if told.measure in ("share", "ratio") else told.unit,
        cap=view.settings.trial.cap if own and kind == "mean" else None,
    )


def _levelled(
    metric: experiment.Metric, top: np.ndarray, bottom: np.ndarray
) -> experiment.Metric:
    """The metric with its level and its spread before the trial."""
    import numpy as np

    if metric.cap is not None:
        top = np.minimum(top, metric.cap)
    total = float(bottom.sum())
    if top.size < 2 or total <= 0:
        return metric
    level = float(top.sum()) / total
    spread = float(np.var(top - level * bottom)) / (total / top.size) ** 2
    if metric.kind == "binary":
        return replace(metric, usual=level)
    return replace(metric, usual=level, spread=spread if spread > 0 else None)


def counted(
    view: View, rows: pd.DataFrame, told: config.Kpi, pause: timedelta
) -> tuple[np.ndarray, np.ndarray]:
    """What each row adds to the upper and to the lower sum; not counted is nothing."""
    import numpy as np

    if rows.empty:
        return np.empty(0), np.empty(0)
    terms: Terms = terms_of(
        view.task.judged(rows) if view.task.words else rows,
        view.workspace.logs(view.name).events(as_of=view.as_of),
        kind=told.event,
        measure=told.measure,
        of=told.of,
        within=pause if told.event else None,
        as_of=view.as_of if told.event else None,
    )
    kept = terms.kept.astype(float)
    return np.nan_to_num(terms.top) * kept, np.nan_to_num(terms.bottom) * kept


def _arms(
    rows: pd.DataFrame, values: Any, looks: Any, *, per: Any = None
) -> experiment.Arms:
    return experiment.Arms(
        values,
        rows["experimental"].to_numpy(dtype=bool),
        share=rows["share"].to_numpy(dtype=float),
        per=per,
        looks=looks,
    )


def _accuracy(view: View, before: pd.DataFrame) -> experiment.Metric:
    """Accuracy, with its level before the trial where it is known."""
    known = before[before["prediction"].notna()].tail(BEFORE)
    if not view.task.judges:
        return _error(view, _judged(view, known))
    if known.empty:
        return experiment.Metric(ACCURACY)
    return experiment.Metric(ACCURACY, usual=float(_judged(view, known).mean()))


def _error(view: View, known: np.ndarray) -> experiment.Metric:
    """How far amounts are off, with its level before the trial where it is known."""
    cap = view.settings.trial.cap
    metric = experiment.Metric("mean absolute error", "mean", better="low", cap=cap)
    if known.size < 2:
        return metric
    spread = float(known.var(ddof=1))
    return replace(metric, usual=float(known.mean()), spread=spread or None)


def _judged(view: View, rows: pd.DataFrame) -> np.ndarray:
    """Whether each logged prediction was right; of amounts how far off it was."""
    if view.task.judges:
        right: np.ndarray = rows["prediction"].to_numpy() == rows["outcome"].to_numpy()
        return right
    return abs(rows["prediction"].to_numpy(float) - rows["outcome"].to_numpy(float))


def _right(view: View, version: registry.Version, rows: pd.DataFrame) -> np.ndarray:
    """Whether a version's own prediction was right; `nan` where it has no score."""
    import numpy as np

    score, guess = saying.said(view, version, rows)
    truth = rows["outcome"].to_numpy()
    if not view.task.words:
        truth = intervals.floats(rows["outcome"])
    right = (guess == truth).astype(float)
    return np.where(np.isnan(score), math.nan, right)


def _apart(
    view: View, one: registry.Version, other: registry.Version, rows: pd.DataFrame
) -> float | None:
    """How often two versions predict differently, on the newest of some rows.

    Only how much is staked at first rests on it; no outcome has a part in it.
    """
    import numpy as np

    rows = rows.tail(BEFORE // 5)
    if rows.empty:
        return None
    guesses = [saying.said(view, each, rows)[1] for each in (one, other)]
    return max(float(np.mean(guesses[0] != guesses[1])), 1 / (len(rows) + 1))


def _due(view: View, moments: pd.Series) -> np.ndarray:
    """The chunk in which each row came due."""
    return view.chunks(moments.to_frame("time")).to_numpy(dtype=str)

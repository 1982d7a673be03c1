"""What a view asks about performance: realised, estimated, where, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifecycle import (
    diagnosis,
    drift,
    estimation,
    figures,
    monitor,
    periods,
    quality,
)
from lifecycle.findings import Findings
from lifecycle.workspace import kept, saying
from lifecycle.workspace.rows import LENGTH

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.workspace.rows import Rows

__all__ = [
    "FIRST_CHUNKS",
    "diagnosed",
    "estimated",
    "harm",
    "normal",
    "own",
    "segments",
]

FIRST_CHUNKS = 8  # of a version, on rows it was not trained on: how good it is
CALIBRATED_ON = 13  # newest chunks whose outcomes are known
LOOKED_BACK = 12  # chunks with outcomes, at least, that are estimated once more
WHOLE = 4  # times the usual error of amounts, from which on more does not count
BLOCK = 4  # of them at a time, each knowing what was known at its start
SEGMENT_CHUNKS = 13
SHOWN_SEGMENTS = 7
WORSE_THAN_THEN = 0.05  # a segment must be, since the version's first chunks


def own(view: Rows) -> pd.DataFrame:
    """The rows later than the training data, as the production version answers them.

    Whoever served them: another version's answers are replaced by its own. Of a model
    that was trained elsewhere the rows after the reference period.
    """
    rows, version = view.labelled, view.production
    if view.reference_period is not None:
        rows = rows[rows["time"] >= view.reference_period[1]]
    if version is None:
        return rows[rows["prediction"].notna()]
    score, said = saying.said(view, version, rows)
    return rows.assign(score=score, prediction=said)


def mature(view: Rows, rows: pd.DataFrame) -> pd.DataFrame:
    """Those whose outcomes are due and known."""
    due = periods.mature(rows["time"], as_of=view.as_of, delay=view.settings.delay)
    return rows[due & rows["outcome"].notna().to_numpy()]


def normal(view: Rows) -> pd.DataFrame:
    """The first chunks of the version with outcomes: what it was released with."""
    rows = mature(view, own(view))
    labels = view.chunks(rows)
    first = sorted(labels.unique())[:FIRST_CHUNKS]
    return rows[labels.isin(first)]


# -- before the outcomes -----------------------------------------------------------


def estimated(view: Rows) -> estimation.Estimate | None:
    """Performance of the chunks whose outcomes are not due, and of some that have them.

    Each is estimated from what was known before it: the newest from the outcomes of
    today, older ones, to see how wrong such estimates are, from those of their time.
    `None` before there are outcomes of the version.
    """
    rows = own(view)
    if view.task.words:
        rows = view.task.judged(rows)  # whether the answer was right, and how sure
    labels = view.chunks(rows)
    whole = [each for each in sorted(labels.unique()) if _ended(view, each)]
    due = [each for each in whole if _due(view, each)]
    open_chunks = [each for each in whole if each not in due]
    parts = []
    begin = max(0, len(due) - LOOKED_BACK) // BLOCK * BLOCK  # the same blocks each week
    for start in range(begin, len(due), BLOCK):
        block = due[start : start + BLOCK]
        parts.append(_block(view, rows, labels, block, known_by=block[0]))
    if open_chunks:
        parts.append(_block(view, rows, labels, open_chunks, known_by=""))
    found = [part for part in parts if part is not None]
    if not found:
        return None
    told = tuple(row for part in found for row in part.findings)
    last = found[-1].findings
    return estimation.Estimate(
        Findings(last.title, told, last.summary, main=last.main),
        tuple(ground for part in found for ground in part.grounds),
    )


def _block(
    view: Rows,
    rows: pd.DataFrame,
    labels: pd.Series,
    chunks: Sequence[str],
    *,
    known_by: str,
) -> estimation.Estimate | None:
    """Chunks estimated from the outcomes due at the start of a chunk, or today."""
    moment = view.as_of
    if known_by:
        moment = periods.bounds(known_by, timezone=view.timezone).start
    due = (rows["time"] + view.settings.delay <= moment) & rows["outcome"].notna()
    if "known_at" in rows:
        due &= rows["known_at"] <= moment
    newest = sorted(labels[due].unique())[-CALIBRATED_ON:]
    known = rows[due & labels.isin(newest)]
    if known["outcome"].nunique() < 2:
        return None
    asked, features = labels.isin(chunks), list(view.settings.features.plain)
    below, metrics = view.settings.alerts.accuracy_below, _estimable(view)

    def make() -> estimation.Estimate:
        terms: dict[str, Any] = {
            "metrics": metrics,
            "chunk": labels[asked].to_numpy(),
            "timezone": view.timezone,
            "rng": view.settings.seed,
        }
        if not view.task.judges:
            return estimation.loss(known, rows[asked], features=features, **terms)
        return estimation.estimate(
            known,
            rows[asked],
            features=features or None,
            thresholds={"accuracy": below},
            **terms,
        )

    if not known_by or len(chunks) < BLOCK:
        return make()  # next week it is another
    read = ["score", "prediction", *features]
    told = (known[[*read, "outcome"]], rows.loc[asked, read])
    key = [*metrics, *chunks, below, view.settings.seed]
    return kept.estimate(view, key, told, make)


def _estimable(view: Rows) -> tuple[str, ...]:
    """The metrics that can be told before outcomes; of several classes accuracy."""
    if not view.task.judges:
        return ("mae",)
    return ("accuracy",) if view.task.words else view.task.metrics


def _ended(view: Rows, label: str) -> bool:
    return periods.bounds(label, timezone=view.timezone).end <= view.as_of


def _due(view: Rows, label: str) -> bool:
    end = periods.bounds(label, timezone=view.timezone).end
    return end + view.settings.delay <= view.as_of


# -- harm, where, and why ----------------------------------------------------------


def harm(view: Rows, epsilon: float) -> Findings:
    """Whether the loss has risen by more than epsilon since the first chunks.

    Of amounts a loss is the absolute error as a share of four times what it was in the
    mean in those chunks, and at most 1.
    """
    reference = normal(view)
    rows = own(view)
    if len(reference):
        rows = rows[rows["time"] > reference["time"].max()]
    if reference.empty or rows.empty:
        words = "Harm is undefined: no chunk after the version's first has outcomes."
        return Findings("Harm", (), words)
    loss = "error"
    if not view.task.judges:
        loss = "capped error"
        whole = WHOLE * float(_off(reference).mean()) or 1.0
        reference, rows = (
            each.assign(**{loss: (_off(each) / whole).clip(upper=1.0)})
            for each in (reference, rows)
        )
    return monitor.harm(
        reference,
        rows,
        loss=loss,
        task=view.task.name,
        as_of=view.as_of,
        delay=view.settings.delay,
        epsilon=epsilon,
        chunk=view.settings.chunk,
        timezone=view.timezone,
    )


def _off(rows: pd.DataFrame) -> pd.Series:
    return (rows["prediction"] - rows["outcome"]).abs()


def segments(view: Rows) -> tuple[Any, ...]:
    """Where the model is worst, found on older rows and confirmed on newer ones.

    A segment that was as much worse than the rest in the version's first chunks is no
    alert: the problem is harder there, and the model is as it was released. Nothing of
    a model that reads text only: there is no column to cut the rows by.
    """
    if not view.settings.features.plain:
        return ()
    served = view.mature[view.mature["prediction"].notna()]
    found = _by_segment(view, _last(view, served, SEGMENT_CHUNKS))
    before = _gaps(_by_segment(view, normal(view)))
    better = view.task.metric(found.main).greater_is_better if found.main else True
    now = _gaps(found)
    rows = []
    for row in found:
        if row.measure != found.main:
            continue
        worse = now.get(row.subject, math.nan) - before.get(row.subject, 0.0)
        as_ever = (-worse if better else worse) < WORSE_THAN_THEN
        usual = row.verdict == "alert" and as_ever
        rows.append(replace(row, verdict="quiet") if usual else row)
    rows.sort(key=lambda row: row.verdict != "alert")
    worst = tuple(rows[:SHOWN_SEGMENTS])
    picture = figures.forest(worst, title="The worst segments", measure=found.main)
    summary = found.summary
    if found.verdict == "alert" and not any(r.verdict == "alert" for r in rows):
        summary += " That is about as it was in the version's first chunks."
    return picture, replace(found, rows=worst, summary=summary)


def _by_segment(view: Rows, rows: pd.DataFrame) -> Findings:
    return monitor.segments(
        rows,
        by=list(view.settings.features.plain),
        task=view.task.name,
        as_of=view.as_of,
        delay=view.settings.delay,
        reference=view.reference if len(view.reference) else None,
        chunk=view.settings.chunk,
        timezone=view.timezone,
        rng=view.settings.seed,
    )


def _gaps(found: Findings) -> dict[str, float]:
    """How far each segment is from the rest."""
    return {
        row.subject: row.value
        for row in found
        if row.measure == "against the rest" and not math.isnan(row.value)
    }


def diagnosed(view: Rows) -> diagnosis.Diagnosis | None:
    """Why the newest chunks differ from the version's first; `None` before both."""
    if not view.task.judges or not view.settings.features.plain:
        return None
    reference, rows = (view.task.judged(each) for each in (normal(view), own(view)))
    later = rows[rows["time"] > reference["time"].max()] if len(reference) else rows
    known = _last(view, mature(view, later), view.settings.alerts.drift_chunks)
    if reference.empty or known.empty:
        return None
    begin = known["time"].min()
    newest = rows[rows["time"] >= begin]
    features = list(view.settings.features.plain)
    return diagnosis.diagnose(
        reference,
        newest,
        features=features,
        quality=quality.check(
            reference, newest, features=features, timezone=view.timezone
        ),
        season=_last_year(view, known),
        as_of=view.as_of,
        delay=view.settings.delay,
        rng=view.settings.seed,
    )


def _last_year(view: Rows, rows: pd.DataFrame) -> pd.DataFrame | None:
    """The rows of the same chunks of last year that somebody answered."""
    wanted = {
        label
        for each in view.chunks(rows).unique()
        for label in drift.last_year(str(each))
    }
    begin = view.as_of - 70 * LENGTH["week"]
    past = view.task.judged(view.scored[view.scored["time"] >= begin])
    found = past[view.chunks(past).isin(wanted)]
    return found if len(found) else None


def _last(view: Rows, rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """The rows of the newest chunks that have any."""
    labels = view.chunks(rows)
    return rows[labels.isin(sorted(labels.unique())[-count:])]

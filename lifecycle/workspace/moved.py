"""What a view asks about drift: of features, of answers, of all at once."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import drift, periods, profiles, promotion
from lifecycle.findings import Findings
from lifecycle.workspace import kept, saying
from lifecycle.workspace.rows import LENGTH, SHOWN_CHUNKS

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.workspace.rows import Rows

__all__ = ["answers", "features", "season", "together"]

FIRST_CHUNKS = 8  # of a version, on rows it was not trained on: how it answers
_YEAR = timedelta(days=366)
OF_ANSWERS = 0.2  # share of the false alarms that scores and outcomes may cost


def features(view: Rows) -> drift.Course:
    """Every feature, chunk by chunk; no rows while nothing says what is normal."""
    names = view.settings.features.plain
    if not names:
        return _nothing("it reads text only; its words are held beside the scores")
    reference = kept.reference_profile(view)
    if reference is None:
        return _nothing("no version is in production, and no reference period is set")
    analysis = kept.course_profile(view, reference, start=_since(view))
    if not analysis.chunks:
        return _nothing(f"no {view.settings.chunk} has ended since the reference")
    rules = view.settings.alerts
    return drift.course(
        reference,
        analysis,
        features=names,
        importance=kept.importance(view, lambda: view.reference),
        budget=rules.false_alarms_per_year * (1 - OF_ANSWERS),
        floor=rules.drift_floor,
        confirm=rules.drift_confirm,
        accepted=accepted(view, analysis.chunks),
        every=view.settings.chunk,
        timezone=view.timezone,
        min_n=rules.min_rows,
    )


def _nothing(why: str) -> drift.Course:
    """A course of no chunks, which says why there are none."""
    empty = profiles.profile(_empty(), {}, time=None)
    told = Findings("Drift", (), f"Drift is undefined: {why}.")
    return drift.Course(told, (), (), math.nan, math.nan, {}, empty, empty)


def accepted(view: Rows, chunks: Collection[str]) -> Mapping[str, Collection[str]]:
    """The features whose drift is the new normal, each with its chunks in sight."""
    version = view.production
    told = promotion.accepted(
        view.registry,
        view.name,
        number=None if version is None else version.number,
        as_of=view.as_of,
    )
    agreed = {
        name: [chunk for chunk in each.chunks if chunk in chunks]
        for name, each in told.items()
        if name in view.settings.features.names
    }
    return {name: labels for name, labels in agreed.items() if labels}


def answers(view: Rows) -> tuple[drift.Course, ...]:
    """Scores, and outcomes that are due, against the version's first chunks.

    Not against the rows it was trained on: it knows those too well to answer them as
    it answers others. Nothing before there are more than the first chunks.
    """
    rows = _answered(view)
    due = rows[rows["time"] + view.settings.delay <= view.as_of]
    found = (_followed(view, "score", rows), _followed(view, "outcome", due))
    return tuple(each for each in found if each is not None)


def _followed(view: Rows, name: str, rows: pd.DataFrame) -> drift.Course | None:
    labels = view.chunks(rows)
    whole = [each for each in sorted(labels.unique()) if _ended(view, each)]
    if len(whole) <= FIRST_CHUNKS:
        return None
    shown = whole[FIRST_CHUNKS:][-SHOWN_CHUNKS[view.settings.chunk] :]
    rules = view.settings.alerts
    found = drift.course(
        rows.loc[labels.isin(whole[:FIRST_CHUNKS]), ["time", name]],
        rows.loc[labels.isin(shown), ["time", name]],
        features=[name],
        budget=rules.false_alarms_per_year * OF_ANSWERS / 2,
        floor=rules.drift_floor,
        confirm=rules.drift_confirm,
        every=view.settings.chunk,
        timezone=view.timezone,
        min_n=rules.min_rows,
    )
    title = f"{name.capitalize()}s"
    return replace(found, findings=replace(found.findings, title=title))


def season(view: Rows, found: drift.Course) -> Findings:
    """What is an alert now, against the same chunks of last year, where the log goes.

    The grids are those of the reference; the rows of last year are counted once.
    """
    if not found.drifted:
        words = "Nothing has drifted that last year would have to explain."
        return Findings("Season", (), words)
    history = kept.course_profile(
        view, found.reference, start=view.as_of - 2 * _YEAR, end=view.as_of
    )
    return drift.season(found, history)


def together(view: Rows) -> Findings:
    """All features of the newest rows at once: a second opinion, wakes nobody."""
    reference, analysis = view.reference, view.analysis
    names = view.settings.features.plain
    if not names:
        words = "It reads text only, and no two columns that could go together."
        return Findings("All features together", (), words)
    apart = drift.domain_classifier(
        reference, analysis, features=names, rng=view.settings.seed
    )
    again = drift.reconstruction(
        reference,
        analysis,
        features=names,
        every=view.settings.chunk,
        timezone=view.timezone,
        rng=view.settings.seed,
    )
    return Findings(
        "All features together",
        (*apart.rows, *again.rows),
        " ".join(each.summary for each in (apart, again) if each.summary),
        main=apart.main,
    )


def _empty() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame()


def _answered(view: Rows) -> pd.DataFrame:
    """Time, score and outcome of the rows later than the training data."""
    version = view.production
    if version is None or version.trained_to is None:
        return view.scored[["time", "score", "outcome"]]
    rows = view.labelled[view.labelled["time"] > version.trained_to]
    told = rows[["time", "outcome"]].copy()
    told["score"] = saying.said(view, version, rows)[0]
    return told


def _ended(view: Rows, label: str) -> bool:
    return periods.bounds(label, timezone=view.timezone).end <= view.as_of


def _since(view: Rows) -> datetime:
    """The first chunk to look at: after the training data, and within a year."""
    chunk = view.settings.chunk
    begin = view.as_of - SHOWN_CHUNKS[chunk] * LENGTH[chunk]
    if view.reference_period is not None:
        begin = max(begin, view.reference_period[1])
    moments: Any = [begin]
    label = periods.chunk_of(moments, every=chunk, timezone=view.timezone).iloc[0]
    found = periods.bounds(str(label), timezone=view.timezone)
    return found.start if found.start >= begin else found.end

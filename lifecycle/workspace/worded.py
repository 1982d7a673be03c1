"""Words that have moved: texts told apart from those of then, classes that are new."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lifecycle import drift, intervals, markup
from lifecycle.findings import Finding, Findings
from lifecycle.workspace import saying
from lifecycle.workspace.rows import LENGTH

if TYPE_CHECKING:
    from lifecycle.workspace.rows import Rows

__all__ = ["Moved", "arrived", "texts"]

MESSAGES = 20_000  # of either side that are read
ENOUGH = 5  # rows of a class nobody taught: fewer may be slips of the pen
NAMED = 5


@dataclass(frozen=True)
class Moved(Findings):
    """Findings that name what has moved.

    Parameters
    ----------
    drifted : tuple of str
        Columns or classes; of several the most important first.
    """

    drifted: tuple[str, ...] = ()


def texts(view: Rows) -> tuple[Moved, ...]:
    """Whether the newest messages of each text column differ from those of then."""
    if not len(view.reference) or not len(view.analysis):
        return ()
    return tuple(_text(view, name) for name in view.settings.features.text)


def _text(view: Rows, name: str) -> Moved:
    found = drift.text(
        view.reference,
        view.analysis,
        name,
        rows=MESSAGES,
        min_n=view.settings.alerts.min_rows,
        rng=view.settings.seed,
    )
    period = view.chunk_label(view.analysis["time"].max())
    rows = tuple(
        replace(row, subject=row.subject or name, period=period)
        for row in found
        if row.measure == "auc" or row.lower * row.upper > 0
    )
    moved = (name,) if found.verdict == "alert" else ()
    return Moved(found.title, rows, found.summary, main=found.main, drifted=moved)


def arrived(view: Rows) -> tuple[Moved, ...]:
    """Classes that came true and that the version in production was never taught.

    It can only be wrong about them. The newest chunks with outcomes count, as many as
    the drift rule looks at, whether the outcomes are due or came early: a new class is
    news as soon as somebody has named it.
    """
    version = view.production
    if not view.task.words or version is None:
        return ()
    rows = view.labelled[view.labelled["outcome"].notna()]
    if version.trained_to is not None:
        rows = rows[rows["time"] > version.trained_to]
    if rows.empty:
        return ()
    span = view.settings.alerts.drift_chunks * LENGTH[view.settings.chunk]
    rows = rows[rows["time"] > rows["time"].max() - span]
    n, known = len(rows), set(saying.classes(version))
    strange = rows[~rows["outcome"].isin(known)]
    found, loud = [], []
    for name, own in sorted(
        strange.groupby("outcome"), key=lambda each: (-len(each[1]), str(each[0]))
    ):
        count, subject = len(own), markup.one_line(str(name), most=60)
        ends = intervals.wilson(count, n)
        enough = count >= ENOUGH
        found.append(
            Finding(
                "new class",
                count / n,
                n,
                *ends,
                threshold=ENOUGH / n,
                verdict="alert" if enough else "quiet",
                period=view.chunk_label(own["time"].max()),
                subject=subject,
                unit="%",
            )
        )
        if enough:
            loud.append(f"{subject} ({count:,} since {own['time'].min():%Y-%m-%d})")
    if not found:
        quiet = Finding("new class", 0.0, n, *intervals.wilson(0, n), unit="%")
        found = [replace(quiet, threshold=ENOUGH / n, verdict="quiet")]
    words = f"Every class that came true in {n:,} rows was taught to version "
    words = f"{words}{version.number}, or came too seldom to be believed."
    if loud:
        many = f"{len(loud)} classes" if len(loud) > 1 else "1 class"
        more = f" and {len(loud) - NAMED} more" if len(loud) > NAMED else ""
        share = len(strange) / n
        words = (
            f"{many} came true that version {version.number} was never taught: "
            f"{', '.join(loud[:NAMED])}{more}; {share:.1%} of {n:,} rows have such a "
            "class."
        )
    names = tuple(row.subject for row in found if row.verdict == "alert")
    return (Moved("New classes", tuple(found), words, main="new class", drifted=names),)

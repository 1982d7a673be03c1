"""Faults: what is wrong with the data, since when, and which rows it touches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from lifecycle import markup, profiles
from lifecycle.findings import Findings
from lifecycle.quality.shares import Evidence

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Fault", "Quality", "faults", "marks"]

_SHOWN = 24  # rows on a page
_IMPLIED = {  # the stronger word, and what it says already
    "type": {"unseen", "renamed", "out_of_range", "scale", "distinct"},
    "scale": {"out_of_range", "distinct"},
    "frozen": {"distinct", "out_of_range", "unseen", "repeated", "scale"},
    "renamed": {"unseen"},
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A column, or the rows as a whole, that are not what they were.

    Parameters
    ----------
    column : str
        Empty where the rows as a whole are meant.
    kind : {"fault", "drift"}
        A fault is mended in the data; drift is the world's, and a model is trained
        for it.
    cause : str
        The measure that tells: "missing", "type", "frozen" ...
    since : datetime or None
        The first moment touched; `None` where it began with the rows.
    until : datetime or None
        The first moment no longer touched; `None` while it lasts.
    rows : int
        How many rows show it; of a span `touches` marks all.
    sentence : str
        What is wrong, for a person.

    Examples
    --------
    >>> since = datetime(2023, 4, 3, tzinfo=UTC)
    >>> Fault("age", "fault", "frozen", since, None, 90, "age is frozen")
    <Fault age: frozen since 2023-04-03 00:00, 90 rows>
    """

    column: str
    kind: Literal["fault", "drift"]
    cause: str
    since: datetime | None
    until: datetime | None
    rows: int
    sentence: str

    def touches(self, frame: pd.DataFrame) -> np.ndarray:
        """Mark the rows between its first and its last moment.

        Parameters
        ----------
        frame : DataFrame of shape (n, n_columns)
            With `time`; without it all rows are marked.

        Returns
        -------
        ndarray of bool, shape (n,)
            All rows where neither moment is known; a row without a time is marked
            where the first is not known.
        """
        import numpy as np

        marked = np.ones(len(frame), dtype=bool)
        if "time" not in frame.columns:
            return marked
        seconds = profiles.numbers(profiles.column(frame, "time"))
        if self.since is not None:
            marked &= seconds >= self.since.timestamp()
        if self.until is not None:
            marked &= ~(seconds >= self.until.timestamp())
        return marked

    def __repr__(self) -> str:
        about = self.column or "all rows"
        span = _span(self.since, self.until, "%Y-%m-%d %H:%M")
        return f"<Fault {about}: {self.cause}{span}, {self.rows:,} rows>"


@dataclass(frozen=True, repr=False)
class Quality(Findings):
    """Findings about the data, and what is wrong with it.

    Parameters
    ----------
    title, rows, summary, main, shown
        As of `Findings`.
    marks : tuple of Fault
        What is wrong with a column or with the rows, faults before drift.
    features : tuple of str
        The columns that were looked at.

    Examples
    --------
    >>> import pandas as pd
    >>> from lifecycle import quality
    >>> before = pd.DataFrame({"plan": ["free", "pro"] * 50})
    >>> after = pd.DataFrame({"plan": ["Free", "pro"] * 50})
    >>> found = quality.check(before, after, features=["plan"])
    >>> found.faults[0].sentence
    "plan writes 'Free' for 'free', 50% of its values"
    """

    marks: tuple[Fault, ...] = ()
    features: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What must be mended in the data before a model is blamed or trained."""
        return tuple(mark for mark in self.marks if mark.kind == "fault")

    @property
    def drifts(self) -> tuple[Fault, ...]:
        """What looks odd, is no fault, and is judged as drift."""
        return tuple(mark for mark in self.marks if mark.kind == "drift")

    def touched(self, frame: pd.DataFrame) -> np.ndarray:
        """Mark the rows of a frame that a fault of a column touches.

        Training leaves them out. Too few rows, and gaps, touch none; of rows that are
        there twice the later ones are marked.

        Parameters
        ----------
        frame : DataFrame of shape (n, n_columns)
            With `time`, such as the analysis.

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        import numpy as np

        marked = np.zeros(len(frame), dtype=bool)
        for fault in self.faults:
            if fault.column:
                marked |= fault.touches(frame)
            elif fault.cause == "duplicate_ids" and "id" in frame.columns:
                marked |= profiles.column(frame, "id").duplicated().to_numpy()
            elif fault.cause == "duplicate_rows":
                names = [n for n in frame.columns if str(n) in (*self.features, "time")]
                marked |= frame[names].astype(str).duplicated().to_numpy()
        return marked

    def _repr_html_(self) -> str:
        """What is wrong, and the rows that say most; `frame` has all."""
        loud = [row for row in self if row.verdict == "alert"]
        others = [row for row in self if row.verdict != "alert" and not row.period]
        rows = [*loud, *others][: max(_SHOWN, len(loud))]
        shown = markup.findings(self.title, self.summary, self.verdict, rows)
        return shown + (_table(self.marks) if self.marks else "")

    def states(self) -> pd.DataFrame:
        """Say of each column whether it is a fault, drift or fine, and why.

        Returns
        -------
        DataFrame
            A row a column: `column`, `state` ("fault", "drift", "fine", "undefined"),
            `reason`, `since`, `until`, `rows`; a column with two faults has two.
        """
        import pandas as pd

        lines: list[tuple[object, ...]] = []
        for name in self.features:
            found = [mark for mark in self.marks if mark.column == name]
            judged = any(r.verdict != "undefined" for r in self if r.subject == name)
            state = "fine" if judged else "undefined"
            lines += [
                (m.kind, m.sentence, m.since, m.until, m.rows, name) for m in found
            ]
            if not found:
                lines.append((state, "", None, None, 0, name))
        names = ["state", "reason", "since", "until", "rows", "column"]
        table = pd.DataFrame(lines, columns=names)
        table["rows"] = table["rows"].astype(int)
        for name in ("since", "until"):
            table[name] = pd.to_datetime(table[name], utc=True)
        return table[["column", *names[:-1]]]


def _table(found: Sequence[Fault]) -> str:
    """What is wrong, one a row, for a page."""
    lines = [
        [
            _name(mark.column) or "all rows",
            mark.kind,
            _span(mark.since, mark.until).strip() or "throughout",
            mark.rows,
            mark.sentence,
        ]
        for mark in found
    ]
    header = ["Column", "State", "When", "Rows", "What"]
    return markup.table(header, lines, label="What is wrong", numeric=[3])


def faults(found: Quality) -> tuple[Fault, ...]:
    """What is wrong with the data, each with the rows it touches.

    Parameters
    ----------
    found : Quality
        As `check` gives it.

    Returns
    -------
    tuple of Fault
        Without drift; empty where the data are fit to be judged.

    Examples
    --------
    >>> import pandas as pd
    >>> from lifecycle import quality
    >>> rows = pd.DataFrame({"a": [1.0, 2.0] * 50})
    >>> faults(quality.check(rows, rows, features=["a"]))
    ()
    """
    return found.faults


def marks(found: Sequence[Evidence]) -> tuple[Fault, ...]:
    """Put the evidence into words, without what a stronger word says already."""
    wrong = [each for each in found if each.kind]
    held = []
    for each in wrong:
        mine = each.finding.subject
        others = [other for other in wrong if other.finding.subject == mine]
        if not any(_says(other, each) for other in others):
            held.append(each)
    ranked = sorted(held, key=lambda each: each.kind != "fault")
    return tuple(
        Fault(
            each.finding.subject,
            "fault" if each.kind == "fault" else "drift",
            each.finding.measure,
            each.since,
            each.until,
            each.rows,
            _sentence(each),
        )
        for each in ranked
    )


def _says(strong: Evidence, weak: Evidence) -> bool:
    if weak.kind == "drift":
        return strong.kind == "fault" and bool(weak.finding.subject)
    if strong.kind != "fault":
        return False
    if weak.finding.measure not in _IMPLIED.get(strong.finding.measure, ()):
        return False
    first = datetime.min.replace(tzinfo=UTC)
    last = datetime.max.replace(tzinfo=UTC)
    within = (strong.since or first).date() <= (weak.since or first).date()
    return within and (strong.until or last) >= (weak.until or last)


def _sentence(each: Evidence) -> str:
    name = _name(each.finding.subject)
    if each.finding.measure == "longest_gap":
        return f"{each.said}{_span(each.since, None)}"
    said = f"{name} {each.said}".strip() + _span(each.since, each.until)
    return f"{said} ({each.advice})" if each.advice else said


def _span(
    since: datetime | None, until: datetime | None, form: str = "%Y-%m-%d"
) -> str:
    if since is not None and until is not None:
        return f" from {since.strftime(form)} to {until.strftime(form)}"
    if until is not None:
        return f" until {until.strftime(form)}"
    return "" if since is None else f" since {since.strftime(form)}"


def _name(name: str) -> str:
    """A column's name on one line, cut when it is endless."""
    line = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return line if len(line) <= 60 else line[:59] + "…"

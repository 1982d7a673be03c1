"""Findings: numbers that carry their count, their interval and their verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle import figures

__all__ = ["Finding", "Findings", "Verdict", "judge"]

Verdict = Literal["alert", "quiet", "undefined"]


def judge(
    value: float,
    threshold: float,
    *,
    side: Literal["above", "below"],
    n: int | None = None,
    min_n: int = 0,
) -> Verdict:
    """Hold a value against a threshold.

    Undefined when the value or the threshold is `nan`, or when `n` is below
    `min_n`; a missing value is never called quiet.

    Parameters
    ----------
    value, threshold : float
        In the same unit.
    side : {"above", "below"}
        On which side of the threshold a value is an alert.
    n : int, optional
        How many rows the value rests on.
    min_n : int
        Below this many rows the value is not judged.

    Returns
    -------
    {"alert", "quiet", "undefined"}

    Examples
    --------
    >>> judge(0.62, 0.70, side="below")
    'alert'
    >>> judge(0.62, 0.70, side="below", n=4, min_n=30)
    'undefined'
    >>> judge(math.nan, 0.70, side="below")
    'undefined'
    """
    if math.isnan(value) or math.isnan(threshold):
        return "undefined"
    if n is not None and n < min_n:
        return "undefined"
    beyond = value > threshold if side == "above" else value < threshold
    return "alert" if beyond else "quiet"


@dataclass(frozen=True, slots=True)
class Finding:
    """One number, with what it rests on and what it means.

    Parameters
    ----------
    measure : str
        What was measured: "accuracy", "ks", "conversion".
    value : float
        `nan` where undefined.
    n : int
        Rows behind the value.
    lower, upper : float
        Ends of the interval (90% unless the room says otherwise); `nan` where
        there is none.
    threshold : float
        What the value was held against; `nan` where it was not.
    verdict : {"alert", "quiet", "undefined"}
        "undefined" also where nothing was held against it.
    period : str
        The chunk's label ("2023-W14"), or empty for the whole analysis period.
    subject : str
        The feature, segment or action spoken of, or empty for the whole model.
    unit : str
        Empty for a plain number, "%" for a share shown in percent, or a currency.

    Examples
    --------
    >>> Finding("accuracy", 0.62, 400, 0.58, 0.66, 0.70, "alert", period="2023-W14")
    <Finding accuracy 2023-W14: 0.62 [0.58, 0.66], n 400, threshold 0.7, alert>
    """

    measure: str
    value: float
    n: int
    lower: float = math.nan
    upper: float = math.nan
    threshold: float = math.nan
    verdict: Verdict = "undefined"
    period: str = ""
    subject: str = ""
    unit: str = ""

    def __repr__(self) -> str:
        about = " ".join(part for part in (self.subject, self.period) if part)
        words = f"{self.measure} {about}".rstrip() + f": {self.value:.4g}"
        if not math.isnan(self.lower):
            words += f" [{self.lower:.4g}, {self.upper:.4g}]"
        words += f", n {self.n}"
        if not math.isnan(self.threshold):
            words += f", threshold {self.threshold:.4g}"
        return f"<Finding {words}, {self.verdict}>"


@dataclass(frozen=True)
class Findings(Sequence[Finding]):
    """Findings about one question, with a sentence that answers it.

    Parameters
    ----------
    title : str
        The question, in a few words.
    rows : tuple of Finding
        Oldest period first.
    summary : str
        The answer in one sentence.
    main : str
        The measure drawn and shown first; the first row's where empty.

    Examples
    --------
    >>> rows = (
    ...     Finding("accuracy", 0.81, 400, 0.77, 0.84, 0.7, "quiet", "2023-W14"),
    ...     Finding("accuracy", 0.62, 400, 0.58, 0.66, 0.7, "alert", "2023-W15"),
    ... )
    >>> performance = Findings("Performance", rows, "Accuracy fell to 62%.")
    >>> performance.verdict
    'alert'
    >>> performance
    <Findings Performance: alert, 2 rows. Accuracy fell to 62%.>
    >>> performance.newest("accuracy").period
    '2023-W15'
    """

    title: str
    rows: tuple[Finding, ...]
    summary: str = ""
    main: str = ""
    shown: int = field(default=600, repr=False)

    def __getitem__(self, index: int) -> Finding:  # type: ignore[override]
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.rows)

    @property
    def verdict(self) -> Verdict:
        """The verdict of the newest period: any alert, else any quiet, else undefined.

        Findings without a period speak of the whole and always count.
        """
        last = max((row.period for row in self.rows if _judged(row)), default="")
        verdicts = {row.verdict for row in self.rows if row.period in ("", last)}
        return (
            "alert"
            if "alert" in verdicts
            else "quiet"
            if "quiet" in verdicts
            else "undefined"
        )

    def newest(self, measure: str = "", subject: str = "") -> Finding | None:
        """The newest defined row of a measure, or `None`."""
        wanted = measure or self.main or (self.rows[0].measure if self.rows else "")
        found = [
            row
            for row in self.rows
            if row.measure == wanted
            and row.subject == subject
            and not math.isnan(row.value)
        ]
        return max(found, key=lambda row: row.period) if found else None

    def only(self, *, measure: str = "", subject: str | None = None) -> Findings:
        """The rows of one measure or one subject."""
        rows = tuple(
            row
            for row in self.rows
            if (not measure or row.measure == measure)
            and (subject is None or row.subject == subject)
        )
        return replace(self, rows=rows, main=measure or self.main)

    def latest(self, periods: int) -> Findings:
        """The rows of the newest periods, and those without one.

        Examples
        --------
        >>> rows = [Finding("m", 1.0, 9, period=p) for p in ("W1", "W2", "W3")]
        >>> [row.period for row in Findings("q", tuple(rows)).latest(2)]
        ['W2', 'W3']
        """
        known = sorted({row.period for row in self.rows if row.period})[-periods:]
        kept = {"", *known}
        return replace(self, rows=tuple(row for row in self.rows if row.period in kept))

    def frame(self) -> pd.DataFrame:
        """A tidy table, one row a finding, columns as the fields of `Finding`."""
        import pandas as pd

        names = list(Finding.__dataclass_fields__)
        values = [[getattr(row, name) for name in names] for row in self.rows]
        return pd.DataFrame(values, columns=names)

    def plot(self, measure: str = "") -> figures.Picture:
        """Draw one measure over the periods, or its subjects where there are none."""
        from lifecycle import figures

        wanted = measure or self.main or (self.rows[0].measure if self.rows else "")
        rows = [row for row in self.rows if row.measure == wanted]
        if any(row.period for row in rows):
            return figures.over_time(rows, title=self.title, measure=wanted)
        return figures.by_subject(rows, title=self.title, measure=wanted)

    def __repr__(self) -> str:
        words = f"{self.title}: {self.verdict}, {len(self.rows)} rows."
        return f"<Findings {words} {self.summary}".rstrip() + ">"

    def _repr_html_(self) -> str:
        from lifecycle import markup

        return markup.findings(
            self.title, self.summary, self.verdict, self.rows[-self.shown :]
        )


def _judged(row: Finding) -> bool:
    return row.verdict != "undefined"

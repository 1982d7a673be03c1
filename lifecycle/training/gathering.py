"""What a training may learn from: mature outcomes, people's words, no faulty rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import figures, intervals, markup, periods
from lifecycle.findings import Finding, Findings
from lifecycle.training import hearing, marking, windows
from lifecycle.training.hearing import OUTCOME

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Material", "gathered", "material"]


@dataclass(frozen=True, eq=False)
class Material:
    """The rows of a training, and where what is learned from each comes from.

    Parameters
    ----------
    table : DataFrame of n rows
        In the order of time and id, with `outcome`.
    weights : ndarray of shape (n,)
        1 where the true outcome is known, less for a word.
    sources : ndarray of str, shape (n,)
        "outcome", the kind of feedback whose word stands for it, or "early outcome".
    findings : Findings
        What share is people's, how often each source was right, what was left out.
    left_out : tuple of str
        Which rows are not there and why, one sentence each.
    told : dict
        What it was asked for; see `facts`.
    """

    table: pd.DataFrame = field(repr=False)
    weights: np.ndarray = field(repr=False)
    sources: np.ndarray = field(repr=False)
    findings: Findings
    left_out: tuple[str, ...]
    told: Mapping[str, Any] = field(repr=False)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def summary(self) -> str:
        """What there is, in one sentence."""
        return self.findings.summary

    def frame(self) -> pd.DataFrame:
        """The rows, with `weight` and `source` beside `outcome`."""
        return self.table.assign(weight=self.weights, source=self.sources)

    def plot(self) -> figures.Picture:
        """How often each source of words was right; what is people's without any."""
        right = self.findings.only(measure="right")
        return right.plot() if len(right) else self.findings.plot("touched")

    def facts(self) -> dict[str, Any]:
        """What it was asked for and what was found, JSON throughout."""
        return dict(self.told)

    def __repr__(self) -> str:
        return f"<Material {len(self)} rows. {self.summary}>"

    def _repr_html_(self) -> str:
        shown = markup.Html(self.findings._repr_html_())
        if not self.left_out:
            return shown
        lines = [[line] for line in self.left_out]
        return markup.join([shown, markup.Html(markup.table(["Left out"], lines))])


def material(
    labelled: pd.DataFrame,
    *,
    as_of: datetime,
    delay: timedelta,
    span: int | None = None,
    chunk: periods.Every = "week",
    timezone: str = "UTC",
    start: datetime | None = None,
    end: datetime | None = None,
    hold_out: int = 0,
    feedback: pd.DataFrame | None = None,
    left_out: npt.ArrayLike | Sequence[tuple[npt.ArrayLike, str]] | None = None,
    max_share_per_person: float = 0.1,
    classes: int = 2,
) -> Material:
    r"""The rows a training at `as_of` may learn from.

    Parameters
    ----------
    labelled : DataFrame of n rows
        `time`, `outcome` (missing where not known) and, where there is one, `known_at`,
        the moment the outcome became known; `id` where people are listened to.
    as_of : datetime
        With a time zone.
    delay : timedelta
        How long an outcome takes. A row that is younger is left out even when its
        outcome is known: those that come early are not like the others.
    span : int, optional
        Only the newest so many chunks that have rows; all without.
    chunk : {"week", "month", "day"}
        Length of a chunk.
    timezone : str
        The zone in which days begin.
    start, end : datetime, optional
        The period of the rows, half-open, with a time zone.
    hold_out : int
        The newest so many chunks of mature rows are kept for a test: nothing is
        learned from their rows.
    feedback : DataFrame, optional
        `id`, `time`, `kind`, `label` (0 or 1), `person`. Corrections and overrides
        stand for outcomes that are not known yet, with a weight learned from how often
        such words were right (see Notes); words on rows that are newer than those held
        out are among them.
    left_out : array-like of bool, shape (n,), or sequence of (array-like, str)
        Rows that nothing is learned from, such as those a fault in the data touches,
        and one sentence why.
    max_share_per_person : float
        What all words of one person weigh at most, as a share of the rows with a true
        outcome. All words of all people weigh at most as much as those rows.
    classes : int
        Of how many classes outcomes and labels are codes; 0 where they are amounts, on
        which words are not weighed.

    Returns
    -------
    Material

    Raises
    ------
    InputError
        A column is missing.
    ValueError
        A mask is not of these rows, times have no zone, or a setting makes no sense.

    Notes
    -----
    A word weighs :math:`\max(0, 2p - 1)` with :math:`p` the lower end of how probable
    its source is right: see `people.weigh`. One person's words on a prediction are one
    word, the last. People who agree are as sure as the surest of them, not surer: they
    talk to each other. Of those who do not, the surer camp stands, with the difference
    of the two. The true outcome takes a word's place when it is mature; where it came
    early it stands with the word's weight, or those that come early would weigh most.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2023-01-02", periods=22, tz="UTC")
    >>> frame = pd.DataFrame({"time": days[:21], "outcome": 1.0})
    >>> known = {"as_of": days[21], "delay": timedelta(days=7)}
    >>> material(frame, **known)
    <Material 15 rows. All 15 rows have their true outcome.>
    >>> len(material(frame, span=1, **known))
    1
    """
    timed = windows.Timed.of(labelled, chunk, timezone)
    return gathered(
        timed,
        as_of=as_of,
        delay=delay,
        span=span,
        chunk=chunk,
        timezone=timezone,
        start=start,
        end=end,
        hold_out=hold_out,
        spoken=None
        if feedback is None
        else hearing.Spoken.of(timed.frame, feedback, classes=classes),
        left_out=left_out,
        max_share_per_person=max_share_per_person,
    )


def gathered(
    timed: windows.Timed,
    *,
    as_of: datetime,
    delay: timedelta,
    span: int | None,
    chunk: periods.Every,
    timezone: str,
    start: datetime | None = None,
    end: datetime | None = None,
    hold_out: int = 0,
    spoken: hearing.Spoken | None,
    left_out: npt.ArrayLike | Sequence[tuple[npt.ArrayLike, str]] | None,
    max_share_per_person: float,
) -> Material:
    """As `material`, of rows that were ordered before: a back-test asks many times."""
    import numpy as np
    import pandas as pd

    if not 0 <= max_share_per_person <= 1:
        raise ValueError(
            f"max_share_per_person must lie within 0 and 1, got {max_share_per_person}"
        )
    if hold_out < 0:
        raise ValueError(f"hold_out must be 0 or more chunks, got {hold_out}")
    frame, order, ranks = timed.frame, timed.order, timed.ranks
    reasons = marking.masks(left_out, order)
    fit = np.ones(len(frame), dtype=bool)
    for mask, _ in reasons:
        fit &= ~mask
    ripe = np.zeros(len(frame), dtype=bool)
    ripe[windows.due(frame, as_of=as_of, delay=delay)] = True
    held = _newest_chunks(ranks, ripe & fit, hold_out)
    inside = _between(frame, as_of, start, end) & ~held
    chosen = windows.newest(np.flatnonzero(ripe & fit & inside), ranks, span)
    several = spoken is not None and spoken.classes != 2
    told: dict[str, Any] = {
        **({"classes": spoken.classes} if spoken and several else {}),
        "as_of": as_of.isoformat(),
        "delay_seconds": delay.total_seconds(),
        "span": span,
        "chunk": chunk,
        "timezone": timezone,
        "start": None if start is None else start.isoformat(),
        "end": None if end is None else end.isoformat(),
        "hold_out": hold_out,
        "max_share_per_person": max_share_per_person,
        "listened": spoken is not None,
        "outcomes": len(chosen),
    }
    first = ranks[chosen].min() if span and len(chosen) else 0
    wanted = inside & (ranks >= first)  # what is newer than the span's first chunk
    rows, weights = chosen, np.ones(len(chosen))
    values = frame["outcome"].to_numpy(dtype=float, na_value=np.nan)
    sources = np.full(len(chosen), OUTCOME, dtype=object)
    findings: list[Finding] = []
    remark = ""
    if spoken is not None:
        heard = hearing.listen(
            spoken,
            as_of=as_of,
            known=ripe & fit & inside,
            asked=wanted & fit & ~ripe,
            outcomes=len(chosen),
            most=max_share_per_person,
        )
        values = np.where(np.isnan(heard.labels), values, heard.labels)
        words = np.flatnonzero(heard.weights > 0)
        rows = np.concatenate([chosen, words])
        weights = np.concatenate([weights, heard.weights[words]])
        sources = np.concatenate([sources, heard.sources[words]])
        findings += heard.findings
        told["people"] = heard.facts | {"rows": len(words)}
        remark = heard.remark
    by_time = np.argsort(rows, kind="stable")
    rows, weights, sources = rows[by_time], weights[by_time], sources[by_time]
    lost = marking.told_of(reasons, frame, wanted)
    told["left_out"] = [each.facts() for each in lost]
    lost = [each for each in lost if each.rows]
    gone = int((wanted & ~fit).sum())
    table = frame.iloc[rows].assign(outcome=values[rows])
    findings = [*_shares(weights, sources), *findings, *(each.finding for each in lost)]
    told["people_to"] = _last(frame, rows[sources != OUTCOME])
    told["summary"] = _summary(weights, sources, gone, remark)
    return Material(
        pd.DataFrame(table),
        weights,
        sources,
        Findings("Training set", tuple(findings), told["summary"]),
        tuple(each.sentence for each in lost),
        told,
    )


def _newest_chunks(ranks: np.ndarray, mask: np.ndarray, count: int) -> np.ndarray:
    """Mark all rows of the newest chunks that have marked ones."""
    import numpy as np

    if not count:
        return np.zeros(len(ranks), dtype=bool)
    marked: np.ndarray = np.isin(ranks, np.unique(ranks[mask])[-count:])
    return marked


def _between(
    frame: pd.DataFrame,
    as_of: datetime,
    start: datetime | None,
    end: datetime | None,
) -> np.ndarray:
    inside = frame["time"] <= as_of
    if start is not None:
        inside &= frame["time"] >= start
    if end is not None:
        inside &= frame["time"] < end
    return inside.to_numpy(dtype=bool)


def _shares(weights: np.ndarray, sources: np.ndarray) -> list[Finding]:
    """How much of the rows, and of the weight, is people's."""
    n, spoken = len(weights), sources != OUTCOME
    hits = int(spoken.sum())
    touched = Finding(
        "touched",
        hits / n if n else float("nan"),
        n,
        *intervals.wilson(hits, n),
        unit="%",
    )
    total = float(weights.sum())
    heavy = float(weights[spoken].sum()) / total if total else float("nan")
    return [touched, Finding("touched_weight", heavy, n, unit="%")]


def _last(frame: pd.DataFrame, rows: np.ndarray) -> str | None:
    return None if not len(rows) else str(frame["time"].iloc[rows].max().isoformat())


def _summary(weights: np.ndarray, sources: np.ndarray, gone: int, remark: str) -> str:
    n, spoken = len(weights), int((sources != OUTCOME).sum())
    if not n:
        said = "There are no rows to learn from"
    elif not spoken:
        said = f"All {n:,} rows have their true outcome"
    else:
        worth = float(weights[sources != OUTCOME].sum())
        said = (
            f"{n - spoken:,} rows have their true outcome, {spoken:,} of {n:,} "
            f"({spoken / n:.1%}) a person's word that weighs {worth / spoken:.2f} in "
            "the mean"
        )
    said += f"; {gone:,} are left out" if gone else ""
    return f"{said}; {remark}." if remark else f"{said}."

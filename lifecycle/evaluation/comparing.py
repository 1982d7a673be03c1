"""A candidate against the champion on the same later rows, and the gate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle import figures, intervals, markup, metrics
from lifecycle.evaluation.pairing import Pair
from lifecycle.findings import Finding, Findings, Verdict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Evaluation", "compare"]

_IN_SUMMARY = 2
_SCORED = ("accuracy", "roc_auc", "brier")
_SIDES = ("champion", "candidate", "difference")
_WHOLE = ("errors_saved", *_SCORED, "cost")


@dataclass(frozen=True)
class Evaluation:
    """Whether a candidate may take the champion's place, and why.

    Parameters
    ----------
    findings : Findings
        Rows of accuracy, roc_auc, brier and cost (money a row) with the subjects
        champion, candidate and difference (candidate minus champion), the agreement
        of the two, and the differences by segment.
    passed : bool
        Whether the gate lets it through.
    reasons : tuple of str
        Why, one sentence each.
    difference : Finding
        What the gate looked at: the share of errors saved a row, above 0 is better.

    Examples
    --------
    >>> truth = [0, 1] * 100
    >>> tested = compare(truth, [0.4] * 200, [0.2, 0.7] * 100)
    >>> tested
    <Evaluation passed: errors saved 0.5 [0.4414, 0.5586], n 200>
    >>> tested.reasons[0]
    'The candidate is right in 100.0% of 200 rows, the champion in 50.0%: +50.0% (90%:
    +44.1% to +55.9%).'
    """

    findings: Findings
    passed: bool
    reasons: tuple[str, ...]
    difference: Finding = field(repr=False)

    @property
    def verdict(self) -> Verdict:
        """Quiet where it passed, alert where it did not, else undefined."""
        return self.findings.verdict

    @property
    def summary(self) -> str:
        """The reasons in a row."""
        return self.findings.summary

    def frame(self) -> pd.DataFrame:
        """One row a finding."""
        return self.findings.frame()

    def plot(self) -> figures.Picture:
        """Draw the accuracy of both, by week where weeks were told."""
        rows = [
            row
            for row in self.findings
            if row.measure == "accuracy" and row.subject in ("champion", "candidate")
        ]
        weekly = [row for row in rows if row.period]
        title = "Candidate against champion"
        if weekly:
            return figures.over_time(weekly, title=title, measure="accuracy")
        return figures.by_subject(rows, title=title, measure="accuracy")

    def __repr__(self) -> str:
        found = self.difference
        words = "passed" if self.passed else "not passed"
        ends = f"[{found.lower:.4g}, {found.upper:.4g}]"
        words += f": errors saved {found.value:.4g} {ends}, n {found.n}"
        return f"<Evaluation {words}>"

    def _repr_html_(self) -> str:
        found = self.findings
        whole = [row for row in found if not row.period and row.measure in _WHOLE]
        whole.sort(key=lambda row: _SIDES.index(row.subject))
        whole.sort(key=lambda row: _WHOLE.index(row.measure))
        whole = [*whole[1:], whole[0]]  # what the gate looked at comes last
        parts = [row for row in found if row.measure == "segment_difference"]
        parts.sort(key=lambda row: row.verdict != "alert")
        weekly = [row for row in found if row.period][::-1]
        label = "Champion, candidate and the difference"
        rest = self.reasons[_IN_SUMMARY:]
        pieces = [
            markup.grid(whole, down="measure", across="subject", label=label),
            markup.items(rest[:3]) if rest else "",
            markup.folded(f"{len(rest) - 3} more", markup.items(rest[3:]))
            if len(rest) > 3
            else "",
        ]
        for title, rows, down in (
            (f"By segment: the {len(parts)} with the largest loss", parts, "subject"),
            ("By period", weekly, "period"),
        ):
            across = "measure" if down == "subject" else "subject"
            if rows:
                body = markup.grid(rows, down=down, across=across, label=title)
                pieces.append(markup.folded(title, body))
        mark = markup.badge(found.verdict)
        head = [
            markup.Html(f"<h3>{markup.cell(found.title)} {mark}</h3>"),
            markup.paragraph(found.summary, kind="summary"),
        ]
        body = markup.join([*head, *pieces])
        return markup.Html(f'<div class="lc-findings">{body}</div>')


def compare(
    y_true: npt.ArrayLike,
    champion_score: npt.ArrayLike,
    candidate_score: npt.ArrayLike,
    *,
    champion_threshold: float = 0.5,
    candidate_threshold: float = 0.5,
    weeks: npt.ArrayLike | None = None,
    segments: pd.DataFrame | Mapping[str, npt.ArrayLike] | None = None,
    costs: Mapping[str, float] | None = None,
    currency: str = "",
    tolerance: float = 0.01,
    min_gain: float = 0.0,
    min_n: int = 100,
    min_segment: int = 50,
    level: float = 0.90,
    rng: np.random.Generator | int = 0,
) -> Evaluation:
    """Test a candidate against the champion on rows that neither was trained on.

    The gate: the errors saved a row, weighed by their costs, must be more than
    `min_gain`, the lower end of their interval above `-tolerance`, and no segment
    clearly worse.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Outcomes, 0 or 1. Rows where outcome or a score is missing are left out.
    champion_score, candidate_score : array-like of shape (n,)
        Probabilities of outcome 1.
    champion_threshold, candidate_threshold : float
        The score from which on each predicts 1.
    weeks : array-like of shape (n,), optional
        The chunk of each row, for the course over time.
    segments : DataFrame or mapping of arrays, optional
        Categories of the same rows, in any number of columns.
    costs : mapping, optional
        What a `false_positive` and a `false_negative` cost; 1 each without.
    currency : str
        Of the costs.
    tolerance : float
        By how many errors a row the candidate might still be worse.
    min_gain : float
        By how many errors a row it must be better.
    min_n, min_segment : int
        Rows without which nothing is judged, in all and of a segment.
    level : float
        Of the intervals.
    rng : Generator or int
        For the interval of the costs, which is drawn: money is skewed.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        When the arrays are not of the same rows.

    Notes
    -----
    A segment is clearly worse when, of the rows on which exactly one of the two is
    right, the champion is right too often for chance: McNemar's exact test, one-sided,
    at 5% over all segments together (Bonferroni). The difference of the ROC AUC has
    DeLong's interval for two correlated curves.

    Examples
    --------
    >>> found = compare([0, 1] * 100, [0.4, 0.6] * 100, [0.4, 0.4] * 100)
    >>> found.passed, found.reasons[1]
    (False, 'Not passed: it saves -0.500 errors a row, more than 0 are asked for.')
    """
    pair = Pair.of(
        y_true,
        champion_score,
        candidate_score,
        thresholds=(champion_threshold, candidate_threshold),
        labels={"weeks": weeks} if weeks is not None else {},
        segments=_named(segments),
    )
    prices = _prices(costs or {})
    enough = pair.n >= min_n
    value, lower, upper = intervals.paired_difference(
        pair.losses(0, prices), pair.losses(1, prices), level=level
    )
    better = value > min_gain and lower > -tolerance
    parts = list(pair.worse(min_segment=min_segment, level=level))
    worse = [part for part in parts if part.clearly]
    passed = bool(enough and better and not worse)
    judged: Verdict = "undefined" if not enough else "quiet" if better else "alert"
    difference = Finding(
        "errors_saved",
        value,
        pair.n,
        lower,
        upper,
        threshold=min_gain,
        verdict=judged,
        subject="difference",
    )
    reasons = [_outcome(pair, difference, level, weighed=prices[0] != prices[1])]
    if not enough:
        reasons.append(
            f"Not passed: {pair.n} rows have outcome and both scores, {min_n} are "
            "needed; wait for more outcomes."
        )
    elif value <= min_gain:
        reasons.append(
            f"Not passed: it saves {value:+.3f} errors a row, more than {min_gain:g} "
            "are asked for."
        )
    elif not lower > -tolerance:
        reasons.append(
            f"Not passed: it might still be worse by {-lower:.3f} errors a row, "
            f"{tolerance:g} are tolerated; test it on more rows."
        )
    if enough:
        reasons += [
            f"Not passed: it is clearly worse where {part.name}, by "
            f"{-part.value:.1%} of {part.n} rows."
            for part in worse
        ]
    if passed:
        told = f"; none of {len(parts)} segments is clearly worse" if parts else ""
        sure = "better by more than chance would allow"
        if lower <= 0:
            sure = f"better so far, and hardly worse by more than {tolerance:g} errors "
            sure += "a row"
        reasons.append(f"Passed: {sure}{told}.")
    if pair.dropped:
        reasons.append(
            f"{pair.dropped} rows are left out, they lack an outcome or a score."
        )
    rows = [difference, *_measured(pair, level)]
    if costs:
        rows += _costs(pair, costs, currency, level, rng)
    rows += [
        Finding(
            "segment_difference",
            part.value,
            part.n,
            part.lower,
            part.upper,
            threshold=0.0,
            verdict=("alert" if part.clearly else "quiet") if enough else "undefined",
            subject=part.name,
        )
        for part in sorted(parts, key=lambda part: part.value)[:20]
    ]
    rows += _weekly(pair, level)
    summary = " ".join(reasons[:_IN_SUMMARY])
    title = "Candidate against champion"
    found = Findings(title, tuple(rows), summary, main="errors_saved")
    return Evaluation(found, passed, tuple(reasons), difference)


def _named(
    segments: pd.DataFrame | Mapping[str, npt.ArrayLike] | None,
) -> dict[str, Any]:
    if segments is None:
        return {}
    return {str(name): values for name, values in segments.items()}


def _prices(costs: Mapping[str, float]) -> tuple[float, float]:
    """Costs of a false positive and a false negative, the dearer one as 1."""
    prices = costs.get("false_positive", 1.0), costs.get("false_negative", 1.0)
    if min(prices) < 0 or not 0 < max(prices) < math.inf:
        raise ValueError(
            "false_positive and false_negative must not be negative and one must be "
            f"above 0, got {prices[0]} and {prices[1]}"
        )
    return prices[0] / max(prices), prices[1] / max(prices)


def _outcome(pair: Pair, found: Finding, level: float, *, weighed: bool) -> str:
    if not pair.n:
        return "There are no rows with an outcome and both scores."
    champion, candidate = (float(pair.right(which).mean()) for which in (0, 1))
    sentence = (
        f"The candidate is right in {candidate:.1%} of {pair.n:,} rows, the champion "
        f"in {champion:.1%}"
    )
    if weighed:
        return (
            f"{sentence}; weighed by cost it saves {found.value:+.3f} errors a row "
            f"({level:.0%}: {found.lower:+.3f} to {found.upper:+.3f})."
        )
    return (
        f"{sentence}: {found.value:+.1%} ({level:.0%}: {found.lower:+.1%} to "
        f"{found.upper:+.1%})."
    )


def _measured(pair: Pair, level: float) -> Iterator[Finding]:
    """Accuracy, ROC AUC and Brier score of both, and what lies between."""
    for name in _SCORED:
        values = []
        for which, subject in enumerate(("champion", "candidate")):
            value, lower, upper, n = metrics.with_interval(
                name, pair.truth, pair.guess(which), pair.scores[which], level=level
            )
            values.append(value)
            yield Finding(name, value, n, lower, upper, subject=subject)
        lower, upper = pair.between(name, level=level)
        value = values[1] - values[0]
        yield Finding(name, value, pair.n, lower, upper, subject="difference")
    same = int((pair.guess(0) == pair.guess(1)).sum())
    share = same / pair.n if pair.n else math.nan
    ends = intervals.wilson(same, pair.n, level=level)
    yield Finding("agreement", share, pair.n, *ends, subject="both")


def _costs(
    pair: Pair,
    costs: Mapping[str, float],
    currency: str,
    level: float,
    rng: np.random.Generator | int,
) -> Iterator[Finding]:
    """Money a row."""
    import numpy as np

    generator = np.random.default_rng(rng)
    prices = costs.get("false_positive", 1.0), costs.get("false_negative", 1.0)
    champion, candidate = pair.losses(0, prices), pair.losses(1, prices)
    for subject, money in (
        ("champion", champion),
        ("candidate", candidate),
        ("difference", candidate - champion),
    ):
        ends = intervals.bootstrap(_mean, money, rng=generator, level=level)
        value = float(money.mean()) if pair.n else math.nan
        yield Finding("cost", value, pair.n, *ends, subject=subject, unit=currency)


def _mean(values: Any) -> float:
    return float(values.mean())


def _weekly(pair: Pair, level: float) -> Iterator[Finding]:
    weeks = pair.labels.get("weeks")
    if weeks is None:
        return
    for week in sorted(set(weeks)):
        rows = weeks == week
        for which, subject in enumerate(("champion", "candidate")):
            right, n = int(pair.right(which)[rows].sum()), int(rows.sum())
            ends = intervals.wilson(right, n, level=level)
            yield Finding(
                "accuracy", right / n, n, *ends, period=str(week), subject=subject
            )

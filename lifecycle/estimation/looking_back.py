"""Realised and estimated performance on one line, and how wrong estimates have been."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lifecycle import figures, intervals, markup
from lifecycle.estimation.result import Estimate
from lifecycle.findings import Finding, Findings, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Beside", "Error", "beside"]

_IN_SIGHT = 12  # newest chunks of the tables; `frame` has all
_FEW = 5
_GAPS = "realised", "estimated", "gap"


@dataclass(frozen=True, slots=True)
class Error:
    """How wrong the estimates of one metric turned out to be.

    Parameters
    ----------
    measure : str
    chunks : int
        Chunks that have both, realised and estimated.
    value : float
        Mean absolute error over them; `nan` where there are none.
    bias : float
        Mean of realised less estimated: below 0 where the estimate flattered (of a
        metric where more is better).
    coverage : float
        Share of them whose realised value lay within the estimate's interval.
    lower, upper : float
        Wilson's interval of the coverage.
    reach : float
        The absolute error that a new chunk exceeds with a chance of at most 1 - level,
        if it is like the old; the largest seen where there are too few to say.

    Examples
    --------
    >>> Error("accuracy", 12, 0.04, -0.03, 0.5, 0.29, 0.71, 0.08)
    <Error of accuracy: 0.04 on 12 chunks, 50% within the interval>
    """

    measure: str
    chunks: int
    value: float
    bias: float
    coverage: float
    lower: float
    upper: float
    reach: float

    def __repr__(self) -> str:
        return (
            f"<Error of {self.measure}: {self.value:.4g} on {self.chunks} chunks, "
            f"{self.coverage:.0%} within the interval>"
        )


@dataclass(frozen=True, eq=False)
class Beside:
    """Realised, estimated and the gap, chunk by chunk.

    Parameters
    ----------
    findings : Findings
        Three rows a chunk and metric (subject): `realised`, `estimated` and, where both
        are there, `gap`, the realised less the estimated.
    errors : tuple of Error
        One a metric that has both.
    level : float
        Of the intervals.
    doubtful : tuple of str
        Chunks whose estimate must not be trusted.

    Examples
    --------
    >>> real = Findings("", (Finding("accuracy", 0.7, 400, 0.66, 0.74, period="W1"),))
    >>> made = Findings("", (Finding("accuracy", 0.8, 400, 0.77, 0.83, period="W1"),))
    >>> beside(real, made)
    <Beside: Estimates of accuracy were off by 0.1 on 1 chunk whose outcomes are known.>
    """

    findings: Findings
    errors: tuple[Error, ...] = field(repr=False)
    level: float = field(default=0.90, repr=False)
    doubtful: tuple[str, ...] = field(default=(), repr=False)

    @property
    def summary(self) -> str:
        """How wrong past estimates were, in one sentence."""
        return self.findings.summary

    @property
    def verdict(self) -> Verdict:
        """Alert where the intervals have proved too narrow."""
        return self.findings.verdict

    def error(self, measure: str) -> Error | None:
        """Of one metric; None where no chunk has both."""
        return next((each for each in self.errors if each.measure == measure), None)

    def widened(self, estimate: Estimate) -> Estimate:
        """An estimate whose intervals reach as far as past errors did.

        Parameters
        ----------
        estimate : Estimate
            Of the same model.

        Returns
        -------
        Estimate
            An interval narrower than the reach of past errors takes their width; an
            alert that then may be chance stays one, since it is about the value.
        """
        rows = []
        for row in estimate.findings:
            past = self.error(row.measure)
            if past is None or math.isnan(row.lower):
                rows.append(row)
                continue
            within = row.measure != "log_loss"
            lower = min(row.lower, max(0.0, row.value - past.reach))
            upper = max(row.upper, row.value + past.reach)
            if within:
                upper = max(row.upper, min(1.0, upper))
            rows.append(replace(row, lower=lower, upper=upper))
        words = f"{estimate.summary} {self.summary}".strip()
        findings = replace(estimate.findings, rows=tuple(rows), summary=words)
        return replace(estimate, findings=findings)

    def frame(self) -> pd.DataFrame:
        """One row a chunk and metric: realised, estimated, both intervals, the gap."""
        import pandas as pd

        made: dict[tuple[str, str], dict[str, object]] = {}
        for row in self.findings:
            line = made.setdefault(
                (row.period, row.subject),
                {"period": row.period, "measure": row.subject},
            )
            line[row.measure] = row.value
            if row.measure != "gap":
                line[f"{row.measure}_n"] = row.n
            line[f"{row.measure}_lower"] = row.lower
            line[f"{row.measure}_upper"] = row.upper
        names = ["period", "measure", "realised", "estimated", "gap"]
        names += [f"{which}_{end}" for which in _GAPS for end in ("lower", "upper")]
        names += ["realised_n", "estimated_n"]
        return pd.DataFrame(list(made.values()), columns=names)

    def plot(self, measure: str = "") -> figures.Picture:
        """One metric over the chunks, as it came true and as it was estimated.

        Parameters
        ----------
        measure : str
            The main one where none is given.
        """
        wanted = measure or self.findings.main
        rows = [row for row in self.findings if row.subject == wanted]
        realised, estimated = (
            [row for row in rows if row.measure == which]
            for which in ("realised", "estimated")
        )
        return figures.realised_and_estimated(
            realised,
            estimated,
            title=self.findings.title,
            measure=wanted,
            doubtful=self.doubtful,
        )

    def __repr__(self) -> str:
        return f"<Beside: {self.summary}>"

    def _repr_html_(self) -> str:
        parts: list[object] = [
            markup.Html(f"<h3>{markup.cell(self.findings.title)}</h3>"),
            markup.paragraph(self.summary, kind="summary"),
        ]
        for measure in dict.fromkeys(row.subject for row in self.findings):
            rows = [row for row in self.findings if row.subject == measure]
            newest = sorted(rows, key=lambda row: row.period, reverse=True)
            name = markup.said(measure)
            label = f"{name}: realised and estimated"
            periods = list(dict.fromkeys(row.period for row in newest))[:_IN_SIGHT]
            near = [row for row in newest if row.period in periods]
            table = markup.grid(near, label=label)
            shown = measure == self.findings.main
            parts.append(table if shown else markup.folded(name, table))
        return markup.Html(f'<div class="lc-findings">{markup.join(parts)}</div>')


def beside(
    realised: Findings, estimated: Findings | Estimate, *, level: float = 0.90
) -> Beside:
    r"""Put what the outcomes said beside what was estimated without them.

    Chunks of either side appear, the gap only where both are known. What estimates must
    not be trusted (their `Estimate` says so) is shown and not counted among the errors.

    Parameters
    ----------
    realised : Findings
        A row a chunk and metric, as `monitor.performance` gives them: of chunks that
        are ripe.
    estimated : Findings or Estimate
        Rows of the same chunks and metrics, and of newer chunks.
    level : float
        Of the estimate's intervals.

    Returns
    -------
    Beside
        The newest gap of a metric is an alert when fewer realised values lay within the
        intervals than their level says, by more than chance, and the realised value is
        outside once more; quiet when it is within.

    Notes
    -----
    The reach of :math:`m` past errors is the :math:`\lceil (m + 1) \cdot level
    \rceil`-th smallest of them, as in split conformal prediction; their largest where
    :math:`m` is too small for that. The interval of a gap is that of the estimate.

    References
    ----------
    V. Vovk, A. Gammerman and G. Shafer, "Algorithmic learning in a random
    world" (2005).

    Examples
    --------
    >>> real = Findings("", (Finding("accuracy", 0.8, 400, unit="%", period="W1"),))
    >>> made = Findings("", (
    ...     Finding("accuracy", 0.82, 400, 0.78, 0.86, unit="%", period="W1"),
    ...     Finding("accuracy", 0.81, 400, 0.77, 0.85, unit="%", period="W2")))
    >>> beside(real, made).frame()[["period", "realised", "estimated"]].values.tolist()
    [['W1', 0.8, 0.82], ['W2', nan, 0.81]]
    """
    intervals.z(level)
    weak: set[str] = set()
    if isinstance(estimated, Estimate):
        weak = {each.period for each in estimated.grounds if each.reason}
        estimated = estimated.findings
    first, second = (
        {(row.subject or row.measure, row.period): row for row in rows}
        for rows in (realised, estimated)
    )
    measures = [m for m in dict.fromkeys(key[0] for key in second)]
    rows: list[Finding] = []
    errors = []
    for measure in measures:
        lines: list[Finding] = []
        pairs = []
        periods = {key[1] for key in (*first, *second) if key[0] == measure}
        for period in sorted(periods):
            truth, guess = first.get((measure, period)), second.get((measure, period))
            for word, row in (("realised", truth), ("estimated", guess)):
                if row is not None:
                    lines.append(replace(row, measure=word, subject=measure))
            if truth is None or guess is None or math.isnan(truth.value - guess.value):
                continue
            gap = truth.value - guess.value
            lines.append(
                Finding(
                    "gap",
                    gap,
                    truth.n,
                    truth.value - guess.upper,
                    truth.value - guess.lower,
                    period=period,
                    subject=measure,
                    unit=guess.unit,
                )
            )
            if period not in weak:
                pairs.append((gap, guess.lower <= truth.value <= guess.upper))
        error = _error(measure, pairs, level)
        if error is not None:
            errors.append(error)
            lines = _judged(lines, error, level)
        rows += lines
    main = next((m for m in (realised.main, estimated.main) if m in measures), "")
    main = main or (measures[0] if measures else "")
    rows.sort(key=lambda row: row.period)
    unit = next((row.unit for row in rows if row.subject == main), "")
    return Beside(
        Findings(
            "Realised and estimated",
            tuple(rows),
            _summary(main, unit, errors, level),
            main=main,
        ),
        tuple(errors),
        level,
        tuple(sorted(weak)),
    )


def _error(
    measure: str, pairs: Sequence[tuple[float, bool]], level: float
) -> Error | None:
    if not pairs:
        return None
    sizes = sorted(abs(gap) for gap, _ in pairs)
    count, inside = len(pairs), sum(within for _, within in pairs)
    rank = min(count, math.ceil((count + 1) * level - 1e-9))
    return Error(
        measure,
        count,
        sum(sizes) / count,
        sum(gap for gap, _ in pairs) / count,
        inside / count,
        *intervals.wilson(inside, count, level=level),
        sizes[rank - 1],
    )


def _judged(lines: list[Finding], error: Error, level: float) -> list[Finding]:
    """The newest gap is judged once there is a past to judge by."""
    gaps = [at for at, row in enumerate(lines) if row.measure == "gap"]
    if error.chunks < _FEW:
        return lines
    newest = lines[gaps[-1]]
    within = newest.lower <= 0 <= newest.upper
    narrow = error.upper < level and not within
    made = list(lines)
    made[gaps[-1]] = replace(newest, verdict="alert" if narrow else "quiet")
    return made


def _summary(main: str, unit: str, errors: Sequence[Error], level: float) -> str:
    name = markup.said(main) if markup.said(main).isupper() else main.replace("_", " ")
    name = {"roc_auc": "ROC AUC"}.get(main, name)
    past = next((each for each in errors if each.measure == main), None)
    if past is None:
        return (
            f"No chunk has both a realised and a trusted estimated {name or 'metric'}, "
            f"so nobody knows yet how wrong the estimate is."
        )
    points = f"{100 * past.value:.1f} points"
    off = points if unit == "%" else f"{past.value:.4g}"
    chunks = f"{past.chunks} chunk" + ("" if past.chunks == 1 else "s")
    words = (
        f"Estimates of {name} were off by {off} on {chunks} whose outcomes are known"
    )
    if past.chunks >= _FEW:
        words += (
            f", and {past.coverage:.0%} of the realised values lay within the "
            f"{level:.0%} intervals"
        )
        if past.upper < level:
            words += ", which are too narrow for this model"
    return f"{words}."

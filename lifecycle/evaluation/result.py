"""What a comparison of two models comes to, and how it shows itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle import figures, markup
from lifecycle.evaluation.differing import Differing
from lifecycle.evaluation.gate import Check
from lifecycle.findings import Finding, Findings, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["IN_SUMMARY", "Evaluation"]

IN_SUMMARY = 2
_SIDES = ("champion", "candidate", "difference")
_DRAWN = ("accuracy", "mae")


@dataclass(frozen=True)
class Evaluation:
    """Whether a candidate may take the champion's place, and why.

    Parameters
    ----------
    findings : Findings
        Rows of every metric and of `cost` (money a row) with the subjects champion,
        candidate and difference (candidate minus champion), their agreement, and the
        differences by segment and period.
    passed : bool
        Whether every rule of the gate lets it through.
    reasons : tuple of str
        Why, one sentence each.
    difference : Finding
        What the gate looked at: the share of errors saved a row, above 0 is better; of
        amounts the share of the champion's error.
    checks : tuple of Check
        What each rule of the gate says.
    differing : Differing or None
        The rows on which the two differ most.
    curves : mapping of str to DataFrame
        Reliability of champion and candidate, as `calibration.reliability` gives it.

    Examples
    --------
    >>> from lifecycle.evaluation import compare
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
    checks: tuple[Check, ...] = field(default=(), repr=False)
    differing: Differing | None = field(default=None, repr=False)
    curves: Mapping[str, pd.DataFrame] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def verdict(self) -> Verdict:
        """Quiet where it passed, alert where a rule forbids it, else undefined."""
        if self.passed:
            return "quiet"
        said = {check.verdict for check in self.checks}
        return "alert" if "alert" in said else "undefined"

    @property
    def summary(self) -> str:
        """The reasons in a row."""
        return self.findings.summary

    def frame(self) -> pd.DataFrame:
        """One row a finding."""
        return self.findings.frame()

    def facts(self) -> dict[str, Any]:
        """The outcome with its reasons as plain values, to be kept with the version.

        Returns
        -------
        dict
            `passed`, `verdict`, `gate` (the reasons in one text), `reasons`, `n`,
            `saved` (value, lower, upper), `checks` (rule, verdict, sentence, value,
            bound, n) and `rows` (what speaks of the whole, not by period); what is
            undefined is `None`.
        """
        whole = [row for row in self.findings if not row.period]
        names = ("measure", "subject", "value", "lower", "upper", "n", "unit")
        return {
            "passed": self.passed,
            "verdict": self.verdict,
            "gate": " ".join(self.reasons),
            "reasons": list(self.reasons),
            "n": self.difference.n,
            "saved": {
                end: _known(getattr(self.difference, end))
                for end in ("value", "lower", "upper")
            },
            "checks": [
                {name: _known(value) for name, value in asdict(check).items()}
                for check in self.checks
            ],
            "rows": [
                {name: _known(getattr(row, name)) for name in names} for row in whole
            ],
        }

    def plot(self) -> figures.Picture:
        """Draw how good both are, by week where weeks were told."""
        rows = [
            row
            for row in self.findings
            if row.measure in _DRAWN and row.subject in _SIDES[:2]
        ]
        measure = rows[0].measure if rows else _DRAWN[0]
        weekly = [row for row in rows if row.period]
        title = "Candidate against champion"
        if weekly:
            return figures.over_time(weekly, title=title, measure=measure)
        return figures.by_subject(rows, title=title, measure=measure)

    def reliability(self) -> figures.Picture:
        """Draw how often came true what the scores of both promised."""
        import pandas as pd

        nothing = pd.DataFrame(columns=["n", "mean_score", "rate"], dtype=float)
        champion, candidate = (self.curves.get(side, nothing) for side in _SIDES[:2])
        title = "Do the scores mean what they say"
        return figures.reliability(
            candidate, title=title, beside=champion, names=("candidate", "champion")
        )

    def __repr__(self) -> str:
        found = self.difference
        words = "passed" if self.passed else "not passed"
        ends = f"[{found.lower:.4g}, {found.upper:.4g}]"
        words += f": {found.measure.replace('_', ' ')} {found.value:.4g} {ends}"
        return f"<Evaluation {words}, n {found.n}>"

    def _repr_html_(self) -> str:
        mark = markup.badge(self.verdict)
        rest = self.reasons[IN_SUMMARY:]
        pieces = [
            markup.Html(f"<h3>{markup.cell(self.findings.title)} {mark}</h3>"),
            markup.paragraph(self.summary, kind="summary"),
            _beside(self.findings),
            markup.items(rest[:3]) if rest else "",
            markup.folded(f"{len(rest) - 3} more", markup.items(rest[3:]))
            if len(rest) > 3
            else "",
            _gate(self.checks),
            *_further(self.findings),
        ]
        if self.curves:
            drawn = self.reliability()
            shown = markup.image(drawn.svg, drawn.alt)
            pieces.append(markup.folded("Do the scores mean what they say", shown))
        if self.differing is not None and len(self.differing.table):
            title = "The rows on which they differ most"
            shown = markup.Html(self.differing._repr_html_())
            pieces.append(markup.folded(title, shown))
        body = markup.join(pieces)
        return markup.Html(f'<div class="lc-findings">{body}</div>')


def _beside(found: Findings) -> markup.Html:
    """Champion, candidate and the difference side by side, a line a measure."""
    whole = [
        row
        for row in found
        if not row.period and row.subject in _SIDES and row.measure != found.main
    ]
    whole.sort(key=lambda row: _SIDES.index(row.subject))
    order = list(dict.fromkeys(row.measure for row in found))
    whole.sort(key=lambda row: order.index(row.measure))
    gate = [row for row in found if row.measure == found.main and not row.period]
    label = "Champion, candidate and the difference"
    # what the gate looked at comes last
    rows = [*whole, *gate]
    return markup.grid(rows, down="measure", across="subject", label=label)


def _gate(checks: Sequence[Check]) -> markup.Html:
    """Every rule of the gate with what it says."""
    rows = [
        [check.rule.capitalize(), check.sentence, markup.badge(_WORDS[check.verdict])]
        for check in checks
    ]
    if not rows:
        return markup.Html("")
    label = "What the gate asks for"
    shown = markup.table(["Rule", "What was found", ""], rows, label=label)
    failed = sum(not check.passed for check in checks)
    state = f"{failed} not passed" if failed else "all passed"
    return markup.folded(f"The gate: {len(rows)} rules, {state}", shown)


_WORDS = {"quiet": "passed", "alert": "failed", "undefined": "undefined"}


def _further(found: Findings) -> list[markup.Html]:
    """Segments and periods, a click away."""
    parts = [row for row in found if row.measure == "segment_difference"]
    parts.sort(key=lambda row: row.verdict != "alert")
    weekly = [row for row in found if row.period][::-1]
    pieces = []
    if parts:
        title = f"By segment: the {len(parts)} with the largest loss"
        body = markup.grid(parts, down="subject", across="measure", label=title)
        pieces.append(markup.folded(title, body))
    for measure in sorted({row.measure for row in weekly}):
        rows = [row for row in weekly if row.measure == measure]
        rows.sort(key=lambda row: _SIDES.index(row.subject))
        rows.sort(key=lambda row: row.period, reverse=True)
        title = f"{markup.said(measure)} by period"
        if measure == "cost_of_period":
            title = "Cost by period"
        body = markup.grid(rows, down="period", across="subject", label=title)
        pieces.append(markup.folded(title, body))
    return pieces


def _known(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

"""A trial as it reads now: what to do, why, and how it came to that."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from lifecycle.experiment import words
from lifecycle.experiment.evidence import Metric
from lifecycle.experiment.looks import Look
from lifecycle.experiment.stopping import Decision, Guarded, gain
from lifecycle.findings import Finding, Findings, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lifecycle import figures
    from lifecycle.markup import Html

__all__ = ["RATIO", "Reading"]

_IN_SIGHT = 9
RATIO = 0.001
"""How rare a sample ratio must be for the trial to be undefined."""


@dataclass(frozen=True)
class Reading:
    """A trial at its newest look.

    Parameters
    ----------
    metric : Metric
    effect, level : float
        The smallest difference worth having; how often a false stop may ever be.
    paired : bool
        Whether both versions scored the same keys.
    decision : str
        "continue", "stop: benefit", "stop: harm", "stop: futility" or "undefined:
        sample ratio".
    sentence : str
        The decision with its numbers.
    course : tuple of Look
        Oldest first; empty before the first key has its outcome.
    guardrails : tuple of Guarded
    ratio : float
        The p-value of the sample ratio, valid at all looks; `nan` where nothing was
        dealt.
    title : str
        What is asked.
    """

    metric: Metric
    effect: float
    level: float
    paired: bool
    decision: Decision
    sentence: str
    course: tuple[Look, ...]
    guardrails: tuple[Guarded, ...] = ()
    ratio: float = math.nan
    title: str = "Trial"

    @property
    def summary(self) -> str:
        """The decision with its numbers."""
        return self.sentence

    @property
    def newest(self) -> Look | None:
        """The newest look; `None` before the first."""
        return self.course[-1] if self.course else None

    @property
    def verdict(self) -> Verdict:
        """Alert for harm and a broken sample ratio; undefined before the first look."""
        if self.decision in ("stop: harm", "undefined: sample ratio"):
            return "alert"
        return "quiet" if self.course else "undefined"

    @property
    def findings(self) -> Findings:
        """A row a look, then the guardrails and the sample ratio."""
        name = f"{words.called(self.metric.name)} difference"
        rows = [
            _row(name, look, self.metric, bound=0.0, verdict=self._of(look))
            for look in self.course
        ]
        for each in self.guardrails:
            for look in each.course[-1:]:
                bound = -each.tolerance
                bound = bound if each.metric.better == "high" else -bound
                verdicts: dict[str, Verdict] = {"breached": "alert", "kept": "quiet"}
                told = verdicts.get(each.state, "undefined")
                about = words.called(each.metric.name)
                row = _row(
                    "guardrail", look, each.metric, bound=bound, verdict=told, of=about
                )
                rows.append(row)
        if not math.isnan(self.ratio):
            n = self.course[-1].n if self.course else 0
            broken: Verdict = "alert" if self.ratio < RATIO else "quiet"
            rows.append(
                Finding(
                    "sample_ratio_p", self.ratio, n, threshold=RATIO, verdict=broken
                )
            )
        return Findings(self.title, tuple(rows), self.sentence, main=name)

    def _of(self, look: Look) -> Verdict:
        lower, upper = gain(self.metric, look)
        if self.decision == "undefined: sample ratio" or not lower <= upper:
            return "undefined"
        return "alert" if upper < 0 else "quiet"

    def facts(self) -> dict[str, Any]:
        """Plain values for a proposal, the ledger or a record."""
        newest = self.newest
        return {
            "metric": words.called(self.metric.name),
            "decision": self.decision,
            "sentence": self.sentence,
            "minimal_effect": self.effect,
            "level": self.level,
            "compared": "pairs" if self.paired else "arms",
            "looks": len(self.course),
            "difference": newest and _plain(newest.difference),
            "lower": newest and _plain(newest.lower),
            "upper": newest and _plain(newest.upper),
            "p": newest and _plain(newest.p),
            "n_experimental": newest.n_experimental if newest else 0,
            "n_production": newest.n_production if newest else 0,
            "sample_ratio_p": _plain(self.ratio),
            "guardrails": {
                words.called(each.metric.name): each.state for each in self.guardrails
            },
        }

    def frame(self) -> pd.DataFrame:
        """One row a look, columns as the fields of `Look`."""
        import pandas as pd

        names = [each.name for each in fields(Look)]
        values = [[getattr(look, name) for name in names] for look in self.course]
        return pd.DataFrame(values, columns=names)

    def plot(self) -> figures.Picture:
        """Draw the interval as it closes over time."""
        from lifecycle import figures

        name = f"{words.called(self.metric.name)} difference"
        aim = self.effect if self.metric.better == "high" else -self.effect
        rows = [row for row in self.findings if row.measure == name]
        measure = words.called(self.metric.name)
        return figures.closing(rows, title=self.title, measure=measure, aim=aim)

    def __repr__(self) -> str:
        return f"<Reading {self.decision}. {self.sentence}>"

    def _repr_html_(self) -> str:
        from lifecycle import markup

        found, drawn = self.findings, self.plot()
        newest = [row for row in found if row.period][-1:]
        whole = [row for row in found if not row.period and row.measure != found.main]
        told = markup.findings(
            found.title, found.summary, self.verdict, [*newest, *whole]
        )
        if not self.course:
            return told
        looks = self._looks(self.course[:-_IN_SIGHT:-1])
        early = self.course[: -_IN_SIGHT + 1]
        parts = [told, markup.image(drawn.svg, drawn.alt), looks]
        if early:
            count = f"{len(early)} earlier looks"
            parts.append(markup.folded(count, self._looks(early[::-1])))
        return markup.join(parts)

    def _looks(self, course: Sequence[Look]) -> Html:
        """A table of some looks, the newest first."""
        from lifecycle import markup

        unit = self.metric.shown
        header = ["Look", "On trial", "n", "Production", "n", "Difference"]
        header += [f"{1 - self.level:.0%}, at all looks", "p, at all looks"]
        rows = [
            [
                look.period,
                markup.number(look.experimental, unit),
                look.n_experimental,
                markup.number(look.production, unit),
                look.n_production,
                words.signed(look.difference, unit),
                words.ends(look.lower, look.upper, unit),
                markup.number(look.p),
            ]
            for look in course
        ]
        label = f"{self.title}: the looks"
        return markup.table(header, rows, label=label, numeric=list(range(1, 8)))


def _row(
    name: str,
    look: Look,
    metric: Metric,
    *,
    bound: float,
    verdict: Verdict,
    of: str = "",
) -> Finding:
    return Finding(
        name,
        look.difference,
        look.n,
        look.lower,
        look.upper,
        bound,
        verdict,
        look.period if not of else "",
        of,
        metric.shown,
    )


def _plain(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None

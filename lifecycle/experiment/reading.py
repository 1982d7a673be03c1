"""A trial as it reads now: what to do, why, and how it came to that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from lifecycle.experiment import words
from lifecycle.experiment.bounded import bounded
from lifecycle.experiment.evidence import Arms, Metric, Pairs
from lifecycle.experiment.linearised import linearised
from lifecycle.experiment.looks import Look, alphas, cuts, looked
from lifecycle.experiment.mismatch import sample_ratio
from lifecycle.experiment.stopping import (
    THE_END,
    Decision,
    Guarded,
    Guardrail,
    gain,
    hopeless,
    judged,
)
from lifecycle.findings import Finding, Findings, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle import figures

__all__ = ["RATIO", "Reading", "course", "read"]

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
        shown = markup.findings(found.title, found.summary, self.verdict, found.rows)
        if not self.course:
            return shown
        return markup.join([markup.image(drawn.svg, drawn.alt), shown])


def read(
    metric: Metric,
    evidence: Arms | Pairs,
    *,
    effect: float,
    level: float = 0.05,
    first: int = 100,
    planned: float = math.nan,
    futility: float = 0.1,
    guardrails: Sequence[Guardrail] = (),
    ratio: float = math.nan,
    title: str = "Trial",
) -> Reading:
    """Read a trial: continue, or stop for benefit, for harm or for futility.

    However often it is read, and whenever one stops, a version that is not better is
    named better with half of the level's probability at most, and one that is not worse
    worse with the other half, guardrails included.

    Parameters
    ----------
    metric : Metric
        Fixed before the start.
    evidence : Arms or Pairs
        Of keys whose outcome is due only.
    effect : float
        The smallest difference worth having, above 0.
    level : float
        How often a false winner or loser may ever be named.
    first : int
        Keys of each version before a mean without a cap, or a ratio, is judged.
    planned : float
        Keys at the planned end; without one a trial goes on until it is decided.
    futility : float
        Below this chance to see the effect by the planned end the trial is futile.
    guardrails : sequence of Guardrail
        A benefit is one only when all of them are certain to be kept.
    ratio : float
        The p-value of the sample ratio of all that was served, due or not, as
        `sample_ratio` gives it; that of the keys compared is looked at here.
    title : str
        What is asked.

    Returns
    -------
    Reading

    Raises
    ------
    ValueError
        When a setting is out of range, or values lie beyond the metric's bounds.

    Notes
    -----
    Bounded metrics are bet on (`intervals.refuted`), which needs no assumption beyond
    the deal; means without a cap and ratios hold in the limit (`intervals.boundary`).
    Keys that one version lost (an outcome that never comes) are seen by the sample
    ratio of the keys compared. Pairs do not depend on the deal, so a broken one leaves
    them their say, unless there are guardrails.

    Examples
    --------
    >>> import numpy as np
    >>> served, tenth = np.arange(4000) % 2 == 1, np.arange(4000) // 2 % 10
    >>> won = np.where(served, tenth < 4, tenth < 3)
    >>> told = read(Metric("won", usual=0.3), Arms(won, served, share=0.5), effect=0.05)
    >>> told.decision, told.newest.n
    ('stop: benefit', 4000)
    """
    if not effect > 0:
        raise ValueError(f"effect must be above 0, got {effect}; use 0.02 for 2 points")
    if not 0 <= futility < 1:
        raise ValueError(f"futility must lie from 0 to 1, got {futility}; use 0.1")
    told = course(
        metric,
        evidence,
        effect=effect,
        level=level,
        first=first,
        guarded=len(guardrails),
    )
    kept = tuple(
        Guarded(
            each.metric,
            each.tolerance,
            course(
                each.metric,
                each.evidence,
                effect=each.tolerance,
                level=level,
                first=first,
                guarded=len(guardrails),
            ),
        )
        for each in guardrails
    )
    dealt = [ratio, *(_dealt(e) for e in (evidence, *(g.evidence for g in guardrails)))]
    known = [each for each in dealt if not math.isnan(each)]
    p = min(1.0, len(known) * min(known)) if known else math.nan
    made = Reading(
        metric,
        effect,
        level,
        isinstance(evidence, Pairs),
        "continue",
        "",
        told,
        kept,
        p,
        title,
    )
    decision, why = _decided(made, planned=planned, futility=futility)
    told_in = f"{_opening(made)}{why}"
    values = {each.name: getattr(made, each.name) for each in fields(Reading)}
    return Reading(**{**values, "decision": decision, "sentence": told_in})


def course(
    metric: Metric,
    evidence: Arms | Pairs,
    *,
    effect: float,
    level: float = 0.05,
    first: int = 100,
    guarded: int = 0,
) -> tuple[Look, ...]:
    """The looks of a comparison, oldest first; arguments as in `read`."""
    import numpy as np

    if not len(evidence):
        alphas(metric, level, guarded)
        return ()
    ends, (_, at) = alphas(metric, level, guarded), cuts(evidence)
    if metric.exact:
        found = bounded(evidence, metric, effect=effect, ends=ends, at=at)
    else:
        found = linearised(
            evidence, metric, effect=effect, ends=ends, at=at, first=first
        )
    with np.errstate(invalid="ignore"):
        return looked(evidence, at, found)


def _dealt(evidence: Arms | Pairs) -> float:
    if isinstance(evidence, Pairs) or not len(evidence):
        return math.nan
    _, at = cuts(evidence)
    return float(sample_ratio(evidence.experimental, evidence.share, looks=at)[-1])


def _decided(made: Reading, *, planned: float, futility: float) -> tuple[Decision, str]:
    """The decision, and what it says after the numbers."""
    decision = judged(made.metric, made.course)
    if decision == "stop: harm" and made.paired:
        return decision, ": worse, whenever one looks. Take it back."
    if made.ratio < RATIO and (made.guardrails or not made.paired):
        return "undefined: sample ratio", (
            f". Not to be compared: the traffic was not dealt by the shares (p "
            f"{made.ratio:.2g}); look for keys that were lost or dealt twice."
        )
    broken = [each for each in made.guardrails if each.state == "breached"]
    if broken:
        each = broken[0]
        return "stop: harm", (
            f". {words.called(each.metric.name)} is worse by more than the "
            f"{words.size(each.tolerance, each.metric.shown)} allowed "
            f"({_ends(each.metric, each.course[-1])}). Take it back."
        )
    if decision == "stop: harm":
        return decision, ": worse, whenever one looks. Take it back."
    unsure = [each for each in made.guardrails if each.state == "open"]
    if decision == "stop: benefit" and not unsure:
        return decision, ": better, whenever one looks. It may take over."
    if made.newest is None:
        return "continue", ": nothing can be said yet. Go on."
    why = hopeless(
        made.metric,
        made.newest,
        effect=made.effect,
        level=made.level,
        planned=planned,
        futility=futility,
    )
    if decision == "stop: benefit":
        name = words.called(unsure[0].metric.name)
        open_still = f": better, but {name} is not yet certain to be kept"
        if why == THE_END:
            return "stop: futility", f"{open_still}, and {why}. End the trial."
        return "continue", f"{open_still}. Go on."
    if why:
        return "stop: futility", f": {why}. End the trial."
    return "continue", ": not decided yet. Go on."


def _opening(made: Reading) -> str:
    name, newest = words.called(made.metric.name), made.newest
    if newest is None or math.isnan(newest.difference):
        return f"{name}: there are no keys of both versions that have their outcome"
    count = f"{newest.n_experimental:,} keys scored by both"
    if not made.paired:
        count = f"{newest.n_experimental:,} against {newest.n_production:,} keys"
    change = words.signed(newest.difference, made.metric.shown)
    return f"{name} {change} ({_ends(made.metric, newest)}) after {count}"


def _ends(metric: Metric, look: Look) -> str:
    return words.ends(look.lower, look.upper, metric.shown)


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

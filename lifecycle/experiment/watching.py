"""Reading a trial: whether to go on, as often as one likes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from lifecycle.experiment import words
from lifecycle.experiment.bounded import bounded
from lifecycle.experiment.evidence import Arms, Metric, Pairs
from lifecycle.experiment.linearised import linearised
from lifecycle.experiment.looks import Look, alphas, cuts, looked
from lifecycle.experiment.mismatch import sample_ratio
from lifecycle.experiment.reading import RATIO, Reading
from lifecycle.experiment.stopping import (
    THE_END,
    Decision,
    Guarded,
    Guardrail,
    hopeless,
    judged,
)

__all__ = ["course", "read"]


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
    return replace(made, decision=decision, sentence=f"{_opening(made)}{why}")


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

    ends, (_, at) = alphas(metric, level, guarded), cuts(evidence)
    if not at.size:
        return ()
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
    _, at = cuts(evidence)  # none before both versions have a key: then the end
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
    if made.newest is None and planned <= 0:
        return "stop: futility", f", and {THE_END}. End the trial."
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

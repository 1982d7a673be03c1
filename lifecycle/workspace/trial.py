"""The trial that is running, read from the log: what it says, and what is done then."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import alerts, errors, experiment, findings, promotion, registry
from lifecycle.workspace import actors, comparing, gating
from lifecycle.workspace.pricing import rows_per_week

if TYPE_CHECKING:
    from lifecycle.workspace.view import View

__all__ = ["act", "plan", "reading"]

RULE = "trial"
WEEK = timedelta(weeks=1)


def reading(view: View) -> experiment.Reading | None:
    """Read the trial that is running at the view's moment.

    Accuracy is compared on rows that both versions score (where the settings do not
    forbid it): all that neither was trained on and whose outcome came due after the
    start, so that the rows of the gate do not count twice and those predicted before
    the start do count. KPIs, and accuracy where pairs are not allowed, are compared
    between the predictions that each version served since. Either way only rows whose
    outcome, or whose time for the event, is over: an immature row is not a failure.

    Parameters
    ----------
    view : View

    Returns
    -------
    Reading or None
        None where nothing is on trial.
    """
    trial, champion = view.experimental, view.production
    if trial is None or champion is None:
        return None
    told, began = view.settings.trial, comparing.began(view, trial)
    served = comparing.served(view, trial, champion)
    rails = [
        experiment.Guardrail(*comparing.kpi(view, served, name, since=began), tolerance)
        for name, tolerance in told.guardrails.items()
    ]
    metric: experiment.Metric
    evidence: experiment.Arms | experiment.Pairs
    if told.own and told.paired:
        metric, evidence = comparing.pairs(view, trial, champion, since=began)
        waited = timedelta(0)
    elif told.own:
        metric, evidence = comparing.accuracy(view, served, since=began)
        waited = view.settings.delay
    else:
        metric, evidence = comparing.kpi(view, served, told.metric, since=began)
        waited = comparing.wait(view, told.metric)
    return experiment.read(
        metric,
        evidence,
        effect=told.minimal_effect,
        level=told.level,
        first=told.min_rows,
        planned=_planned(view, len(evidence), began, waited),
        futility=told.futility,
        guardrails=rails,
        ratio=comparing.dealt(view, served),
        title=f"Trial of version {trial.number} against version {champion.number}",
    )


def _planned(view: View, n: int, began: datetime, waited: timedelta) -> float:
    """How many rows there will be at the planned end, if they go on as they came."""
    end = view.settings.trial.weeks * WEEK
    if view.as_of - began >= end:
        return float(n)
    lived = view.as_of - began - waited
    if not n or lived <= timedelta(0):
        return math.nan
    return n * ((end - waited) / lived)


def plan(
    view: View, *, effect: float | None = None, share: float | None = None
) -> experiment.Plan:
    """How long a trial will take, from what is known before its start.

    Parameters
    ----------
    view : View
    effect : float, optional
        The smallest difference worth having; that of the settings where not given.
    share : float, optional
        Of the traffic; that of the trial that is running, or of the settings.

    Raises
    ------
    NotEnoughData
        When no outcome is due yet, so that nobody knows what is usual.
    """
    told, trial, champion = view.settings.trial, view.experimental, view.production
    if champion is None:
        raise errors.NotEnoughData(
            f"{view.name} has no version in production to compare with; approve one"
        )
    other = trial or _candidate(view) or view.previous
    metric, apart, waited = comparing.usual(view, other, champion)
    if metric is None:
        raise errors.NotEnoughData(
            f"no outcome of {view.name} is due yet, so that the usual level of "
            f"{told.metric!r} is not known; wait {view.settings.delay.days} days"
        )
    share_like = told.own or metric.unit == "%"
    if effect is not None and not (effect > 0 and (effect < 1 or not share_like)):
        raise errors.BadParameters(
            f"the effect must lie within 0 and 1, got {effect:g}; say 0.02 for two "
            "points"
        )
    if share is not None and not 0 < share < 1:
        raise errors.BadParameters(
            f"the share must lie within 0 and 1, got {share:g}; say 0.05 for 5%"
        )
    running = view.registry.roles(view.name).get("experimental")
    usual = running.share if running else view.settings.release.canary_share
    return experiment.plan(
        metric,
        effect=told.minimal_effect if effect is None else effect,
        share=usual if share is None else share,
        rows_per_week=rows_per_week(view),
        delay_weeks=waited / WEEK,
        disagreeing=apart,
        level=told.level,
        weeks=told.weeks,
        paired=told.own and told.paired,
    )


def _candidate(view: View) -> registry.Version | None:
    """Whom a trial would be about: the shadow, else what is proposed last."""
    shadow = view.registry.roles(view.name).get("shadow")
    asked = promotion.pending(view.registry, view.name)
    if shadow is None and not asked:
        return None
    number = shadow.number if shadow is not None else asked[-1].number
    return view.registry.version(view.name, number)


def act(view: View) -> str | None:
    """Do what the trial's reading says.

    Harm rolls it back, benefit proposes it for production with the numbers, futility
    ends it, and its owner is told. A sample ratio that cannot be is an alert: nothing
    is done before somebody has found the rows that are missing.

    Parameters
    ----------
    view : View
        A fresh one: what it knows of roles must still be so.

    Returns
    -------
    str or None
        One sentence where something was done.
    """
    told, trial = view.trial(), view.experimental
    if told is None or trial is None:
        _close(view)
        return None
    if told.decision == "undefined: sample ratio":
        _tell(view, told, f"version {trial.number}", "warning")
        return None
    if told.decision == "stop: benefit":
        return _propose(view, trial, told)
    if told.decision in ("stop: harm", "stop: futility"):
        return _end(view, trial, told)
    return None


def _propose(
    view: View, trial: registry.Version, told: experiment.Reading
) -> str | None:
    began = comparing.began(view, trial)
    if view.as_of - began < timedelta(weeks=view.settings.trial.least_weeks):
        return None
    asked = {each.number for each in promotion.pending(view.registry, view.name)}
    refused = {
        each.number
        for each in view.registry.proposals(view.name)
        if each.status in ("rejected", "withdrawn")
        and each.target == "production"
        and each.created_at >= began
    }
    if trial.number in asked | refused:
        return None
    made = promotion.propose(
        view.registry,
        view.name,
        trial.number,
        target="production",
        author=actors.MACHINE.name,
        source=actors.MACHINE.source,
        reason=f"the trial did better: {told.sentence}",
        evidence={"passed": True, "gate": told.sentence, "trial": told.facts()},
        at=view.as_of,
        automatic=True,
        **gating.terms(view, view.as_of),
    )
    return (
        f"{view.name}: version {trial.number} did better in its trial; proposal "
        f"{made.id} asks for production"
    )


def _end(view: View, trial: registry.Version, told: experiment.Reading) -> str | None:
    harm = told.decision == "stop: harm"
    reason = f"{'worse in its trial' if harm else 'the trial is futile'}: "
    reason += told.sentence
    by: dict[str, Any] = {
        "actor": actors.MACHINE.name,
        "source": actors.MACHINE.source,
        "reason": reason,
        "at": view.as_of,
        "automatic": True,
        "evidence": {"trial": told.facts()},
    }
    try:
        if harm:
            promotion.roll_back(view.registry, view.name, number=trial.number, **by)
        else:  # nothing bad is said of the version
            promotion.retire(view.registry, view.name, trial.number, **by)
    except errors.IllegalMove:
        return None  # somebody was faster: the next look judges what is so then
    subject = f"version {trial.number}"
    _tell(view, told, subject, "critical" if harm else "info")
    verb = "rolled back" if harm else "the trial has ended"
    return f"{view.name}: {verb}, {subject}: {told.sentence}"


def _tell(view: View, told: experiment.Reading, subject: str, severity: str) -> None:
    """An alert for the owner, which lasts until nothing is on trial any more."""
    rows = [row for row in told.findings if row.measure == told.findings.main]
    broken = told.decision == "undefined: sample ratio"
    if broken or not rows:
        rows = [row for row in told.findings if row.measure == "sample_ratio_p"]
    row = rows[-1] if rows else findings.Finding(told.metric.name, math.nan, 0)
    row = replace(row, verdict="alert", subject=subject, period="")
    alerts.update(
        view.registry,
        view.name,
        findings.Findings(told.title, (row,), told.sentence),
        rule=RULE,
        at=view.as_of,
        owner=view.settings.owner,
        severity=severity,
        words=f"{view.name}: {told.sentence}",
    )


def _close(view: View) -> None:
    """Nothing is on trial: what was said about one is over."""
    for alert in alerts.open_alerts(view.registry, view.name):
        if alert.rule == RULE and alert.opened_at < view.as_of:
            row = findings.Finding("trial", 0.0, 0, verdict="quiet")
            alerts.update(
                view.registry,
                view.name,
                findings.Findings("Trial", (replace(row, subject=alert.subject),)),
                rule=RULE,
                at=view.as_of,
                owner=view.settings.owner,
            )

"""Looking over all models: one row each, what needs a person first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from lifecycle import alerts, findings, markup, promotion, registry, tasks
from lifecycle.jobs import record as records
from lifecycle.jobs import schedule
from lifecycle.workspace import notices, ownership, unrun

if TYPE_CHECKING:
    from lifecycle.workspace.desk import Workspace

__all__ = [
    "ACCURACY",
    "Status",
    "main_of",
    "needs",
    "newest_record",
    "newest_report",
    "number",
    "status",
]

ACCURACY = "accuracy"


@dataclass(frozen=True)
class Status:
    """How a model stands.

    Parameters
    ----------
    model, owner : str
    verdict : {"alert", "quiet", "undefined"}
        Alert while an alert is open; else what the newest audit said.
    production, experimental : int or None
        Version numbers.
    accuracy : Finding or None
        Of the newest judged chunk of the newest audit; of amounts the error.
    alerts : tuple of Alert
        Open ones.
    pending : tuple of Proposal
        What waits for a person.
    last_run : datetime or None
        The moment the newest report speaks of.
    next_run : datetime or None
        By the schedule.
    silent : mapping of int to datetime
        By the id of an alert until when nobody is told of it.
    given : mapping of int to sequence of str
        By the id of a proposal who has approved it so far.
    unrun : tuple of str
        Of pages whose newest slot was lost or skipped, or waits to be tried again.
    deputy : str
        Who stands in; empty for nobody.
    review_by : date or None
        When somebody is to look at owner, purpose and KPI again.
    """

    model: str
    owner: str
    verdict: findings.Verdict
    production: int | None
    experimental: int | None
    accuracy: findings.Finding | None
    alerts: tuple[registry.Alert, ...]
    pending: tuple[registry.Proposal, ...]
    last_run: datetime | None
    next_run: datetime | None
    silent: Mapping[int, datetime] = field(default_factory=dict)
    given: Mapping[int, Sequence[str]] = field(default_factory=dict)
    unrun: tuple[str, ...] = ()
    deputy: str = ""
    review_by: date | None = None

    @property
    def urgency(self) -> tuple[int, ...]:
        """How much it needs a person; what needs one more is smaller.

        Critical alerts that nobody has taken on, then others, then what waits for a
        decision, then runs that came to no end, then alerts that somebody has; of the
        same kind where there are more.
        """
        free = [each for each in self.alerts if each.acknowledged_by is None]
        told = [each for each in free if each.id not in self.silent]
        critical = [each for each in told if each.severity == "critical"]
        counts = (len(critical), len(told), len(self.pending), len(self.unrun))
        rest = (len(self.alerts), self.verdict == "alert")
        return tuple(-int(count) for count in (*counts, *rest))

    @property
    def accuracy_words(self) -> str:
        """The newest accuracy with its count, in words; of amounts the error."""
        if self.accuracy is None:
            return "–"
        if self.accuracy.measure != ACCURACY:
            name = self.accuracy.measure.upper()
            return f"{name} {self.accuracy.value:.4g} of {self.accuracy.n:,}"
        return f"{self.accuracy.value:.1%} of {self.accuracy.n:,}"

    @property
    def live_words(self) -> str:
        """The versions that serve, in words."""
        if self.production is None:
            return "–"
        trial = f" ({self.experimental} on trial)" if self.experimental else ""
        return f"{self.production}{trial}"

    @property
    def needs(self) -> tuple[str, ...]:
        """What a person is asked to look at or to decide, a sentence each."""
        waiting = (self._asked(each) for each in self.pending)
        return (*(self._said(alert) for alert in self.alerts), *waiting, *self.unrun)

    def _asked(self, each: registry.Proposal) -> str:
        several = each.needed > 1
        for_ = f"{each.needed} approvals" if several else "an approval"
        until = f" until {each.expires_at:%Y-%m-%d}" if each.expires_at else ""
        names = self.given.get(each.id)
        if names:
            until += f", {len(names)} of {each.needed} approvals given by "
            until += ", ".join(markup.one_line(name, 120) for name in names)
        passed = each.evidence.get("passed", True)
        gate = "" if passed else "it has NOT passed the gate; "
        by, why = markup.one_line(each.author, 120), markup.one_line(each.reason)
        return (
            f"{self.model}: version {each.number} waits for {for_}{until} (proposal "
            f"{each.id}, {by}: {why}); {gate}lifecycle approve "
            f'{self.model} {each.id} --digest {each.digest[:12]} --reason "…"'
        )

    def _said(self, alert: registry.Alert) -> str:
        state = notices.state(alert, silent=self.silent.get(alert.id))
        told = notices.dated(alert)
        return told if state == "open" else f"{told} ({state})"

    def plain(self) -> dict[str, Any]:
        """The status as plain values for JSON."""
        told = asdict(self)
        if self.accuracy is not None:
            told["accuracy"] = {
                key: None if isinstance(value, float) and math.isnan(value) else value
                for key, value in asdict(self.accuracy).items()
            }
        for name in ("last_run", "next_run", "review_by"):
            told[name] = told[name] and told[name].isoformat()
        del told["silent"], told["given"]
        told["alerts"] = [
            {
                "rule": alert.rule,
                "subject": alert.subject,
                "opened_at": alert.opened_at.isoformat(),
                "sentence": alert.sentence,
                "severity": alert.severity,
                "acknowledged_by": alert.acknowledged_by,
                "escalated_to": alert.escalated_to,
                "silent_until": until and until.isoformat(),
            }
            for alert in self.alerts
            for until in [self.silent.get(alert.id)]
        ]
        told["pending"] = [
            {
                "proposal": each.id,
                "version": each.number,
                "reason": each.reason,
                "digest": each.digest,
                "needed": each.needed,
                "given": list(self.given.get(each.id, ())),
                "passed": each.evidence.get("passed"),
                "expires_at": each.expires_at and each.expires_at.isoformat(),
            }
            for each in self.pending
        ]
        return told


def status(workspace: Workspace, *, as_of: datetime) -> list[Status]:
    """One row a model; what needs a person comes first, see `Status.urgency`."""
    rows = [_status(workspace, name, as_of) for name in workspace.models]
    return sorted(rows, key=lambda row: (row.urgency, row.model))


def needs(rows: Sequence[Status]) -> findings.Findings:
    """What needs a person: alerts that are open and proposals that wait, counted.

    Parameters
    ----------
    rows : sequence of Status

    Returns
    -------
    Findings
        Rows `open_alerts` and `pending_approvals`, counts over all models (n is how
        many models there are); an alert where there is any.
    """
    counts = {
        "open_alerts": sum(len(row.alerts) for row in rows),
        "pending_approvals": sum(len(row.pending) for row in rows),
    }
    told = tuple(
        findings.Finding(
            name,
            count,
            len(rows),
            threshold=0,
            verdict="alert" if count else "quiet",
        )
        for name, count in counts.items()
    )
    return findings.Findings("What needs a person", told, _needing(rows))


def _needing(rows: Sequence[Status]) -> str:
    """Which models need a person and why, in a sentence."""
    waiting = [row for row in rows if row.alerts or row.pending]
    models = "1 model" if len(rows) == 1 else f"{len(rows)} models"
    if not waiting:
        return f"Nothing needs a person now: {models}, no alert open, nothing proposed."
    told = []
    for row in waiting[:_NAMED]:
        why = [
            f"{count} {word}" if count == 1 else f"{count} {word}s"
            for count, word in (
                (len(row.alerts), "open alert"),
                (len(row.pending), "pending approval"),
            )
            if count
        ]
        told.append(f"{row.model} ({', '.join(why)})")
    more = f" and {len(waiting) - _NAMED} more" if len(waiting) > _NAMED else ""
    verb = "needs" if len(waiting) == 1 else "need"
    return f"{len(waiting)} of {models} {verb} a person: {', '.join(told)}{more}."


_NAMED = 3


def _status(workspace: Workspace, name: str, as_of: datetime) -> Status:
    whose = ownership.ownership(workspace, name, as_of=as_of)
    roles = workspace.registry.roles(name)
    opened = tuple(alerts.open_alerts(workspace.registry, name))
    waiting = tuple(promotion.pending(workspace.registry, name))
    runs = workspace.registry.runs(name)
    finished = [run for run in runs if run.ran]
    audit = newest_record(workspace, finished, "audit")
    verdict: findings.Verdict = "undefined"
    if opened:
        verdict = "alert"
    elif audit is not None:
        verdict = audit.verdict
    return Status(
        model=name,
        owner=whose.owner,
        deputy=whose.deputy,
        review_by=whose.review_by,
        verdict=verdict,
        production=roles["production"].number if "production" in roles else None,
        experimental=roles["experimental"].number if "experimental" in roles else None,
        accuracy=_accuracy(audit),
        alerts=opened,
        pending=waiting,
        last_run=max((run.as_of for run in finished), default=None),
        next_run=_next_run(workspace, name, as_of),
        silent=_silent(workspace, opened, as_of),
        given={
            each.id: [
                one.approver for one in workspace.registry.approvals(name, each.id)
            ]
            for each in waiting
            if each.needed > 1
        },
        unrun=unrun.sentences(runs),
    )


def _silent(
    workspace: Workspace, opened: Sequence[registry.Alert], as_of: datetime
) -> dict[int, datetime]:
    found = {}
    for each in opened:
        until = notices.silent_until(workspace, each, as_of=as_of)
        if until is not None:
            found[each.id] = until
    return found


def newest_record(
    workspace: Workspace, runs: list[registry.Run], notebook: str
) -> records.Record | None:
    """The result record of the newest run of a notebook that succeeded, if any."""
    for run in runs:
        if run.notebook == notebook and run.status == "succeeded":
            path = workspace.directory / run.directory / f"{notebook}.json"
            if path.exists():
                return records.read(path)
    return None


def newest_report(workspace: Workspace) -> str:
    """The report that was written last, from the workspace; empty for none."""
    written = [
        run
        for run in workspace.registry.runs()
        if run.directory and run.ended is not None
    ]
    written.sort(key=lambda run: (run.ended, run.id), reverse=True)
    for run in written:
        path = f"{run.directory}/{run.notebook}.html"
        if (workspace.directory / path).is_file():
            return path
    return ""


def main_of(audit: records.Record | None) -> str:
    """The measure that an audit is summed up by: accuracy, or what its task has."""
    told = {row.measure for row in (audit.rows if audit else ()) if row.period}
    known = (each.main for each in tasks.TASKS.values())
    return next((name for name in known if name in told), ACCURACY)


def _accuracy(audit: records.Record | None) -> findings.Finding | None:
    if audit is None:
        return None
    main = main_of(audit)
    judged = [
        row
        for row in audit.rows
        if row.measure == main
        and row.question in ("", "Performance")
        and (row.verdict != "undefined" or (main != ACCURACY and row.n))
    ]
    if not judged:
        return None
    row = max(judged, key=lambda each: each.period)
    return findings.Finding(
        main,
        number(row.value),
        row.n,
        number(row.lower),
        number(row.upper),
        number(row.threshold),
        row.verdict,
        row.period,
        unit="" if main == ACCURACY else row.unit,
    )


def number(value: float | None) -> float:
    """A number of a record; `nan` where it has none."""
    return float("nan") if value is None else value


def _next_run(workspace: Workspace, name: str, as_of: datetime) -> datetime | None:
    ours = workspace.settings.workspace.timezone
    slots = [
        slot
        for page in workspace.model(name).schedule.pages().values()
        for slot in schedule.next_slots(
            page.cron, page.timezone or ours, after=as_of, count=1
        )
    ]
    return min(slots, default=None)

"""What follows when something is due: the pages, the ruling, and what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import config, errors, jobs
from lifecycle.jobs import schedule
from lifecycle.workspace import continuous, overdue, pages, renewing
from lifecycle.workspace.rows import LENGTH

if TYPE_CHECKING:
    from lifecycle.promotion.renewing import Why
    from lifecycle.workspace.desk import Workspace

__all__ = ["Tick", "go", "wanted"]


@dataclass(frozen=True, slots=True)
class Tick:
    """One thing that was done because it was due.

    Parameters
    ----------
    model : str
    kind : str
        "alert", "guard", "proposal", "run" or "renewal"; "word" for what is said and
        was not done.
    text : str
        What was done, in one sentence.
    run : jobs.Run, optional
        For a run.
    rule : str
        For an alert: which one.
    failed : bool
        For a renewal: whether it failed, so that nobody knows what it would have come
        to. One that was refused, or whose candidate did not pass, has not.
    """

    model: str
    kind: str
    text: str
    run: jobs.Run | None = None
    rule: str = ""
    failed: bool = False


def wanted(
    workspace: Workspace, name: str, as_of: datetime, *, alarmed: bool
) -> dict[str, datetime | None]:
    """Which notebooks are due now, each with the slot it would answer."""
    settings = workspace.model(name)
    found: dict[str, datetime | None] = {}
    for notebook, cron in settings.schedule.crons().items():
        last = workspace.registry.last_slot(name, notebook)
        slot = schedule.due(
            cron, workspace.settings.workspace.timezone, last=last, as_of=as_of
        )
        if slot is not None:
            found[notebook] = slot
    if alarmed and settings.schedule.on_alert:
        for notebook in config.NOTEBOOKS:
            found.setdefault(notebook, None)
    if "decide" not in found and _asks_again(workspace, name, as_of):
        found["decide"] = None
    return found


def _asks_again(workspace: Workspace, name: str, as_of: datetime) -> bool:
    """Whether performance is alarmed still, and no ruling was asked for this chunk.

    A ruling that the evidence is too thin is no answer for a month: while the alert
    lasts each chunk has more outcomes. Not during a trial, which is the answer.
    """
    settings, book = workspace.model(name), workspace.registry
    lasting = [
        settings.watched.get(alert.rule) for alert in book.alerts(name, only_open=True)
    ]
    if not settings.schedule.on_alert or not any(
        overdue.asks(rule) and rule.watch != "drift" for rule in lasting if rule
    ):
        return False
    view = workspace.view(name, as_of)
    if view.production is None or view.experimental is not None:
        return False
    now = view.chunk_label(as_of)
    return all(view.chunk_label(each.as_of) < now for each in book.renewals(name))


def go(
    workspace: Workspace,
    name: str,
    as_of: datetime,
    wanted: Mapping[str, datetime | None],
    warm: jobs.Warm | None,
    note: Callable[[Tick], None],
) -> None:
    """Run audit and drift side by side, then decide, act on it, then promote.

    A renewal is begun before the first page, so that another process finds it and goes
    on where this one died.
    """
    told = _Pages(workspace, name, as_of, wanted, warm, note)
    chunk = LENGTH[workspace.model(name).chunk]

    def renewed(why: Why, ask: renewing.Ask, moved: timedelta) -> None:
        done = renewing.renew(
            workspace, name, why=why, as_of=as_of, ask=ask, moved=moved
        )
        failed = done.outcome == "failed"
        note(Tick(name, "renewal", done.sentence, failed=failed))

    try:
        if any(each.is_open for each in workspace.registry.renewals(name)):
            moved = timedelta() if "decide" in wanted else chunk
            renewed("schedule", told.ask, moved)
        if "decide" in told.wanted:
            alarmed = told.wanted["decide"] is None
            renewed("alert" if alarmed else "schedule", told.ask, timedelta())
        made = continuous.due(workspace.view(name, as_of))
        if made is not None:
            renewed("continuous", lambda at: made, chunk)
    except errors.AlreadyRunning as error:
        if "decide" in told.wanted:  # the other process asks
            del told.wanted["decide"]
            note(Tick(name, "renewal", str(error)))
    told.run("audit", "drift", "promote")


class _Pages:
    """The pages of a model that are wanted now, each run once."""

    def __init__(
        self,
        workspace: Workspace,
        name: str,
        as_of: datetime,
        wanted: Mapping[str, datetime | None],
        warm: jobs.Warm | None,
        note: Callable[[Tick], None],
    ) -> None:
        self.workspace, self.name, self.as_of = workspace, name, as_of
        self.wanted, self.warm, self.note = dict(wanted), warm, note

    def run(self, *notebooks: str) -> None:
        """Run those that are wanted and have not run, side by side."""
        now = [each for each in notebooks if each in self.wanted]
        with ThreadPoolExecutor(max_workers=2) as pool:
            for tick in pool.map(lambda page: self._one(page, self.as_of), now):
                if tick is not None:
                    self.note(tick)

    def ask(self, at: datetime) -> Mapping[str, Any] | None:
        """Audit and drift, then the ruling of the page `decide`; `None` without one.

        Raises
        ------
        AlreadyRunning
            When another process answers its slot.
        """
        self.run("audit", "drift")
        for left in self.workspace.registry.runs(self.name, "decide", limit=1):
            if left.status == "claimed":  # by a process that has died since
                self.wanted.setdefault("decide", None)
        tick = self._one("decide", at)
        if tick is None:
            raise errors.AlreadyRunning(
                f"another process answers what is due of {self.name}"
            )
        self.note(tick)
        record = tick.run.record if tick.run else None
        return None if record is None else record.facts

    def _one(self, notebook: str, at: datetime) -> Tick | None:
        slot = self.wanted.pop(notebook, None)
        book = self.workspace.registry
        if slot is not None and not book.claim_slot(self.name, notebook, slot):
            return None
        try:
            done = pages.run(
                self.workspace,
                notebook,
                self.name,
                as_of=at,
                parameters={},
                timeout_seconds=600,
                warm=self.warm,
                index=False,
                slot=slot,
            )
        except errors.AlreadyRunning as error:
            words = f"{self.name}: {notebook} not started, {error}"
            return Tick(self.name, "run", words)
        told = done.record.summary if done.record else done.message
        words = f"{self.name}: {notebook} {done.status}. {told}"
        return Tick(self.name, "run", words, done)

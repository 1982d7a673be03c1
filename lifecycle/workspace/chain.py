"""What follows when something is due: the pages, the ruling, and what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import config, errors, jobs
from lifecycle.workspace import (
    agenda,
    claiming,
    continuous,
    overdue,
    pages,
    renewing,
)
from lifecycle.workspace.rows import LENGTH

if TYPE_CHECKING:
    from lifecycle.promotion.renewing import Why
    from lifecycle.workspace.desk import Workspace

__all__ = ["Tick", "go", "wanted"]

_LATER = timedelta(minutes=1)  # after which a page that was running is tried again


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
    stopped : bool
        For a run: whether it was ended on the way, and is tried again.
    """

    model: str
    kind: str
    text: str
    run: jobs.Run | None = None
    rule: str = ""
    failed: bool = False
    stopped: bool = False


def wanted(
    workspace: Workspace,
    name: str,
    as_of: datetime,
    *,
    alarmed: bool,
    note: Callable[[Tick], None] = lambda tick: None,
) -> dict[str, datetime | None]:
    """Which notebooks are due now, each with the slot it would answer.

    Runs whose process is gone are written down as lost, and slots that are too late to
    catch up with as skipped; `note` is told.
    """
    settings = workspace.model(name)
    for run in agenda.lose(workspace, name):
        note(Tick(name, "word", f"{name}: {agenda.lost_words(run)}"))
    look = agenda.look(workspace, name, as_of=as_of)
    for words in agenda.settle(workspace, name, look):
        note(Tick(name, "word", words))
    found = dict(look.wanted)
    if alarmed and settings.schedule.on_alert:
        for notebook in config.NOTEBOOKS:
            slot, _ = look.held.get(notebook, (None, ""))
            found.setdefault(notebook, slot)
    if not {"decide"} & {*found, *look.held} and _asks_again(workspace, name, as_of):
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
            anew = "decide" in wanted and not told.begun("decide")
            moved = timedelta() if anew else chunk
            renewed("schedule", told.ask, moved)
        if "decide" in told.wanted:
            alarmed = told.wanted["decide"] is None
            renewed("alert" if alarmed else "schedule", told.ask, timedelta())
        made = continuous.due(workspace.view(name, as_of))
        if made is not None:
            renewed("continuous", lambda at: made, chunk)
    except errors.AlreadyRunning as error:
        if "decide" in told.wanted:  # the other process asks
            told.leave("decide")
            note(Tick(name, "renewal", str(error)))
    except errors.Stopped as error:  # the renewal stays open; the next tick goes on
        told.leave("decide")
        note(Tick(name, "word", str(error)))
    told.run_all()


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

    def begun(self, notebook: str) -> bool:
        """Whether the slot that is wanted of a page was begun before."""
        slot = self.wanted.get(notebook)
        last = self.workspace.registry.last_slot(self.name, notebook)
        return slot is not None and last is not None and slot <= last

    def leave(self, notebook: str) -> None:
        """Leave a page, and the slots of those that come after it, to the next tick."""
        self.wanted.pop(notebook, None)
        for other, page in self.workspace.model(self.name).schedule.pages().items():
            if notebook in (page.after or ()) and self.wanted.get(other):
                self.leave(other)

    def run(self, *notebooks: str) -> None:
        """Run those that are wanted and have not run, side by side."""
        now = [each for each in notebooks if each in self.wanted]
        with ThreadPoolExecutor(max_workers=2) as pool:
            for tick in pool.map(lambda page: self._one(page, self.as_of), now):
                if tick is not None:
                    self.note(tick)

    def run_all(self) -> None:
        """Run what is wanted still, each page after those that it waits for."""
        while self.wanted:
            now = [each for each in self.wanted if not self._first(each)]
            for each in now:
                slotted = self.wanted[each] is not None
                why = agenda.waits(self.workspace, self.name, each)
                if slotted and why:
                    del self.wanted[each]
                    self.note(Tick(self.name, "word", f"{self.name}: {each}: {why}"))
            self.run(*now)

    def _first(self, notebook: str) -> list[str]:
        """The pages that are wanted and come before one."""
        page = self.workspace.model(self.name).schedule.pages().get(notebook)
        return [
            each for each in (page.after if page else None) or () if each in self.wanted
        ]

    def ask(self, at: datetime) -> Mapping[str, Any] | None:
        """Audit and drift, then the ruling of the page `decide`; `None` without one.

        Raises
        ------
        AlreadyRunning
            When another process answers its slot.
        Stopped
            When it has to wait for a page that comes first, or this process ends.
        """
        while first := self._before("decide"):
            self.run(*first)
        if why := agenda.waits(self.workspace, self.name, "decide"):
            raise errors.Stopped(f"{self.name}: decide waits, {why}")
        tick = self._one("decide", at)
        if tick is None:
            raise errors.AlreadyRunning(
                f"another process answers what is due of {self.name}"
            )
        self.note(tick)
        if tick.stopped:
            raise errors.Stopped(tick.text)
        record = tick.run.record if tick.run else None
        return None if record is None else record.facts

    def _before(self, notebook: str) -> list[str]:
        """The pages that are wanted and must run now, for one to run at the end."""
        pages = self.workspace.model(self.name).schedule.pages()
        first = list((pages[notebook].after if notebook in pages else None) or ())
        if notebook == "decide":  # on an alert also those without a schedule
            first += [each for each in ("audit", "drift") if each not in pages]
        ready: dict[str, None] = {}
        for each in first:
            if each in self.wanted:
                ready |= dict.fromkeys(self._before(each) or [each])
        return list(ready)

    def _one(self, notebook: str, at: datetime) -> Tick | None:
        slot = self.wanted.pop(notebook, None)
        with claiming.held(self.workspace, self.name, notebook, slot, as_of=at) as mine:
            return None if mine is None else self._held(mine, notebook, at, slot)

    def _held(
        self, mine: claiming.Held, notebook: str, at: datetime, slot: datetime | None
    ) -> Tick:
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
                held=mine,
            )
        except errors.AlreadyRunning as error:
            mine.give_back(str(error), after=_LATER)
            words = f"{self.name}: {notebook} not started, {error}"
            return Tick(self.name, "run", words)
        except errors.Stopped as error:
            mine.give_back(str(error))
            return Tick(self.name, "run", f"{self.name}: {error}", stopped=True)
        except errors.BadParameters as error:
            mine.end("failed", str(error), verdict="undefined")
            return Tick(self.name, "run", f"{self.name}: {notebook} failed. {error}")
        told = done.record.summary if done.record else done.message
        if not mine.over:
            mine.end(done.status, told)
        words = f"{self.name}: {notebook} {done.status}. {told}"
        return Tick(self.name, "run", words, done)

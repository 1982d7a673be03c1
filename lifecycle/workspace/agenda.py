"""What is due of a model at a moment: slots that have come, and runs to try again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle.jobs import schedule
from lifecycle.workspace import holding

if TYPE_CHECKING:
    from lifecycle import config, registry
    from lifecycle.workspace.desk import Workspace

__all__ = ["Agenda", "look", "lose", "lost_words", "settle", "waits"]

PAUSE = timedelta(minutes=1)  # before a run that was lost twice is tried again


@dataclass(frozen=True)
class Agenda:
    """What is due of one model.

    Parameters
    ----------
    wanted : mapping of str to datetime or None
        Pages to run now, first ones first, each with the slot it answers; None for one
        that an alert had asked for, and whose process is gone.
    again : frozenset of str
        Those of them that were begun before.
    held : mapping of str to (datetime, str)
        Pages that are due and wait for another, with their slot and why.
    missed : mapping of str to sequence of datetime
        Slots that come too late to be run, all of a page.
    over : tuple of Run
        Runs that come too late to be tried again.
    """

    wanted: Mapping[str, datetime | None] = field(default_factory=dict)
    again: frozenset[str] = frozenset()
    held: Mapping[str, tuple[datetime | None, str]] = field(default_factory=dict)
    missed: Mapping[str, Sequence[datetime]] = field(default_factory=dict)
    over: tuple[registry.Run, ...] = ()


def look(workspace: Workspace, name: str, *, as_of: datetime) -> Agenda:
    """What is due of a model, by its schedule and by the book.

    Nothing is changed. A run is tried again by the database's clock, a slot comes by
    `as_of`.
    """
    from lifecycle.registry import slots

    with workspace.registry.reading() as book:
        newest, now = slots.latest(book, name), slots.now(book)
        unfinished = slots.unfinished(book, name)
    last = {run.notebook: run for run in unfinished}
    wanted: dict[str, datetime | None] = {}
    again, over = set(), []
    missed: dict[str, Sequence[datetime]] = {}
    pages = workspace.model(name).schedule.pages()
    for notebook, page in pages.items():
        zone = page.timezone or workspace.settings.workspace.timezone
        come = schedule.missed(page.cron, zone, last=newest.get(notebook), as_of=as_of)
        run = last.get(notebook)
        if come and in_time(page, come[-1], as_of):
            wanted[notebook] = come[-1]
        elif come:
            missed[notebook] = come
        elif run is not None and run.slot is not None and run.next_try is not None:
            if not in_time(page, run.slot, as_of):
                over.append(run)
            elif run.next_try <= now:
                wanted[notebook] = run.slot
                again.add(notebook)
    for run in unfinished:
        ready = run.next_try is not None and run.next_try <= now
        if ready and run.slot is None and run.notebook not in wanted:
            wanted[run.notebook] = None
            again.add(run.notebook)
    held: dict[str, tuple[datetime | None, str]] = {}
    for notebook in list(wanted):
        if notebook in pages and (why := _first(pages[notebook], wanted, last, held)):
            held[notebook] = (wanted.pop(notebook), why)
            again.discard(notebook)
    return Agenda(wanted, frozenset(again), held, missed, tuple(over))


def in_time(page: config.Page, slot: datetime, as_of: datetime) -> bool:
    """Whether a slot is not older than the page's window to catch up."""
    hours = page.catch_up_hours
    return hours is None or as_of.astimezone(UTC) - slot <= timedelta(hours=hours)


def waits(workspace: Workspace, name: str, notebook: str) -> str:
    """Why a page has to wait for another that comes first; empty where it has not."""
    from lifecycle.registry import slots

    page = workspace.model(name).schedule.pages().get(notebook)
    if page is None:
        return ""
    with workspace.registry.reading() as book:
        last = {run.notebook: run for run in slots.unfinished(book, name)}
    return _first(page, {}, last, {})


def _first(
    page: config.Page,
    wanted: Mapping[str, datetime | None],
    last: Mapping[str, registry.Run],
    held: Mapping[str, tuple[datetime | None, str]],
) -> str:
    """What comes first and has not ended, unless it is run now, before this one."""
    for other in page.after or ():
        run = last.get(other)
        if other in held:
            return f"{other} comes first, which waits itself"
        if other in wanted or run is None:
            continue
        if run.next_try is None:
            who = run.holder.partition("#")[0] or "another process"
            return f"{other} comes first, which {who} runs"
        return f"{other} comes first, tried again at {run.next_try:%Y-%m-%d %H:%M} UTC"
    return ""


def lose(workspace: Workspace, name: str | None = None) -> list[registry.Run]:
    """Find the runs of a model, or of all, whose process is gone, and say so."""
    from lifecycle.registry import slots

    with workspace.registry.reading() as book:
        now = slots.now(book)
        gone = [
            run
            for run in slots.unfinished(book, name)
            if run.status == "claimed"
            and (
                run.lease_until is None
                or run.lease_until <= now
                or holding.alive(run.holder) is False
            )
        ]
    if not gone:
        return []
    with workspace.registry.atomic() as inside:
        return slots.lose(inside, name, alive=holding.alive, pause=PAUSE)


def lost_words(run: registry.Run) -> str:
    """What is said of a run whose process is gone."""
    who = run.holder.partition("#")[0] or "its process"
    slot = f" for {run.slot:%Y-%m-%d %H:%M} UTC" if run.slot else ""
    return f"{run.notebook}{slot} lost, {who} is gone; it is tried again"


def settle(workspace: Workspace, name: str, found: Agenda) -> list[str]:
    """Write down what comes too late to be run, a sentence for each page."""
    from lifecycle.registry import slots

    if not found.missed and not found.over:
        return []
    said = []
    late = "older than catch_up_hours when it was looked at"
    with workspace.registry.atomic() as book:
        for notebook, come in found.missed.items():
            if kept := slots.skip(book, name, notebook, come, summary=late):
                several = f"{len(kept)} slots" if len(kept) > 1 else "the slot"
                said.append(
                    f"{name}: {several} of {notebook} up to {kept[-1]:%Y-%m-%d %H:%M} "
                    "skipped, too late to catch up with"
                )
        for run in found.over:
            slots.abandon(book, run, summary="too late to try it again")
            said.append(f"{name}: {run.notebook} is not tried again, it is too late")
    return said

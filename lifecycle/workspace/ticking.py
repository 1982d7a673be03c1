"""One model's tick: all that is due of it at a moment, in this process or another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle.workspace import (
    chain,
    elsewhere,
    guarding,
    mailing,
    spooled,
    undecided,
)
from lifecycle.workspace.chain import Tick

if TYPE_CHECKING:
    from lifecycle import jobs
    from lifecycle.workspace.desk import Workspace

__all__ = ["Tick", "go", "tick"]


def tick(
    directory: str,
    model: str,
    *,
    as_of: datetime,
    warm: jobs.Warm | None = None,
    note: Callable[[Tick], None] | None = None,
) -> list[Tick]:
    """Do what is due of one model, and say what was done.

    The function and what it returns can be pickled, so it runs in any executor. What
    all models share is left to the caller, once (`clock.close`): the index, and what is
    to be delivered.

    Parameters
    ----------
    directory : str
        Of the workspace; it is opened anew.
    model : str
    as_of : datetime with zone
    warm : jobs.Warm, optional
        In this process only.
    note : callable, optional
        Told each tick at once; in this process only.

    Returns
    -------
    list of Tick
        One of the kind "word" was only said: nothing was done.

    Raises
    ------
    LifecycleError
        What the model, its settings or its data were wrong in.
    """
    from lifecycle.workspace import desk

    done: list[Tick] = []

    def told(each: Tick) -> None:
        done.append(each)
        if note is not None:
            note(each)

    go(desk.open(directory, lenient=True), model, as_of=as_of, warm=warm, note=told)
    return done


def go(
    workspace: Workspace,
    name: str,
    *,
    as_of: datetime,
    warm: jobs.Warm | None,
    note: Callable[[Tick], None],
    pages: Sequence[str] = (),
) -> None:
    """Do what `tick` does, in a workspace that is open.

    Predictions left on the way are settled, the rules are held against the moment, a
    release that does clearly worse is rolled back, and the pages that are due are run;
    where `pages` are named only those, but all of them when an alert opens here.
    """
    from lifecycle.workspace import clock

    for trouble in spooled.settle(workspace, name, at=as_of).troubles:
        note(Tick(name, "word", trouble))
    opened = clock.watch(workspace.view(name, as_of))
    for alert in opened:
        note(Tick(name, "alert", alert.sentence, rule=alert.rule))
    moved = guarding.guard(workspace.view(name, as_of))
    if moved:
        note(Tick(name, "guard", moved))
        done = elsewhere.deliver(workspace, as_of=as_of)  # before any page is run
        if done.sentence:
            note(Tick(name, "word", done.sentence))
    for over in undecided.look(workspace.view(name, as_of)):
        note(Tick(name, "proposal", over))
    alarmed = bool(opened or moved)
    wanted = chain.wanted(workspace, name, as_of, alarmed=alarmed, note=note)
    if pages and not alarmed:
        wanted = {page: slot for page, slot in wanted.items() if page in pages}
    chain.go(workspace, name, as_of, wanted, warm, note)
    mailing.tell(workspace, name, as_of=as_of)

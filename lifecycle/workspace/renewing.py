"""The driver of a renewal: ask, train, test, propose, and go live within bounds.

Each step is kept in the book before the next begins, so that another process can go on
where this one died; see `lifecycle.promotion.renewing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import errors, promotion, registry
from lifecycle.workspace import actors, columns, gating, making
from lifecycle.workspace.holding import holding
from lifecycle.workspace.rows import LENGTH

if TYPE_CHECKING:
    from lifecycle.promotion.renewing import Why
    from lifecycle.workspace.desk import Workspace

__all__ = ["by_hand", "renew"]

_MOST = 200  # characters of what a person said
Ask = Callable[[datetime], Mapping[str, Any] | None]


@dataclass(frozen=True)
class _Course:
    """What a renewal needs to know at every step."""

    workspace: Workspace
    name: str
    at: datetime
    ask: Ask
    say: Callable[[str], None]
    person: actors.Actor | None

    @property
    def author(self) -> actors.Actor:
        return self.person or actors.MACHINE


def renew(
    workspace: Workspace,
    name: str,
    *,
    why: Why,
    as_of: datetime,
    ask: Ask | None = None,
    moved: timedelta | None = None,
    person: actors.Actor | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> registry.Renewal:
    """Carry a renewal to its end, from its beginning or from where another died.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    why : {"schedule", "alert", "by hand", "continuous"}
    as_of : datetime
    ask : callable, optional
        Given the moment, the ruling as `Ruling.facts` tells it, or None where there is
        none. Without it the ruling of the view.
    moved : timedelta, optional
        An unfinished renewal older than this is begun anew; a chunk where not given.
    person : Actor, optional
        Who asked by hand: stands behind the proposal, and nothing goes live by itself.
    say : callable
        Told each step in one sentence.

    Returns
    -------
    Renewal
        Ended; its `sentence` says how.

    Raises
    ------
    AlreadyRunning
        When another process renews the model.
    Stale
        When another process has taken the renewal over.
    """
    chunk = LENGTH[workspace.model(name).chunk]
    course = _Course(
        workspace, name, as_of, ask or _asked(workspace, name), say, person
    )
    with holding(
        workspace.registry,
        name,
        why=why,
        at=as_of,
        moved=chunk if moved is None else moved,
    ) as renewal:
        if renewal.attempts > 1:
            say(
                f"{name}: renewal {renewal.id} of {renewal.as_of:%Y-%m-%d} goes on, it "
                f"was {renewal.state} when its process ended"
            )
        while renewal.is_open:
            renewal = _step(course, renewal)
    say(renewal.sentence)
    return renewal


def by_hand(
    workspace: Workspace,
    name: str,
    *,
    reason: str = "",
    by: str | None = None,
    as_of: datetime | str | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> registry.Renewal:
    """Renew a model because a person wants it: from the ruling to a proposal.

    Parameters
    ----------
    workspace : Workspace
    name : str
    reason : str
        Why, for the proposal; the ruling's sentence follows it.
    by : str, optional
        Who; the person at the terminal where not given.
    as_of : datetime or ISO text, optional
    say : callable
        Told each step in one sentence.
    """
    person, asked = workspace.who(by), _asked(workspace, name)
    if actors.unattended():
        raise errors.NotAllowed(
            f"renewing {name} by hand takes a person; `lifecycle due` does what is due"
        )

    def ask(at: datetime) -> Mapping[str, Any] | None:
        return {**(asked(at) or {}), "asked": reason, "asked_by": person.name}

    return renew(
        workspace,
        name,
        why="by hand",
        as_of=workspace.moment(as_of),
        ask=ask,
        person=person,
        say=say,
    )


def _asked(workspace: Workspace, name: str) -> Ask:
    def ask(at: datetime) -> Mapping[str, Any]:
        from lifecycle.workspace import ruling

        return ruling.ruling(workspace.view(name, at)).facts()

    return ask


def _step(course: _Course, renewal: registry.Renewal) -> registry.Renewal:
    """The next step; what the world refuses ends the renewal with its sentence."""
    try:
        return _STEPS[renewal.state](course, renewal)
    except errors.Stopped:  # it stays open, and the next tick goes on
        raise
    except (errors.Stale, errors.AlreadyRunning) as error:
        outcome, words = "overtaken", str(error)
    except (errors.IllegalMove, errors.NotEnoughData) as error:
        outcome, words = "refused", f"nothing is proposed; {error}"
    except errors.LifecycleError as error:
        outcome, words = "failed", f"the renewal failed; {error}"
    return _end(course, renewal, outcome, words)


def _end(
    course: _Course,
    renewal: registry.Renewal,
    outcome: str,
    words: str,
    **told: Any,
) -> registry.Renewal:
    """End a renewal; who asked for it by hand is told why where nothing is proposed."""
    facts = told.get("ruling") or renewal.ruling
    if facts.get("asked") and outcome != "proposed":
        asked = " ".join(str(facts["asked"]).split())[:_MOST]
        words += f" ({facts.get('asked_by')} had asked for a renewal: {asked})"
    return promotion.end_renewal(
        course.workspace.registry,
        renewal,
        outcome,
        f"{course.name}: {words}",
        at=max(course.at, renewal.as_of),
        **told,
    )


def _decide(course: _Course, renewal: registry.Renewal) -> registry.Renewal:
    """Ask for a ruling, and go on only where it is to act and the roles allow it."""
    told = course.ask(renewal.as_of)
    if told is None:
        return _end(course, renewal, "failed", "there is no ruling to act on")
    facts = dict(told)
    action = str(facts.get("action", "keep"))
    course.say(f"{course.name}: {facts.get('sentence') or f'the ruling is {action}'}")
    roles = course.workspace.registry.roles(course.name)
    release = course.workspace.model(course.name).release
    if "production" not in roles:
        words = "no version is in production yet; train and approve one"
        return _end(course, renewal, "refused", words, ruling=facts)
    if action == "keep":
        words = "the ruling is to keep the version in production"
        return _end(course, renewal, "kept", words, ruling=facts)
    if action == "fix_data":
        words = str(facts.get("sentence") or "nothing is trained; mend the data first")
        return _end(course, renewal, "data to mend", words, ruling=facts)
    if not release.automatic and renewal.why != "by hand":
        words = f"the ruling is to {action.replace('_', ' ')}; the settings leave it "
        words += "to a person"
        return _end(course, renewal, "left to a person", words, ruling=facts)
    if "experimental" in roles:
        words = "an experiment is live; nothing new is proposed until it ends"
        return _end(course, renewal, "refused", words, ruling=facts)
    return promotion.step_renewal(
        course.workspace.registry, renewal, "decided", ruling=facts
    )


def _make(course: _Course, renewal: registry.Renewal) -> registry.Renewal:
    """Train what was ruled, or take the earlier version to return to."""
    facts, book = renewal.ruling, course.workspace.registry
    offered = facts.get("offered")
    if facts["action"] == "roll_back":
        number = book.version(course.name, int(facts["version"])).number
        return promotion.step_renewal(book, renewal, "trained", version=number)
    made = making.make(
        course.workspace,
        course.name,
        facts,
        as_of=renewal.as_of,
        author=course.author.name,
        source=course.author.source,
        renewal=renewal,
    )
    course.say(
        f"{course.name}: version {made.number} is trained, {made.recipe} on "
        f"{made.birth.get('rows', 0):,} rows" + (f" with {offered}" if offered else "")
    )
    return book.renewals(course.name)[-1]


def _test(course: _Course, renewal: registry.Renewal) -> registry.Renewal:
    """Hold the version against the champion on later rows."""
    book, number = course.workspace.registry, renewal.version
    assert number is not None
    view = course.workspace.view(course.name, renewal.as_of)
    version = book.version(course.name, number)
    columns.check(view, version)
    took = gating.timed(view, version)
    facts = gating.evidence(version, gating.evaluate(view, version, latency=took), took)
    if facts["passed"]:
        course.say(f"{course.name}: version {number} passes the gate; {facts['gate']}")
        return promotion.step_renewal(book, renewal, "tested", tested=facts)
    return promotion.fail_gate(
        book,
        renewal,
        facts,
        reason=f"it does not pass the gate: {facts['gate']}",
        actor=course.author.name,
        at=max(course.at, renewal.as_of),
    )


def _propose(course: _Course, renewal: registry.Renewal) -> registry.Renewal:
    """Ask for the version to go live; an older proposal of the machine gives way."""
    book, facts, number = course.workspace.registry, renewal.ruling, renewal.version
    assert number is not None
    at = max(course.at, renewal.as_of)
    for waiting in promotion.pending(book, course.name):
        if waiting.author == actors.MACHINE.name:
            promotion.withdraw(
                book,
                course.name,
                waiting.id,
                actor=actors.MACHINE.name,
                source=actors.MACHINE.source,
                reason="a newer ruling takes its place",
                at=at,
            )
    said = (facts.get("asked"), facts.get("sentence"))
    reason = ". ".join(str(each) for each in said if each)
    promotion.propose(
        book,
        course.name,
        number,
        author=course.author.name,
        source=course.author.source,
        reason=reason or f"ruling: {facts['action']}",
        evidence=renewal.tested,
        at=at,
        automatic=course.person is None,
        renewal=renewal,
        **gating.terms(course.workspace.view(course.name, at), at),
    )
    return book.renewals(course.name)[-1]


def _release(course: _Course, renewal: registry.Renewal) -> registry.Renewal:
    """Within the bounds of the settings it goes live; else it waits for a person."""
    book, action = course.workspace.registry, str(renewal.ruling["action"])
    assert renewal.proposal is not None
    said = action.replace("_", " ")
    words = f"version {renewal.version} is proposed ({said}), proposal "
    words += str(renewal.proposal)
    model = course.workspace.model(course.name)
    if not model.promote.auto or renewal.why == "by hand":
        return _end(course, renewal, "proposed", words)
    try:
        view = course.workspace.view(course.name, max(course.at, renewal.as_of))
        columns.check(view, book.version(course.name, renewal.version or 0))
        promotion.promote_within(
            book,
            course.name,
            renewal.proposal,
            bounds=promotion.Bounds(
                auto=model.promote.auto,
                actions=model.promote.actions,
                target=model.promote.target,
                share=model.release.canary_share,
                min_saved=model.promote.min_saved,
                every=timedelta(days=model.promote.every_days),
                two_persons=model.release.two_persons,
            ),
            action=action,
            actor=actors.MACHINE.name,
            at=max(course.at, renewal.as_of),
            renewal=renewal,
        )
    except errors.IllegalMove as error:
        return _end(course, renewal, "proposed", f"{words}; {error}")
    return book.renewals(course.name)[-1]


_STEPS: dict[str, Callable[[_Course, registry.Renewal], registry.Renewal]] = {
    "due": _decide,
    "decided": _make,
    "trained": _test,
    "tested": _propose,
    "proposed": _release,
}

"""How often those who speak of a model were right, and who may see that of whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import errors, feedback, markup, people
from lifecycle.findings import Finding, Findings
from lifecycle.workspace import ownership

if TYPE_CHECKING:
    from lifecycle.workspace.actors import Actor
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.rows import Rows

__all__ = ["LEAST", "shown_to", "sources", "voices"]

LEAST = 10
"""Words with an outcome below which nobody, and no source, is told of alone."""


def voices(
    workspace: Workspace, name: str, *, by: str, who: Actor, as_of: datetime
) -> Findings:
    """How often each source, or each person, was right once the outcome came.

    Pages show sources only. Persons are told of by name to the owner and the deputy of
    a model, and everybody else of themselves: what somebody got wrong is nobody else's
    business. That is a rule of what is shown, by the name of whoever asks, and no lock
    on the log.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    by : {"source", "person"}
    who : Actor
        Who asks.
    as_of : datetime
        With a zone.

    Returns
    -------
    Findings
        As `feedback.right` gives them, none judged. Of fewer than ten words nobody is
        told of alone, but to themselves.

    Raises
    ------
    BadParameters
        When `by` is neither.
    """
    view = workspace.view(name, as_of)
    said = workspace.logs(name).feedback(as_of=view.as_of)
    if by == "source":
        return sources(view)
    if by != "person":
        raise errors.BadParameters(f"by must be source or person, got {by!r}")
    trusted = _trusted(workspace, name, as_of)
    if people.meant(who.name, trusted) is None:
        mine = [
            each is not None and people.same(each, who.name) for each in said.person
        ]
        own = said[mine].assign(person=who.name)
        found = feedback.right(own, view.labelled, by="person")
        return _only(found, f"Of others only {' and '.join(trusted)} may see this.")
    return _only(feedback.right(said, view.labelled, by="person", least=LEAST), "")


def shown_to(
    workspace: Workspace, name: str, person: str, *, who: Actor, as_of: datetime
) -> str:
    """Whose words somebody may be shown: all (empty) or one person's, else their own.

    Raises
    ------
    NotAllowed
        When they ask for another person's, and do not look after the model.
    """
    trusted = _trusted(workspace, name, as_of)
    if people.meant(who.name, trusted) is not None:
        return person
    if person and not people.same(person, who.name):
        raise errors.NotAllowed(
            f"what became of the words of {markup.one_line(person, 80)} is shown to "
            f"them and to {' and '.join(trusted)}; ask one of these"
        )
    return who.name


def _trusted(workspace: Workspace, name: str, as_of: datetime) -> list[str]:
    """Owner and deputy of a moment."""
    whose = ownership.ownership(workspace, name, as_of=as_of)
    return [each for each in (whose.owner, whose.deputy) if each]


def sources(view: Rows) -> Findings:
    """How often the words of each source were right; few are told of together."""
    said = view.workspace.logs(view.name).feedback(as_of=view.as_of)
    rows = view.recent(view.scored)
    told = said[said["id"].isin(rows["id"])]
    found = feedback.right(told, rows, by="source", least=LEAST)
    return _only(found, "", title="Who was right, by source")


def _only(found: Findings, more: str, *, title: str = "Who was right") -> Findings:
    """What is told of somebody, without a verdict."""
    rows: list[Finding] = [replace(row, verdict="undefined") for row in found]
    summary = f"{found.summary} {more}".strip()
    return replace(found, title=title, rows=tuple(rows), summary=summary)

"""Taking a drift for the new normal, from the workspace's point of view."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import errors, promotion
from lifecycle.workspace import actors

if TYPE_CHECKING:
    from lifecycle import drift
    from lifecycle.registry import Entry
    from lifecycle.workspace.desk import Workspace

__all__ = ["accept", "withdraw"]


def accept(
    workspace: Workspace,
    name: str,
    features: Sequence[str] = (),
    *,
    reason: str,
    chunks: int | None = None,
    by: str | None = None,
    as_of: datetime | str | None = None,
) -> Entry:
    """Sign that what features look like now is normal, while this version serves.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model's.
    features : sequence of str
        Those that have drifted where none is named.
    reason : str
        Why, for the ledger.
    chunks : int, optional
        The newest so many whole chunks are the new normal. Where not given those in
        which all that has drifted of the features did so, and no more than the
        settings look at (`drift_chunks`): what was before would blur it.
    by : str, optional
        Who says so; the person at the terminal where not given.
    as_of : datetime or ISO text, optional

    Returns
    -------
    Entry
        The ledger's row.

    Raises
    ------
    IllegalMove
        When nothing has drifted, a feature is unknown, or the reason is missing.
    NotAllowed
        In unattended runs.
    """
    view = workspace.view(name, as_of)
    course = view.drift()
    known = view.settings.features.names
    unknown = [each for each in features if each not in known]
    if unknown:
        raise errors.IllegalMove(
            f"{', '.join(map(repr, unknown))} is no feature of {name}; it has "
            f"{', '.join(known)}"
        )
    chosen = tuple(features) or tuple(each for each in course.drifted if each in known)
    if not chosen or not course.analysis.chunks:
        raise errors.IllegalMove(
            f"no feature of {name} has drifted, so there is nothing to accept"
        )
    actor = workspace.who(by)
    lasted = _lasted(course, chosen)
    count = chunks or min([view.settings.alerts.drift_chunks, *lasted])
    newest = course.analysis.chunks[-count:]
    return promotion.accept(
        workspace.registry,
        name,
        chosen,
        chunks=newest,
        actor=actor.name,
        source=actor.source,
        reason=reason,
        at=view.as_of,
        unattended=actors.unattended(),
    )


def withdraw(
    workspace: Workspace,
    name: str,
    features: Sequence[str] = (),
    *,
    reason: str,
    by: str | None = None,
    as_of: datetime | str | None = None,
) -> Entry:
    """Sign that what was accepted of features is normal no longer.

    Parameters
    ----------
    workspace, name, reason, by, as_of
        As for `accept`.
    features : sequence of str
        All that are accepted where none is named.

    Returns
    -------
    Entry
        The ledger's row.

    Raises
    ------
    IllegalMove
        When none of it is accepted, or the reason is missing.
    NotAllowed
        In unattended runs.
    """
    workspace.model(name)
    actor = workspace.who(by)
    return promotion.withdraw_acceptance(
        workspace.registry,
        name,
        features,
        actor=actor.name,
        source=actor.source,
        reason=reason,
        at=workspace.moment(as_of),
        unattended=actors.unattended(),
    )


def _lasted(course: drift.Course, features: Sequence[str]) -> list[int]:
    """For how many chunks each feature has drifted that has in the newest."""
    newest = course.analysis.chunks[-1]
    longest: dict[str, int] = {}
    for row in course.findings:
        if row.period == newest and row.verdict == "alert":
            feature, *_, running = course.details[row.subject, row.measure, newest]
            longest[feature] = max(running, longest.get(feature, 0))
    return [longest[feature] for feature in features if feature in longest]

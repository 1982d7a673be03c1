"""The bounds within which a version goes live without a person: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

__all__ = ["Bounds", "within"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may go live by itself, where to, and how often.

    Parameters
    ----------
    auto : bool
        Nothing does unless it is set.
    actions : sequence of str
        The rulings that may.
    target : {"production", "experimental"}
        The role the version is given.
    share : float
        Of the traffic, for "experimental".
    min_saved : float
        What the lower end of the errors saved a row must be above.
    every : timedelta
        How long after the last move of the model.
    two_persons : bool
        An approval takes a second person; then nothing goes live by itself.

    Examples
    --------
    >>> Bounds(auto=True).actions
    ('recalibrate', 'retrain')
    """

    auto: bool = False
    actions: Sequence[str] = ("recalibrate", "retrain")
    target: Literal["production", "experimental"] = "experimental"
    share: float = 0.05
    min_saved: float = 0.0
    every: timedelta = timedelta(days=7)
    two_persons: bool = False


def within(
    bounds: Bounds,
    *,
    action: str,
    saved: float,
    at: datetime,
    moved_at: datetime | None,
    experimental: int | None,
    rolled_back: bool,
) -> tuple[bool, str]:
    """Whether a tested version may go live without a person, and why.

    Parameters
    ----------
    bounds : Bounds
    action : str
        The ruling.
    saved : float
        The lower end of the errors saved a row, as the gate saw them; `nan` where it
        saw none.
    at, moved_at : datetime
        Now, and the last move of the model's roles; None for a model without any.
    experimental : int, optional
        The version on trial.
    rolled_back : bool
        Whether the version was ever rolled back.

    Returns
    -------
    bool
    str
        The bound that is broken, or those that held.

    Examples
    --------
    >>> from datetime import UTC
    >>> now = datetime(2023, 5, 1, tzinfo=UTC)
    >>> told = {"at": now, "moved_at": None, "experimental": None, "rolled_back": False}
    >>> within(Bounds(auto=True), action="retrain", saved=0.02, **told)
    (True, 'retrain may go live by itself; at least +0.020 errors saved a row, more than
    0 are asked for; the model has not moved before')
    >>> within(Bounds(auto=True), action="rebuild", saved=0.02, **told)
    (False, 'rebuild takes a person; recalibrate, retrain may go live by themselves')
    """
    broken = _broken(
        bounds,
        action=action,
        saved=saved,
        at=at,
        moved_at=moved_at,
        experimental=experimental,
        rolled_back=rolled_back,
    )
    if broken:
        return False, broken
    moved = "the model has not moved before"
    if moved_at is not None:
        moved = (
            f"the last move is {_days(at - moved_at)} days ago, at least "
            f"{_days(bounds.every)} are asked for"
        )
    return True, (
        f"{_said(action)} may go live by itself; at least {_few(saved)} errors saved a "
        f"row, more than {bounds.min_saved:g} are asked for; {moved}"
    )


def _broken(
    bounds: Bounds,
    *,
    action: str,
    saved: float,
    at: datetime,
    moved_at: datetime | None,
    experimental: int | None,
    rolled_back: bool,
) -> str:
    """The first bound that does not hold; empty where all do."""
    if not bounds.auto:
        return "the settings let nothing go live by itself"
    if bounds.two_persons:
        return "the settings ask for a second person"
    if action not in bounds.actions:
        able = ", ".join(_said(each) for each in bounds.actions) or "nothing"
        return f"{_said(action)} takes a person; {able} may go live by themselves"
    if rolled_back:
        return "the version was rolled back before; only a person may return to it"
    if experimental is not None:
        return f"version {experimental} is on trial; end the trial first"
    if not saved > bounds.min_saved:
        return (
            f"it saves at least {_few(saved)} errors a row, more than "
            f"{bounds.min_saved:g} are asked for"
        )
    if moved_at is not None and at - moved_at < bounds.every:
        return (
            f"the last move is {_days(at - moved_at)} days ago, at least "
            f"{_days(bounds.every)} are asked for"
        )
    return ""


def _few(saved: float) -> str:
    """Three places, more where they would say 0."""
    return f"{saved:+.3f}" if abs(saved) >= 0.001 or not saved else f"{saved:+.1g}"


def _said(action: str) -> str:
    return action.replace("_", " ")


def _days(length: timedelta) -> str:
    return f"{length / timedelta(days=1):.4g}"

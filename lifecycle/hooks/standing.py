"""How far each hook has come, and trying again what was given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import errors
from lifecycle.hooks.delivering import Hook
from lifecycle.registry import canonical
from lifecycle.registry.told import Told

if TYPE_CHECKING:
    from lifecycle.registry import Registry

__all__ = ["State", "retry", "states"]

_MANY = 2  # failures of a row that are more than a moment's trouble


@dataclass(frozen=True, slots=True)
class State:
    """How far a hook has come with the moves of a model.

    Parameters
    ----------
    hook, model : str
        Which hook, and whose moves.
    since : int, optional
        The row of the ledger after which it began; None where it has not.
    last : Told, optional
        The newest row that was sent.
    left : int
        Rows that it is still to be told.
    failing : Told, optional
        The row that was tried and waits.
    dead : tuple of Told
        Rows that were given up, oldest first.
    """

    hook: str
    model: str
    since: int | None = None
    last: Told | None = None
    left: int = 0
    failing: Told | None = None
    dead: tuple[Told, ...] = ()

    @property
    def lost(self) -> tuple[Told, ...]:
        """Given up, and nothing newer was taken: what it serves may be out of date."""
        newest = 0 if self.last is None else self.last.seq
        return tuple(each for each in self.dead if each.seq > newest)

    @property
    def trouble(self) -> Told | None:
        """The row that shows that somebody has to look; None where nobody has."""
        if self.failing is not None and self.failing.attempts >= _MANY:
            return self.failing
        return self.lost[-1] if self.lost else None

    @property
    def word(self) -> str:
        """In a word: "new", "begun", "told", "waits", "fails" or "gave up"."""
        if self.since is None:
            return "new"
        if self.failing is not None and self.failing.last_error:
            return "fails"
        if self.left:
            return "waits"
        if self.lost:
            return "gave up"
        return "begun" if self.last is None else "told"

    @property
    def sentence(self) -> str:
        """What somebody has to look at; empty where nobody has."""
        return self._said(self.trouble)

    @property
    def failure(self) -> str:
        """What has failed, were it only once; empty where nothing has."""
        failing = self.failing if self.failing and self.failing.last_error else None
        return self._said(self.trouble or failing)

    def _said(self, told: Told | None) -> str:
        if told is None:
            return ""
        what = "was given up" if told.state == "dead" else "waits"
        return (
            f"hook {self.hook} has not taken row {told.seq} of {self.model}, which "
            f"{what} ({told.tried}): {told.last_error}"
        )

    @property
    def given_up(self) -> str:
        """That rows were given up and a later one was taken; empty where none were."""
        past = [each for each in self.dead if each not in self.lost]
        if not past:
            return ""
        rows = ", ".join(str(each.seq) for each in past)
        return (
            f"hook {self.hook} was never told row{'s' if len(past) > 1 else ''} {rows} "
            f"of {self.model}; a later one was taken, so nothing has to be done"
        )


def states(
    registry: Registry, hooks: Sequence[Hook], models: Sequence[str]
) -> list[State]:
    """How far each hook has come with each model that it hears of.

    Parameters
    ----------
    registry : Registry
        The book; only read.
    hooks : sequence of Hook
    models : sequence of str
        All of the workspace.
    """
    from lifecycle.registry import deliveries

    with registry.reading() as book:
        return [
            _state(
                hook.name,
                model,
                deliveries.rows(book, hook.name, model),
                deliveries.left(book, hook.name, model, moves=hook.moves),
            )
            for hook in hooks
            for model in hook.hears(models)
        ]


def _state(hook: str, model: str, rows: Sequence[Told], left: int) -> State:
    marks = [each.seq for each in rows if each.begins]
    sent = [each for each in rows if each.state == "sent" and not each.begins]
    tried = [each for each in rows if each.state == "waiting" and each.attempts]
    return State(
        hook,
        model,
        since=min(marks, default=None),
        last=sent[-1] if sent else None,
        left=left,
        failing=tried[0] if tried else None,
        dead=tuple(each for each in rows if each.state == "dead"),
    )


def retry(
    registry: Registry,
    hook: str,
    seq: int | None = None,
    *,
    at: datetime,
    model: str | None = None,
    out_of_order: bool = False,
) -> list[Told]:
    """Let rows that were given up wait again.

    Parameters
    ----------
    registry : Registry
        The book.
    hook : str
        Its name.
    seq : int, optional
        The row; the later ones of its model that were given up come with it, so that
        the order stays. Without it all that were given up since a row was last taken.
    at : datetime
        Now, with a zone.
    model : str, optional
        Only its rows.
    out_of_order : bool
        This row alone, although a later one was taken: a receiver that does not look
        at `seq` may go back to what was before.

    Returns
    -------
    list of Told
        Those that wait again, oldest first.

    Raises
    ------
    LifecycleError
        When the row was not given up, a later one was taken, or one is being told at
        this moment.
    """
    from lifecycle.registry import deliveries

    moment = canonical.utc(at)
    with registry.atomic() as book:
        rows = deliveries.rows(book, hook, model)
        if seq is not None:
            rows = _from(rows, hook, seq, alone=out_of_order)
        chosen: list[Told] = []
        for name in dict.fromkeys(each.model for each in rows):
            own = [each for each in rows if each.model == name]
            last = max((each.seq for each in own if each.state == "sent"), default=0)
            lost = [each for each in own if each.state == "dead" and each.seq > last]
            if lost:
                _nobody_at(own, moment)
            chosen += lost
        if not chosen:
            raise errors.LifecycleError(
                f"hook {hook} has given up nothing since it last took a move"
                f"{f' of {model}' if model else ''}; `lifecycle hooks` lists what waits"
            )
        return [deliveries.revive(book, each, at=moment) for each in chosen]


def _from(rows: Sequence[Told], hook: str, seq: int, *, alone: bool) -> list[Told]:
    """A dead row and the later ones of its model; itself only where it stands alone."""
    found = next((each for each in rows if each.seq == seq), None)
    if found is None or found.state != "dead":
        how = "was never tried" if found is None else f"is {found.state}"
        raise errors.LifecycleError(
            f"row {seq} {how} for hook {hook}; only what was given up can be tried "
            "again, `lifecycle hooks` lists it"
        )
    own = [each for each in rows if each.model == found.model and each.seq >= seq]
    later = [each.seq for each in own if each.state == "sent"]
    if alone:
        return [found]
    if later:
        raise errors.LifecycleError(
            f"hook {hook} took row {later[-1]} of {found.model} after row {seq}, "
            "which says where the model stands; add --out-of-order to send the old one"
        )
    return own


def _nobody_at(rows: Sequence[Told], at: datetime) -> None:
    for each in rows:
        if each.state == "waiting" and each.lease_until and each.lease_until > at:
            raise errors.LifecycleError(
                f"hook {each.hook} is being told row {each.seq} of {each.model} at "
                "this moment; try again when that is over"
            )

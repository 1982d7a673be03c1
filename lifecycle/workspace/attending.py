"""The workspace's verbs for who looks after a model, and for those who speak of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from lifecycle.feedback.drawing import By
    from lifecycle.findings import Findings
    from lifecycle.registry import Entry
    from lifecycle.workspace import actors
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.ownership import Ownership
    from lifecycle.workspace.replying import Replies
    from lifecycle.workspace.sampling import Drawn, Labelled

    Who = str | actors.Actor | None

__all__ = ["Attending"]


class Attending:
    """Whose a model is, who opens its reports, and what becomes of people's words."""

    # -- whose it is -----------------------------------------------------------

    def ownership(self, name: str, *, as_of: datetime | str | None = None) -> Ownership:
        """Who looks after a model at a moment, and what for."""
        from lifecycle.workspace import ownership

        ws = cast("Workspace", self)
        return ownership.ownership(ws, name, as_of=ws.moment(as_of))

    def hand_over(
        self,
        name: str,
        to: str,
        *,
        reason: str,
        deputy: str = "",
        by: Who = None,
        as_of: datetime | str | None = None,
    ) -> Entry:
        """Give a model to another person: a move of the ledger.

        Open alerts go along, and those to come; see `promotion.hand_over`.
        """
        from lifecycle.workspace import ownership

        ws = cast("Workspace", self)
        at = ws.moment(as_of)
        return ownership.hand_over(
            ws, name, to, reason=reason, deputy=deputy, by=by, as_of=at
        )

    def review(
        self,
        name: str,
        *,
        due: date,
        reason: str,
        by: Who = None,
        as_of: datetime | str | None = None,
    ) -> Entry:
        """Say that owner, purpose and KPI were looked at, and when they are next."""
        from lifecycle.workspace import ownership

        ws = cast("Workspace", self)
        at = ws.moment(as_of)
        return ownership.review(ws, name, due=due, reason=reason, by=by, as_of=at)

    def opened(
        self,
        name: str,
        page: str = "",
        *,
        way: str = "terminal",
        as_of: datetime | str | None = None,
    ) -> bool:
        """Keep that somebody has opened a report, not who; see `ownership.opened`."""
        from lifecycle.workspace import ownership

        ws = cast("Workspace", self)
        return ownership.opened(ws, name, page, way=way, as_of=ws.moment(as_of))

    def newest(self, name: str, page: str = "") -> Path:
        """The newest report of a page, or the model's own page where none is named."""
        from lifecycle.workspace import ownership

        return ownership.newest(cast("Workspace", self), name, page)

    # -- what people say -------------------------------------------------------

    def replies(
        self,
        name: str,
        *,
        person: str = "",
        ids: Sequence[str] = (),
        who: Who = None,
        as_of: datetime | str | None = None,
    ) -> Replies:
        """What became of what people said; see `replying.replies`.

        Whoever asks by name (`who`) is shown their own words, and owner and deputy all.
        """
        from lifecycle.workspace import replying, voiced

        ws = cast("Workspace", self)
        at = ws.moment(as_of)
        if who is not None:
            person = voiced.shown_to(ws, name, person, who=ws.who(who), as_of=at)
        return replying.replies(ws, name, person=person, ids=ids, as_of=at)

    def voices(
        self,
        name: str,
        *,
        by: str = "source",
        who: Who = None,
        as_of: datetime | str | None = None,
    ) -> Findings:
        """How often each source, or each person, was right; see `voiced.voices`."""
        from lifecycle.workspace import voiced

        ws = cast("Workspace", self)
        return voiced.voices(ws, name, by=by, who=ws.who(who), as_of=ws.moment(as_of))

    def sample(
        self,
        name: str,
        n: int = 50,
        *,
        by: By = "random",
        segment: str = "",
        seed: int = 0,
        start: datetime | str | None = None,
        out: Path | None = None,
        who: Who = None,
        as_of: datetime | str | None = None,
    ) -> Drawn:
        """Draw rows for labelling; see `sampling.sample`."""
        from lifecycle.workspace import sampling

        ws = cast("Workspace", self)
        return sampling.sample(
            ws,
            name,
            n,
            by=by,
            segment=segment,
            seed=seed,
            start=None if start is None else ws.moment(start),
            out=out,
            who=ws.who(who),
            as_of=ws.moment(as_of),
        )

    def label(
        self,
        name: str,
        source: Path,
        *,
        by: Who = None,
        as_of: datetime | str | None = None,
    ) -> Labelled:
        """Take the labels of drawn rows in; see `sampling.label`."""
        from lifecycle.workspace import sampling

        ws = cast("Workspace", self)
        at = ws.moment(as_of)
        return sampling.label(ws, name, source, who=ws.who(by), as_of=at)

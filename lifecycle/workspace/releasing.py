"""The workspace's verbs of renewal and release: train, propose, decide, go back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from lifecycle import errors, promotion
from lifecycle.workspace import actors, columns, shown

if TYPE_CHECKING:
    from lifecycle import config
    from lifecycle.promotion.deciding import Target
    from lifecycle.registry import Proposal, Registry, Version
    from lifecycle.workspace.desk import Workspace

__all__ = ["Releasing"]


class Releasing:
    """What a person can do with the versions of a model.

    Each verb is one move of `lifecycle.promotion`, by whoever is known to be there; the
    command line and the panels call it.
    """

    if TYPE_CHECKING:  # what `Workspace` brings

        @property
        def registry(self) -> Registry:
            """The book."""

        def model(self, name: str) -> config.Model:
            """The settings of a model."""

        def moment(self, as_of: datetime | str | None = None) -> datetime:
            """The moment meant."""

    def train(
        self,
        name: str,
        *,
        as_of: datetime | str | None = None,
        recipe: str = "",
        start: datetime | None = None,
        end: datetime | None = None,
        span: int | None = None,
        by: str | None = None,
    ) -> Version:
        """Make a candidate from a recipe and a period; see `making.train`."""
        from lifecycle.workspace import making

        actor = actors.who(by)
        return making.train(
            cast("Workspace", self),
            name,
            as_of=self.moment(as_of),
            recipe=recipe,
            start=start,
            end=end,
            span=span,
            author=actor.name,
            source=actor.source,
        )

    def propose(
        self,
        name: str,
        number: int,
        *,
        reason: str,
        target: Target = "production",
        share: float | None = None,
        by: str | None = None,
        as_of: datetime | str | None = None,
    ) -> Proposal:
        """Ask for a version to go live, with the evidence as it stands now."""
        from lifecycle.workspace import gating

        actor = actors.who(by)
        return gating.propose(
            cast("Workspace", self),
            name,
            number,
            reason=reason,
            target=target,
            share=share,
            author=actor.name,
            source=actor.source,
            as_of=self.moment(as_of),
        )

    def approve(
        self,
        name: str,
        proposal: int | None = None,
        *,
        reason: str,
        by: str | None = None,
        target: Target | None = None,
        share: float | None = None,
        digest: str | None = None,
        as_of: datetime | str | None = None,
    ) -> promotion.Move:
        """Approve a proposal (the pending one if none is named), as the panel does.

        Where the settings ask for several persons it is one of their approvals; with
        the last one the version goes live. A trial starts with `canary_share` of the
        settings where neither the proposal nor `share` names another one.
        """
        actor, release = actors.who(by), self.model(name).release
        asked = self.registry.proposal(name, self.pending(name, proposal))
        if target == "experimental" != asked.target and share is None:
            share = release.canary_share
        version = self.registry.version(name, asked.number)
        columns.check(cast("Workspace", self).view(name, as_of), version)
        move = promotion.approve(
            self.registry,
            name,
            asked.id,
            approver=actor.name,
            source=actor.source,
            reason=reason,
            digest=digest,
            at=self.moment(as_of),
            target=target,
            share=share,
            two_persons=release.two_persons,
            approvers=release.approvers,
            verified=release.verified,
            unattended=actors.unattended(),
            evidence=shown.report(
                cast("Workspace", self), name, as_of=self.moment(as_of)
            ),
        )
        return self._told(move)

    def reject(
        self,
        name: str,
        proposal: int | None = None,
        *,
        reason: str,
        by: str | None = None,
        digest: str | None = None,
        as_of: datetime | str | None = None,
    ) -> promotion.Move:
        """Reject a proposal (the pending one where none is named)."""
        actor = actors.who(by)
        move = promotion.reject(
            self.registry,
            name,
            self.pending(name, proposal),
            approver=actor.name,
            source=actor.source,
            reason=reason,
            digest=digest,
            at=self.moment(as_of),
            unattended=actors.unattended(),
        )
        return self._told(move)

    def withdraw(
        self,
        name: str,
        proposal: int | None = None,
        *,
        reason: str,
        by: str | None = None,
        as_of: datetime | str | None = None,
    ) -> promotion.Move:
        """Take a proposal back (the pending one where none is named)."""
        move = promotion.withdraw(
            self.registry,
            name,
            self.pending(name, proposal),
            **self._by(by, reason, as_of),
        )
        return self._told(move)

    def widen(
        self,
        name: str,
        share: float = 1.0,
        *,
        reason: str,
        by: str | None = None,
        as_of: datetime | str | None = None,
    ) -> promotion.Move:
        """Give the version on trial more of the traffic; all of it promotes it."""
        release = self.model(name).release
        move = promotion.widen(
            self.registry,
            name,
            share=share,
            two_persons=release.two_persons,
            approvers=release.approvers,
            verified=release.verified,
            approvals=release.approvals,
            unattended=actors.unattended(),
            **self._by(by, reason, as_of),
        )
        return self._told(move)

    def shadow(
        self,
        name: str,
        number: int,
        *,
        reason: str,
        by: str | None = None,
        as_of: datetime | str | None = None,
    ) -> promotion.Move:
        """Let a version score everything that production scores, and serve nothing."""
        self.model(name)
        move = promotion.shadow(
            self.registry, name, number, **self._by(by, reason, as_of)
        )
        return self._told(move)

    def unshadow(
        self,
        name: str,
        *,
        reason: str,
        by: str | None = None,
        as_of: datetime | str | None = None,
    ) -> promotion.Move:
        """End the shadow; the version is what it was before."""
        self.model(name)
        shadow = self.registry.roles(name).get("shadow")
        if shadow is None:
            raise errors.IllegalMove(
                f"no version of {name} is the shadow; `lifecycle shadow {name} "
                "VERSION` lets one score beside production"
            )
        return self.retire(name, shadow.number, reason=reason, by=by, as_of=as_of)

    def retire(
        self,
        name: str,
        number: int,
        *,
        reason: str,
        by: str | None = None,
        as_of: datetime | str | None = None,
    ) -> promotion.Move:
        """Take its role from a trial, a shadow or the previous version."""
        self.model(name)
        move = promotion.retire(
            self.registry,
            name,
            number,
            unattended=actors.unattended(),
            **self._by(by, reason, as_of),
        )
        return self._told(move)

    def rollback(
        self,
        name: str,
        *,
        reason: str,
        by: str | None = None,
        to: int | None = None,
        as_of: datetime | str | None = None,
    ) -> promotion.Move:
        """End the experiment, or put the previous version back into production."""
        self.model(name)
        move = promotion.roll_back(
            self.registry, name, to=to, **self._by(by, reason, as_of)
        )
        return self._told(move)

    def _by(
        self, by: str | None, reason: str, as_of: datetime | str | None
    ) -> dict[str, Any]:
        actor = actors.who(by)
        return {
            "actor": actor.name,
            "source": actor.source,
            "reason": reason,
            "at": self.moment(as_of),
        }

    def _told(self: Any, move: promotion.Move) -> promotion.Move:
        """The move, once the hooks of its model were told of it; none can undo it."""
        if not self.settings.hooks:
            return move
        from lifecycle.workspace import elsewhere

        return elsewhere.after(self, move)

    def pending(self, name: str, proposal: int | None = None) -> int:
        """The id of the proposal that waits, or the one asked for."""
        self.model(name)
        if proposal is not None:
            return proposal
        waiting = promotion.pending(self.registry, name)
        if not waiting:
            raise errors.UnknownProposal(
                f"nothing of {name} waits for a decision; propose a version first"
            )
        if len(waiting) > 1:
            known = ", ".join(str(each.id) for each in waiting)
            raise errors.UnknownProposal(
                f"{len(waiting)} proposals of {name} wait ({known}); name one"
            )
        return waiting[0].id

"""The workspace's verbs of renewal and release: train, propose, decide, go back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from lifecycle import errors, promotion
from lifecycle.workspace import actors, columns, shown

if TYPE_CHECKING:
    from lifecycle import config
    from lifecycle.promotion.deciding import Target
    from lifecycle.registry import Proposal, Registry, Version
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.view import View

    By = str | actors.Actor | None

__all__ = ["Releasing"]


class Releasing:
    """What a person can do with the versions of a model.

    Each verb is one move of `lifecycle.promotion`, by whoever is known to be there
    (`by` is a name that was given, or an `actors.Actor`); the command line and the
    panels call it.
    """

    if TYPE_CHECKING:  # what `Workspace` brings

        @property
        def registry(self) -> Registry:
            """The book."""

        def model(self, name: str) -> config.Model:
            """The settings of a model."""

        def moment(self, as_of: datetime | str | None = None) -> datetime:
            """The moment meant."""

        @property
        def settings(self) -> config.Settings:
            """The file, read anew when it changed."""

        def view(self, name: str = "", as_of: datetime | str | None = None) -> View:
            """A model at one moment."""

    def who(self, by: By = None) -> actors.Actor:
        """Who acts, and how well that is known.

        The record of a move holds both. It is a record of intent and no access control:
        whoever can write to the registry can write there whatever they like.
        """
        return actors.who(by, hub=self.settings.workspace.identity.hub)

    def train(
        self,
        name: str,
        *,
        as_of: datetime | str | None = None,
        recipe: str = "",
        start: datetime | None = None,
        end: datetime | None = None,
        span: int | None = None,
        by: By = None,
    ) -> Version:
        """Make a candidate from a recipe and a period; see `making.train`."""
        from lifecycle.workspace import making

        actor = self.who(by)
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
        by: By = None,
        as_of: datetime | str | None = None,
    ) -> Proposal:
        """Ask for a version to go live, with the evidence as it stands now."""
        from lifecycle.workspace import gating

        actor = self.who(by)
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
        by: By = None,
        target: Target | None = None,
        share: float | None = None,
        digest: str | None = None,
        as_of: datetime | str | None = None,
    ) -> promotion.Move:
        """Approve the proposal that was looked at, as the panel does.

        It is named, by number or digest: nobody approves whatever happens to wait.
        Where the settings ask for several persons it is one of their approvals; with
        the last one the version goes live. A trial starts with `canary_share` of the
        settings where neither the proposal nor `share` names another one.
        """
        release = self.model(name).release
        asked = self.registry.proposal(name, self.pending(name, proposal))
        if proposal is None and digest is None:
            raise errors.IllegalMove(
                f"proposal {asked.id} of {name} waits; say that it is the one you "
                "looked at: name it, or give the digest that you were shown"
            )
        if asked.status == "pending" and asked.needed < release.approvals:
            raise errors.Stale(
                f"proposal {asked.id} of {name} takes {asked.needed} and the settings "
                f"now ask for {release.approvals} approvals; withdraw it and propose "
                f"version {asked.number} again"
            )
        if target == "experimental" != asked.target and share is None:
            share = release.canary_share
        version = self.registry.version(name, asked.number)
        columns.check(self.view(name, as_of), version)
        return self._decided(
            promotion.approve,
            asked.id,
            digest,
            name,
            by,
            reason,
            as_of,
            target=target,
            share=share,
            two_persons=release.two_persons,
            approvers=release.approvers,
            verified=release.verified,
            evidence=shown.report(
                cast("Workspace", self), name, as_of=self.moment(as_of)
            ),
        )

    def reject(
        self,
        name: str,
        proposal: int | None = None,
        *,
        reason: str,
        by: By = None,
        digest: str | None = None,
        as_of: datetime | str | None = None,
    ) -> promotion.Move:
        """Reject a proposal (the pending one where none is named)."""
        asked = self.pending(name, proposal)
        return self._decided(promotion.reject, asked, digest, name, by, reason, as_of)

    def withdraw(
        self,
        name: str,
        proposal: int | None = None,
        *,
        reason: str,
        by: By = None,
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
        number: int | None = None,
        reason: str,
        by: By = None,
        as_of: datetime | str | None = None,
    ) -> promotion.Move:
        """Give the version on trial more of the traffic; all of it promotes it.

        `number` is the version that was looked at; all goes to a version by its number.
        Where the settings ask for several approvals one person gives it up to
        `alone_up_to`; more is proposed and approved.
        """
        release = self.model(name).release
        trial = self.registry.roles(name).get("experimental")
        if trial is not None:
            if number is None and share == 1:
                raise errors.IllegalMove(
                    f"all traffic would go to version {trial.number} of {name}; look "
                    f"at it and name it, as `--version {trial.number}` at a terminal"
                )
            version = self.registry.version(name, trial.number)
            columns.check(self.view(name, as_of), version)
        move = promotion.widen(
            self.registry,
            name,
            share=share,
            number=number,
            two_persons=release.two_persons,
            approvers=release.approvers,
            verified=release.verified,
            approvals=release.approvals,
            alone_up_to=release.alone_up_to,
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
        by: By = None,
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
        by: By = None,
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
        by: By = None,
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
        by: By = None,
        to: int | None = None,
        number: int | None = None,
        as_of: datetime | str | None = None,
    ) -> promotion.Move:
        """End the experiment, or put the previous version back into production.

        `number` is the version to be given up: nothing is done where another one would
        be, as after somebody who was faster. It is done also where the log has no
        values any more for a column that the version reads; the sentence says so then.
        """
        self.model(name)
        more = self._more(name, to)
        view = self.view(name, as_of) if more else None
        if view is not None:
            _ = view.production  # the one that serves until now
        move = promotion.roll_back(
            self.registry, name, to=to, number=number, **self._by(by, reason, as_of)
        )
        if view is not None and more == move.roles["production"].number:
            lacks = columns.lacking(view, more)  # after the move: not in its way
            move = replace(move, sentence=f"{move.sentence}{lacks}")
        return self._told(move)

    def _more(self, name: str, to: int | None) -> int:
        """The version to return to, where it reads more columns; as a rule 0."""
        roles = self.registry.roles(name)
        back = roles["previous"].number if to is None and "previous" in roles else to
        if back is None or "production" not in roles:
            return 0
        version, serves = (
            self.registry.version(name, each)
            for each in (back, roles["production"].number)
        )
        known = set(columns.names(serves))
        return 0 if set(columns.names(version)) <= known else back

    def _decided(
        self,
        decide: Any,
        asked: int,
        digest: str | None,
        name: str,
        by: By,
        reason: str,
        as_of: datetime | str | None,
        **more: Any,
    ) -> promotion.Move:
        """A person's word on a proposal, about what was shown to them."""
        if digest is None and self.model(name).release.digest_required:
            raise errors.IllegalMove(
                f"the settings of {name} ask for the digest of what was shown; "
                "`lifecycle status` tells it, or decide in the promote notebook"
            )
        said = self._by(by, reason, as_of)
        move = decide(
            self.registry,
            name,
            asked,
            approver=said.pop("actor"),
            digest=digest,
            unattended=actors.unattended(),
            **said,
            **more,
        )
        return self._told(move)

    def _by(self, by: By, reason: str, as_of: datetime | str | None) -> dict[str, Any]:
        actor = self.who(by)
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

"""What can be changed inside one transaction, each with its record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lifecycle import errors, people
from lifecycle.registry import canonical, tables
from lifecycle.registry.alarms import Alert, Message
from lifecycle.registry.reading import ZERO, Reading, row_hash, waiting
from lifecycle.registry.records import VERIFIED, Entry, Proposal
from lifecycle.registry.renewals import Renewal

__all__ = ["Writing"]


class Writing(Reading):
    """The registry inside `Registry.atomic`: the verbs that moves are made of."""

    def next_number(self, model: str) -> int:
        """The number of the next version."""
        table = tables.version
        query = sa.select(sa.func.max(table.c.number)).where(table.c.model == model)
        return (self.connection.execute(query).scalar() or 0) + 1

    def add_version(self, **values: Any) -> None:
        """A new version."""
        self.connection.execute(sa.insert(tables.version).values(**values))

    def mark(self, model: str, number: int, mark: str) -> None:
        """What a version is called while it has no role ("" for a candidate)."""
        table = tables.version
        self.connection.execute(
            sa.update(table)
            .where(table.c.model == model, table.c.number == number)
            .values(mark=mark)
        )

    def set_roles(
        self,
        model: str,
        *,
        production: int,
        previous: int | None,
        experimental: int | None,
        share: float,
        shadow: int | None = None,
    ) -> None:
        """All roles of a model at once; `share` is the experimental version's."""
        table = tables.role
        values = {
            "production": production,
            "previous": previous,
            "experimental": experimental,
            "share": share,
            "shadow": shadow,
        }
        changed = self.connection.execute(
            sa.update(table).where(table.c.model == model).values(**values)
        )
        if not changed.rowcount:
            self.connection.execute(sa.insert(table).values(model=model, **values))

    def add_proposal(self, model: str, **values: Any) -> Proposal:
        """A new proposal, numbered after the model's last."""
        table = tables.proposal
        query = sa.select(sa.func.max(table.c.id)).where(table.c.model == model)
        id = (self.connection.execute(query).scalar() or 0) + 1
        self.connection.execute(
            sa.insert(table).values(model=model, id=id, status="pending", **values)
        )
        return self.proposal(model, id)

    def add_approval(
        self,
        proposal: Proposal,
        *,
        approver: str,
        source: str,
        reason: str,
        at: datetime,
        approvers: Sequence[str] = (),
    ) -> bool:
        """One person's yes to a proposal; False when it was given before.

        Whoever is one of the `approvers` is known under each name of theirs.
        """
        table = tables.approval
        name = canonical.words(approver)
        mine = people.meant(name, approvers) or name
        for each in self.approvals(proposal.model, proposal.id):
            theirs = people.meant(each.approver, approvers) or each.approver
            if people.same(mine, theirs):
                return False
        self.connection.execute(
            sa.insert(table).values(
                model=proposal.model,
                proposal=proposal.id,
                approver=name,
                source=canonical.words(source),
                verified=source in VERIFIED,
                reason=canonical.words(reason),
                digest=proposal.digest,
                at=canonical.utc(at),
            )
        )
        return True

    def decide(
        self, proposal: Proposal, status: str, *, by: str, reason: str, at: datetime
    ) -> bool:
        """Decide a pending proposal; False when somebody was faster."""
        table = tables.proposal
        changed = self.connection.execute(
            sa.update(table)
            .where(
                table.c.model == proposal.model,
                table.c.id == proposal.id,
                table.c.status == "pending",
            )
            .values(
                status=status,
                decided_at=at,
                decided_by=canonical.words(by),
                decision_reason=canonical.words(reason),
            )
        )
        return changed.rowcount == 1

    def enter(
        self,
        model: str,
        move: str,
        *,
        actor: str,
        source: str,
        reason: str,
        at: datetime,
        number: int | None = None,
        proposal: int | None = None,
        evidence: dict[str, Any] | None = None,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> Entry:
        """A new row of the ledger, chained to the last one."""
        table = tables.ledger
        last = self.connection.execute(
            sa.select(table.c.seq, table.c.hash).order_by(table.c.seq.desc()).limit(1)
        ).one_or_none()
        row: dict[str, Any] = {
            "seq": 1 if last is None else last.seq + 1,
            "at": canonical.utc(at),
            "model": model,
            "move": move,
            "number": number,
            "proposal": proposal,
            "actor": canonical.words(actor),
            "source": canonical.words(source),
            "verified": source in VERIFIED,
            "reason": canonical.words(reason),
            "evidence": evidence or {},
            "before": before or {},
            "after": after or {},
            "previous": ZERO if last is None else last.hash,
        }
        row["hash"] = row_hash(row)
        self.connection.execute(sa.insert(table).values(**row))
        return Entry(**row)

    def add_alert(self, **values: Any) -> Alert:
        """A new open episode."""
        result = self.connection.execute(sa.insert(tables.alert).values(**values))
        key = result.inserted_primary_key
        assert key is not None
        alert = self.alert(key[0])
        assert alert is not None
        return alert

    def change_alert(self, id: int, **values: Any) -> None:
        """Another word on an episode."""
        table = tables.alert
        self.connection.execute(
            sa.update(table).where(table.c.id == id).values(**values)
        )

    def add_message(self, **values: Any) -> None:
        """Something to tell; sent after the transaction, never before."""
        self.connection.execute(
            sa.insert(tables.outbox).values(attempts=0, reached=[], **values)
        )

    def has_message(self, key: str) -> bool:
        """Whether a message of this key was written before."""
        table = tables.outbox
        query = sa.select(table.c.id).where(table.c.key == key)
        return self.connection.execute(query).first() is not None

    def claim_message(
        self, message: Message, *, claim: str, at: datetime, until: datetime
    ) -> bool:
        """Take a message for one attempt; False when somebody was faster."""
        table = tables.outbox
        changed = self.connection.execute(
            sa.update(table)
            .where(
                table.c.id == message.id,
                table.c.claim == message.claim,
                *waiting(at),
            )
            .values(claim=claim, lease_until=until, attempts=table.c.attempts + 1)
        )
        return changed.rowcount == 1

    def change_message(
        self, id: int, *, claim: str | None = None, **values: Any
    ) -> bool:
        """Another word on a message that waits; False when it is another's, or over."""
        table = tables.outbox
        query = sa.update(table).where(
            table.c.id == id, table.c.sent_at.is_(None), table.c.dead_at.is_(None)
        )
        if claim is not None:
            query = query.where(table.c.claim == claim)
        return self.connection.execute(query.values(**values)).rowcount == 1

    def claim_slot(self, model: str, notebook: str, slot: datetime) -> bool:
        """Whether nobody had claimed the slot before."""
        table = tables.run
        mine = (
            table.c.model == model,
            table.c.notebook == notebook,
            table.c.slot == slot,
        )
        if self.connection.execute(sa.select(table.c.id).where(*mine)).first():
            return False
        self.connection.execute(
            sa.insert(table).values(
                model=model,
                notebook=notebook,
                as_of=slot,
                slot=slot,
                status="claimed",
                verdict="",
                summary="",
                directory="",
            )
        )
        return True

    def record_run(self, *, slot: datetime | None, **values: Any) -> int:
        """A finished run; in the row of its claimed slot where there is one."""
        table = tables.run
        if slot is not None:
            claimed = self.connection.execute(
                sa.select(table.c.id).where(
                    table.c.model == values["model"],
                    table.c.notebook == values["notebook"],
                    table.c.slot == slot,
                )
            ).scalar()
            if claimed is not None:
                self.connection.execute(
                    sa.update(table).where(table.c.id == claimed).values(**values)
                )
                return int(claimed)
        result = self.connection.execute(sa.insert(table).values(slot=slot, **values))
        key = result.inserted_primary_key
        assert key is not None
        return int(key[0])

    def add_renewal(self, model: str, **values: Any) -> Renewal:
        """A new open renewal, numbered after the model's last."""
        table = tables.renewal
        query = sa.select(sa.func.max(table.c.id)).where(table.c.model == model)
        id = (self.connection.execute(query).scalar() or 0) + 1
        told = {"outcome": "", "sentence": "", "attempts": 1, **values}
        self.connection.execute(
            sa.insert(table).values(
                model=model, id=id, state="due", ruling={}, tested={}, **told
            )
        )
        return self.renewals(model, only_open=True)[0]

    def change_renewal(self, renewal: Renewal, **values: Any) -> Renewal:
        """Another word on a renewal, by the process that works on it.

        Raises
        ------
        Stale
            When another process works on it now, or it has ended.
        """
        table = tables.renewal
        changed = self.connection.execute(
            sa.update(table)
            .where(
                table.c.model == renewal.model,
                table.c.id == renewal.id,
                table.c.holder == renewal.holder,
                table.c.state == renewal.state,
                table.c.ended_at.is_(None),
            )
            .values(**values)
        )
        if changed.rowcount != 1:
            raise errors.Stale(
                f"renewal {renewal.id} of {renewal.model} was taken over or ended by "
                f"another process; `lifecycle renewals {renewal.model}` tells by whom"
            )
        return next(r for r in self.renewals(renewal.model) if r.id == renewal.id)

    def step_renewal(self, renewal: Renewal, state: str, **values: Any) -> Renewal:
        """The next step of a renewal; see `Renewal` for which leads where."""
        renewal.check(state)
        return self.change_renewal(renewal, state=state, **values)

    def keep_renewal(self, renewal: Renewal, *, holder: str, until: Any) -> bool:
        """Keep a renewal for longer, or let it go; False when it is another's."""
        table = tables.renewal
        changed = self.connection.execute(
            sa.update(table)
            .where(
                table.c.model == renewal.model,
                table.c.id == renewal.id,
                table.c.holder == renewal.holder,
                table.c.ended_at.is_(None),
            )
            .values(holder=holder, lease_until=until)
        )
        return changed.rowcount == 1

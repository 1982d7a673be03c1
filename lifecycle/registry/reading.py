"""What can be asked inside one transaction; nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from lifecycle import errors
from lifecycle.registry import canonical, tables
from lifecycle.registry.alarms import Alert, Message
from lifecycle.registry.records import Approval, Entry, Proposal, Role, Run, Version
from lifecycle.registry.renewals import Renewal

__all__ = ["ZERO", "Reading", "row_hash", "waiting"]

ZERO = "0" * 64  # stands before the first row of the ledger

_Record = TypeVar("_Record", Approval, Proposal, Entry, Run, Alert, Message, Renewal)


def row_hash(row: dict[str, Any]) -> str:
    """SHA-256 over a ledger row, the previous row's hash included."""
    return canonical.digest({key: row[key] for key in row if key != "hash"})


def waiting(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """What holds for a message that may be claimed at a moment."""
    columns = tables.outbox.c
    return (
        columns.sent_at.is_(None),
        columns.dead_at.is_(None),
        columns.next_try <= at,
        sa.or_(columns.lease_until.is_(None), columns.lease_until <= at),
    )


def _as(record: type[_Record], rows: Iterable[sa.RowMapping]) -> list[_Record]:
    names = [field.name for field in fields(record)]
    return [record(**{name: row[name] for name in names}) for row in rows]


class Reading:
    """The registry as one transaction sees it.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Inside a transaction.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def _rows(self, query: sa.Select[Any]) -> list[sa.RowMapping]:
        return list(self.connection.execute(query).mappings())

    def versions(self, model: str, number: int | None = None) -> list[Version]:
        """Versions of a model, oldest first."""
        table = tables.version
        query = sa.select(table).where(table.c.model == model).order_by(table.c.number)
        if number is not None:
            query = query.where(table.c.number == number)
        holders = {role.number: name for name, role in self.roles(model).items()}
        found = []
        for row in self._rows(query):
            values = dict(row)
            mark = values.pop("mark")
            status = holders.get(values["number"]) or mark or "candidate"
            found.append(Version(status=status, **values))
        return found

    def version(self, model: str, number: int) -> Version:
        """One version, or `UnknownVersion`."""
        for version in self.versions(model, number):
            return version
        raise errors.UnknownVersion(
            f"{model} has no version {number}; `lifecycle history {model}` lists them"
        )

    def roles(self, model: str) -> dict[str, Role]:
        """Who has which role, and which share of the traffic."""
        table = tables.role
        for row in self._rows(sa.select(table).where(table.c.model == model)):
            share = row["share"]
            held = {
                "production": Role(row["production"], 1.0 - share),
                "previous": Role(row["previous"], 0.0),
                "experimental": Role(row["experimental"], share),
                "shadow": Role(row["shadow"], 0.0),
            }
            return {
                name: role for name, role in held.items() if role.number is not None
            }
        return {}

    def proposals(self, model: str, *, status: str | None = None) -> list[Proposal]:
        """Proposals of a model, oldest first."""
        table = tables.proposal
        query = sa.select(table).where(table.c.model == model).order_by(table.c.id)
        if status is not None:
            query = query.where(table.c.status == status)
        return _as(Proposal, self._rows(query))

    def proposal(self, model: str, id: int) -> Proposal:
        """One proposal, or `UnknownProposal`."""
        table = tables.proposal
        query = sa.select(table).where(table.c.model == model, table.c.id == id)
        for proposal in _as(Proposal, self._rows(query)):
            return proposal
        raise errors.UnknownProposal(
            f"{model} has no proposal {id}; `lifecycle status` lists the pending ones"
        )

    def approvals(self, model: str, id: int) -> list[Approval]:
        """Who has approved a proposal so far, in their order."""
        table = tables.approval
        query = sa.select(table).where(table.c.model == model, table.c.proposal == id)
        return _as(Approval, self._rows(query.order_by(table.c.at, table.c.approver)))

    def stamp(self, model: str) -> int:
        """The newest row of the ledger that is about a model; 0 before the first."""
        table = tables.ledger
        query = sa.select(sa.func.max(table.c.seq)).where(table.c.model == model)
        return int(self.connection.execute(query).scalar() or 0)

    def ledger(
        self, model: str | None = None, *, move: str | None = None
    ) -> list[Entry]:
        """Rows of the ledger, oldest first."""
        table = tables.ledger
        query = sa.select(table).order_by(table.c.seq)
        if model is not None:
            query = query.where(table.c.model == model)
        if move is not None:
            query = query.where(table.c.move == move)
        return _as(Entry, self._rows(query))

    def about(self, seq: int) -> tuple[str, str] | None:
        """Model and move of a row of the ledger, as they stand; None where it is gone.

        Nothing else of the row is read, so that it can be named when it was altered.
        """
        table = tables.ledger
        query = sa.select(table.c.model, table.c.move).where(table.c.seq == seq)
        found = self.connection.execute(query).one_or_none()
        return None if found is None else (found.model, found.move)

    def end(self) -> tuple[int, str]:
        """How many rows the ledger has, and the hash of the last one."""
        table = tables.ledger
        count = self.connection.execute(
            sa.select(sa.func.count()).select_from(table)
        ).scalar_one()
        last = self.connection.execute(
            sa.select(table.c.hash).order_by(table.c.seq.desc()).limit(1)
        ).scalar()
        return int(count), last or ZERO

    def first_altered(self) -> int | None:
        """The first row of the ledger that does not follow from the one before.

        The chain cannot tell when its last rows are cut off; but then there is a
        version, a proposal or a role that no row tells of, and the next row is
        missing.
        """
        previous, expected = ZERO, 1
        query = sa.select(tables.ledger).order_by(tables.ledger.c.seq)
        with self.connection.execute(query) as found:
            rows = iter(found.mappings())
            while True:
                try:
                    row = next(rows, None)
                except (
                    ValueError,
                    TypeError,
                ):  # no JSON, no time: not what was written
                    return expected
                if row is None:
                    break
                chained = row["seq"] == expected and row["previous"] == previous
                if not chained or row["hash"] != row_hash(dict(row)):
                    return expected
                previous, expected = row["hash"], expected + 1
        return None if self._told() else expected

    def _told(self) -> bool:
        """Whether the ledger tells of all that the other tables hold."""
        made: set[tuple[Any, ...]] = set()
        asked: set[tuple[Any, ...]] = set()
        roles: dict[str, dict[str, Any]] = {}
        for entry in self.ledger():
            made.add((entry.model, entry.number))
            decided = entry.move not in ("propose", "agree")
            asked.add((entry.model, entry.proposal, decided))
            if entry.after:
                roles[entry.model] = entry.after
        held, version, proposal = tables.role, tables.version, tables.proposal
        versions = self.connection.execute(sa.select(version.c.model, version.c.number))
        proposals = self.connection.execute(
            sa.select(proposal.c.model, proposal.c.id, proposal.c.status != "pending")
        )
        return (
            {tuple(row) for row in versions} <= made
            and {tuple(row) for row in proposals} <= asked
            and all(
                row[name] == roles.get(row["model"], {}).get(name)
                for row in self._rows(sa.select(held))
                for name in (
                    "production",
                    "previous",
                    "experimental",
                    "share",
                    "shadow",
                )
            )
        )

    def alerts(
        self, model: str | None = None, *, only_open: bool = False
    ) -> list[Alert]:
        """Episodes, oldest first."""
        table = tables.alert
        query = sa.select(table).order_by(table.c.opened_at, table.c.id)
        if model is not None:
            query = query.where(table.c.model == model)
        if only_open:
            query = query.where(table.c.closed_at.is_(None))
        return _as(Alert, self._rows(query))

    def alert(self, id: int) -> Alert | None:
        """One episode."""
        table = tables.alert
        return next(
            iter(_as(Alert, self._rows(sa.select(table).where(table.c.id == id)))), None
        )

    def messages(
        self, model: str | None = None, *, alert: int | None = None
    ) -> list[Message]:
        """What was to be told, oldest first."""
        table = tables.outbox
        query = sa.select(table).order_by(table.c.id)
        if model is not None:
            query = query.where(table.c.model == model)
        if alert is not None:
            query = query.where(table.c.alert == alert)
        return _as(Message, self._rows(query))

    def message(self, id: int) -> Message:
        """One message."""
        table = tables.outbox
        return _as(Message, self._rows(sa.select(table).where(table.c.id == id)))[0]

    def next_message(self, at: datetime, *, after: int = 0) -> Message | None:
        """The first message whose turn it is and that nobody has claimed."""
        table = tables.outbox
        query = (
            sa.select(table)
            .where(table.c.id > after, *waiting(at))
            .order_by(table.c.id)
            .limit(1)
        )
        return next(iter(_as(Message, self._rows(query))), None)

    def runs(
        self,
        model: str | None = None,
        notebook: str | None = None,
        limit: int | None = None,
    ) -> list[Run]:
        """Runs and claimed slots, newest first."""
        table = tables.run
        query = sa.select(table).order_by(table.c.as_of.desc(), table.c.id.desc())
        if model is not None:
            query = query.where(table.c.model == model)
        if notebook is not None:
            query = query.where(table.c.notebook == notebook)
        return _as(Run, self._rows(query.limit(limit)))

    def last_slot(self, model: str, notebook: str) -> datetime | None:
        """The newest slot that was claimed."""
        table = tables.run
        query = sa.select(sa.func.max(table.c.slot, type_=tables.Moment())).where(
            table.c.model == model, table.c.notebook == notebook
        )
        return self.connection.execute(query).scalar()

    def renewals(self, model: str, *, only_open: bool = False) -> list[Renewal]:
        """The renewals of a model, oldest first; at most one is open."""
        table = tables.renewal
        query = sa.select(table).where(table.c.model == model).order_by(table.c.id)
        if only_open:
            query = query.where(table.c.ended_at.is_(None))
        return _as(Renewal, self._rows(query))

"""Tokens: which system may call at the door, for what, how often, and until when."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from lifecycle import errors
from lifecycle.registry import canonical
from lifecycle.registry.columns import Json, Moment
from lifecycle.registry.tables import metadata

if TYPE_CHECKING:
    from lifecycle.registry.store import Registry

__all__ = ["SCOPES", "Token", "digest", "issue", "listed", "revoke"]

SCOPES = ("predictions", "outcomes", "feedback", "events", "metrics")
"""What a token may be for."""

_MARK = "lcw"
_BYTES = 32  # of the secret: 256 bits
_ID = 6  # bytes of its name
_LONGEST = 64

token = sa.Table(
    "token",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("scopes", Json, nullable=False),
    sa.Column("models", Json, nullable=False),
    sa.Column("rate_per_minute", sa.Integer),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("revoked_by", sa.Text),
    sa.Column("revoked_at", Moment),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),
)


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token: not the token.

    Parameters
    ----------
    id : str
        Stands in the token itself, and in every record of it.
    source : str
        The system that has it; rows of feedback carry this name.
    sha256 : str
        Of the token, in hexadecimal; not shown.
    scopes : tuple of str
        Of `SCOPES`.
    models : tuple of str
        The models it may speak of; all where empty.
    rate_per_minute : int or None
        Requests; None for the settings' rate.
    created_by : str
    created_at, expires_at : datetime
    revoked_by : str or None
    revoked_at : datetime or None
    reason : str
        Why it was revoked.

    Notes
    -----
    A token is 256 random bits, so that one round of SHA-256 keeps it: nobody can try
    them all. Slow hashes are for passwords, which people choose and others guess.
    """

    id: str
    source: str
    sha256: str = field(repr=False)
    scopes: tuple[str, ...]
    models: tuple[str, ...]
    rate_per_minute: int | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_by: str | None = None
    revoked_at: datetime | None = None
    reason: str = ""

    def state(self, at: datetime) -> str:
        """Whether it is "valid", "expired" or "revoked" at a moment."""
        if self.revoked_at is not None and self.revoked_at <= at:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= at:
            return "expired"
        return "valid"


def digest(told: str) -> str:
    """What is kept of a token.

    Examples
    --------
    >>> digest("lcw_a1_b2")[:12]
    'c5d2331e9383'
    """
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def issue(
    registry: Registry,
    source: str,
    *,
    scopes: Sequence[str],
    models: Sequence[str] = (),
    rate_per_minute: int | None = None,
    expires_at: datetime | None = None,
    by: str,
    at: datetime,
) -> tuple[Token, str]:
    """Make a token; its text is told here and never again.

    Parameters
    ----------
    registry : Registry
    source : str
        The system that gets it, in one line of 64 characters at most.
    scopes : sequence of str
        Of `SCOPES`.
    models : sequence of str
        The models it may speak of; all where empty.
    rate_per_minute : int, optional
    expires_at : datetime, optional
    by : str
        Who makes it.
    at : datetime
        With a zone.

    Returns
    -------
    (Token, str)

    Raises
    ------
    ValueError
        A scope is not known, the source has no name, or it is expired already.
    """
    name = canonical.words(source)
    if not name or len(name) > _LONGEST or not name.isprintable() or ":" in name:
        raise ValueError(
            f"source must be a name in one line of at most {_LONGEST} characters "
            f"without a colon, got {source[:40]!r}; write such as crm"
        )
    wrong = sorted(set(scopes) - set(SCOPES))
    if wrong or not scopes:
        raise ValueError(
            f"scopes must be some of {', '.join(SCOPES)}, got "
            f"{', '.join(wrong) or 'none'}; name what the system may send"
        )
    if expires_at is not None and expires_at <= at:
        raise ValueError(f"expires_at {expires_at} is not after {at}; give a later one")
    if rate_per_minute is not None and rate_per_minute < 1:
        raise ValueError(
            f"rate_per_minute must be 1 or more, got {rate_per_minute}; revoke the "
            "token to stop it"
        )
    key = secrets.token_hex(_ID)
    told = f"{_MARK}_{key}_{secrets.token_urlsafe(_BYTES)}"
    made = Token(
        key,
        name,
        digest(told),
        tuple(each for each in SCOPES if each in scopes),
        tuple(models),
        rate_per_minute,
        canonical.words(by),
        canonical.utc(at),
        None if expires_at is None else canonical.utc(expires_at),
    )
    with registry.atomic() as book:
        book.connection.execute(sa.insert(token).values(**_row(made)))
    return made, told


def revoke(registry: Registry, id: str, *, by: str, reason: str, at: datetime) -> Token:
    """End a token now; its row says who did it and why.

    Raises
    ------
    IllegalMove
        There is no such token.
    AlreadyDecided
        It was revoked before.
    """
    with registry.atomic() as book:
        found = next((each for each in _all(book.connection) if each.id == id), None)
        if found is None:
            raise errors.IllegalMove(
                f"there is no token {id[:40]!r}; `lifecycle token list` names them"
            )
        if found.revoked_at is not None:
            raise errors.AlreadyDecided(
                f"token {found.id} of {found.source} was revoked by "
                f"{found.revoked_by} on {found.revoked_at:%Y-%m-%d}"
            )
        values = {
            "revoked_by": canonical.words(by),
            "revoked_at": canonical.utc(at),
            "reason": canonical.words(reason),
        }
        book.connection.execute(
            sa.update(token).where(token.c.id == found.id).values(**values)
        )
        return next(each for each in _all(book.connection) if each.id == id)


def listed(registry: Registry) -> list[Token]:
    """All tokens that were ever made, oldest first."""
    with registry.reading() as book:
        return _all(book.connection)


def _row(made: Token) -> dict[str, Any]:
    row = {name: getattr(made, name) for name in Token.__slots__}
    return {**row, "scopes": list(made.scopes), "models": list(made.models)}


def _all(connection: sa.Connection) -> list[Token]:
    query = sa.select(token).order_by(token.c.created_at, token.c.id)
    return [
        Token(**{**row, "scopes": tuple(row["scopes"]), "models": tuple(row["models"])})
        for row in connection.execute(query).mappings()
    ]

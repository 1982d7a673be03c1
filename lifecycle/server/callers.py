"""Callers: who has which token, what it is for, and how often it may call."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle.server.refusals import Refused

if TYPE_CHECKING:
    from lifecycle.registry import Registry
    from lifecycle.registry.tokens import Token

__all__ = ["Bucket", "Callers"]

_BURST = 10.0  # seconds of the rate that may come at once
_LATELY = 1.0  # seconds between two looks for a token that is not known
_HEADER = {"WWW-Authenticate": "Bearer"}


class Bucket:
    """A token bucket: so many requests a minute, and a burst of ten seconds' worth.

    Parameters
    ----------
    per_minute : int

    Examples
    --------
    >>> bucket = Bucket(6)
    >>> bucket.take(0.0), bucket.take(0.0), bucket.take(5.0), bucket.take(11.0)
    (0.0, 10.0, 5.0, 0.0)
    """

    __slots__ = ("_at", "_held", "_most", "_rate")

    def __init__(self, per_minute: int) -> None:
        self._rate = per_minute / 60.0
        self._most = max(1.0, self._rate * _BURST)
        self._held, self._at = self._most, 0.0

    def take(self, now: float) -> float:
        """0.0 where one may pass now, else the seconds until it may.

        Parameters
        ----------
        now : float
            Seconds of a clock that only goes forward.
        """
        passed = max(0.0, now - self._at)
        self._held = min(self._most, self._held + passed * self._rate)
        self._at = now
        if self._held >= 1.0:
            self._held -= 1.0
            return 0.0
        return (1.0 - self._held) / self._rate


@dataclass(slots=True)
class _Known:
    token: Token
    bucket: Bucket


class Callers:
    """The tokens of a workspace, as they were in the registry a moment ago.

    A token that is revoked is refused from the next look at the registry on; one that
    is not known yet is looked for at once, at most once a second.

    Parameters
    ----------
    registry : Registry
    rate : int
        Requests a minute where a token does not say.
    now : callable
        The moment, with a zone.
    timer : callable
        Seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        rate: int,
        now: Callable[[], datetime],
        timer: Callable[[], float],
    ) -> None:
        self._registry, self._rate = registry, rate
        self._now, self._timer = now, timer
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()
        self._looked = -_LATELY
        self.refresh()

    def refresh(self) -> None:
        """Look at the registry; who was known keeps what is left in the bucket."""
        from lifecycle.registry import tokens

        with self._lock:
            self._looked = self._timer()
            fresh: dict[str, _Known] = {}
            for token in tokens.listed(self._registry):
                before = self._known.get(token.id)
                rate = token.rate_per_minute or self._rate
                fresh[token.id] = _Known(
                    token, Bucket(rate) if before is None else before.bucket
                )
            self._known = fresh

    def missing(self, told: str | None) -> bool:
        """Whether a token is not known and it is worth looking for it."""
        id = _id(told)
        lately = self._timer() - self._looked < _LATELY
        return id is not None and id not in self._known and not lately

    def caller(self, told: str | None, *, scope: str, model: str = "") -> Token:
        """The token that was sent, where it may do this now.

        Parameters
        ----------
        told : str or None
            The token as it came.
        scope : str
            What it is needed for.
        model : str
            The model that is spoken of; none where empty.

        Raises
        ------
        Refused
            401 without a valid token, 403 where it is for something else, 429 where it
            calls too often.
        """
        from lifecycle.registry import tokens

        if not told:
            raise Refused(
                401,
                "no token came; send Authorization: Bearer TOKEN (`lifecycle token "
                "create` makes one)",
                headers=_HEADER,
            )
        known = self._known.get(_id(told) or "")
        kept = known.token.sha256 if known else "0" * 64
        right = hmac.compare_digest(tokens.digest(told), kept)
        if known is None or not right:
            raise Refused(
                401, "the token is not known here; make another one", headers=_HEADER
            )
        token = known.token
        state = token.state(self._now())
        if state != "valid":
            raise Refused(
                401, f"token {token.id} is {state}; make another one", headers=_HEADER
            )
        if scope not in token.scopes:
            raise Refused(
                403,
                f"token {token.id} is for {', '.join(token.scopes)} and not for "
                f"{scope}; make one with --scope {scope}",
            )
        if model and token.models and model not in token.models:
            raise Refused(
                403,
                f"token {token.id} does not speak of this model; make one with --model",
            )
        wait = known.bucket.take(self._timer())
        if wait:
            seconds = max(1, round(wait + 0.5))
            raise Refused(
                429,
                f"token {token.id} calls too often; come back in {seconds} s, or send "
                "rows together",
                headers={"Retry-After": str(seconds)},
            )
        return token


def _id(told: str | None) -> str | None:
    parts = (told or "").split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == "lcw" else None

"""Signatures: how a system shows that a web hook is its own, and when it was sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from lifecycle.server.refusals import Refused

__all__ = ["SCHEMES", "Sent", "check"]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it came, as far as signatures cover it.

    Parameters
    ----------
    method, uri : str
        The address as the sender wrote it.
    headers : mapping of str to str
        Names in lower case.
    body : bytes
    """

    method: str
    uri: str
    headers: Mapping[str, str]
    body: bytes


def check(
    scheme: str, sent: Sent, *, secret: str, at: datetime, tolerance: float
) -> str:
    """The signature of a request that is signed with the secret, not too long ago.

    Parameters
    ----------
    scheme : str
        Of `SCHEMES`.
    sent : Sent
    secret : str
    at : datetime
        Now, with a zone.
    tolerance : float
        Seconds by which the sender's moment may differ, where the signature covers one.

    Returns
    -------
    str
        The same for the same message: what it is known by when it comes again.

    Raises
    ------
    Refused
        401: no signature, another secret or an altered body, or too old. What is told
        does not say more than that.

    Notes
    -----
    "lifecycle" is what the workbench's own hooks send: HMAC-SHA256 over
    `SECONDS.BODY`. "hubspot" (v3): base64 of HMAC-SHA256 over method, address, body and
    milliseconds. "zendesk": base64 of HMAC-SHA256 over timestamp and body. "shopify":
    base64 of HMAC-SHA256 over the body. "segment": hexadecimal HMAC-SHA1 over the body,
    of a single message. The last two hold no moment: what is older is not told apart,
    and only what came before is known.

    References
    ----------
    Krawczyk, Bellare and Canetti (1997), HMAC: keyed-hashing for message
    authentication, RFC 2104.
    """
    if not secret:
        raise Refused(503, "the secret of this source is not set; tell its owner")
    told, wanted, moment = SCHEMES[scheme](sent, secret.encode())
    if not told:
        raise Refused(401, "the request is not signed; send the signature's headers")
    known = told.encode("utf-8", "replace")
    if not hmac.compare_digest(known, wanted.encode()):
        raise Refused(
            401, "the signature is not of this body and this secret; mend the secret"
        )
    if moment is not None and not abs(at.timestamp() - moment) <= tolerance:
        raise Refused(
            401,
            f"the signature is older or newer than {tolerance:.0f} s; send it anew, "
            "and mend the clock",
        )
    return wanted


_Checked = tuple[str, str, float | None]


def _lifecycle(sent: Sent, secret: bytes) -> _Checked:
    header = sent.headers.get("x-lifecycle-signature", "")
    parts = dict(each.partition("=")[::2] for each in header.split(","))
    signed = parts.get("t", "").encode("utf-8", "replace") + b"." + sent.body
    wanted = hmac.new(secret, signed, hashlib.sha256).hexdigest()
    return parts.get("v1", ""), wanted, _number(parts.get("t"))


def _hubspot(sent: Sent, secret: bytes) -> _Checked:
    moment = sent.headers.get("x-hubspot-request-timestamp", "")
    place, mark, query = sent.uri.partition("?")
    signed = f"{sent.method}{_decoded(place)}{mark}{query}".encode() + sent.body
    signed += moment.encode("utf-8", "replace")
    told = sent.headers.get("x-hubspot-signature-v3", "")
    wanted = _base64(hmac.new(secret, signed, hashlib.sha256))
    return told, wanted, _number(moment) / 1000


def _zendesk(sent: Sent, secret: bytes) -> _Checked:
    moment = sent.headers.get("x-zendesk-webhook-signature-timestamp", "")
    signed = moment.encode("utf-8", "replace") + sent.body
    told = sent.headers.get("x-zendesk-webhook-signature", "")
    wanted = _base64(hmac.new(secret, signed, hashlib.sha256))
    return told, wanted, _iso(moment)


def _shopify(sent: Sent, secret: bytes) -> _Checked:
    told = sent.headers.get("x-shopify-hmac-sha256", "")
    return told, _base64(hmac.new(secret, sent.body, hashlib.sha256)), None


def _segment(sent: Sent, secret: bytes) -> _Checked:
    if sent.body.lstrip()[:1] == b"[":
        raise Refused(
            422,
            "a batch is signed by its first message only; turn batching off in the "
            "destination",
        )
    told = sent.headers.get("x-signature", "")
    return told, hmac.new(secret, sent.body, hashlib.sha1).hexdigest(), None


SCHEMES: dict[str, Callable[[Sent, bytes], _Checked]] = {
    "lifecycle": _lifecycle,
    "hubspot": _hubspot,
    "zendesk": _zendesk,
    "shopify": _shopify,
    "segment": _segment,
}
"""What each scheme says: the signature that came, the one wanted, and its moment."""


def _base64(code: hmac.HMAC) -> str:
    return base64.b64encode(code.digest()).decode()


def _decoded(place: str) -> str:
    """The address with the signs decoded that HubSpot does not encode."""
    for code, sign in (
        *(("%3A", ":"), ("%2F", "/"), ("%3F", "?"), ("%40", "@"), ("%21", "!")),
        *(("%24", "$"), ("%27", "'"), ("%28", "("), ("%29", ")"), ("%2A", "*")),
        *(("%2C", ","), ("%3B", ";")),
    ):
        place = place.replace(code, sign).replace(code.lower(), sign)
    return place


def _number(told: str | None) -> float:
    """A moment that is signed and no number is none within any tolerance."""
    return float(told) if told and told.isascii() and told.isdigit() else float("inf")


def _iso(told: str) -> float:
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return float("inf")
    return moment.timestamp() if moment.tzinfo else float("inf")

"""A web address as the receiver: the move is posted to it, signed."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from lifecycle.hooks.news import PING, News
from lifecycle.hooks.words import NotTaken, heard, secrets
from lifecycle.registry import canonical

__all__ = ["SIGNATURE", "Webhook", "signature"]

SIGNATURE = "X-Lifecycle-Signature"
_SHORTEST = 16  # characters of a secret that nobody guesses
_READ = 2048  # bytes of an answer that are looked at
_GONE = 410
_LATEST = timedelta(hours=12)  # of what an answer may ask for


def signature(secret: str, body: bytes, *, key: str, at: datetime) -> str:
    """The header that shows who sent a body, and when.

    Parameters
    ----------
    secret : str
    body : bytes
    key : str
        Which secret it was, for a receiver that knows several.
    at : datetime
        When it is sent, with a zone.

    Returns
    -------
    str
        `t=SECONDS,k=KEY,v1=HEX`, where HEX is HMAC-SHA256 over `SECONDS.BODY`.

    References
    ----------
    Krawczyk, Bellare and Canetti (1997), HMAC: keyed-hashing for message
    authentication, RFC 2104.

    Examples
    --------
    >>> from datetime import UTC
    >>> at = datetime(2023, 5, 1, tzinfo=UTC)
    >>> signature("a secret of weight", b"{}", key="1", at=at)
    't=1682899200,k=1,v1=5811da62e25c...'
    """
    seconds = int(canonical.utc(at).timestamp())
    signed = f"{seconds}.".encode() + body
    code = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={seconds},k={key},v1={code}"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A web address to which each move is posted as JSON (`News.facts`).

    An answer 2xx means that it was taken, 410 that it never will be; after any other
    one it is tried again later, after 429 and 503 not before `Retry-After`. Redirects
    are not followed, certificates are looked at.

    Parameters
    ----------
    url : str
        http or https; may be a secret, and is not shown.
    secret : str
        At least 16 characters; not shown.
    key : str
        Names the secret, so that it can be changed without a gap.
    timeout : float
        Seconds for the whole of it.

    Notes
    -----
    What a receiver does, in Python; `raw` is the body as it came, `seen` what it keeps
    for as long as it takes late messages::

        parts = dict(each.split("=", 1) for each in header.split(","))
        signed = parts["t"].encode() + b"." + raw
        code = hmac.new(SECRETS[parts["k"]], signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(code, parts["v1"]):
            return 401                        # not from here, or altered on the way
        if abs(time.time() - int(parts["t"])) > 300:
            return 401                        # an old one, played again
        told = json.loads(raw)
        if told["delivery"] in seen:
            return 200                        # came twice: say so, do nothing
        if told["move"] != "ping" and told["seq"] <= newest.get(told["model"], 0):
            return 200                        # older than what is there
        ...                                   # do it, then keep delivery and seq
        return 200

    Each attempt is signed anew with its own time; `delivery` stays the same.

    Examples
    --------
    >>> Webhook("https://example.com/hook?token=1", secret="a secret of weight")
    <Webhook example.com, key 1>
    """

    url: str = field(repr=False)
    secret: str = field(repr=False)
    key: str = "1"
    timeout: float = 30.0

    def send(self, news: News, *, at: datetime) -> None:
        """Post a move; `NotTaken` when it was not taken."""
        self._post(news.body, news.delivery, at)

    def test(self, *, at: datetime) -> str:
        """Post a ping, which changes nothing and is no row of the ledger."""
        code = canonical.digest([self.url, at])[:32]
        news = News({"schema": 1, "delivery": code, "move": PING, "at": at})
        self._post(news.body, code, at)
        return f"{self._host} took a ping"

    def __repr__(self) -> str:
        return f"<Webhook {self._host}, key {self.key}>"

    @property
    def _host(self) -> str:
        return heard(urlsplit(self.url).hostname or "the address")

    def _post(self, body: bytes, delivery: str, at: datetime) -> None:
        if len(self.secret) < _SHORTEST:
            raise NotTaken(
                f"its secret is shorter than {_SHORTEST} characters; make a longer one"
            )
        request = urllib.request.Request(
            self.url,
            data=body,
            method="POST",
            headers={
                "Content-Type": "application/json",
                "User-Agent": "lifecycle",
                "X-Lifecycle-Delivery": delivery,
                SIGNATURE: signature(self.secret, body, key=self.key, at=at),
            },
        )
        with _within(self.timeout) as watched:
            opener = urllib.request.OpenerDirector()
            for handler in (
                urllib.request.ProxyHandler(),
                _Plain(watched),
                _Secure(watched),
            ):
                opener.add_handler(handler)
            try:
                with opener.open(request, timeout=self.timeout) as answer:
                    status, headers = int(answer.status), answer.headers
                    said = b"" if 200 <= status < 300 else answer.read1(_READ)
            except (OSError, http.client.HTTPException) as error:
                raise NotTaken(self._reason(error, watched)) from None
        if watched.is_over:  # cut in the middle of an answer
            raise NotTaken(self._reason(TimeoutError(), watched))
        self._judge(status, headers, said, at)

    def _judge(self, status: int, headers: Any, said: bytes, at: datetime) -> None:
        if 200 <= status < 300:
            return
        what = f"{self._host} answered with status {status}"
        if 300 <= status < 400:
            raise NotTaken(
                f"{what}, a redirect, which is not followed; name the address that it "
                "leads to"
            )
        told = heard(said, hide=secrets(self.secret, self.url))
        raise NotTaken(
            f"{what}: {told}" if told else what,
            gone=status == _GONE,
            later=_later(str(headers.get("Retry-After") or ""), at),
        )

    def _reason(self, error: Exception, watched: _Watched) -> str:
        reason = getattr(error, "reason", error)
        if watched.is_over or isinstance(reason, TimeoutError):
            return f"{self._host} did not answer within {self.timeout:g} seconds"
        if isinstance(reason, ssl.SSLCertVerificationError):
            return (
                f"{self._host} showed a certificate that cannot be believed "
                f"({heard(reason.verify_message)})"
            )
        if isinstance(reason, socket.gaierror):
            return f"{self._host} is no address that is known"
        if isinstance(reason, ConnectionRefusedError):
            return f"{self._host} could not be reached: refused"
        return f"{self._host} could not be reached ({type(reason).__name__})"


def _later(told: str, at: datetime) -> timedelta | None:
    """After how long an answer wants to be asked again."""
    told = told.strip()
    if told.isascii() and told.isdigit():
        return min(_LATEST, timedelta(seconds=int(told[:9])))
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return min(_LATEST, max(timedelta(0), canonical.utc(moment) - canonical.utc(at)))


class _Watched:
    """The connections of one request; all are cut when its time is over."""

    def __init__(self) -> None:
        self.made: list[http.client.HTTPConnection] = []
        self.is_over = False

    def connection(
        self, kind: type[http.client.HTTPConnection], host: str, **settings: Any
    ) -> http.client.HTTPConnection:
        made = kind(host, **settings)
        self.made.append(made)
        return made

    def cut(self) -> None:
        self.is_over = True
        for each in self.made:
            if each.sock is not None:
                with suppress(OSError):
                    socket.socket.shutdown(each.sock, socket.SHUT_RDWR)


@contextmanager
def _within(seconds: float) -> Iterator[_Watched]:
    """Cut what is not over in time, however slowly the other side goes on speaking."""
    watched, over = _Watched(), threading.Event()

    def watch() -> None:
        wait = seconds
        while not over.wait(wait):
            watched.cut()
            wait = 0.05  # a connection that is only being made has nothing to cut yet

    guard = threading.Thread(target=watch, daemon=True)
    guard.start()
    try:
        yield watched
    finally:
        over.set()
        guard.join()


class _Plain(urllib.request.HTTPHandler):
    """http, watched."""

    def __init__(self, watched: _Watched) -> None:
        super().__init__()
        self._made: Callable[..., Any] = partial(
            watched.connection, http.client.HTTPConnection
        )

    def http_open(self, req: urllib.request.Request) -> Any:
        """Open."""
        return self.do_open(self._made, req)


class _Secure(urllib.request.HTTPSHandler):
    """https, watched, with certificates looked at."""

    def __init__(self, watched: _Watched) -> None:
        super().__init__()
        self._made: Callable[..., Any] = partial(
            watched.connection, http.client.HTTPSConnection
        )
        self._believed = ssl.create_default_context()

    def https_open(self, req: urllib.request.Request) -> Any:
        """Open."""
        return self.do_open(self._made, req, context=self._believed)

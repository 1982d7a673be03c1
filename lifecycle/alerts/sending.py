"""Sending one message to one address; the only door through which apprise enters.

Nothing that apprise says is passed on: its words, and those of the libraries under
it, may hold the address, and the address may hold a password.
"""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lifecycle import errors

if TYPE_CHECKING:
    from lifecycle.alerts.outbox import Address
    from lifecycle.registry import Message

__all__ = ["NotSent", "send"]

_LOUD = ("apprise", "urllib3", "requests", "asyncio", "paho", "slixmpp")
_ONE = threading.Lock()  # logging is the process's: one sending at a time
_STATUS = re.compile(r"error=(\d{3})\b")
_MENTION = re.compile(
    r"(?:@|<!)(?=(?:everyone|here|channel|all|group|room)\b)", re.IGNORECASE
)
_TYPES = {"info": "info", "warning": "warning", "critical": "failure"}


class NotSent(errors.LifecycleError):
    """An address did not take a message; the reason never names the address."""


def send(address: Address, message: Message) -> None:
    """Send a message to one address, once.

    Plain text goes out: a target that shows HTML gets it escaped, and a mention that
    would ring for a whole room is taken apart. Where the target takes attachments,
    the picture is one.

    Parameters
    ----------
    address : Address
        A URL as apprise reads it. One URL, one target: a URL that names several is
        tried again for all of them when one fails.
    message : Message
        Its key goes into the header `X-Lifecycle-Message` where the target has
        headers (mail, JSON, XML, forms), and is the last line of the body.

    Raises
    ------
    NotSent
        When it was not taken, with the kind of failure.
    """
    with _ONE, _hushed() as said:
        import apprise

        asset = apprise.AppriseAsset(app_id="lifecycle", app_desc="", app_url="")
        target = apprise.Apprise.instantiate(address.url, asset=asset)
        if target is None:
            raise NotSent(
                "is no address that can be sent to; hold it against apprise's list of "
                "URLs"
            )
        headers = getattr(target, "headers", None)
        if isinstance(headers, dict):
            headers["X-Lifecycle-Message"] = message.key
        box = apprise.Apprise(asset=asset)
        box.add(target)
        taken = box.notify(
            title=_MENTION.sub("(at)", message.subject),
            body=_MENTION.sub("(at)", message.body),
            body_format=apprise.NotifyFormat.TEXT,
            notify_type=_TYPES.get(message.subject.partition(":")[0], "info"),
            attach=_picture(message) if target.attachment_support else None,
        )
        if not taken:
            raise NotSent(_reason(said))


def _picture(message: Message) -> Any:
    """The course of the measure as an attachment; `None` where there is none."""
    import apprise
    from apprise.attachment.memory import AttachMemory

    from lifecycle import figures
    from lifecycle.findings import Finding

    told = message.picture
    if not told:
        return None
    rows = [
        Finding(
            told["measure"],
            _number(row["value"]),
            row["n"],
            _number(row["lower"]),
            _number(row["upper"]),
            _number(row["threshold"]),
            row["verdict"],
            row["period"],
            unit=row["unit"],
        )
        for row in told["rows"]
    ]
    drawn = figures.over_time(rows, title=told["title"], measure=told["measure"])
    held = apprise.AppriseAttachment()
    held.add(
        AttachMemory(
            content=drawn.svg.encode(),
            name=f"{message.model}-{message.alert}.svg",
            mimetype="image/svg+xml",
        )
    )
    return held


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _reason(said: list[str]) -> str:
    status = next((found for text in said if (found := _STATUS.search(text))), None)
    if status is not None:
        return f"answered with status {status.group(1)}"
    if any("onnection" in text or "socket" in text.lower() for text in said):
        return "could not be reached"
    return "did not take it"


class _Kept(logging.Handler):
    """Holds what is said, so that the kind of failure can be told from it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def _hushed() -> Iterator[list[str]]:
    """Nobody hears what the libraries log, at no level, nor what they warn of."""
    kept = _Kept()
    loggers = [logging.getLogger(name) for name in _LOUD]
    before = [(each.level, each.propagate, each.handlers) for each in loggers]
    for each in loggers:
        each.handlers, each.propagate = [kept], False
        each.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield kept.said
    finally:
        for each, (level, propagate, handlers) in zip(loggers, before, strict=True):
            each.handlers, each.propagate = handlers, propagate
            each.setLevel(level)

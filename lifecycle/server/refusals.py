"""Refusals: what is wrong with a request, as RFC 9457 says it; never a stack trace."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

__all__ = ["MEDIA", "Refused", "problem"]

MEDIA = "application/problem+json"
_MOST = 20  # problems that are told at once
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}  # as RFC 9110 has it


class Refused(Exception):
    """A request that is not taken.

    Parameters
    ----------
    status : int
    detail : str
        One sentence with its remedy.
    errors : sequence of (str, str)
        A JSON pointer into the body and a sentence each.
    headers : mapping
        Such as `Retry-After`.

    Examples
    --------
    >>> Refused(413, "the body is larger than 2,048 kB; send fewer rows").status
    413
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.errors, self.headers = tuple(errors), dict(headers or {})


def problem(refused: Refused, *, request: str) -> bytes:
    """The body of an answer that refuses.

    Parameters
    ----------
    refused : Refused
    request : str
        The request's id.

    References
    ----------
    Nottingham, Wilde and Dalal (2023), Problem details for HTTP APIs, RFC 9457.

    Examples
    --------
    >>> told = problem(Refused(404, "no model 'x' here"), request="a1")
    >>> json.loads(told)["title"]
    'Not Found'
    """
    status = refused.status
    told: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": refused.detail,
        "instance": f"urn:request:{request}",
    }
    if refused.errors:
        told["errors"] = [
            {"pointer": pointer, "detail": detail}
            for pointer, detail in refused.errors[:_MOST]
        ]
        if len(refused.errors) > _MOST:
            told["more"] = len(refused.errors) - _MOST
    return json.dumps(told).encode()

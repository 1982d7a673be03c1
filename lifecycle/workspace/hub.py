"""Asking the JupyterHub whose server this is, with the server's own token."""

from __future__ import annotations

import json
import os
from contextlib import closing
from urllib.parse import urlsplit

__all__ = ["asked"]

_SECONDS = 2.0
_SIGNS = 120  # of a name
_LONGEST = 65_536  # bytes of an answer about one person


def asked(address: str = "") -> str:
    """The name the hub gives to the owner of this server's token; empty without one.

    The hub is asked, not the environment: `JUPYTERHUB_USER` can be set by anybody, and
    a token that is over is answered by a refusal. A service is no person. Redirects are
    not followed and no proxy is used, so that the token goes to the hub and nowhere
    else.

    Parameters
    ----------
    address : str
        Of the hub's API; what the environment calls it where empty.

    Notes
    -----
    Whoever controls the environment can name another hub there: an address from the
    settings is the only one that is asked where it is given.

    Examples
    --------
    >>> asked("ftp://no.hub.example")
    ''
    """
    url = urlsplit(address or os.environ.get("JUPYTERHUB_API_URL", ""))
    token = os.environ.get("JUPYTERHUB_API_TOKEN", "").strip()
    if url.scheme not in ("http", "https") or not url.hostname or not token:
        return ""
    if not (token.isascii() and token.isprintable()):
        return ""
    from http import client

    kind = client.HTTPSConnection if url.scheme == "https" else client.HTTPConnection
    try:
        with closing(kind(url.hostname, url.port, timeout=_SECONDS)) as line:
            line.request(
                "GET",
                f"{url.path.rstrip('/')}/user",
                headers={"Authorization": f"token {token}"},
            )
            answer = line.getresponse()
            if answer.status != client.OK:
                return ""
            told = json.loads(answer.read(_LONGEST))
    except (OSError, client.HTTPException, ValueError, RecursionError):
        return ""  # it does not vouch for anybody now
    if not isinstance(told, dict) or told.get("kind", "user") != "user":
        return ""
    name = told.get("name")
    fine = isinstance(name, str) and name.isprintable() and len(name) <= _SIGNS
    return str(name).strip() if fine else ""

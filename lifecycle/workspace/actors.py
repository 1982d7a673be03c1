"""Who acts, and how well that is known."""

from __future__ import annotations

import ipaddress
import os
import pwd
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from lifecycle.registry.records import VERIFIED
from lifecycle.workspace import hub as hubs

__all__ = ["MACHINE", "Actor", "handed_on", "unattended", "who"]

_LONGEST = 120  # signs of a name

_HOW = {
    "hub": "JupyterHub, verified",
    "proxy": "proxy, verified",
    "environment": "environment, not verified",
    "os": "system user, not verified",
    "given": "as given, not verified",
    "automatic": "automatic",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, and where the name comes from.

    Parameters
    ----------
    name : str
    source : {"hub", "proxy", "environment", "os", "given", "automatic"}
        "hub" is the answer of a JupyterHub, "proxy" what a trusted reverse proxy hands
        on: somebody else vouches for these two. "environment" is a variable that
        anybody can set, "os" the account of the process, which several persons may
        share, "given" a name that somebody typed. "automatic" is nobody.

    Examples
    --------
    >>> str(Actor("ana", "hub")), Actor("ana", "os").verified
    ('ana (JupyterHub, verified)', False)
    """

    name: str
    source: Literal["hub", "proxy", "environment", "os", "given", "automatic"]

    @property
    def verified(self) -> bool:
        """Whether somebody other than the actor vouches for the name."""
        return self.source in VERIFIED

    def __str__(self) -> str:
        return f"{self.name} ({_HOW[self.source]})"


MACHINE = Actor("lifecycle", "automatic")
"""What acts where nobody does."""


def who(given: str | Actor | None = None, *, hub: str = "") -> Actor:
    """The acting person: as given, else as the hub or the system knows them.

    Parameters
    ----------
    given : str or Actor, optional
        A name that somebody typed; an `Actor` (of `handed_on`) is taken as it is.
    hub : str
        Address of the JupyterHub's API from the settings; that of the environment
        where empty.

    Notes
    -----
    The hub is asked each time (`hub.asked`). Where it does not answer, the name in
    `JUPYTERHUB_USER` is what the environment claims. Else it is the account that runs
    this process, by its number and not by `$USER`.

    Examples
    --------
    >>> who("Dana Weber")
    Actor(name='Dana Weber', source='given')
    """
    if isinstance(given, Actor):
        return given
    if given and given.strip():
        return Actor(given.strip(), "given")
    name = hubs.asked(hub)
    if name:
        return Actor(name, "hub")
    claimed = os.environ.get("JUPYTERHUB_USER", "").strip()
    if claimed:
        return Actor(claimed, "environment")
    uid = os.getuid()
    try:
        return Actor(pwd.getpwuid(uid).pw_name, "os")
    except KeyError:
        return Actor(f"uid {uid}", "os")


def handed_on(
    headers: Iterable[tuple[str, str]],
    *,
    peer: str,
    header: str,
    proxies: Sequence[str],
) -> Actor | None:
    """The person whom a reverse proxy has signed in, from the headers of a request.

    A header is text that any client can send: it counts only when the request comes
    from a proxy that is trusted to set it, and to remove it where a client did.

    Parameters
    ----------
    headers : iterable of (str, str)
        Name and value, every one that was sent.
    peer : str
        Address of the socket's other end; never what a header says about it.
    header : str
        The one that holds the name; none is believed where it is empty.
    proxies : sequence of str
        Addresses and networks of the trusted proxies.

    Returns
    -------
    Actor or None
        None where the peer is no proxy, and where the header is not there exactly once
        with a name in one line.

    Examples
    --------
    >>> told = {"header": "X-Forwarded-User", "proxies": ["10.0.0.0/8"]}
    >>> handed_on([("x-forwarded-user", "ana")], peer="10.1.2.3", **told)
    Actor(name='ana', source='proxy')
    >>> handed_on([("x-forwarded-user", "ana")], peer="192.0.2.1", **told) is None
    True
    """
    if not header or not _trusted(peer, proxies):
        return None
    found = [value for name, value in headers if name.lower() == header.lower()]
    if len(found) != 1:
        return None
    name = found[0].strip()
    if not name or len(name) > _LONGEST or not name.isprintable():
        return None
    return Actor(name, "proxy")


def _trusted(peer: str, proxies: Sequence[str]) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False  # a socket in the file system has no address
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in ipaddress.ip_network(each, strict=False) for each in proxies)


def unattended() -> bool:
    """Whether no person is there: a scheduled run says so in its environment."""
    return bool(os.environ.get("LIFECYCLE_UNATTENDED"))

"""Who acts, and how well that is known."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from typing import Literal

__all__ = ["MACHINE", "Actor", "unattended", "who"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, and where the name comes from.

    "hub" is what a JupyterHub says, "os" the operating system's user, "given" a
    name somebody typed. Only a hub's word is more than a claim. "automatic" is nobody.
    """

    name: str
    source: Literal["hub", "os", "given", "automatic"]


MACHINE = Actor("lifecycle", "automatic")
"""What acts where nobody does."""


def who(given: str | None = None) -> Actor:
    """The acting person: as given, else as the hub or the system knows them.

    Examples
    --------
    >>> who("Dana Weber")
    Actor(name='Dana Weber', source='given')
    """
    if given and given.strip():
        return Actor(given.strip(), "given")
    hub = os.environ.get("JUPYTERHUB_USER", "").strip()
    if hub:
        return Actor(hub, "hub")
    try:
        return Actor(getpass.getuser(), "os")
    except (OSError, KeyError):
        return Actor(f"uid {os.getuid()}", "os")


def unattended() -> bool:
    """Whether no person is there: a scheduled run says so in its environment."""
    return bool(os.environ.get("LIFECYCLE_UNATTENDED"))

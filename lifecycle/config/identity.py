"""Who is believed about who acts: a hub, a proxy."""

from __future__ import annotations

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from lifecycle.config.rules import Table

__all__ = ["Identity"]


def _hub(told: str) -> str:
    try:
        parts = urlsplit(told)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname)
        fine = fine and not parts.username and (parts.port is None or parts.port > 0)
    except ValueError:
        fine = False
    if told and not (fine and told.isprintable() and " " not in told):
        raise ValueError(
            "is no address of a JupyterHub's API; write https://…/hub/api, without a "
            "name or a password"
        )
    return told


def _network(told: str) -> str:
    try:
        ipaddress.ip_network(told, strict=False)
    except ValueError:
        raise ValueError(
            f"{told!r} is neither an address nor a network; write 127.0.0.1 or "
            "10.0.0.0/8"
        ) from None
    return told


Network = Annotated[str, AfterValidator(_network)]


class Identity(Table):
    """How it is known who acts.

    Inside a JupyterHub its API is asked; where `hub` is set, no other one counts. A
    reverse proxy that has signed somebody in hands the name on in `proxy_header`,
    which is believed only from an address in `proxies`. Every other name is a claim.
    """

    hub: Annotated[str, AfterValidator(_hub)] = ""
    proxy_header: Annotated[str, Field(pattern="^([A-Za-z0-9-]{1,64})?$")] = ""
    proxies: tuple[Network, ...] = ()

    @model_validator(mode="after")
    def _together(self) -> Identity:
        if bool(self.proxy_header) != bool(self.proxies):
            lacks = "proxies" if self.proxy_header else "proxy_header"
            raise ValueError(
                f"{lacks} is missing; a header counts from addresses that are named, "
                'such as proxy_header = "X-Forwarded-User" with '
                'proxies = ["127.0.0.1"]'
            )
        return self

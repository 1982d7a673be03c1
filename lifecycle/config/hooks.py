"""Hooks: who is told of a move of roles, for models that are served elsewhere.

A hook is a table of its own::

    [hooks.deploy]
    kind = "command"
    command = ["./deploy.sh", "{model}", "{production}"]

    [hooks.gateway]
    kind = "webhook"
    url = "https://gateway.example.com/models"
    secret_env = "GATEWAY_SECRET"

    [hooks.registry]
    kind = "mlflow"
    tracking_uri = "https://mlflow.example.com"
    aliases = { production = "champion", experimental = "challenger" }

Secrets stay in the environment: the settings name the variable that holds one.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from lifecycle.config.rules import Table

__all__ = ["PLACES", "Hook", "Hooks", "Moved"]

PLACES = (
    "model",
    "move",
    "seq",
    "production",
    "previous",
    "experimental",
    "shadow",
    "share",
    "delivery",
)
Served = Literal["production", "previous", "experimental", "shadow"]
Moved = Literal[
    "register",
    "fail the gate",
    "propose",
    "agree",
    "approve",
    "reject",
    "withdraw",
    "expire",
    "widen",
    "roll back",
    "shadow",
    "retire",
    "hold",
    "release",
    "collect",
    "accept drift",
    "withdraw acceptance",
    "silence",
    "triage",
]

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_IN_ENVIRONMENT = re.compile(r"\$\{[A-Z][A-Z0-9_]*\}")
_ALIAS = re.compile(r"[A-Za-z0-9_-]{1,255}")
_NUMBERED = re.compile(r"v[0-9]+", re.IGNORECASE)
_MLFLOW = ("http", "https", "file", "sqlite", "postgresql", "mysql", "mssql")
_PLACE = re.compile(r"\{([^{}]*)\}")
_KEYS = {
    "command": ("command",),
    "webhook": ("url", "secret_env", "key_id"),
    "mlflow": ("tracking_uri", "registered_model", "aliases", "publish"),
}
_NEEDED = {
    "command": ("command", 'command = ["./deploy.sh", "{model}", "{production}"]'),
    "webhook": ("url", 'url = "https://…" or url = "${GATEWAY_URL}"'),
    "mlflow": ("tracking_uri", 'tracking_uri = "https://…"'),
}


def _variable(told: object) -> object:
    """A secret that was written here by mistake is not shown again."""
    if not isinstance(told, str) or not _VARIABLE.fullmatch(told):
        raise ValueError(
            "is no name of an environment variable; keep the secret in one and write "
            'its name in capitals, such as secret_env = "GATEWAY_SECRET"'
        )
    return told


def _address(told: object, schemes: tuple[str, ...], example: str) -> object:
    """An address may be a secret: an error does not show it."""
    held = told.get_secret_value() if isinstance(told, SecretStr) else told
    if isinstance(held, str) and _IN_ENVIRONMENT.fullmatch(held.strip()):
        return held.strip()
    wrong = ValueError(
        f"is no address and no ${{NAME}} of the environment; write {example}"
    )
    if not isinstance(held, str) or not held.isprintable() or " " in held.strip():
        raise wrong
    try:
        parts = urlsplit(held.strip())
        scheme, host, person = parts.scheme, parts.hostname, parts.password
    except ValueError:
        raise wrong from None
    local = scheme in ("file", "sqlite")
    if scheme.partition("+")[0] not in schemes or not (host or local):
        raise wrong
    if person:
        raise ValueError(
            "holds a password; keep the whole address in the environment and write "
            "${NAME}"
        )
    return held.strip()


def _url(told: object) -> object:
    return _address(told, ("http", "https"), '"https://…" or "${GATEWAY_URL}"')


def _tracking(told: object) -> object:
    return _address(told, _MLFLOW, '"https://…", "sqlite:///…" or "${MLFLOW_URL}"')


def _alias(text: str) -> str:
    if not _ALIAS.fullmatch(text) or _NUMBERED.fullmatch(text) or text == "latest":
        raise ValueError(
            f"{text!r} is no alias of MLflow; use letters, digits, - and _, and not "
            "latest, v1, v2, …"
        )
    return text


Variable = Annotated[str, BeforeValidator(_variable)]
Url = Annotated[SecretStr, BeforeValidator(_url)]
Tracking = Annotated[SecretStr, BeforeValidator(_tracking)]
Alias = Annotated[str, AfterValidator(_alias)]


def _champion() -> dict[Served, str]:
    return {"production": "champion"}


class Hook(Table):
    """One receiver of moves; of all models unless `models` names some.

    It hears of rows of the ledger that change who has which role, or of the moves in
    `moves`; who moved and why, in people's words, only with `people`. It begins with
    the first row after it was set up, or after row `since_seq`. A row that fails is
    tried again, in order, `retries` times. With `publish` a version that MLflow has not
    got is put there first.
    """

    kind: Literal["command", "webhook", "mlflow"]
    models: tuple[str, ...] = ()
    moves: tuple[Moved, ...] = ()
    people: bool = False
    retries: Annotated[int, Field(ge=0, le=100)] = 19
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    since_seq: Annotated[int, Field(ge=0)] | None = None
    command: tuple[str, ...] = ()
    url: Url | None = None
    secret_env: Variable | None = None
    key_id: Annotated[str, Field(pattern="^[A-Za-z0-9_.-]{1,64}$")] = "1"
    tracking_uri: Tracking | None = None
    registered_model: Annotated[str, Field(pattern="^[A-Za-z0-9 ._-]{0,200}$")] = ""
    aliases: dict[Served, Alias] = Field(default_factory=_champion)
    publish: bool = False

    @model_validator(mode="after")
    def _of_its_kind(self) -> Hook:
        others = {key for keys in _KEYS.values() for key in keys}
        for key in sorted((others - set(_KEYS[self.kind])) & self.model_fields_set):
            raise ValueError(f"a {self.kind} takes no {key}; take it out")
        key, example = _NEEDED[self.kind]
        if not getattr(self, key):
            raise ValueError(f"a {self.kind} needs {key}; write {example}")
        if self.kind == "webhook" and self.secret_env is None:
            raise ValueError(
                "a webhook is signed; name the environment variable with the secret, "
                'such as secret_env = "GATEWAY_SECRET"'
            )
        return self

    @model_validator(mode="after")
    def _runs(self) -> Hook:
        if self.kind == "command" and not self.command[0].strip():
            raise ValueError("command names no program; the first word is the program")
        for place, word in enumerate(self.command, start=1):
            if "\0" in word:
                raise ValueError(f"word {place} of command holds a zero byte")
            for named in _PLACE.findall(word):
                if named not in PLACES:
                    raise ValueError(
                        f"word {place} of command has {{{named}}}, which is nothing a "
                        f"move tells; there is {', '.join(PLACES)}"
                    )
        if _PLACE.search(self.command[0] if self.command else ""):
            raise ValueError(
                "the program of command is not made from a move; write its name"
            )
        return self

    @model_validator(mode="after")
    def _points(self) -> Hook:
        if self.kind != "mlflow":
            return self
        given = list(self.aliases.values())
        twice = sorted({alias for alias in given if given.count(alias) > 1})
        if twice:
            raise ValueError(f"alias {twice[0]!r} stands for two roles; name two")
        if not given:
            raise ValueError(
                'aliases is empty; write aliases = { production = "champion" }'
            )
        return self


HookName = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]
Hooks = dict[HookName, Hook]

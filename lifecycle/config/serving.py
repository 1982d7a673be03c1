"""The door: what other systems may send, how they sign it, and what it means here.

A system that sends web hooks is a table of its own, on top of a preset that knows its
signature and the shape of what it sends::

    [server.sources.crm]
    preset = "hubspot"
    model = "lead-scoring"
    secret_env = "HUBSPOT_CLIENT_SECRET"

    [server.sources.crm.take.won]
    ones = ["customer"]
    zeros = ["other"]

One that cannot send is asked::

    [server.polls.warehouse]
    model = "lead-scoring"
    into = "outcomes"
    url_env = "WAREHOUSE_URL"
    table = "won_deals"
    watermark = "changed_at"

Secrets stay in the environment: the settings name the variable that holds one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from lifecycle.config.hooks import Variable
from lifecycle.config.rules import Table

__all__ = ["PRESETS", "Poll", "Server", "Source", "Take"]

_PRESETS = Path(__file__).parent / "sources"
PRESETS = tuple(sorted(path.stem for path in _PRESETS.glob("*.toml")))
"""Systems whose web hooks are known."""

_NAME = "^[a-z0-9][a-z0-9_-]{0,63}$"
_NEEDED = {
    "outcomes": ("id", "outcome"),
    "feedback": ("id", "kind"),
    "events": ("id", "kind"),
}
_TRUTHS = {"outcomes": "outcome", "feedback": "label"}
_OPEN = ("token", "url-token")  # who is known by a token has no secret to sign with

Signature = Literal[
    "lifecycle", "hubspot", "zendesk", "shopify", "segment", "token", "url-token"
]
Word = str | int | float | bool


def _path(told: str) -> str:
    if not told or len(told) > 300 or not told.isprintable():
        raise ValueError(
            f"{told[:40]!r} is no place in what is sent; write names with dots, such "
            "as customer.id, items[0].sku or note_attributes[name=lead].value"
        )
    return told


PathIn = Annotated[str, AfterValidator(_path)]


class Take(Table):
    """What is taken out of a payload: rows of one table.

    `each` is the list that holds a row each; the payload itself is one where it is
    empty. `where` says which rows count: a place and the value, or values, it must
    have. `fields` says where the columns are (from the row, or from the payload with
    `$.` before it) and `set` which of them are fixed words. `ones` and `zeros` are the
    values that mean 1 and 0; a row with any other value is passed over.
    """

    into: Literal["outcomes", "feedback", "events"]
    each: str = ""
    where: dict[str, Word | tuple[Word, ...]] = Field(default_factory=dict)
    fields: dict[str, PathIn] = Field(default_factory=dict)
    set: dict[str, str] = Field(default_factory=dict)
    time: Literal["iso", "seconds", "milliseconds"] = "iso"
    ones: tuple[Word, ...] = ()
    zeros: tuple[Word, ...] = ()
    skip: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Take:
        for name in _NEEDED[self.into]:
            if name not in self.fields and name not in self.set:
                raise ValueError(
                    f"{self.into} need {name}; say where it is under fields, such as "
                    f'{name} = "properties.{name}"'
                )
        if (self.ones or self.zeros) and self.into not in _TRUTHS:
            raise ValueError(f"{self.into} have no truth; take ones and zeros out")
        return self


class Source(Table):
    """One system that sends web hooks to `POST /sources/NAME`.

    Parameters are the settings' keys: `signature` says how it signs, `secret_env` names
    the variable that holds the secret, `tolerance_seconds` how old a signed message may
    be where the signature holds a time. What comes a second time is answered with 200
    and not taken again, as these systems send again what they got no answer to; with
    `replayed = "refuse"` it is a 409.
    """

    model: Annotated[str, Field(pattern=_NAME)]
    preset: str = ""
    signature: Signature = "lifecycle"
    secret_env: Variable | None = None
    tolerance_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    replayed: Literal["accept", "refuse"] = "accept"
    format: Literal["json", "xml"] = "json"
    take: dict[str, Take] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _on_preset(cls, told: Any) -> Any:
        if not isinstance(told, Mapping) or not told.get("preset"):
            return told
        name = told["preset"]
        if name not in PRESETS:
            raise ValueError(
                f"there is no preset {str(name)[:40]!r}; choose one of "
                f"{', '.join(PRESETS)}, or say signature and take yourself"
            )
        known = tomllib.loads((_PRESETS / f"{name}.toml").read_text())
        return _over(known, told)

    @model_validator(mode="after")
    def _signed(self) -> Source:
        if self.signature in _OPEN and self.secret_env is not None:
            raise ValueError(
                f"signature {self.signature!r} knows the sender by a token; take "
                "secret_env out, and make a token with `lifecycle token create`"
            )
        if self.signature not in _OPEN and self.secret_env is None:
            raise ValueError(
                f"signature {self.signature!r} needs secret_env, the name of the "
                "variable that holds the secret"
            )
        if not any(not each.skip for each in self.take.values()):
            raise ValueError("takes nothing; add a table take.NAME, or name a preset")
        return self


class Poll(Table):
    """A table or a folder that is looked at for new rows.

    A table is read through SQLAlchemy from the address in the variable `url_env`, by
    its column `watermark`, which only grows; a folder (a path, or `s3://…`, `gs://…`)
    file by file. `columns` says what the table calls the model's columns.
    """

    model: Annotated[str, Field(pattern=_NAME)]
    into: Literal["predictions", "outcomes", "feedback", "events"]
    url_env: Variable | None = None
    table: Annotated[str, Field(pattern=r"^([A-Za-z0-9_$]+\.){0,2}[A-Za-z0-9_$]*$")] = (
        ""
    )
    watermark: str = ""
    columns: dict[str, str] = Field(default_factory=dict)
    rows: Annotated[int, Field(ge=1, le=1_000_000)] = 50_000
    folder: str = ""
    every_seconds: Annotated[float, Field(ge=1)] = 300.0

    @model_validator(mode="after")
    def _one_kind(self) -> Poll:
        sql = (self.url_env, self.table, self.watermark)
        if self.folder and any(sql):
            raise ValueError("is a folder and a table; make two polls of it")
        if not self.folder and not all(sql):
            raise ValueError(
                "needs folder, or url_env, table and watermark (a column that only "
                "grows, such as changed_at)"
            )
        if (
            self.folder.partition("://")[0].partition("@")[0]
            != (self.folder.partition("://")[0])
            or "@" in self.folder.partition("://")[2].partition("/")[0]
        ):
            raise ValueError(
                "folder holds a name or a password; keep them in the environment"
            )
        return self


class Server(Table):
    """The door for other systems, as `lifecycle serve` opens it.

    `public_url` is how others call it, where a proxy stands before it.
    `rate_per_minute` is how many requests a token may make unless it says otherwise.
    What was taken is brought into the log every `land_seconds`. `keys` names for a
    model the column by which rows are dealt to versions, such as the customer, instead
    of the id. With `warm` each model's versions are loaded when the door opens, one
    model after the other, else by the first who asks.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8383
    public_url: Annotated[str, Field(pattern=r"^(https?://[^\s?#]+)?$")] = ""
    body_kb: Annotated[int, Field(ge=1, le=262_144)] = 2_048
    rows: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    read_seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    connections: Annotated[int, Field(ge=1)] = 1_000
    rate_per_minute: Annotated[int, Field(ge=1)] = 6_000
    land_seconds: Annotated[float, Field(gt=0)] = 30.0
    docs: bool = True
    warm: bool = True
    keys: dict[Annotated[str, Field(pattern=_NAME)], str] = Field(default_factory=dict)
    sources: dict[Annotated[str, Field(pattern=_NAME)], Source] = Field(
        default_factory=dict
    )
    polls: dict[Annotated[str, Field(pattern=_NAME)], Poll] = Field(
        default_factory=dict
    )


def _over(known: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """A preset with what the settings say over it, table by table."""
    made = dict(known)
    for key, new in told.items():
        before, value = made.get(key), new
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            value = _over(before, value)
        made[key] = value
    return made

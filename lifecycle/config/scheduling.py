"""When each page of a model is due: cron, zone, what it waits for, how it is tried."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from lifecycle.config.rules import Table

__all__ = ["NOTEBOOKS", "Cron", "Page", "Schedule", "Zone"]

NOTEBOOKS = ("audit", "drift", "decide", "promote")
_AFTER = {"decide": ("audit", "drift"), "promote": ("decide",)}


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is not a time zone; write an IANA name such as 'Europe/Berlin'"
        ) from None
    return name


def _cron(text: str) -> str:
    from datetime import UTC, datetime

    from cronsim import CronSim, CronSimError

    if len(text.split()) != 5:
        raise ValueError(
            f"{text!r} is not a cron expression; write five fields, such as "
            "'0 6 * * 1' for Mondays at six"
        )
    try:
        next(CronSim(text, datetime(2024, 1, 1, tzinfo=UTC)), None)
    except CronSimError as error:
        raise ValueError(
            f"{text!r} is not a cron expression ({str(error).lower()}); write minute, "
            "hour, day, month and weekday, such as '0 6 * * 1' for Mondays at six"
        ) from None
    return text


Zone = Annotated[str, AfterValidator(_zone)]
Cron = Annotated[str, AfterValidator(_cron)]


class Page(Table):
    """When one page is due, and how it is run.

    `timezone` is the workspace's where none is given. `after` are pages of the model
    that come first when both are due. A run that fails, takes longer than
    `time_limit_minutes` or loses its kernel is tried again `retries` times, after
    `backoff_minutes`, then twice that, and so on. A slot that is older than
    `catch_up_hours` when somebody looks is skipped; without it the newest slot is
    always made up for.
    """

    cron: Cron
    timezone: Zone | None = None
    after: tuple[str, ...] | None = None
    retries: Annotated[int, Field(ge=0, le=10)] = 0
    backoff_minutes: Annotated[float, Field(ge=0, le=1440)] = 5.0
    time_limit_minutes: Annotated[float, Field(gt=0, le=2880)] = 10.0
    catch_up_hours: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, told: Any) -> Any:
        if isinstance(told, str):
            return {"cron": told}
        if isinstance(told, Mapping | Page):
            return told
        raise ValueError(
            f"is {told!r}, which says no time; write a cron expression such as "
            "'0 6 * * 1', or a table with cron = …"
        )


class Schedule(Table):
    """When pages are due; one that is not named runs by hand, or on an alert.

    Each key is a page: one of the four, or a notebook of the workspace's `notebooks/`,
    with a cron expression or a table. `watch` says how often `lifecycle scheduler`
    holds the rules and guards against the data between the pages; `lifecycle due`
    does so whenever it is called.
    """

    model_config = ConfigDict(
        extra="allow", frozen=True, strict=False, allow_inf_nan=False
    )
    __pydantic_extra__: dict[str, Page] = Field(init=False)

    audit: Page | None = None
    drift: Page | None = None
    decide: Page | None = None
    promote: Page | None = None
    on_alert: bool = True
    watch: Cron = "*/15 * * * *"

    @cached_property
    def _pages(self) -> dict[str, Page]:
        told = {name: getattr(self, name) for name in NOTEBOOKS}
        told |= self.__pydantic_extra__ or {}
        found = {name: page for name, page in told.items() if page is not None}
        for name, page in found.items():
            if page.after is None:
                first = tuple(n for n in _AFTER.get(name, ()) if n in found)
                found[name] = page.model_copy(update={"after": first})
        return found

    def pages(self) -> dict[str, Page]:
        """Each page that has a schedule, its `after` filled in, first ones first.

        Examples
        --------
        >>> told = Schedule.model_validate(
        ...     {"decide": "0 7 * * 1", "audit": "0 6 * * 1",
        ...      "churn": {"cron": "0 9 * * 1", "after": ["decide"]}}
        ... )
        >>> {name: page.after for name, page in told.pages().items()}
        {'audit': (), 'decide': ('audit',), 'churn': ('decide',)}
        """
        first = {name: page.after or () for name, page in self._pages.items()}
        order = TopologicalSorter(first).static_order()
        return {name: self._pages[name] for name in order}

    def crons(self) -> dict[str, str]:
        """Page to cron expression, first ones first."""
        return {name: page.cron for name, page in self.pages().items()}

    @model_validator(mode="before")
    @classmethod
    def _misspelt(cls, told: Any) -> Any:
        """A key that is no page and near a setting is a slip."""
        if not isinstance(told, Mapping):
            return told
        for key, value in told.items():
            if key in cls.model_fields or isinstance(value, str | Mapping | Page):
                continue
            near = get_close_matches(str(key), ["on_alert", "watch"], n=1)
            hint = f"did you mean {near[0]}?" if near else "take it out"
            raise ValueError(
                f"{key} = {str(value).lower()} is neither a setting nor the time of a "
                f"page; {hint}"
            )
        return told

    @model_validator(mode="after")
    def _ordered(self) -> Schedule:
        for name in self.__pydantic_extra__ or {}:
            if not re.fullmatch(r"[A-Za-z0-9][\w -]{0,63}", name):
                raise ValueError(
                    f"{name!r} cannot be a page; use letters, digits, space, - and _"
                )
        for name, page in self._pages.items():
            for other in page.after or ():
                if other not in self._pages:
                    others = [each for each in self._pages if each != name]
                    near = get_close_matches(other, others, n=1)
                    hint = f"did you mean {near[0]}?" if near else "take it out"
                    raise ValueError(
                        f"{name}.after names {other!r}, which has no schedule here; "
                        f"{hint}"
                    )
        try:
            self.pages()
        except CycleError as error:
            waits = " after ".join(reversed(error.args[1]))
            raise ValueError(
                f"after goes in a circle ({waits}); take one of them out"
            ) from None
        return self

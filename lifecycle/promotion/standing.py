"""Who has which role, and which move leads where: the state machine, pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lifecycle import errors, markup

if TYPE_CHECKING:
    from lifecycle.registry import Role

__all__ = ["Standing"]

_INSTEAD = {
    "production": "promote another version or roll back",
    "previous": "propose it for production, or retire it first",
    "experimental": "widen it, roll it back or retire it",
    "shadow": "propose it, or unshadow it",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The roles of one model; every move gives a new one or raises `IllegalMove`.

    Parameters
    ----------
    model : str
        For the sentences.
    production, previous, experimental : int, optional
        Numbers of versions, all different, the shadow's too.
    share : float
        Of the traffic for the experimental version, 0 without one; the
        production version has the rest.
    shadow : int, optional
        A version that scores everything and serves nothing.

    Examples
    --------
    >>> Standing("leads").promote(1).promote(2)
    Standing(model='leads', production=2, previous=1, experimental=None, share=0.0,
    shadow=None)
    >>> Standing("leads").promote(1).experiment(2, 0.1).widen(1.0).production
    2
    """

    model: str
    production: int | None = None
    previous: int | None = None
    experimental: int | None = None
    share: float = 0.0
    shadow: int | None = None

    @classmethod
    def of(cls, model: str, roles: Mapping[str, Role]) -> Standing:
        """From what the registry says."""
        numbers = {name: role.number for name, role in roles.items()}
        trial = roles.get("experimental")
        return cls(model, **numbers, share=trial.share if trial else 0.0)

    def facts(self) -> dict[str, Any]:
        """For the ledger."""
        names = ("production", "previous", "experimental", "share", "shadow")
        return {name: getattr(self, name) for name in names}

    @property
    def serving(self) -> set[int]:
        """The versions that serve, or are ready to at once: all but the shadow."""
        roles = (self.production, self.previous, self.experimental)
        return {number for number in roles if number is not None}

    def promote(self, number: int) -> Standing:
        """All traffic to a version; the old production version stays ready."""
        if number == self.production:
            raise errors.IllegalMove(
                f"version {number} of {self.model} is in production already; "
                "there is nothing to do"
            )
        if self.experimental not in (None, number):
            raise errors.IllegalMove(
                f"version {self.experimental} of {self.model} is on trial with "
                f"{markup.traffic(self.share)} of the traffic; widen it or roll it "
                "back first"
            )
        return Standing(
            self.model,
            production=number,
            previous=self.production,
            shadow=self._shadow_without(number),
        )

    def experiment(self, number: int, share: float) -> Standing:
        """A share of the traffic to a version on trial."""
        if self.production is None:
            raise errors.IllegalMove(
                f"{self.model} has no production version that a trial could be "
                f"compared with; propose version {number} for production"
            )
        if not 0 < share < 1:
            raise errors.IllegalMove(
                f"the share of a trial must lie between 0 and 1, got {share:g}; "
                "for all traffic choose production"
            )
        self._has_no(number, "production", "previous", "experimental")
        if self.experimental is not None:
            raise errors.IllegalMove(
                f"version {self.experimental} of {self.model} is on trial already; "
                "widen it or roll it back first"
            )
        return replace(
            self,
            experimental=number,
            share=float(share),
            shadow=self._shadow_without(number),
        )

    def widen(self, share: float) -> Standing:
        """More traffic to the version on trial; 1 promotes it."""
        if self.experimental is None:
            raise errors.IllegalMove(
                f"no version of {self.model} is on trial; approve one as "
                "experimental first"
            )
        if not self.share < share <= 1:
            raise errors.IllegalMove(
                f"version {self.experimental} of {self.model} has "
                f"{markup.traffic(self.share)} of the traffic and can only be widened "
                f"up to 1, got {share:g}; to end the trial roll back"
            )
        if share == 1:
            return self.promote(self.experimental)
        return replace(self, share=float(share))

    def roll_back(self, to: int | None = None) -> tuple[int, Standing]:
        """Away from the newest version; returns the one given up, and what is left.

        A trial is ended first; without one the previous version (or `to`) takes
        all traffic, and a trial that runs beside ends with it.
        """
        if self.production is None:
            raise errors.IllegalMove(
                f"{self.model} has no version in production; there is nothing to "
                "roll back"
            )
        if self.experimental is not None and to in (None, self.production):
            return self.experimental, replace(self, experimental=None, share=0.0)
        if to is None and self.previous is None:
            raise errors.IllegalMove(
                f"{self.model} has no previous version to return to; name one, or "
                "propose another for production"
            )
        target = self.previous if to is None else to
        if target == self.production:
            raise errors.IllegalMove(
                f"version {target} of {self.model} is in production already; name "
                "the version to return to"
            )
        kept = None if target == self.previous else self.previous
        return self.production, Standing(
            self.model,
            production=target,
            previous=kept,
            shadow=self._shadow_without(target),
        )

    def watch(self, number: int) -> Standing:
        """A version scores everything beside production, and serves nothing."""
        if self.production is None:
            raise errors.IllegalMove(
                f"{self.model} has no production version that a shadow could be "
                f"compared with; propose version {number} for production"
            )
        self._has_no(number, "production", "previous", "experimental", "shadow")
        if self.shadow is not None:
            raise errors.IllegalMove(
                f"version {self.shadow} of {self.model} is the shadow already; "
                "unshadow it first"
            )
        return replace(self, shadow=number)

    def retire(self, number: int) -> Standing:
        """A version gives its role up, and nothing bad is said of it."""
        if number == self.production:
            raise errors.IllegalMove(
                f"version {number} of {self.model} is in production; promote another "
                "one or roll back"
            )
        if number == self.experimental:
            return replace(self, experimental=None, share=0.0)
        if number == self.previous:
            return replace(self, previous=None)
        if number == self.shadow:
            return replace(self, shadow=None)
        raise errors.IllegalMove(
            f"version {number} of {self.model} has no role that it could give up; "
            "propose it, or let it be the shadow"
        )

    def _has_no(self, number: int, *roles: str) -> None:
        for name in roles:
            if getattr(self, name) == number:
                raise errors.IllegalMove(
                    f"version {number} of {self.model} is {name} already; "
                    f"{_INSTEAD[name]}"
                )

    def _shadow_without(self, number: int | None) -> int | None:
        return None if self.shadow == number else self.shadow

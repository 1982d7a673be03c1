"""What it cost to know: the fits behind a ruling."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lifecycle.decision.words import money

__all__ = ["Spent"]


@dataclass(frozen=True, slots=True)
class Spent:
    """The fits a ruling rests on, and their price.

    It is spent whatever is ruled, so that no option's net value has any of it.

    Parameters
    ----------
    fits : int
        Made for this ruling.
    kept : int
        Used again from an earlier one.
    seconds : float
        How long the fits took that were made.
    money : float
        Their price.
    currency : str

    Examples
    --------
    >>> Spent(12, 36, 41.3, 24.0).summary
    '12 fits for $24 in 41 seconds, and 36 kept from before.'
    """

    fits: int = 0
    kept: int = 0
    seconds: float = 0.0
    money: float = 0.0
    currency: str = "USD"

    @property
    def price(self) -> str:
        """The fits that were made and their price, in a few words."""
        made = f"{self.fits} {'fit' if self.fits == 1 else 'fits'}"
        return made + (f" for {money(self.money, self.currency)}" if self.money else "")

    @property
    def summary(self) -> str:
        """What was spent, in a sentence; empty where nothing was."""
        if not self.fits and not self.kept:
            return ""
        made = self.price
        if self.fits:
            took = f"{self.seconds:.0f}" if self.seconds >= 1 else "less than 1"
            plural = "" if took.endswith(" 1") or took == "1" else "s"
            made += f" in {took} second{plural}"
        return made + (f", and {self.kept} kept from before." if self.kept else ".")

    def matters(self, price: float) -> bool:
        """Whether it is more than a hundredth of a price."""
        return self.money > 0.01 * price

    def facts(self) -> dict[str, Any]:
        """What was spent as plain values."""
        return asdict(self)

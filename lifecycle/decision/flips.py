"""Flip points: at which price or label delay the ruling would be another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import figures, markup
from lifecycle.decision.words import Words
from lifecycle.findings import Finding, Findings, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Flip", "Flips"]

_FAR = 10  # times the present price
_SAID = {"retrain": "a retrain price", "rebuild": "a rebuild price"}
_SAID |= {"roll_back": "a roll-back price", "recalibrate": "a recalibration price"}


@dataclass(frozen=True, slots=True)
class Flip:
    """One thing that would change a ruling, and where.

    It has no interval: it is where this ruling, on this evidence, turns.

    Parameters
    ----------
    what : {"retrain", "rebuild", "roll_back", "recalibrate", "error", "delay"}
        The price of an action or of an error, or how much later outcomes come.
    side : {"above", "below", "later"}
    now : float
        What it is now; 0 for the delay, which is counted on top of the present one.
    at : float
        Where the ruling turns; infinite where it never does, `nan` where that cannot
        be said.
    to : str
        What it would be then.
    unit : str
        The currency, or the chunks of the delay.
    why : str
        Why it cannot be said.

    Examples
    --------
    >>> Flip("retrain", "above", 1500.0, 3400.0, "keep", "USD")
    <Flip a retrain price above $3,400: keep>
    >>> Flip("error", "below", 10.0, math.inf, "", "USD")
    <Flip no price of an error below $10 changes it>
    """

    what: str
    side: Literal["above", "below", "later"]
    now: float
    at: float
    to: str = ""
    unit: str = "USD"
    why: str = ""

    @property
    def verdict(self) -> Verdict:
        """Quiet where it can be said, else undefined."""
        return "undefined" if math.isnan(self.at) else "quiet"

    @property
    def cause(self) -> str:
        """What would have to be, in a few words; empty where nothing would do."""
        if not math.isfinite(self.at):
            return ""
        if self.what == "delay":
            return f"outcomes {Words(self.unit).chunks(int(self.at))} later"
        return f"{self._about} {self.side} {Words(currency=self.unit).money(self.at)}"

    @property
    def _about(self) -> str:
        return _SAID.get(self.what, "a price of an error")

    def __repr__(self) -> str:
        if self.cause:
            return f"<Flip {self.cause}: {self.to}>"
        if math.isnan(self.at):
            return f"<Flip {self.what} undefined: {self.why}>"
        now = Words(currency=self.unit).money(self.now)
        return f"<Flip no{self._about[1:]} {self.side} {now} changes it>"


@dataclass(frozen=True, slots=True)
class Flips:
    """What would change a ruling.

    Parameters
    ----------
    rows : tuple of Flip
        One a price and side, then the delay.
    n : int
        Rows on which the champion was scored.
    why : str
        Why there are none.

    Examples
    --------
    >>> rows = (Flip("retrain", "above", 1500.0, 3400.0, "keep", "USD"),
    ...     Flip("delay", "later", 0.0, 2.0, "keep", "week"))
    >>> Flips(rows, 1600).summary
    'A retrain price above $3,400 or outcomes two weeks later would make it keep.'
    """

    rows: tuple[Flip, ...] = ()
    n: int = 0
    why: str = ""

    @property
    def summary(self) -> str:
        """What would change the ruling, nearest first, in a sentence.

        A price ten times as high or low as it is now is only named when none is nearer.
        """
        if not self.rows:
            return markup.sentence(self.why)
        told = sorted((row for row in self.rows if row.cause), key=_distance)
        groups: dict[str, list[str]] = {}
        for row in told:
            if row is told[0] or row.what == "delay" or _distance(row) <= _FAR:
                groups.setdefault(row.to, []).append(row.cause)
        unknown = next((row.why for row in self.rows if row.why), "")
        if not groups:
            said = "No price of an action or of an error would change it"
            return f"{said}; {unknown}." if unknown else f"{said}."
        parts = [
            f"{_either(causes)} would make it {to}" for to, causes in groups.items()
        ]
        said = "; ".join([*parts, unknown] if unknown else parts)
        return f"{said[0].upper()}{said[1:]}."

    @property
    def findings(self) -> Findings:
        """One row a flip point: its value, held against what it is now."""
        rows = tuple(
            Finding(
                "flip",
                row.at,
                self.n,
                threshold=row.now,
                verdict=row.verdict,
                subject=f"{row.what.replace('_', ' ')} {row.side}"
                + (f": {row.to}" if row.to else ""),
                unit=row.unit if row.what != "delay" else f"{row.unit}s",
            )
            for row in self.rows
        )
        return Findings("What would change it", rows, self.summary)

    def frame(self) -> pd.DataFrame:
        """One row a flip point."""
        import pandas as pd

        names = list(Flip.__dataclass_fields__)
        return pd.DataFrame([asdict(row) for row in self.rows], columns=names)

    def plot(self) -> figures.Picture:
        """Draw between which prices the ruling stands."""
        return figures.flip_points(self.rows, title="What would change it")

    def facts(self) -> list[dict[str, Any]]:
        """The flip points as plain values; what is not a finite number is null."""
        return [
            {**asdict(row), "at": row.at if math.isfinite(row.at) else None}
            for row in self.rows
        ]

    def __repr__(self) -> str:
        return f"<Flips {self.summary or 'none'}>"

    def _repr_html_(self) -> str:
        return markup.paragraph(self.summary)


def _distance(row: Flip) -> float:
    """How far a flip is from now, as a ratio; what is no price comes last."""
    if row.what == "delay" or not math.isfinite(row.at):
        return math.inf
    low, high = sorted((row.at, row.now))
    return math.inf if low <= 0 else high / low


def _either(causes: Sequence[str]) -> str:
    return " or ".join([", ".join(causes[:-1]), causes[-1]] if causes[1:] else causes)

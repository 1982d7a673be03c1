"""A promise and what came of it, and how all of them show themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle import figures, markup
from lifecycle.decision.words import line, money
from lifecycle.findings import Findings, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NOTHING", "Promise", "Promises"]

NOTHING = {"keep": "kept", "fix_data": "data to be mended"}
"""Rulings that change nothing, and how they are spoken of."""

_IN_SIGHT = 8


@dataclass(frozen=True, slots=True)
class Promise:
    """What one ruling promised up to now, and what came.

    Parameters
    ----------
    ruling : str
        What it is called.
    at : datetime
    action, recipe : str
    span, version : int or None
        Of the training rows, in chunks; the version it became.
    sentence : str
        What the ruling said.
    state : str
        "compared", or why there is nothing to compare.
    weeks, n : int
        Weeks and rows with outcomes since.
    promised, promised_lower, promised_upper : float
        The gain promised for these weeks with its interval, before the price; `nan`
        where there is nothing to compare.
    came, came_lower, came_upper : float
        What the new version saved against the one it displaced.
    inside : bool or None
        Whether what came lies in the promised interval, to within its own error; `None`
        where unknown.
    """

    ruling: str
    at: datetime
    action: str
    recipe: str = ""
    span: int | None = None
    version: int | None = None
    sentence: str = ""
    state: str = "compared"
    weeks: int = 0
    n: int = 0
    promised: float = math.nan
    promised_lower: float = math.nan
    promised_upper: float = math.nan
    came: float = math.nan
    came_lower: float = math.nan
    came_upper: float = math.nan
    inside: bool | None = None

    @property
    def name(self) -> str:
        """The day and the action."""
        words = line(self.action.replace("_", " "), 24)
        if self.action == "roll_back" and self.version is not None:
            words += f" to {self.version}"
        return f"{self.at:%Y-%m-%d} {words}"


@dataclass(frozen=True)
class Promises:
    """How well promises were kept.

    Parameters
    ----------
    promises : tuple of Promise
        One a ruling, oldest first; those that kept the model are there too.
    findings : Findings
        `inside`, the share of promises that came within their interval, held against
        the level of the intervals; `brought`, what came per promised unit of money,
        held against 1; and both sums.
    currency : str
    """

    promises: tuple[Promise, ...] = field(repr=False)
    findings: Findings
    currency: str = "USD"

    @property
    def compared(self) -> tuple[Promise, ...]:
        """Those of which something has come."""
        return tuple(each for each in self.promises if each.state == "compared")

    @property
    def verdict(self) -> Verdict:
        """Alert where promises are too large or too sure; undefined for too few."""
        return self.findings.verdict

    @property
    def summary(self) -> str:
        """How many were kept, what they promised and what came, in a sentence."""
        return self.findings.summary

    def frame(self) -> pd.DataFrame:
        """One row a ruling, oldest first, columns as the fields of `Promise`."""
        import pandas as pd

        names = list(Promise.__dataclass_fields__)
        frame = pd.DataFrame([asdict(each) for each in self.promises], columns=names)
        kinds = {"span": "Int64", "version": "Int64", "inside": "boolean"}
        return frame.astype(kinds)

    def facts(self) -> dict[str, Any]:
        """The outcome as plain values, for a result record; `None` where undefined."""
        told: dict[str, Any] = {
            "rulings": len(self.promises),
            "compared": len(self.compared),
            "sentence": self.summary,
            "currency": self.currency,
        }
        for row in self.findings:
            told[row.measure] = {
                end: value if math.isfinite(value) else None
                for end in ("value", "lower", "upper")
                for value in [float(getattr(row, end))]
            }
        return told

    def plot(self) -> figures.Picture:
        """Draw what was promised up to now against what came."""
        title = "What was promised and what came"
        return figures.promised(self.compared, title=title, unit=self.currency)

    def __repr__(self) -> str:
        return f"<Promises {self.verdict}: {self.summary}>"

    def _repr_html_(self) -> str:
        mark = markup.badge(self.verdict)
        head = markup.Html(f"<h3>{markup.cell(self.findings.title)} {mark}</h3>")
        pieces = [head, markup.paragraph(self.summary, kind="summary")]
        newest = self.promises[::-1]
        acts = [each for each in newest if each.action not in NOTHING]
        rest = [each for each in newest if each.action in NOTHING]
        if self.compared:
            drawn = self.plot()
            pieces.append(markup.image(drawn.svg, drawn.alt))
        if acts:
            pieces.append(self._table(acts[:_IN_SIGHT]))
        if acts[_IN_SIGHT:]:
            more = acts[_IN_SIGHT:]
            pieces.append(markup.folded(f"{len(more)} earlier", self._table(more)))
        if rest:
            said = [[each.name, line(each.sentence, 240)] for each in rest]
            table = markup.table(["Ruling", "It said"], said, label="Rulings to keep")
            plural = "" if len(rest) == 1 else "s"
            title = f"{len(rest)} ruling{plural} to leave the model as it is"
            pieces.append(markup.folded(title, table))
        return markup.Html(f'<div class="lc-findings">{markup.join(pieces)}</div>')

    def _table(self, promises: Sequence[Promise]) -> markup.Html:
        return markup.table(
            ["Ruling", "Weeks", "n", "Promised so far", "Came", "Within"],
            [self._row(each) for each in promises],
            label="Rulings carried out, newest first: promised and came",
            numeric=range(1, 5),
        )

    def _row(self, each: Promise) -> list[object]:
        ruling = _below(each.name, line(each.sentence, 160))
        if each.state != "compared":
            return [ruling, "", "", "", "", line(each.state, 60)]
        within = "unknown" if each.inside is None else "yes" if each.inside else "no"
        return [
            ruling,
            each.weeks,
            each.n,
            self._money(each.promised, each.promised_lower, each.promised_upper),
            self._money(each.came, each.came_lower, each.came_upper),
            within,
        ]

    def _money(self, value: float, lower: float, upper: float) -> markup.Html:
        ends = "" if math.isnan(lower) else f"{self._say(lower)} to {self._say(upper)}"
        return _below(self._say(value), ends)

    def _say(self, value: float) -> str:
        return money(value, self.currency)


def _below(text: str, small: str) -> markup.Html:
    under = f"<small>{markup.cell(small)}</small>" if small else ""
    return markup.Html(f"{markup.cell(text)}{under}")

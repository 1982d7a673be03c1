"""An estimate, with the ground it stands on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import lifecycle.findings as found
from lifecycle import figures, markup

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BLIND", "Estimate", "Ground"]

BLIND = (
    "It takes a score to mean what it meant in the reference: if that has changed "
    "(concept drift), no estimate without outcomes can see it."
)


@dataclass(frozen=True, slots=True)
class Ground:
    r"""What the estimate of one chunk stands on.

    Parameters
    ----------
    period : str
        Label of the chunk.
    n : int
        Its rows with a score and a prediction.
    effective : float
        Rows of the reference that speak for it: :math:`(\sum w)^2 / \sum w^2`.
    outside : float
        Share of its rows that the reference knows nothing of.
    shift : float
        How well a classifier tells its rows from the reference's (area under the ROC
        curve, 0.5: not at all); `nan` where it was not asked.
    weighted : bool
        Whether the reference was weighted to look like it.
    clipped : float
        Share of the reference's weights that were cut.
    reason : str
        Why the estimate must not be trusted; empty where nothing speaks against it.

    Examples
    --------
    >>> Ground("2023-W14", 12, 900.0, 0.0, reason="12 rows are too few")
    <Ground of 2023-W14: n 12, effective 900, outside 0.0%, 12 rows are too few>
    """

    period: str
    n: int
    effective: float
    outside: float
    shift: float = math.nan
    weighted: bool = False
    clipped: float = 0.0
    reason: str = ""

    def __repr__(self) -> str:
        words = (
            f"n {self.n}, effective {self.effective:.0f}, outside {self.outside:.1%}"
        )
        if self.weighted:
            words += ", weighted"
        return f"<Ground of {self.period}: {words}, {self.reason or 'trusted'}>"


@dataclass(frozen=True, eq=False)
class Estimate:
    """Performance of chunks whose outcomes are not known, and how far to trust it.

    Parameters
    ----------
    findings : Findings
        A row a chunk and metric, oldest first. The verdict is undefined where the
        estimate must not be trusted.
    grounds : tuple of Ground
        One a chunk.

    Examples
    --------
    >>> rows = (found.Finding("accuracy", 0.8, 400, 0.77, 0.83, period="2023-W14"),)
    >>> ground = Ground("2023-W14", 400, 900, 0)
    >>> made = Estimate(found.Findings("Estimate", rows), (ground,))
    >>> made
    <Estimate undefined: 1 of 1 chunks can be estimated.>
    >>> made.trusted
    ('2023-W14',)
    """

    findings: found.Findings
    grounds: tuple[Ground, ...] = field(repr=False)

    @property
    def verdict(self) -> found.Verdict:
        """Of the newest chunk that could be judged."""
        return self.findings.verdict

    @property
    def summary(self) -> str:
        """The answer, and what it cannot see."""
        return self.findings.summary

    @property
    def trusted(self) -> tuple[str, ...]:
        """Labels of the chunks whose estimate nothing speaks against."""
        return tuple(each.period for each in self.grounds if not each.reason)

    def frame(self) -> pd.DataFrame:
        """A tidy table, one row a chunk and metric, with the ground beside it."""
        table = self.findings.frame()
        ground = {each.period: each for each in self.grounds}
        names = [name for name in Ground.__dataclass_fields__ if name != "period"]
        for name in names:
            table["rows" if name == "n" else name] = [
                getattr(ground[period], name) for period in table["period"]
            ]
        return table

    def plot(self, measure: str = "") -> figures.Picture:
        """Draw one metric over the chunks.

        Parameters
        ----------
        measure : str
            The main one where none is given.
        """
        return self.findings.plot(measure)

    def __repr__(self) -> str:
        said = self.summary or (
            f"{len(self.trusted)} of {len(self.grounds)} chunks can be estimated."
        )
        return f"<Estimate {self.verdict}: {said}>"

    def _repr_html_(self) -> str:
        weak = [each for each in self.grounds if each.reason]
        parts: list[object] = [markup.Html(self.findings._repr_html_())]
        if weak:
            rows = [[each.period, each.n, each.reason] for each in reversed(weak)]
            parts.append(
                markup.folded(
                    f"Not to be trusted: {len(weak)} of {len(self.grounds)} chunks",
                    markup.table(
                        ["Period", "n", "Why"],
                        rows,
                        label="Chunks whose estimate must not be trusted",
                        numeric=[1],
                    ),
                )
            )
        return markup.join(parts)


def said(value: float, unit: str) -> str:
    """A value as a sentence writes it."""
    return f"{value:.1%}" if unit == "%" else f"{value:.4g}"


def summary(
    rows: Sequence[found.Finding],
    grounds: Sequence[Ground],
    *,
    better_above: bool,
    level: float,
) -> str:
    """The newest trusted value of one metric, what it means, and how many are not."""
    if not rows:
        return "Nothing can be estimated: there are no scored rows."
    name = markup.said(rows[0].measure)
    trusted = {each.period for each in grounds if not each.reason}
    good = [r for r in rows if r.period in trusted and not math.isnan(r.value)]
    weak = [each for each in grounds if each.reason]
    if not good:
        why = weak[-1].reason if weak else "the metric is undefined"
        return f"{name} cannot be estimated in any chunk: {why} in the newest."
    newest = good[-1]
    words = f"{name} is estimated at {said(newest.value, newest.unit)}"
    if newest.period:
        words += f" in {newest.period}"
    words += (
        f" ({level:.0%}: {said(newest.lower, newest.unit)} to "
        f"{said(newest.upper, newest.unit)}, n {newest.n:,})"
    )
    if not math.isnan(newest.threshold):
        side = "below" if better_above else "above"
        kept = "" if newest.verdict == "alert" else "not "
        words += (
            f", {kept}{side} the threshold of {said(newest.threshold, newest.unit)}"
        )
    words += "."
    if weak:
        last = weak[-1]
        words += (
            f" {len(weak)} of {len(grounds)} chunks must not be trusted"
            f" (the last, {last.period}: {last.reason})."
        )
    return f"{words} {BLIND}"

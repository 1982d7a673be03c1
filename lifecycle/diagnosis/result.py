"""A loss, its parts, and the cause they speak for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lifecycle import figures, markup
from lifecycle.findings import Finding, Findings, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Diagnosis"]

_BESIDE = ("concept on the reference", "season")  # not parts of the sum


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What `diagnose` found.

    Parameters
    ----------
    findings : Findings
        The change since the reference, then its parts, in the unit of the metric: a
        part is an alert where its whole interval does harm.
    cause : str
        The part most supported, "cannot tell" where there is a loss that no part
        explains beyond chance, empty where there is no loss beyond chance.
    metric : str

    Examples
    --------
    >>> change = Finding("change", -0.1, 400, -0.13, -0.07, verdict="alert", unit="%")
    >>> part = Finding("concept shift", -0.1, 400, -0.14, -0.06, verdict="alert")
    >>> found = Findings("Diagnosis", (change, part), "Accuracy fell.")
    >>> Diagnosis(found, "concept shift", "accuracy")
    <Diagnosis concept shift: Accuracy fell.>
    """

    findings: Findings
    cause: str
    metric: str

    @property
    def verdict(self) -> Verdict:
        """Alert where there is a loss beyond chance, undefined where nobody knows."""
        return self.findings[0].verdict

    @property
    def summary(self) -> str:
        """The cause in one sentence."""
        return self.findings.summary

    def part(self, name: str) -> Finding:
        """One part by its name.

        Parameters
        ----------
        name : str
            "change", or the name of a part.

        Raises
        ------
        ValueError
            When there is no such part.
        """
        for row in self.findings:
            if row.measure == name:
                return row
        names = ", ".join(row.measure for row in self.findings)
        raise ValueError(f"no part {name!r}; use one of {names}")

    def frame(self) -> pd.DataFrame:
        """A tidy table, one row a part."""
        return self.findings.frame()

    def plot(self) -> figures.Picture:
        """The change, and the parts it is the sum of."""
        rows = [
            replace(row, subject="" if row.measure == "change" else row.measure)
            for row in self.findings
            if row.measure not in _BESIDE
        ]
        return figures.parts(rows, title=self.findings.title)

    def __repr__(self) -> str:
        return f"<Diagnosis {self.cause or 'no loss'}: {self.summary}>"

    def _repr_html_(self) -> str:
        table = markup.Html(self.findings._repr_html_())
        if math.isnan(self.part("change").value):
            return table
        picture = self.plot()
        return markup.join([markup.image(picture.svg, picture.alt), table])

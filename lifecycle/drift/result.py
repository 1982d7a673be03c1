"""The drift of all features of a frame, with the pictures that show it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import lifecycle.findings as found

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle import figures

__all__ = ["Drift"]


@dataclass(frozen=True, eq=False)
class Drift:
    """What `compare` found.

    Parameters
    ----------
    findings : Findings
        Rows `ks` or `js` of every feature, the largest first, then its rows `missing`:
        by how much the share of missing values has changed.
    drifted : tuple of str
        Features with an alert, the largest first.
    p_values : mapping of (feature, measure) to (p, p adjusted)
        Of the test of homogeneity; adjusted for the number of tests by Benjamini and
        Hochberg.
    counts : mapping of feature to (labels, reference, analysis)
        Cells of every feature and how many rows of both fell into them.

    Examples
    --------
    >>> import pandas as pd
    >>> from lifecycle import drift
    >>> before = pd.DataFrame({"plan": ["free"] * 60 + ["pro"] * 40, "age": range(100)})
    >>> after = pd.DataFrame({"plan": ["free"] * 10 + ["pro"] * 90, "age": range(100)})
    >>> found = drift.compare(before, after)
    >>> found
    <Drift alert: 1 of 2 features has drifted from the reference: plan (JS 0.46).>
    >>> found.plot_feature("plan").alt
    'plan: share of rows by cell, reference against analysis. Largest change: free from
    60.0% to 10.0%. 100 rows against 100.'
    """

    findings: found.Findings
    drifted: tuple[str, ...]
    p_values: Mapping[tuple[str, str], tuple[float, float]] = field(repr=False)
    counts: Mapping[str, tuple[tuple[str, ...], np.ndarray, np.ndarray]] = field(
        repr=False
    )

    @property
    def verdict(self) -> found.Verdict:
        """Alert when a feature has drifted, undefined when none could be judged."""
        return self.findings.verdict

    @property
    def summary(self) -> str:
        """The answer in one sentence."""
        return self.findings.summary

    def frame(self) -> pd.DataFrame:
        """A tidy table, one row a feature and measure, with both p-values."""
        table = self.findings.frame()
        nothing = (math.nan, math.nan)
        pairs = [
            self.p_values.get((row.subject, row.measure), nothing)
            for row in self.findings
        ]
        table["p_value"] = [pair[0] for pair in pairs]
        table["p_adjusted"] = [pair[1] for pair in pairs]
        return table

    def plot(self) -> figures.Picture:
        """The distances of all features, largest first."""
        from lifecycle import figures

        rows = [row for row in self.findings if row.measure in ("ks", "js")]
        return figures.by_subject(rows, title=self.findings.title, measure="distance")

    def plot_feature(self, name: object = None) -> figures.Picture:
        """The shares of one feature's cells, reference against analysis.

        Parameters
        ----------
        name : str, optional
            The feature that moved most where none is given.

        Raises
        ------
        ValueError
            When the feature was not compared.
        """
        from lifecycle import figures

        if name is None:
            known = [*self.drifted, *(row.subject for row in self.findings)]
            if not known:
                return figures.compare_counts([], [], [], title="No feature")
            name = known[0]
        if str(name) not in self.counts:
            raise ValueError(
                f"{name!r} was not compared; use one of {', '.join(self.counts)}"
            )
        labels, before, after = self.counts[str(name)]
        return figures.compare_counts(labels, before, after, title=str(name))

    def __repr__(self) -> str:
        return f"<Drift {self.verdict}: {self.summary}>"

    def _repr_html_(self) -> str:
        return self.findings._repr_html_()

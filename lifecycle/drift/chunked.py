"""The drift of all features, chunk by chunk, with the pictures that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import lifecycle.findings as found
from lifecycle.drift import distances, telling

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle import figures, profiles

__all__ = ["Course"]

SHOWN_CELLS = 10
PANELS = 9
SHOWN = 200


@dataclass(frozen=True, eq=False)
class Course:
    """What `course` found.

    Parameters
    ----------
    findings : Findings
        A row for every feature, measure and chunk, oldest chunk first. Within a chunk
        those that alert in the newest come first, then by importance times size, the
        size in units of its threshold. An alert is an alarm: beyond all limits, and
        confirmed.
    drifted : tuple of str
        Features with an alert in the newest chunk, most important first.
    alarms : tuple of str
        Chunks in which an alarm began: what the budget speaks of.
    level : float
        Of Benjamini and Hochberg's procedure in each chunk, derived from the budget.
    budget : float
        False alarms a year.
    details : mapping of (subject, measure, period) to tuple
        Feature, segment, p-value, p-value adjusted, chunks running.

    Examples
    --------
    >>> import pandas as pd
    >>> from lifecycle import drift
    >>> days = pd.date_range("2023-04-03", periods=28, tz="UTC").repeat(20)
    >>> log = pd.DataFrame({"time": days, "plan": ["free"] * 280 + ["pro"] * 280})
    >>> found = drift.course(log[:280].drop(columns="time"), log, floor=0.1)
    >>> found.drifted, found.alarms, found.newest("plan", "unseen").value
    (('plan',), ('2023-W17',), 1.0)
    """

    findings: found.Findings
    drifted: tuple[str, ...]
    alarms: tuple[str, ...]
    level: float
    budget: float
    details: Mapping[tuple[str, str, str], tuple[str, str, float, float, int]] = field(
        repr=False
    )
    reference: profiles.Profile = field(repr=False)
    analysis: profiles.Profile = field(repr=False)
    accepted: Mapping[str, profiles.Profile] = field(repr=False, default_factory=dict)

    @property
    def verdict(self) -> found.Verdict:
        """Alert when a feature has drifted in the newest chunk that was judged."""
        return self.findings.verdict

    def newest(self, feature: str, measure: str = "") -> found.Finding | None:
        """The newest defined row of a feature, over all rows of the log.

        Parameters
        ----------
        feature : str
        measure : str
            The distance that is judged where none is given.
        """
        rows = [row for row in self.findings if row.subject == feature]
        wanted = measure or (rows[0].measure if rows else "")
        return self.findings.newest(wanted, feature) if rows else None

    @property
    def summary(self) -> str:
        """The newest chunk in one sentence."""
        return self.findings.summary

    def frame(self) -> pd.DataFrame:
        """A tidy table, one row a feature, measure and chunk.

        The columns of a finding, then `feature`, `segment`, `p_value`, `p_adjusted`
        and `running`, the chunks in which the row was beyond its limits without a
        break; one of them is not an alert yet.
        """
        table = self.findings.frame()
        keys = [(row.subject, row.measure, row.period) for row in self.findings]
        names = ["feature", "segment", "p_value", "p_adjusted", "running"]
        for place, name in enumerate(names):
            table[name] = [self.details[key][place] for key in keys]
        return table

    def plot(self) -> figures.Picture:
        """The features that moved most, over the chunks."""
        from lifecycle import figures

        courses: dict[tuple[str, str], list[found.Finding]] = {}
        for row in self.findings:
            courses.setdefault((row.subject, row.measure), []).append(row)
        panels = [
            (f"{subject}, {telling.SHORT.get(measure, measure)}", rows)
            for (subject, measure), rows in courses.items()
            if measure not in ("missing", "unseen") or rows[-1].verdict == "alert"
        ]
        return figures.small_multiples(panels, title=self.findings.title)

    def plot_feature(
        self, name: str = "", *, chunk: str = "", segment: str = ""
    ) -> figures.Picture:
        """The distribution of a feature, reference against one chunk.

        Parameters
        ----------
        name : str
            The feature that moved most where none is given.
        chunk : str
            The newest where none is given.
        segment : str
            As the profile names it; all rows where empty.

        Raises
        ------
        ValueError
            When the feature or the chunk was not compared.
        """
        import numpy as np

        from lifecycle import figures
        from lifecycle.drift.tracks import side

        features = list(dict.fromkeys(each[0] for each in self.details.values()))
        if not name:
            if not features:
                return figures.compare_counts([], [], [], title="No feature")
            name = (*self.drifted, *features)[0]
        if name not in features:
            raise ValueError(
                f"{name!r} was not compared; use one of {', '.join(features)}"
            )
        chunk = chunk or self.analysis.chunks[-1]
        if chunk not in self.analysis.chunks:
            raise ValueError(
                f"there is no chunk {chunk!r}; use one of "
                f"{self.analysis.chunks[0]} to {self.analysis.chunks[-1]}"
            )
        grid = self.reference.grids[name]
        held = self.accepted.get(name)
        held = held if held and chunk >= held.chunks[0] else self.reference
        counts = [
            held.counts(name, None, segment),
            self.analysis.counts(name, chunk, segment),
        ]
        title = f"{telling.line(name)}, {chunk}"
        if grid.bounds is None:
            sides = side(grid, counts).cells
            labels = [*grid.labels, "unseen"]
            share = distances.shares(sides).sum(axis=0)
            kept = np.argsort(-share[:-1], kind="stable")[:SHOWN_CELLS]
            rest = np.setdiff1d(np.arange(len(grid.labels)), kept)
            shown = [[*row[kept], row[rest].sum(), row[-1]] for row in sides]
            names = [*(labels[k] for k in kept), f"{rest.size:,} others", "unseen"]
            used = [k for k, pair in enumerate(zip(*shown, strict=True)) if any(pair)]
            return figures.compare_counts(
                [names[k] for k in used],
                *([row[k] for k in used] for row in shown),
                title=title,
            )
        place = distances.coarse(counts[0].cells, SHOWN_CELLS)
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        lows = [grid.ends[0], *grid.bounds[starts[1:]].tolist()]
        highs = [*lows[1:], grid.ends[1]] if lows else []
        names = [
            f"{low:.6g}" if low >= high else f"{low:.4g} to {high:.4g}"
            for low, high in zip(lows, highs, strict=True)
        ][: starts.size]
        shown = [
            [
                each.below,
                *distances.gathered(each.cells, place),
                each.unseen - each.below,
            ]
            for each in counts
        ]
        return figures.compare_counts(["below", *names, "above"], *shown, title=title)

    def __repr__(self) -> str:
        return f"<Course {self.verdict}: {self.summary}>"

    def _repr_html_(self) -> str:
        """The newest chunk, and what alarmed before it."""
        rows = self.findings.rows
        last = rows[-1].period if rows else ""
        newest = [row for row in rows if row.period == last]
        earlier = [row for row in rows if row.period < last and row.verdict == "alert"]
        shown = (*earlier[-SHOWN:], *newest[:SHOWN])
        return replace(self.findings, rows=shown)._repr_html_()

"""All features of a frame against their reference, with one budget of false alarms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lifecycle import profiles
from lifecycle.drift import distances, ends, measures, shares, telling
from lifecycle.drift.result import Drift
from lifecycle.drift.weights import weigh
from lifecycle.findings import Finding, Findings, judge

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["compare"]

HOUSE = frozenset(
    "id time score prediction version role outcome known_at".split()  # noqa: SIM905
)
SHOWN_CELLS = 11


@dataclass(frozen=True)
class _Row:
    finding: Finding
    p: float
    rows: int
    weight: float = 1.0
    tested: bool = True


def compare(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    *,
    features: Sequence[Any] | None = None,
    importance: Mapping[str, float] | Findings | None = None,
    level: float = 0.05,
    floor: float = 0.1,
    min_n: int = 30,
) -> Drift:
    r"""Find the features that have moved from their reference.

    Numbers are compared by the Kolmogorov-Smirnov distance (`ks`), everything else
    by the Jensen-Shannon distance of the shares (`js`), and for every feature the
    change in the share of missing values is a row of its own (`missing`).

    Parameters
    ----------
    reference : DataFrame of shape (n_reference, n_columns)
        The rows that say what is normal, usually those the model was trained on.
    analysis : DataFrame of shape (n_analysis, n_columns)
        The rows under question.
    features : sequence of column names, optional
        All columns of the reference; of a frame from the logs (one with `id` and
        `time`) all but the house's own. A column that one of the frames lacks is
        taken as missing throughout.
    importance : mapping of feature to float, or what `importance` found, optional
        How much the model uses a feature. Orders the result; a feature of no
        importance is measured, not judged. A feature it does not name weighs 1.
    level : float
        Share of false discoveries among the alerts, over all rows.
    floor : float
        An alert needs a distance, or a change in the share of missing values, above
        this.
    min_n : int
        A row is judged when both frames have at least so many values.

    Returns
    -------
    Drift

    Raises
    ------
    ValueError
        When a feature is in neither frame, or a column name occurs twice.

    Notes
    -----
    A row is an alert when it is significant after Benjamini and Hochberg's procedure
    over all judged rows *and* its value is above the floor. Tests: two-sample
    Kolmogorov-Smirnov, chi-square of homogeneity, two proportions. 90% intervals:
    :math:`D \pm K_{0.9}\sqrt{1/n + 1/m}` for `ks`, with :math:`K` the quantile of
    Kolmogorov's distribution; the delta method for `js`, with the variance that
    remains under equality added; Newcombe's hybrid of two Wilson intervals for
    `missing` (Statistics in Medicine 17, 1998).

    References
    ----------
    Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", J. R.
    Statist. Soc. B 57 (1995). S. Rabanser et al., "Failing loudly", NeurIPS 2019.

    Examples
    --------
    >>> import pandas as pd
    >>> before = pd.DataFrame({"visits": range(200)})
    >>> after = pd.DataFrame({"visits": range(100, 300)})
    >>> found = compare(before, after)
    >>> found.summary
    '1 of 1 feature has drifted from the reference: visits (KS 0.50).'
    >>> found.drifted, found.verdict
    (('visits',), 'alert')
    """
    names = _features(reference, analysis, features)
    weights = weigh(importance, names)
    rows: list[_Row] = []
    counts = {}
    for name in names:
        pair = profiles.column(reference, name), profiles.column(analysis, name)
        weight = weights[name]
        distance, missing, shown = _feature(str(name), *pair, floor)
        rows += [replace(row, weight=weight) for row in (distance, missing)]
        counts[str(name)] = shown
    judged, p_values = _judge(rows, level, min_n)
    judged.sort(key=_rank)
    findings = [row.finding for row in judged]
    alerts = [finding for finding in findings if finding.verdict == "alert"]
    return Drift(
        findings=Findings(
            title="Drift",
            rows=tuple(findings),
            summary=_summary(findings, len(names)),
            main=findings[0].measure if findings else "",
            shown=max(60, len(findings)),
        ),
        drifted=tuple(dict.fromkeys(finding.subject for finding in alerts)),
        p_values=p_values,
        counts=counts,
    )


def _features(
    reference: pd.DataFrame, analysis: pd.DataFrame, features: Sequence[Any] | None
) -> list[Any]:
    if features is None:
        names = list(reference.columns)
        if {"id", "time"} <= set(names):
            names = [name for name in names if name not in HOUSE]
        return names
    for name in features:
        if name not in reference.columns and name not in analysis.columns:
            raise ValueError(
                f"there is no column {name!r} in reference or analysis; mend the name "
                f"of the feature"
            )
    return list(dict.fromkeys(features))


def _feature(
    name: str, reference: pd.Series[Any], analysis: pd.Series[Any], floor: float
) -> tuple[_Row, _Row, tuple[tuple[str, ...], np.ndarray, np.ndarray]]:
    import numpy as np

    if profiles.kind_of(reference, analysis) == "numeric":
        columns = profiles.numbers(reference), profiles.numbers(analysis)
        before, after = (column[~np.isnan(column)] for column in columns)
        sizes = before.size, after.size
        value, p = measures.kolmogorov_smirnov(before, after)
        measure, limits = "ks", ends.kolmogorov(value, *sizes)
        grid = profiles.Grid.numeric(before, cells=SHOWN_CELLS - 1)
        counts = grid.count(before), grid.count(after)
        labels = (*grid.labels, "outside")
        shown = [np.append(side.cells, side.unseen) for side in counts]
    else:
        first, second = profiles.tally(reference)[0], profiles.tally(analysis)[0]
        sides = shares.shared(first, second)
        sizes = int(sides[0].sum()), int(sides[1].sum())
        value = float(distances.jensen_shannon(*sides))
        p = distances.contingency(*sides)[1]
        measure, limits = "js", ends.jensen_shannon(value, *sides)
        labels, *shown = _largest(list(dict.fromkeys([*first, *second])), *sides)
    lower, upper = (float(end) for end in limits)
    if math.isnan(value):
        lower = upper = math.nan
    distance = Finding(
        measure, value, sizes[1], lower, upper, threshold=floor, subject=name
    )
    lost = len(reference) - sizes[0], len(analysis) - sizes[1]
    missing = _missing(name, lost, (len(reference), len(analysis)), floor)
    return _Row(distance, p, min(sizes)), missing, (labels, shown[0], shown[1])


def _missing(
    name: str, lost: tuple[int, int], rows: tuple[int, int], floor: float
) -> _Row:
    if not min(rows):
        return _Row(
            Finding("missing", math.nan, rows[1], subject=name), math.nan, 0, 1.0
        )
    before, after = (k / n for k, n in zip(lost, rows, strict=True))
    change = after - before
    lower, upper = ends.difference(lost[0], rows[0], lost[1], rows[1])
    finding = Finding(
        "missing",
        change,
        rows[1],
        float(lower),
        float(upper),
        threshold=math.copysign(floor, change),
        subject=name,
        unit="%",
    )
    # where nothing, or everything, is missing in both there is nothing to test
    p = distances.two_proportions(lost[0], rows[0], lost[1], rows[1])
    return _Row(finding, p, min(rows), tested=0 < sum(lost) < sum(rows))


def _judge(
    rows: list[_Row], level: float, min_n: int
) -> tuple[list[_Row], dict[tuple[str, str], tuple[float, float]]]:
    from scipy.stats import false_discovery_control

    family = [
        number
        for number, row in enumerate(rows)
        if not math.isnan(row.p) and row.rows >= min_n and row.weight > 0
    ]
    adjusted = dict.fromkeys(range(len(rows)), math.nan) | dict.fromkeys(family, 1.0)
    family = [number for number in family if rows[number].tested]
    if family:
        corrected = false_discovery_control([rows[number].p for number in family])
        adjusted.update(zip(family, map(float, corrected), strict=True))
    judged, p_values = [], {}
    for number, row in enumerate(rows):
        finding, p = row.finding, adjusted[number]
        if math.isnan(p):
            finding = replace(finding, threshold=math.nan, verdict="undefined")
        else:
            verdict = judge(
                finding.value,
                finding.threshold,
                side="below" if finding.threshold < 0 else "above",
                n=row.rows,
                min_n=min_n,
            )
            significant = p <= level
            held = "quiet" if verdict == "alert" and not significant else verdict
            finding = replace(finding, verdict=held)
        judged.append(replace(row, finding=finding))
        p_values[finding.subject, finding.measure] = (row.p, p)
    return judged, p_values


def _rank(row: _Row) -> tuple[bool, float]:
    size = abs(row.finding.value) * row.weight
    return row.finding.measure == "missing", 0.0 if math.isnan(size) else -size


def _largest(
    names: list[str], before: np.ndarray, after: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """The categories with most rows by themselves, the others together."""
    import numpy as np

    if len(names) <= SHOWN_CELLS + 1:
        return tuple(names), before, after
    share = before / max(1, before.sum()) + after / max(1, after.sum())
    order = np.argsort(-share, kind="stable")
    kept, rest = order[:SHOWN_CELLS], order[SHOWN_CELLS:]
    labels = (*(names[number] for number in kept), f"{rest.size:,} others")
    sides = [np.append(side[kept], side[rest].sum()) for side in (before, after)]
    return labels, sides[0], sides[1]


def _summary(findings: list[Finding], count: int) -> str:
    if not count:
        return "There are no features to compare."
    alerts = [row for row in findings if row.verdict == "alert"]
    judged = {row.subject for row in findings if row.verdict != "undefined"}
    if not judged:
        return "Drift is undefined: no feature has enough rows to be judged."
    said: dict[str, list[str]] = {}
    for row in alerts:
        said.setdefault(row.subject, []).append(telling.size(row))
    left = count - len(judged)
    unjudged = f"; {left} could not be judged" if left else ""
    features = "feature" if count == 1 else "features"
    if not said:
        return f"None of {count} {features} has drifted from the reference{unjudged}."
    listed = [f"{telling.line(name)} ({', '.join(w)})" for name, w in said.items()]
    has = "has" if len(said) == 1 else "have"
    return (
        f"{len(said)} of {count} {features} {has} drifted from the reference: "
        f"{telling.several(listed)}{unjudged}."
    )

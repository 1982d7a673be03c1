"""The error of a regression, before the outcomes are known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, periods, profiles
from lifecycle.calibration.correction import isotonic
from lifecycle.estimation.encoding import Encoding
from lifecycle.estimation.frames import labels_of, parts
from lifecycle.estimation.result import Estimate, Ground, summary
from lifecycle.findings import Finding, Findings, Verdict, judge

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["loss"]

_FOLDS = 3
_CELLS = 100
_NAMES = ("mae", "rmse")


@dataclass(frozen=True, eq=False)
class _Losses:
    """A model of a loss, and what the loss was where the model said so much."""

    models: tuple[Any, ...]
    edges: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    block: np.ndarray
    rows: np.ndarray

    @classmethod
    def fit(
        cls, table: np.ndarray, loss: np.ndarray, fold: np.ndarray, names: np.ndarray
    ) -> _Losses:
        import numpy as np
        from sklearn.ensemble import HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        said = np.empty(loss.size)
        models = []
        for left_out in range(_FOLDS):
            model = HistGradientBoostingRegressor(
                max_iter=200,
                learning_rate=0.05,
                max_leaf_nodes=8,
                min_samples_leaf=40,
                l2_regularization=1.0,
                categorical_features=names,
                early_stopping=True,
                validation_fraction=0.2,
                random_state=0,
            )
            out = fold == left_out
            with threadpool_limits(limits=1):
                model.fit(table[~out], loss[~out])
                said[out] = model.predict(table[out])
            models.append(model)
        edges = np.unique(np.quantile(said, np.arange(1, _CELLS) / _CELLS))
        cell = np.searchsorted(edges, said, side="right")
        size = edges.size + 1
        known = np.bincount(cell, minlength=size).astype(float)
        mean, block = isotonic(known, np.bincount(cell, weights=loss, minlength=size))
        rows = np.bincount(block[cell])
        off = loss - mean[cell]
        spread = np.bincount(block[cell], weights=off**2) / np.maximum(rows - 1, 1)
        return cls(tuple(models), edges, mean, spread, block, rows.astype(float))

    def expect(self, table: np.ndarray) -> tuple[float, float]:
        """The mean loss of some rows, and the variance of the one that will come."""
        import numpy as np

        # not their average, which would say less that is high or low than each did
        said = np.concatenate([model.predict(table) for model in self.models])
        cell = np.searchsorted(self.edges, said, side="right")
        share = np.bincount(self.block[cell], minlength=self.rows.size) / said.size
        variance = share @ self.spread / len(table)
        variance += share**2 @ (self.spread / self.rows)
        return float(self.mean[cell].mean()), float(variance)


def loss(
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    *,
    features: Sequence[Any],
    metrics: Sequence[str] = _NAMES,
    chunk: periods.Every | npt.ArrayLike = "week",
    timezone: str = "UTC",
    thresholds: Mapping[str, float] | None = None,
    min_n: int = 100,
    min_effective: float = 300,
    max_outside: float = 0.1,
    level: float = 0.90,
    rng: np.random.Generator | int = 0,
) -> Estimate:
    r"""Estimate the error of a regression on rows whose outcomes are not known.

    A model of the error learns on the reference where the predictions are good and
    where they are not. It works only as far as the features tell that: an error that is
    the same everywhere, and concept drift, it cannot see. Where the inputs have shifted
    far it stays somewhat nearer to the reference's error than the truth does.

    Parameters
    ----------
    reference : DataFrame of shape (n_reference, n_columns)
        With `prediction`, `outcome` (numbers) and the features; rows the model was not
        trained on. Rows where prediction or outcome is missing are left out.
    analysis : DataFrame of shape (n_analysis, n_columns)
        With `time` (with a zone), `prediction` and the features.
    features : sequence of column names
        By which the error is predicted, beside the prediction itself.
    metrics : sequence of {"mae", "rmse"}
        In the unit of the outcome.
    chunk, timezone, min_n, max_outside, level
        As in `estimate`.
    thresholds : mapping of metric to float, optional
        A value above it is an alert.
    min_effective : float
        With fewer rows in the reference nothing is judged.
    rng : Generator or int
        For the folds.

    Returns
    -------
    Estimate
        Undefined, and therefore `nan`, with fewer than 30 reference rows.

    Raises
    ------
    ValueError
        When a metric is unknown or a column is missing.

    Notes
    -----
    Gradient boosted trees predict :math:`|y - f|` (and :math:`(y - f)^2`) out of fold;
    an isotonic regression on what they say makes their mean right. MAE is the mean of
    that over the chunk, RMSE the root of the mean of the squares. The interval holds
    the metric the outcomes will give: their chance, :math:`\frac1n \sum_b a_b s_b^2`,
    and what the reference leaves open, :math:`\sum_b a_b^2 s_b^2 / N_b`, with
    :math:`a_b` the chunk's share in block :math:`b`, :math:`s_b^2` the variance of the
    loss in it and :math:`N_b` its rows in the reference.

    References
    ----------
    D. Yoo and I. S. Kweon, "Learning loss for active learning", CVPR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> x = np.tile([0.0, 1.0], 400)
    >>> old = pd.DataFrame({"x": x, "prediction": 0.0, "outcome": 1 + x})
    >>> new = pd.DataFrame({"x": [1.0] * 200, "prediction": 0.0})
    >>> loss(old, new, features=["x"], chunk=["now"] * 200).findings[0]
    <Finding mae now: 2 [2, 2], n 200, undefined>
    """
    import numpy as np

    unknown = [name for name in (*metrics, *(thresholds or {})) if name not in _NAMES]
    if unknown or not metrics:
        raise ValueError(
            f"no metric {', '.join(map(repr, unknown))}; use some of mae, rmse"
        )
    for frame, which, needed in (
        (reference, "reference", ("prediction", "outcome")),
        (analysis, "analysis", ("prediction",)),
    ):
        for name in needed:
            if name not in frame.columns:
                raise ValueError(
                    f"the {which} has no column {name!r}; rename the one that holds it"
                )
    guess, truth = (
        profiles.numbers(profiles.column(reference, name))
        for name in ("prediction", "outcome")
    )
    known = np.isfinite(guess) & np.isfinite(truth)
    rows = reference[known]
    names = list(dict.fromkeys([*features, "prediction"]))
    encoding = Encoding.of(rows, analysis, names)
    off = np.abs(truth[known] - guess[known])
    fitted: dict[str, _Losses] = {}
    if off.size >= 30:
        table = encoding.table(rows)
        fold = np.random.default_rng(rng).permutation(np.arange(off.size) % _FOLDS)
        for name in dict.fromkeys(metrics):
            target = off if name == "mae" else off**2
            fitted[name] = _Losses.fit(table, target, fold, encoding.categorical)
    scored = np.isfinite(profiles.numbers(profiles.column(analysis, "prediction")))
    found: list[Finding] = []
    grounds = []
    for label, place in parts(labels_of(analysis, chunk, timezone), scored):
        there = encoding.table(analysis.iloc[place])
        outside = float(encoding.outside(there).mean()) if len(there) else 0.0
        reason = ""
        if off.size < min_effective:
            reason = (
                f"{off.size} reference rows are too few, {min_effective:g} are needed"
            )
        elif len(there) < min_n:
            reason = f"{len(there)} rows are too few, {min_n} are needed"
        elif outside > max_outside + encoding.expected_outside:
            reason = f"{outside:.0%} of its rows are unlike any in the reference"
        grounds.append(
            Ground(label, len(there), float(off.size), outside, reason=reason)
        )
        found += _rows(fitted, there, metrics, label, reason, thresholds or {}, level)
    main = metrics[0]
    words = summary(
        [row for row in found if row.measure == main],
        grounds,
        better_above=False,
        level=level,
    )
    return Estimate(
        Findings("Estimated performance", tuple(found), words, main=main),
        tuple(grounds),
    )


def _rows(
    fitted: Mapping[str, _Losses],
    there: np.ndarray,
    metrics: Sequence[str],
    label: str,
    reason: str,
    thresholds: Mapping[str, float],
    level: float,
) -> Iterator[Finding]:
    for name in dict.fromkeys(metrics):
        value = lower = upper = math.nan
        if name in fitted and len(there):
            value, variance = fitted[name].expect(there)
            half = intervals.z(level) * math.sqrt(variance)
            lower, upper = max(0.0, value - half), value + half
            if name == "rmse":
                value, lower, upper = (
                    math.sqrt(each) for each in (value, lower, upper)
                )
        limit = thresholds.get(name, math.nan)
        verdict: Verdict = "undefined" if reason else judge(value, limit, side="above")
        yield Finding(
            name, value, len(there), lower, upper, limit, verdict, period=label
        )

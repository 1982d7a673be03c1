"""How much more likely a row of the reference would be now."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lifecycle import intervals

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Shift", "density_ratio"]

_FOLDS = 3
_TIMES = 3  # reference rows a row of the chunk, in a fit
_LEAST = 5000
_BINS = 64


@dataclass(frozen=True, eq=False)
class Shift:
    """Weights that make the reference look like a chunk.

    Parameters
    ----------
    weight : ndarray of float, shape (n_reference,)
        Mean 1.
    strange : ndarray of bool, shape (n_chunk,)
        Rows where the reference has next to nothing: their ratio is at the clip.
    auc, lower, upper : float
        How well the two are told apart (0.5: not at all), with its interval.
    clipped : float
        Share of the reference's rows whose ratio was cut.
    """

    weight: np.ndarray = field(repr=False)
    strange: np.ndarray = field(repr=False)
    auc: float
    lower: float
    upper: float
    clipped: float

    @property
    def effective(self) -> float:
        """Unweighted rows of the reference that would tell as much."""
        return float(self.weight.sum()) ** 2 / float((self.weight**2).sum())

    @property
    def seen(self) -> bool:
        """Whether the two are told apart better than by chance."""
        return self.lower > 0.5


def density_ratio(
    reference: np.ndarray,
    chunk: np.ndarray,
    *,
    categorical: np.ndarray,
    clip: float,
    rng: np.random.Generator,
) -> Shift:
    r"""Weigh the reference by a classifier that tells it from a chunk.

    Parameters
    ----------
    reference, chunk : ndarray of float, shape (n, n_features)
        Encoded features.
    categorical : ndarray of bool, shape (n_features,)
    clip : float
        Ratios above this are cut to it.
    rng : Generator

    Returns
    -------
    Shift

    Notes
    -----
    :math:`w(x) = \frac{n_s}{n_t} \frac{h(x)}{1 - h(x)}`, with :math:`h` the probability
    that a row belongs to the chunk; each row's comes from gradient boosted trees fitted
    without it, in three folds.

    References
    ----------
    S. Bickel, M. Brückner and T. Scheffer, "Discriminative learning under covariate
    shift", JMLR 10 (2009).
    """
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    table = np.concatenate([reference, chunk])
    now = np.arange(len(table)) >= len(reference)
    most = max(_LEAST, _TIMES * len(chunk))
    drawn = np.ones(len(table), dtype=bool)
    if len(reference) > most:
        drawn[: len(reference)] = False
        drawn[rng.choice(len(reference), most, replace=False)] = True
    fold = np.concatenate(
        [
            rng.permutation(np.arange(rows) % _FOLDS)
            for rows in map(len, (reference, chunk))
        ]
    )
    names = (np.unique(column).size for column in table[:, categorical].T)
    bins = max([_BINS, *names])  # a name needs one of its own
    odds = np.empty(len(table))
    with threadpool_limits(limits=1):  # once: the libraries are looked for
        for left_out in range(_FOLDS):
            inside, outside = drawn & (fold != left_out), fold == left_out
            model = HistGradientBoostingClassifier(
                max_iter=18,
                learning_rate=0.27,
                max_leaf_nodes=10,
                max_bins=min(bins, 255),
                min_samples_leaf=40,
                l2_regularization=1.0,
                categorical_features=categorical,
                early_stopping=False,
                random_state=0,
            )
            prior = math.log(now[inside].sum() / (~now[inside]).sum())
            model.fit(table[inside], now[inside])
            odds[outside] = model.decision_function(table[outside]) - prior
    ratio = np.exp(np.minimum(odds, 50))
    weight = np.minimum(ratio[~now], clip)
    wins, _ = intervals.placements(now.astype(float), odds)
    ends = intervals.auc(now.astype(float), odds)
    return Shift(
        weight / weight.mean(),
        ratio[now] >= clip,
        float(wins.mean()),
        *ends,
        float((ratio[~now] > clip).mean()),
    )

"""Recalibration: a model's scores mapped anew, its ranking left as it is."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.errors import InputError, NotEnoughData
from lifecycle.recipes import Recipe
from lifecycle.training import fitting
from lifecycle.training.gathering import Material
from lifecycle.training.hearing import OUTCOME
from lifecycle.training.learning import packages
from lifecycle.training.shaping import digest, shaped

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = ["NAME", "ROWS", "Map", "recalibrate"]

NAME = "recalibrated"
ROWS = 500
EDGE = 1e-9  # scores nearer to 0 and 1 than this count as this
DEVIATION = 0.5  # of the slope around 1, before any row has spoken
VAGUE = 100.0  # of the intercept around 0
FLATTEST = 0.05


@dataclass(frozen=True, slots=True)
class Map:
    """Log odds times `slope` plus `intercept`: 1 and 0 leave a score as it is.

    Examples
    --------
    >>> import numpy as np
    >>> Map(1.0, 0.0)(np.array([0.2, 0.9])).round(3).tolist()
    [0.2, 0.9]
    >>> Map(1.0, float(np.log(2)))(np.array([0.5])).round(3).tolist()
    [0.667]
    """

    slope: float
    intercept: float

    @classmethod
    def fitted(cls, score: np.ndarray, truth: np.ndarray) -> Map:
        """The most likely map for scores whose outcomes are known.

        Parameters
        ----------
        score, truth : ndarray of shape (n,)
            Probabilities, and outcomes 0 or 1 of both kinds.

        Raises
        ------
        NotEnoughData
            When the map would turn the ranking round, or level it.
        """
        import numpy as np
        from scipy.optimize import minimize
        from scipy.special import expit

        edge = 1 / (2 * len(score))  # so many rows cannot tell it from 0
        inside = _log_odds(np.clip(score, edge, 1 - edge))
        odds = np.column_stack([inside, np.ones(len(score))])
        centre, sure = np.array([1.0, 0.0]), np.diag([DEVIATION**-2, VAGUE**-2])

        def loss(place: np.ndarray) -> float:
            line, step = odds @ place, place - centre
            fit = np.logaddexp(0.0, line) - truth * line
            return float(fit.sum() + step @ sure @ step / 2)

        def slopes(place: np.ndarray) -> np.ndarray:
            miss = expit(odds @ place) - truth
            return np.asarray(odds.T @ miss + sure @ (place - centre))

        def bends(place: np.ndarray) -> np.ndarray:
            share = expit(odds @ place)
            return np.asarray((odds * (share * (1 - share))[:, None]).T @ odds + sure)

        place = minimize(
            loss, centre, jac=slopes, hess=bends, method="trust-exact", tol=1e-7
        ).x
        slope, intercept = map(float, place)
        if not slope > FLATTEST:
            raise NotEnoughData(
                f"the scores of {len(score)} rows no longer rank their outcomes (slope "
                f"{slope:.2f}); a map that keeps the ranking cannot mend them: retrain"
            )
        return cls(slope, intercept)

    def __call__(self, score: np.ndarray) -> np.ndarray:
        """Scores as the map gives them."""
        import numpy as np
        from scipy.special import expit

        return np.asarray(expit(self.slope * _log_odds(score) + self.intercept))


def recalibrate(
    estimator: BaseEstimator,
    frame: pd.DataFrame | Material,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    rows: int = ROWS,
    threshold: float = 0.5,
    parent: int | str | None = None,
    recipe: Recipe | None = None,
    prepared: Mapping[str, Sequence[str]] | None = None,
    min_rows: int = fitting.MIN_ROWS,
) -> fitting.Candidate:
    r"""Map a model's scores anew on its newest rows, the cheapest of repairs.

    Right where the scores have shifted and still rank. The candidate reads the same
    columns as its parent and contains it.

    Parameters
    ----------
    estimator : fitted classifier
        The parent, of two classes.
    frame : DataFrame or Material
        The features and `outcome` (0, 1, missing where not known: such rows are left
        out); `time` and `id` where there are any. Give rows later than those the
        parent was trained on: it looks surer of those than it is.
    numeric, categorical : sequence of str
        The columns the parent was trained on.
    rows : int
        How many of the newest labelled rows are used.
    threshold : float
        The score from which on the candidate predicts 1; only kept in the record.
    parent : int or str, optional
        Which version this is, for the record.
    recipe : Recipe, optional
        The parent's, where its function `features` shapes the rows.
    prepared : mapping, optional
        `prepared` of the parent's birth record: the columns that function gave.
    min_rows : int
        With fewer labelled rows nothing is fitted.

    Returns
    -------
    Candidate
        Its `birth` is that of `train`, and has `parent`, `slope` and `intercept`. Two
        rows that differ keep their order or become equal, which happens where both
        scores are nearer to 0 or 1 than 1e-9.

    Raises
    ------
    NotEnoughData
        Too few labelled rows, outcomes that are all alike, or scores that no longer
        rank.
    InputError
        A column is missing, a number is none, or the parent is no classifier of 0
        and 1.

    Notes
    -----
    With the score :math:`p` the candidate gives
    :math:`1 / (1 + \exp(-a \log(p / (1 - p)) - b))`, with :math:`a` and :math:`b` of
    the largest posterior, where :math:`a` is normal around 1 with deviation 0.5 and
    next to nothing is said of :math:`b`: of few rows the level is learned, hardly the
    slope. While it is fitted to :math:`n` rows, scores nearer to 0 and 1 than
    :math:`1 / 2n` count as that: one sure and wrong score must not level the rest.

    References
    ----------
    Cox, D. R. (1958). Two further applications of a model for binary regression.
    Biometrika 45, 562-565.

    Platt, J. (1999). Probabilistic outputs for support vector machines. Advances in
    Large Margin Classifiers, 61-74.

    Examples
    --------
    >>> import pandas as pd
    >>> from lifecycle import recipes, training
    >>> seen = {"numeric": ["visits"], "categorical": []}
    >>> frame = pd.DataFrame({"visits": [0.0, 1, 2, 3] * 50})
    >>> frame["outcome"] = [0, 0, 1, 1] * 50
    >>> old = training.train(frame, recipes.load("scaled_logistic"), seed=1, **seen)
    >>> mostly = frame.assign(outcome=[0.0, 1, 1, 1] * 50)
    >>> recalibrate(old.estimator, mostly, parent=1, **seen)
    <Candidate recalibrated: 200 rows, 150 positive, data ...>
    """
    if isinstance(frame, Material):
        labelled = frame.table.loc[frame.sources == OUTCOME]
    else:
        labelled = frame
    if "outcome" not in labelled:
        raise InputError("the rows have no column 'outcome'; join them first")
    known = fitting.in_order(labelled.loc[labelled["outcome"].notna()]).tail(
        max(rows, 0)
    )
    table = fitting.features(known, numeric=numeric, categorical=categorical)
    truth = fitting.outcomes(known["outcome"].to_numpy(dtype=float))
    fitting.check_enough(truth, min_rows=min_rows)
    if list(getattr(estimator, "classes_", ())) != [0, 1]:
        raise InputError(
            "the parent is no classifier of 0 and 1, whose scores could be mapped; "
            "train a new version"
        )
    seen = table if recipe is None else shaped(recipe, table, prepared)
    started = time.perf_counter()
    fresh = Map.fitted(fitting.score(estimator, seen), truth)
    seconds = time.perf_counter() - started
    times = known.get("time")
    birth: dict[str, Any] = {
        "recipe": NAME,
        "recipe_sha256": None,
        "task": "binary",
        "seed": None,
        "threshold": threshold,
        "parent": parent,
        "slope": fresh.slope,
        "intercept": fresh.intercept,
        "rows": len(known),
        "positives": int(truth.sum()),
        "unlabelled": int(labelled["outcome"].isna().sum()),
        "trained_from": None if times is None else times.min().isoformat(),
        "trained_to": None if times is None else times.max().isoformat(),
        "features": {"numeric": list(numeric), "categorical": list(categorical)},
        "missing": {
            str(name): round(float(share), 6)
            for name, share in table.isna().mean().items()
        },
        "material": frame.facts() if isinstance(frame, Material) else None,
        "data_sha256": digest(table, truth),
        "packages": packages(estimator),
        "seconds": round(seconds, 3),
        "warnings": [],
    }
    return fitting.Candidate(_stacked(estimator, fresh, seen.head(2)), birth)


def _stacked(parent: BaseEstimator, fresh: Map, table: pd.DataFrame) -> BaseEstimator:
    """Parent and map as one estimator of parts that can be stored and read again.

    Log odds by name would be a function, which is stored by the name of whatever
    module has imported it; the logarithm of Box and Cox is an estimator.
    """
    import numpy as np
    from sklearn.ensemble import StackingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.preprocessing import MinMaxScaler, PowerTransformer

    edges = {"feature_range": (EDGE, 1 - EDGE)}
    one, other = (PowerTransformer("box-cox", standardize=False) for _ in range(2))
    turned, line = MinMaxScaler(**edges), LogisticRegression()
    last = make_pipeline(
        MinMaxScaler(**edges, clip=True),
        make_union(one, make_pipeline(turned, other)),
        line,
    )
    # fitted so, it leaves scores within the edges as they are
    last.fit(np.array([[EDGE], [0.3], [1 - EDGE]]), [0, 0, 1])
    turned.scale_, turned.min_ = -np.ones(1), np.ones(1)
    one.lambdas_ = other.lambdas_ = np.zeros(1)
    line.coef_ = np.array([[fresh.slope, -fresh.slope]])
    line.intercept_ = np.array([fresh.intercept])
    stack = StackingClassifier(
        [("parent", parent)],
        LogisticRegression(),
        cv="prefit",
        stack_method="predict_proba",
    )
    stack.fit(table, np.array([0, 1]))
    del stack.named_estimators_  # a type that is not vouched for, and nobody reads it
    stack.final_estimator = stack.final_estimator_ = last
    return stack


def _log_odds(score: np.ndarray) -> np.ndarray:
    import numpy as np
    from scipy.special import logit

    return np.asarray(logit(np.clip(score, EDGE, 1 - EDGE)))

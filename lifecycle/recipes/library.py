"""Sound defaults for small tables of mixed types with missing values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

__all__ = [
    "LIBRARY",
    "TASKS",
    "binned_logistic",
    "boosted_regression",
    "boosted_trees",
    "extra_trees",
    "ridge",
    "scaled_logistic",
    "tfidf_logistic",
]


def scaled_logistic(
    numeric: Sequence[str], categorical: Sequence[str], seed: int
) -> BaseEstimator:
    """Logistic regression on scaled numbers and one column a category.

    A number beyond the range seen in training counts as the edge of that range, so
    that a trend in an input cannot carry the score away.

    Parameters
    ----------
    numeric, categorical : sequence of str
        Names of the columns.
    seed : int

    Returns
    -------
    Pipeline
        Unfitted.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        _columns(numeric, _scaled(), categorical),
        LogisticRegression(max_iter=1000, random_state=seed),
    )


def boosted_trees(
    numeric: Sequence[str], categorical: Sequence[str], seed: int
) -> BaseEstimator:
    """Boosted trees of few leaves, for tables of hundreds to thousands of rows.

    Parameters
    ----------
    numeric, categorical : sequence of str
        Names of the columns.
    seed : int

    Returns
    -------
    Pipeline
        Unfitted.

    Notes
    -----
    The number of trees is fixed: stopping early would set rows aside by chance, and
    below some thousand rows this costs more than it saves. Categories are codes, not
    columns: half the time, and skops stores it (native categories it does not).
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        _columns(numeric, _filled(), categorical, _codes(grouped=True)),
        HistGradientBoostingClassifier(**_FEW_LEAVES, random_state=seed),
    )


def extra_trees(
    numeric: Sequence[str], categorical: Sequence[str], seed: int
) -> BaseEstimator:
    """Averaged trees with random cuts: little to tune, hard to mislead.

    Parameters
    ----------
    numeric, categorical : sequence of str
        Names of the columns.
    seed : int

    Returns
    -------
    Pipeline
        Unfitted.
    """
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        _columns(numeric, _filled(), categorical),
        ExtraTreesClassifier(n_estimators=80, min_samples_leaf=8, random_state=seed),
    )


def binned_logistic(
    numeric: Sequence[str], categorical: Sequence[str], seed: int
) -> BaseEstimator:
    """Logistic regression on eight bins a number and one column a category.

    Parameters
    ----------
    numeric, categorical : sequence of str
        Names of the columns.
    seed : int

    Returns
    -------
    Pipeline
        Unfitted.

    Notes
    -----
    The bins are as full as ties allow: eight of equal width on the scale of the
    quantiles, whose landmarks are the bins' edges. Cutting at the quantiles themselves
    would complain of every number that is often 0.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import KBinsDiscretizer, QuantileTransformer

    bins = make_pipeline(
        _filled(indicator=False),
        QuantileTransformer(n_quantiles=9, random_state=seed),
        KBinsDiscretizer(n_bins=8, encode="onehot-dense", strategy="uniform"),
    )
    return make_pipeline(
        _columns(numeric, bins, categorical, missing=True),
        LogisticRegression(C=0.3, max_iter=1000, random_state=seed),
    )


def ridge(
    numeric: Sequence[str], categorical: Sequence[str], seed: int
) -> BaseEstimator:
    """Ridge regression on scaled numbers and one column a category.

    As in `scaled_logistic`, a number beyond the range seen in training counts as the
    edge of that range.

    Parameters
    ----------
    numeric, categorical : sequence of str
        Names of the columns.
    seed : int
        There is no chance in it.

    Returns
    -------
    Pipeline
        Unfitted.
    """
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        _columns(numeric, _scaled(), categorical), Ridge(random_state=seed)
    )


def boosted_regression(
    numeric: Sequence[str], categorical: Sequence[str], seed: int
) -> BaseEstimator:
    """Boosted trees of few leaves for an outcome that is a number.

    Parameters
    ----------
    numeric, categorical : sequence of str
        Names of the columns.
    seed : int

    Returns
    -------
    Pipeline
        Unfitted; the squared error is what it learns by.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        _columns(numeric, _filled(), categorical, _codes(grouped=True)),
        HistGradientBoostingRegressor(**_FEW_LEAVES, random_state=seed),
    )


def tfidf_logistic(
    numeric: Sequence[str],
    categorical: Sequence[str],
    seed: int,
    text: Sequence[str] = (),
) -> BaseEstimator:
    """Logistic regression on words, for two classes or many.

    Parameters
    ----------
    numeric, categorical : sequence of str
        Names of the columns beside the text; as in `scaled_logistic`.
    seed : int
    text : sequence of str
        Names of the columns of sentences; a missing one has no words.

    Returns
    -------
    Pipeline
        Unfitted.

    Notes
    -----
    A word weighs the logarithm of its frequency times its inverse document frequency;
    one that a single sentence has is left out.

    References
    ----------
    G. Salton and C. Buckley, "Term-weighting approaches in automatic text retrieval",
    Information Processing and Management 24 (1988).
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    beside = [("numeric", _scaled(), numeric), ("categorical", _onehot(), categorical)]
    parts = [(name, step, list(names)) for name, step, names in beside if names]
    parts += [(f"text_{at}", _words(), [name]) for at, name in enumerate(text)]
    return make_pipeline(
        ColumnTransformer(parts),
        LogisticRegression(C=10.0, max_iter=1000, random_state=seed),
    )


_FEW_LEAVES = {
    "max_iter": 60,
    "learning_rate": 0.1,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 15,
    "l2_regularization": 1.0,
    "early_stopping": False,
}

LIBRARY: Mapping[str, Callable[..., BaseEstimator]] = MappingProxyType(
    {
        builder.__name__: builder
        for builder in (
            scaled_logistic,
            boosted_trees,
            extra_trees,
            binned_logistic,
            ridge,
            boosted_regression,
            tfidf_logistic,
        )
    }
)
"""Name to builder of the recipes that come with the house; `TASKS` says for what."""

TASKS: Mapping[str, str] = MappingProxyType(
    {
        "scaled_logistic": "binary",
        "boosted_trees": "binary",
        "extra_trees": "binary",
        "binned_logistic": "binary",
        "ridge": "regression",
        "boosted_regression": "regression",
        "tfidf_logistic": "multiclass",
    }
)
"""Name to task each recipe in `LIBRARY` was made for; classifiers do two or many."""


def _columns(
    numeric: Sequence[str],
    numbers: BaseEstimator,
    categorical: Sequence[str],
    categories: BaseEstimator | None = None,
    *,
    missing: bool = False,
) -> BaseEstimator:
    """Numbers one way, categories another: one column each, rare ones together.

    With `missing`, columns of their own say which numbers were missing.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import MissingIndicator

    parts = [("numeric", numbers, numeric)]
    if missing:
        parts.append(("missing", MissingIndicator(error_on_new=False), numeric))
    parts.append(("categorical", categories or _onehot(), categorical))
    return ColumnTransformer([(a, b, list(names)) for a, b, names in parts if names])


def _words() -> BaseEstimator:
    """One column of sentences as weights of its words."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    return make_pipeline(
        SimpleImputer(strategy="constant", fill_value="", keep_empty_features=True),
        FunctionTransformer(np.ravel),
        TfidfVectorizer(min_df=2, max_features=50_000, sublinear_tf=True),
    )


def _onehot() -> BaseEstimator:
    """One column a category, the rare ones together.

    They are counted as codes: counting texts takes four times as long.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    columns = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=5,
        max_categories=40,
        sparse_output=False,
    )
    return make_pipeline(_codes(), columns)


def _codes(*, grouped: bool = False) -> BaseEstimator:
    """A number a category, -1 where it was never seen; `grouped`: rare ones share one.

    Missing is a category. Rare ones are grouped in a second step, as in `_onehot`.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    texts = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
    )
    if not grouped:
        return texts
    numbers = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        min_frequency=5,
        max_categories=40,
    )
    return make_pipeline(texts, numbers)


def _scaled() -> BaseEstimator:
    """Numbers on one scale, at most as far out as in training."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    return make_pipeline(_filled(), MinMaxScaler(clip=True), StandardScaler())


def _filled(*, indicator: bool = True) -> BaseEstimator:
    """Missing numbers become the median, and a column says that they were missing."""
    from sklearn.impute import SimpleImputer

    return SimpleImputer(
        strategy="median", add_indicator=indicator, keep_empty_features=True
    )

"""What a replay can fit: four recipes a stream, cheap enough for hundreds of fits.

Tables are given to the library's recipes, with fewer trees; their last step is
exchanged where the outcome is a number. Streams with sentences get linear models on
hashed words and letters beside the other features.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from lifecycle import recipes, training

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from benchmarks.replay.streams import Stream

__all__ = ["NUMBERS", "TABLES", "TEXTS", "Models"]

TABLES = ("scaled_logistic", "boosted_trees", "binned_logistic", "extra_trees")
NUMBERS = ("ridge", "boosted_regression", "binned_ridge", "extra_trees")
TEXTS = ("words_linear", "words_bayes", "letters_linear", "letters_bayes")
TREES = 30
FEWEST = 20


class Models:
    """The recipes of one stream, and its inputs in the form they read.

    Parameters
    ----------
    stream : Stream
    seed : int
        The only source of chance.
    """

    def __init__(self, stream: Stream, *, seed: int = 0) -> None:
        self.task = stream.task
        self.seed = seed
        tables = NUMBERS if stream.task == "regression" else TABLES
        self.names = TEXTS if stream.texts else tables
        self.table, self.numeric, self.categorical = _coded(stream)
        self.sparse: dict[str, Any] = {}
        for name in ("words", "letters"):
            if stream.texts:
                self.sparse[name] = _hashed(stream, self.table, letters=name[0] == "l")

    def fit(self, recipe: str, rows: np.ndarray, outcome: np.ndarray) -> Any:
        """Fit a recipe to rows; one that cannot be fitted answers with a constant.

        Parameters
        ----------
        recipe : str
        rows : ndarray of int
            Positions in the stream.
        outcome : ndarray of float
            Of these rows, none missing.

        Returns
        -------
        estimator
            Fitted; what `predict` of this object takes.
        """
        from sklearn.dummy import DummyClassifier, DummyRegressor

        inputs = self._inputs(recipe, rows)
        number = self.task == "regression"
        target = outcome if number else outcome.astype(int)
        if len(rows) < FEWEST or len(set(target.tolist())) < 2:
            constant = DummyRegressor() if number else DummyClassifier(strategy="prior")
            return constant.fit(inputs, target)
        if self.sparse:
            estimator = _linear(recipe, number, self.seed)
        else:
            classes = 2 if number else len(set(target.tolist()))
            estimator = self._library(recipe, classes=classes)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return estimator.fit(inputs, target)

    def predict(
        self, recipe: str, estimator: Any, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """What a fitted estimator says of rows.

        Returns
        -------
        answer : ndarray of float
            The number, or the class that is most probable.
        score : ndarray of float or None
            Of a binary stream: the probability of class 1.
        """
        import numpy as np

        inputs = self._inputs(recipe, rows)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self.task == "regression":
                return np.asarray(estimator.predict(inputs), dtype=float), None
            chances = np.asarray(estimator.predict_proba(inputs), dtype=float)
        answer = estimator.classes_[chances.argmax(axis=1)].astype(float)
        if self.task != "binary":
            return answer, None
        at = np.flatnonzero(estimator.classes_ == 1)
        return answer, chances[:, at[0]] if len(at) else np.zeros(len(chances))

    def _inputs(self, recipe: str, rows: np.ndarray) -> Any:
        if self.sparse:
            return self.sparse[recipe.partition("_")[0]][rows]
        return self.table.iloc[rows]

    def _library(self, recipe: str, *, classes: int) -> Any:
        """A recipe of the library, quick; for numbers two get another last step."""
        from sklearn.ensemble import ExtraTreesRegressor
        from sklearn.linear_model import Ridge

        source = "binned_logistic" if recipe == "binned_ridge" else recipe
        made: Any = recipes.load(source).build(
            self.numeric, self.categorical, seed=self.seed
        )
        name, last = made.steps[-1]
        quick: dict[str, Any] = {}
        if recipe in ("boosted_trees", "boosted_regression"):
            few = TREES if classes <= 3 else max(6, 2 * TREES // classes)
            quick = {"max_iter": few, "learning_rate": 0.1 if few == TREES else 0.3}
        elif recipe == "extra_trees":
            quick = {"n_estimators": TREES}
        elif self.task != "regression":
            quick = {"max_iter": 200, "tol": 1e-3}
        if recipe == "binned_ridge":
            last = Ridge()
        elif recipe == "extra_trees" and self.task == "regression":
            last = ExtraTreesRegressor(min_samples_leaf=8, random_state=self.seed)
        made.steps[-1] = (name, last.set_params(**quick))
        return made


def _coded(stream: Stream) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Inputs as `training.features` gives them, categories as codes of their order.

    Recipes sort the categories they are fitted to, so that a code says the same as
    its text and is looked up in a tenth of the time.
    """
    import numpy as np
    import pandas as pd

    numeric, categorical = stream.numeric, stream.categorical
    table = training.features(stream.table, numeric=numeric, categorical=categorical)
    columns: dict[str, np.ndarray] = {name: table[name].to_numpy() for name in numeric}
    for name in categorical:
        codes, _ = pd.factorize(table[name], sort=True)
        columns[name] = np.where(codes < 0, np.nan, codes.astype(float))
    return pd.DataFrame(columns, index=table.index), numeric, categorical


def _hashed(stream: Stream, table: pd.DataFrame, *, letters: bool) -> Any:
    """Hashed words or letters of the texts, and the other features within 0 and 1.

    Hashing learns nothing, so that all rows are done at once; the other features are
    scaled by their ranks in the first tenth.
    """
    import numpy as np
    from scipy import sparse
    from sklearn.feature_extraction.text import HashingVectorizer

    parts = []
    for name in stream.texts:
        said = stream.table[name].map(
            lambda each: each if isinstance(each, str) else ""
        )
        settings: dict[str, Any] = (
            {"analyzer": "char_wb", "ngram_range": (3, 4), "n_features": 2**13}
            if letters
            else {"ngram_range": (1, 2), "n_features": 2**13}
        )
        hashed = HashingVectorizer(alternate_sign=False, norm=None, **settings)
        parts.append(hashed.transform(said.str.slice(0, 1000)))
    early = slice(0, max(FEWEST, len(table) // 10))
    for name in map(str, table):
        values = table[name].to_numpy(dtype=float)
        if name in stream.categorical:
            codes = np.where(np.isnan(values), -1, values).astype(int)
            kept = np.unique(codes[early], return_counts=True)
            top = kept[0][np.argsort(-kept[1])][:40]
            parts.append(sparse.csr_matrix((codes[:, None] == top).astype(float)))
            continue
        known = np.sort(values[early][~np.isnan(values[early])])
        ranks = np.searchsorted(known, values) / max(1, len(known))
        parts.append(sparse.csr_matrix(np.where(np.isnan(values), 0.5, ranks)[:, None]))
    return sparse.hstack(parts, format="csr")


def _linear(recipe: str, number: bool, seed: int) -> Any:
    """TF-IDF on hashed counts, then something linear."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import Ridge, SGDClassifier
    from sklearn.naive_bayes import ComplementNB
    from sklearn.pipeline import make_pipeline

    weighted = TfidfTransformer()
    last: Any
    if number:
        strength = 1.0 if recipe.endswith("linear") else 10.0
        last = Ridge(alpha=strength, solver="sparse_cg")
    elif recipe.endswith("bayes"):
        last = ComplementNB(alpha=0.3)
    else:
        last = SGDClassifier(
            loss="log_loss", alpha=1e-5, max_iter=4, tol=None, random_state=seed
        )
    return make_pipeline(weighted, last)

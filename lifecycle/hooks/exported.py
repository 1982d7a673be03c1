"""Scores rows as the version does that was exported into this directory.

The workbench copies this file, as it is, into each MLflow model that it writes, and
MLflow runs it there: it needs skops, scikit-learn, numpy and pandas, and no workbench.
The stored model is believed only by its SHA-256, and only types named beside it are
made from it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Scores"]


class Scores:
    """What a version says of rows.

    Parameters
    ----------
    place : path
        Holds `version.json`, `model.skops` and, where a recipe shapes the rows,
        `recipe.py`.
    """

    def __init__(self, place: str | Path) -> None:
        from skops import io

        folder = Path(place)
        self.facts = json.loads((folder / "version.json").read_text("utf-8"))
        content = _read(folder / "model.skops", self.facts["sha256"])
        unknown = io.get_untrusted_types(data=content)
        refused = sorted(set(unknown) - set(self.facts["trusted"]))
        if refused:
            raise ValueError(
                f"model.skops holds types that are not trusted: {', '.join(refused)}; "
                "export the version anew"
            )
        self.estimator = io.loads(content, trusted=unknown)
        self.shape = None
        if self.facts["prepared"] is not None:
            source = _read(folder / "recipe.py", self.facts["recipe_sha256"])
            recipe = ModuleType("recipe")
            exec(compile(source, "recipe.py", "exec"), recipe.__dict__)
            self.shape = recipe.features

    def __call__(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The `score` of each row, and its `prediction` where it predicts a class.

        Of several classes the score is the probability of the one that is predicted.
        """
        import pandas as pd

        told = self.facts
        table = _features(rows, told["numeric"], told["categorical"])
        if self.shape is not None and len(table):
            made = self.shape(table.copy()).rename(columns=str)
            names = told["prepared"]
            table = _features(made, names["numeric"], names["categorical"])
        if told.get("classes"):
            return self._classes(table, rows.index)
        score = self._score(table)
        found = {"score": score}
        if told["threshold"] is not None:
            found["prediction"] = (score >= told["threshold"]).astype("float64")
        return pd.DataFrame(found, index=rows.index)

    def _classes(self, table: pd.DataFrame, index: Any) -> pd.DataFrame:
        import numpy as np
        import pandas as pd

        names = np.array(self.facts["classes"], dtype=object)
        shares = np.empty((0, 1))
        if len(table):
            shares = np.asarray(self.estimator.predict_proba(table), dtype=float)
        best = shares.argmax(axis=1)
        codes = np.asarray(self.estimator.classes_, dtype=int)[best]
        sure = shares[np.arange(len(shares)), best]
        return pd.DataFrame({"score": sure, "prediction": names[codes]}, index=index)

    def _score(self, table: pd.DataFrame) -> Any:
        import numpy as np

        if table.empty:
            return np.empty(0)
        if not hasattr(self.estimator, "predict_proba"):
            return np.asarray(self.estimator.predict(table), dtype=float).ravel()
        scores = np.asarray(self.estimator.predict_proba(table), dtype=float)
        return scores[:, list(self.estimator.classes_).index(1)]


def _read(path: Path, sha256: str) -> bytes:
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(
            f"{path.name} was altered (SHA-256 {found[:12]}, exported "
            f"{sha256[:12]}); export the version anew"
        )
    return content


def _features(rows: pd.DataFrame, numeric: Any, categorical: Any) -> pd.DataFrame:
    """Numbers as float64, categories as strings; missing or infinite is nan."""
    import numpy as np
    import pandas as pd

    missing = [name for name in (*numeric, *categorical) if name not in rows]
    if missing:
        raise ValueError(f"the rows have no column {', '.join(map(repr, missing))}")
    columns = {}
    for name in numeric:
        values = pd.to_numeric(rows[name]).to_numpy(dtype=float, na_value=np.nan)
        columns[name] = np.where(np.isfinite(values), values, np.nan)
    for name in categorical:
        texts = rows[name].astype(object)
        empty = texts.isna().to_numpy()
        columns[name] = np.where(empty, np.nan, texts.map(str).to_numpy(dtype=object))
    table = pd.DataFrame(columns, index=rows.index)
    return table.astype({name: object for name in categorical})


if not __name__.startswith("lifecycle."):  # where MLflow runs it
    from mlflow.models import set_model
    from mlflow.pyfunc import PythonModel

    class Exported(PythonModel):
        """The version, as MLflow calls it."""

        def load_context(self, context: Any) -> None:
            """Open what lies beside."""
            self.scores = Scores(context.artifacts["version"])

        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
            """Score."""
            return self.scores(model_input)

    set_model(Exported())

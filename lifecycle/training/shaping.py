"""Rows in the form in which every recipe is given them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lifecycle import markup
from lifecycle.errors import InputError, NotEnoughData, SettingsError
from lifecycle.recipes import Recipe

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = [
    "amounts",
    "check_enough",
    "digest",
    "features",
    "in_order",
    "outcomes",
    "prepared",
    "shaped",
]

MOST_CLASSES = 1_000
_CLOSE = 1e-9  # sums in another order differ by less


def features(
    frame: pd.DataFrame, *, numeric: Sequence[str], categorical: Sequence[str]
) -> pd.DataFrame:
    """The features of a frame in the form every recipe is given.

    Numbers become float64, categories strings, anything missing or infinite `nan`;
    columns come in the order of `numeric`, then `categorical`.

    Parameters
    ----------
    frame : DataFrame of n rows
    numeric, categorical : sequence of str
        Columns of the frame.

    Returns
    -------
    DataFrame of n rows

    Raises
    ------
    InputError
        A column is missing or there twice, or a number is none.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"plan": ["pro", None], "visits": [3, float("inf")]})
    >>> table = features(frame, numeric=["visits"], categorical=["plan"])
    >>> table.to_numpy().tolist()
    [[3.0, 'pro'], [nan, nan]]
    """
    import numpy as np
    import pandas as pd

    missing = [name for name in (*numeric, *categorical) if name not in frame]
    if missing:
        raise InputError(
            f"the rows have no column {', '.join(map(repr, missing))}, which the model "
            "needs; add it, left empty where it is not known"
        )
    twice = [name for name in (*numeric, *categorical) if frame[name].ndim > 1]
    if twice:
        raise InputError(
            f"the rows have column {', '.join(map(repr, twice))} more than once; keep "
            "one"
        )
    columns: dict[str, np.ndarray] = {}
    for name in numeric:
        try:
            values = pd.to_numeric(frame[name])
            column = values.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(
                f"column {name!r} has a value that is no number "
                f"({markup.one_line(error, most=200)}); mend it, or name the column "
                "among the categorical features"
            ) from error
        columns[name] = np.where(np.isfinite(column), column, np.nan)
    for name in categorical:
        texts = frame[name].astype(object)
        empty = texts.isna().to_numpy()
        texts = texts if frame[name].dtype == "str" else texts.map(str)
        columns[name] = np.where(empty, np.nan, texts.to_numpy(dtype=object))
    return pd.DataFrame(columns, index=frame.index).astype(
        {name: object for name in categorical}
    )


def prepared(
    recipe: Recipe,
    table: pd.DataFrame,
    numeric: Sequence[str],
    categorical: Sequence[str],
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """A table of `features` as a recipe's own `features` shapes it, with its columns.

    Rows are shaped once, for all fits: a recipe that looks at other rows than the one
    it shapes is refused, since a version is given its rows one by one.

    Parameters
    ----------
    recipe : Recipe
    table : DataFrame of n rows
        From `features`.
    numeric, categorical : sequence of str
        Its columns.

    Returns
    -------
    table : DataFrame of n rows
        As it came where the recipe shapes nothing.
    numeric, categorical : list of str
        Its columns: numbers stay numbers, anything else becomes a category.

    Raises
    ------
    SettingsError
        When the recipe's function fails, or what it gives a row depends on the others.
    """
    import pandas as pd

    if not recipe.prepares:
        return table, list(numeric), list(categorical)
    made = recipe.prepare(table)
    known = [str(name) for name in made]
    numbers = [name for name in known if pd.api.types.is_numeric_dtype(made[name])]
    names = {"numeric": numbers, "categorical": [n for n in known if n not in numbers]}
    whole = features(made, **names)
    if len(table) >= 3:
        _check_alone(recipe, table, whole, names)
    return whole, names["numeric"], names["categorical"]


def shaped(
    recipe: Recipe, table: pd.DataFrame, names: Mapping[str, Sequence[str]] | None
) -> pd.DataFrame:
    """Shape rows that are to be scored, in the columns that training was given."""
    if not recipe.prepares:
        return table
    if names is None:
        return prepared(recipe, table, [], [])[0]
    made = recipe.prepare(table)
    return features(made, numeric=names["numeric"], categorical=names["categorical"])


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows by time and id, whatever order they came in."""
    keys = [name for name in ("time", "id") if name in frame]
    return frame.sort_values(keys, kind="stable") if keys else frame


def outcomes(truth: np.ndarray) -> np.ndarray:
    """Outcomes as integers; anything but 0 and 1 is refused."""
    import numpy as np

    strange = truth[(truth != 0) & (truth != 1)]
    if strange.size:
        raise InputError(
            f"outcome {strange[0]:g} is neither 0 nor 1; say in the settings which "
            "value is the positive one"
        )
    return truth.astype(np.int64)


def amounts(truth: np.ndarray) -> np.ndarray:
    """Outcomes as numbers; what is infinite is refused."""
    import numpy as np

    if not np.isfinite(truth).all():
        raise InputError(
            "an outcome is infinite; mend it, or leave the row without an outcome"
        )
    return truth.astype(np.float64)


def coded(truth: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Codes of classes as those that occur, from 0 on, with the name of each."""
    import numpy as np

    strange = truth[(truth != np.floor(truth)) | (truth < 0) | (truth >= len(names))]
    if strange.size:
        raise InputError(
            f"outcome {strange[0]:g} is the code of none of {len(names)} classes; name "
            "all classes in the order of their codes"
        )
    found, codes = np.unique(truth.astype(np.int64), return_inverse=True)
    if len(found) > MOST_CLASSES:
        raise InputError(
            f"the outcomes name {len(found):,} classes, at most {MOST_CLASSES:,} are "
            "told apart; group the rare ones, or name the column of the classes"
        )
    return codes.astype(np.int64), [str(names[each]) for each in found]


def check_enough(
    truth: np.ndarray, *, min_rows: int, worth: float | None = None
) -> None:
    """Refuse to fit too few rows, or outcomes that are all alike."""
    if len(truth) < min_rows:
        raise NotEnoughData(
            f"only {len(truth)} labelled rows, {min_rows} are needed to train; take a "
            "longer period or wait for outcomes"
        )
    if worth is not None and worth < min_rows:
        raise NotEnoughData(
            f"{len(truth)} labelled rows weigh {worth:.1f} together, {min_rows} are "
            "needed to train; take a longer period or wait for outcomes"
        )
    if len(truth) and (truth == truth[0]).all():
        raise NotEnoughData(
            f"all {len(truth)} outcomes are {truth[0]:g}, there is nothing to tell "
            "apart; take a longer period or check the outcomes"
        )


def digest(
    table: pd.DataFrame, truth: np.ndarray, weights: np.ndarray | None = None
) -> str:
    """SHA-256 of the rows as they were fitted: names, then each column's bytes."""
    import numpy as np

    found = hashlib.sha256()
    for name in table:
        values = table[name].to_numpy()
        found.update(json.dumps(str(name)).encode())
        if values.dtype == np.float64:
            found.update(np.where(np.isnan(values), np.nan, values + 0.0).tobytes())
        else:
            texts = [None if text != text else text for text in values]
            found.update(json.dumps(texts).encode())
    whole = truth.dtype.kind == "i"
    found.update(truth.astype("<i8" if whole else "<f8").tobytes())
    if weights is not None and (weights != 1).any():
        found.update(weights.astype("<f8").tobytes())
    return found.hexdigest()


def _check_alone(
    recipe: Recipe,
    table: pd.DataFrame,
    whole: pd.DataFrame,
    names: Mapping[str, Sequence[str]],
) -> None:
    """Refuse what shapes the middle third of the rows otherwise when it is alone."""
    import numpy as np

    third = slice(len(table) // 3, max(2 * len(table) // 3, len(table) // 3 + 1))
    made = recipe.prepare(table.iloc[third])
    name = next((str(each) for each in whole if each not in made), None)
    if name is None:
        alone = features(made, **names)
        for each in names["numeric"]:
            pair = alone[each].to_numpy(), whole[each].to_numpy()[third]
            if not np.allclose(*pair, rtol=_CLOSE, atol=_CLOSE, equal_nan=True):
                name = each
        for each in names["categorical"]:
            if not alone[each].equals(whole[each].iloc[third]):
                name = each
    if name is not None:
        raise SettingsError(
            f"{recipe.place or recipe.name}: features() gives column {name[:60]!r} "
            "other values when some rows are alone; make each row from itself only, "
            "and leave what must be learned from rows to the estimator"
        )

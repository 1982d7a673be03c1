"""Outcomes and predictions of several classes, read once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Classified", "confusion_matrix"]


@dataclass(frozen=True, slots=True)
class Classified:
    """Outcomes, predictions and probabilities as codes of the same classes.

    Made by `Classified.of`; to be read once and measured many times.

    Parameters
    ----------
    labels : tuple
        The classes.
    truth, guess : ndarray of int, shape (n,)
        Places in `labels`; -1 where missing.
    score : ndarray of float, shape (n, n_scored), or None
        Probabilities of the first classes of `labels`; later ones were not scored.

    Examples
    --------
    >>> read = Classified.of(["a", "b", "c"], ["a", "c", "c"])
    >>> read.labels, read.truth.tolist(), read.guess.tolist()
    (('a', 'b', 'c'), [0, 1, 2], [0, 2, 2])
    >>> len(read.take([0, 1]))
    2
    """

    labels: tuple[Any, ...]
    truth: np.ndarray
    guess: np.ndarray
    score: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        y_true: Any,
        y_pred: Any,
        y_score: Any = None,
        *,
        classes: Sequence[Any] | None = None,
    ) -> Classified:
        """Read columns; labels may be text, numbers or booleans.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n,)
            Labels, missing where not known.
        y_score : array-like of shape (n, n_classes), optional
            A column of probabilities for each class, in their order; of a DataFrame
            the names of the columns are the classes.
        classes : sequence, optional
            The classes and their order; those found, in ascending order, where not
            given. A label that is not among them is added at the end: an outcome
            the model does not know is a mistake of the model.

        Raises
        ------
        ValueError
            When the columns are not of the same rows, outcomes are text and
            predictions are not (or the reverse), or the scores do not fit the
            classes.
        """
        import numpy as np
        import pandas as pd

        if classes is None and isinstance(y_score, pd.DataFrame):
            classes = list(y_score.columns)
        truth, guess = _objects(y_true), _objects(y_pred)
        if len(truth) != len(guess):
            raise ValueError(
                f"outcomes and predictions must be of the same rows, got {len(truth)} "
                f"and {len(guess)}; join them by id first"
            )
        codes, found = pd.factorize(np.concatenate([truth, guess]))
        _check_kinds(found, codes[: len(truth)], codes[len(truth) :])
        given = list(dict.fromkeys(classes or ()))
        known = set(given)
        labels = (*given, *_ascending(each for each in found if each not in known))
        place = {label: number for number, label in enumerate(labels)}
        new = np.array([*(place[label] for label in found), -1], dtype=np.int64)
        score = None
        if y_score is not None:
            score = _scores(y_score, len(truth), len(given) or len(labels))
        moved = new[codes]
        return cls(labels, moved[: len(truth)], moved[len(truth) :], score)

    def take(self, rows: npt.ArrayLike) -> Classified:
        """Some of the rows, by place or by a mask; the classes stay."""
        import numpy as np

        places = np.asarray(rows)
        if places.dtype != bool:
            places = places.astype(np.int64)
        score = None if self.score is None else self.score[places]
        return Classified(self.labels, self.truth[places], self.guess[places], score)

    def __len__(self) -> int:
        return int(self.truth.size)


def confusion_matrix(
    y_true: Any, y_pred: Any, *, classes: Sequence[Any] | None = None
) -> pd.DataFrame:
    """How often each class was predicted as each.

    Rows where either is missing are left out.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels: text, numbers or booleans.
    classes : sequence, optional
        The classes and their order; those found, ascending, where not given.

    Returns
    -------
    DataFrame of int, shape (n_classes, n_classes)
        A row for each class that came true, a column for each that was predicted.

    Raises
    ------
    ValueError
        When the columns are not of the same rows or of one kind.

    Examples
    --------
    >>> print(confusion_matrix(["yes", "no", "no"], ["yes", "yes", "no"]))
    predicted  no  yes
    outcome
    no          1    1
    yes         0    1
    """
    import numpy as np
    import pandas as pd

    read = Classified.of(y_true, y_pred, classes=classes)
    size = len(read.labels)
    known = (read.truth >= 0) & (read.guess >= 0)
    cells = np.bincount(
        read.truth[known] * size + read.guess[known], minlength=size * size
    )
    names = pd.Index(list(read.labels), dtype=object)
    return pd.DataFrame(
        cells.reshape(size, size),
        index=names.rename("outcome"),
        columns=names.rename("predicted"),
    )


def _objects(values: Any) -> pd.Series[Any]:
    import pandas as pd

    listed = values if hasattr(values, "dtype") else list(values)
    series = pd.Series(listed, dtype=None if hasattr(listed, "dtype") else object)
    return series.reset_index(drop=True).astype(object)


def _ascending(labels: Iterable[Any]) -> list[Any]:
    listed = list(labels)
    try:
        return sorted(listed)
    except TypeError:
        return sorted(listed, key=lambda each: (type(each).__name__, str(each)))


def _check_kinds(found: Any, truth: np.ndarray, guess: np.ndarray) -> None:
    """Outcomes "1" and predictions 1 never agree; say so instead of measuring 0."""
    import numpy as np

    kinds = [
        {isinstance(found[code], str) for code in np.unique(side[side >= 0]).tolist()}
        for side in (truth, guess)
    ]
    if {True} in kinds and {False} in kinds:
        words = ["text" if kind == {True} else "no text" for kind in kinds]
        raise ValueError(
            f"outcomes are {words[0]} and predictions are {words[1]}, so that they "
            f"never agree; write both the same way"
        )


def _scores(y_score: Any, rows: int, classes: int) -> np.ndarray:
    import numpy as np

    if hasattr(y_score, "to_numpy"):
        score = y_score.to_numpy(dtype=float, na_value=math.nan)
    else:
        score = np.asarray(y_score, dtype=float)
    if not score.size:
        score = score.reshape(rows, classes) if not rows else score
    if score.ndim != 2 or score.shape != (rows, classes):
        raise ValueError(
            f"scores must be of shape ({rows}, {classes}), one column a class, got "
            f"{score.shape}; pass the classes in the order of the columns"
        )
    return score

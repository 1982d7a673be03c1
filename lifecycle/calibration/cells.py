"""Scores counted on cells: what calibration and estimation need of a million rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.intervals import floats

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["CELLS", "Cells", "cell_of", "probabilities"]

CELLS = 4096


@dataclass(frozen=True, eq=False)
class Cells:
    r"""How many rows fell into each cell of the score, by prediction.

    Made by `Cells.count`. Cells of two files, weeks or machines add up.

    Parameters
    ----------
    n : ndarray of float, shape (2, 4096)
        Rows predicted 0 and rows predicted 1; their weights where there are any.
    said : ndarray of float, shape (2, 4096)
        Sum of their scores.
    known : ndarray of float, shape (2, 4096)
        Rows (weights) whose outcome is known.
    ones : ndarray of float, shape (2, 4096)
        Of these, those whose outcome was 1.
    squares : ndarray of float, shape (2, 4096)
        Sum of the squared weights of the rows whose outcome is known; as `known`
        where nothing was weighted.

    Notes
    -----
    A score :math:`s` falls into cell
    :math:`\lfloor 4096 \cdot \frac{2}{\pi}\arcsin\sqrt{s} \rfloor`, 1 into the last.
    The arcsine of the root makes the variance of a rate the same everywhere, so that
    the cells are fine where rare events need them fine: :math:`1.5 \cdot 10^{-7}` wide
    at 0 and at 1, :math:`4 \cdot 10^{-4}` in the middle.

    References
    ----------
    F. J. Anscombe, "The transformation of Poisson, binomial and negative-binomial
    data", Biometrika 35 (1948).

    Examples
    --------
    >>> first = Cells.count([0.2, 0.8, 0.8], [0, 1, 1], [0, 1, 0])
    >>> first + Cells.count([0.4], [0])
    <Cells of 4 rows: 2 predicted 1, 3 with an outcome, of which 1 was 1>
    """

    n: np.ndarray
    said: np.ndarray
    known: np.ndarray
    ones: np.ndarray
    squares: np.ndarray

    @classmethod
    def count(
        cls,
        y_score: npt.ArrayLike,
        y_pred: npt.ArrayLike,
        y_true: npt.ArrayLike | None = None,
        *,
        weight: npt.ArrayLike | None = None,
    ) -> Cells:
        """Count rows on the cells.

        Parameters
        ----------
        y_score : array-like of shape (n,)
            Probabilities of 1; rows where one is missing are left out.
        y_pred : array-like of shape (n,)
            Predictions, 0 or 1; rows where one is missing are left out.
        y_true : array-like of shape (n,), optional
            Outcomes, 0 or 1, missing where not known.
        weight : array-like of shape (n,), optional
            What each row counts, 0 or more; 1 unless given.

        Returns
        -------
        Cells

        Raises
        ------
        ValueError
            When a score is no probability, an outcome or a prediction is neither 0
            nor 1, or the columns are not of the same rows.
        """
        import numpy as np

        score, guess = floats(y_score), floats(y_pred)
        columns = {"predictions": guess}
        if y_true is not None:
            columns["outcomes"] = floats(y_true)
        if weight is not None:
            columns["weights"] = floats(weight)
        for name, values in columns.items():
            if values.size != score.size:
                raise ValueError(
                    f"scores and {name} must be of the same rows, got {score.size} and "
                    f"{values.size}; join them by id first"
                )
        rows = ~(np.isnan(score) | np.isnan(guess))
        if not rows.all():
            score, guess = score[rows], guess[rows]
            columns = {name: values[rows] for name, values in columns.items()}
        binary(guess, "predictions")
        place = cell_of(score) + CELLS * guess.astype(np.int64)
        mass = columns.get("weights")
        n = _sums(place, mass)
        said = _sums(place, score if mass is None else score * mass)
        if y_true is None:
            nothing = np.zeros((2, CELLS))
            return cls(n, said, nothing, nothing, nothing)
        truth = columns["outcomes"]
        labelled = ~np.isnan(truth)
        binary(truth[labelled], "outcomes")
        if not labelled.all():
            place, truth = place[labelled], truth[labelled]
            mass = None if mass is None else mass[labelled]
            known = _sums(place, mass)
        else:
            known = n
        ones = _sums(place, truth if mass is None else truth * mass)
        squares = known if mass is None else _sums(place, mass * mass)
        return cls(n, said, known, ones, squares)

    @property
    def effective(self) -> float:
        """Rows with an outcome, as unweighted ones would tell as much."""
        squares = float(self.squares.sum())
        return float(self.known.sum()) ** 2 / squares if squares else 0.0

    def __add__(self, other: Cells) -> Cells:
        return Cells(
            self.n + other.n,
            self.said + other.said,
            self.known + other.known,
            self.ones + other.ones,
            self.squares + other.squares,
        )

    def __repr__(self) -> str:
        return (
            f"<Cells of {self.n.sum():.15g} rows: {self.n[1].sum():.15g} predicted 1, "
            f"{self.known.sum():.15g} with an outcome, of which "
            f"{self.ones.sum():.15g} was 1>"
        )


def cell_of(score: np.ndarray) -> np.ndarray:
    """The cell of each score; nothing may be missing."""
    import numpy as np

    if score.size and not (score.min() >= 0 and score.max() <= 1):
        wrong = score[(score < 0) | (score > 1)][0]
        raise ValueError(
            f"scores must be probabilities between 0 and 1, got {wrong:g}; pass the "
            f"model's predict_proba"
        )
    place = np.arcsin(np.sqrt(score))
    place *= 2 * CELLS / np.pi
    return np.minimum(place.astype(np.int64), CELLS - 1)


def probabilities() -> np.ndarray:
    """The score in the middle of each cell."""
    import numpy as np

    return np.sin((np.arange(CELLS) + 0.5) * np.pi / (2 * CELLS)) ** 2


def binary(values: np.ndarray, name: str) -> None:
    """Refuse what is neither 0 nor 1."""
    wrong = values[(values != 0) & (values != 1)]
    if wrong.size:
        raise ValueError(
            f"{name} must be 0 or 1, got {wrong[0]:g}; map the classes to 0 and 1 first"
        )


def _sums(place: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    import numpy as np

    made = np.bincount(place, weights=weights, minlength=2 * CELLS)
    return made.reshape(2, CELLS).astype(float)

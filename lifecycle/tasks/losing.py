"""Losing: what a wrong answer costs, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lifecycle.metrics import Task
from lifecycle.tasks.packing import parted

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Loss"]

KNOWN = ("binary", "multiclass", "regression", "ranking")


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of each row, and what a loss of 1 costs.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression", "ranking"}
    wrong_yes, wrong_no : float
        Losses of a false positive and a false negative; the dearer is 1.
    wrong, unsure : float
        Of several classes: losses of a wrong class, and of a row that is handed to a
        person because the best class is less probable than the threshold; `nan` where
        nobody is handed anything. The dearer is 1.
    error : float
        The price of a loss of 1.
    scale : float
        What the errors of a regression are divided by.

    Examples
    --------
    >>> Loss.priced("regression", {"per_unit": 0.5}, 2.0)
    <Loss of regression: 1 costs 1>
    """

    task: Task = "binary"
    wrong_yes: float = 1.0
    wrong_no: float = 1.0
    error: float = 1.0
    scale: float = 1.0
    wrong: float = 1.0
    unsure: float = float("nan")

    @classmethod
    def priced(
        cls, task: Task, costs: Mapping[str, float] | None, scale: float = 1.0
    ) -> Loss:
        """From the prices of the kinds of error.

        Parameters
        ----------
        task : {"binary", "multiclass", "regression", "ranking"}
        costs : mapping, optional
            `false_positive` and `false_negative`; `wrong` and, where rows are handed
            over, `handed_over`; or `per_unit` of an amount's error. 1 each without.
        scale : float
            Of a regression.

        Raises
        ------
        ValueError
            When a price, the scale or the task makes no sense.
        """
        if task not in KNOWN:
            raise ValueError(
                f"task is {', '.join(map(repr, KNOWN[:-1]))} or {KNOWN[-1]!r}, got "
                f"{task!r}"
            )
        if not 0 < scale < float("inf"):
            raise ValueError(f"scale must be above 0, got {scale}; leave it out")
        told = costs or {}
        if task == "regression":
            unit = _price(told, "per_unit")
            return cls(task, error=unit * scale, scale=scale)
        if task == "multiclass":
            wrong = _price(told, "wrong")
            unsure = told.get("handed_over", float("nan"))
            if unsure < 0:
                raise ValueError(f"handed_over must not be negative, got {unsure}")
            dearer = max(wrong, unsure) if unsure == unsure else wrong
            return cls(task, error=dearer, wrong=wrong / dearer, unsure=unsure / dearer)
        yes, no = told.get("false_positive", 1.0), told.get("false_negative", 1.0)
        dearer = max(yes, no)
        if min(yes, no) < 0 or not 0 < dearer < float("inf"):
            raise ValueError(
                "false_positive and false_negative must not be negative and one must "
                f"be above 0, got {yes} and {no}"
            )
        return cls(task, yes / dearer, no / dearer, dearer, scale)

    def scaled(self, scale: float) -> Loss:
        """The same loss with the errors of a regression divided by another scale."""
        return replace(self, scale=scale, error=self.error / self.scale * scale)

    def of(self, truth: np.ndarray, score: np.ndarray, threshold: float) -> np.ndarray:
        """Loss of each row.

        Parameters
        ----------
        truth, score : ndarray of float, shape (n,)
            Of several classes codes, and packed answers or codes.
        threshold : float
            The score from which on a binary model predicts 1; of several classes the
            probability below which a row is handed over.

        Examples
        --------
        >>> import numpy as np
        >>> truth, score = np.array([0.0, 1, 1]), np.array([0.9, 0.2, 0.8])
        >>> costs = {"false_positive": 5, "false_negative": 20}
        >>> Loss.priced("binary", costs).of(truth, score, 0.5).tolist()
        [0.25, 1.0, 0.0]
        >>> Loss.priced("regression", None, 2.0).of(truth, score, 0.5).round(2).tolist()
        [0.45, 0.4, 0.1]
        >>> costs = {"wrong": 8, "handed_over": 2}
        >>> Loss.priced("multiclass", costs).of(truth, score, 0.5).tolist()
        [0.0, 0.25, 1.0]
        """
        import numpy as np

        if self.task == "regression":
            return np.asarray(np.abs(score - truth) / self.scale)
        if self.task == "multiclass":
            codes, sure = parted(score)
            lost = np.where(codes == truth, 0.0, self.wrong)
            if self.unsure == self.unsure:
                lost = np.where(sure < threshold, self.unsure, lost)
            return lost
        right, guess = truth == 1, score >= threshold
        wrong = np.where(guess, self.wrong_yes, self.wrong_no)
        return np.where(guess == right, 0.0, wrong)

    def __repr__(self) -> str:
        return f"<Loss of {self.task}: 1 costs {self.error:g}>"


def _price(told: Mapping[str, float], name: str) -> float:
    price = told.get(name, 1.0)
    if not 0 < price < float("inf"):
        raise ValueError(f"{name} must be above 0, got {price}; mend the costs")
    return float(price)

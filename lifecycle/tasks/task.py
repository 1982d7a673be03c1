"""A task: what a model of one kind says, and how it is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lifecycle import metrics as measures
from lifecycle.metrics import Metric
from lifecycle.metrics import Task as Name
from lifecycle.tasks.packing import parted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["TASKS", "Task", "of"]


@dataclass(frozen=True, slots=True)
class Task:
    """What a model of one kind says, and how it is judged.

    Parameters
    ----------
    name : {"binary", "multiclass", "regression", "ranking"}
    words : bool
        Whether predictions, outcomes and people's labels are names of classes.
    metrics : tuple of str
        Keys of `metrics.TASKS[name]`, as pages show them.
    main : str
        The one that alerts hold, and that pages draw.

    Examples
    --------
    >>> of("multiclass")
    <Task multiclass: accuracy, balanced_accuracy, macro_f1>
    >>> of("regression").metric().greater_is_better
    False
    """

    name: Name
    words: bool
    metrics: tuple[str, ...]
    main: str

    @property
    def judges(self) -> bool:
        """Whether an answer is right or wrong, and not nearer or farther."""
        return self.name != "regression"

    def metric(self, name: str = "") -> Metric:
        """A metric of the task; the main one where none is named."""
        return measures.of(self.name, name or self.main)

    def said(
        self, raw: npt.ArrayLike, *, threshold: float, classes: Sequence[str] = ()
    ) -> tuple[np.ndarray, np.ndarray]:
        """Score and prediction of a version's raw answers.

        Parameters
        ----------
        raw : array-like of shape (n,)
            Probability of 1, packed class (`pack`), or amount; `nan` for no answer.
        threshold : float
            The score from which on a binary model predicts 1.
        classes : sequence of str
            Names by code, of several classes.

        Returns
        -------
        score : ndarray of float64, shape (n,)
            Probability of 1, of the class that is predicted, or the amount.
        prediction : ndarray of shape (n,)
            0 and 1, names (None for no answer), or the amount.

        Examples
        --------
        >>> from lifecycle.tasks import pack
        >>> of("binary").said([0.3, 0.7], threshold=0.5)[1].tolist()
        [0.0, 1.0]
        >>> raw, classes = pack([1, 0], [0.75, 0.5]), ("card", "loan")
        >>> of("multiclass").said(raw, threshold=0, classes=classes)[1].tolist()
        ['loan', 'card']
        """
        import numpy as np

        told = np.asarray(raw, dtype=float)
        missing = np.isnan(told)
        if self.name == "regression":
            return told, told
        if self.name == "multiclass":
            codes, sure = parted(told)
            names = np.array([*classes, None], dtype=object)
            place = np.where(missing, len(classes), codes).astype(np.int64)
            return sure, names[place]
        return told, np.where(missing, np.nan, told >= threshold)

    def right(self, truth: Any, guess: Any) -> np.ndarray:
        """1 where an answer is right, 0 where not, `nan` where one is not known.

        Raises
        ------
        ValueError
            When amounts are to be right.
        """
        import numpy as np
        import pandas as pd

        self._judged()
        known = np.asarray(pd.notna(truth)) & np.asarray(pd.notna(guess))
        same = np.asarray(truth, dtype=object) == np.asarray(guess, dtype=object)
        return np.where(known, same, np.nan).astype(float)

    def judged(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows as answers that were right (1) or wrong (0), for what asks only that.

        The same rows of a binary model. Of several classes `prediction` is 1
        throughout, "the answer is right", `outcome` says whether it was, and `score`
        how sure the model was of it.

        Raises
        ------
        ValueError
            When amounts are to be right.

        Examples
        --------
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"score": [0.8, 0.6], "prediction": ["card", "loan"]})
        >>> rows["outcome"] = ["card", "card"]
        >>> of("multiclass").judged(rows).to_numpy().tolist()
        [[0.8, 1.0, 1.0], [0.6, 1.0, 0.0]]
        """
        self._judged()
        if not self.words:
            return rows
        said = rows["prediction"].notna().astype(float)
        told: dict[str, Any] = {"prediction": said.where(said == 1)}
        if "outcome" in rows:
            told["outcome"] = self.right(rows["outcome"], rows["prediction"])
        return rows.assign(**told)

    def _judged(self) -> None:
        if not self.judges:
            raise ValueError(
                f"{self.name} has no right and wrong; ask how far off it is"
            )

    def __repr__(self) -> str:
        return f"<Task {self.name}: {', '.join(self.metrics)}>"


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        each.name: each
        for each in (
            Task(
                "binary",
                words=False,
                metrics=("accuracy", "precision", "recall", "roc_auc", "brier"),
                main="accuracy",
            ),
            Task(
                "multiclass",
                words=True,
                metrics=("accuracy", "balanced_accuracy", "macro_f1"),
                main="accuracy",
            ),
            Task(
                "regression",
                words=False,
                metrics=("mae", "rmse", "r2"),
                main="mae",
            ),
        )
    }
)
"""What a workspace's models may be, by name."""


def of(name: str) -> Task:
    """The task of this name.

    Raises
    ------
    ValueError
        When there is none.

    Examples
    --------
    >>> of("binary").main
    'accuracy'
    """
    if name not in TASKS:
        raise ValueError(f"no task {name!r}; use one of {', '.join(TASKS)}")
    return TASKS[name]

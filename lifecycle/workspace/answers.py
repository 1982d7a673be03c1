"""Answers: what a router says of rows, and who said it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle import markup

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Answer", "Answers"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one row.

    Parameters
    ----------
    id : str
    score : float
        The probability of outcome 1; `nan` where no version had a number.
    prediction : float
        1 or 0; `nan` without a score.
    version : str
        Who answered.
    role : str
        As what: "production", "experimental" or, where both failed, "previous".
    logged : bool or None
        Whether the disk has it; None where that was not waited for.

    Examples
    --------
    >>> Answer("7", 0.81, 1.0, "4", "production")
    <Answer 7: 1 (score 0.810) by version 4, production>
    """

    id: str
    score: float
    prediction: float
    version: str
    role: str
    logged: bool | None = None

    def __repr__(self) -> str:
        by = f"by version {self.version}, {self.role}"
        name = ascii(self.id[:60])[1:-1]
        if self.score != self.score:
            return f"<Answer {name}: no score {by}>"
        return f"<Answer {name}: {self.prediction:.0f} (score {self.score:.3f}) {by}>"


@dataclass(frozen=True, eq=False, slots=True)
class Answers:
    """What was said of n rows, in their order.

    Parameters
    ----------
    ids : list of str
    scores, predictions : ndarray of float64, shape (n,)
        `nan` where no version had a number.
    codes : ndarray of int8, shape (n,)
        Which of `served` answered each row.
    served : tuple of pairs
        Version and role of those that could answer.
    logged : bool or None
        Whether the disk has them; None where that was not waited for.
    """

    ids: list[str]
    scores: npt.NDArray[np.float64]
    predictions: npt.NDArray[np.float64]
    codes: npt.NDArray[np.int8]
    served: tuple[tuple[str, str], ...]
    logged: bool | None = None

    @property
    def versions(self) -> npt.NDArray[np.object_]:
        """Who answered each row."""
        return self._told(0)

    @property
    def roles(self) -> npt.NDArray[np.object_]:
        """As what."""
        return self._told(1)

    def _told(self, at: int) -> npt.NDArray[np.object_]:
        import numpy as np

        names = np.array([pair[at] for pair in self.served], dtype=object)
        return np.asarray(names[self.codes])

    def frame(self) -> pd.DataFrame:
        """`id`, `score`, `prediction`, `version` and `role`, a row each."""
        import pandas as pd

        return pd.DataFrame(
            {
                "id": self.ids,
                "score": self.scores,
                "prediction": self.predictions,
                "version": self.versions,
                "role": self.roles,
            }
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        told = Counter(self.codes.tolist())
        by = ", ".join(
            f"{told[code]:,} by version {version} ({role})"
            for code, (version, role) in enumerate(self.served)
            if told[code]
        )
        return f"<Answers {len(self.ids):,} rows{': ' if by else ''}{by}>"

    def _repr_html_(self) -> str:
        shown = self.frame().head(20)
        header = [str(name) for name in shown]
        return markup.table(header, shown.to_numpy(dtype=object).tolist())

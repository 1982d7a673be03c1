"""Answers: what a router says of rows, and who said it."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lifecycle import markup

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

__all__ = ["Answer", "Answers"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one row.

    Parameters
    ----------
    id : str
    score : float
        The probability of outcome 1, or of the class that is predicted, or the amount;
        `nan` where no version had a number.
    prediction : float or str
        1 or 0, the amount, or the name of a class; `nan` or None without a score.
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
    prediction: float | str | None
    version: str
    role: str
    logged: bool | None = None

    def __repr__(self) -> str:
        by = f"by version {self.version}, {self.role}"
        name = ascii(self.id[:60])[1:-1]
        if self.score != self.score:
            return f"<Answer {name}: no score {by}>"
        said = ascii(self.prediction)[1:-1][:60]
        if not isinstance(self.prediction, str):
            said = f"{self.prediction:.6g}"
        return f"<Answer {name}: {said} (score {self.score:.3f}) {by}>"


@dataclass(frozen=True, eq=False)
class Answers:
    """What was said of n rows, in their order: a sequence of `Answer`, or a table.

    Parameters
    ----------
    texts : Arrow array of n texts
        The ids.
    scores, predictions : ndarray of shape (n,)
        As in `Answer`.
    codes : ndarray of int8, shape (n,)
        Which of `served` answered each row.
    served : tuple of pairs
        Version and role of those that could answer.
    logged : bool or None
        Whether the disk has them; None where that was not waited for.

    Examples
    --------
    >>> import numpy as np
    >>> import pyarrow as pa
    >>> half, no = np.array([0.81, 0.2]), np.zeros(2, dtype=np.int8)
    >>> told = (("4", "production"),)
    >>> answers = Answers(pa.array(["7", "8"]), half, half.round(), no, told)
    >>> [answer.id for answer in answers if answer.prediction == 1]
    ['7']
    >>> answers[-1]
    <Answer 8: 0 (score 0.200) by version 4, production>
    >>> answers.frame()["score"].tolist()
    [0.81, 0.2]
    """

    texts: pa.Array
    scores: npt.NDArray[np.float64]
    predictions: npt.NDArray[Any]
    codes: npt.NDArray[np.int8]
    served: tuple[tuple[str, str], ...]
    logged: bool | None = None

    @cached_property
    def ids(self) -> list[str]:
        """The ids, or what the rows are known by."""
        made: list[str] = self.texts.to_numpy(zero_copy_only=False).tolist()
        return made

    @cached_property
    def versions(self) -> npt.NDArray[np.object_]:
        """Who answered each row."""
        return self._told(0)

    @cached_property
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
        return len(self.scores)

    def __getitem__(self, at: int) -> Answer:
        """The answer to one row, by its place; to part of them ask `frame`."""
        place = operator.index(at)
        version, role = self.served[self.codes[place]]
        return Answer(
            self.ids[place],
            float(self.scores[place]),
            self.predictions.item(place),
            version,
            role,
            self.logged,
        )

    def __iter__(self) -> Iterator[Answer]:
        pairs = zip(
            self.ids,
            self.scores.tolist(),
            self.predictions.tolist(),
            self.codes.tolist(),
            strict=True,
        )
        for name, score, prediction, code in pairs:
            version, role = self.served[code]
            yield Answer(name, score, prediction, version, role, self.logged)

    def __repr__(self) -> str:
        told = Counter(self.codes.tolist())
        by = ", ".join(
            f"{told[code]:,} by version {version} ({role})"
            for code, (version, role) in enumerate(self.served)
            if told[code]
        )
        return f"<Answers {len(self):,} rows{': ' if by else ''}{by}>"

    def _repr_html_(self) -> str:
        shown = self.frame().head(20)
        header = [str(name) for name in shown]
        return markup.table(header, shown.to_numpy(dtype=object).tolist())

"""Rows that a fault of the data touched: neither tested nor trained on, and named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.errors import InputError
from lifecycle.training.windows import Rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Faulty"]


@dataclass(frozen=True, slots=True)
class Faulty:
    """Marks of the rows, in the order in which they are worked on."""

    marks: np.ndarray

    @classmethod
    def of(
        cls,
        labelled: pd.DataFrame,
        left_out: npt.ArrayLike | str | None,
        order: np.ndarray,
    ) -> Faulty:
        """Read the marks of a frame, given beside it or as one of its columns.

        Raises
        ------
        InputError
            There is no such column.
        ValueError
            There are not as many marks as rows.
        """
        import numpy as np

        if left_out is None:
            return cls(np.zeros(len(labelled), dtype=bool))
        if isinstance(left_out, str):
            if left_out not in labelled:
                raise InputError(
                    f"the labelled rows have no column {left_out!r}, which was to mark "
                    "those left out; add it, or leave the argument out"
                )
            left_out = labelled[left_out].fillna(False).to_numpy()
        marks = np.asarray(left_out, dtype=bool)
        if marks.shape != (len(labelled),):
            raise ValueError(
                f"left_out marks {marks.size} rows of {len(labelled)}; give one mark "
                "a row"
            )
        return cls(marks[order])

    def without(self, positions: np.ndarray) -> np.ndarray:
        """Of the positions, those of rows that are sound."""
        return positions[~self.marks[positions]]

    def sentences(self, rows: Rows) -> tuple[str, ...]:
        """Which chunks have such rows, and how many."""
        labels = sorted(set(rows.labels[self.marks]))
        if not labels:
            return ()
        named = ", ".join(labels[:8])
        more = f" and {len(labels) - 8} more" if len(labels) > 8 else ""
        return (
            f"{int(self.marks.sum())} rows of {named}{more} are left out, nothing was "
            "tested or trained on them: a fault of the data touched them",
        )

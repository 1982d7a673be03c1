"""Features as numbers a tree can split, and which rows the reference does not know."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle import profiles

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Encoding"]

_CATEGORIES = 250


@dataclass(frozen=True, eq=False)
class Encoding:
    """How features become numbers, fixed by the reference.

    Parameters
    ----------
    names : tuple of column names
    codes : tuple of dict or None
        By feature, of a categorical one the number of each of its names, most frequent
        first; the 250th and later share one.
    ends : tuple of (float, float)
        By feature, of a numeric one its smallest and largest value in the reference.
    n : int
        Rows of the reference.
    """

    names: tuple[Any, ...]
    codes: tuple[dict[str, int] | None, ...]
    ends: tuple[tuple[float, float], ...]
    n: int

    @classmethod
    def of(
        cls, reference: pd.DataFrame, analysis: pd.DataFrame, features: Sequence[Any]
    ) -> Encoding:
        """Fix the encoding; the analysis only tells what kind an empty column is."""
        import numpy as np

        codes: list[dict[str, int] | None] = []
        ends = []
        for name in features:
            if name not in reference.columns:
                raise ValueError(
                    f"the reference has no column {str(name)[:60]!r}; leave it out of "
                    f"features"
                )
            pair = profiles.column(reference, name), profiles.column(analysis, name)
            if profiles.kind_of(*pair) == "numeric":
                known = profiles.numbers(pair[0])
                known = known[~np.isnan(known)]
                codes.append(None)
                ends.append(
                    (float(known.min()), float(known.max()))
                    if known.size
                    else (math.nan, math.nan)
                )
                continue
            found = profiles.tally(pair[0])[0]
            codes.append({each: min(at, _CATEGORIES) for at, each in enumerate(found)})
            ends.append((math.nan, math.nan))
        return cls(tuple(features), tuple(codes), tuple(ends), len(reference))

    @property
    def categorical(self) -> np.ndarray:
        """Which columns of the table are codes of names."""
        import numpy as np

        return np.array([each is not None for each in self.codes], dtype=bool)

    def table(self, frame: pd.DataFrame) -> np.ndarray:
        """The features as float64, `nan` where missing; one code for unknown names.

        Parameters
        ----------
        frame : DataFrame of shape (n, n_columns)

        Returns
        -------
        ndarray of float, shape (n, n_features)
        """
        import numpy as np

        made = np.full((len(frame), len(self.names)), math.nan)
        for at, (name, codes) in enumerate(zip(self.names, self.codes, strict=True)):
            values = profiles.column(frame, name)
            if codes is None:
                numbers = profiles.numbers(values)
                made[:, at] = np.clip(numbers, -1e300, 1e300)
                continue
            known = values.notna().to_numpy(dtype=bool)
            words = values[known].astype(str)
            made[known, at] = words.map(codes).fillna(_CATEGORIES + 1).to_numpy(float)
        return made

    def outside(self, table: np.ndarray) -> np.ndarray:
        """Rows with a number beyond the reference's, or a name it does not have.

        Parameters
        ----------
        table : ndarray of float, shape (n, n_features)

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        import numpy as np

        found = np.zeros(len(table), dtype=bool)
        for at, codes in enumerate(self.codes):
            if codes is None:
                low, high = self.ends[at]
                found |= (table[:, at] < low) | (table[:, at] > high)
            else:
                found |= table[:, at] > _CATEGORIES
        return found

    @property
    def expected_outside(self) -> float:
        r"""Share of rows outside though nothing has changed.

        Notes
        -----
        A new number is beyond all :math:`n` old ones with the chance
        :math:`2/(n + 1)`.
        """
        numbers = sum(codes is None for codes in self.codes)
        return float(1 - (1 - min(1.0, 2 / (self.n + 1))) ** numbers)

"""Which rows of a frame belong to which chunk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle import periods

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["labels_of", "parts"]


def labels_of(
    analysis: pd.DataFrame, chunk: periods.Every | npt.ArrayLike, timezone: str
) -> np.ndarray:
    """The label of each row's chunk."""
    import numpy as np

    if isinstance(chunk, str):
        if "time" not in analysis.columns:
            raise ValueError("the analysis has no column 'time'; give chunk as labels")
        return periods.chunk_of(
            analysis["time"],
            every=chunk,  # type: ignore[arg-type]
            timezone=timezone,
        ).to_numpy(dtype=object)
    labels = np.asarray(chunk).astype(str).astype(object)
    if labels.shape != (len(analysis),):
        raise ValueError(
            f"chunk must have a label for each of the {len(analysis)} rows, got "
            f"{labels.size}"
        )
    return labels


def parts(labels: np.ndarray, wanted: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Labels of the chunks in order, and the places of their wanted rows."""
    import numpy as np
    import pandas as pd

    codes, names = pd.factorize(labels, sort=True)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(names) + 1))
    for number, name in enumerate(names):
        place = order[starts[number] : starts[number + 1]]
        yield str(name), place[wanted[place]]

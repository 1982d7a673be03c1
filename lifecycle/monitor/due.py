"""Which predictions can be judged: due, known, and in which chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle import periods

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["parts"]


def parts(
    times: pd.Series[Any], chunk: periods.Every, timezone: str
) -> list[tuple[str, np.ndarray]]:
    """Labels of the chunks in order, and the places of their rows."""
    import numpy as np
    import pandas as pd

    labels = periods.chunk_of(times, every=chunk, timezone=timezone)
    codes, names = pd.factorize(labels, sort=True)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(names) + 1))
    return [
        (str(name), order[starts[number] : starts[number + 1]])
        for number, name in enumerate(names)
    ]

"""Which predictions can be judged: due, known, and in which chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle import periods

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["in_order", "parts"]


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


def in_order(times: pd.Series[Any]) -> np.ndarray:
    """The places of moments from the first to the last; equal ones as they come."""
    import numpy as np
    import pandas as pd

    return np.argsort(pd.DatetimeIndex(times).asi8, kind="stable")

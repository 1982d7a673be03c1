"""Joins: a prediction and the truth that came later."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["newest_outcome"]


def newest_outcome(predictions: pa.Table, outcomes: pa.Table) -> pa.Table:
    """Give each prediction the newest of its outcomes.

    Parameters
    ----------
    predictions : pyarrow.Table
        With `id`.
    outcomes : pyarrow.Table
        With `id`, `time` (when it became known) and `outcome`, sorted by `time`.

    Returns
    -------
    pyarrow.Table
        The predictions in their order, with `outcome` and `known_at`, null where
        there is none.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    numbered = pa.table({"id": outcomes["id"], "row": np.arange(outcomes.num_rows)})
    last = numbered.group_by("id").aggregate([("row", "max")])
    newest = outcomes.take(last["row_max"])
    place = pc.index_in(predictions["id"], value_set=newest["id"].combine_chunks())
    return predictions.append_column(
        "outcome", newest["outcome"].take(place)
    ).append_column("known_at", newest["time"].take(place))

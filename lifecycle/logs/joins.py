"""Joins: a prediction and the truth that came later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["newest_outcome", "ordered"]


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

    coded = outcomes["id"].combine_chunks().dictionary_encode()
    last = np.zeros(len(coded.dictionary), dtype=np.int64)
    last[coded.indices.to_numpy()] = np.arange(outcomes.num_rows)  # the last one stays
    code = pc.index_in(predictions["id"], value_set=coded.dictionary)
    row = pc.take(pa.array(last), code)
    return predictions.append_column(
        "outcome", outcomes["outcome"].take(row)
    ).append_column("known_at", outcomes["time"].take(row))


def ordered(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Rows sorted by the keys, the first of which is a time; often they are already.

    Parameters
    ----------
    rows : pyarrow.Table
        With the keys, none of them null.
    keys : sequence of str
        The time first.
    """
    import numpy as np
    import pyarrow as pa

    times = rows[keys[0]].cast(pa.int64()).to_numpy()
    steps = np.diff(times)
    if (steps > 0).all():
        return rows
    order = np.argsort(times, kind="stable")
    if (np.diff(times[order]) > 0).all():
        return rows.take(pa.array(order))
    return rows.sort_by([(key, "ascending") for key in keys])

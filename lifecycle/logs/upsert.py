"""Upsert: which rows are new, which are there already, and which replace another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle.errors import InputError
from lifecycle.logs.problems import SENTENCES, shown
from lifecycle.logs.schema import KEYS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from lifecycle.logs.store import Store

__all__ = [
    "RULINGS",
    "differing",
    "fitted",
    "near",
    "one_each",
    "stored_rows",
    "upsert",
]


RULINGS = ("accepted", "refused", "corrected")
"""Kinds of feedback that decide on other feedback; no later row replaces one."""


def one_each(table: str, rows: pa.Table) -> tuple[pa.Table, int]:
    """Leave out repeated rows; say how many.

    Raises
    ------
    InputError
        When two rows share a key and differ.
    """
    import numpy as np

    codes = _keys(table, rows).dictionary_encode().indices.to_numpy()
    _, first, where = np.unique(codes, return_index=True, return_inverse=True)
    if len(first) == rows.num_rows:
        return rows, 0
    leader = first[where]
    _refuse(table, rows, rows.take(leader), "stands twice in these rows")
    return rows.take(np.sort(first)), rows.num_rows - len(first)


def upsert(
    store: Store,
    table: str,
    rows: pa.Table,
    *,
    stamped: bool = False,
    keep: bool = False,
) -> tuple[int, int, int]:
    """Write what is not there yet in one commit.

    Parameters
    ----------
    store : Store
        Opened at the newest version.
    rows : pyarrow.Table
        Canonical, each key once.
    stamped : bool
        Outcomes that say what is known at their time; those that say what was
        known before count as the same.
    keep : bool
        Rows whose key is there stay as they are.

    Returns
    -------
    tuple of int
        Rows new, the same, changed.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = fitted(rows, store.schema)
    if stamped:
        rows, known = _news(store, rows)
    else:
        known = 0
    place = _places(store, table, rows)
    there = ~np.isnan(place)
    if not there.any():
        if rows.num_rows:
            store.append(rows)
        return rows.num_rows, known, 0
    mask = pa.array(there)
    if keep:
        fresh = rows.filter(pc.invert(mask))
        if fresh.num_rows:
            store.append(fresh)
        return fresh.num_rows, known + int(there.sum()), 0
    double = rows.filter(mask)
    stored = stored_rows(store, table, double)
    differs = differing(double, stored)
    if table == "predictions":
        _refuse(table, double, stored, "is in the log with other content")
    if table == "feedback":  # what was decided on a word is for ever, too
        ruled = pc.is_in(stored["kind"], value_set=pa.array(RULINGS))
        _refuse(
            table,
            double.filter(ruled),
            stored.filter(ruled),
            "is a decision in the log",
        )
    new, changed = int((~there).sum()), int(differs.sum())
    fresh = rows.filter(pc.invert(mask))
    if changed:
        changes = double.filter(pa.array(differs))
        store.merge(pa.concat_tables([fresh, changes]), KEYS[table])
    elif new:
        store.append(fresh)
    return new, known + int(there.sum()) - changed, changed


def _keys(table: str, rows: pa.Table) -> pa.Array:
    """The key of each row as one text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = [
        rows[key]
        if rows.schema.field(key).type == pa.string()
        else rows[key].cast(pa.int64()).cast(pa.string())
        for key in KEYS[table]
    ]
    joined = (
        parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, "\x1f")
    )
    return joined.combine_chunks()


def near(table: str, rows: pa.Table, keys: tuple[str, ...]) -> object:
    """An expression that lets only files and row groups with possible keys be read."""
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    where = None
    for key in keys:
        ends = pc.min_max(rows[key])
        field = ds.field(key)
        term = (field >= ends["min"]) & (field <= ends["max"])
        where = term if where is None else where & term
    return where


def _places(store: Store, table: str, rows: pa.Table) -> npt.NDArray[np.float64]:
    """Where the key of each row stands among the stored ones, else `nan`."""
    import numpy as np
    import pyarrow.compute as pc

    if not rows.num_rows:
        return np.empty(0)
    stored = store.scan(KEYS[table], near(table, rows, KEYS[table]))
    found = pc.index_in(_keys(table, rows), value_set=_keys(table, stored))
    return np.asarray(found.cast("float64").to_numpy(zero_copy_only=False), dtype=float)


def stored_rows(store: Store, table: str, rows: pa.Table) -> pa.Table:
    """The stored rows with the keys of `rows`, in the same order and columns."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    first = KEYS[table][0]
    wanted = ds.field(first).isin(rows[first].combine_chunks())
    stored = store.scan(None, near(table, rows, KEYS[table]) & wanted)
    place = pc.index_in(_keys(table, rows), value_set=_keys(table, stored))
    found = stored.take(place)
    for field in rows.schema:
        if field.name not in found.column_names:
            found = found.append_column(field, pa.nulls(len(found), field.type))
    return found.select(rows.column_names)


def _news(store: Store, rows: pa.Table) -> tuple[pa.Table, int]:
    """Outcomes that differ from the newest one stored for their id by their time."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    ids = rows["id"].combine_chunks()
    reach = near("outcomes", rows, ("id",)) & (ds.field("time") <= pc.max(rows["time"]))
    stored = store.scan(None, reach).sort_by("time").to_pandas()
    asked = pa.table(
        {"id": ids, "time": rows["time"], "outcome": rows["outcome"]}
    ).to_pandas()
    asked["row"] = np.arange(len(asked))
    both = asked.merge(stored, on="id", suffixes=("", "_known"))
    both = both[both["time_known"] <= both["time"]].groupby("row").last()
    same = both.index[both["outcome"] == both["outcome_known"]]
    keep = ~asked["row"].isin(same).to_numpy()
    return rows.filter(pa.array(keep)), int((~keep).sum())


def differing(rows: pa.Table, others: pa.Table) -> npt.NDArray[np.bool_]:
    """Rows that differ in any column; missing is equal to missing."""
    import numpy as np
    import pyarrow.compute as pc

    differs = np.zeros(rows.num_rows, dtype=bool)
    for name in rows.column_names:
        one, other = rows[name], others[name]
        equal = pc.fill_null(pc.equal(one, other), False)
        void = pc.and_(pc.is_null(one), pc.is_null(other))
        differs |= ~np.asarray(pc.or_(equal, void).to_numpy(), dtype=bool)
    return differs


def _refuse(table: str, rows: pa.Table, others: pa.Table, what: str) -> None:
    """Raise where rows and their doubles differ, and say in what."""
    import numpy as np

    wrong = np.flatnonzero(differing(rows, others))
    if not len(wrong):
        return
    key = KEYS[table][0]
    sentences = []
    for index in wrong[:SENTENCES].tolist():
        row, other = rows.slice(index, 1), others.slice(index, 1)
        column = next(
            name
            for name in rows.column_names
            if differing(row.select([name]), other.select([name]))[0]
        )
        pair = (shown(other[column][0].as_py()), shown(row[column][0].as_py()))
        sentences.append(
            f"{table}: {key} {shown(row[key][0].as_py())} {what} "
            f"({shown(column)}: {pair[0]}, now {pair[1]}); "
            "give the row a new id or leave it out"
        )
    if len(wrong) > SENTENCES:
        sentences.append(f"{table}: and {len(wrong) - SENTENCES} more")
    raise InputError(sentences)


def fitted(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """All columns of the table in its types; new ones behind them.

    Raises
    ------
    InputError
        When a feature is a number in one and text in the other.
    """
    import pyarrow as pa

    problems = []
    arrays, fields = [], []
    for field in schema:
        arrays.append(
            rows[field.name].cast(field.type)
            if field.name in rows.column_names and rows[field.name].type == field.type
            else pa.nulls(rows.num_rows, field.type)
        )
        fields.append(field)
        if field.name in rows.column_names:
            column = rows[field.name]
            if column.type != field.type and column.null_count < len(column):
                was, now = (
                    "text" if kind == pa.string() else "a number"
                    for kind in (field.type, column.type)
                )
                problems.append(
                    f"predictions: feature {shown(field.name)} is {was} in the log and "
                    f"{now} now; give the feature a new name or its old type"
                )
    if problems:
        raise InputError(problems)
    for field in rows.schema:
        if field.name not in schema.names:
            arrays.append(rows[field.name])
            fields.append(field)
    return pa.table(arrays, schema=pa.schema(fields))

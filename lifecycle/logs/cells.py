"""Cells: columns of foreign values become numbers, moments, truths and names.

Each function takes one Arrow array and gives the canonical values together with
the rows that do not fit and the sentence that says why; whole columns at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

__all__ = ["Checked", "as_text", "choices", "moments", "names", "numbers", "truths"]

ABSENT = "is missing; fill it in or remove the row"
MISSING = ("", "na", "n/a", "nan", "null", "none")
NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
MOMENT = (
    r"^(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<clock>[0-9]{2}:[0-9]{2})(?::(?P<second>[0-9]{2})"
    r"(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?P<offset>[Zz]|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)?)?$"
)
TRUE, FALSE = frozenset({"1", "true", "yes"}), frozenset({"0", "false", "no"})


@dataclass
class Checked:
    """Canonical values of a column, and what did not fit.

    Parameters
    ----------
    values : array
        Numbers with `nan`, moments with `NaT`, or an Arrow array of text with null.
    faults : list of (bool array, str)
        Rows that do not fit, and why.
    """

    values: object
    faults: list[tuple[npt.NDArray[np.bool_], str]] = field(default_factory=list)

    def fault(self, rows: npt.NDArray[np.bool_], reason: str) -> Checked:
        """Add a fault where there are such rows."""
        if rows.any():
            self.faults.append((rows, reason))
        return self


def _flat(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    flat = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if isinstance(flat, pa.ChunkedArray):
        flat = (
            pa.concat_arrays(flat.chunks)
            if flat.num_chunks
            else pa.array([], flat.type)
        )
    return flat.dictionary_decode() if pa.types.is_dictionary(flat.type) else flat


def _mask(array: pa.Array) -> npt.NDArray[np.bool_]:
    import numpy as np
    import pyarrow.compute as pc

    return np.asarray(
        pc.fill_null(array, False).to_numpy(zero_copy_only=False), dtype=bool
    )


def as_text(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Values as text, stripped; whole numbers without ".0"; missing as null.

    Examples
    --------
    >>> import pyarrow as pa
    >>> as_text(pa.array([7.0, None, 8.5])).to_pylist()
    ['7', None, '8.5']
    >>> as_text(pa.array([" 007 ", "12.0", ""])).to_pylist()
    ['007', '12', None]
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    flat = _flat(array)
    kind = flat.type
    if pa.types.is_floating(kind):
        values = flat.to_pylist()
        text = pa.array([_written(value) for value in values], pa.string())
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        text = pa.array([None if v is None else repr(v) for v in flat.to_pylist()])
    else:
        text = flat.cast(pa.string())
    text = pc.utf8_trim_whitespace(text)
    text = pc.replace_substring_regex(text, r"^(-?[0-9]+)\.0+$", r"\1")
    return pc.if_else(pc.equal(text, ""), None, text)


def _written(value: float | None) -> str | None:
    if value is None or value != value:
        return None
    return str(int(value)) if value.is_integer() else repr(value)


def names(array: pa.Array | pa.ChunkedArray, *, needed: bool) -> Checked:
    """Text as it is: ids, categories, persons, reasons.

    Parameters
    ----------
    array : pyarrow.Array
        Of any plain type.
    needed : bool
        Whether a missing value is a fault.
    """
    import pyarrow.compute as pc

    text = as_text(array)
    checked = Checked(text)
    if needed:
        checked.fault(_mask(text.is_null()), ABSENT)
    nul = _mask(pc.match_substring(text, "\0"))
    return checked.fault(nul, "holds a NUL byte; export the file again")


def numbers(
    array: pa.Array | pa.ChunkedArray,
    *,
    lower: float = -float("inf"),
    upper: float = float("inf"),
) -> Checked:
    """Finite numbers between `lower` and `upper`; missing as `nan`.

    Examples
    --------
    >>> import pyarrow as pa
    >>> checked = numbers(pa.array(["3.5", "", "abc", "1e2"]))
    >>> checked.values.tolist(), checked.faults[0][0].tolist()
    ([3.5, nan, nan, 100.0], [False, False, True, False])
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    flat = _flat(array)
    kind = flat.type
    plainly = (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
    )
    if plainly:
        good = pc.is_valid(flat)
        wide = flat.cast(pa.int8()) if pa.types.is_boolean(kind) else flat
        cast = wide.cast(pa.float64(), safe=False)
        wrong = np.zeros(len(flat), dtype=bool)
    else:
        text = pc.utf8_trim_whitespace(flat.cast(pa.string()))
        void = pc.is_in(pc.utf8_lower(text), value_set=pa.array(MISSING))
        good = pc.and_(pc.match_substring_regex(text, NUMBER), pc.invert(void))
        bare = pc.replace_substring_regex(text, r"^\+", "")
        cast = pc.if_else(good, bare, None).cast(pa.float64())
        wrong = _mask(pc.is_valid(text)) & ~_mask(good) & ~_mask(void)
    values = np.array(cast.to_numpy(zero_copy_only=False), dtype=float)
    checked = Checked(values)
    checked.fault(wrong, "is not a number; write one such as 3.5, or nothing")
    checked.fault(np.isinf(values), "is not a finite number; write one, or nothing")
    outside = (values < lower) | (values > upper)
    outside &= np.isfinite(values)
    return checked.fault(
        outside, f"is outside {lower:g} to {upper:g}; write a number between"
    )


def choices(
    array: pa.Array | pa.ChunkedArray,
    meaning: Callable[[str], object],
    reason: str,
    *,
    missing: str = "",
) -> tuple[list[object], Checked]:
    """Look each distinct text up once; `meaning` gives `None` for what does not fit.

    Parameters
    ----------
    array : pyarrow.Array
        Of any plain type.
    meaning : callable
        From stripped text.
    reason : str
        What is said of text without a meaning.
    missing : str
        What is said of a missing value; nothing where it may be missing.

    Returns
    -------
    values : list
        One meaning a row, `None` where missing or wrong.
    checked : Checked
        With the text as values, and the wrong rows.
    """
    import numpy as np

    text = as_text(array)
    coded = text.dictionary_encode()
    meanings = [meaning(word) for word in coded.dictionary.to_pylist()]
    codes = coded.indices.to_pylist()
    values = [None if code is None else meanings[code] for code in codes]
    wrong = np.array(
        [code is not None and meanings[code] is None for code in codes], dtype=bool
    )
    checked = Checked(text)
    if missing:
        checked.fault(_mask(text.is_null()), missing)
    return values, checked.fault(wrong, reason)


def truths(
    array: pa.Array | pa.ChunkedArray, *, positive: str | None, needed: bool
) -> Checked:
    """1.0 for true, 0.0 for false, `nan` for missing.

    Parameters
    ----------
    array : pyarrow.Array
        0/1, true/false, yes/no, or labels.
    positive : str or None
        The label that means 1; other labels then mean 0.
    needed : bool
        Whether a missing value is a fault.

    Examples
    --------
    >>> import pyarrow as pa
    >>> words = pa.array(["yes", "0", "true"])
    >>> truths(words, positive=None, needed=True).values.tolist()
    [1.0, 0.0, 1.0]
    >>> labels = pa.array(["won", "lost"])
    >>> truths(labels, positive="won", needed=True).values.tolist()
    [1.0, 0.0]
    """
    import numpy as np

    label = None if positive is None else positive.strip()
    turned = label is not None and label.lower() in TRUE | FALSE

    def meaning(word: str) -> float | None:
        if word == label or (turned and label and word.lower() == label.lower()):
            return 1.0
        if word.lower() in TRUE | FALSE:
            return 0.0 if turned else float(word.lower() in TRUE)
        return 0.0 if label is not None and not turned else None

    found, checked = choices(
        array,
        meaning,
        "is neither 0/1, true/false nor yes/no; write one of these",
        missing="is missing; leave the row out until it is known" if needed else "",
    )
    values = np.array(
        [np.nan if value is None else value for value in found], dtype=float
    )
    checked.values = values
    return checked


def moments(array: pa.Array | pa.ChunkedArray, *, timezone: str) -> Checked:
    """Moments in UTC from ISO 8601 text, timestamps or dates.

    A date means its midnight. Values without an offset are taken in `timezone`;
    where some carry one and some do not, those without are faults, and so are
    local times that happen twice or never when the clocks change.

    Returns
    -------
    Checked
        `values` are numpy `datetime64[us]` in UTC, `NaT` where wrong.

    Examples
    --------
    >>> import pyarrow as pa
    >>> written = pa.array(["2023-07-01", "2023-07-01T12:30"])
    >>> found = moments(written, timezone="Europe/Zurich")
    >>> [str(value) for value in found.values]
    ['2023-06-30T22:00:00.000000', '2023-07-01T10:30:00.000000']
    """
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    flat = _flat(array)
    kind = flat.type
    absent = _mask(flat.is_null())
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        unit = pa.timestamp("us", kind.tz if pa.types.is_timestamp(kind) else None)
        plain = flat.cast(unit, safe=False).cast(pa.int64())
        local = plain.fill_null(0).to_numpy().view("datetime64[us]").copy()
        local[absent] = np.datetime64("NaT")
        shifted = np.full(len(flat), bool(unit.tz)) & ~absent
        bare = ~absent & ~shifted
        utc = local.copy()
    else:
        text = as_text(flat)
        absent = _mask(text.is_null())
        parts = pc.extract_regex(text, MOMENT)
        found = {name: pc.struct_field(parts, name) for name in _groups(parts)}
        local = _clock(found)
        offset = found["offset"].fill_null("")
        local[absent | ~_mask(parts.is_valid())] = np.datetime64("NaT")
        shifted = _mask(pc.not_equal(offset, "")) & ~np.isnat(local)
        bare = ~shifted & ~np.isnat(local)
        utc = local - _offsets(offset)
    checked = Checked(utc)
    checked.fault(absent, ABSENT)
    checked.fault(
        np.isnat(local) & ~absent,
        "is not a time; write it like 2023-04-03T10:00:00+02:00",
    )
    if shifted.any():
        reason = "has no offset while others have one; write all times with an offset"
        utc[bare] = np.datetime64("NaT")
        return checked.fault(bare, reason)
    index = pd.DatetimeIndex(local[bare])
    ones = np.ones(len(index), dtype=bool)
    early = index.tz_localize(timezone, ambiguous=ones, nonexistent="NaT")
    late = index.tz_localize(timezone, ambiguous=~ones, nonexistent="NaT")
    never = np.asarray(early.isna(), dtype=bool)
    twice = np.asarray(early != late, dtype=bool) & ~never
    settled = (
        early.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")
    )
    settled[twice] = np.datetime64("NaT")
    utc[bare] = settled
    for rows, word in ((never, "does not exist"), (twice, "happens twice")):
        spread = np.zeros(len(flat), dtype=bool)
        spread[bare] = rows
        checked.fault(spread, f"{word} in {timezone}; write it with its offset")
    return checked


def _groups(parts: pa.Array) -> list[str]:
    return [parts.type.field(k).name for k in range(parts.type.num_fields)]


def _clock(found: dict[str, pa.Array]) -> npt.NDArray[np.datetime64]:
    """Days and clock times, without their offset; `NaT` where there is no such time."""
    import numpy as np
    import pandas as pd
    import pyarrow.compute as pc

    clock = pc.if_else(pc.equal(found["clock"], ""), "00:00", found["clock"])
    second = pc.if_else(pc.equal(found["second"], ""), "00", found["second"])
    fraction = pc.utf8_slice_codeunits(
        pc.utf8_rpad(found["fraction"], width=6, padding="0"), 0, 6
    )
    joined = pc.binary_join_element_wise(
        found["day"], "T", clock, ":", second, ".", fraction, ""
    )
    text = joined.to_pandas()
    moments = pd.to_datetime(text, format="%Y-%m-%dT%H:%M:%S.%f", errors="coerce")
    return np.array(moments.to_numpy(), dtype="datetime64[us]")


def _offsets(offset: pa.Array) -> npt.NDArray[np.timedelta64]:
    """Offsets such as "+02:00" as time differences; "Z" and nothing are zero."""
    import numpy as np

    coded = offset.dictionary_encode()
    known = []
    for word in coded.dictionary.to_pylist():
        digits = word.strip("Zz+-").replace(":", "")
        minutes = int(digits[:2] or 0) * 60 + int(digits[2:] or 0)
        known.append(-minutes if word.startswith("-") else minutes)
    spans = np.array([*known, 0], dtype="timedelta64[m]")
    return spans[coded.indices.to_numpy(zero_copy_only=False)].astype("timedelta64[us]")

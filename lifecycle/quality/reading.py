"""Columns of two frames, read in one way: what is missing, what is of another kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

from lifecycle import profiles

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Column", "Pair", "pair_of"]

_INFERRED = {
    "string": "text",
    "integer": "number",
    "floating": "number",
    "mixed-integer-float": "number",
    "decimal": "number",
    "boolean": "truth",
    "datetime": "moment",
    "datetime64": "moment",
    "date": "moment",
    "timedelta": "moment",
    "timedelta64": "moment",
    "empty": "",
}


@dataclass(frozen=True, eq=False)
class Column:
    """One column, row by row.

    Parameters
    ----------
    missing : ndarray of bool, shape (n,)
        Rows without a value.
    foreign : ndarray of bool, shape (n,)
        Rows whose value is of another kind than most of the reference's.
    values : ndarray, shape (n,)
        Numbers, `nan` where there is none; or places in the names of the pair, -1
        where missing.
    """

    missing: np.ndarray
    foreign: np.ndarray
    values: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Rows with a value that could be read."""
        import numpy as np

        if self.values.dtype.kind == "f":
            return ~np.isnan(self.values)
        return self.values >= 0

    def keys(self) -> np.ndarray:
        """The values as whole numbers: equal where they are equal."""
        import numpy as np

        if self.values.dtype.kind == "f":
            return (self.values + 0.0).view(np.uint64)  # one zero for both signs
        return self.values.view(np.uint64)


@dataclass(frozen=True, eq=False)
class Pair:
    """A column of the reference and the analysis.

    Parameters
    ----------
    numeric : bool
    reference, analysis : Column
    names : list of str
        Of names the reference's first; empty for numbers.
    seen : int
        How many of them are the reference's.
    kinds : tuple of str
        What most values were: "number", "text", "moment", "truth"; and what most of
        those that are something else now are. Empty where there are none.
    """

    numeric: bool
    reference: Column
    analysis: Column
    names: list[str]
    seen: int
    kinds: tuple[str, str]


def pair_of(reference: pd.Series[Any], analysis: pd.Series[Any]) -> Pair:
    """Read both columns as the reference's kind says, or the analysis' without one."""
    import numpy as np

    before, after = _material(reference), _material(analysis)
    usual = _most(before) or _most(after)
    kinds = usual, _most(after, but=usual)
    lost = [each.isna().to_numpy(dtype=bool) for each in (reference, analysis)]
    foreign = [
        _foreign(each, usual, gone)
        for each, gone in zip((before, after), lost, strict=True)
    ]
    numeric = profiles.kind_of(reference, analysis) == "numeric"
    if numeric:
        values = [profiles.numbers(each) for each in (reference, analysis)]
        names: list[str] = []
        seen = 0
    else:
        held: dict[str, int] = {}
        values = [_codes(reference, held)]
        seen = len(held)
        values.append(_codes(analysis, held))
        names = list(held)
    columns = [
        Column(*each)
        for each in zip(lost, foreign, map(np.asarray, values), strict=True)
    ]
    return Pair(numeric, columns[0], columns[1], names, seen, kinds)


def _codes(column: pd.Series[Any], held: dict[str, int]) -> np.ndarray:
    """Each value's place among the names; new names are put behind the others."""
    import numpy as np
    import pandas as pd

    # whole numbers too large for a float make no index in every version of pandas
    plain = column.to_numpy() if column.dtype == object else column
    try:
        codes, found = pd.factorize(plain)
    except TypeError:  # lists and other values without a hash
        codes, found = pd.factorize(column.map(repr, na_action="ignore"))
    places = [held.setdefault(str(value), len(held)) for value in found]
    return np.append(np.array(places, dtype=np.int64), -1)[codes]


def _material(column: pd.Series[Any]) -> str | pd.Series[Any]:
    """What the values are made of: one word, or one a known row where they differ."""
    import pandas as pd

    kind = column.dtype.kind
    if isinstance(column.dtype, pd.CategoricalDtype):
        found = _material(pd.Series(column.cat.categories))
        return found if isinstance(found, str) else "text"
    if kind in "mM":
        return "moment" if column.notna().any() else ""
    if kind == "b" or pd.api.types.is_bool_dtype(column.dtype):
        return "truth" if column.notna().any() else ""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return "number" if column.notna().any() else ""
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if inferred in _INFERRED:
        return _INFERRED[inferred]
    known = column[column.notna()]
    return known.map(type).map(_word)


def _word(made: type) -> str:
    if issubclass(made, bool):
        return "truth"
    if issubclass(made, (Real, Decimal)):
        return "number"
    if issubclass(made, (date, timedelta)):
        return "moment"
    return "text" if issubclass(made, str) else made.__name__


def _most(material: str | pd.Series[Any], *, but: str = "") -> str:
    """The commonest kind, or the commonest but one."""
    if isinstance(material, str):
        return "" if material == but else material
    rest = material[material != but]
    return str(rest.value_counts().index[0]) if len(rest) else ""


def _foreign(
    material: str | pd.Series[Any], usual: str, missing: np.ndarray
) -> np.ndarray:
    import numpy as np

    if isinstance(material, str):
        return ~missing & bool(material and material != usual)
    marked = np.zeros(missing.size, dtype=bool)
    marked[~missing] = (material != usual).to_numpy(dtype=bool)
    return marked

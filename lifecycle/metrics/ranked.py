"""Lists of recommended items and which of them were relevant, read once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lifecycle.intervals import floats

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Ranked"]

_DEPTH = 100
_FEW = 32


@dataclass(frozen=True, slots=True)
class Ranked:
    """Lists of items, best first, with what each was worth.

    Made by `Ranked.of_rows` from a long table or by `Ranked.of_lists` from a matrix.

    Parameters
    ----------
    gains : ndarray, shape (n_lists, depth)
        What the item at each place was worth: 0 or 1, or any grade of 0 or more; 0
        beyond the end of a list.
    relevant : ndarray of int, shape (n_lists,)
        How many relevant items there were, shown or not.
    items : ndarray of int, shape (n_lists, depth), or None
        Codes of the items; -1 beyond the end of a list.
    ideal : ndarray, shape (n_lists, depth), or None
        The gains of the best list; `None` where gains are 0 and 1.
    unit : ndarray of int, shape (n_lists,), or None
        Code of the user a list was shown to; lists of one user are not independent.
    catalogue : int
        How many items could have been shown; 0 where nobody says.

    Examples
    --------
    >>> lists = Ranked.of_lists([[7, 3], [3, 5]], places=[0, 1, 1], items=[3, 3, 9])
    >>> lists.gains.tolist(), lists.relevant.tolist()
    ([[0, 1], [1, 0]], [1, 2])
    """

    gains: np.ndarray
    relevant: np.ndarray
    items: np.ndarray | None = None
    ideal: np.ndarray | None = None
    unit: np.ndarray | None = None
    catalogue: int = 0

    @classmethod
    def of_rows(
        cls,
        occasion: Any,
        outcome: npt.ArrayLike,
        *,
        rank: npt.ArrayLike | None = None,
        score: npt.ArrayLike | None = None,
        item: Any = None,
        user: Any = None,
        catalogue: int = 0,
        depth: int = _DEPTH,
    ) -> Ranked:
        """Read a long table: a row for each item of each list.

        Parameters
        ----------
        occasion : array-like of shape (n,)
            Which list a row belongs to: a request, a session, a user and day. Rows
            without one are left out.
        outcome : array-like of shape (n,)
            1 where the item was relevant, else 0; or a grade of 0 or more. A list
            with a row whose outcome is missing is left out whole.
        rank : array-like of shape (n,), optional
            The place in the list, smallest first; missing where the item was relevant
            but not shown.
        score : array-like of shape (n,), optional
            Instead of ranks: largest first, missing where not shown. Of ties the
            earlier row comes first.
        item, user : array-like of shape (n,), optional
            For coverage; for intervals where a user has several lists.
        catalogue : int
            How many items could have been shown.
        depth : int
            How far down lists are read.

        Returns
        -------
        Ranked
            Lists in the order of their first row.

        Raises
        ------
        ValueError
            When the columns are not of the same rows, neither ranks nor scores are
            given, or a grade is negative or infinite.
        """
        import numpy as np
        import pandas as pd

        worth = floats(outcome)
        place = _order(rank, score)
        codes, names = pd.factorize(_array(occasion))
        sizes = {worth.size, place.size, codes.size}
        sizes |= {len(_array(each)) for each in (item, user) if each is not None}
        if len(sizes) > 1:
            raise ValueError(
                f"the columns must be of the same rows, got {sorted(sizes)}; pass "
                f"columns of one table"
            )
        if (worth < 0).any() or np.isinf(worth).any():
            raise ValueError(
                "outcomes must be 0 or more and finite; write what an item was worth"
            )
        broken = np.unique(codes[np.isnan(worth) & (codes >= 0)])
        kept = codes >= 0
        if broken.size:
            kept &= ~np.isin(codes, broken)
        count = len(names)
        rows = np.flatnonzero(kept & ~np.isnan(place))
        rows, nth = _positions(codes, place, rows)
        rows, nth = rows[nth < depth], nth[nth < depth]
        width = int(nth.max()) + 1 if nth.size else 0
        graded = bool((worth[kept] > 1).any() or (worth[kept] % 1 != 0).any())
        gains = np.zeros((count, width), dtype=float if graded else np.uint8)
        gains[codes[rows], nth] = worth[rows]
        shown = None
        if item is not None:
            labels = pd.factorize(_array(item))[0]
            shown = np.full((count, width), -1, dtype=np.int64)
            shown[codes[rows], nth] = labels[rows]
        hits = kept & (worth > 0)
        relevant = np.bincount(codes[hits], minlength=count)
        ideal = _ideal(codes, worth, hits, count, depth) if graded else None
        unit = None
        if user is not None:
            owner = pd.factorize(_array(user))[0]
            unit = np.full(count, -1, dtype=np.int64)
            unit[codes[kept]] = owner[kept]
        made = cls(gains, relevant, shown, ideal, unit, catalogue)
        whole = np.ones(count, dtype=bool)
        whole[broken] = False
        return made if whole.all() else made.take(whole)

    @classmethod
    def of_lists(
        cls,
        lists: npt.ArrayLike,
        *,
        places: npt.ArrayLike,
        items: npt.ArrayLike,
        user: Any = None,
        catalogue: int = 0,
    ) -> Ranked:
        """Read a matrix of items, one list a row, best first.

        Parameters
        ----------
        lists : array-like of int, shape (n_lists, depth)
            Items by number, each at most once a list; negative beyond the end of a
            list.
        places, items : array-like of int, shape (m,)
            Pairs of a row of `lists` and an item that was relevant there; a pair
            given twice counts once.
        user : array-like of shape (n_lists,), optional
            Whom a list was shown to, where a user has several.
        catalogue : int
            How many items could have been shown.

        Returns
        -------
        Ranked

        Raises
        ------
        ValueError
            When `lists` is no matrix, or a place is none of its rows.
        """
        import numpy as np
        import pandas as pd

        shown = np.asarray(lists)
        if shown.ndim != 2:
            raise ValueError(
                f"lists must be a matrix, one list a row, got shape {shown.shape}; "
                f"fill short lists with -1"
            )
        where, what = (np.asarray(each, dtype=np.int64) for each in (places, items))
        count = shown.shape[0]
        if where.size and (where.min() < 0 or where.max() >= count):
            raise ValueError(f"places must be rows of the {count:,} lists, from 0")
        span = int(max(shown.max(initial=0), what.max(initial=0))) + 1
        keys = np.sort((where * span + what)[what >= 0])
        keys = keys[np.diff(keys, prepend=-1) > 0]  # faster than unique
        relevant = np.bincount(keys // span, minlength=count)
        gains = _found(shown, keys, span, relevant)
        unit = None if user is None else pd.factorize(_array(user))[0]
        return cls(gains, relevant, shown, None, unit, catalogue)

    def take(self, rows: npt.ArrayLike) -> Ranked:
        """Some of the lists, by place or by a mask."""
        import numpy as np

        places = np.asarray(rows)
        if places.dtype != bool:
            places = places.astype(np.int64)
        return replace(
            self,
            gains=self.gains[places],
            relevant=self.relevant[places],
            items=None if self.items is None else self.items[places],
            ideal=None if self.ideal is None else self.ideal[places],
            unit=None if self.unit is None else self.unit[places],
        )

    def __len__(self) -> int:
        return int(self.relevant.size)

    def __repr__(self) -> str:
        return f"<Ranked {len(self):,} lists of at most {self.gains.shape[1]}>"


def _array(values: Any) -> Any:
    import numpy as np

    return values if hasattr(values, "dtype") else np.asarray(values, dtype=object)


def _order(rank: npt.ArrayLike | None, score: npt.ArrayLike | None) -> np.ndarray:
    if rank is not None:
        return floats(rank)
    if score is None:
        raise ValueError("pass the rank or the score of each item")
    return -floats(score)


def _positions(
    codes: np.ndarray, place: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rows in the order of lists and places, and each one's position from 0."""
    import numpy as np

    group, ahead = codes[rows], place[rows]
    step = np.diff(group)
    if not ((step > 0) | ((step == 0) & (np.diff(ahead) >= 0))).all():
        order = np.lexsort((ahead, group))
        rows, group = rows[order], group[order]
    first = np.flatnonzero(np.diff(group, prepend=-1))
    sizes = np.diff(np.append(first, group.size))
    return rows, np.arange(group.size) - np.repeat(first, sizes)


def _ideal(
    codes: np.ndarray, worth: np.ndarray, hits: np.ndarray, count: int, depth: int
) -> np.ndarray:
    """The gains of each list's best order."""
    import numpy as np

    rows, nth = _positions(codes, -worth, np.flatnonzero(hits))
    rows, nth = rows[nth < depth], nth[nth < depth]
    best = np.zeros((count, int(nth.max()) + 1 if nth.size else 0))
    best[codes[rows], nth] = worth[rows]
    return best


def _found(
    shown: np.ndarray, keys: np.ndarray, span: int, relevant: np.ndarray
) -> np.ndarray:
    """1 where the item shown is one of the list's relevant ones.

    Lists of few relevant items are compared with their first, second, ... all at once;
    those of many look theirs up.
    """
    import numpy as np

    gains = np.zeros(shown.shape, dtype=bool)
    first = np.append(0, np.cumsum(relevant))[:-1]
    items = keys % span
    fits = np.can_cast(np.min_scalar_type(span), shown.dtype)
    items = items.astype(shown.dtype) if fits else items
    for number in range(min(int(relevant.max(initial=0)), _FEW)):
        rows = np.flatnonzero((relevant > number) & (relevant <= _FEW))
        wanted = items[first[rows] + number][:, None]
        if rows.size == len(shown):
            gains |= shown == wanted
        elif rows.size:
            gains[rows] |= shown[rows] == wanted
    many = np.flatnonzero(relevant > _FEW)
    if many.size:
        asked = many[:, None] * span + shown[many]
        place = np.minimum(np.searchsorted(keys, asked), keys.size - 1)
        gains[many] = (keys[place] == asked) & (shown[many] >= 0)
    return gains.view(np.uint8)

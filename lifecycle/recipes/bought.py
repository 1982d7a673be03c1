"""What is bought together: a ranking of items for each customer."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["CoBought"]

CELLS = 4_000_000
SETTINGS = ("half_life", "neighbours", "own", "popular")


class CoBought:
    r"""Items that are bought by the same customers, newer purchases first.

    Follows scikit-learn: settings are stored as they are given, `fit` makes what ends
    in an underscore. A customer never seen is shown what sells best.

    Parameters
    ----------
    half_life : float
        Weeks in which the weight of a purchase halves, counted back from the newest.
    neighbours : int
        So many nearest items are kept of each; memory grows with it and not with the
        square of the catalogue.
    own : float
        Weight of what the customer has bought before: people buy again.
    popular : float
        Weight of what sells best.

    Attributes
    ----------
    items_, users_ : ndarray
        Known items and customers, sorted.
    neighbours_ : csr_array of shape (n_items, n_items)
        At most `neighbours` a row.
    history_ : csr_array of shape (n_users, n_items)
    popular_ : ndarray of shape (n_items,)
        Sum of the weights of an item's buyers, per that of the best seller.

    Notes
    -----
    With :math:`m_{ui} \le 1` the weight of customer :math:`u` on item :math:`i` (the
    sum over the weeks of purchase, of ages :math:`a` in weeks, of :math:`2^{-a/h}`;
    above 1 it counts as 1), items are as near as

    .. math:: c_{ij} = \sum_u \sqrt{m_{ui} m_{uj}}
        \Big/ \sqrt{\textstyle\sum_u m_{ui} \sum_u m_{uj}},

    and a customer's score of an item is :math:`\sum_i h_{ui} c_{ij}` per its largest,
    plus `own` times :math:`h_{uj}` per its largest, plus `popular` times the item's
    popularity; :math:`h` is the same sum without the bound at 1.

    References
    ----------
    B. Sarwar et al., "Item-based collaborative filtering recommendation algorithms",
    WWW 2001. Y. Ding and X. Li, "Time weight collaborative filtering", CIKM 2005.

    Examples
    --------
    >>> days = ["2024-01-01", "2024-01-01", "2024-01-02", "2024-01-02", "2024-01-03"]
    >>> people, things = list("aabbc"), ["tea", "pot", "tea", "pot", "tea"]
    >>> model = CoBought(own=0.0).fit(people, things, days)
    >>> model.recommend(["c", "nobody"], k=1).tolist()
    [['pot'], ['tea']]
    """

    items_: np.ndarray
    users_: np.ndarray
    neighbours_: Any
    history_: Any
    popular_: np.ndarray

    def __init__(
        self,
        *,
        half_life: float = 8.0,
        neighbours: int = 100,
        own: float = 1.0,
        popular: float = 0.3,
    ) -> None:
        self.half_life = half_life
        self.neighbours = neighbours
        self.own = own
        self.popular = popular

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The settings by name, as scikit-learn asks for them."""
        return {name: getattr(self, name) for name in SETTINGS}

    def set_params(self, **settings: Any) -> CoBought:
        """Change settings by name.

        Raises
        ------
        ValueError
            When there is no such setting.
        """
        for name, value in settings.items():
            if name not in SETTINGS:
                raise ValueError(
                    f"CoBought has no setting {name!r}; use one of "
                    f"{', '.join(SETTINGS)}"
                )
            setattr(self, name, value)
        return self

    def fit(self, user: npt.ArrayLike, item: npt.ArrayLike, time: Any) -> CoBought:
        """Learn from purchases, one a row.

        Parameters
        ----------
        user, item : array-like of shape (n,)
            Who bought what; rows without either are left out.
        time : array-like of shape (n,)
            Moments of the purchases, all with a zone or all without.

        Returns
        -------
        CoBought
            Itself.

        Raises
        ------
        ValueError
            When the columns are not of the same rows, a moment is missing, no purchase
            is left, or a setting is out of its range.
        """
        import numpy as np

        self._check()
        users, items, weeks = _read(user, item, time)
        self.items_, codes = _coded(items)
        self.users_, self.history_ = _histories(
            users, codes, weeks, self.half_life, self.items_.size
        )
        bounded = self.history_.copy()
        bounded.data = np.minimum(bounded.data, 1.0)
        sold = np.asarray(bounded.sum(axis=0)).ravel()
        self.popular_ = sold / sold.max()
        bounded.data = np.sqrt(bounded.data)
        self.neighbours_ = _nearest(bounded, sold, self.neighbours)
        return self

    def with_purchases(
        self, user: npt.ArrayLike, item: npt.ArrayLike, time: Any
    ) -> CoBought:
        """The same knowledge of items, for customers as they are by now.

        Parameters
        ----------
        user, item, time : array-like of shape (n,)
            All purchases, as of `fit`; items unknown to it are left out.

        Returns
        -------
        CoBought
            Another one; what sells best is as it was at the fit.
        """
        self._fitted()
        users, items, weeks = _read(user, item, time)
        place = _places(self.items_, items)
        known = place >= 0
        made = copy.copy(self)
        made.users_, made.history_ = _histories(
            users[known], place[known], weeks[known], self.half_life, self.items_.size
        )
        return made

    def recommend(
        self,
        users: npt.ArrayLike,
        k: int = 20,
        *,
        allowed: npt.ArrayLike | None = None,
    ) -> np.ndarray:
        """The items each customer is to see, best first.

        Parameters
        ----------
        users : array-like of shape (n,)
        k : int
            Length of a list.
        allowed : array-like, optional
            Only these items: what can be delivered. Those nobody ever bought are in no
            list.

        Returns
        -------
        ndarray of shape (n, k)
            Fewer columns where fewer items are known or allowed. Of items of the same
            score the one that is first in `items_` comes first.

        Raises
        ------
        ValueError
            Before `fit`, for a `k` below 1, or when no allowed item was ever bought.
        """
        import numpy as np
        import pandas as pd

        self._fitted()
        if k < 1:
            raise ValueError(f"k must be 1 or more, got {k}")
        shown = np.arange(self.items_.size)
        if allowed is not None:
            place = _places(self.items_, pd.Series(allowed).to_numpy())
            shown = np.unique(place[place >= 0])
            if not shown.size:
                raise ValueError(
                    "none of the allowed items was ever bought; allow some of items_"
                )
        rows = _places(self.users_, pd.Series(users).to_numpy())
        near, popular = self.neighbours_[:, shown], self.popular * self.popular_[shown]
        width = min(k, shown.size)
        found = np.empty((rows.size, width), dtype=np.int64)
        step = max(1, CELLS // shown.size)
        for first in range(0, rows.size, step):
            part = rows[first : first + step]
            scores = np.tile(popular, (part.size, 1))
            known = np.flatnonzero(part >= 0)
            if known.size:
                history = self.history_[part[known]]
                scores[known] += _scaled(history @ near)
                scores[known] += self.own * _scaled(history[:, shown])
            found[first : first + step] = _first(scores, width)
        return np.asarray(self.items_[shown[found]])

    def _check(self) -> None:
        if not self.half_life > 0:
            raise ValueError(f"half_life must be above 0 weeks, got {self.half_life}")
        if self.neighbours < 1:
            raise ValueError(f"neighbours must be 1 or more, got {self.neighbours}")
        if not (self.own >= 0 and self.popular >= 0):
            raise ValueError(
                f"own and popular must be 0 or more, got {self.own} and {self.popular}"
            )

    def _fitted(self) -> None:
        if not hasattr(self, "neighbours_"):
            raise ValueError("this CoBought has seen no purchases; call fit first")

    def __repr__(self) -> str:
        words = ", ".join(f"{name}={getattr(self, name)!r}" for name in SETTINGS)
        return f"CoBought({words})"


def _read(
    user: npt.ArrayLike, item: npt.ArrayLike, time: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customers, items, and whole weeks before the newest purchase."""
    import numpy as np
    import pandas as pd

    users, items = pd.Series(user), pd.Series(item)
    moments = pd.Series(pd.to_datetime(pd.Series(time).array))
    sizes = {len(users), len(items), len(moments)}
    if len(sizes) > 1:
        raise ValueError(
            f"user, item and time must be of the same rows, got {sorted(sizes)}; pass "
            f"columns of one table"
        )
    kept = users.notna().to_numpy() & items.notna().to_numpy()
    if not kept.any():
        raise ValueError("there is no purchase with user and item to learn from")
    moments = moments[kept]
    if moments.isna().any():
        raise ValueError("time is missing in a purchase; leave such rows out")
    weeks = ((moments.max() - moments) // pd.Timedelta(weeks=1)).to_numpy()
    return users.to_numpy()[kept], items.to_numpy()[kept], weeks.astype(np.int64)


def _coded(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different values, sorted, and the place of each among them."""
    import numpy as np
    import pandas as pd

    codes, names = pd.factorize(values, sort=True)
    return np.asarray(names), codes.astype(np.int64)


def _places(names: np.ndarray, values: np.ndarray) -> np.ndarray:
    import numpy as np
    import pandas as pd

    return np.asarray(pd.Index(names).get_indexer(pd.Index(values)))


def _histories(
    users: np.ndarray, codes: np.ndarray, weeks: np.ndarray, half_life: float, size: int
) -> tuple[np.ndarray, Any]:
    """What each customer bought; several times within a week counts once."""
    import numpy as np
    import pandas as pd
    from scipy import sparse

    names, who = _coded(users)
    once = pd.DataFrame({"u": who, "i": codes, "w": weeks}).drop_duplicates()
    weights = np.exp2(-once["w"].to_numpy() / half_life)
    shape = (names.size, size)
    places = (once["u"].to_numpy(), once["i"].to_numpy())
    table = sparse.coo_array((weights, places), shape=shape).tocsr()
    table.sum_duplicates()
    return names, table


def _nearest(roots: Any, sold: np.ndarray, neighbours: int) -> Any:
    """The cosines of the nearest items of each, a block of items at a time."""
    import numpy as np
    from scipy import sparse

    size = roots.shape[1]
    scale = 1 / np.sqrt(np.maximum(sold, np.finfo(float).tiny))
    scaled = (roots @ sparse.diags_array(scale)).tocsr()
    turned = scaled.T.tocsr()
    step = max(1, CELLS // size)
    columns, values, ends = [], [], [0]
    for first in range(0, size, step):
        found = (turned[first : first + step] @ scaled).tocsr()
        found.sort_indices()
        for row, (begin, end) in enumerate(pairwise(found.indptr.tolist()), first):
            column, value = found.indices[begin:end], found.data[begin:end]
            near = np.argsort(-value, kind="stable")[: neighbours + 1]
            near = near[column[near] != row][:neighbours]
            columns.append(column[near])
            values.append(value[near])
            ends.append(ends[-1] + near.size)
    parts = (np.concatenate(values), np.concatenate(columns), np.array(ends))
    return sparse.csr_array(parts, shape=(size, size))


def _scaled(table: Any) -> np.ndarray:
    """Each row per its largest value."""
    import numpy as np

    dense = table.toarray()
    largest = dense.max(axis=1, keepdims=True)
    return np.asarray(dense / np.where(largest > 0, largest, 1.0))


def _first(scores: np.ndarray, width: int) -> np.ndarray:
    """Places of the largest of each row; of equal ones the first."""
    import numpy as np

    places = np.arange(scores.shape[1])
    if width == scores.shape[1]:
        return np.argsort(-scores, axis=1, kind="stable")
    least = -np.partition(-scores, width - 1, axis=1)[:, width - 1 : width]
    surely, ties = scores > least, scores == least
    room = width - surely.sum(axis=1, keepdims=True)
    kept = surely | (ties & (np.cumsum(ties, axis=1) <= room))
    chosen = np.broadcast_to(places, scores.shape)[kept].reshape(-1, width)
    worth = np.take_along_axis(scores, chosen, axis=1)
    return np.take_along_axis(chosen, np.argsort(-worth, axis=1, kind="stable"), axis=1)

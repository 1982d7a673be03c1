"""Drawing rows for people to label: by chance, with a probability that is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import markup

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["By", "Draw", "draw"]

By = Literal["random", "uncertainty", "segment"]
_BANDS = 5
_LEAST = 2  # rows of a stratum: one alone says nothing of the spread in it


@dataclass(frozen=True, eq=False)
class Draw:
    """Rows drawn for labelling, and how likely each was to be.

    Parameters
    ----------
    by : {"random", "uncertainty", "segment"}
    seed : int
    rows : DataFrame of n rows
        `id`, `stratum` and `inclusion`, in an order of chance.
    strata : tuple of (str, int, int)
        Name, how many rows there are, and how many were drawn.
    """

    by: By
    seed: int
    rows: pd.DataFrame = field(repr=False)
    strata: tuple[tuple[str, int, int], ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def summary(self) -> str:
        """What was drawn, in a sentence."""
        total = sum(count for _, count, _ in self.strata)
        how = {
            "random": "by chance alone",
            "uncertainty": "more where the model is unsure",
            "segment": "as many of each segment as there are",
        }[self.by]
        return f"{len(self):,} of {total:,} rows were drawn, {how}."

    def frame(self) -> pd.DataFrame:
        """The rows, with their probability of being drawn."""
        return self.rows.copy()

    def __repr__(self) -> str:
        return f"<Draw {self.summary}>"

    def _repr_html_(self) -> str:
        lines = [
            [name, f"{drawn:,} of {count:,}", markup.number(drawn / count, "%")]
            for name, count, drawn in self.strata
        ]
        return str(markup.table(["Stratum", "Drawn", "Probability"], lines))


def draw(
    rows: pd.DataFrame,
    n: int,
    *,
    by: By = "random",
    seed: int = 0,
    segment: str = "",
    wrong: npt.ArrayLike | None = None,
) -> Draw:
    r"""Draw rows for labelling so that what comes back speaks for all rows.

    Parameters
    ----------
    rows : DataFrame of shape (m, n_columns)
        With `id`, each once, and the column of `segment`.
    n : int
        How many; all of them where there are not more.
    by : {"random", "uncertainty", "segment"}
        By chance alone; more of those where the model is unsure; or as many of each
        segment, so that each can be told of.
    seed : int
        The same seed draws the same rows, whatever order they come in.
    segment : str
        The column whose values are the segments. The rarest are put together where
        there are too many for two rows each.
    wrong : array-like of shape (m,), optional
        How probable it is that each row's prediction is wrong, by the model itself;
        asked for by "uncertainty". `nan` where it does not say.

    Returns
    -------
    Draw
        Every row could have been drawn: no probability is 0.

    Raises
    ------
    ValueError
        When n is below 2, an id is there twice, or what `by` needs is missing.

    Notes
    -----
    Stratum by stratum at random, without replacement: :math:`\pi = n_h / N_h`. The
    strata of "uncertainty" are bands of equal size of the probability :math:`q` of
    being wrong, and get rows by :math:`N_h \sqrt{\bar q_h (1-\bar q_h)}`, which gives
    the share of wrong ones the smallest variance if the model is right about itself,
    and leaves it without bias if it is not.

    References
    ----------
    J. Neyman, "On the two different aspects of the representative method", JRSS 97
    (1934).

    Examples
    --------
    >>> import pandas as pd
    >>> leads = pd.DataFrame({"id": list("abcdefgh")})
    >>> leads["plan"] = ["free"] * 6 + ["pro"] * 2
    >>> draw(leads, 4, by="segment", segment="plan").strata
    (('plan=free', 6, 2), ('plan=pro', 2, 2))
    """
    import numpy as np

    if n < _LEAST:
        raise ValueError(f"n must be {_LEAST} or more, got {n}; one row says nothing")
    if rows["id"].duplicated().any():
        raise ValueError("an id is there twice; draw from rows with an id of their own")
    order = np.argsort(rows["id"].astype(str).to_numpy(dtype=object), kind="stable")
    table = rows.iloc[order]
    doubt = None if wrong is None else np.asarray(wrong, dtype=float)[order]
    names, weights = _strata(table, n, by=by, segment=segment, doubt=doubt)
    found, codes = np.unique(names, return_inverse=True)
    sizes = np.bincount(codes)
    shares = _dealt(min(n, len(table)), sizes, np.array([weights[k] for k in found]))
    rng = np.random.default_rng(seed)
    picked = [
        rng.choice(np.flatnonzero(codes == code), size=count, replace=False)
        for code, count in enumerate(shares)
    ]
    places = rng.permutation(np.concatenate(picked)) if picked else np.empty(0, int)
    made = table[["id"]].iloc[places].reset_index(drop=True)
    inclusion = (shares / sizes)[codes[places]] if len(sizes) else np.empty(0)
    told = tuple(
        (str(name), int(size), int(count))
        for name, size, count in zip(found, sizes, shares, strict=True)
    )
    return Draw(by, seed, made.assign(stratum=names[places], inclusion=inclusion), told)


def _strata(
    table: pd.DataFrame, n: int, *, by: By, segment: str, doubt: np.ndarray | None
) -> tuple[np.ndarray, dict[Any, float]]:
    """The stratum of each row, and how many rows of it are wanted, in proportion."""
    import numpy as np

    if by == "random":
        return np.full(len(table), "all", dtype=object), {"all": 1.0}
    most = max(1, n // _LEAST)
    if by == "segment":
        if segment not in table:
            raise ValueError(
                f"there is no column {segment!r} to draw by; name one with segment="
            )
        values = table[segment].astype(object).where(table[segment].notna(), "missing")
        told = np.array([_line(f"{segment}={each}") for each in values], dtype=object)
        kinds, counts = np.unique(told.astype(str), return_counts=True)
        ranked = kinds[np.lexsort((kinds, -counts))]
        if len(ranked) > most:
            rare = set(ranked[most - 1 :])
            told = np.array(
                ["others" if each in rare else each for each in told], object
            )
        return told, dict.fromkeys(told, 1.0)
    if by != "uncertainty":
        raise ValueError(f"by must be random, uncertainty or segment, got {by!r}")
    if doubt is None:
        raise ValueError(
            "how probable each prediction is wrong is not given; name wrong=, or draw "
            "by random"
        )
    return _bands(doubt, min(_BANDS, most))


def _bands(doubt: np.ndarray, most: int) -> tuple[np.ndarray, dict[Any, float]]:
    import numpy as np

    silent = np.isnan(doubt)
    count = max(1, most - bool(silent.any()))
    known = doubt[~silent]
    edges = (
        np.unique(np.quantile(known, np.linspace(0, 1, count + 1)[1:-1]))
        if len(known)
        else np.empty(0)
    )
    names = np.full(len(doubt), "no score", dtype=object)
    place = np.searchsorted(edges, known, side="right")
    names[~silent] = [f"doubt {each + 1}" for each in place]
    weights: dict[Any, float] = {}
    for name in dict.fromkeys(names):
        q = 0.5 if name == "no score" else float(doubt[names == name].mean())
        weights[name] = float((names == name).sum()) * max(q * (1 - q), 1e-4) ** 0.5
    return names, weights


def _dealt(n: int, sizes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """How many rows of each stratum: at least two, at most all, n together."""
    import numpy as np

    dealt = np.minimum(sizes, _LEAST)
    while dealt.sum() < n:
        free = dealt < sizes
        wanted = np.where(free, weights, 0.0)
        wanted = wanted / wanted.sum() * n
        behind = np.where(free, wanted - dealt, -np.inf)
        dealt[int(np.argmax(behind))] += 1
    return dealt


def _line(text: str) -> str:
    return markup.one_line(text, most=60)

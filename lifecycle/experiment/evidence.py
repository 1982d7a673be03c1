"""What a trial goes by: keys served by one of two versions, or scored by both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import intervals

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Arms", "Kind", "Metric", "Pairs"]

Kind = Literal["binary", "mean", "ratio"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What two versions are compared by; to be fixed before the start.

    Parameters
    ----------
    name : str
        What it is called.
    kind : {"binary", "mean", "ratio"}
        A share of keys; a mean a key; a sum out of another sum.
    better : {"high", "low"}
        Which side is good.
    unit : str
        "%" for shares shown in percent, a currency, or empty.
    cap : float, optional
        Of a mean: larger values count as this much. A mean of capped values needs no
        assumption about their tails; without a cap the intervals hold in the limit.
    usual : float, optional
        The metric's level before the trial, from rows that are not compared.
    spread : float, optional
        Its variance a key before the trial; of pairs, that of the differences.

    Examples
    --------
    >>> Metric("conversion", unit="%", usual=0.03).exact
    True
    >>> Metric("order value", "mean", unit="USD").exact
    False
    """

    name: str
    kind: Kind = "binary"
    better: Literal["high", "low"] = "high"
    unit: str = ""
    cap: float | None = None
    usual: float | None = None
    spread: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("binary", "mean", "ratio"):
            raise ValueError(
                f"kind must be binary, mean or ratio, got {self.kind!r}; use one"
            )
        if self.better not in ("high", "low"):
            raise ValueError(
                f"better must be high or low, got {self.better!r}; use one"
            )
        if self.cap is not None and (self.kind != "mean" or not self.cap > 0):
            raise ValueError(
                f"cap must be above 0 and of a mean, got {self.cap} of a {self.kind}; "
                "leave it out"
            )
        if self.spread is not None and not self.spread > 0:
            raise ValueError(f"spread must be above 0, got {self.spread}; leave it out")

    @property
    def exact(self) -> bool:
        """Whether its values are bounded, so that bets refute without assumptions."""
        return self.kind == "binary" or self.cap is not None

    @property
    def shown(self) -> str:
        """The unit in which it is shown."""
        return "%" if self.kind == "binary" and not self.unit else self.unit

    @property
    def most(self) -> float:
        """The largest value of a bounded one."""
        return 1.0 if self.cap is None else self.cap


@dataclass(frozen=True, eq=False)
class Arms:
    """Keys that one of two versions served, and what became of each.

    Each key is served by the experimental version with its share's probability,
    whatever became of the others. A key whose outcome is not due yet does not belong
    here: it has not failed. Missing values are left out.

    Parameters
    ----------
    values : array-like of float, shape (n,)
        What each key brought: 0 or 1, an amount, or the upper sum of a ratio.
    experimental : array-like of bool, shape (n,)
        Which were served by the experimental version.
    share : float or array-like of shape (n,)
        The share of the traffic that it had when each was served, within 0 and 1.
    per : array-like of float, shape (n,), optional
        Of a ratio: what each key adds to the lower sum.
    looks : array-like of str, shape (n,), optional
        When each came in, as a label that sorts as text (its week); all at one look
        where not given.

    Raises
    ------
    ValueError
        When the arrays are not of the same rows, or a share is out of range.

    Examples
    --------
    >>> Arms([1, 0, 1, 1], [False, False, True, True], share=0.5)
    <Arms: 2 keys on trial, 2 in production, 1 look>
    """

    values: Any
    experimental: Any
    share: Any = field(kw_only=True)
    per: Any = field(default=None, kw_only=True)
    looks: Any = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        import numpy as np

        values = intervals.floats(self.values)
        held: dict[str, np.ndarray] = {
            "values": values,
            "experimental": np.asarray(self.experimental, dtype=bool),
            "share": np.broadcast_to(np.asarray(self.share, dtype=float), values.shape)
            if np.ndim(self.share) == 0
            else np.asarray(self.share, dtype=float),
            "looks": _labels(self.looks, values.size),
        }
        if self.per is not None:
            held["per"] = intervals.floats(self.per)
        _same_rows(held, values.size)
        if not ((held["share"] > 0) & (held["share"] < 1)).all():
            raise ValueError("share must lie within 0 and 1; leave out what all got")
        known = np.isfinite(values)
        if self.per is not None:
            known &= np.isfinite(held["per"])
        _settle(self, held, known)

    def __len__(self) -> int:
        return int(self.values.size)

    def __repr__(self) -> str:
        mine = int(self.experimental.sum())
        looks = len(set(self.looks.tolist()))
        return (
            f"<Arms: {mine:,} keys on trial, {len(self) - mine:,} in production, "
            f"{looks} look{'' if looks == 1 else 's'}>"
        )


@dataclass(frozen=True, eq=False)
class Pairs:
    """Keys that both versions scored, whoever served them, and what each is worth.

    For metrics that do not depend on what was done about a prediction: whether it was
    right, where the outcome comes all the same. What customers did about what they were
    shown is not known of the version that did not show it.

    Parameters
    ----------
    experimental, production : array-like of float, shape (n,)
        Of the same keys: whether (or how much) each version was right. Rows where
        either is missing are left out.
    looks : array-like of str, shape (n,), optional
        As in `Arms`.

    Examples
    --------
    >>> Pairs([1, 1, 0], [1, 0, 0])
    <Pairs: 3 keys scored by both, 1 look>
    """

    experimental: Any
    production: Any
    looks: Any = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        import numpy as np

        mine = intervals.floats(self.experimental)
        held: dict[str, np.ndarray] = {
            "experimental": mine,
            "production": intervals.floats(self.production),
            "looks": _labels(self.looks, mine.size),
        }
        _same_rows(held, mine.size)
        _settle(self, held, np.isfinite(mine) & np.isfinite(held["production"]))

    def __len__(self) -> int:
        return int(self.experimental.size)

    def __repr__(self) -> str:
        looks = len(set(self.looks.tolist()))
        return (
            f"<Pairs: {len(self):,} keys scored by both, {looks} "
            f"look{'' if looks == 1 else 's'}>"
        )


def _labels(looks: Any, size: int) -> np.ndarray:
    import numpy as np

    if looks is None:
        return np.full(size, "", dtype=object)
    return np.array([str(each) for each in np.asarray(looks, dtype=object)], object)


def _same_rows(held: dict[str, np.ndarray], size: int) -> None:
    for name, column in held.items():
        if column.shape != (size,):
            raise ValueError(
                f"{name} has {column.size} values for {size} keys; give one a key"
            )


def _settle(evidence: Arms | Pairs, held: dict[str, np.ndarray], known: Any) -> None:
    """Keep what is known, look by look, sorted within: there the order says nothing."""
    import numpy as np

    inner = [column[known] for name, column in held.items() if name != "looks"]
    order = np.lexsort((*inner, held["looks"][known].astype(str)))
    for name, column in held.items():
        object.__setattr__(evidence, name, column[known][order])

"""Packing: a class and how sure of it a model is, as one number a row.

Whatever keeps, times, routes and compares answers knows one number a row. Of several
classes it is the class's code plus its probability: 3.87 is the fourth class at 87%.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["pack", "parted", "recoded"]

_BELOW_ONE = 1.0 - 2.0**-30  # a certain answer must not become the next class


def pack(codes: npt.ArrayLike, confidence: npt.ArrayLike) -> np.ndarray:
    """One number a row of the classes and their probabilities.

    Parameters
    ----------
    codes : array-like of int, shape (n,)
        0 or more.
    confidence : array-like of shape (n,)
        Between 0 and 1; `nan` where there is no answer.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> pack([3, 0], [0.87, 1.0]).round(6).tolist()
    [3.87, 1.0]
    >>> [each.round(6).tolist() for each in parted(pack([3, 0], [0.87, 1.0]))]
    [[3.0, 0.0], [0.87, 1.0]]
    """
    import numpy as np

    sure = np.clip(np.asarray(confidence, dtype=float), 0.0, 1.0)
    packed: np.ndarray = np.asarray(codes, dtype=float) + sure * _BELOW_ONE
    return packed


def parted(raw: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The codes, as floats, and the probabilities of packed answers.

    Parameters
    ----------
    raw : array-like of shape (n,)
        Of `pack`; plain codes have the probability 0. `nan` stays `nan`.
    """
    import numpy as np

    told = np.asarray(raw, dtype=float)
    codes = np.floor(told)
    return codes, (told - codes) / _BELOW_ONE


def recoded(
    raw: npt.ArrayLike, own: Sequence[str], common: Sequence[str]
) -> np.ndarray:
    """Packed answers of one list of classes, in the codes of another.

    Parameters
    ----------
    raw : array-like of shape (n,)
    own : sequence of str
        The classes by their code in `raw`.
    common : sequence of str
        The classes by their new code. One that is not among them gets a code of its
        own behind them: it is no class of theirs, and never right.

    Examples
    --------
    >>> raw = pack([0, 1], [0.5, 0.5])
    >>> parted(recoded(raw, ["card", "loan"], ["loan"]))[0].tolist()
    [1.0, 0.0]
    """
    import numpy as np

    codes, sure = parted(raw)
    place = {name: code for code, name in enumerate(common)}
    more = [name for name in own if name not in place]
    place |= {name: len(common) + at for at, name in enumerate(more)}
    table = np.array([place[name] for name in own], dtype=float)
    there = ~np.isnan(codes)
    found = np.full(codes.shape, np.nan)
    found[there] = table[codes[there].astype(np.int64)]
    return pack(found, sure)

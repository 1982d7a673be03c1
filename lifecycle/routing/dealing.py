"""Dealing: which role serves an id, the same each time and everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["assign", "check", "chosen"]

_SPACE = 2**64


def assign(ids: Iterable[Any], shares: Mapping[str, float], *, salt: str) -> np.ndarray:
    """The role that serves each id.

    The same id gets the same role, on every machine and in every order. Production
    (or, without one, the role with the largest share) has what the others leave, so
    that widening another role moves only those it must, and nobody else.

    Parameters
    ----------
    ids : iterable of n ids
        Compared as text: 7 and "7" are the same id. Texts are dealt fastest as an
        Arrow array.
    shares : mapping of role to share
        Between 0 and 1, adding up to 1.
    salt : str
        Usually the model's name; another salt deals anew.

    Returns
    -------
    ndarray of str, shape (n,)

    Raises
    ------
    ValueError
        When the shares are not shares.

    Notes
    -----
    SipHash-2-4 of the id in UTF-8, under a key made of the salt (the 16 hexadecimal
    digits of its BLAKE2b with a digest of 8 bytes), and the last step of SplitMix64,
    as a number in [0, 1): what `pandas.util.hash_array` gives for texts. The first of
    the other roles, in the order of the alphabet, takes the lower end, the rest the
    upper end downwards.

    References
    ----------
    J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", 2012.
    G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number
    generators", OOPSLA 2014.

    Examples
    --------
    >>> shares = {"production": 0.9, "experimental": 0.1}
    >>> roles = assign(range(1000), shares, salt="leads")
    >>> int((roles == "experimental").sum())
    99
    """
    import numpy as np

    spans = _spans(shares)
    points = _points(ids, salt)
    width = max(map(len, spans))
    roles = np.full(points.size, _rest(shares), dtype=f"<U{width}")
    for role, (start, end) in spans.items():
        if start < end:
            inside = (points >= start) & (points <= end - 1)
            roles[inside] = role
    return roles


def chosen(ids: Iterable[Any], share: float, *, salt: str) -> npt.NDArray[np.bool_]:
    """Whether each id is dealt to the experimental role, where production has the rest.

    What `assign` says with these two shares, without looking at them anew.

    Parameters
    ----------
    ids : iterable of n ids
    share : float
        Of the experimental role, between 0 and 1.
    salt : str

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> int(chosen(range(1000), 0.1, salt="leads").sum())
    99
    """
    import numpy as np

    points = _points(ids, salt)
    size = round(share * _SPACE)
    if not size:
        return np.zeros(points.size, dtype=bool)
    return np.asarray(points <= size - 1)


def check(shares: Mapping[str, float]) -> None:
    """Refuse what are no shares.

    Raises
    ------
    ValueError
        When there are none, one is not between 0 and 1, or they do not add up to 1.
    """
    if not shares:
        raise ValueError("shares name no role; give production the share 1")
    for role, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(
                f"the share of {role!r} must lie between 0 and 1, got {share}; mend it"
            )
    total = sum(shares.values())
    if not math.isclose(total, 1, abs_tol=1e-6):
        raise ValueError(
            f"shares must add up to 1, got {total:g}; give production the rest"
        )


def _rest(shares: Mapping[str, float]) -> str:
    if "production" in shares:
        return "production"
    return max(sorted(shares), key=lambda role: shares[role])


def _spans(shares: Mapping[str, float]) -> dict[str, tuple[int, int]]:
    """From where to where each role reaches, the end not included."""
    check(shares)
    rest = _rest(shares)
    spans = {rest: (0, 0)}
    top = _SPACE
    for place, role in enumerate(sorted(set(shares) - {rest})):
        size = round(shares[role] * _SPACE)
        if place == 0:
            spans[role] = (0, size)
        else:
            spans[role] = (max(0, top - size), top)
            top = max(0, top - size)
    return spans


def _points(ids: Iterable[Any], salt: str) -> npt.NDArray[np.uint64]:
    import numpy as np
    import pandas as pd

    column = _encoded(ids)
    if column is None:
        texts = [each if type(each) is str else str(each) for each in ids]
        column = np.empty(len(texts), dtype=object)
        column[:] = texts
    key = _key(salt)
    try:
        found = pd.util.hash_array(column, hash_key=key, categorize=False)
    except UnicodeEncodeError:  # half a surrogate pair is an id like any other
        column[:] = [text.encode("utf-8", "surrogatepass") for text in texts]
        found = pd.util.hash_array(column, hash_key=key, categorize=False)
    return np.asarray(found, dtype=np.uint64)


def _encoded(ids: Iterable[Any]) -> npt.NDArray[np.object_] | None:
    """Texts of Arrow as the bytes that they are there; None for anything else."""
    import numpy as np
    import pyarrow as pa

    if isinstance(ids, pa.StringArray):
        found = ids.cast(pa.binary())
    elif isinstance(ids, pa.LargeStringArray):
        found = ids.cast(pa.large_binary())
    else:
        return None
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=object)


@lru_cache(maxsize=256)
def _key(salt: str) -> str:
    return blake2b(salt.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

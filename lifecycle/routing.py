"""Routing: who is served by which version, and whether the traffic agrees."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["assign", "sample_ratio"]

_SPACE = 2**64


def assign(ids: Iterable[Any], shares: Mapping[str, float], *, salt: str) -> np.ndarray:
    """The role that serves each id.

    The same id gets the same role, on every machine and in every order. Production
    (or, without one, the role with the largest share) has what the others leave, so
    that widening another role moves only those it must, and nobody else.

    Parameters
    ----------
    ids : iterable of n ids
        Compared as text: 7 and "7" are the same id.
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
    BLAKE2b of salt and id as a number in [0, 1). The first of the other roles, in the
    order of the alphabet, takes the lower end, the rest the upper end downwards.

    Examples
    --------
    >>> shares = {"production": 0.9, "experimental": 0.1}
    >>> roles = assign(range(1000), shares, salt="leads")
    >>> int((roles == "experimental").sum())
    99
    """
    import numpy as np

    spans = _spans(shares)
    points = np.fromiter((_point(salt, each) for each in ids), dtype=np.uint64)
    width = max(map(len, spans))
    roles = np.full(points.size, _rest(shares), dtype=f"<U{width}")
    for role, (start, end) in spans.items():
        if start < end:
            inside = (points >= start) & (points <= end - 1)
            roles[inside] = role
    return roles


def sample_ratio(counts: Mapping[str, int], shares: Mapping[str, float]) -> float:
    """How likely the traffic seen is, if it was dealt by the shares.

    A tiny value (below 0.001 by custom) says that rows were lost or dealt wrongly, and
    that the roles must not be compared. Undefined, and therefore `nan`, without rows or
    when only one role has a share.

    Parameters
    ----------
    counts : mapping of role to rows
        A role that is not named had none.
    shares : mapping of role to share
        Between 0 and 1, adding up to 1.

    Returns
    -------
    float
        p-value of the chi-square goodness-of-fit test; 0 when a role without a share
        had rows.

    References
    ----------
    A. Fabijan et al., "Diagnosing sample ratio mismatch in online controlled
    experiments", KDD 2019.

    Examples
    --------
    >>> shares = {"production": 0.9, "experimental": 0.1}
    >>> round(sample_ratio({"production": 905, "experimental": 95}, shares), 3)
    0.598
    """
    from scipy.stats import chisquare

    _check(shares)
    served = {role: share for role, share in shares.items() if share > 0}
    if any(n and role not in served for role, n in counts.items()):
        return 0.0
    total = sum(counts.values())
    if not total or len(served) < 2:
        return math.nan
    seen = [counts.get(role, 0) for role in served]
    scale = total / sum(served.values())
    return float(chisquare(seen, [share * scale for share in served.values()]).pvalue)


def _check(shares: Mapping[str, float]) -> None:
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
    _check(shares)
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


def _point(salt: str, each: Any) -> int:
    from hashlib import blake2b

    # the length keeps salt "a" with id "bc" apart from salt "ab" with id "c"
    text = f"{len(salt)}:{salt}{each}"
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")

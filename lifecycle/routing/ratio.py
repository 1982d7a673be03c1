"""Sample ratio: whether the traffic seen is what the shares deal."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lifecycle.routing.dealing import check

__all__ = ["sample_ratio"]


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

    check(shares)
    served = {role: share for role, share in shares.items() if share > 0}
    if any(n and role not in served for role, n in counts.items()):
        return 0.0
    total = sum(counts.values())
    if not total or len(served) < 2:
        return math.nan
    seen = [counts.get(role, 0) for role in served]
    scale = total / sum(served.values())
    return float(chisquare(seen, [share * scale for share in served.values()]).pvalue)

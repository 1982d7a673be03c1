"""Whether the traffic was dealt as it should, asked as often as one likes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["sample_ratio"]

_WEIGHT = 100.0  # how near to the shares a wrong deal is thought to be


def sample_ratio(
    experimental: npt.ArrayLike, share: npt.ArrayLike, *, looks: npt.ArrayLike = ()
) -> np.ndarray:
    r"""How likely the traffic is, if it was dealt by the shares: valid at all looks.

    A tiny value (below 0.001 by custom) says that keys were lost or dealt wrongly, and
    that the versions must not be compared. Beside it stands `routing.sample_ratio`, the
    chi-square test of one look.

    Parameters
    ----------
    experimental : array-like of bool, shape (n,)
        Whom each key was given to, in order of time.
    share : float or array-like of shape (n,)
        The share of the experimental version at the time, within 0 and 1.
    looks : array-like of int, shape (k,), optional
        After how many keys it is asked; at the end where not given.

    Returns
    -------
    ndarray of float, shape (k,)
        p-values, never rising from look to look; 1 without keys.

    Raises
    ------
    ValueError
        When a share is out of range, or not one a key.

    Notes
    -----
    The mixture of all shares by a Beta distribution around the one that was set,
    against that one: :math:`E_t = \frac{B(a + x_t, b + t - x_t)}{B(a, b)\,p^{x_t}
    (1-p)^{t - x_t}}` with :math:`a = 100p` and :math:`b = 100(1 - p)`, a martingale of
    mean 1, so that :math:`P(\exists t: E_t \ge 1/\alpha) \le \alpha`. Where the share
    was changed the evidence of each is multiplied.

    References
    ----------
    M. Lindon and A. Malek, "Anytime-valid inference for multinomial count data",
    NeurIPS 2022, arXiv 2011.03567.

    Examples
    --------
    >>> import numpy as np
    >>> fair = np.arange(1000) % 10 == 0
    >>> float(sample_ratio(fair, 0.1)[0]), bool(sample_ratio(fair, 0.2)[0] < 0.001)
    (1.0, True)
    """
    import numpy as np
    from scipy.special import betaln

    dealt = np.asarray(experimental, dtype=bool)
    shares = np.broadcast_to(np.asarray(share, dtype=float), dealt.shape)
    if shares.size and not ((shares > 0) & (shares < 1)).all():
        raise ValueError("share must lie within 0 and 1; leave out what all got")
    counts = np.asarray([dealt.size] if np.size(looks) == 0 else looks, dtype=np.int64)
    found = np.zeros(counts.size)
    for p in np.unique(shares):
        inside = shares == p
        hits, misses = (
            np.concatenate([[0], np.cumsum(inside & each)])[counts]
            for each in (dealt, ~dealt)
        )
        a, b = _WEIGHT * p, _WEIGHT * (1 - p)
        found += betaln(a + hits, b + misses) - betaln(a, b)
        found -= hits * math.log(p) + misses * math.log1p(-p)
    told: np.ndarray = np.minimum.accumulate(np.exp(-np.maximum(found, 0.0)))
    return told

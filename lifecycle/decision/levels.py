"""What the paired differences of windows say of the newest: a level, and how sure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["level", "steps", "unrest"]

_NORMAL = 1.4826  # the deviation of a normal number by its median distance


def level(
    differences: npt.ArrayLike,
    variances: npt.ArrayLike,
    ages: npt.ArrayLike,
    *,
    usual: float,
    persistence: float,
) -> tuple[float, float]:
    r"""The gain a row as it stands in the newest window, and its variance.

    Without any window it is 0, with the variance of what is usual.

    Parameters
    ----------
    differences : array-like of shape (n,)
        Mean paired difference of each window, above 0 where the option is better.
    variances : array-like of shape (n,)
        Of each as a measurement of the level: of its rows, and between windows.
    ages : array-like of shape (n,)
        0 for the newest window.
    usual : float
        Deviation of a gain before anything is known of it.
    persistence : float
        Correlation of the gain with that of the next window, from 0 to 1.

    Returns
    -------
    gain, variance : float

    Notes
    -----
    The gain is taken as a level that wanders and returns to 0, seen through noise:
    :math:`x_u = g_u + e_u`, with :math:`\mathrm{Cov}(g_u, g_w) = \tau^2
    \rho^{|u - w|}` and :math:`\mathrm{Var}(e_u) = v_u`. The best linear estimate of
    :math:`g_0` from all windows, which is what a Kalman filter gives as well, is

    .. math::

        g = c' A^{-1} x, \quad v = \tau^2 - c' A^{-1} c, \quad
        A_{uw} = \tau^2 \rho^{|u - w|} + v_u [u = w], \quad
        c_u = \tau^2 \rho^{u}.

    It is nearer to 0 the less the windows say, and it forgets: old windows weigh less
    where the new ones are sharp.

    References
    ----------
    .. [1] Kalman (1960), A new approach to linear filtering and prediction problems.
    .. [2] Durbin and Koopman (2012), Time Series Analysis by State Space Methods,
       2nd edition, ch. 2 and 3.2.

    Examples
    --------
    >>> gain, variance = level([0.2], [0.01], [0], usual=0.1, persistence=0.95)
    >>> round(gain, 3), round(variance, 4)
    (0.1, 0.005)
    """
    import numpy as np

    seen = np.asarray(differences, dtype=float)
    if not seen.size:
        return 0.0, usual**2
    age = np.asarray(ages, dtype=float)
    both = usual**2 * persistence ** np.abs(age[:, None] - age[None, :])
    both += np.diag(np.asarray(variances, dtype=float) + 1e-12)
    now = usual**2 * persistence**age
    solved = np.linalg.solve(both, np.column_stack([seen, now]))
    gain, told = now @ solved
    return float(gain), max(float(usual**2 - told), 0.0)


def steps(differences: npt.ArrayLike, ages: npt.ArrayLike) -> np.ndarray:
    """How far each window lies from the one before it, without a sign.

    Examples
    --------
    >>> steps([0.25, 0.5, 0.0], [0, 1, 3])
    array([0.25])
    """
    import numpy as np

    age = np.asarray(ages, dtype=float)
    order = np.argsort(age, kind="stable")
    far = np.abs(np.diff(np.asarray(differences, dtype=float)[order]))
    found: np.ndarray = far[np.diff(age[order]) == 1]
    return found


def unrest(
    far: npt.ArrayLike, variances: npt.ArrayLike, *, least: float = 0.0
) -> float:
    r"""Variance between windows that their rows do not explain.

    Rows of a window share what happened in it, so that their number says too little of
    how far the window may lie from the next one.

    Parameters
    ----------
    far : array-like
        How far windows lie from the ones before them; see `steps`.
    variances : array-like
        Of the windows' means by their rows.
    least : float
        The least deviation to reckon with.

    Returns
    -------
    float

    Notes
    -----
    With :math:`m` the median of the steps, :math:`(1.4826\,m)^2/2` less the median
    variance, and no less than the floor squared. By the median one lasting jump is no
    unrest, and shocks in every other window are.

    References
    ----------
    .. [1] Rousseeuw and Croux (1993), Alternatives to the median absolute deviation.

    Examples
    --------
    >>> round(unrest([0.1, 0.1, 0.9], [0.001]), 4)
    0.01
    """
    import numpy as np

    moved = np.asarray(far, dtype=float)
    within = np.asarray(variances, dtype=float)
    if not moved.size or not within.size:
        return least**2
    between = (_NORMAL * float(np.median(moved))) ** 2 / 2 - float(np.median(within))
    return max(between, 0.0) + least**2

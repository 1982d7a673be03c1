"""The year's budget of false rollbacks, cut into those of single guards."""

from __future__ import annotations

__all__ = ["share"]


def share(per_year: float, *, guards: int, releases: float) -> float:
    r"""The probability of a false rollback that one guard of one release may have.

    Parameters
    ----------
    per_year : float
        False rollbacks a model and year, when nothing is wrong.
    guards : int
        That may roll a release back.
    releases : float
        A model has at most so many a year.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When one of them is not above 0.

    Notes
    -----
    By the union bound: whatever the guards have to do with each other, of
    :math:`R` releases with :math:`k` guards of level :math:`\alpha` each the expected
    number of false rollbacks is :math:`R k \alpha` at most.

    Examples
    --------
    >>> round(share(0.01, guards=5, releases=26), 7)
    7.69e-05
    """
    if not (per_year > 0 and guards > 0 and releases > 0):
        raise ValueError(
            "the budget, the guards and the releases must be above 0, got "
            f"{per_year}, {guards} and {releases}"
        )
    return per_year / (guards * releases)

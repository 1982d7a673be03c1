"""What acting may put at stake: what it has earned, and a small share of the bill."""

from __future__ import annotations

import math

from lifecycle.decision.policy import Policy

__all__ = ["reserve"]


def reserve(
    first: float, served: float, paid: float = 0.0, *, policy: Policy | None = None
) -> float:
    r"""What the course of a model has earned against never acting, and the allowance.

    The argument `balance` of `weigh` and `rule`. An action whose price it covers needs
    `probability`, any other `unearned_probability`: so a course of many actions comes
    hardly dearer than the first version would have, whatever the data do.

    Parameters
    ----------
    first : float
        What the errors of the first version would have cost since it went live, in
        money: its losses in shadow, on the rows whose outcome is known.
    served : float
        What the errors of the versions that served cost, on the same rows.
    paid : float
        The prices of all actions since then.
    policy : Policy, optional
        Its `allowance` is the share of the first version's bill.

    Returns
    -------
    float
        In money; below 0 where acting has cost more than the allowance.

    Raises
    ------
    ValueError
        When a bill is negative or no number.

    Notes
    -----
    With the first version's bill :math:`F`, the bill there was :math:`B`, prices
    :math:`P` and the allowance :math:`\alpha` it is :math:`F - B - P + \alpha F`. To
    stay near the cost of a fixed course by paying for risks from what was gained on it
    is the idea of conservative exploration.

    References
    ----------
    .. [1] Wu, Shariff, Lattimore and Szepesvári (2016), Conservative bandits.

    Examples
    --------
    >>> reserve(10_000, 8_000, 1_500)
    600.0
    """
    for name, bill in (("first", first), ("served", served), ("paid", paid)):
        if not 0 <= bill < math.inf:
            raise ValueError(f"the bill {name} must be 0 or more, got {bill}; mend it")
    share = (policy or Policy()).allowance
    return float(first - served - paid + share * first)

"""When to ask for a ruling, and with how many fits: evidence has its price too."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from lifecycle import markup
from lifecycle.decision.looks import looks as looks_of
from lifecycle.decision.moves import kept as kept_of
from lifecycle.decision.moves import move
from lifecycle.decision.value import Costs, Policy
from lifecycle.decision.words import money, some
from lifecycle.findings import Finding, Findings, Verdict
from lifecycle.training import Backtest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Asking", "ask"]

FARTHEST = -30.0
"""So many spreads below its price nothing is at stake, whatever the units."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Whether to ask for a ruling now, with which fits, and when next.

    Parameters
    ----------
    now : bool
        Whether to ask.
    windows : int
        How many of the newest windows to test on; of the smallest look where the
        answer is to wait.
    recipes : tuple of str
        Which to fit, the model's own first.
    spans : tuple of int or None
        On how many chunks; None is all.
    fits : int
        That such a look has to make, without those that are kept.
    price : float
        What they cost.
    stake : float
        What a week may lose as long as nobody looks, in `currency`.
    budget : float
        The most a look may cost: the share that it is expected to save of what has been
        at stake since the last one.
    next_in : float
        Weeks until the next look.
    n : int
        Rows behind the stake.
    currency : str
    summary : str
        All that in a sentence.

    Examples
    --------
    >>> costs = Costs(1_500, 80_000, error=10, fit=2)
    >>> ask(costs=costs, rows_per_week=400, recipes=["own"], spans=[8, 13], loss=0.25,
    ...     reference=0.12, weeks_since=1, windows=2)
    <Asking now: 4 fits for $8, at stake $418 a week>
    """

    now: bool
    windows: int
    recipes: tuple[str, ...]
    spans: tuple[int | None, ...]
    fits: int
    price: float
    stake: float
    budget: float
    next_in: float
    n: int = 0
    currency: str = "USD"
    summary: str = ""

    @property
    def verdict(self) -> Verdict:
        """Alert where it is time to ask, else quiet."""
        return "alert" if self.now else "quiet"

    @property
    def findings(self) -> Findings:
        """The stake a week and what the look costs."""
        rows = (
            Finding(
                "budget",
                self.budget,
                self.n,
                threshold=self.price,
                verdict=self.verdict,
                unit=self.currency,
            ),
            Finding("stake_per_week", self.stake, self.n, unit=self.currency),
        )
        return Findings("Time to ask", rows, self.summary)

    def frame(self) -> pd.DataFrame:
        """One row."""
        import pandas as pd

        return pd.DataFrame([self.facts()])

    def facts(self) -> dict[str, Any]:
        """The answer as plain values, for a result record."""
        told = {"recipes": list(self.recipes), "spans": list(self.spans)}
        return {**asdict(self), **told}

    def __repr__(self) -> str:
        state = "now" if self.now else f"in {_weeks(self.next_in)}"
        stake = money(self.stake, self.currency)
        return (
            f"<Asking {state}: {_fits(self.fits)} for "
            f"{money(self.price, self.currency)}, at stake {stake} a week>"
        )

    def _repr_html_(self) -> str:
        head = markup.Html(f"<h3>Time to ask {markup.badge(self.verdict)}</h3>")
        return markup.join([head, markup.paragraph(self.summary, kind="summary")])


def ask(
    table: Backtest | pd.DataFrame | None = None,
    *,
    costs: Costs,
    rows_per_week: float,
    recipes: Sequence[str],
    spans: Sequence[int | None],
    windows: int = 4,
    loss: float | None = None,
    loss_variance: float = 0.0,
    reference: float | None = None,
    reference_variance: float = 0.0,
    n: int = 0,
    weeks_since: float | None = None,
    kept: Collection[tuple[str, int | None, int]] | None = None,
    every: float = 4,
    share: float = 0.25,
    usual: float = 0.05,
    horizon_weeks: float = 26,
    currency: str = "USD",
    policy: Policy | None = None,
) -> Asking:
    r"""Whether the fits of a back-test are worth their price now.

    A look is taken as soon as it costs no more than the share it is expected to save of
    what has been at stake since the last one, with as many fits as that pays for, and
    in any case after `every` weeks: however dear a fit is, somebody looks. To keep, to
    recalibrate and to roll back need no fits and can be weighed at any time.

    Parameters
    ----------
    table : Backtest or DataFrame, optional
        A back-test that made no fits. What is not told otherwise is taken from it: how
        the loss has moved, the newest two windows against those before them, and which
        fits are kept.
    costs : Costs
        With the price of a `fit`, of retraining and of an error.
    rows_per_week : float
        How many predictions a week bear a loss.
    recipes : sequence of str
        Those that may be fitted, the model's own first.
    spans : sequence of int or None
        How many chunks of history they may be trained on; None is all.
    windows : int
        The most windows to test on.
    loss, loss_variance : float
        The champion's mean loss of the newest rows with outcomes, as a back-test has
        it, and the variance of that mean; None or `nan` where not known.
    reference, reference_variance : float
        The same when it was new.
    n : int
        Rows behind the newest loss.
    weeks_since : float, optional
        Since the last look; None where there was none.
    kept : collection of (recipe, span, age)
        Fits that exist already and cost nothing; of windows by age, 0 the newest.
    every : float
        After so many weeks it is asked whatever it costs.
    share : float
        The part of what is at stake that a look may be expected to save: a higher loss
        is often the world's, and no model mends it.
    usual : float
        The usual size of a gain, in errors: at stake where no loss is known.
    horizon_weeks, currency, policy
        As for `rule`.

    Returns
    -------
    Asking

    Raises
    ------
    ValueError
        When a number makes no sense, or there is no recipe or span.

    Notes
    -----
    The rise of the loss :math:`\delta` since the reference has a standard deviation
    :math:`e` from both variances and the `floor` of the policy. A renewal recovers at
    most that. With :math:`M` the money a week that a loss of 1 costs and :math:`S` the
    weeks over which a gain counts (as in `weigh`), the stake a week of knowing whether
    to act at the price :math:`c` is the expected value of an action that is taken only
    where it pays,

    .. math::

        \frac{1}{S} \mathrm{E}[\max(\delta M S - c, 0)]
        = M (e\,\varphi(z) + (\delta - c') \Phi(z)), \quad
        c' = \frac{c}{M S}, \quad z = \frac{\delta - c'}{e}.

    Where a loss is not known, :math:`\delta = 0` and :math:`e` is the usual size
    of a gain. To look when what could have been saved since the last
    look has added up to the price of one costs, at a steady stake, at most twice what
    it would with the future known: it is the rule for hiring or buying of competitive
    analysis. Looks grow from one fit of the own recipe by more spans, by the other
    recipes where the rise could ever pay a rebuild, and last by further windows, which
    are worth the least: on streams replayed, one window of all candidates every fourth
    week was as good as four.

    References
    ----------
    Karlin, A. R., Manasse, M. S., Rudolph, L. and Sleator, D. D. (1988). "Competitive
    snoopy caching", Algorithmica 3, 79-119.

    Examples
    --------
    >>> costs = Costs(1_500, 80_000, error=10, fit=200)
    >>> calm = dict(loss=0.121, reference=0.12, recipes=["own"], spans=[8, 13])
    >>> ask(costs=costs, rows_per_week=400, weeks_since=1, **calm)
    <Asking in 3 weeks: 1 fit for $200, at stake $4.28 a week>
    """
    if isinstance(table, Backtest):
        if costs.error is None:
            costs = replace(costs, error=table.error)
        table = table.table
    if table is not None and loss is None and reference is None:
        seen = move(table)
        loss, loss_variance, n = seen.loss, seen.variance, seen.n
        reference, reference_variance = seen.reference, seen.reference_variance
    if kept is None:
        kept = frozenset() if table is None else kept_of(table)
    numbers = {"rows_per_week": rows_per_week, "horizon_weeks": horizon_weeks}
    numbers |= {"loss_variance": loss_variance, "weeks_since": weeks_since or 0.0}
    _check({**numbers, "reference_variance": reference_variance}, windows, every)
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, got {share}")
    if not recipes or not spans:
        raise ValueError("recipes and spans must name at least one each; add the own")
    told = policy or Policy()
    scale = float(rows_per_week) * (1.0 if costs.error is None else costs.error)
    rise, spread = math.nan, usual
    if loss is not None and reference is not None:
        rise = float(loss) - float(reference)
    if math.isinf(rise):
        raise ValueError(f"loss {loss} or reference {reference} is infinite; mend it")
    if math.isnan(rise):
        rise = 0.0
    else:
        spread = math.sqrt(loss_variance + reference_variance + told.floor**2)
    weeks = _count(told.persistence, horizon_weeks)
    stake = _stake(rise, spread, scale, weeks, costs.retrain)
    since = every if weeks_since is None else weeks_since
    budget = share * stake * since
    most = (rise + 2 * spread) * scale * horizon_weeks
    looks = list(
        looks_of(recipes, spans, windows, frozenset(kept), rebuild=most > costs.rebuild)
    )
    paid = [look for look in looks if look.worth * costs.fit <= budget]
    now = since > 0 and (bool(paid) or since >= every)
    look = paid[-1] if now and paid else looks[0]
    least = looks[0].fits * costs.fit
    rest = min(every, least / (share * stake) if stake else every)
    asking = Asking(
        now,
        look.windows,
        look.recipes,
        look.spans,
        look.fits,
        look.fits * costs.fit,
        stake,
        budget,
        rest if now else max(rest - since, 0.0),
        n,
        currency,
    )
    return replace(asking, summary=_sentence(asking, not paid, weeks_since))


def _stake(
    rise: float, spread: float, scale: float, weeks: float, price: float
) -> float:
    """The expected value a week of an action that is taken only where it pays."""
    if scale * weeks == 0:
        return 0.0
    over = rise - price / (scale * weeks)
    if math.isinf(over):
        return 0.0
    if spread == 0:
        return scale * max(over, 0.0)
    z = over / spread
    if z < FARTHEST:
        return 0.0
    below = math.erfc(-z / math.sqrt(2)) / 2  # exact where it is next to nothing, too
    return max(scale * (spread * NormalDist().pdf(z) + over * below), 0.0)


def _count(persistence: float, horizon: float) -> float:
    """How many times a fading gain of the first week counts over the horizon."""
    if persistence == 1:
        return horizon
    return float((1 - persistence**horizon) / (1 - persistence))


def _sentence(asking: Asking, due: bool, since: float | None) -> str:
    """The answer for a product owner."""
    price = money(asking.price, asking.currency)
    stake = money(asking.stake, asking.currency)
    cost = f"{_fits(asking.fits)} would cost {price}"
    if not asking.fits:
        cost = "No fit has to be made"
    said = f"{cost}; at stake are {stake} a week: "
    if not asking.now:
        return f"{said}do not ask yet, but in {_weeks(asking.next_in)}."
    parts = [
        _counted(asking.windows, "window"),
        _counted(len(asking.spans), "span"),
    ]
    if len(asking.recipes) > 1:
        parts.append(_counted(len(asking.recipes), "recipe"))
    if due and since is None:
        said += "ask all the same, for nobody has looked yet, "
    elif due:
        said += f"ask all the same, {_weeks(since or 0)} after the last look, "
    else:
        said += "ask "
    again = (
        f"in {_weeks(asking.next_in)}" if asking.next_in > 1 else "with new outcomes"
    )
    return f"{said}with {some(parts)}; again {again}."


def _fits(count: int) -> str:
    return _counted(count, "fit")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _weeks(weeks: float) -> str:
    return _counted(math.ceil(weeks - 1e-9), "week")


def _check(numbers: Mapping[str, float], windows: int, every: float) -> None:
    for name, number in numbers.items():
        if not 0 <= number < math.inf:
            raise ValueError(f"{name} must be 0 or more, got {number}; mend it")
    if windows < 1:
        raise ValueError(f"windows must be 1 or more, got {windows}")
    if not every > 0:
        raise ValueError(f"every must be above 0 weeks, got {every}")

"""From a back-test to a ruling: the action of the largest net value, and its words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lifecycle.decision import faults as _faults
from lifecycle.decision import turns
from lifecycle.decision.asking import Asking
from lifecycle.decision.faults import DataFault
from lifecycle.decision.flips import Flips
from lifecycle.decision.grounds import rows_tested, too_little
from lifecycle.decision.margins import Margin, margin
from lifecycle.decision.rows import by_action
from lifecycle.decision.ruling import Ruling
from lifecycle.decision.spent import Spent
from lifecycle.decision.value import Costs, Option, Policy, weigh
from lifecycle.decision.words import Words, line
from lifecycle.findings import Finding, Findings
from lifecycle.training import Backtest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["rule"]


def rule(
    table: Backtest | pd.DataFrame | None,
    *,
    costs: Costs,
    rows_per_week: float,
    horizon_weeks: float = 26,
    currency: str = "USD",
    policy: Policy | None = None,
    faults: Sequence[DataFault] = (),
    later: pd.DataFrame | None = None,
    balance: float | None = None,
    first: int | None = None,
    spent: Spent | None = None,
    asking: Asking | None = None,
    chunk: str = "week",
) -> Ruling:
    """Keep, fix the data, recalibrate, retrain, rebuild or roll back.

    While a fault of the data lasts, the ruling is to mend it: nothing is trained on it,
    and no other action mends a feed. Else it is the action of the largest net value
    whose gain exceeds its price by a margin with enough probability (see `Policy`), or
    to keep. With too little to go by the ruling is to keep, and undefined. Windows that
    a fault touches, or has touched, are no evidence.

    Parameters
    ----------
    table : Backtest or DataFrame or None
        From `training.backtest`, or its table; None where there is no model in
        production that could be tested.
    costs : Costs
    rows_per_week : float
        How many predictions a week bear the gain.
    horizon_weeks : float
        How long a gain is counted.
    currency : str
        Three capitals.
    policy : Policy, optional
    faults : sequence of DataFault
        What is, or was, wrong with the data.
    later : DataFrame, optional
        The options on windows later than those they were made for, with their `lag`; a
        Backtest brings its own.
    balance : float, optional
        As for `weigh`.
    first : int, optional
        As for `weigh`.
    spent : Spent, optional
        What the evidence cost; of a Backtest its fits, at the price of one.
    asking : Asking, optional
        What `ask` said before: where it was to wait, nothing was fitted for this.
    chunk : str
        What spans count; a Backtest says it itself.

    Returns
    -------
    Ruling

    Raises
    ------
    ValueError
        When rows a week or the horizon make no sense, or a fault names no chunks and
        the table has no moments.

    Notes
    -----
    The arithmetic is in `weigh`, the comparison with the next best action in `Margin`.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"action": ["keep", "retrain"], "recipe": [None, "trees"],
    ...     "span": [None, 13], "version": [None, None], "age": [0, 0], "n": [400, 400],
    ...     "difference": [0.0, 0.2], "variance": [0.0, 0.0001]})
    >>> ruling = rule(table, costs=Costs(500, 5_000, error=10), rows_per_week=400)
    >>> ruling.action, ruling.span, ruling.verdict
    ('retrain', 13, 'alert')
    >>> ruling.summary
    'Retrain on the last 13 weeks: expected +$11,500 over 26 weeks (90%: 9,380 to
    13,700) against a price of $500.'
    """
    for name, number in (
        ("rows_per_week", rows_per_week),
        ("horizon_weeks", horizon_weeks),
    ):
        if not 0 <= number < math.inf:
            raise ValueError(f"{name} must be 0 or more, got {number}; mend it")
    told = policy or Policy()
    if isinstance(table, Backtest):
        chunk = table.chunk
        later = table.later if later is None else later
        if costs.error is None:
            costs = replace(costs, error=table.error)
        if spent is None:
            price = table.fits * costs.fit
            spent = Spent(table.fits, table.kept, table.seconds, price, currency)
        table = table.table
    case = _Case(
        costs,
        rows_per_week,
        horizon_weeks,
        told,
        Words(line(chunk, 12), currency, horizon_weeks, told.level),
        tuple(faults),
        spent or Spent(currency=currency),
        balance,
        first,
        asking,
    )
    return case.ruling(table, later)


@dataclass(frozen=True)
class _Case:
    """What a ruling is made from, apart from the tables."""

    costs: Costs
    rows_per_week: float
    horizon_weeks: float
    policy: Policy
    words: Words
    faults: tuple[DataFault, ...]
    spent: Spent
    balance: float | None
    first: int | None
    asking: Asking | None

    def ruling(self, table: pd.DataFrame | None, later: pd.DataFrame | None) -> Ruling:
        held, left_out = self._clean(table)
        if later is not None and len(later):
            later = _faults.clean(later, self.faults)
        options = [] if held is None or not len(held) else self.weighed(held, later)
        missing = too_little(held, options, self.policy, bool(left_out), self.asking)
        best = None
        if not missing:
            best = next((option for option in options if option.clears), None)
        lasting = sorted(
            (fault for fault in self.faults if fault.lasts), key=self._dearest
        )
        tested = rows_tested(held)
        compared: Margin | None = None
        flips = Flips(n=tested)
        if held is not None and not missing and not lasting:
            compared = margin(best, options, words=self.words, tested=tested)
            flips = self._flips(best, options, held, later, tested)
        elif lasting:
            flips = Flips(n=tested, why="the data must be mended first")
        facts = self._fix(lasting) if lasting else _action(best, bool(missing))
        rows = by_action(
            None if lasting else best,
            options,
            self.policy,
            self.words.currency,
            tested,
            bool(missing),
        )
        if lasting:
            rows = (self._fault_row(lasting[0], facts), *rows)
        summary = self._summary(best, options, missing, lasting, left_out)
        main = "cost_per_week" if lasting else "net_value"
        return Ruling(
            **facts,
            findings=Findings("Ruling", rows, summary, main=main),
            summary=summary,
            options=tuple(options),
            currency=self.words.currency,
            horizon_weeks=self.horizon_weeks,
            persistence=self.policy.persistence,
            level=self.policy.level,
            chunk=self.words.chunk,
            margin=compared,
            flips=flips,
            spent=self.spent,
            faults=self.faults,
            left_out=left_out,
            then=best if lasting else None,
            asking=self.asking,
        )

    def _clean(
        self, table: pd.DataFrame | None
    ) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
        """The table without the windows that a fault touches, and which those are."""
        if table is None:
            return None, ()
        if not len(table):
            return table, _faults.missing(table, self.faults)
        kept = _faults.clean(table, self.faults)
        gone = table.drop(kept.index)
        name = "window" if "window" in table.columns else "age"
        labels = {*gone[name].astype(str), *_faults.missing(table, self.faults)}
        return kept, tuple(sorted(labels))

    def weighed(self, table: pd.DataFrame, later: pd.DataFrame | None) -> list[Option]:
        return weigh(
            table,
            costs=self.costs,
            rows_per_week=self.rows_per_week,
            horizon_weeks=self.horizon_weeks,
            policy=self.policy,
            later=later,
            balance=self.balance,
            first=self.first,
        )

    def _flips(
        self,
        best: Option | None,
        options: Sequence[Option],
        table: pd.DataFrame,
        later: pd.DataFrame | None,
        tested: int,
    ) -> Flips:
        prices = turns.by_price(
            best, options, costs=self.costs, policy=self.policy, words=self.words
        )
        delay = turns.by_delay(
            best,
            self.weighed,
            table=table,
            later=later,
            words=self.words,
        )
        return Flips((*prices, delay), tested)

    def _cost(self, fault: DataFault) -> tuple[float, float, float]:
        return fault.cost(
            rows_per_week=self.rows_per_week,
            error=1.0 if self.costs.error is None else self.costs.error,
            level=self.policy.level,
        )

    def _fix(self, lasting: Sequence[DataFault]) -> dict[str, Any]:
        value, lower, upper = self._cost(lasting[0])
        return {
            **_action(None, missing=True),
            "action": "fix_data",
            "value": value,
            "lower": lower,
            "upper": upper,
        }

    def _fault_row(self, fault: DataFault, facts: dict[str, Any]) -> Finding:
        return Finding(
            "cost_per_week",
            facts["value"],
            fault.n,
            facts["lower"],
            facts["upper"],
            verdict="alert",
            subject="fix_data",
            unit=self.words.currency,
        )

    def _summary(
        self,
        best: Option | None,
        options: Sequence[Option],
        missing: str,
        lasting: Sequence[DataFault],
        left_out: Sequence[str],
    ) -> str:
        if lasting:
            said = self._mend(lasting, best, options, missing, left_out)
        elif missing:
            said = missing
        elif best is None:
            said = self.words.keep(options, self.policy)
        else:
            said = self.words.act(best, options)
        over = [f for f in self.faults if not f.lasts and not f.accepted]
        parts = [said]
        if left_out and not lasting:
            parts.append(_faults.left_out(left_out, over))
        if self.asking is not None and not self.asking.now and options:
            parts.append(f"Nothing new was fitted: {self.asking.summary}")
        if self.spent.matters(self.costs.retrain):
            parts.append(f"To know this took {self.spent.price}.")
        return " ".join(parts)

    def _mend(
        self,
        lasting: Sequence[DataFault],
        best: Option | None,
        options: Sequence[Option],
        missing: str,
        left_out: Sequence[str],
    ) -> str:
        """What is wrong, what it costs, and what comes once it is mended."""
        worst, *more = lasting
        said = worst.says(
            self.words,
            rows_per_week=self.rows_per_week,
            error=1.0 if self.costs.error is None else self.costs.error,
        )
        rows = f"its {worst.n:,} rows" if worst.n > 1 else "the rows it touches"
        said = f"Fix the data: {said}; nothing is trained on {rows}"
        if more:
            beside = "; ".join(fault.sentence for fault in more[:2])
            said += f"; also {beside}"
            said += f", and {len(more) - 2} more" if len(more) > 2 else ""
        if missing:
            if left_out and not options:
                return (
                    f"{said}. What comes next cannot be said: no clean window has its "
                    "outcomes; if the data will stay like this, accept the fault and "
                    "ask again."
                )
            return f"{said}. What comes next cannot be said from the clean windows."
        act = (
            self.words.keep(options, self.policy)
            if best is None
            else self.words.act(best, options)
        )
        return f"{said}. Once mended, {act[0].lower()}{act[1:]}"

    def _dearest(self, fault: DataFault) -> float:
        cost = self._cost(fault)[0]
        return math.inf if math.isnan(cost) else -cost


def _action(best: Option | None, missing: bool) -> dict[str, Any]:
    """What is done and what it is worth."""
    if best is not None:
        names = ("action", "recipe", "span", "version", "offered", "lower", "upper")
        told = {name: getattr(best, name) for name in names}
        return {**told, "value": best.net, "probability": best.probability}
    nothing = math.nan if missing else 0.0
    numbers = dict.fromkeys(("value", "lower", "upper"), nothing)
    told = {"action": "keep", "recipe": "", "span": None, "version": None}
    return {**told, **numbers, "probability": math.nan}

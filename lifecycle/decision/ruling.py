"""The ruling: which action, what it is worth, and the sentence that says so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import figures, markup
from lifecycle.decision.evidence import Evidence
from lifecycle.decision.value import Costs, Option, Policy, weigh
from lifecycle.findings import Finding, Findings, Verdict
from lifecycle.training import Backtest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Action", "Ruling", "rule"]

Action = Literal["keep", "retrain", "rebuild", "roll_back"]


@dataclass(frozen=True)
class Ruling:
    """What to do about a model, and why.

    Parameters
    ----------
    action : {"keep", "retrain", "rebuild", "roll_back"}
    recipe : str
        What to train; empty for keep and roll back.
    span : int or None
        Chunks to train on; None for all.
    version : int or None
        To roll back to.
    value, lower, upper : float
        Expected net value over the horizon with its interval, in `currency`; 0 for
        keep, `nan` where undefined.
    probability : float
        That the action pays its price; `nan` for keep.
    findings : Findings
        One row an action, its best option.
    options : tuple of Option
        Every option weighed, best first.
    currency : str
    horizon_weeks : float
    summary : str
        The ruling in one sentence for a product owner.
    """

    action: Action
    recipe: str
    span: int | None
    version: int | None
    value: float
    lower: float
    upper: float
    probability: float
    findings: Findings
    summary: str
    options: tuple[Option, ...] = field(default=(), repr=False)
    currency: str = "USD"
    horizon_weeks: float = 26

    @property
    def verdict(self) -> Verdict:
        """Alert where something is to be done, quiet for keep, else undefined."""
        return self.findings.verdict

    def frame(self) -> pd.DataFrame:
        """Every option, best first, with value, price, net value and its interval."""
        import pandas as pd

        columns = [*Option.__dataclass_fields__]
        frame = pd.DataFrame(
            [asdict(option) for option in self.options], columns=columns
        )
        frame = frame.astype({"span": "Int64", "version": "Int64"})
        frame.insert(columns.index("price") + 1, "net", frame["value"] - frame["price"])
        return frame

    def facts(self) -> dict[str, Any]:
        """The ruling as plain values, for a result record."""
        numbers = {
            name: None if math.isnan(value) else value
            for name in ("value", "lower", "upper", "probability")
            for value in [getattr(self, name)]
        }
        return {
            "action": self.action,
            "recipe": self.recipe,
            "span": self.span,
            "version": self.version,
            **numbers,
            "currency": self.currency,
            "horizon_weeks": self.horizon_weeks,
            "sentence": self.summary,
        }

    def plot(self) -> figures.Picture:
        """Draw the net value of each action."""
        title = f"Net value over {self.horizon_weeks:g} weeks"
        # the alert is the action to take; what it must exceed differs by action
        rows = [
            replace(row, subject=row.subject.replace("_", " "), threshold=math.nan)
            for row in self.findings
        ]
        return figures.by_subject(rows, title=title, measure="net value")

    def __repr__(self) -> str:
        if self.verdict == "undefined":
            return f"<Ruling undefined: {self.summary}>"
        words = self.action.replace("_", " ")
        if self.action != "keep":
            ends = (self.value, self.lower, self.upper)
            net, lower, upper = (_money(end, self.currency) for end in ends)
            words += f", net {net} [{lower}, {upper}], pays {self.probability:.0%}"
        return f"<Ruling {words}>"

    def evidence(self) -> Evidence:
        """Every option as a table for a reader, best first."""
        same = ("action", "recipe", "span", "version")
        taken = tuple(getattr(self, name) for name in same)
        chosen = next(
            (o for o in self.options if tuple(getattr(o, n) for n in same) == taken),
            None,
        )
        return Evidence(self.options, chosen, self.currency)

    def _repr_html_(self) -> str:
        mark = markup.badge(self.verdict)
        head = markup.Html(f"<h3>{markup.cell(self.findings.title)} {mark}</h3>")
        return markup.join([head, markup.paragraph(self.summary, kind="summary")])


def rule(
    table: Backtest | pd.DataFrame | None,
    *,
    costs: Costs,
    rows_per_week: float,
    horizon_weeks: float = 26,
    currency: str = "USD",
    policy: Policy | None = None,
) -> Ruling:
    """Keep, retrain, rebuild or roll back: the action of the largest net value.

    An action is taken only where its gain exceeds its price by a margin with enough
    probability (see `Policy`); else the model is kept. With too little to go by the
    ruling is to keep, and undefined.

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

    Returns
    -------
    Ruling

    Raises
    ------
    ValueError
        When rows a week or the horizon make no sense.

    Notes
    -----
    The arithmetic is in `weigh`.

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
    'Retrain on the last 13 weeks: expected +$9,820 over 26 weeks (90%: $7,840 to
    $11,800) against a price of $500.'
    """
    for name, number in (
        ("rows_per_week", rows_per_week),
        ("horizon_weeks", horizon_weeks),
    ):
        if not 0 <= number < math.inf:
            raise ValueError(f"{name} must be 0 or more, got {number}; mend it")
    told = policy or Policy()
    chunk = "week"
    if isinstance(table, Backtest):
        chunk = table.chunk
        if costs.error is None:
            costs = Costs(costs.retrain, costs.rebuild, costs.roll_back, table.error)
        table = table.table
    words = _Words(chunk, currency, horizon_weeks, told.level)
    options: list[Option] = []
    if table is not None and len(table):
        options = weigh(
            table,
            costs=costs,
            rows_per_week=rows_per_week,
            horizon_weeks=horizon_weeks,
            policy=told,
        )
    missing = _missing(table, options, told)
    best = None
    if not missing:
        best = next((option for option in options if option.clears), None)
    nothing = math.nan if missing else 0.0
    summary = missing or words.ruling(best, options)
    return Ruling(
        action="keep" if best is None else best.action,  # type: ignore[arg-type]
        recipe="" if best is None else best.recipe,
        span=None if best is None else best.span,
        version=None if best is None else best.version,
        value=nothing if best is None else best.net,
        lower=nothing if best is None else best.lower,
        upper=nothing if best is None else best.upper,
        probability=math.nan if best is None else best.probability,
        findings=Findings(
            "Ruling",
            _rows(best, options, told, currency, _rows_tested(table), bool(missing)),
            summary,
            main="net_value",
        ),
        summary=summary,
        options=tuple(options),
        currency=currency,
        horizon_weeks=horizon_weeks,
    )


def _rows_tested(table: pd.DataFrame | None) -> int:
    """Rows on which the champion was scored."""
    if table is None or not len(table):
        return 0
    if (table["action"] == "keep").any():
        table = table[table["action"] == "keep"]
        return int(table["n"].sum())
    return int(table.groupby("age")["n"].max().sum())


def _missing(
    table: pd.DataFrame | None, options: Sequence[Option], told: Policy
) -> str:
    """Why there can be no ruling; empty where there can."""
    if table is None:
        return "No ruling: no version is in production yet; train and approve one."
    if not len(table):
        return (
            "No ruling: no outcomes are due yet of rows later than those the version "
            "in production was trained on; keep it and ask again when they are."
        )
    tested = _rows_tested(table)
    if tested < told.min_rows:
        return (
            f"No ruling: only {tested} rows have their outcome, {told.min_rows} are "
            "needed; keep the version in production and wait for more."
        )
    if not options:
        return (
            "No ruling: there was too little history to train a candidate for the "
            "back-test; keep the version in production and wait for more."
        )
    return ""


def _rows(
    best: Option | None,
    options: Sequence[Option],
    told: Policy,
    currency: str,
    tested: int,
    undefined: bool,
) -> tuple[Finding, ...]:
    """One finding an action: keep, then the best option of each other."""
    quiet: Verdict = "undefined" if undefined else "quiet"
    keep = Finding(
        "net_value",
        math.nan if undefined else 0.0,
        tested,
        verdict=quiet,
        subject="keep",
        unit=currency,
    )
    rows = [keep]
    for action in ("retrain", "rebuild", "roll_back"):
        own = [option for option in options if option.action == action]
        if not own:
            continue
        shown = best if best is not None and best in own else own[0]
        rows.append(
            Finding(
                "net_value",
                shown.net,
                shown.n,
                shown.lower,
                shown.upper,
                threshold=told.margin * shown.price,
                verdict="alert" if shown is best else quiet,
                subject=action,
                unit=currency,
            )
        )
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class _Words:
    """How options are spoken of."""

    chunk: str
    currency: str
    horizon: float
    level: float

    def ruling(self, best: Option | None, options: Sequence[Option]) -> str:
        if best is None:
            top = options[0]
            return (
                f"Keep the version in production: the best alternative, to "
                f"{self.name(top)}, is expected to bring {self.gain(top)}, and pays "
                f"with a probability of {top.probability:.0%}."
            )
        name = self.name(best)
        sentence = f"{name[0].upper()}{name[1:]}: expected {self.gain(best)}"
        others = [option for option in options if option.action != best.action]
        rebuild = next((o for o in others if o.action == "rebuild"), None)
        if rebuild is not None:
            more = rebuild.value - best.value
            price = self.money(rebuild.price)
            if more > 0:
                sentence += f"; a rebuild would add {self.money(more)} for {price}"
            else:
                sentence += f"; a rebuild for {price} would add nothing"
        elif others:
            other = others[0]
            sentence += (
                f"; to {self.name(other)} is expected to bring "
                f"{self.signed(other.value)} for {self.money(other.price)}"
            )
        return sentence + "."

    def gain(self, option: Option) -> str:
        lower, upper = (end + option.price for end in (option.lower, option.upper))
        return (
            f"{self.signed(option.value)} over {self.horizon:g} weeks "
            f"({self.level:.0%}: {self.money(lower)} to {self.money(upper)}) against "
            f"a price of {self.money(option.price)}"
        )

    def name(self, option: Option) -> str:
        if option.action == "roll_back":
            return f"roll back to version {option.version}"
        rows = "all rows"
        if option.span is not None:
            plural = "s" if option.span > 1 else ""
            count = f"{option.span} " if option.span > 1 else ""
            rows = f"the last {count}{self.chunk}{plural}"
        if option.action == "retrain":
            return f"retrain on {rows}"
        return f"rebuild with {option.recipe} on {rows}"

    def money(self, value: float) -> str:
        return _money(value, self.currency)

    def signed(self, value: float) -> str:
        return ("+" if value > 0 else "") + self.money(value)


def _money(value: float, currency: str) -> str:
    """Three digits are all that such a sum is good for."""
    if value and math.isfinite(value):
        value = round(value, 2 - math.floor(math.log10(abs(value))))
    return markup.number(value, currency)

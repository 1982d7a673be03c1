"""The ruling: which action, what it is worth, and the sentence that says so."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import figures, markup
from lifecycle.decision.asking import Asking
from lifecycle.decision.evidence import Evidence
from lifecycle.decision.faults import DataFault
from lifecycle.decision.flips import Flips
from lifecycle.decision.margins import Margin
from lifecycle.decision.spent import Spent
from lifecycle.decision.value import Option
from lifecycle.decision.words import Words, money, percent
from lifecycle.findings import Findings, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Action", "Ruling"]

_WEEKLY = ("gain_per_week", "gain_per_week_lower", "gain_per_week_upper")

Action = Literal["keep", "fix_data", "recalibrate", "retrain", "rebuild", "roll_back"]


@dataclass(frozen=True)
class Ruling:
    """What to do about a model, and why.

    Parameters
    ----------
    action : {"keep", "fix_data", "recalibrate", "retrain", "rebuild", "roll_back"}
    recipe : str
        What to train; empty where nothing is trained.
    span : int or None
        Chunks to train on; None for all.
    version : int or None
        To roll back to.
    value, lower, upper : float
        Expected net value over the horizon with its interval, in `currency`; 0 for
        keep, `nan` where undefined. To fix the data: what the fault costs *a week*
        while it lasts, `nan` where that is not known.
    probability : float
        That the action pays its price; `nan` for keep and to fix the data.
    findings : Findings
        One row an action, its best option; before them the fault, where one lasts.
    summary : str
        The ruling in a sentence for a product owner, and what it leaves out.
    options : tuple of Option
        Every option weighed, best first.
    currency : str
    horizon_weeks : float
    offered : str
        The new columns a rebuild would use, "visits, plan".
    margin : Margin or None
        To the next best action; None where undefined and to fix the data.
    flips : Flips
        What would change the ruling.
    spent : Spent
        What it cost to know.
    faults : tuple of DataFault
        Those told, accepted ones too.
    left_out : tuple of str
        The windows a fault touches, which are no evidence.
    then : Option or None
        To fix the data: what comes next once it is mended, judged on the clean
        windows; None where that is to keep, or cannot be said.
    asking : Asking or None
        Whether it was worth its price to fit candidates, and when to look again.
    persistence : float
        Share of a gain that was reckoned to be left after a week.
    level : float
        Of the intervals.
    chunk : str
        What spans count.
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
    offered: str = ""
    margin: Margin | None = None
    flips: Flips = field(default_factory=Flips, repr=False)
    spent: Spent = field(default_factory=Spent)
    faults: tuple[DataFault, ...] = ()
    left_out: tuple[str, ...] = ()
    then: Option | None = None
    asking: Asking | None = None
    persistence: float = math.nan
    level: float = 0.90
    chunk: str = "week"

    @property
    def verdict(self) -> Verdict:
        """Alert where something is to be done, quiet for keep, else undefined."""
        return self.findings.verdict

    @property
    def price(self) -> float:
        """Of the action that was ruled; 0 to keep and to fix the data."""
        taken = self.taken
        return 0.0 if taken is None else taken.price

    @property
    def taken(self) -> Option | None:
        """The option that was ruled; None to keep and to fix the data."""
        same = ("action", "recipe", "span", "version", "offered")
        ruled = tuple(getattr(self, name) for name in same)
        found = [o for o in self.options if tuple(getattr(o, n) for n in same) == ruled]
        return found[0] if found else None

    def frame(self) -> pd.DataFrame:
        """Every option, best first: gain a row and a week, value, price and net value.

        `lower` and `upper` are those of `net`, `persistence` is the share of a gain
        that is left after a week; money is in `currency`.
        """
        import pandas as pd

        columns = [*Option.__dataclass_fields__]
        frame = pd.DataFrame(
            [asdict(option) for option in self.options], columns=columns
        )
        frame = frame.astype({"span": "Int64", "version": "Int64"})
        frame.insert(columns.index("price") + 1, "net", frame["value"] - frame["price"])
        told = {name: [getattr(o, name) for o in self.options] for name in _WEEKLY}
        told["persistence"] = [self.persistence] * len(self.options)
        for place, (name, values) in enumerate(told.items(), columns.index("gain") + 1):
            frame.insert(place, name, pd.Series(values, dtype=float))
        return frame

    def facts(self) -> dict[str, Any]:
        """The ruling as plain values, for a result record; undefined is null."""
        numbers = ("value", "lower", "upper", "probability")
        return {
            "action": self.action,
            "recipe": self.recipe,
            "span": self.span,
            "version": self.version,
            "offered": self.offered,
            **_plain({name: getattr(self, name) for name in numbers}),
            **_plain({name: getattr(self.taken, name, None) for name in _WEEKLY}),
            "price": self.price,
            "currency": self.currency,
            "horizon_weeks": self.horizon_weeks,
            **_plain({"persistence": self.persistence, "level": self.level}),
            "sentence": self.summary,
            "margin": None if self.margin is None else _plain(self.margin.facts()),
            "flips": self.flips.facts(),
            "would_change": self.flips.summary,
            "spent": self.spent.facts(),
            "faults": [fault.facts() for fault in self.faults],
            "left_out": list(self.left_out),
            "then": None if self.then is None else _plain(asdict(self.then)),
            "asking": None if self.asking is None else _plain(self.asking.facts()),
        }

    def plot(self) -> figures.Picture:
        """Draw the net value of each action, the one ruled marked."""
        rows = [
            replace(row, subject=row.subject.replace("_", " "))
            for row in self.findings
            if row.measure == "net_value"
        ]
        prices = {o.action.replace("_", " "): o.price for o in reversed(self.options)}
        taken = self.verdict != "undefined" and self.action != "fix_data"
        return figures.net_values(
            rows,
            title=f"Net value over {self.horizon_weeks:g} weeks",
            chosen=self.action.replace("_", " ") if taken else "",
            prices=prices,
        )

    def __repr__(self) -> str:
        if self.verdict == "undefined":
            return f"<Ruling undefined: {self.summary}>"
        words = self.action.replace("_", " ")
        if self.action != "keep" and not math.isnan(self.value):
            ends = (self.value, self.lower, self.upper)
            net, lower, upper = (money(end, self.currency) for end in ends)
            if self.action == "fix_data":
                words += f", costs {net} a week [{lower}, {upper}]"
            else:
                words += f", net {net} [{lower}, {upper}], pays {self.probability:.0%}"
        return f"<Ruling {words}>"

    def evidence(self) -> Evidence:
        """Every option as a table for a reader, best first."""
        return Evidence(
            self.options,
            self.taken,
            self.currency,
            then=self.then,
            notes=self._notes(),
            chunk=self.chunk,
            level=self.level,
        )

    def _notes(self) -> tuple[str, ...]:
        count = len(self.left_out)
        notes = [
            self._fading(),
            f"To know this took {self.spent.summary}" if self.spent.summary else "",
        ]
        if count:
            windows = f"{count} window{'' if count == 1 else 's'}"
            notes.append(f"{windows} touched by a fault of the data are left out.")
        return tuple(filter(None, notes))

    def _fading(self) -> str:
        """How a week's gain becomes that of the horizon, in a sentence."""
        weeks = next((o.weeks for o in self.options if math.isfinite(o.weeks)), None)
        if weeks is None or math.isnan(self.persistence):
            return ""
        return (
            f"A gain is taken to persist by {100 * self.persistence:g}% a week: over "
            f"{self.horizon_weeks:g} weeks it counts {weeks:.3g} times the first."
        )

    def _weekly(self) -> str:
        """What a week brings: of the option ruled, else of the best one."""
        if self.verdict == "undefined" or not self.options:
            return ""
        words = Words(self.chunk, self.currency, self.horizon_weeks, self.level)
        shown = self.taken or self.then or self.options[0]
        said = words.per_week(shown, self.persistence)
        name = "" if shown is self.taken else f"to {words.name(shown)}: "
        return markup.sentence(f"{name}{said}") if said else ""

    def _pays(self) -> str:
        """With which probability the option ruled pays its price."""
        return "" if self.taken is None else percent(self.taken.probability)

    def _repr_html_(self) -> str:
        mark = markup.badge(self.verdict)
        head = markup.Html(f"<h3>{markup.cell(self.findings.title)} {mark}</h3>")
        facts = {
            "Gain a week": self._weekly(),
            "Pays its price": self._pays(),
            "Margin": "" if self.margin is None else self.margin.summary,
            "What would change it": self.flips.summary,
            "What it cost to know": markup.sentence(self.spent.summary),
            "When to look": "" if self.asking is None else self.asking.summary,
        }
        told = {name: said for name, said in facts.items() if said}
        parts = [head, markup.paragraph(self.summary, kind="summary")]
        if told:
            parts.append(markup.card("", told))
        return markup.join(parts)


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Numbers that are none, or too large to be one, are null."""
    return {
        name: None if isinstance(held, float) and not math.isfinite(held) else held
        for name, held in facts.items()
    }

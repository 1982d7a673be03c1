"""The evidence behind a ruling as a table for a reader."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lifecycle import markup
from lifecycle.decision.value import Option
from lifecycle.decision.words import Words, line, percent

__all__ = ["Evidence"]

_IN_SIGHT = 12


@dataclass(frozen=True, slots=True)
class Evidence:
    """Every option weighed, best first, with what it brings, costs and leaves.

    Parameters
    ----------
    options : tuple of Option
    chosen : Option or None
        The one the ruling took.
    currency : str
    then : Option or None
        The one that comes next once the data are mended.
    notes : tuple of str
        Sentences below the table: what it took to know, what is left out.
    chunk : str
        What spans count.
    level : float
        Of the intervals.

    Examples
    --------
    >>> option = Option("retrain", "trees", 13, None, 400, 4, 0.2, 9820.0, 1200.0,
    ...     500.0, 7340.0, 11300.0, 1.0, True, weeks=10.0)
    >>> Evidence((option,), option, "USD")
    retrain trees, last 13 weeks: gains $982 a week ($784 to $1,180), price $500,
    net $9,320 ($7,340 to $11,300), pays 100%
    """

    options: Sequence[Option]
    chosen: Option | None = None
    currency: str = "USD"
    then: Option | None = None
    notes: Sequence[str] = ()
    chunk: str = "week"
    level: float = 0.90

    def __repr__(self) -> str:
        if not self.options:
            return "There was nothing to weigh."
        return "\n".join(
            [*(self._line(option) for option in self.options), *self.notes]
        )

    def _line(self, option: Option) -> str:
        name = " ".join([_action(option), line(option.recipe, 40)]).strip()
        rows = "".join(f", {part}" for part in self._about(option))
        week, week_ends, price, net, ends = self._money(option)
        gains = f"gains {week} a week ({week_ends}), " if week_ends else ""
        pays = percent(option.probability)
        return f"{name}{rows}: {gains}price {price}, net {net} ({ends}), pays {pays}"

    def _repr_html_(self) -> str:
        if not self.options:
            return markup.paragraph("There was nothing to weigh.", kind="muted")
        shown = self._table(
            self.options[:_IN_SIGHT], "Every option weighed, best first"
        )
        rest = self.options[_IN_SIGHT:]
        if rest:
            more = self._table(rest, "Options weighed, the others")
            title = f"{len(rest)} more option{'s' if rest[1:] else ''}"
            shown = markup.join([shown, markup.folded(title, more)])
        below = [markup.paragraph(note, kind="muted") for note in self.notes]
        return markup.Html(
            f'<div class="lc-findings">{shown}{markup.join(below)}</div>'
        )

    def _table(self, options: Sequence[Option], label: str) -> markup.Html:
        header = ["Action", "n", "Errors saved", "Gain a week", "Value", "Price"]
        header += ["Net", "Pays"]
        rows = [self._row(option) for option in options]
        label = f"{label}, with {self.level:.0%} intervals"
        return markup.table(header, rows, label=label, numeric=range(1, 8))

    def _row(self, option: Option) -> list[object]:
        week, week_ends, price, net, ends = self._money(option)
        pays = option.probability
        about = filter(None, [line(option.recipe, 40), *self._about(option)])
        mark = "chosen" if option is self.chosen else ""
        if option is self.then:
            mark = "once mended"
        badge = f" {markup.badge(mark)}" if mark else ""
        return [
            markup.Html(f"{_below(_action(option), ', '.join(about))}{badge}"),
            option.n,
            markup.number(option.gain, "%"),
            _below(week, week_ends),
            markup.number(option.value, self.currency),
            price,
            _below(net, ends),
            markup.number(pays) if math.isnan(pays) else percent(pays),
        ]

    def _money(self, option: Option) -> tuple[str, str, str, str, str]:
        """Gain a week with its interval, price, net value with its interval."""
        lower, upper = option.gain_per_week_lower, option.gain_per_week_upper
        return (
            markup.number(option.gain_per_week, self.currency),
            markup.interval(lower, upper, self.currency),
            markup.number(option.price, self.currency),
            markup.number(option.net, self.currency),
            markup.interval(option.lower, option.upper, self.currency),
        )

    def _about(self, option: Option) -> list[str]:
        """What an option is trained on, and with which new columns."""
        if option.action not in ("retrain", "rebuild"):
            return []
        told = [Words(self.chunk).rows(option).removeprefix("the ")]
        if option.offered:
            told.append(f"with {line(option.offered, 80)}")
        return told


def _action(option: Option) -> str:
    if option.version is not None:
        return f"roll back to version {option.version}"
    return option.action.replace("_", " ")


def _below(text: str, small: str) -> markup.Html:
    under = f"<small>{markup.cell(small)}</small>" if small else ""
    return markup.Html(f"{markup.cell(text)}{under}")

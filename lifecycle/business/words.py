"""What a KPI says, in a sentence a product owner understands."""

from __future__ import annotations

import math

from lifecycle import markup
from lifecycle.business.terms import Estimate
from lifecycle.findings import Finding

__all__ = ["around", "by_chunk", "by_role", "by_score", "title"]


def title(name: str) -> str:
    """Set a name as a heading."""
    return name[:1].upper() + name[1:]


def by_chunk(name: str, rows: list[Finding]) -> str:
    """Say how a KPI stood in its newest chunk."""
    defined = [row for row in rows if not math.isnan(row.value)]
    if not defined:
        return f"{title(name)} is undefined: there is nothing to count yet."
    newest = defined[-1]
    sentence = f"{title(name)} was {_shown(newest)} in {newest.period}"
    if newest.verdict == "alert":
        limit = markup.number(newest.threshold, newest.unit)
        sentence += f", beyond the threshold of {limit}"
    return sentence + "."


def by_role(name: str, rows: list[Finding]) -> str:
    """Say how the experimental version stood against production."""
    production, experimental, change = rows
    if math.isnan(change.value):
        return f"{title(name)} of both roles cannot be compared yet."
    return (
        f"{title(name)} was {_number(experimental)} of {experimental.n:,} with the "
        f"experimental version and {_number(production)} of {production.n:,} with "
        f"production: {_signed(change)}."
    )


def by_score(name: str, rows: list[Finding], everyone: Estimate, unit: str) -> str:
    """Say what the highest scores were good for."""
    if not rows or math.isnan(everyone.value):
        return f"{title(name)} by score is undefined: there is nothing to count yet."
    best, total = rows[0], markup.number(everyone.value, unit)
    sentence = f"{title(name)} was {_shown(best)} where the score was highest"
    if everyone.value:
        lift = best.value / everyone.value
        sentence += f", {lift:.1f} times the {total} of all"
    return sentence + "."


def around(name: str, rows: list[Finding]) -> str:
    """Say what changed with the newest promotion, and that it is no experiment."""
    changes = [row for row in rows if row.measure.endswith(" difference")]
    defined = [row for row in changes if not math.isnan(row.value)]
    if not defined:
        return f"{title(name)} before and after a promotion cannot be compared yet."
    newest = defined[-1]
    before, after = rows[rows.index(newest) - 2 : rows.index(newest)]
    return (
        f"{title(name)} was {_number(after)} after the promotion of "
        f"{newest.subject[:10]} and {_number(before)} before it: {_signed(newest)}; "
        f"this is no experiment, whatever else changed at the time is in it."
    )


def _number(row: Finding) -> str:
    return markup.number(row.value, row.unit)


def _shown(row: Finding) -> str:
    ends = markup.interval(row.lower, row.upper, row.unit)
    return f"{_number(row)} ({f'90%: {ends}, ' if ends else ''}n {row.n:,})"


def _signed(row: Finding) -> str:
    """A difference in words, and whether chance alone would do."""
    ends = markup.interval(row.lower, row.upper, row.unit)
    more = "higher" if row.value > 0 else "lower"
    size = markup.number(abs(row.value), row.unit)
    if row.unit == "%":
        size = f"{100 * abs(row.value):.1f} points"
    words = f"{size} {more} (90%: {ends})" if ends else f"{size} {more}"
    if row.lower <= 0 <= row.upper:
        words += ", which chance alone may do"
    return words

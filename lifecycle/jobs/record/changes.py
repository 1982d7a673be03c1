"""What changed since the last report: two records, told in sentences."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

from lifecycle import markup

if TYPE_CHECKING:
    from lifecycle.jobs.record.kept import Record, Row

__all__ = ["changes"]

_VERDICTS = {"alert": "alert", "quiet": "quiet", "undefined": "not judged"}
_TAIL = 0.05
"""What the 90% intervals of a record leave out at either end."""
_LONGEST = 60
_SHOWN_ELSEWHERE = ("gap", "evidence", "outcomes known")
"""What follows from other rows: told when it is an alert."""
_Key = tuple[str, str, str]


def changes(previous: Record, current: Record, *, most: int = 6) -> tuple[str, ...]:
    r"""Say what changed between two records of one notebook and model.

    Told are the verdict, the versions in production and on trial, and of every
    question, measure and subject the newest row that is judged, or where none is, that
    is defined: newly an alert, still one, no more one, or moved by more than its
    interval. What is estimated is so never held against what was realised.

    Parameters
    ----------
    previous, current : Record
        The earlier and the later one.
    most : int
        How many sentences about rows; what is left out is counted in one more.

    Returns
    -------
    tuple of str
        One sentence at least.

    Notes
    -----
    A row moved when the interval of the difference leaves out 0 [1]_: with half widths
    *a* and *b* towards each other, when the values lie further apart than
    :math:`\sqrt{a^2 + b^2}`. As many rows are compared at once, the half widths are
    widened from the normal quantile of 0.95 to that of :math:`1 - 0.05 / m` for *m*
    rows. Undefined values and values without an interval are not said to have moved.

    References
    ----------
    .. [1] G. Y. Zou and A. Donner, "Construction of confidence limits about effect
       measures: a general approach", Statistics in Medicine 27 (2008), 1693-1702.

    Examples
    --------
    >>> from lifecycle.findings import Finding, Findings
    >>> from lifecycle.jobs.record import Record
    >>> told = [Finding("accuracy", 0.81, 400, 0.77, 0.84, 0.7, "quiet", "W14"),
    ...     Finding("accuracy", 0.62, 400, 0.58, 0.66, 0.7, "alert", "W15")]
    >>> first, then = (Record.of(model="leads", notebook="audit", as_of=day,
    ...     findings=[Findings("Performance", (row,))])
    ...     for day, row in zip(("2023-04-10", "2023-04-17"), told))
    >>> for sentence in changes(first, then): print(sentence)
    The verdict went from quiet to alert.
    Accuracy is newly an alert: 0.620 in W15 (n 400, threshold 0.700); it was 0.810
    in W14.
    """
    told = [*_verdict(previous, current), *_versions(previous, current)]
    about = _rows(previous, current)
    told += about[:most]
    left = len(about) - most
    if left > 0:
        told.append(f"{left} more {'value' if left == 1 else 'values'} changed.")
    if told:
        return tuple(told)
    return (f"Nothing of note; the verdict is {_VERDICTS[current.verdict]} as before.",)


def _verdict(previous: Record, current: Record) -> list[str]:
    before, after = (_VERDICTS[each.verdict] for each in (previous, current))
    return [] if before == after else [f"The verdict went from {before} to {after}."]


def _versions(previous: Record, current: Record) -> list[str]:
    said = []
    before, after = (_held(each, "production") for each in (previous, current))
    if before != after and after and "production" in previous.facts:
        place = f", in place of version {before}" if before else ""
        said.append(f"Version {after} went into production{place}.")
    elif before and not after and "production" in current.facts:
        said.append(f"No version is in production; before, version {before} was.")
    tried, trial = (_held(each, "experimental") for each in (previous, current))
    if trial and trial != tried:
        said.append(f"Version {trial} began its trial on a share of the traffic.")
    elif tried and not trial and tried != after:
        said.append(f"The trial of version {tried} ended.")
    return said


def _held(record: Record, role: str) -> str:
    number = record.facts.get(role)
    return _line(number) if isinstance(number, (int, str)) and number else ""


def _rows(previous: Record, current: Record) -> list[str]:
    asked = all(each.schema_version > 1 for each in (previous, current))
    before, after = (_newest(each.rows, asked) for each in (previous, current))
    named = Counter(key[1:] for key in after)
    asks = {key for key in after if named[key[1:]] > 1}
    new, still, over, moved = [], [], [], []
    shared = [key for key in after if key in before]
    once: set[tuple[object, ...]] = set()
    for key, row in after.items():
        number = (*key[1:], row.period, row.value, row.verdict)
        shown = row.measure in _SHOWN_ELSEWHERE and row.verdict != "alert"
        if number in once or shown or row.measure == "realised":
            continue  # the same number, also shown under another question
        once.add(number)
        old, name = before.get(key), _name(row, asked=key in asks)
        was = old is not None and old.verdict == "alert"
        if row.verdict == "alert" and was:
            still.append(f"{name} ({_value(row)}{_when(row)})")
        elif row.verdict == "alert":
            limit = markup.number(row.threshold, _line(row.unit))
            held = "" if row.threshold is None else f", threshold {limit}"
            came = "" if old is None else f"; it was {_value(old)}{_when(old)}"
            known = f"{_value(row)}{_when(row)} (n {row.n:,}{held})"
            new.append(f"{name} is newly an alert: {known}{came}.")
        elif was and old is not None:
            end = "is no alert any more" if row.verdict == "quiet" else "is not judged"
            over.append(
                f"{name} {end}: {_value(row)}{_when(row)}; it was "
                f"{_value(old)}{_when(old)}."
            )
        elif old is not None:
            far = _apart(old, row, len(shared))
            if far > 1:
                way = "rose" if _float(row.value) > _float(old.value) else "fell"
                moved.append((far, f"{name} {way} {_course(old, row)}."))
    gone = [
        f"{_name(row)} was an alert and is no longer measured."
        for key, row in before.items()
        if row.verdict == "alert" and key not in after
    ]
    moved.sort(key=lambda pair: -pair[0])
    listed = [f"Still an alert: {_some(still)}."] if still else []
    return [*new, *listed, *over, *gone, *(sentence for _, sentence in moved)]


def _newest(rows: Sequence[Row], asked: bool) -> dict[_Key, Row]:
    """Of every question, measure and subject the newest row judged, else defined."""
    held: dict[_Key, Row] = {}
    for row in rows:
        key = (row.question if asked else "", row.measure, row.subject)
        known = held.get(key)
        if row.value is not None and (known is None or _rank(row) >= _rank(known)):
            held[key] = row
    return held


def _rank(row: Row) -> tuple[bool, str]:
    return row.verdict != "undefined", row.period


def _apart(old: Row, row: Row, compared: int) -> float:
    """How far two values lie apart, in the reach of their intervals."""
    first, second = sorted((old, row), key=lambda each: _float(each.value))
    a = _float(first.upper) - _float(first.value)
    b = _float(second.value) - _float(second.lower)
    wide = NormalDist().inv_cdf(1 - _TAIL / max(1, compared))
    reach = math.hypot(a, b) * wide / NormalDist().inv_cdf(1 - _TAIL)
    gap = _float(second.value) - _float(first.value)
    if math.isnan(reach) or gap == 0:
        return 0.0
    return gap / reach if reach > 0 else math.inf


def _course(old: Row, row: Row) -> str:
    words = f"from {_value(old)} to {_value(row)}"
    if row.period and old.period and row.period != old.period:
        return f"{words} ({_line(old.period)} to {_line(row.period)})"
    return words


def _name(row: Row, *, asked: bool = False) -> str:
    named = _line(markup.said(row.measure))
    if row.subject:
        named = f"{named} of {_line(row.subject)}"
    return f"{_line(row.question)}: {named}" if asked and row.question else named


def _value(row: Row) -> str:
    return markup.number(row.value, _line(row.unit))


def _when(row: Row) -> str:
    return f" in {_line(row.period)}" if row.period else ""


def _float(value: float | None) -> float:
    return math.nan if value is None else value


def _some(names: Sequence[str], most: int = 5) -> str:
    left = len(names) - most
    return ", ".join(names[:most]) + (f" and {left} more" if left > 0 else "")


def _line(text: object) -> str:
    words = " ".join(str(text).split())
    line = "".join(letter for letter in words if letter.isprintable())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"

"""Hindsight: which alerts were true, which false, how late, and what was missed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from lifecycle import intervals, periods

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle import figures
    from lifecycle.findings import Finding, Findings

__all__ = ["Episode", "Hindsight", "Spell", "hindsight"]

_YEAR = timedelta(days=365.25)


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert as it would have been told.

    Parameters
    ----------
    rule, subject : str
    opened_at : datetime
        With a zone.
    closed_at : datetime, optional
        None where it lasted to the end.
    chunk : str
        The chunk that it spoke of when it opened.
    looks : {"back", "ahead", "aside"}
        Whether it says that the chunk was harmed, that harm is coming, or neither.
    sentence : str
    true : bool, optional
        None where nobody can say, or where it said neither.
    """

    rule: str
    subject: str
    opened_at: datetime
    closed_at: datetime | None
    chunk: str
    looks: Literal["back", "ahead", "aside"]
    sentence: str = ""
    true: bool | None = None


@dataclass(frozen=True, slots=True)
class Spell:
    """Harm that lasted: its first and last chunk, and when they began and ended."""

    first: str
    last: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Hindsight:
    """What rules would have said, held against what came true.

    Parameters
    ----------
    episodes : tuple of Episode
        Oldest first, each with its truth.
    spells : tuple of Spell
        The harm there was.
    findings : Findings
        A row a rule and measure: alerts, true share, false a year, caught share, days
        late, with count and 90% interval; the rule is the subject.
    """

    episodes: tuple[Episode, ...]
    spells: tuple[Spell, ...]
    findings: Findings

    def __repr__(self) -> str:
        return f"<Hindsight {self.findings.summary}>"

    def frame(self) -> pd.DataFrame:
        """A tidy table, one row a rule and measure."""
        return self.findings.frame()

    def plot(self, measure: str = "alerts") -> figures.Picture:
        """Draw one measure of all rules."""
        return self.findings.plot(measure)

    def _repr_html_(self) -> str:
        return self.findings._repr_html_()


def hindsight(
    episodes: Sequence[Episode],
    harmed: Mapping[str, bool],
    *,
    start: datetime,
    end: datetime,
    ahead: int = 4,
    rules: Sequence[str] = (),
    aside: Collection[str] = (),
    timezone: str = "UTC",
    definition: str = "",
) -> Hindsight:
    r"""Judge alerts by what is known at the end.

    Parameters
    ----------
    episodes : sequence of Episode
        As the rules told them, between `start` and `end`.
    harmed : mapping of chunk to bool
        Whether the model did harm in a chunk, by all outcomes known at the end; a
        chunk that nobody can judge is not in it.
    start, end : datetime
        The first and the last look, with a zone.
    ahead : int
        Within how many chunks after its own an alert that looks ahead must come true.
    rules : sequence of str
        All that were watched; those of the episodes where empty.
    aside : collection of str
        Those of them that speak of no harm: their alerts are only counted.
    timezone : str
        In which chunks begin.
    definition : str
        What harm was taken to be, in a sentence.

    Returns
    -------
    Hindsight

    Notes
    -----
    An alert that looks back is true when its chunk was harmed. One that looks ahead
    is true when its chunk or one of the next `ahead` was, false when all of them are
    past and none was. A spell is a run of harmed chunks; it is caught by a rule when an
    episode that was not false speaks of it, or lasts into it, and its delay runs from
    the spell's start to the opening of the first such episode (0 where that was open
    before). What cries wolf all year catches nothing. A spell that nobody could have
    seen yet counts as missed. Intervals: Wilson's for shares, Garwood's for counts
    :math:`[\chi^2_{2k}(.05)/2, \chi^2_{2k+2}(.95)/2]`, Student's for the mean delay.

    References
    ----------
    F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28 (1936).

    Examples
    --------
    >>> from datetime import UTC
    >>> told = Episode("floor", "", datetime(2023, 5, 22, tzinfo=UTC), None,
    ...     "2023-W15", "back")
    >>> hindsight([told], {"2023-W14": False, "2023-W15": True, "2023-W16": True},
    ...     start=datetime(2023, 4, 3, tzinfo=UTC),
    ...     end=datetime(2023, 6, 5, tzinfo=UTC))
    <Hindsight 1 alert in 9.0 weeks: 1 true, 0 false, 0 not judged; harm came 1 time, 0
    times unseen by every rule.>
    """
    from lifecycle.findings import Findings

    known = {
        label: (periods.bounds(label, timezone=timezone), bad)
        for label, bad in sorted(harmed.items())
    }
    spells = _spells(known)
    judged = tuple(
        replace(each, true=_truth(each, known, ahead, timezone))
        for each in sorted(episodes, key=lambda each: each.opened_at)
    )
    reach = {each: _reach(each, ahead, timezone, end) for each in judged}
    names = list(rules) or list(dict.fromkeys(each.rule for each in judged))
    rows = []
    seen: set[Spell] = set()
    for name in names:
        mine = [each for each in judged if each.rule == name]
        late = {
            spell: min(each.opened_at for each in mine if _meets(reach[each], spell))
            for spell in spells
            if any(_meets(reach[each], spell) for each in mine)
        }
        seen |= set(late)
        delays = [
            max((at - spell.start).total_seconds(), 0.0) / 86400
            for spell, at in late.items()
        ]
        years = math.nan if name in aside else (end - start) / _YEAR
        rows += _rows(name, mine, [] if name in aside else spells, delays, years)
    return Hindsight(
        judged,
        spells,
        Findings(
            "Replay of the rules",
            tuple(rows),
            _summary(judged, spells, len(set(spells) - seen), end - start, definition),
            main="alerts",
        ),
    )


_Known = Mapping[str, tuple[periods.Period, bool]]


def _spells(known: _Known) -> tuple[Spell, ...]:
    runs: list[list[str]] = []
    before = False
    for label, (_, bad) in known.items():
        if bad and not before:
            runs.append([])
        if bad:
            runs[-1].append(label)
        before = bad
    return tuple(
        Spell(run[0], run[-1], known[run[0]][0].start, known[run[-1]][0].end)
        for run in runs
    )


def _window(episode: Episode, ahead: int, timezone: str) -> tuple[datetime, datetime]:
    """The time that an alert speaks of."""
    own = periods.bounds(episode.chunk, timezone=timezone)
    if episode.looks == "back":
        return own.start, own.end
    return own.start, own.end + ahead * (own.end - own.start)


def _reach(
    episode: Episode, ahead: int, timezone: str, end: datetime
) -> tuple[datetime, datetime] | None:
    """The same while the episode lasts; `None` for one that was false or no word."""
    if episode.looks == "aside" or not episode.chunk or episode.true is False:
        return None
    begins, ends = _window(episode, ahead, timezone)
    return begins, max(ends, episode.closed_at or end)


def _meets(reach: tuple[datetime, datetime] | None, spell: Spell) -> bool:
    return reach is not None and reach[0] < spell.end and spell.start < reach[1]


def _truth(episode: Episode, known: _Known, ahead: int, timezone: str) -> bool | None:
    if episode.looks == "aside" or not episode.chunk:
        return None
    if episode.looks == "back":
        return known[episode.chunk][1] if episode.chunk in known else None
    begins, ends = _window(episode, ahead, timezone)
    inside = [bad for own, bad in known.values() if begins <= own.start < ends]
    if any(inside):
        return True
    newest = max((own.end for own, _ in known.values()), default=begins)
    return False if inside and newest >= ends else None


def _rows(
    rule: str,
    mine: Sequence[Episode],
    spells: Sequence[Spell],
    delays: Sequence[float],
    years: float,
) -> list[Finding]:
    from lifecycle.findings import Finding

    true = sum(each.true is True for each in mine)
    false = sum(each.true is False for each in mine)
    said, caught = true + false, len(delays)
    rate = false / years if years > 0 else math.nan
    ends = [end / years if years > 0 else math.nan for end in _garwood(false)]
    return [
        Finding(
            "alerts", float(len(mine)), len(mine), *_garwood(len(mine)), subject=rule
        ),
        Finding(
            "true share",
            true / said if said else math.nan,
            said,
            *intervals.wilson(true, said),
            subject=rule,
            unit="%",
        ),
        Finding("false a year", rate, said, ends[0], ends[1], subject=rule),
        Finding(
            "caught share",
            caught / len(spells) if spells else math.nan,
            len(spells),
            *intervals.wilson(caught if spells else 0, len(spells)),
            subject=rule,
            unit="%",
        ),
        Finding(
            "days late",
            sum(delays) / caught if caught else math.nan,
            caught,
            *intervals.mean(delays),
            subject=rule,
        ),
    ]


def _garwood(count: int, level: float = 0.90) -> tuple[float, float]:
    from scipy.special import gammaincinv

    tail = (1 - level) / 2
    lower = float(gammaincinv(count, tail)) if count else 0.0
    return lower, float(gammaincinv(count + 1, 1 - tail))


def _summary(
    judged: Sequence[Episode],
    spells: Sequence[Spell],
    unseen: int,
    length: timedelta,
    definition: str,
) -> str:
    true = sum(each.true is True for each in judged)
    false = sum(each.true is False for each in judged)
    said = (
        f"{_times(len(judged), 'alert')} in {length / timedelta(weeks=1):.1f} weeks: "
        f"{true} true, {false} false, {len(judged) - true - false} not judged; harm "
        f"came {_times(len(spells), 'time')}, {_times(unseen, 'time')} unseen by every "
        "rule."
    )
    return f"{said} {definition}".rstrip()


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

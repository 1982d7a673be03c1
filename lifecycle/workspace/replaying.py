"""Replay: what rules would have said over the past weeks, and whether it was true."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import alerts, config, errors, periods
from lifecycle import registry as registries
from lifecycle.workspace import rules
from lifecycle.workspace.rows import LENGTH

if TYPE_CHECKING:
    from lifecycle.findings import Findings
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.view import View

__all__ = ["AHEAD", "EPSILON", "replay"]

AHEAD = 4  # chunks within which an early sign must come true
_OFTEN = 13  # chunks without an alert, after which it says how far it is
EPSILON = 0.05  # a drop beyond it is harm, where no rule says otherwise


@dataclass(frozen=True, slots=True)
class _Told:
    """What an episode spoke of when it opened."""

    rule: config.Rule
    chunk: str
    sentence: str


def replay(
    workspace: Workspace,
    name: str,
    *,
    told: config.RuleFile | None = None,
    start: datetime | None = None,
    end: datetime,
    ahead: int = AHEAD,
    say: Callable[[str], None] = lambda text: None,
) -> alerts.Hindsight:
    """Run alert rules over the past of a model's log, each chunk as it was known then.

    What is true does not depend on the rules that are tried: harm is what the model's
    own settings say, by `accuracy_below` and by the smallest `above` of a drop or harm
    rule. Nothing is written: the episodes live in a registry that is thrown away.
    Versions and roles are those of the real past; what other alerts would have led to
    is not replayed.

    Parameters
    ----------
    workspace : Workspace
    name : str
    told : RuleFile, optional
        The rules, as `config.load_rules` reads them; those of the settings where not
        given.
    start : datetime, optional
        The first look is at the end of the chunk it falls in; the first served
        prediction's where not given.
    end : datetime
        The last look, and the moment whose outcomes say what was true.
    ahead : int
        Within how many chunks an early sign must come true.
    say : callable
        Told of each alert in one sentence, and now and then how far it has come.

    Returns
    -------
    alerts.Hindsight
        Its summary says what harm was taken to be.

    Raises
    ------
    NotEnoughData
        When there is nothing to look at between `start` and `end`.
    """
    model = workspace.model(name)
    if told is not None:
        update = {"alerts": told.alerts, "rules": told.rules}
        model = model.model_copy(update=update)
    last = _view(workspace, name, end, model)
    if last.scored.empty:
        raise errors.NotEnoughData(
            f"no prediction of {name} was served before {end:%Y-%m-%d}; ingest or "
            "score some first"
        )
    begin = start or last.scored["time"].min().to_pydatetime()
    moments = list(_moments(begin, end, last))
    if not moments:
        raise errors.NotEnoughData(
            f"no {model.chunk} of {name} ends between {begin:%Y-%m-%d} and "
            f"{end:%Y-%m-%d}; name an earlier start"
        )
    normal: dict[datetime, float] = {}
    spoken: dict[int, _Told] = {}
    with tempfile.TemporaryDirectory() as folder:
        book = registries.Registry(Path(folder) / "replay.db")
        quiet = 0
        for number, at in enumerate(moments, start=1):
            view = _view(workspace, name, at, model)
            new = {}
            if not view.scored.empty:
                normal[at] = rules.reference_value(view, view.task.main)
                new = _look(book, view, say)
            spoken |= new
            quiet = 0 if new else quiet + 1
            if quiet and quiet % _OFTEN == 0:
                looked = f"{number} of {len(moments)} {model.chunk}s looked at"
                say(f"{at:%Y-%m-%d} {looked}, no new alert in the last {quiet}")
        history = alerts.history(book, name)
    truth = workspace.model(name)
    harmed, definition = _harmed(last, truth, normal, moments[0], ahead)
    return alerts.hindsight(
        [
            alerts.Episode(
                rule=each.rule,
                subject=each.subject,
                opened_at=each.opened_at,
                closed_at=each.closed_at,
                chunk=spoken[each.id].chunk,
                looks=rules.LOOKS.get(spoken[each.id].rule.watch, "back"),
                sentence=spoken[each.id].sentence,
            )
            for each in history
        ],
        harmed,
        start=moments[0],
        end=end,
        ahead=ahead,
        rules=tuple(model.watched),
        aside=[
            name
            for name, rule in model.watched.items()
            if rules.LOOKS.get(rule.watch) == "aside"
        ],
        timezone=last.timezone,
        definition=definition,
    )


def _view(workspace: Workspace, name: str, at: datetime, model: config.Model) -> View:
    view = workspace.view(name, at)
    view.settings = model
    return view


def _moments(begin: datetime, end: datetime, view: View) -> Iterator[datetime]:
    """The ends of the chunks, one look each."""
    at = begin
    while True:
        label = view.chunk_label(at)
        at = periods.bounds(label, timezone=view.timezone).end
        if at > end:
            return
        yield at


def _look(
    book: registries.Registry, view: View, say: Callable[[str], None]
) -> dict[int, _Told]:
    """Bring the episodes up to date at one moment; the new ones, with their chunk."""
    new = {}
    watched = view.settings.watched
    for name, rows in rules.watch(view).items():
        rule = watched[name]
        opened = alerts.update(
            book,
            view.name,
            rows,
            rule=name,
            at=view.as_of,
            owner=view.settings.owner,
            severity=rule.severity,
            words=rows.summary and f"{view.name}: {rows.summary}",
            close_after=rule.close_after or 1,
            margin=rule.margin,
        )
        for alert in opened:
            chunk = _newest(rows, alert.subject) or view.chunk_label(view.as_of)
            new[alert.id] = _Told(rule, chunk, alert.sentence)
            say(f"{view.as_of:%Y-%m-%d} {name}: {alert.sentence}")
    return new


def _newest(rows: Findings, subject: str) -> str:
    judged = [
        row.period
        for row in rows
        if row.verdict != "undefined" and row.subject == subject
    ]
    return max(judged, default="")


def _harmed(
    last: View,
    truth: config.Model,
    normal: Mapping[datetime, float],
    first: datetime,
    ahead: int,
) -> tuple[dict[str, bool], str]:
    """Which chunks were harmed, by all outcomes known at the end; what that means."""
    given = [
        rule.above
        for rule in truth.watched.values()
        if rule.watch in ("drop", "harm") and rule.above is not None
    ]
    epsilon, floor = min(given, default=EPSILON), truth.alerts.accuracy_below
    main, judges = last.task.main, last.task.judges
    least = truth.alerts.min_rows
    count = math.ceil((last.as_of - first) / LENGTH[truth.chunk]) + ahead
    harmed = {}
    for row in last.performance(chunks=count).only(measure=main):
        ends = periods.bounds(row.period, timezone=last.timezone).end
        if math.isnan(row.value) or row.n < least:
            continue
        if ends + truth.delay < first:
            continue  # it was over before the first look
        later = [value for at, value in normal.items() if at >= ends]
        usual = later[0] if later else math.nan
        harmed[row.period] = row.value < floor or row.value < usual - epsilon
        if not judges:
            harmed[row.period] = row.value > usual * (1 + epsilon)
    if not judges:
        return harmed, (
            f"Harm is a {truth.chunk} of at least {least} outcomes known on "
            f"{last.as_of:%Y-%m-%d} whose mean absolute error is more than "
            f"{epsilon:.0%} above that of the version's first {truth.chunk}s; an early "
            f"sign is true when such a {truth.chunk} is its own or one of the next "
            f"{ahead}."
        )
    definition = (
        f"Harm is a {truth.chunk} of at least {least} outcomes known on "
        f"{last.as_of:%Y-%m-%d} whose accuracy is below {floor:.1%}, or more than "
        f"{100 * epsilon:.3g} points below that of the version's first "
        f"{truth.chunk}s; an early sign is true when such a {truth.chunk} is its own "
        f"or one of the next {ahead}."
    )
    return harmed, definition

"""Deciding on what people said: what waits, and a ruling on each word, once.

A ruling that was wrong is decided on as a word is, by its own id: the new one stands,
the one before stays on record.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import errors, feedback, markup, tasks
from lifecycle.workspace import actors

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.view import View

__all__ = ["Decision", "Triaged", "decided", "triage", "waiting"]

Decision = Literal["accepted", "refused", "corrected"]
_NAMED = 100  # words that a row of the ledger names


@dataclass(frozen=True, slots=True)
class Triaged:
    """What a person decided on what others said.

    Parameters
    ----------
    model, decision, person, reason : str
    done : tuple of str
        The ids of the feedback that was decided now, also where a ruling was replaced.
    same : int
        How many had been decided so before.
    replies : tuple of str
        What each sender may be told, in the order of `done`.
    """

    model: str
    decision: str
    person: str
    reason: str
    done: tuple[str, ...]
    same: int
    replies: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What was decided, in words."""
        words = "1 word" if len(self.done) == 1 else f"{len(self.done):,} words"
        told = f"{self.person} {self.decision} {words} of {self.model}"
        return f"{told}; {self.same:,} were so before" if self.same else told

    def __repr__(self) -> str:
        return f"<Triaged {self.sentence}>"


def waiting(view: View) -> pd.DataFrame:
    """What people said and nobody has decided, newest first, beside the prediction.

    Returns
    -------
    DataFrame
        `feedback_id`, `id`, `time`, `kind`, `label`, `person`, `reason`; and, missing
        where the prediction is not known, `predicted_at`, `score`, `prediction`,
        `version` and the features of the settings.
    """
    said = view.workspace.logs(view.name).feedback(as_of=view.as_of)
    return _beside(view, feedback.waiting(said))


def decided(view: View) -> pd.DataFrame:
    """What has been decided on, the newest ruling first, beside the prediction.

    Returns
    -------
    DataFrame
        As from `waiting`, with the ruling that stands: `ruling` (its id), `decision`,
        `to` (the label of a correction), `decided_by`, `decided_at`, `why`, and
        `earlier`, how many rulings it has replaced.
    """
    said = view.workspace.logs(view.name).feedback(as_of=view.as_of)
    names = {
        "feedback_id": "ruling",
        "kind": "decision",
        "label": "to",
        "person": "decided_by",
        "time": "decided_at",
        "reason": "why",
    }
    found = feedback.standing(said).rename(columns=names)
    found = found.assign(earlier=found["number"] - 1, feedback_id=found["about"])
    words = said[said["kind"].isin(feedback.TRIAGED)]
    rows = words.merge(found[["feedback_id", *names.values(), "earlier"]])
    order = ["decided_at", "feedback_id"]
    rows = rows.sort_values(order, ascending=False, ignore_index=True)
    return _beside(view, rows)


def _beside(view: View, rows: pd.DataFrame) -> pd.DataFrame:
    """Words beside the prediction each is about."""
    names = [n for n in view.settings.features.names if n not in rows]
    told = ["id", "time", "score", "prediction", "version", *names]
    known = view.labelled.reindex(columns=told)
    known = known[known["id"].isin(set(rows["id"]))].drop_duplicates("id")
    known = known.rename(columns={"time": "predicted_at"})
    return rows.merge(known, on="id", how="left")


def triage(
    workspace: Workspace,
    name: str,
    ids: Sequence[str],
    decision: Decision,
    *,
    reason: str,
    label: float | str | None = None,
    by: str | None = None,
    as_of: datetime | str | None = None,
) -> Triaged:
    """Accept, refuse or correct what people said; each word is decided once.

    The ruling is a row of the feedback log, and a row of the ledger says who is behind
    it. What is refused or corrected is not learned from after it; a correction is, as a
    word of whoever corrects, at what such words are worth. The id of a ruling instead
    of a word's replaces it: only one that stands can be, so that nobody replaces what
    they have not seen.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    ids : sequence of str
        Of rows of feedback, or of rulings that stand ("ruling of F7").
    decision : {"accepted", "refused", "corrected"}
    reason : str
        Why, for the sender.
    label : float or str, optional
        What the outcome is, as the model's task has it; for a correction, and only
        there.
    by : str, optional
        Who decides; the person at the terminal where not given.
    as_of : datetime or ISO text, optional

    Raises
    ------
    BadParameters
        When the decision is unknown, or the label does not go with it.
    IllegalMove
        When a word is not there, the reason is missing, or a ruling is younger than
        `as_of`; nothing is decided then.
    AlreadyDecided
        When a word was decided otherwise; the others are decided all the same.
    NotAllowed
        In unattended runs.
    """
    reason = markup.one_line(reason, most=500)
    label = _checked(workspace.model(name).task, decision, label, reason, name)
    actor, at = workspace.who(by), workspace.moment(as_of)
    log = workspace.logs(name)
    said = log.feedback(as_of=at)
    words = said[said["kind"].isin(feedback.TRIAGED)].set_index("feedback_id")
    asked = _asked(log.feedback(as_of=None), words, ids, at, name)
    fresh = words.loc[list(asked)]
    new = {word: number for word, (number, held) in asked.items() if not held}
    rulings = fresh.loc[list(new)].reset_index()
    rulings = rulings.assign(
        feedback_id=[feedback.ruling_id(word, number) for word, number in new.items()],
        kind=decision,
        label=label,
        person=actor.name,
        reason=reason,
    )
    if len(rulings):
        log.append("feedback", _timed(rulings, at), keep=True)
    now = feedback.about(log.feedback(as_of=None)).set_index(["about", "number"])
    newest = now.reset_index().groupby("about")["number"].max()
    wanted = [
        (word, newest[word] if held else number)
        for word, (number, held) in asked.items()
    ]
    for word, number in wanted:
        if (word, number) not in now.index:
            raise errors.IllegalMove(
                f"the log of {name} has a row of its own with the id "
                f"{markup.one_line(feedback.ruling_id(word, number), most=80)!r}, so "
                "that nothing can be decided there; give that row another id"
            )
    now = now.loc[wanted]
    alike = now["label"].isna() if label is None else now["label"] == label
    mine = (now["kind"] == decision) & alike
    ours = now[[word in new for word, _ in now.index]]
    own = (
        (ours["person"] == actor.name) & (ours["time"] == _stamp(at)) & mine[ours.index]
    )
    done = tuple(str(word) for word, _ in ours.index[own])
    if done:
        over = [feedback.ruling_id(w, new[w] - 1) for w in done if new[w] > 1]
        told = {"decision": decision, "label": label, "words": len(done)}
        _signed(workspace, name, actor, reason, at, told, done, over)
    if not mine.all():
        first, others = now[~mine].reset_index().iloc[0], int((~mine).sum())
        raise errors.AlreadyDecided(
            f"{others} of {len(asked)} words of {name} were decided before: "
            f"{markup.one_line(first['about'], most=60)} was {first['kind']} by "
            f"{first['person']} on {first['time']:%Y-%m-%d}; the others are decided"
        )
    replies = tuple(
        _reply(words.loc[each], each, decision, label, actor.name, reason)
        for each in done
    )
    same = len(asked) - len(done)
    return Triaged(name, decision, actor.name, reason, done, same, replies)


def _asked(
    log: pd.DataFrame,
    words: pd.DataFrame,
    ids: Sequence[str],
    at: datetime,
    name: str,
) -> dict[str, tuple[int, bool]]:
    """Of each word the number its ruling shall have, and whether there is one already.

    A word that waits gets its first; the ruling that is named gets the one after it.
    """
    held = feedback.about(log)
    there: dict[tuple[str, int], pd.Timestamp] = dict(
        zip(zip(held["about"], held["number"], strict=True), held["time"], strict=True)
    )
    found: dict[str, tuple[int, bool]] = {}
    for each in dict.fromkeys(map(str, ids)):
        word, number = each, 1
        before = None if each in words.index else feedback.ruled(each)
        if before is not None and before in there:
            word, number = before[0], before[1] + 1
            if there[before] > _stamp(at):
                raise errors.IllegalMove(
                    f"{markup.one_line(each, most=80)!r} of {name} is of "
                    f"{there[before]:%Y-%m-%d}; replace it at a later moment"
                )
        if word not in words.index:
            raise errors.IllegalMove(
                f"{name} has no word {markup.one_line(each, most=60)!r} that waits; "
                f"`lifecycle feedback {name}` lists what does"
            )
        found[word] = number, (word, number) in there
    if not found:
        raise errors.IllegalMove(
            f"{name} has no word '' that waits; `lifecycle feedback {name}` lists what "
            "does"
        )
    return found


def _stamp(at: datetime) -> pd.Timestamp:
    import pandas as pd

    return pd.Timestamp(at)


def _timed(rulings: pd.DataFrame, at: datetime) -> pd.DataFrame:
    """As the log has them, and nothing but what a ruling says."""
    import pandas as pd

    moments = pd.Series([_stamp(at)] * len(rulings), dtype="datetime64[us, UTC]")
    names = ["feedback_id", "id", "time", "kind", "label", "person", "reason"]
    return rulings.assign(time=moments)[names]


def _signed(
    workspace: Workspace,
    name: str,
    actor: actors.Actor,
    reason: str,
    at: datetime,
    told: dict[str, Any],
    done: Sequence[str],
    over: Sequence[str],
) -> None:
    """The row of the ledger: who is behind these rulings, and how that is known."""
    with workspace.registry.atomic() as book:
        book.enter(
            name,
            "triage",
            actor=actor.name,
            source=actor.source,
            reason=reason,
            at=at,
            evidence={
                **told,
                "ids": list(done[:_NAMED]),
                "replaced": list(over[:_NAMED]),
            },
        )


def _checked(
    task: str, decision: str, label: float | str | None, reason: str, name: str
) -> float | str | None:
    """The label as the log has it; refused where something does not fit."""
    if actors.unattended():
        raise errors.NotAllowed(
            f"deciding on feedback of {name} takes a person; this run has none"
        )
    if decision not in feedback.RULED:
        raise errors.BadParameters(
            f"{decision!r} is no decision; say {', '.join(feedback.RULED)}"
        )
    if (decision == "corrected") != (label is not None):
        raise errors.BadParameters(
            "a correction says what the outcome is, and no other decision does"
        )
    if not reason:
        raise errors.IllegalMove("the reason is missing; say why")
    return None if label is None else _label(task, label)


def _label(task: str, label: float | str) -> float | str:
    if tasks.of(task).words:
        told = markup.one_line(label, most=200)
        if not told:
            raise errors.BadParameters("the outcome is empty; name its class")
        return told
    try:
        number = float(label)
    except ValueError:
        number = math.nan
    if task in ("binary", "ranking") and number not in (0, 1):
        raise errors.BadParameters(
            f"the outcome of a correction is 0 or 1, not {str(label)[:40]!r}"
        )
    if not math.isfinite(number):
        raise errors.BadParameters(
            f"the outcome of a correction is a number, not {str(label)[:40]!r}"
        )
    return number


def _reply(
    word: Any,
    id: str,
    decision: str,
    label: float | str | None,
    by: str,
    reason: str,
) -> str:
    """What the sender may be told."""
    shown = f"{label:g}" if isinstance(label, float) else label
    to = f" to {shown}" if label is not None else ""
    said = f"Your {word['kind']} {id} on {word['id']} was {decision}{to} by {by}: "
    return markup.one_line(said + reason, most=400)

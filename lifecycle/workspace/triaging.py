"""Deciding on what people said: what waits, and a ruling on each word, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from lifecycle import errors, feedback, markup
from lifecycle.workspace import actors

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.view import View

__all__ = ["Decision", "Triaged", "triage", "waiting"]

Decision = Literal["accepted", "refused", "corrected"]


@dataclass(frozen=True, slots=True)
class Triaged:
    """What a person decided on what others said.

    Parameters
    ----------
    model, decision, person, reason : str
    done : tuple of str
        The ids of the feedback that was decided now.
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
    rows = feedback.waiting(said)
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
    label: float | None = None,
    by: str | None = None,
    as_of: datetime | str | None = None,
) -> Triaged:
    """Accept, refuse or correct what people said; each word is decided once.

    The ruling is a row of the feedback log. What is refused or corrected is not
    learned from after it; a correction is, as a word of whoever corrects, at what such
    words are worth.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    ids : sequence of str
        Of rows of feedback.
    decision : {"accepted", "refused", "corrected"}
    reason : str
        Why, for the sender.
    label : float, optional
        0 or 1, what the outcome is; for a correction, and only there.
    by : str, optional
        Who decides; the person at the terminal where not given.
    as_of : datetime or ISO text, optional

    Raises
    ------
    BadParameters
        When the decision is unknown, or the label does not go with it.
    IllegalMove
        When a word is not there, or the reason is missing; nothing is decided then.
    AlreadyDecided
        When a word was decided otherwise; the others are decided all the same.
    NotAllowed
        In unattended runs.
    """
    import pandas as pd

    workspace.model(name)
    reason = markup.one_line(reason, most=500)
    _checked(decision, label, reason, name)
    actor, at = actors.who(by), workspace.moment(as_of)
    log = workspace.logs(name)
    said = log.feedback(as_of=at)
    words = said[said["kind"].isin(feedback.TRIAGED)].set_index("feedback_id")
    asked = list(dict.fromkeys(map(str, ids)))
    unknown = [each for each in asked if each not in words.index]
    if unknown or not asked:
        told = markup.one_line(unknown[0], most=60) if unknown else ""
        raise errors.IllegalMove(
            f"{name} has no word {told!r} that waits; `lifecycle feedback {name}` "
            "lists what does"
        )
    before = set(feedback.about(said)["about"])
    fresh = words.loc[[each for each in asked if each not in before]]
    rulings = pd.DataFrame(
        {
            "feedback_id": [feedback.ruling_id(each) for each in fresh.index],
            "id": fresh["id"].to_numpy(),
            "time": pd.Series(
                [pd.Timestamp(at)] * len(fresh), dtype="datetime64[us, UTC]"
            ),
            "kind": decision,
            "label": float("nan") if label is None else float(label),
            "person": actor.name,
            "reason": reason,
        }
    )
    if len(rulings):
        log.append("feedback", rulings, keep=True)
    now = feedback.about(log.feedback(as_of=None)).set_index("about")
    taken = [each for each in asked if each not in now.index]
    if taken:
        raise errors.IllegalMove(
            f"the log of {name} has a row of its own with the id "
            f"{markup.one_line(feedback.ruling_id(taken[0]), most=80)!r}, so that "
            "nothing can be decided there; give that row another id"
        )
    now = now.loc[asked]
    mine = (now["kind"] == decision) & (
        now["label"].isna() if label is None else now["label"] == label
    )
    if not mine.all():
        first = now[~mine].iloc[0]
        others = int((~mine).sum())
        raise errors.AlreadyDecided(
            f"{others} of {len(asked)} words of {name} were decided before: "
            f"{markup.one_line(first.name, most=60)} was {first['kind']} by "
            f"{first['person']} on {first['time']:%Y-%m-%d}; the others are decided"
        )
    ours = now.loc[list(fresh.index)]
    own = (ours["person"] == actor.name) & (ours["time"] == pd.Timestamp(at))
    done = tuple(ours.index[own])
    replies = tuple(
        _reply(words.loc[each], each, decision, label, actor.name, reason)
        for each in done
    )
    same = len(asked) - len(done)
    return Triaged(name, decision, actor.name, reason, done, same, replies)


def _checked(decision: str, label: float | None, reason: str, name: str) -> None:
    if actors.unattended():
        raise errors.NotAllowed(
            f"deciding on feedback of {name} takes a person; this run has none"
        )
    if decision not in feedback.RULED:
        raise errors.BadParameters(
            f"{decision!r} is no decision; say {', '.join(feedback.RULED)}"
        )
    if (decision == "corrected") != (label is not None) or label not in (None, 0, 1):
        raise errors.BadParameters(
            "a correction says what the outcome is, 0 or 1, and no other decision does"
        )
    if not reason:
        raise errors.IllegalMove("the reason is missing; say why")


def _reply(
    word: Any,
    id: str,
    decision: str,
    label: float | None,
    by: str,
    reason: str,
) -> str:
    """What the sender may be told."""
    to = f" to {label:g}" if label is not None else ""
    said = f"Your {word['kind']} {id} on {word['id']} was {decision}{to} by {by}: "
    return markup.one_line(said + reason, most=400)

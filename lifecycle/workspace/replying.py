"""What is told to whoever said something: what was decided, and what learned it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle import feedback, markup, people

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.registry import Learned
    from lifecycle.workspace.desk import Workspace

__all__ = ["Replies", "Reply", "replies"]

_SPEAKS = (*feedback.TRIAGED, "label")
_NAMED = 3  # versions, by number


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of one word.

    Parameters
    ----------
    feedback_id, prediction, kind, label, person, source : str
        The word, as it was said.
    said_at : datetime
        UTC.
    decision, decided_by, reason : str
        What was decided on it; empty while it waits.
    versions : tuple of int
        Those that learned from it, oldest first.
    weight : float
        What it weighed in the first of them; a true outcome weighs 1.
    live : tuple of int
        Those of the versions that went into production.
    outcome : str
        What came true, where that is known now.
    right : bool or None
        Whether the word said so before it was known; None where that is not to be said.
    """

    feedback_id: str
    prediction: str
    kind: str
    label: str
    person: str
    source: str
    said_at: datetime
    decision: str
    decided_by: str
    reason: str
    versions: tuple[int, ...]
    weight: float
    live: tuple[int, ...]
    outcome: str
    right: bool | None

    @property
    def sentence(self) -> str:
        """All of it, for the sender."""
        said = f"Your {self.kind} of {self.prediction}"
        if self.label:
            said += f" to {self.label}"
        parts = [part for part in self._parts() if part]
        return markup.one_line(f"{said} {'; '.join(parts)}.", most=500)

    def _parts(self) -> Iterator[str]:
        if self.versions:
            yield f"entered {_versions(self.versions)}, weighing {self.weight:.2f} of 1"
            if self.live:
                yield f"{_versions(self.live)} went into production"
        if self.decision:
            yield f"was {self.decision} by {self.decided_by}: {self.reason}"
        if self.outcome:
            told = {True: ", as you said", False: ", and not as you said", None: ""}
            yield f"the outcome came: {self.outcome}{told[self.right]}"
        if not (self.versions or self.decision or self.outcome):
            yield "was kept, and waits for somebody to look at it"

    def __repr__(self) -> str:
        return f"<Reply {self.feedback_id}: {self.sentence}>"


@dataclass(frozen=True, slots=True)
class Replies:
    """What became of words, newest first.

    Parameters
    ----------
    model : str
    items : tuple of Reply
    """

    model: str
    items: tuple[Reply, ...]

    @property
    def summary(self) -> str:
        """How many of them came to something, in a sentence."""
        count = len(self.items)
        words = "1 word" if count == 1 else f"{count:,} words"
        learned = sum(bool(each.versions) for each in self.items)
        decided = sum(bool(each.decision) for each in self.items)
        if not count:
            return f"Nobody has said anything of {self.model} that is asked for."
        return (
            f"Of {words} on {self.model} {learned:,} entered a version and {decided:,} "
            "were decided on."
        )

    def frame(self) -> pd.DataFrame:
        """A row a word, with its sentence."""
        import pandas as pd

        names = [*Reply.__slots__, "sentence"]
        rows = [{**asdict(each), "sentence": each.sentence} for each in self.items]
        return pd.DataFrame(rows, columns=names)

    def plain(self) -> list[dict[str, Any]]:
        """As plain values for JSON."""
        return [
            {
                **asdict(each),
                "said_at": each.said_at.isoformat(),
                "sentence": each.sentence,
            }
            for each in self.items
        ]

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"<Replies {self.summary}>"

    def _repr_html_(self) -> str:
        rows = [[f"{e.said_at:%Y-%m-%d}", e.person, e.sentence] for e in self.items]
        return str(markup.table(["Said (UTC)", "By", "What became of it"], rows))


def replies(
    workspace: Workspace,
    name: str,
    *,
    person: str = "",
    ids: Sequence[str] = (),
    as_of: datetime,
) -> Replies:
    """What became of what people said of a model.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    person : str
        Only theirs, by name or mail address; all where empty.
    ids : sequence of str
        Only these rows of feedback; all where empty.
    as_of : datetime
        With a zone. Words, decisions and outcomes until then; versions made until then.

    Returns
    -------
    Replies
        Newest first. A word entered a version where it agrees with what the version
        learned of its prediction: where others said so more surely, it weighed as they
        did.
    """
    log = workspace.logs(name)
    told = log.feedback(as_of=as_of)
    said = told[told["kind"].isin(_SPEAKS)]
    if len(ids):
        said = said[said["feedback_id"].isin(list(ids))]
    if person:
        mine = [each is not None and people.same(each, person) for each in said.person]
        said = said[mine]
    said = said.sort_values(["time", "feedback_id"], ascending=False)
    keys = said["feedback_id"].astype(str).tolist()
    rulings = feedback.standing(told).set_index("about").to_dict("index")
    learned: dict[str, list[Learned]] = {}
    made = {each.number: each.created_at for each in workspace.registry.versions(name)}
    for word in workspace.registry.learned(name, ids=keys):
        if made[word.number] <= as_of:
            learned.setdefault(word.feedback_id, []).append(word)
    live = {
        entry.after["production"]
        for entry in workspace.registry.ledger(name)
        if entry.at <= as_of and entry.after.get("production") is not None
    }
    known = _outcomes(workspace, name, set(said["id"]), as_of)
    rows = said.to_dict("records")
    items = tuple(
        _reply(row, rulings.get(key), learned.get(key, []), live, known)
        for key, row in zip(keys, rows, strict=True)
    )
    return Replies(name, items)


def _outcomes(
    workspace: Workspace, name: str, ids: set[str], as_of: datetime
) -> dict[str, tuple[Any, Any]]:
    """The newest outcome of each prediction, and when the first one was known."""
    rows = workspace.logs(name).outcomes(as_of=as_of)
    rows = rows[rows["id"].isin(ids)]
    first = rows.drop_duplicates("id", keep="first").set_index("id")["time"]
    last = rows.drop_duplicates("id", keep="last").set_index("id")["outcome"]
    return {each: (last[each], first[each]) for each in last.index}


def _reply(
    row: dict[Any, Any],
    ruling: dict[Any, Any] | None,
    learned: Sequence[Learned],
    live: set[int],
    known: dict[str, tuple[Any, Any]],
) -> Reply:
    label, told = _word(row["label"]), known.get(row["id"])
    right = None
    if told is not None and label and row["time"] < told[1]:
        right = bool(row["label"] == told[0])
    versions = tuple(each.number for each in learned)
    return Reply(
        feedback_id=str(row["feedback_id"]),
        prediction=markup.one_line(row["id"], most=80),
        kind=str(row["kind"]),
        label=label,
        person=markup.one_line(_word(row["person"]), most=80),
        source=markup.one_line(_word(row["source"]), most=80),
        said_at=row["time"].to_pydatetime(),
        decision="" if ruling is None else str(ruling["kind"]),
        decided_by="" if ruling is None else markup.one_line(ruling["person"], 80),
        reason="" if ruling is None else markup.one_line(_word(ruling["reason"]), 200),
        versions=versions,
        weight=learned[0].weight if learned else 0.0,
        live=tuple(number for number in versions if number in live),
        outcome="" if told is None else _word(told[0]),
        right=right,
    )


def _word(value: Any) -> str:
    """A label, a name or a reason as text; empty where there is none."""
    if isinstance(value, float):
        return "" if value != value else f"{value:g}"
    return "" if value is None else markup.one_line(str(value), most=200)


def _versions(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(each) for each in numbers[:_NAMED])
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    return f"version{'s' if len(numbers) > 1 else ''} {shown}{more}"

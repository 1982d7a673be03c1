"""Rows drawn for people to label: out as a file, and back as labels."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import errors, feedback, markup, people
from lifecycle.jobs import store
from lifecycle.workspace import actors, sampled

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.feedback.drawing import By, Draw
    from lifecycle.findings import Findings
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.view import View

__all__ = ["Drawn", "Labelled", "label", "sample"]

CHUNKS = 4
"""How far back rows are drawn from where nobody says since when."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ASKED = ("sample", "row", "label", "reason")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sample that was drawn, and where its file is.

    Parameters
    ----------
    model, sample : str
        The model, and the sample's name.
    path : Path
        Of the CSV that is to be filled in.
    draw : Draw
    again : bool
        Whether the same sample was drawn before.
    """

    model: str
    sample: str
    path: Path
    draw: Draw
    again: bool

    @property
    def sentence(self) -> str:
        """What was drawn, in words."""
        told = f"sample {self.sample} of {self.model}: {self.draw.summary}"
        return f"{told} It was drawn before." if self.again else told

    def __repr__(self) -> str:
        return f"<Drawn {self.sentence}>"


@dataclass(frozen=True, slots=True)
class Labelled:
    """What came back of a sample.

    Parameters
    ----------
    model, sample, person : str
    new, same, changed, blank : int
        Labels that are new, were there already, replace one by the same person, and
        rows without one.
    findings : Findings
        What all labels tell of the model now.
    """

    model: str
    sample: str
    person: str
    new: int
    same: int
    changed: int
    blank: int
    findings: Findings

    @property
    def sentence(self) -> str:
        """What came in, in words."""
        told = f"{self.new:,} labels of sample {self.sample} from {self.person}"
        more = {"the same": self.same, "changed": self.changed, "blank": self.blank}
        said = [f"{count:,} {word}" for word, count in more.items() if count]
        return ", ".join([told, *said])

    def __repr__(self) -> str:
        return f"<Labelled {self.sentence}>"


def sample(
    workspace: Workspace,
    name: str,
    n: int,
    *,
    by: By,
    segment: str,
    seed: int,
    start: datetime | None,
    out: Path | None,
    who: actors.Actor,
    as_of: datetime,
) -> Drawn:
    """Draw predictions whose outcome nobody knows yet, for people to label.

    The probability with which each was drawn is kept in the workspace, and its digest
    in the ledger, so that what comes back speaks for all of them. The file does not
    show what the model said: whoever labels would be led by it.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    n : int
        How many.
    by : {"random", "uncertainty", "segment"}
        See `feedback.draw`.
    segment : str
        Its column; the first of the settings where empty.
    seed : int
        The same seed draws the same rows of the same log.
    start : datetime, optional
        Since when; the last four chunks where not given.
    out : Path, optional
        Where the CSV goes; into `samples/` of the workspace where not given.
    who : Actor
    as_of : datetime
        With a zone.

    Returns
    -------
    Drawn

    Raises
    ------
    NotEnoughData
        When no prediction of the period waits for its outcome.
    BadParameters
        When n is too small, the column is not there, or answers are amounts.
    """
    view = workspace.view(name, as_of)
    rows, facts = sampled.waiting(view, start=start, chunks=CHUNKS)
    if rows.empty:
        raise errors.NotEnoughData(
            f"no prediction of {name} since {facts['start'][:10]} waits for its "
            "outcome; draw from an earlier day with --since"
        )
    column = segment or next(iter(view.settings.segments), "")
    if by == "segment" and not column:
        raise errors.BadParameters(
            f"{name} has no segments in its settings; name a column with --segment"
        )
    try:
        made = feedback.draw(
            rows,
            n,
            by=by,
            seed=seed,
            segment=column,
            wrong=sampled.doubt(view, rows),
        )
    except ValueError as error:
        raise errors.BadParameters(str(error)) from None
    facts |= {"model": name, "by": by, "seed": seed, "segment": column, "of": len(rows)}
    facts["strata"] = [list(each) for each in made.strata]
    facts["rows"] = made.rows.to_dict("records")
    id, text, sha256 = sampled.sealed(facts)
    folder = workspace.directory / "samples" / name
    folder.mkdir(parents=True, exist_ok=True)
    store.write(folder / f"{id}.json", text)
    again = _entered(workspace, name, id, sha256, facts, who, as_of)
    path = out or folder / f"{id}.csv"
    store.write(path, _csv(view, id, made, rows))
    return Drawn(name, id, path, made, again)


def _entered(
    workspace: Workspace,
    name: str,
    id: str,
    sha256: str,
    facts: dict[str, Any],
    who: actors.Actor,
    at: datetime,
) -> bool:
    """Write into the ledger that a sample was drawn, once; whether it was before."""
    with workspace.registry.atomic() as book:
        before = [
            each.evidence["sample"] for each in book.ledger(name, move=sampled.MOVE)
        ]
        if id in before:
            return True
        book.enter(
            name,
            sampled.MOVE,
            actor=who.name,
            source=who.source,
            reason=f"{len(facts['rows'])} of {facts['of']} rows by {facts['by']}",
            at=at,
            evidence={"sample": id, "sha256": sha256, "seed": facts["seed"]},
        )
    return False


def _csv(view: View, id: str, made: Draw, rows: pd.DataFrame) -> str:
    """What people fill in: safe to open in a spreadsheet, whatever the data hold."""
    features = [n for n in view.settings.features.names if n in rows.columns]
    shown = made.rows[["id"]].merge(rows[["id", "time", *features]], on="id")
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    head = ["sample", "row", view.settings.id, "time", *features, "label", "reason"]
    writer.writerow([_cell(each) for each in head])
    for row, values in enumerate(shown.itertuples(index=False), start=1):
        key, time, *others = values
        moment = f"{time:%Y-%m-%d %H:%M:%S}"
        told = [id, row, key, moment, *others, "", ""]
        writer.writerow([_cell(each) for each in told])
    return text.getvalue()


def _cell(value: Any) -> str:
    """A value as a spreadsheet may open it: text that would be a formula is quoted."""
    if value is None or value != value:
        return ""
    if isinstance(value, int | float):
        return f"{value:.12g}"
    text = "".join(c if c.isprintable() else " " for c in str(value))
    return f"'{text}" if str(value).lstrip(" ").startswith(_FORMULA) else text


def label(
    workspace: Workspace,
    name: str,
    source: Path,
    *,
    who: actors.Actor,
    as_of: datetime,
) -> Labelled:
    """Take the labels of a sample in; each is a word of whoever gave it.

    Rows without a label are left for later. The same file again changes nothing.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    source : Path
        The CSV of `sample`, with `label` filled in.
    who : Actor
        Who labelled.
    as_of : datetime
        With a zone.

    Raises
    ------
    InputError
        One sentence a problem: file, line, column, and remedy.
    """
    import pandas as pd

    view = workspace.view(name, as_of)
    told = sampled.read_labels(view, source, _ASKED)
    blank = int(told["label"].isna().sum())
    told = told[told["label"].notna()]
    person = markup.one_line(who.name, most=120)
    whose = _short(people.key(person))
    keys = [f"{s} {row} {whose}" for s, row in told[["sample", "row"]].values]
    made = pd.DataFrame(
        {
            "feedback_id": pd.Series(keys, dtype=object),
            "id": told["id"].to_numpy(),
            "time": pd.Series(
                [pd.Timestamp(as_of)] * len(told), dtype="datetime64[us, UTC]"
            ),
            "kind": "label",
            "label": told["label"].to_numpy(),
            "person": person,
            "reason": told["reason"].to_numpy(),
            "source": "sample",
        }
    )
    log = workspace.logs(name)
    before = log.feedback().set_index("feedback_id")["label"]
    there = made["feedback_id"].isin(before.index)
    said = made["feedback_id"].map(before[~before.index.duplicated()])
    same = (there & (said == made["label"])).to_numpy(dtype=bool)
    if (~same).any():
        log.append("feedback", made[~same].reset_index(drop=True))
    found = sampled.audited(workspace.view(name, as_of))
    names = ", ".join(sorted(told["sample"].unique())) or "–"
    return Labelled(
        name,
        names,
        person,
        int((~there).sum()),
        int(same.sum()),
        int((there & ~same).sum()),
        blank,
        found,
    )


def _short(person: str) -> str:
    return hashlib.blake2b(person.encode(), digest_size=6).hexdigest()

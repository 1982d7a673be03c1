"""Samples as the workspace keeps them: which rows, how likely, and what they tell."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import errors, feedback
from lifecycle.findings import Finding, Findings, judge
from lifecycle.workspace.rows import LENGTH, Rows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["MOVE", "audited", "caught", "doubt", "read_labels", "sealed", "waiting"]

MOVE = "draw a sample"
"""The move of the ledger that holds a sample's digest."""
_TITLE = "Accuracy by a drawn sample"


def waiting(
    view: Rows, *, start: datetime | None, chunks: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The served predictions of a period whose outcome is not known, and the others.

    Returns
    -------
    rows : DataFrame
        Those without an outcome.
    facts : dict
        `start`, `drawn_at`; `known` and `known_right`, how many of the period have an
        outcome, and of how many the prediction was right.
    """
    if not view.task.judges:
        raise errors.BadParameters(
            f"{view.name} answers with amounts, which are not right or wrong; a sample "
            "tells nothing of its accuracy"
        )
    since = start or view.as_of - chunks * LENGTH[view.settings.chunk]
    rows = view.scored[view.scored["time"] > since].drop_duplicates("id")
    known = rows["outcome"].notna()
    right = rows.loc[known, "outcome"] == rows.loc[known, "prediction"]
    facts = {
        "start": since.astimezone(UTC).isoformat(),
        "drawn_at": view.as_of.astimezone(UTC).isoformat(),
        "known": int(known.sum()),
        "known_right": int(right.sum()),
    }
    return rows[~known].reset_index(drop=True), facts


def doubt(view: Rows, rows: pd.DataFrame) -> np.ndarray:
    """How probable it is, by the model itself, that each prediction is wrong."""
    import numpy as np

    score = rows["score"].to_numpy(dtype=float, na_value=np.nan)
    if view.task.words:
        return 1 - score
    one = rows["prediction"].to_numpy(dtype=float, na_value=np.nan) == 1
    return np.asarray(np.where(one, 1 - score, score), dtype=float)


def sealed(facts: dict[str, Any]) -> tuple[str, str, str]:
    """The name of a sample, its file's text, and the digest the ledger holds of it."""
    body = json.dumps(facts, sort_keys=True, ensure_ascii=True, indent=1)
    sha256 = hashlib.sha256(body.encode()).hexdigest()
    return f"s{sha256[:8]}", body, sha256


def _kept(view: Rows, id: str, sha256: str) -> dict[str, Any] | None:
    """What was drawn; None where the file is gone or is not what it was."""
    path = view.workspace.directory / "samples" / view.name / f"{id}.json"
    try:
        body = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(body).hexdigest() != sha256:
        return None
    facts: dict[str, Any] = json.loads(body)
    return facts


def _samples(view: Rows) -> list[tuple[str, str]]:
    """Name and digest of each sample, oldest first, as the ledger has them."""
    with view.registry.reading() as book:
        moves = book.ledger(view.name, move=MOVE)
    return [
        (str(each.evidence["sample"]), str(each.evidence["sha256"]))
        for each in moves
        if each.at <= view.as_of
    ]


def read_labels(view: Rows, path: Path, asked: Sequence[str]) -> pd.DataFrame:
    """The labels of a file, each with the prediction it is about.

    The id in the file is for whoever reads it: a spreadsheet may have altered it, so a
    row is known by its sample and number.
    """
    import pandas as pd

    from lifecycle.logs import desk as desks
    from lifecycle.logs import problems, readers

    raw = readers.read(path, wanted=asked, needed=asked[:3])
    desk = desks.Desk(raw)
    words = view.task.words
    labels = (
        desk.names("label") if words else desk.truths("label", view.settings.positive)
    )
    frame = pd.DataFrame(
        {
            "sample": desk.names("sample", needed=True),
            "row": desk.numbers("row", lower=1),
            "label": labels,
            "reason": desk.names("reason"),
        }
    )
    ids: dict[tuple[str, int], str] = {}
    kept = dict(_samples(view))
    for name in frame["sample"].dropna().unique():
        facts = _kept(view, name, kept[name]) if name in kept else None
        for number, row in enumerate(facts["rows"] if facts else (), start=1):
            ids[name, number] = row["id"]
    found = [
        None if row != row else ids.get((str(name), int(row)))
        for name, row in zip(frame["sample"], frame["row"], strict=True)
    ]
    frame["id"] = pd.Series(found, dtype=object)
    for place in range(len(frame)):
        if found[place] is None and place not in desk.bad:
            told = f"{frame['sample'][place]} {frame['row'][place]:g}"
            reason = "is no row of a sample that is kept; use the file as it was drawn"
            desk.refuse(place, reason, "sample", told)
    if raw.broken or desk.problems:
        raise problems.refusal((*raw.broken, *desk.problems))
    twice = frame.duplicated(["sample", "row"], keep=False)
    if twice.any():
        first = frame[twice].iloc[0]
        raise errors.InputError(
            f"{raw.file}: row {first['row']:g} of sample {first['sample']} is there "
            "twice; keep one of them"
        )
    return frame.astype({"row": int})


def _judged(view: Rows) -> tuple[dict[str, Any], pd.DataFrame] | None:
    """The newest sample that somebody has begun to label: facts, rows with `wrong`.

    Where the outcome came since it counts, else the last label. The newest of all where
    nothing of any is known.
    """
    found = None
    for sample in reversed(_samples(view)):
        facts = _kept(view, *sample)
        if facts is None:
            continue
        rows = _answered(view, facts)
        if rows["wrong"].notna().any():
            return facts, rows
        found = found or (facts, rows)
    return found


def _answered(view: Rows, facts: dict[str, Any]) -> pd.DataFrame:
    """The drawn rows, and whether each prediction was wrong, where that is known.

    Whose outcome came early, or who was spoken of unasked, is no random part of a
    stratum: those count once somebody has labelled them, or all of it is known.
    """
    import pandas as pd

    rows = pd.DataFrame(facts["rows"])
    told = view.labelled[["id", "prediction", "outcome"]].drop_duplicates("id")
    rows = rows.merge(told, on="id", how="left")
    said = view.workspace.logs(view.name).feedback(as_of=view.as_of)
    asked = (said["kind"] == "label") & (said["source"] == "sample")
    said = said[asked & said["label"].notna()]
    last = said.drop_duplicates("id", keep="last").set_index("id")["label"]
    labels = rows["id"].map(last).astype(object)
    truth = rows["outcome"].astype(object).where(rows["outcome"].notna(), labels)
    whole = truth.notna().groupby(rows["stratum"]).transform("all")
    counts = truth.notna() & (labels.notna() | whole)
    wrong = (truth != rows["prediction"]).astype(float).where(counts)
    return rows.assign(wrong=wrong.to_numpy(dtype=float))


def audited(view: Rows) -> Findings:
    r"""How good the model is on rows nobody knew the outcome of, by the newest sample.

    Returns
    -------
    Findings
        `accuracy` of the whole period of the sample, and of its rows without an outcome
        (subjects); of each segment where it was drawn by segments. n is how many rows
        were labelled, or have an outcome by now. No rows where no sample was drawn.

    Notes
    -----
    Of :math:`N_k` rows whose outcome was known :math:`a_k` is counted, of the other
    :math:`N_u` it is estimated by `feedback.hajek` from the labels; together
    :math:`(N_k a_k + N_u \hat a_u)/(N_k + N_u)`.
    """
    samples = _samples(view)
    if not samples:
        return Findings(_TITLE, ())
    found = _judged(view)
    if found is None:
        told = f"Sample {samples[-1][0]} cannot be read, or was altered; draw another."
        return Findings(_TITLE, (), told)
    facts, rows = found
    right = 1 - rows["wrong"]
    unknown = feedback.hajek(
        right,
        rows["inclusion"],
        strata=rows["stratum"],
        measure="accuracy",
        subject="no outcome when drawn",
    )
    everything = [_together(view, facts, unknown), unknown]
    if facts["by"] == "segment":
        for name, mine in rows.groupby("stratum", sort=True):
            part = feedback.hajek(
                1 - mine["wrong"],
                mine["inclusion"],
                strata=mine["stratum"],
                measure="accuracy",
                subject=str(name),
            )
            everything.append(part)
    return Findings(_TITLE, tuple(everything), _said(facts, everything[0], len(rows)))


def _together(view: Rows, facts: dict[str, Any], unknown: Finding) -> Finding:
    """Of all rows of the period: some counted, those without an outcome estimated."""
    known, right, others = facts["known"], facts["known_right"], facts["of"]
    total = known + others
    value, lower, upper = (
        (right + others * each) / total
        for each in (unknown.value, unknown.lower, unknown.upper)
    )
    rules = view.settings.alerts
    limit = rules.accuracy_below
    least = rules.min_rows
    verdict = judge(value, limit, side="below", n=unknown.n, min_n=least)
    return replace(
        unknown,
        value=value,
        lower=lower,
        upper=upper,
        threshold=limit,
        verdict=verdict,
        subject="the whole period",
    )


def _said(facts: dict[str, Any], found: Finding, asked: int) -> str:
    since, until = facts["start"][:10], facts["drawn_at"][:10]
    told = f"{found.n} of {asked} drawn rows are labelled"
    if math.isnan(found.value):
        return f"Accuracy by a drawn sample is undefined: {told}."
    total = facts["known"] + facts["of"]
    return (
        f"Of {total:,} predictions from {since} to {until} {found.value:.1%} are right "
        f"({found.lower:.1%} to {found.upper:.1%}); {told}, and stand for "
        f"{facts['of']:,} without an outcome."
    )


def caught(view: Rows) -> Findings:
    """How many wrong predictions people speak of; see `feedback.caught`."""
    found = _judged(view)
    if found is None:
        return Findings("What people speak of", ())
    said = view.workspace.logs(view.name).feedback(as_of=view.as_of)
    return feedback.caught(found[1], said)

"""Rows through the versions: each scored by the one its id is routed to, and logged."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import errors, logs, routing
from lifecycle.jobs import store
from lifecycle.logs import problems
from lifecycle.workspace import (
    answering,
    clashes,
    health,
    intake,
    lineup,
    request,
    spooled,
)

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.workspace.desk import Workspace

__all__ = ["score"]

SAID = ("score", "prediction", "version", "role")


def score(
    workspace: Workspace,
    name: str,
    source: Path | str | pd.DataFrame,
    *,
    out: Path | None,
    as_of: datetime,
    say: Callable[[str], None] = lambda text: None,
) -> pd.DataFrame:
    """Score rows, each by the version its id is routed to, and log what was said.

    A row that was logged with its prediction before is not scored again: what
    somebody was told stays what it was, whichever version serves today. Where a
    version fails the next one answers, as in a `Router`; a row that no version has a
    score for is not logged.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model; it must have a version in production.
    source : Path or DataFrame
        A file with the user's column names, or a frame with `id`, `time` and the
        features.
    out : Path, optional
        Where a CSV with id, score, prediction, version and role is written, whole
        or not at all.
    as_of : datetime
        In whose hour the versions' faults are counted; the log's predictions carry the
        rows' own times.
    say : callable
        Told in one sentence how many rows were scored.

    Returns
    -------
    DataFrame
        The rows with `score`, `prediction`, `version` and `role`.

    Raises
    ------
    InputError
        When the file cannot be believed, or says of a logged row what the log
        does not.
    """
    model = workspace.model(name)
    serving = lineup.load(workspace, name)
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise errors.BadParameters(
            f"{out} cannot be written; name a file in a directory that exists"
        )
    if isinstance(source, str):
        source = Path(source)
    file, lines = "the rows", None
    if isinstance(source, Path):
        incoming = logs.read_file(
            source,
            kind="predictions",
            columns=intake.columns(model),
            as_of=as_of,
            timezone=workspace.settings.workspace.timezone,
        )
        rows, file, lines = incoming.frame, source.name, incoming.lines
    else:
        rows = source.reset_index(drop=True)
    log = workspace.logs(name)
    told = clashes.stored(log, rows)
    _refuse(told, rows, (model.id, *model.features.names), file, lines)
    again = rows["id"].isin(told.index)
    fresh, attempts = _scored(workspace, name, serving, rows[~again])
    scored = rows.assign(
        **{column: fresh[column].reindex(rows.index) for column in SAID}
    )
    for column in SAID if again.any() else ():
        logged = told[column].reindex(rows.loc[again, "id"])
        scored.loc[again, column] = logged.to_numpy()
    said = fresh[fresh["score"].notna()]
    log.append("predictions", said)
    _count(workspace, name, attempts, said, as_of)
    if out is not None:
        shown = scored[["id", *SAID]]
        store.write(out, shown.rename(columns={"id": model.id}).to_csv(index=False))
    words = f"{file}: {len(said):,} rows scored and logged"
    if len(said) < len(fresh):
        words += f", {len(fresh) - len(said):,} that no version has a score for"
    if again.any():
        words += f", {int(again.sum()):,} logged before and given as they are logged"
    say(words)
    return scored


def _count(
    workspace: Workspace,
    name: str,
    attempts: Sequence[answering.Attempt],
    said: pd.DataFrame,
    at: datetime,
) -> None:
    """Count what the versions did, and let the one in shadow score the rows."""
    tally = routing.Tally()
    for each in request.counted(attempts):
        tally.add(hour=health.hour_of(at), **each)
    if len(said):
        spooled.shadow(workspace, name, said, at, tally)
    with suppress(OSError):  # counts are evidence; the scores are what was asked for
        health.write(workspace, name, tally, token=f"score-{secrets.token_hex(6)}")


def _refuse(
    told: pd.DataFrame,
    rows: pd.DataFrame,
    names: tuple[str, ...],
    file: str,
    lines: tuple[int, ...] | None,
) -> None:
    """Raise where the log says something else of a row, or only that it was."""
    known = rows[rows["id"].isin(told.index)]
    reasons = clashes.find(told, known[["id", "time", *names[1:]]])
    unscored = known["id"].map(told["prediction"]).isna()
    for row in known.index[unscored]:
        reasons.setdefault(
            row,
            "is in the log as history, without a prediction; leave the row out, or "
            "give it a new id",
        )
    if reasons:
        found = clashes.problems_of(file, names[0], rows["id"], reasons, lines)
        raise problems.refusal(found)


def _scored(
    workspace: Workspace, name: str, serving: lineup.Lineup, rows: pd.DataFrame
) -> tuple[pd.DataFrame, list[answering.Attempt]]:
    """The rows with what is said of them, as a router would without a time limit."""
    import numpy as np

    attempts: list[answering.Attempt] = []
    asked = answering.Answering(time_limit=None)
    ids = [str(each) for each in rows["id"]]
    raw, codes = asked.many(serving, rows, ids, attempts)
    scores, said = serving.said(raw, codes)
    versions, roles = (
        np.array(words, dtype=object)[codes]
        for words in zip(*serving.served, strict=True)
    )
    scored = rows.assign(score=scores, prediction=said, role=roles, version=versions)
    return scored, attempts

"""Rows through the versions: each scored by the one its id is routed to, and logged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import errors, logs, routing
from lifecycle.jobs import store
from lifecycle.logs import problems
from lifecycle.workspace import clashes, intake
from lifecycle.workspace.serving import scorer

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
    somebody was told stays what it was, whichever version serves today.

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
        Not used for the scores; the log's predictions carry the rows' own times.
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
    serving = _serving(workspace, name)
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
    scored = _scored(workspace, name, serving, rows, again)
    for column in SAID if again.any() else ():
        logged = told[column].reindex(rows.loc[again, "id"])
        scored.loc[again, column] = logged.to_numpy()
    log.append("predictions", scored[~again])
    if out is not None:
        shown = scored[["id", *SAID]]
        store.write(out, shown.rename(columns={"id": model.id}).to_csv(index=False))
    words = f"{file}: {int((~again).sum()):,} rows scored and logged"
    if again.any():
        words += f", {int(again.sum()):,} logged before and given as they are logged"
    say(words)
    return scored


def _serving(workspace: Workspace, name: str) -> dict[str, tuple[int, float]]:
    """Version and share of each role that serves."""
    roles = workspace.registry.roles(name)
    if "production" not in roles:
        raise errors.UnknownVersion(
            f"{name} has no version in production; train one, propose it and approve it"
        )
    return {
        role: (roles[role].number, roles[role].share)
        for role in ("production", "experimental")
        if role in roles
    }


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
    workspace: Workspace,
    name: str,
    serving: dict[str, tuple[int, float]],
    rows: pd.DataFrame,
    again: pd.Series,
) -> pd.DataFrame:
    shares = {role: share for role, (_, share) in serving.items()}
    routed = routing.assign(rows["id"], shares, salt=name)
    scored = rows.assign(score=float("nan"), prediction=float("nan"), role=routed)
    scored["version"] = ""
    for role, (number, _) in serving.items():
        mine = (routed == role) & ~again
        if not mine.any():
            continue
        version = workspace.registry.version(name, number)
        scores = scorer(workspace, name, version)(rows[mine])
        scored.loc[mine, "score"] = scores
        scored.loc[mine, "prediction"] = (scores >= version.threshold).astype(float)
        scored.loc[mine, "version"] = str(version.number)
    return scored

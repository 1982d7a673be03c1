"""What comes into a workspace: files into the log, rows through the versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lifecycle import config, errors, logs, registry, routing, training

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle.workspace.desk import Workspace

__all__ = ["Ingested", "columns", "ingest", "score", "scores_of"]

TABLES = ("predictions", "outcomes", "feedback", "events")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of the rows that came in.

    Parameters
    ----------
    new, same, changed : int
        Rows added, rows that were there already, rows that replaced another.
    bad : int
        Rows set aside because they could not be believed.
    written : Path or None
        Where those went, each with its reason.

    Examples
    --------
    >>> print(Ingested(398, 2, 0))
    398 new, 2 unchanged
    """

    new: int
    same: int
    changed: int
    bad: int = 0
    written: Path | None = None

    def __str__(self) -> str:
        words = f"{self.new:,} new, {self.same:,} unchanged"
        if self.changed:
            words += f", {self.changed:,} corrected"
        if self.bad:
            words += f", {self.bad:,} bad rows set aside in {self.written}"
        return words


def columns(model: config.Model) -> logs.Columns:
    """The user's names of the columns, as the settings tell them."""
    return logs.Columns(
        id=model.id,
        time=model.time,
        score=model.score,
        prediction=model.prediction,
        version=model.version,
        outcome=model.outcome,
        outcome_time=model.outcome_time,
        numeric=model.features.numeric,
        categorical=model.features.categorical,
        positive=model.positive,
        threshold=model.threshold,
    )


def ingest(
    workspace: Workspace,
    name: str,
    table: str,
    source: Path | pd.DataFrame,
    *,
    as_of: datetime,
    skip_bad: bool = False,
) -> Ingested:
    """Take a file, or a frame with canonical columns, into the log of a model.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    table : {"predictions", "outcomes", "feedback", "events"}
        A frame of outcomes carries the times at which they became known.
    source : Path or DataFrame
        CSV, Parquet or JSON Lines with the user's column names; a frame must have
        the log's own names already.
    as_of : datetime
        When an outcome without a time of its own became known.
    skip_bad : bool
        Take the good rows and write the bad ones beside the file.

    Raises
    ------
    InputError
        One sentence a problem: file, line or column, and remedy.
    """
    if table not in TABLES:
        raise errors.BadParameters(
            f"{table!r} is not a table; choose one of {', '.join(TABLES)}"
        )
    model = workspace.model(name)
    log = workspace.logs(name)
    if not isinstance(source, Path):
        done = log.append(table, source)
        return Ingested(done.rows_new, done.rows_same, done.rows_changed)
    incoming = logs.read_file(
        source,
        kind=cast("logs.Kind", table),
        columns=columns(model),
        as_of=as_of,
        timezone=workspace.settings.workspace.timezone,
        skip_bad=skip_bad,
        known=None if table == "predictions" else log.predictions(columns=["id"])["id"],
    )
    done = log.append(table, incoming.frame, stamped=incoming.stamped)
    return Ingested(
        done.rows_new,
        done.rows_same + incoming.repeated,
        done.rows_changed,
        len({problem.line for problem in incoming.bad}),
        incoming.written,
    )


def score(
    workspace: Workspace,
    name: str,
    source: Path | pd.DataFrame,
    *,
    out: Path | None,
    as_of: datetime,
) -> pd.DataFrame:
    """Score rows, each by the version its id is routed to, and log what was said.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model; it must have a version in production.
    source : Path or DataFrame
        A file with the user's column names, or a frame with `id`, `time` and the
        features.
    out : Path, optional
        Where a CSV with id, score, prediction, version and role is written.
    as_of : datetime
        Not used for the scores; the log's predictions carry the rows' own times.

    Returns
    -------
    DataFrame
        The rows with `score`, `prediction`, `version` and `role`.
    """
    model = workspace.model(name)
    if isinstance(source, Path):
        rows = logs.read_file(
            source,
            kind="predictions",
            columns=columns(model),
            as_of=as_of,
            timezone=workspace.settings.workspace.timezone,
        ).frame
    else:
        rows = source
    scored = _scored(workspace, name, model, rows)
    workspace.logs(name).append("predictions", scored)
    if out is not None:
        shown = scored[["id", "score", "prediction", "version", "role"]]
        shown.rename(columns={"id": model.id}).to_csv(out, index=False)
    return scored


def _scored(
    workspace: Workspace, name: str, model: config.Model, rows: pd.DataFrame
) -> pd.DataFrame:
    roles = workspace.registry.roles(name)
    serving = {r: roles[r] for r in ("production", "experimental") if r in roles}
    if "production" not in serving:
        raise errors.UnknownVersion(
            f"{name} has no version in production; train one, propose it and approve it"
        )
    routed = routing.assign(
        rows["id"], {role: held.share for role, held in serving.items()}, salt=name
    )
    scored = rows.assign(score=float("nan"), prediction=float("nan"), role=routed)
    scored["version"] = ""
    for role, held in serving.items():
        mine = routed == role
        if not mine.any():
            continue
        version = workspace.registry.version(name, held.number)
        scores = scores_of(workspace, name, version, rows[mine])
        scored.loc[mine, "score"] = scores
        scored.loc[mine, "prediction"] = (scores >= version.threshold).astype(float)
        scored.loc[mine, "version"] = str(version.number)
    return scored


def scores_of(
    workspace: Workspace, name: str, version: registry.Version, rows: pd.DataFrame
) -> np.ndarray:
    """The scores a version gives to rows, in [0, 1], shape (n_rows,)."""
    estimator = workspace.registry.load(
        version, trusted=workspace.model(name).trusted_types
    )
    return training.predict(
        estimator,
        rows,
        numeric=version.features["numeric"],
        categorical=version.features["categorical"],
    )

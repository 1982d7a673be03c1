"""What is worked out once for a version and kept: what is normal, and what weighs.

Beside the log, under `.lifecycle/`: whatever is there can be deleted, and is made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle import drift, estimation, profiles
from lifecycle.findings import Finding, Findings
from lifecycle.jobs import store
from lifecycle.workspace import saying, serving

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle import registry
    from lifecycle.workspace.rows import Rows

__all__ = ["course_profile", "estimate", "importance", "reference_profile"]

_MOST_ROWS = 4_000  # of the reference, for importance
_REPEATS = 5


def reference_profile(view: Rows) -> profiles.Profile | None:
    """The rows that are normal, counted on the grids they fix; `None` without any.

    They are read once for each version in production, and once for each state of the
    log while there is only the reference period of the settings.
    """
    period = view.reference_period
    if period is None:
        return None
    start, end = period
    features = view.settings.features.plain
    segments = view.settings.segments
    until = min(end, view.as_of)  # within the period it is not whole yet
    period_key = [start.isoformat(), until.isoformat()]
    key: list[object] = [*_version(view), *period_key, *features, "by", *segments]
    if view.production is None:
        key.append(view.workspace.logs(view.name).versions().get("predictions"))
    path = _place(view, "normal", key)

    def make() -> profiles.Profile:
        log = view.workspace.logs(view.name)
        rows = log.predictions(as_of=view.as_of, start=start, end=end)
        grids = profiles.grids(rows, features)
        return profiles.profile(
            rows,
            grids,
            every=view.settings.chunk,
            timezone=view.timezone,
            segments=segments,
        )

    found = _once(path, profiles.Profile.to_bytes, profiles.Profile.from_bytes, make)
    return found if found.rows() else None


def course_profile(
    view: Rows,
    reference: profiles.Profile,
    *,
    start: datetime,
    end: datetime | None = None,
) -> profiles.Profile:
    """The whole chunks from `start` to the view's moment, on the reference's grids.

    Files of the log that were counted before are not read again.
    """
    return view.workspace.logs(view.name).profile(
        reference.grids,
        folder=_folder(view) / "files",
        as_of=view.as_of,
        every=view.settings.chunk,
        timezone=view.timezone,
        segments=view.settings.segments,
        start=start,
        end=end,
    )


def importance(view: Rows, rows: Callable[[], pd.DataFrame]) -> Findings | None:
    """How much the version in production uses each feature; `None` if unknown.

    Parameters
    ----------
    view : Rows
    rows : callable
        The labelled rows of the reference; asked only where nothing is kept.
    """
    version = view.production
    if version is None:
        return None
    features = view.settings.features
    path = _place(view, "weight", [*_version(view), *features.names])

    def make() -> Findings:
        known = rows()
        known = known[known["outcome"].notna()].tail(_MOST_ROWS)
        if known["outcome"].nunique() < 2:
            return Findings("Importance", ())
        return drift.importance(
            _predictor(view, version),
            known[[*features.names]],
            known["outcome"],
            features=features.plain,
            repeats=_REPEATS,
            rng=view.settings.seed,
        )

    found = _once(path, _written, _read, make)
    return found if len(found) else None


def _predictor(view: Rows, version: registry.Version) -> Any:
    """What the importance of a feature is measured by: scores, or names of classes."""
    scorer = serving.scorer(view.workspace, view.name, version)
    if not view.task.words:
        return scorer
    terms: dict[str, Any] = {"threshold": 0.0, "classes": saying.classes(version)}
    return lambda rows: view.task.said(scorer(rows), **terms)[1].astype(str)


def estimate(
    view: Rows,
    key: Sequence[object],
    rows: Sequence[pd.DataFrame],
    make: Callable[[], estimation.Estimate],
) -> estimation.Estimate:
    """An estimate of chunks that are past, from what was known then: worked out once.

    Parameters
    ----------
    view : Rows
    key : sequence
        What else it depends on, beside the rows.
    rows : sequence of DataFrame
        All that it reads; a correction of one of them makes it anew.
    make : callable
        Asked only where nothing is kept of these rows.
    """
    from pandas.util import hash_pandas_object

    seen = hashlib.sha256()
    for table in rows:
        seen.update(hash_pandas_object(table, index=False).to_numpy().tobytes())
    path = _place(view, "estimate", [*rows[0], *key, seen.hexdigest()])
    return _once(path, _estimate_written, _estimate_read, make)


def _version(view: Rows) -> tuple[object, ...]:
    version = view.production
    return (None,) if version is None else (version.number, version.sha256)


def _folder(view: Rows) -> Path:
    return view.workspace.directory / ".lifecycle" / "profiles" / view.name


def _place(view: Rows, kind: str, key: Sequence[object]) -> Path:
    told = [kind, view.settings.chunk, view.timezone, *key]
    digest = hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()
    return _folder(view) / f"{kind}-{digest[:24]}"


def _once(
    path: Path,
    write: Callable[[Any], bytes],
    read: Callable[[bytes], Any],
    make: Callable[[], Any],
) -> Any:
    """What is kept in a file; made and kept where it is not there or not whole."""
    try:
        return read(path.read_bytes())
    except (OSError, ValueError):
        made = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        store.write(path, write(made), durable=False)
        return made


def _told(found: Findings) -> dict[str, Any]:
    fields = list(Finding.__dataclass_fields__)
    rows = [{name: getattr(row, name) for name in fields} for row in found]
    told = {"title": found.title, "summary": found.summary, "main": found.main}
    return {**told, "rows": rows}


def _found(told: dict[str, Any]) -> Findings:
    rows = tuple(Finding(**row) for row in told.pop("rows"))
    return Findings(rows=rows, **told)


def _written(found: Findings) -> bytes:
    return json.dumps(_told(found)).encode()


def _read(data: bytes) -> Findings:
    return _found(json.loads(data))


def _estimate_written(made: estimation.Estimate) -> bytes:
    grounds = [asdict(each) for each in made.grounds]
    return json.dumps({"findings": _told(made.findings), "grounds": grounds}).encode()


def _estimate_read(data: bytes) -> estimation.Estimate:
    told = json.loads(data)
    grounds = tuple(estimation.Ground(**each) for each in told["grounds"])
    return estimation.Estimate(_found(told["findings"]), grounds)

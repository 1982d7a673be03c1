"""A workspace of many small models: one is trained, the others are its copies."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from lifecycle import open as open_workspace
from lifecycle import promotion, simulate
from lifecycle.demo.prepare import MANAGED, live_week, make
from lifecycle.workspace import Workspace

__all__ = ["AS_OF", "FAILING", "fleet", "reports"]

WEEKS = 8
START = date(2023, 1, 2)
AS_OF = datetime(2023, 1, 2, tzinfo=UTC) + timedelta(weeks=WEEKS, hours=7)
"""A Monday at seven, an hour after the pages are due."""
FAILING = "model-007"
"""Its log is damaged; what is due of it fails."""
_SCHEDULE = re.compile(r"(?m)^(audit|drift|decide|promote) = .*\n")


def fleet(
    directory: Path,
    count: int,
    *,
    pages: tuple[str, ...] = ("audit",),
    leads: int = 60,
    failing: bool = True,
) -> Workspace:
    """Make it: `model-000` and so on, each with a live version and some weeks of log.

    Parameters
    ----------
    directory : Path
    count : int
    pages : tuple of str
        Each due on Mondays at six.
    leads : int
        A week and model.
    failing : bool
        Whether the log of one is damaged, where there are so many.
    """
    story = simulate.lead_scoring(start=START, weeks=WEEKS, leads_per_week=leads)
    ws = make(directory, story, as_of=AS_OF, unmanaged=False, say=lambda text: None)
    for monday in story.weeks[:WEEKS]:
        live_week(ws, story, monday)
    first = MANAGED
    names = [f"model-{number:03d}" for number in range(count)]
    _settings(directory, first, names, pages)
    logs = directory / "logs"
    for name in names:
        _linked(logs / first, logs / name)
    grown = open_workspace(directory)
    _versions(ws, grown, first, names)
    if failing and FAILING in names:
        for entry in (logs / FAILING / "predictions" / "_delta_log").iterdir():
            entry.unlink()
            entry.write_text("{")
    return grown


def _settings(
    directory: Path, first: str, names: list[str], pages: tuple[str, ...]
) -> None:
    path = directory / "lifecycle.toml"
    head, table = path.read_text(encoding="utf-8").split(f"[models.{first}]\n", 1)
    due = "".join(f'{page} = "0 6 * * 1"\n' for page in pages)
    table = _SCHEDULE.sub("", f"[models.{first}]\n{table}")
    table = table.replace(f"[models.{first}.schedule]\n", f"\\g<0>{due}")
    table = table.replace("\\g<0>", f"[models.{first}.schedule]\n")
    table = table.replace("on_alert = true", "on_alert = false")
    copies = [table.replace(f"[models.{first}", f"[models.{name}") for name in names]
    path.write_text("\n".join([head, *copies]), encoding="utf-8")


def _linked(source: Path, target: Path) -> None:
    """A copy of a log by hard links; its files are never changed once written."""
    for folder, _, files in os.walk(source):
        into = target / Path(folder).relative_to(source)
        into.mkdir(parents=True, exist_ok=True)
        for file in files:
            os.link(Path(folder, file), into / file)


def _versions(ws: Workspace, grown: Workspace, first: str, names: list[str]) -> None:
    """The one version, put into production under each name."""
    made = ws.registry.version(first, 1)
    estimator = ws.registry.load(made)
    at = datetime(START.year, START.month, START.day, tzinfo=UTC)
    birth = dict(made.birth) | {
        field: getattr(made, field)
        for field in ("trained_from", "trained_to", "as_of", "data", "features")
    }
    birth |= {"threshold": made.threshold, "metrics": made.metrics}
    for name in names:
        copy = grown.registry.register(
            name,
            recipe=made.recipe,
            estimator=estimator,
            birth=birth,
            author="Mira Okafor",
            at=at,
        )
        asked = promotion.propose(
            grown.registry,
            name,
            copy.number,
            author="Mira Okafor",
            reason="the first version",
            evidence={"passed": True},
            at=at,
        )
        promotion.approve(
            grown.registry,
            name,
            asked.id,
            approver="Dana Weber",
            reason="we go live",
            at=at,
        )


def reports(ws: Workspace, each: int) -> None:
    """Past runs of `audit` for every model, as copies of the one that is there.

    Parameters
    ----------
    ws : Workspace
        In which the pages of its models have run.
    each : int
        How many a model, a day apart, before its newest.
    """
    for name in ws.models:
        done = [run for run in ws.registry.runs(name) if run.status == "succeeded"]
        if not done:
            continue
        newest = done[0]
        source = ws.directory / newest.directory
        with ws.registry.atomic() as book:  # all at once: each alone is a write to disk
            for back in range(each, 0, -1):
                as_of = newest.as_of - timedelta(days=back)
                place = source.parent / f"{as_of:%Y-%m-%d}"
                _linked(source, place)
                book.record_run(
                    slot=None,
                    model=name,
                    notebook=newest.notebook,
                    as_of=as_of,
                    status="succeeded",
                    started=as_of,
                    ended=as_of,
                    exit_code=0,
                    verdict=newest.verdict,
                    summary=newest.summary,
                    directory=str(place.relative_to(ws.directory)),
                )

"""The story, week by week: managed beside unmanaged, and what it came to."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import errors, jobs, simulate, workspace
from lifecycle.demo import scenarios, summary
from lifecycle.demo.prepare import live_week, make
from lifecycle.demo.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Stopwatch", "run"]


class Stopwatch:
    """Where the time goes, in wall-clock seconds by kind of work.

    Examples
    --------
    >>> clock = Stopwatch()
    >>> with clock("scoring"):
    ...     pass
    >>> list(clock.seconds)
    ['scoring']
    """

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    @contextmanager
    def __call__(self, kind: str) -> Iterator[None]:
        """Count the time of a block under this kind."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[kind] += time.perf_counter() - began  # type: ignore[assignment]


def run(
    directory: Path,
    *,
    say: Callable[[str], None],
    scenario: str = scenarios.LEADS.name,
    seed: int = 2024,
    weeks: int | None = None,
) -> Path:
    """Run a whole story into a directory.

    Parameters
    ----------
    directory : Path
        An earlier run's workspace there is moved aside (to `NAME.old`); anything else
        is not touched.
    say : callable
        Told a line a week, and what happens in between.
    scenario : {"lead-scoring", "fraud", "chatbot"}
        Whose story.
    seed : int
        Of the simulation.
    weeks : int, optional
        How many weeks after going live; as many as the scenario tells of.

    Returns
    -------
    Path
        `reports/index.html`.

    Raises
    ------
    SettingsError
        When the directory holds something that is not an earlier run, or there is no
        such scenario.
    """
    clock, of = Stopwatch(), scenarios.named(scenario)
    _make_room(directory)
    with clock("simulation"):
        story = of.story(seed=seed, weeks=of.weeks if weeks is None else weeks)
    with clock("set-up and first training"):
        ws = make(
            directory, story, as_of=story.end, unmanaged=True, say=say, scenario=of
        )
    told: dict[datetime, list[str]] = {}
    timings: Counter[str] = Counter()
    with jobs.Warm() as warm:
        for monday in story.weeks:
            with clock("scoring and taking in"):
                live_week(ws, story, monday, of)
            after = monday + timedelta(weeks=1)
            happened = _tick(ws, of, after, warm, clock, timings, say)
            told[monday] = happened
            say(_week_line(ws, of, story, monday))
        with clock("notebooks"):
            ws.run("audit", of.alone, as_of=story.end, warm=warm, index=False)
    with clock("closing chart and index"):
        table = _weekly(ws, of, story, told)
        found = of.account.measured(table)
        summary.write(
            directory / "summary.json", table, found, story, clock.seconds, timings
        )
        index = ws.refresh_index(
            as_of=story.end,
            chart=of.account.chart(table),
            notes=of.account.sentences(table),
        )
    for line in of.account.sentences(table):
        say(line)
    for line in summary.time_lines(clock.seconds, timings):
        say(line)
    return index


def _make_room(directory: Path) -> None:
    if not directory.exists() or not any(directory.iterdir()):
        return
    if (
        not (directory / "summary.json").exists()
        and not (directory / "lifecycle.toml").exists()
    ):
        raise errors.SettingsError(
            f"{directory} is not empty and not an earlier demo; name another with "
            "--dest DIR"
        )
    aside = directory.with_name(directory.name + ".old")
    if aside.exists():
        import shutil

        shutil.rmtree(aside)
    directory.rename(aside)


def _weekly(
    ws: workspace.Workspace,
    of: Scenario,
    story: simulate.Story,
    told: Mapping[datetime, Sequence[str]],
) -> pd.DataFrame:
    """A row a live week, with what happened in it."""
    rows = [
        ws.logs(name).predictions(start=story.start) for name in (of.name, of.alone)
    ]
    table = of.account.weekly(story, *rows)
    by_week = {simulate.week_label(monday): list(said) for monday, said in told.items()}
    table["events"] = [by_week.get(week, []) for week in table["week"]]
    return table


def _tick(
    ws: workspace.Workspace,
    of: Scenario,
    as_of: datetime,
    warm: jobs.Warm,
    clock: Stopwatch,
    timings: Counter[str],
    say: Callable[[str], None],
) -> list[str]:
    """What is due, and the owner's decision; what happened, for the chart."""
    began = time.perf_counter()
    ticks = ws.due(as_of=as_of, models=[of.name], warm=warm)
    whole = time.perf_counter() - began
    runs = [tick.run for tick in ticks if tick.run is not None]
    ran = sum(done.timings.get("wall", done.seconds) for done in runs)
    kind = "notebooks and renewal" if runs else "watching"
    clock.seconds[kind] += whole  # type: ignore[assignment]
    timings["runs"] += len(runs)
    timings["run seconds"] += ran  # type: ignore[assignment]
    for done in runs:
        for part, seconds in done.timings.items():
            timings[part] += seconds  # type: ignore[assignment]
    happened = []
    for tick in ticks:
        if tick.kind == "run":
            if tick.run is not None and tick.run.exit_code:
                say(f"  {tick.text}")
            continue
        say(f"  {tick.text}")
        if tick.kind == "alert":
            happened.append(f"{tick.rule} alert")
        elif tick.kind == "guard":
            back, won = "rolled back" in tick.text, "did better" in tick.text
            ended = "trial won" if won else "trial ended"
            happened.append("rolled back" if back else ended)
        elif "is proposed" in tick.text:
            happened.append("retrained")
    decided = of.decide(ws, of.name, as_of, name=of.owner)
    if decided is not None:
        asked, target = decided
        where = "production" if target == "production" else "a trial"
        say(f"  {of.owner} approves version {asked.number} for {where}")
        happened.append(f"version {asked.number} to {where}")
    if runs:
        say(f"  {len(runs)} notebooks in {whole:.1f} s")
    return happened


def _week_line(
    ws: workspace.Workspace, of: Scenario, story: simulate.Story, monday: datetime
) -> str:
    after = monday + timedelta(weeks=1)
    rows = [
        ws.logs(name).predictions(start=monday, end=after)
        for name in (of.name, of.alone)
    ]
    managed, alone = of.account.line(story, *rows)
    week = simulate.week_label(monday.date())
    return f"{week}  managed {managed}  unmanaged {alone}"

"""One stream played by all policies at all prices: a cell each."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.replay import cube, fits, streams

if TYPE_CHECKING:
    from benchmarks.replay.course import Ground, Prices
    from benchmarks.replay.cube import Cube

__all__ = ["Cell", "Played", "Question", "cell", "cube_of", "play"]

AHEAD = 12
CHARGED = 0.01


@dataclass(frozen=True)
class Question:
    """What is asked of every stream.

    Parameters
    ----------
    prices : tuple of float
        Of a retraining, in mean losses of a window.
    times : tuple of float
        What a rebuild costs, in retrainings; the first is the main one.
    cache : Path or None
        Where cubes are kept; nothing is kept without.
    policies : tuple of str
        Their names; empty for all.
    luck : bool
        Whether to measure how much of the optimum is luck.
    errors : tuple of float
        Cost of a false negative and of a false positive in files of two classes.
    """

    prices: tuple[float, ...] = (0.025, 0.1, 0.4)
    times: tuple[float, ...] = (15.0,)
    cache: Path | None = None
    policies: tuple[str, ...] = ()
    luck: bool = False
    errors: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True)
class Cell:
    """What one policy paid on one stream at one price.

    Parameters
    ----------
    stream, group, policy : str
    price, times : float
    cost, optimum, never : float
        Sums of mean losses a window and prices: of the policy, of the best course in
        hindsight, and of keeping the first model.
    charged : float
        Cost where each fit of a back-test is known to cost 1% of a retraining.
    fits : int
        Of back-tests; not in `cost`.
    actions, wasted : int
        A wasted action saves less in the next 12 windows than it costs.
    late : int
        Actions from the middle of the stream on: on `noise`, after the noise rises.
    on_bad : int
        Actions that deploy a model trained on a window with a planted fault.
    fixes : int
        Steps at which the policy said that the data must be mended.
    seconds : float
    """

    stream: str
    group: str
    policy: str
    price: float
    times: float
    cost: float
    optimum: float
    never: float
    charged: float
    fits: int
    actions: int
    wasted: int
    late: int
    on_bad: int
    fixes: int
    seconds: float

    @property
    def ratio(self) -> float:
        """Cost over optimum."""
        return self.cost / self.optimum

    @property
    def above_never(self) -> float:
        """Cost over that of never acting, less 1."""
        return self.cost / self.never - 1

    @property
    def captured(self) -> float:
        """Share of what can be gained; `nan` where that is below 5% of the optimum."""
        gain = self.never - self.optimum
        return (self.never - self.cost) / gain if gain > 0.05 * self.optimum else _NAN


@dataclass(frozen=True)
class Played:
    """A stream's cells, and what is to be said about it beside them."""

    stream: str
    group: str
    cells: tuple[Cell, ...]
    build_seconds: float
    fit_seconds: float
    play_seconds: float
    rows: int
    windows: int
    bad: int
    bad_flagged: int
    falsely_flagged: int
    remarked: int
    sentences: tuple[str, ...]
    luck: dict[float, float]


_NAN = float("nan")


def cube_of(source: str | Path, question: Question) -> Cube | None:
    """The cube of a stream by its name or its file, built where it is not kept.

    Returns
    -------
    Cube or None
        None where the stream's data are not there.

    Raises
    ------
    StreamError
        When a file is no stream.
    """
    if isinstance(source, Path):
        stream = streams.from_file(source, costs=question.errors)
        name = f"{source.stem}-{stream.signature[:12]}.npz"
    else:
        found = streams.named(source)
        if found is None:
            return None
        stream, name = found, f"{source}.npz"
    kept = question.cache / name if question.cache else None
    if kept is not None and kept.exists():
        held = cube.load(kept)
        if held.signature == stream.signature:
            return held
    built = fits.build(stream)
    if kept is not None:
        cube.save(built, kept)
    return built


def play(source: str | Path, question: Question) -> Played | None:
    """Play a stream: every policy at every price.

    Parameters
    ----------
    source : str or Path
        A stream's name, or a Parquet file.
    question : Question

    Returns
    -------
    Played or None
        None where the stream's data are not there.
    """
    from benchmarks.replay.course import Ground, prices
    from benchmarks.replay.luck import luck
    from benchmarks.replay.optimum import optimum
    from benchmarks.replay.policies import POLICIES

    cube = cube_of(source, question)
    if cube is None:
        return None
    started = time.process_time()
    ground = Ground(cube)
    names = [name for name in POLICIES if name in question.policies] or list(POLICIES)
    cells = []
    for times in question.times:
        for price in question.prices:
            told = prices(price, times=times)
            least, _ = optimum(cube, told, ground=ground)
            cells += [cell(ground, told, name, least, times=times) for name in names]
    lucky = {
        price: luck(cube, prices(price, times=question.times[0]))
        for price in question.prices
        if question.luck
    }
    flagged = cube.fault
    return Played(
        stream=cube.name,
        group=cube.group,
        cells=tuple(cells),
        build_seconds=cube.build_seconds,
        fit_seconds=float(cube.seconds.sum()),
        play_seconds=time.process_time() - started,
        rows=len(cube.window),
        windows=cube.windows,
        bad=int(cube.bad.sum()),
        bad_flagged=int((flagged & cube.bad).sum()),
        falsely_flagged=int((flagged & ~cube.bad).sum()),
        remarked=sum(bool(said) for said in cube.remarks),
        sentences=tuple(said for said in cube.sentences if said),
        luck=lucky,
    )


def cell(
    ground: Ground, told: Prices, name: str, least: float, *, times: float
) -> Cell:
    """One policy on one stream at one price.

    Parameters
    ----------
    ground : Ground
    told : Prices
    name : str
        Of the policy.
    least : float
        Cost of the best course in hindsight.
    times : float
        What a rebuild costs, in retrainings.

    Returns
    -------
    Cell
    """
    from benchmarks.replay.course import bill
    from benchmarks.replay.policies import POLICIES

    cube = ground.cube
    started = time.process_time()
    path = POLICIES[name](ground, told)
    seconds = time.process_time() - started
    charged = cost = bill(path, told, ground)
    if path.fits:
        dear = replace(told, fit=CHARGED * told.retrain)
        charged = bill(POLICIES[name](ground, dear), dear, ground)
    acted = sorted(path.actions)
    return Cell(
        stream=cube.name,
        group=cube.group,
        policy=name,
        price=told.retrain,
        times=times,
        cost=cost,
        optimum=least,
        never=float(ground.true(ground.initial)[ground.first :].sum()),
        charged=charged,
        fits=path.fits,
        actions=len(acted),
        wasted=_wasted(ground, told, acted),
        late=sum(step >= cube.windows // 2 for step, _, _ in acted),
        on_bad=sum(_on_bad(ground, model) for _, name, model in acted),
        fixes=len(getattr(path, "fixes", ())),
        seconds=seconds,
    )


def _wasted(ground: Ground, told: Prices, acted: list[tuple[int, str, int]]) -> int:
    """How many actions saved less over the next windows than they cost."""
    before, count = ground.initial, 0
    for step, name, model in acted:
        windows = slice(step, min(step + AHEAD, ground.windows))
        saved = (ground.true(before)[windows] - ground.true(model)[windows]).sum()
        count += bool(saved < getattr(told, name))
        before = model
    return count


def _on_bad(ground: Ground, model: int) -> bool:
    """Whether a model was trained on a window in which something was planted."""
    cube, trained = ground.cube, ground.parent(model)
    newest = int(cube.step[trained]) - 2
    span = cube.spans[int(cube.span[trained])]
    oldest = 0 if span == 0 else max(0, newest - span + 1)
    seen = cube.bad[oldest : newest + 1].copy()
    if cube.cleaned[trained]:
        seen &= ~cube.fault[oldest : newest + 1]
    return bool(seen.any())

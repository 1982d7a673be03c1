"""The router: what it adds to a bare predict, and a million predictions logged once.

One row and ten thousand are answered by the estimator alone and by the router, in turn
in one run, logging on. Then a million rows go through it while the roles change.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import _table
from lifecycle import open as open_workspace
from lifecycle import promotion, recipes, training
from lifecycle.workspace import Router, Workspace, lineup

if TYPE_CHECKING:
    import pandas as pd

MODEL = "leads"
NUMERIC = [f"n{k}" for k in range(6)]
CATEGORICAL = ["plan", "region"]
NAMES = [*NUMERIC, *CATEGORICAL]
AT = datetime(2024, 5, 6, tzinfo=UTC)
SETTINGS = f"""\
[models.leads]
owner = "Ana Silva"
task = "binary"
id = "lead"
time = "at"
outcome = "won"
label_delay_days = 14

[models.leads.features]
numeric = {NUMERIC}
categorical = {CATEGORICAL}
"""
ONE, MANY, ROWS = 400, 41, 10_000
MILLION, EACH, OFTEN = 1_000_000, 10_000, 5_000_000


def measure() -> Iterator[_table.Row]:
    """The rows, as they come."""
    with tempfile.TemporaryDirectory(prefix="router-") as folder:
        desk = _desk(Path(folder, "speed"), "boosted_trees")
        with Router(desk, MODEL) as router:
            yield from _one_row(desk, router)
            yield from _many_rows(desk, router)
            yield from _behind(desk, router)
        desk = _desk(Path(folder, "million"), "scaled_logistic")
        yield from _million(desk)
        desk = _desk(Path(folder, "settled"), "scaled_logistic")
        yield from _settled_often(desk)


def _frame(n: int, *, seed: int = 0) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.normal(size=n) for name in NUMERIC})
    frame["plan"] = rng.choice(["free", "pro", "team"], n)
    frame["region"] = rng.choice(["north", "south", "east", "west"], n)
    return frame


def _desk(place: Path, recipe: str) -> Workspace:
    """A workspace with two versions; the first is in production."""
    place.mkdir()
    (place / "lifecycle.toml").write_text(SETTINGS)
    desk = open_workspace(place)
    for seed in range(2):
        known = _frame(4000, seed=seed)
        known["outcome"] = (known["n0"] + known["n1"] > 0).astype(float)
        made = training.train(
            known,
            recipes.load(recipe),
            numeric=NUMERIC,
            categorical=CATEGORICAL,
            seed=seed,
        )
        desk.registry.register(
            MODEL,
            recipe=recipe,
            estimator=made.estimator,
            birth=made.birth,
            author="ana",
            at=AT,
        )
    _release(desk, 1)
    return desk


def _release(desk: Workspace, number: int, share: float | None = None) -> None:
    asked = promotion.propose(
        desk.registry,
        MODEL,
        number,
        author="ana",
        reason="newer",
        evidence={},
        target="production" if share is None else "experimental",
        share=share,
        at=AT,
    )
    promotion.approve(
        desk.registry, MODEL, asked.id, approver="bo", reason="better", at=AT
    )


def _in_turn(
    calls: dict[str, Callable[[], object]], times: int
) -> dict[str, tuple[list[float], list[float]]]:
    """Seconds on the clock and of the calling thread, the calls taking turns."""
    seconds: dict[str, tuple[list[float], list[float]]] = {
        name: ([], []) for name in calls
    }
    for call in calls.values():
        call()
    gc.collect()
    for _ in range(times):
        for name, call in calls.items():
            clock, thread = time.perf_counter(), time.thread_time()
            call()
            seconds[name][1].append(time.thread_time() - thread)
            seconds[name][0].append(time.perf_counter() - clock)
    return seconds


def _middle(values: list[float]) -> float:
    import numpy as np

    return float(np.median(values))


def _one_row(desk: Workspace, router: Router) -> Iterator[_table.Row]:
    import pandas as pd

    frame = _frame(50)
    estimator = desk.registry.load(desk.registry.version(MODEL, 1))
    table = training.features(frame.iloc[[7]], numeric=NUMERIC, categorical=CATEGORICAL)
    row: dict[str, Any] = frame.iloc[7].to_dict()
    with_id = frame.iloc[[7]].assign(id="7")
    count = iter(range(10**9))

    def by_row() -> object:
        return router.predict_one({"id": f"r{next(count)}", **row})

    found = _in_turn(
        {
            "table": lambda: estimator.predict_proba(table),
            "row": by_row,
            "dict": lambda: estimator.predict_proba(pd.DataFrame([row])),
            "frame": lambda: router.predict(with_id),
            "columns": lambda: estimator.predict_proba(with_id[NAMES]),
        },
        ONE,
    )
    pairs = (
        ("predict_one, over predict of a table made before", "row", "table", 50.0),
        ("predict_one, over predict of a frame of the row", "row", "dict", None),
        ("predict of a frame, over predict of its columns", "frame", "columns", 50.0),
        ("predict of a frame, over predict of a table", "frame", "table", None),
    )  # fmt: skip
    for kind, at in (("clock", 0), ("thread", 1)):
        bare = _middle(found["table"][at])
        yield _table.row(f"one row, bare predict ({kind})", 1e6 * bare, "us")
        for words, ours, theirs, most in pairs:
            more = _middle(found[ours][at]) - _middle(found[theirs][at])
            yield _table.row(
                f"one row, {words} ({kind})", 1e6 * more, "us", at_most=most
            )

    for kind, own in _own_work(type(estimator), by_row).items():
        yield _table.row(
            f"one row, predict_one, what the router does around the call ({kind})",
            1e6 * own,
            "us",
            at_most=50.0,
        )


def _own_work(kind: type, call: Callable[[], object]) -> dict[str, float]:
    """Seconds of a call that are not the estimator's own, in the middle of many."""
    bare: Callable[[Any, Any], object] = vars(kind)["predict_proba"].__get__(None, kind)
    spent = [0.0, 0.0]

    def timed(self: Any, table: Any) -> object:
        clock, thread = time.perf_counter(), time.thread_time()
        try:
            return bare(self, table)
        finally:
            spent[1] += time.thread_time() - thread
            spent[0] += time.perf_counter() - clock

    held = vars(kind)["predict_proba"]
    kind.predict_proba = timed  # type: ignore[attr-defined]
    rest: tuple[list[float], list[float]] = ([], [])
    try:
        for _ in range(ONE):
            spent[:] = [0.0, 0.0]
            clock, thread = time.perf_counter(), time.thread_time()
            call()
            rest[1].append(time.thread_time() - thread - spent[1])
            rest[0].append(time.perf_counter() - clock - spent[0])
    finally:
        kind.predict_proba = held  # type: ignore[attr-defined]
    return {"clock": _middle(rest[0]), "thread": _middle(rest[1])}


def _many_rows(desk: Workspace, router: Router) -> Iterator[_table.Row]:
    frame = _frame(ROWS)
    frame["id"] = [f"many-{k}" for k in range(ROWS)]
    estimator = desk.registry.load(desk.registry.version(MODEL, 1))
    found = _in_turn(
        {
            "bare": lambda: estimator.predict_proba(frame[NAMES]),
            "router": lambda: router.predict(frame),
        },
        MANY,
    )
    yield from _shares("10,000 rows", found)
    other = desk.registry.load(desk.registry.version(MODEL, 2))
    _release(desk, 2, 0.1)
    router.poll()
    tried = router.predict(frame).roles == "experimental"

    def both() -> None:
        other.predict_proba(frame[tried][NAMES])
        estimator.predict_proba(frame[~tried][NAMES])

    found = _in_turn({"bare": both, "router": lambda: router.predict(frame)}, MANY)
    yield from _shares("10,000 rows, a tenth on trial", found, thread=False)


def _shares(
    words: str,
    found: dict[str, tuple[list[float], list[float]]],
    *,
    thread: bool = True,
) -> Iterator[_table.Row]:
    for kind, at in (("clock", 0), ("thread", 1)):
        if kind == "thread" and not thread:
            continue  # the version on trial is asked on another thread
        bare, ours = (_middle(found[name][at]) for name in ("bare", "router"))
        yield _table.row(f"{words}, bare predict ({kind})", 1e3 * bare, "ms")
        yield _table.row(
            f"{words}, the router adds ({kind})",
            100 * (ours / bare - 1),
            "%",
            at_most=5,
        )


def _behind(desk: Workspace, router: Router) -> Iterator[_table.Row]:
    """Processor time of all threads a row: packing, spooling, landing."""
    frame = _frame(ROWS)
    player = lineup.load(desk, MODEL).stable[0]
    router.settle()
    spent = time.process_time()
    for _ in range(20):
        player.scorer(frame)
    bare = time.process_time() - spent
    frames = [
        frame.assign(id=[f"behind-{part}-{k}" for k in range(ROWS)])
        for part in range(20)
    ]
    spent = time.process_time()
    for each in frames:
        router.predict(each)
    router.settle()
    whole = time.process_time() - spent
    more = 1e6 * (whole - bare) / (20 * ROWS)
    yield _table.row("written and landed behind the requests, a row", more, "us")


def _million(desk: Workspace) -> Iterator[_table.Row]:
    frame = _frame(EACH)
    moves = 0
    resident: list[float] = []
    told: dict[tuple[str, str], int] = {}
    began = time.perf_counter()
    with Router(desk, MODEL) as router:
        for part in range(MILLION // EACH):
            if part and not part % 10:
                moves += 1
                _move(desk, moves)
            ids = [f"{part:04d}-{k:05d}" for k in range(EACH)]
            found = router.predict(frame.assign(id=ids))
            for code, pair in enumerate(found.served):
                n = int((found.codes == code).sum())
                told[pair] = told.get(pair, 0) + n
            if part % 10 == 9:
                resident.append(_resident())
        lost = router.unlogged
    seconds, closed = time.perf_counter() - began, _resident()
    kept = desk.logs(MODEL).predictions(columns=["id", "version", "role"])
    logged = kept.groupby(["version", "role"]).size()
    same = {pair: int(n) for pair, n in logged.items()} == {
        pair: n for pair, n in told.items() if n
    }
    yield _table.row("a million: role changes meanwhile", moves)
    yield _table.row("a million: role and version served", len(logged))
    yield _table.row("a million: answered and not logged", lost, at_most=0)
    yield _table.row("a million: lost", MILLION - kept["id"].nunique(), at_most=0)
    yield _table.row("a million: double", len(kept) - kept["id"].nunique(), at_most=0)
    yield _table.row(
        "a million: rows by version and role as they were told", same, at_least=1
    )
    yield _table.row("a million: predictions a second", MILLION / seconds)
    yield _table.row("a million: resident after 100,000", resident[0], "MB")
    yield _table.row("a million: resident at the end", resident[-1], "MB")
    yield _table.row("a million: resident, all settled", closed, "MB")
    grown = 100 * (resident[-1] / resident[1] - 1)
    yield _table.row("a million: grown since 200,000", grown, "%", at_most=10)


def _settled_often(desk: Workspace) -> Iterator[_table.Row]:
    """Memory of a router that settles every two seconds, at full speed.

    The first settlement brings the writer of the log into memory and its threads;
    what comes after the first half is held against what was there then.
    """
    import numpy as np

    frame, resident = _frame(EACH), []
    with Router(desk, MODEL, settle_every=2.0) as router:
        for part in range(OFTEN // EACH):
            ids = [f"{part:04d}-{k:05d}" for k in range(EACH)]
            router.predict(frame.assign(id=ids))
            if part % 10 == 9:
                resident.append(_resident())
        lost = router.unlogged
    half = len(resident) // 2
    before, after = max(resident[:half]), float(np.median(resident[-half // 2 :]))
    yield _table.row(
        "settled every 2 s, 5,000,000: answered and not logged", lost, at_most=0
    )
    yield _table.row("settled every 2 s: resident at first", resident[0], "MB")
    yield _table.row("settled every 2 s: most in the first half", before, "MB")
    yield _table.row("settled every 2 s: in the last quarter", after, "MB")
    grown = 100 * (after / before - 1)
    yield _table.row("settled every 2 s: grown", grown, "%", at_most=10)


def _move(desk: Workspace, number: int) -> None:
    """A version is put on trial, goes into production, and is rolled back."""
    if number % 3 == 1:
        _release(desk, 2, 0.2)
    elif number % 3 == 2:
        _release(desk, 2)
    else:
        promotion.roll_back(desk.registry, MODEL, actor="bo", reason="worse", at=AT)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    sys.exit(_table.main(measure, __doc__ or ""))

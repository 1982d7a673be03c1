"""A week of a large shop's lists, and the messages of a large bot: memory and time.

The shop shows a million users lists of 20 of its 100,000 items; eight weeks of
purchases are its reference. Each part runs in a process of its own, whose peak memory
is that of making the data, too; processor time is that of the measures alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import _table

USERS, PLACES, ITEMS, SOLD, WEEKS = 1_000_000, 20, 100_000, 2_000_000, 8
MESSAGES = 200_000
METRICS = ("precision", "recall", "ndcg", "hit_rate", "coverage")


def measure(users: int = USERS, messages: int = MESSAGES) -> Iterator[_table.Row]:
    """The rows, as they come."""
    said = _child("ranking", users)
    peak = said.pop("peak")
    for name, seconds in said.items():
        yield _table.row(f"ranking, {name}", seconds, "s")
    yield _table.row("ranking, all measures", sum(said.values()), "s")
    yield _table.row("ranking, peak memory", peak, "MB", at_most=2000)
    said = _child("text", messages)
    yield _table.row("text drift", said["text"], "s", at_most=60)
    yield _table.row("text drift, peak memory", said["peak"], "MB")


def _child(what: str, size: int) -> dict[str, float]:
    """Processor seconds by part and the peak memory, MB, of a process of its own."""
    command = [sys.executable, "-m", "benchmarks.businesses", "--child", what]
    command += ["--size", str(size)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return {**json.loads(said), "peak": used.ru_maxrss / 1024}


def ranking(users: int) -> dict[str, float]:
    """Seconds of each measure of one week."""
    import numpy as np
    import pandas as pd

    from lifecycle import catalogue, metrics

    rng = np.random.default_rng(7)
    lists = _lists(users, rng)
    share = users / USERS
    weeks = [_purchases(users, int(SOLD * share), n, rng) for n in range(WEEKS + 1)]
    now = weeks.pop()
    reference = pd.concat(weeks, ignore_index=True)
    del weeks
    spent: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        found = work()
        spent[name] = time.process_time() - began
        return found

    def graded() -> list[Any]:
        ranked = metrics.Ranked.of_lists(
            lists, places=now["user"], items=now["item"], catalogue=ITEMS
        )
        return [metrics.ranking(f"{name}@{PLACES}", ranked) for name in METRICS]

    found = timed("metrics", graded)
    assert all(0 < each.value <= 1 for each in found)
    for name in ("turnover", "popularity", "newcomers", "concentration"):
        measured = getattr(catalogue, name)
        done = timed(name, lambda of=measured: of(reference, now))
        assert done.verdict == "quiet", done
    shown = pd.DataFrame(
        {
            "occasion": np.repeat(np.arange(users, dtype=np.int32), PLACES),
            "item": lists.ravel(),
        }
    )
    done = timed(
        "unavailable", lambda: catalogue.unavailable(shown, np.arange(1, ITEMS))
    )
    assert done.verdict == "alert", done
    return spent


def _lists(users: int, rng: Any) -> Any:
    """Items without repetition in a list; low numbers are popular."""
    import numpy as np

    lists = np.empty((users, PLACES), dtype=np.int32)
    offsets = np.cumsum(np.arange(PLACES) ** 2 + 1)
    for first in range(0, users, 100_000):
        best = _drawn(min(100_000, users - first), rng)
        lists[first : first + 100_000] = (best[:, None] + offsets) % ITEMS
    return lists


def _purchases(users: int, rows: int, week: int, rng: Any) -> Any:
    import numpy as np
    import pandas as pd

    monday = np.datetime64("2024-01-01", "us") + np.timedelta64(7 * week, "D")
    seconds = rng.integers(0, 604_800, rows).astype("timedelta64[s]")
    return pd.DataFrame(
        {
            "user": rng.integers(0, users, rows, dtype=np.int32),
            "item": _drawn(rows, rng),
            "time": pd.DatetimeIndex(monday + seconds, tz="UTC"),
        }
    )


def _drawn(rows: int, rng: Any) -> Any:
    """Items whose chance falls with the root of their number."""
    import numpy as np

    return (ITEMS * rng.random(rows) ** 2).astype(np.int32)


def text(messages: int) -> dict[str, float]:
    """Seconds of telling one half of the messages from the other."""
    import pandas as pd

    from lifecycle import drift, simulate

    story = simulate.chatbot(weeks=14, messages_per_week=4_000)
    said = story.rows[["message"]]
    half = messages // 2
    before = story.rows["time"] < story.start
    frames = [
        pd.DataFrame(said[part]).sample(half, replace=True, random_state=1)
        for part in (before, ~before)
    ]
    began = time.process_time()
    found = drift.text(*frames, "message")
    spent = time.process_time() - began
    assert found.verdict == "alert", found
    return {"text": spent}


def main() -> int:
    """Take the arguments, measure, print and write."""
    parser = _table.parser(__doc__ or "")
    parser.add_argument("--child", choices=["ranking", "text"])
    parser.add_argument("--size", type=int, default=USERS)
    given = parser.parse_args()
    if given.child:
        work = ranking if given.child == "ranking" else text
        print(json.dumps(work(given.size)))
        return 0
    _table.report(measure(), json_file=given.json)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())

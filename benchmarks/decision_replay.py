"""When to act on a model: policies replayed on streams, against the best in hindsight.

A stream is a table in windows, its outcomes known one window late. At the start of each
window a policy keeps what serves or acts: recalibrate, retrain, rebuild with another
recipe, roll back. Cost is the mean loss of each window and the price of each action;
what no policy can beat is the cheapest course in hindsight. Rules may be tuned on the
streams called "tuned on" only. `--stream FILE` replays any Parquet with `time`,
features and `outcome` (two classes, several, or a number); `id` and `aux_*` are left
out.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks import _table, replay

CACHE = Path(__file__).parent / ".cache" / "replay"
QUICK = ("tiny",)


def measure(given: argparse.Namespace) -> Iterator[_table.Row]:
    """Play, print the tables, and give the figures of our rule."""
    for file in given.stream:
        replay.streams.from_file(file)  # a bad one is told before hours of work
    from benchmarks.replay.policies import OURS

    started = time.perf_counter()
    question = replay.playing.Question(
        prices=tuple(given.prices),
        times=tuple(given.rebuild),
        cache=None if given.quick else given.cache,
        luck=given.luck,
        errors=_pair(given.error_costs),
    )
    played = list(_played(_sources(given), question, given.jobs))
    if not played:
        raise replay.streams.StreamError("there is no stream to replay; see --streams")
    main = question.times[0]
    print(replay.summary.tables(played, OURS, main), end="\n\n")
    seconds = time.perf_counter() - started
    yield from replay.summary.rows(played, OURS, main, seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program."""
    given = _parser().parse_args(arguments)
    try:
        _table.report(measure(given), json_file=given.json)
    except replay.streams.StreamError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    made = _table.parser(__doc__ or "")
    made.add_argument(
        "--stream",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a Parquet with time, features and outcome; several may be given",
    )
    made.add_argument(
        "--streams",
        type=_names,
        metavar="NAMES",
        help="dev, held, or names with commas between; all, where no FILE is given",
    )
    made.add_argument(
        "--cache", type=Path, default=CACHE, help="where cubes of losses are kept"
    )
    made.add_argument(
        "--prices",
        type=_numbers,
        default=[0.025, 0.1, 0.4],
        help="of a retraining, in mean losses of a window",
    )
    made.add_argument(
        "--rebuild",
        type=_numbers,
        default=[15.0],
        help="what a rebuild costs, in retrainings; the first is the main one",
    )
    made.add_argument(
        "--error-costs",
        type=_numbers,
        default=[1.0, 1.0],
        metavar="NO,YES",
        help="of a false negative and a false positive, in FILEs of two classes",
    )
    made.add_argument(
        "--luck",
        action="store_true",
        help="measure how much of the optimum in hindsight is luck",
    )
    made.add_argument("--jobs", type=int, default=1, help="processes")
    made.add_argument(
        "--quick", action="store_true", help="one tiny stream, nothing kept"
    )
    return made


def _numbers(text: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(0 < each < float("inf") for each in found):
        raise argparse.ArgumentTypeError(
            f"{text!r} must be numbers above 0 with commas between, as in 0.1,0.4"
        )
    return found


def _pair(costs: list[float]) -> tuple[float, float]:
    if len(costs) != 2:
        raise replay.streams.StreamError(
            f"--error-costs takes two numbers, got {len(costs)}; write 6,1"
        )
    return costs[0], costs[1]


def _names(text: str) -> list[str]:
    groups = {"dev": replay.streams.DEV, "held": replay.streams.HELD}
    known = (*replay.streams.DEV, *replay.streams.HELD)
    found: list[str] = []
    for part in text.split(","):
        found += groups.get(part, (part,))
    for name in found:
        if name not in known:
            raise argparse.ArgumentTypeError(
                f"there is no stream {name!r}; there are {', '.join(known)}"
            )
    return found


def _sources(given: argparse.Namespace) -> list[str | Path]:
    if given.quick:
        return [*QUICK, *given.stream]
    if given.streams is None and not given.stream:
        return [*replay.streams.DEV, *replay.streams.HELD]
    return [*(given.streams or []), *given.stream]


def _played(
    sources: Sequence[str | Path], question: replay.playing.Question, jobs: int
) -> Iterator[replay.playing.Played]:
    """Streams in the order asked for; one that is not there is named and left out."""
    if jobs > 1:
        with ProcessPoolExecutor(jobs) as pool:
            waiting = [
                pool.submit(replay.playing.play, each, question) for each in sources
            ]
            for source, each in zip(sources, waiting, strict=True):
                yield from _there(source, each.result())
        return
    for source in sources:
        yield from _there(source, replay.playing.play(source, question))


def _there(
    source: str | Path, found: replay.playing.Played | None
) -> Iterator[replay.playing.Played]:
    if found is None:
        said = f"{source} is left out, its data are not beside the checkout"
        print(f"{said} (set LIFECYCLE_REAL_DATA)", file=sys.stderr)
        return
    print(
        f"{found.stream}: {found.rows:,} rows in {found.windows} windows, "
        f"cube {found.build_seconds:.0f} s, played {found.play_seconds:.0f} s",
        file=sys.stderr,
        flush=True,
    )
    yield found


if __name__ == "__main__":
    sys.exit(main())

"""Alarms of the defaults where nothing has changed, and where everything has.

Each of the three is given the same files and asked as its first page shows. Most
samples are drawn from the distributions of their reference, so every alarm is false. So
that nobody is praised for sleeping, in some every column has moved: numbers by half a
standard deviation, and a fifth of the names to the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import _peers, _table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["measure", "write"]

NAMES, NUMBERS, FEATURES = 200, 100, 20
SIZES: Mapping[str, tuple[int, ...]] = {
    "names": (1_000, 300, 1_000, 3_000),
    "numbers": (10_000, 100, 300, 3_000),
}
"""Rows of the reference, then those of each sample held against it."""
CHUNK = 1_000
CHUNKS, MOVED = 20, 4
"""Chunks of a deployment, of `CHUNK` rows each, and those after its columns moved."""
HALF, FIFTH = 0.5, 0.2
SAID = {"same": "false alarms", "moved": "found"}
REFERENCES = (6, 10, 52)
"""Chunks that the reference has; 10 is NannyML's default."""


def write(folder: Path, *, deployments: int = 10, seed: int = 0) -> None:
    """Write the files; the same arguments give the same rows.

    Parameters
    ----------
    folder : Path
        Made where it is not there.
    deployments : int
        How many models are watched for `CHUNKS` chunks.
    seed : int
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for kind, draw in (("names", _names), ("numbers", _numbers)):
        first, *others = SIZES[kind]
        draw(rng, first).to_parquet(folder / f"{kind}-reference.parquet")
        for rows in others:
            draw(rng, rows).to_parquet(folder / f"{kind}-same-{rows:05}.parquet")
        moved = _moved(rng, draw(rng, CHUNK))
        moved.to_parquet(folder / f"{kind}-moved-{CHUNK:05}.parquet")
    for number in range(deployments):
        sizes = {"reference": max(REFERENCES), "same": CHUNKS, "moved": MOVED}
        for name, chunks in sizes.items():
            frame = _numbers(rng, chunks * CHUNK, FEATURES)
            made = _moved(rng, frame) if name == "moved" else frame
            made.to_parquet(folder / f"{name}-{number:02}.parquet")


def measure(folder: Path) -> Iterator[_table.Row]:
    """The rows of the three, over the files in a folder."""
    out = folder / "alarms.json"
    scripts = Path(__file__).parent
    for name, told in (
        ("Evidently", _asked("evidently", scripts, folder, out)),
        ("ours", _own_samples(folder)),
    ):
        for kind, state, rows, columns, alarms in told:
            yield _table.row(
                f"{SAID[state]}, {name}, {kind}, {SIZES[kind][0]:,} rows against "
                f"{rows:,}: columns",
                100 * alarms / columns,
                "%",
            )
    for name, by in (
        ("NannyML", _asked("nannyml", scripts, folder, out)),
        ("ours", _own_chunks(folder)),
    ):
        for chunks, told in by.items():
            of = f"{name}, {chunks} chunks of reference"
            seen = [n for counts in told["same"] for n in counts]
            found = [counts[-1] for counts in told["moved"]]
            for what, share in (
                (f"false alarms, {of}: features by chunk", _share(seen, FEATURES)),
                (f"false alarms, {of}: chunks", _share(list(map(bool, seen)))),
                (f"found, {of}: features in the last chunk", _share(found, FEATURES)),
            ):
                yield _table.row(what, share, "%")


def _share(counts: Sequence[int], most: int = 1) -> float:
    return 100 * sum(counts) / (most * len(counts))


def _asked(name: str, scripts: Path, folder: Path, out: Path) -> Any:
    _peers.run(name, scripts / f"peers_{name}.py", "alarms", folder, out)
    return json.loads(out.read_text())


def _own_samples(folder: Path) -> list[Any]:
    import pandas as pd

    from lifecycle import drift

    told = []
    for kind in SIZES:
        reference = pd.read_parquet(folder / f"{kind}-reference.parquet")
        for path in sorted(folder.glob(f"{kind}-*-*.parquet")):
            analysis = pd.read_parquet(path)
            drifted = drift.compare(reference, analysis).drifted
            state = path.stem.split("-")[1]
            told.append([kind, state, *analysis.shape, len(drifted)])
    return told


def _own_chunks(folder: Path) -> dict[str, dict[str, list[list[int]]]]:
    """As of NannyML; a chunk is a week, and the reference's chunks come before."""
    import pandas as pd

    from lifecycle import drift

    told: dict[str, dict[str, list[list[int]]]] = {}
    for path in sorted(folder.glob("reference-*.parquet")):
        whole = _dated(pd.read_parquet(path), 0)
        for state in SAID:
            name = path.name.replace("reference", state)
            analysis = _dated(pd.read_parquet(path.with_name(name)), max(REFERENCES))
            for chunks in REFERENCES:
                found = drift.course(whole.tail(chunks * CHUNK), analysis)
                counts = dict.fromkeys(found.analysis.chunks, 0)
                for row in found.findings:
                    counts[row.period] += row.verdict == "alert"
                by = told.setdefault(str(chunks), {})
                by.setdefault(state, []).append(list(counts.values()))
    return told


def _dated(frame: pd.DataFrame, first: int) -> pd.DataFrame:
    """Each chunk in a week of its own."""
    import pandas as pd

    weeks = pd.date_range("2023-01-02", periods=first + len(frame) // CHUNK, freq="7D")
    return frame.assign(time=weeks[first:].tz_localize("UTC").repeat(CHUNK))


def _names(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Categories of 2 to 20 values, each seen about equally often or seldom."""
    import numpy as np
    import pandas as pd

    columns = {}
    for number in range(NAMES):
        size = 2 + number % 19
        weight = 1 / np.arange(1, size + 1) if number % 2 else np.ones(size)
        codes = rng.choice(size, rows, p=weight / weight.sum())
        columns[f"c{number:03}"] = np.array([f"v{k:02}" for k in range(size)])[codes]
    return pd.DataFrame(columns)


def _numbers(
    rng: np.random.Generator, rows: int, columns: int = NUMBERS
) -> pd.DataFrame:
    """Normal, log-normal, uniform and exponential numbers in turn."""
    import pandas as pd

    draws = (rng.standard_normal, _lognormal(rng), rng.random, rng.exponential)
    return pd.DataFrame({f"f{k:03}": draws[k % 4](size=rows) for k in range(columns)})


def _moved(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    columns = {}
    for name, values in frame.items():
        if str(name).startswith("f"):
            columns[name] = values + HALF * values.std()
        else:
            first = rng.random(len(frame)) < FIFTH
            columns[name] = np.where(first, "v00", values)
    return pd.DataFrame(columns)


def _lognormal(rng: np.random.Generator) -> Any:
    return lambda size: rng.lognormal(0, 1, size)

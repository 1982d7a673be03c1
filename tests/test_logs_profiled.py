"""Profiles of a log: each file is read once, and what is kept is not just believed."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from lifecycle import periods, profiles
from lifecycle.logs import Logs, profiled

START = pd.Timestamp("2023-04-03T00:00Z")
FEATURES = ["visits", "plan", "score"]
WEEK = timedelta(days=7)


def leads(first: int, last: int) -> pd.DataFrame:
    """Leads of the days from `first` to `last`, ten a day."""
    rng = np.random.default_rng(first)
    rows = (last - first) * 10
    days = np.sort(rng.uniform(first, last, rows))
    return pd.DataFrame(
        {
            "id": [f"{first}-{k}" for k in range(rows)],
            "time": (START + pd.to_timedelta(days, "D")).as_unit("us"),
            "visits": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)),
            "plan": rng.choice(["free", "pro", None], rows),
            "score": rng.random(rows),
        }
    )


@pytest.fixture
def log(tmp_path):
    made = Logs(tmp_path / "log")
    for first in (0, 7, 14):
        made.append("predictions", leads(first, first + 7))
    return made


@pytest.fixture
def grids():
    return profiles.grids(leads(100, 120), FEATURES, cells=40)


@pytest.fixture
def reads(monkeypatch):
    """Names of the files that are scanned."""
    found: list[str] = []
    real = profiles.scan

    def spy(files, *given, **named):
        found.extend(file.name for file in files)
        return real(files, *given, **named)

    monkeypatch.setattr(profiles, "scan", spy)
    return found


def same(one: profiles.Profile, two: profiles.Profile) -> bool:
    """Bit for bit."""
    names = ("rows", "span", "cells", "steps", "marks", "tails")
    return one.groups == two.groups and all(
        getattr(one.stack, name).tolist() == getattr(two.stack, name).tolist()
        for name in names
    )


def test_the_second_call_reads_only_the_new_file(log, grids, reads, tmp_path):
    folder = tmp_path / "kept"
    asked = {"folder": folder, "segments": ["plan"]}
    first = log.profile(grids, as_of=START + 3 * WEEK, **asked)
    assert len(reads) == 3
    assert len(list(folder.iterdir())) == 3
    again = log.profile(grids, as_of=START + 3 * WEEK, **asked)
    assert len(reads) == 3
    assert same(first, again)
    log.append("predictions", leads(21, 28))
    more = log.profile(grids, as_of=START + 4 * WEEK, **asked)
    assert len(reads) == 4
    frame = log.predictions()
    assert same(more, profiles.profile(frame, grids, segments=["plan"]))


def test_a_call_for_other_grids_or_chunks_reads_everything(log, grids, reads, tmp_path):
    asked = {"folder": tmp_path / "kept", "as_of": START + 3 * WEEK}
    log.profile(grids, **asked)
    log.profile(grids, every="day", **asked)
    log.profile(grids, timezone="Asia/Tokyo", **asked)
    log.profile(grids, segments=["plan"], **asked)
    log.profile(profiles.grids(leads(50, 60), FEATURES), **asked)
    assert len(reads) == 15
    log.profile(grids, **asked)
    assert len(reads) == 15


@pytest.mark.parametrize("every", ["week", "day", "month"])
@pytest.mark.parametrize("partial", [False, True])
def test_later_rows_do_not_count_and_unfinished_chunks_only_when_asked(
    log, grids, tmp_path, every, partial
):
    late = log.predictions()["time"].iloc[113]
    for as_of in (late, START + WEEK, START + 2 * WEEK - timedelta(microseconds=1)):
        for start, end in ((None, None), (START + timedelta(days=3), late)):
            found = log.profile(
                grids,
                folder=tmp_path / "kept",
                as_of=as_of,
                every=every,
                timezone="Europe/Berlin",
                start=start,
                end=end,
                partial=partial,
            )
            frame = log.predictions(as_of=as_of, start=start, end=end)
            expected = profiles.profile(
                frame, grids, every=every, timezone="Europe/Berlin"
            )
            whole = []
            for chunk in expected.chunks:
                stretch = periods.bounds(chunk, timezone="Europe/Berlin")
                begins = start is None or start <= stretch.start
                ends = end is None or stretch.end <= end
                over = stretch.end <= as_of + timedelta(microseconds=1)
                if begins and ends and over:
                    whole.append(chunk)
            assert same(found, expected if partial else expected.only(whole))


def test_a_row_at_the_very_moment_counts(log, grids, tmp_path):
    moment = log.predictions()["time"].iloc[50]
    found = log.profile(grids, folder=tmp_path / "kept", as_of=moment, partial=True)
    assert found.rows() == len(log.predictions(as_of=moment))
    with pytest.raises(ValueError, match="as_of must carry a zone"):
        log.profile(grids, folder=tmp_path, as_of=datetime(2023, 5, 1))  # noqa: DTZ001


def test_what_is_torn_or_foreign_is_read_again(log, grids, reads, tmp_path):
    folder = tmp_path / "kept"
    asked = {"folder": folder, "as_of": START + 3 * WEEK}
    good = log.profile(grids, **asked)
    one, two, three = sorted(folder.iterdir())
    whole = two.read_bytes()
    one.write_bytes(whole[: len(whole) // 2])
    three.write_bytes(whole)  # a whole profile, of another file
    del reads[:]
    assert same(log.profile(grids, **asked), good)
    assert len(reads) == 2
    two.unlink()
    two.mkdir()
    assert same(log.profile(grids, **asked), good)


def test_a_profile_with_the_right_seal_and_wrong_insides_is_read_again(
    log, grids, reads, tmp_path
):
    import hashlib

    from lifecycle.profiles import keeping

    folder = tmp_path / "kept"
    asked = {"folder": folder, "as_of": START + 3 * WEEK}
    good = log.profile(grids, **asked)
    path = next(folder.iterdir())
    for body in (b"", b"no archive", b"PK\x03\x04" + b"\0" * 40):
        seal = hashlib.blake2b(body, digest_size=keeping.SEAL).digest()
        path.write_bytes(keeping.MAGIC + seal + body)
        assert same(log.profile(grids, **asked), good)


def test_a_folder_that_cannot_be_written_costs_time_and_nothing_else(
    log, grids, reads, tmp_path
):
    blocked = tmp_path / "kept"
    blocked.write_text("a file where the folder should be")
    asked = {"folder": blocked, "as_of": START + 3 * WEEK}
    one = log.profile(grids, **asked)
    assert same(one, log.profile(grids, **asked))
    assert len(reads) == 6
    assert blocked.read_text() == "a file where the folder should be"


def test_files_that_are_gone_drop_out(log, grids, reads, tmp_path, monkeypatch):
    monkeypatch.setattr("lifecycle.logs.tables.COMPACT_AFTER", 4)
    folder = tmp_path / "kept"
    log.profile(grids, folder=folder, as_of=START + 3 * WEEK)
    log.append("predictions", leads(21, 28))  # all four files become one
    found = log.profile(grids, folder=folder, as_of=START + 4 * WEEK)
    assert same(found, profiles.profile(log.predictions(), grids))
    assert len(list(folder.iterdir())) == 1


def test_pinned_logs_are_profiled_as_they_were_and_tidy_nothing_up(
    log, grids, tmp_path
):
    folder = tmp_path / "kept"
    log.profile(grids, folder=folder, as_of=START + 3 * WEEK)
    before = log.at({"predictions": 2})
    found = before.profile(grids, folder=folder, as_of=START + 3 * WEEK)
    assert same(found, profiles.profile(before.predictions(), grids))
    assert len(list(folder.iterdir())) == 3


def test_a_log_without_predictions_has_an_empty_profile(grids, tmp_path):
    found = Logs(tmp_path / "none").profile(
        grids, folder=tmp_path / "kept", as_of=START.to_pydatetime()
    )
    assert (found.rows(), found.columns) == (0, tuple(FEATURES))
    assert not (tmp_path / "kept").exists()


def test_features_that_came_later_are_missing_before(log, grids, tmp_path):
    wide = {**grids, "age": profiles.Grid.numeric([20, 30, 40])}
    log.append("predictions", leads(21, 28).assign(age=30.0))
    found = log.profile(wide, folder=tmp_path / "kept", as_of=START + 4 * WEEK)
    assert found.counts("age").missing == 210
    assert found.counts("age", found.chunks[-1]).missing == 0


def test_calls_at_the_same_time_agree(log, grids, tmp_path):
    folder = tmp_path / "kept"
    expected = profiles.profile(log.predictions(), grids)

    def call(_: int) -> bool:
        return same(log.profile(grids, folder=folder, as_of=START + 3 * WEEK), expected)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(call, range(8)))
    assert len(list(folder.iterdir())) == 3


def test_nothing_half_written_takes_the_place_of_a_profile(
    log, grids, tmp_path, monkeypatch
):
    folder = tmp_path / "kept"

    def fail(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", fail)
    found = log.profile(grids, folder=folder, as_of=START + 3 * WEEK)
    assert found.rows() == 210
    assert not list(folder.iterdir())


def test_files_without_a_log_are_profiled_too(tmp_path, grids):
    leads(0, 7).to_parquet(tmp_path / "a.parquet", index=False)
    kept = profiled.Kept(tmp_path / "kept", grids)
    found = profiled.profile_files(
        [tmp_path / "a.parquet"], kept, as_of=datetime(2024, 1, 1, tzinfo=UTC)
    )
    assert found.chunks == ("2023-W14",)

"""The rows the benchmarks read, and what is measured of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

from benchmarks import _workload, monitoring
from lifecycle import profiles

ROWS, WEEKS = 6_000, 6


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workload")
    return _workload.write(folder, reference_rows=4_000, rows=ROWS, weeks=WEEKS)


def test_the_same_arguments_give_the_same_rows(files, tmp_path):
    again = _workload.write(tmp_path, reference_rows=4_000, rows=ROWS, weeks=WEEKS)
    for one, two in zip(
        [files.reference, *files.weeks], [again.reference, *again.weeks], strict=True
    ):
        assert one.read_bytes() == two.read_bytes()
    other = _workload.write(tmp_path, reference_rows=40, rows=60, weeks=1, seed=1)
    assert other.weeks[0].read_bytes() != files.weeks[0].read_bytes()


def test_one_more_week_leaves_the_others_as_they_are(files, tmp_path):
    more = _workload.write(
        tmp_path, reference_rows=4_000, rows=ROWS + ROWS // WEEKS, weeks=WEEKS + 1
    )
    assert more.reference.read_bytes() == files.reference.read_bytes()
    assert more.weeks[0].read_bytes() == files.weeks[0].read_bytes()


def test_the_rows_are_as_described(files):
    frames = [pd.read_parquet(path) for path in files.weeks]
    whole = pd.concat(frames)
    assert len(whole) == ROWS
    assert whole["id"].is_unique
    assert whole["time"].is_monotonic_increasing
    assert [name[0] for name in _workload.FEATURES] == ["f"] * 30 + ["c"] * 10 + [
        "i"
    ] * 5
    assert whole["i03"].isna().any()
    assert whole["score"].between(0, 1).all()
    assert abs((whole["outcome"] - whole["score"]).mean()) < 0.03
    first, last = frames[0], frames[-1]
    assert last["f00"].mean() - first["f00"].mean() == pytest.approx(0.5, abs=0.15)
    assert last["f01"].isna().mean() == pytest.approx(0.2, abs=0.05)
    assert (last["c00"] == "new").mean() == pytest.approx(0.1, abs=0.04)
    assert not (first["c00"] == "new").any()


def test_what_the_benchmark_measures_is_what_scipy_says(files):
    grids = profiles.grids(files.reference, _workload.FEATURES)
    before = profiles.scan(files.reference, grids)
    after = profiles.scan(files.weeks, grids)
    found = monitoring.weekly(before, after)
    assert len(found) == WEEKS * 45
    reference = pd.read_parquet(files.reference)
    week = pd.read_parquet(files.weeks[-1])
    chunk = after.chunks[-1]
    for name in ("f00", "f01", "f04", "i00"):
        one, two = reference[name].dropna(), week[name].dropna()
        measured = found[name, chunk]
        assert measured["ks"] == pytest.approx(ks_2samp(one, two).statistic, abs=2e-3)
        exact = wasserstein_distance(one, two)
        assert measured["wasserstein"] == pytest.approx(exact, rel=0.05)
        assert measured["missing"] == pytest.approx(week[name].isna().mean())
    table = pd.crosstab(
        pd.concat([reference["c00"], week["c00"]]).to_numpy(),
        np.repeat([0, 1], [len(reference), len(week)]),
    ).to_numpy()
    measured = found["c00", chunk]
    assert measured["js"] == pytest.approx(jensenshannon(*table.T, base=2))
    statistic = chi2_contingency(table, correction=False).statistic
    assert measured["chi_square"] <= statistic + 1e-9  # what is new is pooled
    assert measured["chi_square"] > 0.5 * statistic

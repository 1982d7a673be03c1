from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lifecycle import drift, profiles
from lifecycle.drift import distances

TIED = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=60)
COUNTS = st.lists(st.integers(0, 400), min_size=2, max_size=12)


def on_grid(a, b, cells=1000):
    grid = profiles.Grid.numeric(a, cells=cells)
    return grid, grid.count(a), grid.count(b)


@settings(max_examples=80, deadline=None)
@given(TIED, TIED)
def test_the_gridded_ks_of_ties_within_the_range_is_exact(a, b):
    b = [min(max(value, min(a)), max(a)) for value in b]
    known = sorted(set(a))
    b = [min(known, key=lambda k: abs(k - value)) for value in b]
    _, before, after = on_grid(a, b)
    assert drift.ks_distance(before, after) == pytest.approx(drift.ks_distance(a, b))


@pytest.mark.parametrize("cells", [10, 100, 1000])
def test_the_gridded_ks_errs_by_at_most_one_cell_and_never_upwards(cells):
    rng = np.random.default_rng(cells)
    for shift in (0.0, 0.1, 0.5):
        a, b = rng.normal(size=4000), rng.normal(shift, 1, 900)
        b = b[(b >= a.min()) & (b <= a.max())]
        _, before, after = on_grid(a, b, cells)
        exact, coarse = drift.ks_distance(a, b), drift.ks_distance(before, after)
        cell = max(before.cells.max() / a.size, after.cells.max() / b.size)
        assert exact - cell <= coarse <= exact + 1e-12


def test_exact_false_is_what_a_profile_would_say():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=5000), rng.normal(0.3, 1, 800)
    _, before, after = on_grid(a, b)
    gridded = drift.ks_distance(a, b, exact=False)
    assert gridded == drift.ks_distance(before, after)
    assert gridded == pytest.approx(drift.ks_distance(a, b), abs=2e-3)


@pytest.mark.parametrize("normed", ["no", "std", "iqr"])
def test_the_gridded_wasserstein_is_near_the_exact_one(normed):
    rng = np.random.default_rng(3)
    a, b = rng.gamma(3, 2, 20_000), rng.gamma(3.6, 2, 5000)
    b[:5] += 40
    _, before, after = on_grid(a, b)
    exact = drift.wasserstein(a, b, normed=normed)
    coarse = drift.wasserstein(before, after, normed=normed)
    assert coarse == pytest.approx(exact, rel=0.02)


def test_wasserstein_is_normed_by_the_reference():
    a, b = [0.0, 1.0, 2.0, 3.0, 4.0], [10.0, 11.0, 12.0, 13.0, 14.0]
    assert drift.wasserstein(a, b) == 10
    assert drift.wasserstein(a, b, normed="std") == pytest.approx(10 / math.sqrt(2))
    assert drift.wasserstein(a, b, normed="iqr") == 5
    for normed in ("std", "iqr"):
        assert math.isnan(drift.wasserstein([1, 1], [1, 2], normed=normed))
    with pytest.raises(ValueError, match="normed must be no, std or iqr, got 'sd'"):
        drift.wasserstein(a, b, normed="sd")


def test_names_have_no_wasserstein_distance():
    grid = profiles.Grid.categorical("ab")
    with pytest.raises(ValueError, match="these Counts are of names"):
        drift.wasserstein(grid.count("a"), grid.count("b"))


@settings(max_examples=80, deadline=None)
@given(COUNTS, COUNTS)
def test_hellinger_and_l_infinity_by_their_formulas(p, q):
    size = min(len(p), len(q))
    p, q = np.array(p[:size]), np.array(q[:size])
    if not p.sum() or not q.sum():
        assert math.isnan(distances.hellinger(p, q))
        assert math.isnan(distances.largest_change(p, q))
        return
    f, g = p / p.sum(), q / q.sum()
    coefficient = float(np.sqrt(f * g).sum())
    expected = math.sqrt(max(0.0, 1 - coefficient))
    assert distances.hellinger(p, q) == pytest.approx(expected, abs=1e-7)
    assert distances.largest_change(p, q) == pytest.approx(np.abs(f - g).max())


def test_measures_of_counts_are_those_of_the_columns():
    a, b = list("aaabbc"), list("abbccc")
    grid = profiles.Grid.categorical(a)
    pair = grid.count(a), grid.count(b)
    for name in ("jensen_shannon", "hellinger", "l_infinity", "chi_square"):
        measure = getattr(drift, name)
        assert measure(*pair) == pytest.approx(measure(a, b), nan_ok=True)


def test_psi_of_a_new_category_does_not_hang_on_an_arbitrary_small_share():
    # 1,000 rows against 100 of which one is new: 0.5/1001.5 against 1.5/101.5
    p, q = np.array([1000.5, 0.5]) / 1001, np.array([99.5, 1.5]) / 101
    expected = float(((q - p) * np.log(q / p)).sum())
    found = drift.psi(["a"] * 1000, ["a"] * 99 + ["b"])
    assert found == pytest.approx(expected)
    assert found < 0.06


def test_counts_and_columns_do_not_mix():
    counts = profiles.Grid.numeric([1, 2]).count([1, 2])
    with pytest.raises(ValueError, match="must both be Counts or both be columns"):
        drift.ks_distance(counts, [1, 2])
    names = [profiles.Grid.categorical(x).count(x) for x in ("ab", "abc")]
    with pytest.raises(ValueError, match="counted on 2 and 3 cells"):
        drift.jensen_shannon(*names)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(5, 300), min_size=2, max_size=8), st.data())
def test_the_chi_square_test_is_scipys_where_nothing_is_pooled(before, data):
    size = len(before)
    after = data.draw(st.lists(st.integers(5, 300), min_size=size, max_size=size))
    table = np.array([before, after])
    least = 5 * table.sum() / table.sum(axis=1).min()
    theirs = stats.chi2_contingency(table, correction=False)
    value, p = distances.contingency(*table)
    if (table.sum(axis=0) >= least).all():
        assert value == pytest.approx(theirs.statistic)
        assert p == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize(
    ("k", "n", "j", "m"), [(0, 900, 3, 40), (50, 500, 70, 400), (1, 9, 8, 9)]
)
def test_two_proportions_is_fishers_or_the_chi_square_test(k, n, j, m):
    table = [[k, n - k], [j, m - j]]
    exact, rough = (
        stats.fisher_exact(table).pvalue,
        stats.chi2_contingency(table, correction=False).pvalue,
    )
    few = stats.contingency.expected_freq(table).min() < 5
    found = distances.two_proportions(k, n, j, m)
    assert found == pytest.approx(exact if few else rough)
    assert distances.two_proportions(0, 5, 0, 5) == 1
    assert math.isnan(distances.two_proportions(0, 0, 0, 5))


def test_the_asymptotic_p_value_is_never_below_scipys():
    rng = np.random.default_rng(4)
    for _ in range(20):
        a, b = rng.normal(size=300), rng.normal(0.1, 1, 700)
        theirs = stats.ks_2samp(a, b, method="asymp")
        found = float(distances.kolmogorov_p(theirs.statistic, 300, 700))
        assert theirs.pvalue <= found <= 1.1 * theirs.pvalue + 0.02


def test_coarse_bins_hold_about_equally_many_rows_of_the_reference():
    counts = np.random.default_rng(5).integers(0, 20, 1000)
    place = distances.coarse(counts, 10)
    gathered = distances.gathered(counts, place)
    assert gathered.sum() == counts.sum()
    assert gathered.size == 10
    assert np.abs(gathered / counts.sum() - 0.1).max() < 0.005
    tied = np.array([990, 5, 5])
    assert distances.gathered(tied, distances.coarse(tied, 10)).tolist() == [990, 10]


def test_one_row_and_ten_thousand_categories_are_measured():
    names = [f"c{i}" for i in range(10_000)]
    assert drift.jensen_shannon(names, names) == 0
    assert drift.l_infinity(names, ["c1"]) == pytest.approx(0.9999)
    assert drift.hellinger([1.5], [1.5]) == 0
    assert drift.homogeneity([1.0], [2.0]) == 1


@pytest.mark.parametrize("odd", [0.0, math.inf, 1e300])
def test_sums_of_many_counts_at_once_are_those_of_each(odd):
    from lifecycle.drift import gridded

    rng = np.random.default_rng(3)
    before = pd.DataFrame({"x": np.append(rng.normal(size=500), [odd, 2.0, 2.0])})
    grids = profiles.grids(before, ["x"])
    days = pd.date_range("2023-01-02", periods=60, freq="12h", tz="UTC")
    after = pd.DataFrame({"time": days, "x": rng.normal(size=60)})
    after.loc[3, "x"] = math.inf
    made = profiles.profile(after, grids)
    counted = [made.counts("x", chunk) for chunk in made.chunks]
    one_by_one = np.array([each.sums[1:-1] for each in counted])
    at_once = gridded.sums(counted, grids["x"])
    np.testing.assert_array_equal(at_once, one_by_one)
    assert np.isnan(at_once[0]).all()
    assert gridded.sums([], grids["x"]).shape == (0, grids["x"].size)

"""Counts on a grid: exact, additive, and enough for the distances of distributions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lifecycle.profiles import Counts, Grid, finder
from lifecycle.profiles import grid as grid_module

FLOATS = st.one_of(
    st.integers(-4, 4).map(float),
    st.floats(-1e6, 1e6),
    st.floats(allow_nan=True, allow_infinity=True),
)
SAMPLES = st.lists(FLOATS, max_size=80)
REFERENCES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80)


def same(one: Counts, two: Counts) -> bool:
    """Bit for bit."""
    numbers = [
        (each.missing, each.unseen, each.below, each.infinite, each.tails)
        for each in (one, two)
    ]
    return (
        numbers[0] == numbers[1]
        and one.cells.tolist() == two.cells.tolist()
        and (one.steps is None) == (two.steps is None)
        and (one.steps is None or one.steps.tolist() == two.steps.tolist())
    )


def ks_bounds(before: Counts, after: Counts) -> tuple[float, float]:
    """What is certain of the distance, from the counts alone."""
    sides = []
    for each in (before, after):
        low = [each.below, *(each.below + np.cumsum(each.cells))]
        sides.append(np.array(low) / each.known)
    f, g = sides
    least = max(np.abs(f - g).max(), 0.0)
    inside = ~before.grid.points
    most = np.maximum(f[1:] - g[:-1], g[1:] - f[:-1])[inside]
    return float(least), float(max([least, *most]))


def wasserstein_at_least(before: Counts, after: Counts) -> float:
    """Area between the distribution functions, as if they cross at bounds only."""
    lows = np.append(before.grid.ends[0], before.grid.bounds[1:])
    area = []
    for each in (before, after):
        n, sums = each.known, each.sums
        stops = each.below + np.concatenate([[0], np.cumsum(each.cells)])
        inner = (stops[1:] * lows[1:] - stops[:-1] * lows[:-1] - sums[1:-1]) / n
        under = (each.below * lows[0] - sums[0]) / n
        over = (sums[-1] - each.above * lows[-1]) / n
        area.append(np.concatenate([[under], inner, [-over]]))
    return float(np.abs(area[0] - area[1]).sum())


@pytest.fixture(params=[1, 10**9], ids=["found", "sorted"])
def way(request, monkeypatch):
    """Cells are found without sorting, or by sorting."""
    monkeypatch.setattr(grid_module, "MANY", request.param)
    return request.param


@settings(max_examples=150)
@given(REFERENCES, SAMPLES, st.integers(1, 30))
def test_cells_found_without_sorting_are_those_found_by_sorting(
    reference, analysis, cells
):
    one, two = (Grid.numeric(reference, cells=cells) for _ in "ab")
    column = np.array(analysis, dtype=float)
    slow = one.count_numbers(column)
    if two._finder is not None:
        assert same(two._found(column, two._finder), slow)
    known = column[~np.isnan(column)]
    seen = known[(known >= one.ends[0]) & (known <= one.ends[1])]
    place = np.searchsorted(one.bounds, seen, side="left") - 1
    assert slow.cells.tolist() == np.bincount(place, minlength=one.size).tolist()
    assert slow.below == (known < one.ends[0]).sum()
    assert slow.above == (known > one.ends[1]).sum()


def test_large_columns_are_counted_alike_both_ways(rng_columns):
    for name, (reference, analysis) in rng_columns.items():
        grid = Grid.numeric(reference)
        assert grid._finder is not None, name
        ordered = np.sort(analysis[~np.isnan(analysis)])
        found = grid.count_numbers(analysis)
        parts = [grid.count_numbers(part) for part in np.array_split(analysis, 37)]
        assert same(found, sum(parts[1:], parts[0])), name
        stops = ordered.searchsorted(grid.bounds, side="right")
        assert found.cells.tolist() == np.diff(stops).tolist(), name


@pytest.fixture(scope="module")
def rng_columns():
    rng = np.random.default_rng(3)
    made = {}
    for name, draw in {
        "normal": lambda n: rng.normal(5, 2, n),
        "lognormal": lambda n: rng.lognormal(1, 1, n),
        "uniform": lambda n: rng.uniform(-1, 1, n),
        "counts": lambda n: rng.poisson(12, n).astype(float),
        "amounts": lambda n: np.where(
            rng.random(n) < 0.3, 0.0, np.round(rng.exponential(50, n), 2)
        ),
        "seconds": lambda n: 1.7e9 + rng.uniform(0, 1e7, n),
    }.items():
        reference, analysis = draw(20_000), draw(40_000)
        analysis[::50] = np.nan
        made[name] = reference, analysis
    return made


def test_a_crowd_of_bounds_in_one_bin_is_sorted_instead():
    rng = np.random.default_rng(0)
    reference = np.append(rng.normal(size=5_000), 1e12)
    grid = Grid.numeric(reference)
    assert grid._finder is None
    counts = grid.count_numbers(reference)
    assert counts.cells.sum() == reference.size
    body = reference[:-1]
    inside = np.sort(body)[: counts.cells[:-1].sum()]
    assert counts.sums[:-2].sum() == pytest.approx(inside.sum(), abs=1e-3)


@settings(max_examples=150)
@given(REFERENCES, SAMPLES, SAMPLES, st.integers(1, 20), st.randoms())
def test_counts_add_up_bit_for_bit_whatever_the_parts_and_their_order(
    reference, first, second, cells, random
):
    grid = Grid.numeric(reference, cells=cells)
    both = first + second
    random.shuffle(both)
    parts = grid.count(first) + grid.count(second)
    assert same(grid.count(both), parts)
    assert same(grid.count(second) + grid.count(first), parts)


def test_sums_are_those_of_the_values_in_each_cell(rng_columns, way):
    for name, (reference, analysis) in rng_columns.items():
        grid = Grid.numeric(reference, cells=50)
        sums = grid.count(analysis).sums
        known = analysis[~np.isnan(analysis)]
        place = np.searchsorted(grid.bounds, known, side="left")
        width = np.append(np.diff(grid.bounds), 0).max()
        for cell in range(grid.size + 2):
            values = known[place == cell]
            exact = math.fsum(values)
            allowed = len(values) * width / 2048 + abs(exact) * 1e-7
            assert abs(sums[cell] - exact) <= allowed, (name, cell)


@settings(max_examples=100)
@given(st.lists(st.floats(-1e300, 1e300), max_size=50))
def test_numbers_beyond_the_range_are_summed_to_a_part_in_a_hundred_million(values):
    grid = Grid.numeric([0.0, 1.0])
    counts = grid.count(values)
    for side, beyond in (
        (0, [v for v in values if v < 0]),
        (-1, [v for v in values if v > 1]),
    ):
        exact = float(sum(map(Fraction, beyond), Fraction(0)))
        assert counts.sums[side] == pytest.approx(exact, rel=2e-8, abs=1e-320)


def test_sums_are_undefined_where_there_is_an_infinity():
    assert np.isnan(Grid.numeric([1, math.inf]).count([1]).sums).all()
    assert np.isnan(Grid.numeric([1, 2]).count([1, math.inf]).sums).all()
    assert np.isnan(Grid.categorical(["a"]).count(["a"]).sums).all()


def test_an_infinity_beyond_the_range_is_counted_on_its_side():
    counts = Grid.numeric([1, 2]).count([-math.inf, 0, math.inf, math.inf])
    assert (counts.below, counts.above, counts.infinite) == (2, 2, 3)


@settings(max_examples=150)
@given(
    st.lists(st.floats(-100, 100), min_size=1, max_size=80),
    st.lists(st.floats(-120, 120), min_size=1, max_size=80),
    st.integers(1, 12),
)
def test_the_exact_ks_distance_is_between_two_bounds_one_cell_apart(
    reference, analysis, cells
):
    grid = Grid.numeric(reference, cells=cells)
    before, after = grid.count(reference), grid.count(analysis)
    least, most = ks_bounds(before, after)
    points = [*reference, *analysis]
    f, g = (stats.ecdf(each).cdf.evaluate(points) for each in (reference, analysis))
    exact = np.abs(f - g).max()
    assert least - 1e-12 <= exact <= most + 1e-12
    largest = max([0, *before.cells[~grid.points]]) / before.known
    assert most - least <= largest + 1e-12


def test_where_the_edges_see_all_ties_ks_is_exact():
    rng = np.random.default_rng(1)
    reference, analysis = rng.poisson(4, 5_000), rng.poisson(4.5, 3_000)
    grid = Grid.numeric(reference)
    least, most = ks_bounds(grid.count(reference), grid.count(analysis))
    assert least == most
    assert least == pytest.approx(stats.ks_2samp(reference, analysis).statistic)


def test_wasserstein_is_exact_where_the_functions_do_not_cross_within_a_cell():
    rng = np.random.default_rng(2)
    reference = rng.gamma(2, 10, 20_000)
    grid = Grid.numeric(reference)
    before = grid.count(reference)
    for moved in (reference + 3, reference * 1.5, reference - 100):
        found = wasserstein_at_least(before, grid.count(moved))
        exact = stats.wasserstein_distance(reference, moved)
        assert found == pytest.approx(exact, rel=1e-6)


def test_wasserstein_of_two_samples_of_one_kind_is_off_by_less_than_a_cell():
    rng = np.random.default_rng(5)
    reference, analysis = rng.normal(size=20_000), rng.normal(size=2_000)
    grid = Grid.numeric(reference)
    found = wasserstein_at_least(grid.count(reference), grid.count(analysis))
    exact = stats.wasserstein_distance(reference, analysis)
    assert exact * 0.9 <= found <= exact + 1e-9


def test_a_constant_column_is_one_cell_with_its_sum(way):
    grid = Grid.numeric([7.0] * 10)
    counts = grid.count([7, 7, 8, 6.5])
    assert counts.cells.tolist() == [2]
    assert counts.sums.tolist() == [6.5, 14, 8]


def test_huge_integers_and_decimals_are_counted(way):
    grid = Grid.numeric([10**400, 1, 2])
    assert grid.count([10**400, -(10**400), 1.5]).unseen == 1
    wide = Grid.numeric([2**62, 2**62 + 4096])
    assert wide.count(pd.Series([2**62, 2**62 + 4096], dtype="Int64")).unseen == 0


def test_ten_thousand_categories_are_ten_thousand_cells():
    names = [f"k{k}" for k in range(10_000)]
    grid = Grid.categorical(names * 2)
    counts = grid.count([*names, "new", None])
    assert counts.cells.tolist() == [1] * 10_000
    assert (counts.unseen, counts.missing) == (1, 1)


def test_categories_without_a_hash_and_with_one_text_are_counted_once():
    grid = Grid.categorical([[1], [1], [2]])
    assert grid.labels == ("[1]", "[2]")
    assert grid.count([[2], None, [3]]).cells.tolist() == [0, 1]
    assert Grid.categorical(["1", 1]).count(["1", 1, 2]).cells.tolist() == [2]


def test_grids_with_the_same_cells_have_the_same_digest_and_others_another():
    digests = [
        Grid.numeric([1, 2, 3]).digest,
        Grid.numeric([1, 2, 4]).digest,
        Grid.categorical(["a", "bc"]).digest,
        Grid.categorical(["ab", "c"]).digest,
        Grid.categorical([]).digest,
        Grid.numeric([]).digest,
    ]
    assert len(set(digests)) == len(digests)
    assert Grid.numeric([3, 2, 1]).digest == digests[0]


def test_counts_on_two_grids_of_one_size_do_not_add_up():
    one, two = Grid.numeric([1, 2]), Grid.numeric([1, 3])
    with pytest.raises(ValueError, match="two grids of equally many cells"):
        one.count([1]) + two.count([1])


@settings(max_examples=60)
@given(
    st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60),
    st.integers(1, 40),
)
def test_ranked_values_are_those_of_the_sorted_column(values, many):
    column = np.array(values * 2)
    ranks = np.linspace(0, column.size - 1, many).astype(int)
    assert finder.ranked(column, ranks).tolist() == np.sort(column)[ranks].tolist()


def test_ranked_values_of_a_long_column_are_those_of_the_sorted_one(rng_columns):
    for reference, _ in rng_columns.values():
        for column in (reference, np.append(reference, 1e15)):
            ranks = np.linspace(0, column.size - 1, 999).astype(int)
            found = finder.ranked(column, ranks)
            assert found.tolist() == np.sort(column)[ranks].tolist()

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from lifecycle import intervals, metrics
from lifecycle.metrics import Ranked

LISTS = st.lists(
    st.tuples(st.permutations(range(6)), st.sets(st.integers(0, 8), max_size=5)),
    min_size=1,
    max_size=8,
)


def of(pairs, **options):
    """The same lists as a matrix and as a long table."""
    shown = np.array([order[:4] for order, _ in pairs])
    wanted = [(n, item) for n, (_, liked) in enumerate(pairs) for item in liked]
    places, items = zip(*wanted, strict=True) if wanted else ((), ())
    matrix = Ranked.of_lists(shown, places=places, items=items, **options)
    rows = [
        (n, item, rank, float(item in pairs[n][1]))
        for n, order in enumerate(shown.tolist())
        for rank, item in enumerate(order, start=1)
    ]
    rows += [(n, i, math.nan, 1.0) for n, i in wanted if i not in shown[n]]
    table = pd.DataFrame(rows, columns=["occasion", "item", "rank", "outcome"])
    table = table.sample(frac=1, random_state=1).sort_values("occasion", kind="stable")
    long = Ranked.of_rows(
        table["occasion"],
        table["outcome"],
        rank=table["rank"],
        item=table["item"],
        **options,
    )
    return matrix, long


@settings(max_examples=40)
@given(LISTS, st.integers(1, 6))
def test_every_metric_of_lists_is_counted_by_hand(pairs, k):
    hits = [[item in liked for item in order[:4][:k]] for order, liked in pairs]
    liked = [len(wanted) for _, wanted in pairs]
    best = [sum(1 / math.log2(i + 2) for i in range(min(n, k))) for n in liked]
    gain = [sum(h / math.log2(i + 2) for i, h in enumerate(row)) for row in hits]
    some = [n for n, count in enumerate(liked) if count]
    expected = {
        "precision": np.mean([sum(row) / k for row in hits]),
        "hit_rate": np.mean([any(row) for row in hits]),
        "recall": np.mean([sum(hits[n]) / liked[n] for n in some]) if some else np.nan,
        "ndcg": np.mean([gain[n] / best[n] for n in some]) if some else np.nan,
        "coverage": len({i for order, _ in pairs for i in order[:4][:k]}) / 10,
    }
    for ranked in of(pairs, catalogue=10):
        for name, value in expected.items():
            found = metrics.ranking(f"{name}@{k}", ranked)
            assert found.value == pytest.approx(value, nan_ok=True)
            assert found.n == (len(some) if name in ("recall", "ndcg") else len(pairs))
            if not math.isnan(value):
                assert 0 <= found.lower <= value + 1e-9
                assert value - 1e-9 <= found.upper <= 1


@pytest.mark.parametrize("k", [1, 3, 10])
@pytest.mark.parametrize("grades", [2, 4])
def test_ndcg_is_scikit_learns(k, grades):
    rng = np.random.default_rng(grades)
    worth = rng.integers(0, grades, (40, 10)).astype(float)
    worth[:, 0] = 1.0  # nothing relevant is 0 there and undefined here
    score = rng.permuted(np.tile(np.arange(10.0), (40, 1)), axis=1)
    ranked = Ranked.of_rows(
        np.repeat(np.arange(40), 10), worth.ravel(), score=score.ravel()
    )
    assert metrics.ndcg_at(ranked, k=k) == pytest.approx(ndcg_score(worth, score, k=k))


def test_halves_are_grades_not_ones():
    ranked = Ranked.of_rows(["a", "a"], [0.5, 1.0], rank=[1, 2])
    expected = ndcg_score([[0.5, 1.0]], [[2, 1]])
    assert metrics.ndcg_at(ranked) == pytest.approx(expected)


def test_hit_rate_has_wilsons_interval():
    ranked = Ranked.of_lists([[1]] * 50, places=range(20), items=[1] * 20)
    assert metrics.ranking("hit_rate@1", ranked) == pytest.approx(
        (0.4, *intervals.wilson(20, 50), 50)
    )


def test_lists_of_one_user_are_not_so_many_lists():
    alone = Ranked.of_lists([[1]] * 200, places=range(80), items=[1] * 80)
    shared = Ranked.of_lists(
        [[1]] * 200, places=range(80), items=[1] * 80, user=np.arange(200) // 20
    )
    narrow, wide = (metrics.ranking("precision@1", r) for r in (alone, shared))
    assert narrow.value == wide.value == 0.4
    assert wide.upper - wide.lower > 3 * (narrow.upper - narrow.lower)


def test_users_are_drawn_as_the_bootstrap_would():
    rng = np.random.default_rng(3)
    taste = rng.beta(1, 1, 150)
    user = rng.integers(0, 150, 2000)
    worth = (rng.random(2000) < taste[user]).astype(float)
    ranked = Ranked.of_rows(np.arange(2000), worth, rank=np.ones(2000), user=user)
    found = metrics.ranking("precision@1", ranked)
    sums = np.bincount(user, weights=worth, minlength=150)
    sizes = np.bincount(user, minlength=150)
    drawn = intervals.bootstrap(
        lambda s, n: s.sum() / n.sum(), sums, sizes, rng=1, draws=500
    )
    assert found.upper - found.lower == pytest.approx(drawn[1] - drawn[0], rel=0.15)


def test_coverage_rests_on_what_only_one_user_was_shown():
    # items 1 and 2 are seen by one list each, item 0 by both
    ranked = Ranked.of_lists([[0, 1], [0, 2]], places=[], items=[], catalogue=6)
    half = intervals.z(0.9) * math.sqrt(1 + 1) / 6
    assert metrics.ranking("coverage@2", ranked) == pytest.approx(
        (0.5, 0.5 - half, 0.5 + half, 2)
    )
    same = Ranked.of_lists(
        [[0, 1], [0, 1]], places=[], items=[], catalogue=6, user=["a", "a"]
    )
    half = intervals.z(0.9) * 2 / 6
    assert metrics.ranking("coverage@2", same).lower == pytest.approx(
        1 / 3 - half, abs=1
    )
    assert metrics.ranking("coverage@2", same)[0] == pytest.approx(1 / 3)


def test_coverage_varies_as_simulated():
    rng = np.random.default_rng(4)
    popular = rng.dirichlet(np.full(300, 0.3))

    def lists():
        items = rng.choice(300, size=(100, 3), p=popular)
        return Ranked.of_lists(items, places=[], items=[], catalogue=300)

    values = [metrics.coverage_at(lists()) for _ in range(200)]
    found = metrics.ranking("coverage", lists())
    half = (found.upper - found.lower) / 2
    assert (
        1.0 <= half / (1.645 * np.std(values)) <= 2.2
    )  # too wide rather than too narrow


def test_coverage_without_catalogue_or_items_is_undefined():
    bare = Ranked.of_rows([1], [1], rank=[1], catalogue=5)
    assert math.isnan(metrics.coverage_at(bare))
    unknown = Ranked.of_lists([[1]], places=[], items=[])
    assert math.isnan(metrics.coverage_at(unknown))
    with pytest.raises(ValueError, match="2 items were shown, more than the catalogue"):
        metrics.coverage_at(Ranked.of_lists([[1, 2]], places=[], items=[], catalogue=1))


def test_items_may_have_numbers_far_apart():
    ranked = Ranked.of_lists([[10**12, 5]], places=[0], items=[10**12], catalogue=4)
    assert metrics.coverage_at(ranked) == 0.5
    assert metrics.precision_at(ranked, k=1) == 1


def test_a_list_with_an_outcome_not_known_is_left_out_whole():
    ranked = Ranked.of_rows(["a", "a", "b", None], [1, None, 1, 1], rank=[1, 2, 1, 1])
    assert len(ranked) == 1
    assert metrics.precision_at(ranked, k=1) == 1


def test_short_lists_are_divided_by_k_and_filled_with_nothing():
    ranked = Ranked.of_lists([[3, -1], [4, 5]], places=[0, 1], items=[3, 9])
    assert metrics.precision_at(ranked, k=2) == 0.25
    assert metrics.precision_at(ranked, k=4) == 0.125
    assert metrics.recall_at(ranked, k=4) == 0.5


@pytest.mark.parametrize("name", metrics.TASKS["ranking"])
def test_no_lists_and_one_list_do_not_crash(name):
    empty = Ranked.of_rows([], [], rank=[], item=[], catalogue=3)
    assert math.isnan(metrics.ranking(name, empty).value)
    one = Ranked.of_lists([[2]], places=[0], items=[2], catalogue=3)
    assert metrics.ranking(name, one).n == 1
    nothing = Ranked.of_lists(np.empty((0, 5), int), places=[], items=[], catalogue=2)
    assert math.isnan(metrics.ranking(name, nothing).value)


def test_the_order_of_ties_is_that_of_the_rows_and_depth_is_kept():
    ranked = Ranked.of_rows(
        ["a"] * 4, [0, 1, 0, 1], score=[0.5, 0.5, 0.9, math.nan], depth=2
    )
    assert ranked.gains.tolist() == [[0, 0]]
    assert ranked.relevant.tolist() == [2]
    assert repr(ranked) == "<Ranked 1 lists of at most 2>"


def test_occasions_and_items_may_be_text_times_or_nullable():
    table = pd.DataFrame(
        {
            "occasion": pd.Series(["x", "x", "y"], dtype="string"),
            "item": pd.Series(["<b>", "é", "<b>"], dtype="category"),
            "rank": pd.Series([1, 2, 1], dtype="Int64"),
            "outcome": pd.Series([True, False, True], dtype="boolean"),
        }
    )
    ranked = Ranked.of_rows(
        table["occasion"],
        table["outcome"],
        rank=table["rank"],
        item=table["item"],
        user=table["occasion"],
        catalogue=4,
    )
    assert metrics.hit_rate_at(ranked, k=1) == 1
    assert metrics.coverage_at(ranked) == 0.5


def test_many_lists_are_measured_all_at_once():
    rng = np.random.default_rng(5)
    lists = rng.integers(0, 5000, (20_000, 20))
    places = np.repeat(np.arange(20_000), 5)
    items = rng.integers(0, 5000, 100_000)
    ranked = Ranked.of_lists(lists, places=places, items=items, catalogue=5000)
    by_hand = np.mean([len({*lists[n]} & {*items[places == n]}) > 0 for n in range(50)])
    first = metrics.hit_rate_at(ranked.take(np.arange(50)), k=20)
    assert first == pytest.approx(by_hand)


def test_what_is_no_ranking_is_refused():
    ranked = Ranked.of_lists([[1]], places=[], items=[])
    with pytest.raises(ValueError, match="no metric 'mrr@5'; use one of precision"):
        metrics.ranking("mrr@5", ranked)
    for name in ("ndcg@0", "ndcg@x", "ndcg@1.5"):
        with pytest.raises(ValueError, match="1 or more; write ndcg@10"):
            metrics.of("ranking", name)
    with pytest.raises(ValueError, match="lists must be a matrix"):
        Ranked.of_lists([1, 2], places=[], items=[])
    with pytest.raises(ValueError, match="places must be rows of the 1 lists"):
        Ranked.of_lists([[1]], places=[1], items=[1])
    with pytest.raises(ValueError, match="pass the rank or the score"):
        Ranked.of_rows([1], [1])
    with pytest.raises(ValueError, match="columns of one table"):
        Ranked.of_rows([1], [1, 0], rank=[1, 2])
    with pytest.raises(ValueError, match="0 or more and finite"):
        Ranked.of_rows([1], [-1], rank=[1])


def test_a_list_may_have_very_many_relevant_items():
    lists = np.array([[0, 41, 7, -1], [40, 3, 2, 1], [90, 91, 92, 93]])
    places = [0] * 40 + [1, 1] + [2] * 33
    items = [*range(40), 3, 40, *range(58, 91)]
    ranked = Ranked.of_lists(lists, places=places, items=items)
    assert ranked.gains.tolist() == [[1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]]
    assert ranked.relevant.tolist() == [40, 2, 33]

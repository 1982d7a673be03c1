"""What moves under a ranking: items, users, popularity, and what cannot be had."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lifecycle import catalogue

MONDAY = pd.Timestamp("2024-01-01", tz="UTC")


def week(number: int) -> pd.Timestamp:
    return MONDAY + pd.Timedelta(weeks=number)


def weekly(rows: dict[int, list], column: str = "item") -> pd.DataFrame:
    """A row for each value, in the week it is written under."""
    return pd.concat(
        [pd.DataFrame({column: values, "time": week(n)}) for n, values in rows.items()],
        ignore_index=True,
    )


def stationary(
    rng: np.random.Generator, weeks: range, rows: int = 800, items: int = 3000
) -> pd.DataFrame:
    """Draws from one catalogue with many rare items."""
    share = 1 / np.arange(1, items + 1)
    drawn = rng.choice(items, size=rows * len(weeks), p=share / share.sum())
    when = np.repeat([week(n).to_datetime64() for n in weeks], rows)
    return pd.DataFrame({"item": drawn, "time": pd.to_datetime(when, utc=True)})


def test_items_that_come_and_go_are_counted_by_hand() -> None:
    reference = weekly({0: list("aab"), 1: list("bcd")})
    analysis = weekly({2: list("aexx"), 3: list("abxf")})
    found = catalogue.turnover(reference, analysis)
    table = found.frame().set_index(["measure", "period"])["value"]
    assert table["new items"].tolist() == [2 / 3, 1 / 4]  # e, x; f: x is known by then
    assert table["gone items"].tolist() == [3 / 4, 2 / 4]
    assert table["on new items"].tolist() == [3 / 4, 1 / 4]
    assert [row.n for row in found] == [3, 4, 4, 4, 4, 4]
    assert found.verdict == "undefined"
    assert "too few chunks to say what is usual" in found.summary
    low, high = stats.binomtest(2, 3).proportion_ci(0.9, method="wilson")
    assert (found[0].lower, found[0].upper) == pytest.approx((low, high))


def test_a_catalogue_that_stands_still_alarms_no_more_often_than_it_says() -> None:
    rng = np.random.default_rng(1)
    alarms = {"new items": 0, "gone items": 0, "on new items": 0, "popularity": 0}
    looks = 0
    for _ in range(8):
        reference = stationary(rng, range(8))
        analysis = stationary(rng, range(8, 28))
        looks += 20
        for found in (
            catalogue.turnover(reference, analysis, chance=0.05),
            catalogue.popularity(reference, analysis, chance=0.05),
        ):
            for row in found:
                if row.measure in alarms:
                    assert row.verdict != "undefined"
                    alarms[row.measure] += row.verdict == "alert"
    most = stats.binom.ppf(0.9999, looks, 0.05)
    assert all(count <= most for count in alarms.values()), alarms


def test_a_launch_is_found_in_its_week_and_named() -> None:
    rng = np.random.default_rng(2)
    reference = stationary(rng, range(8))
    analysis = stationary(rng, range(8, 12))
    launched = analysis["time"] >= week(11)
    hit = launched & (rng.random(len(analysis)) < 0.2)
    analysis.loc[hit, "item"] = 9_000 + rng.integers(0, 5, int(hit.sum()))
    came = catalogue.turnover(reference, analysis).only(measure="on new items")
    assert [row.verdict for row in came] == ["quiet", "quiet", "quiet", "alert"]
    sold = catalogue.popularity(reference, analysis)
    weeks = sold.only(measure="popularity")
    assert [row.verdict for row in weeks] == ["quiet", "quiet", "quiet", "alert"]
    named = {row.subject for row in sold if row.measure == "more popular"}
    assert named == {"9000", "9001", "9002", "9003", "9004"}
    assert "2024-W12" in sold.summary
    change = next(row for row in sold if row.subject == "9000")
    assert change.lower < (analysis[launched].item == 9000).mean() == change.value


def test_the_moments_of_the_statistic_are_those_of_all_tables() -> None:
    """Every table with the sums (4, 5) and (3, 2, 2, 1, 1), by enumeration."""
    sums, n = np.array([3, 2, 2, 1, 1]), 4
    grid = np.array(np.meshgrid(*[range(s + 1) for s in sums])).reshape(5, -1).T
    tables = grid[grid.sum(axis=1) == n]
    law = stats.multivariate_hypergeom(sums, n)
    chance = law.pmf(tables)
    value = np.array(
        [
            stats.chi2_contingency([x, sums - x], correction=False).statistic
            for x in tables
        ]
    )
    mean = chance @ value
    found = [catalogue.homogeneity(x, sums - x) for x in tables]
    np.testing.assert_allclose([each.statistic for each in found], value)
    assert found[0].mean == pytest.approx(mean)
    assert found[0].variance == pytest.approx(chance @ (value - mean) ** 2)


def test_with_large_counts_the_p_value_is_that_of_chi_squared() -> None:
    rng = np.random.default_rng(3)
    share = rng.dirichlet(np.ones(12))
    for _ in range(5):
        x, y = rng.multinomial(40_000, share), rng.multinomial(9_000, share)
        expected = stats.chi2_contingency([x, y], correction=False).pvalue
        assert catalogue.homogeneity(x, y).p == pytest.approx(expected, abs=2e-3)


def test_with_100000_rare_items_the_test_keeps_its_level_and_finds_a_move() -> None:
    rng = np.random.default_rng(4)
    share = 1 / np.arange(1, 100_001) ** 0.7
    share /= share.sum()
    moved = share * np.where(np.arange(100_000) % 2, 1.6, 0.4)
    moved /= moved.sum()

    def drawn(n: int, of: np.ndarray) -> np.ndarray:
        place = np.searchsorted(np.cumsum(of)[:-1], rng.random(n))
        return np.bincount(place, minlength=of.size)

    held = np.array(
        [
            catalogue.homogeneity(drawn(60_000, share), drawn(n, share)).p
            for n in np.tile([8_000, 20_000], 30)
        ]
    )
    for level in (0.05, 0.2):
        low, high = stats.binom.ppf([0.0005, 0.9995], held.size, level)
        assert low <= (held <= level).sum() <= high
    found = catalogue.homogeneity(drawn(60_000, share), drawn(20_000, moved))
    assert found.p < 1e-6


def test_the_distance_covers_the_true_one_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    first = rng.dirichlet(np.full(400, 0.5))
    second = first * np.exp(rng.normal(0, 0.5, 400))
    second /= second.sum()
    a, b = 0.8, 0.2
    mixed = a * first + b * second
    truth = a * b * ((first - second) ** 2 / mixed).sum()
    inside = 0
    for _ in range(200):
        table = rng.multinomial(10_000, np.concatenate([a * first, b * second]))
        found = catalogue.homogeneity(table[:400], table[400:])
        inside += abs(found.square - truth) < stats.norm.ppf(0.95) * found.error
    assert stats.binom.cdf(inside, 200, 0.9) > 1e-3
    assert stats.binom.sf(inside, 200, 0.9) > 1e-3
    apart = catalogue.homogeneity([5, 5, 0, 0], [0, 0, 7, 3])
    assert apart.v == pytest.approx(1.0, abs=0.1)


def test_a_user_is_new_once() -> None:
    reference = weekly({n: [1, 2, 3, 4] for n in range(6)}, "user")
    analysis = weekly({6: [1, 2], 7: [1, 9, 9, 8], 8: [8, 9, 1, 7]}, "user")
    found = catalogue.newcomers(reference, analysis)
    assert [(row.value, row.n) for row in found] == [(0, 2), (2 / 3, 3), (1 / 4, 4)]
    assert [row.threshold for row in found] == [0.0] * 3
    assert [row.verdict for row in found] == ["quiet", "alert", "alert"]
    assert found.summary == (
        "In 2024-W09 25.0% of 4 users were never seen before: more than usual (up to "
        "0.0%)."
    )


def test_weeks_of_as_many_newcomers_as_ever_are_quiet() -> None:
    rng = np.random.default_rng(6)
    alarms = looks = 0
    for _ in range(10):
        fresh = rng.binomial(200, 0.1, 20)
        fixed = [f"new{n}-{k}" for n in range(20) for k in range(fresh[n])]
        owner = np.repeat(np.arange(20), fresh)
        rows = {
            n: [f"old{k}" for k in range(200 - fresh[n])]
            + [name for name, at in zip(fixed, owner, strict=True) if at == n]
            for n in range(20)
        }
        reference = weekly({n: rows[n] for n in range(10)}, "user")
        later = weekly({n: rows[n] for n in range(10, 20)}, "user")
        found = catalogue.newcomers(reference, later, chance=0.05)
        alarms += sum(row.verdict == "alert" for row in found)
        looks += 10
    assert alarms <= stats.binom.ppf(0.9999, looks, 0.05)
    assert alarms >= 1  # the threshold is not out of reach


def test_what_cannot_be_had_is_a_share_of_recommendations_clustered_by_list() -> None:
    rng = np.random.default_rng(7)
    inside = 0
    for _ in range(200):
        chance = np.repeat(rng.beta(0.5, 4.5, 300), 10)  # lists of some users only
        bad = rng.random(3000) < chance
        lists = pd.DataFrame({"occasion": np.repeat(np.arange(300), 10), "item": "x"})
        (row, *_) = catalogue.unavailable(lists, ~bad, at_most=0.5)
        assert row.value == bad.mean()
        inside += row.lower <= 0.1 <= row.upper
    assert stats.binom.cdf(inside, 200, 0.9) > 1e-3
    assert stats.binom.sf(inside, 200, 0.9) > 1e-4


def test_one_item_that_cannot_be_had_is_an_alert_and_named_in_its_week() -> None:
    lists = weekly({0: [1, 2], 1: [2, 3], 2: [3, 4]})
    lists["occasion"] = lists["time"]
    found = catalogue.unavailable(lists, {1, 2, 3}, every="week")
    rows = found.only(measure="unavailable")
    assert [(row.value, row.verdict) for row in rows] == [
        (0.0, "quiet"), (0.0, "quiet"), (0.5, "alert"),
    ]  # fmt: skip
    assert rows[0].upper > 0
    assert found[-1].subject == "4"
    tolerant = catalogue.unavailable(lists, [1, 2, 3], at_most=0.2)
    assert tolerant.verdict == "quiet"
    nothing = catalogue.unavailable(lists.head(0), [1])
    assert nothing.verdict == "undefined"
    assert math.isnan(nothing[0].value)


def test_concentration_is_that_of_its_definition() -> None:
    rng = np.random.default_rng(8)
    counts = rng.zipf(1.8, 150) % 500
    frame = pd.DataFrame({"item": np.repeat(np.arange(150), counts)})
    size = 200
    held = np.append(counts, np.zeros(size - 150))
    gini = np.abs(held[:, None] - held).sum() / (2 * size**2 * held.mean())
    found = catalogue.concentration(frame, frame, every=None, catalogue=size, top=0.02)
    assert found[0].value == pytest.approx(gini)
    assert found[1].value == pytest.approx(np.sort(held)[-4:].sum() / held.sum())
    assert found[0].lower < gini < found[0].upper


def test_lists_that_narrow_are_an_alert_and_their_interval_holds() -> None:
    rng = np.random.default_rng(9)
    reference = stationary(rng, range(8), rows=5000)
    analysis = stationary(rng, range(8, 40), rows=5000)
    share = 1 / np.arange(1, 3001)
    share /= share.sum()
    truth = share[:30].sum()
    found = catalogue.concentration(reference, analysis, catalogue=3000)
    tops = found.only(measure="top items")
    inside = sum(row.lower <= truth <= row.upper for row in tops)
    assert stats.binom.cdf(inside, 32, 0.9) > 1e-3
    assert sum(row.verdict == "alert" for row in found) <= 4
    narrow = analysis.assign(item=analysis["item"] % 300)
    assert catalogue.concentration(reference, narrow).verdict == "alert"


ONE = weekly({0: ["a"]})


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (lambda: catalogue.turnover(ONE, ONE[["item"]]), "analysis has no column 'tim"),
        (lambda: catalogue.newcomers(ONE, ONE), "reference has no column 'user'; it "),
        (lambda: catalogue.popularity(ONE, ONE, chance=0), "chance must be between 0 "),
        (lambda: catalogue.turnover(ONE, ONE, level=1), "level must be between 0 and"),
        (
            lambda: catalogue.turnover(ONE.assign(time=pd.Timestamp("2024")), ONE),
            "the moments of reference in 'time' have no zone",
        ),
        (lambda: catalogue.concentration(ONE, ONE, top=0), "top must be a share of"),
        (
            lambda: catalogue.concentration(ONE, weekly({0: ["b"]}), catalogue=1),
            "2 items were seen, more than the catalogue of 1",
        ),
        (
            lambda: catalogue.unavailable(ONE, ["a"], at_most=1, occasion="time"),
            "at_most must be a share below 1",
        ),
        (
            lambda: catalogue.unavailable(ONE, [True, True], occasion="time"),
            "available says of 2 rows",
        ),
        (lambda: catalogue.homogeneity([1], [1, 2]), "must count the same items"),
        (lambda: catalogue.homogeneity([-1], [1]), "reference must be counts, whole"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(asked, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        asked()


def test_names_of_items_are_hostile_and_empty_frames_are_undefined() -> None:
    bad = "<script>\n\x1b[31m" + "x" * 500
    before = weekly({n: ["a", "b"] * 60 for n in range(6)})
    after = weekly({6: [bad] * 120})
    sold = catalogue.popularity(before, after)
    assert sold.verdict == "alert"
    assert "\n" not in sold.summary
    assert len(sold.summary) < 300
    assert "<script>" not in sold._repr_html_()
    shown = catalogue.unavailable(after.assign(occasion=1), ["a"])
    assert "<script>" not in shown._repr_html_()
    nothing = after.head(0)
    for found in (
        catalogue.turnover(before, nothing, every=None),
        catalogue.popularity(before, nothing, every=None),
        catalogue.concentration(before, nothing, every=None),
        catalogue.newcomers(before, nothing, user="item", every=None),
        catalogue.turnover(nothing, before),
        catalogue.popularity(nothing, before),
    ):
        assert found.verdict == "undefined"
        assert "alert" not in {row.verdict for row in found}
    assert len(catalogue.turnover(before, nothing)) == 0

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lifecycle import intervals, monitor

AS_OF = datetime(2025, 1, 1, tzinfo=UTC)
DELAY = timedelta(weeks=2)
MONDAY = pd.Timestamp("2023-01-02", tz="UTC")


def weeks(wrong, per_week):
    """Rows of so many a week, in order, each predicted wrong or right."""
    wrong = np.asarray(wrong, dtype=float)
    week = np.arange(wrong.size) // per_week
    minute = np.arange(wrong.size) % per_week
    times = pd.to_timedelta(week * 7, unit="D") + pd.to_timedelta(minute, unit="min")
    return pd.DataFrame(
        {"time": MONDAY + times, "prediction": 1.0, "outcome": 1 - wrong}
    )


def harm(reference, rows, **options):
    given = {"as_of": AS_OF, "delay": DELAY, "epsilon": 0.0, **options}
    return monitor.harm(reference, rows, **given)


def of(found, measure):
    return [row for row in found if row.measure == measure]


def a_year(rng, *, per_week, rise=0.0, after=0, weeks_=52):
    """The week in which a year of weekly looks first alerts; infinite if never."""
    hits = rng.binomial(5000, 0.15)
    limit = stats.beta.ppf(0.99, hits + 1, 5000 - hits)
    chance = np.full(per_week * weeks_, 0.15)
    chance[after * per_week :] += rise
    course = intervals.evidence(
        rng.random(chance.size) < chance,
        above=limit,
        starts=np.arange(weeks_) * per_week,
    )
    passed = np.flatnonzero(course >= 25)
    return passed[0] // per_week + 1 if passed.size else math.inf


def test_a_year_of_looks_alarms_falsely_about_as_seldom_as_promised():
    rng = np.random.default_rng(1)
    alarms = [a_year(rng, per_week=200) < math.inf for _ in range(400)]
    assert sum(alarms) <= stats.binom.ppf(0.999, 400, 0.05)
    # a weekly test at 5% is wrong in nine years of ten
    naive = 0
    for _ in range(100):
        reference, week = rng.binomial(5000, 0.15), rng.binomial(200, 0.15, 52)
        share = (reference + week) / 5200
        error = np.sqrt(share * (1 - share) * (1 / 5000 + 1 / 200))
        naive += (np.abs(week / 200 - reference / 5000) / error > 1.96).any()
    assert naive >= 80


@pytest.mark.parametrize(
    ("per_week", "rise", "week"),
    [(200, 0.10, 1), (200, 0.05, 4), (50, 0.05, 15)],
)
def test_a_rise_is_found_in_the_week_it_should(per_week, rise, week):
    rng = np.random.default_rng(2)
    found = [a_year(rng, per_week=per_week, rise=rise) for _ in range(120)]
    assert np.median(found) == pytest.approx(week, abs=max(1, 0.2 * week))


def test_few_labels_miss_a_small_rise_more_often_than_not():
    rng = np.random.default_rng(3)
    found = [a_year(rng, per_week=50, rise=0.03) < math.inf for _ in range(200)]
    assert 0.3 <= np.mean(found) <= 0.58


def test_a_rise_after_half_a_year_is_found_within_weeks():
    rng = np.random.default_rng(4)
    found = [a_year(rng, per_week=200, rise=0.1, after=26) for _ in range(100)]
    assert 27 <= np.median(found) <= 30


def test_the_function_is_the_evidence_week_by_week():
    rng = np.random.default_rng(5)
    reference = (rng.random(5000) < 0.15).astype(float)
    wrong = (rng.random(2000) < np.repeat([0.15, 0.3], 1000)).astype(float)
    found = harm(reference, weeks(wrong, 200))
    hits = reference.sum()
    limit = stats.beta.ppf(0.99, hits + 1, 5000 - hits)
    course = intervals.evidence(wrong, above=limit, starts=range(0, 2000, 200))
    best = np.maximum.accumulate(course)[199::200]
    evidence = of(found, "evidence")
    shown = np.minimum(best, 1e6).tolist()
    assert [row.value for row in evidence] == pytest.approx(shown)
    assert [row.n for row in evidence] == list(range(200, 2001, 200))
    assert evidence[0].threshold == pytest.approx(25)
    rates = of(found, "error rate")
    assert rates[0].value == pytest.approx(wrong[:200].mean())
    assert (rates[0].lower, rates[0].upper) == pytest.approx(
        intervals.wilson(wrong[:200].sum(), 200)
    )
    assert rates[0].threshold == pytest.approx(limit)
    assert [row.verdict for row in rates[:5]] == ["quiet"] * 5
    assert [row.verdict for row in rates[6:]] == ["alert"] * 4
    assert found.verdict == "alert"


def test_an_alert_stays_though_the_loss_falls_again():
    wrong = np.concatenate([np.tile([1, 0], 100), np.zeros(600)])
    found = harm([0.0, 0, 0, 0, 1] * 400, weeks(wrong, 200))
    rates = of(found, "error rate")
    assert [row.verdict for row in rates] == ["alert"] * 4
    assert rates[3].value == 0
    assert found.summary == (
        "The error rate has risen by more than 0 points over the reference (20.0%, n "
        "2,000): in 2023-W01 the evidence passed 25 to 1; since then it was 12.5% (n "
        "800)."
    )


def test_a_rise_within_epsilon_is_no_harm():
    rng = np.random.default_rng(6)
    reference = (rng.random(5000) < 0.15).astype(float)
    rows = weeks(rng.random(8000) < 0.19, 400)
    assert harm(reference, rows, epsilon=0.0).verdict == "alert"
    quiet = harm(reference, rows, epsilon=0.05)
    assert quiet.verdict == "quiet"
    assert "is not shown to have risen by more than 5 points" in quiet.summary


def test_later_rows_do_not_change_what_earlier_looks_saw():
    rng = np.random.default_rng(7)
    rows = weeks(rng.random(1000) < 0.25, 100)
    reference = [0.0, 0, 0, 0, 1] * 300
    whole = of(harm(reference, rows), "evidence")
    for look in (300, 700):
        part = of(harm(reference, rows[:look]), "evidence")
        assert [r.value for r in part] == [r.value for r in whole[: len(part)]]


def test_rows_are_taken_in_the_order_of_prediction():
    rng = np.random.default_rng(8)
    rows = weeks(rng.random(600) < 0.3, 100)
    reference = [0.0, 0, 0, 0, 1] * 300
    shuffled = rows.sample(frac=1, random_state=1)
    assert harm(reference, shuffled).rows == harm(reference, rows).rows


@pytest.mark.parametrize("count", [100, 400])
def test_the_detectable_rise_is_found_eight_times_of_ten(count):
    rng = np.random.default_rng(9)
    reference = [1.0] * 750 + [0.0] * 4250
    found = harm(reference, weeks(np.zeros(count), count))
    rise = of(found, "detectable rise")[0]
    limit = of(found, "error rate")[0].threshold
    assert rise.n == count
    shown = [
        intervals.evidence(rng.random(count) < 0.15 + rise.value, above=limit).max()
        >= 25
        for _ in range(300)
    ]
    assert 0.75 <= np.mean(shown) <= 0.97


def test_more_labels_show_a_smaller_rise_and_few_show_none():
    reference = [1.0] * 750 + [0.0] * 4250
    rises = [
        of(harm(reference, weeks(np.zeros(n), n)), "detectable rise")[0].value
        for n in (3, 50, 200, 5000)
    ]
    assert math.isnan(rises[0])
    assert rises[1] > rises[2] > rises[3] > 0
    few = harm(reference, weeks(np.zeros(3), 3))
    assert few.summary.endswith(
        "3 outcomes of 2023-W01 alone could not have shown any rise."
    )


def test_losses_may_be_brier_a_column_or_a_function():
    rng = np.random.default_rng(10)
    rows = weeks(rng.random(400) < 0.2, 200)
    rows["score"] = 0.9
    rows["cost"] = rng.random(400)
    brier = of(harm([0.1, 0.2] * 300, rows, loss="brier"), "brier")[0]
    assert brier.value == pytest.approx(((0.9 - rows["outcome"][:200]) ** 2).mean())
    assert brier.threshold == pytest.approx(
        intervals.betting([0.1, 0.2] * 300, alpha=0.01)[1]
    )
    cost = of(harm([0.5, 0.4] * 300, rows, loss="cost"), "cost")[1]
    assert (cost.lower, cost.upper) == pytest.approx(intervals.mean(rows["cost"][200:]))
    half = harm([0.2] * 500, rows, loss=lambda frame: frame["cost"] / 2)
    assert half[0].value == pytest.approx(rows["cost"][:200].mean() / 2)


def test_the_reference_may_be_rows_and_the_model_of_several_classes():
    rows = weeks(np.zeros(200), 200)
    rows["prediction"], rows["outcome"] = "b", ["a", "b"] * 100
    reference = rows.assign(outcome="b").drop(columns="time")
    found = harm(reference, rows, task="multiclass")
    assert found.verdict == "alert"
    assert found[0].value == 0.5
    amounts = rows.assign(outcome=1.0, prediction=2.0, loss=0.4)
    assert harm([0.4] * 400, amounts, task="regression", loss="loss").verdict == "quiet"


def test_only_rows_due_and_known_count():
    rows = weeks(np.zeros(300), 100)
    rows.loc[5:9, "outcome"] = None
    early = harm([0.0, 1.0] * 50, rows, as_of=datetime(2023, 1, 24, tzinfo=UTC))
    assert [row.n for row in of(early, "error rate")] == [95, 100]


def test_nothing_known_is_undefined():
    rows = weeks([0.0], 1)
    late = harm([0, 1], rows, as_of=datetime(2023, 1, 3, tzinfo=UTC))
    assert (len(late), late.verdict) == (0, "undefined")
    assert late.summary == "Harm is undefined: no outcome is due yet."
    for reference in ([], [math.nan], [1.0, 1.0]):
        found = harm(reference, rows)
        assert found.verdict == "undefined"
        assert found.summary.startswith("Harm is undefined: the reference")


def test_what_is_no_loss_is_refused():
    rows = weeks(np.zeros(10), 10).assign(cost=5.0)
    with pytest.raises(ValueError, match="between 0 and 1, got 5; divide by"):
        harm([0.1], rows, loss="cost")
    with pytest.raises(ValueError, match="between 0 and 1, got 2"):
        harm([2.0], rows)
    with pytest.raises(ValueError, match="no column 'regret'"):
        harm([0.1], rows, loss="regret")
    with pytest.raises(ValueError, match="regression has no error between 0 and 1"):
        harm([0.1], rows, task="regression")
    with pytest.raises(ValueError, match="got 1 numbers for 10 rows"):
        harm([0.1], rows, loss=lambda frame: [0.5])
    with pytest.raises(ValueError, match="epsilon must be 0 or more"):
        harm([0.1], rows, epsilon=-0.1)
    with pytest.raises(ValueError, match="alpha must lie between 0 and 1, got 5"):
        harm([0.1], rows, alpha=5)


def test_harm_shows_itself():
    found = harm([0.0, 0, 0, 0, 1] * 100, weeks(np.tile([1, 0], 200), 100))
    assert found.main == "error rate"
    assert "alert" in found._repr_html_()
    assert "Alert in" in found.plot().alt
    assert len(found.frame()) == 12

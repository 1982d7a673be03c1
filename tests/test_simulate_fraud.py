"""The bank's payments: their form, the truth planted, and what customers say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lifecycle import simulate
from lifecycle.simulate import cards


@pytest.fixture(scope="module")
def story() -> simulate.Payments:
    return simulate.fraud(seed=11)


@pytest.fixture(scope="module")
def week(story: simulate.Payments) -> pd.Series:
    """Weeks since going live, by row."""
    return (story.rows["time"] - story.start) // pd.Timedelta(weeks=1)


def perfect(story: simulate.Payments, rows: pd.DataFrame) -> pd.DataFrame:
    truth = story.outcomes["outcome"].to_numpy()[story.places(rows["id"])]
    return rows[["id", "time"]].assign(prediction=truth)


def test_the_same_seed_tells_the_same_story_to_the_byte() -> None:
    first, again = (simulate.fraud(seed=3, weeks=3) for _ in range(2))
    for name in ("rows", "outcomes", "reported_outcomes"):
        assert getattr(first, name).to_csv() == getattr(again, name).to_csv()
    assert first.probability.equals(again.probability)
    assert not first.rows["amount"].equals(
        simulate.fraud(seed=4, weeks=3).rows["amount"].head(len(first.rows))
    )


def test_times_are_utc_and_in_order_and_an_outcome_comes_after_one_to_two_months(
    story: simulate.Payments,
) -> None:
    assert story.rows["time"].is_monotonic_increasing
    assert str(story.rows["time"].dtype) == "datetime64[us, UTC]"
    assert story.rows["id"].is_unique
    assert story.outcomes["id"].equals(story.rows["id"])
    wait = (story.outcomes["time"] - story.rows["time"]) / pd.Timedelta(days=1)
    assert 30 <= wait.min() < 31
    assert 59 < wait.max() <= 60
    assert (story.rows["hour"] == story.rows["time"].dt.hour).all()


def test_two_in_a_hundred_are_fraud_until_the_ring_comes(
    story: simulate.Payments, week: pd.Series
) -> None:
    before = story.outcomes["outcome"][week < 14]
    low, high = stats.binomtest(int(before.sum()), len(before)).proportion_ci(0.999)
    assert low < 0.020 < high
    assert not story.ring.to_numpy()[week < 14].any()
    after = story.ring.to_numpy()[week >= 14]
    low, high = stats.binomtest(int(after.sum()), len(after)).proportion_ci(0.999)
    assert low < 0.012 < high


def test_the_probability_is_calibrated_to_the_truth(story: simulate.Payments) -> None:
    chance = story.probability.to_numpy()
    truth = story.outcomes["outcome"].to_numpy()
    for low, high in ((0.0, 0.01), (0.01, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.0)):
        rows = (chance > low) & (chance <= high)
        spread = np.sqrt((chance[rows] * (1 - chance[rows])).sum())
        off = truth[rows].sum() - chance[rows].sum()
        # rounding is left out of the densities, so a little more than chance alone
        assert abs(off) < 4 * spread + 0.05 * chance[rows].sum()


@pytest.mark.parametrize(
    ("feature", "weeks"),
    [("distance_km", (6, 12)), ("merchant", (6, 12)), ("terminal", (31, 40))],
)
def test_a_planted_change_is_there_from_its_week_on(
    story: simulate.Payments, week: pd.Series, feature: str, weeks: tuple[int, int]
) -> None:
    honest = (story.outcomes["outcome"] == 0).to_numpy()
    column = story.rows[feature]
    calm = column[honest & (week < 6).to_numpy()]
    then = column[honest & week.between(weeks[0], weeks[1] - 1).to_numpy()]
    assert apart(calm, then) < 1e-50
    assert story.drifts[feature] == simulate.week_label(
        date(2024, 4, 1) + timedelta(weeks=weeks[0])
    )


@pytest.mark.parametrize("feature", ["amount", "entry", "payments_24h"])
def test_what_no_event_names_stays_as_it_was_among_honest_payments(
    story: simulate.Payments, week: pd.Series, feature: str
) -> None:
    honest = (story.outcomes["outcome"] == 0).to_numpy()
    column = story.rows[feature]
    calm = column[honest & (week < 6).to_numpy()]
    late = column[honest & (week >= 14).to_numpy()]
    assert apart(calm, late) > 1e-3


def apart(first: pd.Series, second: pd.Series) -> float:
    """P-value of the same distribution, by scipy."""
    if first.dtype == float:
        return float(stats.ks_2samp(first, second).pvalue)
    both = [sample.value_counts() for sample in (first, second)]
    table = pd.concat(both, axis=1).fillna(0)
    return float(stats.chi2_contingency(table).pvalue)


def test_the_broken_feed_empties_one_column_for_two_weeks_and_harms_nobody(
    story: simulate.Payments, week: pd.Series
) -> None:
    empty = story.rows["device_age_days"].isna()
    assert empty.equals(week.between(26, 27))
    others = story.rows.drop(columns="device_age_days")
    assert not others.isna().any(axis=None)
    assert "device_age_days" not in story.drifts


def test_costs_are_counted_by_hand(story: simulate.Payments) -> None:
    rows = story.rows_between(story.weeks[0], story.weeks[1])
    truth = story.outcomes["outcome"].to_numpy()[story.places(rows["id"])]
    none = rows.assign(prediction=0.0)
    every = rows.assign(prediction=1.0)
    blind, strict = story.losses(none).iloc[0], story.losses(every).iloc[0]
    assert blind["cost"] == 150 * truth.sum()
    assert blind["caught"] == 0
    assert strict["cost"] == 12 * (1 - truth).sum()
    assert (strict["caught"], strict["frauds"]) == (1, truth.sum())
    right = story.losses(perfect(story, rows)).iloc[0]
    assert (right["cost"], right["caught"], right["blocked"]) == (0, 1, 0)


def test_the_best_possible_decisions_cost_what_they_should(
    story: simulate.Payments,
) -> None:
    """Deciding by the true probability, errors cost `best` up to chance."""
    live = story.rows_between(story.start, story.end)
    chance = story.probability.to_numpy()[story.places(live["id"])]
    costs = cards.COSTS
    limit = costs["false_positive"] / sum(costs.values())
    table = story.losses(live.assign(prediction=(chance >= limit).astype(float)))
    weekly = table["cost"] - table["best"]
    spread = weekly.std() / np.sqrt(len(weekly))
    assert abs(weekly.mean()) < 3 * spread


def test_customers_call_because_of_the_models_errors(story: simulate.Payments) -> None:
    live = story.rows_between(story.start, story.start + timedelta(weeks=1))
    calm, none = story.reactions(perfect(story, live))
    blocked, said = story.reactions(live.assign(prediction=1.0))
    open_gate, lost = story.reactions(live.assign(prediction=0.0))
    assert len(calm) < 5
    assert none.empty
    assert set(blocked["label"]) == {0.0}
    share = len(said) / (1 - story.outcomes["outcome"][: len(live)]).sum()
    assert share > 0.5
    assert set(open_gate["label"]) == {1.0}
    assert set(lost["kind"]) == {"chargeback"}
    at = story.places(lost["id"])
    assert lost["value"].tolist() == story.rows["amount"].to_numpy()[at].tolist()
    assert (lost["time"].to_numpy() == story.outcomes["time"].to_numpy()[at]).all()


def test_people_react_the_same_whatever_the_order_of_the_rows(
    story: simulate.Payments,
) -> None:
    live = story.rows_between(story.start, story.start + timedelta(weeks=1))
    rows = live.assign(prediction=(live["amount"] > 200).astype(float))
    for first, again in zip(
        story.reactions(rows),
        story.reactions(rows.sample(frac=1, random_state=1)),
        strict=True,
    ):
        pd.testing.assert_frame_equal(first, again)


def test_wrong_arguments_are_one_sentence() -> None:
    with pytest.raises(ValueError, match="start must be a Monday, got Tuesday"):
        simulate.fraud(start=date(2024, 4, 2))
    with pytest.raises(ValueError, match="payments_per_week must be 1 or more"):
        simulate.fraud(payments_per_week=0)
    story = simulate.fraud(weeks=1, payments_per_week=20)
    stranger = pd.DataFrame({"id": ["P9999999"], "prediction": [1.0]})
    with pytest.raises(ValueError, match="'P9999999' is not in this story"):
        story.losses(stranger)
    assert story.start == datetime(2024, 4, 1, tzinfo=UTC)

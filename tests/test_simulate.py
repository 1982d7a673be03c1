"""The story's tables: their form, their times, and the truth planted in them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lifecycle import simulate

SEEDS = (7, 11, 2024)
DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="module", params=SEEDS)
def story(request: pytest.FixtureRequest) -> simulate.Story:
    return simulate.lead_scoring(seed=request.param)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def known(story: simulate.Story, as_of: datetime) -> pd.Series:
    """The newest word of the CRM on each lead, as far as there is one."""
    said = story.outcomes_between(story.rows["time"].min(), as_of)
    last = said.drop_duplicates("id", keep="last").set_index("id")["outcome"]
    return last.reindex(story.rows["id"])


def far_apart(first: pd.Series, second: pd.Series) -> float:
    """P-value of the same distribution, by scipy; missing is a value too."""
    if first.dtype == float:
        return float(stats.ks_2samp(first.dropna(), second.dropna()).pvalue)
    both = [sample.fillna("missing").value_counts() for sample in (first, second)]
    table = pd.concat(both, axis=1).fillna(0)
    return float(stats.chi2_contingency(table).pvalue)


def test_the_same_seed_tells_the_same_story_to_the_byte() -> None:
    first, again = (simulate.lead_scoring(seed=3, weeks=20) for _ in range(2))
    for name in ("rows", "outcomes", "reported_outcomes", "corrections"):
        assert getattr(first, name).to_csv() == getattr(again, name).to_csv()
    assert first.probability.to_numpy().tobytes() == (
        again.probability.to_numpy().tobytes()
    )
    assert first.events == again.events


def test_another_seed_tells_another_story() -> None:
    first, other = (simulate.lead_scoring(seed=seed, weeks=2) for seed in (3, 4))
    assert not first.rows["time"].head(50).equals(other.rows["time"].head(50))


def test_leads_have_canonical_columns_in_the_order_of_time(
    story: simulate.Story,
) -> None:
    leads = story.rows
    assert set(leads) == {"id", "time", *story.features}
    assert leads["id"].is_unique
    assert leads["id"].iloc[0] == "L000001"
    assert leads["id"].is_monotonic_increasing
    assert leads["time"].is_monotonic_increasing
    for frame in (leads, story.outcomes, story.reported_outcomes, story.corrections):
        assert str(frame["time"].dtype) == "datetime64[us, UTC]"
    assert all(leads[name].dtype == float for name in story.numeric)
    assert all(
        leads[name].dropna().map(type).eq(str).all() for name in story.categorical
    )


def test_leads_are_made_in_business_hours_of_every_week(story: simulate.Story) -> None:
    times = story.rows["time"]
    assert times.dt.day_of_week.max() <= 4
    assert times.dt.hour.between(8, 17).all()
    weeks = times.dt.tz_localize(None).dt.to_period("W").value_counts()
    assert len(weeks) == 52 + 78
    assert weeks.between(300, 500).all()
    assert weeks.mean() == pytest.approx(400, abs=6)


def test_the_story_runs_from_the_year_before_to_the_end_of_june_2024(
    story: simulate.Story,
) -> None:
    assert story.start == moment("2023-01-02")
    assert story.end == moment("2024-07-01")
    assert story.rows["time"].min() >= moment("2022-01-03")
    assert story.rows["time"].max() < story.end
    assert len(story.weeks) == len(story.bayes) == 78
    assert (story.bayes.index[0], story.bayes.index[-1]) == ("2023-W01", "2024-W26")
    assert simulate.week_label(story.weeks[-1]) == "2024-W26"


def test_the_truth_becomes_known_two_to_six_weeks_after_the_lead(
    story: simulate.Story,
) -> None:
    assert story.outcomes["id"].equals(story.rows["id"])
    wait = story.outcomes["time"] - story.rows["time"]
    assert wait.min() >= timedelta(weeks=2)
    assert wait.max() < timedelta(weeks=6)
    assert wait.mean() / timedelta(weeks=1) == pytest.approx(4, abs=0.05)


def test_values_are_missing_at_the_planted_rates(story: simulate.Story) -> None:
    share = story.rows.isna().mean()
    assert share["company_size"] == pytest.approx(0.08, abs=0.01)
    assert share["demo_requested"] == pytest.approx(0.05, abs=0.01)
    assert share[["id", "time", "region", "plan", "channel"]].sum() == 0


def test_outcomes_follow_the_hidden_probability(story: simulate.Story) -> None:
    chance = story.probability.to_numpy()
    excess = story.outcomes["outcome"].to_numpy() - chance
    for part in np.array_split(np.argsort(chance), 10):
        error = np.sqrt((chance[part] * (1 - chance[part])).sum()) / len(part)
        assert abs(excess[part].mean()) < 4 * error


def test_between_30_and_50_percent_of_the_leads_of_any_month_are_won(
    story: simulate.Story,
) -> None:
    months = story.rows["time"].dt.strftime("%Y-%m")
    rate = story.outcomes["outcome"].groupby(months).mean()
    assert rate.between(0.30, 0.50).all()


def test_the_best_possible_accuracy_stays_between_86_and_92_percent(
    story: simulate.Story,
) -> None:
    four_weeks = story.bayes.rolling(4).mean().dropna()
    assert four_weeks.between(0.85, 0.92).all()
    assert story.bayes.mean() == pytest.approx(0.895, abs=0.01)
    chance = story.probability.to_numpy()
    year = story.rows["time"] < story.start
    best = np.maximum(chance, 1 - chance)
    assert best[year].mean() == pytest.approx(0.865, abs=0.01)


def test_features_drift_from_their_week_on_and_not_before(
    story: simulate.Story,
) -> None:
    leads = story.rows
    year = leads["time"] < story.start
    monday = dict(zip(story.bayes.index, story.weeks, strict=True))
    for feature, label in story.drifts.items():
        begin = monday[label]
        before = (leads["time"] >= story.start) & (leads["time"] < begin)
        month = (leads["time"] >= begin) & (leads["time"] < begin + timedelta(weeks=4))
        column = leads[feature]
        assert far_apart(column[year], column[before]) > 1e-4, feature
        assert far_apart(column[year], column[month]) < 1e-12, feature


def test_the_other_features_never_drift(story: simulate.Story) -> None:
    quiet = set(story.features) - set(story.drifts)
    assert quiet == {"recency_days", "emails_opened", "demo_requested", "region"}
    year = story.rows["time"] < story.start
    months = story.rows["time"].dt.strftime("%Y-%m")
    for feature in quiet:
        column = story.rows[feature]
        for month in months[~year].unique():
            assert far_apart(column[year], column[months == month]) > 1e-5, feature


def test_nothing_drifts_once_the_market_has_settled(story: simulate.Story) -> None:
    last = max(event.date for event in story.events)
    assert last < date(2023, 8, 31)
    times = story.rows["time"]
    begin = datetime(last.year, last.month, last.day, tzinfo=UTC)
    early = (times >= begin) & (times < moment("2023-12-01"))
    late = times >= moment("2024-03-01")
    for feature in story.features:
        column = story.rows[feature]
        assert far_apart(column[early], column[late]) > 1e-5, feature


def test_every_event_is_a_shift_and_a_flip_of_the_feature_that_drifts(
    story: simulate.Story,
) -> None:
    assert [event.date for event in story.events] == sorted(
        event.date for event in story.events
    )
    for kind in ("shift", "flip"):
        first = {
            event.features[0]: simulate.week_label(event.date)
            for event in story.events
            if event.kind == kind
        }
        assert first == story.drifts


def test_large_companies_buy_before_the_market_turns_and_not_after(
    story: simulate.Story,
) -> None:
    turn = next(e.date for e in story.events if e.features == ("company_size",))
    begin = datetime(turn.year, turn.month, turn.day, tzinfo=UTC)
    after = story.rows["time"] >= begin
    size, won = story.rows["company_size"], story.outcomes["outcome"]
    for rows, sign in ((~after, 1), (after, -1)):
        here = rows & size.notna()
        assert sign * stats.spearmanr(size[here], won[here]).statistic > 0.1


def test_the_crm_tells_the_truth_until_its_move(story: simulate.Story) -> None:
    as_of = story.fault.reported
    said = known(story, as_of).to_numpy()
    due = (story.outcomes["time"] < as_of).to_numpy()
    assert (said[due] == story.outcomes["outcome"].to_numpy()[due]).all()
    assert np.isnan(said[~due]).all()


def test_the_move_turns_won_deals_of_two_regions_into_lost_ones(
    story: simulate.Story,
) -> None:
    said = known(story, moment("2024-03-11")).to_numpy()
    truth = story.outcomes["outcome"].to_numpy()
    leads, fault = story.rows, story.fault
    due = (story.outcomes["time"] < moment("2024-03-11")).to_numpy()
    hit = (
        due
        & (leads["time"] >= fault.since).to_numpy()
        & leads["region"].isin(fault.regions).to_numpy()
    )
    assert (said[due & ~hit] == truth[due & ~hit]).all()
    assert said[hit & (truth == 1)].mean() == pytest.approx(0.05, abs=0.015)
    assert (said[hit & (truth == 0)] == 0).all()


def test_corrections_bring_the_truth_back(story: simulate.Story) -> None:
    assert set(story.corrections["time"]) == {story.fault.corrected}
    assert moment("2024-04-07") < story.fault.corrected < moment("2024-04-08")
    assert (story.corrections["outcome"] == 1).all()
    end = moment("2024-12-31")
    assert (known(story, end).to_numpy() == story.outcomes["outcome"].to_numpy()).all()
    key = ["id", "time"]
    assert not story.outcomes_between(story.weeks[0], end).duplicated(key).any()


def test_a_story_that_ends_before_its_fault_has_none() -> None:
    story = simulate.lead_scoring(seed=5, weeks=30, leads_per_week=60)
    assert story.corrections.empty
    both = [
        frame.sort_values("id", ignore_index=True)
        for frame in (story.outcomes, story.reported_outcomes)
    ]
    pd.testing.assert_frame_equal(*both)


def test_weeks_follow_on_each_other_and_leave_no_lead_out() -> None:
    story = simulate.lead_scoring(seed=5, weeks=6, leads_per_week=30)
    week = timedelta(weeks=1)
    parts = [story.rows_between(monday, monday + week) for monday in story.weeks]
    live = story.rows[story.rows["time"] >= story.start]
    pd.testing.assert_frame_equal(
        pd.concat(parts, ignore_index=True), live.reset_index(drop=True)
    )


def test_accuracy_is_counted_by_week_and_only_where_there_is_a_prediction() -> None:
    story = simulate.lead_scoring(seed=5, weeks=2, leads_per_week=40)
    first = story.rows_between(story.weeks[0], story.weeks[1])
    second = story.rows_between(story.weeks[1], story.end)
    truth = story.outcomes.set_index("id")["outcome"]
    first["prediction"] = truth.loc[first["id"]].to_numpy()
    second["prediction"] = 1 - truth.loc[second["id"]].to_numpy()
    second.loc[0, "prediction"] = np.nan
    table = story.accuracy(pd.concat([second, first]))
    assert table["week"].tolist() == ["2023-W01", "2023-W02"]
    assert table["accuracy"].tolist() == [1.0, 0.0]
    assert table["n"].tolist() == [len(first), len(second) - 1]
    assert table["bayes"].iloc[0] == pytest.approx(story.bayes.iloc[0])


def test_accuracy_of_nothing_is_an_empty_table() -> None:
    story = simulate.lead_scoring(seed=5, weeks=1, leads_per_week=5)
    none = story.rows.head(0).assign(prediction=1.0)
    assert story.accuracy(none).empty
    assert list(story.accuracy(none)) == ["week", "n", "accuracy", "bayes"]


def test_a_lead_of_another_story_is_named() -> None:
    story = simulate.lead_scoring(seed=5, weeks=1, leads_per_week=5)
    stranger = pd.DataFrame({"id": ["L999999"], "prediction": [1.0]})
    with pytest.raises(ValueError, match="'L999999' is not in this story"):
        story.accuracy(stranger)


def test_a_story_begins_on_a_monday_and_has_weeks_and_leads() -> None:
    with pytest.raises(ValueError, match="must be a Monday, got Tuesday 2023-01-03"):
        simulate.lead_scoring(start=date(2023, 1, 3))
    with pytest.raises(ValueError, match="1 or more, got 0 and 400"):
        simulate.lead_scoring(weeks=0)
    with pytest.raises(ValueError, match="1 or more, got 78 and 0"):
        simulate.lead_scoring(leads_per_week=0)


def test_a_story_may_begin_in_another_year() -> None:
    story = simulate.lead_scoring(start=date(2025, 1, 6), weeks=15, leads_per_week=20)
    assert story.drifts == {"visits": "2025-W15"}
    assert [event.kind for event in story.events] == ["shift", "flip"]


def test_importing_the_room_imports_no_tables() -> None:
    code = (
        "import sys; from lifecycle import simulate; "
        "sys.exit(any(m in sys.modules for m in ('numpy', 'pandas', 'sklearn')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_sample_in_data_is_made_as_its_page_says() -> None:
    story = simulate.lead_scoring(seed=7, weeks=2, leads_per_week=100)
    live = story.rows_between(story.start, story.end)
    leads = (DATA / "leads.csv").read_text(encoding="utf-8")
    assert leads == live.to_csv(index=False, lineterminator="\n")
    known = story.outcomes[story.outcomes["id"].isin(live["id"])]
    outcomes = (DATA / "outcomes.csv").read_text(encoding="utf-8")
    assert outcomes == known.to_csv(index=False, lineterminator="\n")

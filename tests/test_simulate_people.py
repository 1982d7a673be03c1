"""What the sales people of the story do with predictions."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lifecycle import simulate
from lifecycle.simulate import people

SHARE = st.floats(0, 1)


@pytest.fixture(scope="module")
def story() -> simulate.Story:
    return simulate.lead_scoring(seed=7, weeks=20)


def predictions(
    story: simulate.Story, first: int, last: int, *, right: float
) -> pd.DataFrame:
    """Predictions of some weeks, of which about this share is right."""
    end = story.weeks[last] if last < len(story.weeks) else story.end
    rows = story.rows_between(story.weeks[first], end)[["id", "time"]]
    truth = story.outcomes.set_index("id")["outcome"].loc[rows["id"]].to_numpy()
    luck = np.random.default_rng(0).random(len(rows)) < right
    prediction = np.where(luck, truth, 1 - truth)
    return rows.assign(prediction=prediction, score=0.1 + 0.8 * prediction)


def together(
    story: simulate.Story, *, right: float
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Predictions, feedback and events of ten weeks, after eight weeks to learn."""
    recent = predictions(story, 0, 8, right=right)
    weeks = [predictions(story, n, n + 1, right=right) for n in range(8, 18)]
    said = [story.reactions(week, recent=recent) for week in weeks]
    return (
        pd.concat(weeks, ignore_index=True),
        pd.concat([feedback for feedback, _ in said], ignore_index=True),
        pd.concat([events for _, events in said], ignore_index=True),
    )


def test_the_same_seed_and_week_bring_the_same_reactions(
    story: simulate.Story,
) -> None:
    week = predictions(story, 3, 4, right=0.6)
    shuffled = week.sample(frac=1, random_state=1)
    for first, again in zip(
        story.reactions(week), story.reactions(shuffled), strict=True
    ):
        pd.testing.assert_frame_equal(first, again)


def test_another_seed_or_week_brings_others(story: simulate.Story) -> None:
    week = predictions(story, 3, 4, right=0.6)
    _, calls = story.reactions(week)
    _, other = story.reactions(week, seed=99)
    assert set(calls["id"]) != set(other["id"])


def test_feedback_and_events_have_canonical_columns(story: simulate.Story) -> None:
    week = predictions(story, 3, 4, right=0.4)
    feedback, events = story.reactions(week)
    assert list(feedback) == [
        "feedback_id", "id", "time", "kind", "label", "person", "reason"
    ]  # fmt: skip
    assert list(events) == ["event_id", "id", "time", "kind", "value"]
    for frame in (feedback, events):
        assert str(frame["time"].dtype) == "datetime64[us, UTC]"
        made = week.set_index("id")["time"].loc[frame["id"]].reset_index(drop=True)
        assert (frame["time"] > made).all()
        assert frame.iloc[:, 0].is_unique
        assert set(frame["id"]) <= set(week["id"])
    assert set(feedback["kind"]) == {"flag", "override"}
    assert set(events["kind"]) == {"called"}
    assert events["value"].isna().all()
    assert feedback[["person", "reason"]].notna().all(axis=None)


def test_an_override_says_the_opposite_and_a_flag_says_nothing(
    story: simulate.Story,
) -> None:
    week, feedback, _ = together(story, right=0.5)
    said = feedback.merge(week, on="id")
    override = said["kind"] == "override"
    assert (said["label"] == 1 - said["prediction"])[override].all()
    assert said["label"][~override].isna().all()


@pytest.mark.parametrize("right", [0.40, 0.60, 0.88])
def test_people_who_override_are_right_three_times_in_four(
    story: simulate.Story, right: float
) -> None:
    _, feedback, _ = together(story, right=right)
    overrides = feedback[feedback["kind"] == "override"]
    truth = story.outcomes.set_index("id")["outcome"].loc[overrides["id"]]
    hits = int((overrides["label"].to_numpy() == truth.to_numpy()).sum())
    assert stats.binomtest(hits, len(overrides), 0.78).pvalue > 0.001


def test_a_model_that_proves_wrong_is_called_on_less_and_contradicted_more(
    story: simulate.Story,
) -> None:
    good, bad = (together(story, right=right) for right in (0.88, 0.40))
    called = []
    for week, _, events in (good, bad):
        wanted = week.loc[week["prediction"] == 1, "id"]
        called.append(wanted.isin(events["id"]).mean())
    assert called[0] > 0.85
    assert called[1] < 0.25
    assert len(bad[1]) > 4 * len(good[1])


def test_fewer_of_the_called_are_won_when_the_model_is_bad(
    story: simulate.Story,
) -> None:
    won = story.outcomes.set_index("id")["outcome"]
    shares = [
        won.loc[together(story, right=right)[2]["id"]].mean() for right in (0.88, 0.40)
    ]
    assert shares[0] > 0.75
    assert shares[1] < 0.50


def test_only_outcomes_known_by_then_move_the_trust(story: simulate.Story) -> None:
    week = predictions(story, 10, 11, right=0.6)
    newest = predictions(story, 9, 10, right=0.0)  # not one outcome is known yet
    for alone, beside in zip(
        story.reactions(week), story.reactions(week, recent=newest), strict=True
    ):
        pd.testing.assert_frame_equal(alone, beside)


def test_leads_without_a_prediction_are_passed_over(story: simulate.Story) -> None:
    week = predictions(story, 3, 4, right=0.5).assign(prediction=np.nan)
    feedback, events = story.reactions(week)
    assert feedback.empty
    assert events.empty
    assert str(events["time"].dtype) == "datetime64[us, UTC]"


def test_a_stranger_among_the_leads_is_named(story: simulate.Story) -> None:
    week = predictions(story, 3, 4, right=0.5)
    week.loc[0, "id"] = "<b>L1</b>"
    with pytest.raises(ValueError, match="is not in this story"):
        story.reactions(week)


@given(SHARE, SHARE)
def test_trust_never_grows_when_accuracy_falls(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert 0.1 <= people.trust(low) <= people.trust(high) <= 0.95


def test_trust_in_a_new_model_is_there_before_any_outcome() -> None:
    assert people.trust(math.nan) == 0.85


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_people_react_to_a_week_in_which_every_prediction_is_right_or_wrong(
    outcome: float,
) -> None:
    times = pd.Series(pd.date_range("2023-01-02", periods=200, freq="h", tz="UTC"))
    week = pd.DataFrame(
        {"id": [f"L{n:06d}" for n in range(200)], "time": times, "prediction": 1.0}
    )
    rng = np.random.default_rng(0)
    feedback, _ = people.react(week, np.full(200, outcome), trust=0.2, rng=rng)
    assert feedback.empty == (outcome == 1.0)

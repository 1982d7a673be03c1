"""The chatbot's messages: the truth planted, and what people do with answers."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lifecycle import simulate
from lifecycle.simulate import asking, talk


@pytest.fixture(scope="module")
def story() -> simulate.Messages:
    return simulate.chatbot(seed=11)


@pytest.fixture(scope="module")
def week(story: simulate.Messages) -> np.ndarray:
    return ((story.rows["time"] - story.start) // pd.Timedelta(weeks=1)).to_numpy()


def answered(story: simulate.Messages, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the right intent, and the bot sure of it."""
    truth = story.outcomes["outcome"].to_numpy()[story.places(rows["id"])]
    return rows[["id", "time"]].assign(prediction=truth, score=0.9)


def test_the_same_seed_tells_the_same_story_to_the_byte() -> None:
    first, again = (simulate.chatbot(seed=3, weeks=3) for _ in range(2))
    for name in ("rows", "outcomes", "reported_outcomes"):
        assert getattr(first, name).to_csv() == getattr(again, name).to_csv()
    other = simulate.chatbot(seed=4, weeks=3)
    assert not first.rows["message"].head(50).equals(other.rows["message"].head(50))


@pytest.mark.parametrize(
    ("intent", "first", "share"),
    [("wallet_transfer", 5, 0.13), ("verify_identity", 16, 0.15)],
)
def test_a_new_intent_arrives_in_its_week_with_its_share(
    story: simulate.Messages, week: np.ndarray, intent: str, first: int, share: float
) -> None:
    asked = (story.outcomes["outcome"] == intent).to_numpy()
    assert not asked[week < first].any()
    rows = asked[(week >= first) & (week < first + 6)]
    low, high = stats.binomtest(int(rows.sum()), rows.size).proportion_ci(0.999)
    assert low < share < high
    assert story.arrivals[intent] == date(2024, 9, 2) + timedelta(weeks=first)


def test_complaints_about_prices_triple_in_words_nobody_used_before(
    story: simulate.Messages, week: np.ndarray
) -> None:
    asked = (story.outcomes["outcome"] == "fee_complaint").to_numpy()
    assert asked[(week >= 11) & (week < 16)].mean() > 2.5 * asked[week < 5].mean()
    tariff = story.rows["message"].str.contains("tariff|price", na=False).to_numpy()
    assert not tariff[week < 11].any()
    assert tariff[asked & (week >= 11)].mean() > 0.5


def test_mails_lose_their_text_for_one_week_and_nothing_else_is_lost(
    story: simulate.Messages, week: np.ndarray
) -> None:
    empty = story.rows["message"].isna().to_numpy()
    mail = (story.rows["channel"] == "mail").to_numpy()
    assert (empty == (mail & (week == 20))).all()
    assert not story.rows.drop(columns="message").isna().any(axis=None)


def test_the_best_anybody_can_do_is_what_the_most_likely_intent_gets(
    story: simulate.Messages, week: np.ndarray
) -> None:
    """The intent that a sentence has most often, counted from the messages."""
    bare = story.rows["message"].fillna("")
    for words in talk.GREETINGS + talk.WISHES:
        if words:
            bare = bare.str.removeprefix(f"{words} ").str.removesuffix(f" {words}")
    calm = week < 5
    vague = bare.isin(["it does not work", "where is it", "my money is gone"])
    plain = bare.isin(["the app says wrong password", "why must i verify my identity"])
    assert (story.probability.to_numpy()[plain] == 1).all()
    rows = pd.DataFrame(
        {
            "said": bare,
            "intent": story.outcomes["outcome"],
            "chance": story.probability.to_numpy(),
        }
    )[calm & vague.to_numpy()]
    for _, group in rows.groupby("said"):
        most = int(group["intent"].value_counts().iloc[0])
        low, high = stats.binomtest(most, len(group)).proportion_ci(0.999)
        assert low < group["chance"].mean() < high


def test_answers_are_counted_by_hand(story: simulate.Messages) -> None:
    rows = answered(story, story.rows_between(story.weeks[0], story.weeks[1]))
    rows.loc[rows.index[:10], "prediction"] = "nonsense"
    rows.loc[rows.index[5:20], "score"] = asking.SURE - 0.01
    told = story.answers(rows).iloc[0]
    n = len(rows)
    assert told["accuracy"] == pytest.approx((n - 10) / n)
    assert told["unsure"] == pytest.approx(15 / n)
    assert told["wrong"] == pytest.approx(5 / n)
    assert (told["week"], told["n"]) == ("2024-W36", n)


def test_agents_correct_wrong_answers_and_customers_need_none_after_right_ones(
    story: simulate.Messages,
) -> None:
    rows = answered(story, story.rows_between(story.start, story.end))
    none, events = story.reactions(rows)
    assert none.empty
    solved = (events["kind"] == "solved").mean()
    low, high = stats.binomtest(int(0.9 * len(rows)), len(rows)).proportion_ci(0.999)
    assert low < solved < high
    wrong = rows.assign(prediction="change_the_subject")
    said, events = story.reactions(wrong)
    assert set(events["kind"]) == {"agent"}
    truth = story.outcomes.set_index("id")["outcome"].loc[said["id"]].to_numpy()
    right = int((said["label"].to_numpy() == truth).sum())
    low, high = stats.binomtest(right, len(said)).proportion_ci(0.999)
    assert low < 0.95 + 0.05 / 10 < high  # a slip hits one of ten by chance
    assert story.reactions(rows.assign(score=0.1))[1]["kind"].unique().tolist() == [
        "agent"
    ]


def test_wrong_arguments_are_one_sentence() -> None:
    with pytest.raises(ValueError, match="start must be a Monday, got Sunday"):
        simulate.chatbot(start=date(2024, 9, 1))
    with pytest.raises(ValueError, match="messages_per_week must be 1 or more"):
        simulate.chatbot(messages_per_week=0)

"""The gift shop: its form, what is planted, and what shoppers do with lists."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lifecycle import catalogue, simulate
from lifecycle.recipes import CoBought

WEEK = timedelta(weeks=1)


@pytest.fixture(scope="module")
def story() -> simulate.Shop:
    return simulate.shop(seed=11, visits_per_week=600)


def lists(visits: pd.DataFrame, items: np.ndarray) -> pd.DataFrame:
    """A row for each place of each list."""
    n, k = items.shape
    return pd.DataFrame(
        {
            "id": np.repeat(visits["id"].to_numpy(), k),
            "time": np.repeat(visits["time"].array, k),
            "rank": np.tile(np.arange(1, k + 1), n),
            "item": items.ravel(),
        }
    )


@pytest.fixture(scope="module")
def lived(story: simulate.Shop) -> dict[str, pd.DataFrame]:
    """What was shown and sold by lists fitted once, and by lists fitted each week."""
    bought = [story.purchases]
    once = fitted(story.purchases)
    shown: dict[str, list] = {"static": [], "managed": []}
    weekly = []
    for monday in story.weeks:
        visits = story.visits_between(monday, monday + WEEK)
        fresh = fitted(pd.concat(bought))
        allowed = story.available(monday)
        made = {
            "static": once.recommend(visits["user"], 10),
            "managed": fresh.recommend(visits["user"], 10, allowed=allowed),
        }
        row = {}
        for name, items in made.items():
            rows = lists(visits, items)
            done = story.react(rows)
            orders = done.events[done.events["kind"] == "order"]["value"]
            row |= {
                f"{name} clicks": len(done.clicks) / len(rows),
                f"{name} order": orders.mean(),
            }
            good = rows["item"].isin(story.available(monday, truly=True))
            shown[name].append(rows.assign(good=good))
            if name == "managed":
                bought.append(done.purchases)
        weekly.append(row)
    return {name: pd.concat(each) for name, each in shown.items()} | {
        "bought": pd.concat(bought),
        "weekly": pd.DataFrame(weekly),
    }


def fitted(bought: pd.DataFrame) -> CoBought:
    return CoBought().fit(bought["user"], bought["item"], bought["time"])


def test_the_same_seed_tells_the_same_story_to_the_byte() -> None:
    first, again = (simulate.shop(seed=3, weeks=2, visits_per_week=90) for _ in "ab")
    for name in ("visits", "items", "purchases"):
        assert getattr(first, name).to_csv() == getattr(again, name).to_csv()
    other = simulate.shop(seed=4, weeks=2, visits_per_week=90)
    assert not first.items["price"].equals(other.items["price"])
    assert repr(first).startswith("<Shop 2024-05-06 to 2024-05-20: 1,2")


def test_times_are_utc_and_in_order_and_nothing_is_sold_out_of_its_time(
    story: simulate.Shop,
) -> None:
    assert story.visits["time"].is_monotonic_increasing
    assert str(story.visits["time"].dtype) == "datetime64[us, UTC]"
    assert str(story.purchases["time"].dtype) == "datetime64[us, UTC]"
    assert story.visits["id"].is_unique
    assert (story.purchases["time"] < story.start + WEEK).all()
    sold = story.purchases.merge(story.items, on="item")
    ended = sold["retired"].fillna(pd.Timestamp.max.tz_localize("UTC").as_unit("us"))
    assert (sold["time"] >= sold["launched"]).all()
    assert (sold["time"] < ended + timedelta(minutes=6)).all()


def test_shoppers_do_the_same_whatever_the_order_of_the_rows_or_the_other_visits(
    story: simulate.Shop,
) -> None:
    visits = story.visits_between(story.start, story.weeks[2])
    rows = lists(visits, np.tile(story.available(story.start)[:10], (len(visits), 1)))
    whole = story.react(rows)
    again = story.react(rows.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(whole.purchases, again.purchases)
    some = set(visits["id"].iloc[::3])
    part = story.react(rows[rows["id"].isin(some)])
    kept = whole.clicks[whole.clicks["id"].isin(some)].reset_index(drop=True)
    pd.testing.assert_frame_equal(part.clicks, kept)


def test_clicks_fall_with_the_place_as_it_is_read(story: simulate.Shop) -> None:
    visits = story.visits_between(story.start, story.weeks[6])
    item = story.available(story.start)[0]
    first, fifth = (
        len(story.react(visits[["id"]].assign(rank=rank, item=item)).clicks)
        for rank in (1, 5)
    )
    read = 1 / np.log2(6)
    low, high = stats.binom.ppf([0.0005, 0.9995], first + fifth, read / (1 + read))
    assert low <= fifth <= high
    assert first > 30


def test_an_order_is_what_its_purchases_cost(lived, story: simulate.Shop) -> None:
    visits = story.visits_between(story.start, story.weeks[1])
    done = story.react(
        lists(visits, fitted(lived["bought"]).recommend(visits.user, 10))
    )
    orders = done.events[done.events["kind"] == "order"].set_index("id")["value"]
    sums = done.purchases.groupby("id")["price"].sum()
    np.testing.assert_allclose(orders.sort_index(), sums.sort_index(), atol=0.006)
    price = story.items.set_index("item")["price"]
    assert (done.purchases["price"] == price[done.purchases["item"]].to_numpy()).all()
    assert done.events["event_id"].is_unique


def test_what_cannot_be_had_sells_nothing_and_drives_people_away(
    story: simulate.Shop,
) -> None:
    visits = story.visits_between(story.start, story.weeks[4])
    gone = story.items["item"][story.items["retired"] <= story.start].iloc[0]
    best = np.array([gone, *story.available(story.start)[:9]])
    rows = lists(visits, np.tile(best, (len(visits), 1)))
    done = story.react(rows)
    assert gone not in set(done.purchases["item"])
    assert (done.events["kind"] == "sold out").sum() > 0
    without = story.react(rows[rows["item"] != gone])
    assert len(done.clicks[done.clicks["item"] != gone]) < len(without.clicks)
    assert len(without.purchases) >= len(done.purchases)


def test_lists_fitted_weekly_earn_more_than_lists_fitted_once(lived) -> None:
    weekly = lived["weekly"]
    clicks = weekly["managed clicks"] / weekly["static clicks"] - 1
    orders = weekly["managed order"] / weekly["static order"] - 1
    assert clicks.mean() > 0.3
    assert clicks.tail(8).mean() > clicks.head(8).mean()
    assert stats.ttest_1samp(orders, 0, alternative="greater").pvalue < 0.01


def test_only_a_broken_feed_lets_a_managed_list_show_what_is_gone(
    lived, story: simulate.Shop
) -> None:
    def weeks(name: str) -> list[int]:
        rows = lived[name].rename(columns={"id": "occasion"})
        found = catalogue.unavailable(rows, rows["good"].array, every="week")
        rates = found.only(measure="unavailable")
        return [n for n, row in enumerate(rates) if row.verdict == "alert"]

    assert weeks("managed") == [29, 30]
    assert len(weeks("static")) > 30
    assert 1 - lived["static"]["good"].mean() > 0.1
    assert [event.name for event in story.events][-1] == "stock feed broken"


def test_launch_end_and_season_are_found_in_their_weeks(
    lived, story: simulate.Shop
) -> None:
    on_sale = pd.concat(
        [
            pd.DataFrame({"item": story.available(at, truly=True), "time": at})
            for at in [story.start + n * WEEK for n in range(-12, 29)]
        ]
    )
    live = on_sale["time"] >= story.start
    came = catalogue.turnover(on_sale[~live], on_sale[live])
    new = [row.value for row in came.only(measure="new items")]
    gone = [row.value for row in came.only(measure="gone items")]
    assert sorted(np.argsort(new)[-2:].tolist()) == [8, 20]
    assert int(np.argmax(np.diff(gone))) + 1 == 14
    sold = lived["bought"]
    since = story.start + 20 * WEEK
    before = sold[(sold["time"] >= since - 8 * WEEK) & (sold["time"] < since)]
    season = sold[(sold["time"] >= since) & (sold["time"] < since + 5 * WEEK)]
    fresh = catalogue.turnover(before, season).only(measure="on new items")
    assert [row.verdict == "alert" for row in fresh] == [True] + [False] * 4
    found = catalogue.popularity(before, season)
    assert found.only(measure="popularity").verdict == "alert"
    wanted = story.items["item"][story.items["launched"] == since]
    named = [row.subject for row in found if row.measure == "more popular"]
    assert named
    assert set(named) <= set(wanted)


def test_wrong_arguments_are_one_sentence(story: simulate.Shop) -> None:
    with pytest.raises(ValueError, match="start must be a Monday, got Tuesday"):
        simulate.shop(start=date(2024, 5, 7))
    with pytest.raises(ValueError, match="visits_per_week must be 1 or more"):
        simulate.shop(visits_per_week=0)
    row = pd.DataFrame({"id": ["V0000001"], "rank": [1], "item": ["I0001"]})
    with pytest.raises(ValueError, match="visit 'V99' is not in this story"):
        story.react(row.assign(id="V99"))
    with pytest.raises(ValueError, match="item 'I99' is not in this story"):
        story.react(row.assign(item="I99"))
    with pytest.raises(ValueError, match="rank must be from 1 to 10, got 11"):
        story.react(row.assign(**{"rank": 11}))

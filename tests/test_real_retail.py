"""A gift shop's year week by week: what a plain computation outside says, too."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats.contingency import association

from lifecycle import catalogue
from lifecycle.recipes import CoBought

DATA = (
    Path(
        os.environ.get("LIFECYCLE_REAL_DATA")
        or Path(__file__).parents[2] / "shared" / "data"
    )
    / "online_retail"
    / "events.parquet"
)

pytestmark = pytest.mark.skipif(
    not DATA.exists(),
    reason="online_retail is not beside the checkout (set LIFECYCLE_REAL_DATA)",
)
FIRST = pd.Timestamp("2010-11-29", tz="UTC")
K = 20


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    """Purchases by known customers; `week` counts from the first Monday."""
    rows = pd.read_parquet(DATA)
    rows = rows[(rows.outcome == 0) & rows.customer.notna() & (rows.quantity > 0)]
    rows = rows.assign(
        time=rows.time.dt.tz_localize("UTC"), user=rows.customer.astype(int)
    )
    rows["week"] = (rows.time - FIRST) // pd.Timedelta(weeks=1)
    return rows[["user", "item", "time", "week", "description"]]


def columns(rows: pd.DataFrame) -> list[pd.Series]:
    return [rows[name] for name in ("user", "item", "time")]


def recall(lists: np.ndarray, users: list[int], now: pd.DataFrame) -> float:
    bought = now.groupby("user").item.agg(set)
    found = [
        len(bought[user] & set(row)) / len(bought[user])
        for user, row in zip(users, lists, strict=True)
    ]
    return float(np.mean(found))


def replayed(sales: pd.DataFrame, weeks: list[int]) -> pd.DataFrame:
    """Recall of each week's buyers: fitted once, and fitted each week."""
    once = CoBought().fit(*columns(sales[sales.week < 8]))
    found = []
    for number in weeks:
        now, before = sales[sales.week == number], columns(sales[sales.week < number])
        users = sorted(now.user.unique().tolist())
        fresh = CoBought().fit(*before)
        lists = (once, once.with_purchases(*before), fresh)
        found.append([recall(each.recommend(users, K), users, now) for each in lists])
    return pd.DataFrame(found, index=weeks, columns=["static", "knowing", "managed"])


def plain(before: pd.DataFrame, users: list[int]) -> np.ndarray:
    """The lists of the same rule, by dense tables."""
    age = (before.time.max() - before.time) // pd.Timedelta(weeks=1)
    once = before.assign(age=age)[["user", "item", "age"]].drop_duplicates()
    once["weight"] = 0.5 ** (once.age / 8)
    history = once.pivot_table(
        index="user", columns="item", values="weight", aggfunc="sum", fill_value=0.0
    )
    bounded = history.to_numpy().clip(max=1)
    sold = bounded.sum(axis=0)
    near = (np.sqrt(bounded).T @ np.sqrt(bounded)) / np.sqrt(np.outer(sold, sold))
    np.fill_diagonal(near, 0)
    least = np.sort(near, axis=1)[:, -100][:, None]
    near[near < least] = 0
    mine = history.reindex(users, fill_value=0.0).to_numpy()
    score = mine @ near
    score /= np.maximum(score.max(axis=1, keepdims=True), 1e-300)
    score += mine / np.maximum(mine.max(axis=1, keepdims=True), 1e-300)
    score += 0.3 * sold / sold.max()
    order = np.argsort(-score, axis=1, kind="stable")[:, :K]
    return history.columns.to_numpy()[order]


def test_lists_find_what_a_plain_computation_finds_and_old_ones_fall_behind(
    sales: pd.DataFrame,
) -> None:
    before, now = sales[sales.week < 20], sales[sales.week == 20]
    users = sorted(now.user.unique().tolist())
    (week,) = replayed(sales, [20]).itertuples()
    expected = recall(plain(before, users), users, now)
    assert week.managed == pytest.approx(expected, abs=1e-3)
    assert week.managed > week.knowing > week.static
    assert week.managed > week.static + 0.05


@pytest.mark.slow
def test_refitted_weekly_a_list_gains_through_the_year(sales: pd.DataFrame) -> None:
    found = replayed(sales, [14, 26, 38, 50]).mean()
    assert found.managed > 0.20
    assert found.managed > found.knowing + 0.01
    assert found.knowing > found.static + 0.05


def test_turnover_and_newcomers_are_those_of_plain_sets(sales: pd.DataFrame) -> None:
    reference, analysis = sales[sales.week < 26], sales[sales.week >= 26]
    items = catalogue.turnover(reference, analysis).frame()
    users = catalogue.newcomers(reference, analysis).frame().set_index("period")
    table = items.set_index(["period", "measure"])
    had, known = set(reference.item), set(reference.user)
    seen = set(had)
    for _, now in analysis.groupby("week"):
        label = now.time.min().strftime("%G-W%V")
        sold, people = set(now.item), set(now.user)
        assert table.value[label, "new items"] == len(sold - seen) / len(sold)
        assert table.value[label, "gone items"] == len(had - sold) / len(had)
        assert table.value[label, "on new items"] == (~now.item.isin(seen)).mean()
        assert users.value[label] == len(people - known) / len(people)
        seen |= sold
        known |= people
    spring = items[(items.period < "2011-W26") & (items.measure == "on new items")]
    assert (spring.verdict == "alert").all()  # the summer's range


def test_the_season_is_found_and_named(sales: pd.DataFrame) -> None:
    calm = sales[(sales.week >= 10) & (sales.week < 36)]
    later = sales[(sales.week >= 44) & (sales.week < 50)]
    found = catalogue.popularity(calm, later, named=10)
    rows = found.only(measure="popularity")
    assert {row.verdict for row in rows} == {"alert"}
    for row, (_, now) in zip(rows, later.groupby("week"), strict=True):
        table = pd.concat([calm.item.value_counts(), now.item.value_counts()], axis=1)
        square = association(table.fillna(0).astype(int), method="cramer") ** 2
        unbiased = square - (len(table) - 1) / (len(calm) + len(now) - 1)
        assert row.value == pytest.approx(np.sqrt(unbiased))
    names = sales.drop_duplicates("item").set_index("item").description
    gained = [names[row.subject] for row in found if row.measure == "more popular"]
    lost = [names[row.subject] for row in found if row.measure == "less popular"]
    assert sum("CHRISTMAS" in name for name in gained) >= 2
    assert not any("CHRISTMAS" in name for name in lost)
    own = catalogue.popularity(calm[calm.week < 30], calm[calm.week >= 30])
    assert max(row.value for row in own.only(measure="popularity")) < rows[0].value

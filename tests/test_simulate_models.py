"""What plain scikit-learn models live through in the story."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lifecycle import simulate

DELAY = timedelta(days=42)
WEEK = timedelta(weeks=1)


def boosted(story: simulate.Story) -> Pipeline:
    return _pipeline(
        story,
        SimpleImputer(strategy="median"),
        HistGradientBoostingClassifier(random_state=0),
    )


def logistic(story: simulate.Story) -> Pipeline:
    return _pipeline(
        story,
        make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
        LogisticRegression(max_iter=1000),
    )


def _pipeline(story: simulate.Story, numbers: object, estimator: object) -> Pipeline:
    words = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    columns = make_column_transformer(
        (numbers, list(story.numeric)), (words, list(story.categorical))
    )
    return make_pipeline(columns, estimator)


class World:
    """A story, and models made in it."""

    def __init__(self, seed: int, recipe: object) -> None:
        self.story = simulate.lead_scoring(seed=seed)
        self.recipe = recipe
        self.fitted: dict[tuple[bytes, bytes], Pipeline] = {}
        self.times = self.story.rows["time"]
        self.table = self.story.rows[list(self.story.features)].astype(
            dict.fromkeys(self.story.categorical, object)
        )
        self.table = self.table.where(self.table.notna(), np.nan)
        self.truth = self.story.outcomes["outcome"].to_numpy()
        year = self.between("2022-01-03", "2023-01-02")
        self.old = self.fit(year, self.truth)

    def between(self, start: str | datetime, end: str | datetime) -> np.ndarray:
        first, last = (
            datetime.fromisoformat(day).replace(tzinfo=UTC)
            if isinstance(day, str)
            else day
            for day in (start, end)
        )
        return ((self.times >= first) & (self.times < last)).to_numpy()

    def fit(self, rows: np.ndarray, truth: np.ndarray) -> Pipeline:
        """What several tests ask for is fitted once."""
        key = rows.tobytes(), truth[rows].tobytes()
        if key not in self.fitted:
            model = self.recipe(self.story)
            self.fitted[key] = model.fit(self.table[rows], truth[rows])
        return self.fitted[key]

    def retrained(
        self, as_of: str, weeks: int, truth: np.ndarray, gap: int = 0
    ) -> Pipeline:
        """On the newest weeks whose outcomes are due, or some weeks before them."""
        moment = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
        last = moment - DELAY - gap * WEEK
        return self.fit(self.between(last - weeks * WEEK, last), truth)

    def accuracy(self, model: Pipeline, rows: np.ndarray, truth: np.ndarray) -> float:
        return float((model.predict(self.table[rows]) == truth[rows]).mean())

    def weekly(self, model: Pipeline, start: str) -> pd.Series:
        rows = self.between(start, self.story.end)
        said = pd.DataFrame(
            {
                "id": self.story.rows["id"][rows],
                "prediction": model.predict(self.table[rows]),
            }
        )
        return self.story.accuracy(said).set_index("week")["accuracy"]

    def known(self, as_of: str) -> np.ndarray:
        """The newest word of the CRM."""
        moment = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
        said = self.story.outcomes_between(self.times.min(), moment)
        last = said.drop_duplicates("id", keep="last").set_index("id")["outcome"]
        return last.reindex(self.story.rows["id"]).to_numpy()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((7, boosted), id="boosted-7"),
        pytest.param((11, boosted), id="boosted-11", marks=pytest.mark.slow),
        pytest.param((2024, boosted), id="boosted-2024"),
        pytest.param((7, logistic), id="logistic-7"),
    ],
)
def world(request: pytest.FixtureRequest) -> World:
    return World(*request.param)


def test_a_model_of_2022_starts_at_85_percent(world: World) -> None:
    quarter = world.weekly(world.old, "2023-01-02").loc[:"2023-W13"]
    assert len(quarter) == 13
    assert quarter.mean() == pytest.approx(0.85, abs=0.02)
    assert quarter.min() > 0.78


def test_left_alone_it_falls_in_steps_from_april_on(world: World) -> None:
    months = [f"2023-{month:02d}-01" for month in range(3, 10)]
    values = [
        world.accuracy(world.old, world.between(start, end), world.truth)
        for start, end in itertools.pairwise(months)
    ]
    march, april, may, june, july, august = values
    assert march > 0.80 > april + 0.05
    assert april > may > june > july > august - 0.02
    assert may < 0.65


def test_by_the_autumn_it_is_at_40_percent_and_stays_there(world: World) -> None:
    weekly = world.weekly(world.old, "2023-09-04")
    assert 0.38 <= weekly.loc[:"2023-W48"].mean() <= 0.43
    months = weekly.groupby(np.arange(len(weekly)) // 4).mean()
    assert months.between(0.35, 0.45).all()
    assert weekly.iloc[-13:].mean() == pytest.approx(0.40, abs=0.025)


@pytest.mark.parametrize("as_of", ["2023-11-06", "2023-12-04", "2024-02-05"])
def test_retrained_on_the_settled_market_it_is_good_to_the_end(
    world: World, as_of: str
) -> None:
    weekly = world.weekly(world.retrained(as_of, 8, world.truth), as_of)
    assert weekly.mean() > 0.85
    assert weekly.min() > 0.80


def test_thirteen_weeks_do_when_all_of_them_are_settled(world: World) -> None:
    weekly = world.weekly(world.retrained("2023-12-11", 13, world.truth), "2023-12-11")
    assert weekly.mean() > 0.85
    assert weekly.min() > 0.80


@pytest.mark.parametrize("as_of", ["2024-03-11", "2024-04-01"])
def test_wrong_labels_make_a_bad_candidate_look_better_than_the_champion(
    world: World, as_of: str
) -> None:
    champion = world.retrained("2023-12-04", 8, world.truth)
    said = world.known(as_of)
    moment = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
    due = moment - DELAY
    newest = world.between(due - 4 * WEEK, due)
    assert not np.isnan(said[newest]).any()
    measured = world.accuracy(champion, newest, said)
    assert measured < 0.70
    for gap in (0, 4):  # trained on the newest weeks, or on those before the test
        candidate = world.retrained(as_of, 8, said, gap=gap)
        assert world.accuracy(candidate, newest, said) > measured + 0.15
        live = world.between(moment, moment + 8 * WEEK)
        good = world.accuracy(champion, live, world.truth)
        bad = world.accuracy(candidate, live, world.truth)
        assert 0.10 < good - bad < 0.30
        assert 0.9 * good + 0.1 * bad > 0.82


def test_corrections_show_the_candidate_for_what_it_is(world: World) -> None:
    champion = world.retrained("2023-12-04", 8, world.truth)
    candidate = world.retrained("2024-03-11", 8, world.known("2024-03-11"), gap=4)
    said = world.known("2024-04-08")
    due = datetime(2024, 4, 8, tzinfo=UTC) - DELAY
    newest = world.between(due - 4 * WEEK, due)
    good = world.accuracy(champion, newest, said)
    assert good > 0.83
    assert world.accuracy(candidate, newest, said) < good - 0.10

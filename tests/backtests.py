"""A stream, recipes that do what they are told, and a back-test in a few words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from lifecycle import training
from lifecycle.recipes import Recipe

NAMES = {"numeric": ["a", "b"], "categorical": ["kind"]}
START = datetime(2023, 1, 2, tzinfo=UTC)
WEEK = timedelta(weeks=1)
DELAY = 2 * WEEK
PER_WEEK = 120


class Share(ClassifierMixin, BaseEstimator):
    """Gives every row the share of positives it was trained on, plus a bit of `a`."""

    def __init__(self, seen=None, weight=0.0):
        self.seen, self.weight = seen, weight

    def fit(self, table, truth):
        self.classes_ = np.unique(truth)
        self.share_ = float(np.mean(truth == self.classes_[-1]))
        if self.seen is not None:
            self.seen.append((table.copy(), np.asarray(truth).copy()))
        return self

    def predict_proba(self, table):
        one = np.clip(self.share_ + self.weight * table["a"].to_numpy(), 0, 1)
        return np.column_stack([1 - one, one])


class Sign(ClassifierMixin, BaseEstimator):
    """Predicts 1 where `a`, or `a` plus another column, is above 0."""

    def __init__(self, sign=1, column=None):
        self.sign, self.column = sign, column
        self.classes_ = np.array([0, 1])

    def fit(self, table, truth):
        self.classes_ = np.unique(truth)
        return self

    def predict_proba(self, table):
        one = (self.sign * table["a"] > 0).to_numpy(dtype=float)
        if self.column in table:
            one = (table[self.column] > 0).to_numpy(dtype=float)
        return np.column_stack([1 - one, one])


class Strict(Share):
    """Takes no missing values of numbers."""

    def fit(self, table, truth, sample_weight=None):
        if table.select_dtypes("number").isna().any(axis=None):
            raise ValueError("nothing missing, please")
        return super().fit(table, truth)


class Newest(RegressorMixin, BaseEstimator):
    """Predicts the mean amount it was trained on."""

    def fit(self, table, truth):
        self.mean_ = float(np.mean(truth))
        return self

    def predict(self, table):
        return np.full(len(table), self.mean_)


class Commonest(ClassifierMixin, BaseEstimator):
    """Predicts the class seen most often."""

    def fit(self, table, truth):
        self.classes_, counts = np.unique(truth, return_counts=True)
        self.commonest_ = self.classes_[counts.argmax()]
        return self

    def predict_proba(self, table):
        return np.tile(self.classes_ == self.commonest_, (len(table), 1)).astype(float)

    def predict(self, table):
        return np.full(len(table), self.commonest_)


@dataclass
class Spy:
    """A recipe that writes down what it was trained on."""

    seen: list = field(default_factory=list)

    def recipe(self, name="spy", **told) -> Recipe:
        return Recipe(name, name * 4, lambda *_: Share(self.seen, **told))


def plain(make, name="plain") -> Recipe:
    return Recipe(name, name * 4, lambda *_: make())


def log(weeks=18, per_week=PER_WEEK, seed=0, flip=99) -> pd.DataFrame:
    """Outcome is the sign of `a`, and from week `flip` on its opposite."""
    rng = np.random.default_rng(seed)
    n = weeks * per_week
    week = np.repeat(np.arange(weeks), per_week)
    hours = week * 168 + np.tile(np.linspace(1, 167, per_week), weeks)
    a = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "id": [f"i{place:05d}" for place in range(n)],
            "time": (pd.Timestamp(START) + pd.to_timedelta(hours, unit="h")).astype(
                "datetime64[us, UTC]"
            ),
            "a": a,
            "b": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "kind": pd.Series(rng.choice(["x", "y", None], n), dtype="str"),
            "week": week,
        }
    )
    frame["outcome"] = (np.where(week < flip, a, -a) > 0).astype(float)
    frame["known_at"] = frame["time"] + DELAY
    return frame


def at(week: int) -> datetime:
    return START + week * WEEK


def seen_at(frame: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """The log as it was: later rows are not there, outcomes not due are missing."""
    rows = frame[frame["time"] < as_of].copy()
    rows.loc[rows["known_at"] > as_of, "outcome"] = np.nan
    return rows


def ask(frame, **more):
    told = {
        "recipe": plain(Share),
        "alternatives": {},
        "deployed": {"keep": Sign()},
        "as_of": at(18),
        "delay": DELAY,
        "spans": [4, None],
        "seed": 1,
        **NAMES,
    }
    return training.backtest(frame, **{**told, **more})


COLUMNS = ["window", "start", "end", "age", "option", "action", "recipe", "span"]
COLUMNS += ["version", "offered", "n", "trained_rows", "loss", "champion_loss"]
COLUMNS += ["difference", "variance", "fresh_difference", "fresh_variance", "seconds"]


def same(one: pd.DataFrame, two: pd.DataFrame) -> None:
    """Equal but for the seconds of the fits."""
    drop = {"columns": "seconds"}
    pd.testing.assert_frame_equal(one.drop(**drop), two.drop(**drop))

"""A window is scored by the last candidates that have not seen it, too."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import training
from tests.backtests import (
    PER_WEEK,
    Share,
    Spy,
    ask,
    at,
    log,
    plain,
    seen_at,
)


def test_the_nearer_candidate_of_a_window_is_that_of_the_window_later_by_the_delay():
    result = ask(log(20, flip=11), as_of=at(18), nearer=True, lags=(1, 2))
    near = result.later[result.later["lag"] < 0]
    assert set(near["lag"]) == {-2}
    assert set(near["action"]) == {"retrain"}
    assert near["window"].nunique() == 4
    for row in near.itertuples():
        real = result.table.query("window == @row.made and option == @row.option")
        if len(real):  # the same fit, as the window it was made for has it
            assert real["trained_rows"].iloc[0] == row.trained_rows
    labels = sorted({*result.table["window"], *near["made"]})
    for row in near.itertuples():
        assert labels.index(row.made) - labels.index(row.window) == 2


def test_nearer_candidates_learn_of_a_change_that_a_windows_own_have_not_seen():
    frame = log(20, flip=12)
    result = ask(frame, as_of=at(18), nearer=True, spans=[2], recipe=plain(Learner))
    own = result.table.query("action == 'retrain' and age == 2")
    near = result.later.query("lag < 0 and age == 2")
    assert own["window"].tolist() == near["window"].tolist() == ["2023-W14"]
    # its own was trained on weeks 9 to 10, before the change of week 12, the nearer
    # one on weeks 11 and 12: after it
    assert own["loss"].iloc[0] == pytest.approx(1.0)
    assert near["loss"].iloc[0] == pytest.approx(0.0)
    assert near["difference"].iloc[0] == pytest.approx(own["champion_loss"].iloc[0])


class Learner(Share):
    """Predicts by the sign of `a`, the way round that its newest rows say."""

    def fit(self, table, truth):
        self.classes_ = np.array([0, 1])
        half = len(truth) // 2
        same = (table["a"].to_numpy() > 0) == (np.asarray(truth) == 1)
        self.way_ = 1 if same[half:].mean() > 0.5 else -1
        return self

    def predict_proba(self, table):
        one = (self.way_ * table["a"] > 0).to_numpy(dtype=float)
        return np.column_stack([1 - one, one])


@settings(max_examples=10, deadline=None)
@given(
    delay=st.integers(0, 30).map(lambda days: timedelta(days=days)),
    late=st.lists(st.integers(0, 18 * PER_WEEK - 1), max_size=40, unique=True),
)
def test_no_nearer_candidate_has_seen_a_row_of_the_window_it_scores(delay, late):
    frame = log()
    frame["known_at"] = frame["time"] + delay
    frame.loc[late, "known_at"] += timedelta(days=20)
    frame["a"] = np.arange(len(frame), dtype=float)  # tells which row it is
    spy = Spy()
    result = ask(
        frame,
        as_of=at(16),
        delay=delay,
        recipe=spy.recipe(),
        spans=[None],
        windows=3,
        nearer=True,
    )
    assert unseen(result, spy, frame)
    assert (result.later.query("lag < 0").empty) == (delay < timedelta(weeks=1))


def test_a_week_later_the_nearer_candidates_are_the_only_new_fits():
    frame, kept = log(20), training.InMemory()
    for week in (16, 17, 18, 19):
        rows = seen_at(frame, at(week))
        result = ask(rows, as_of=at(week), kept=kept, older=16, nearer=True)
        bare = ask(rows, as_of=at(week), nearer=True)
        near = [each.later.query("lag < 0 and age < 4") for each in (result, bare)]
        assert near[0]["loss"].tolist() == near[1]["loss"].tolist()
        assert result.fits == (12 if week == 16 else 2)


class Weighed(Share):
    """Takes every row, however little it weighs."""

    def fit(self, table, truth, sample_weight=None):
        return super().fit(table, truth)


def test_words_on_a_window_are_not_heard_by_who_is_tested_on_it():
    frame = log(20)
    frame["a"] = np.arange(len(frame), dtype=float)
    said = frame.loc[frame["time"] >= at(12), ["id", "time"]]
    said = said.assign(kind="override", label=1.0, person="Ana")
    old = frame.loc[frame["time"] < at(11), ["id", "time", "outcome"]]
    old = old.rename(columns={"outcome": "label"}).assign(kind="override", person="Ana")
    spy, told = Spy(), pd.concat([said, old])
    result = ask(
        frame,
        as_of=at(18),
        recipe=plain(lambda: Weighed(spy.seen)),
        spans=[None],
        feedback=told,
        nearer=True,
        max_share_per_person=1.0,
    )
    heard = [set(table["a"]) & set(frame.loc[said.index, "a"]) for table, _ in spy.seen]
    assert any(heard)
    assert unseen(result, spy, frame)


def unseen(result, spy, frame) -> bool:
    """Whether no nearer candidate learned from a row of the window it scored."""
    sizes: dict[int, list[set[float]]] = {}
    for table, _ in spy.seen:  # the size tells which fits it may have been
        sizes.setdefault(len(table), []).append(set(table["a"]))
    return all(
        any(not fit & set(frame.loc[held, "a"]) for fit in sizes[row.trained_rows])
        for row in result.later.query("lag < 0").itertuples()
        for held in [frame["time"].between(row.start, row.end, "left")]
    )

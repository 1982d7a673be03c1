"""What a candidate of a back-test may see: outcomes that were due, words, no faults."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import training
from lifecycle.errors import InputError
from lifecycle.recipes import Recipe
from tests.backtests import DELAY, PER_WEEK, Share, Sign, Spy, ask, at, log, plain, same

# ---------------------------------------------------------------- what may be seen


@settings(max_examples=12, deadline=None)
@given(
    as_of=st.integers(10, 18).map(lambda week: at(week) + timedelta(hours=7)),
    delay=st.integers(0, 30).map(lambda days: timedelta(days=days)),
    late=st.lists(st.integers(0, 18 * PER_WEEK - 1), max_size=40, unique=True),
    spans=st.sampled_from([[None], [1], [3, None]]),
)
def test_no_fit_ever_sees_a_row_that_was_not_due_at_its_windows_start(
    as_of, delay, late, spans
):
    frame = log()
    frame["known_at"] = frame["time"] + delay
    frame.loc[late, "known_at"] += timedelta(days=20)
    frame["a"] = np.arange(len(frame), dtype=float)  # tells which row it is
    spy = Spy()
    result = ask(
        frame, as_of=as_of, delay=delay, recipe=spy.recipe(), spans=spans, windows=3
    )
    starts = result.table.query("action == 'retrain'")["start"].unique()
    allowed = [
        set(
            frame.loc[
                (frame["time"] + delay <= start) & (frame["known_at"] <= start), "a"
            ]
        )
        for start in starts
    ]
    assert len(spy.seen) == result.fits
    for table, truth in spy.seen:
        assert any(set(table["a"]) <= rows for rows in allowed)
        assert truth.tolist() == frame["outcome"].loc[table["a"].astype(int)].tolist()
    for row in result.table.itertuples():
        if row.action == "retrain":
            sizes = [len(t) for t, _ in spy.seen if t["a"].max() < len(frame)]
            assert row.trained_rows in sizes


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 99), week=st.integers(14, 17))
def test_the_order_of_the_rows_changes_nothing(seed, week):
    frame = log(seed=1, flip=12)
    marks = (frame["week"] == 13).to_numpy()
    given = (frame["a"] + frame["b"].fillna(0) > 0).to_numpy(dtype=float)
    place = np.random.default_rng(seed).permutation(len(frame))
    told = {"as_of": at(week), "recipe": plain(lambda: Share(weight=0.2))}
    one = ask(
        frame, left_out=marks, deployed={"keep": Sign(), "roll_back 1": given}, **told
    )
    two = ask(
        frame.iloc[place],
        left_out=marks[place],
        deployed={"keep": Sign(), "roll_back 1": given[place]},
        **told,
    )
    same(one.table, two.table)
    same(one.later, two.later)
    assert one.skipped == two.skipped


# ---------------------------------------------------------------- what people said


def test_a_candidate_learns_what_people_had_said_when_its_window_began():
    frame = log()
    words = pd.DataFrame(
        {
            "id": frame["id"],
            "time": frame["time"] + timedelta(days=1),
            "kind": "correction",
            "label": frame["outcome"],
            "person": [f"p{place % 20}" for place in range(len(frame))],
        }
    )
    frame["a"] = np.arange(len(frame), dtype=float)
    spy = Spy()
    told = {"recipe": spy.recipe(), "spans": [3], "windows": 2}
    result = ask(frame, feedback=words, **told)
    assert len(spy.seen) == result.fits == 2
    for row in result.table.query("action == 'retrain'").itertuples():
        heard = training.material(
            frame, as_of=row.start, delay=DELAY, span=3, feedback=words
        )
        assert row.trained_rows == len(heard)
        rows = [t for t, _ in spy.seen if set(t["a"]) <= set(heard.table["a"])]
        assert any(heard.sources != "outcome"), "words are among them"
        assert rows
    for table, _ in spy.seen:
        newest = frame.loc[int(table["a"].max())]
        assert newest["time"] + timedelta(days=1) <= result.table["start"].max()
    kept = training.InMemory()
    assert ask(frame, feedback=words, kept=kept, **told).fits == 2
    assert ask(frame, feedback=words, kept=kept, **told).fits == 0
    assert ask(frame, kept=kept, **told).fits == 2


def test_a_recipe_that_shapes_its_rows_is_given_them_shaped():
    seen = []

    def shaper(table):
        return pd.DataFrame({"a": 2 * table["a"]})

    mine = Recipe("mine", "m", lambda *_: Share(seen), shaper=shaper)
    frame = log()
    result = ask(frame, recipe=mine, windows=1, spans=[1])
    due = frame[frame["time"] + DELAY <= result.table["start"].iloc[0]]
    table, _ = seen[0]
    assert list(table) == ["a"]
    assert table["a"].iloc[-1] == 2 * due["a"].iloc[-1]


# ---------------------------------------------------------------- faults


def test_rows_that_a_fault_touched_are_neither_tested_nor_trained_on():
    frame = log()
    frame["a"] = np.arange(len(frame), dtype=float)
    bad = frame["week"].isin([11, 14]).to_numpy()
    spy = Spy()
    result = ask(frame, recipe=spy.recipe(), left_out=bad, windows=3)
    assert result.table["window"].unique().tolist() == [
        "2023-W16",
        "2023-W14",
        "2023-W13",
    ]
    touched = set(frame["a"][bad])
    assert spy.seen
    assert not any(touched & set(table["a"]) for table, _ in spy.seen)
    assert result.skipped[0] == (
        "240 rows of 2023-W12, 2023-W15 are left out, nothing was tested or trained on "
        "them: a fault of the data touched them"
    )
    column = ask(
        frame.assign(bad=bad), recipe=Spy().recipe(), left_out="bad", windows=3
    )
    same(result.table, column.table)


def test_marks_that_are_not_there_or_not_one_a_row_are_refused():
    with pytest.raises(InputError, match="no column 'bad'"):
        ask(log(), left_out="bad")
    with pytest.raises(ValueError, match="marks 2 rows of 2160"):
        ask(log(), left_out=[True, False])

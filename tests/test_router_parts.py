"""What a router is made of: tables of a row, counts, breakers, cut-off calls."""

from __future__ import annotations

import math
import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import errors, routing, training
from lifecycle.workspace.answers import Answer
from lifecycle.workspace.cutting_off import Bounded
from lifecycle.workspace.router import Router
from lifecycle.workspace.tabling import Tabler
from tests.router_desk import MODEL, desk

NUMBERS = st.one_of(
    st.floats(), st.integers(-(2**60), 2**60), st.none(), st.booleans(), st.just("7.5")
)
WORDS = st.one_of(st.text(max_size=5), st.none(), st.just(math.nan), st.integers(0, 3))
ROWS = st.fixed_dictionaries({"a": NUMBERS, "b": NUMBERS, "c": WORDS})
NAMES = {"numeric": ["a", "b"], "categorical": ["c"]}
TABLER = Tabler(**NAMES)


@settings(max_examples=40)
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_a_row_becomes_the_table_that_training_makes(given_rows):
    for row in given_rows:  # one after the other: nothing of the last row is left
        frame = pd.DataFrame({name: [value] for name, value in row.items()})
        wanted = training.features(frame, **NAMES)
        found = TABLER.row(row)
        pd.testing.assert_frame_equal(found, wanted)
        assert {type(each) for each in found["c"]} == {
            type(each) for each in wanted["c"]
        }


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.floats(), st.floats(), st.none() | st.text(max_size=5)), max_size=9
    )
)
def test_a_frame_becomes_the_table_that_training_makes(given_rows):
    frame = pd.DataFrame(given_rows, columns=["a", "b", "c"])
    frame = frame.astype({"a": float, "b": float})
    for made in (frame, frame.astype({"c": object}), frame.astype({"a": object})):
        wanted = training.features(made, **NAMES).reset_index(drop=True)
        pd.testing.assert_frame_equal(TABLER.table(made), wanted)


def test_each_thread_fills_a_row_of_its_own():
    both, seen = threading.Barrier(2), {}

    def fill(value):
        table = TABLER.row({"a": value, "b": 0.0, "c": "x"})
        both.wait(30)
        seen[value] = table["a"].tolist()

    threads = [threading.Thread(target=fill, args=(value,)) for value in (1.0, 2.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {1.0: [1.0], 2.0: [2.0]}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"a": 1.0, "c": "x"}, "no column 'b'"),
        ({"a": "x", "b": 1, "c": ""}, "no number"),
    ],
)
def test_a_row_that_is_no_row_is_refused_in_a_sentence(row, words):
    with pytest.raises(errors.InputError, match=words):
        TABLER.row(row)


COUNTS = st.lists(
    st.tuples(
        st.sampled_from("12"),
        st.sampled_from(["2024-05-06T07", "2024-05-06T08"]),
        st.integers(1, 50),
        st.floats(1e-7, 100),
    ),
    max_size=12,
)


@given(COUNTS, COUNTS)
def test_tallies_add_up_however_they_are_cut_and_survive_json(one, other):
    def tally(rows):
        made = routing.Tally()
        for version, hour, n, seconds in rows:
            made.add(
                version, "production", hour, rows=n, seconds=seconds, errors=n // 2
            )
        return made

    apart = routing.Tally.of(tally(one).plain())
    apart.merge(routing.Tally.of(tally(other).plain()))
    whole = tally([*one, *other])
    assert apart.counts.keys() == whole.counts.keys()
    for key, count in whole.counts.items():
        assert (apart.counts[key].rows, apart.counts[key].bins) == (
            count.rows,
            count.bins,
        )
        assert apart.counts[key].seconds == pytest.approx(count.seconds)


@given(st.lists(st.floats(1e-4, 1000), min_size=1, max_size=40), st.floats(0.05, 1))
def test_quantiles_of_the_times_are_within_a_tenth(seconds, level):
    tally = routing.Tally()
    for each in seconds:
        tally.add("1", "production", "2024-05-06T07", rows=1, seconds=each)
    (count,) = tally.counts.values()
    wanted = 1000 * np.quantile(seconds, level, method="inverted_cdf")
    assert count.quantile(level) == pytest.approx(wanted, rel=0.1)


def test_without_a_call_there_is_no_quantile_and_no_rate():
    assert math.isnan(routing.Count().quantile(0.5))
    tally = routing.Tally()
    tally.add("1", "production", "2024-05-06T07", rows=0, requests=0)
    row = routing.Health(tally).frame().iloc[0]
    assert math.isnan(row["rate"])
    assert math.isnan(row["score_min"])
    assert repr(routing.Health(routing.Tally())) == "<Health: nothing served yet>"


def test_a_breaker_waits_twice_as_long_each_time_and_never_longer_than_it_may():
    breaker = routing.Breaker(faults=1, pause=1.0, longest=3.0)
    assert breaker.failed(0.0)
    opened = []
    for now in np.arange(0, 20, 0.25):
        if breaker.allows(now):
            opened.append(float(now))
            breaker.failed(now)
    assert opened == [1.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0]
    breaker.succeeded()
    assert breaker.allows(18.1)
    assert not breaker.is_open


@pytest.mark.parametrize("told", [{"faults": 0}, {"pause": 0.0}, {"longest": 0.5}])
def test_a_breaker_of_nonsense_is_refused(told):
    with pytest.raises(ValueError, match="a breaker takes"):
        routing.Breaker(**told)


def test_while_all_threads_are_held_up_no_call_is_begun():
    hold, bounded = threading.Event(), Bounded(2)
    try:
        assert bounded.run(lambda: hold.wait(60), 0.001) == (False, None)
        assert bounded.run(lambda: hold.wait(60), 0.001) == (False, None)
        assert bounded.run(lambda: 7, 60.0) == (False, None)
    finally:
        hold.set()


def test_a_name_of_tags_and_lines_is_one_line_in_an_answer():
    told = repr(Answer("<b>\n\x1b[31m", 0.5, 1.0, "1", "production"))
    assert told == r"<Answer <b>\n\x1b[31m: 1 (score 0.500) by version 1, production>"


@pytest.fixture
def ws(tmp_path):
    return desk(tmp_path)


def test_settings_that_are_none_are_refused(ws):
    with pytest.raises(ValueError, match="queue_rows"):
        Router(ws, MODEL, queue_rows=0)
    with pytest.raises(ValueError, match="time_limit"):
        Router(ws, MODEL, time_limit=0)

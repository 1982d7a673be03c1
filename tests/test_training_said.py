"""Words asked of at many moments are what a table of them would have told at each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.training import hearing, keeping, people, windows
from lifecycle.training.said import Said

START = datetime(2024, 1, 1, tzinfo=UTC)
IDS = ["1", "2", "3", "10"]

WORDS = st.lists(
    st.tuples(
        st.sampled_from(IDS),
        st.sampled_from(["ann", "bob", None]),
        st.sampled_from(people.KINDS),
        st.sampled_from([0.0, 1.0]),
        st.integers(0, 12),
    ),
    min_size=1,
    max_size=30,
)


def feedback(told) -> pd.DataFrame:
    """A row a word."""
    frame = pd.DataFrame(told, columns=["id", "person", "kind", "label", "hour"])
    frame["time"] = pd.Timestamp(START) + pd.to_timedelta(frame["hour"], unit="h")
    frame["feedback_id"] = [f"f{at}" for at in range(len(frame))]
    return frame.drop(columns="hour")


@settings(max_examples=25, deadline=None)
@given(told=WORDS, hour=st.integers(-1, 13))
def test_the_words_that_stand_at_a_moment_are_those_of_the_table(told, hour):
    spoken = people.spoken(feedback(told))
    at = START + timedelta(hours=hour)
    table, arrays = people.last(spoken, as_of=at), Said.of(spoken).by(at)
    for name in ("id", "kind", "person", "label", "refused"):
        assert getattr(arrays, name).tolist() == table[name].tolist()
    utc = table["said_at"].dt.tz_convert(None).to_numpy()
    assert (arrays.said_at == utc).all()


@settings(max_examples=20, deadline=None)
@given(
    told=WORDS,
    facts=st.lists(
        st.tuples(
            st.sampled_from(IDS), st.sampled_from([0.0, 1.0]), st.integers(0, 12)
        ),
        max_size=6,
    ),
)
def test_a_word_is_right_where_a_join_by_the_id_says_so(told, facts):
    said = people.words(feedback(told), as_of=START + timedelta(hours=12))
    known = pd.DataFrame(facts, columns=["id", "outcome", "hour"])
    known["known_at"] = pd.Timestamp(START) + pd.to_timedelta(known["hour"], unit="h")
    found, late = people.resolved(said, known, IDS)
    joined = said.merge(known.astype({"id": said["id"].dtype}), on="id")
    early = joined[joined["time"] < joined["known_at"]]
    assert late == len(joined) - len(early)
    assert found.table["id"].tolist() == said["id"].tolist()
    right = [row for row in found.rows if row.measure == "right"]
    for row in right:
        kind, label = row.subject.split(" to ")
        mine = early[(early["kind"] == kind) & (early["label"] == float(label))]
        assert row.n == len(mine)
        if row.n:
            hits = int((mine["label"] == mine["outcome"]).sum())
            assert row.value == hits / row.n
    for name, own in found.table.groupby(["kind", "label", "person"]):
        kind, label, person = name
        every = early[(early["kind"] == kind) & (early["label"] == label)]
        mean = (1 + (every["outcome"] == label).sum()) / (2 + len(every))
        mine = every[every["person"] == person]
        hits = int((mine["outcome"] == label).sum())
        believed = 10 * mean, 10 * (1 - mean)
        worth = float(people.weigh(hits, len(mine), of=believed))
        assert own["weight"].tolist() == [worth] * len(own)


@settings(max_examples=25, deadline=None)
@given(
    said=st.lists(
        st.tuples(
            st.sampled_from(IDS),
            st.sampled_from("abc"),
            st.sampled_from(people.KINDS),
            st.sampled_from([0.0, 1.0]),
            st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0]),
        ),
        max_size=25,
    ),
    most=st.floats(0, 1),
)
def test_holding_and_standing_give_what_sorting_and_grouping_a_table_gives(said, most):
    columns = ["id", "person", "kind", "label", "weight"]
    table = pd.DataFrame(said, columns=columns).astype({"weight": float})
    held, capped = hearing.held(table, outcomes=4, most=most)
    total = table.groupby("person")["weight"].transform("sum")
    over = total > most * 4
    scale = np.where(over, most * 4 / total.where(over, 1.0), 1.0)
    assert (held["weight"] == table["weight"] * scale).all()
    assert [row.subject for row in capped] == sorted(set(table["person"][over]))

    order = ["id", "weight", "label", "kind"]
    ranked = held[held["weight"] > 0].sort_values(
        order, ascending=[True, False, True, True]
    )
    stands = hearing.standing(held)
    assert stands["id"].tolist() == sorted(set(ranked["id"]))
    for row in stands.itertuples():
        mine = ranked[ranked["id"] == row.id]
        best = mine.iloc[0]
        others = mine["weight"][mine["label"] != best["label"]]
        assert (row.kind, row.label) == (best["kind"], best["label"])
        assert row.surest == best["weight"]
        assert row.weight == best["weight"] - (others.max() if len(others) else 0.0)


@given(
    labels=st.lists(st.sampled_from(["2023-W51", "2023-W52", "2024-W01", "2024-W10"])),
    keep=st.sets(st.integers(0, 20)),
    span=st.integers(1, 5),
)
def test_the_newest_chunks_by_rank_are_those_by_their_labels(labels, keep, span):
    names = np.array(labels, dtype=object)
    rows = np.array(sorted(at for at in keep if at < len(names)), dtype=int)
    chosen = sorted({labels[at] for at in rows})[-span:]
    found = windows.newest(rows, windows.ranked(names), span)
    assert found.tolist() == [at for at in rows if labels[at] in chosen]


def test_a_span_is_at_least_one_chunk():
    with pytest.raises(ValueError, match="at least one chunk"):
        windows.newest(np.arange(2), np.zeros(2, dtype=int), 0)


@given(kept=st.sets(st.integers(0, 9)), asked=st.lists(st.integers(0, 9)))
def test_scores_that_are_not_kept_are_named_row_by_row(kept, asked):
    rows = np.array(sorted(kept), dtype=np.uint64)
    held = keeping.Scores.of(rows, rows / 10, 0.0)
    keys = np.array(asked, dtype=np.uint64)
    assert held.without(keys).tolist() == [each not in kept for each in asked]
    found = held.at(keys)
    assert (found is None) == bool(set(asked) - kept)
    if found is not None:
        assert found.tolist() == [each / 10 for each in asked]

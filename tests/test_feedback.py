from __future__ import annotations

import math

import pandas as pd
import pytest

from lifecycle import feedback, intervals

WEEK = "2023-W14"


def said(*rows):
    names = ["id", "kind", "label", "time"]
    return pd.DataFrame(rows, columns=names).astype({"label": float})


def predictions(n, **columns):
    return pd.DataFrame({"id": [f"p{i}" for i in range(n)], **columns})


def test_flags_and_overrides_are_shares_of_the_predictions():
    rows = predictions(10)
    words = said(
        ("p0", "flag", None, 1), ("p1", "override", 1, 2), ("p2", "correction", 0, 3)
    )
    found = feedback.count(words, rows, chunks=pd.Series([WEEK] * 10))
    assert [(r.measure, r.value, r.n) for r in found] == [
        ("flagged", 0.1, 10),
        ("overridden", 0.2, 10),
    ]
    assert (found[1].lower, found[1].upper) == intervals.wilson(2, 10)
    assert found.summary == (
        "In 2023-W14 people flagged 1 and overrode 2 of 10 predictions; "
        "20.0% were overridden over the whole time."
    )


def test_a_prediction_counts_once_and_strangers_not_at_all():
    words = said(
        ("p0", "flag", None, 1), ("p0", "flag", None, 2), ("q", "flag", None, 3)
    )
    found = feedback.count(words, predictions(4), chunks=pd.Series([WEEK] * 4))
    assert found[0].value == 0.25


def test_other_kinds_do_not_count():
    words = said(("p0", "usage", None, 1), ("p1", "issue", None, 2))
    found = feedback.count(words, predictions(4), chunks=pd.Series([WEEK] * 4))
    assert [r.value for r in found] == [0, 0]


def test_chunks_come_oldest_first_and_are_weeks_where_none_are_given():
    rows = predictions(
        2, time=pd.to_datetime(["2023-04-10T00:00Z", "2023-04-03T00:00Z"])
    )
    found = feedback.count(said(("p1", "flag", None, 1)), rows)
    assert [(r.period, r.value) for r in found.only(measure="flagged")] == [
        ("2023-W14", 1),
        ("2023-W15", 0),
    ]


def test_nobody_said_anything():
    found = feedback.count(said(), predictions(3), chunks=pd.Series([WEEK] * 3))
    assert [r.value for r in found] == [0, 0]
    assert found.verdict == "undefined"


def test_there_is_nothing_to_speak_about():
    found = feedback.count(said(), predictions(0), chunks=pd.Series([], dtype="str"))
    assert len(found) == 0
    assert found.summary == "There are no predictions to speak about."


def test_chunks_of_other_rows_are_refused():
    with pytest.raises(ValueError, match="chunks has 1 labels for 2 rows"):
        feedback.count(said(), predictions(2), chunks=pd.Series([WEEK]))


def test_people_and_model_are_held_against_the_same_outcomes():
    rows = predictions(4, prediction=[0.0, 1, 1, 0], outcome=[1.0, 1, 0, None])
    words = said(
        ("p0", "override", 1, 1),  # right
        ("p1", "override", 0, 2),  # wrong
        ("p2", "correction", 0, 3),  # right
        ("p3", "override", 1, 4),  # not known yet
        ("p2", "flag", None, 5),  # says nothing
    )
    found = feedback.right(words, rows)
    people, model = found
    assert (people.subject, people.value, people.n) == ("people", 2 / 3, 3)
    assert (model.subject, model.value, model.n) == ("model", 1 / 3, 3)
    assert (people.lower, people.upper) == intervals.wilson(2, 3)


def test_the_last_word_counts():
    rows = predictions(1, prediction=[0.0], outcome=[1.0])
    words = said(("p0", "override", 1, 9), ("p0", "override", 0, 3))
    assert feedback.right(words, rows)[0].value == 1


def test_before_outcomes_nobody_was_right():
    rows = predictions(1, prediction=[0.0], outcome=[None])
    found = feedback.right(said(("p0", "override", 1, 1)), rows)
    assert math.isnan(found[0].value)
    assert found.summary.startswith("Nobody can say yet who was right")

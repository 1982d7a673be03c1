"""What a ruling does to words: what is refused is not learned from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from lifecycle import feedback, training
from lifecycle.training import people

START = datetime(2024, 1, 1, tzinfo=UTC)


def at(day: float) -> pd.Timestamp:
    return pd.Timestamp(START) + pd.Timedelta(days=day)


def said(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Feedback: its id, the prediction's, day, kind, label and person."""
    names = ["feedback_id", "id", "time", "kind", "label", "person"]
    frame = pd.DataFrame(rows, columns=names).astype({"label": float})
    moments = pd.to_datetime([at(day) for day in frame["time"]])
    return frame.assign(time=moments, reason="because")


def standing(frame: pd.DataFrame, day: float) -> list[tuple[str, str, float]]:
    found = people.words(frame, as_of=at(day))
    return [tuple(row) for row in found[["id", "person", "label"]].to_numpy()]


def test_a_refused_word_stands_until_it_is_refused() -> None:
    frame = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("ruling of F1", "a", 3, "refused", None, "bo"),
    )
    assert standing(frame, 2) == [("a", "ann", 1.0)]
    assert standing(frame, 3) == []


def test_an_accepted_word_stands_as_it_did() -> None:
    frame = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("ruling of F1", "a", 3, "accepted", None, "bo"),
    )
    assert standing(frame, 9) == [("a", "ann", 1.0)]


@pytest.mark.parametrize("kind", ["override", "flag"])
def test_a_correction_is_the_word_of_whoever_corrects(kind: str) -> None:
    label = 1 if kind == "override" else None
    frame = said(
        ("F1", "a", 1, kind, label, "ann"),
        ("ruling of F1", "a", 3, "corrected", 0, "bo"),
    )
    assert standing(frame, 3) == [("a", "bo", 0.0)]


def test_a_person_may_correct_a_word_of_their_own() -> None:
    frame = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("ruling of F1", "a", 3, "corrected", 0, "ann"),
    )
    assert standing(frame, 3) == [("a", "ann", 0.0)]


def test_what_was_said_anew_stands_though_the_older_word_is_refused() -> None:
    frame = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("F2", "a", 2, "override", 0, "ann"),
        ("ruling of F1", "a", 3, "refused", None, "bo"),
    )
    assert standing(frame, 3) == [("a", "ann", 0.0)]
    later = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("ruling of F1", "a", 2, "refused", None, "bo"),
        ("F2", "a", 3, "override", 0, "ann"),
    )
    assert standing(later, 4) == [("a", "ann", 0.0)]


def test_a_refusal_that_is_taken_back_lets_the_word_stand_again() -> None:
    frame = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("ruling of F1", "a", 3, "refused", None, "bo"),
        ("ruling 2 of F1", "a", 5, "accepted", None, "cy"),
        ("ruling 3 of F1", "a", 7, "refused", None, "bo"),
    )
    assert [len(standing(frame, day)) for day in (2, 4, 6, 8)] == [1, 0, 1, 0]


def test_a_correction_that_is_taken_back_leaves_the_first_word() -> None:
    frame = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("ruling of F1", "a", 3, "corrected", 0, "bo"),
        ("ruling 2 of F1", "a", 5, "accepted", None, "cy"),
    )
    assert standing(frame, 4) == [("a", "bo", 0.0)]
    assert standing(frame, 6) == [("a", "ann", 1.0)]


@pytest.mark.parametrize("who", ["bo", "cy", "ann"])
def test_of_two_corrections_the_second_stands(who: str) -> None:
    frame = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("ruling of F1", "a", 3, "corrected", 0, "bo"),
        ("ruling 2 of F1", "a", 5, "corrected", 1, who),
    )
    assert standing(frame, 6) == [("a", who, 1.0)]


def test_what_a_person_said_since_stands_whatever_becomes_of_the_older_word() -> None:
    frame = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("ruling of F1", "a", 2, "corrected", 0, "bo"),
        ("F2", "a", 3, "override", 0, "ann"),
        ("F3", "a", 4, "correction", 1, "bo"),
        ("ruling 2 of F1", "a", 5, "accepted", None, "cy"),
    )
    assert standing(frame, 6) == [("a", "ann", 0.0), ("a", "bo", 1.0)]


RULINGS = st.lists(
    st.tuples(
        st.sampled_from(["accepted", "refused", "corrected"]),
        st.sampled_from(["ann", "bo", "cy"]),
        st.sampled_from([0.0, 1.0]),
    ),
    max_size=5,
)


@given(RULINGS)
@settings(max_examples=60)
def test_whatever_was_ruled_before_the_newest_ruling_says_what_stands(
    rulings: list[tuple[str, str, float]],
) -> None:
    rows: list[tuple[Any, ...]] = [("F1", "a", 1, "override", 1, "ann")]
    expected = [("a", "ann", 1.0)]
    for number, (kind, who, label) in enumerate(rulings, start=1):
        told = label if kind == "corrected" else None
        id = feedback.ruling_id("F1", number)
        rows.append((id, "a", number + 1, kind, told, who))
        expected = {
            "accepted": [("a", "ann", 1.0)],
            "refused": [],
            "corrected": [("a", who, label)],
        }[kind]
    assert standing(said(*rows), len(rulings) + 1) == expected


def log(n: int = 40) -> pd.DataFrame:
    """A row a day; the outcome is 1, known after ten days, of the first thirty."""
    days = pd.to_datetime([at(day) for day in range(n)])
    frame = pd.DataFrame({"id": [f"i{k:02d}" for k in range(n)], "time": days})
    frame["outcome"] = np.where(np.arange(n) < n - 10, 1.0, np.nan)
    known = frame["time"] + timedelta(days=10)
    return frame.assign(known_at=known.where(frame["outcome"].notna()))


def worth(right: int, n: int) -> float:
    """The weight of a word of the only source, which was right so often, by hand."""
    mean = (1 + right) / (2 + n)
    lower = beta.ppf(0.05, 10 * mean + right, 10 * (1 - mean) + n - right)
    return float(max(0.0, 2 * lower - 1))


def material(*rows: tuple[Any, ...]) -> training.Material:
    told = [(f"O{k}", f"i{k:02d}", k + 1, "override", 1, "ann") for k in range(12)]
    return training.material(
        log(),
        as_of=at(40),
        delay=timedelta(days=10),
        feedback=said(*told, *rows),
        max_share_per_person=1.0,
    )


def test_a_refused_word_enters_no_training_set_and_a_correction_does() -> None:
    word = ("F1", "i35", 36, "override", 1, "ann")
    made = material(word).frame().set_index("id")
    assert made.loc["i35", "weight"] == pytest.approx(worth(12, 12))
    refused = material(word, ("ruling of F1", "i35", 37, "refused", None, "bo"))
    assert "i35" not in set(refused.table["id"])
    assert len(refused) == 30  # the rows with a true outcome
    known = [(f"C{k}", f"i{k:02d}", k + 2, "correction", 1, "bo") for k in range(9)]
    ruling = ("ruling of F1", "i35", 37, "corrected", 1, "bo")
    corrected = material(word, *known, ruling).frame().set_index("id")
    assert corrected.loc["i35", "source"] == "correction"
    assert corrected.loc["i35", "weight"] == pytest.approx(worth(9, 9))


def test_a_refusal_in_hindsight_does_not_polish_a_record() -> None:
    wrong = [(f"W{k}", f"i{k:02d}", k + 1, "override", 0, "eve") for k in range(12, 20)]
    word = ("F1", "i35", 36, "override", 0, "eve")
    late = [
        (f"ruling of W{k}", f"i{k:02d}", 39, "refused", None, "bo")
        for k in range(12, 20)
    ]
    early = [
        (f"ruling of W{k}", f"i{k:02d}", k + 2, "refused", None, "bo")
        for k in range(12, 20)
    ]

    def right(*rows: tuple[Any, ...]) -> list[tuple[float, int]]:
        found = material(*wrong, word, *rows).findings.only(measure="right")
        return [(row.value, row.n) for row in found if row.subject == "override to 0"]

    assert right() == [(0.0, 8)]
    assert right(*late) == [(0.0, 8)]
    back = [
        (f"ruling 2 of W{k}", f"i{k:02d}", 39.5, "accepted", None, "bo")
        for k in range(12, 20)
    ]
    assert right(*late, *back) == [(0.0, 8)]
    for rows in (early, [*early, *back]):  # nor does taking the refusal back
        ((value, n),) = right(*rows)
        assert n == 0
        assert np.isnan(value)


def test_what_became_of_it_is_counted_and_a_ruling_is_no_word() -> None:
    frame = said(
        ("F1", "a", 1, "override", 1, "ann"),
        ("F2", "b", 1, "flag", None, "ann"),
        ("F3", "c", 1, "usage", None, "ann"),
        ("ruling of F1", "a", 3, "corrected", 0, "bo"),
    )
    shares = {row.measure: (row.value, row.n) for row in feedback.handled(frame)}
    assert shares["corrected"] == (0.5, 2)
    assert shares["waiting"] == (0.5, 2)
    rows = pd.DataFrame({"id": ["a", "b"], "prediction": 0.0, "outcome": 1.0})
    assert feedback.right(frame, rows)[0].n == 1
    assert feedback.right(frame, rows)[0].value == 1.0

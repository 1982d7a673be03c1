from __future__ import annotations

import math

import pandas as pd
import pytest
from scipy import stats

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
    people, model, precision, change = found
    assert (people.subject, people.value, people.n) == ("people", 2 / 3, 3)
    assert (model.subject, model.value, model.n) == ("model", 1 / 3, 3)
    assert (people.lower, people.upper) == intervals.wilson(2, 3)
    assert (precision.measure, precision.value, precision.n) == (
        "override_precision",
        2 / 3,
        3,
    )
    assert (change.measure, change.value, change.n) == ("difference", 1 / 3, 3)
    assert change.verdict == "undefined"


def test_the_last_word_counts():
    rows = predictions(1, prediction=[0.0], outcome=[1.0])
    words = said(("p0", "override", 1, 9), ("p0", "override", 0, 3))
    assert feedback.right(words, rows)[0].value == 1


def test_before_outcomes_nobody_was_right():
    rows = predictions(1, prediction=[0.0], outcome=[None])
    found = feedback.right(said(("p0", "override", 1, 1)), rows)
    assert math.isnan(found[0].value)
    assert found.summary.startswith("Nobody can say yet who was right")


# -- by segment, by chunk, by person ---------------------------------------------


def overrides(*ids):
    return said(*((each, "override", 1, 1) for each in ids))


def test_a_rate_above_its_threshold_is_an_alert_on_enough_rows():
    words = overrides(*(f"p{i}" for i in range(20)))
    rows, weeks = predictions(40), pd.Series([WEEK] * 40)
    found = feedback.count(words, rows, chunks=weeks, above=0.3)
    assert [(r.measure, r.verdict) for r in found] == [
        ("flagged", "quiet"),
        ("overridden", "alert"),
    ]
    assert found.summary.endswith("; overridden 50.0% is above the threshold of 30.0%.")
    few = feedback.count(words, rows[:20], chunks=weeks[:20], above=0.3)
    assert few.verdict == "undefined"


def test_segments_are_counted_chunk_by_chunk():
    rows = predictions(4, plan=["free", "pro", "free", None])
    weeks = pd.Series(["2023-W14", "2023-W14", "2023-W15", "2023-W15"])
    found = feedback.count(overrides("p0"), rows, chunks=weeks, segments=["plan"])
    assert [
        (r.period, r.subject, r.value, r.n) for r in found.only(measure="overridden")
    ] == [
        ("2023-W14", "", 0.5, 2),
        ("2023-W14", "plan=free", 1, 1),
        ("2023-W14", "plan=pro", 0, 1),
        ("2023-W15", "", 0, 2),
        ("2023-W15", "plan=free", 0, 1),
    ]
    assert found.summary.startswith("In 2023-W15 people flagged 0 and overrode 0 of 2")
    assert "25.0% were overridden over the whole time" in found.summary


def test_a_segment_that_is_overridden_more_than_the_others_stands_out():
    rows = predictions(200, plan=["free"] * 100 + ["pro"] * 100)
    words = overrides(*(f"p{i}" for i in [*range(40), *range(100, 110)]))
    found = feedback.by_segment(words, rows, segments=["plan"])
    free, pro = found.only(measure="overridden")
    assert (free.subject, free.value, free.n, free.threshold, free.verdict) == (
        "plan=free",
        0.4,
        100,
        0.1,
        "alert",
    )
    assert (free.lower, free.upper) == intervals.wilson(40, 100)
    assert (pro.verdict, pro.threshold) == ("quiet", 0.4)
    assert found.summary == (
        "People overrode 40.0% of 100 predictions where plan=free, "
        "and 10.0% of all others."
    )


def test_the_more_segments_there_are_the_surer_an_alert_must_be():
    rows = predictions(200, plan=["free"] * 100 + ["pro"] * 100)
    rows["city"] = [f"c{i % 20}" for i in range(200)]
    words = overrides(*(f"p{i}" for i in [*range(22), *range(100, 110)]))
    alone = feedback.by_segment(words, rows, segments=["plan"], rate=0.2)
    among = feedback.by_segment(words, rows, segments=["plan", "city"], rate=0.2)
    row = alone.only(subject="plan=free").only(measure="overridden")[0]
    assert row.verdict == "alert"
    assert among.only(subject="plan=free").only(measure="overridden")[0].verdict == (
        "quiet"
    )
    assert {r.verdict for r in among.only(subject="city=c1")} == {
        "undefined"
    }  # ten rows


def test_of_segments_without_a_difference_hardly_one_stands_out():
    import numpy as np

    rng = np.random.default_rng(3)
    false = 0
    for _ in range(20):
        rows = predictions(2000, city=rng.integers(20, size=2000).astype(str))
        words = overrides(*rows["id"][rng.random(2000) < 0.1])
        found = feedback.by_segment(words, rows, segments=["city"])
        false += found.verdict == "alert"
    assert false <= 3  # of 20 at 5%: more has a probability of 1.6%


def test_a_segment_may_be_held_against_a_given_share():
    rows = predictions(100, plan=["free"] * 100)
    words = overrides(*(f"p{i}" for i in range(30)))
    found = feedback.by_segment(words, rows, segments=["plan"], above=0.1)
    assert found.only(measure="overridden")[0].verdict == "alert"
    lone = feedback.by_segment(words, rows, segments=["plan"])
    assert lone.verdict == "undefined"  # there are no others


def test_numbers_are_segmented_by_their_quarters_and_names_by_the_most_frequent():
    rows = predictions(100, age=[float(i) for i in range(99)] + [None])
    found = feedback.by_segment(overrides(), rows, segments=["age"])
    assert sorted((r.subject, r.n) for r in found.only(measure="flagged")) == [
        ("age=0 to 24.5", 25),
        ("age=24.5 to 49", 24),
        ("age=49 to 73.5", 25),
        ("age=73.5 to 98", 25),
    ]
    many = predictions(10_000, who=[f"w{i}" for i in range(10_000)])
    assert len(feedback.by_segment(overrides(), many, segments=["who"])) == 40


def test_a_segment_that_is_not_there_is_no_segment():
    found = feedback.by_segment(overrides(), predictions(3), segments=["plan"])
    assert (len(found), found.verdict) == (0, "undefined")
    assert found.summary.startswith("Feedback by segment is undefined")


def test_a_rate_that_is_no_rate_is_refused():
    with pytest.raises(ValueError, match="rate must lie within 0 and 1, got 0"):
        feedback.by_segment(overrides(), predictions(1), segments=[], rate=0)


def corrected(only_people, only_model, both=0, neither=0):
    """Words and predictions with so many of each kind; all outcomes are 1."""
    n = only_people + only_model + both + neither
    label = [1] * only_people + [0] * only_model + [1] * both + [0] * neither
    guess = [0.0] * only_people + [1.0] * only_model + [1.0] * both + [0.0] * neither
    words = said(*((f"p{i}", "override", label[i], i) for i in range(n)))
    return words, predictions(n, prediction=guess, outcome=[1.0] * n)


def test_the_paired_difference_has_the_interval_of_agresti_and_min():
    change = feedback.right(*corrected(20, 9, 30, 11)).only(measure="difference")[0]
    assert (change.value, change.n) == (11 / 70, 70)
    # a half added to each cell: 20.5 and 9.5 of 72, by hand
    error = math.sqrt((30 - 11**2 / 72) / 72**2)
    half = stats.norm.ppf(0.95) * error
    assert change.lower == pytest.approx(11 / 72 - half)
    assert change.upper == pytest.approx(11 / 72 + half)


def test_the_paired_verdict_agrees_with_mcnemars_exact_test_where_it_is_clear():
    for people, model, verdict in (
        (30, 5, "alert"),
        (18, 17, "quiet"),
        (5, 30, "quiet"),
    ):
        p = stats.binomtest(people, people + model, alternative="greater").pvalue
        found = feedback.right(*corrected(people, model))
        assert (found.verdict == "alert") == (p < 0.05)
        assert found.verdict == verdict
    assert "the model knows better" in found.summary


def test_people_who_surely_see_more_than_the_model_are_an_alert():
    found = feedback.right(*corrected(35, 5))
    precision = found.only(measure="override_precision")[0]
    assert (precision.value, precision.n) == (35 / 40, 40)
    assert (precision.lower, precision.upper) == intervals.wilson(35, 40)
    assert found.summary == (
        "People were right in 35 of 40 corrections whose outcome is known, the model "
        "in 5; that is more than chance: people see what the model does not."
    )
    assert feedback.right(*corrected(25, 0)).verdict == "undefined"  # fewer than 30


def test_words_that_confirm_the_model_are_no_overrides():
    precision = feedback.right(*corrected(1, 1, both=5)).only(
        measure="override_precision"
    )[0]
    assert (precision.value, precision.n) == (0.5, 2)


@pytest.mark.parametrize(("people", "model"), [(3, 0), (0, 3), (0, 0), (1, 0)])
def test_a_difference_lies_within_its_interval(people, model):
    words, rows = corrected(people, model, both=1)
    change = feedback.right(words, rows).only(measure="difference")[0]
    assert -1 <= change.lower <= change.value <= change.upper <= 1
    assert change.lower < change.upper


def test_who_was_right_is_told_chunk_by_chunk():
    words, rows = corrected(2, 1)
    weeks = pd.Series(["2023-W15", "2023-W14", "2023-W15"])
    found = feedback.right(words, rows, by="chunk", chunks=weeks)
    people = found.only(measure="right", subject="people")
    assert [(r.period, r.value, r.n) for r in people] == [
        ("2023-W14", 1, 1),
        ("2023-W15", 0.5, 2),
        ("", 2 / 3, 3),
    ]
    with pytest.raises(ValueError, match="chunks has 1 labels for 3 rows"):
        feedback.right(words, rows, by="chunk", chunks=weeks[:1])


def test_who_was_right_is_told_person_by_person_and_not_judged():
    words, rows = corrected(40, 2)
    words["person"] = ["ann"] * 35 + ["<b>\nbob"] * 5 + [None] * 2
    found = feedback.right(words, rows, by="person")
    precision = found.only(measure="override_precision")
    assert [(r.subject, r.value, r.n) for r in precision] == [
        ("ann", 1, 35),
        ("<b> bob", 1, 5),
        ("nobody named", 0, 2),
        ("", 40 / 42, 42),
    ]
    verdicts = {r.subject: r.verdict for r in found.only(measure="difference")}
    assert verdicts["ann"] == "undefined"
    assert verdicts[""] == "alert"
    assert "<b>" not in found._repr_html_()
    with pytest.raises(ValueError, match="by must be empty, chunk, person or source"):
        feedback.right(words, rows, by="team")


# -- reasons -------------------------------------------------------------------


def why(*reasons, kind="override"):
    return pd.DataFrame({"kind": kind, "reason": pd.Series(reasons, dtype=object)})


def test_reasons_are_counted_without_case_and_spaces():
    found = feedback.reasons(why("No budget", " no  BUDGET ", "too late", None, ""))
    assert [(r.subject, r.value, r.n) for r in found] == [
        ("No budget", 2 / 3, 3),
        ("too late", 1 / 3, 3),
    ]
    assert (found[0].lower, found[0].upper) == intervals.wilson(2, 3)
    assert found.summary == ("Of 3 reasons given the most frequent is 'No budget' (2).")


def test_only_the_most_frequent_reasons_are_shown():
    found = feedback.reasons(why(*"aaabbc"), top=2)
    assert [(r.subject, r.n) for r in found] == [("a", 6), ("b", 6)]
    with pytest.raises(ValueError, match="top must be 1 or more, got 0"):
        feedback.reasons(why("a"), top=0)


def test_words_of_other_kinds_give_no_reason():
    found = feedback.reasons(why("slow page", kind="issue"))
    assert (len(found), found.summary) == (0, "Nobody gave a reason.")
    issues = feedback.reasons(why("slow page", kind="issue"), kinds=["issue"])
    assert issues[0].value == 1


def test_a_hostile_reason_is_one_line_cut_and_escaped():
    evil = "<script>alert(1)</script>\n\u202e" + "x" * 500
    found = feedback.reasons(why(evil))
    assert len(found[0].subject) == 80
    assert "\n" not in found.summary
    assert "\u202e" not in found.summary
    assert "<script>" not in found._repr_html_()


def test_who_was_right_needs_outcomes_and_predictions():
    rows = (
        predictions(4).assign(prediction=1.0).drop(columns="outcome", errors="ignore")
    )
    with pytest.raises(ValueError, match="no column 'outcome'; rename"):
        feedback.right(said(), rows)

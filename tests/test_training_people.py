"""What people said, at what it was worth, and rows that nothing is learned from."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from lifecycle import training
from lifecycle.errors import InputError
from lifecycle.training import hearing, people

START = datetime(2023, 1, 2, tzinfo=UTC)
DELAY = timedelta(days=14)
AS_OF = START + timedelta(weeks=8)
KNOWN = {"as_of": AS_OF, "delay": DELAY}


def log(weeks: int = 8, per_week: int = 20) -> pd.DataFrame:
    """Rows `i0000`, ...; the outcome is 1 for every other, known after the delay."""
    n = weeks * per_week
    hours = 1 + np.arange(n) * 168 / per_week
    times = pd.Timestamp(START) + pd.to_timedelta(hours, unit="h")
    frame = pd.DataFrame(
        {
            "id": [f"i{place:04d}" for place in range(n)],
            "time": times.astype("datetime64[us, UTC]"),
            "a": np.arange(n, dtype=float),
            "outcome": np.arange(n) % 2.0,
        }
    )
    frame["known_at"] = frame["time"] + DELAY
    young = frame["known_at"] > AS_OF
    frame.loc[young, "outcome"] = np.nan
    frame.loc[young, "known_at"] = pd.NaT
    return frame


FRAME = log()
RIPE = FRAME[FRAME["outcome"].notna()]
YOUNG = FRAME[FRAME["outcome"].isna()]


def say(ids, labels, person="ann", kind="override", **more) -> pd.DataFrame:
    """Words an hour after each prediction."""
    ids = list(ids)
    times = FRAME.set_index("id")["time"].reindex(ids) + timedelta(hours=1)
    told = pd.DataFrame({"id": ids, "time": times.reset_index(drop=True), "kind": kind})
    return told.assign(label=np.asarray(labels, dtype=float), person=person, **more)


def history(right: int, wrong: int, *, label: float = 1.0, **more) -> pd.DataFrame:
    """Words on known rows that say `label`, so many of them right."""
    told = RIPE[RIPE["outcome"] == label]["id"].head(right)
    false = RIPE[RIPE["outcome"] == 1 - label]["id"].tail(wrong)
    return say([*told, *false], [label] * (right + wrong), **more)


def words(*parts: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True)


def gathered(*parts: pd.DataFrame, **more) -> training.Material:
    told = {**KNOWN, "max_share_per_person": 1.0, **more}
    return training.material(FRAME, feedback=words(*parts), **told)


def worth(right: int, n: int, kind_right: int, kind_n: int) -> float:
    """The weight by hand: ten words of the kind's mean, and one's own."""
    mean = (1 + kind_right) / (2 + kind_n)
    lower = beta.ppf(0.05, 10 * mean + right, 10 * (1 - mean) + n - right)
    return max(0.0, 2 * lower - 1)


# ---------------------------------------------------------------- the weight


def test_the_weight_is_what_is_left_of_the_lower_end_above_chance():
    for right, n in ((0, 0), (3, 3), (9, 10), (50, 100), (60, 100), (99, 100)):
        expected = max(0.0, 2 * beta.ppf(0.05, 1 + right, 1 + n - right) - 1)
        assert people.weigh(right, n) == pytest.approx(expected, abs=1e-12)


@given(right=st.integers(0, 500), wrong=st.integers(0, 500))
def test_a_weight_is_between_nothing_and_the_truths_and_grows_with_being_right(
    right, wrong
):
    n = right + wrong
    here = float(people.weigh(right, n))
    assert 0 <= here < 1
    assert here <= float(people.weigh(right + 1, n + 1))
    assert here >= float(people.weigh(right, n + 1))


def test_a_coin_weighs_nothing_and_a_seer_nearly_all():
    assert people.weigh(500, 1000) == 0
    assert people.weigh(10_000, 10_000) > 0.999


@settings(max_examples=12, deadline=None)
@given(right=st.integers(0, 30), wrong=st.integers(0, 30), asked=st.integers(1, 5))
def test_one_more_right_word_never_lowers_what_the_source_weighs(right, wrong, asked):
    new = say(YOUNG["id"].head(asked), [1.0] * asked)

    def weight(hits: int, misses: int) -> float:
        said = people.words(words(history(hits, misses), new), as_of=AS_OF)
        found, _ = people.resolved(said, RIPE, list(YOUNG["id"]))
        return float(found.table["weight"].iloc[0])

    here = weight(right, wrong)
    assert 0 <= here < 1
    assert here <= weight(right + 1, wrong)
    assert here >= weight(right, wrong + 1)
    if wrong:
        assert here <= weight(right + 1, wrong - 1)
    assert here == pytest.approx(worth(right, right + wrong, right, right + wrong))


def test_a_person_without_words_of_their_own_is_taken_for_one_of_the_many():
    made = gathered(history(40, 2), say(YOUNG["id"].head(1), [1.0], person="new"))
    assert made.weights[made.sources == "override"] == pytest.approx(
        [worth(0, 0, 40, 42)]
    )


def test_one_who_is_mostly_wrong_weighs_less_than_one_who_is_right():
    told = words(history(30, 0, person="good"), history(2, 12, person="bad"))
    first, second = YOUNG["id"].head(2)
    made = gathered(told, say([first], [1.0], "good"), say([second], [1.0], "bad"))
    rows = made.frame().set_index("id")
    assert rows.loc[first, "weight"] == pytest.approx(worth(30, 30, 32, 44))
    assert second not in rows.index  # 0 where not surely better than chance


def test_words_for_the_one_outcome_say_nothing_of_those_for_the_other():
    told = words(history(40, 0, label=0.0), history(1, 9, label=1.0))
    new = words(say(YOUNG["id"].head(1), [1.0]), say(YOUNG["id"].iloc[1:2], [0.0]))
    made = gathered(told, new)
    spoken = made.frame()[made.sources == "override"]
    assert spoken["outcome"].tolist() == [0.0]
    assert spoken["weight"].tolist() == pytest.approx([worth(40, 40, 40, 40)])


def test_kinds_are_weighed_apart_and_flags_are_no_word_on_the_outcome():
    told = words(
        history(40, 0, kind="correction"), history(5, 5, kind="override", person="bob")
    )
    new = [
        say(YOUNG["id"].iloc[[place]], [1.0], kind=kind)
        for place, kind in enumerate(("correction", "override", "flag", "usage"))
    ]
    made = gathered(told, *new)
    assert set(made.sources) == {"outcome", "correction"}
    assert {r.subject for r in made.findings if r.measure == "right"} == {
        "correction to 1",
        "override to 1",
    }
    right = {r.subject: r for r in made.findings if r.measure == "right"}
    assert (right["override to 1"].value, right["override to 1"].n) == (0.5, 10)
    assert (right["correction to 1"].value, right["correction to 1"].n) == (1.0, 40)


def test_a_word_after_the_outcome_was_known_is_no_evidence():
    late = history(40, 0)
    late["time"] = late["time"] + timedelta(weeks=3)
    late = late[late["time"] <= AS_OF]
    made = gathered(late, say(YOUNG["id"].head(1), [1.0]))
    assert set(made.sources) == {"outcome"}
    assert made.facts()["people"]["late"] == len(late) > 20


def test_what_is_said_after_as_of_is_not_heard():
    new = say(YOUNG["id"].head(1), [1.0])
    new["time"] = AS_OF + timedelta(seconds=1)
    assert set(gathered(history(40, 0), new).sources) == {"outcome"}


# ---------------------------------------------------------------- one row, many words


def test_those_who_agree_are_as_sure_as_the_surest_and_those_who_do_not_less():
    said = pd.DataFrame(
        {
            "id": ["both", "both", "apart", "apart", "even", "even", "none"],
            "kind": ["override", "correction"] * 3 + ["override"],
            "label": [1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0],
            "weight": [0.5, 0.7, 0.5, 0.7, 0.4, 0.4, 0.0],
        }
    )
    found = hearing.standing(said).set_index("id")
    assert found.loc["both"].tolist()[:2] == ["correction", 1.0]
    assert found.loc["both", "weight"] == 0.7
    assert found.loc["apart", "label"] == 0.0
    assert found.loc["apart", "weight"] == pytest.approx(0.2)
    assert found.loc["even", "weight"] == 0.0
    assert "none" not in found.index


def test_a_row_on_which_two_camps_are_even_is_not_learned_from():
    told = words(history(30, 0, person="a"), history(30, 0, person="b"))
    zero = words(
        history(30, 0, person="a", label=0.0), history(30, 0, person="b", label=0.0)
    )
    row = YOUNG["id"].head(1)
    made = gathered(told, zero, say(row, [1.0], "a"), say(row, [0.0], "b"))
    assert set(made.sources) == {"outcome"}


def test_the_last_word_of_a_person_counts_and_counts_once():
    row = YOUNG["id"].iloc[0]
    first, second = say([row], [1.0]), say([row], [0.0])
    second["time"] = second["time"] + timedelta(minutes=1)
    told = [history(30, 0), history(30, 0, label=0.0)]
    made = gathered(*told, second, first)
    spoken = made.frame()[made.sources == "override"]
    assert spoken["outcome"].tolist() == [0.0]
    assert made.facts()["people"]["words"] == 1


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_neither_the_order_of_the_words_nor_repeating_them_matters(data):
    ids = st.sampled_from([*RIPE["id"].head(30), *YOUNG["id"].head(12)])
    drawn = st.tuples(
        ids, st.sampled_from("ab"), st.booleans(), st.sampled_from(people.KINDS)
    )
    told = data.draw(st.lists(drawn, min_size=1, max_size=40))
    parts = [say([i], [float(x)], person, kind) for i, person, x, kind in told]
    minutes = pd.to_timedelta(np.arange(len(parts)), unit="min")
    feedback = words(*parts)
    feedback["time"] = feedback["time"] + minutes
    base = training.material(FRAME, feedback=feedback, **KNOWN)
    place = data.draw(st.permutations(range(len(feedback))))
    twice = words(feedback.iloc[place], feedback.iloc[place[:5]])
    again = training.material(
        FRAME.sample(frac=1, random_state=1), feedback=twice, **KNOWN
    )
    pd.testing.assert_frame_equal(base.frame(), again.frame())
    assert base.facts() == again.facts()
    assert (base.weights <= 1).all()
    assert (base.weights > 0).all()
    assert (base.weights[base.sources != "outcome"] < 1).all()


@settings(max_examples=40, deadline=None)
@given(
    said=st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from(["1", "2", "3", "4"]),
            st.sampled_from([0.0, 1.0]),
            st.floats(0, 1),
        ),
        min_size=1,
        max_size=30,
        unique_by=lambda each: each[:2],
    ),
    most=st.floats(0, 1),
    outcomes=st.integers(0, 20),
)
def test_nobody_weighs_more_than_their_share(said, most, outcomes):
    table = pd.DataFrame(said, columns=["person", "id", "label", "weight"])
    table["kind"] = "override"
    held, capped = hearing.held(table, outcomes=outcomes, most=most)
    total = held.groupby("person")["weight"].sum()
    assert (total <= most * outcomes + 1e-9).all()
    assert (held["weight"] <= table["weight"]).all()
    before = table.groupby("person")["weight"].sum()
    assert {row.subject for row in capped} == set(
        before.index[before > most * outcomes]
    )
    stands = hearing.standing(held)
    assert stands["weight"].sum() <= total.sum() + 1e-9


def test_one_person_cannot_move_the_model():
    told = words(history(50, 0), say(YOUNG["id"], [1.0] * len(YOUNG)))
    free = training.material(FRAME, feedback=told, **KNOWN, max_share_per_person=1.0)
    held = training.material(FRAME, feedback=told, **KNOWN)
    spoken = held.sources == "override"
    assert spoken.sum() == len(YOUNG)
    assert held.weights[spoken].sum() == pytest.approx(0.1 * len(RIPE))
    assert free.weights[spoken].sum() > 0.25 * len(RIPE)
    (row,) = (row for row in held.findings if row.measure == "held")
    assert (row.subject, row.verdict, row.threshold) == ("ann", "alert", 0.1)


def test_all_people_together_never_outweigh_the_truth():
    told = [history(50, 0)]
    told += [say(YOUNG["id"], [1.0] * 40, person=f"p{k}") for k in range(9)]
    told += [
        say(YOUNG["id"][k::9], [1.0] * len(YOUNG[k::9]), f"q{k}") for k in range(9)
    ]
    known = {**KNOWN, "span": 1, "max_share_per_person": 1.0}
    made = training.material(FRAME, feedback=words(*told), **known)
    spoken = made.sources != "outcome"
    assert ((~spoken).sum(), spoken.sum()) == (20, 40)
    assert made.weights[spoken].sum() == pytest.approx(20.0)
    (row,) = (r for r in made.findings if r.subject == "all people")
    assert (row.verdict, row.threshold, row.n) == ("alert", 1.0, 40)
    assert row.value == pytest.approx(40 * worth(0, 0, 50, 50) / 20)


# ---------------------------------------------------------------- truth and words


def test_the_truth_takes_the_place_of_the_word():
    row = RIPE["id"].iloc[0]
    made = gathered(history(40, 0), say([row], [1.0]))
    assert row in set(made.frame()["id"])
    assert made.frame().set_index("id").loc[row, "outcome"] == 0.0
    assert set(made.sources) == {"outcome"}


def test_an_outcome_that_came_early_stands_with_the_weight_of_the_word():
    frame = FRAME.copy()
    at = frame.index[frame["outcome"].isna()][0]
    frame.loc[at, ["outcome", "known_at"]] = [
        0.0,
        frame["time"][at] + timedelta(days=1),
    ]
    told = words(history(40, 0), say([frame["id"][at]], [1.0]))
    made = training.material(frame, feedback=told, **KNOWN)
    row = made.frame().set_index("id").loc[frame["id"][at]]
    assert (row["outcome"], row["source"]) == (0.0, "early outcome")
    assert row["weight"] == pytest.approx(worth(40, 40, 40, 40))


def test_a_lost_outcome_of_an_old_row_may_be_replaced_by_a_word():
    frame = FRAME.copy()
    frame.loc[3, ["outcome", "known_at"]] = [np.nan, pd.NaT]
    told = words(history(20, 0, label=0.0), say(["i0003"], [0.0]))
    made = training.material(frame, feedback=told, **KNOWN)
    row = made.frame().set_index("id").loc["i0003"]
    assert (row["outcome"], row["source"]) == (0.0, "override")


def test_the_summary_and_the_share_say_how_much_is_peoples():
    made = gathered(history(40, 0), say(YOUNG["id"].head(4), [1.0] * 4))
    touched = made.findings.newest("touched")
    assert (touched.value, touched.n) == (4 / (len(RIPE) + 4), len(RIPE) + 4)
    assert touched.lower < touched.value < touched.upper
    assert made.summary.startswith(f"{len(RIPE)} rows have their true outcome, 4 of ")
    assert repr(made).startswith(f"<Material {len(RIPE) + 4} rows. ")
    assert json.loads(json.dumps(made.facts())) == made.facts()
    assert made.facts()["people"]["rows"] == 4
    assert "override to 1" in made.plot().svg
    assert made.facts()["people_to"] == YOUNG["time"].iloc[3].isoformat()


def test_without_feedback_nobody_is_listened_to():
    made = training.material(FRAME, **KNOWN)
    assert made.frame()["source"].unique().tolist() == ["outcome"]
    assert made.frame()["weight"].unique().tolist() == [1.0]
    assert made.frame()["id"].tolist() == RIPE["id"].tolist()
    empty = training.material(FRAME, feedback=say([], []), **KNOWN)
    pd.testing.assert_frame_equal(made.frame(), empty.frame())


def test_no_rows_are_said_to_be_none():
    made = training.material(FRAME.head(0), feedback=say([], []), **KNOWN)
    assert len(made) == 0
    assert made.summary == "There are no rows to learn from."
    assert np.isnan(made.findings.rows[0].value)


def test_hostile_names_are_one_line_and_escaped():
    person = "<script>alert(1)</script>\n" + "x" * 300
    told = [history(50, 0, person=person), say(YOUNG["id"], [1.0] * 40, person)]
    made = training.material(FRAME, feedback=words(*told), **KNOWN)
    (row,) = (row for row in made.findings if row.measure == "held")
    assert len(row.subject) == 60
    assert "\n" not in row.subject
    assert "<script>" not in made._repr_html_()


@pytest.mark.parametrize("column", ["id", "time", "kind", "label"])
def test_feedback_without_a_column_is_one_sentence(column):
    told = history(2, 0).drop(columns=column)
    with pytest.raises(InputError, match=f"without a column '{column}'"):
        training.material(FRAME, feedback=told, **KNOWN)


def test_feedback_without_a_time_zone_is_refused():
    told = history(2, 0)
    told["time"] = told["time"].dt.tz_localize(None)
    with pytest.raises(ValueError, match="times have no time zone; give them in UTC"):
        training.material(FRAME, feedback=told, **KNOWN)


@pytest.mark.parametrize("change", ["index", "numbers", "twice", "zone", "Float64"])
def test_rows_may_come_in_any_form(change):
    told = words(history(40, 0), say(YOUNG["id"].head(4), [1.0] * 4))
    frame = FRAME.copy()
    if change == "index":
        frame = frame.set_index("id", drop=False)
    elif change == "numbers":
        frame["id"] = np.arange(len(frame))
        told["id"] = told["id"].str[1:].astype(int)
    elif change == "twice":
        frame.index = [7] * len(frame)
    elif change == "zone":
        frame["time"] = frame["time"].dt.tz_convert("Asia/Tokyo")
    else:
        frame["outcome"] = frame["outcome"].astype("Float64")
        told["label"] = told["label"].astype("Int64")
        told["kind"] = told["kind"].astype("category")
    made = training.material(frame, feedback=told, **KNOWN)
    plain = (
        training.material(FRAME, feedback=told, **KNOWN)
        if change != "numbers"
        else made
    )
    assert (made.sources == "override").sum() == 4
    np.testing.assert_array_equal(made.weights, plain.weights)
    assert made.table["outcome"].tolist() == plain.table["outcome"].tolist()


def test_rows_without_ids_cannot_be_spoken_of():
    with pytest.raises(InputError, match="without a column 'id'"):
        training.material(FRAME.drop(columns="id"), feedback=history(2, 0), **KNOWN)


def test_words_on_numbers_are_not_weighed_and_that_is_said():
    frame = FRAME.assign(outcome=FRAME["outcome"] * 2.5)
    told = words(history(40, 0), say(YOUNG["id"].head(3), [1.0] * 3))
    made = training.material(frame, feedback=told, **KNOWN)
    assert set(made.sources) == {"outcome"}
    assert made.summary.endswith(
        "; outcomes are numbers, and words on numbers are not weighed."
    )
    assert made.facts()["people"]["words"] == 0


def test_nobody_named_is_one_person():
    told = words(history(50, 0, person=None), say(YOUNG["id"], [1.0] * 40, None))
    made = training.material(FRAME, feedback=told.drop(columns="person"), **KNOWN)
    (row,) = (row for row in made.findings if row.measure == "held")
    assert row.subject == "nobody named"


# ---------------------------------------------------------------- period and test


def test_what_is_held_out_is_neither_learned_from_nor_listened_to():
    held = RIPE["id"].tail(2 * 20)
    lost = FRAME.copy()
    lost.loc[lost["id"] == held.iloc[0], ["outcome", "known_at"]] = [np.nan, pd.NaT]
    told = words(history(30, 0), say([held.iloc[0]], [1.0]), say(["i0150"], [1.0]))
    made = training.material(lost, feedback=told, hold_out=2, **KNOWN)
    chosen = set(made.frame()["id"])
    assert not chosen & set(held)
    assert "i0150" in chosen
    assert len(chosen) == len(RIPE) - 40 + 1
    assert made.facts()["people_to"] == FRAME["time"][150].isoformat()


def test_held_out_outcomes_do_not_say_who_is_right():
    late = RIPE[RIPE["outcome"] == 1]["id"].tail(20)
    told = words(say(late, [1.0] * 20), say(YOUNG["id"].head(1), [1.0]))
    assert "override" in training.material(FRAME, feedback=told, **KNOWN).sources
    made = training.material(FRAME, feedback=told, hold_out=3, **KNOWN)
    assert set(made.sources) == {"outcome"}


def test_start_and_end_are_half_open():
    start, end = FRAME["time"][10], FRAME["time"][30]
    made = training.material(FRAME, start=start, end=end, **KNOWN)
    assert made.frame()["id"].tolist() == FRAME["id"][10:30].tolist()


def test_a_span_reaches_from_its_first_chunk_to_the_newest_words():
    told = words(history(40, 0), say(YOUNG["id"].tail(1), [1.0]))
    made = training.material(FRAME, feedback=told, span=2, **KNOWN)
    assert made.frame()["id"].tolist() == [*RIPE["id"].tail(40), *YOUNG["id"][-1:]]


# ---------------------------------------------------------------- left out


def test_faulty_rows_are_left_out_and_named_with_the_reason():
    marked = FRAME["time"].between(FRAME["time"][20], FRAME["time"][39]).to_numpy()
    made = training.material(FRAME, left_out=[(marked, "age is frozen.")], **KNOWN)
    assert len(made) == len(RIPE) - 20
    assert made.left_out == (
        "20 rows from 2023-01-09 to 2023-01-15 are left out: age is frozen.",
    )
    assert made.summary.endswith("; 20 are left out.")
    row = made.findings.newest("left_out", "age is frozen")
    assert (row.value, row.n) == (20 / len(FRAME), len(FRAME))
    assert "age is frozen" in made._repr_html_()


def test_a_mask_follows_its_rows_in_whatever_order_they_come():
    marked = (FRAME["a"] < 30).to_numpy()
    place = np.random.default_rng(1).permutation(len(FRAME))
    first = training.material(FRAME, left_out=marked, **KNOWN)
    second = training.material(FRAME.iloc[place], left_out=marked[place], **KNOWN)
    assert first.facts() == second.facts()
    assert first.frame()["a"].min() == 30


def test_words_on_faulty_rows_are_not_heard_and_faulty_outcomes_judge_nobody():
    told = words(history(40, 0), say(YOUNG["id"].head(2), [1.0, 1.0]))
    young = (FRAME["id"] == YOUNG["id"].iloc[0]).to_numpy()
    made = training.material(FRAME, feedback=told, left_out=young, **KNOWN)
    assert (made.sources == "override").sum() == 1
    old = FRAME["id"].isin(history(40, 0)["id"]).to_numpy()
    made = training.material(FRAME, feedback=told, left_out=old, **KNOWN)
    assert set(made.sources) == {"outcome"}


def test_a_row_with_two_faults_is_left_out_once():
    one, two = np.zeros((2, len(FRAME)), dtype=bool)
    one[:10], two[5:15] = True, True
    made = training.material(FRAME, left_out=[(one, "x"), (two, "y")], **KNOWN)
    assert len(made) == len(RIPE) - 15
    assert [line.split()[0] for line in made.left_out] == ["10", "10"]
    assert made.summary.endswith("; 15 are left out.")


@pytest.mark.parametrize(
    "mask", [[True], np.ones(len(FRAME)), np.ones((len(FRAME), 2), bool)]
)
def test_a_mask_of_other_rows_is_refused(mask):
    with pytest.raises(ValueError, match="left_out must mark each of the 160 rows"):
        training.material(FRAME, left_out=mask, **KNOWN)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"max_share_per_person": 1.5}, "max_share_per_person must lie within 0 and 1"),
        ({"hold_out": -1}, "hold_out must be 0 or more chunks, got -1"),
        ({"span": 0}, "at least one chunk"),
    ],
)
def test_settings_that_make_no_sense_are_refused(more, said):
    with pytest.raises(ValueError, match=said):
        training.material(FRAME, **KNOWN, **more)


# ---------------------------------------------------------------- a fair test later


def test_a_row_that_a_word_stood_for_is_no_test_of_that_version():
    told = words(history(40, 0), say(YOUNG["id"].head(6), [1.0] * 6))
    made = training.material(FRAME, feedback=told, **KNOWN)
    last = made.table["time"][made.sources == "outcome"].max()
    free = training.unseen(FRAME, trained_to=last, feedback=told, as_of=AS_OF)
    learned = FRAME["id"].isin(made.table["id"]).to_numpy()
    assert not (free & learned).any()
    assert (free | learned).all()
    everything = training.unseen(FRAME, trained_to=None, feedback=say([], []))
    assert everything.all()
    with pytest.raises(ValueError, match="as_of must say when the version was trained"):
        training.unseen(FRAME, trained_to=last, feedback=told)


def test_flags_and_words_that_came_later_do_not_spoil_a_row():
    told = say(YOUNG["id"].head(2), [1.0] * 2, kind="flag")
    late = say(YOUNG["id"].iloc[2:4], [1.0] * 2)
    late["time"] = AS_OF + timedelta(days=1)
    free = training.unseen(
        YOUNG, trained_to=None, feedback=words(told, late), as_of=AS_OF
    )
    assert free.all()

"""Faults of the data: what is ruled while they last, and what is left out after."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lifecycle import decision
from lifecycle.decision.faults import clean

COSTS = decision.Costs(1_500, 80_000, 100, 10, recalibrate=20)
SCALE = {"costs": COSTS, "rows_per_week": 400, "horizon_weeks": 26}
MONDAY = datetime(2023, 5, 15, tzinfo=UTC)  # of 2023-W20
NEWEST = ("2023-W19", "2023-W20")


def table(bad: float = 0.3, good: float = 0.0, moments: bool = False) -> pd.DataFrame:
    """Six windows; a roll-back shines in the newest two, a retraining in the others."""
    rows = []
    for age in range(6):
        start = MONDAY - timedelta(weeks=age)
        window = {"window": f"2023-W{20 - age}", "age": age, "n": 400}
        if moments:
            window |= {"start": start, "end": start + timedelta(weeks=1)}
        gain = bad if age < 2 else good
        rows += [
            {**window, "action": "keep", "difference": 0.0},
            {**window, "action": "roll_back", "version": 2, "difference": gain},
            {**window, "action": "recalibrate", "difference": gain},
            {
                **window,
                "action": "retrain",
                "recipe": "own",
                "span": 13,
                "difference": 0.2 if age >= 2 else -0.3,
            },
        ]
    frame = pd.DataFrame(rows).assign(variance=0.0004)
    for name in {"start", "end"} & set(frame.columns):
        frame[name] = frame[name].astype("datetime64[us, UTC]")
    return frame.astype({"span": "Int64", "version": "Int64"})


def fault(**facts) -> decision.DataFault:
    told = {"chunks": NEWEST, "n": 800, "extra_loss": 0.1, "variance": 0.0004}
    return decision.DataFault("age is frozen since 2023-05-08", **{**told, **facts})


def test_while_a_fault_lasts_the_ruling_is_to_mend_the_data():
    assert decision.rule(table(), **SCALE).action in ("roll_back", "recalibrate")
    ruling = decision.rule(table(), faults=[fault()], **SCALE)
    assert (ruling.action, ruling.verdict) == ("fix_data", "alert")
    assert (ruling.recipe, ruling.span, ruling.version) == ("", None, None)
    assert ruling.left_out == NEWEST
    half = stats.norm.ppf(0.95) * math.sqrt(0.0004) * 4_000
    assert ruling.value == pytest.approx(400.0)
    assert ruling.lower == pytest.approx(400.0 - half)
    assert ruling.upper == pytest.approx(400.0 + half)
    assert ruling.summary.startswith(
        "Fix the data: age is frozen since 2023-05-08, which costs about $400 a week "
        "(90%: 268 to 532) while it lasts; nothing is trained on its 800 rows. Once "
        "mended, retrain on the last 13 weeks: expected +$"
    )


def test_what_comes_next_is_judged_on_the_clean_windows():
    ruling = decision.rule(table(), faults=[fault()], **SCALE)
    assert ruling.then is not None
    alone = table()
    alone = alone[~alone["window"].isin(NEWEST)]
    expected = decision.rule(alone, **SCALE)
    assert (ruling.then.action, ruling.then.net) == (expected.action, expected.value)
    assert [o.net for o in ruling.options] == [o.net for o in expected.options]
    assert ruling.margin is None
    assert ruling.flips.rows == ()
    assert "once mended" in ruling.evidence()._repr_html_().lower()
    assert "Chosen" not in ruling.evidence()._repr_html_()
    assert "chosen" not in ruling.plot().alt
    assert "fix data" not in ruling.plot().alt
    rows = {row.subject: row for row in ruling.findings}
    assert rows["fix_data"].verdict == "alert"
    assert (rows["fix_data"].n, rows["fix_data"].unit) == (800, "USD")
    assert {rows[name].verdict for name in rows if name != "fix_data"} == {"quiet"}


def test_once_it_is_over_its_windows_are_only_left_out():
    over = fault(until=MONDAY + timedelta(weeks=1))
    ruling = decision.rule(table(), faults=[over], **SCALE)
    assert (ruling.action, ruling.span) == ("retrain", 13)
    assert ruling.left_out == NEWEST
    assert ruling.summary.endswith(
        "2023-W19 and 2023-W20 are left out: age is frozen since 2023-05-08."
    )
    assert ruling.margin is not None
    assert "2 windows touched by a fault" in repr(ruling.evidence())


def test_windows_that_the_back_test_has_left_out_by_itself_are_named_too():
    held = table()
    held = held[~held["window"].isin(NEWEST)]
    over = fault(until=MONDAY, chunks=["2023-W02", *NEWEST])
    ruling = decision.rule(held, faults=[over], **SCALE)
    assert ruling.left_out == NEWEST
    assert "2023-W19 and 2023-W20 are left out: age is frozen" in ruling.summary
    thin = decision.rule(held.assign(n=9), faults=[over], **SCALE)
    assert "only 36 rows have their outcome" in thin.summary
    assert "2023-W19 and 2023-W20 are left out: age is frozen" in thin.summary
    nothing = decision.rule(held.head(0), faults=[over], **SCALE)
    assert "due yet of rows that no fault touches and that are" in nothing.summary


def test_a_fault_that_is_accepted_is_the_new_world():
    ruling = decision.rule(table(), faults=[fault(accepted=True)], **SCALE)
    bare = decision.rule(table(), **SCALE)
    assert (ruling.action, ruling.value) == (bare.action, bare.value)
    assert ruling.summary == bare.summary
    assert ruling.left_out == ()
    assert ruling.facts()["faults"][0]["accepted"] is True


def test_a_fault_in_every_window_says_that_it_may_be_accepted():
    always = fault(chunks=[f"2023-W{week}" for week in range(10, 21)])
    ruling = decision.rule(table(), faults=[always], **SCALE)
    assert ruling.action == "fix_data"
    assert ruling.then is None
    assert "no clean window has its outcomes" in ruling.summary
    assert "accept the fault" in ruling.summary
    past = fault(chunks=always.chunks, until=MONDAY)
    undefined = decision.rule(table(), faults=[past], **SCALE)
    assert (undefined.action, undefined.verdict) == ("keep", "undefined")
    assert "due yet of rows that no fault touches and that are" in undefined.summary


def test_a_fault_of_rows_whose_outcomes_are_not_due_yet_is_mended_all_the_same():
    new = fault(chunks=["2023-W21"], extra_loss=math.nan, variance=math.nan, n=1)
    ruling = decision.rule(table(), faults=[new], **SCALE)
    assert ruling.action == "fix_data"
    assert ruling.left_out == ("2023-W21",)
    assert math.isnan(ruling.value)
    assert ruling.facts()["value"] is None
    assert "what it costs is not known yet" in ruling.summary
    assert "nothing is trained on the rows it touches" in ruling.summary
    assert repr(ruling) == "<Ruling fix data>"
    ruling.plot()


def test_a_fault_is_mended_even_where_no_ruling_can_be_made():
    for held in (None, table().head(0), table().assign(n=2)):
        ruling = decision.rule(held, faults=[fault()], **SCALE)
        assert (ruling.action, ruling.verdict) == ("fix_data", "alert")
        assert "What comes next cannot be said" in ruling.summary
        assert ("accept the fault" in ruling.summary) is (
            held is not None and not len(held)
        )
        assert json.dumps(ruling.facts(), allow_nan=False)


def test_once_mended_there_may_be_nothing_to_do():
    held = table()
    held.loc[held["action"] == "retrain", "difference"] = 0.0
    ruling = decision.rule(held, faults=[fault()], **SCALE)
    assert ruling.then is None
    assert "Once mended, keep the version in production: the best alt" in ruling.summary


def test_of_several_the_dearest_is_named_first_and_nothing_is_added_up():
    small = decision.DataFault("plan is renamed", n=9, extra_loss=0.01, variance=0.0)
    unknown = decision.DataFault("city is missing", chunks=["2023-W20"])
    ruling = decision.rule(table(), faults=[unknown, small, fault()], **SCALE)
    assert ruling.value == pytest.approx(400.0)
    assert ruling.summary.startswith("Fix the data: age is frozen since 2023-05-08, ")
    assert "; also plan is renamed; city is missing." in ruling.summary
    assert len(ruling.facts()["faults"]) == 3


def test_a_fault_that_harms_nothing_is_not_said_to_cost():
    ruling = decision.rule(table(), faults=[fault(extra_loss=-0.02)], **SCALE)
    assert "no loss from it can be shown yet" in ruling.summary


def test_text_of_a_fault_is_one_line_and_escaped():
    evil = decision.DataFault("<script>\n\x07is frozen" + "x" * 9_000, chunks=NEWEST)
    ruling = decision.rule(table(), faults=[evil], **SCALE)
    assert "\n" not in ruling.summary
    assert len(ruling.summary) < 900
    assert "<script>" not in ruling._repr_html_()


# ---------------------------------------------------------------- which windows


def test_a_window_of_several_chunks_is_touched_by_each_of_them():
    held = table(moments=True)
    wide = held[held["age"] == 0].assign(window="2023-W18")
    wide["start"] -= timedelta(weeks=2)
    older = held[held["age"] >= 3]
    merged = pd.concat([wide, older], ignore_index=True)
    kept = clean(merged, [fault(chunks=["2023-W19"])])
    assert set(kept["age"]) == {3, 4, 5}
    assert set(clean(merged, [fault(chunks=["2023-W17"])])["age"]) == {0, 4, 5}


def test_local_days_do_not_move_a_chunk_into_its_neighbour():
    held = table(moments=True)
    for hours in (-11, 11):
        moved = held.assign(
            start=held["start"] + timedelta(hours=hours),
            end=held["end"] + timedelta(hours=hours),
        )
        assert set(clean(moved, [fault(chunks=["2023-W20"])])["age"]) == {1, 2, 3, 4, 5}


def test_without_chunks_its_moments_say_what_is_touched():
    held = table(moments=True)
    since = MONDAY - timedelta(days=10)
    open_end = decision.DataFault("frozen", since=since)
    assert set(clean(held, [open_end])["age"]) == {3, 4, 5}
    ended = decision.DataFault("frozen", since=since, until=MONDAY)
    assert set(clean(held, [ended])["age"]) == {0, 3, 4, 5}
    assert len(clean(held, [decision.DataFault("always")])) == 0
    with pytest.raises(ValueError, match="give the fault its chunks"):
        clean(table(), [open_end])
    with pytest.raises(ValueError, match="no column window"):
        clean(table().drop(columns="window"), [fault()])


@settings(max_examples=30, deadline=None)
@given(weeks=st.sets(st.integers(10, 22)))
def test_windows_that_no_fault_names_all_stay(weeks):
    labels = [f"2023-W{week}" for week in sorted(weeks)]
    held = table(moments=True)
    named = [fault(chunks=labels)] if labels else []
    kept = clean(held, named)
    assert set(kept["window"]) == set(held["window"]) - set(labels)
    assert clean(kept, named).equals(kept)


NUMBERS = st.one_of(st.floats(-1, 1), st.sampled_from([0.0, math.nan]))


@settings(max_examples=40, deadline=None)
@given(
    gains=st.lists(NUMBERS, min_size=24, max_size=24),
    variance=st.sampled_from([0.0, 1e-4, 0.5]),
    n=st.sampled_from([0, 1, 9, 400]),
    weeks=st.sets(st.integers(14, 22)),
    until=st.sampled_from([None, MONDAY]),
    accepted=st.booleans(),
)
def test_whatever_comes_there_is_a_ruling_with_a_sentence_and_a_plain_record(
    gains, variance, n, weeks, until, accepted
):
    held = table().assign(difference=gains, variance=variance, n=n)
    labels = [f"2023-W{week}" for week in sorted(weeks)]
    found = [fault(chunks=labels, until=until, accepted=accepted)] if labels else []
    later = held[held["action"] != "keep"].assign(lag=1)
    ruling = decision.rule(held, faults=found, later=later, **SCALE)
    assert (ruling.action == "fix_data") is any(each.lasts for each in found)
    assert "\n" not in ruling.summary
    assert ruling.summary.endswith(".")
    assert json.dumps(ruling.facts(), allow_nan=False)
    assert len(ruling.frame()) == len(ruling.options)
    assert "nan" not in ruling.summary + ruling._repr_html_()
    assert "nan" not in ruling.evidence()._repr_html_()


# ---------------------------------------------------------------- what it costs


def test_the_extra_loss_is_measured_between_chunks_by_hand():
    loss = [0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, math.nan]
    chunks = ["W1", "W1", "W2", "W2", "W3", "W3", "W4", "W4"]
    touched = [False] * 4 + [True] * 4
    found = decision.DataFault.measured("frozen", loss, chunks, touched)
    # clean means 0.5 and 0: variance 0.125; two touched chunks, two clean ones
    assert found.extra_loss == pytest.approx(1.0 - 0.25)
    assert found.variance == pytest.approx(0.125 * (1 / 2 + 1 / 2))
    assert (found.n, found.chunks) == (4, ("W3", "W4"))


def test_where_no_outcome_is_known_the_extra_loss_is_undefined():
    nothing = decision.DataFault.measured("frozen", [0.0, math.nan], ["a", "b"], [0, 1])
    assert math.isnan(nothing.extra_loss)
    assert nothing.n == 1
    thin = decision.DataFault.measured("frozen", [0.0, 1.0], ["a", "b"], [0, 1])
    assert thin.extra_loss == 1.0
    assert math.isnan(thin.variance)
    said = decision.rule(table(), faults=[thin], **SCALE).summary
    assert "which costs about $4,000 a week while it lasts" in said
    empty = decision.DataFault.measured("frozen", [], [], [])
    assert (empty.n, empty.chunks) == (0, ())
    with pytest.raises(ValueError, match="must be of one length"):
        decision.DataFault.measured("frozen", [0.0], ["a", "b"], [0, 1])


def test_the_cost_covers_the_planted_one():
    rng = np.random.default_rng(3)
    chunks = np.repeat([f"W{week:02}" for week in range(12)], 300)
    touched = chunks >= "W10"
    covered = 0
    for _ in range(200):
        shock = np.repeat(rng.normal(0, 0.03, 12), 300)
        loss = rng.random(len(chunks)) < 0.2 + shock + 0.15 * touched
        found = decision.DataFault.measured("frozen", loss, chunks, touched)
        _, lower, upper = found.cost(rows_per_week=1, error=1)
        covered += lower <= 0.15 <= upper
    assert 165 <= covered <= 195  # 90% of 200, and what 12 chunks can give


def test_a_fault_says_how_many_rows_it_touches_a_week():
    few = fault(rows_per_week=40.0)
    assert few.cost(rows_per_week=400, error=10)[0] == pytest.approx(40.0)


def test_numbers_that_make_no_sense_are_refused():
    for name in ("n", "variance", "rows_per_week"):
        with pytest.raises(ValueError, match=f"{name} of a fault must be 0 or more"):
            fault(**{name: -1})
    with pytest.raises(ValueError, match="extra_loss of a fault is infinite"):
        fault(extra_loss=math.inf)
    with pytest.raises(ValueError, match="since has no time zone"):
        fault(since=datetime(2023, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="before it begins"):
        fault(since=MONDAY, until=MONDAY - timedelta(days=1))

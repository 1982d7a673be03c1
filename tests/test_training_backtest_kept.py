"""What a back-test keeps of its fits, and what it may spend."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import training
from lifecycle.errors import InputError
from lifecycle.recipes import Recipe
from lifecycle.workspace.fits_kept import FitsKept
from tests.backtests import (
    DELAY,
    PER_WEEK,
    Share,
    Sign,
    Spy,
    ask,
    at,
    log,
    plain,
    same,
    seen_at,
)

# ---------------------------------------------------------------- kept fits


def table_of(result, ages=range(99)):
    return result.table[result.table["age"].isin(ages)].reset_index(drop=True)


@pytest.mark.parametrize("in_files", [False, True])
def test_kept_fits_change_no_number(tmp_path, in_files):
    frame = log(flip=13)
    kept = FitsKept(tmp_path) if in_files else training.InMemory()
    told = {"recipe": plain(lambda: Share(weight=0.3))}
    without = ask(frame, **told)
    first = ask(frame, kept=kept, **told)
    again = ask(frame, kept=kept, **told)
    for result in (first, again):
        same(without.table, result.table)
        same(without.later, result.later)
    assert (without.fits, first.fits, again.fits) == (8, 8, 0)
    assert (without.kept, first.kept, again.kept) == (0, 0, 8)
    assert again.seconds == 0
    assert (again.table.query("action == 'retrain'")["seconds"] == 0).all()
    assert repr(again) == "<Backtest 4 windows, 4 options, 0 fits, 8 kept>"


def test_a_week_later_only_the_new_window_is_fitted():
    frame = log(20)
    kept = training.InMemory()
    for week in (17, 18, 19):
        rows = seen_at(frame, at(week))
        result = ask(rows, as_of=at(week), kept=kept, older=16)
        bare = ask(rows, as_of=at(week))
        same(table_of(bare), table_of(result, range(4)))
        assert result.fits == (8 if week == 17 else 2)
    windows = result.table.query("action == 'retrain'")["window"].unique().tolist()
    assert windows == [f"2023-W{week}" for week in (17, 16, 15, 14, 13, 12)]
    assert result.kept == 10


def test_a_fit_scores_ahead_the_rows_whose_outcomes_are_not_due():
    frame = log(20)
    kept = training.InMemory()
    for week in (17, 18, 19):
        result = ask(
            seen_at(frame, at(week)), as_of=at(week), kept=kept, older=16, windows=2
        )
    later = result.later.query("option == 'retrain plain all'")
    pairs = set(zip(later["made"], later["lag"], strict=True))
    assert {("2023-W16", 1), ("2023-W15", 2)} <= pairs
    bare = ask(seen_at(frame, at(19)), as_of=at(19), windows=9)
    both = later.merge(bare.later, on=["made", "window", "option"])
    assert len(both) == len(later) == 5
    assert (both["loss_x"] == both["loss_y"]).all()


def test_a_window_that_shrinks_is_kept_too():
    """The week's first hours are put to the week before; a week later they are not."""
    frame = log(20)
    kept = training.InMemory()
    hours = timedelta(hours=9)
    sizes, fits = [], []
    for week in (17, 18):
        as_of = at(week) + hours
        result = ask(seen_at(frame, as_of), as_of=as_of, kept=kept, windows=2)
        sizes.append(result.table.query("action == 'keep'")["n"].tolist())
        fits.append(result.fits)
    assert sizes[0][0] > PER_WEEK
    assert sizes[1][1] == PER_WEEK
    assert fits == [4, 2]


def test_a_corrected_outcome_is_only_felt_by_the_fits_that_learned_it():
    frame = log()
    kept = training.InMemory()
    spy = Spy()
    told = {"recipe": spy.recipe(), "spans": [2, None], "kept": kept, "windows": 4}
    ask(frame, **told)
    assert len(spy.seen) == 8
    spy.seen.clear()
    changed = frame.copy()
    place = changed.index[changed["week"] == 11][7]
    changed.loc[place, "outcome"] = 1 - changed.loc[place, "outcome"]
    result = ask(changed, **told)
    # week 11 is due when weeks 14 and 15 begin, and within two weeks of both
    assert result.fits == len(spy.seen) == 4
    same(result.table, ask(changed, **{**told, "kept": None}).table)
    spy.seen.clear()
    newest = changed.copy()
    place = newest.index[newest["week"] == 15][7]
    newest.loc[place, "outcome"] = 1 - newest.loc[place, "outcome"]
    result = ask(newest, **told)
    assert result.fits == 0
    same(result.table, ask(newest, **{**told, "kept": None}).table)


@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_whatever_happens_between_two_rulings_kept_fits_change_no_number(data):
    frame = log(18, per_week=60)
    kept = training.InMemory()
    for week in (14, 15, 17):
        for _ in range(data.draw(st.integers(0, 3))):  # outcomes are corrected
            place = data.draw(st.integers(0, len(frame) - 1))
            frame.loc[place, "outcome"] = 1 - frame.loc[place, "outcome"]
            frame.loc[place, "known_at"] += timedelta(days=data.draw(st.integers(0, 9)))
        bad = (frame["week"] == data.draw(st.integers(0, 17))).to_numpy()
        as_of = at(week) + timedelta(hours=data.draw(st.integers(0, 167)))
        rows = seen_at(frame, as_of)
        told = {"as_of": as_of, "left_out": bad[rows.index], "min_rows": 50}
        told["recipe"] = plain(lambda: Share(weight=0.3))
        with_kept = ask(rows, kept=kept, older=5, **told)
        without = ask(rows, **told)
        same(table_of(without, range(4)), table_of(with_kept, range(4)))
        assert with_kept.fits <= without.fits


@pytest.mark.parametrize(
    "change", ["seed", "recipe", "source", "columns", "feature", "category"]
)
def test_whatever_a_fit_depends_on_makes_it_anew(change):
    frame = log()
    kept = training.InMemory()
    told = {"kept": kept, "windows": 1, "spans": [None]}
    assert ask(frame, **told).fits == 1
    more = {
        "seed": {"seed": 2},
        "recipe": {"recipe": plain(Share, "another")},
        "source": {"recipe": Recipe("plain", "new", lambda *_: Share())},
        "columns": {"categorical": []},
    }.get(change, {})
    if change == "feature":
        frame.loc[3, "b"] = 7.5
    if change == "category":
        frame.loc[3, "kind"] = "z"
    assert ask(frame, **told, **more).fits == 1


def test_what_is_kept_and_not_whole_is_made_again():
    frame = log()
    kept = training.InMemory()
    ask(frame, kept=kept, windows=1)
    for key, data in kept.held.items():
        kept.held[key] = data[:-3]
    again = ask(frame, kept=kept, windows=1)
    assert again.fits == 2
    assert ask(frame, kept=kept, windows=1).fits == 0


def test_older_windows_hold_what_needs_no_fit():
    result = ask(
        log(), windows=2, older=3, deployed={"keep": Sign(), "roll_back 1": Sign()}
    )
    ages = result.table.groupby("action")["age"].max()
    assert ages["keep"] == ages["roll_back"] == 4
    assert ages["retrain"] == 1
    assert result.fits == 4


def test_like_rows_have_like_digests_and_others_not():
    from lifecycle.training.keeping import digest_rows

    table = pd.DataFrame(
        {
            "a": [0.0, -0.0, 1.0, np.nan, np.nan, 1.0],
            "kind": pd.Series(["x", "x", "x", "x", "x", np.nan], dtype=object),
        }
    )
    rows = [tuple(row) for row in digest_rows(table)]
    assert rows[0] == rows[1]
    assert rows[3] == rows[4]
    assert len(set(rows)) == 4
    alone = digest_rows(table.iloc[[5]])
    assert tuple(alone[0]) == rows[5]


# ---------------------------------------------------------------- what it may spend


def test_no_more_fits_are_made_than_are_allowed_and_the_newest_come_first():
    result = ask(log(), max_fits=3)
    assert result.fits == 3
    made = result.table.query("action == 'retrain'")
    assert made["window"].tolist() == ["2023-W16", "2023-W16", "2023-W15"]
    assert (
        "5 fits were not made, for at most 3 were allowed: the newest windows came "
        "first"
    ) in result.skipped


def test_a_budget_of_rows_is_an_even_choice_of_what_was_due():
    frame = log()
    frame["a"] = np.arange(len(frame), dtype=float)
    spy = Spy()
    result = ask(frame, recipe=spy.recipe(), spans=[None], windows=1, max_rows=200)
    rows = spy.seen[0][0]["a"].to_numpy()
    due = frame[frame["time"] + DELAY <= result.table["start"].iloc[0]]["a"].to_numpy()
    assert result.table.query("action == 'retrain'")["trained_rows"].item() == 200
    assert len(set(rows)) == 200
    assert (rows[0], rows[-1]) == (due[0], due[-1])
    gaps = np.diff(rows)
    assert set(gaps) <= {np.floor(gaps.mean()), np.ceil(gaps.mean())}
    assert any(f"at most 200 of up to {len(due)} rows" in s for s in result.skipped)


def test_an_executor_gives_the_same_answer():
    frame = log(flip=13)
    told = {
        "recipe": plain(lambda: Share(weight=0.3)),
        "alternatives": {"other": plain(Sign, "other")},
        "spans": [2, 3, 5, None],
    }
    with ThreadPoolExecutor(1) as pool:
        one = ask(frame, executor=pool, **told)
    two = ask(frame, **told)
    same(one.table, two.table)
    same(one.later, two.later)
    assert one.fits == two.fits == 32


def test_a_users_file_is_fitted_where_its_functions_are_known():
    class Nowhere:
        def submit(self, *_):
            raise AssertionError("was handed on")

    mine = Recipe("mine", "m", lambda *_: Share(), "recipes/mine.py")
    assert ask(log(), recipe=mine, executor=Nowhere()).fits == 8


# ---------------------------------------------------------------- the directory


def test_what_nobody_asks_for_is_dropped_after_some_rulings(tmp_path):
    with FitsKept(tmp_path, rulings=2) as kept:
        kept.set("aa", b"1")
        kept.set("bb", b"2")
    for _ in range(2):
        with FitsKept(tmp_path, rulings=2) as kept:
            assert kept.get("aa") == b"1"
    assert kept.get("bb") is None
    assert kept.get("aa") == b"1"
    assert repr(kept) == "<FitsKept 1 fits>"


def test_the_directory_stays_small_and_the_newest_stay(tmp_path):
    with FitsKept(tmp_path, most_bytes=250) as kept:
        kept.set("aa", bytes(100))
    with FitsKept(tmp_path, most_bytes=250) as kept:
        kept.set("bb", bytes(100))
        kept.set("cc", bytes(100))
    assert [kept.get(key) is not None for key in ("aa", "bb", "cc")] == [
        False,
        True,
        True,
    ]


def test_a_damaged_book_forgets_only_who_was_asked_for(tmp_path):
    with FitsKept(tmp_path, rulings=1) as kept:
        kept.set("aa", b"1")
    for text in ("{", "[]", '{"rulings": 3, "used": 4}', '{"rulings": 3}'):
        (tmp_path / "used.json").write_text(text)
        with FitsKept(tmp_path, rulings=1):
            pass
        assert FitsKept(tmp_path).get("aa") == b"1"


def test_after_an_error_nothing_is_dropped(tmp_path):
    with FitsKept(tmp_path, rulings=1) as kept:
        kept.set("aa", b"1")

    def fail():
        with FitsKept(tmp_path, rulings=1):
            raise InputError("stop")

    with pytest.raises(InputError, match="stop"):
        fail()
    assert kept.get("aa") == b"1"


def test_a_key_is_never_a_path(tmp_path):
    for key in ("../up", "", "AA", "a" * 200):
        with pytest.raises(ValueError, match="hexadecimal"):
            FitsKept(tmp_path).set(key, b"1")
    with pytest.raises(ValueError, match="rulings must be 1 or more"):
        FitsKept(tmp_path, rulings=0)
    assert FitsKept(tmp_path / "none").get("aa") is None

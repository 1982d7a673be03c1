"""The back-test: what each action would have brought, in one table."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest

from lifecycle.errors import SettingsError
from lifecycle.training.recalibrating import Map
from tests.backtests import (
    COLUMNS,
    DELAY,
    PER_WEEK,
    Share,
    Sign,
    Spy,
    Strict,
    ask,
    at,
    log,
    plain,
)

# ---------------------------------------------------------------- the tables


def test_the_tables_have_the_columns_that_the_decision_reads():
    result = ask(log())
    assert list(result.table) == COLUMNS
    assert list(result.later) == [*COLUMNS, "lag", "made"]
    nothing = ask(log(), as_of=at(1))
    assert nothing.table.empty
    assert nothing.later.empty
    assert list(nothing.later) == [*COLUMNS, "lag", "made"]


def test_every_action_stands_in_one_table_on_the_same_rows():
    frame = log()
    frame["new"] = frame["a"]
    result = ask(
        frame,
        alternatives={"other": plain(Sign, "other")},
        deployed={"keep": Share(weight=0.3).fit(frame, frame["outcome"])}
        | {f"roll_back {number}": Sign() for number in (1, 2, 5)},
        offered_numeric=["new"],
        windows=1,
    )
    assert result.table["option"].tolist() == [
        "keep",
        "roll_back 1",
        "roll_back 2",
        "roll_back 5",
        "recalibrate",
        "retrain plain 4",
        "retrain plain all",
        "rebuild other 4",
        "rebuild other all",
        "rebuild plain 4 with new",
        "rebuild plain all with new",
    ]
    assert result.table["n"].unique().tolist() == [PER_WEEK]
    assert result.table["version"].dropna().tolist() == [1, 2, 5]


def test_a_flip_of_the_sign_is_worth_what_counting_says():
    """The champion is right before week 12 and wrong from then on, `Sign(-1)` the
    other way round."""
    result = ask(
        log(flip=12),
        recipe=plain(lambda: Sign(-1), "turned"),
        spans=[None],
        windows=6,
        deployed={"keep": Sign(), "roll_back 1": Sign(-1)},
        as_of=at(18),
    )
    table = result.table[result.table["action"] != "recalibrate"]
    gain = table.pivot(index="window", columns="option", values="difference")
    assert gain["retrain turned all"].tolist() == [-1, -1, 1, 1, 1, 1]
    assert gain["roll_back 1"].tolist() == [-1, -1, 1, 1, 1, 1]
    assert gain["keep"].tolist() == [0] * 6
    assert (table["variance"] == 0).all()


def test_difference_and_variance_are_those_of_the_paired_losses():
    frame = log(seed=3)
    frame["outcome"] = (frame["b"].fillna(-1) > 0).astype(float)
    result = ask(frame, recipe=plain(lambda: Share(weight=0.3)))
    for row in result.table.itertuples():
        champion = result.losses[row.window, "keep"]
        own = result.losses[row.window, row.option]
        gain = champion - own
        assert row.difference == pytest.approx(gain.mean())
        assert row.variance == pytest.approx(gain.var(ddof=1) / len(gain))


def test_an_option_is_scored_again_as_it_was_made():
    """The share of positives it was trained on tells when it was trained."""
    frame = log()
    share = 0.2 + 0.03 * frame["week"]
    frame["outcome"] = (frame.groupby("week").cumcount() / PER_WEEK < share).astype(
        float
    )
    spy = Spy()
    result = ask(frame, recipe=spy.recipe(), spans=[1], windows=4, lags=(1, 2))
    later = result.later[result.later["action"] == "retrain"]
    pairs = sorted(zip(later["made"], later["window"], later["lag"], strict=True))
    weeks = ["2023-W13", "2023-W14", "2023-W15", "2023-W16"]
    assert pairs == sorted(
        (weeks[made], weeks[made + lag], lag)
        for lag in (1, 2)
        for made in range(4 - lag)
    )
    assert result.fits == 4
    for row in later.itertuples():
        was = result.scores[row.made, row.option][0]
        truth = frame[(frame["time"] >= row.start) & (frame["time"] < row.end)]
        wrong = (truth["outcome"] == 1) != (was >= 0.5)
        assert row.loss == pytest.approx(wrong.mean())
        keep = result.table.query("window == @row.window and action == 'keep'").iloc[0]
        assert row.champion_loss == pytest.approx(keep["loss"])
        assert row.difference == pytest.approx(keep["loss"] - wrong.mean())
        assert row.age == keep["age"]


def test_a_roll_back_later_is_the_same_roll_back():
    result = ask(
        log(flip=14), deployed={"keep": Sign(), "roll_back 3": Sign(-1)}, windows=4
    )
    later = result.later[result.later["action"] == "roll_back"]
    now = result.table.set_index(["window", "option"])["difference"]
    assert len(later) == 5  # three pairs one week apart, two pairs two weeks
    for row in later.itertuples():
        assert row.difference == now[row.window, row.option]


def test_a_rebuild_later_is_held_against_the_retrain_of_its_own_window():
    result = ask(
        log(flip=14),
        alternatives={"other": plain(Sign, "other")},
        spans=[None],
        windows=2,
        lags=(1,),
    )
    later = result.later.query("action == 'rebuild'").iloc[0]
    own = result.later.query("action == 'retrain'").iloc[0]
    assert later["fresh_difference"] == pytest.approx(own["loss"] - later["loss"])


def test_lags_count_chunks_where_a_window_is_missing():
    frame = log()
    frame = frame[frame["week"] != 14]
    later = ask(frame, windows=3, lags=(1, 2, 3)).later
    told = later.query("option == 'retrain plain all'")
    assert sorted(zip(told["made"], told["window"], told["lag"], strict=True)) == [
        ("2023-W13", "2023-W14", 1),
        ("2023-W13", "2023-W16", 3),
        ("2023-W14", "2023-W16", 2),
    ]


@pytest.mark.parametrize(
    ("earlier", "after", "chunks"),
    [
        ("2020-W53", "2021-W01", 1),
        ("2022-12", "2023-02", 2),
        ("2024-02-28", "2024-03-01", 2),
        ("2023-W09", "2023-W10", 1),
    ],
)
def test_chunks_in_a_row_have_numbers_in_a_row(earlier, after, chunks):
    from lifecycle.training.lags import chunk_number

    assert chunk_number(after) - chunk_number(earlier) == chunks


# ---------------------------------------------------------------- earlier versions


def test_an_earlier_version_is_only_tested_on_rows_after_its_training():
    result = ask(
        log(),
        deployed={"keep": Sign(), "roll_back 1": Sign(), "roll_back 2": Sign()},
        trained_to={"roll_back 1": at(5), "roll_back 2": at(14)},
    )
    windows = result.table.groupby("option")["window"].apply(list)
    assert windows["roll_back 1"] == ["2023-W16", "2023-W15", "2023-W14", "2023-W13"]
    assert windows["roll_back 2"] == ["2023-W16"]
    assert [said for said in result.skipped if said.startswith("roll_back")] == [
        f"roll_back 2 in window 2023-W{week} is left out: it was trained on rows of "
        "this window"
        for week in (15, 14, 13)
    ]


def test_a_version_that_reads_other_columns_comes_as_its_scores():
    frame = log()
    scores = (frame["a"] > 0).to_numpy(dtype=float)
    result = ask(frame, deployed={"keep": Sign(), "roll_back 4": scores})
    assert (result.table.query("version == 4")["difference"] == 0).all()
    known = (frame["week"] == 15) & (frame.index % 4 != 0)
    scores[(frame["week"] == 14) & (frame.index % 3 != 0)] = np.nan
    scores[(frame["week"] == 15) & ~known] = np.nan
    scores[known] = 1 - scores[known]  # wrong on all that it knows
    result = ask(frame, deployed={"keep": Sign(), "roll_back 4": scores})
    assert result.table.query("version == 4")["window"].tolist() == [
        "2023-W16",
        "2023-W14",
        "2023-W13",
    ]
    part = result.table.query("version == 4 and age == 0").iloc[0]
    assert (part["n"], part["loss"], part["difference"]) == (90, 1, -1)
    assert np.isnan(result.losses["2023-W16", "roll_back 4"]).sum() == 30
    assert (
        "roll_back 4 in window 2023-W15 is left out: it gave no score for 80 of 120 "
        "rows"
    ) in result.skipped


def test_rows_the_champion_gave_no_score_are_not_tested():
    frame = log()
    scores = (frame["a"] > 0).to_numpy(dtype=float)
    scores[frame["week"] == 15] = np.nan
    table = ask(frame, deployed={"keep": scores}).table
    assert "2023-W16" not in table["window"].tolist()
    assert (table.query("action == 'keep'")["loss"] == 0).all()


def test_scores_for_another_number_of_rows_are_refused():
    with pytest.raises(ValueError, match="gives 3 scores as 'keep' for 2160 rows"):
        ask(log(), deployed={"keep": [0.1, 0.2, 0.3]})


# ---------------------------------------------------------------- new columns


def test_new_columns_are_tried_only_where_they_exist():
    """The outcome is the sign of a column that is there from week 10 on."""
    frame = log()
    frame["region"] = np.random.default_rng(5).normal(size=len(frame))
    frame["outcome"] = (frame["region"] > 0).astype(float)
    frame.loc[frame["week"] < 10, "region"] = np.nan
    result = ask(
        frame,
        recipe=plain(lambda: Sign(column="region")),
        spans=[4],
        offered_numeric=["region"],
        windows=8,
    )
    tried = result.table[result.table["offered"] != ""]
    assert tried["offered"].unique().tolist() == ["region"]
    assert tried["action"].unique().tolist() == ["rebuild"]
    assert tried["window"].tolist() == ["2023-W16", "2023-W15", "2023-W14"]
    assert (tried["loss"] == 0).all()
    own = result.table.query("option == 'retrain plain 4'").set_index("window")["loss"]
    for row in tried.itertuples():
        assert row.fresh_difference == pytest.approx(own[row.window])
    said = [words for words in result.skipped if "region" in words]
    assert any("2023-W09 is left out: not all the new columns" in w for w in said)
    assert any("only 0 rows to train on have the new columns" in w for w in said)


@pytest.mark.parametrize("threads", [0, 1])
def test_a_recipe_that_cannot_read_a_new_column_is_no_end_of_the_ruling(threads):
    """Older rows have no value of it, and a plain logistic regression takes none."""
    frame = log().assign(b=0.5, kind="x", new=1.0)
    frame.loc[frame["week"] < 10, "new"] = np.nan
    told = {"offered_numeric": ["new"], "windows": 2, "spans": [None]}
    told["recipe"] = plain(Strict)
    if threads:
        with ThreadPoolExecutor(threads) as pool:
            result = ask(frame, executor=pool, **told)
    else:
        result = ask(frame, **told)
    assert "retrain plain all" in set(result.table["option"])
    assert not (result.table["offered"] != "").any()
    (said,) = {words for words in result.skipped if "W16 is left out" in words}
    assert "rebuild plain all with new" in said
    assert "ValueError: nothing missing, please" in said
    frame["a"] = np.nan
    with pytest.raises(SettingsError, match="nothing missing, please"):
        ask(frame, **told)


def test_a_hostile_name_of_a_column_stays_on_one_line():
    frame = log().assign(**{"<b>\nx" + "y" * 90: 1.0})
    name = frame.columns[-1]
    table = ask(frame, offered_numeric=[name], windows=1, spans=[None]).table
    assert table["offered"].iloc[-1] == "<b> x" + "y" * 55


# ---------------------------------------------------------------- recalibration


def test_recalibration_learns_from_the_newest_rows_due_after_the_champions_own():
    frame = log()
    rng = np.random.default_rng(2)
    score = 1 / (1 + np.exp(-2 * frame["a"].to_numpy()))
    frame["outcome"] = (rng.random(len(frame)) < score**3).astype(float)
    told = {"deployed": {"keep": score}, "windows": 2, "recalibrate_rows": 300}
    result = ask(frame, **told)
    row = result.table.query("option == 'recalibrate' and age == 0").iloc[0]
    due = frame[frame["time"] + DELAY <= row["start"]].index[-300:]
    fresh = Map.fitted(score[due], frame["outcome"][due].to_numpy())
    held = frame[(frame["time"] >= row["start"]) & (frame["time"] < row["end"])].index
    np.testing.assert_allclose(
        result.scores["2023-W16", "recalibrate"], fresh(score[held])
    )
    assert (row["trained_rows"], row["seconds"], row["n"]) == (300, 0, PER_WEEK)
    assert row["difference"] > 0.05
    later = result.later.query("option == 'recalibrate'").iloc[0]
    assert (later["made"], later["window"], later["lag"]) == ("2023-W15", "2023-W16", 1)
    assert later["loss"] != row["loss"] or later["difference"] == row["difference"]
    short = ask(frame, trained_to={"keep": at(12) + timedelta(days=5)}, **told)
    assert "recalibrate" not in short.table["action"].tolist()
    assert any(
        said.startswith("recalibrate in window 2023-W16 is left out: only 3")
        for said in short.skipped
    )


def test_scores_that_no_longer_rank_are_not_mended_by_a_map():
    result = ask(log(), deployed={"keep": Sign(-1)}, windows=1)
    assert "recalibrate" not in result.table["action"].tolist()
    assert any("no longer rank their outcomes" in said for said in result.skipped)


def test_a_model_that_lives_elsewhere_cannot_be_recalibrated():
    frame = log().assign(prediction=1.0)
    result = ask(frame, deployed={"keep": None}, windows=1)
    assert result.table["action"].unique().tolist() == ["keep", "retrain"]

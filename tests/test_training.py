from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import recipes, training
from lifecycle.errors import InputError, NotEnoughData, SettingsError

NAMES = {"numeric": ["a", "b"], "categorical": ["kind"]}
START = datetime(2023, 1, 2, tzinfo=UTC)
DELAY = timedelta(days=14)
LOGISTIC = recipes.load("scaled_logistic")


def log(
    weeks: int = 16, per_week: int = 120, seed: int = 0, flip: int = 99
) -> pd.DataFrame:
    """Outcome follows `a`, and its opposite from week `flip` on."""
    rng = np.random.default_rng(seed)
    n = weeks * per_week
    week = np.repeat(np.arange(weeks), per_week)
    hours = week * 168 + np.tile(np.linspace(1, 167, per_week), weeks)
    times = pd.Timestamp(START) + pd.to_timedelta(hours, unit="h")
    a = rng.normal(size=n)
    sign = np.where(week < flip, 1, -1)
    outcome = (sign * a + rng.normal(0, 0.5, n) > 0).astype(float)
    frame = pd.DataFrame(
        {
            "id": [f"i{place:05d}" for place in range(n)],
            "time": times.astype("datetime64[us, UTC]"),
            "a": a,
            "b": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "kind": pd.Series(rng.choice(["x", "y", None], n), dtype="str"),
            "outcome": outcome,
        }
    )
    frame["known_at"] = frame["time"] + DELAY
    return frame


def backtest(frame: pd.DataFrame, **more):
    told = {
        "recipe": LOGISTIC,
        "alternatives": {},
        "deployed": {"keep": None},
        "as_of": START + timedelta(weeks=16),
        "delay": DELAY,
        "spans": [4, None],
        "seed": 1,
        **NAMES,
    }
    return training.backtest(frame, **{**told, **more})


@pytest.fixture(scope="module")
def stream() -> pd.DataFrame:
    frame = log()
    frame["prediction"] = (frame["a"] > 0).astype(float)
    return frame


# ---------------------------------------------------------------- one fit


def test_the_birth_record_says_how_it_came_to_be_and_is_json():
    frame = log(2)
    frame.loc[:9, "outcome"] = np.nan
    birth = training.train(frame, LOGISTIC, seed=7, threshold=0.4, **NAMES).birth
    assert json.loads(json.dumps(birth)) == birth
    assert birth["rows"] == 230
    assert birth["unlabelled"] == 10
    assert birth["positives"] == int(frame["outcome"].sum())
    assert birth["trained_from"] == frame["time"][10].isoformat()
    assert birth["trained_to"] == frame["time"].iloc[-1].isoformat()
    assert birth["missing"]["b"] == pytest.approx(
        frame["b"][10:].isna().mean(), abs=1e-6
    )
    assert birth["features"] == NAMES
    assert (birth["seed"], birth["threshold"]) == (7, 0.4)
    ours = {"python", "lifecycle", "numpy", "pandas", "scipy", "scikit-learn"}
    assert set(birth["packages"]) == ours
    assert (birth["task"], birth["material"], birth["search"]) == ("binary", None, None)


def test_the_order_of_the_rows_does_not_matter():
    frame = log(3)
    boosted = recipes.load("boosted_trees")
    first = training.train(frame, boosted, seed=7, **NAMES)
    mixed = frame.sample(frac=1, random_state=5)
    second = training.train(mixed, boosted, seed=7, **NAMES)
    assert first.birth["data_sha256"] == second.birth["data_sha256"]
    one, two = (training.predict(c.estimator, frame, **NAMES) for c in (first, second))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("column", ["a", "kind", "outcome"])
def test_the_digest_changes_with_any_value_that_is_learned_from(column):
    frame = log(2)
    before = training.train(frame, LOGISTIC, seed=7, **NAMES).birth["data_sha256"]
    frame.loc[3, column] = {"a": 0.5, "kind": "z"}.get(column, 1 - frame["outcome"][3])
    after = training.train(frame, LOGISTIC, seed=7, **NAMES).birth["data_sha256"]
    assert before != after


def test_too_few_rows_are_refused_with_a_sentence():
    with pytest.raises(NotEnoughData, match="only 49 labelled rows, 50 are needed"):
        training.train(log(1).head(49), LOGISTIC, seed=1, **NAMES)


def test_one_class_is_refused_with_a_sentence():
    with pytest.raises(NotEnoughData, match="all 120 outcomes are 1"):
        training.train(log(1).assign(outcome=1.0), LOGISTIC, seed=1, **NAMES)


def test_no_rows_and_no_outcomes_are_refused():
    for frame in (log(1).head(0), log(1).assign(outcome=np.nan)):
        with pytest.raises(NotEnoughData, match="only 0 labelled rows"):
            training.train(frame, LOGISTIC, seed=1, **NAMES)


def test_an_outcome_that_is_neither_is_refused():
    with pytest.raises(InputError, match="outcome 2 is neither 0 nor 1"):
        training.train(log(1).assign(outcome=2.0), LOGISTIC, seed=1, **NAMES)


def test_missing_columns_are_named():
    with pytest.raises(InputError, match="no column 'b', 'kind'"):
        training.predict(None, log(1)[["a"]], **NAMES)
    with pytest.raises(InputError, match="no column 'outcome'"):
        training.train(log(1)[["a"]], LOGISTIC, seed=1, **NAMES)


def test_a_number_that_is_none_is_named():
    with pytest.raises(InputError, match="column 'a' has a value that is no number"):
        training.features(
            pd.DataFrame({"a": ["3", "x"]}), numeric=["a"], categorical=[]
        )


def test_a_recipe_that_cannot_be_fitted_says_so(tmp_path):
    source = (
        "from sklearn.linear_model import LogisticRegression\n"
        "def estimator(numeric, categorical, seed):\n"
        "    return LogisticRegression()\n"
    )
    (tmp_path / "mine.py").write_text(source)
    mine = recipes.load("mine", folder=tmp_path)
    with pytest.raises(SettingsError, match="'mine' could not be fitted to 120 rows"):
        training.train(log(1), mine, seed=1, **NAMES)


def test_what_the_libraries_warn_of_is_kept_and_not_shown():
    frame = log(2).assign(a=1.0)
    binned = recipes.load("binned_logistic")
    said = training.train(frame, binned, seed=1, **NAMES).birth["warnings"]
    assert any("constant" in words for words in said)


def test_predicting_nothing_gives_nothing():
    fitted = training.train(log(2), LOGISTIC, seed=1, **NAMES).estimator
    assert training.predict(fitted, log(1).head(0), **NAMES).shape == (0,)


def test_features_take_any_kind_of_column():
    frame = pd.DataFrame(
        {
            "a": pd.Series([1, None, 3], dtype="Int64"),
            "b": [True, False, True],
            "kind": pd.Categorical(["x", None, "y"]),
            "code": [1, 2, 2],
        }
    )
    table = training.features(frame, numeric=["a", "b"], categorical=["kind", "code"])
    assert table["a"].tolist()[::2] == [1.0, 3.0]
    assert np.isnan(table["a"][1])
    assert table["b"].tolist() == [1.0, 0.0, 1.0]
    assert table["kind"].tolist()[::2] == ["x", "y"]
    assert table["code"].tolist() == ["1", "2", "2"]


# ---------------------------------------------------------------- what may be seen


def test_material_holds_only_what_was_due_and_known():
    frame = log(6)
    late = frame.index[:5]
    frame.loc[late, "known_at"] = pd.Timestamp("2024-01-01", tz="UTC")
    as_of = START + timedelta(weeks=5)
    rows = training.material(frame, as_of=as_of, delay=DELAY).frame()
    expected = frame[(frame["time"] <= as_of - DELAY) & ~frame.index.isin(late)]
    assert rows["id"].tolist() == expected["id"].tolist()


def test_an_outcome_that_came_early_waits_for_the_others():
    frame = log(4)
    frame["known_at"] = frame["time"]
    known = {"as_of": START + timedelta(weeks=4), "delay": DELAY}
    rows = training.material(frame, **known).frame()
    assert rows["time"].max() <= START + timedelta(weeks=2)


def test_a_span_counts_chunks_that_have_rows():
    frame = log(8)
    week = frame["time"].dt.isocalendar().week
    frame = frame[~week.isin([3, 4])]
    rows = training.material(
        frame, as_of=START + timedelta(weeks=8), delay=DELAY, span=3
    ).frame()
    assert sorted(rows["time"].dt.isocalendar().week.unique()) == [2, 5, 6]


def test_a_span_below_one_is_refused():
    with pytest.raises(ValueError, match="at least one chunk"):
        training.material(log(4), as_of=START + timedelta(weeks=4), delay=DELAY, span=0)


# ---------------------------------------------------------------- the back-test


def test_windows_are_the_newest_chunks_with_outcomes_that_are_due(stream):
    table = backtest(stream).table
    kept = table[table["action"] == "keep"]
    assert kept["window"].tolist() == ["2023-W14", "2023-W13", "2023-W12", "2023-W11"]
    assert kept["age"].tolist() == [0, 1, 2, 3]
    assert kept["n"].tolist() == [120] * 4


def test_a_candidate_is_the_one_that_training_at_the_start_of_the_window_gives(stream):
    result = backtest(stream)
    part = result.table[result.table["window"] == "2023-W13"].iloc[0]
    for span in (4, None):
        rows = training.material(stream, as_of=part["start"], delay=DELAY, span=span)
        fitted = training.train(rows, LOGISTIC, seed=1, **NAMES).estimator
        held = stream[
            (stream["time"] >= part["start"]) & (stream["time"] < part["end"])
        ]
        score = training.predict(fitted, held, **NAMES)
        option = f"retrain scaled_logistic {'all' if span is None else span}"
        np.testing.assert_array_equal(score, result.scores["2023-W13", option])
        loss = (score >= 0.5) != (held["outcome"] == 1)
        champion = held["prediction"] != held["outcome"]
        row = result.table.query("window == '2023-W13' and option == @option").iloc[0]
        gain = champion.to_numpy(dtype=float) - loss.to_numpy(dtype=float)
        assert row["difference"] == pytest.approx(gain.mean())
        assert row["variance"] == pytest.approx(gain.var(ddof=1) / 120)
        assert row["trained_rows"] == len(rows)


@pytest.fixture(scope="module")
def before():
    """A log whose champion always says 1, and its back-test."""
    frame = log(seed=3)
    frame["prediction"] = 1.0
    return frame, backtest(frame)


@settings(max_examples=8, deadline=None)
@given(
    window=st.sampled_from(["2023-W11", "2023-W12", "2023-W13", "2023-W14"]),
    seed=st.integers(0, 99),
)
def test_outcomes_not_mature_at_a_windows_start_never_change_its_candidates(
    before, window, seed
):
    frame, made = before[0].copy(), before[1]
    start = made.table.query("window == @window")["start"].iloc[0]
    unknown = (frame["time"] + DELAY > start) | (frame["known_at"] > start)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, 2, unknown.sum()).astype(float)
    frame.loc[unknown, "outcome"] = drawn
    after = backtest(frame)
    for option in ("retrain scaled_logistic 4", "retrain scaled_logistic all"):
        key = window, option
        np.testing.assert_array_equal(made.scores[key], after.scores[key])


def test_outcomes_known_later_than_as_of_change_nothing(stream):
    as_of = START + timedelta(weeks=12)
    changed = stream.copy()
    changed.loc[changed["known_at"] > as_of, "outcome"] = 1.0
    one, two = backtest(stream, as_of=as_of), backtest(changed, as_of=as_of)
    columns = ["window", "option", "loss", "difference", "n"]
    pd.testing.assert_frame_equal(one.table[columns], two.table[columns])


def test_deployed_models_score_the_same_rows_as_candidates(stream):
    old = training.train(stream.head(600), LOGISTIC, seed=1, **NAMES).estimator
    result = backtest(stream, deployed={"keep": old, "roll_back v1": old})
    back = result.table[result.table["action"] == "roll_back"]
    assert back["version"].tolist() == [1] * 4
    assert (back["difference"] == 0).all()
    assert {len(losses) for losses in result.losses.values()} == {120}


def test_a_rebuild_is_also_held_against_a_fresh_model_of_the_own_recipe(stream):
    trees = recipes.load("extra_trees")
    result = backtest(
        stream, alternatives={"extra_trees": trees}, spans=[None], windows=1
    )
    losses = {option: loss for (_, option), loss in result.losses.items()}
    own, other = (
        losses["retrain scaled_logistic all"],
        losses["rebuild extra_trees all"],
    )
    row = result.table.query("action == 'rebuild'").iloc[0]
    assert row["fresh_difference"] == pytest.approx((own - other).mean())
    assert row["fresh_variance"] == pytest.approx((own - other).var(ddof=1) / 120)


def test_the_dearer_error_is_a_loss_of_one_and_the_other_its_share(stream):
    one_sided = stream.assign(prediction=1.0)
    costs = {"false_positive": 5.0, "false_negative": 20.0}
    result = backtest(one_sided, costs=costs)
    keep = result.table.query("action == 'keep' and age == 0").iloc[0]
    newest = stream[stream["time"].dt.isocalendar().week == 14]
    assert result.error == 20.0
    assert keep["loss"] == pytest.approx(0.25 * (newest["outcome"] == 0).mean())


def test_windows_in_which_the_champion_was_trained_are_not_used(stream):
    seen = {"keep": datetime(2023, 3, 25, tzinfo=UTC)}
    table = backtest(stream, trained_to=seen).table
    assert table["window"].unique().tolist() == ["2023-W14", "2023-W13"]
    nothing = backtest(stream, trained_to={"keep": datetime(2023, 9, 1, tzinfo=UTC)})
    assert nothing.table.empty


def test_thin_chunks_join_the_one_before_them(stream):
    week = stream["time"].dt.isocalendar().week
    thin = stream[(week != 13) | (stream.index % 12 == 0)]
    table = backtest(thin).table.query("action == 'keep'")
    assert table["window"].tolist() == ["2023-W14", "2023-W12", "2023-W11", "2023-W10"]
    assert table["n"].tolist() == [120, 130, 120, 120]
    assert table["end"].iloc[1] == table["start"].iloc[0]


def test_too_short_a_history_is_skipped_and_said(stream):
    result = backtest(stream.head(600), as_of=START + timedelta(weeks=7))
    assert "2023-W02" in result.table["window"].tolist()
    assert any(
        "2023-W02" in said and "0 labelled rows" in said for said in result.skipped
    )


def test_the_same_rows_are_fitted_once(stream):
    result = backtest(stream, spans=[50, None])
    assert result.fits == 4
    assert len(result.table) == 12


def test_no_mature_outcome_gives_an_empty_table_with_all_columns(stream):
    result = backtest(stream, as_of=START + timedelta(days=3))
    assert result.table.empty
    assert "fresh_variance" in result.table
    assert repr(result) == "<Backtest 0 windows, 0 options, 0 fits>"


def test_a_rows_name_that_means_nothing_is_refused(stream):
    with pytest.raises(ValueError, match="'keep' or 'roll_back 2', got 'champion'"):
        backtest(stream, deployed={"keep": None, "champion": None})
    with pytest.raises(ValueError, match="must name the champion"):
        backtest(stream, deployed={})
    with pytest.raises(ValueError, match="must not be negative"):
        backtest(stream, costs={"false_positive": -1.0})
    with pytest.raises(InputError, match="no column 'outcome'"):
        backtest(stream.drop(columns="outcome"))


def test_months_of_very_different_size_make_windows():
    frame = log(26, per_week=60)
    frame["prediction"] = 1.0
    month = frame["time"].dt.month
    frame = frame[(month != 4) | (frame.index % 30 == 0)]
    result = backtest(
        frame, chunk="month", as_of=datetime(2023, 7, 1, tzinfo=UTC), windows=3
    )
    assert result.table["window"].unique().tolist() == ["2023-06", "2023-05", "2023-03"]
    assert result.chunk == "month"


def test_a_back_test_shows_itself_as_a_table(stream):
    shown = backtest(stream, windows=1)._repr_html_()
    assert "<table" in shown
    assert "retrain scaled_logistic 4" in shown

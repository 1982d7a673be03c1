"""The back-test: what each action would have brought, and what is kept of its fits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from lifecycle import training
from lifecycle.errors import InputError, SettingsError
from lifecycle.recipes import Recipe
from lifecycle.training.recalibrating import Map
from lifecycle.workspace.fits_kept import FitsKept

NAMES = {"numeric": ["a", "b"], "categorical": ["kind"]}
START = datetime(2023, 1, 2, tzinfo=UTC)
WEEK = timedelta(weeks=1)
DELAY = 2 * WEEK
PER_WEEK = 120


class Share(ClassifierMixin, BaseEstimator):
    """Gives every row the share of positives it was trained on, plus a bit of `a`."""

    def __init__(self, seen=None, weight=0.0):
        self.seen, self.weight = seen, weight

    def fit(self, table, truth):
        self.classes_ = np.unique(truth)
        self.share_ = float(np.mean(truth == self.classes_[-1]))
        if self.seen is not None:
            self.seen.append((table.copy(), np.asarray(truth).copy()))
        return self

    def predict_proba(self, table):
        one = np.clip(self.share_ + self.weight * table["a"].to_numpy(), 0, 1)
        return np.column_stack([1 - one, one])


class Sign(ClassifierMixin, BaseEstimator):
    """Predicts 1 where `a`, or `a` plus another column, is above 0."""

    def __init__(self, sign=1, column=None):
        self.sign, self.column = sign, column
        self.classes_ = np.array([0, 1])

    def fit(self, table, truth):
        self.classes_ = np.unique(truth)
        return self

    def predict_proba(self, table):
        one = (self.sign * table["a"] > 0).to_numpy(dtype=float)
        if self.column in table:
            one = (table[self.column] > 0).to_numpy(dtype=float)
        return np.column_stack([1 - one, one])


class Strict(Share):
    """Takes no missing values of numbers."""

    def fit(self, table, truth, sample_weight=None):
        if table.select_dtypes("number").isna().any(axis=None):
            raise ValueError("nothing missing, please")
        return super().fit(table, truth)


class Newest(RegressorMixin, BaseEstimator):
    """Predicts the mean amount it was trained on."""

    def fit(self, table, truth):
        self.mean_ = float(np.mean(truth))
        return self

    def predict(self, table):
        return np.full(len(table), self.mean_)


class Commonest(ClassifierMixin, BaseEstimator):
    """Predicts the class seen most often."""

    def fit(self, table, truth):
        self.classes_, counts = np.unique(truth, return_counts=True)
        self.commonest_ = self.classes_[counts.argmax()]
        return self

    def predict_proba(self, table):
        return np.tile(self.classes_ == self.commonest_, (len(table), 1)).astype(float)

    def predict(self, table):
        return np.full(len(table), self.commonest_)


@dataclass
class Spy:
    """A recipe that writes down what it was trained on."""

    seen: list = field(default_factory=list)

    def recipe(self, name="spy", **told) -> Recipe:
        return Recipe(name, name * 4, lambda *_: Share(self.seen, **told))


def plain(make, name="plain") -> Recipe:
    return Recipe(name, name * 4, lambda *_: make())


def log(weeks=18, per_week=PER_WEEK, seed=0, flip=99) -> pd.DataFrame:
    """Outcome is the sign of `a`, and from week `flip` on its opposite."""
    rng = np.random.default_rng(seed)
    n = weeks * per_week
    week = np.repeat(np.arange(weeks), per_week)
    hours = week * 168 + np.tile(np.linspace(1, 167, per_week), weeks)
    a = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "id": [f"i{place:05d}" for place in range(n)],
            "time": (pd.Timestamp(START) + pd.to_timedelta(hours, unit="h")).astype(
                "datetime64[us, UTC]"
            ),
            "a": a,
            "b": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "kind": pd.Series(rng.choice(["x", "y", None], n), dtype="str"),
            "week": week,
        }
    )
    frame["outcome"] = (np.where(week < flip, a, -a) > 0).astype(float)
    frame["known_at"] = frame["time"] + DELAY
    return frame


def at(week: int) -> datetime:
    return START + week * WEEK


def seen_at(frame: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """The log as it was: later rows are not there, outcomes not due are missing."""
    rows = frame[frame["time"] < as_of].copy()
    rows.loc[rows["known_at"] > as_of, "outcome"] = np.nan
    return rows


def ask(frame, **more):
    told = {
        "recipe": plain(Share),
        "alternatives": {},
        "deployed": {"keep": Sign()},
        "as_of": at(18),
        "delay": DELAY,
        "spans": [4, None],
        "seed": 1,
        **NAMES,
    }
    return training.backtest(frame, **{**told, **more})


COLUMNS = ["window", "start", "end", "age", "option", "action", "recipe", "span"]
COLUMNS += ["version", "offered", "n", "trained_rows", "loss", "champion_loss"]
COLUMNS += ["difference", "variance", "fresh_difference", "fresh_variance", "seconds"]


def same(one: pd.DataFrame, two: pd.DataFrame) -> None:
    """Equal but for the seconds of the fits."""
    drop = {"columns": "seconds"}
    pd.testing.assert_frame_equal(one.drop(**drop), two.drop(**drop))


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


# ---------------------------------------------------------------- what may be seen


@settings(max_examples=12, deadline=None)
@given(
    as_of=st.integers(10, 18).map(lambda week: at(week) + timedelta(hours=7)),
    delay=st.integers(0, 30).map(lambda days: timedelta(days=days)),
    late=st.lists(st.integers(0, 18 * PER_WEEK - 1), max_size=40, unique=True),
    spans=st.sampled_from([[None], [1], [3, None]]),
)
def test_no_fit_ever_sees_a_row_that_was_not_due_at_its_windows_start(
    as_of, delay, late, spans
):
    frame = log()
    frame["known_at"] = frame["time"] + delay
    frame.loc[late, "known_at"] += timedelta(days=20)
    frame["a"] = np.arange(len(frame), dtype=float)  # tells which row it is
    spy = Spy()
    result = ask(
        frame, as_of=as_of, delay=delay, recipe=spy.recipe(), spans=spans, windows=3
    )
    starts = result.table.query("action == 'retrain'")["start"].unique()
    allowed = [
        set(
            frame.loc[
                (frame["time"] + delay <= start) & (frame["known_at"] <= start), "a"
            ]
        )
        for start in starts
    ]
    assert len(spy.seen) == result.fits
    for table, truth in spy.seen:
        assert any(set(table["a"]) <= rows for rows in allowed)
        assert truth.tolist() == frame["outcome"].loc[table["a"].astype(int)].tolist()
    for row in result.table.itertuples():
        if row.action == "retrain":
            sizes = [len(t) for t, _ in spy.seen if t["a"].max() < len(frame)]
            assert row.trained_rows in sizes


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 99), week=st.integers(14, 17))
def test_the_order_of_the_rows_changes_nothing(seed, week):
    frame = log(seed=1, flip=12)
    marks = (frame["week"] == 13).to_numpy()
    given = (frame["a"] + frame["b"].fillna(0) > 0).to_numpy(dtype=float)
    place = np.random.default_rng(seed).permutation(len(frame))
    told = {"as_of": at(week), "recipe": plain(lambda: Share(weight=0.2))}
    one = ask(
        frame, left_out=marks, deployed={"keep": Sign(), "roll_back 1": given}, **told
    )
    two = ask(
        frame.iloc[place],
        left_out=marks[place],
        deployed={"keep": Sign(), "roll_back 1": given[place]},
        **told,
    )
    same(one.table, two.table)
    same(one.later, two.later)
    assert one.skipped == two.skipped


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


# ---------------------------------------------------------------- what people said


def test_a_candidate_learns_what_people_had_said_when_its_window_began():
    frame = log()
    words = pd.DataFrame(
        {
            "id": frame["id"],
            "time": frame["time"] + timedelta(days=1),
            "kind": "correction",
            "label": frame["outcome"],
            "person": [f"p{place % 20}" for place in range(len(frame))],
        }
    )
    frame["a"] = np.arange(len(frame), dtype=float)
    spy = Spy()
    told = {"recipe": spy.recipe(), "spans": [3], "windows": 2}
    result = ask(frame, feedback=words, **told)
    assert len(spy.seen) == result.fits == 2
    for row in result.table.query("action == 'retrain'").itertuples():
        heard = training.material(
            frame, as_of=row.start, delay=DELAY, span=3, feedback=words
        )
        assert row.trained_rows == len(heard)
        rows = [t for t, _ in spy.seen if set(t["a"]) <= set(heard.table["a"])]
        assert any(heard.sources != "outcome"), "words are among them"
        assert rows
    for table, _ in spy.seen:
        newest = frame.loc[int(table["a"].max())]
        assert newest["time"] + timedelta(days=1) <= result.table["start"].max()
    kept = training.InMemory()
    assert ask(frame, feedback=words, kept=kept, **told).fits == 2
    assert ask(frame, feedback=words, kept=kept, **told).fits == 0
    assert ask(frame, kept=kept, **told).fits == 2


def test_a_recipe_that_shapes_its_rows_is_given_them_shaped():
    seen = []

    def shaper(table):
        return pd.DataFrame({"a": 2 * table["a"]})

    mine = Recipe("mine", "m", lambda *_: Share(seen), shaper=shaper)
    frame = log()
    result = ask(frame, recipe=mine, windows=1, spans=[1])
    due = frame[frame["time"] + DELAY <= result.table["start"].iloc[0]]
    table, _ = seen[0]
    assert list(table) == ["a"]
    assert table["a"].iloc[-1] == 2 * due["a"].iloc[-1]


# ---------------------------------------------------------------- faults


def test_rows_that_a_fault_touched_are_neither_tested_nor_trained_on():
    frame = log()
    frame["a"] = np.arange(len(frame), dtype=float)
    bad = frame["week"].isin([11, 14]).to_numpy()
    spy = Spy()
    result = ask(frame, recipe=spy.recipe(), left_out=bad, windows=3)
    assert result.table["window"].unique().tolist() == [
        "2023-W16",
        "2023-W14",
        "2023-W13",
    ]
    touched = set(frame["a"][bad])
    assert spy.seen
    assert not any(touched & set(table["a"]) for table, _ in spy.seen)
    assert result.skipped[0] == (
        "240 rows of 2023-W12, 2023-W15 are left out, nothing was tested or trained on "
        "them: a fault of the data touched them"
    )
    column = ask(
        frame.assign(bad=bad), recipe=Spy().recipe(), left_out="bad", windows=3
    )
    same(result.table, column.table)


def test_marks_that_are_not_there_or_not_one_a_row_are_refused():
    with pytest.raises(InputError, match="no column 'bad'"):
        ask(log(), left_out="bad")
    with pytest.raises(ValueError, match="marks 2 rows of 2160"):
        ask(log(), left_out=[True, False])


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


# ---------------------------------------------------------------- other tasks


def test_the_loss_of_amounts_is_the_error_in_deviations_of_what_was_before():
    frame = log()
    frame["outcome"] = 10.0 * frame["week"] + 5
    champion = np.full(len(frame), 100.0)
    result = ask(
        frame,
        recipe=plain(Newest),
        deployed={"keep": champion},
        task="regression",
        spans=[1],
        windows=2,
    )
    before = frame.loc[frame["week"] < 14, "outcome"]
    assert result.scale == pytest.approx(before.std())
    assert result.task == "regression"
    keep = result.table.query("action == 'keep'")["loss"].to_numpy()
    assert keep == pytest.approx(np.array([55.0, 45.0]) / before.std())
    # trained on the newest week that is due, three weeks before
    fresh = result.table.query("action == 'retrain'")
    assert fresh["loss"].to_numpy() == pytest.approx(30.0 / before.std())
    stated = ask(
        frame,
        recipe=plain(Newest),
        deployed={"keep": champion},
        task="regression",
        spans=[1],
        windows=1,
        scale=11.0,
    )
    assert stated.table["loss"].iloc[0] == pytest.approx(5.0)
    assert "recalibrate" not in stated.table["action"].tolist()


def test_a_wrong_class_of_several_is_a_loss_of_one():
    frame = log()
    frame["outcome"] = np.where(frame["week"] < 12, frame.index % 3, 2.0)
    result = ask(
        frame,
        recipe=plain(Commonest),
        deployed={"keep": np.full(len(frame), 1.0)},
        task="classes",
        spans=[2],
        windows=4,
    )
    newest = result.table.query("age == 0").set_index("action")["loss"]
    assert newest.to_dict() == {"keep": 1.0, "retrain": 0.0}
    with pytest.raises(ValueError, match="'classes' or 'regression', got 'rank'"):
        ask(frame, task="rank")


def test_a_recipe_for_another_task_is_refused():
    with pytest.raises(SettingsError, match="'plain' makes a regressor"):
        ask(log(), recipe=plain(Newest))
    with pytest.raises(SettingsError, match="task 'regression' needs a regressor"):
        ask(log(), alternatives={"plain": plain(Sign)}, task="regression")


def test_a_lag_below_one_is_refused():
    with pytest.raises(ValueError, match="lags count chunks from 1 on, got 0"):
        ask(log(), lags=(1, 0))


def test_a_scale_that_makes_no_sense_is_refused():
    for scale in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="scale must be above 0"):
            ask(log(), recipe=plain(Newest), task="regression", scale=scale)


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

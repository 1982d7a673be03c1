"""The replay of decisions: its streams, its cube, its figures and its sentences."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from benchmarks import decision_replay, replay
from benchmarks.replay.course import Ground, prices
from benchmarks.replay.course import Path as Course
from lifecycle import recipes, training

FROZEN = (8, 9)


@pytest.fixture(scope="module")
def stream() -> replay.streams.Stream:
    """Twelve windows of 60 rows; a number stands still in two of them."""
    made = replay.streams.named("tiny")
    assert made is not None
    return replace(made, **replay.simulated.freeze(made, "x0", FROZEN))


@pytest.fixture(scope="module")
def cube(stream: replay.streams.Stream) -> replay.cube.Cube:
    return replay.fits.build(stream)


def _log(n: int = 300, **more: Any) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "time": pd.date_range("2024-01-01", periods=n, freq="h"),
            "a": rng.normal(size=n),
            "b": rng.choice(["x", "y", "z"], n),
            "outcome": rng.integers(0, 2, n),
        }
        | more
    )


def _by_hand(good: dict[int, list[float]], first: int = 2) -> Any:
    """A cube of one recipe, two spans: step to the mean losses of its better model.

    Every other model errs in nine rows of ten.
    """
    windows, rows = len(good[first]), 4
    window = np.repeat(np.arange(windows), rows)
    made = [(step, span) for step in range(first, windows) for span in (0, 1)]
    table = np.full((len(made), len(window)), 0.9, dtype=np.float16)
    grid = np.full((2, windows, 1, 2), -1, dtype=np.int32)
    for model, (step, span) in enumerate(made):
        grid[:, step, 0, span] = model
        if span == 1 and step in good:
            table[model] = np.array(good[step])[window]
        table[model, window < step - 1] = np.nan
    steps = [step for step, _ in made]
    truth = np.zeros(len(window), dtype=np.float32)
    nothing = np.zeros(windows, dtype=bool)
    return replay.cube.Cube(
        name="by hand", group="given", task="regression", windows=windows, first=first,
        recipes=("one",), spans=(3, 0), window=window, truth=truth, known=truth,
        recipe=np.zeros(len(steps), dtype=int),
        span=np.array([span for _, span in made]),
        step=np.array(steps), cleaned=np.zeros(len(steps), dtype=bool),
        seconds=np.zeros(len(steps)), grid=grid, row_loss=table, true_loss=table,
        score=None, costs=(1.0, 1.0), threshold=0.5,
        features=np.zeros((len(window), 1), dtype=np.float32), feature_names=("x",),
        categorical=np.array([False]), fault_inputs=nothing, fault_outcomes=nothing,
        sentences=("",) * windows, remarks=("",) * windows,
        unlabelled=np.zeros(windows), bad=nothing,
    )  # fmt: skip


def _cell(policy: str, stream: str, cost: float, **more: Any) -> replay.playing.Cell:
    given: dict[str, Any] = {
        "group": "held", "price": 0.1, "times": 15.0, "optimum": 10.0, "never": 15.0,
        "charged": cost, "fits": 0, "actions": 2, "wasted": 1, "late": 0, "on_bad": 0,
        "fixes": 0, "seconds": 0.0,
    }  # fmt: skip
    return replay.playing.Cell(
        stream=stream, policy=policy, cost=cost, **(given | more)
    )


def test_a_model_of_a_step_has_seen_the_windows_up_to_two_before_it(
    stream: replay.streams.Stream, cube: replay.cube.Cube
) -> None:
    step, span = 8, 0  # three windows: 4, 5, 6
    model = cube.grid[0, step, cube.recipes.index("scaled_logistic"), span]
    columns: dict[str, Any] = {
        "numeric": stream.numeric,
        "categorical": stream.categorical,
    }
    table = training.features(stream.table, **columns)
    seen = (stream.window >= 4) & (stream.window <= 6)
    made: Any = recipes.load("scaled_logistic").build(*columns.values(), seed=0)
    assert isinstance(made[-1], LogisticRegression)
    made.fit(table[seen], stream.truth[seen])
    wrong = made.predict(table) != stream.truth
    later = stream.window >= step - 1
    assert np.abs(cube.row_loss[model, later] - wrong[later]).mean() < 0.01
    assert np.isnan(cube.row_loss[model, ~later].astype(float)).all()


def test_the_means_are_those_of_the_rows(cube: replay.cube.Cube) -> None:
    model = int(cube.grid[0, 6, 1, 2])
    rows = cube.window == 9
    expected = cube.row_loss[model, rows].astype(float).mean()
    assert cube.known_mean[model, 9] == pytest.approx(expected)
    assert cube.true_mean[model, 9] == pytest.approx(expected)
    assert cube.rows.tolist() == [60] * 12


def test_spans_that_hold_the_same_rows_are_fitted_once(cube: replay.cube.Cube) -> None:
    assert cube.grid[0, 4, 0, 0] == cube.grid[0, 4, 0, 2]  # windows 0, 1 and 2
    assert cube.grid[0, 5, 0, 0] != cube.grid[0, 5, 0, 2]
    assert cube.initial == cube.grid[0, 5, 0, 2]
    assert (cube.grid[:, :3] == -1).all()


def test_frozen_windows_are_flagged_and_left_out_of_the_cleaned_models(
    cube: replay.cube.Cube,
) -> None:
    assert np.flatnonzero(cube.fault_inputs).tolist() == list(FROZEN)
    assert not cube.fault_outcomes.any()
    assert "x0 is frozen" in cube.sentences[8]
    assert (cube.grid[1, :10] == cube.grid[0, :10]).all()
    assert (cube.grid[1, 11] != cube.grid[0, 11]).all()
    assert cube.cleaned[cube.grid[1, 11]].all()
    ground = Ground(cube)
    assert replay.playing._on_bad(ground, int(cube.grid[0, 11, 0, 0]))
    assert not replay.playing._on_bad(ground, int(cube.grid[1, 11, 0, 0]))


def test_lost_outcomes_are_flagged_and_the_bill_is_by_the_truth(
    stream: replay.streams.Stream,
) -> None:
    made = replay.streams.named("tiny")
    assert made is not None
    short = replace(made, **replay.simulated.lose(made, (6, 7), share=0.9))
    kept = short.window < 9
    short = replace(
        short,
        table=short.table[kept],
        time=short.time[kept],
        window=short.window[kept],
        truth=short.truth[kept],
        known=short.known[kept],
    )
    cube = replay.fits.build(short, spans=(0,))
    assert np.flatnonzero(cube.fault_outcomes).tolist() == [6, 7]
    assert cube.unlabelled[6] > 0.3
    rows = cube.window == 6
    lost = np.isnan(cube.known) & rows
    model = cube.initial
    assert np.isnan(cube.row_loss[model, lost].astype(float)).all()
    assert np.isfinite(cube.true_loss[model, rows].astype(float)).all()


def test_a_cube_comes_back_from_its_file(
    cube: replay.cube.Cube, tmp_path: Path
) -> None:
    path = tmp_path / "kept" / "tiny.npz"
    replay.cube.save(cube, path)
    again = replay.cube.load(path)
    assert replay.cube.paths(path.parent) == [path]
    assert again.true_loss is again.row_loss
    np.testing.assert_array_equal(again.row_loss, cube.row_loss)
    np.testing.assert_array_equal(again.grid, cube.grid)
    for name in ("name", "windows", "recipes", "spans", "costs", "sentences"):
        assert getattr(again, name) == getattr(cube, name)


def test_a_cube_is_kept_until_its_stream_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def build(stream: replay.streams.Stream) -> Any:
        built.append(stream.name)
        cube = _by_hand({2: [0.1] * 4})
        return replace(cube, name=stream.name, signature=stream.signature)

    monkeypatch.setattr(replay.fits, "build", build)
    question = replay.playing.Question(cache=tmp_path / "kept")
    log = tmp_path / "log.parquet"
    for outcome in (_log().outcome, _log().outcome, 1 - _log().outcome):
        _log(outcome=outcome).to_parquet(log)
        cube = replay.playing.cube_of(log, question)
        assert cube is not None
    assert built == ["log", "log"]
    for _ in range(2):
        replay.playing.cube_of("tiny", question)
    assert built == ["log", "log", "tiny"]


def test_cost_is_losses_and_prices_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps 2 to 5; the first model errs from window 3 on, that of step 4 never."""
    from benchmarks import replay
    from benchmarks.replay.optimum import optimum

    cube = _by_hand({2: [0.1] * 3 + [0.5] * 3, 4: [0.1] * 6, 5: [0.4] * 6})
    first, later, last = (int(cube.grid[0, step, 0, 1]) for step in (2, 4, 5))

    def twice(ground: Ground, told: Any) -> Course:
        loss = np.array([np.nan, np.nan, 0.1, 0.5, 0.1, 0.4])
        acts = [(4, "retrain", later), (5, "retrain", last)]
        served = np.array([first] * 4 + [later, last])
        return Course(served, loss, acts, fits=3)

    monkeypatch.setitem(replay.policies.POLICIES, "by hand", twice)
    ground, told = Ground(cube), prices(0.2)
    least, _ = optimum(cube, told, ground=ground)
    assert least == pytest.approx(0.1 + 0.5 + 0.2 + 0.1 + 0.1, abs=1e-3)
    cell = replay.playing.cell(ground, told, "by hand", least, times=15)
    assert cell.cost == pytest.approx(0.1 + 0.5 + 0.1 + 0.4 + 0.4, abs=1e-3)
    assert cell.never == pytest.approx(0.1 + 0.5 + 0.5 + 0.5, abs=1e-3)
    assert cell.charged == pytest.approx(cell.cost + 3 * 0.01 * 0.2)
    assert cell.captured == pytest.approx((1.6 - 1.5) / (1.6 - 1.0), abs=1e-2)
    assert (cell.actions, cell.wasted, cell.late) == (2, 1, 2)
    never = replay.playing.cell(ground, told, "never", least, times=15)
    assert (never.above_never, never.captured) == (0, 0)


def test_nothing_is_luck_where_the_rows_of_a_window_are_alike() -> None:
    cube = _by_hand({2: [0.1] * 4 + [0.5] * 4, 4: [0.1] * 8})
    assert replay.luck.luck(cube, prices(0.1)) == pytest.approx(1)
    one, other = replay.luck.halves(cube)
    assert one.rows.tolist() == other.rows.tolist() == [2] * 8


def test_a_summary_by_hand() -> None:
    cells = [
        _cell("ours", "one", 11.0),
        _cell("ours", "two", 12.0, never=11.0),
        _cell("ours", "three", 10.0, never=10.2, actions=0, wasted=0),
        _cell("never", "one", 15.0),
    ]
    found = replay.summary.summarise(cells, "ours")
    assert (found.cells, found.median, found.worst) == (3, 1.1, 1.2)
    assert found.mean == pytest.approx(1.1)
    assert found.captured == pytest.approx((0.8 + -1.0) / 2)  # the third has no gain
    assert found.above_never == pytest.approx(12 / 11 - 1)
    assert (found.actions, found.wasted) == (pytest.approx(4 / 3), 0.5)
    assert math.isnan(replay.summary.summarise(cells, "nobody").mean)


def test_two_policies_are_compared_stream_by_stream() -> None:
    cells = [
        _cell("ours", "one", 10.0),
        _cell("ours", "two", 10.0),
        _cell("other", "one", 20.0),
        _cell("other", "two", 5.0),
    ]
    mean, lower, upper = replay.summary.compared(cells, "ours", "other")
    assert mean == pytest.approx(1)
    half = 6.313751514675041 * math.log(2)  # Student's t, one degree, 95%
    assert upper == pytest.approx(math.exp(half))
    assert lower == pytest.approx(math.exp(-half))
    alone = replay.summary.compared(cells[::2], "ours", "other")
    assert alone[0] == 0.5
    assert math.isnan(alone[1])


def test_what_misses_is_said() -> None:
    cells = [
        _cell("ours", "fine", 11.0),
        _cell("ours", "dear", 14.0, never=13.0),
        _cell("ours", "noise", 10.0, late=2),
        _cell("ours", "lost", 10.0, on_bad=1),
        _cell("never", "dear", 99.0),
    ]
    assert replay.summary.misses(cells, "ours") == [
        "dear at 0.1: 1.40 of the optimum, at most 1.35; 7.7% above never, at most 2%",
        "noise at 0.1: 2 actions after the noise rose, at most 1",
        "lost at 0.1: 1 models trained on bad windows, none should be",
    ]


def test_a_file_of_any_make_becomes_a_stream() -> None:
    n = 300
    log = _log(
        n,
        aux_leak=1.0,
        id=range(n),
        same=3,
        none=None,
        flag=[True, False, None] * (n // 3),
        when=pd.date_range("2020-01-01", periods=n),
        far=[np.inf, 1.0, 2.0] * (n // 3),
        number=["1", "2.5", None] * (n // 3),
        key=[f"u{at}" for at in range(n)],
        words=[f"call me back about {at}" for at in range(n)],
        lists=[[1], [2]] * (n // 2),
        **{"class": pd.Categorical(["p", "q"] * (n // 2))},
    )
    made = replay.streams.from_frame(log.sample(frac=1, random_state=1), name="any")
    assert made.numeric == ["a", "flag", "when", "far", "number"]
    assert made.categorical == ["b", "lists", "class"]
    assert made.texts == ("words",)
    assert made.windows == 12
    assert made.time.is_monotonic_increasing
    assert np.bincount(made.window).tolist() == [25] * 12


def test_of_very_many_features_the_most_telling_early_ones_stay() -> None:
    log = _log()
    rng = np.random.default_rng(1)
    more = pd.DataFrame(
        rng.integers(0, 2, (300, 200)), columns=[f"f{at}" for at in range(200)]
    )
    more["early"] = np.where(np.arange(300) < 125, log["outcome"], 0)
    more["late"] = np.where(np.arange(300) < 125, 0, log["outcome"])
    made = replay.streams.from_frame(pd.concat([log, more], axis=1), name="wide")
    assert len(made.table.columns) == 120
    assert "early" in made.table
    assert "late" not in made.table


@pytest.mark.parametrize(
    ("outcome", "task", "truth"),
    [
        ([True, False, True], "binary", [1, 0, 1]),
        (["yes", "no", None], "binary", [1, 0, np.nan]),
        ([5, 7, 5], "binary", [0, 1, 0]),
        (["b", "a", "c"], "multiclass", [1, 0, 2]),
        ([1, 2, 4], "multiclass", [0, 1, 2]),
        ([1.5, 2.0, 4.0], "regression", [1.5, 2, 4]),
    ],
)
def test_the_outcome_tells_the_task(
    outcome: list[Any], task: str, truth: list[float]
) -> None:
    found, kind, _ = replay.reading.outcome(pd.Series(outcome * 100), "any")
    assert kind == task
    np.testing.assert_array_equal(found[:3], truth)


def test_windows_with_many_rows_are_thinned_evenly() -> None:
    made = replay.streams.from_frame(_log(2400), name="many", windows=12, most=50)
    assert np.bincount(made.window).tolist() == [50] * 12
    hours = (made.time - made.time.iloc[0]).dt.total_seconds() / 3600
    assert hours.iloc[:3].tolist() == [0, 4, 8]


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(_log(outcome=[0] * 150 + [0, 1, 2] * 50), id="one class first"),
        pytest.param(
            _log(
                outcome=np.linspace(0, 1, 300),
                a=np.nan,
                words=[f"call me back at {at}" for at in range(300)],
            ),
            id="numbers told by texts",
        ),
        pytest.param(
            _log(outcome=[0, 1] * 100 + [None] * 50 + [0, 1] * 25), id="none known"
        ),
    ],
)
def test_awkward_streams_are_fitted_all_the_same(log: pd.DataFrame) -> None:
    made = replay.streams.from_frame(log, name="awkward", windows=7)
    cube = replay.fits.build(made, spans=(0,))
    for model, step in enumerate(cube.step):
        assert np.isfinite(cube.true_mean[model, step:]).all()
    assert (cube.grid[0, 3:] >= 0).all()


def test_customers_seen_lately_are_asked_each_week() -> None:
    start = pd.Timestamp("2024-01-01")
    bought = [("A", 0, 3.0), ("A", 9, 2.0), ("B", 7, 1.0), ("C", 20, 1.0)]
    lines = pd.DataFrame(
        {
            "time": [start + pd.Timedelta(weeks=week, days=1) for _, week, _ in bought],
            "invoice": [str(at) for at in range(4)],
            "customer": [name for name, _, _ in bought],
            "item": "card",
            "quantity": 2,
            "unit_price": [price for _, _, price in bought],
            "country": "here",
            "outcome": 0,
        }
    )
    found = replay.retail.weeks(lines).set_index(["window", "recency"])
    assert found.loc[(0, 8), "outcome"] == 0  # A in week 8, last seen in week 0
    assert found.loc[(1, 9), "outcome"] == 1  # and in week 9
    assert found.loc[(1, 2), ["outcome", "visits"]].tolist() == [0, 1]  # B
    assert found.loc[(2, 1), "visits"] == 2  # A in week 10
    assert found.loc[(2, 1), "money"] == pytest.approx(math.log1p(10.0))
    assert found.index.get_level_values("window").max() == 11  # week 20 is not over


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (_log().drop(columns="time"), "must have one column 'time'"),
        (_log().rename(columns={"outcome": "y"}), "must have one column 'outcome'"),
        (_log(100), "has 100 rows with time and outcome; a replay needs at least 240"),
        (_log(outcome=1), "every outcome is '1'; there is nothing to tell apart"),
        (_log(time="soon"), "'time' holds a value that is no moment"),
        (_log()[["time", "outcome"]], "has no feature with two values"),
        (_log(outcome=[f"k{at}" for at in range(300)]), "300 classes, 200 are the"),
        (_log(outcome=[np.inf, 0.5, 1.5] * 100), "an outcome is infinite"),
    ],
)
def test_a_bad_file_gets_one_sentence(
    log: pd.DataFrame, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.to_parquet(tmp_path / "log.parquet")
    assert decision_replay.main(["--stream", str(tmp_path / "log.parquet")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_a_file_that_is_none_gets_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log.parquet").write_text("time,outcome\n")
    assert decision_replay.main(["--stream", str(tmp_path / "log.parquet")]) == 2
    assert "cannot be read as Parquet" in capsys.readouterr().err
    assert decision_replay.main(["--stream", str(tmp_path / "no.parquet")]) == 2
    assert "there is no file 'no.parquet'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--prices", "0.1,0"], "must be numbers above 0"),
        (["--rebuild", "dear"], "must be numbers above 0"),
        (["--error-costs", "6,-1"], "must be numbers above 0"),
        (["--streams", "moon"], "there is no stream 'moon'"),
    ],
)
def test_a_bad_argument_gets_one_sentence(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        decision_replay.main(given)
    assert said in capsys.readouterr().err


def test_an_error_has_two_costs(capsys: pytest.CaptureFixture[str]) -> None:
    assert decision_replay.main(["--quick", "--error-costs", "6"]) == 2
    said = "--error-costs takes two numbers, got 1; write 6,1\n"
    assert capsys.readouterr().err == said


def test_costs_of_errors_move_the_threshold_and_the_loss() -> None:
    made = replay.streams.from_frame(_log(), name="dear", costs=(6.0, 1.0))
    loss = replay.fits._Loss(made)
    rows, truth = np.arange(4), np.array([1.0, 1, 0, 0])
    score = np.array([0.1, 0.2, 0.1, 0.2])  # from a seventh on the answer is 1
    found = loss(score, score, rows, truth)
    assert found.tolist() == [6, 0, 0, 1]


def test_no_stream_is_tuned_on_and_held_out() -> None:
    assert not set(replay.streams.DEV) & set(replay.streams.HELD)
    simulated = set(replay.simulated.WORLDS) - {"tiny"}
    assert simulated < {*replay.streams.DEV, *replay.streams.HELD}


def test_the_quick_replay_prints_its_tables_and_writes_its_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.replay.policies import OURS, POLICIES

    file = tmp_path / "rows.json"
    given = ["--quick", "--prices", "0.1", "--rebuild", "15,10", "--json", str(file)]
    assert decision_replay.main(given) == 0
    out = capsys.readouterr().out
    for words in ("cost over optimum", "Geometric mean", "Faults", "Cells that miss"):
        assert words in out
    for policy in POLICIES:
        assert f"\n{policy} " in out
    assert OURS in POLICIES
    rows = {row["name"]: row for row in json.loads(file.read_text())}
    assert rows["given: mean over optimum"]["value"] >= 1 - 1e-9
    assert rows["given: mean over optimum"]["target"] == "at most 1.1"
    assert rows["given: mean, rebuild at 10"]["value"] >= 1 - 1e-9
    assert rows["policies played, one core"]["unit"] == "s"

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from lifecycle import estimation, metrics
from lifecycle.calibration import Calibrator, Cells
from lifecycle.estimation.expected import COUNTS, Expectation

ALL = estimation.METRICS
USED = [name for name in ALL if name != "confusion"]


def frame(seed, n=2000, *, low=0.05, high=0.95, start="2024-01-01", days=28):
    """A score that is exactly the probability."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(low, high, n)
    times = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(
        np.linspace(0, days - 0.01, n), unit="D"
    )
    return pd.DataFrame(
        {
            "time": times,
            "score": p,
            "prediction": (p > 0.5).astype(float),
            "outcome": (rng.random(n) < p).astype(float),
        }
    )


def realised(rows, name):
    metric = metrics.METRICS[name]
    return metric.function(rows["outcome"], rows[metric.needs])


def exact(score, guess, p):
    return Expectation.of_rows(*(np.array(v, dtype=float) for v in (score, guess, p)))


def test_the_expected_confusion_matrix_by_hand():
    made = exact([0.2, 0.4, 0.6, 0.9], [0, 0, 1, 1], [0.1, 0.5, 0.5, 0.8])
    values = [made.measure(name)[0] for name in COUNTS]
    # 0.5 + 0.8 · 0.5 + 0.2 · 0.1 + 0.5 · 0.9 + 0.5
    assert values == pytest.approx([1.3, 0.7, 0.6, 1.4])
    assert made.measure("accuracy")[0] == pytest.approx(2.7 / 4)
    assert made.measure("precision")[0] == pytest.approx(1.3 / 2)
    assert made.measure("recall")[0] == pytest.approx(1.3 / 1.9)
    assert made.measure("specificity")[0] == pytest.approx(1.4 / 2.1)
    assert made.measure("f1")[0] == pytest.approx(2.6 / (2 * 1.3 + 0.7 + 0.6))
    # Brier of (0.2, 0.1): 0.1 · 0.64 + 0.9 · 0.04, and so on
    brier = (0.1 + (0.5 * 0.36 + 0.5 * 0.16) + (0.5 * 0.16 + 0.5 * 0.36)) / 4
    brier += (0.8 * 0.01 + 0.2 * 0.81) / 4
    assert made.measure("brier")[0] == pytest.approx(brier)


@pytest.mark.parametrize("name", USED)
def test_certain_outcomes_give_the_realised_metric(name):
    rng = np.random.default_rng(4)
    # scores in cells of their own, with ties
    score = rng.integers(1, 60, 300) / 60
    rows = pd.DataFrame(
        {
            "score": score,
            "prediction": (score > 0.5).astype(float),
            "outcome": (rng.random(300) < score).astype(float),
        }
    )
    # a cell has one probability: make all rows of a cell alike
    alike = rows.groupby("score")["outcome"].transform("first")
    rows["outcome"] = alike
    made = exact(score, rows["prediction"], alike)
    assert made.measure(name)[0] == pytest.approx(realised(rows, name), abs=1e-9)


@pytest.mark.parametrize("name", [*USED, *COUNTS])
def test_the_slope_is_the_derivative(name):
    rng = np.random.default_rng(5)
    score = np.sort(rng.random(40))
    guess, p = (score > 0.4).astype(float), rng.uniform(0.2, 0.8, 40)
    made = exact(score, guess, p)
    value, slope = made.measure(name)
    step = 1e-6
    for at in (0, 7, 33, 39):
        more = p.copy()
        more[at] += step
        moved = (exact(score, guess, more).measure(name)[0] - value) / step
        mine = slope[int(guess[at]), at]
        # a row is no pair with itself: that part of the value is left out of the slope
        slack = 2 / 40 if name in ("roc_auc", "average_precision") else 1e-4
        assert moved == pytest.approx(mine, abs=slack)


def test_expected_ranks_are_the_mean_of_many_outcomes():
    rng = np.random.default_rng(6)
    score = np.sort(rng.random(60))
    guess, p = (score > 0.5).astype(float), score**2
    drawn = (rng.random((4000, 60)) < p).astype(float)
    made = exact(score, guess, p)
    for name, slack in (("roc_auc", 0.004), ("average_precision", 0.02)):
        function = metrics.METRICS[name].function
        mean = np.nanmean([function(y, score) for y in drawn[:1500]])
        assert made.measure(name)[0] == pytest.approx(mean, abs=slack)


def test_intervals_hold_the_realised_value_as_often_as_they_say():
    rng = np.random.default_rng(7)
    hits = dict.fromkeys(USED, 0)
    many = 150
    for _ in range(many):
        parts = []
        for rows in (1500, 800):
            p = rng.beta(1.2, 2, rows)
            parts.append((p, (p > 0.4).astype(float), (rng.random(rows) < p)))
        score, guess, truth = parts[0]
        fitted = Calibrator.fit(
            [Cells.count(score[k::5], guess[k::5], truth[k::5]) for k in range(5)]
        )
        score, guess, truth = parts[1]
        made = Expectation.of(Cells.count(score, guess), fitted)
        for name in USED:
            _, lower, upper, _ = made.interval(name)
            metric = metrics.METRICS[name]
            y = score if metric.needs == "score" else guess
            hits[name] += lower <= metric.function(truth, y) <= upper
    # 90% of 150 within its binomial interval (99.9%), from below
    assert min(hits.values()) >= 0.9 * many - 3.1 * math.sqrt(many * 0.09), hits
    assert sum(hits.values()) / (many * len(USED)) <= 0.97, hits


def test_the_reference_adds_to_the_uncertainty():
    new = {"now": Cells.count([0.3, 0.7] * 2000, [0, 1] * 2000)}
    widths = []
    for times in (50, 5000):
        past = [
            Cells.count([0.3, 0.7] * times, [0, 1] * times, [0, 1, 1, 1] * (times // 2))
        ]
        row = estimation.from_cells(past, new, metrics=["accuracy"]).findings[0]
        widths.append(row.upper - row.lower)
    assert widths[0] > 2 * widths[1]


def test_frames_and_cells_give_the_same_estimate():
    old, new = frame(8), frame(9, start="2024-03-04")
    by_rows = estimation.estimate(old, new, metrics=ALL)
    columns = ("time", "score", "prediction")
    parts = [old[fold::5] for fold in range(5)]
    by_cells = estimation.from_cells(
        [Cells.count(p["score"], p["prediction"], p["outcome"]) for p in parts],
        estimation.cells_by_chunk(*(new[name] for name in columns)),
        metrics=ALL,
    )
    pd.testing.assert_frame_equal(by_rows.findings.frame(), by_cells.findings.frame())
    assert len(by_rows.grounds) == 4
    assert len(by_rows.findings) == 4 * (len(USED) + 4)


@pytest.mark.parametrize("chunk", ["week", "month", "day"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_chunks_of_cells_are_the_chunks_of_the_house(chunk, zone):
    rows = frame(10, 500, start="2024-03-20", days=30).sample(frac=1, random_state=1)
    found = estimation.cells_by_chunk(
        rows["time"], rows["score"], rows["prediction"], chunk=chunk, timezone=zone
    )
    made = estimation.estimate(rows, rows, chunk=chunk, timezone=zone)
    assert {k: v.n.sum() for k, v in found.items()} == {
        each.period: each.n for each in made.grounds
    }


def test_chunks_of_cells_leave_out_what_has_no_time_and_take_plain_columns():
    times = np.array(["2024-01-01", "NaT", "2024-01-09"], dtype="datetime64[ns]")
    found = estimation.cells_by_chunk(times, [0.1, 0.2, 0.3], [0, 0, 0], [1, 1, None])
    assert list(found) == ["2024-W01", "2024-W02"]
    assert found["2024-W01"].ones.sum() == 1
    assert estimation.cells_by_chunk(times[:0], [], []) == {}
    with pytest.raises(ValueError, match="same rows, got 3, 1 and 1"):
        estimation.cells_by_chunk(times, [0.1], [0])
    with pytest.raises(ValueError, match="week, month or day, got 'year'"):
        estimation.cells_by_chunk(times, [0.1] * 3, [0] * 3, chunk="year")


def test_the_reference_itself_is_estimated_at_its_own_area():
    rows = frame(21, 3000)
    rows["score"] = (rows["score"] ** 2).round(2)
    made = estimation.estimate(
        rows, rows, metrics=["roc_auc", "average_precision"], chunk=["now"] * 3000
    )
    area = roc_auc_score(rows["outcome"], rows["score"])
    assert made.findings[0].value == pytest.approx(area, abs=1e-12)
    precision = average_precision_score(rows["outcome"], rows["score"])
    assert made.findings[1].value == pytest.approx(precision, abs=1e-12)


@pytest.mark.parametrize(
    ("metric", "optimism"),
    [("roc_auc", "optimism"), ("average_precision", "precision_optimism")],
)
def test_over_many_references_the_area_is_neither_too_high_nor_too_low(
    metric, optimism
):
    new = frame(22, 4000)
    truth = exact(new["score"] ** 2, new["prediction"], new["score"])
    area, off, plain = truth.measure(metric)[0], [], []
    for seed in range(60):
        old = frame(100 + seed, 500)
        fitted = Calibrator.fit(
            [
                Cells.count(
                    old["score"][at::5] ** 2,
                    old["prediction"][at::5],
                    old["outcome"][at::5],
                )
                for at in range(5)
            ]
        )
        cells = Cells.count(new["score"] ** 2, new["prediction"])
        off.append(Expectation.of(cells, fitted).measure(metric)[0] - area)
        plain.append(off[-1] + getattr(fitted, optimism))
    error = np.std(off) / math.sqrt(60)
    assert abs(np.mean(off)) < 3 * error
    assert np.mean(plain) > 3 * error


def shifted(seed, n, mean):
    """The score leaves out z, on which the outcome depends."""
    rng = np.random.default_rng(seed)
    x, z = rng.standard_normal(n), mean + rng.standard_normal(n)
    score = 1 / (1 + np.exp(-x))
    truth = 1 / (1 + np.exp(-(x + 1.5 * z)))
    return pd.DataFrame(
        {
            "x": x,
            "z": z,
            "score": score,
            "prediction": (score > 0.5).astype(float),
            "outcome": (rng.random(n) < truth).astype(float),
            "p": truth,
        }
    )


def test_under_a_covariate_shift_the_weighted_estimate_is_the_better():
    old, new = shifted(11, 6000, 0.0), shifted(12, 3000, 0.8)
    truth = {
        name: exact(new["score"], new["prediction"], new["p"]).measure(name)[0]
        for name in ("accuracy", "recall", "brier")
    }
    made = {}
    for weighted in (False, None):
        made[weighted] = estimation.estimate(
            old,
            new,
            features=["x", "z"],
            weighted=weighted,
            metrics=list(truth),
            chunk=["now"] * len(new),
        )
    for usual, heavy in zip(made[False].findings, made[None].findings, strict=True):
        value = truth[usual.measure]
        assert abs(heavy.value - value) < 0.7 * abs(usual.value - value)
    ground = made[None].grounds[0]
    assert ground.weighted
    assert ground.shift > 0.6
    assert ground.effective < 6000
    assert not made[False].grounds[0].weighted


def test_without_a_shift_nothing_is_weighted():
    old, new = shifted(13, 3000, 0.0), shifted(14, 1000, 0.0)
    made = estimation.estimate(
        old, new, features=["x", "z"], chunk=["now"] * len(new), rng=1
    )
    assert made.grounds[0].shift == pytest.approx(0.5, abs=0.03)
    assert made.grounds[0].outside < 0.02
    assert made.trusted == ("now",)


def test_a_concept_drift_is_not_seen_and_the_summary_says_so():
    old, new = frame(15), frame(16, start="2024-03-04", days=7)
    new["outcome"] = 1 - new["outcome"]
    made = estimation.estimate(old, new, metrics=["accuracy"])
    assert made.findings[0].value - realised(new, "accuracy") > 0.4
    assert "concept drift" in made.summary
    assert "concept drift" in repr(made)
    assert "concept drift" in made._repr_html_()


def test_rows_the_reference_does_not_know_are_not_judged():
    old = shifted(17, 2000, 0.0)
    far = shifted(18, 500, 0.0).assign(z=50.0)
    settings = dict(thresholds={"accuracy": 0.5}, chunk=["now"] * 500)
    made = estimation.estimate(old, far, features=["x", "z"], **settings)
    assert made.verdict == "undefined"
    assert made.trusted == ()
    assert "unlike any in the reference" in made.grounds[0].reason
    assert not math.isnan(made.findings[0].value)
    words = old.assign(plan="a"), far.assign(plan="b", z=0.0)
    made = estimation.estimate(*words, features=["plan"], weighted=False, **settings)
    assert made.grounds[0].outside == 1
    # without features only the score tells
    made = estimation.estimate(old[old["score"] < 0.4], far, **settings)
    assert made.grounds[0].outside == pytest.approx(
        (far["score"] > 0.4).mean(), abs=0.02
    )


def test_too_little_of_the_reference_left_is_not_judged():
    old, new = shifted(19, 800, 0.0), shifted(20, 800, 1.6)
    made = estimation.estimate(
        old,
        new,
        features=["x", "z"],
        max_outside=1.0,
        chunk=["now"] * 800,
        thresholds={"accuracy": 0.4},
    )
    assert "effective rows" in made.grounds[0].reason
    assert made.verdict == "undefined"


def test_chunks_of_few_rows_are_not_judged():
    made = estimation.estimate(
        frame(21), frame(22, 50, days=7), thresholds={"accuracy": 0.99}
    )
    assert made.grounds[0].reason == "50 rows are too few, 100 are needed"
    assert made.verdict == "undefined"
    assert "cannot be estimated" in made.summary


def test_a_threshold_is_held_against_the_value():
    old, new = frame(23), frame(24, days=7)
    limits = {"accuracy": 0.9, "brier": 0.1, "roc_auc": 0.5}
    made = estimation.estimate(old, new, metrics=list(limits), thresholds=limits)
    verdicts = {row.measure: row.verdict for row in made.findings}
    assert verdicts == {"accuracy": "alert", "brier": "alert", "roc_auc": "quiet"}
    assert "below the threshold of 90.0%" in made.summary


@pytest.mark.parametrize("truth", [0.0, 1.0, math.nan])
def test_a_reference_of_one_class_or_none_leaves_all_undefined(truth):
    made = estimation.estimate(frame(25).assign(outcome=truth), frame(26))
    assert all(math.isnan(row.value) for row in made.findings)
    assert "reference has" in made.grounds[0].reason
    assert made.verdict == "undefined"


def test_nothing_predicted_1_leaves_precision_undefined():
    old, new = frame(27), frame(28).assign(prediction=0.0)
    made = estimation.estimate(old, new, metrics=["precision", "recall", "accuracy"])
    values = {row.measure: row.value for row in made.findings}
    assert math.isnan(values["precision"])
    assert values["recall"] == 0


def test_an_empty_analysis_and_unscored_rows_have_no_estimate():
    old = frame(29)
    made = estimation.estimate(old, frame(30)[:0])
    assert len(made.findings) == 0
    assert "no scored rows" in made.summary
    lost = frame(30).assign(score=np.nan)
    made = estimation.estimate(old, lost, features=["score"])
    assert {each.n for each in made.grounds} == {0}
    assert all(math.isnan(row.value) for row in made.findings)


def test_columns_of_other_kinds_and_hostile_names_are_taken():
    old, new = frame(31, 600), frame(32, 600, days=7)
    name = "<script>"
    for rows in (old, new):
        rows[name] = [f"<b>{at % 300}</b>" for at in range(600)]
        rows["flag"] = pd.array([True, None] * 300, dtype="boolean")
        rows["money"] = [Decimal("1.5"), None] * 300
        rows["huge"] = pd.Series([10**400, 1] * 300, dtype=object)
        rows["mixed"] = [1, "a"] * 300
        rows["inf"] = [np.inf, -np.inf] * 300
        rows["day"] = pd.Timestamp("2024-01-01")
        rows["empty"] = None
        rows["score"] = rows["score"].astype("Float64")
    features = [name, "flag", "money", "huge", "mixed", "inf", "day", "empty"]
    made = estimation.estimate(old, new, features=features)
    assert made.grounds[0].outside < 0.02  # two scores beyond the reference's
    assert "<script>" not in made._repr_html_()
    new[name] = "<i>new</i>"
    weak = estimation.estimate(old, new, features=features)
    assert weak.trusted == ()
    assert "<i>" not in weak._repr_html_()


def test_an_estimate_shows_itself():
    made = estimation.estimate(frame(33), frame(34))
    table = made.frame()
    assert {"rows", "effective", "outside", "weighted", "reason"} <= set(table)
    assert len(table) == len(made.findings)
    assert "accuracy" in made.plot("accuracy").alt.lower()


def test_what_cannot_be_estimated_is_refused():
    old, new = frame(35, 200), frame(36, 200)
    with pytest.raises(ValueError, match="no metric 'auc'"):
        estimation.estimate(old, new, metrics=["auc"])
    with pytest.raises(ValueError, match="thresholds name 'f1'"):
        estimation.estimate(old, new, metrics=["accuracy"], thresholds={"f1": 0.5})
    with pytest.raises(ValueError, match="reference has no column 'outcome'"):
        estimation.estimate(old.drop(columns="outcome"), new)
    with pytest.raises(ValueError, match="analysis has no column 'score'"):
        estimation.estimate(old, new.drop(columns="score"))
    with pytest.raises(ValueError, match="has no column 'age'"):
        estimation.estimate(old, new, features=["age"])
    with pytest.raises(ValueError, match="weighted needs features"):
        estimation.estimate(old, new, weighted=True)
    with pytest.raises(ValueError, match="no column 'time'"):
        estimation.estimate(old, new.drop(columns="time"))
    with pytest.raises(ValueError, match="label for each of the 200 rows, got 2"):
        estimation.estimate(old, new, chunk=["a", "b"])
    with pytest.raises(ValueError, match="between 0 and 1, got 7"):
        estimation.estimate(old, new.assign(score=7.0))

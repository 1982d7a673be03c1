from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as theirs

from lifecycle import intervals, metrics, monitor

AS_OF = datetime(2023, 6, 1, tzinfo=UTC)
DELAY = timedelta(weeks=2)
MONDAY = pd.Timestamp("2023-04-03", tz="UTC")


def weeks(n, count=3):
    """Times of n rows a week, spread over its days."""
    week = np.repeat(np.arange(count), n)
    return MONDAY + pd.to_timedelta(week * 7 + np.tile(np.arange(n) % 7, count), "D")


def performance(rows, **options):
    given = {"as_of": AS_OF, "delay": DELAY, **options}
    return monitor.performance(rows, **given)


def table(found):
    return {(row.period, row.measure): row for row in found}


def test_several_classes_are_measured_week_by_week():
    rng = np.random.default_rng(1)
    labels = np.array(["ash", "birch", "cedar"])
    chance = rng.dirichlet(np.ones(3), 300)
    outcome = labels[[rng.choice(3, p=row) for row in chance]]
    rows = pd.DataFrame({"time": weeks(100), "outcome": outcome})
    rows["prediction"] = labels[chance.argmax(axis=1)]
    for number, label in enumerate(labels):
        rows[f"score_{label}"] = chance[:, number]
    names = ["accuracy", "macro_f1", "roc_auc", "log_loss"]
    found = performance(
        rows, task="multiclass", metrics=names, thresholds={"log_loss": 0.1}
    )
    second = slice(100, 200)
    y, p = outcome[second], rows["prediction"][second]
    row = table(found)
    assert row["2023-W15", "accuracy"].value == pytest.approx((y == p).mean())
    assert row["2023-W15", "macro_f1"].value == pytest.approx(
        theirs.f1_score(y, p, average="macro")
    )
    assert row["2023-W15", "roc_auc"].value == pytest.approx(
        theirs.roc_auc_score(y, chance[second], multi_class="ovr")
    )
    loss = row["2023-W15", "log_loss"]
    assert loss.value == pytest.approx(
        theirs.log_loss(y, chance[second], labels=labels)
    )
    assert loss.verdict == "alert"
    assert found.main == "accuracy"


def test_classes_that_are_numbers_find_their_columns():
    rows = pd.DataFrame({"time": weeks(40, 1), "outcome": [1, 2] * 20})
    rows["prediction"] = [1, 1] * 20
    rows["score_1"], rows["score_2"] = 0.75, 0.25
    found = performance(rows, task="multiclass", metrics=["log_loss"])
    assert found[0].value == pytest.approx(-np.log([0.75, 0.25]).mean())
    ordered = performance(rows, task="multiclass", metrics=["log_loss"], classes=[2, 1])
    assert ordered[0].value == pytest.approx(found[0].value)
    with pytest.raises(ValueError, match="no column score_3"):
        performance(rows, task="multiclass", metrics=["log_loss"], classes=[1, 3])
    with pytest.raises(ValueError, match="needs probabilities; add a column score_"):
        performance(
            rows[["time", "outcome", "prediction"]],
            task="multiclass",
            metrics=["roc_auc"],
        )


def test_amounts_are_measured_week_by_week():
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"time": weeks(50), "outcome": rng.normal(50, 9, 150)})
    rows["prediction"] = rows["outcome"] + rng.normal(0, 3, 150)
    found = performance(
        rows,
        task="regression",
        metrics=["rmse", "r2", "mape", "pinball@0.9"],
        thresholds={"rmse": 1.0, "r2": 0.5},
    )
    part = rows[50:100]
    row = table(found)
    assert row["2023-W15", "rmse"].value == pytest.approx(
        theirs.root_mean_squared_error(part["outcome"], part["prediction"])
    )
    assert row["2023-W15", "pinball@0.9"].value == pytest.approx(
        theirs.mean_pinball_loss(part["outcome"], part["prediction"], alpha=0.9)
    )
    assert row["2023-W15", "rmse"].verdict == "alert"
    assert row["2023-W15", "r2"].verdict == "quiet"
    assert row["2023-W15", "mape"].unit == "%"
    assert found.summary.startswith("RMSE was 3.")
    assert "above the threshold of 1.000" in found.summary
    assert performance(rows, task="regression").main == "mae"


def test_rankings_are_measured_by_list():
    times = np.repeat(weeks(40, 2), 5)
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"time": times, "occasion": np.repeat(np.arange(80), 5)})
    rows["rank"] = np.tile(np.arange(1, 6), 80)
    rows["outcome"] = (rng.random(400) < 0.3).astype(float)
    rows["item"] = rng.integers(0, 30, 400)
    rows.loc[0, "outcome"] = np.nan  # the first list is not known yet
    found = performance(
        rows,
        task="ranking",
        metrics=["ndcg@3", "hit_rate@3", "coverage@5"],
        thresholds={"hit_rate@3": 0.9},
        catalogue=30,
    )
    row = table(found)
    hits = rows["outcome"].to_numpy().reshape(80, 5)[1:40, :3].max(axis=1)
    assert row["2023-W14", "hit_rate@3"].n == 39
    assert row["2023-W14", "hit_rate@3"].value == pytest.approx(hits.mean())
    assert row["2023-W14", "hit_rate@3"].verdict == "alert"
    assert row["2023-W15", "coverage@5"].value == pytest.approx(
        rows["item"][200:].nunique() / 30
    )
    assert found.summary.startswith("NDCG@3 was ")
    shuffled = rows.sample(frac=1, random_state=1)
    again = performance(shuffled, task="ranking", metrics=["ndcg@3"])
    assert [r.value for r in again] == pytest.approx(
        [r.value for r in found if r.measure == "ndcg@3"]
    )


def test_a_ranking_may_be_ordered_by_score():
    rows = pd.DataFrame({"time": MONDAY, "occasion": ["a"] * 3 + ["b"] * 3})
    rows["score"] = [0.1, 0.5, 0.9] * 2
    rows["outcome"] = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    found = performance(rows, task="ranking", metrics=["precision@1"])
    assert found[0].value == 0.5


def ripening():
    """Two full weeks, and one of which most outcomes are not due."""
    rows = pd.DataFrame({"time": weeks(70)})
    moved = pd.Timestamp("2023-05-15", tz="UTC") - (MONDAY + pd.Timedelta(weeks=2))
    rows.loc[140:, "time"] += moved  # the week of which Monday to Thursday are due
    return rows.assign(prediction=1.0, score=0.8, outcome=1.0)


def test_a_chunk_is_judged_once_it_is_ripe():
    rows = ripening()
    options = {"metrics": ["accuracy"], "thresholds": {"accuracy": 0.7}}
    at_once = performance(rows, **options)
    assert [(r.period, r.n, r.verdict) for r in at_once] == [
        ("2023-W14", 70, "quiet"),
        ("2023-W15", 70, "quiet"),
        ("2023-W20", 40, "quiet"),
    ]
    found = performance(rows, **options, ripe=0.8)
    row = table(found)
    assert row["2023-W20", "accuracy"].verdict == "undefined"
    assert row["2023-W20", "accuracy"].n == 40
    share = row["2023-W20", "outcomes known"]
    assert (share.value, share.n) == (pytest.approx(40 / 70), 70)
    assert (share.lower, share.upper) == pytest.approx(intervals.wilson(40, 70))
    assert row["2023-W15", "outcomes known"].value == 1
    assert found.summary == (
        "Accuracy was 100.0% in 2023-W15 (90%: 96.3% to 100.0%, n 70), not below the "
        "threshold of 70.0%; 1 week is not ripe (of 2023-W20 57% of the outcomes are "
        "known)."
    )
    assert found.newest("accuracy").period == "2023-W20"
    assert performance(rows, **options, ripe=0.5)[4].verdict == "quiet"


def test_outcomes_that_are_due_and_unknown_keep_a_chunk_unripe():
    rows = ripening()
    rows.loc[:59, "outcome"] = np.nan
    row = table(performance(rows, metrics=["accuracy"], ripe=0.5))
    assert row["2023-W14", "outcomes known"].value == pytest.approx(10 / 70)
    assert row["2023-W14", "accuracy"].verdict == "undefined"


def test_a_chunk_of_which_nothing_is_due_is_there_when_ripeness_is_asked_for():
    rows = pd.DataFrame({"time": [pd.Timestamp("2023-05-29", tz="UTC")] * 40})
    rows = rows.assign(prediction=1.0, score=0.5, outcome=1.0)
    future = rows.assign(time=pd.Timestamp("2023-06-12", tz="UTC"))
    found = performance(pd.concat([rows, future]), metrics=["accuracy"], ripe=0.5)
    assert [(r.period, r.measure, r.n) for r in found] == [
        ("2023-W22", "accuracy", 0),
        ("2023-W22", "outcomes known", 40),
    ]
    assert math.isnan(found[0].value)
    assert found.verdict == "undefined"
    with pytest.raises(ValueError, match=r"ripe must be a share .* got 80; use 0\.8"):
        performance(rows, ripe=80)


def test_thresholds_come_from_the_reference():
    reference = pd.DataFrame({"prediction": 1.0, "score": [0.9] * 100})
    reference["outcome"] = [1.0] * 85 + [0.0] * 15
    limits = monitor.reference_performance(
        reference, metrics=["accuracy", "brier", "log_loss"], drop={"accuracy": 0.1}
    )
    held = {row.measure: row for row in limits}
    assert held["accuracy"].threshold == pytest.approx(0.75)
    assert held["brier"].threshold == pytest.approx(held["brier"].value + 0.05)
    assert held["log_loss"].threshold == pytest.approx(1.05 * held["log_loss"].value)
    assert limits.verdict == "undefined"
    assert limits.summary == (
        "Accuracy was 85.0% in the reference (90%: 78.2% to 89.9%, n 100)."
    )
    rows = pd.DataFrame({"time": weeks(50, 1), "prediction": 1.0, "score": 0.9})
    rows["outcome"] = [1.0] * 37 + [0.0] * 13
    found = performance(rows, metrics=["accuracy"], thresholds=limits)
    assert (found[0].threshold, found[0].verdict) == (pytest.approx(0.75), "alert")
    with pytest.raises(ValueError, match="drop of accuracy must be 0 or more"):
        monitor.reference_performance(reference, metrics=["accuracy"], drop=-1)


def test_a_reference_may_be_of_any_task_and_only_its_due_rows_count():
    rows = pd.DataFrame({"time": weeks(50, 1), "outcome": 10.0, "prediction": 12.0})
    early = MONDAY.to_pydatetime() + timedelta(days=1, weeks=2)
    found = monitor.reference_performance(
        rows, task="regression", metrics=["mae"], as_of=early, delay=DELAY
    )
    assert (found[0].value, found[0].threshold, found[0].n) == (2, 2.1, 15)
    none = monitor.reference_performance(rows[:0], task="regression", metrics=["mae"])
    assert math.isnan(none[0].threshold)


def test_one_segment_over_time():
    rows = pd.DataFrame({"time": weeks(80), "prediction": 1.0, "score": 0.5})
    rows["plan"] = ["free", "team"] * 120
    rows["age"] = [20.0, 40.0, np.nan, 60.0] * 60
    rows["outcome"] = np.where(rows["plan"] == "free", 0.0, 1.0)
    options = {"metrics": ["accuracy"], "thresholds": {"accuracy": 0.7}}
    found = performance(rows, **options, segment={"plan": "free"})
    assert {(r.subject, r.n, r.verdict) for r in found} == {("plan=free", 40, "alert")}
    assert found.summary.startswith("Where plan=free: Accuracy was 0.0% in 2023-W16")
    older = performance(rows, **options, segment={"age": (40, 60)})
    assert {(r.subject, r.value) for r in older} == {("age 40 to 60", 1.0)}
    missing = performance(rows, **options, segment={"age": None, "plan": "free"})
    assert {(r.subject, r.n) for r in missing} == {("age missing, plan=free", 20)}
    with pytest.raises(ValueError, match="no column 'size' to take a segment of"):
        performance(rows, segment={"size": 1})


def test_the_calibration_error_is_a_metric_like_any_other():
    rows = pd.DataFrame({"time": weeks(100, 1), "prediction": 1.0, "score": 0.9})
    rows["outcome"] = [1.0, 0.0] * 50
    found = performance(
        rows, metrics=["calibration_error"], thresholds={"calibration_error": 0.1}
    )
    assert (found[0].value, found[0].verdict) == (pytest.approx(0.4), "alert")
    assert metrics.calibration_bias(rows["outcome"], rows["score"]) < 0.03


def test_a_binary_table_may_lack_scores_or_predictions():
    rows = pd.DataFrame({"time": weeks(40, 1), "outcome": [1, 0] * 20})
    only = performance(rows.assign(prediction=1), metrics=["accuracy", "roc_auc"])
    assert (only[0].value, math.isnan(only[1].value)) == (0.5, True)
    scored = performance(rows.assign(score=0.5), metrics=["roc_auc"])
    assert scored[0].value == 0.5


def test_nullable_boolean_and_decimal_columns_are_read():
    rows = pd.DataFrame({"time": weeks(40, 1)})
    rows["prediction"] = pd.Series([True, False] * 20, dtype="boolean")
    rows["outcome"] = pd.Series([1, None, 0, 0] * 10, dtype="Int64")
    assert performance(rows, metrics=["accuracy"])[0].n == 30
    money = rows.assign(
        prediction=[Decimal("1.5")] * 40, outcome=[Decimal("2.5"), None] * 20
    )
    found = performance(money, task="regression", metrics=["mae"])
    assert (found[0].value, found[0].n) == (1.0, 20)


def test_a_table_of_another_task_is_refused_in_a_sentence():
    rows = pd.DataFrame({"time": weeks(5, 1), "prediction": "a", "outcome": "b"})
    with pytest.raises(ValueError, match=r"must hold numbers for binary.*multiclass"):
        performance(rows, metrics=["accuracy"])
    with pytest.raises(ValueError, match="needs the columns occasion, outcome"):
        performance(rows, task="ranking")
    with pytest.raises(ValueError, match="regression needs the columns outcome and"):
        performance(rows[["time"]], task="regression")
    with pytest.raises(ValueError, match="no task 'clustering'; use one of binary"):
        performance(rows, task="clustering")
    with pytest.raises(ValueError, match="no metric asked for"):
        performance(rows, metrics=[])


# ---------------------------------------------------------------- confusion


def test_the_confusion_matrix_is_rows_of_findings():
    rows = pd.DataFrame({"time": weeks(50, 2)})
    rows["prediction"] = [1.0, 0.0] * 50
    rows["outcome"] = [1.0, 0.0, 0.0, 1.0, None] * 20
    found = monitor.confusion(rows, as_of=AS_OF, delay=DELAY)
    known = rows.dropna()
    counts = theirs.confusion_matrix(known["outcome"], known["prediction"])
    for row in found:
        truth, guess = int(row.subject[0]), int(row.subject[-1])
        assert row.value == pytest.approx(counts[truth, guess] / counts[truth].sum())
        assert row.n == counts[truth].sum()
        assert (row.lower, row.upper) == pytest.approx(
            intervals.wilson(counts[truth, guess], counts[truth].sum())
        )
    assert found.verdict == "undefined"
    weekly = monitor.confusion(rows, as_of=AS_OF, delay=DELAY, chunk="week")
    assert {row.period for row in weekly} == {"2023-W14", "2023-W15"}
    assert weekly.summary.startswith("In 2023-W15: the most frequent mistake is")


def test_the_most_frequent_mistake_is_said_and_escaped():
    rows = pd.DataFrame({"outcome": ["a"] * 5 + ["<b>\n"] * 4})
    rows["prediction"] = ["a", "a", "<b>\n", "c", "c", "<b>\n", "a", "a", "a"]
    found = monitor.confusion(rows, task="multiclass")
    assert (
        found.summary == "The most frequent mistake is <b> predicted a: 3 of 4 (n 9)."
    )
    assert "<b> " not in found._repr_html_()
    right = monitor.confusion(
        rows.assign(prediction=rows["outcome"]), task="multiclass"
    )
    assert right.summary == "No prediction was mistaken (n 9)."


def test_nothing_known_confuses_nobody():
    rows = pd.DataFrame({"outcome": [None, None], "prediction": [1.0, 0.0]})
    found = monitor.confusion(rows)
    assert (len(found), found.verdict) == (0, "undefined")
    assert found.summary.startswith("No outcome is known yet")
    with pytest.raises(ValueError, match="regression has no classes to confuse"):
        monitor.confusion(rows, task="regression")
    with pytest.raises(ValueError, match="outcomes must be 0 or 1, got 2"):
        monitor.confusion(rows.assign(outcome=2.0))

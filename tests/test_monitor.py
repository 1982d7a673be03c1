from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from sklearn import metrics as theirs

from lifecycle import intervals, monitor, simulate

AS_OF = datetime(2023, 6, 1, tzinfo=UTC)
DELAY = timedelta(weeks=2)


def week(monday, right, n, *, score=0.5):
    """n rows of one week, of which so many are predicted right."""
    return pd.DataFrame(
        {
            "time": pd.Timestamp(monday, tz="UTC"),
            "prediction": [1.0] * n,
            "score": [score] * n,
            "outcome": [1.0] * right + [0.0] * (n - right),
        }
    )


def performance(*frames, **options):
    rows = pd.concat(frames, ignore_index=True) if frames else week("2023-01-02", 0, 0)
    given = {"as_of": AS_OF, "delay": DELAY, "metrics": ["accuracy"]}
    return monitor.performance(
        rows, **{**given, "thresholds": {"accuracy": 0.7}, **options}
    )


def test_every_chunk_has_its_value_count_and_interval():
    found = performance(week("2023-04-10", 62, 100), week("2023-04-03", 81, 100))
    assert [(r.period, r.value, r.n, r.verdict) for r in found] == [
        ("2023-W14", 0.81, 100, "quiet"),
        ("2023-W15", 0.62, 100, "alert"),
    ]
    assert (found[1].lower, found[1].upper) == pytest.approx(intervals.wilson(62, 100))
    assert found[1].threshold == 0.7
    assert found.verdict == "alert"


def test_the_summary_says_the_newest_chunk_and_how_often():
    found = performance(week("2023-04-03", 81, 100), week("2023-04-10", 62, 100))
    assert found.summary == (
        "Accuracy was 62.0% in 2023-W15 (90%: 53.8% to 69.6%, n 100), below the "
        "threshold of 70.0%; below it in 1 of 2 weeks judged."
    )
    quiet = performance(week("2023-04-03", 81, 100))
    assert quiet.summary.endswith("n 100), not below the threshold of 70.0%.")


def test_the_point_value_decides_not_the_interval():
    found = performance(week("2023-04-03", 69, 100), week("2023-04-10", 70, 100))
    assert [r.verdict for r in found] == ["alert", "quiet"]


def test_few_rows_are_undefined():
    found = performance(week("2023-04-03", 10, 29))
    assert (found[0].verdict, found.verdict) == ("undefined", "undefined")
    assert found[0].value == pytest.approx(10 / 29)
    assert found.summary.endswith("no week has enough outcomes to be judged.")
    assert performance(week("2023-04-03", 10, 30)).verdict == "alert"


def test_only_mature_rows_count():
    # due on 1 June: predictions of 18 May at the latest
    found = performance(week("2023-05-18", 40, 50), week("2023-05-19", 0, 50))
    assert [(r.period, r.n) for r in found] == [("2023-W20", 50)]


def test_rows_without_outcome_or_prediction_are_left_out():
    rows = week("2023-04-03", 40, 50)
    rows.loc[:4, "outcome"] = None
    rows.loc[5:9, "prediction"] = None
    assert performance(rows)[0].n == 40


def test_before_any_outcome_performance_is_undefined():
    for rows in ([], [week("2023-05-29", 10, 50)]):
        found = performance(*rows)
        assert len(found) == 0
        assert found.verdict == "undefined"
        assert found.summary == "Accuracy is undefined: no outcome is due yet."


def test_a_metric_where_less_is_better_alerts_above_its_threshold():
    rows = week("2023-04-03", 0, 50, score=0.9)
    options = {"metrics": ["brier"], "thresholds": {"brier": 0.25}}
    found = performance(rows, **options)
    assert found[0].value == pytest.approx(0.81)
    assert found.verdict == "alert"
    assert "above the threshold of 0.250" in found.summary
    assert found.main == "brier"


def test_a_metric_without_threshold_is_not_judged():
    found = performance(week("2023-04-03", 0, 50), thresholds={})
    assert found[0].verdict == "undefined"
    assert found.summary.endswith("n 50).")


def test_a_metric_that_is_undefined_is_not_quiet():
    rows = week("2023-04-03", 50, 50)  # one class only
    found = performance(rows, metrics=["roc_auc"], thresholds={"roc_auc": 0.6})
    assert math.isnan(found[0].value)
    assert found[0].verdict == "undefined"
    assert found.summary == (
        "ROC AUC is undefined in every week whose outcomes are due."
    )


def test_a_small_class_is_judged_by_its_own_rows():
    rows = week("2023-04-03", 5, 400)
    found = performance(rows, metrics=["recall"], thresholds={"recall": 0.5})
    assert (found[0].n, found[0].verdict) == (5, "undefined")


def test_months_and_zones_cut_the_chunks():
    late = week("2023-04-30 23:00", 40, 50)
    found = performance(late, chunk="month", timezone="Europe/Berlin")
    assert found[0].period == "2023-05"


def test_an_unknown_metric_is_refused():
    with pytest.raises(ValueError, match="no metric 'acuracy'; use some of accuracy"):
        performance(metrics=["acuracy"])


def test_many_weeks_and_metrics_agree_with_scikit_learn():
    reference, _ = simulate.deployment(n_reference=4000, seed=4)
    rng = np.random.default_rng(4)
    start = pd.Timestamp("2022-01-03", tz="UTC")
    days = rng.integers(0, 7 * 40, len(reference))
    rows = pd.DataFrame(
        {
            "time": start + pd.to_timedelta(days, unit="D"),
            "score": reference["y_score"],
            "prediction": (reference["y_score"] > 0.5).astype(float),
            "outcome": reference["y_true"].astype(float),
        }
    )
    found = performance(rows, metrics=["accuracy", "roc_auc", "brier", "precision"])
    assert len(found) == 40 * 4
    periods = [r.period for r in found]
    assert periods == sorted(periods)
    week_7 = rows[(days >= 42) & (days < 49)]
    y, p, s = week_7["outcome"], week_7["prediction"], week_7["score"]
    values = {r.measure: r.value for r in found if r.period == "2022-W07"}
    assert values["accuracy"] == pytest.approx(theirs.accuracy_score(y, p))
    assert values["roc_auc"] == pytest.approx(theirs.roc_auc_score(y, s))
    assert values["brier"] == pytest.approx(theirs.brier_score_loss(y, s))
    assert values["precision"] == pytest.approx(theirs.precision_score(y, p))


def test_a_planted_decay_is_found():
    _, good = simulate.deployment(n_analysis=1500, seed=6)
    _, bad = simulate.deployment(n_analysis=1500, shift={"y_true": 0.5}, seed=6)
    frames = []
    for monday, part in [("2023-04-03", good), ("2023-04-10", bad)]:
        frames.append(
            pd.DataFrame(
                {
                    "time": pd.Timestamp(monday, tz="UTC"),
                    "score": part["y_score"],
                    "prediction": (part["y_score"] > 0.5).astype(float),
                    "outcome": part["y_true"].astype(float),
                }
            )
        )
    found = performance(*frames, thresholds={"accuracy": 0.6})
    assert [r.verdict for r in found] == ["quiet", "alert"]
    found.plot()
    assert "alert" in found._repr_html_()


def test_calibration_is_what_came_true_less_what_was_said_week_by_week() -> None:
    first, second = (
        pd.Timestamp(day, tz="UTC") for day in ("2023-04-03", "2023-04-10")
    )
    rows = pd.DataFrame(
        {
            "time": [first] * 4 + [second] * 3 + [second],
            "score": [0.5, 0.5, 0.5, 0.5, 0.9, 0.8, 0.7, 0.4],
            "outcome": [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, np.nan],
        }
    )
    at = datetime(2023, 6, 1, tzinfo=UTC)
    found = monitor.calibration(rows, as_of=at, delay=timedelta(weeks=6))
    assert [row.period for row in found] == ["2023-W14", "2023-W15"]
    assert [row.n for row in found] == [4, 3]
    assert found[0].value == pytest.approx(0.25)
    assert found[1].value == pytest.approx((1 - 2.4) / 3)
    gaps = [0.5, 0.5, 0.5, -0.5]
    ends = scipy.stats.t.interval(0.9, 3, np.mean(gaps), scipy.stats.sem(gaps))
    assert (found[0].lower, found[0].upper) == pytest.approx(ends)


def test_calibration_without_a_due_outcome_is_undefined_and_says_so() -> None:
    rows = pd.DataFrame(
        {
            "time": [pd.Timestamp("2023-04-03", tz="UTC")],
            "score": [0.5],
            "outcome": [1.0],
        }
    )
    at = datetime(2023, 4, 10, tzinfo=UTC)
    found = monitor.calibration(rows, as_of=at, delay=timedelta(weeks=6))
    assert found.verdict == "undefined"
    assert "no outcome" in found.summary

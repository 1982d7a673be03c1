from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as theirs

from lifecycle import intervals, metrics, monitor
from lifecycle.monitor import contrast, reading

MONDAY = pd.Timestamp("2023-01-02", tz="UTC")


def rows(n=4000, *, seed=1, columns=5, bad=None, chance=0.85, times=True):
    """Predictions right with a chance, and a bad one where `bad` says so."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {f"c{i}": rng.choice(list("abcdefgh"), n) for i in range(columns)}
    )
    frame["age"] = rng.integers(18, 80, n).astype(float)
    if times:
        frame["time"] = MONDAY + pd.to_timedelta(np.arange(n) * 3, unit="h")
    frame["prediction"] = rng.integers(0, 2, n).astype(float)
    frame["score"] = rng.random(n)
    hit = np.full(n, chance)
    if bad is not None:
        hit[bad(frame)] = 0.6
    right = rng.random(n) < hit
    frame["outcome"] = np.where(right, frame["prediction"], 1 - frame["prediction"])
    return frame


def shown(found, measure="accuracy"):
    return {row.subject: row for row in found if row.measure == measure}


def test_a_planted_segment_is_found_named_and_told():
    frame = rows(bad=lambda f: f["c2"] == "d")
    found = monitor.segments(frame)
    first = found[0]
    part = frame[frame["c2"] == "d"]
    rest = frame[frame["c2"] != "d"]
    right = int((part["prediction"] == part["outcome"]).sum())
    assert (first.subject, first.verdict, first.n) == ("c2=d", "alert", len(part))
    assert first.value == pytest.approx(right / len(part))
    assert (first.lower, first.upper) == pytest.approx(
        intervals.wilson(right, len(part))
    )
    elsewhere = (rest["prediction"] == rest["outcome"]).mean()
    assert first.threshold == pytest.approx(elsewhere - 0.05)
    assert found[1].value == pytest.approx(first.value - elsewhere)
    assert found[1].lower < found[1].value < found[1].upper < 0
    assert [row.subject for row in found if row.verdict == "alert"] == ["c2=d"]
    assert found.summary.startswith(f"Accuracy is worst where c2=d: {first.value:.1%}")
    assert "of 44 segments looked at 1 is worse than the rest by 5 points" in (
        found.summary
    )


def test_where_no_segment_differs_an_alert_is_rare():
    alarms = 0
    for seed in range(60):
        found = monitor.segments(rows(1500, seed=seed), floor=0.0)
        alarms += found.verdict == "alert"
    # without confirmation 5% would be allowed; with it far less
    assert alarms <= stats.binom.ppf(0.999, 60, 0.05**2)


def test_a_segment_that_was_bad_in_the_past_only_is_not_confirmed():
    frame = rows(bad=lambda f: (f["c2"] == "d") & (np.arange(len(f)) < 2000))
    assert monitor.segments(frame).verdict == "quiet"
    assert monitor.segments(frame.drop(columns="time")).verdict == "alert"


def test_two_chunks_running_may_confirm_instead():
    hours = MONDAY + pd.to_timedelta(np.arange(4000), unit="h")
    months = hours.strftime("%Y-%m")  # January to the middle of June
    options = {"by": ["c2"], "confirm": "chunks", "chunk": "month", "min_n": 20}

    def found_in(*bad):
        frame = rows(bad=lambda f: (f["c2"] == "d") & np.isin(months, bad))
        return monitor.segments(frame.assign(time=hours), **options)

    twice = found_in("2023-05", "2023-06")
    assert [r.subject for r in twice if r.verdict == "alert"] == ["c2=d"]
    assert "confirmed in the newest chunk" in twice.summary
    newest = np.isin(months, ["2023-05", "2023-06"]).sum()
    assert sum(row.n for row in twice if row.measure == "accuracy") == newest
    assert found_in("2023-05").verdict == "quiet"
    assert found_in("2023-06").verdict == "quiet"


def test_few_rows_are_shown_but_not_judged():
    frame = rows(1000)
    frame.loc[:29, "c0"] = "rare"
    row = shown(monitor.segments(frame, by=["c0"]))["c0=rare"]
    assert (row.n, row.verdict) == (30, "undefined")
    judged = shown(monitor.segments(frame, by=["c0"], min_n=30))["c0=rare"]
    assert judged.verdict == "quiet"
    none = monitor.segments(frame[:60], by=["c0"])
    assert none.verdict == "undefined"
    assert none.summary.startswith("No segment can be judged: 50 known outcomes")


def test_a_small_difference_is_no_alert_however_sure():
    worse = rows(60_000, columns=1, seed=2)
    flip = (worse["c0"] == "a") & (np.random.default_rng(0).random(60_000) < 0.04)
    worse.loc[flip, "outcome"] = 1 - worse.loc[flip, "prediction"]
    assert monitor.segments(worse, by=["c0"], floor=0.05).verdict == "quiet"
    assert monitor.segments(worse, by=["c0"], floor=0.01).verdict == "alert"


def test_pairs_are_alerts_only_where_they_tell_more_than_their_parts():
    frame = rows(20_000, columns=2, bad=lambda f: (f["c0"] == "a") & (f["c1"] == "b"))
    found = monitor.segments(frame, paired=True)
    pairs = [row.subject for row in found if " and " in row.subject]
    assert set(pairs) == {"c0=a and c1=b"}
    assert found[0].subject == "c0=a and c1=b"
    whole = rows(20_000, columns=2, bad=lambda f: f["c0"] == "a")
    alerts = {
        r.subject for r in monitor.segments(whole, paired=True) if r.verdict == "alert"
    }
    assert alerts == {"c0=a"}


def told_of(frame, task="binary"):
    return reading.read(frame, task)


def contrasts(frame, name, column, task="binary"):
    codes, names = pd.factorize(frame[column], sort=True)
    told = told_of(frame, task)
    found = contrast.contrast(
        told,
        task,
        name,
        codes,
        len(names),
        told.known,
        contrast.terms(told, task, name),
        tested=np.ones(len(names), dtype=bool),
    )
    return found, list(names)


@pytest.mark.parametrize("name", ["accuracy", "precision", "recall", "specificity"])
def test_shares_are_compared_by_fishers_exact_test(name):
    frame = rows(300, columns=1, chance=0.7)
    found, names = contrasts(frame, name, "c0")
    y, p = frame["outcome"], frame["prediction"]
    base, hit = {
        "accuracy": (y >= 0, y == p),
        "precision": (p == 1, y == 1),
        "recall": (y == 1, p == 1),
        "specificity": (y == 0, p == 0),
    }[name]
    for number, label in enumerate(names):
        inside = frame["c0"] == label
        table = [
            [int((base & hit & side).sum()), int((base & ~hit & side).sum())]
            for side in (inside, ~inside)
        ]
        assert found.n[number] == sum(table[0])
        exact = stats.fisher_exact(table, alternative="less").pvalue
        if exact < 0.25:
            assert found.p[number] == pytest.approx(exact)
        else:
            assert found.p[number] == pytest.approx(exact, abs=0.06)


def test_means_are_compared_by_welchs_test():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"c": rng.choice(list("ab"), 400), "outcome": 0.0})
    frame["prediction"] = rng.normal(0, np.where(frame["c"] == "a", 1, 1.3))
    for name, losses in (
        ("mae", frame["prediction"].abs()),
        ("rmse", frame["prediction"] ** 2),
    ):
        found, _ = contrasts(frame, name, "c", "regression")
        a, b = losses[frame["c"] == "a"], losses[frame["c"] == "b"]
        expected = stats.ttest_ind(b, a, equal_var=False, alternative="greater")
        assert found.p[1] == pytest.approx(expected.pvalue)
        assert found.value[1] == pytest.approx(
            metrics.regression(name, [0] * len(b), frame["prediction"][b.index]).value
        )


@pytest.mark.parametrize("name", sorted(metrics.METRICS))
def test_every_metric_has_segments_and_their_values(name):
    frame = rows(1200, columns=1)
    found = monitor.segments(frame, by=["c0"], metric=name)
    row = shown(found, name)["c0=a"]
    part = frame[frame["c0"] == "a"]
    expected = metrics.with_interval(
        name, part["outcome"], part["prediction"], part["score"]
    )
    assert (row.value, row.lower, row.upper, row.n) == pytest.approx(expected)
    assert row.verdict == "quiet"


def test_roc_auc_of_a_bad_segment_is_found():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"c": rng.choice(list("abcd"), 4000)})
    frame["outcome"] = rng.integers(0, 2, 4000).astype(float)
    use = np.where(frame["c"] == "b", 0.0, 2.0)
    frame["score"] = 1 / (1 + np.exp(-rng.normal(use * (frame["outcome"] - 0.5), 1)))
    found = monitor.segments(frame, metric="roc_auc")
    assert [r.subject for r in found if r.verdict == "alert"] == ["c=b"]
    part = frame[frame["c"] == "b"]
    assert found[0].value == pytest.approx(
        theirs.roc_auc_score(part["outcome"], part["score"])
    )


def test_regression_and_ranking_have_segments_too():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"c": rng.choice(list("abcd"), 4000)})
    frame["outcome"] = rng.normal(10, 1, 4000)
    noise = np.where(frame["c"] == "c", 3.0, 1.0)
    frame["prediction"] = frame["outcome"] + rng.normal(0, noise)
    for name in ("mae", "rmse", "mape", "r2", "pinball@0.9"):
        found = monitor.segments(frame, task="regression", metric=name)
        assert found[0].subject == "c=c"
        assert found.verdict == "alert"
    assert "by 5 percent or more" in found.summary
    lists = pd.DataFrame({"occasion": np.repeat(np.arange(1000), 3)})
    lists["rank"] = np.tile([1, 2, 3], 1000)
    lists["shop"] = np.where(lists["occasion"] % 4 == 0, "new", "old")
    liked = rng.random(3000) < np.where(lists["shop"] == "new", 0.05, 0.4)
    lists["outcome"] = liked.astype(float)
    found = monitor.segments(lists, task="ranking", metric="hit_rate@3")
    assert [r.subject for r in found if r.verdict == "alert"] == ["shop=new"]
    assert found[0].n == 250


def test_numbers_are_cut_at_the_quartiles_of_the_reference():
    frame = rows(2000)
    reference = pd.DataFrame({"age": [20.0, 30.0, 40.0, 50.0, 60.0]})
    found = shown(monitor.segments(frame, by=["age"], reference=reference))
    assert set(found) == {
        "age below 30",
        "age 30 to 40",
        "age 40 to 50",
        "age 50 or more",
    }
    inside = (frame["age"] >= 30) & (frame["age"] < 40)
    assert found["age 30 to 40"].n == inside.sum()


def test_missing_values_booleans_dates_and_mixtures_are_segments():
    frame = rows(1000)
    frame["flag"] = pd.Series([True, False, None, True] * 250, dtype="boolean")
    frame["day"] = pd.to_datetime(["2023-01-01", "2023-06-01"] * 500)
    frame["mix"] = [1, "x", None, 2.5] * 250
    frame["list"] = [[1], [2]] * 500
    frame["few"] = [0, 1] * 500
    frame["age"] = np.where(frame["age"] < 30, np.nan, frame["age"])
    names = set(
        shown(monitor.segments(frame, by=["flag", "day", "mix", "list", "few", "age"]))
    )
    assert {
        "flag=True",
        "flag=False",
        "flag missing",
        "day=2023-01-01",
        "mix=x",
        "mix missing",
        "list=[1]",
        "few=0",
        "age missing",
    } <= names


def test_decimals_huge_and_infinite_numbers_are_cut_like_others():
    frame = rows(1000)
    frame["money"] = [Decimal(n) / 4 for n in range(1000)]
    frame["huge"] = pd.Series([10**400, 2**70, 1, None] * 250, dtype=object)
    frame["edge"] = np.where(np.arange(1000) % 5 == 0, np.inf, np.arange(1000))
    frame["all"] = np.inf
    found = shown(monitor.segments(frame, by=["money", "huge", "edge", "all"]))
    assert found["money below 62.44"].n == 250
    assert found["huge=inf"].n == found["huge=1"].n == 250
    assert found["edge 749.5 or more"].n == 200 + 200  # the infinite ones, too
    assert found["all=inf"].verdict == "undefined"


def test_ten_thousand_categories_and_constants_are_no_trouble():
    frame = rows(12_000, columns=1)
    frame["who"] = np.arange(12_000) % 10_000
    frame["who"] = frame["who"].astype(str)
    frame["same"] = "x"
    frame["nothing"] = None
    found = monitor.segments(frame)
    assert found.verdict == "quiet"
    assert len(found) < 100
    assert shown(found)["same=x"].verdict == "undefined"  # there is no rest


def test_house_columns_are_no_segments_unless_asked_for():
    frame = rows(600).assign(id="x", version=["1", "2"] * 300)
    assert not {s for s in shown(monitor.segments(frame)) if s.startswith("version")}
    assert "version=2" in shown(monitor.segments(frame, by=["version"]))


def test_only_rows_due_are_looked_at():
    frame = rows(1000)
    found = monitor.segments(
        frame,
        by=["c0"],
        as_of=datetime(2023, 3, 1, tzinfo=UTC),
        delay=timedelta(weeks=2),
    )
    due = frame["time"] <= pd.Timestamp("2023-02-15", tz="UTC")
    assert sum(row.n for row in found if row.measure == "accuracy") == due.sum()


def test_hostile_names_are_cut_and_escaped():
    frame = rows(600)
    frame["<script>\n" * 30] = ["<b>\n" + "y" * 500, "n"] * 300
    found = monitor.segments(frame)
    assert max(len(row.subject) for row in found) < 130
    assert not any("\n" in row.subject for row in found)
    assert "<script>" not in found._repr_html_()
    found.plot()


def test_what_cannot_be_segmented_is_refused():
    frame = rows(100)
    with pytest.raises(ValueError, match="no column 'plan'; mend the name in by"):
        monitor.segments(frame, by=["plan"])
    with pytest.raises(ValueError, match="no metric 'acuracy'"):
        monitor.segments(frame, metric="acuracy")
    with pytest.raises(ValueError, match="no task 'x'"):
        monitor.segments(frame, task="x")
    with pytest.raises(ValueError, match="confirm must be halves or chunks"):
        monitor.segments(frame, confirm="twice")
    with pytest.raises(ValueError, match="rate must lie within 0 and 1"):
        monitor.segments(frame, rate=0)
    with pytest.raises(ValueError, match="floor must be 0 or more"):
        monitor.segments(frame, floor=-1)
    empty = monitor.segments(frame[:0])
    assert (len(empty), empty.verdict) == (0, "undefined")
    one = monitor.segments(frame[:1], by=["c0"])
    assert (one[0].verdict, math.isnan(one[1].value)) == ("undefined", True)

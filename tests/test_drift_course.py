from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lifecycle import drift, profiles
from lifecycle.drift import budget as budgets
from lifecycle.drift import judging
from lifecycle.findings import Finding, Findings

MONDAY = pd.Timestamp("2023-01-02", tz="UTC")
REFERENCE = pd.Timestamp("2022-01-03", tz="UTC")


def rows(n, rng, *, shift=0.0, lost=0.03, plans=(0.6, 0.3, 0.1), extra=0.0):
    table = pd.DataFrame(
        {
            "age": rng.normal(shift, 1, n),
            "visits": rng.poisson(4, n),
            "plan": rng.choice(["free", "basic", "pro"], n, p=plans),
        }
    )
    table["income"] = np.where(rng.random(n) < lost, math.nan, rng.gamma(2, 1, n))
    table.loc[rng.random(n) < extra, "plan"] = "gold"
    return table


def log(weeks, rng, n=500, start=MONDAY, **planted):
    """Weeks of rows; a list in `planted` gives one value a week."""
    parts = []
    for week in range(weeks):
        now = {k: v[week] if isinstance(v, list) else v for k, v in planted.items()}
        moments = (
            start + pd.Timedelta(7 * week, "D") + np.arange(n) * pd.Timedelta("1h")
        )
        parts.append(rows(n, rng, **now).assign(time=moments[:n]))
        assert n <= 24 * 7
    return pd.concat(parts, ignore_index=True)


def year(rng, n=160):
    return log(20, rng, n=n, start=REFERENCE)


def test_a_planted_shift_is_an_alert_from_the_second_chunk_on():
    rng = np.random.default_rng(1)
    found = drift.course(year(rng), log(6, rng, n=160, shift=[0, 0, 0, 1, 1, 1]))
    verdicts = [
        r.verdict for r in found.findings if (r.subject, r.measure) == ("age", "ks")
    ]
    assert verdicts == ["quiet"] * 4 + ["alert"] * 2
    assert (found.drifted, found.alarms) == (("age",), ("2023-W05",))
    assert found.verdict == "alert"
    assert found.summary.startswith(
        "In 2023-W06 1 of 4 features has drifted from the reference: age (KS 0."
    )
    assert found.summary.endswith("since 2023-W04).")


def test_the_first_chunk_beyond_its_limits_awaits_confirmation():
    rng = np.random.default_rng(1)
    found = drift.course(year(rng), log(4, rng, n=160, shift=[0, 0, 0, 1]))
    assert found.drifted == ()
    assert found.summary == (
        "In 2023-W04 none of 4 features has drifted from the reference; to be "
        "confirmed by the next chunk: age."
    )
    at_once = drift.course(year(rng), log(4, rng, n=160, shift=[0, 0, 0, 1]), confirm=1)
    assert at_once.drifted == ("age",)


def test_values_that_go_missing_and_new_categories_are_hypotheses_of_their_own():
    rng = np.random.default_rng(2)
    reference = year(rng)
    lost = drift.course(reference, log(3, rng, n=160, lost=[0.03, 0.4, 0.4]))
    assert lost.drifted == ("income",)
    row = lost.newest("income", "missing")
    assert (row.verdict, row.unit) == ("alert", "%")
    assert row.lower < row.value < row.upper
    assert "income (missing +" in lost.summary
    new = drift.course(reference, log(3, rng, n=160, extra=[0, 0.3, 0.3]))
    assert new.newest("plan", "unseen").verdict == "alert"
    assert new.drifted == ("plan",)


def test_categories_that_are_always_new_are_not_drift():
    rng = np.random.default_rng(3)

    def names(n):  # every second row has a name that occurs nowhere else
        common = rng.choice(["a", "b"], n)
        alone = [f"id{k}" for k in rng.integers(0, 10**9, n)]
        return pd.DataFrame({"name": np.where(rng.random(n) < 0.5, common, alone)})

    analysis = pd.concat([names(160) for _ in range(8)], ignore_index=True)
    times = [MONDAY + pd.Timedelta(k // 160, "W") for k in range(8 * 160)]
    found = drift.course(names(3000), analysis.assign(time=times))
    assert found.alarms == ()
    assert abs(found.newest("name", "unseen").value) < 0.1


def test_without_drift_it_stays_quiet():
    opened = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        opened += len(drift.course(year(rng), log(20, rng, n=100)).alarms)
    assert opened <= 3  # 4.6 years at half an alarm a year


def test_the_threshold_is_the_prediction_bound_of_the_references_own_chunks():
    rng = np.random.default_rng(4)
    reference = year(rng)
    found = drift.course(
        reference, log(2, rng, n=160), features=["age"], floor=0.001, confirm=1
    )
    parts = [
        part["age"]
        for _, part in reference.groupby(reference.time.dt.isocalendar().week)
    ]
    own = []
    for k, part in enumerate(parts):
        rest = pd.concat(parts[:k] + parts[k + 1 :])
        own.append(stats.ks_2samp(rest, part).statistic)
    k = len(own)
    share = 0.5 / (budgets.YEAR / 7 * 2)
    reach = stats.t.ppf(1 - share, k - 1) * math.sqrt(1 + 1 / k)
    expected = np.mean(own) + reach * np.std(own, ddof=1)
    assert found.newest("age").threshold == pytest.approx(expected, abs=3e-3)


def test_two_more_chunks_lie_above_the_bound_as_rarely_as_asked():
    rng, count, chance, draws = np.random.default_rng(22), 10, 0.01, 100_000
    calm = rng.normal(size=(draws, count))
    next_two = rng.normal(size=(draws, 2))
    reach = judging.reach(count, confirm=2, chance=chance) * math.sqrt(1 + 1 / count)
    bound = calm.mean(axis=1) + reach * calm.std(axis=1, ddof=1)
    seen = int((next_two > bound[:, None]).all(axis=1).sum())
    assert stats.binomtest(seen, draws, chance).pvalue > 1e-3


def test_the_floor_stands_alone_where_the_reference_has_few_chunks():
    rng = np.random.default_rng(5)
    found = drift.course(rows(2000, rng), log(2, rng, n=160), floor=0.07)
    assert {abs(row.threshold) for row in found.findings} == {0.07}


def test_weeks_that_wobble_in_the_reference_may_wobble_later():
    rng = np.random.default_rng(6)
    alarms = {}
    for wobble in (0.0, 0.3):
        reference = log(
            26, rng, n=160, start=REFERENCE, shift=list(rng.normal(0, wobble, 26))
        )
        later = log(26, rng, n=160, shift=list(rng.normal(0, 0.3, 26)))
        found = drift.course(reference, later, features=["age"])
        alarms[wobble] = len(found.alarms)
    assert alarms[0.3] <= 1
    assert alarms[0.0] > alarms[0.3]


def test_a_feature_the_model_ignores_is_measured_and_wakes_nobody():
    rng = np.random.default_rng(7)
    reference, later = year(rng), log(4, rng, n=160, shift=1.0, lost=0.5)
    found = drift.course(reference, later, importance={"age": 0, "income": 0.2})
    assert found.drifted == ("income",)
    assert found.newest("age").value > 0.3
    assert found.newest("age").verdict == "undefined"
    assert "1 that the model does not use was only measured" in found.summary


def test_importance_may_be_findings_and_orders_what_drifted():
    rng = np.random.default_rng(8)
    reference, later = year(rng), log(4, rng, n=160, shift=1.0, lost=0.5)
    given = Findings(
        "Importance",
        (
            Finding("importance", 0.01, 100, 0.0, 0.02, subject="age"),
            Finding("importance", 0.30, 100, 0.2, 0.4, subject="income"),
            Finding("importance", -0.01, 100, -0.02, 0.0, subject="plan"),
        ),
    )
    found = drift.course(reference, later, importance=given)
    assert found.drifted == ("income", "age")
    assert found.newest("plan").verdict == "undefined"
    assert drift.compare(reference, later, features=["age"], importance=given).drifted


def test_what_was_accepted_is_the_reference_from_then_on():
    rng = np.random.default_rng(9)
    shifts = [0, 1, 1, 1, 1, 1, -1, -1]
    reference, later = year(rng), log(8, rng, n=160, shift=shifts)
    chunks = {"2023-W04", "2023-W05"}
    found = drift.course(reference, later, features=["age"], accepted={"age": chunks})
    verdicts = [row.verdict for row in found.findings.only(measure="ks")]
    assert verdicts == ["quiet"] * 2 + ["alert"] + ["quiet"] * 4 + ["alert"]
    whole = drift.course(reference, later)
    same = drift.course(
        whole.reference, whole.analysis, features=["age"],
        accepted={"age": whole.analysis.only(chunks)},
    )  # fmt: skip
    assert [row.value for row in same.findings] == [row.value for row in found.findings]
    assert found.plot_feature("age").alt.startswith("age, 2023-W08: share of rows")


def test_the_sentence_names_the_normal_that_was_accepted():
    rng = np.random.default_rng(9)
    shifts = [0, 1, 1, 1, 1, 1, -1, -1]
    reference, later = year(rng), log(8, rng, n=160, shift=shifts)
    normal = {"2023-W04", "2023-W05"}
    found = drift.course(reference, later, features=["age"], accepted={"age": normal})
    assert found.summary.endswith(
        "since 2023-W07; from the accepted normal of 2023-W04 to 2023-W05)."
    )
    quiet = drift.course(
        reference, later, features=["age", "plan"], accepted={"age": {"2023-W07"}}
    )
    assert quiet.summary == (
        "In 2023-W08 none of 2 features has drifted from the reference; held against "
        "another normal: age (the accepted normal of 2023-W07)."
    )


def test_segments_are_watched_within_the_same_budget():
    rng = np.random.default_rng(10)
    reference = year(rng)
    later = log(4, rng, n=160, plans=(0.4, 0.5, 0.1))
    later.loc[later["plan"] == "basic", "age"] += 1.5
    found = drift.course(reference, later, features=["age"], segments=["plan"])
    by = {
        r.subject: r.verdict
        for r in found.findings
        if r.period == "2023-W04" and r.measure == "ks"
    }
    assert by["age (plan=basic)"] == "alert"
    assert by["age (plan=free)"] == "quiet"
    assert "where plan=basic" in found.summary
    assert found.drifted == ("age",)


def test_segments_of_a_feature_that_has_moved_as_a_whole_are_only_named():
    rng = np.random.default_rng(10)
    reference, later = year(rng), log(4, rng, n=160, plans=(0.4, 0.5, 0.1))
    later["age"] += 1.5
    found = drift.course(reference, later, features=["age"], segments=["plan"])
    assert re.fullmatch(
        r"In 2023-W04 1 of 1 feature has drifted from the reference: age "
        r"\(KS 0\.\d\d, since 2023-W\d\d; also where plan=free, plan=basic\)\.",
        found.summary,
    ), found.summary


def test_scores_and_outcomes_are_watched_when_they_are_named():
    rng = np.random.default_rng(11)
    columns = {
        "id": range(800),
        "score": rng.random(800),
        "outcome": rng.random(800) < 0.3,
    }
    reference = pd.DataFrame(columns).assign(age=rng.normal(size=800), time=REFERENCE)
    times = [MONDAY + pd.Timedelta(k // 200, "W") for k in range(800)]
    later = reference.assign(time=times, score=reference["score"] ** 3)
    names = ["age", "score", "outcome"]
    found = drift.course(reference, later, features=names)
    assert found.drifted == ("score",)
    assert "none of 1 feature has drifted" in found.summary
    assert "; the scores have drifted (KS 0." in found.summary
    assert "the outcomes have not drifted" in found.summary
    assert {r.subject for r in drift.course(reference, later).findings} == {"age"}


def test_further_measures_are_shown_and_not_judged():
    rng = np.random.default_rng(12)
    reference, later = year(rng), log(2, rng, n=160, shift=0.5)
    also = ["wasserstein", "wasserstein_std", "wasserstein_iqr", "js", "hellinger"]
    also += ["psi", "l_infinity", "chi_square"]
    found = drift.course(reference, later, also=also)
    week = later[later.time >= MONDAY + pd.Timedelta("7D")]
    row = {name: found.newest("age", name) for name in also}
    for name in ("no", "std", "iqr"):
        expected = drift.wasserstein(reference["age"], week["age"], normed=name)
        key = "wasserstein" if name == "no" else f"wasserstein_{name}"
        assert row[key].value == pytest.approx(expected, rel=0.03)
    assert row["psi"].value == pytest.approx(
        drift.psi(reference["age"], week["age"]), rel=0.1
    )
    assert {each.verdict for each in row.values()} == {"undefined"}
    assert all(each.threshold > 0 for each in row.values())
    plain = drift.course(reference, later)
    assert plain.newest("plan").value == pytest.approx(
        drift.jensen_shannon(reference["plan"], week["plan"])
    )
    assert plain.newest("age").value == pytest.approx(
        drift.ks_distance(reference["age"], week["age"]), abs=2e-3
    )


def test_another_measure_may_decide():
    rng = np.random.default_rng(13)
    reference, later = year(rng), log(3, rng, n=160, shift=1.0)
    found = drift.course(reference, later, numeric="wasserstein_std", categorical="psi")
    assert found.drifted == ("age",)
    assert found.newest("age", "wasserstein_std").value == pytest.approx(1, abs=0.2)


def test_a_chunk_with_too_few_rows_is_undefined_and_neither_counts_nor_breaks_off():
    rng = np.random.default_rng(14)
    later = log(4, rng, n=160, shift=[0, 1, 1, 1])
    third = later.time.between(
        MONDAY + pd.Timedelta("14D"), MONDAY + pd.Timedelta("20D")
    )
    later = pd.concat([later[~third], later[third].head(5)])
    found = drift.course(year(rng), later, features=["age"])
    verdicts = [row.verdict for row in found.findings.only(measure="ks")]
    assert verdicts == ["quiet", "quiet", "undefined", "alert"]


@pytest.mark.parametrize(
    "values",
    [
        [math.inf, -math.inf, 1.0],
        [True, False, None],
        [None],
        [7],
        [10**400, 1],
        ["a", 1, None],
        ["<script>\n", "b"],
    ],
)
def test_any_column_is_judged_or_undefined(values):
    n = 120
    column = pd.Series([values[k % len(values)] for k in range(n)], dtype=object)
    times = [MONDAY + pd.Timedelta(k // 60, "W") for k in range(n)]
    frame = pd.DataFrame({"x": column, "time": times})
    found = drift.course(frame, frame, also=["wasserstein", "psi"])
    assert found.drifted == ()
    assert "<script>" not in found._repr_html_()
    assert found.frame().shape[0] == len(found.findings)
    found.plot_feature()
    found.plot()


def test_one_row_and_a_column_that_is_gone():
    rng = np.random.default_rng(15)
    reference = rows(300, rng)
    one = rows(1, rng).assign(time=MONDAY)
    found = drift.course(reference, one)
    assert found.verdict == "undefined"
    assert found.summary == (
        "Drift is undefined in 2023-W01: no feature has enough rows to be judged."
    )
    gone = log(3, rng, n=100).drop(columns="age")
    found = drift.course(reference, gone)
    assert found.newest("age", "missing").value == 1
    assert "age" in found.drifted


def test_ten_thousand_categories_are_held_against_each_other():
    rng = np.random.default_rng(16)
    names = np.array([f"c{k}" for k in range(10_000)])
    reference = pd.DataFrame({"c": rng.choice(names, 20_000)})
    later = pd.DataFrame({"c": rng.choice(names, 2000)})
    later["time"] = [MONDAY + pd.Timedelta(k // 500, "W") for k in range(2000)]
    assert drift.course(reference, later).alarms == ()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"features": ["nothing"]}, "there is no column 'nothing' in reference"),
        ({"also": ["kl"]}, "there is no measure 'kl'"),
        ({"categorical": "ks"}, "ks is no measure of categories"),
        ({"accepted": {"x": {"2023-W01"}}}, "accepted names 'x', which is no feature"),
        ({"accepted": {"age": {"2020-W01"}}}, "none of the chunks accepted for 'age'"),
        ({"time": "when"}, "analysis has no column 'when'"),
        ({"budget": 0}, "budget must be above 0, got 0"),
        ({"confirm": 0}, "confirm must be 1 or more, got 0"),
    ],
)
def test_what_is_asked_wrongly_is_said_in_a_sentence(change, sentence):
    rng = np.random.default_rng(17)
    reference, later = rows(100, rng), log(2, rng, n=50)
    with pytest.raises(ValueError, match=sentence):
        drift.course(reference, later, **change)


def test_profiles_on_two_grids_are_an_error():
    rng = np.random.default_rng(18)
    one, two = (log(2, rng, n=50) for _ in range(2))
    pair = [
        profiles.profile(each, profiles.grids(each, ["age"])) for each in (one, two)
    ]
    with pytest.raises(ValueError, match="'age' is counted on two grids"):
        drift.course(*pair)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_p_values_are_corrected_as_scipy_does(p):
    found = judging.corrected(np.array([p, [math.nan] * len(p)]).T.reshape(-1, 1))
    known = found[~np.isnan(found)]
    np.testing.assert_allclose(known, stats.false_discovery_control(p))


@pytest.mark.parametrize("shared", [0.0, 1 / 6, 0.5])
@pytest.mark.parametrize("confirm", [1, 2, 3])
def test_the_level_keeps_the_budget_when_all_hypotheses_move_as_one(shared, confirm):
    alpha, weeks, years = 0.2, 52, 4000
    rate = budgets.together(alpha, confirm, shared)
    rng = np.random.default_rng(19)
    luck = rng.normal(size=(years, 1)) * math.sqrt(shared)
    z = luck + rng.normal(size=(years, weeks)) * math.sqrt(1 - shared)
    beyond = 2 * stats.norm.sf(np.abs(z)) <= alpha
    runs = np.ones((years, weeks - confirm + 1), dtype=bool)
    for back in range(confirm):
        runs &= beyond[:, back : back + weeks - confirm + 1]
    seen = runs.mean(axis=1)
    error = seen.std(ddof=1) / math.sqrt(years)
    assert abs(seen.mean() - rate) < 4 * error


def test_the_level_solves_for_the_budget_and_is_capped():
    for shared in (0.0, 0.3, 0.9):
        alpha = drift.level(0.2, chunks=52, shared=shared)
        assert 52 * budgets.together(alpha, 2, shared) == pytest.approx(0.2, rel=1e-3)
    assert drift.level(0.5, chunks=52, confirm=1) == pytest.approx(0.5 / 52, rel=1e-3)
    assert drift.level(100) == 0.1
    assert drift.level(0.5, shared=0.5) < drift.level(0.5, shared=0.1)


def test_many_hypotheses_with_one_reference_raise_fewer_alarms_than_the_budget():
    # 40 normal means, 52 weeks of 1,000 rows, one reference of 5,000 in each year
    rng, years, weeks, m = np.random.default_rng(20), 300, 52, 40
    alpha = drift.level(0.5, chunks=weeks, shared=1 / 6)
    counts = {}
    for alike in (0.0, 0.99):
        opened = 0
        for _ in range(years):
            common = math.sqrt(1 / 6) * rng.normal(size=(2, m, 1))
            week = math.sqrt(5 / 6) * rng.normal(size=(2, m, weeks))
            one = common[0, :1] + week[0, :1]
            z = math.sqrt(alike) * one + math.sqrt(1 - alike) * (common[1] + week[1])
            p = 2 * stats.norm.sf(np.abs(z))
            beyond = judging.corrected(p) <= alpha
            running = judging.in_a_row(beyond, np.ones_like(beyond))
            opened += judging.openings(running >= 2, np.ones_like(beyond)).sum()
        counts[alike] = opened
    for opened in counts.values():
        assert stats.poisson.sf(opened - 1, 0.5 * years) > 1e-3  # no more than budgeted
    assert counts[0.99] > counts[0.0]


def test_a_course_is_frozen_and_its_table_tidy():
    rng = np.random.default_rng(21)
    found = drift.course(year(rng), log(2, rng, n=160))
    names = ["feature", "segment", "p_value", "p_adjusted", "running"]
    assert list(found.frame().columns[-5:]) == names
    assert replace(found, drifted=("x",)).drifted != found.drifted
    assert repr(found).startswith("<Course quiet: In 2023-W02 none of 4 features")
    with pytest.raises(ValueError, match="'x' was not compared"):
        found.plot_feature("x")
    with pytest.raises(ValueError, match="there is no chunk '2020-W01'"):
        found.plot_feature("age", chunk="2020-W01")

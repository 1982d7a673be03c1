from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from lifecycle import drift, simulate

VALUES = st.lists(
    st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6)),
    min_size=1,
    max_size=50,
)
CATEGORIES = st.lists(st.sampled_from("abcd"), min_size=1, max_size=60)


@pytest.mark.filterwarnings("ignore:ks_2samp")
@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_ks_distance_and_its_p_value_are_scipys(a, b):
    assume(len(a) + len(b) > 2)  # scipy divides by zero on two samples of one
    expected = stats.ks_2samp(a, b, method="exact")
    assert drift.ks_distance(a, b) == pytest.approx(expected.statistic)
    assert drift.homogeneity(a, b) == pytest.approx(expected.pvalue)


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_wasserstein_is_scipys(a, b):
    assert drift.wasserstein(a, b) == pytest.approx(stats.wasserstein_distance(a, b))


@settings(max_examples=60, deadline=None)
@given(CATEGORIES, CATEGORIES)
def test_jensen_shannon_is_scipys_on_the_shares(a, b):
    shares = [[side.count(c) for c in "abcd"] for side in (a, b)]
    expected = distance.jensenshannon(*shares, base=2)
    expected = 0 if math.isnan(expected) else expected
    assert drift.jensen_shannon(a, b) == pytest.approx(expected, abs=1e-7)


def test_chi_square_is_scipys_on_the_contingency_table():
    a, b = ["x"] * 40 + ["y"] * 60, ["x"] * 70 + ["y"] * 30
    table = [[40, 60], [70, 30]]
    theirs = stats.chi2_contingency(table, correction=False)
    assert drift.chi_square(a, b) == pytest.approx(theirs.statistic)
    assert drift.homogeneity(a, b) == pytest.approx(theirs.pvalue)


def test_homogeneity_of_numbers_is_the_two_sample_test():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=300), rng.normal(0.2, 1, 200)
    expected = stats.ks_2samp(a, b, method="asymp").pvalue
    assert drift.homogeneity(a, b) == pytest.approx(expected)


def test_psi_by_hand():
    # half a row a cell: shares 2.5/5, 2.5/5 against 1.5/5, 3.5/5
    expected = (0.3 - 0.5) * math.log(0.3 / 0.5) + (0.7 - 0.5) * math.log(0.7 / 0.5)
    assert drift.psi(list("aabb"), list("abbb")) == pytest.approx(expected)


def test_psi_sees_a_change_in_tied_numbers_on_either_side():
    assert drift.psi([1, 1, 1, 1], [1, 1, 1, 2]) > 0.1
    assert drift.psi([1, 1, 1, 1], [0, 1, 1, 1]) > 0.1
    assert drift.psi([1, 1, 1, 1], [1, 1, 1, 1]) == 0


@pytest.mark.parametrize(
    "measure",
    [
        drift.ks_distance,
        drift.wasserstein,
        drift.jensen_shannon,
        drift.psi,
        drift.chi_square,
        drift.homogeneity,
    ],
)
def test_every_measure_of_an_empty_sample_is_undefined(measure):
    for a, b in [([], [1.0]), ([1.0], []), ([None], [2.0]), ([], [])]:
        assert math.isnan(measure(a, b))


@pytest.mark.parametrize(
    "measure",
    [drift.ks_distance, drift.wasserstein, drift.jensen_shannon, drift.psi],
)
@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_a_sample_has_no_distance_from_itself(measure, values):
    assert measure(values, values) == pytest.approx(0, abs=1e-7)


def test_infinities_are_values_for_ks_and_undefined_for_wasserstein():
    assert drift.ks_distance([1, math.inf], [1, 2]) == 0.5
    assert math.isnan(drift.wasserstein([1, math.inf], [1, 2]))


def test_missing_values_are_left_out_of_a_distance():
    assert drift.ks_distance([1, 2, None], [math.nan, 1, 2]) == 0
    assert drift.jensen_shannon(["a", None], ["a"]) == 0


def test_many_rare_categories_alone_cannot_be_tested():
    a, b = [f"a{i}" for i in range(20)], [f"b{i}" for i in range(20)]
    assert math.isnan(drift.homogeneity(a, b))
    assert drift.jensen_shannon(a, b) == pytest.approx(1)


def test_one_category_in_both_is_alike():
    assert drift.homogeneity(["a"] * 9, ["a"] * 5) == 1


@pytest.mark.parametrize("size", [3, 50, 400])
def test_the_chi_square_test_keeps_its_level_with_rare_categories(size):
    rng = np.random.default_rng(8)
    shares = 1 / np.arange(1, size + 1)
    shares /= shares.sum()
    draws = [
        drift.homogeneity(
            rng.choice(size, 2000, p=shares).astype(str),
            rng.choice(size, 300, p=shares).astype(str),
        )
        for _ in range(200)
    ]
    assert stats.binomtest(sum(p < 0.05 for p in draws), 200, 0.05).pvalue > 0.001


def test_planted_drift_is_found_and_named_the_largest_first():
    reference, analysis = simulate.deployment(
        n_reference=3000, n_analysis=2000, shift={"age": 1.0, "channel": 1.5}, seed=1
    )
    features = ["age", "income", "visits", "channel", "plan"]
    found = drift.compare(reference, analysis, features=features)
    assert set(found.drifted) == {"age", "channel"}
    assert found.verdict == "alert"
    rows = {r.subject: r for r in found.findings if r.measure != "missing"}
    sizes = [rows[name].value for name in found.drifted]
    assert sizes == sorted(sizes, reverse=True)
    expected = drift.ks_distance(reference["age"], analysis["age"])
    assert rows["age"].value == pytest.approx(expected)
    first = found.drifted[0]
    assert found.summary.startswith(
        f"2 of 5 features have drifted from the reference: {first} ("
    )
    assert found.plot_feature().alt.startswith(f"{first}: share of rows")


def test_without_drift_there_is_rarely_an_alert():
    alerts = 0
    for seed in range(40):
        reference, analysis = simulate.deployment(seed=seed)
        alerts += drift.compare(reference, analysis, floor=0.0).verdict == "alert"
    assert alerts <= 6  # 5% a time, with a floor of nothing


def test_a_significant_but_small_difference_is_quiet():
    reference, analysis = simulate.deployment(
        n_reference=20_000, n_analysis=20_000, shift={"age": 0.15}, seed=3
    )
    found = drift.compare(reference, analysis, features=["age"])
    row = found.findings[0]
    assert found.p_values["age", "ks"][1] < 0.001
    assert (row.verdict, row.threshold) == ("quiet", 0.1)
    assert found.summary == "None of 1 feature has drifted from the reference."


def test_a_large_but_chance_difference_is_quiet():
    rng = np.random.default_rng(5)
    reference = pd.DataFrame({"a": rng.normal(size=40)})
    analysis = pd.DataFrame({"a": rng.normal(size=40)})
    found = drift.compare(reference, analysis, floor=0.0)
    assert found.findings[0].value > 0
    assert found.verdict == "quiet"


def test_p_values_are_adjusted_as_scipy_does():
    reference, analysis = simulate.deployment(shift={"age": 0.2, "plan": 0.3}, seed=2)
    features = ["age", "visits", "channel"]  # nothing missing: three tests
    found = drift.compare(reference, analysis, features=features)
    raw = {
        name: drift.homogeneity(reference[name], analysis[name]) for name in features
    }
    adjusted = stats.false_discovery_control(list(raw.values()))
    for name, p in zip(features, adjusted, strict=True):
        measure = "js" if name == "channel" else "ks"
        assert found.p_values[name, measure] == pytest.approx((raw[name], p))


def test_values_that_go_missing_are_a_row_of_their_own():
    reference = pd.DataFrame({"a": [1.0, 2.0] * 100})
    analysis = pd.DataFrame({"a": [1.0, 2.0, None, None] * 50})
    found = drift.compare(reference, analysis)
    row = found.findings.only(measure="missing")[0]
    assert (row.value, row.n, row.verdict, row.unit) == (0.5, 200, "alert", "%")
    assert row.lower < 0.5 < row.upper
    table = [[0, 200], [100, 100]]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert found.p_values["a", "missing"][0] == pytest.approx(expected)
    assert found.summary.endswith("reference: a (missing +50 points).")


def test_values_that_are_no_longer_missing_are_an_alert_too():
    analysis = pd.DataFrame({"a": [1.0, 2.0] * 100})
    reference = pd.DataFrame({"a": [1.0, 2.0, None, None] * 50})
    row = drift.compare(reference, analysis).findings.only(measure="missing")[0]
    assert (row.value, row.threshold, row.verdict) == (-0.5, -0.1, "alert")


def test_the_interval_of_a_missing_rate_is_newcombes():
    # R. G. Newcombe (1998), table II: 56/70 against 48/80, 95%: 0.0524 to 0.3339
    reference = pd.DataFrame({"a": [None] * 48 + [1.0] * 32})
    analysis = pd.DataFrame({"a": [None] * 56 + [1.0] * 14})
    row = drift.compare(reference, analysis).findings.only(measure="missing")[0]
    assert row.value == pytest.approx(0.2)
    # at 90% it lies within the 95% interval of the paper
    assert 0.0524 < row.lower < 0.2 < row.upper < 0.3339


def test_the_intervals_of_distances_cover_the_distance_of_the_populations():
    rng = np.random.default_rng(9)
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.3, 0.3, 0.4])
    truth = {
        "ks": 2 * stats.norm.cdf(0.25) - 1,
        "js": distance.jensenshannon(p, q, base=2),
    }
    hits = dict.fromkeys(truth, 0)
    for _ in range(200):
        reference = pd.DataFrame(
            {"x": rng.normal(size=800), "c": rng.choice(list("abc"), 800, p=p)}
        )
        analysis = pd.DataFrame(
            {"x": rng.normal(0.5, 1, 400), "c": rng.choice(list("abc"), 400, p=q)}
        )
        for row in drift.compare(reference, analysis).findings:
            if row.measure in truth:
                hits[row.measure] += row.lower <= truth[row.measure] <= row.upper
    assert hits["ks"] >= 180
    assert 168 <= hits["js"] <= 196


@pytest.mark.parametrize(
    "values",
    [
        [math.inf, -math.inf, 1.0] * 20,
        pd.Series([10**400, 1, -(10**30)] * 20, dtype=object),
        [True, False, None] * 20,
        [None] * 60,
        [7] * 60,
        [Decimal("1.5"), Decimal("NaN")] * 30,
        ["a", 1, None] * 20,
        [[1], [2], [3]] * 20,
        pd.to_datetime(["2023-01-01T00:00Z", None] * 30),
        pd.Series([1, None] * 30, dtype="Int64"),
        pd.Series(["a", "b"] * 30, dtype="category"),
        [f"v{i}" for i in range(60)],
    ],
)
@pytest.mark.parametrize("rows", [0, 1, 60])
def test_any_column_is_judged_or_undefined_and_never_a_crash(values, rows):
    reference = pd.DataFrame({"a": values})
    analysis = reference.iloc[:rows]
    for pair in [(reference, analysis), (analysis, reference)]:
        found = drift.compare(*pair)
        verdicts = {row.verdict for row in found.findings}
        assert "alert" not in verdicts
        if rows < 30:
            assert verdicts == {"undefined"}
            assert found.summary.startswith("Drift is undefined")
        assert len(found.frame()) == 2
        found.plot_feature("a")
        found._repr_html_()


def test_one_row_is_undefined_and_not_quiet():
    reference = pd.DataFrame({"a": range(100)})
    found = drift.compare(reference, pd.DataFrame({"a": [50]}))
    assert found.verdict == "undefined"
    assert found.findings[0].value == pytest.approx(0.5)


def test_a_column_that_is_gone_is_missing_throughout():
    reference = pd.DataFrame({"a": range(100), "b": range(100)})
    found = drift.compare(reference, reference[["a"]])
    missing = found.findings.only(measure="missing", subject="b")[0]
    assert (missing.value, missing.verdict) == (1.0, "alert")
    assert found.drifted == ("b",)


def test_a_feature_of_neither_frame_is_refused():
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(ValueError, match="no column 'b' in reference or analysis"):
        drift.compare(frame, frame, features=["b"])


def test_a_name_that_occurs_twice_is_refused():
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(ValueError, match="occurs twice"):
        drift.compare(frame, frame, features=["a"])


def test_no_features_and_no_rows_are_undefined():
    found = drift.compare(pd.DataFrame(), pd.DataFrame())
    assert (found.verdict, found.drifted) == ("undefined", ())
    assert found.summary == "There are no features to compare."
    found.plot_feature()
    found.plot()


def test_the_houses_own_columns_are_no_features():
    frame = pd.DataFrame(
        {"id": ["a"], "time": [1], "score": [0.5], "outcome": [1], "age": [3]}
    )
    found = drift.compare(frame, frame)
    assert {row.subject for row in found.findings} == {"age"}
    # without id and time a column called score is a feature like any other
    frame = frame[["score", "age"]]
    found = drift.compare(frame, frame)
    assert {row.subject for row in found.findings} == {"age", "score"}


def test_a_feature_of_no_importance_is_measured_and_wakes_nobody():
    reference, analysis = simulate.deployment(shift={"age": 2.0, "visits": 2.0})
    features = ["age", "visits"]
    found = drift.compare(
        reference, analysis, features=features, importance={"age": 0.0, "visits": 0.1}
    )
    rows = {r.subject: r for r in found.findings if r.measure == "ks"}
    assert found.drifted == ("visits",)
    assert rows["age"].verdict == "undefined"
    assert rows["age"].value > 0.5


def test_importance_orders_the_drifted():
    reference, analysis = simulate.deployment(shift={"age": 2.0, "visits": 1.0})
    pair = reference[["age", "visits"]], analysis[["age", "visits"]]
    assert drift.compare(*pair).drifted == ("age", "visits")
    weighed = drift.compare(*pair, importance={"age": 0.1, "visits": 1.0})
    assert weighed.drifted == ("visits", "age")


HOSTILE = "<script>alert(1)</script>"


def test_a_hostile_name_is_escaped_and_kept_on_one_line():
    name = HOSTILE + "\n\x00$x$" + "y" * 500
    reference = pd.DataFrame({name: ["a", HOSTILE] * 50})
    found = drift.compare(reference, pd.DataFrame({name: ["a"] * 100}))
    assert "<script" not in found._repr_html_()
    assert "<script" not in found.plot().svg
    assert "<script" not in found.plot_feature(name).svg
    assert "\n" not in found.summary
    assert len(found.summary) < 200


def test_a_feature_may_be_named_by_a_number():
    frame = pd.DataFrame({0: range(50)})
    found = drift.compare(frame, frame + 100)
    assert found.drifted == ("0",)
    found.plot_feature(0)


def test_an_unknown_feature_has_no_picture():
    frame = pd.DataFrame({"a": range(50)})
    with pytest.raises(ValueError, match="'b' was not compared; use one of a"):
        drift.compare(frame, frame).plot_feature("b")


def test_many_categories_are_drawn_as_the_largest_and_the_others():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.integers(0, 500, 2000).astype(str)})
    labels, before, after = drift.compare(frame, frame).counts["a"]
    assert labels[-1].endswith("others")
    assert before.sum() == after.sum() == 2000


def test_the_frames_are_left_as_they_were():
    reference, analysis = simulate.deployment()
    copies = reference.copy(), analysis.copy()
    drift.compare(reference, analysis)
    pd.testing.assert_frame_equal(reference, copies[0])
    pd.testing.assert_frame_equal(analysis, copies[1])


MESSY = st.lists(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=2)
    ),
    max_size=45,
)


@settings(max_examples=60, deadline=None)
@given(MESSY, MESSY)
def test_whatever_the_columns_hold_there_are_two_rows_a_feature(a, b):
    pair = (pd.DataFrame({"x": pd.Series(side, dtype=object)}) for side in (a, b))
    found = drift.compare(*pair)
    assert [row.measure for row in found.findings][1] == "missing"
    for row in found.findings:
        assert row.verdict in ("alert", "quiet", "undefined")
        if not math.isnan(row.value):
            assert row.lower - 1e-9 <= row.value <= row.upper + 1e-9

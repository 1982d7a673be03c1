from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lifecycle import business, intervals

WEEK = "2023-W14"
MONDAY = pd.Timestamp("2023-04-03", tz="UTC")


def predictions(n, **columns):
    return pd.DataFrame({"id": [f"p{i}" for i in range(n)], **columns})


def events(*rows):
    return pd.DataFrame(rows, columns=["id", "kind", "value", "time"])


def weeks(*labels):
    return pd.Series(labels, dtype="str")


def kpi(rows, happened=None, **options):
    options = {"name": "rate", "chunks": weeks(*[WEEK] * len(rows)), **options}
    return business.kpi(rows, happened, **options)


def click(who, hours=0.0, value=None):
    return who, "click", value, MONDAY + timedelta(hours=hours)


# -- one KPI -------------------------------------------------------------------


def test_click_through_is_the_share_of_predictions_with_a_click():
    happened = events(
        click("p0"),
        click("p0"),
        click("p3"),
        click("stranger"),
        ("p1", "call", 1, None),
    )
    found = kpi(predictions(8), happened, kind="click")
    assert (found[0].value, found[0].n, found[0].unit) == (0.25, 8, "%")
    assert (found[0].lower, found[0].upper) == intervals.wilson(2, 8)
    assert found.summary == ("Rate was 25.0% (90%: 8.7% to 54.0%, n 8) in 2023-W14.")


def test_several_kinds_may_count():
    happened = events(click("p0"), ("p1", "call", None, MONDAY))
    assert kpi(predictions(4), happened, kind=("click", "call"))[0].value == 0.5


def test_a_click_counts_within_its_window_and_not_before_the_prediction():
    rows = predictions(4, time=[MONDAY] * 4)
    happened = events(click("p0", 1), click("p1", 25), click("p2", -1), click("p3", 24))
    found = kpi(rows, happened, kind="click", within=timedelta(hours=24))
    assert (found[0].value, found[0].n) == (0.5, 4)


def test_predictions_that_have_not_had_the_time_are_left_out():
    rows = predictions(3, time=[MONDAY, MONDAY, MONDAY + timedelta(hours=20)])
    as_of = (MONDAY + timedelta(hours=30)).to_pydatetime()
    found = kpi(
        rows,
        events(click("p0", 1)),
        kind="click",
        within=timedelta(days=1),
        as_of=as_of,
    )
    assert (found[0].value, found[0].n) == (0.5, 2)


def test_the_mean_order_value_has_students_interval():
    values = [10.0, 14.0, 9.0, 30.0]
    happened = events(
        *((f"p{i}", "order", value, MONDAY) for i, value in enumerate(values))
    )
    found = kpi(predictions(9), happened, kind="order", measure="mean", unit="USD")[0]
    expected = stats.t.interval(0.9, 3, np.mean(values), stats.sem(values))
    assert (found.value, found.n, found.unit) == (np.mean(values), 4, "USD")
    assert (found.lower, found.upper) == pytest.approx(expected)


def test_several_orders_of_one_prediction_are_one_draw():
    happened = events(
        *(("p0", "order", 10.0, MONDAY),) * 50, ("p1", "order", 4.0, MONDAY)
    )
    found = kpi(predictions(2), happened, kind="order", measure="mean")[0]
    assert (found.value, found.n) == (504 / 51, 2)
    # residuals +-(500 - 504/51 * 50) by hand: 5.88; t(0.95, 1) = 6.314
    half = 6.313752 * math.sqrt(2 * 2 * (500 - 504 / 51 * 50) ** 2) / 51
    assert found.upper - found.value == pytest.approx(half)


def test_values_that_are_missing_or_infinite_count_nothing():
    happened = events(
        ("p0", "order", 5.0, MONDAY),
        ("p1", "order", None, MONDAY),
        ("p2", "order", math.inf, MONDAY),
    )
    found = kpi(predictions(4), happened, kind="order", measure="sum")[0]
    assert found.value == 5
    mean = kpi(predictions(4), happened, kind="order", measure="mean")[0]
    assert (mean.value, mean.n) == (5, 1)
    assert kpi(predictions(4), happened, kind="order")[0].value == 0.75


def test_the_sum_of_a_chunk_is_n_times_a_mean():
    happened = events(("p0", "minutes", 30.0, MONDAY), ("p2", "minutes", 12.0, MONDAY))
    found = kpi(predictions(4), happened, kind="minutes", measure="sum", unit="min")[0]
    each = [30.0, 0, 12, 0]
    expected = stats.t.interval(0.9, 3, np.mean(each), stats.sem(each))
    assert (found.value, found.n, found.unit) == (42, 4, "min")
    assert (found.lower, found.upper) == pytest.approx([4 * end for end in expected])


def test_the_time_spent_on_wrong_predictions():
    rows = predictions(4, prediction=[1.0, 1, 0, 1], outcome=[1.0, 0, 1, None])
    happened = events(
        *((f"p{i}", "minutes", m, MONDAY) for i, m in enumerate([10.0, 30, 20, 99]))
    )
    options = {"kind": "minutes", "of": "wrong", "unit": "min"}
    total = kpi(rows, happened, measure="sum", **options)[0]
    share = kpi(rows, happened, measure="ratio", **options)[0]
    mean = kpi(rows, happened, measure="mean", **options)[0]
    assert (total.value, total.n) == (50, 2)
    assert (share.value, share.n, share.unit) == (50 / 60, 3, "%")
    assert (mean.value, mean.n) == (25, 2)
    # the linearised ratio by hand: t - R b = (-50/6, 5, 10/3)
    spread = (50 / 6) ** 2 + 25 + (10 / 3) ** 2
    half = stats.t.ppf(0.95, 2) * math.sqrt(3 / 2 * spread) / 60
    assert share.lower == pytest.approx(50 / 60 - half)
    assert share.upper == 1


def test_adoption_is_the_share_of_people_who_act():
    rows = predictions(5, agent=["ann", "ann", "bob", "cy", None])
    happened = events(click("p1"), click("p0"), click("p4"))
    found = kpi(rows, happened, kind="click", person="agent")[0]
    assert (found.value, found.n) == (1 / 3, 3)
    assert (found.lower, found.upper) == intervals.wilson(1, 3)


def test_without_a_kind_the_outcome_counts():
    rows = predictions(4, prediction=[1.0, 1, 1, 0], outcome=[1.0, 0, None, 1])
    assert (kpi(rows)[0].value, kpi(rows)[0].n) == (2 / 3, 3)
    assert kpi(rows, of="predicted")[0].value == 0.5


def test_chunks_come_oldest_first_and_unknown_ones_are_left_out():
    rows = predictions(4, outcome=[1.0, 0, 1, 1])
    found = kpi(rows, chunks=weeks("2023-W15", "2023-W14", "2023-W15", None))
    assert [(r.period, r.value, r.n) for r in found] == [
        ("2023-W14", 0, 1),
        ("2023-W15", 1, 2),
    ]


def test_chunks_are_weeks_where_none_are_given():
    rows = predictions(2, outcome=[1.0, 0], time=[MONDAY, MONDAY + timedelta(days=7)])
    found = business.kpi(rows, name="conversion")
    assert [r.period for r in found] == ["2023-W14", "2023-W15"]


@pytest.mark.parametrize(
    ("better", "limit", "verdict"),
    [("high", 0.2, "alert"), ("high", 0.05, "quiet"), ("low", 0.05, "alert")],
)
def test_a_kpi_beyond_its_limit_is_an_alert(better, limit, verdict):
    rows = predictions(40, outcome=[1.0] * 4 + [0.0] * 36)
    found = kpi(rows, better=better, limit=limit)
    assert found.verdict == verdict
    assert ("beyond the threshold" in found.summary) == (verdict == "alert")
    assert kpi(rows[:20], better=better, limit=limit).verdict == "undefined"


@pytest.mark.parametrize("measure", ["share", "mean", "sum", "ratio"])
def test_nothing_happened(measure):
    none = events().astype({"value": float})
    found = kpi(predictions(3), none, kind="order", measure=measure)
    for row in found:
        assert row.value == 0 or math.isnan(row.value)
        assert row.verdict == "undefined"
    empty = kpi(predictions(0), none, kind="order", measure=measure)
    assert len(empty) == 0
    assert empty.summary == "Rate is undefined: there is nothing to count yet."


def test_one_row_has_a_value_and_no_interval():
    found = kpi(
        predictions(1),
        events(("p0", "order", 5.0, MONDAY)),
        kind="order",
        measure="mean",
    )[0]
    assert (found.value, found.n, math.isnan(found.lower)) == (5, 1, True)
    assert found.verdict == "undefined"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"measure": "median"}, "measure must be share, mean, sum or ratio"),
        ({"of": "some"}, "of must be all, predicted, right or wrong"),
        ({"person": "agent"}, "person 'agent' must be a column of the predictions"),
        ({"measure": "sum"}, "the outcome has a share only"),
        ({"kind": "click"}, "events of kind 'click' need events"),
        ({"by": "moon"}, "by must be chunk, role or score, got 'moon'"),
        ({"by": "score", "bins": 0}, "bins must be 1 or more"),
        ({"as_of": datetime(2023, 4, 1)}, "as_of has no time zone"),  # noqa: DTZ001
        ({"chunks": weeks("a")}, "chunks has 1 labels for 2 rows"),
    ],
)
def test_what_cannot_be_measured_is_refused(options, words):
    rows = predictions(2, outcome=[1.0, 0], score=[0.1, 0.2])
    with pytest.raises(ValueError, match=words):
        kpi(rows, **options)


def test_an_id_that_occurs_twice_is_refused():
    rows = pd.concat([predictions(1), predictions(1)])
    with pytest.raises(ValueError, match="an id occurs twice"):
        kpi(rows, events(click("p0")), kind="click")


# -- linked to the model -------------------------------------------------------


def served(production, experimental):
    """Outcomes of n rows each, so many of them good."""
    outcome, role = [], []
    for name, (good, n) in zip(
        ("production", "experimental"), (production, experimental), strict=True
    ):
        outcome += [1.0] * good + [0.0] * (n - good)
        role += [name] * n
    return predictions(len(role), outcome=outcome, role=role)


def test_roles_are_compared_with_newcombes_interval():
    found = kpi(served((30, 100), (45, 100)), by="role")
    assert [(r.subject, r.value, r.n) for r in found] == [
        ("production", 0.3, 100),
        ("experimental", 0.45, 100),
        ("", pytest.approx(0.15), 200),
    ]
    change = found[2]
    old, new = intervals.wilson(30, 100), intervals.wilson(45, 100)
    assert change.measure == "rate difference"
    assert change.lower == pytest.approx(0.15 - math.hypot(0.45 - new[0], old[1] - 0.3))
    assert change.upper == pytest.approx(0.15 + math.hypot(new[1] - 0.45, 0.3 - old[0]))
    assert change.verdict == "quiet"
    assert found.summary == (
        "Rate was 45.0% of 100 with the experimental version and 30.0% of 100 with "
        "production: 15.0 points higher (90%: 3.7% to 25.7%)."
    )


def test_an_experimental_version_that_is_surely_worse_is_an_alert():
    worse, chance = served((45, 100), (20, 100)), served((30, 100), (28, 100))
    assert kpi(worse, by="role").verdict == "alert"
    assert kpi(worse, by="role", better="low").verdict == "quiet"
    found = kpi(chance, by="role")
    assert found.verdict == "quiet"
    assert found.summary.endswith("which chance alone may do.")
    assert kpi(served((9, 20), (0, 20)), by="role").verdict == "undefined"


def test_means_are_compared_by_their_standard_errors():
    rng = np.random.default_rng(4)
    values = rng.normal(10, 3, 60), rng.normal(11, 2, 40)
    rows = served((0, 60), (0, 40))
    happened = events(
        *(
            (f"p{i}", "order", value, MONDAY)
            for i, value in enumerate(np.concatenate(values))
        )
    )
    change = kpi(rows, happened, kind="order", measure="mean", by="role")[2]
    error = math.hypot(*(stats.sem(each) for each in values))
    assert change.value == pytest.approx(values[1].mean() - values[0].mean())
    assert change.upper - change.value == pytest.approx(stats.norm.ppf(0.95) * error)


def test_one_role_alone_cannot_be_compared():
    found = kpi(served((3, 10), (0, 0)), by="role")
    assert found.verdict == "undefined"
    assert found.summary == "Rate of both roles cannot be compared yet."


def test_a_kpi_of_outcomes_needs_the_outcomes():
    with pytest.raises(ValueError, match="there is no column 'outcome'"):
        kpi(predictions(4).drop(columns="outcome", errors="ignore"))


def test_deciles_of_the_score_come_highest_first():
    n = 200
    score = np.arange(n) / n
    rows = predictions(n, score=score, outcome=(score >= 0.5).astype(float))
    found = kpi(rows, by="score")
    assert [r.n for r in found] == [20] * 10
    assert [r.value for r in found] == [1.0] * 5 + [0.0] * 5
    assert (found[0].lower, found[0].upper) == intervals.wilson(20, 20)
    assert found[0].subject == "0.900 to 0.995"
    assert found.summary.endswith(
        "where the score was highest, 2.0 times the 50.0% of all."
    )


def test_equal_scores_stay_together():
    rows = predictions(
        100, score=[0.2] * 70 + [0.9] * 30, outcome=[0.0] * 70 + [1.0] * 30
    )
    assert [(r.n, r.value) for r in kpi(rows, by="score")] == [(30, 1.0), (70, 0.0)]
    constant = predictions(10, score=[0.5] * 10, outcome=[1.0] * 10)
    assert [(r.subject, r.n) for r in kpi(constant, by="score")] == [
        ("0.500 to 0.500", 10)
    ]
    nobody = predictions(2, score=[None, None], outcome=[1.0, 0.0])
    assert len(kpi(nobody, by="score")) == 0


def dated(rates, days=28, per_day=10, seed=0):
    """Outcomes over stretches of `days`, each with its rate."""
    outcome = np.concatenate(
        [np.arange(days * per_day) % 100 < 100 * rate for rate in rates]
    )
    moments = pd.date_range(
        MONDAY, periods=outcome.size, freq=f"{24 * 60 // per_day}min"
    )
    return predictions(outcome.size, outcome=outcome.astype(float), time=moments)


def test_before_and_after_a_promotion_is_compared_and_called_no_experiment():
    rows = dated([0.2, 0.4])
    moved = (MONDAY + timedelta(days=28)).to_pydatetime()
    found = business.before_after(rows, name="conversion", promotions=[moved])
    before, after, change = found
    held = rows["outcome"]
    assert (before.value, before.n) == (held[:280].mean(), 280)
    assert (after.value, after.n) == (held[280:].mean(), 280)
    assert change.value == pytest.approx(after.value - before.value)
    assert (change.subject, change.verdict) == ("2023-05-01 00:00", "quiet")
    assert "this is no experiment" in found.summary
    fell = business.before_after(
        dated([0.4, 0.2]), name="conversion", promotions=[moved]
    )
    assert fell.verdict == "alert"


def test_another_promotion_ends_the_span():
    rows = dated([0.2, 0.4, 0.6], days=7)
    moments = [(MONDAY + timedelta(days=d)).to_pydatetime() for d in (14, 7)]
    found = business.before_after(rows, name="rate", promotions=moments)
    assert [r.n for r in found] == [70, 70, 140] * 2
    assert [r.subject[:10] for r in found][::3] == ["2023-04-10", "2023-04-17"]


def test_a_promotion_without_rows_around_it_says_nothing():
    late = datetime(2030, 1, 1, tzinfo=UTC)
    found = business.before_after(dated([0.2]), name="rate", promotions=[late])
    assert found.verdict == "undefined"
    assert "cannot be compared yet" in found.summary
    assert len(business.before_after(dated([0.2]), name="rate", promotions=[])) == 0


def test_a_promotion_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        business.before_after(
            dated([0.2]),
            name="rate",
            promotions=[datetime(2023, 4, 1)],  # noqa: DTZ001
        )


# -- money ---------------------------------------------------------------------

WORTH = {"true_positive": 100.0, "false_positive": -10.0, "false_negative": -50.0}


def test_money_is_told_week_by_week_right_and_wrong_apart():
    rows = predictions(
        6, outcome=[1.0, 0, 1, 0, 1, None], prediction=[1.0, 1, 0, 0, 1, 1]
    )
    labels = weeks(*["2023-W14"] * 4, *["2023-W15"] * 2)
    found = business.earnings(rows, chunks=labels, currency="USD", **WORTH)
    assert [(r.period, r.measure, r.value, r.n) for r in found] == [
        ("2023-W14", "earned", 40, 4),
        ("2023-W14", "right", 100, 4),
        ("2023-W14", "wrong", -60, 4),
        ("2023-W15", "earned", 100, 1),
        ("2023-W15", "right", 100, 1),
        ("2023-W15", "wrong", 0, 1),
    ]
    each = [100.0, -10, -50, 0]
    ends = stats.t.interval(0.9, 3, np.mean(each), stats.sem(each))
    assert (found[0].lower, found[0].upper) == pytest.approx([4 * x for x in ends])
    assert math.isnan(found[3].lower)
    assert found[0].unit == "USD"
    assert found.summary == (
        "In 2023-W15 1 prediction earned $100: the right ones $100, the wrong ones $0."
    )


def test_weekly_money_adds_up_to_the_value_of_all():
    rng = np.random.default_rng(1)
    rows = predictions(
        300, outcome=rng.integers(0, 2, 300) * 1.0, prediction=rng.integers(0, 2, 300)
    )
    rows["time"] = pd.date_range(MONDAY, periods=300, freq="3h")
    found = business.earnings(rows, **WORTH)
    total = business.value(rows["outcome"], rows["prediction"], **WORTH)
    assert sum(r.value for r in found.only(measure="earned")) == pytest.approx(total)


def test_a_week_that_earned_too_little_is_an_alert():
    rows = predictions(40, outcome=[0.0] * 40, prediction=[1.0] * 40)
    labels = weeks(*[WEEK] * 40)
    found = business.earnings(rows, chunks=labels, below=0, currency="EUR", **WORTH)
    assert (found.verdict, found[0].value) == ("alert", -400)
    assert "below the threshold of €0" in found.summary


@pytest.mark.parametrize("outcome", [[], [None, None]])
def test_money_of_unknown_outcomes_is_undefined(outcome):
    rows = predictions(len(outcome), outcome=outcome, prediction=[1.0] * len(outcome))
    found = business.earnings(rows, chunks=weeks(*[WEEK] * len(outcome)), **WORTH)
    assert len(found) == 0
    assert "is undefined" in found.summary


def test_outcomes_that_are_no_classes_are_refused():
    rows = predictions(1, outcome=[2.0], prediction=[1.0])
    with pytest.raises(ValueError, match="must be 0 or 1"):
        business.earnings(rows, chunks=weeks(WEEK), **WORTH)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 9),
            st.one_of(st.none(), st.floats(0, 1e6)),
        ),
        max_size=30,
    ),
    st.sampled_from(["share", "mean", "sum", "ratio"]),
)
def test_whatever_happens_a_value_lies_within_its_interval(rows, measure):
    happened = events(*((f"p{i}", "order", value, MONDAY) for i, value in rows))
    asked = predictions(
        8, prediction=[0.0, 1] * 4, outcome=pd.Series([1.0, 1, 0, 0] * 2)
    )
    for row in kpi(asked, happened, kind="order", measure=measure, of="wrong"):
        if not math.isnan(row.lower):
            slack = 1e-9 * max(1, abs(row.value))
            assert row.lower - slack <= row.value <= row.upper + slack

"""Calibration of our own promises: what rulings said would come, and what came."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lifecycle import decision, intervals

START = pd.Timestamp("2023-01-02", tz="UTC")
LATE = START + pd.Timedelta(weeks=200)


def ruling(**more: object) -> dict[str, object]:
    return {
        "at": START,
        "action": "retrain",
        "recipe": "trees",
        "span": 13,
        "version": 4,
        "value": 900.0,
        "lower": 400.0,
        "upper": 1400.0,
        "price": 100.0,
        "horizon_weeks": 10,
        "persistence": 1.0,
        "sentence": "Retrain.",
        "acted": True,
    } | more


def week(name: object, number: float, **more: object) -> dict[str, object]:
    return {
        "ruling": name,
        "week": START + pd.Timedelta(weeks=number),
        "n": 100,
        "difference": 0.1,
        "variance": 0.0004,
        "money": 10.0,
    } | more


NOTHING = pd.DataFrame(columns=list(week(0, 0)))


def told(rulings: list[dict], weeks: list[dict], *, as_of=LATE, **more):
    came = pd.DataFrame(weeks) if weeks else NOTHING
    return decision.promises(pd.DataFrame(rulings), came, as_of=as_of, **more)


def several(gains: list[float], **more: object):
    """Rulings that promised 1,000 each over one week, and what each brought."""
    rulings = [ruling(horizon_weeks=1) for _ in gains]
    weeks = [week(k, 0, difference=gain / 1000) for k, gain in enumerate(gains)]
    return told(rulings, weeks, **more)


# ---------------------------------------------------------------- one promise


def test_a_gain_that_fades_is_promised_week_by_week_as_it_fades():
    found = told([ruling(persistence=0.5, horizon_weeks=3)], [week(0, 0), week(0, 1)])
    (each,) = found.promises
    # 1,000 over weeks of 1, 1/2 and 1/4: two of them are 6/7
    assert each.promised == pytest.approx(1000 * 1.5 / 1.75)
    assert each.promised_lower == pytest.approx(500 * 1.5 / 1.75)
    assert each.promised_upper == pytest.approx(1500 * 1.5 / 1.75)
    assert (each.weeks, each.n) == (2, 200)


def test_over_the_whole_horizon_the_whole_gain_is_promised():
    for kept in (1.0, 0.95, 0.3):
        weeks = [week(0, k) for k in range(15)]
        found = told([ruling(persistence=kept)], weeks)
        assert found.promises[0].promised == pytest.approx(1000)
        assert found.promises[0].weeks == 10


def test_what_came_is_money_with_the_interval_of_a_sum():
    weeks = [
        week(0, 0, n=50, difference=0.2, variance=0.001, money=10.0),
        week(0, 1, n=80, difference=-0.05, variance=0.002, money=20.0),
    ]
    each = told([ruling()], weeks).promises[0]
    assert each.came == pytest.approx(50 * 0.2 * 10 - 80 * 0.05 * 20)
    error = math.sqrt((50 * 10) ** 2 * 0.001 + (80 * 20) ** 2 * 0.002)
    ends = stats.norm.interval(0.9, each.came, error)
    assert (each.came_lower, each.came_upper) == pytest.approx(ends)
    assert each.inside is False


def test_only_weeks_that_are_over_and_within_the_horizon_count():
    weeks = [week(0, k) for k in (-1, 0, 1, 2, 9, 10)]
    as_of = START + pd.Timedelta(weeks=2, days=6)
    assert told([ruling()], weeks, as_of=as_of).promises[0].weeks == 2
    assert told([ruling()], weeks).promises[0].weeks == 4


def test_a_week_without_outcomes_is_neither_promised_nor_missed():
    weeks = [week(0, 0), week(0, 1, n=0), week(0, 2, difference=math.nan)]
    each = told([ruling()], weeks).promises[0]
    assert (each.weeks, each.promised) == (1, pytest.approx(100))
    assert each.inside


def test_rulings_that_kept_the_model_are_listed_with_nothing_to_compare():
    rulings = [
        ruling(action="keep", value=0.0, lower=0.0, upper=0.0, price=0.0, acted=True),
        ruling(action="fix_data"),
        ruling(acted=False),
        ruling(acted=False, ended="failed the gate"),
        ruling(version=None, span=None),
    ]
    found = told(rulings, [])
    assert [each.state for each in found.promises] == [
        "kept; nothing to compare",
        "data to be mended; nothing to compare",
        "not carried out",
        "not carried out: failed the gate",
        "nothing has come yet",
    ]
    assert found.verdict == "undefined"
    assert found.summary == "Of no ruling that was carried out has anything come yet."
    assert "2 rulings to leave the model as it is" in found._repr_html_()
    frame = found.frame()
    assert len(frame) == 5
    assert frame["version"].isna().tolist() == [False] * 4 + [True]


def test_rulings_after_the_moment_are_not_known_yet():
    later = ruling(at=START + pd.Timedelta(weeks=5))
    found = told([later, ruling()], [], as_of=START + pd.Timedelta(weeks=4))
    assert len(found.promises) == 1
    assert told([later], [], as_of=START).summary == "There is no ruling yet."


def test_rulings_are_named_by_their_column_or_their_index_and_come_in_order():
    rows = [ruling(at=START + pd.Timedelta(weeks=1), ruling="b"), ruling(ruling="a")]
    named = told(rows, [week("a", 0)])
    assert [each.ruling for each in named.promises] == ["a", "b"]
    assert named.promises[0].state == "compared"
    frame = pd.DataFrame([ruling()], index=[17])
    found = decision.promises(frame, pd.DataFrame([week(17, 0)]), as_of=LATE)
    assert found.promises[0].weeks == 1


# ---------------------------------------------------------------- all together


def test_the_sentence_says_how_many_came_and_what_they_promised_and_brought():
    found = several([900.0, 1100.0, 1000.0, 700.0, 1700.0])
    assert found.summary == (
        "Of 5 promises 4 came within their interval; together they promised $5,000 and "
        "brought $5,400."
    )
    assert found.verdict == "quiet"


def test_the_share_inside_is_wilsons_and_too_few_are_undefined():
    found = several([1000.0, 1000.0])
    assert found.verdict == "undefined"
    assert found.summary.endswith("Too few to judge: 3 are needed.")
    inside = found.findings.newest("inside")
    assert (inside.value, inside.n) == (1.0, 2)
    assert (inside.lower, inside.upper) == intervals.wilson(2, 2)
    assert several([1000.0] * 3).verdict == "quiet"
    assert several([1000.0] * 2, min_n=2).verdict == "quiet"


def test_promises_that_are_too_large_are_an_alert():
    found = several([520.0, 540.0, 560.0, 510.0, 580.0])
    assert found.findings.newest("inside").verdict == "quiet"
    brought = found.findings.newest("brought")
    assert brought.value == pytest.approx(0.542)
    assert brought.verdict == found.verdict == "alert"
    assert "What comes is 54% of what is promised" in found.summary
    assert found.summary.endswith("promises are too large.")


def test_intervals_that_are_too_narrow_are_an_alert():
    found = several([200.0, 1800.0, 150.0, 2000.0, 900.0])
    assert found.findings.newest("brought").verdict == "quiet"
    assert found.findings.newest("inside").verdict == "alert"
    assert found.summary.endswith("Their intervals are too narrow.")


def test_what_came_per_promised_unit_is_a_ratio_with_cochrans_interval():
    promised = np.array([1000.0, 500.0, 2000.0, 800.0])
    came = np.array([900.0, 650.0, 1500.0, 820.0])
    rulings = [ruling(horizon_weeks=1, value=gain - 100) for gain in promised]
    weeks = [week(k, 0, difference=gain / 1000) for k, gain in enumerate(came)]
    brought = told(rulings, weeks).findings.newest("brought")
    ratio = came.sum() / promised.sum()
    error = np.std(came - ratio * promised, ddof=1) / math.sqrt(4) / promised.mean()
    # the residuals of a ratio have a sum of 0, so that both ways are one
    ends = stats.t.interval(0.9, 3, ratio, error)
    assert brought.value == pytest.approx(ratio)
    assert (brought.lower, brought.upper) == pytest.approx(ends)


def test_the_interval_of_the_ratio_is_near_the_bootstraps():
    rng = np.random.default_rng(3)
    promised = rng.uniform(500, 1500, 60)
    came = 0.8 * promised + rng.normal(0, 200, 60)
    rulings = [ruling(horizon_weeks=1, value=gain - 100) for gain in promised]
    weeks = [week(k, 0, difference=gain / 1000) for k, gain in enumerate(came)]
    brought = told(rulings, weeks).findings.newest("brought")
    drawn = stats.bootstrap(
        (came, promised),
        lambda a, b: a.sum() / b.sum(),
        paired=True,
        vectorized=False,
        n_resamples=800,
        confidence_level=0.9,
        method="percentile",
        rng=np.random.default_rng(4),
    ).confidence_interval
    width = drawn.high - drawn.low
    assert brought.lower == pytest.approx(drawn.low, abs=0.15 * width)
    assert brought.upper == pytest.approx(drawn.high, abs=0.15 * width)


def test_what_came_may_miss_its_promise_by_its_own_error():
    # 1,000 give or take 500; what came is 1,600 give or take 400
    error = 400 / stats.norm.ppf(0.95)
    weeks = [week(0, 0, difference=1.6, variance=(error / 1000) ** 2)]
    each = told([ruling(horizon_weeks=1)], weeks).promises[0]
    assert each.came_upper == pytest.approx(2000)
    assert each.promised_upper < each.came
    assert each.inside  # 600 is not beyond the root of 500² + 400², which is 640
    further = [week(0, 0, difference=1.65, variance=(error / 1000) ** 2)]
    assert told([ruling(horizon_weeks=1)], further).promises[0].inside is False


@pytest.mark.parametrize("noise", [0.0, 600.0])
def test_of_honest_promises_nine_in_ten_come_within_however_noisy_what_came(noise):
    rng = np.random.default_rng(8)
    spread = 500 / stats.norm.ppf(0.95)  # the promised interval is of 90%
    came = rng.normal(1000, spread, 300) + rng.normal(0, noise, 300)
    rulings = [ruling(horizon_weeks=1) for _ in came]
    weeks = [
        week(k, 0, difference=gain / 1000, variance=(noise / 1000) ** 2)
        for k, gain in enumerate(came)
    ]
    found = told(rulings, weeks).findings.newest("inside")
    low, high = stats.binom.ppf([0.001, 0.999], 300, 0.9) / 300
    assert low <= found.value <= high


def test_a_promise_of_nothing_has_no_ratio():
    nothing = [ruling(value=-100.0, lower=-200.0, upper=0.0) for _ in range(3)]
    found = told(nothing, [week(k, 0) for k in range(3)])
    assert found.findings.newest("brought") is None
    assert found.facts()["brought"] == {"value": None, "lower": None, "upper": None}


def test_without_an_interval_nobody_knows_whether_it_came_within():
    rulings = [ruling(lower=None, upper=None, horizon_weeks=1), ruling(horizon_weeks=1)]
    found = told(rulings, [week(0, 0), week(1, 0, difference=1.0, variance=None)])
    assert [each.inside for each in found.promises] == [None, None]
    assert "Of 2 the interval is not known" in found.summary
    assert math.isnan(found.promises[1].came_upper)
    assert "unknown" in found._repr_html_()


# ---------------------------------------------------------------- faces and errors


def test_it_shows_itself_as_table_picture_and_plain_values():
    found = several([900.0, 1000.0, 100.0])
    frame = found.frame()
    assert frame["inside"].tolist() == [True, True, False]
    assert str(frame["version"].dtype) == "Int64"
    assert "came $100 (outside)" in found.plot().alt
    facts = found.facts()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["inside"]["value"] == pytest.approx(2 / 3)
    assert facts["came"]["value"] == pytest.approx(2000)
    assert repr(found).startswith("<Promises ")
    assert found.findings.newest("inside").threshold == 0.9


def test_hostile_texts_are_escaped_on_one_line():
    evil = "<script>alert(1)</script>\n" * 99
    found = told([ruling(sentence=evil, recipe=evil, action=evil)], [week(0, 0)])
    shown = found._repr_html_()
    assert "<script>" not in shown
    assert "\n" not in found.promises[0].sentence
    assert len(shown[shown.index("<table") :]) < 4000


def test_without_rulings_there_is_nothing_to_say():
    empty = pd.DataFrame(columns=list(ruling()))
    found = decision.promises(empty, NOTHING, as_of=LATE)
    assert found.summary == "There is no ruling yet."
    assert found.frame().empty
    assert found.verdict == "undefined"
    assert "<table" not in found._repr_html_()
    assert found.plot().alt.endswith("nothing to draw.")


def test_what_is_missing_or_has_no_time_zone_is_named():
    with pytest.raises(ValueError, match="rulings has no column price; add it"):
        decision.promises(
            pd.DataFrame([ruling()]).drop(columns="price"), NOTHING, as_of=LATE
        )
    with pytest.raises(ValueError, match="realised has no column variance, money"):
        decision.promises(
            pd.DataFrame([ruling()]),
            NOTHING.drop(columns=["variance", "money"]),
            as_of=LATE,
        )
    with pytest.raises(ValueError, match="at of rulings must carry a time zone"):
        told([ruling(at=pd.Timestamp("2023-01-02"))], [])
    with pytest.raises(ValueError, match="as_of must carry a time zone"):
        told([ruling()], [], as_of=datetime(2023, 1, 2))  # noqa: DTZ001
    with pytest.raises(ValueError, match="week of realised must carry"):
        told([ruling()], [week(0, 0, week=pd.Timestamp("2023-01-02"))])
    with pytest.raises(ValueError, match="level must lie within"):
        told([ruling()], [], level=1.5)
    told([ruling()], [], as_of=datetime(2023, 9, 2, tzinfo=UTC))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(-2, 14),
            st.integers(0, 500),
            st.floats(-1, 1),
            st.floats(0, 0.01),
        ),
        max_size=25,
    ),
    st.floats(0.05, 1),
)
def test_any_weeks_give_sums_within_their_intervals(weeks, persistence):
    rulings = [ruling(persistence=persistence) for _ in range(4)]
    rows = [
        week(name, age, n=n, difference=difference, variance=variance)
        for name, age, n, difference, variance in weeks
    ]
    found = told(rulings, rows)
    for each in found.compared:
        assert each.came_lower <= each.came <= each.came_upper
        assert 0 <= each.promised <= 1000 * (1 + 1e-9)
    assert sum(each.n for each in found.compared) == sum(
        n for _, age, n, _, _ in weeks if 0 <= age < 10
    )

"""What an option brings a week, how long that lasts, and where a reader sees it."""

from __future__ import annotations

import json
import math

import pytest

from lifecycle import decision
from tests.decision_tables import SCALE, table

# filtered over four windows of variance .0004 + .02 squared a gain of .2 is .197104 a
# row with a deviation of .024898; a week has 400 rows and an error costs 10: 4,000
WEEK, DEVIATION = 0.197104 * 4_000, 0.024898 * 4_000
HALF = 1.644854 * DEVIATION


@pytest.fixture
def ruling() -> decision.Ruling:
    return decision.rule(table(retrain=0.2, rebuild=0.21), **SCALE)


def test_a_weeks_gain_is_errors_a_row_times_rows_a_week_times_what_an_error_costs(
    ruling: decision.Ruling,
) -> None:
    best = ruling.taken
    assert best is not None
    assert best.gain_per_week == pytest.approx(WEEK, rel=1e-4)
    assert best.gain_per_week_lower == pytest.approx(WEEK - HALF, rel=1e-3)
    assert best.gain_per_week_upper == pytest.approx(WEEK + HALF, rel=1e-3)


def test_the_weeks_of_the_horizon_fade_from_the_first_and_add_up_to_the_value(
    ruling: decision.Ruling,
) -> None:
    for option in ruling.options:
        weeks = [option.gain_per_week * 0.95**week for week in range(26)]
        assert sum(weeks) == pytest.approx(option.value)
        assert sum(weeks) - option.price == pytest.approx(option.net)


def test_a_weeks_gain_has_nothing_to_do_with_the_price_of_the_action() -> None:
    prices = (decision.Costs(p, 80_000, error=10) for p in (0, 1_500, 1e6))
    weeks = [
        decision.weigh(table(retrain=0.2), **{**SCALE, "costs": costs})[0]
        for costs in prices
    ]
    assert len({round(option.gain_per_week, 6) for option in weeks}) == 1
    assert len({round(option.gain_per_week_lower, 6) for option in weeks}) == 1


def test_a_dearer_error_makes_a_week_worth_as_many_times_more(
    ruling: decision.Ruling,
) -> None:
    assert ruling.taken is not None
    twice = decision.reprice(ruling.taken, costs=SCALE["costs"], scale=2.0)
    assert twice.gain_per_week == pytest.approx(2 * ruling.taken.gain_per_week)
    assert twice.gain_per_week_lower == pytest.approx(
        2 * ruling.taken.gain_per_week_lower
    )


def test_the_frame_has_all_that_is_told_of_an_option(ruling: decision.Ruling) -> None:
    frame = ruling.frame()
    told = ["gain_per_week", "gain_per_week_lower", "gain_per_week_upper"]
    told += ["persistence", "price", "value", "net", "lower", "upper", "probability"]
    assert set(told) <= set(frame)
    assert frame[told].notna().all(axis=None)
    assert (frame["gain_per_week_lower"] < frame["gain_per_week"]).all()
    assert (frame["gain_per_week"] < frame["gain_per_week_upper"]).all()
    assert frame["persistence"].tolist() == [0.95] * len(ruling.options)
    undefined = decision.rule(None, **SCALE).frame()
    assert list(undefined) == list(frame)
    assert undefined.empty


def test_the_first_screen_says_the_week_the_fading_and_whether_it_pays(
    ruling: decision.Ruling,
) -> None:
    shown = ruling._repr_html_()
    assert (
        "+$788 in the first week (90%: 625 to 952), of which 95% is left a week later."
    ) in shown
    assert "<dt>Pays its price</dt><dd>above 99%</dd>" in shown


def test_the_table_has_week_price_net_and_chance_of_every_option_with_intervals(
    ruling: decision.Ruling,
) -> None:
    evidence = ruling.evidence()
    shown = evidence._repr_html_()
    for words in ("Gain a week", "Price", "Net", "Pays", "with 90% intervals"):
        assert words in shown
    assert "$788" in shown
    assert "$625 to $952" in shown
    assert "persist by 95% a week: over 26 weeks it counts 14.7 times" in shown
    assert repr(evidence).splitlines()[0] == (
        "retrain own, last 13 weeks: gains $788 a week ($625 to $952), price $1,500, "
        "net $10,113 ($7,700 to $12,526), pays above 99%"
    )


def test_where_the_model_is_kept_the_week_is_that_of_the_best_alternative() -> None:
    dear = decision.Costs(50_000, 80_000, error=10)
    kept = decision.rule(table(retrain=0.2), **{**SCALE, "costs": dear})
    assert kept.action == "keep"
    assert "To retrain on the last 13 weeks: +$788 in the first week (90%" in (
        kept._repr_html_()
    )
    assert "Pays its price" not in kept._repr_html_()
    assert kept.facts()["gain_per_week"] is None


def test_where_nothing_can_be_said_no_week_is_told() -> None:
    few = decision.rule(table(retrain=0.2).assign(n=20), **SCALE)
    assert few.verdict == "undefined"
    assert "Gain a week" not in few._repr_html_()


def test_the_record_has_the_week_of_what_was_ruled(ruling: decision.Ruling) -> None:
    facts = json.loads(json.dumps(ruling.facts(), allow_nan=False))
    assert facts["gain_per_week"] == pytest.approx(WEEK, rel=1e-4)
    assert facts["gain_per_week_lower"] < facts["gain_per_week"]
    assert facts["level"] == 0.90


def test_a_gain_that_never_fades_says_so() -> None:
    policy = decision.Policy(persistence=1.0)
    shown = decision.rule(table(retrain=0.2), policy=policy, **SCALE)._repr_html_()
    assert "and as much in each one after it." in shown


def test_without_a_horizon_a_week_is_undefined() -> None:
    option = decision.weigh(table(retrain=0.2), **{**SCALE, "horizon_weeks": 0})[0]
    assert math.isnan(option.gain_per_week)
    assert math.isnan(option.gain_per_week_lower)


def test_an_option_of_months_names_months() -> None:
    ruling = decision.rule(table(retrain=0.2), chunk="month", **SCALE)
    assert "last 13 months" in ruling.evidence()._repr_html_()
    assert "chunks" not in ruling.evidence()._repr_html_()

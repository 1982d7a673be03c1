from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from lifecycle import diagnosis, metrics
from lifecycle.diagnosis.faults import touched
from lifecycle.findings import Finding, Findings

NOW = datetime(2024, 6, 1, tzinfo=UTC)
FEATURES = ["x", "z", "plan"]
PARTS = ("late labels", "data fault", "covariate shift", "concept shift")


def expit(values):
    return 1 / (1 + np.exp(-values))


def rows(
    seed,
    n=1500,
    *,
    spread=1.5,
    turned=0.0,
    lost=0.0,
    constant=0.0,
    time="2024-01-08",
):
    """A model that knows the truth; what it meets can be changed."""
    rng = np.random.default_rng(seed)
    x, z = spread * rng.standard_normal(n), spread * rng.standard_normal(n)
    plan = rng.choice(["free", "pro"], n)
    effect = 0.5 * (plan == "pro") + constant
    truth = rng.random(n) < expit(1.5 * x + (1 - 2 * turned) * z + effect)
    missing = rng.random(n) < lost
    score = expit(np.where(missing, 0.0, 1.5 * x) + z + effect)
    return pd.DataFrame(
        {
            "time": pd.Timestamp(time, tz="UTC"),
            "x": np.where(missing, np.nan, x),
            "z": z,
            "plan": plan,
            "score": score,
            "prediction": (score > 0.5).astype(float),
            "outcome": truth.astype(float),
        }
    )


def missing_alert(name="x", measure="missing"):
    return Findings("", (Finding(measure, 0.4, 2500, verdict="alert", subject=name),))


def diagnose(reference, analysis, **settings):
    return diagnosis.diagnose(reference, analysis, features=FEATURES, **settings)


@pytest.fixture(scope="module")
def reference():
    return rows(0)


def test_no_loss_has_no_cause(reference):
    for seed in (11, 12):
        found = diagnose(reference, rows(seed), season=rows(seed + 50))
        assert found.cause == ""
        assert found.verdict == "quiet"
        assert "not worsened beyond chance" in found.summary


def test_other_inputs_alone_are_named(reference):
    found = diagnose(reference, rows(2, spread=0.8))
    assert found.cause == "covariate shift"
    assert found.part("concept shift").verdict == "quiet"
    assert found.part("concept on the reference").verdict == "quiet"


def test_another_meaning_alone_is_named(reference):
    found = diagnose(reference, rows(3, turned=1.0))
    assert found.cause == "concept shift"
    assert found.part("covariate shift").verdict == "quiet"
    assert found.part("concept on the reference").verdict == "alert"
    assert "retraining can help" in found.summary


def test_the_concept_on_the_reference_is_the_planted_change(reference):
    # what the reference's predictions would be worth had its rows the new meaning
    truth = expit(
        1.5 * reference["x"] - reference["z"] + 0.5 * (reference["plan"] == "pro")
    )
    right = np.where(reference["prediction"] == 1, truth, 1 - truth).mean()
    change = right - (reference["prediction"] == reference["outcome"]).mean()
    row = diagnose(reference, rows(3, turned=1.0)).part("concept on the reference")
    assert row.value == pytest.approx(change, abs=0.04)


def test_a_lost_feature_alone_is_named(reference):
    found = diagnose(reference, rows(41, lost=0.5), quality=missing_alert())
    assert found.cause == "data fault"
    assert found.part("concept shift").verdict == "quiet"
    assert found.part("data fault").n == pytest.approx(750, abs=60)


def test_a_fault_of_every_row_takes_the_whole_loss(reference):
    stuck = missing_alert(measure="stuck")
    found = diagnose(reference, rows(4, lost=0.5), quality=stuck)
    assert found.cause == "data fault"
    assert found.part("data fault").value == found.part("change").value
    assert found.part("concept shift").verdict == "undefined"


def test_outcomes_that_came_early_alone_are_named(reference):
    rare = rows(5, constant=-2.0)
    past = rows(6, constant=-2.0)
    new = rows(7, constant=-2.0, time="2024-05-20")
    new = new[new["outcome"] == 1]  # a sale is known at once, its failing later
    found = diagnose(
        past,
        pd.concat([rare, new], ignore_index=True),
        as_of=NOW,
        delay=timedelta(weeks=6),
    )
    assert found.cause == "late labels"
    assert found.part("late labels").n == len(new)
    assert found.part("concept shift").verdict == "quiet"


def test_a_loss_that_was_there_last_year_is_the_season(reference):
    found = diagnose(reference, rows(8, turned=1.0), season=rows(9, turned=1.0))
    assert found.cause == "season"
    assert "last year" in found.summary


def test_a_loss_beyond_last_years_is_not_the_season(reference):
    found = diagnose(reference, rows(8, turned=1.0), season=rows(9, spread=1.2))
    assert found.cause == "concept shift"


def test_the_four_parts_add_up(reference):
    analysis = rows(10, lost=0.3, spread=1.2, turned=0.5)
    analysis.loc[1200:, "time"] = pd.Timestamp("2024-05-20", tz="UTC")
    found = diagnose(
        reference,
        analysis,
        quality=missing_alert(),
        as_of=NOW,
        delay=timedelta(weeks=6),
    )
    change = found.part("change")
    assert sum(found.part(name).value for name in PARTS) == pytest.approx(change.value)
    right = (analysis["prediction"] == analysis["outcome"]).mean()
    usual = (reference["prediction"] == reference["outcome"]).mean()
    assert change.value == pytest.approx(right - usual)


def test_a_loss_no_part_explains_cannot_be_told(reference):
    # far from all the reference has seen
    far = rows(14, turned=1.0)
    far["x"] += 40
    found = diagnose(reference, far)
    assert found.cause == "cannot tell"
    assert "nobody can tell why" in found.summary
    assert found.part("covariate shift").verdict == "undefined"


def test_less_is_better_for_brier_and_auc_is_split_too(reference):
    analysis = rows(3, turned=1.0)
    brier = diagnose(reference, analysis, metric="brier")
    assert brier.cause == "concept shift"
    assert brier.part("change").value > 0
    assert diagnose(reference, analysis, metric="roc_auc").cause == "concept shift"


def test_too_few_outcomes_are_not_judged(reference):
    found = diagnose(reference, rows(3, n=30, turned=1.0))
    assert found.verdict == "undefined"
    assert found.cause == ""
    assert "too few" in found.summary


def test_unknown_outcomes_are_left_out(reference):
    analysis = rows(3, turned=1.0)
    more = pd.concat([analysis, analysis.assign(outcome=np.nan)], ignore_index=True)
    assert diagnose(reference, more).part("change") == (
        diagnose(reference, analysis).part("change")
    )


def test_the_same_seed_gives_the_same_diagnosis(reference):
    analysis = rows(2, spread=0.8)
    first, second = (diagnose(reference, analysis, rng=5) for _ in range(2))
    pd.testing.assert_frame_equal(first.frame(), second.frame())


def test_a_diagnosis_shows_itself_and_hostile_text_is_harmless(reference):
    name = "<b>x</b>"
    frames = [f.rename(columns={"x": name}) for f in (reference, rows(4, lost=0.5))]
    found = diagnosis.diagnose(
        *frames, features=[name, "z"], quality=missing_alert(name)
    )
    assert found.cause == "data fault"
    html = found._repr_html_()
    assert "<b>" not in html
    assert "Data fault" in html
    assert len(found.frame()) == 7
    assert "data fault" in found.plot().alt.lower()


def test_faults_touch_the_rows_they_speak_of():
    before = pd.DataFrame({"id": list("abc"), "x": [1.0, 2.0, 3.0], "plan": ["a"] * 3})
    after = pd.DataFrame(
        {"id": list("eef"), "x": [None, 2.0, 9.0], "plan": ["a", "b", None]}
    )

    def which(measure, subject=""):
        alert = Finding(measure, 1.0, 3, verdict="alert", subject=subject)
        return touched(Findings("", (alert,)), before, after, ["x", "plan"]).tolist()

    assert which("missing", "x") == [True, False, False]
    assert which("out_of_range", "x") == [False, False, True]
    assert which("unseen", "plan") == [False, True, False]
    assert which("distinct", "x") == [True, True, True]
    assert which("duplicate_ids") == [True, True, False]
    assert which("volume") == [False, False, False]
    assert which("missing", "not a feature") == [False, False, False]
    quiet = Findings("", (Finding("missing", 0.1, 3, verdict="quiet", subject="x"),))
    assert not touched(quiet, before, after, ["x"]).any()


def test_what_cannot_be_diagnosed_is_refused(reference):
    analysis = rows(1, n=200)
    with pytest.raises(ValueError, match="no metric 'mape'"):
        diagnose(reference, analysis, metric="mape")
    with pytest.raises(ValueError, match="give both"):
        diagnose(reference, analysis, as_of=NOW)
    with pytest.raises(ValueError, match="analysis has no column 'outcome'"):
        diagnose(reference, analysis.drop(columns="outcome"))
    with pytest.raises(ValueError, match="no column 'time'"):
        diagnose(
            reference, analysis.drop(columns="time"), as_of=NOW, delay=timedelta(1)
        )
    found = diagnose(reference, analysis)
    with pytest.raises(ValueError, match="no part 'luck'"):
        found.part("luck")


def test_a_reference_of_one_class_explains_nothing(reference):
    one = reference[reference["outcome"] == 1]
    found = diagnose(one, rows(1))
    assert found.part("concept shift").verdict == "undefined"
    assert math.isnan(found.part("concept on the reference").value)
    assert found.part("change").value == pytest.approx(
        metrics.accuracy(rows(1)["outcome"], rows(1)["prediction"])
        - metrics.accuracy(one["outcome"], one["prediction"])
    )


def test_where_inputs_cannot_be_parted_the_concept_on_the_reference_speaks(reference):
    # a third of the rows far away, and the rest mean the opposite
    far = rows(14, turned=1.0)
    far.loc[far.index[::3], "x"] += 40
    found = diagnose(reference, far)
    assert found.part("concept shift").verdict == "undefined"
    assert found.cause == "concept shift"
    assert "too unlike the reference's" in found.summary

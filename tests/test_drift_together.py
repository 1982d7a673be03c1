from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score

from lifecycle import drift

MONDAY = pd.Timestamp("2023-01-02", tz="UTC")


def table(n, seed, *, shift=0.0, apart=False):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, n))
    twin = y if apart else x + 0.3 * y
    twin = twin / (1 if apart else math.sqrt(1.09))
    return pd.DataFrame(
        {
            "a": x + shift,
            "b": twin,
            "c": rng.choice(["x", "y", "z"], n),
            "d": np.where(rng.random(n) < 0.1, math.nan, rng.gamma(2, 1, n)),
        }
    )


# importance


def test_importance_is_about_what_scikit_learn_finds():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(1500, 3)), columns=["a", "b", "c"])
    chance = 1 / (1 + np.exp(-2 * frame["a"] - 0.7 * frame["b"]))
    outcome = (rng.random(1500) < chance).astype(int)
    model = LogisticRegression().fit(frame, outcome)
    theirs = permutation_importance(
        model, frame, outcome, scoring="roc_auc", n_repeats=20, random_state=1
    )
    found = drift.importance(model, frame, outcome, repeats=20, rng=1)
    by = {row.subject: row for row in found}
    for name, expected in zip("abc", theirs.importances_mean, strict=True):
        assert by[name].value == pytest.approx(expected, abs=0.012)
        assert by[name].lower < by[name].value < by[name].upper
    assert [row.subject for row in found][:2] == ["a", "b"]
    assert found.summary.startswith("The model uses a most: shuffled, ROC AUC falls by")


def test_a_feature_the_model_ignores_has_an_upper_end_of_nothing():
    frame = table(500, 2)
    found = drift.importance(lambda rows: rows["a"], frame, frame["a"] > 0)
    ends = {row.subject: row.upper for row in found}
    assert ends["a"] > 0.4
    assert ends["b"] == ends["c"] == ends["d"] == 0


@pytest.mark.parametrize(
    ("y_true", "measure"),
    [
        ([0.5, 1.5, 2.5, 9.0] * 25, "R²"),
        (["x", "y", "z", "z"] * 25, "accuracy"),
        ([True, False, True, True] * 25, "ROC AUC"),
    ],
)
def test_the_score_is_chosen_by_the_outcomes(y_true, measure):
    frame = pd.DataFrame({"y": y_true, "other": range(100)})
    found = drift.importance(lambda rows: rows["y"], frame, y_true)
    assert f"y most: shuffled, {measure} falls by" in found.summary


def test_importance_of_numbers_by_r_squared_and_by_any_function():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(400, 2)), columns=["a", "b"])
    y = 2 * frame["a"] + 0.1 * rng.normal(size=400)
    model = LinearRegression().fit(frame, y)
    found = drift.importance(model, frame, y)
    # shuffled, the prediction is independent: R² falls from 1 to about -1
    assert found[0].value == pytest.approx(2, abs=0.25)

    def worst(truth, predicted):
        return -float(np.max(np.abs(truth - predicted)))

    own = drift.importance(model, frame, y, score=worst, features=["a"])
    assert len(own) == 1
    assert own[0].value > 0


def test_importance_is_bounded_seeded_and_undefined_with_one_class():
    frame = table(5000, 4)
    y = frame["a"] > 0
    calls = []

    def predict(rows):
        calls.append(len(rows))
        return rows["a"]

    one = drift.importance(predict, frame, y, features=["a"], rows=100, rng=7)
    assert max(calls) == 100 * 10
    again = drift.importance(predict, frame, y, features=["a"], rows=100, rng=7)
    assert one.rows == again.rows
    assert one[0].n == 100
    none = drift.importance(predict, frame, np.zeros(5000), features=["a"])
    assert math.isnan(none[0].value)
    assert "is undefined" in none.summary
    assert math.isnan(drift.importance(predict, frame[:0], y[:0])[0].value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"y_true": [1]}, "frame has 20 rows and y_true 1"),
        ({"repeats": 1}, "repeats must be 2 or more, got 1"),
        ({"features": ["x"]}, "there is no column 'x' in frame"),
        ({"score": "gini"}, "there is no score 'gini'"),
    ],
)
def test_importance_says_what_is_wrong(change, sentence):
    given = {"y_true": [0, 1] * 10} | change
    with pytest.raises(ValueError, match=sentence):
        drift.importance(lambda rows: rows["a"], table(20, 5), **given)


# the domain classifier


def test_a_classifier_sees_that_two_features_no_longer_go_together():
    before, after = table(1500, 6), table(1000, 7, apart=True)
    assert drift.compare(before, after).drifted == ()
    found = drift.domain_classifier(before, after)
    assert found.verdict == "alert"
    assert found[0].value > 0.7
    away = [row.subject for row in found if row.measure == "gives it away"]
    assert set(away[:2]) == {"a", "b"}
    assert "given away by" in found.summary


def test_without_drift_rows_cannot_be_told_apart():
    alerts = 0
    for seed in range(6):
        found = drift.domain_classifier(
            table(300, seed), table(200, 100 + seed), floor=0.5, level=0.05, rng=seed
        )
        alerts += found.verdict == "alert"
        assert abs(found[0].value - 0.5) < 0.15
    assert alerts <= 2


def test_the_area_is_scikit_learns_and_its_threshold_by_hand():
    scores = np.array([0.1, 0.4, 0.4, 0.8, 0.4, 0.9, 0.7, 0.2])
    row = drift.domain.held(scores, (4, 4), 5, "", 0.5, 0.01)
    truth = [0, 0, 0, 0, 1, 1, 1, 1]
    assert row.value == pytest.approx(roc_auc_score(truth, scores))
    sd = math.sqrt(9 / (12 * 16) * 2.25)
    assert row.threshold == pytest.approx(0.5 + stats.norm.ppf(0.99) * sd)


def test_a_classifier_looks_at_every_chunk_when_asked():
    before = table(400, 8)
    parts = [
        table(200, 9 + week, shift=2.0 * (week == 2)).assign(
            time=MONDAY + pd.Timedelta(7 * week, "D")
        )
        for week in range(3)
    ]
    parts.append(table(20, 20).assign(time=MONDAY + pd.Timedelta(21, "D")))
    found = drift.domain_classifier(before, pd.concat(parts), every="week")
    rows = [row for row in found if row.measure == "auc"]
    verdicts = [row.verdict for row in rows]
    assert verdicts == ["quiet", "quiet", "alert", "undefined"]
    assert found.summary.startswith("In 2023-W03 the rows can be told from")
    assert found.plot("auc").alt


@pytest.mark.parametrize(
    "values",
    [
        [math.inf, -math.inf, 1.0],
        [True, False, None],
        [None],
        [7],
        [10**400, 1],
        ["a", 1, None],
        [[1], [2]],
    ],
)
def test_any_column_goes_through_all_three(values):
    column = pd.Series([values[k % len(values)] for k in range(120)], dtype=object)
    frame = pd.DataFrame({"x": column, "<b>\n": range(120)})
    for found in (
        drift.domain_classifier(frame, frame, features=["x"]),
        drift.reconstruction(frame, frame),
        drift.text(frame, frame, "x"),
    ):
        assert found.verdict in ("quiet", "undefined")
        assert "<b>" not in found._repr_html_()


def test_all_features_at_once_need_features_that_are_there():
    frame = table(200, 10)
    for function in (drift.domain_classifier, drift.reconstruction):
        with pytest.raises(ValueError, match="there is no column 'q'"):
            function(frame, frame, features=["q"])
        with pytest.raises(ValueError, match="there are no features to compare"):
            function(frame, frame, features=[])
        with pytest.raises(ValueError, match="no column 'time' to cut"):
            function(frame, frame, every="week")


# reconstruction


def test_the_error_of_one_component_by_hand():
    # two equal columns and one of its own: the first component is the equal pair
    rng = np.random.default_rng(11)
    x, z = rng.normal(size=(2, 2000))
    before = pd.DataFrame({"a": x, "b": x, "c": z})
    found = drift.reconstruction(before, before, kept=0.6)
    scaled = (z - z.mean()) / z.std()
    assert found[0].value == pytest.approx(np.abs(scaled).mean(), rel=0.02)


def test_reconstruction_sees_features_that_no_longer_go_together():
    before, after = table(2000, 12), table(800, 13, apart=True)
    found = drift.reconstruction(before, after, features=["a", "b"])
    assert found.verdict == "alert"
    assert found.summary.startswith("Features no longer hang together as in the ref")
    assert drift.reconstruction(
        before, table(800, 14), features=["a", "b"]
    ).verdict == ("quiet")


def test_the_limits_come_from_the_chunks_of_the_reference():
    weeks = [
        table(200, 30 + week).assign(time=MONDAY + pd.Timedelta(7 * week, "D"))
        for week in range(12)
    ]
    reference, analysis = pd.concat(weeks[:8]), pd.concat(weeks[8:])
    found = drift.reconstruction(reference, analysis, every="week")
    assert [row.period for row in found] == [f"2023-W{k:02}" for k in range(9, 13)]
    assert {row.verdict for row in found} == {"quiet"}
    few = drift.reconstruction(pd.concat(weeks[:3]), analysis, every="week")
    assert {row.verdict for row in few} == {"undefined"}


def test_rows_of_which_nothing_varies_have_no_error():
    frame = pd.DataFrame({"a": [1.0] * 300, "b": ["x"] * 300})
    found = drift.reconstruction(frame, frame)
    assert math.isnan(found[0].value)
    assert found.verdict == "undefined"
    with pytest.raises(ValueError, match="kept must lie between 0 and 1, got 1"):
        drift.reconstruction(frame, frame, kept=1)


# text


def notes(n, seed, words, weights=None):
    rng = np.random.default_rng(seed)
    drawn = rng.choice(words, (n, 6), p=weights)
    return pd.DataFrame({"note": [" ".join(row) for row in drawn]})


COMMON = [f"word{chr(97 + k)}" for k in range(20)]


def test_the_words_that_tell_are_named_in_both_directions():
    before = notes(400, 1, [*COMMON, "invoice"])
    after = notes(300, 2, [*COMMON, "refund"])
    found = drift.text(before, after, "note")
    assert found.verdict == "alert"
    rows = {(row.measure, row.subject): row for row in found}
    more, less = rows["more often", "refund"], rows["less often", "invoice"]
    share = after["note"].str.contains("refund").mean()
    assert more.value == pytest.approx(share)
    assert more.lower < more.value < more.upper
    assert less.value < 0
    assert "; more often: refund; less often: invoice" in found.summary


def test_the_same_words_cannot_be_told_apart():
    alerts = 0
    for seed in range(10):
        found = drift.text(
            notes(200, seed, COMMON), notes(200, 50 + seed, COMMON), "note",
            floor=0.5, level=0.05,
        )  # fmt: skip
        alerts += found.verdict == "alert"
    assert alerts <= 3


def test_hostile_and_endless_messages_are_shown_as_words_only():
    bad = "<script>alert(1)</script> \x1b[31m" + "a" * 100_000 + " \u202eevil"
    before, after = notes(150, 3, COMMON), pd.DataFrame({"note": [bad] * 150})
    found = drift.text(before, after, "note")
    assert found.verdict == "alert"
    for said in (found._repr_html_(), repr(found)):
        assert "<script>" not in said
        assert not {"\x1b", "\u202e"} & set(said)
        assert "a" * 60 not in said


def test_messages_without_words_or_too_few_are_undefined():
    few = notes(20, 4, COMMON)
    assert drift.text(few, few, "note").verdict == "undefined"
    digits = pd.DataFrame({"note": ["1 2 3", None] * 150})
    found = drift.text(digits, digits, "note")
    assert found.verdict == "undefined"
    assert found.summary.endswith("undefined: there are too few of them.")
    with pytest.raises(ValueError, match="there is no column 'text'"):
        drift.text(few, few, "text")


def test_text_is_bounded_in_messages_and_cut_into_chunks():
    before = notes(3000, 5, COMMON)
    after = notes(600, 6, [*COMMON, "new"])
    after["time"] = [MONDAY + pd.Timedelta(k // 300, "W") for k in range(600)]
    found = drift.text(before, after, "note", every="week", rows=200)
    rows = [row for row in found if row.measure == "auc"]
    assert [(row.period, row.n) for row in rows] == [
        ("2023-W01", 200),
        ("2023-W02", 200),
    ]
    again = drift.text(before, after, "note", every="week", rows=200)
    assert found.rows == again.rows


# season


def days(start, count, often=40):
    return pd.date_range(start, periods=count, tz="UTC").repeat(often)


def test_the_same_week_of_last_year():
    assert drift.last_year("2024-W01") == ("2023-W01",)
    assert drift.last_year("2024-W01", around=1) == ("2022-W52", "2023-W01", "2023-W02")
    assert drift.last_year("2021-W01", around=1)[0] == "2019-W52"
    assert drift.last_year("2020-W53") == ("2019-W52",)
    assert drift.last_year("2023-01", around=1) == ("2021-12", "2022-01", "2022-02")
    assert drift.last_year("2024-02-29") == ("2023-03-02",)
    with pytest.raises(ValueError, match="is no chunk"):
        drift.last_year("soon")


def seasonal(drifted):
    """Two years and two months of which December is different, and maybe 2023 too."""
    rng = np.random.default_rng(1)
    moments = days("2022-01-03", 728, often=6)
    december = moments.month == 12
    late = moments >= pd.Timestamp("2023-06-01", tz="UTC")
    frame = pd.DataFrame(
        {
            "time": moments,
            "sales": rng.normal(2.0 * december, 1),
            "age": rng.normal(2.0 * (late & drifted), 1),
        }
    )
    summer = frame[(moments.year == 2022) & (moments.month.isin([3, 4, 5, 6, 7]))]
    return summer, frame


def test_what_moves_with_the_season_is_as_last_year_and_drift_is_not():
    summer, log = seasonal(drifted=True)
    found = drift.course(summer, log)
    assert set(found.drifted) == {"sales", "age"}
    against = drift.season(found)
    verdicts = {row.subject: row.verdict for row in against}
    assert verdicts == {"sales": "quiet", "age": "alert"}
    assert against.summary == (
        "Of 2 features that have drifted in 2023-W52, 1 is as last year: sales."
    )
    row = next(row for row in against if row.subject == "age")
    assert row.value > row.threshold
    assert row.lower < row.value < row.upper


def test_without_a_year_before_or_without_drift_the_season_says_so():
    summer, log = seasonal(drifted=True)
    late = log[log.time >= "2023-11-01"]
    found = drift.course(summer, late)
    assert drift.season(found).verdict == "undefined"
    assert "no chunk of a year before 2023-W52" in drift.season(found).summary
    history = drift.course(summer, log).analysis
    assert drift.season(found, drift.course(summer, late).analysis).rows == ()
    assert len(history.chunks) > 100
    calm = drift.course(summer, summer)
    assert drift.season(calm).summary == "Nothing has drifted in 2022-W30."

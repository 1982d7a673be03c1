"""Who answers: keys keep their version, faults fall back, role changes are followed."""

from __future__ import annotations

import math
import threading

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lifecycle
from lifecycle import errors, promotion, routing
from lifecycle.workspace import health, lineup
from lifecycle.workspace.router import Router
from tests.router_desk import AT, MODEL, Stub, desk, one, put, raising, release, rows


@pytest.fixture
def ws(tmp_path):
    return desk(tmp_path)


@pytest.fixture
def router(ws):
    with Router(ws, MODEL, background=False) as made:
        yield made


@pytest.fixture
def trial(ws):
    """Version 3 is tried with all the traffic but a bit; 2 serves, 1 is behind it."""
    release(ws, 2)
    release(ws, 3, share=0.999999999)
    with Router(ws, MODEL, background=False, time_limit=None) as made:
        yield made


def count(router, version):
    router._keep()
    return health.read(router.workspace, MODEL).total(version)


def test_the_router_is_a_name_of_the_package(ws):
    with lifecycle.Router(ws.directory, MODEL, background=False) as router:
        assert repr(router) == "<Router of leads: production 1>"
    assert repr(router) == "<Router of leads: production 1, closed>"


def test_a_model_without_a_production_version_has_no_router(ws):
    with pytest.raises(errors.UnknownModel):
        Router(ws, "leeds", background=False)
    with ws.registry.reading() as book:
        assert book.roles("other") == {}


def test_answers_are_what_the_version_says(ws, router):
    frame = rows(50)
    found = router.predict(frame)
    version = ws.registry.version(MODEL, 1)
    wanted = ws.registry.load(version).predict_proba(
        frame[["visits", "pages", "plan"]].astype({"plan": object})
    )[:, 1]
    np.testing.assert_allclose(found.scores, wanted, rtol=1e-12)
    assert found.predictions.tolist() == (wanted >= version.threshold).tolist()
    assert set(found.versions) == {"1"}
    assert set(found.roles) == {"production"}
    assert found.frame()["id"].tolist() == frame["id"].tolist()
    assert "50 rows: 50 by version 1 (production)" in repr(found)
    assert "<table" in found._repr_html_()


def test_each_row_has_an_answer_of_its_own(router):
    frame = rows(5)
    found = router.predict(frame)
    told = list(found)
    assert len(told) == len(found) == 5
    assert [each.id for each in told] == frame["id"].tolist()
    for at, each in enumerate(told):
        assert each == found[at] == found[at - 5]
        alone = router.predict_one(frame.iloc[at].to_dict())
        assert each.score == pytest.approx(alone.score, 1e-12)
        assert (each.version, each.role) == (alone.version, alone.role)
    with pytest.raises(IndexError):
        found[5]
    with pytest.raises(TypeError):
        found["i000000"]
    assert found.frame().columns.tolist() == [
        *("id", "score", "prediction", "version", "role")
    ]
    assert list(router.predict(rows(0))) == []


def test_one_row_is_answered_as_a_frame_of_it_and_as_a_part_of_many(router):
    frame = rows(5)
    many = router.predict(frame)
    for at in range(5):
        alone = router.predict(frame.iloc[[at]])
        row = router.predict_one(frame.iloc[at].to_dict())
        assert alone.scores[0] == row.score == pytest.approx(many.scores[at], 1e-12)
        assert alone.ids == [row.id] == [many.ids[at]]


def test_no_rows_have_no_answers(router):
    found = router.predict(rows(0))
    assert len(found) == 0
    assert found.frame().empty


def test_keys_are_dealt_as_assign_says_and_stay_where_they_are(ws):
    frame = rows(400)
    release(ws, 2, share=0.2)
    with Router(ws, MODEL, background=False) as router:
        found = router.predict(frame)
        shares = {"production": 0.8, "experimental": 0.2}
        wanted = routing.assign(frame["id"], shares, salt=MODEL)
        assert found.roles.tolist() == wanted.tolist()
        again = router.predict(frame[::-1])
        assert again.roles.tolist() == wanted[::-1].tolist()
        row = router.predict_one(frame.iloc[7].to_dict())
        assert row.role == wanted[7]
        for each in router._lineup.players:
            mine = found.versions == each.version
            assert 0 < mine.sum() < 400
            np.testing.assert_array_equal(found.scores[mine], each.scorer(frame[mine]))


def test_widening_moves_only_the_keys_it_must(ws):
    frame = rows(400)
    release(ws, 2, share=0.2)
    with Router(ws, MODEL, background=False) as router:
        before = router.predict(frame).roles == "experimental"
        promotion.widen(ws.registry, MODEL, share=0.5, actor="bo", reason="r", at=AT)
        assert router.poll()
        after = router.predict(frame).roles == "experimental"
    assert before.sum() < after.sum()
    assert after[before].all()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.text(max_size=20), max_size=20), st.floats(0, 1))
def test_what_is_chosen_is_what_assign_calls_experimental(ids, share):
    shares = {"production": 1 - share, "experimental": share}
    if math.isclose(sum(shares.values()), 1):
        dealt = routing.assign(ids, shares, salt="m") == "experimental"
        assert routing.chosen(ids, share, salt="m").tolist() == dealt.tolist()
        if not any("\ud800" <= sign <= "\udfff" for text in ids for sign in text):
            for kind in (pa.string(), pa.large_string()):
                found = routing.chosen(pa.array(ids, kind), share, salt="m")
                assert found.tolist() == dealt.tolist()


def test_a_key_of_another_column_keeps_its_rows_together_and_is_logged(ws):
    release(ws, 2, share=0.5)
    frame = rows(200).assign(customer=np.arange(200) % 20)
    with Router(ws, MODEL, background=False) as router:
        found = router.predict(frame, key="customer")
        router.settle()
    by = pd.Series(found.roles).groupby(frame["customer"]).nunique()
    assert by.eq(1).all()
    logged = ws.logs(MODEL).predictions()
    assert set(logged["customer"]) == {str(k) for k in range(20)}


def test_a_role_change_is_followed_without_a_restart(ws, router):
    assert router.predict_one(one()).version == "1"
    assert not router.poll()
    release(ws, 2)
    assert router.predict_one(one()).version == "1"  # not looked yet
    assert router.poll()
    answer = router.predict_one(one())
    assert (answer.version, answer.role) == ("2", "production")
    promotion.roll_back(ws.registry, MODEL, actor="bo", reason="worse", at=AT)
    assert router.poll()
    assert router.predict_one(one()).version == "1"


def test_the_background_looks_at_the_book_by_itself(ws, monkeypatch):
    seen = threading.Event()
    poll = Router.poll

    def looked(self):
        moved = poll(self)
        if moved:
            seen.set()
        return moved

    monkeypatch.setattr(Router, "poll", looked)
    with Router(ws, MODEL, poll_every=0.01) as router:
        router.predict_one(one())
        release(ws, 2)
        assert seen.wait(30)
        assert router.predict_one(one()).version == "2"


def test_a_request_is_served_wholly_by_the_line_up_it_began_with(ws, router):
    real = router._lineup.players[0].scorer

    def changing(n):
        release(ws, 2)
        assert router.poll()
        return np.full(n, 0.9)

    put(router, "production", Stub(changing))
    found = router.predict(rows(3))
    assert set(found.versions) == {"1"}
    assert found.scores.tolist() == [0.9] * 3
    assert set(router.predict(rows(3)).versions) == {"2"}
    assert router._lineup.players[0].scorer is not real


def test_where_the_experimental_version_raises_production_answers(trial):
    bad = put(trial, "experimental", Stub(raising))
    answer = trial.predict_one(one())
    assert (answer.version, answer.role) == ("2", "production")
    found = trial.predict(rows(20))
    assert set(found.versions) == {"2"}
    assert bad.calls == 2
    assert count(trial, "3").errors == 21
    assert count(trial, "2").faults == 0


def test_where_a_score_is_no_number_the_next_one_answers_for_that_row(trial):
    put(trial, "experimental", Stub(lambda n: np.arange(n) / n))
    holes = np.array([0.1, np.nan, 0.3, np.inf])
    put(trial, "experimental", Stub(lambda n: holes))
    found = trial.predict(rows(4))
    assert found.versions.tolist() == ["3", "2", "3", "2"]
    assert found.scores[[0, 2]].tolist() == [0.1, 0.3]
    assert np.isfinite(found.scores).all()
    assert count(trial, "3").missing == 2
    put(trial, "experimental", Stub(lambda n: math.nan))
    assert trial.predict_one(one()).version == "2"


def test_scores_of_the_wrong_number_are_a_fault(trial):
    put(trial, "experimental", Stub(lambda n: np.zeros(n + 1)))
    assert set(trial.predict(rows(4)).versions) == {"2"}
    assert count(trial, "3").errors == 4


def test_a_slow_experimental_version_is_cut_off(ws):
    release(ws, 2)
    release(ws, 3, share=0.999999999)
    hold = threading.Event()
    try:
        with Router(ws, MODEL, background=False, time_limit=0.001) as router:
            put(router, "experimental", Stub(lambda n: hold.wait(60) and 0.5))
            answer = router.predict_one(one())
            assert (answer.version, answer.role) == ("2", "production")
            assert set(router.predict(rows(3)).versions) == {"2"}
            assert count(router, "3").slow == 4
    finally:
        hold.set()


def test_within_its_time_the_experimental_version_answers(ws):
    release(ws, 2, share=0.999999999)
    with Router(ws, MODEL, background=False, time_limit=60.0) as router:
        assert router.predict_one(one()).version == "2"
        assert set(router.predict(rows(30)).versions) == {"2"}


def test_who_fails_again_and_again_is_not_asked_for_a_while(trial):
    bad = put(trial, "experimental", Stub(raising))
    for number in range(40):
        trial.predict_one(one(f"i{number}"))
    assert bad.calls < 40
    told = count(trial, "3")
    assert told.errors == bad.calls
    assert told.skipped == 40 - bad.calls


def test_where_production_raises_the_previous_version_answers(trial):
    put(trial, "experimental", Stub(raising))
    put(trial, "production", Stub(raising))
    answer = trial.predict_one(one())
    assert (answer.version, answer.role) == ("1", "previous")
    assert set(trial.predict(rows(3)).roles) == {"previous"}
    assert count(trial, "2").errors == 4
    assert count(trial, "1").rows == 4


def test_where_all_raise_there_is_one_sentence(trial):
    for role in lineup.CHAIN:
        put(trial, role, Stub(raising))
    for ask in (lambda: trial.predict_one(one()), lambda: trial.predict(rows(3))):
        with pytest.raises(errors.NoAnswer) as told:
            ask()
        words = str(told.value)
        assert "tried 3 (experimental), 2 (production), 1 (previous)" in words
        assert "\n" not in words
    trial.settle()
    assert trial.workspace.logs(MODEL).count("predictions") == 0
    assert count(trial, "1").errors == 4


def test_a_row_that_nobody_has_a_score_for_is_told_so_and_not_logged(router):
    put(router, "production", Stub(lambda n: np.array([0.9, math.nan])[:n]))
    found = router.predict(rows(2))
    assert found.scores[0] == 0.9
    assert math.isnan(found.scores[1])
    assert math.isnan(found.predictions[1])
    put(router, "production", Stub(lambda n: math.nan))
    assert "no score" in repr(router.predict_one(one("other")))
    router.settle()
    assert router.workspace.logs(MODEL).predictions()["id"].tolist() == ["i000000"]


def test_rows_that_all_versions_refuse_are_the_callers_fault(trial):
    frame = rows(3).drop(columns="pages")
    with pytest.raises(errors.InputError, match="no column 'pages'"):
        trial.predict(frame)
    with pytest.raises(errors.InputError, match="no column 'pages'"):
        trial.predict_one({"id": "1", "visits": 1.0, "plan": "a"})
    with pytest.raises(errors.InputError, match="no number"):
        trial.predict_one(one(visits="many"))
    assert [count(trial, v).errors for v in "123"] == [0, 0, 0]


def test_an_experimental_version_that_cannot_be_loaded_is_left_out(ws):
    release(ws, 2, share=0.5)
    path = ws.registry.artefacts / ws.registry.version(MODEL, 2).artefact
    path.write_bytes(path.read_bytes() + b" ")
    with Router(ws, MODEL, background=False) as router:
        assert set(router.predict(rows(50)).roles) == {"production"}
        assert "version 2 (experimental) is left out" in router.troubles[0]
        router.settle()
        found = [each for each in ws.alerts(MODEL) if each.rule == "serving"]
        assert "was altered" in found[0].sentence


def test_a_production_version_that_cannot_be_loaded_leaves_the_old_one(ws, router):
    path = ws.registry.artefacts / ws.registry.version(MODEL, 2).artefact
    kept = path.read_bytes()
    release(ws, 2)
    path.write_bytes(b"torn")
    assert not router.poll()
    assert router.predict_one(one()).version == "1"
    assert "serves on" in router.troubles[0]
    path.write_bytes(kept)
    assert router.poll()
    assert router.predict_one(one()).version == "2"
    assert router.troubles == ()


def test_a_closed_router_says_so(ws):
    router = Router(ws, MODEL, background=False)
    router.close()
    router.close()
    with pytest.raises(errors.LifecycleError, match="is closed"):
        router.predict_one(one())


def test_what_each_version_did_is_a_table_by_hour(trial):
    trial.predict(rows(30))
    trial.predict_one(one())
    told = trial.health().frame()
    assert told["version"].tolist() == ["3"]
    row = told.iloc[0]
    assert (row["requests"], row["rows"], row["faults"]) == (2, 31, 0)
    assert 0 < row["score_min"] <= row["score_sum"] / 31 <= row["score_max"] < 1
    assert row["p50_ms"] > 0
    assert row["hour"].tz is not None
    assert trial.health().findings[0].n == 31

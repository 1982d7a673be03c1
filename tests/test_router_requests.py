"""What is asked of a router: ids and moments of any kind, and those it refuses."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from lifecycle import errors
from lifecycle.workspace.router import Router
from tests.router_desk import AT, MODEL, desk, one, rows

NAIVE = AT.replace(tzinfo=None)


@pytest.fixture
def router(tmp_path):
    with Router(desk(tmp_path), MODEL, background=False) as made:
        yield made


@pytest.mark.parametrize(
    "kind", ["int64", "int8", "Int64", "object", "string", "float"]
)
def test_ids_of_any_kind_are_texts_as_those_of_one_row_are(router, kind):
    frame = rows(3).assign(id=pd.Series([7, 8, 90], dtype=kind))
    wanted = [router.predict_one(row).id for row in frame.to_dict("records")]
    assert router.predict(frame).ids == wanted
    assert [each.id for each in router.predict(frame)] == wanted


def test_an_id_that_is_there_twice_is_refused(router):
    frame = rows(3)
    frame.insert(0, "id", frame["id"], allow_duplicates=True)
    with pytest.raises(errors.InputError, match="'id' more than once"):
        router.predict(frame)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "has no 'id'"),
        (math.nan, "has no 'id'"),
        ("", "has no 'id'"),
        (pd.NA, "has no 'id'"),
        ("x" * 1001, "at most 1,000"),
        ("\ud800", "cannot be written as text"),
    ],
)
def test_an_id_that_cannot_be_kept_is_refused(router, value, words):
    with pytest.raises(errors.InputError, match=words):
        router.predict_one(one(value))
    frame = rows(3).astype({"id": object})
    frame.loc[1, "id"] = value
    with pytest.raises(errors.InputError, match=words):
        router.predict(frame)


def test_a_hostile_id_is_text_like_any_other(router):
    ids = ["'; DROP TABLE x; --", "../../etc/passwd", "<script>", "\x00\n", "=1+1", "ü"]
    frame = rows(len(ids)).assign(id=ids)
    assert router.predict(frame).ids == ids
    for each in ids:
        assert "\n" not in repr(router.predict_one(one(each)))
    router.settle()
    assert sorted(router.workspace.logs(MODEL).predictions()["id"]) == sorted(ids)


@pytest.mark.parametrize(
    "key",
    [
        *("time", "score", "prediction", "version", "role", "outcome", "known_at"),
        *("", "\x1b[2J", "a\nb"),
    ],
)
def test_no_row_is_dealt_by_a_column_that_the_log_keeps(router, key):
    frame = rows(3).assign(**{key: ["a", "b", "c"]})
    for some in (frame, frame[:1]):
        with pytest.raises(errors.InputError, match="log keeps for itself") as told:
            router.predict(some, key=key)
        assert str(told.value).isprintable()
    assert router.settle().rows_new == 0


def test_a_key_of_any_other_name_is_a_column_of_the_log(router):
    for number, key in enumerate(["a,b;{}()=", "../x", "<b>", "x" * 300, "kunde ü"]):
        frame = rows(2, first=2 * number).assign(**{key: ["a", "b"]})
        router.predict(frame, key=key)
    assert router.settle().rows_new == 10
    assert router.workspace.logs(MODEL).predictions()["../x"].count() == 2


@pytest.mark.parametrize("time", [NAIVE, "2024-01-01", pd.NaT, None])
def test_a_time_that_is_no_moment_is_refused(router, time):
    with pytest.raises(errors.InputError, match="zone"):
        router.predict_one(one(time=time))
    with pytest.raises(errors.InputError, match="zone"):
        router.predict(rows(3).assign(time=time))


def test_rows_may_have_a_time_of_their_own(router):
    frame = rows(3)
    frame["time"] = [AT + timedelta(hours=k) for k in range(3)]
    router.predict(frame)
    router.predict_one(one("other", time=AT))
    router.predict_one(one("now"))
    router.settle()
    logged = router.workspace.logs(MODEL).predictions().set_index("id")["time"]
    assert logged["i000002"] == AT + timedelta(hours=2)
    assert logged["other"] == AT
    assert abs(logged["now"] - datetime.now(UTC)) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (rows(2).assign(visits=[1, 10**400]), "'visits' has a value that is no number"),
        (rows(2).assign(visits=[1, "\x1b[2J\n" * 999]), "is no number"),
        (pd.concat([rows(2), rows(2)[["pages"]]], axis=1), "'pages' more than once"),
        (pd.concat([rows(2), rows(2)[["plan"]]], axis=1), "'plan' more than once"),
    ],
    ids=["too large", "hostile", "number twice", "text twice"],
)
def test_rows_at_fault_are_one_sentence_and_no_versions_fault(router, frame, words):
    with pytest.raises(errors.InputError, match=words) as told:
        router.predict(frame)
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 500
    if not frame.columns.is_unique:
        with pytest.raises(errors.InputError, match=words):
            router.predict(frame[:1])
    assert router.health().total().rows == 0

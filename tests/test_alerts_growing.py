"""An alert that goes on says what it says now, and tells when more has joined it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import alerts, registry
from lifecycle.alerts import family
from lifecycle.findings import Finding, Findings
from tests.databases import raw

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def book(database, tmp_path: Path) -> registry.Registry:
    return database(tmp_path)


def week(number: int) -> str:
    return f"2023-W{number:02d}"


def look(book, names, *, chunk=15, day=0, **settings):
    """One look at a family: these columns have drifted."""
    count = float(len(names))
    verdict = "alert" if names else "quiet"
    row = Finding(
        "drifted", count, 400, threshold=0.0, verdict=verdict, period=week(chunk)
    )
    found = alerts.Family("Drift", (row,), named=tuple(names))
    said = f"{', '.join(names)} drifted"
    at = AT + day * DAY
    return alerts.update(
        book, "m", found, rule="drift", at=at, owner="anna", words=said, **settings
    )


def kinds(book):
    return [(each.kind, each.recipient) for each in book.messages()]


def test_the_sentence_and_the_numbers_are_those_of_the_newest_look(book):
    for day, value in enumerate((0.62, 0.58)):
        row = Finding("accuracy", value, 400 + day, threshold=0.7, verdict="alert")
        found = Findings("Performance", (row,))
        alerts.update(
            book, "m", found, rule="accuracy", at=AT + day * DAY, owner="anna"
        )
    (still,) = alerts.open_alerts(book)
    assert (still.value, still.n, still.opened_at) == (0.58, 401, AT)
    assert still.sentence.startswith("accuracy of m is 0.58")
    assert kinds(book) == [("opened", "owner")]


def test_a_quiet_look_leaves_the_sentence_of_the_last_bad_one(book):
    look(book, ["age"])
    look(book, [], chunk=16, day=1, close_after=3)
    assert alerts.open_alerts(book)[0].sentence == "age drifted"


def test_who_joins_is_told_once(book):
    look(book, ["age", "plan"])
    look(book, ["age", "plan", "town"], chunk=16, day=7)
    look(book, ["age", "plan", "town"], chunk=17, day=14)
    assert kinds(book) == [("opened", "owner"), ("grown", "owner")]
    message = book.messages()[-1]
    assert message.subject == "warning, more of it: drift of m"
    assert "New since the last message: town." in message.body
    assert message.body.startswith("age, plan, town drifted")
    assert alerts.open_alerts(book)[0].told == {
        "names": ["age", "plan", "town"],
        "in": week(16),
    }


def test_at_most_once_a_chunk(book):
    look(book, ["age"])
    look(book, ["age", "plan"], day=1)
    assert kinds(book) == [("opened", "owner")]
    look(book, ["age", "plan"], chunk=16, day=7)
    look(book, ["age", "plan", "town"], chunk=16, day=8)
    assert kinds(book)[1:] == [("grown", "owner")]
    look(book, ["age", "plan", "town"], chunk=17, day=14)
    assert "New since the last message: town." in book.messages()[-1].body


def test_who_went_and_came_back_has_not_joined(book):
    look(book, ["age", "plan"])
    look(book, ["age"], chunk=16, day=7)
    look(book, ["age", "plan"], chunk=17, day=14)
    assert kinds(book) == [("opened", "owner")]


def test_one_more_of_many_is_not_clearly_more(book):
    many = [f"f{number:02d}" for number in range(12)]
    look(book, many)
    look(book, [*many, "x1", "x2"], chunk=16, day=7)
    assert kinds(book) == [("opened", "owner")]
    look(book, [*many, "x1", "x2", "x3"], chunk=17, day=14)
    assert "x1, x2, x3." in book.messages()[-1].body


def test_the_second_person_is_told_too_once_asked(book):
    look(book, ["age"])
    alerts.chase(book, "m", at=AT + 3 * DAY, escalate_after=DAY, deputy="bert")
    look(book, ["age", "plan"], chunk=16, day=7)
    assert kinds(book)[-2:] == [("grown", "owner"), ("grown", "deputy")]


def test_a_silence_holds_it_back(book):
    look(book, ["age"])
    until = AT + 30 * DAY
    alerts.silence(
        book, "m", "drift", until=until, reason="known", by="anna", at=AT + DAY
    )
    look(book, ["age", "plan"], chunk=16, day=7)
    assert book.messages()[-1].next_try == until


def test_the_same_look_again_changes_nothing(book):
    look(book, ["age"])
    look(book, ["age", "plan"], chunk=16, day=7)
    before = alerts.history(book), book.messages()
    look(book, ["age", "plan"], chunk=16, day=7)
    assert (alerts.history(book), book.messages()) == before


def test_many_new_ones_are_counted_and_hostile_names_stay_on_one_line(book):
    look(book, ["age"])
    look(book, ["a\nb<i>", *[f"f{n:02d}" for n in range(20)]], chunk=16, day=7)
    body = book.messages()[-1].body
    assert "New since the last message: a b<i>, f00, " in body
    assert body.count("and 13 more.") == 1


def test_an_alert_from_before_tells_of_nobody_as_new(book):
    look(book, ["age", "plan"])
    with raw(book) as connection:
        connection.execute("UPDATE alert SET told = '{}'")
    look(book, ["age", "plan", "town"], chunk=16, day=7)
    assert kinds(book) == [("opened", "owner")]
    look(book, ["age", "plan", "town", "x"], chunk=17, day=14)
    assert "New since the last message: x." in book.messages()[-1].body


@given(
    st.sets(st.sampled_from("abcdefgh")),
    st.sets(st.sampled_from("abcdefgh")),
)
def test_only_who_was_not_told_of_joins(before, now):
    first = {"names": sorted(before), "in": "1"}
    new = family.grown(first, {"names": sorted(now), "in": "2"})
    assert set(new) in (set(), now - before)
    assert bool(new) == (4 * len(now - before) >= max(1, len(before)))
    assert family.grown(first, {"names": sorted(now), "in": "1"}) == []

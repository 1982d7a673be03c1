from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import alerts, errors, registry
from lifecycle.findings import Finding, Findings
from tests.databases import Refused, raw

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
WEEK = timedelta(weeks=1)


@pytest.fixture
def book(database, tmp_path: Path) -> registry.Registry:
    return database(tmp_path)


def row(verdict, *, subject="", period="", measure="accuracy", value=None):
    value = {"alert": 0.62, "quiet": 0.81, "undefined": math.nan}[verdict]
    return Finding(measure, value, 400, 0.5, 0.9, 0.7, verdict, period, subject)


def update(book, *rows, at=AT, model="leads", rule="accuracy"):
    found = Findings("Performance", tuple(rows))
    return alerts.update(book, model, found, rule=rule, at=at, owner="anna")


def test_an_alert_is_told_once_while_its_episode_lasts(book):
    (opened,) = update(book, row("alert"))
    assert opened == alerts.open_alerts(book, "leads")[0]
    assert (opened.opened_at, opened.closed_at, opened.value) == (AT, None, 0.62)
    assert (opened.threshold, opened.n, opened.severity) == (0.7, 400, "warning")
    assert update(book, row("alert")) == []
    assert update(book, row("alert"), at=AT + WEEK) == []
    (still,) = alerts.open_alerts(book, "leads")
    assert (still.id, still.opened_at, still.seen_at) == (opened.id, AT, AT + WEEK)


def test_a_quiet_verdict_closes_and_the_next_alert_is_a_new_episode(book):
    (first,) = update(book, row("alert"))
    assert update(book, row("quiet"), at=AT + WEEK) == []
    assert alerts.open_alerts(book) == []
    (second,) = update(book, row("alert"), at=AT + 2 * WEEK)
    assert second.id != first.id
    assert [a.closed_at for a in alerts.history(book, "leads")] == [AT + WEEK, None]


def test_undefined_changes_nothing(book):
    assert update(book, row("undefined")) == []
    (opened,) = update(book, row("alert"))
    update(book, row("undefined"), at=AT + WEEK)
    assert alerts.open_alerts(book) == [opened]
    update(book, at=AT + WEEK)
    assert alerts.open_alerts(book) == [opened]


def test_each_subject_has_its_own_episode(book):
    opened = update(
        book,
        row("alert", subject="size"),
        row("quiet", subject="channel"),
        row("alert", subject="plan"),
    )
    assert [a.subject for a in opened] == ["plan", "size"]
    update(book, row("quiet", subject="size"), at=AT + WEEK)
    assert [a.subject for a in alerts.open_alerts(book)] == ["plan"]


def test_models_and_rules_do_not_mix(book):
    assert update(book, row("alert"))
    assert update(book, row("alert"), model="churn")
    assert update(book, row("alert"), rule="drift")
    update(book, row("quiet"), at=AT + WEEK)
    left = [(a.model, a.rule) for a in alerts.open_alerts(book)]
    assert left == [("churn", "accuracy"), ("leads", "drift")]
    assert len(alerts.open_alerts(book, "churn")) == 1


def test_the_newest_judged_period_speaks(book):
    assert update(
        book,
        row("quiet", period="2023-W14"),
        row("alert", period="2023-W15"),
        row("undefined", period="2023-W16"),
    )
    assert not update(
        book,
        row("alert", period="2023-W15"),
        row("quiet", period="2023-W16"),
        at=AT + WEEK,
    )
    assert alerts.open_alerts(book) == []


def test_one_measure_beyond_its_threshold_is_enough(book):
    (opened,) = update(
        book,
        row("quiet", period="2023-W15", measure="recall"),
        row("alert", period="2023-W15", measure="accuracy"),
    )
    assert opened.sentence.startswith(
        "accuracy of leads in 2023-W15 is 0.62, below 0.7"
    )


def test_a_report_about_the_past_does_not_change_the_present(book):
    update(book, row("alert"), at=AT + WEEK)
    update(book, row("quiet"), at=AT)
    assert len(alerts.open_alerts(book)) == 1
    update(book, row("quiet"), at=AT + 2 * WEEK)
    assert update(book, row("alert"), at=AT) == []
    assert alerts.open_alerts(book) == []


def test_the_same_report_again_changes_nothing(book):
    for verdict in ("alert", "quiet", "alert", "quiet"):
        update(book, row(verdict))
    (only,) = alerts.history(book)
    assert only.closed_at == AT


def test_the_database_refuses_a_second_open_episode(book):
    update(book, row("alert"))
    columns = "model, rule, subject, opened_at, n, sentence, owner, severity, seen_at"
    with raw(book) as connection, pytest.raises(Refused, match="alert"):
        connection.execute(f"INSERT INTO alert ({columns}) SELECT {columns} FROM alert")


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(["alert", "quiet", "undefined"]), max_size=12))
def test_episodes_are_the_runs_of_alerts(tmp_path_factory, verdicts):
    book = registry.Registry(tmp_path_factory.getbasetemp() / "episodes.db")
    model = f"m{len(book.ledger())}"
    with book.atomic() as inside:  # a model of its own for each example
        inside.enter(model, "propose", actor="a", source="os", reason="r", at=AT)
    judged = [verdict for verdict in verdicts if verdict != "undefined"]
    starts = [
        verdict == "alert" and before != "alert"
        for before, verdict in zip(["quiet", *judged], judged, strict=False)
    ]
    told = 0
    for week, verdict in enumerate(verdicts):
        told += len(update(book, row(verdict), at=AT + week * WEEK, model=model))
    assert told == sum(starts) == len(alerts.history(book, model))
    is_open = bool(judged) and judged[-1] == "alert"
    assert len(alerts.open_alerts(book, model)) == is_open


def test_an_alert_is_taken_on_once(book):
    (opened,) = update(book, row("alert"))
    taken = alerts.acknowledge(book, opened.id, by=" ben\n", at=AT + WEEK)
    assert (taken.acknowledged_by, taken.acknowledged_at) == ("ben", AT + WEEK)
    assert taken.is_open
    with pytest.raises(errors.AlreadyDecided, match="taken on by ben on 2023-05-08"):
        alerts.acknowledge(book, opened.id, by="cleo", at=AT + WEEK)


def test_what_is_over_or_unknown_is_not_taken_on(book):
    (opened,) = update(book, row("alert"))
    update(book, row("quiet"), at=AT + WEEK)
    with pytest.raises(errors.IllegalMove, match="closed on 2023-05-08"):
        alerts.acknowledge(book, opened.id, by="ben", at=AT + WEEK)
    with pytest.raises(errors.IllegalMove, match="there is no alert 99"):
        alerts.acknowledge(book, 99, by="ben", at=AT)
    with pytest.raises(errors.IllegalMove, match="the name is missing"):
        alerts.acknowledge(book, opened.id, by=" ", at=AT)


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (
            Finding("ks", 0.31, 400, threshold=0.1, verdict="alert", subject="size"),
            "ks of size in leads is 0.31, above 0.1 (n 400); anna looks after it",
        ),
        (
            Finding("conversion", 0.031, 90, threshold=0.05, verdict="alert", unit="%"),
            "conversion of leads is 3.1%, below 5.0% (n 90); anna looks after it",
        ),
        (
            Finding("loss", 12400.0, 90, verdict="alert", unit="USD"),
            "loss of leads is 12,400 USD (n 90); anna looks after it",
        ),
        (
            Finding("accuracy", math.nan, 0, threshold=0.7, verdict="alert"),
            "accuracy of leads is undefined (n 0); anna looks after it",
        ),
    ],
)
def test_the_sentence_has_the_numbers_and_the_owner(finding, expected):
    assert alerts.sentence(finding, model="leads", owner="anna") == expected


def test_a_hostile_column_name_stays_on_one_printable_line(book):
    (opened,) = update(book, row("alert", subject="size\x1b[2J\n<script>\x00\ud800"))
    assert opened.sentence.isprintable()
    assert "<script>" in opened.sentence  # shown as text: whoever renders it escapes
    assert update(book, row("alert", subject="size\x1b[2J\n<script>\x00\ud800")) == []


def test_a_value_next_to_its_threshold_is_told_with_the_digits_it_takes() -> None:
    near = Finding(
        *("overridden", 0.0044, 1981), threshold=0.004, verdict="alert", unit="%"
    )
    said = alerts.sentence(near, model="fraud", owner="")
    assert said == "overridden of fraud is 0.44%, above 0.40% (n 1981)"

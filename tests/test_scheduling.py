"""A slot is run once, held while it runs, tried again when it was not; pages wait."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from sqlalchemy import exc

import lifecycle
from lifecycle import errors, jobs, workspace
from lifecycle.registry import Registry, slots, tables
from lifecycle.workspace import (
    Workspace,
    agenda,
    chain,
    checking,
    claiming,
    holding,
    lifeline,
    pages,
)

MODEL = """
[models.calls]
owner = "Ana Silva <ana@bank.example>"
task = "binary"
id = "id"
time = "time"
outcome = "outcome"
label_delay_days = 7
features.numeric = ["age"]

[models.calls.schedule]
on_alert = false
"""
HOURLY = 'audit = "0 * * * *"\n'
NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
Desk = Callable[..., Workspace]


@pytest.fixture
def desk(tmp_path: Path, database: Callable[[Path], Registry]) -> Desk:
    """A workspace with a schedule, on either database."""
    made: list[Registry] = []

    def make(told: str = HOURLY) -> Workspace:
        place = tmp_path / "desk"
        if not made:
            workspace.init(place)
            made.append(database(tmp_path / "book"))
        (place / "lifecycle.toml").write_text(MODEL + told)
        ws = lifecycle.open(place)
        ws.__dict__["registry"] = made[0]
        return ws

    return make


def run(ws: Workspace, page: str, at: datetime, status: str = "succeeded") -> str:
    """Run a page if it is due; how it ended, or why not."""
    agenda.lose(ws)
    found = agenda.look(ws, "calls", as_of=at)
    agenda.settle(ws, "calls", found)
    if page in found.held:
        return found.held[page][1]
    if page not in found.wanted:
        return "not due"
    with claiming.held(ws, "calls", page, found.wanted[page], as_of=at) as mine:
        if mine is None:
            return "taken"
        mine.end(status, "Said.")
    return status


def told(ws: Workspace, page: str = "audit") -> list[tuple[int, str, int]]:
    """Hour of the slot, status and attempts of each run, oldest first."""
    found = [each for each in ws.registry.runs("calls", page) if each.slot]
    rows = [(each.slot.hour, each.status, each.attempt) for each in found if each.slot]
    return sorted(rows)


def test_of_missed_slots_the_newest_runs_and_the_others_are_skipped(desk: Desk) -> None:
    ws = desk()
    assert run(ws, "audit", NOON) == "succeeded"
    assert run(ws, "audit", NOON + HOUR / 2) == "not due"
    assert run(ws, "audit", NOON + 3.5 * HOUR) == "succeeded"
    assert told(ws) == [
        (12, "succeeded", 1),
        (13, "skipped", 0),
        (14, "skipped", 0),
        (15, "succeeded", 1),
    ]
    (line,) = [each for each in lifeline.moved(ws, "calls") if "skip" in each.what]
    assert line.what == "audit skipped 2 times"
    (row,) = ws.status(as_of=NOON)
    assert row.unrun == ()  # a newer one was run


def test_a_slot_older_than_the_window_is_skipped_and_shown(desk: Desk) -> None:
    ws = desk('audit = {cron = "0 * * * *", catch_up_hours = 0.25}\n')
    assert run(ws, "audit", NOON) == "succeeded"
    assert run(ws, "audit", NOON + 2.5 * HOUR) == "not due"
    assert [row[:2] for row in told(ws)][1:] == [(13, "skipped"), (14, "skipped")]
    (row,) = ws.status(as_of=NOON)
    assert row.needs == (
        "calls: audit for 2024-03-04 14:00 UTC was skipped: older than "
        "catch_up_hours when it was looked at",
    )
    assert run(ws, "audit", NOON + 3.1 * HOUR) == "succeeded"


def test_what_failed_is_tried_again_until_its_retries_are_over(desk: Desk) -> None:
    ws = desk(
        'audit = {cron = "0 * * * *", retries = 2, backoff_minutes = 0}\n'
        'drift = {cron = "0 * * * *", retries = 1, backoff_minutes = 60}\n'
    )
    assert [run(ws, "audit", NOON, "failed") for _ in range(4)] == [
        *["failed"] * 3,
        "not due",
    ]
    assert told(ws) == [(12, "failed", 3)]
    assert run(ws, "drift", NOON, "timeout") == "timeout"
    assert run(ws, "drift", NOON) == "not due"  # for an hour
    ((_, status, _),) = told(ws, "drift")
    assert status == "waiting"
    (row,) = ws.status(as_of=NOON)
    assert "drift for 2024-03-04 12:00 UTC waits: Said; it is tried" in row.needs[0]
    assert run(ws, "drift", NOON + HOUR) == "succeeded"  # a newer one takes its place
    assert told(ws, "drift") == [(12, "timeout", 1), (13, "succeeded", 1)]


def test_each_attempt_is_kept_with_a_log(desk: Desk) -> None:
    ws = desk('audit = {cron = "0 * * * *", retries = 1, backoff_minutes = 0}\n')
    run(ws, "audit", NOON, "failed"), run(ws, "audit", NOON)
    (done,) = ws.registry.runs("calls")
    with ws.registry.reading() as book:
        tried = slots.attempts(book, done.id)
    assert [(each.number, each.status) for each in tried] == [
        (1, "failed"),
        (2, "succeeded"),
    ]
    words = (ws.directory / done.log).read_text()
    assert "audit for the slot 2024-03-04 12:00 UTC, attempt 2" in words
    assert words.endswith("succeeded: Said.\n")


def test_logs_do_not_pile_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "KEPT", 3)
    ws = desk()
    for hour in range(6):
        run(ws, "audit", NOON + hour * HOUR)
    kept = list((ws.directory / ".lifecycle" / "runs").rglob("*.log"))
    assert len(kept) == 3


def test_a_page_does_not_overlap_itself(desk: Desk) -> None:
    ws = desk()
    with claiming.held(ws, "calls", "audit", NOON, as_of=NOON) as mine:
        assert mine is not None
        with claiming.held(
            ws, "calls", "audit", NOON + HOUR, as_of=NOON + HOUR
        ) as other:
            assert other is None
        told = {"model": "calls", "notebook": "audit", "as_of": NOON}
        told |= {"status": "claimed", "holder": "x", "verdict": "", "summary": ""}
        second = tables.run.insert().values(**told, directory="")
        with (
            ws.registry.atomic() as book,
            pytest.raises(exc.IntegrityError, match=r"(?i)unique"),
            book.connection.begin_nested(),
        ):
            book.connection.execute(second)  # the database itself refuses it
        mine.end("succeeded", "Said.")


def test_a_run_whose_process_is_gone_is_lost_and_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = desk()
    with ws.registry.atomic() as book:
        gone = f"process 1 on vm#{holding._machine()}/999999999/1/x"
        assert slots.take(
            book, "calls", "audit", NOON, as_of=NOON, holder=gone,
            lease=HOUR, alive=lambda holder: None,
        )  # fmt: skip
    (lost,) = agenda.lose(ws)
    assert agenda.lost_words(lost) == (
        "audit for 2024-03-04 12:00 UTC lost, process 1 on vm is gone; it is tried "
        "again"
    )
    (row,) = ws.status(as_of=NOON)
    assert "was lost: process 1 on vm is gone, nobody knows" in row.needs[0]
    assert "audit lost" in [each.what for each in lifeline.moved(ws, "calls")]
    assert run(ws, "audit", NOON) == "succeeded"
    assert told(ws) == [(12, "succeeded", 2)]


def test_a_lease_ends_by_the_clock_of_the_database(desk: Desk) -> None:
    """Of a process on another machine only the lease can tell."""
    ws = desk()
    settings: dict[str, Any] = {"as_of": NOON, "alive": lambda holder: None}
    with ws.registry.atomic() as book:
        first = slots.take(
            book, "calls", "audit", NOON, holder="a", lease=HOUR, **settings
        )
        assert first is not None
        assert not slots.lose(book, alive=lambda holder: None)
        assert slots.beat(book, first, lease=-HOUR)  # an hour ago
        assert slots.lose(book, alive=lambda holder: True)
        second = slots.take(
            book, "calls", "audit", NOON, holder="b", lease=HOUR, **settings
        )
        assert second is not None
        # what the first came to is late: the second has the slot
        assert not slots.beat(book, first, lease=HOUR)
        assert not slots.end(book, first, status="succeeded", summary="old")
        assert not slots.give_back(book, first, summary="old")
        assert slots.end(book, second, status="failed", summary="new")
        tried = slots.attempts(book, second.run)
    assert [each.status for each in tried] == ["lost", "failed"]
    assert "does not count" in tried[0].summary
    assert told(ws) == [(12, "failed", 2)]


def test_a_late_end_counts_while_nobody_has_taken_the_slot(desk: Desk) -> None:
    ws = desk()
    with ws.registry.atomic() as book:
        mine = slots.take(
            book, "calls", "audit", NOON, as_of=NOON, holder="a", lease=-HOUR,
            alive=lambda holder: None,
        )  # fmt: skip
        assert mine is not None
        assert slots.lose(book, alive=lambda holder: None)
        assert slots.end(book, mine, status="succeeded", summary="after all")
    assert run(ws, "audit", NOON) == "not due"


def test_a_run_that_lost_its_lease_is_told_to_stop(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "BEAT", 0.01)
    ws = desk()
    with claiming.held(ws, "calls", "audit", NOON, as_of=NOON) as mine:
        assert mine is not None
        assert not mine.stop()
        with ws.registry.atomic() as book:
            slots.give_back(book, mine.claim, summary="taken away")
        assert mine._lost.wait(30)
        assert mine.stop()


def test_decide_waits_for_an_audit_that_is_tried_again(desk: Desk) -> None:
    ws = desk(
        'audit = {cron = "0 * * * *", retries = 1, backoff_minutes = 60}\n'
        'decide = "0 * * * *"\npromote = "0 * * * *"\n'
        'churn = {cron = "0 * * * *", after = ["audit"]}\n'
    )
    assert run(ws, "audit", NOON, "failed") == "failed"
    assert run(ws, "decide", NOON).startswith("audit comes first, tried again at")
    assert run(ws, "promote", NOON) == "decide comes first, which waits itself"
    assert run(ws, "churn", NOON).startswith("audit comes first")
    with ws.registry.atomic() as book:
        (waiting,) = slots.unfinished(book)
        slots.abandon(book, waiting, summary="enough")
    for page in ("decide", "promote", "churn"):
        assert run(ws, page, NOON) == "succeeded"


def test_two_pages_wait_for_a_running_one(desk: Desk) -> None:
    ws = desk('audit = "0 * * * *"\ndecide = "0 * * * *"\n')
    with claiming.held(ws, "calls", "audit", NOON, as_of=NOON) as mine:
        assert mine is not None
        who = holding.holder().partition("#")[0]
        assert run(ws, "decide", NOON) == f"audit comes first, which {who} runs"
        mine.end("succeeded", "Said.")
    assert run(ws, "decide", NOON) == "succeeded"


def test_pages_after_one_that_is_left_to_another_are_left_as_well(desk: Desk) -> None:
    ws = desk(
        'audit = "0 * * * *"\ndecide = "0 * * * *"\npromote = "0 * * * *"\n'
        'churn = {cron = "0 * * * *", after = ["promote"]}\n'
    )
    due = dict.fromkeys(("audit", "decide", "promote", "churn"), NOON)
    made = chain._Pages(ws, "calls", NOON, due, None, lambda tick: None)
    made.leave("decide")
    assert list(made.wanted) == ["audit"]
    alarmed = dict.fromkeys(("audit", "decide", "promote"), None)
    made = chain._Pages(ws, "calls", NOON, alarmed, None, lambda tick: None)
    made.leave("decide")
    assert list(made.wanted) == ["audit", "promote"]  # nothing else would ask for it


def test_what_met_a_run_by_hand_is_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, met = desk(), []

    def busy(*_: Any, **told: Any) -> jobs.Run:
        met.append(told["slot"])
        raise errors.AlreadyRunning("audit is running already")

    monkeypatch.setattr(pages, "run", busy)
    monkeypatch.setattr(chain, "_LATER", timedelta())
    for _ in range(2):
        said: list[chain.Tick] = []
        made = chain._Pages(ws, "calls", NOON, {"audit": NOON}, None, said.append)
        made.run_all()
        assert said[0].text == "calls: audit not started, audit is running already"
    assert met == [NOON, NOON]
    assert run(ws, "audit", NOON) == "succeeded"


def test_a_page_that_is_not_there_is_said_when_it_is_checked(desk: Desk) -> None:
    ws = desk('audti = "0 6 * * 1"\n')
    assert checking.problems(ws) == [
        "lifecycle.toml: models.calls.schedule.audti: there is no notebook 'audti'; "
        "did you mean audit?; put audti.ipynb into notebooks/"
    ]
    shutil.copy(jobs.shipped() / "audit.ipynb", ws.directory / "notebooks/audti.ipynb")
    assert checking.problems(ws) == []


def test_a_model_that_is_wrong_stops_no_other(desk: Desk) -> None:
    ws = desk()
    text = MODEL + HOURLY + MODEL.replace("calls", "leads") + 'audit = "61 * * * *"\n'
    (ws.directory / "lifecycle.toml").write_text(text)
    with pytest.raises(errors.SettingsError, match="bad minute"):
        lifecycle.open(ws.directory)
    left = lifecycle.workspace.open(ws.directory, lenient=True)
    assert left.models == ("calls",)
    assert "models.leads.schedule.audit.cron" in checking.problems(left)[0]
    with pytest.raises(errors.SettingsError, match="bad minute"):
        left.model("leads")


def test_each_slot_of_twenty_years_is_kept_once_whenever_somebody_looks(
    desk: Desk,
) -> None:
    """Sunday nights, when clocks change, in three zones."""
    zones = {"audit": "Europe/Berlin", "drift": "America/New_York"}
    zones["promote"] = "Australia/Lord_Howe"
    told = '{page} = {{cron = "30 2 * * 0", timezone = "{zone}"}}\n'
    ws = desk("".join(told.format(page=p, zone=z) for p, z in zones.items()))
    draw, now, end = random.Random(7), NOON, NOON + timedelta(days=7305)
    for page in zones:
        assert run(ws, page, NOON) == "succeeded"
    while now < end:
        now = min(end, now + timedelta(days=draw.expovariate(1 / 500)))
        wanted = agenda.look(ws, "calls", as_of=now).wanted
        for page, slot in wanted.items():
            with claiming.held(ws, "calls", page, slot, as_of=now) as mine:
                assert mine is not None
                mine.end("succeeded", "Said.")
    for page, zone in zones.items():
        found = ws.registry.runs("calls", page)
        first = min(each.slot for each in found if each.slot)
        expected = CronSim("30 2 * * 0", first.astimezone(ZoneInfo(zone)))
        slots_of = [next(expected).astimezone(UTC) for _ in found[1:]]
        assert sorted(each.slot for each in found if each.slot)[1:] == slots_of
        assert slots_of[-1] <= end < next(expected).astimezone(UTC)
        assert {each.status for each in found} == {"succeeded", "skipped"}

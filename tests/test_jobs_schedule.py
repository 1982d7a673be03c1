"""Slots come when Debian's cron would come, in the zone that is named."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.errors import SettingsError
from lifecycle.jobs import schedule

BERLIN = ZoneInfo("Europe/Berlin")


def at(*parts: int, zone: ZoneInfo | None = None) -> datetime:
    return datetime(*parts, tzinfo=zone or UTC)  # type: ignore[arg-type, misc]


def test_monday_is_monday() -> None:
    slots = schedule.next_slots("0 6 * * 1", "UTC", after=at(2023, 4, 3, 6), count=2)
    assert slots == [at(2023, 4, 10, 6), at(2023, 4, 17, 6)]


def test_day_of_month_or_weekday() -> None:
    found = schedule.next_slots("0 6 1 * 5", "UTC", after=at(2023, 4, 1, 7), count=2)
    assert [slot.day for slot in found] == [7, 14]  # Fridays; May's first is later


def test_the_last_day_of_a_month() -> None:
    found = schedule.next_slots("0 6 L * *", "UTC", after=at(2024, 2, 1), count=1)
    assert found == [at(2024, 2, 29, 6)]


def test_an_hour_that_does_not_exist_moves_on() -> None:
    found = schedule.due(
        "30 2 * * *",
        "Europe/Berlin",
        last=at(2023, 3, 25, 2, 30, zone=BERLIN),
        as_of=at(2023, 3, 26, 12),
    )
    assert found == at(2023, 3, 26, 3, zone=BERLIN)


def test_an_hour_that_comes_twice_runs_once() -> None:
    cron, zone = "30 2 * * *", "Europe/Berlin"
    first = schedule.due(
        cron,
        zone,
        last=at(2023, 10, 28, 2, 30, zone=BERLIN),
        as_of=at(2023, 10, 29, 0, 45),  # 02:45 for the first time
    )
    assert first is not None
    assert first.astimezone(UTC) == at(2023, 10, 29, 0, 30)
    again = schedule.due(cron, zone, last=first, as_of=at(2023, 10, 29, 12))
    assert again is None


def test_the_newest_of_many_missed_slots_is_due() -> None:
    last = at(2023, 1, 2, 6)
    found = schedule.due("0 6 * * 1", "UTC", last=last, as_of=at(2024, 1, 3))
    assert found == at(2024, 1, 1, 6)


def test_a_slot_is_due_at_its_very_moment_and_only_once() -> None:
    slot = at(2023, 4, 10, 6)
    before = slot - timedelta(microseconds=1)
    last = at(2023, 4, 3, 6)
    assert schedule.due("0 6 * * 1", "UTC", last=last, as_of=before) is None
    assert schedule.due("0 6 * * 1", "UTC", last=last, as_of=slot) == slot
    assert schedule.due("0 6 * * 1", "UTC", last=slot, as_of=slot) is None


def test_what_never_ran_is_due_at_its_newest_slot() -> None:
    as_of = at(2023, 6, 1)
    assert schedule.due("0 6 1 1 *", "UTC", last=None, as_of=as_of) == at(2023, 1, 1, 6)
    assert schedule.due("0 0 29 2 *", "UTC", last=None, as_of=as_of) == at(2020, 2, 29)


def test_a_clock_that_went_back_makes_nothing_due() -> None:
    last, as_of = at(2023, 4, 10, 6), at(2023, 4, 1)
    assert schedule.due("* * * * *", "UTC", last=last, as_of=as_of) is None


@settings(max_examples=40, deadline=None)
@given(
    cron=st.sampled_from(["17 * * * *", "30 2 * * *", "0 6 * * 1", "0 0 1 * *"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
    start=st.integers(0, 500),
    hours=st.integers(0, 24 * 40),
)
def test_due_is_the_newest_of_the_slots_one_by_one(
    cron: str, zone: str, start: int, hours: int
) -> None:
    last = at(2023, 1, 1) + timedelta(days=start, minutes=start)
    as_of = last + timedelta(hours=hours)
    slots = schedule.next_slots(cron, zone, after=last, count=1000)
    come = [slot for slot in slots if slot <= as_of]
    assert schedule.due(cron, zone, last=last, as_of=as_of) == (
        come[-1] if come else None
    )


@pytest.mark.parametrize(
    ("cron", "zone", "said"),
    [
        ("61 * * * *", "UTC", "five fields"),
        ("* * *", "UTC", "five fields"),
        ("", "UTC", "five fields"),
        ("0 6 * * 1", "Mars/Olympus", "no time zone 'Mars/Olympus'"),
        ("0 6 * * 1", "../../etc/passwd", "no time zone"),
        ("0 6 * * 1", "", "no time zone"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_remedy(
    cron: str, zone: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        schedule.next_slots(cron, zone, after=at(2023, 1, 1), count=1)


def test_a_moment_without_a_zone_is_refused() -> None:
    naive = datetime(2023, 1, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="after has no time zone"):
        schedule.next_slots("* * * * *", "UTC", after=naive)
    with pytest.raises(ValueError, match="as_of has no time zone"):
        schedule.due("* * * * *", "UTC", last=None, as_of=naive)
    with pytest.raises(ValueError, match="last has no time zone"):
        schedule.due("* * * * *", "UTC", last=naive, as_of=at(2023, 1, 1))


CRONS = {  # twenty years of each in one of three zones
    "30 2 * * *": "Europe/Berlin",  # in the hour that is left out, and comes twice
    "0 0,12 * * 0": "America/New_York",
    "15 2 L * *": "Australia/Lord_Howe",  # whose clocks move by half an hour
    "5 1 1 */3 5": "Europe/Berlin",
}


@pytest.mark.parametrize("cron", CRONS)
def test_twenty_years_of_slots_are_cronsims_and_each_comes_once(cron: str) -> None:
    """No slot is lost and none comes twice, whatever the moments of the ticks."""
    from cronsim import CronSim

    zone = CRONS[cron]
    begin, end = at(2005, 1, 1), at(2025, 1, 1)
    expected = []
    for slot in CronSim(cron, begin.astimezone(ZoneInfo(zone))):
        if slot.astimezone(UTC) > end:
            break
        expected.append(slot.astimezone(UTC))
    draw, found = random.Random(cron), []
    now, last = begin, begin
    while now < end:
        hours = draw.choice((0.3, 5, 40, 900))
        now = min(end, now + timedelta(hours=draw.expovariate(1 / hours)))
        come = schedule.missed(cron, zone, last=last, as_of=now, most=10**6)
        due = schedule.due(cron, zone, last=last, as_of=now)
        assert due == (come[-1] if come else None)
        if come:
            found += [slot.astimezone(UTC) for slot in come]
            last = come[-1].astimezone(draw.choice((UTC, ZoneInfo(zone))))
    assert found == expected


def test_of_many_missed_slots_the_newest_are_named() -> None:
    last, as_of = at(2023, 1, 1), at(2023, 9, 1)
    found = schedule.missed("* * * * *", "UTC", last=last, as_of=as_of, most=3)
    assert found == [as_of - timedelta(minutes=left) for left in (2, 1, 0)]
    assert schedule.missed("0 6 * * *", "UTC", last=None, as_of=as_of) == [
        at(2023, 8, 31, 6)
    ]

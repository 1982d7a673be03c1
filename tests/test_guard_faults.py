"""What failed is counted by the call, and a guard that fails says so itself."""

from __future__ import annotations

import logging
import tomllib
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import config, errors, routing
from lifecycle.workspace import excused, guarding, health, request, shadows, watchmen
from lifecycle.workspace.answering import Answering
from lifecycle.workspace.lineup import Lineup, Player
from lifecycle.workspace.router import Router
from tests import router_desk
from tests.calls import changed
from tests.calls import desk as desk
from tests.calls import told as told
from tests.test_guarding import (
    DAY,
    NOW,
    SINCE,
    answered,
    look,
    opened,
    released,
    serving,
    tallied,
)

HOUR = health.hour_of(SINCE + DAY)
ONLY_TELLS = '[models.calls.guard]\nact = ["performance"]\n'


def calls_of(ws, version: int, count: int, *, rows: int, hour: str = HOUR, **bad: int):
    """So many calls alike, as a router counts them."""
    tally = routing.Tally()
    for _ in range(count):
        tally.add(str(version), "production", hour, rows=rows, seconds=0.1, **bad)
    health.write(ws, "calls", tally, token=f"calls-{version}-{count}-{rows}")


# -- calls ---------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 50])
def test_a_version_that_raises_on_every_call_is_back_at_one_look_after_a_handful(
    desk: Path, rows: int
) -> None:
    ws = released(desk)
    calls_of(ws, 2, 4, rows=rows, errors=rows)
    said = look(ws)
    assert said is not None
    assert "rows that failed: 100.0%" in said
    assert "of 4 calls" in said
    assert serving(ws) == 1


def test_one_bad_call_of_many_rows_rolls_nothing_back_and_somebody_is_told(
    desk: Path,
) -> None:
    ws = released(desk)
    calls_of(ws, 2, 20, rows=1)
    calls_of(ws, 2, 1, rows=10_000, errors=10_000)
    assert look(ws, SINCE + 1.5 * DAY) is None
    assert serving(ws) == 2
    (alert,) = opened(ws, "guard")
    assert "rows of the last day that failed: 99.8%" in alert
    assert "version 1 fails on 0 of 10,000 too" in alert
    assert "one bad call, or bad input, is no reason to go back" in alert
    look(ws, SINCE + 3 * DAY)  # nothing was asked for in the last day
    assert opened(ws, "guard") == [alert]
    calls_of(ws, 2, 60, rows=1, hour=health.hour_of(SINCE + 3 * DAY))
    look(ws, SINCE + 3.5 * DAY)
    assert opened(ws, "guard") == []


def test_rows_that_the_next_in_line_fails_on_too_are_in_no_share() -> None:
    tally = routing.Tally()
    tally.add("2", "production", HOUR, rows=10, missing=3, excused=1, seconds=0.1)
    tally.add("2", "production", HOUR, rows=10, errors=10, excused=10, seconds=0.1)
    tally.add("2", "production", HOUR, rows=10, errors=10, excused=4, seconds=0.1)
    tally.add("2", "production", HOUR, rows=10, skipped=10)
    count = tally.counts["2", "production", HOUR]
    # 2 of 9 are missing; of the second call nothing is left; of the third 6 of 6
    assert count.missed == {222: 1}
    assert count.failed == {0: 1, 1000: 1}
    again = routing.Tally.of(tally.plain()).counts["2", "production", HOUR]
    assert (again.failed, again.missed, again.excused) == (
        count.failed,
        count.missed,
        15,
    )


def test_counts_of_before_there_were_shares_are_read_all_the_same() -> None:
    tally = routing.Tally()
    tally.add("2", "production", HOUR, rows=10, errors=10, seconds=0.1)
    (row,) = tally.plain()
    for name in ("failed", "missed", "excused"):
        del row[name]
    old = routing.Tally.of([row]).counts["2", "production", HOUR]
    assert (old.errors, old.failed) == (10, {})


class Saying:
    """A scorer that says what it is told to; it raises where that is nothing."""

    def __init__(self, says: np.ndarray | None) -> None:
        self.says = says

    def __call__(self, rows: pd.DataFrame) -> np.ndarray:
        if self.says is None:
            raise RuntimeError("broken")
        return self.says[rows["x"].to_numpy()]

    def some(self, rows: pd.DataFrame, mine: np.ndarray, tables: dict) -> np.ndarray:
        return self(rows[mine])

    def one(self, row: dict) -> float:
        return float(self(pd.DataFrame([row]))[0])


def line(*says: np.ndarray | None, share: float) -> Lineup:
    roles = ("experimental", "production", "previous")
    players = tuple(
        Player(k, str(k), role, 0.5, Saying(each), k)
        for k, (role, each) in enumerate(zip(roles, says, strict=True))
    )
    return Lineup("calls", 1, players, share, (), ("x",), ())


@given(
    gaps=st.lists(st.lists(st.booleans(), min_size=12, max_size=12), min_size=3,
                  max_size=3),
    broken=st.sets(st.integers(0, 2), max_size=2),
)  # fmt: skip
def test_what_two_in_line_fail_on_is_counted_row_by_row(
    gaps: list[list[bool]], broken: set[int]
) -> None:
    fails = np.array(gaps)
    says = [
        None if k in broken else np.where(gone, np.nan, 0.5)
        for k, gone in enumerate(fails)
    ]
    fails[list(broken)] = True
    frame, keys = pd.DataFrame({"x": np.arange(12)}), [f"k{k}" for k in range(12)]
    tried: list = []
    with suppress(errors.NoAnswer):
        Answering(None).many(line(*says, share=0.5), frame, pa.array(keys), tried)
    mine = routing.chosen(pa.array(keys), 0.5, salt="calls")
    both = {
        "experimental": int((mine & fails[0] & fails[1]).sum()),
        "production": int((fails[1] & fails[2] & (~mine | fails[0])).sum()),
        "previous": 0,
    }
    for each in request.counted(tried):
        assert each["excused"] == both[each["role"]]


def test_of_a_single_row_what_two_in_line_fail_on_is_counted_too() -> None:
    good, gone = np.array([0.5]), np.array([np.nan])
    tried: list = []
    Answering(None).one(line(good, gone, gone, share=0.0), {"x": 0}, "k", tried)
    assert [(e["role"], e["excused"]) for e in request.counted(tried)] == [
        ("production", 1),
        ("previous", 0),
    ]
    tried = []
    Answering(None).one(line(None, good, good, share=1.0), {"x": 0}, "k", tried)
    assert [(e["role"], e["excused"]) for e in request.counted(tried)] == [
        ("experimental", 0),
        ("production", 0),
    ]


def test_a_router_whose_version_raises_on_each_call_has_it_rolled_back_at_a_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = router_desk.desk(tmp_path)
    router_desk.release(ws, 2)
    at = router_desk.AT + DAY
    monkeypatch.setattr(Router, "_now", lambda router: at)
    with Router(ws, router_desk.MODEL, background=False) as router:
        router_desk.put(router, "production", router_desk.Stub(router_desk.raising))
        for number in range(4):
            answer = router.predict_one(router_desk.one(f"i{number}"))
            assert answer.version == "1"
    said = guarding.guard(ws.view(router_desk.MODEL, at + timedelta(hours=1)))
    assert said is not None
    assert "rows that failed: 100.0%" in said
    assert "of 4 calls" in said
    assert ws.registry.roles(router_desk.MODEL)["production"].number == 1


# -- what the log alone tells ----------------------------------------------------------


def scores_of(bad: set[str], *, seen: list[int] | None = None):
    """A version that raises on some ids, and has no score for those of "gone"."""

    def scores(rows: pd.DataFrame) -> np.ndarray:
        if seen is not None:
            seen.append(len(rows))
        if set(rows["id"]) & bad:
            raise RuntimeError("unseen word")
        return np.where(rows["id"].str.startswith("gone"), np.nan, 0.5)

    return scores


def ids(*names: str) -> pd.DataFrame:
    return pd.DataFrame({"id": list(names)})


def test_one_row_that_the_other_version_raises_on_excuses_no_other_row() -> None:
    rows = ids("a", "b", "bad", "c", "gone 1", "d")
    both, why = excused.also(scores_of({"bad"}), rows, sound=ids("s"))
    assert both.tolist() == [False, False, True, False, True, False]
    assert why == ""


def test_a_version_that_raises_on_sound_rows_too_excuses_nothing() -> None:
    broken = scores_of({"a", "b", "s"})
    both, why = excused.also(broken, ids("a", "b"), sound=ids("s"))
    assert both.tolist() == [False, False]
    assert why == "it raises on rows that have a score (RuntimeError: unseen word)"


def test_a_version_that_cannot_be_loaded_excuses_nothing() -> None:
    def lost(rows: pd.DataFrame) -> np.ndarray:
        raise errors.ArtefactError("the artefact is gone; restore it")

    both, why = excused.also(lost, ids("a"), sound=ids())
    assert (both.tolist(), why) == ([False], "the artefact is gone; restore it")


def test_it_is_asked_for_parts_only_so_often() -> None:
    names = [f"bad {k}" for k in range(500)]
    seen: list[int] = []
    both, why = excused.also(
        scores_of(set(names), seen=seen), ids(*names), sound=ids("s")
    )
    assert (both.all(), why) == (True, "")
    assert len(seen) < 70


def test_rows_of_one_minute_in_the_log_are_a_call() -> None:
    times = pd.to_datetime(
        ["2024-05-06T07:00:01Z", "2024-05-06T07:00:59Z", "2024-05-06T07:01:00Z"] * 2
    )
    bad = np.array([True, False, True, True, False, True])
    both = np.array([True, False, False, False, False, True])
    found = excused.logged(pd.DataFrame({"time": times}), bad, both, day="2024-05-06T")
    # 1 of the 3 left of the first minute, 1 of 1 of the second
    assert found.missed == {1 / 3: 1, 1.0: 1}
    assert (found.bad, found.asked, found.both) == (4, 6, 2)


def test_input_that_the_version_before_cannot_score_either_is_told_and_excused(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = released(desk)
    answered(ws, np.full(80, np.nan))
    monkeypatch.setattr(shadows, "scores", lambda *told: np.full(len(told[-1]), np.nan))
    assert look(ws, NOW - DAY) is None
    assert serving(ws) == 2
    (alert,) = opened(ws, "guard")
    assert "version 1 fails on 40 of 40 too" in alert


def test_where_the_version_before_is_broken_nothing_is_excused_and_it_stays(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = released(desk)
    answered(ws, np.where(np.arange(80) % 2, np.nan, 0.7))

    def broken(ws, name, version, rows):
        if version.number == 1:
            raise RuntimeError("no such column")
        return np.full(len(rows), 0.7)

    monkeypatch.setattr(shadows, "scores", broken)
    assert look(ws) is None
    assert serving(ws) == 2
    (alert,) = [each for each in opened(ws, "guard") if "without a score" in each]
    assert "50.0%" in alert
    assert "version 1 is no remedy: it raises on rows that have a score" in alert


# -- a guard that fails ----------------------------------------------------------------


def test_a_guard_that_cannot_be_worked_out_says_so_and_why(
    desk: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ws = released(desk)
    tallied(ws, 2, rows=100)

    def raising(post: watchmen.Post) -> None:
        raise KeyError("an\nold <b>name</b>")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(watchmen.Post, "scores", raising)
        patch.setattr(watchmen.Post, "constant", raising)
        found = watchmen.posts(ws.view("calls", NOW))[0].findings()
        assert look(ws) is None
        shown = guarding.look(ws.view("calls", NOW))
    assert (found["scores"].measure, found["scores"].verdict) == (
        "score_shift",
        "undefined",
    )
    assert found["scores"].subject.startswith("version 2, not worked out: KeyError")
    assert (found["guards"].value, found["guards"].verdict) == (2, "alert")
    assert "not worked out: constant, scores (KeyError: " in shown.summary
    (line,) = [
        each.getMessage() for each in caplog.records if "calls" in each.msg % each.args
    ]
    assert "guards not worked out, version 2, constant, scores (KeyError: " in line
    assert "\n" not in line
    (alert,) = opened(ws, "guard")
    assert "2 of 8 could not be worked out; constant, scores (KeyError: " in alert
    look(ws, NOW + DAY)
    assert opened(ws, "guard") == []


@pytest.mark.parametrize("guard", ["missing", "latency"])
def test_a_guard_that_fails_leaves_its_own_alert_open_under_its_name(
    desk: Path, monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    ws = released(desk, ONLY_TELLS)
    tally = routing.Tally()
    for day in range(1, 3):
        for hour in range(12):
            at = health.hour_of(SINCE + day * DAY + timedelta(hours=hour))
            before = health.hour_of(SINCE - day * DAY + timedelta(hours=hour))
            for _ in range(20):
                gone = int(guard == "missing")
                tally.add("2", "production", at, rows=1, missing=gone, seconds=0.5)
                seconds = 0.5 if gone else 0.01
                tally.add("1", "production", before, rows=1, seconds=seconds)
    health.write(ws, "calls", tally, token="bad")
    name = {"missing": "missing scores", "latency": "late answers"}[guard]

    def names() -> set[str]:
        found = ws.alerts("calls")
        return {each.subject for each in found if each.is_open and each.rule == "guard"}

    look(ws)
    assert names() == {f"{name} of version 2"}

    def raising(post: watchmen.Post) -> None:
        raise OSError("no such file")

    with monkeypatch.context() as patch:
        patch.setattr(watchmen.Post, guard, raising)
        look(ws, NOW + DAY)
        assert f"{name} of version 2" in names()
        assert "guards not worked out of version 2" in names()
    for path in (ws.directory / "logs" / "calls" / "health").iterdir():
        path.unlink()
    tallied(ws, 2, rows=100)
    look(ws, NOW + 2 * DAY)
    assert "missing scores of version 2" not in names()
    assert "guards not worked out of version 2" not in names()


def test_the_page_about_guards_names_each_setting_with_its_default() -> None:
    page = Path(__file__).parent.parent / "docs" / "guard.md"
    text = page.read_text(encoding="utf-8").partition("```toml")[2].partition("```")[0]
    told = tomllib.loads(text)["models"]["calls"]["guard"]
    usual = config.Guard().model_dump()
    assert told.keys() == usual.keys() - {"max_latency_ms"}
    assert config.Guard(**told) == config.Guard(kpi=told["kpi"])
    assert all(f"| `{name}` |" in page.read_text("utf-8") for name in config.GUARDS)


def test_without_the_estimate_its_share_of_the_budget_goes_to_the_others(
    desk: Path,
) -> None:
    ws = released(desk)
    whole = watchmen.posts(ws.view("calls", NOW))[0]
    ws = changed(desk, "[models.calls.guard]\nestimated = false\n")
    less = watchmen.posts(ws.view("calls", NOW))[0]
    assert "estimated" in whole.findings()
    assert "estimated" not in less.findings()
    assert whole.alpha * 7 == pytest.approx(less.alpha * 6)

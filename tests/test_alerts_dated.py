"""An alert that was refreshed since it opened tells both dates where it is shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lifecycle
from lifecycle import alerts, registry
from lifecycle.findings import Finding, Findings
from lifecycle.workspace import clock, front, notices
from tests.calls import TURNED, WEEK
from tests.calls import desk as desk
from tests.calls import told as told

Terminal = Callable[..., tuple[int, str, str]]
AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
BOTH = "(as of 2024-05-20, since 2024-05-13 UTC)"


def look(book: registry.Registry, day: int, value: float) -> registry.Alert:
    """One look at the accuracy, which must not be below 0.7 twice in a row."""
    verdict = "alert" if value < 0.7 else "quiet"
    row = Finding(
        *("accuracy", value, 400),
        threshold=0.7,
        verdict=verdict,
        period=f"2023-W{18 + day}",
    )
    at = AT + timedelta(days=day)
    about = {"rule": "accuracy", "owner": "anna", "close_after": 2}
    alerts.update(book, "m", Findings("Performance", (row,)), at=at, **about)
    return alerts.history(book)[-1]


def test_both_dates_are_told_once_the_sentence_is_newer_than_the_alert(
    tmp_path: Path,
) -> None:
    book = registry.Registry(tmp_path / "registry.db")
    first = look(book, 0, 0.62)
    assert notices.dated(first) == first.sentence
    again = look(book, 1, 0.58)
    assert "0.58" in again.sentence
    assert notices.dated(again) == (
        f"{again.sentence} (as of 2023-05-02, since 2023-05-01 UTC)"
    )
    quiet = look(book, 2, 0.81)
    assert quiet.is_open
    assert notices.dated(quiet) == (
        f"{again.sentence} (as last found before 2023-05-03, since 2023-05-01 UTC)"
    )
    over = look(book, 3, 0.83)
    assert not over.is_open
    assert notices.dated(over) == (
        f"{again.sentence} (as last found before 2023-05-04, since 2023-05-01 UTC)"
    )


def test_the_terminal_and_the_first_page_tell_both(
    desk: Path, terminal: Terminal
) -> None:
    ws = lifecycle.open(desk)
    clock.watch(ws.view("calls", TURNED))
    clock.watch(ws.view("calls", TURNED + WEEK))
    (alert,) = ws.alerts("calls")
    assert alert.seen_at == alert.opened_at + WEEK
    code, out, _ = terminal("status", "--as-of", "2024-05-20")
    assert code == 0
    assert f"{alert.sentence} {BOTH}" in out
    shown = " ".join(terminal("alerts", "calls")[1].split())
    assert f"{alert.sentence} {BOTH}" in shown
    page = front.write_index(ws, as_of=TURNED + WEEK).read_text()
    assert BOTH in page

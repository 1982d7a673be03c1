"""Reports go to whoever owns the model: each that the schedule wrote, once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from lifecycle import alerts
from lifecycle.workspace import Workspace, mailing, notices
from tests.owned import NOTIFY, with_settings
from tests.panels import AT, two_models

DAY = timedelta(days=1)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return two_models(tmp_path)


def wrote(ws: Workspace, page: str, day: int, verdict: str = "quiet") -> None:
    at = AT + day * DAY
    ws.registry.record_run(
        "leads",
        page,
        at,
        slot=at,
        status="succeeded",
        verdict=verdict,
        summary="All is\nwell <b>",
        directory=f"reports/leads/{at:%Y-%m-%d}",
    )


def test_the_owner_is_told_once_of_each_scheduled_report(ws: Workspace) -> None:
    ws = with_settings(
        ws, of="", below=NOTIFY.replace("]\n[p", ']\nreports = "always"\n[p')
    )
    wrote(ws, "audit", -9)  # too old to be news
    wrote(ws, "audit", -1)
    wrote(ws, "drift", 0, "alert")
    assert [mailing.tell(ws, "leads", as_of=AT + k * DAY) for k in (0, 0, 1)] == [
        2,
        0,
        0,
    ]
    first, second = notices.messages(ws, "leads")
    assert (first.kind, first.alert, first.recipient) == ("report", None, "owner")
    assert first.subject == "report: audit of leads"
    assert first.body.splitlines()[0] == "All is well <b>"
    assert "Owner: Ana Silva" in first.body
    assert second.report == "reports/leads/2024-06-03/drift.html"
    alerts.silence(
        ws.registry, "leads", "all", until=AT + DAY, reason="so", by="Bo", at=AT
    )
    ws.hand_over("leads", "ben@bank.example", reason="so")
    sent: list[str] = []
    done = alerts.deliver(
        ws.registry,
        notices.recipients(ws),
        at=AT,
        send=lambda address, message: sent.append(f"{address.url} {message.subject}"),
    )
    assert len(done.sent) == 2
    assert sent == [
        "json://ben.example report: audit of leads",
        "json://ben.example report: drift of leads",
    ]
    assert notices.troubles(ws) == []


@pytest.mark.parametrize(("wanted", "told"), [("never", 0), ("alert", 1)])
def test_of_which_reports_the_owner_is_told_is_a_setting(
    ws: Workspace, wanted: str, told: int
) -> None:
    below = f'\n[models.leads.alerts]\nreports = "{wanted}"\n'
    ws = with_settings(ws, of="", below=below)
    wrote(ws, "audit", -1)
    wrote(ws, "drift", -1, "alert")
    assert mailing.tell(ws, "leads", as_of=AT) == told
    ws.registry.record_run("leads", "drift", AT, status="succeeded", verdict="alert")
    assert (
        mailing.tell(ws, "leads", as_of=AT + DAY) == 0
    )  # by hand: whoever ran it knows

"""The front page and a model's own pages say what registry and records say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from lifecycle import findings, promotion
from lifecycle.jobs.record import Record
from lifecycle.workspace import Workspace, front, lifeline
from tests.test_workspace_serving import bench as bench
from tests.test_workspace_serving import born
from tests.test_workspace_serving import rows as rows

NAME = "leads"
LIVE = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def audited(bench: Workspace, rows) -> Workspace:
    """Two versions released, and an audit that has told six weeks."""
    for number in (1, 2):
        born(bench, rows)
        at = LIVE + timedelta(weeks=number)
        asked = promotion.propose(
            bench.registry, NAME, number, author="A", reason=f"why {number}",
            evidence={}, at=at,
        )  # fmt: skip
        promotion.approve(
            bench.registry, NAME, asked.id, approver="B", reason="go", at=at
        )
    weeks = [f"2024-W{k:02d}" for k in range(10, 16)]
    told = [
        findings.Finding("accuracy", 0.8 - k / 100, 400, 0.75, 0.85, period=week)
        for k, week in enumerate(weeks)
    ]
    money = [
        findings.Finding("earned", 100.0, 400, 97.0, 104.0, period=week, unit="USD")
        for week in weeks
    ]
    at = datetime(2024, 4, 15, tzinfo=UTC)
    record = Record.of(
        model=NAME,
        notebook="audit",
        as_of=at,
        findings=[
            findings.Findings("Performance", tuple(told), main="accuracy"),
            findings.Findings("Business", tuple(money)),
        ],
        summary="as it was",
    )
    folder = bench.directory / "reports" / NAME / "2024-04-15"
    folder.mkdir(parents=True)
    record.write(folder / "audit.json")
    bench.registry.record_run(
        NAME, "audit", at, status="succeeded", verdict="quiet",
        summary="as it was", directory=f"reports/{NAME}/2024-04-15",
    )  # fmt: skip
    return bench


def test_the_accuracy_of_a_record_is_read_as_it_was_written(audited: Workspace) -> None:
    path = audited.directory / "reports" / NAME / "2024-04-15" / "audit.json"
    record = Record.model_validate(json.loads(path.read_text()))
    told = lifeline.accuracy(record)
    assert [row.period for row in told] == [f"2024-W{k}" for k in range(10, 16)]
    assert told[0].value == pytest.approx(0.8)
    assert lifeline.accuracy(record, "estimated") == []


def test_the_newest_months_chunks_are_added_and_their_ends_in_squares(
    audited: Workspace,
) -> None:
    path = audited.directory / "reports" / NAME / "2024-04-15" / "audit.json"
    record = Record.model_validate(json.loads(path.read_text()))
    told = front._earned(record, "UTC")
    # of the six Mondays 4 to 25 March and 1, 8 April the last two are of the newest
    assert told["money"] == 200.0
    assert told["money_lower"] == pytest.approx(200 - (3**2 + 3**2) ** 0.5)
    assert told["money_upper"] == pytest.approx(200 + (4**2 + 4**2) ** 0.5)
    assert (told["currency"], told["money_period"]) == ("USD", "2024-W14 to 2024-W15")


def test_a_model_has_a_page_of_its_own_and_the_front_page_leads_there(
    audited: Workspace,
) -> None:
    first = audited.refresh_index(as_of="2024-04-15").read_text(encoding="utf-8")
    assert f'href="{NAME}/index.html"' in first
    page = audited.directory / "reports" / NAME / "index.html"
    text = page.read_text(encoding="utf-8")
    for words in ("version 1", "version 2", "Why 2.", "accuracy, and what was done"):
        assert words in text, words
    since = LIVE + timedelta(weeks=2)
    assert f"since {since:%Y-%m-%d}" in text
    assert f"{LIVE + timedelta(weeks=1):%Y-%m-%d} to {since:%Y-%m-%d}" in text
    assert 'href="../leads/2024-04-15/audit.html"' in text

"""The panel of alerts: take one on, silence a rule, go to the evidence."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lifecycle import alerts, widgets
from lifecycle.workspace import Workspace
from tests.panels import AT, alarmed, control, names, shown, status, two_models

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    made = two_models(tmp_path)
    alarmed(made, "leads", severity="critical")
    alarmed(made, "churn", owner="Bo Lind")
    return made


def panel_of(of: Any) -> Any:
    return widgets.alerts(of, unattended=False)


def free(ws: Workspace) -> list[str]:
    return [e.model for e in alerts.open_alerts(ws.registry) if not e.acknowledged_by]


def test_all_open_alerts_are_shown_or_those_of_one_model(ws: Workspace) -> None:
    panel = panel_of(ws)
    assert "2 alerts are open; 2 of them nobody has taken on." in shown(panel)
    assert [told for told, _ in control(panel, "Alert").options] == [
        "1: leads, accuracy, open",
        "2: churn, accuracy, open",
    ]
    assert "below 0.7 (n 400)" in shown(panel)
    mine = panel_of(ws.view("churn"))
    assert "1 alert of churn is open" in shown(mine)
    assert len(control(mine, "Alert").options) == 1


def test_a_click_takes_the_chosen_alert_on_and_it_stays_in_sight(ws: Workspace) -> None:
    panel = panel_of(ws)
    control(panel, "Alert").value = 2
    control(panel, "Acknowledge").click()
    assert free(ws) == ["leads"]
    assert "Alert 2 is " in status(panel)
    assert "1 of them nobody has taken on" in shown(panel)
    assert control(panel, "Alert").value == 2
    assert "2: churn, accuracy, taken on by" in control(panel, "Alert").options[1][0]
    control(panel, "Acknowledge").click()
    assert 'role="alert"' in status(panel)
    assert "Not done: alert 2 was taken on by" in status(panel)
    assert "lc-wanted" in control(panel, "Look again")._dom_classes


def test_two_panels_at_once_take_an_alert_on_once(ws: Workspace) -> None:
    panels = [panel_of(ws) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for panel in panels:
            pool.submit(control(panel, "Acknowledge").click)
    said = sorted(status(panel).startswith('<div role="status"') for panel in panels)
    assert said == [False, False, False, True]
    assert free(ws) == ["churn"]
    for panel in panels:
        control(panel, "Look again").click()
        assert "1 of them nobody has taken on" in status(panel)


def test_a_rule_is_silenced_until_a_date_with_a_reason_in_the_ledger(
    ws: Workspace,
) -> None:
    panel = panel_of(ws)
    silence, until = control(panel, "Silence"), control(panel, "Silent until")
    silence.click()
    assert "the end of the silence is missing" in status(panel)
    until.value = "2024-06-10"
    silence.click()
    assert "a silence needs a reason" in status(panel)
    control(panel, "Reason").value = "the feed is being mended"
    until.value = "next week"
    silence.click()
    assert "Not done: until" in status(panel)
    assert control(panel, "Reason").value == "the feed is being mended"
    assert ws.registry.ledger("leads") == []
    until.value = "2024-06-10"
    silence.click()
    (entry,) = ws.registry.ledger("leads")
    assert (entry.move, entry.reason) == ("silence", "the feed is being mended")
    held = alerts.silent_until(ws.registry, "leads", "accuracy", at=AT)
    assert held is not None
    assert held.isoformat() == "2024-06-10T00:00:00+00:00"
    assert "silenced accuracy of leads until 2024-06-10 00:00 UTC" in status(panel)
    assert "silent until 2024-06-10" in shown(panel)
    assert control(panel, "Reason").value == ""


def test_the_evidence_is_a_link_to_the_newest_report_from_where_the_notebook_is(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = panel_of(ws)
    assert reports(panel) == []
    folder = "reports/leads/2024-06-03"
    ws.registry.record_run("leads", "audit", AT, status="succeeded", directory=folder)
    control(panel, "Look again").click()
    assert reports(panel) == []  # the file is not there
    (ws.directory / folder).mkdir(parents=True)
    (ws.directory / folder / "audit.html").write_text("<p>audit</p>")
    monkeypatch.chdir(ws.directory / "notebooks")
    control(panel, "Look again").click()
    (html,) = reports(panel)
    assert '<a href="../reports/leads/2024-06-03/audit.html">Report on alert 1' in html
    control(panel, "Alert").value = 2
    assert reports(panel) == []


def reports(panel: Any) -> list[str]:
    """What the panel's output shows."""
    (found,) = [e for e in panel.children if type(e).__name__ == "Output"] or [None]
    return [each["data"]["text/html"] for each in found.outputs] if found else []


def test_many_alerts_come_a_page_at_a_time(tmp_path: Path) -> None:
    ws = two_models(tmp_path)
    for number in range(19):
        alarmed(ws, "leads", f"plan={number:02d}")
    panel = panel_of(ws)
    pages = []
    for name in ("Next", "Next", "Next", "Previous"):
        pages.append(len(control(panel, "Alert").options))
        control(panel, name).click()
    assert pages == [8, 8, 3, 3]  # beyond the last page there is none
    assert len(control(panel, "Alert").options) == 8
    assert "This is 9 to 16 of 19." in status(panel)
    control(panel, "Alert").value = 12
    control(panel, "Acknowledge").click()
    assert "12" in [told.partition(":")[0] for told in taken(ws)]


def taken(ws: Workspace) -> list[str]:
    found = alerts.open_alerts(ws.registry)
    return [f"{each.id}: {each.subject}" for each in found if each.acknowledged_by]


def test_where_no_alert_is_open_that_is_said_and_one_can_look_again(
    tmp_path: Path,
) -> None:
    ws = two_models(tmp_path)
    panel = panel_of(ws)
    assert "No alert is open." in shown(panel)
    assert names(panel) == ["Look again"]
    alarmed(ws, "leads")
    control(panel, "Look again").click()
    assert "1 alert is open; 1 of them nobody" in status(panel)
    assert "Acknowledge" in names(panel)


def test_what_data_and_people_wrote_is_escaped(tmp_path: Path) -> None:
    ws = two_models(tmp_path)
    alarmed(ws, "leads", HOSTILE, words=HOSTILE, severity=HOSTILE)
    panel = panel_of(ws)
    assert "&lt;img" in shown(panel)
    assert "<img" not in shown(panel)
    assert "<img" not in widgets.alerts(ws, unattended=True)._repr_html_()


def test_without_a_person_it_says_how_to_decide_at_the_terminal(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFECYCLE_UNATTENDED", "1")
    told = widgets.alerts(ws)
    assert isinstance(told, widgets.Static)
    assert "lifecycle acknowledge ID" in repr(told)
    assert "lifecycle silence MODEL RULE --until DATE" in told.html
    shutil.rmtree(ws.directory / "reports")
    for each in alerts.open_alerts(ws.registry):
        alerts.acknowledge(ws.registry, each.id, by="Bo", at=AT)
    assert "0 of them nobody has taken on" in repr(widgets.alerts(ws))

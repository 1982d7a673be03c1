"""The panel of all models: what needs a person first, and a click opens a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lifecycle import widgets
from lifecycle.workspace import Workspace
from tests.panels import (
    AT,
    SETTINGS,
    alarmed,
    control,
    names,
    parts,
    shown,
    status,
    two_models,
)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return two_models(tmp_path)


def panel_of(ws: Workspace) -> Any:
    return widgets.fleet(ws, unattended=False)


def test_each_model_has_a_row_with_its_facts_and_a_button(ws: Workspace) -> None:
    panel = panel_of(ws)
    assert names(panel)[:2] == ["Open churn", "Open leads"]
    text = shown(panel)
    for word in ("Ana Silva", "Bo Lind", "Undefined", "Open alerts", "Next run"):
        assert word in text, word
    assert "Nothing needs a person now: 2 models" in text


def test_what_needs_a_person_comes_first_and_is_counted(ws: Workspace) -> None:
    panel = panel_of(ws)
    alarmed(ws, "leads")
    alarmed(ws, "leads", "plan=free")
    control(panel, "Look again").click()
    assert names(panel)[:2] == ["Open leads", "Open churn"]
    assert "1 of 2 models needs a person: leads (2 open alerts)." in status(panel)
    assert "<dt>Open alerts</dt><dd>2</dd>" in shown(panel)
    assert [row.value for row in ws.needs()] == [2.0, 0.0]
    assert ws.needs().verdict == "alert"


def test_a_click_opens_the_panels_of_a_model_and_links_to_what_is_written(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarmed(ws, "leads")
    folder = ws.directory / "reports" / "leads"
    (folder / "2024-06-03").mkdir(parents=True)
    (folder / "index.html").write_text("<p>leads</p>")
    (folder / "2024-06-03" / "audit.html").write_text("<p>audit</p>")
    ws.registry.record_run(
        "leads",
        "audit",
        AT,
        status="succeeded",
        directory="reports/leads/2024-06-03",
    )
    monkeypatch.chdir(ws.directory / "notebooks")
    panel = panel_of(ws)
    control(panel, "Open leads").click()
    assert "leads is open below" in status(panel)
    classes = [
        kind for each in parts(panel) for kind in getattr(each, "_dom_classes", ())
    ]
    assert {"lc-approve", "lc-alerts", "lc-opened"} <= set(classes)
    (links,) = [e for e in parts(panel) if type(e).__name__ == "Output" and e.outputs][
        :1
    ]
    html = links.outputs[0]["data"]["text/html"]
    assert '<a href="../reports/leads/index.html">Page of leads</a>' in html
    assert 'audit.html">Audit as of 2024-06-03</a>' in html
    control(panel, "Acknowledge").click()
    (alert,) = ws.alerts("leads")
    assert alert.acknowledged_by
    control(panel, "Open churn").click()
    assert "Acknowledge" not in names(panel)


def test_many_models_come_ten_at_a_time(tmp_path: Path) -> None:
    text = SETTINGS.split("[models.churn]")[0]
    table = text[text.index("[models.leads]") :]
    ws = two_models(tmp_path)
    many = "".join(table.replace("leads", f"m{n:02d}") for n in range(30))
    (ws.directory / "lifecycle.toml").write_text(text + many)
    ws = Workspace(ws.directory)
    alarmed(ws, "m27")
    panel = panel_of(ws)
    opens = [name for name in names(panel) if name.startswith("Open ")]
    assert len(opens) == 10
    assert opens[0] == "Open m27"
    control(panel, "Next").click()
    assert "This is 11 to 20 of 31." in status(panel)
    control(panel, "Find").value = "M2"
    assert "10 models found." in status(panel)
    assert [n for n in names(panel) if n.startswith("Open ")][:2] == [
        "Open m27",
        "Open m20",
    ]
    control(panel, "Find").value = "ana silva"
    assert "31 models found." in status(panel)
    control(panel, "Find").value = "nobody"
    assert "0 models found." in status(panel)
    assert not [name for name in names(panel) if name.startswith("Open ")]


def test_what_is_not_shown_any_more_is_let_go(ws: Workspace) -> None:
    from ipywidgets import widget

    panel = panel_of(ws)
    control(panel, "Look again").click()
    before = len(widget._instances)
    for _ in range(3):
        control(panel, "Look again").click()
    assert len(widget._instances) == before
    control(panel, "Open leads").click()
    (shown_first,) = [e for e in parts(panel) if "lc-approve" in _classes(e)]
    control(panel, "Open churn").click()
    assert shown_first.comm is None


def _classes(each: Any) -> tuple[str, ...]:
    return getattr(each, "_dom_classes", ())


def test_without_a_person_it_is_a_table_and_what_to_do(ws: Workspace) -> None:
    alarmed(ws, "leads", owner="<b>Ana</b>", words="<img src=x> fell")
    told = widgets.fleet(ws, unattended=True)
    assert isinstance(told, widgets.Static)
    assert "1 of 2 models needs a person" in repr(told)
    assert "<table" in told.html
    assert "&lt;img src=x&gt; fell" in told.html
    assert "<img" not in told.html
    assert "<img" not in shown(panel_of(ws))

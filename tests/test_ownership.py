"""Whose a model is, first and by moves since; who is told, and who looks at it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import alerts, errors, promotion
from lifecycle.workspace import Workspace, clock, notices
from tests.owned import NOTIFY, with_settings
from tests.panels import AT, alarmed, two_models

DAY = timedelta(days=1)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return two_models(tmp_path)


# -- handing over --------------------------------------------------------------


def test_who_looks_after_a_model_can_be_asked_for_every_moment(ws: Workspace) -> None:
    ws.hand_over("leads", "Ben Ode", reason="Ana moves on", by="Ana Silva")
    ws.hand_over("leads", "Cy Roe", reason="he asked", by="Bo", as_of=AT + 9 * DAY)
    found = [ws.ownership("leads", as_of=AT + k * DAY).owner for k in (-1, 0, 8, 9)]
    assert found == ["Ana Silva", "Ben Ode", "Ben Ode", "Cy Roe"]
    now = ws.ownership("leads")
    assert now.sentence == (
        "Ben Ode looks after leads since 2024-06-03 (Ana Silva: Ana moves on)"
    )
    assert (now.first, now.since, now.by) == ("Ana Silva", AT, "Ana Silva")
    assert ws.ownership("churn").owner == "Bo Lind"
    moves = [
        (e.move, e.evidence["from"], e.evidence["to"]) for e in ws.history("leads")
    ]
    assert moves == [
        ("hand over", "Ana Silva", "Ben Ode"),
        ("hand over", "Ben Ode", "Cy Roe"),
    ]
    assert ws.registry.verify_ledger() is None


def test_a_view_a_page_and_the_status_name_the_owner_of_their_moment(
    ws: Workspace,
) -> None:
    ws.hand_over("leads", "Ben <b>", reason="so", deputy="Di Fox", as_of=AT + DAY)
    assert ws.view("leads").settings.owner == "Ana Silva"
    later = ws.view("leads", AT + DAY)
    assert later.settings.owner == "Ben <b>"
    assert later.settings.alerts.deputy == "Di Fox"
    assert later.facts()["owner"] == "Ben <b>"
    rows = {row.model: row for row in ws.status(as_of=AT + DAY)}
    assert (rows["leads"].owner, rows["leads"].deputy) == ("Ben <b>", "Di Fox")
    page = ws.refresh_index(as_of=AT + DAY).read_text()
    assert "Ben &lt;b&gt;" in page
    assert "<b>" not in page.replace("<body", "")
    own = (ws.reports / "leads" / "index.html").read_text()
    assert "hand over to Ben &lt;b&gt;" in own
    assert "Di Fox" in own


def test_open_alerts_go_along_and_new_ones_name_the_new_owner(ws: Workspace) -> None:
    alarmed(ws, "leads")
    ws.hand_over("leads", "Ben Ode", reason="so")
    (alert,) = ws.alerts("leads")
    assert alert.owner == "Ben Ode"
    notices.chase(ws.view("leads", AT + DAY))
    assert "Ben Ode" in ws.view("leads", AT + DAY).settings.owner


@pytest.mark.parametrize(
    ("to", "told", "error", "sentence"),
    [
        ("", {"reason": "so"}, errors.IllegalMove, "nobody is named"),
        ("\n\t", {"reason": "so"}, errors.IllegalMove, "nobody is named"),
        ("Ben", {"reason": " "}, errors.IllegalMove, "the reason is missing"),
        (" ana  SILVA", {"reason": "so"}, errors.IllegalMove, "by Ana Silva already"),
        ("B" * 201, {"reason": "so"}, errors.IllegalMove, "has 201 signs"),
    ],
)
def test_a_hand_over_to_nobody_or_without_a_reason_changes_nothing(
    ws: Workspace, to: str, told: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        ws.hand_over("leads", to, **told)
    assert ws.history("leads") == []


def test_no_run_without_a_person_hands_over_and_none_before_the_last(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws.hand_over("leads", "Ben", reason="so")
    with pytest.raises(errors.IllegalMove, match="was handed over on 2024-06-03"):
        ws.hand_over("leads", "Cy", reason="so", as_of=AT - DAY)
    monkeypatch.setenv("LIFECYCLE_UNATTENDED", "1")
    for ask in (
        lambda: ws.hand_over("leads", "Cy", reason="so"),
        lambda: ws.review("leads", due=date(2025, 1, 1), reason="so"),
    ):
        with pytest.raises(errors.NotAllowed, match="takes a person"):
            ask()
    assert not ws.opened("leads")


@settings(max_examples=40, deadline=None)
@given(
    moves=st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from(["Ben", "Cy", "Di"])), max_size=8
    ),
    asked=st.integers(-1, 10),
)
def test_the_owner_of_a_moment_is_the_last_who_got_it_by_then(moves, asked) -> None:
    entries = [_entry(day, name) for day, name in sorted(moves, key=lambda m: m[0])]
    now = promotion.kept(entries, owner="Ana", as_of=AT + asked * DAY)
    before = [e for e in entries if e.at <= AT + asked * DAY]
    assert now.owner == (before[-1].evidence["to"] if before else "Ana")
    assert (now.since is None) == (not before)


def _entry(day: int, name: str) -> Any:
    from lifecycle.registry import Entry

    at, told = AT + day * DAY, {"from": "", "to": name, "deputy": ""}
    return Entry(
        1,
        at,
        "m",
        "hand over",
        None,
        None,
        "x",
        "given",
        False,
        "so",
        told,
        {},
        {},
        "",
        "",
    )


# -- who is told ---------------------------------------------------------------


def test_alerts_go_to_whoever_has_the_model_now(ws: Workspace) -> None:
    ws = with_settings(ws, of="", below=NOTIFY)
    told = notices.recipients(ws)["leads", "owner"]
    assert [each.url for each in told] == ["json://ana.example"]
    ws.hand_over("leads", "ben@bank.example", reason="so")
    told = notices.recipients(ws)["leads", "owner"]
    assert [each.url for each in told] == ["json://ben.example"]
    assert "ben.example" not in repr(told) + repr(ws.settings.people)


def test_whoever_has_no_address_is_told_of_and_the_one_before_still_hears(
    ws: Workspace, terminal
) -> None:
    ws = with_settings(ws, of="", below=NOTIFY)
    code, out, err = terminal(
        "-w", ws.directory, "hand-over", "leads", "--to", "Cy Roe", "--reason", "so"
    )
    assert (code, "Cy Roe looks after leads since" in out) == (0, True)
    assert 'add [people."Cy Roe"] with notify' in err
    first, second = notices.recipients(ws)["leads", "owner"]
    assert first.url == "json://ana.example"
    assert second.problem.startswith("the settings have no address of Cy Roe")


# -- the day of review ---------------------------------------------------------


def test_a_day_of_review_that_passed_is_an_alert_until_somebody_reviews(
    ws: Workspace,
) -> None:
    ws = with_settings(ws, of='purpose = "calls"\nreview_by = 2024-06-03')
    assert clock.watch(ws.view("leads", AT + DAY)) == []  # the day has just ended
    (alert,) = clock.watch(ws.view("leads", AT + 3 * DAY))
    assert (alert.rule, alert.owner) == ("review", "Ana Silva")
    assert "to be looked at by 2024-06-03, and nobody has" in alert.sentence
    ws.review("leads", due=date(2024, 12, 1), reason="fine", as_of=AT + 4 * DAY)
    assert clock.watch(ws.view("leads", AT + 5 * DAY)) == []
    assert ws.alerts("leads") == []
    now = ws.ownership("leads", as_of=AT + 5 * DAY)
    assert (now.review_by, now.reviewed_at) == (date(2024, 12, 1), AT + 4 * DAY)
    assert not now.due(date(2024, 12, 1))
    assert now.due(date(2024, 12, 2))


def test_a_later_day_in_the_settings_holds_and_a_past_one_is_refused(
    ws: Workspace,
) -> None:
    ws.review("leads", due=date(2024, 9, 1), reason="fine")
    ws = with_settings(ws, of="review_by = 2025-01-01")
    assert ws.ownership("leads").review_by == date(2025, 1, 1)
    with pytest.raises(errors.IllegalMove, match="name a later day"):
        ws.review("leads", due=AT.date(), reason="fine")


def test_the_kpi_a_model_is_there_for_must_be_one_of_its_own(ws: Workspace) -> None:
    more = '\n[models.leads.kpis.conversion]\nevent = "won"\n'
    ws = with_settings(ws, of='kpi = "conversion"', below=more)
    assert ws.ownership("leads").facts()["KPI"] == "conversion"
    with pytest.raises(errors.SettingsError, match="kpi 'reach' is not there"):
        with_settings(ws, of='kpi = "reach"', below=more)


# -- reports that nobody opens -------------------------------------------------

UNOPENED = "\n[models.leads.rules.unopened]\nabove = 4\n"


def ran(ws: Workspace, at: Any) -> None:
    ws.registry.record_run(
        "leads", "audit", at, slot=at, status="succeeded", directory="reports/leads/x"
    )


def test_a_report_nobody_opens_for_weeks_is_an_alert_until_somebody_does(
    ws: Workspace,
) -> None:
    ws = with_settings(ws, of="", below=UNOPENED)
    assert clock.watch(ws.view("leads", AT + 90 * DAY)) == []  # none was written yet
    ran(ws, AT)
    assert clock.watch(ws.view("leads", AT + 28 * DAY)) == []
    (alert,) = clock.watch(ws.view("leads", AT + 29 * DAY))
    assert alert.sentence == (
        "leads: nobody has opened a report that Ana Silva is sent since 2024-06-03 "
        "00:00 UTC, for 4.1 weeks"
    )
    assert ws.opened("leads", "audit", way="lab", as_of=AT + 30 * DAY)
    clock.watch(ws.view("leads", AT + 31 * DAY))
    assert ws.alerts("leads") == []


def test_a_page_that_is_opened_often_counts_once_a_day_and_by_nobody(
    ws: Workspace,
) -> None:
    opened = [ws.opened("leads", "audit", way="door", as_of=AT + k * DAY / 4) for k in (
        0, 1, 2, 3, 4
    )]  # fmt: skip
    assert opened == [True, False, False, False, True]
    rows = ws.registry.opened("leads")
    assert [(row.page, row.day, row.way) for row in rows] == [
        ("audit", "2024-06-04", "door"),
        ("audit", "2024-06-03", "door"),
    ]
    assert rows[0].at.tzinfo is not None
    assert "person" not in type(rows[0]).__slots__
    with pytest.raises(ValueError, match="way must be one of terminal, lab, door"):
        ws.opened("leads", "audit", way="mail")


def test_to_open_a_report_is_to_look(ws: Workspace) -> None:
    looked = "\n[models.leads.rules.nobody_looked]\nabove = 2\n"
    ws = with_settings(ws, of="", below=looked)
    ws.opened("leads", as_of=AT)
    assert clock.watch(ws.view("leads", AT + 13 * DAY)) == []
    (alert,) = clock.watch(ws.view("leads", AT + 15 * DAY))
    assert "nobody has opened or run a page" in alert.sentence


def test_the_terminal_opens_a_report_and_keeps_that_it_was(
    ws: Workspace, terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr("webbrowser.open", shown.append)
    code, _, err = terminal("-w", ws.directory, "open", "leads", "audit")
    assert (code, "there is no report 'audit' of leads" in err) == (30, True)
    ws.refresh_index()
    code, out, _ = terminal("-w", ws.directory, "open", "leads", "--print")
    assert (code, shown, ws.registry.opened("leads")) == (0, [], [])
    terminal("-w", ws.directory, "open", "leads")
    assert shown == [Path(out.strip()).as_uri()]
    assert [row.way for row in ws.registry.opened("leads")] == ["terminal"]


# -- what needs a person first -------------------------------------------------


def test_what_needs_a_person_more_comes_first(ws: Workspace) -> None:
    alarmed(ws, "churn", severity="warning")
    assert [row.model for row in ws.status()] == ["churn", "leads"]
    alarmed(ws, "leads", severity="critical")
    assert [row.model for row in ws.status()] == ["leads", "churn"]
    (mine,) = ws.alerts("leads")
    ws.acknowledge(mine.id, by="Ana")
    assert [row.model for row in ws.status()] == ["churn", "leads"]
    alerts.silence(
        ws.registry, "churn", "accuracy", until=AT + DAY, reason="so", by="Bo", at=AT
    )
    assert [row.model for row in ws.status()] == ["churn", "leads"]  # by name again


def test_the_commands_say_whose_a_model_is_as_words_and_as_json(
    ws: Workspace, terminal
) -> None:
    desk = ("-w", ws.directory)
    terminal(*desk, "hand-over", "leads", "--to", "Ben\x1b[2J", "--reason", "so")
    code, out, _ = terminal(*desk, "owner", "leads")
    assert (code, out.startswith("Ben [2J looks after leads since")) == (0, True)
    told = json.loads(terminal(*desk, "owner", "leads", "--json")[1])
    assert (told["owner"], told["first"]) == ("Ben [2J", "Ana Silva")
    assert "hand over: Ben [2J" in terminal(*desk, "history", "leads")[1]
    code, _, err = terminal(
        *desk, "review", "leads", "--next", "soon", "--reason", "so"
    )
    assert (code, "--next 'soon' is no date" in err) == (30, True)
    code, out, _ = terminal(
        *desk, "review", "leads", "--next", "2031-01-01", "--reason", "so"
    )
    assert (code, out.strip()) == (
        0,
        "leads was reviewed; it is looked at again by 2031-01-01",
    )

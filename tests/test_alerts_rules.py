"""Rules asked of a workspace, replayed over its past, and told at the terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lifecycle
from lifecycle import alerts, config, errors, quality, tasks, workspace
from lifecycle.findings import Finding, Findings
from lifecycle.workspace import advice, clock, notices, replaying, rules
from lifecycle.workspace.rows import Rows
from tests import calls
from tests.calls import desk as desk

LIVE = datetime(2024, 4, 1, tzinfo=UTC)
END = datetime(2024, 8, 26, tzinfo=UTC)
WEEKS, ROWS = 20, 80
FALL, SLIP = 12, 5  # the served week that goes bad for good; the one mended later
WEEK = timedelta(weeks=1)
SETTINGS = calls.SETTINGS.replace(
    'title = "Calls"\n', 'title = "Calls"\nas_of = 2024-08-26T00:00:00Z\n'
)
RULES = """
[alerts]
drift = false
[rules.drop]
above = 0.10
[rules.no_data]
above = 1.5
[rules.nobody_looked]
above = 6
severity = "info"
"""

RAN: dict[str, Any] = {
    "slot": None,
    "status": "succeeded",
    "started": END,
    "ended": END,
    "exit_code": 0,
    "verdict": "quiet",
    "summary": "",
}

Terminal = Callable[..., tuple[int, str, str]]


def week(number: int, right: float, seed: int) -> pd.DataFrame:
    """A week's calls, of which a share is predicted right; outcomes after five days."""
    rng = np.random.default_rng(seed)
    count = ROWS
    truth = np.arange(count) % 2
    hit = np.arange(count) < round(right * count)
    time = LIVE + number * WEEK + np.arange(count) * (WEEK / count)
    predicted = np.where(hit, truth, 1 - truth)
    return pd.DataFrame(
        {
            "id": [f"{number}-{each}" for each in range(count)],
            "time": time,
            "age": 20 + 40 * truth * 0.5 + rng.uniform(0, 20, count),
            "prediction": predicted,
            "score": 0.2 + 0.6 * predicted,
            "outcome": truth,
            "known_at": time + timedelta(days=5),
        }
    )


def outcomes(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["id", "known_at", "outcome"]].rename(columns={"known_at": "time"})


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("rules") / "desk"
    workspace.init(place)
    (place / config.FILE).write_text(SETTINGS)
    ws = lifecycle.open(place)
    history = pd.concat([week(number - 6, 1.0, number) for number in range(6)])
    ws.ingest("calls", "predictions", history[["id", "time", "age"]], as_of=LIVE)
    ws.ingest("calls", "outcomes", outcomes(history), as_of=LIVE)
    ws.train("calls", as_of=LIVE, by="Ana Silva")
    asked = ws.propose("calls", 1, reason="first", by="Ana Silva", as_of=LIVE)
    ws.approve("calls", asked.id, reason="go", by="Dana Weber", as_of=LIVE)
    served = [
        week(number, 0.85 if number < FALL else 0.5, number) for number in range(WEEKS)
    ]
    for number, rows in enumerate(served):
        made = rows.drop(columns=["outcome", "known_at"])
        ws.ingest("calls", "predictions", made, as_of=LIVE + (number + 1) * WEEK)
        first = rows.copy()
        if number == SLIP:  # most outcomes came wrong, and were corrected a month later
            first["outcome"] = (first["outcome"] + (first.index >= 30)) % 2
        ws.ingest("calls", "outcomes", outcomes(first), as_of=END)
    mended = served[SLIP].assign(known_at=served[SLIP]["time"] + timedelta(days=35))
    ws.ingest("calls", "outcomes", outcomes(mended), as_of=END)
    return place


def asked(place: Path, at: datetime, text: str) -> dict[str, Findings]:
    path = place / "asked.toml"
    path.write_text(text)
    watched = config.load_rules(path).watched
    return rules.watch(lifecycle.open(place).view("calls", at), watched)


# -- one look ------------------------------------------------------------------


def test_every_rule_is_asked_in_the_order_of_the_settings(desk: Path) -> None:
    found = asked(desk, END, RULES)
    assert list(found) == ["accuracy", "drop", "no_data", "nobody_looked"]
    assert {rows.verdict for rows in found.values()} == {"alert", "quiet"}


def test_realised_measures_are_held_against_the_threshold_of_the_rule(
    desk: Path,
) -> None:
    found = asked(
        desk, END, "[rules.precision]\nbelow = 0.4\n[rules.brier]\nabove = 0.2"
    )
    newest = found["precision"].newest()
    assert (newest.value, newest.threshold, newest.verdict) == (0.5, 0.4, "quiet")
    assert found["brier"].newest().verdict == "alert"
    assert {row.measure for row in found["precision"]} == {"precision"}


def test_too_few_rows_are_not_judged(desk: Path) -> None:
    found = asked(desk, END, "[alerts]\nmin_rows = 10000\n[rules.recall]\nbelow = 0.9")
    ws = lifecycle.open(desk)
    view = ws.view("calls", END)
    view.settings = view.settings.model_copy(
        update={"alerts": config.Alerts(min_rows=10_000)}
    )
    assert found["recall"].verdict == "alert"  # the settings of the view count
    assert rules.watch(view)["accuracy"].verdict == "undefined"


def test_a_drop_is_measured_from_the_first_weeks_of_the_version(desk: Path) -> None:
    view = lifecycle.open(desk).view("calls", END)
    assert rules.reference_value(view, "accuracy") == pytest.approx(0.85)
    newest = asked(desk, END, RULES)["drop"].newest("accuracy drop")
    assert newest.value == pytest.approx(0.85 - 0.5)
    assert newest.lower < newest.value < newest.upper
    assert newest.n == ROWS


def test_before_a_version_has_shown_itself_a_drop_is_undefined(desk: Path) -> None:
    view = lifecycle.open(desk).view("calls", LIVE + timedelta(days=3))
    assert math.isnan(rules.reference_value(view, "accuracy"))
    assert asked(desk, LIVE + timedelta(days=3), RULES)["drop"].verdict == "undefined"


def test_no_data_and_nobody_looking_are_counted_from_the_last_sign(desk: Path) -> None:
    found = asked(desk, END + 2 * WEEK, RULES)
    (missing,) = found["no_data"]
    last = LIVE + WEEKS * WEEK - WEEK / ROWS
    assert missing.value == pytest.approx((END + 2 * WEEK - last) / WEEK)
    assert missing.verdict == "alert"
    assert found["no_data"].summary.startswith(
        f"no prediction has come since {last:%Y-%m-%d %H:%M} UTC, for "
    )
    (looked,) = found["nobody_looked"]
    assert looked.value == pytest.approx((END + 2 * WEEK - LIVE) / WEEK)


def test_taking_an_alert_on_is_looking(desk: Path) -> None:
    ws = lifecycle.open(desk)
    ws.due(as_of=END)
    (alert,) = ws.alerts("calls")
    assert rules.looked_at(ws.view("calls", END)) == LIVE
    notices.acknowledge(ws, alert.id, by="Ana", as_of=END)
    assert rules.looked_at(ws.view("calls", END)) == END
    assert rules.looked_at(ws.view("calls", END - WEEK)) == LIVE


def fake(**answers: Any) -> Any:
    told = SimpleNamespace(alerts=config.Alerts(), watched={}, chunk="week")
    rows = Rows.__new__(Rows)
    rows.settings, rows.timezone = told, "UTC"
    answers["chunk_label"] = rows.chunk_label
    told_of = {"task": tasks.of("binary"), "timezone": "UTC", "as_of": END}
    return SimpleNamespace(settings=told, **told_of, **answers)


def test_estimates_harm_and_kpi_are_asked_as_the_rule_says() -> None:
    calls = []

    def estimated() -> Any:
        rows = (
            Finding("accuracy", 0.66, 400, 0.6, 0.7, period="2024-W20"),
            Finding("roc_auc", 0.8, 400, 0.7, 0.9, period="2024-W20"),
        )
        told = Findings("Estimated", rows, "whatever")
        return SimpleNamespace(findings=told, trusted=("2024-W20",))

    def harm(*, epsilon: float) -> Findings:
        calls.append(epsilon)
        row = Finding("rise", 0.09, 400, threshold=epsilon, verdict="alert")
        return Findings("Harm", (row,), "The loss has risen.")

    def kpi(event: str, measure: str) -> Findings:
        calls.append((event, measure))
        return Findings("KPI", (Finding("called", 0.3, 90, period="2024-W20"),), "x")

    view = fake(estimated=estimated, harm=harm, kpi=kpi)
    found = rules.watch(
        view,
        {
            "soon": config.Rule(watch="estimated", below=0.7),
            "harm": config.Rule(watch="harm", above=0.05),
            "calls": config.Rule(
                watch="kpi", event="called", measure="share", below=0.4
            ),
        },
    )
    (soon,) = found["soon"]
    assert (soon.measure, soon.verdict) == ("estimated accuracy", "alert")
    assert found["harm"].summary == "The loss has risen."
    assert (found["calls"].verdict, found["calls"].summary) == ("alert", "")
    assert calls == [0.05, ("called", "share")]


def test_an_estimate_that_must_not_be_trusted_wakes_nobody() -> None:
    rows = tuple(
        Finding("accuracy", 0.5, 400, 0.45, 0.55, period=period)
        for period in ("2024-W20", "2024-W21")
    )
    made = SimpleNamespace(findings=Findings("Estimate", rows), trusted=("2024-W20",))
    found = rules.watch(
        fake(estimated=lambda: made),
        {"soon": config.Rule(watch="estimated", below=0.7)},
    )
    assert [row.period for row in found["soon"]] == ["2024-W20"]
    nothing = rules.watch(
        fake(estimated=lambda: None),
        {"soon": config.Rule(watch="estimated", below=0.7)},
    )
    assert len(nothing["soon"]) == 0


def test_of_feedback_only_the_whole_chunks_that_have_ended_count() -> None:
    told = Findings(
        "Feedback",
        (
            Finding("overridden", 0.05, 90, period="2024-W33"),
            Finding("overridden", 0.5, 90, period="2024-W33", subject="plan=free"),
            Finding("overridden", 0.5, 90, period="2024-W35"),  # goes on
            Finding("right", 0.5, 90, subject="people"),
        ),
    )
    found = rules.watch(
        fake(feedback=lambda: SimpleNamespace(findings=told)),
        {"said": config.Rule(watch="feedback", above=0.1)},
    )
    assert [(row.period, row.verdict) for row in found["said"]] == [
        ("2024-W33", "quiet")
    ]


def test_drift_is_one_finding_a_chunk_and_undefined_where_nothing_was_judged() -> None:
    rows = (
        Finding("psi", 0.1, 90, verdict="quiet", period="2024-W32", subject="age"),
        Finding("psi", 0.4, 90, verdict="alert", period="2024-W33", subject="age"),
        Finding("ks", 0.4, 90, verdict="alert", period="2024-W33", subject="age"),
        Finding("psi", 0.4, 90, verdict="alert", period="2024-W33", subject="job"),
        Finding("psi", 0.4, 9, verdict="undefined", period="2024-W34", subject="age"),
    )
    newest = pd.DataFrame({"time": [pd.Timestamp("2024-08-20", tz="UTC")]})
    told = Findings("Drift", rows, "Two features moved.")
    details = {("job", "psi", "2024-W33"): ("age", "job=nurse", 0.01, 0.01, 2)}
    made = SimpleNamespace(findings=told, details=details, drifted=("age",))
    calm = SimpleNamespace(parts=())
    view = fake(
        drift=lambda: made, answers=lambda: calm, reference=newest, analysis=newest
    )
    rule = {"drift": config.Rule(watch="drift")}
    found = rules.watch(view, rule)["drift"]
    assert [(row.period, row.value, row.verdict) for row in found] == [
        ("2024-W32", 0.0, "quiet"),
        ("2024-W33", 1.0, "alert"),  # a segment of a feature is that feature
    ]
    assert found.summary == "Two features moved."
    assert found.named == ("age",)
    scores = SimpleNamespace(
        verdict="alert", drifted=("score",), summary="The scores moved."
    )
    view.answers = lambda: SimpleNamespace(parts=(scores,))
    found = rules.watch(view, rule)["drift"]
    assert [(row.period, row.value) for row in found][-1] == ("2024-W33", 2.0)
    assert found.summary == "Two features moved. The scores moved."
    assert found.named == ("age", "score")
    nothing = SimpleNamespace(findings=Findings("Drift", ()), details={}, drifted=())
    blind = fake(
        drift=lambda: nothing, answers=lambda: calm, reference=newest, analysis=newest
    )
    assert len(rules.watch(blind, rule)["drift"]) == 0


def test_faults_of_the_data_are_one_finding_that_names_them() -> None:
    newest = pd.DataFrame({"time": [pd.Timestamp("2024-08-20", tz="UTC")]})
    marks = (
        quality.Fault("age", "fault", "frozen", None, None, 90, "age is frozen"),
        quality.Fault("", "fault", "volume", None, None, 9, "few rows came in"),
        quality.Fault("job", "drift", "unseen", None, None, 9, "job has new names"),
    )
    rows = (Finding("missing", 0.0, 90, verdict="quiet", subject="age"),)
    made = quality.Quality("Data quality", rows, "Two faults.", marks=marks)
    ended = newest["time"][0].to_pydatetime()
    lost = (
        quality.Fault("outcome", "fault", "outcomes_known", None, None, 40, "lost"),
        quality.Fault("outcome", "fault", "outcomes_alike", None, ended, 9, "alike"),
    )
    due = {
        "nothing": quality.Quality("Outcomes", (), "All are known."),
        "lost": quality.Quality("Outcomes", (), "Some are lost.", marks=lost),
    }
    told = {"quality": lambda: made, "reference": newest, "analysis": newest}
    rule = {"quality": config.Rule(watch="quality")}
    found = rules.watch(fake(**told, outcomes=lambda: due["nothing"]), rule)["quality"]
    assert [(row.value, row.verdict) for row in found] == [(2.0, "alert")]
    assert found.named == ("age frozen", "volume")
    found = rules.watch(fake(**told, outcomes=lambda: due["lost"]), rule)["quality"]
    assert [(row.value, row.verdict) for row in found] == [(3.0, "alert")]
    assert "outcome outcomes_known" in found.named
    assert found.summary == "Two faults. Some are lost."


# -- the clock and the people ---------------------------------------------------


def test_the_clock_tells_the_owner_and_then_the_deputy(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SETTINGS.replace(
        "drift = false",
        'drift = false\nnotify = ["${ANA}"]\ndeputy = "Ben"\n'
        'notify_deputy = ["${BEN}"]\nescalate_after_days = 7',
    ).replace("[workspace]", '[workspace]\nreports_url = "https://r.example/x/"')
    (desk / config.FILE).write_text(text)
    ws = lifecycle.open(desk)
    monkeypatch.delenv("ANA", raising=False)
    said: list[str] = []
    ws.due(as_of=END - WEEK, say=said.append)
    assert said[-1] == (
        "messages: 1 failed and will be tried again (owner's address 1: the "
        "environment has no ANA; set it to a URL of apprise)"
    )
    ws.due(as_of=END)
    opened, escalated = notices.messages(ws, "calls")
    assert (opened.recipient, escalated.recipient) == ("owner", "deputy")
    monkeypatch.setenv("ANA", "json://ana.example/secret")
    monkeypatch.setenv("BEN", "json://ben.example/secret")
    held = notices.recipients(ws)
    assert held["calls", "owner"][0].url == "json://ana.example/secret"
    assert "secret" not in repr(held)
    came: list[tuple[str, str]] = []
    alerts.deliver(
        ws.registry,
        held,
        at=END + WEEK,
        send=lambda address, message: came.append((address.url, message.kind)),
    )
    assert came == [
        ("json://ana.example/secret", "opened"),
        ("json://ben.example/secret", "escalated"),
    ]


def test_the_report_is_linked_where_it_is_or_will_be(desk: Path) -> None:
    view = lifecycle.open(desk).view("calls", END)
    assert notices.report_link(view) == ""  # nothing ran, and nothing will
    text = SETTINGS.replace("on_alert = false", "on_alert = true")
    (desk / config.FILE).write_text(text)
    view = lifecycle.open(desk).view("calls", END)
    assert notices.report_link(view) == "reports/calls/2024-08-26/audit.html"
    assert notices.report_link(view, "drift") == "reports/calls/2024-08-26/drift.html"
    (desk / config.FILE).write_text(
        text.replace("[workspace]", '[workspace]\nreports_url = "https://r.example/x/"')
    )
    view = lifecycle.open(desk).view("calls", END)
    assert notices.report_link(view) == (
        "https://r.example/x/calls/2024-08-26/audit.html"
    )


def test_a_reminder_links_to_a_page_that_is_there(desk: Path) -> None:
    (desk / config.FILE).write_text(
        SETTINGS.replace("on_alert = false", "on_alert = true")
    )
    ws = lifecycle.open(desk)
    assert notices.report_link(ws.view("calls", END), new=False) == ""
    early, late = END - 2 * WEEK, END - WEEK
    for at, page in ((early, "audit"), (late, "audit"), (early, "drift")):
        ws.registry.record_run(
            "calls", page, at, directory=f"reports/calls/{at:%Y-%m-%d}", **RAN
        )
    assert notices.report_link(ws.view("calls", END), new=False) == (
        "reports/calls/2024-08-19/audit.html"
    )
    before = ws.view("calls", END - timedelta(days=8))
    assert notices.report_link(before, new=False) == (
        "reports/calls/2024-08-12/audit.html"
    )
    assert notices.report_link(ws.view("calls", END), "quality", new=False) == (
        "reports/calls/2024-08-12/drift.html"
    )


def test_only_a_new_alert_promises_a_page(desk: Path) -> None:
    (desk / config.FILE).write_text(
        SETTINGS.replace("on_alert = false", "on_alert = true").replace(
            "drift = false", "drift = false\nremind_every_days = 7"
        )
    )
    ws = lifecycle.open(desk)
    assert clock.watch(ws.view("calls", END))
    assert clock.watch(ws.view("calls", END + WEEK)) == []
    links = [(each.kind, each.report) for each in notices.messages(ws, "calls")]
    assert links == [
        ("opened", "reports/calls/2024-08-26/audit.html"),
        ("reminder", ""),
    ]


def test_a_version_that_never_serves_is_an_alert(tmp_path: Path) -> None:
    place = tmp_path / "desk"
    workspace.init(place)
    rules_of = "\n[models.calls.rules.no_data]\nabove = 2\n"
    (place / config.FILE).write_text(SETTINGS + rules_of)
    ws = lifecycle.open(place)
    assert clock.watch(ws.view("calls", END)) == []  # nothing is live yet
    history = pd.concat([week(number - 6, 1.0, number) for number in range(6)])
    ws.ingest("calls", "predictions", history[["id", "time", "age"]], as_of=LIVE)
    ws.ingest("calls", "outcomes", outcomes(history), as_of=LIVE)
    ws.train("calls", as_of=LIVE, by="Ana Silva")
    asked = ws.propose("calls", 1, reason="first", by="Ana Silva", as_of=LIVE)
    assert ws.view("calls", LIVE).proposal() == asked
    assert ws.view("calls", LIVE - WEEK).proposal() is None
    ws.approve("calls", asked.id, reason="go", by="Dana Weber", as_of=LIVE)
    assert clock.watch(ws.view("calls", LIVE + 2 * WEEK)) == []
    (alert,) = clock.watch(ws.view("calls", LIVE + 3 * WEEK))
    assert alert.sentence == (
        "calls: no prediction has come since 2024-04-01 00:00 UTC, for 3.0 weeks"
    )


def test_a_page_of_the_past_asks_for_what_nobody_had_taken_on_then(desk: Path) -> None:
    ws = lifecycle.open(desk)
    (alert,) = clock.watch(ws.view("calls", END))
    notices.acknowledge(ws, alert.id, by="Ana", as_of=END + timedelta(days=2))
    (step,) = advice.todo(ws.view("calls", END), [])
    assert f"lifecycle acknowledge {alert.id}" in step.what
    assert advice.todo(ws.view("calls", END + WEEK), []) == ()


# -- replay --------------------------------------------------------------------


def replay(place: Path, text: str, **settings: Any) -> alerts.Hindsight:
    path = place.parent / "rules.toml"
    path.write_text(text)
    ws = lifecycle.open(place)
    asked = {"start": LIVE, "end": END} | settings
    return replaying.replay(ws, "calls", told=config.load_rules(path), **asked)


def of(found: alerts.Hindsight, rule: str) -> dict[str, float]:
    return {row.measure: row.value for row in found.findings if row.subject == rule}


@pytest.fixture(scope="module")
def found(told: Path) -> alerts.Hindsight:
    return replay(told, RULES)


def test_replay_sees_each_week_as_it_was_known_then(found: alerts.Hindsight) -> None:
    told = [
        (each.rule, each.chunk, f"{each.opened_at:%m-%d}", each.true)
        for each in found.episodes
        if each.rule == "accuracy"
    ]
    # the slip was an alert then, and no harm by what is known now; the fall was both
    assert told == [
        ("accuracy", "2024-W19", "05-20", False),
        ("accuracy", "2024-W26", "07-08", True),
    ]
    assert [(each.first, each.last) for each in found.spells] == [
        ("2024-W26", "2024-W33")
    ]
    assert of(found, "accuracy") == {
        "alerts": 2.0,
        "true share": 0.5,
        "false a year": pytest.approx(1 / ((END - LIVE - WEEK) / timedelta(365.25))),
        "caught share": 1.0,
        "days late": 14.0,
    }
    assert "accuracy is below 70.0%, or more than 5 points below" in (
        found.findings.summary
    )
    assert "2 true" in found.findings.summary


def test_rules_that_speak_of_no_harm_are_not_judged(found: alerts.Hindsight) -> None:
    (looked,) = (each for each in found.episodes if each.rule == "nobody_looked")
    assert looked.true is None
    assert of(found, "nobody_looked")["alerts"] == 1.0
    assert math.isnan(of(found, "nobody_looked")["caught share"])


def test_what_is_true_does_not_depend_on_the_rules_that_are_tried(desk: Path) -> None:
    blind = "[alerts]\naccuracy_below = 0.45\nmin_rows = 60\ndrift = false\n"
    found = replay(desk, blind)
    assert of(found, "accuracy")["alerts"] == 0.0
    assert of(found, "accuracy")["caught share"] == 0.0
    assert "1 time unseen by every rule" in found.findings.summary
    assert "at least 30 outcomes" in found.findings.summary
    assert "below 70.0%" in found.findings.summary


def test_replay_writes_nothing(desk: Path) -> None:
    ws = lifecycle.open(desk)
    before = (ws.registry.ledger(), ws.registry.alerts(), ws.registry.runs())
    files = sorted(path for path in desk.rglob("*") if "registry.db" not in path.name)
    replay(desk, RULES, end=LIVE + 9 * WEEK)
    assert (ws.registry.ledger(), ws.registry.alerts(), ws.registry.runs()) == before
    after = sorted(path for path in desk.rglob("*") if "registry.db" not in path.name)
    assert after == files


def test_replay_says_how_far_it_is_over_weeks_without_an_alert(desk: Path) -> None:
    said: list[str] = []
    start = LIVE - 26 * WEEK
    ws, end = lifecycle.open(desk), LIVE + 2 * WEEK
    notices.replay(ws, "calls", start=start, end=end, say=said.append)
    assert [line[11:] for line in said] == [
        f"{number} of 28 weeks looked at, no new alert in the last {number}"
        for number in (13, 26)
    ]


def test_an_alert_says_who_was_asked_and_what_is_silent(desk: Path) -> None:
    lifecycle.open(desk).due(as_of=END)
    ws = lifecycle.open(desk)
    alert = notices.episodes(ws, "calls")[0]
    asked = replace(alert, escalated_to="Rui", escalated_at=END)
    assert notices.state(alert, silent=None) == "open"
    assert notices.state(asked, silent=None) == "open, Rui was asked"
    assert notices.state(asked, silent=END) == (
        "open, Rui was asked, silent until 2024-08-26"
    )
    taken = replace(asked, acknowledged_by="Ana", acknowledged_at=END)
    assert notices.state(taken, silent=None) == "taken on by Ana"
    over = replace(taken, closed_at=END)
    assert notices.state(over, silent=None) == "over since 2024-08-26"


def test_replay_without_anything_to_look_at_is_one_sentence(desk: Path) -> None:
    with pytest.raises(errors.NotEnoughData, match="no prediction of calls was served"):
        replay(desk, RULES, end=LIVE - WEEK, start=None)
    with pytest.raises(errors.NotEnoughData, match="name an earlier start"):
        replay(desk, RULES, start=END)


# -- the terminal --------------------------------------------------------------


def test_alerts_are_listed_taken_on_and_silenced(
    desk: Path, terminal: Terminal
) -> None:
    assert terminal("alerts") == (0, "no alert is open\n", "")
    lifecycle.open(desk).due(as_of=END)
    code, out, err = terminal("alerts", "calls", "--json")
    ((told,), none) = json.loads(out), err
    assert (code, none) == (0, "")
    assert (told["rule"], told["acknowledged_by"]) == ("accuracy", None)
    code, out, _ = terminal("acknowledge", told["id"], "--as", "Ana Silva")
    assert code == 0
    assert out.startswith(f"alert {told['id']} is Ana Silva's: accuracy of calls in ")
    code, out, err = terminal("acknowledge", told["id"], "--as", "Ben")
    assert (code, out) == (30, "")
    assert "was taken on by Ana Silva" in err
    words = ("silence", "calls", "accuracy", "--until", "2024-09-09")
    code, out, _ = terminal(*words, "--reason", "being mended", "--as", "Dana")
    assert out == "Dana silenced accuracy of calls until 2024-09-09 00:00 UTC\n"
    (row,) = json.loads(terminal("status", "--json")[1])
    (told,) = (each for each in row["alerts"] if each["rule"] == "accuracy")
    assert told["silent_until"] == "2024-09-09T00:00:00+00:00"
    assert (told["acknowledged_by"], told["escalated_to"]) == ("Ana Silva", None)
    shown = " ".join(terminal("status")[1].split())
    assert "(taken on by Ana Silva, silent until 2024-09-09)" in shown
    ws = lifecycle.open(desk)
    page = ws.refresh_index(as_of=ws.moment()).read_text(encoding="utf-8")
    assert "acknowledged by Ana Silva, silent until 2024-09-09" in page
    code, out, _ = terminal("alerts", "--all")
    assert code == 0
    assert "Ana Silva" in " ".join(out.split())
    entry = lifecycle.open(desk).history("calls")[-1]
    assert (entry.move, entry.actor) == ("silence", "Dana")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("alerts", "cals"), "no model 'cals' here; did you mean calls?"),
        (("acknowledge", "99"), "there is no alert 99; `lifecycle alerts` lists"),
        (
            ("silence", "calls", "acuracy", "--until", "2025-01-01", "--reason", "x"),
            "calls has no rule 'acuracy'; there is accuracy, all, overdue, rollback",
        ),
        (
            ("silence", "calls", "accuracy", "--until", "2020-01-01", "--reason", "x"),
            "until 2020-01-01 00:00 UTC is past",
        ),
        (
            ("silence", "calls", "accuracy", "--until", "soon", "--reason", "x"),
            "until: 'soon' is no moment",
        ),
        (("replay", "calls", "--rules", "none.toml"), "none.toml: No such file"),
        (("replay", "calls", "--start", "soon"), "start: 'soon' is no moment"),
        (("replay", "cals"), "did you mean calls?"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_code_30(
    desk: Path, terminal: Terminal, words: tuple[str, ...], sentence: str
) -> None:
    code, out, err = terminal(*words)
    assert (code, out) == (30, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_deliver_says_what_it_did(desk: Path, terminal: Terminal) -> None:
    assert terminal("deliver") == (0, "no message waits\n", "")


def test_messages_that_fail_are_shown_with_the_alerts(
    desk: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANA", raising=False)
    (desk / config.FILE).write_text(
        SETTINGS.replace("drift = false", 'drift = false\nnotify = ["${ANA}"]')
    )
    lifecycle.open(desk).due(as_of=END)
    code, _, err = terminal("alerts")
    assert code == 0
    assert "waits, tried 1 times: owner's address 1: the environment has no ANA" in err
    code, out, _ = terminal("alerts", "--all")
    assert {"message", "owner", "waiting", "critical:"} <= set(out.split())
    (told,) = json.loads(terminal("alerts", "--all", "--json")[1])
    (message,) = told["messages"]
    assert (message["kind"], message["to"], message["state"]) == (
        "opened",
        "owner",
        "waiting",
    )


def test_replay_prints_a_table_and_what_harm_means(
    desk: Path, terminal: Terminal
) -> None:
    (desk / "strict.toml").write_text(RULES)
    code, out, err = terminal("replay", "calls", "--rules", "strict.toml")
    assert (code, err) == (0, "")
    assert (
        "2024-07-08 accuracy: accuracy of calls in 2024-W26 is 50.0%, below 70.0%"
        in out
    )
    assert "Harm is a week of at least 30 outcomes" in out
    code, out, _ = terminal(
        "replay", "calls", "--rules", "strict.toml", "--end", "2024-06-24", "--json"
    )
    told = json.loads(out)
    assert code == 0
    assert told["harm"] == []
    told_true = [
        each["true"] for each in told["episodes"] if each["rule"] == "accuracy"
    ]
    assert told_true == [False]

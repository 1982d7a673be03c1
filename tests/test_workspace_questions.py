"""What a view answers about drift, performance and faults, on a service's own log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score
from typer.testing import CliRunner

import lifecycle
from lifecycle import errors, logs, profiles
from lifecycle.cli import accepting as commands
from lifecycle.workspace import Workspace, accepting, kept

SETTINGS = """\
[models.leads]
owner = "Ana Silva"
task = "binary"
id = "lead"
time = "at"
outcome = "won"
score = "p"
prediction = "said"
label_delay_days = 14
action_event = "called"

[models.leads.features]
numeric = ["visits", "noise"]
categorical = ["plan"]

[models.leads.reference]
start = 2024-01-01
end = 2024-03-04

[models.leads.alerts]
escalate_after_days = 3
deputy = "Rui Costa"

[models.leads.schedule]
on_alert = false

[models.leads.rules.quality]

[models.leads.rules.harm]
above = 0.02

[models.leads.rules.no_data]
above = 2

[models.leads.costs]
true_positive = 100
false_positive = 5
false_negative = 20

[models.leads.kpis."order value"]
event = "order"
measure = "mean"
unit = "USD"
"""
SEGMENTS = 'segments = ["plan"]\n\n[models.leads.features]'
START = pd.Timestamp("2024-01-01", tz="UTC")
WEEKS = 24


def served(seed: int, weeks: range, *, shift: float = 0.0, turned: float = 0.0):
    """Forty rows a day whose score is the chance of the outcome, until it turns."""
    rng = np.random.default_rng(seed)
    n = 280 * len(weeks)
    first = START + pd.Timedelta(weeks=weeks[0])
    at = first + pd.to_timedelta(np.sort(rng.uniform(0, len(weeks) * 7, n)), unit="D")
    visits = rng.normal(shift, 1.0, n)
    score = 1 / (1 + np.exp(-2 * visits))
    true = np.where(rng.random(n) < turned, 1 - score, score)
    return pd.DataFrame(
        {
            "lead": [f"L{weeks[0]}-{k}" for k in range(n)],
            "at": at.floor("s"),
            "visits": visits,
            "noise": rng.normal(size=n),
            "plan": rng.choice(["free", "pro"], n),
            "p": score,
            "said": (score >= 0.5).astype(int),
            "won": (rng.random(n) < true).astype(int),
        }
    )


def made(place: Path, rows: pd.DataFrame) -> Workspace:
    place.mkdir(exist_ok=True)
    (place / "lifecycle.toml").write_text(SETTINGS)
    ws = lifecycle.open(place)
    rows.to_csv(place / "log.csv", index=False)
    ws.ingest("leads", "predictions", place / "log.csv", as_of=at_week(WEEKS))
    known = rows.assign(closed=rows["at"] + pd.Timedelta(days=10))
    log = ws.logs("leads")
    told = known[["lead", "closed", "won"]]
    told.columns = ["id", "time", "outcome"]
    log.append("outcomes", told.assign(outcome=told["outcome"].astype(float)))
    return ws


def at_week(number: int) -> datetime:
    moment: datetime = (START + pd.Timedelta(weeks=number)).to_pydatetime()
    return moment.astimezone(UTC)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Nothing happens but the weeks passing."""
    return made(tmp_path_factory.mktemp("ws") / "sound", served(1, range(WEEKS)))


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """From week 16 on visits have moved, and outcomes mean something else."""
    rows = [
        served(2, range(16)),
        served(3, range(16, WEEKS), shift=0.6, turned=0.6),
    ]
    return made(tmp_path_factory.mktemp("ws") / "turned", pd.concat(rows))


# -- drift ---------------------------------------------------------------------


def test_where_nothing_happens_nothing_is_said(sound: Workspace) -> None:
    view = sound.view("leads", at_week(WEEKS))
    assert view.drift().verdict == "quiet"
    assert view.answers().verdict == "quiet"
    assert view.harm().verdict == "quiet"
    assert view.quality().verdict == "quiet"
    # rows whose score is near a half are harder, as they were when it was released
    assert view.segments().verdict == "quiet"
    assert view.diagnosis().cause == ""
    opened = [tick for tick in sound.due(as_of=at_week(WEEKS)) if tick.kind == "alert"]
    assert opened == []


def test_a_drift_is_named_with_its_first_chunk_once_it_is_confirmed(
    turned: Workspace,
) -> None:
    assert turned.view("leads", at_week(17)).drift().drifted == ()
    found = turned.view("leads", at_week(18)).drift()
    assert found.drifted == ("visits",)
    assert "since 2024-W17" in found.summary
    assert "visits" in found.plot_feature().alt


def test_a_file_of_the_log_is_counted_once(
    turned: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = turned.view("leads", at_week(20)).drift().frame()
    read: list[object] = []
    whole = profiles.scan

    def spy(files, *rest, **more):
        read.extend(files)
        return whole(files, *rest, **more)

    monkeypatch.setattr(profiles, "scan", spy)
    again = turned.view("leads", at_week(20)).drift().frame()
    assert read == []
    pd.testing.assert_frame_equal(before, again)


def test_what_is_normal_is_not_kept_before_its_period_is_over(
    tmp_path: Path, turned: Workspace
) -> None:
    expected = turned.view("leads", at_week(20)).drift()
    log = pd.read_csv(turned.directory / "log.csv", parse_dates=["at"])
    ws = made(tmp_path / "ws", log)
    early = ws.view("leads", START.to_pydatetime() + timedelta(hours=30))
    assert 0 < kept.reference_profile(early).rows() < 100
    later = ws.view("leads", at_week(20))
    assert kept.reference_profile(later).rows() == len(later.reference) > 2_000
    pd.testing.assert_frame_equal(later.drift().frame(), expected.frame())


def test_what_is_kept_may_be_torn_or_deleted(turned: Workspace) -> None:
    before = turned.view("leads", at_week(20)).drift().frame()
    folder = turned.directory / ".lifecycle" / "profiles" / "leads"
    for number, path in enumerate(sorted(folder.rglob("*"))):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:50]) if number % 2 else path.unlink()
    again = turned.view("leads", at_week(20)).drift().frame()
    pd.testing.assert_frame_equal(before, again)


def test_an_accepted_drift_is_the_new_normal_from_that_moment_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIFECYCLE_UNATTENDED", raising=False)
    rows = [served(2, range(16)), served(3, range(16, WEEKS), shift=0.6)]
    ws = made(tmp_path / "ws", pd.concat(rows))
    with pytest.raises(errors.IllegalMove, match="no version of leads is in prod"):
        accepting.accept(ws, "leads", reason="campaign", by="Ana", as_of=at_week(20))
    with pytest.raises(errors.IllegalMove, match="'plans' is no feature of leads"):
        accepting.accept(ws, "leads", ["plans"], reason="x", as_of=at_week(20))
    made_by = {"by": "Ana", "as_of": at_week(12)}
    version = ws.train("leads", recipe="scaled_logistic", **made_by)
    asked = ws.propose("leads", version.number, reason="ours now", **made_by)
    ws.approve("leads", asked.id, reason="yes", by="Rui", as_of=at_week(12))
    assert ws.view("leads", at_week(20)).drift().drifted == ("visits",)
    place = ["-w", str(ws.directory), "accept", "leads"]
    signed = ["--reason", "campaign", "--as", "Ana", "--as-of", str(at_week(20))]
    told = CliRunner().invoke(commands.app, [*place, *signed])
    assert "Ana accepted visits of leads" in told.output, told.output
    entry = ws.history("leads")[-1]
    assert (entry.move, entry.reason) == ("accept drift", "campaign")
    said = CliRunner().invoke(
        commands.app, ["-w", str(ws.directory), "history", "leads"]
    )
    assert "accept drift: visits" in said.output
    assert entry.evidence["chunks"] == ["2024-W17", "2024-W18", "2024-W19", "2024-W20"]
    assert ws.view("leads", at_week(WEEKS)).drift().drifted == ()
    assert ws.view("leads", at_week(19)).drift().drifted == ("visits",)
    weight = kept.importance(ws.view("leads", at_week(20)), lambda: 1 / 0)
    assert max(weight, key=lambda row: row.value).subject == "visits"
    later = ["--reason", "a mistake", "--as", "Rui", "--as-of", str(at_week(21))]
    told = CliRunner().invoke(commands.app, [*place, *later, "--withdraw"])
    assert "Rui withdrew what was accepted of leads: visits" in told.output
    assert ws.view("leads", at_week(WEEKS)).drift().drifted == ("visits",)
    assert "accepted normal" in ws.view("leads", at_week(20)).drift().summary
    said = CliRunner().invoke(
        commands.app, ["-w", str(ws.directory), "history", "leads"]
    )
    assert "withdraw acceptance: visits" in said.output
    with pytest.raises(errors.IllegalMove, match="accepted: nothing"):
        accepting.withdraw(ws, "leads", reason="x", by="Ana", as_of=at_week(21))


def test_what_was_before_a_drift_is_not_accepted_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIFECYCLE_UNATTENDED", raising=False)
    rows = [served(2, range(16)), served(3, range(16, WEEKS), shift=0.6)]
    ws = made(tmp_path / "ws", pd.concat(rows))
    by = {"by": "Ana", "as_of": at_week(12)}
    version = ws.train("leads", recipe="scaled_logistic", **by)
    asked = ws.propose("leads", version.number, reason="ours now", **by)
    ws.approve("leads", asked.id, reason="yes", by="Rui", as_of=at_week(12))
    told = {"reason": "campaign", "by": "Ana", "as_of": at_week(18)}
    entry = accepting.accept(ws, "leads", **told)
    assert entry.evidence["chunks"] == ["2024-W17", "2024-W18"]
    later = ws.view("leads", at_week(WEEKS)).drift()
    alarmed = {row.period for row in later.findings if row.verdict == "alert"}
    assert not {chunk for chunk in alarmed if chunk > "2024-W16"}
    entry = accepting.accept(ws, "leads", ["noise"], **told)  # it has not drifted
    assert len(entry.evidence["chunks"]) == 4
    entry = accepting.accept(ws, "leads", ["noise"], chunks=3, **told)
    assert len(entry.evidence["chunks"]) == 3


def test_a_segment_that_drifts_alone_is_named(tmp_path: Path) -> None:
    rows = served(2, range(WEEKS))
    late = rows["at"] >= START + pd.Timedelta(weeks=16)
    rows.loc[late & (rows["plan"] == "pro"), "noise"] += 1.0
    ws = made(tmp_path / "ws", rows)
    text = SETTINGS.replace("[models.leads.features]", SEGMENTS, 1)
    (ws.directory / "lifecycle.toml").write_text(text)
    found = lifecycle.open(ws.directory).view("leads", at_week(WEEKS)).drift()
    alerts = {row.subject for row in found.findings if row.verdict == "alert"}
    assert any("plan=pro" in subject for subject in alerts)
    assert not any("plan=free" in subject for subject in alerts)


# -- performance ---------------------------------------------------------------


def test_open_chunks_are_estimated_and_ripe_ones_hold_the_truth(
    sound: Workspace,
) -> None:
    view = sound.view("leads", at_week(WEEKS))
    beside = view.beside().frame()
    accuracy = beside[beside["measure"] == "accuracy"].set_index("period")
    rows = view.scored.merge(
        sound.logs("leads").outcomes(as_of=at_week(WEEKS + 9))[["id", "outcome"]],
        on="id",
        suffixes=("", "_true"),
    )
    week = rows["time"].dt.tz_localize(None).dt.strftime("%G-W%V")
    for label in ("2024-W20", "2024-W24"):
        mine = rows[week == label]
        truth = accuracy_score(mine["outcome_true"], mine["prediction"])
        low, high = accuracy.loc[label, ["estimated_lower", "estimated_upper"]]
        assert low - 0.02 <= truth <= high + 0.02
    assert accuracy.loc["2024-W20", "realised"] == pytest.approx(
        accuracy_score(
            rows.loc[week == "2024-W20", "outcome_true"],
            rows.loc[week == "2024-W20", "prediction"],
        )
    )
    assert np.isnan(accuracy.loc["2024-W24", "realised"])
    assert view.beside().error("accuracy").value < 0.03


def test_an_estimate_of_the_past_knows_only_what_was_known_then(
    turned: Workspace,
) -> None:
    # the outcomes turned in week 17; they became known two weeks later
    beside = turned.view("leads", at_week(WEEKS)).beside().frame()
    accuracy = beside[beside["measure"] == "accuracy"].set_index("period")
    assert accuracy.loc["2024-W18", "gap"] < -0.1


def test_a_loss_is_found_dated_and_given_its_cause(turned: Workspace) -> None:
    view = turned.view("leads", at_week(WEEKS))
    assert view.harm().verdict == "alert"
    assert "2024-W17" in view.harm().summary or "2024-W18" in view.harm().summary
    assert view.diagnosis().cause == "concept shift"


def test_rules_open_alerts_that_the_page_asks_somebody_to_take_on(
    turned: Workspace,
) -> None:
    at = at_week(WEEKS)
    opened = {tick.rule for tick in turned.due(as_of=at) if tick.kind == "alert"}
    assert {"drift", "harm", "accuracy"} <= opened
    assert "quality" not in opened
    view = turned.view("leads", at)
    record = view.conclude("audit", view.performance())
    told = [each for each in record.todo if "lifecycle acknowledge" in each.what]
    assert told
    assert {each.who for each in told} == {"Ana Silva"}
    assert {str(each.by) for each in told} == {"2024-06-20"}


# -- business ------------------------------------------------------------------


def test_money_and_kpis_follow_from_the_log(sound: Workspace) -> None:
    view = sound.view("leads", at_week(WEEKS))
    log: logs.Logs = sound.logs("leads")
    ids = view.scored["id"].iloc[-10:].tolist()
    orders = pd.DataFrame(
        {
            "event_id": [f"E{k}" for k in range(10)],
            "id": ids,
            "time": view.scored["time"].iloc[-10:].to_numpy(),
            "kind": "order",
            "value": [100.0] * 5 + [50.0] * 5,
        }
    )
    orders["time"] = pd.to_datetime(orders["time"], utc=True)
    log.append("events", orders)
    view = sound.view("leads", at_week(WEEKS))
    assert view.kpi("order value")[-1].value == pytest.approx(75.0)
    assert view.kpi("order", "sum")[-1].value == pytest.approx(750.0)
    nothing = view.kpi("nope")
    assert nothing.verdict == "undefined"
    assert (
        nothing.summary == "No event of the kind 'nope' has come yet; there is order."
    )
    week = view.mature[view.chunks(view.mature) == "2024-W20"]
    right = week["prediction"] == week["outcome"]
    by_hand = (
        100 * (right & (week["outcome"] == 1)).sum()
        - 5 * (~right & (week["outcome"] == 0)).sum()
        - 20 * (~right & (week["outcome"] == 1)).sum()
    )
    earned = {
        row.period: row.value
        for row in view.business().findings
        if row.measure == "earned"
    }
    assert earned["2024-W20"] == pytest.approx(by_hand)


def test_the_first_hours_of_a_chunk_do_not_speak_for_it(sound: Workspace) -> None:
    at = at_week(WEEKS) + timedelta(hours=10)  # a few rows of W23 are just due
    view = sound.view("leads", at)
    assert "2024-W23" in set(view.chunks(view.mature))
    assert view.early(view.settings.delay)[0] == "2024-W23"
    sheets = (view.business(), view.calibration())
    wanted = {"earned", "right", "wrong", "calibration gap"}
    rows = [row for each in sheets for row in each.findings if row.measure in wanted]
    assert {row.measure for row in rows} == wanted
    assert max(row.period for row in rows) == "2024-W22"
    later = sound.view("leads", at + timedelta(days=5))
    assert "2024-W23" not in later.early(later.settings.delay)


# -- faults --------------------------------------------------------------------


@pytest.fixture
def frozen(tmp_path: Path) -> Workspace:
    rows = served(5, range(20))
    rows.loc[rows["at"] >= START + pd.Timedelta(weeks=19), "visits"] = 0.25
    return made(tmp_path / "ws", rows)


def test_a_feed_that_froze_is_a_fault_and_the_page_says_mend_it(
    frozen: Workspace,
) -> None:
    view = frozen.view("leads", at_week(20))
    (fault,) = view.quality().faults
    assert (fault.column, fault.kind) == ("visits", "fault")
    record = view.conclude("audit", view.quality())
    assert "Mend the data" in record.todo[0].what
    opened = {t.rule for t in frozen.due(as_of=at_week(20)) if t.kind == "alert"}
    assert "quality" in opened


def test_silence_of_the_feed_is_an_alert(sound: Workspace, tmp_path: Path) -> None:
    ws = made(tmp_path / "ws", served(6, range(12)))
    opened = {t.rule: t.text for t in ws.due(as_of=at_week(15)) if t.kind == "alert"}
    assert "no prediction has come since" in opened["no_data"]

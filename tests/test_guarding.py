"""A release that does badly goes back by itself, once, with its numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import lifecycle
from lifecycle import alerts, errors, promotion, routing
from lifecycle.cli import guarding as commands
from lifecycle.workspace import Workspace, guarding, health, shadows, watchmen
from tests.calls import CALM, WEEK, changed
from tests.calls import desk as desk
from tests.calls import told as told

DAY = timedelta(days=1)
SINCE = CALM + DAY
NOW = SINCE + 3 * DAY


def released(place: Path, settings: str = "", *, share: float | None = None):
    """Version 2 takes over from version 1, or a share of the traffic."""
    ws = changed(place, settings)
    ws.train("calls", as_of=CALM, by="Ana Silva")
    target = "production" if share is None else "experimental"
    asked = promotion.propose(
        ws.registry, "calls", 2, target=target, share=share or 1.0, author="Ana",
        reason="newer", evidence={"passed": True}, at=CALM,
    )  # fmt: skip
    promotion.approve(
        ws.registry, "calls", asked.id, approver="Dana", reason="go", at=SINCE
    )
    return ws


def tallied(
    ws: Workspace, version: int, *, rows: int, errors: int = 0, missing: int = 0
) -> None:
    """An hour of calls of one row each, as a router counts them."""
    tally, hour = routing.Tally(), health.hour_of(SINCE + DAY)
    for row in range(rows):
        bad = {"errors": int(row < errors), "missing": int(row < missing)}
        tally.add(str(version), "production", hour, rows=1, seconds=0.1, **bad)
    health.write(ws, "calls", tally, token=f"v{version}")


def answered(ws: Workspace, scores: np.ndarray) -> None:
    """Rows that version 2 served since its release, with these scores."""
    n = len(scores)
    rng = np.random.default_rng(3)
    rows = pd.DataFrame(
        {
            "id": [f"new {k}" for k in range(n)],
            "time": pd.date_range(SINCE, NOW - DAY, periods=n).astype(
                "datetime64[us, UTC]"
            ),
            "age": rng.uniform(20, 80, n),
            "score": scores,
            "prediction": np.where(np.isnan(scores), np.nan, (scores >= 0.5) * 1.0),
            "version": "2",
            "role": "production",
        }
    )
    ws.logs("calls").append("predictions", rows)


def look(ws: Workspace, at: datetime = NOW) -> str | None:
    return guarding.guard(ws.view("calls", at))


def serving(ws: Workspace) -> int:
    return ws.registry.roles("calls")["production"].number


def opened(ws: Workspace, rule: str) -> list[str]:
    found = alerts.open_alerts(ws.registry, "calls")
    return [each.sentence for each in found if each.rule == rule]


def test_a_sound_release_is_left_alone(desk: Path) -> None:
    ws = released(desk)
    tallied(ws, 2, rows=500, errors=2)
    answered(ws, np.random.default_rng(1).uniform(size=200))
    for hour in range(0, 72, 9):
        assert look(ws, NOW + timedelta(hours=hour)) is None
    assert serving(ws) == 2
    found = guarding.look(ws.view("calls", NOW))
    assert found.verdict in ("quiet", "undefined")
    assert "no guard speaks against it" in found.summary


def test_a_release_that_raises_goes_back_in_one_transaction_with_its_numbers(
    desk: Path,
) -> None:
    ws = released(desk)
    waiting = promotion.propose(
        ws.registry, "calls", 1, author="Ana", reason="back?", evidence={}, at=SINCE
    )
    promotion.withdraw(
        ws.registry, "calls", waiting.id, actor="Ana", reason="no", at=SINCE
    )
    tallied(ws, 2, rows=60, errors=40)
    before = len(ws.registry.ledger("calls"))
    said = look(ws)
    assert said is not None
    assert "rolled back, version 2 does clearly worse than version 1" in said
    assert "rows that failed: 66.7%" in said
    (entry,) = ws.registry.ledger("calls")[before:]
    assert (entry.move, entry.number, entry.after["production"]) == ("roll back", 2, 1)
    row = entry.evidence["guard"]["errors"]
    assert (row["n"], row["threshold"]) == (60, 0.02)
    assert row["lower"] > 0.02
    assert entry.evidence["automatic"] is True
    (alert,) = opened(ws, "rollback")
    assert "66.7%" in alert
    assert ws.registry.version("calls", 2).status == "rolled back"
    assert look(ws, NOW + DAY) is None
    assert serving(ws) == 1


def test_what_was_rolled_back_does_not_come_back_without_a_person(desk: Path) -> None:
    ws = released(desk)
    tallied(ws, 2, rows=60, errors=60)
    look(ws)
    with pytest.raises(errors.NotAllowed, match="only a person may propose it again"):
        promotion.propose(
            ws.registry, "calls", 2, author="lifecycle", reason="again",
            evidence={"passed": True}, at=NOW + DAY, automatic=True,
        )  # fmt: skip
    held, words = promotion.within(
        promotion.Bounds(auto=True), action="retrain", saved=0.1, at=NOW + 9 * DAY,
        moved_at=NOW, experimental=None, rolled_back=True,
    )  # fmt: skip
    assert (held, "only a person" in words) == (False, True)


def test_its_pending_proposals_are_withdrawn_with_it(desk: Path) -> None:
    ws = released(desk, share=0.1)
    asked = promotion.propose(
        ws.registry, "calls", 2, author="Ana", reason="all", evidence={}, at=SINCE
    )
    tallied(ws, 2, rows=60, errors=60)
    look(ws)
    assert ws.registry.proposal("calls", asked.id).status == "withdrawn"


def test_a_fault_of_the_version_on_trial_ends_the_trial_and_leaves_production(
    desk: Path,
) -> None:
    ws = released(desk, share=0.1)
    tallied(ws, 2, rows=30, missing=30)
    said = look(ws)
    assert said is not None
    assert "rows without a score: 100.0%" in said
    roles = ws.registry.roles("calls")
    assert (roles["production"].number, roles["production"].share) == (1, 1.0)
    assert "experimental" not in roles


def test_a_batch_whose_scores_have_become_one_number_is_found_in_the_log(
    desk: Path,
) -> None:
    ws = released(desk)
    answered(ws, np.full(120, 0.37))
    assert watchmen.posts(ws.view("calls", NOW))[0].findings()["constant"].n == 120
    said = look(ws)
    assert said is not None
    assert "one and the same score" in said
    assert serving(ws) == 1


def test_scores_that_move_against_the_version_before_are_found(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = released(desk)
    whole = shadows.scores

    def moved(desk, name, version, rows):
        found = whole(desk, name, version, rows)
        late = (rows["time"] >= pd.Timestamp(SINCE)).to_numpy()
        shift = 0.9 if version.number == 2 else 0.0
        return np.where(late, np.clip(found * (1 - shift), 0, 1), found)

    monkeypatch.setattr(shadows, "scores", moved)
    found = watchmen.posts(ws.view("calls", SINCE + 3 * WEEK))[0].scores()
    assert found.verdict == "alert"
    assert found.value < -0.1


def test_without_a_version_to_go_back_to_there_is_an_alert(desk: Path) -> None:
    ws = lifecycle.open(desk)
    tally = routing.Tally()
    for _ in range(50):
        tally.add("1", "production", "2024-03-05T07", rows=1, errors=1, seconds=1.0)
    health.write(ws, "calls", tally, token="v1")
    assert look(ws, CALM - 4 * WEEK) is None
    (alert,) = opened(ws, "guard")
    assert "there is no version to go back to" in alert
    assert "rows that failed: 100.0%" in alert
    assert serving(ws) == 1


@pytest.mark.parametrize("lost", ["deleted", "altered"])
def test_where_the_version_before_cannot_be_loaded_somebody_is_called(
    desk: Path, lost: str
) -> None:
    ws = released(desk)
    tallied(ws, 2, rows=60, errors=40)
    answered(ws, np.random.default_rng(1).uniform(size=200))
    stored = ws.registry.artefacts / ws.registry.version("calls", 1).artefact
    kept = stored.read_bytes()
    stored.chmod(0o644)
    if lost == "deleted":
        stored.unlink()
    else:
        stored.write_bytes(kept + b" ")
    assert look(ws) is None
    (alert,) = [each for each in opened(ws, "guard") if "rows that failed" in each]
    assert "66.7%" in alert
    assert stored.name in alert
    (open_,) = [each for each in ws.alerts("calls") if each.sentence == alert]
    assert open_.severity == "critical"
    assert serving(ws) == 2
    stored.write_bytes(kept)
    said = look(ws, NOW + DAY)
    assert said is not None
    assert "rolled back, version 2 does clearly worse than version 1" in said
    assert serving(ws) == 1


def test_a_guard_that_may_not_act_only_tells_and_falls_silent_again(desk: Path) -> None:
    ws = released(desk, '[models.calls.guard]\nact = ["performance"]\n')
    tallied(ws, 2, rows=60, errors=60)
    assert look(ws) is None
    assert serving(ws) == 2
    (alert,) = opened(ws, "guard")
    assert "nobody but a person" in alert
    ws.rollback("calls", reason="by hand", by="Dana", as_of=NOW + DAY)
    for path in (ws.directory / "logs" / "calls" / "health").iterdir():
        path.unlink()
    look(ws, NOW + 2 * DAY)
    assert opened(ws, "guard") == []


def test_within_the_pause_nothing_is_looked_at_unless_something_moved(
    desk: Path,
) -> None:
    ws = released(desk, "[models.calls.guard]\nevery_hours = 6\n")
    assert look(ws) is None
    tallied(ws, 2, rows=60, errors=60)
    assert look(ws, NOW + timedelta(hours=5)) is None
    assert serving(ws) == 2
    assert look(ws, NOW + timedelta(hours=6)) is not None


def test_after_its_weeks_a_release_is_not_watched_any_more(desk: Path) -> None:
    ws = released(desk, "[models.calls.guard]\nweeks = 1\n")
    tallied(ws, 2, rows=60, errors=60)
    assert look(ws, SINCE + 8 * DAY) is None
    assert (
        "No release of calls is guarded"
        in guarding.look(ws.view("calls", SINCE + 8 * DAY)).summary
    )


def test_the_terminal_shows_each_guard_with_its_bound(desk: Path) -> None:
    ws = released(desk)
    tallied(ws, 2, rows=60, errors=60)
    as_of = (NOW).isoformat()
    done = CliRunner().invoke(commands.app, ["guard", "calls", "--as-of", as_of])
    assert done.exit_code == 10
    told = " ".join(done.output.split())
    assert "against it speaks errors" in told
    assert "2.00%" in told
    assert serving(ws) == 2


def test_a_kpi_of_the_guard_must_be_a_share_of_the_settings(desk: Path) -> None:
    with pytest.raises(errors.SettingsError, match="there is no KPI 'sales'"):
        changed(desk, "[models.calls.guard.kpi]\nsales = 0.05\n")
    worth = '[models.calls.kpis.worth]\nevent = "order"\nmeasure = "mean"\n'
    with pytest.raises(errors.SettingsError, match="'worth' is no share"):
        changed(desk, f"{worth}[models.calls.guard.kpi]\nworth = 0.05\n")


# -- what others do meanwhile, and what breaks on the way ------------------------


def test_who_was_not_judged_is_not_rolled_back(desk: Path) -> None:
    ws = released(desk)
    tallied(ws, 2, rows=60, errors=60)
    view = ws.view("calls", NOW)
    view.production, view.previous, view.experimental  # noqa: B018 - as they were then
    ws.train("calls", as_of=CALM, by="Ana Silva")
    mended = promotion.propose(
        ws.registry, "calls", 3, author="Ana", reason="mended", evidence={}, at=NOW
    )
    promotion.approve(
        ws.registry, "calls", mended.id, approver="Dana", reason="go", at=NOW
    )
    assert guarding.guard(view) is None
    assert serving(ws) == 3
    assert ws.registry.roles("calls")["previous"].number == 2


def test_a_version_whose_code_raises_in_shadow_too_is_rolled_back_all_the_same(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = released(desk)
    tallied(ws, 2, rows=60, errors=60)

    def raising(*told):
        raise RuntimeError("the model's own code")

    monkeypatch.setattr(shadows, "scores", raising)
    found = watchmen.posts(ws.view("calls", NOW))[0].findings()
    assert found["performance"].verdict == "undefined"
    assert look(ws, NOW + 9 * DAY) is not None
    assert serving(ws) == 1


def test_production_is_guarded_while_another_version_is_on_trial(desk: Path) -> None:
    ws = released(desk)
    ws.train("calls", as_of=CALM, by="Ana Silva")
    asked = promotion.propose(
        ws.registry, "calls", 3, target="experimental", share=0.1, author="Ana",
        reason="next", evidence={}, at=SINCE,
    )  # fmt: skip
    promotion.approve(
        ws.registry, "calls", asked.id, approver="Dana", reason="go", at=SINCE
    )
    tallied(ws, 2, rows=60, errors=60)
    assert look(ws) is not None
    roles = ws.registry.roles("calls")
    assert roles["production"].number == 1
    assert "experimental" not in roles


def test_an_alert_that_a_killed_process_did_not_open_is_opened_at_the_next_look(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = released(desk)
    tallied(ws, 2, rows=60, errors=60)

    def killed(*told):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(guarding, "_alert", killed)
        with pytest.raises(KeyboardInterrupt):
            look(ws)
    assert (serving(ws), opened(ws, "rollback")) == (1, [])
    for later in (1, 2):
        look(ws, NOW + later * DAY)
    assert "rows that failed: 100.0%" in "".join(opened(ws, "rollback"))
    (alert,) = alerts.open_alerts(ws.registry, "calls")
    assert (alert.rule, alert.value, alert.threshold) == ("rollback", 1.0, 0.02)


def test_what_the_version_before_fails_on_too_is_not_held_against_it(
    desk: Path,
) -> None:
    ws = released(desk)
    tally = routing.Tally()
    hour = health.hour_of(SINCE + DAY)
    for _ in range(9):
        tally.add(
            "2", "production", hour, rows=1000, errors=1000, seconds=1.0, excused=1000
        )
        tally.add("1", "previous", hour, rows=1000, errors=1000, seconds=1.0)
    health.write(ws, "calls", tally, token="bad input")
    assert look(ws) is None
    assert serving(ws) == 2


def test_rows_without_a_score_in_the_log_are_missing_scores(desk: Path) -> None:
    ws = released(desk)
    answered(ws, np.full(80, np.nan))
    found = watchmen.posts(ws.view("calls", NOW))[0].missing()
    assert (found.n, found.verdict) == (80, "alert")


def test_late_answers_are_found_by_the_hour_or_by_twenty_calls(desk: Path) -> None:
    ws = released(desk)
    tally = routing.Tally()
    for day in range(1, 4):
        for hour in range(10):  # four calls an hour: five of them are a stretch
            at = health.hour_of(SINCE + day * DAY + timedelta(hours=hour))
            before = health.hour_of(SINCE - day * DAY + timedelta(hours=hour))
            for _ in range(4):
                tally.add("2", "production", at, rows=1, seconds=0.5)
                tally.add("2", "shadow", before, rows=900, seconds=9.0)
                tally.add("1", "production", before, rows=1, seconds=0.01)
    health.write(ws, "calls", tally, token="slow")
    found = watchmen.posts(ws.view("calls", SINCE + 4 * DAY))[0].latency()
    assert (found.value, found.n, found.verdict) == (1.0, 6, "alert")

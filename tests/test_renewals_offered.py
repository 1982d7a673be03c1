"""A rebuild with new columns: trained, tested, released and scored with them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lifecycle
from lifecycle import config, errors, recipes, training, workspace
from lifecycle.workspace import Workspace, columns, gating, making
from tests.calls import LIVE, SETTINGS, TURNED, WEEK, renew, rows_of

Terminal = Callable[..., tuple[int, str, str]]

SAID = {"offered": "web visits, plan", "sentence": "Rebuild with the new columns."}
REBUILD: dict[str, Any] = {"action": "rebuild", "recipe": "scaled_logistic", "span": 5}
REBUILD |= SAID
OFFERED = SETTINGS.replace(
    'numeric = ["age"]\n',
    'numeric = ["age"]\noffered_numeric = ["web visits"]\n'
    'offered_categorical = ["plan"]\n',
)
CHEAP = "[models.calls.costs]\nretrain = 100.0\nrebuild = 100.0\nhorizon_weeks = 26\n"


def wider(number: int) -> pd.DataFrame:
    """A week's calls; from going live on visits are told, and say who buys."""
    rows, rng = rows_of(number), np.random.default_rng(900 + number)
    visits = rng.uniform(0, 10, len(rows))
    plan = rng.choice(["free", "pro"], len(rows))
    seen = number >= 0
    rows["web visits"] = visits if seen else np.nan
    rows["plan"] = plan if seen else None
    if number >= 3:
        rows["outcome"] = (visits > 5).astype(float)
    return rows


def taken_in(ws: Workspace, rows: pd.DataFrame) -> None:
    ws.ingest("calls", "predictions", rows.drop(columns="outcome"), as_of=TURNED)
    known = rows[["id", "time", "outcome"]].assign(time=rows["time"] + 5 * WEEK / 7)
    ws.ingest("calls", "outcomes", known, as_of=TURNED)


@pytest.fixture(scope="module")
def offers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk on which the age no longer says who buys, and two new columns do."""
    place = tmp_path_factory.mktemp("offers") / "desk"
    workspace.init(place)
    (place / config.FILE).write_text(OFFERED)
    ws = lifecycle.open(place)
    rows = pd.concat([wider(number) for number in range(-8, 10)])
    rows.loc[rows["time"] < LIVE, "prediction"] = np.nan
    taken_in(ws, rows)
    ws.train("calls", as_of=LIVE, by="Ana Silva")
    asked = ws.propose("calls", 1, reason="first", by="Ana Silva", as_of=LIVE)
    ws.approve("calls", asked.id, reason="go", by="Dana Weber", as_of=LIVE)
    return place


@pytest.fixture
def desk(offers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "desk"
    shutil.copytree(offers, place)
    monkeypatch.chdir(place)
    monkeypatch.delenv("LIFECYCLE_UNATTENDED", raising=False)
    return place


@pytest.fixture(scope="module")
def released(offers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same desk with the wider version in production."""
    place = tmp_path_factory.mktemp("released") / "desk"
    shutil.copytree(offers, place)
    ws = lifecycle.open(place)
    done = renew(ws, REBUILD)
    ws.approve("calls", done.proposal, reason="go", by="Dana Weber", as_of=TURNED)
    return place


def lost(ws: Workspace, days: int = 7) -> None:
    """A week of rows that come without the new columns."""
    rows = rows_of(10).drop(columns="outcome")
    ws.ingest("calls", "predictions", rows, as_of=TURNED + timedelta(days=days))


# -- carried out ---------------------------------------------------------------


def test_a_rebuild_with_new_columns_is_trained_tested_and_proposed(desk: Path) -> None:
    ws, told = lifecycle.open(desk), []
    done = renew(ws, REBUILD, say=told.append)
    assert (done.outcome, done.version, done.proposal) == ("proposed", 2, 2)
    made = ws.registry.version("calls", 2)
    assert made.features == {"numeric": ["age", "web visits"], "categorical": ["plan"]}
    assert made.birth["offered"] == ["web visits", "plan"]
    assert ws.registry.version("calls", 1).features["numeric"] == ["age"]
    assert done.tested["passed"] is True
    assert done.tested["saved"]["lower"] > 0.3
    assert "with web visits, plan" in told[1]


def test_the_ruling_itself_asks_for_it_and_the_tick_carries_it_out(desk: Path) -> None:
    (desk / config.FILE).write_text(OFFERED + CHEAP)
    ws = lifecycle.open(desk)
    said = ws.view("calls", TURNED).ruling()
    assert (said.action, said.offered) == ("rebuild", "web visits, plan")
    done = renew(ws, said.facts(), why="alert")
    assert done.outcome == "proposed"
    made = ws.registry.version("calls", done.version or 0)
    assert "web visits" in made.features["numeric"]


def test_it_goes_live_by_itself_where_the_settings_let_a_rebuild(desk: Path) -> None:
    bounds = '[models.calls.promote]\nauto = true\ntarget = "production"\n'
    (desk / config.FILE).write_text(OFFERED + bounds + 'actions = ["rebuild"]\n')
    ws = lifecycle.open(desk)
    assert renew(ws, REBUILD).outcome == "promoted"
    assert ws.registry.roles("calls")["production"].number == 2


def test_it_is_fitted_to_what_the_back_test_fitted_it_to(desk: Path) -> None:
    ws = lifecycle.open(desk)
    facts = {**REBUILD, "span": 4}
    made = making.make(ws, "calls", facts, as_of=TURNED, author="a", source="")
    view = ws.view("calls", TURNED)
    known = view.mature[view.mature["time"] >= made.trained_from]
    known = known[known["time"] <= made.trained_to]
    assert len(known) == made.birth["rows"]
    again = training.train(
        known,
        recipes.load("scaled_logistic"),
        numeric=["age", "web visits"],
        categorical=["plan"],
        seed=0,
    )
    assert again.birth["data_sha256"] == made.birth["data_sha256"]


def test_a_version_with_new_columns_can_be_made_again(
    desk: Path, terminal: Terminal
) -> None:
    ws = lifecycle.open(desk)
    renew(ws, REBUILD)
    code, out, err = terminal("reproduce", "calls", 2, "--json")
    assert (code, err) == (0, ""), out
    assert '"agreement": 1.0' in out


@pytest.mark.parametrize(
    ("offered", "words"),
    [
        ("salary", "only 0 rows to train calls on have the new column 'salary'"),
        ("web visits, salary", "have the new column 'salary' that the ruling asks for"),
    ],
)
def test_a_column_the_log_does_not_have_ends_the_renewal_with_a_sentence(
    desk: Path, offered: str, words: str
) -> None:
    ws = lifecycle.open(desk)
    done = renew(ws, {**REBUILD, "offered": offered})
    assert (done.outcome, done.version) == ("refused", None)
    assert words in done.sentence
    assert len(ws.registry.versions("calls")) == 1


def test_a_column_that_has_only_come_up_is_waited_for(desk: Path) -> None:
    ws = lifecycle.open(desk)
    done = renew(ws, REBUILD, as_of=LIVE + WEEK)
    assert done.outcome == "refused"
    assert "rows to train calls on have the new column 'web visits'" in done.sentence


def test_a_column_with_a_comma_in_its_name_is_the_one_meant(desk: Path) -> None:
    view = lifecycle.open(desk).view("calls", TURNED)
    rows = view.labelled.rename(columns={"web visits": "visits, web"})
    found = columns.asked(view, rows, "visits, web, plan", least=50)
    assert found == (["visits, web"], ["plan"])


# -- the gate ------------------------------------------------------------------


def test_the_gate_compares_on_chunks_that_have_the_columns(desk: Path) -> None:
    ws = lifecycle.open(desk)
    rows = pd.concat([wider(number) for number in range(-8, 10)])
    rows.loc[rows["time"] < LIVE, "prediction"] = np.nan
    gap = (rows["time"] >= LIVE + 7 * WEEK) & (rows["time"] < LIVE + 8 * WEEK)
    rows.loc[gap, ["web visits", "plan"]] = np.nan
    shutil.rmtree(desk / "logs")
    taken_in(ws, rows)
    made = making.make(ws, "calls", REBUILD, as_of=TURNED, author="a", source="")
    view = ws.view("calls", TURNED)
    known = view.mature
    has = columns.having(view, made, known)
    in_gap = known["id"].str.startswith("7-")
    assert in_gap.any()
    assert not has[in_gap].any()
    assert has[known["id"].str.startswith("8-")].all()
    assert columns.having(view, ws.registry.version("calls", 1), known).all()


def test_where_no_row_has_the_columns_there_is_nothing_to_compare_on(
    desk: Path,
) -> None:
    ws = lifecycle.open(desk)
    made = making.make(ws, "calls", REBUILD, as_of=TURNED, author="a", source="")
    later = pd.concat([rows_of(10), rows_of(11)])
    shutil.rmtree(desk / "logs")
    rows = pd.concat([wider(number) for number in range(-8, 7)])
    taken_in(ws, pd.concat([rows, later]))
    view = ws.view("calls", LIVE + 13 * WEEK)
    with pytest.raises(errors.NotEnoughData, match="has 'web visits', 'plan', which"):
        gating.evaluate(view, made)


# -- released ------------------------------------------------------------------


def test_a_version_whose_columns_the_newest_rows_lack_is_not_proposed(
    desk: Path,
) -> None:
    ws = lifecycle.open(desk)
    making.make(ws, "calls", REBUILD, as_of=TURNED, author="a", source="")
    lost(ws)
    at = TURNED + WEEK
    with pytest.raises(errors.IllegalMove) as refused:
        ws.propose("calls", 2, reason="r", by="Ana Silva", as_of=at)
    assert str(refused.value) == (
        "version 2 of calls reads 'web visits', which 80 of the log's newest 200 rows "
        "have; name it among the offered columns of the settings, and send rows with "
        "it first"
    )
    done = renew(ws, {"action": "roll_back", "version": 2}, as_of=at)
    assert done.outcome == "refused"
    assert "reads 'web visits'" in done.sentence


def test_columns_that_get_lost_while_a_proposal_waits_keep_it_from_going_live(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = '[models.calls.promote]\nauto = true\nactions = ["rebuild"]\n'
    (desk / config.FILE).write_text(OFFERED + bounds)
    ws = lifecycle.open(desk)

    def stop(*_args: Any, **_more: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(workspace.renewing.promotion, "promote_within", stop)
        with pytest.raises(KeyboardInterrupt):
            renew(ws, REBUILD)
    lost(ws)
    done = renew(ws, REBUILD, as_of=TURNED + WEEK, moved=2 * WEEK)
    assert done.outcome == "proposed"
    assert "reads 'web visits'" in done.sentence
    assert ws.registry.roles("calls")["production"].number == 1


def test_nobody_approves_a_version_whose_columns_are_lost(desk: Path) -> None:
    ws = lifecycle.open(desk)
    done = renew(ws, REBUILD)
    lost(ws)
    at = TURNED + WEEK
    with pytest.raises(errors.IllegalMove, match="version 2 of calls reads 'web vis"):
        ws.approve("calls", done.proposal, reason="go", by="Dana Weber", as_of=at)
    assert ws.registry.roles("calls")["production"].number == 1


def test_a_first_version_is_asked_for_no_columns(desk: Path) -> None:
    ws = lifecycle.open(desk)
    view = ws.view("calls", LIVE - WEEK)
    assert view.production is None
    assert columns.new(view, ws.registry.version("calls", 1)) == {}


# -- in production -------------------------------------------------------------


def test_a_file_is_scored_with_the_versions_own_columns(
    released: Path, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "desk"
    shutil.copytree(released, place)
    monkeypatch.chdir(place)
    rows = wider(10)
    sent = tmp_path / "calls.csv"
    rows.drop(columns=["outcome", "prediction"]).to_csv(sent, index=False)
    out = tmp_path / "said.csv"
    code, _, err = terminal(
        "score", "calls", sent, "--out", out, "--as-of", "2024-05-20"
    )
    assert (code, err) == (0, "")
    said = pd.read_csv(out)
    assert set(said["version"]) == {2}
    assert (said["prediction"] == rows["outcome"].to_numpy()).mean() > 0.9
    kept = lifecycle.open(place).logs("calls").predictions()
    assert kept.loc[kept["id"] == "10-0", "web visits"].notna().all()


def test_a_file_without_them_is_answered_by_the_version_before_that_can_read_it(
    released: Path, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "desk"
    shutil.copytree(released, place)
    monkeypatch.chdir(place)
    sent = tmp_path / "calls.csv"
    rows_of(10)[["id", "time", "age"]].to_csv(sent, index=False)
    assert terminal("score", "calls", sent, "--as-of", "2024-05-20")[0] == 0
    kept = lifecycle.open(place).logs("calls").predictions()
    mine = kept[kept["id"].str.startswith("10-")]
    assert len(mine) == len(rows_of(10))
    assert set(zip(mine["version"], mine["role"], strict=True)) == {("1", "previous")}


def test_the_pages_watch_and_train_on_the_columns_of_the_version_in_production(
    released: Path,
) -> None:
    ws = lifecycle.open(released)
    view = ws.view("calls", TURNED)
    assert view.settings.features.names == ("age", "web visits", "plan")
    assert view.settings.features.offered == ()
    assert columns.offered(view, view.labelled) == ([], [])
    before = ws.view("calls", TURNED - WEEK)
    assert before.settings.features.names == ("age",)
    assert ws.model("calls").features.names == ("age",)


@pytest.mark.parametrize(
    "facts",
    [
        {"action": "retrain", "span": 3},
        {"action": "recalibrate"},
        {"action": "retrain", "go_on": True},
    ],
    ids=["retrained", "mapped anew", "went on"],
)
def test_whatever_comes_after_reads_them_too(
    released: Path, tmp_path: Path, facts: dict[str, Any]
) -> None:
    place = tmp_path / "desk"
    shutil.copytree(released, place)
    ws = lifecycle.open(place)
    at = TURNED + 3 * WEEK
    taken_in(ws, pd.concat([wider(number) for number in (10, 11, 12)]))
    made = making.make(ws, "calls", facts, as_of=at, author="a", source="")
    assert made.features == {"numeric": ["age", "web visits"], "categorical": ["plan"]}
    assert made.birth["offered"] == ["web visits", "plan"]


def test_once_the_settings_name_them_they_are_ordinary_columns(
    released: Path, tmp_path: Path
) -> None:
    place = tmp_path / "desk"
    shutil.copytree(released, place)
    named = SETTINGS.replace('["age"]', '["web visits", "age"]\ncategorical = ["plan"]')
    (place / config.FILE).write_text(named)
    ws = lifecycle.open(place)
    view = ws.view("calls", TURNED)
    assert view.settings is ws.model("calls")
    assert view.settings.features.names == ("web visits", "age", "plan")
    facts = {"action": "retrain"}
    made = making.make(ws, "calls", facts, as_of=TURNED, author="a", source="")
    assert made.birth["offered"] is None


def test_after_a_roll_back_they_are_on_offer_again(
    released: Path, tmp_path: Path
) -> None:
    place = tmp_path / "desk"
    shutil.copytree(released, place)
    ws = lifecycle.open(place)
    ws.rollback("calls", reason="worse", by="Ana Silva", as_of=TURNED + WEEK)
    view = ws.view("calls", TURNED + WEEK)
    assert view.settings.features.names == ("age",)
    assert columns.offered(view, view.labelled) == (["web visits"], ["plan"])

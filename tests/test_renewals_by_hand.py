"""A renewal that a person asks for, and a version that is made again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lifecycle
from lifecycle import config
from tests.calls import CALM, RETRAIN, SETTINGS, TURNED, changed, go, renew
from tests.calls import desk as desk
from tests.calls import told as told

Terminal = Callable[..., tuple[int, str, str]]

# -- by hand -------------------------------------------------------------------


def test_renew_goes_from_the_ruling_to_a_proposal_in_one_go(
    desk: Path, terminal: Terminal
) -> None:
    cheap = "[models.calls.costs]\nretrain = 1.0\nrebuild = 1e6\n"
    ws = changed(desk, cheap + "[models.calls.release]\nspans = [3]\n")
    code, out, err = terminal(
        *("renew", "calls", "--as-of", "2024-05-13", "--why", "sales complained"),
        *("--as", "Ana Silva"),
    )
    assert (code, err) == (0, "")
    (done,) = ws.registry.renewals("calls")
    assert (done.why, done.outcome, done.ruling["action"]) == (
        "by hand",
        "proposed",
        "retrain",
    )
    lines = out.splitlines()
    assert lines[0].startswith("calls: Retrain on the last 3 weeks: expected ")
    assert lines[1].startswith("calls: version 2 is trained, scaled_logistic on ")
    assert lines[-1] == "calls: version 2 is proposed (retrain), proposal 2"
    asked = ws.view("calls", TURNED).proposal()
    assert asked is not None
    assert asked.author == "Ana Silva"
    assert asked.reason.startswith("sales complained. Retrain on the last 3 weeks: ")

    code, out, err = terminal("renewals", "calls")
    assert code == 0
    assert "by hand" in out
    assert "proposed" in out
    code, out, err = terminal("renewals", "calls", "--json")
    assert '"outcome": "proposed"' in out
    assert "holder" not in out

    code, out, err = terminal("reproduce", "calls", 2)
    assert (code, err) == (0, "")
    assert out.startswith("version 2 of calls: ")


def test_why_a_person_asked_is_told_where_the_ruling_is_to_keep(
    desk: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    ws = changed(desk, "[models.calls.costs]\nretrain = 1e9\nrebuild = 1e9\n")
    words = ("renew", "calls", "--as-of", "2024-05-13", "--as", "Ana Silva")
    code, out, _ = terminal(*words, "--why", "sales\n complained")
    assert code == 0
    (done,) = ws.registry.renewals("calls")
    assert done.outcome == "kept"
    assert out.splitlines()[-1] == done.sentence
    assert done.sentence == (
        "calls: the ruling is to keep the version in production (Ana Silva had asked "
        "for a renewal: sales complained)"
    )
    listed = terminal("renewals", "calls")[1]
    assert "Ana Silva had asked for it: sales" in listed
    shown = ws.view("calls", TURNED).promises()
    assert shown.facts()  # the page of earlier rulings can be told


def test_an_endless_reason_is_cut_and_stays_on_one_line(desk: Path) -> None:
    ws = lifecycle.open(desk)
    facts = {"action": "keep", "asked": "no\n" * 500, "asked_by": "Ana"}
    done = renew(ws, facts, why="by hand")
    assert "\n" not in done.sentence
    assert len(done.sentence) < 400


def test_without_renewals_the_book_says_so(desk: Path, terminal: Terminal) -> None:
    code, out, err = terminal("renewals", "calls")
    assert (code, out, err) == (0, "nothing has been ruled on calls yet\n", "")
    assert terminal("renewals", "cals")[0] == 30


def test_a_renewal_by_hand_takes_a_person(
    desk: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFECYCLE_UNATTENDED", "1")
    code, _, err = terminal("renew", "calls")
    assert code == 30
    assert err.startswith("renewing calls by hand takes a person")


def test_a_renewal_that_can_do_nothing_ends_with_code_30(
    desk: Path, terminal: Terminal
) -> None:
    text = SETTINGS.replace("calls", "others")
    (desk / config.FILE).write_text(text)
    code, out, _ = terminal("renew", "others", "--as-of", "2024-05-13")
    assert code == 30
    assert out.splitlines()[-1] == (
        "others: no version is in production yet; train and approve one"
    )


@pytest.mark.parametrize(
    "facts",
    [RETRAIN, {"action": "recalibrate"}, {"action": "retrain", "go_on": True}],
    ids=["retrained", "mapped anew", "could not go on"],
)
def test_whatever_a_renewal_makes_can_be_made_again(
    desk: Path, terminal: Terminal, facts: dict[str, Any]
) -> None:
    ws = lifecycle.open(desk)
    assert renew(ws, facts, as_of=CALM).version == 2
    code, out, err = terminal("reproduce", "calls", 2, "--json")
    assert (code, err) == (0, ""), out
    assert '"agreement": 1.0' in out
    assert '"verdict": "quiet"' in out


def test_a_champion_that_can_goes_on_learning_and_can_be_made_again(
    desk: Path, terminal: Terminal
) -> None:
    ws = changed(desk, '[models.calls.renewal]\ncontinuous = "update"\n')
    ws.train("calls", as_of=CALM, recipe="extra_trees", by="Ana Silva")
    asked = ws.propose("calls", 2, reason="r", by="Ana Silva", as_of=CALM)
    ws.approve("calls", asked.id, reason="go", by="Dana Weber", as_of=CALM)
    assert len(go(ws, TURNED)) == 1
    made = ws.registry.version("calls", 3)
    assert (made.birth["parent"], made.recipe) == (2, "extra_trees")
    assert made.birth["going_on"]["more"] > 0
    (done,) = ws.registry.renewals("calls")
    assert done.ruling["sentence"] == "Continuous renewal: version 2 went on learning."
    assert done.outcome in ("proposed", "failed the gate")
    code, out, err = terminal("reproduce", "calls", 3)
    assert (code, err) == (0, ""), out


def test_a_champion_that_cannot_go_on_is_fitted_anew_and_says_why(desk: Path) -> None:
    ws = changed(desk, '[models.calls.renewal]\ncontinuous = "update"\n')
    assert len(go(ws, TURNED)) == 1
    made = ws.registry.version("calls", 2)
    assert "parent" not in made.birth
    assert made.birth["instead"].endswith('renewal.continuous to "refit"')


def test_a_version_that_is_not_the_same_again_ends_with_code_10(
    desk: Path, terminal: Terminal
) -> None:
    ws = lifecycle.open(desk)
    (desk / "recipes").mkdir(exist_ok=True)
    recipe = desk / "recipes" / "mine.py"
    code = (
        "from sklearn.linear_model import LogisticRegression\n\n"
        "def estimator(numeric, categorical, seed):\n"
        "    return LogisticRegression(C=1.0)\n"
    )
    recipe.write_text(code)
    assert renew(ws, {"action": "rebuild", "recipe": "mine"}).version == 2
    shutil.rmtree(desk / "recipes" / ".versions")
    recipe.write_text(code.replace("1.0", "0.001"))
    exit_code, out, _ = terminal("reproduce", "calls", 2)
    assert exit_code == 10, out
    assert "recipe" in out

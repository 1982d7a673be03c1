"""The terminal: moves by command, refusals in a sentence, output for machines."""

from __future__ import annotations

import contextlib
import getpass
import json
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lifecycle
from lifecycle import cli, promotion, workspace

NOW = datetime(2024, 6, 3, tzinfo=UTC)
SETTINGS = """\
[workspace]
title = "Calls"
as_of = 2024-06-03T00:00:00Z

[models.calls]
owner = "Ana Silva <ana@bank.example>"
task = "binary"
id = "call"
time = "called at"
outcome = "subscribed"
label_delay_days = 7
recipe = "scaled_logistic"

[models.calls.features]
numeric = ["age", "visits"]
categorical = ["job"]

[models.calls.release]
holdout_chunks = 3
"""

Terminal = Callable[..., tuple[int, str, str]]


def calls(first: int, count: int) -> pd.DataFrame:
    """Four calls a day from January 2024; who is older than forty subscribes."""
    rng = np.random.default_rng(first)
    number = np.arange(first, first + count)
    age = rng.uniform(20, 60, count).round()
    begin = pd.Timestamp("2024-01-01", tz="UTC")
    return pd.DataFrame(
        {
            "call": number.astype(str),
            "called at": begin + pd.to_timedelta(number * 6, unit="h"),
            "age": age,
            "visits": rng.poisson(3, count),
            "job": rng.choice(["nurse", "pilot"], count),
            "subscribed": (age + rng.normal(0, 5, count) > 40).astype(int),
        }
    )


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with history and a first version in production."""
    place = tmp_path_factory.mktemp("cli") / "my models"
    workspace.init(place)
    (place / "lifecycle.toml").write_text(SETTINGS)
    ws = lifecycle.open(place)
    history = place / "history.csv"
    calls(0, 400).to_csv(history, index=False)
    ws.ingest("calls", "predictions", history)
    ws.ingest("calls", "outcomes", history, as_of="2024-04-20")
    ws.train("calls", as_of="2024-04-20", by="Ana Silva")
    asked = ws.propose("calls", 1, reason="first", by="Ana Silva", as_of="2024-04-20")
    ws.approve("calls", asked.id, reason="go", by="Dana Weber", as_of="2024-04-20")
    return place


@pytest.fixture
def desk(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "my models"
    shutil.copytree(prepared, place)
    monkeypatch.chdir(place)
    return place


def refused(told: tuple[int, str, str]) -> str:
    """The one sentence of a refusal."""
    code, out, err = told
    assert (code, out, err.count("\n")) == (30, "", 1)
    return err.rstrip("\n")


# -- workspaces ----------------------------------------------------------------


def test_a_workspace_is_made_once_and_nothing_is_overwritten(
    tmp_path: Path, terminal: Terminal
) -> None:
    place = tmp_path / "mine"
    (place / "notebooks").mkdir(parents=True)
    (place / "notebooks" / "audit.ipynb").write_text("my own")
    (place / ".gitignore").write_text("secret\n")
    assert terminal("init", place)[0] == 0
    assert (place / "notebooks" / "audit.ipynb").read_text() == "my own"
    assert (place / ".gitignore").read_text() == "secret\n"
    assert (place / "notebooks" / "drift.ipynb").exists()
    toml = (place / "lifecycle.toml").read_text()
    sentence = refused(terminal("init", place))
    assert "is there already; choose another directory, or edit it" in sentence
    for name in ("blank", "lead-scoring"):
        refused(terminal("init", place, "--scenario", name))
    assert (place / "lifecycle.toml").read_text() == toml


def test_a_file_in_the_way_and_an_unknown_scenario_are_one_sentence(
    tmp_path: Path, terminal: Terminal
) -> None:
    (tmp_path / "file").write_text("")
    sentence = refused(terminal("init", tmp_path / "file" / "deep"))
    assert sentence.endswith("file is a file; name a directory")
    sentence = refused(terminal("init", tmp_path / "new", "--scenario", "churn"))
    assert (
        "there is no scenario 'churn'; choose blank, lead-scoring, fraud or chatbot"
        in sentence
    )
    assert not (tmp_path / "new").exists()


def test_the_workspace_is_found_from_a_directory_inside_it(
    desk: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = desk / "recipes" / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert "calls" in terminal("status")[1]
    monkeypatch.chdir(desk.parent)
    sentence = refused(terminal("status"))
    assert sentence.startswith("no lifecycle.toml in ")
    assert sentence.endswith("name a workspace with --workspace DIR")
    assert "calls" in terminal("--workspace", desk, "status")[1]
    sentence = refused(terminal("-w", desk / "recipes", "status"))
    assert "run `lifecycle init" in sentence


def test_broken_settings_are_a_list_with_a_remedy_each(
    desk: Path, terminal: Terminal
) -> None:
    broken = SETTINGS.replace('owner = "Ana Silva <ana@bank.example>"\n', "")
    broken = broken.replace("label_delay_days = 7", 'label_delay_day = "soon"')
    (desk / "lifecycle.toml").write_text(broken)
    code, out, err = terminal("status")
    assert (code, out) == (30, "")
    assert err.splitlines() == [
        'lifecycle.toml: models.calls.owner is missing; add owner = "Name <mail>", '
        "the person who answers for the model",
        "lifecycle.toml: models.calls.label_delay_days is missing; say after how many "
        "days an outcome is due",
        "lifecycle.toml: models.calls.label_delay_day is not a setting; did you mean "
        "label_delay_days?",
    ]
    (desk / "lifecycle.toml").write_text("[workspace\n")
    assert "this is not TOML" in refused(terminal("status"))


@pytest.mark.parametrize(
    "words",
    [
        ("frobnicate",),
        ("ingest",),
        ("ingest", "calls", "leads", "f.csv"),
        ("propose", "calls", "one", "--reason", "x"),
        ("approve", "calls"),
        ("status", "--jsn"),
    ],
    ids=" ".join,
)
def test_a_wrong_use_of_a_command_exits_with_30(
    words: tuple[str, ...], desk: Path, terminal: Terminal
) -> None:
    code, out, err = terminal(*words)
    assert (code, out) == (30, "")
    assert "Usage: lifecycle" in err


# -- moves ---------------------------------------------------------------------


def test_a_version_goes_its_whole_way_by_command(
    desk: Path, terminal: Terminal
) -> None:
    code, out, _ = terminal("train", "calls", "--as", "Ana Silva")
    assert code == 0
    assert out.startswith("version 2 of calls: scaled_logistic, trained on 2024-01-01")
    code, out, _ = terminal(
        "propose", "calls", 2, "--reason", "newer", "--as", "Ana Silva"
    )
    assert code == 0
    assert out.startswith(
        "proposal 2 of calls: version 2 for production, compared with version 1\n"
    )
    digest = out.split("digest")[1].strip()
    assert "version 2 waits for an approval" in terminal("status")[1]
    sentence = refused(terminal("propose", "calls", 2, "--reason", "again"))
    assert "is proposed already (proposal 2); decide or withdraw" in sentence
    code, out, _ = terminal(
        *("approve", "calls", "--share", 0.25, "--reason", "a trial"),
        *("--as", "Dana Weber", "--digest", digest),
    )
    assert (code, out) == (
        0,
        "approved: version 2 of calls is on trial with 25% of the traffic\n",
    )
    assert "1 (2 on trial)" in terminal("status")[1]
    sentence = refused(terminal("approve", "calls", 2, "--reason", "again"))
    assert "proposal 2 of calls was approved by Dana Weber on 2024-06-03" in sentence
    code, out, _ = terminal("rollback", "calls", "--reason", "worse")
    assert (code, out) == (
        0,
        "version 2 of calls was rolled back; version 1 has all the traffic\n",
    )
    moves = json.loads(terminal("history", "calls", "--json")[1])
    assert [(move["move"], move["actor"], move["source"]) for move in moves[3:]] == [
        ("register", "Ana Silva", "given"),
        ("propose", "Ana Silva", "given"),
        ("approve", "Dana Weber", "given"),
        ("roll back", getpass.getuser(), "os"),
    ]
    assert lifecycle.open(desk).registry.verify_ledger() is None


def test_a_rejected_version_stays_where_it_was(desk: Path, terminal: Terminal) -> None:
    terminal("train", "calls")
    terminal("propose", "calls", 2, "--reason", "newer", "--share", 0.2)
    code, out, _ = terminal("reject", "calls", "--reason", "too early")
    assert (code, out) == (0, "rejected: proposal 2 of calls was rejected\n")
    assert json.loads(terminal("status", "--json")[1])[0]["production"] == 1


def test_who_acts_is_known_from_the_system_when_nobody_is_named(
    desk: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal("train", "calls")
    terminal("propose", "calls", 2, "--reason", "newer")
    monkeypatch.setenv("JUPYTERHUB_USER", "dana")
    terminal("reject", "calls", "--reason", "no")
    asked, rejected = json.loads(terminal("history", "calls", "--json")[1])[-2:]
    assert (asked["actor"], asked["source"]) == (getpass.getuser(), "os")
    assert asked["verified"] is False
    assert (rejected["actor"], rejected["source"]) == ("dana", "environment")
    assert rejected["verified"] is False  # no hub was asked
    assert terminal("whoami")[1] == "dana (environment, not verified)\n"


def test_moves_that_are_not_possible_are_one_sentence(
    desk: Path, terminal: Terminal
) -> None:
    said = {
        ("propose", "calls", 9): "calls has no version 9",
        ("propose", "calls", 1): "version 1",
        ("approve", "calls"): "nothing of calls waits for a decision",
        ("approve", "calls", 9): "calls has no proposal 9",
        ("reject", "calls"): "nothing of calls waits for a decision",
        ("rollback", "calls"): "calls has no previous version to return to",
        ("rollback", "calls", "--to", 9): "version 9",
        ("rollback", "call"): "no model 'call' here; did you mean calls?",
        ("approve", "call"): "no model 'call' here; did you mean calls?",
    }
    before = terminal("history", "calls", "--json")[1]
    for words, sentence in said.items():
        assert sentence in refused(terminal(*words, "--reason", "because"))
    terminal("train", "calls")
    before = terminal("history", "calls", "--json")[1]
    for share in (0, 1.5, -1):
        refused(terminal("propose", "calls", 2, "--reason", "x", "--share", share))
    refused(terminal("propose", "calls", 2, "--reason", "  "))
    assert terminal("history", "calls", "--json")[1] == before


def test_training_that_is_not_possible_is_one_sentence(
    desk: Path, terminal: Terminal
) -> None:
    sentence = refused(terminal("train", "calls", "--recipe", "boosted_tree"))
    assert "did you mean 'boosted_trees'?" in sentence
    sentence = refused(terminal("train", "calls", "--from", "last week"))
    assert "'last week' is no moment" in sentence
    sentence = refused(terminal("train", "calls", "--from", "2024-04-01"))
    assert "50 are needed to train" in sentence


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            "def estimator(numeric, categorical, seed)\n    return None\n",
            "recipes/mine.py, line 1: SyntaxError: expected ':'; mend the recipe",
        ),
        (
            "import numpy\n",
            "recipes/mine.py has no function estimator(numeric, categorical, seed); "
            "write one that returns an unfitted scikit-learn classifier or regressor",
        ),
        (
            "\ndef estimator(numeric, categorical, seed):\n    return 1 / 0\n",
            "recipes/mine.py, line 3: ZeroDivisionError: division by zero; mend the "
            "recipe",
        ),
        (
            "import no_such_library\n",
            "recipes/mine.py, line 1: ModuleNotFoundError: No module named "
            "'no_such_library'; mend the recipe",
        ),
    ],
    ids=["syntax", "no function", "raises", "import"],
)
def test_a_broken_recipe_is_one_sentence_with_file_and_line(
    source: str, sentence: str, desk: Path, terminal: Terminal
) -> None:
    (desk / "recipes" / "mine.py").write_text(source)
    assert refused(terminal("train", "calls", "--recipe", "mine")) == sentence
    assert len(lifecycle.open(desk).registry.versions("calls")) == 1


# -- scoring -------------------------------------------------------------------


def test_rows_are_scored_once_and_given_as_logged_after_that(
    desk: Path, terminal: Terminal
) -> None:
    calls(400, 30).to_csv("may.csv", index=False)
    code, out, _ = terminal("score", "calls", "may.csv", "--out", "first.csv")
    assert (code, out) == (0, "may.csv: 30 rows scored and logged\nfirst.csv\n")
    scored = pd.read_csv("first.csv")
    assert list(scored) == ["call", "score", "prediction", "version", "role"]
    assert scored["version"].eq(1).all()
    assert scored["role"].eq("production").all()
    assert scored["prediction"].eq((scored["score"] >= 0.5).astype(float)).all()

    terminal("train", "calls", "--recipe", "boosted_trees")
    digest = terminal("propose", "calls", 2, "--reason", "newer")[1].split()[-1]
    terminal("approve", "calls", "--reason", "go", "--digest", digest)
    later = pd.concat([calls(400, 30), calls(430, 10)])
    later.to_csv("june.csv", index=False)
    code, out, _ = terminal("score", "calls", "june.csv", "--out", "second.csv")
    assert code == 0
    assert out == (
        "june.csv: 10 rows scored and logged, 30 logged before and given as they are "
        "logged\nsecond.csv\n"
    )
    second = pd.read_csv("second.csv")
    pd.testing.assert_frame_equal(second.head(30), scored)
    assert second["version"].tail(10).eq(2).all()
    assert lifecycle.open(desk).logs("calls").count("predictions") == 440

    versions = lifecycle.open(desk).logs("calls").versions()
    code, out, _ = terminal("score", "calls", "june.csv", "--out", "third.csv")
    assert "june.csv: 0 rows scored and logged, 40 logged before" in out
    assert Path("third.csv").read_bytes() == Path("second.csv").read_bytes()
    assert lifecycle.open(desk).logs("calls").versions() == versions


def test_scoring_refuses_rows_the_log_knows_otherwise(
    desk: Path, terminal: Terminal
) -> None:
    rows = calls(400, 3)
    rows.to_csv("a.csv", index=False)
    terminal("score", "calls", "a.csv")
    rows.loc[1, "age"] = 99
    rows.to_csv("b.csv", index=False)
    sentence = refused(terminal("score", "calls", "b.csv", "--out", "out.csv"))
    assert sentence.startswith("b.csv: line 3, column 'call': '401' is in the log with")
    assert sentence.endswith("now 99; give the row a new id or leave it out")
    calls(0, 400).head(1).to_csv("old.csv", index=False)
    assert refused(terminal("score", "calls", "old.csv")) == (
        "old.csv: line 2, column 'call': '0' is in the log as history, without a "
        "prediction; leave the row out, or give it a new id"
    )
    assert not Path("out.csv").exists()
    assert lifecycle.open(desk).logs("calls").count("predictions") == 403


def test_scores_are_written_whole_or_not_at_all(
    desk: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls(400, 3).to_csv("a.csv", index=False)
    sentence = refused(terminal("score", "calls", "a.csv", "--out", "no/where.csv"))
    assert sentence == (
        "no/where.csv cannot be written; name a file in a directory that exists"
    )
    assert lifecycle.open(desk).logs("calls").count("predictions") == 400
    Path("out.csv").write_text("yesterday's")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(target))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        sentence = refused(terminal("score", "calls", "a.csv", "--out", "out.csv"))
    assert sentence == ("out.csv: No space left on device; check path and permissions")
    assert Path("out.csv").read_text() == "yesterday's"
    assert not list(desk.glob(".out.csv*"))
    terminal("score", "calls", "a.csv", "--out", "out.csv")
    assert len(pd.read_csv("out.csv")) == 3


def test_without_a_version_in_production_nothing_is_scored(
    tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal("init", tmp_path)
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("id,time,feature_1\n1,2024-01-01,1\n")
    assert refused(terminal("score", "my-model", "a.csv")) == (
        "my-model has no version in production; train one, propose it and approve it"
    )
    assert lifecycle.open(tmp_path).logs("my-model").count("predictions") == 0


# -- looking -------------------------------------------------------------------


def test_status_for_machines_has_the_same_keys_always(
    desk: Path, terminal: Terminal
) -> None:
    told = json.loads(terminal("status", "--json")[1], parse_constant=pytest.fail)
    keys = [
        "model",
        "owner",
        "verdict",
        "production",
        "experimental",
        "accuracy",
        "alerts",
        "pending",
        "last_run",
        "next_run",
        "unrun",
        "deputy",
        "review_by",
    ]
    assert [list(each) for each in told] == [keys]
    assert told[0]["production"] == 1
    assert told[0]["accuracy"] is None


def test_history_for_machines_has_the_same_keys_always(
    desk: Path, terminal: Terminal
) -> None:
    told = json.loads(terminal("history", "calls", "--json")[1])
    keys = {
        "seq",
        "at",
        "model",
        "move",
        "number",
        "proposal",
        "actor",
        "source",
        "verified",
        "reason",
        "evidence",
        "before",
        "after",
        "previous",
        "hash",
    }
    assert all(set(each) == keys for each in told)
    assert [each["move"] for each in told] == ["register", "propose", "approve"]
    assert told[-1]["after"]["production"] == 1
    assert datetime.fromisoformat(told[-1]["at"]) == datetime(2024, 4, 20, tzinfo=UTC)


@pytest.mark.parametrize("width", [80, 120])
def test_tables_fit_the_terminal(
    width: int, desk: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    status = terminal("status")[1].splitlines()
    assert status[0].split() == [
        "model",
        "health",
        "accuracy",
        "live",
        "report",
        "(UTC)",
        "owner",
    ]
    assert status[1].split() == ["calls", "undefined", "–", "1", "–", "Ana", "Silva"]
    history = terminal("history", "calls")[1].splitlines()
    assert history[0].split()[:3] == ["when", "(UTC)", "who"]
    assert history[1].startswith("2024-04-20 00:00  Ana Silva   register  1")
    assert max(map(len, status + history)) <= width


def test_nothing_yet_is_said_in_words(
    tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal("init", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert (
        terminal("history", "my-model")[1] == "nothing has happened to my-model yet\n"
    )
    assert terminal("history", "my-model", "--json")[1] == "[]\n"
    (tmp_path / "lifecycle.toml").write_text("")
    assert terminal("status")[1] == (
        "lifecycle.toml names no model yet; add a [models.NAME] table\n"
    )
    assert json.loads(terminal("status", "--json")[1]) == []


def test_names_cannot_steer_the_terminal(desk: Path, terminal: Terminal) -> None:
    evil = r"\u001b[2J\u202eAna\u009b31m\u2066"
    text = SETTINGS.replace("Ana Silva <ana@bank.example>", evil)
    (desk / "lifecycle.toml").write_text(text, encoding="utf-8")
    raw = evil.encode().decode("unicode_escape")
    terminal("train", "calls", "--as", raw)
    terminal("propose", "calls", 2, "--reason", f"because {raw}", "--as", raw)
    for words in (("status",), ("history", "calls")):
        for more in ((), ("--json",)):
            code, out, err = terminal(*words, *more)
            assert (code, err) == (0, "")
            assert "Ana" in out
            assert all(c.isprintable() or c == "\n" for c in out)
    told: list[dict[str, Any]] = json.loads(terminal("status", "--json")[1])
    assert told[0]["owner"] == raw


def test_no_secret_of_the_environment_or_the_settings_is_printed(
    desk: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFECYCLE_TOKEN", "hunter2")
    text = SETTINGS.replace(
        "[workspace]",
        '[workspace]\nregistry = "postgresql://bob:hunter2@127.0.0.1:1/x"',
    )
    (desk / "lifecycle.toml").write_text(text)
    for words in (("status",), ("history", "calls"), ("train", "calls")):
        code, out, err = terminal(*words)
        assert code == 30
        assert "hunter2" not in out + err


@pytest.mark.parametrize(
    "words",
    [
        ["--workspace", "{desk}", "status", "--json"],
        ["status", "--json", "--workspace", "{desk}"],
        ["status", "--workspace={desk}", "--json"],
        ["status", "-w", "{desk}", "--json"],
    ],
)
def test_the_workspace_may_be_named_before_or_after_the_command(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk = tmp_path / "a desk"
    workspace.init(desk)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        sys, "argv", ["lifecycle", *(word.format(desk=desk) for word in words)]
    )
    with contextlib.suppress(SystemExit):
        cli.main()
    assert json.loads(capsys.readouterr().out)[0]["model"] == "my-model"


def test_the_renewals_tell_what_was_ruled_and_what_became_of_it(
    desk: Path, terminal: Terminal
) -> None:
    book = lifecycle.open(desk).registry
    for outcome, ended in (("kept", "calls: it is kept"), ("failed", "no recipe 'x'")):
        begun = promotion.begin_renewal(
            book,
            "calls",
            why="by hand",
            at=NOW,
            holder="here",
            until=NOW + timedelta(hours=1),
            now=NOW,
            moved=timedelta(days=7),
        )
        ruling = {"action": "retrain", "sentence": f"Ruling before {outcome}."}
        promotion.end_renewal(book, begun, outcome, ended, at=NOW, ruling=ruling)
    code, out, _ = terminal("renewals", "calls")
    told = " ".join(out.split())
    assert code == 0
    assert "it is kept" not in told
    assert "Ruling before kept." in told
    assert "Ruling before failed. no recipe 'x'" in told

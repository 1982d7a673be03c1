"""Tables and folders that are looked at; tokens made at the terminal."""

from __future__ import annotations

import json
import sqlite3

import pytest
from typer.testing import CliRunner

import lifecycle
from lifecycle import cli, errors, server
from lifecycle.registry import received, tokens
from lifecycle.server.counted import Counted
from tests.door_desk import AT, MODEL, NOW, calling, desk
from tests.router_desk import rows

TABLE = f"""\
[server.polls.crm]
model = "{MODEL}"
into = "outcomes"
url_env = "CRM_URL"
table = "deals"
watermark = "changed"
rows = 40
[server.polls.crm.columns]
lead = "deal"
won = "is_won"
"""


def with_predictions(ws, n=100):
    frame = rows(n).assign(score=0.5, prediction=1.0, version="1")
    frame["time"] = AT
    ws.ingest(MODEL, "predictions", frame.astype({"time": "datetime64[us, UTC]"}))
    return ws


@pytest.fixture
def crm(tmp_path, monkeypatch):
    """A database of somebody else; its connection."""
    path = tmp_path / "crm.db"
    monkeypatch.setenv("CRM_URL", f"sqlite:///{path}")
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE deals (deal TEXT, is_won INTEGER, changed INTEGER)")
        yield base


def add(base, numbers, *, changed=None, won=1):
    values = [(f"i{n:06d}", won, n if changed is None else changed) for n in numbers]
    base.executemany("INSERT INTO deals VALUES (?, ?, ?)", values)
    base.commit()


def test_a_table_is_read_from_where_the_last_look_ended(tmp_path, crm):
    ws = with_predictions(desk(tmp_path, TABLE))
    add(crm, range(90))
    (done,) = server.poll(ws, at=NOW)
    assert str(done) == "crm: 90 rows"
    assert received.marks(ws.registry, "crm") == {"": json.dumps({"value": 89})}
    assert str(server.poll(ws, "crm", at=NOW)[0]) == "crm: 0 rows"
    add(crm, [90, 91])
    add(crm, [92], changed=89)  # of the same moment as the last, and written later
    assert server.poll(ws, "crm", at=NOW)[0].rows == 3
    assert ws.logs(MODEL).count("outcomes") == 93


def test_a_look_that_was_killed_before_it_was_kept_changes_nothing(
    tmp_path, crm, monkeypatch
):
    ws = with_predictions(desk(tmp_path, TABLE))
    add(crm, range(30))

    def killed(*_args, **_terms):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(received, "mark", killed)
        with pytest.raises(KeyboardInterrupt):
            server.poll(ws, at=NOW)
    assert ws.logs(MODEL).count("outcomes") == 30
    server.poll(ws, at=NOW)
    assert ws.logs(MODEL).count("outcomes") == 30


def test_bad_rows_of_a_table_are_set_aside_where_a_person_finds_them(tmp_path, crm):
    ws = with_predictions(desk(tmp_path, TABLE))
    add(crm, [1, 2])
    add(crm, [7_000_000, 3], won=5)
    (done,) = server.poll(ws, at=NOW)
    assert (done.rows, done.bad) == (2, 2)
    (kept,) = (ws.directory / "logs" / MODEL / "polled").iterdir()
    assert "is neither 0/1" in kept.read_text()


@pytest.mark.parametrize(
    ("url", "more", "said"),
    [
        ("", "", "CRM_URL is not set"),
        ("no address", "", "holds no address"),
        ("sqlite:////nowhere/secret-place.db", "", "refused to be read"),
        (None, "deals2", "refused to be read"),
        (None, "mark", "has no column 'mark'"),
    ],
)
def test_a_table_that_cannot_be_read_is_said_without_its_address(
    tmp_path, crm, monkeypatch, url, more, said
):
    if url is not None:
        monkeypatch.setenv("CRM_URL", url)
    told = TABLE.replace('"deals"', '"deals2"') if more == "deals2" else TABLE
    told = told.replace('"changed"', '"mark"') if more == "mark" else told
    (done,) = server.poll(desk(tmp_path, told), at=NOW)
    assert said in done.trouble
    assert "secret-place" not in done.trouble


def test_too_many_rows_of_one_mark_are_said(tmp_path, crm):
    ws = with_predictions(desk(tmp_path, TABLE))
    add(crm, range(50), changed=7)
    assert "raise rows" in server.poll(ws, at=NOW)[0].trouble


def test_a_folder_is_read_file_by_file_and_again_what_changed(tmp_path):
    told = f'[server.polls.drop]\nmodel = "{MODEL}"\ninto = "outcomes"\nfolder = "in"\n'
    ws = with_predictions(desk(tmp_path, told))
    place = ws.directory / "in"
    assert "cannot be read" in server.poll(ws, at=NOW)[0].trouble
    place.mkdir()
    (place / "a.csv").write_text("lead,won\ni000001,yes\ni000002,no\n")
    (place / ".half.csv").write_text("lead,won\ni000009,yes\n")
    (place / "readme.txt").write_text("not rows")
    assert server.poll(ws, at=NOW)[0].rows == 2
    assert server.poll(ws, at=NOW)[0].rows == 0
    (place / "a.csv").write_text("lead,won\ni000001,yes\ni000002,no\ni000003,no\n")
    assert server.poll(ws, at=NOW)[0].rows == 1
    as_uri = told.replace('"in"', f'"{place.as_uri()}"')
    path = ws.directory / "lifecycle.toml"
    path.write_text(path.read_text().replace(told, as_uri))
    assert server.poll(lifecycle.open(ws.directory), at=NOW)[0].trouble == ""


def test_a_poll_that_is_not_there_or_cannot_work_is_said(tmp_path):
    ws = desk(tmp_path)
    with pytest.raises(errors.SettingsError, match="there is no poll 'crm'"):
        server.poll(ws, "crm", at=NOW)
    from lifecycle import config

    for told, said in (
        ({"folder": "in", "url_env": "U"}, "is a folder and a table"),
        ({"url_env": "U"}, "needs folder, or url_env, table and watermark"),
        ({"folder": "s3://key:secret@bucket/in"}, "holds a name or a password"),
        ({"url_env": "sqlite:///x"}, "no name of an environment"),
    ):
        poll = {"model": "m", "into": "events", **told}
        with pytest.raises(errors.SettingsError, match=said):
            config.parse({"server": {"polls": {"a": poll}}})


# ------------------------------------------------------------------ the terminal


def run(ws, *words):
    found = CliRunner().invoke(
        cli.application(), ["--workspace", str(ws.directory), *words]
    )
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def test_a_token_is_shown_once_and_only_its_hash_is_kept(tmp_path):
    ws = desk(tmp_path)
    made = run(ws, "token", "create", "crm", "--scope", "feedback", "--days", "9")
    told = next(line for line in made.output.splitlines() if line.startswith("lcw_"))
    (kept,) = tokens.listed(ws.registry)
    assert kept.sha256 == tokens.digest(told)
    assert told not in (ws.directory / "registry.db").read_bytes().decode("latin-1")
    assert kept.sha256 not in repr(kept)
    shown = run(ws, "token", "list").output
    assert kept.id in shown
    assert told not in shown
    (said,) = json.loads(run(ws, "token", "list", "--json").output)
    assert (said["source"], said["scopes"], said["state"]) == (
        "crm",
        ["feedback"],
        "valid",
    )
    run(ws, "token", "revoke", kept.id, "--reason", "leaked", "--as", "Bo")
    (kept,) = tokens.listed(ws.registry)
    assert (kept.revoked_by, kept.reason) == ("Bo", "leaked")
    with pytest.raises(errors.AlreadyDecided, match="was revoked by Bo"):
        run(ws, "token", "revoke", kept.id)
    with pytest.raises(errors.IllegalMove, match="there is no token"):
        run(ws, "token", "revoke", "nobody")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["crm", "--scope", "everything"], "scopes must be some of"),
        (["a:b", "--scope", "events"], "without a colon"),
        (["crm", "--scope", "events", "--model", "none"], "no model 'none'"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(tmp_path, words, said):
    ws = desk(tmp_path)
    try:
        told = run(ws, "token", "create", *words).output
    except errors.LifecycleError as error:
        told = str(error)
    assert said in " ".join(told.replace("│", " ").split())
    assert tokens.listed(ws.registry) == []


def test_polling_at_the_terminal_ends_with_10_where_one_fails(tmp_path, monkeypatch):
    assert "add a [server.polls" in run(desk(tmp_path), "poll").output
    monkeypatch.delenv("CRM_URL", raising=False)
    found = run(desk(tmp_path / "other", TABLE), "poll")
    assert (found.exit_code, "CRM_URL" in found.output) == (10, True)


def test_a_door_polls_and_counts_what_came(tmp_path, crm):
    ws = with_predictions(desk(tmp_path, TABLE))
    add(crm, range(5))
    with calling(ws) as door:
        door.door.poll("crm")
        assert door.door.polled == {"crm": 5}


def test_seconds_are_counted_up_to_their_bound():
    counted = Counted()
    for seconds in (0.001, 0.0011, 9.0):
        counted.add("x", 200, seconds)
    *_, (_, _, _, samples) = counted.families()
    held = {labels.get("le", labels.get("_")): value for labels, value in samples}
    assert (held["0.001"], held["0.0025"], held["5.0"], held["+Inf"]) == (1, 2, 2, 3)
    assert held["sum"] == pytest.approx(9.0021)
    assert held["count"] == 3

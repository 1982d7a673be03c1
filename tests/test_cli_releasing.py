"""Every move at the terminal, and a ledger that says when it was altered."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import lifecycle
from lifecycle import errors, promotion, workspace
from lifecycle.workspace import columns
from tests.databases import Refused, raw

AT = datetime(2024, 6, 1, tzinfo=UTC)
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
numeric = ["age"]

[models.calls.release]
"""
BIRTH = {"features": {"numeric": ["age"], "categorical": []}}
Terminal = Callable[..., tuple[int, str, str]]


def propose(ws: workspace.Workspace, number: int, **more: object) -> promotion.Proposal:
    said = {"author": "anna", "reason": "r", "evidence": {}, "at": AT, **more}
    return promotion.propose(ws.registry, "calls", number, **said)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Versions 1 to 4, of which 1 was in production and 2 is."""
    place = tmp_path / "desk"
    workspace.init(place)
    (place / "lifecycle.toml").write_text(SETTINGS)
    ws = lifecycle.open(place)
    for _ in range(4):
        ws.registry.register(
            "calls", recipe="r", estimator=0, birth=BIRTH, author="anna", at=AT
        )
    for number in (1, 2):
        asked = propose(ws, number)
        ws.approve("calls", asked.id, reason="go", by="ben", as_of=AT)
    return place


def test_each_move_is_a_command(desk: Path, terminal: Terminal) -> None:
    def go(*words: object) -> str:
        code, out, err = terminal("-w", desk, *words, "--reason", "r", "--as", "ben")
        assert (code, err) == (0, "")
        return out.strip()

    ws = lifecycle.open(desk)
    assert "scores everything and serves nothing" in go("shadow", "calls", 3)
    assert "has no role any more" in go("unshadow", "calls")
    propose(ws, 3, target="experimental")
    assert "proposal 3 of calls was withdrawn" in go("withdraw", "calls")
    digest = propose(ws, 3).digest
    assert "on trial with 5% of the traffic" in go(
        *("approve", "calls", "--share", "0.05", "--digest", digest)
    )
    assert "now has 50% of the traffic" in go("widen", "calls", "--share", "0.5")
    assert "100% of the traffic" in go("widen", "calls", "--version", 3)
    assert "version 3 of calls was rolled back" in go("rollback", "calls")
    assert ws.registry.roles("calls")["production"].number == 2
    moves = [entry.move for entry in ws.history("calls")][-8:]
    assert moves == [
        "retire",
        "propose",
        "withdraw",
        "propose",
        "approve",
        "widen",
        "widen",
        "roll back",
    ]


def test_what_can_be_done_is_told_for_people_and_machines(
    desk: Path, terminal: Terminal
) -> None:
    rows = json.loads(terminal("-w", desk, "moves", "calls", "--json")[1])
    assert [(row["version"], row["status"], row["moves"]) for row in rows] == [
        (1, "previous", ["propose for production", "retire"]),
        (2, "production", ["roll back"]),
        (3, "candidate", ["propose for production", "propose for a trial", "shadow"]),
        (4, "candidate", ["propose for production", "propose for a trial", "shadow"]),
    ]
    assert "roll back" in terminal("-w", desk, "moves", "calls")[1]
    lifecycle.open(desk).shadow("calls", 4, reason="r", by="ben", as_of=AT)
    (row,) = json.loads(terminal("-w", desk, "moves", "calls", "--json")[1])[3:]
    assert row["moves"] == ["propose for production", "propose for a trial", "unshadow"]


def test_what_waits_is_told_with_the_command_that_approves_what_was_shown(
    desk: Path, terminal: Terminal
) -> None:
    asked = propose(
        lifecycle.open(desk), 3, needed=2, expires_at=datetime(2024, 6, 15, tzinfo=UTC)
    )
    code, out, _ = terminal("-w", desk, "status")
    said = " ".join(out.split())
    assert (code, "waits for 2 approvals until 2024-06-15 (proposal 3" in said) == (
        0,
        True,
    )
    shown = said.split("lifecycle approve ")[1].split()
    assert shown[:4] == ["calls", "3", "--digest", asked.digest[:12]]
    for who, left in (
        ("ben", "your approval counts: proposal 3 of calls has 1 of 2 approvals; 1"),
        ("carl", "approved: version 3 of calls is in production"),
    ):
        words = ("approve", *shown[:4], "--reason", "r", "--as", who)
        assert terminal("-w", desk, *words)[1].startswith(left)
        if who == "ben":
            assert "1 of 2 approvals given by ben" in terminal("-w", desk, "status")[1]
    (told,) = json.loads(terminal("-w", desk, "status", "--json")[1])
    assert told["pending"] == []


def test_the_ledger_keeps_the_hash_of_the_report_that_could_be_looked_at(
    desk: Path,
) -> None:
    ws = lifecycle.open(desk)
    page = desk / "reports" / "calls" / "x" / "promote.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>better</p>")
    with ws.registry.atomic() as book:
        for as_of, folder in ((AT, "x"), (datetime(2024, 7, 1, tzinfo=UTC), "later")):
            book.record_run(
                model="calls",
                notebook="promote",
                as_of=as_of,
                slot=None,
                status="succeeded",
                started=AT,
                ended=AT,
                exit_code=0,
                verdict="quiet",
                summary="",
                directory=f"reports/calls/{folder}",
            )
    digest = propose(ws, 3, needed=2).digest
    for who in ("ben", "carl"):
        said = {"reason": "r", "by": who, "as_of": AT, "digest": digest}
        told = ws.approve("calls", **said).entry.evidence
        assert told["report"] == "reports/calls/x/promote.html"
        assert told["report_sha256"] == hashlib.sha256(b"<p>better</p>").hexdigest()
        assert told["artefact_sha256"] == ws.registry.version("calls", 3).sha256


class Typing(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "live"), [("yes\n", 3), ("no\n", 2), ("", 2)])
def test_without_a_digest_the_terminal_shows_what_is_approved_and_asks(
    desk: Path,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    live: int,
) -> None:
    ws = lifecycle.open(desk)
    proof = {"passed": False, "gate": "it loses\n\x1b[2J0.2 errors a row"}
    asked = propose(ws, 3, evidence=proof, author="Eve\x1b[31m")
    words = ("-w", desk, "approve", "calls", "--reason", "r", "--as", "ben")
    code, out, err = terminal(*words)
    assert code == 30  # nobody can be asked
    assert "nobody is at the terminal to look at proposal 3 of calls; add --d" in err
    monkeypatch.setattr(sys, "stdin", Typing(typed))
    code, out, err = terminal(*words)
    assert "\x1b" not in out
    assert "  gate        NOT PASSED. it loses [2J0.2 errors a row\n" in out
    assert f"  digest      {asked.digest[:12]}\n" in out
    assert "\nApprove it as ben (as given, not verified)? Type yes: " in out
    assert ws.registry.roles("calls")["production"].number == live
    assert (code, "waits as before" in err) == ((0, False) if live == 3 else (30, True))


def test_a_failed_gate_is_said_in_status_and_to_whoever_approves_by_digest(
    desk: Path, terminal: Terminal
) -> None:
    asked = propose(
        lifecycle.open(desk), 3, evidence={"passed": False, "gate": "worse"}
    )
    said = " ".join(terminal("-w", desk, "status")[1].split())
    assert "it has NOT passed the gate; lifecycle approve" in said
    words = ("approve", "calls", "--digest", asked.digest[:12], "--reason", "r")
    code, _, err = terminal("-w", desk, *words, "--as", "ben")
    assert (code, err) == (0, "NOT PASSED. worse\n")


def test_the_settings_may_ask_for_the_digest_in_python_too(desk: Path) -> None:
    with (desk / "lifecycle.toml").open("a") as told:
        told.write("digest_required = true\n")
    ws = lifecycle.open(desk)
    asked = propose(ws, 3)
    for decide in (ws.approve, ws.reject):
        with pytest.raises(errors.IllegalMove, match="digest of what was shown"):
            decide("calls", asked.id, reason="r", by="ben", as_of=AT)
    ws.approve("calls", reason="r", by="ben", as_of=AT, digest=asked.digest)
    assert ws.registry.roles("calls")["production"].number == 3


def test_nobody_approves_whatever_happens_to_wait(desk: Path) -> None:
    ws = lifecycle.open(desk)
    looked_at, said = propose(ws, 3), {"reason": "r", "by": "ben", "as_of": AT}
    with pytest.raises(errors.IllegalMove, match="one you looked at: name it"):
        ws.approve("calls", **said)
    ws.withdraw("calls", looked_at.id, **said)
    propose(ws, 3, reason="another one")
    for named in ({"digest": looked_at.digest}, {"digest": ""}):
        with pytest.raises(errors.Stale, match="not what was shown; look at it again"):
            ws.approve("calls", **said, **named)


def test_all_traffic_goes_to_the_version_that_was_looked_at(desk: Path) -> None:
    ws, said = lifecycle.open(desk), {"reason": "r", "by": "ben", "as_of": AT}
    asked = propose(ws, 3, target="experimental", share=0.05)
    ws.approve("calls", asked.id, **said)
    with pytest.raises(errors.IllegalMove, match="go to version 3 of calls; look at"):
        ws.widen("calls", **said)
    ws.rollback("calls", number=3, **said)
    with pytest.raises(errors.Stale, match="version 2 would be rolled back now"):
        ws.rollback("calls", number=3, **said)  # somebody was faster
    asked = propose(ws, 4, target="experimental", share=0.05)
    ws.approve("calls", asked.id, **said)
    for share in (0.5, 1.0):
        with pytest.raises(errors.Stale, match="version 4 is on trial now; look again"):
            ws.widen("calls", share, number=3, **said)
    assert ws.widen("calls", number=4, **said).roles["production"].number == 4


def test_one_of_several_widens_to_half_and_a_proposal_goes_on(desk: Path) -> None:
    with (desk / "lifecycle.toml").open("a") as told:
        told.write("approvals = 2\n")
    ws = lifecycle.open(desk)
    said = {"reason": "r", "as_of": AT}
    asked = propose(ws, 3, target="experimental", share=0.05)
    with pytest.raises(errors.Stale, match="takes 1 and the settings now ask for 2"):
        ws.approve("calls", asked.id, by="ben", **said)
    promotion.approve(ws.registry, "calls", asked.id, approver="b", reason="r", at=AT)
    ws.widen("calls", 0.5, by="ben", **said)
    with pytest.raises(errors.NotAllowed, match="60% of the traffic for version 3"):
        ws.widen("calls", 0.6, by="ben", **said)
    more = propose(ws, 3, target="experimental", share=0.6, needed=2)
    ws.approve("calls", more.id, by="ben", **said)
    ws.approve("calls", more.id, by="carl", **said)
    assert ws.registry.roles("calls")["experimental"].share == 0.6


def test_a_column_that_no_row_has_stops_a_wider_trial_and_is_told_at_a_rollback(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, said = lifecycle.open(desk), {"reason": "r", "by": "ben", "as_of": AT}
    born = {"features": {"numeric": ["age", "visits"], "categorical": []}}
    ws.registry.register(
        "calls", recipe="r", estimator=0, birth=born, author="anna", at=AT
    )
    newer = propose(ws, 5, target="experimental", share=0.05)
    promotion.approve(ws.registry, "calls", newer.id, approver="b", reason="r", at=AT)
    with pytest.raises(errors.IllegalMove, match="reads 'visits', which 0 of"):
        ws.widen("calls", 0.5, **said)
    promotion.widen(ws.registry, "calls", actor="b", reason="r", at=AT)
    ws.rollback("calls", **said)  # to version 2, which reads no more than is there
    back = ws.rollback("calls", to=5, **said)
    assert back.roles["production"].number == 5
    assert back.sentence.startswith(
        "version 2 of calls was rolled back; version 5 has all the traffic; but "
        "version 5 of calls reads 'visits', which 0 of"
    )


def test_a_log_that_cannot_be_read_stands_in_no_rollbacks_way(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, said = lifecycle.open(desk), {"reason": "r", "by": "ben", "as_of": AT}
    born = {"features": {"numeric": ["age", "visits"], "categorical": []}}
    ws.registry.register(
        "calls", recipe="r", estimator=0, birth=born, author="anna", at=AT
    )

    newer = propose(ws, 5)
    promotion.approve(ws.registry, "calls", newer.id, approver="b", reason="r", at=AT)
    ws.rollback("calls", **said)  # to version 2

    def torn(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(columns, "check", torn)
    before = ws.registry.roles("calls")["production"].number
    back = ws.rollback("calls", to=5, **said)
    assert (before, back.roles["production"].number) == (2, 5)
    assert back.sentence.endswith("cannot be told: the disk is gone")


def test_a_trial_with_nearly_all_of_the_traffic_is_not_said_to_have_all(
    desk: Path,
) -> None:
    ws, said = lifecycle.open(desk), {"reason": "r", "by": "ben", "as_of": AT}
    asked = propose(ws, 3, target="experimental", share=0.05)
    promotion.approve(ws.registry, "calls", asked.id, approver="b", reason="r", at=AT)
    told = ws.widen("calls", 0.99999, **said).sentence
    assert told == "version 3 of calls now has 99.999% of the traffic"


def test_without_a_shadow_nothing_is_ended(desk: Path, terminal: Terminal) -> None:
    code, out, err = terminal("-w", desk, "unshadow", "calls", "--reason", "r")
    assert (code, out) == (30, "")
    assert "no version of calls is the shadow; `lifecycle shadow calls VERSION`" in err


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_another_proposal_than_was_looked_at_is_stale_at_the_terminal(
    desk: Path, terminal: Terminal, verb: str
) -> None:
    ws = lifecycle.open(desk)
    seen = propose(ws, 3)
    ws.withdraw("calls", reason="not yet", by="anna")
    propose(ws, 4)
    words = ("-w", desk, verb, "calls", "--reason", "r", "--digest")
    code, _, err = terminal(*words, seen.digest[:16])
    assert (code, "is not what was shown; look at it again" in err) == (30, True)
    (waiting,) = promotion.pending(ws.registry, "calls")
    assert terminal(*words, waiting.digest[:8])[0] == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger SET reason = 'another' WHERE seq = 6",
        "UPDATE ledger SET evidence = '{' WHERE seq = 6",
    ],
)
def test_the_first_altered_row_is_named_with_its_model_and_move(
    desk: Path, terminal: Terminal, change: str
) -> None:
    book = lifecycle.open(desk).registry
    code, out, _ = terminal("-w", desk, "ledger", "verify")
    assert (code, "the ledger is whole: 8 rows" in out) == (0, True)
    assert book.ledger()[-1].hash in out
    with raw(book) as database:
        with pytest.raises(Refused, match="the ledger only grows"):
            database.execute(change)
        with pytest.raises(Refused, match="the ledger only grows"):
            database.execute("DELETE FROM ledger")
        assert terminal("-w", desk, "ledger", "verify")[0] == 0
        database.disarm()
        database.execute(change)
    code, _, err = terminal("-w", desk, "ledger", "verify")
    assert code == 10
    assert "row 6 of the ledger (approve of calls) was altered; restore" in err
    assert "was altered; restore the registry from a backup" in err
    told = json.loads(terminal("-w", desk, "ledger", "verify", "--json")[1])
    assert told["altered"] == 6


def test_a_rollback_by_hand_waits_for_no_heavy_library(desk: Path) -> None:
    code = (
        "import sys; from lifecycle import cli\n"
        "sys.argv[1:] = ['-w', sys.argv[1], 'rollback', 'calls', '--reason', 'r']\n"
        "try: cli.main()\n"
        "except SystemExit as ended: assert not ended.code, ended.code\n"
        "print(sorted({'pandas', 'numpy', 'scipy', 'sklearn', 'pyarrow', 'skops',\n"
        "  'alembic', 'deltalake', 'matplotlib', 'mlflow', 'lifecycle.decision',\n"
        "  'lifecycle.training', 'lifecycle.workspace.view'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(desk)],
        capture_output=True,
        text=True,
        check=True,
    )
    said, heavy = done.stdout.splitlines()
    assert said == ("version 2 of calls was rolled back; version 1 has all the traffic")
    assert heavy == "[]"

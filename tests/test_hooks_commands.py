"""A command gets each move as data, has a time limit, and leaves nothing running."""

from __future__ import annotations

import fcntl
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import hooks
from lifecycle.hooks import Command, NotTaken, running
from lifecycle.hooks.words import heard, secrets

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
HELD = {"version": 3, "share": 0.75, "sha256": "3" * 64}
NEWS = hooks.News(
    {
        "delivery": "d1",
        "hook": "deploy",
        "model": "leads",
        "seq": 7,
        "move": "roll back",
        "before": {},
        "after": {
            "production": HELD,
            "experimental": {"version": 4, "share": 0.25, "sha256": "4" * 64},
        },
        "people": {"actor": "{seq}", "reason": "$(touch /tmp/x) {production}"},
    }
)
SHOWS = "import sys, json; print(json.dumps(sys.argv[1:]))"


def python(code: str, *words: str, folder: Path, timeout: float = 20.0) -> Command:
    told = (sys.executable, "-S", "-c", code, *words)
    return Command(told, folder=folder, timeout=timeout)


def refused(command: Command, news: hooks.News = NEWS) -> str:
    with pytest.raises(NotTaken) as caught:
        command.send(news, at=AT)
    return str(caught.value)


def test_places_are_filled_in_and_the_move_is_on_standard_input(tmp_path):
    code = f"{SHOWS}; sys.exit(3)"
    words = ("{model}", "v{production}/{experimental}:{share}", "[{shadow}]", "{move}")
    said = refused(python(code, *words, folder=tmp_path))
    begin = "ended with exit code 3: "
    assert said == begin + '["leads", "v3/4:0.25", "[]", "roll back"]'
    (tmp_path / "kept.py").write_text(
        "import pathlib, sys; pathlib.Path('kept').write_bytes(sys.stdin.buffer.read())"
    )
    told = (sys.executable, "-S", "kept.py", "{seq}")
    Command(told, folder=tmp_path).send(NEWS, at=AT)
    assert json.loads((tmp_path / "kept").read_bytes()) == NEWS.facts


def test_no_shell_looks_at_a_word_and_no_word_is_looked_at_twice(tmp_path):
    hostile = hooks.News(
        {**NEWS.facts, "model": "{seq} ; touch x", "move": "$(touch y) `z` {model}"}
    )
    command = python(f"{SHOWS}; sys.exit(1)", "{model}", "{move}", folder=tmp_path)
    said = refused(command, hostile)
    assert '["{seq} ; touch x", "$(touch y) `z` {model}"]' in said
    assert list(tmp_path.iterdir()) == []


@given(word=st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=60))
def test_a_persons_words_never_become_a_words_places(word):
    facts = {**NEWS.facts, "people": {"actor": word, "reason": word}}
    places = hooks.News(facts).places
    assert places == NEWS.places
    assert set(places) == {
        "model", "move", "seq", "production", "previous", "experimental", "shadow",
        "share", "delivery",
    }  # fmt: skip


STAYS = """
import fcntl, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
held = open("held", "w")
fcntl.flock(held, fcntl.LOCK_EX)
open("ready", "w").close()
time.sleep(900)
open("survived", "w").close()
"""
STARTS = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("still at it", flush=True)
subprocess.Popen([sys.executable, "-S", "-c", {STAYS!r}])
time.sleep(900)
"""


def test_at_its_limit_the_whole_process_group_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "_GRACE", 0.1)
    ready = tmp_path / "ready"  # the clock jumps when all have begun
    monkeypatch.setattr(running, "monotonic", lambda: 99.0 if ready.exists() else 0.0)
    said = refused(python(STARTS, folder=tmp_path, timeout=60))
    assert said == "took longer than 60 seconds: still at it"
    with (tmp_path / "held").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # free when its holder has ended
    assert not (tmp_path / "survived").exists()


def test_only_the_end_of_what_it_says_is_kept_and_without_secrets(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("DEPLOY_TOKEN", "s3cr3t-of-mine")
    code = (
        "import os, sys; sys.stdout.write('a' * 300_000);"
        "sys.stdout.write('\\n\\x1b[2Jfailed with ' + os.environ['DEPLOY_TOKEN']);"
        "sys.stdout.flush(); sys.stderr.write(' at https://me:pw1234@host/');"
        "sys.exit(9)"
    )
    said = refused(python(code, folder=tmp_path))
    assert said.endswith("[2Jfailed with (hidden) at https://(hidden)@host/")
    assert len(said) < 340
    assert "\x1b" not in said


def test_one_that_does_not_read_or_closes_its_output_is_heard_out(tmp_path):
    long = hooks.News({**NEWS.facts, "people": {"reason": "x" * 300_000}})
    python("pass", folder=tmp_path).send(long, at=AT)
    code = "import os, time; os.close(0); os.close(1); os.close(2); time.sleep(0.1)"
    python(code, folder=tmp_path).send(long, at=AT)


def test_one_that_leaves_a_service_behind_is_not_waited_for(tmp_path):
    code = (
        "import subprocess, sys; code = 'import time; time.sleep(600)';"
        "p = subprocess.Popen([sys.executable, '-S', '-c', code]);"
        "open('child', 'w').write(str(p.pid))"
    )
    python(code, folder=tmp_path).send(NEWS, at=AT)
    os.kill(int((tmp_path / "child").read_text()), 9)  # it was there


def test_killed_by_a_signal_is_said(tmp_path):
    code = "import os; os.kill(os.getpid(), 9)"
    assert refused(python(code, folder=tmp_path)) == "ended with signal 9"


def test_a_program_that_is_not_there_is_one_sentence(tmp_path):
    said = refused(Command(("no-such-program",), folder=tmp_path))
    assert (
        "there is no program no-such-program; write ./no-such-program for one" in said
    )
    (tmp_path / "deploy.sh").write_text("#!/bin/sh\nexit 0\n")
    command = Command(("./deploy.sh",), folder=tmp_path)
    assert "there is no program ./deploy.sh; check its path" in refused(command)
    (tmp_path / "deploy.sh").chmod(0o755)
    command.send(NEWS, at=AT)
    assert command.test(at=AT) == "./deploy.sh is there; it was not run"
    (tmp_path / "torn.sh").write_text("#!/no/such/interpreter\n")
    (tmp_path / "torn.sh").chmod(0o755)
    said = refused(Command(("./torn.sh",), folder=tmp_path))
    assert "cannot be run (No such file or directory)" in said


def test_a_test_does_not_run_it(tmp_path):
    (tmp_path / "deploy.sh").write_text("#!/bin/sh\ntouch ran\n")
    (tmp_path / "deploy.sh").chmod(0o755)
    Command(("./deploy.sh",), folder=tmp_path).test(at=AT)
    assert not (tmp_path / "ran").exists()


# -- what is repeated of what a receiver says -----------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "password=hunter2x",
        'PASSWORD: "hunter2x"',
        "{'api_key': 'hunter2x'}",
        "Authorization: Bearer hunter2x",
        "authorization: Basic hunter2x",
        "https://me:hunter2x@example.com/",
        "postgresql://hunter2x@db/x",
        "access-key = hunter2x;",
        "client_secret=hunter2x&a=b",
    ],
)
def test_what_looks_like_a_password_is_not_repeated(said):
    assert "hunter2x" not in heard(f"before {said} after")
    assert heard(f"before {said}").startswith("before ")


def test_what_the_environment_calls_a_secret_is_not_repeated(monkeypatch):
    monkeypatch.setenv("MY_API_KEY", "abcdef-123")
    monkeypatch.setenv("SHORT_TOKEN", "on")  # a word like any other
    assert heard("on abcdef-123", hide=secrets()) == "on (hidden)"


@given(st.text(max_size=900))
def test_whatever_is_said_is_one_short_line(text):
    told = heard(text)
    assert told.isprintable()
    assert len(told) <= 301

"""Lanes: calls in processes side by side, each death with one culprit."""

from __future__ import annotations

import operator
import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from lifecycle.errors import InputError, KernelDied
from lifecycle.jobs.lanes import Lanes

DIE = "__import__('os').kill(__import__('os').getpid(), 9)"


def test_calls_are_made_side_by_side_in_processes_that_stay() -> None:
    with Lanes(2) as lanes:
        ids = [lanes.submit(os.getpid) for _ in range(6)]
        found = {future.result() for future in ids}
    assert len(found) <= 2
    assert os.getpid() not in found
    for one in found:
        with pytest.raises(ProcessLookupError):
            os.kill(one, 0)


def test_what_raises_is_raised_here_with_the_place_where_it_happened() -> None:
    with Lanes(1) as lanes:
        failed = lanes.submit(operator.truediv, 1, 0)
        with pytest.raises(ZeroDivisionError, match="division by zero") as caught:
            failed.result()
        assert "lanes.py" in "".join(caught.value.__notes__)
        house = lanes.submit(InputError, ["a", "b"]).result()
        assert (type(house), house.problems) == (InputError, ("a", "b"))


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("lambda: 1", "Can't pickle|Can't get"),
        ("exec('raise type(\"Odd\", (Exception,), {})(3)')", "Odd: 3"),
        ("__import__('os')._exit(3)", "the process ended with 3"),
    ],
)
def test_what_cannot_come_back_is_said_in_words(code: str, sentence: str) -> None:
    with Lanes(1, attempts=1) as lanes:
        error = lanes.submit(eval, code).exception()
        assert lanes.submit(abs, -3).result() == 3
    assert re.search(sentence, str(error)), error


def test_a_call_that_cannot_be_sent_is_refused_at_once() -> None:
    with Lanes(1) as lanes, pytest.raises(Exception, match="pickle"):
        lanes.submit(lambda: 1)


def test_a_killed_process_is_named_with_its_signal_and_its_last_word() -> None:
    with Lanes(2) as lanes:
        killed = lanes.submit(signal.raise_signal, signal.SIGKILL)
        other = lanes.submit(abs, -1)
        with pytest.raises(KernelDied, match="the process was killed by signal 9"):
            killed.result()
        assert other.result() == 1
        said = (
            "__import__('os').write(2, b'out of memory\\n'), __import__('os')._exit(5)"
        )
        with pytest.raises(KernelDied, match="ended with 5: out of memory"):
            lanes.submit(eval, said).result()


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_a_call_is_made_as_often_as_told_when_its_process_is_killed(
    attempts: int, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    fatal = f"open({str(made)!r}, 'ab', 0).write(b'x'), {DIE}"
    with Lanes(1, attempts=attempts) as lanes:
        assert isinstance(lanes.submit(eval, fatal).exception(), KernelDied)
    assert made.read_bytes() == b"x" * attempts


def test_an_exception_in_the_with_ends_what_is_under_way_and_drops_the_rest(
    tmp_path: Path,
) -> None:
    fifo = tmp_path / "begun"
    os.mkfifo(fifo)
    with suppress(KeyboardInterrupt), Lanes(1) as lanes:
        busy = lanes.submit(
            eval, f"open({str(fifo)!r}, 'w').close(), __import__('time').sleep(600)"
        )
        waiting = lanes.submit(abs, -1)
        fifo.read_text()  # until it is under way
        raise KeyboardInterrupt
    assert isinstance(busy.exception(), KernelDied)
    assert waiting.cancelled()
    with pytest.raises(RuntimeError, match="cannot schedule new futures"):
        lanes.submit(abs, -1)


@pytest.mark.parametrize("told", [{"count": 0}, {"count": 2, "attempts": 0}])
def test_lanes_without_a_process_or_an_attempt_are_refused(told: dict) -> None:
    with pytest.raises(ValueError, match="is 0; give 1 or more"):
        Lanes(**told)


def test_libraries_share_the_processors_unless_the_environment_says_how(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    monkeypatch.setattr(os, "cpu_count", lambda: 12)
    with Lanes(3) as lanes:
        told = [
            lanes.submit(os.getenv, name).result()
            for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        ]
    assert told == ["4", "7"]

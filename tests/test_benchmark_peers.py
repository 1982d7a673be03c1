"""Children of the peers' comparison: what they say, and what they spent."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import _peers, _workload, peers, peers_agreement, peers_alarms


def _script(folder: Path, text: str) -> Path:
    made = folder / "child with space.py"
    made.write_text(text, encoding="utf-8")
    return made


def test_the_last_line_is_the_answer_and_the_spending_is_added(tmp_path: Path) -> None:
    script = _script(
        tmp_path,
        """
import json, sys
print("a word before")
print(json.dumps({"got": sys.argv[1]}))
""",
    )
    found = _peers.run_own(script, "größe 1")
    assert found["got"] == "größe 1"
    assert found["cpu_seconds"] > 0
    assert found["wall_seconds"] > 0
    assert 1 < found["peak_mb"] < 500


def test_processor_time_of_threads_and_children_is_counted(tmp_path: Path) -> None:
    script = _script(
        tmp_path,
        """
import json, subprocess, sys, threading, time

def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

thread = threading.Thread(target=spin, args=(0.1,))
thread.start()
thread.join()
subprocess.run([sys.executable, "-c", '''
import time
while time.process_time() < 0.2:
    pass
'''], check=True)
print(json.dumps({"own": time.process_time()}))
""",
    )
    found = _peers.run_own(script)
    assert found["own"] >= 0.1
    assert found["cpu_seconds"] >= found["own"] + 0.19


def test_memory_is_the_childs_peak_and_not_its_parents(tmp_path: Path) -> None:
    held = bytearray(300 << 20)
    held[:: 1 << 12] = b"x" * len(held[:: 1 << 12])
    small = _peers.run_own(_script(tmp_path, "print({})"))
    large = _peers.run_own(
        _script(tmp_path, "x = b'x' * (200 << 20)\ndel x\nprint({})")
    )
    assert len(held) > small["peak_mb"] * (1 << 20)
    assert 190 < large["peak_mb"] - small["peak_mb"] < 220


def test_a_module_runs_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text('{"rows": 3}')
    found = _peers.run_own("json.tool", "--compact", tmp_path / "rows.json")
    assert found["rows"] == 3


def test_environment_of_a_child_has_no_telemetry(tmp_path: Path) -> None:
    script = _script(
        tmp_path,
        "import json, os\n"
        "print(json.dumps({k: os.environ.get(k) for k in "
        "('NML_DISABLE_USAGE_LOGGING', 'DO_NOT_TRACK')}))",
    )
    found = _peers.run_own(script)
    assert (found["NML_DISABLE_USAGE_LOGGING"], found["DO_NOT_TRACK"]) == ("1", "1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("print('done')", "printed no JSON object"),
        ("print([1])", "printed no JSON object"),
        ("", "printed no JSON object"),
        ("raise SystemExit('out of luck')", "out of luck"),
        ("import os\nprint({})\nos.kill(os.getpid(), 9)", "failed"),
    ],
)
def test_a_child_that_says_nothing_or_fails_is_a_sentence(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(RuntimeError, match=words):
        _peers.run_own(_script(tmp_path, text))


def test_a_child_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    script = _script(tmp_path, "import threading\nthreading.Event().wait()")
    with pytest.raises(RuntimeError, match=r"took more than 0\.2 s and was ended"):
        _peers.run_own(script, timeout=0.2)


def test_what_is_no_peer_is_named() -> None:
    with pytest.raises(ValueError, match="no peer is named 'nanny'; use one"):
        _peers.python("nanny")


def test_a_peer_that_is_there_is_not_installed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_peers, "HOME", tmp_path)
    made: list[str] = []

    def install(name: str, command: list[str]) -> None:
        made.append(name)
        (tmp_path / name / "bin").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(_peers, "_install", install)
    first = _peers.python("scipy")
    assert (first, len(made)) == (tmp_path / "scipy" / "bin" / "python", 2)
    assert "installing scipy==" in capsys.readouterr().out
    assert (_peers.python("scipy"), len(made)) == (first, 2)
    monkeypatch.setattr(_peers, "PEERS", {"scipy": ("scipy==0",)})
    assert (_peers.python("scipy"), len(made)) == (first, 4)


def test_pips_last_words_are_passed_on() -> None:
    command = [sys.executable, "-c", "raise SystemExit('no matching distribution')"]
    with pytest.raises(RuntimeError, match="no matching distribution"):
        _peers._install("scipy", command)


def test_false_alarms_are_counted_on_the_same_rows_each_time(tmp_path: Path) -> None:
    for name in ("first", "second"):
        peers_alarms.write(tmp_path / name, deployments=0, seed=3)
    files = sorted(path.name for path in (tmp_path / "first").iterdir())
    for name in files:
        pair = [pd.read_parquet(tmp_path / each / name) for each in ("first", "second")]
        pd.testing.assert_frame_equal(*pair)
    assert len(files) == 2 * 5
    before = pd.read_parquet(tmp_path / "first" / "numbers-reference.parquet")
    for state, low, high in (("same", -0.1, 0.1), ("moved", 0.4, 0.6)):
        (path,) = sorted((tmp_path / "first").glob(f"numbers-{state}-*"))[-1:]
        moved = (pd.read_parquet(path).mean() - before.mean()) / before.std()
        assert low < moved.median() < high


def test_a_difference_with_what_is_undefined_is_none_or_all() -> None:
    assert peers_agreement._apart(math.nan, math.nan) == 0
    assert peers_agreement._apart(math.nan, 0.5) == math.inf
    assert peers_agreement._apart(0.25, 0.5) == 0.25


def test_a_rare_category_is_one_expected_less_than_five_times_on_a_side() -> None:
    before, after = pd.Series(["a"] * 90 + ["b"] * 10), pd.Series(["a"] * 50)
    assert peers_agreement._rare(before, after)  # 10 of b, a third of them after
    assert not peers_agreement._rare(before, pd.Series(["a"] * 100))


def test_errors_of_counting_are_held_against_the_exact_values(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    frame = pd.DataFrame({"f00": [0.0, 4.0], "c00": ["a", "b"]})
    frame = frame.reindex(columns=list(_workload.FEATURES))
    frame.to_parquet(tmp_path / "all" / "reference.parquet")
    rows = {
        "scipy": [["w", "f00", "ks", 0.5], ["w", "f00", "wasserstein", 1.0]],
        "weekly": [["w", "f00", "ks", 0.25], ["w", "f00", "wasserstein", 2.0]],
        "nannyml": [["w", "f00", "ks", 0.5]],
    }
    for name, told in rows.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(told))
    found = {row.name: row.value for row in peers._errors(tmp_path)}
    values = [value for value in found.values() if not math.isnan(value)]
    assert values == [0.25, 0.5, 0.0]


def test_processor_time_is_held_against_reading() -> None:
    base = {"cpu_seconds": 2.0, "peak_mb": 100.0}
    rows = list(peers._spent("ours", {"cpu_seconds": 3.0, "peak_mb": 150.0}, base))
    assert [(row.value, row.unit) for row in rows] == [
        (3.0, "s"),
        (150.0, "MB"),
        (1.5, "times"),
    ]

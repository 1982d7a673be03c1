"""Many models due at once: on any executor, and no failure stops the others."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import (
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lifecycle
from lifecycle import errors
from lifecycle.jobs import Warm
from lifecycle.workspace import Workspace, clock, fleet, working
from lifecycle.workspace.chain import Tick
from tests import fleet_works as works

AS_OF = datetime(2024, 4, 1, 7, tzinfo=UTC)
ROOT = Path(__file__).parents[1]
MODEL = """
[models.{name}]
owner = "Ana Silva"
task = "binary"
id = "id"
time = "at"
outcome = "won"
label_delay_days = 14

[models.{name}.features]
numeric = ["visits"]
"""
Desk = Callable[..., Workspace]
Terminal = Callable[..., tuple[int, str, str]]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Workspaces of models that do what their names say."""
    monkeypatch.setattr(working, "work", works.work)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def made(*names: str) -> Workspace:
        tables = [MODEL.format(name=name) for name in names]
        (tmp_path / "lifecycle.toml").write_text("".join(tables))
        (tmp_path / "worked").touch()
        return lifecycle.open(tmp_path)

    return made


@pytest.fixture(scope="module")
def seven(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("seven")
    tables = [MODEL.format(name=f"model-{number}") for number in range(7)]
    (folder / "lifecycle.toml").write_text("".join(tables))
    return lifecycle.open(folder)


class Backwards(Executor):
    """Does nothing until the last call is there, and then begins with that."""

    def __init__(self, count: int) -> None:
        self.count, self.calls = count, []

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        self.calls.append((future, fn, args))
        if len(self.calls) == self.count:
            with ThreadPoolExecutor(1) as pool:
                for future_, fn_, args_ in reversed(self.calls):
                    inner = pool.submit(fn_, *args_)
                    if inner.exception() is None:
                        future_.set_result(inner.result())
                    else:
                        future_.set_exception(inner.exception())
        return self.calls[-1][0]


class Hostile(Executor):
    """Refuses, cancels, breaks or answers nonsense, by the model's name."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        name = args[1]
        if name == "refused":
            raise RuntimeError("cannot schedule new futures after shutdown")
        if name == "unreachable":
            raise OSError("Timed out trying to connect")
        if name == "cancelled":
            future.cancel()
            future.set_running_or_notify_cancel()
        elif name == "nonsense":
            future.set_result("<script>done</script>")
        elif name in ("lost", "killer"):
            future.set_exception(BrokenProcessPool("a child died"))
        elif name == "late":
            raise BrokenProcessPool("a child died")
        else:
            future.set_result(fn(*args))
        return future


def failures(ticks: list[Tick]) -> dict[str, tuple[str, int]]:
    return {
        tick.model: (tick.text, tick.exit_code)
        for tick in ticks
        if isinstance(tick, fleet.Failure)
    }


def test_ticks_and_words_come_in_the_order_of_models_however_they_end(
    desk: Desk,
) -> None:
    names = ("anna", "berta", "clara", "dora")
    ws, said, ended = desk(*names), [], []
    ticks = ws.due(
        as_of=AS_OF, executor=Backwards(4), say=said.append, each=ended.append
    )
    assert [tick.text for tick in ticks] == [f"{name} waits" for name in names]
    assert said == [f"{n}{what}" for n in names for what in (": settled", " waits")]
    assert sorted(done.model for done in ended) == list(names)
    assert [(d.number, d.total, d.failed) for d in ended] == [
        (number, 4, 0) for number in (1, 2, 3, 4)
    ]
    assert [done.left > 0 for done in ended] == [True, True, True, False]


class Shuffled(Executor):
    """Ends calls in a given order, each as told."""

    def __init__(self, order: list[int], endings: list[str]) -> None:
        self.order, self.endings, self.futures = order, endings, []

    def submit(self, fn, /, *args, **kwargs):
        self.futures.append((Future(), args[1]))
        if len(self.futures) == len(self.order):
            for place in self.order:
                future, name = self.futures[place]
                ending = self.endings[place]
                if ending == "done":
                    future.set_result([Tick(name, "proposal", f"{name} waits")])
                elif ending == "raises":
                    future.set_exception(errors.InputError(f"{name} is wrong"))
                else:
                    future.cancel()
                    future.set_running_or_notify_cancel()
        return self.futures[-1][0]


@settings(max_examples=25)
@given(data=st.data())
def test_whatever_ends_when_and_how_each_model_is_told_once_and_in_its_place(
    data: st.DataObject, seven: Workspace
) -> None:
    count = data.draw(st.integers(1, 7))
    names = data.draw(st.permutations(seven.models))[:count]
    order = data.draw(st.permutations(range(count)))
    ways = st.sampled_from(["done", "raises", "cancelled"])
    endings = data.draw(st.lists(ways, min_size=count, max_size=count))
    said, told = [], []
    executor = Shuffled(list(order), endings)
    ticks = seven.due(
        as_of=AS_OF,
        models=names,
        executor=executor,
        say=said.append,
        each=told.append,
    )
    assert [tick.model for tick in ticks] == names
    assert said == [tick.text for tick in ticks]
    assert [tick.kind for tick in ticks] == [
        "proposal" if ending == "done" else "failure" for ending in endings
    ]
    assert sorted(done.model for done in told) == sorted(names)
    assert [done.number for done in told] == list(range(1, count + 1))
    assert told[-1].failed == sum(ending != "done" for ending in endings)


@pytest.mark.parametrize("models", [(), ("berta", "anna", "berta")])
def test_each_named_model_is_worked_once_and_without_names_all_are(
    models: tuple[str, ...], desk: Desk
) -> None:
    ws = desk("anna", "berta")
    with ThreadPoolExecutor(2) as pool:
        ticks = ws.due(as_of=AS_OF, executor=pool, models=models)
    expected = list(dict.fromkeys(models)) or ["anna", "berta"]
    assert [tick.model for tick in ticks] == expected
    assert works.attempts(ws.directory, "anna") == 1
    assert pool.submit is not None  # it is the caller's, and was not shut down


def test_an_unknown_model_is_refused_before_any_is_begun(desk: Desk) -> None:
    ws = desk("anna", "berta")
    with pytest.raises(errors.UnknownModel, match="did you mean berta"):
        ws.due(as_of=AS_OF, jobs=2, models=("anna", "bertha"))
    assert works.attempts(ws.directory, "anna") == 0


def test_a_model_that_raises_stops_nobody_and_is_told_with_its_code(
    desk: Desk,
) -> None:
    ws = desk("buggy", "anna", "wrong", "berta")
    with ThreadPoolExecutor(2) as pool:
        ticks = ws.due(as_of=AS_OF, executor=pool)
    assert [tick.model for tick in ticks] == ["buggy", "anna", "wrong", "berta"]
    told = failures(ticks)
    assert told["wrong"] == (
        "wrong failed: leads.csv: no column id leads.csv: no rows",
        30,
    )
    text, code = told["buggy"]
    assert text.startswith("buggy failed: TypeError: ")
    assert code == 1


def test_an_executor_that_refuses_cancels_and_lies_costs_only_those_models(
    desk: Desk,
) -> None:
    ws = desk("refused", "anna", "cancelled", "nonsense", "unreachable", "berta")
    ticks = ws.due(as_of=AS_OF, executor=Hostile())
    assert [t.model for t in ticks if t.kind == "proposal"] == ["anna", "berta"]
    assert {name: text for name, (text, _) in failures(ticks).items()} == {
        "refused": "refused failed: RuntimeError: cannot schedule new futures after "
        "shutdown",
        "cancelled": "cancelled failed: RuntimeError: the executor cancelled it",
        "nonsense": "nonsense failed: RuntimeError: the executor gave back "
        "'<script>done</script>'",
        "unreachable": "unreachable failed: OSError: Timed out trying to connect",
    }


def test_what_a_broken_executor_leaves_is_done_in_processes_of_this_machine(
    desk: Desk,
) -> None:
    ws = desk("lost", "anna", "killer", "late")
    ticks = ws.due(as_of=AS_OF, executor=Hostile())
    done = [tick.model for tick in ticks if tick.kind == "proposal"]
    assert done == ["lost", "anna", "late"]
    assert failures(ticks) == {
        "killer": ("killer failed: the process was killed by signal 9", 22)
    }
    assert works.attempts(ws.directory, "killer") == 1
    assert works.process(ws.directory, "anna") == os.getpid()
    assert works.process(ws.directory, "late") != os.getpid()


def test_a_pool_of_the_standard_library_that_breaks_loses_one_model(
    desk: Desk,
) -> None:
    ws = desk("anna", "killer", "berta", "clara")
    with ProcessPoolExecutor(1, mp_context=get_context("forkserver")) as pool:
        ticks = ws.due(as_of=AS_OF, executor=pool)
    assert [t.model for t in ticks] == ["anna", "killer", "berta", "clara"]
    assert list(failures(ticks)) == ["killer"]
    assert works.attempts(ws.directory, "killer") == 2  # there, and once more here


def test_a_killed_process_is_tried_once_more_and_only_its_model_fails(
    desk: Desk,
) -> None:
    ws, said = desk("anna", "killer", "unlucky", "buggy", "berta"), []
    ticks = ws.due(as_of=AS_OF, jobs=2, say=said.append)
    assert [tick.model for tick in ticks if tick.kind == "proposal"] == [
        "anna",
        "unlucky",
        "berta",
    ]
    told = failures(ticks)
    assert told["killer"] == ("killer failed: the process was killed by signal 9", 22)
    assert works.attempts(ws.directory, "killer") == 2
    assert works.attempts(ws.directory, "unlucky") == 2
    assert works.attempts(ws.directory, "buggy") == 1
    assert [words for words in said if "again" in words] == [
        "unlucky: a process was killed by signal 9 in the middle, and it was done again"
    ]
    buggy = next(tick for tick in ticks if tick.model == "buggy")
    assert isinstance(buggy, fleet.Failure)
    assert "fleet_works.py" in buggy.trace  # where it happened, in the other process


def test_ctrl_c_ends_what_is_under_way_and_leaves_no_process(desk: Desk) -> None:
    ws, begun = desk("sleeper", "anna", "berta", "clara"), []
    os.mkfifo(ws.directory / "begun")

    def interrupt(done: fleet.Done) -> None:
        begun.append(int((ws.directory / "begun").read_text()))  # waits for it
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ws.due(as_of=AS_OF, jobs=2, each=interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(begun[0], 0)
    assert works.attempts(ws.directory, "sleeper") == 1


def test_index_and_deliveries_come_once_at_the_end_and_the_index_on_the_way(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, told = desk("anna", "berta", "clara", "dora", "wrong"), []
    monkeypatch.setattr(fleet, "_INDEX_EVERY", 2)
    monkeypatch.setattr(fleet._Fleet, "index", lambda self: told.append("index"))
    monkeypatch.setattr(
        clock, "close", lambda ws, ticks, **rest: told.append(len(list(ticks)))
    )
    with ThreadPoolExecutor(1) as pool:
        ws.due(as_of=AS_OF, executor=pool)
    assert told == ["index", "index", 9]


def test_pages_of_a_worker_start_warm_from_the_third_until_it_rests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(working, "Cold", lambda job: told.append("cold"))
    monkeypatch.setattr(Warm, "__enter__", lambda self: told.append("server"))
    monkeypatch.setattr(Warm, "start", lambda self, job: told.append("warm"))
    later = working._Later()
    for _ in range(4):
        later.start({})
    later.close()
    later.start({})
    assert told == ["cold", "cold", "server", "warm", "warm", "cold"]


def test_a_worker_opens_its_workspace_anew_only_when_the_settings_changed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = desk("anna")
    place = str(ws.directory)
    first = working._desk(place)
    assert working._desk(place) is first
    assert working.standing(place) == ""
    desk("anna", "berta")
    assert working._desk(place).models == ("anna", "berta")
    working.rest()
    assert working._desk(place) is not first
    (ws.directory / "lifecycle.toml").unlink()
    assert working.standing(place).startswith(f"no lifecycle.toml in {place}; run ")

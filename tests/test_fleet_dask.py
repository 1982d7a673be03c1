"""A fleet on a real Dask cluster of two workers, by the address of its scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lifecycle
from lifecycle import errors
from lifecycle.workspace import Workspace, clustered, working
from tests import fleet_works as works
from tests.test_fleet import AS_OF, MODEL, ROOT, Desk, Terminal, failures

distributed = pytest.importorskip(
    "distributed", reason="Dask is not installed: pip install distributed"
)
pytestmark = [
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning:(distributed|dask|tornado).*"
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two workers, each a process of one thread that has one task at a time."""
    import dask

    told = {
        "distributed.scheduler.allowed-failures": 1,
        "distributed.scheduler.worker-saturation": 1.0,
    }
    with pytest.MonkeyPatch.context() as patch, dask.config.set(told):
        patch.setenv("PYTHONPATH", str(ROOT))
        with distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=":0",
            silence_logs=50,
        ) as started:
            yield started


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Workspaces of models that do what their names say."""
    monkeypatch.setattr(working, "work", works.work)

    def made(*names: str) -> Workspace:
        tables = [MODEL.format(name=name) for name in names]
        (tmp_path / "lifecycle.toml").write_text("".join(tables))
        (tmp_path / "worked").touch()
        return lifecycle.open(tmp_path)

    return made


def test_the_models_of_a_fleet_are_worked_by_both_workers_of_a_cluster(
    cluster: Any, desk: Desk, terminal: Terminal
) -> None:
    names = [f"model-{number}" for number in range(8)]
    ws = desk(*names)
    code, out, err = terminal(
        "-w", ws.directory, "due", "--dask", cluster.scheduler_address, "--no-progress"
    )
    told = [f"{n}{what}" for n in names for what in (": settled", " waits")]
    assert (code, out.splitlines(), err) == (0, told, "")
    assert all(works.attempts(ws.directory, name) == 1 for name in names)
    ids = {works.process(ws.directory, name) for name in names}
    assert ids == {worker.pid for worker in cluster.workers.values()}


def test_a_model_whose_worker_dies_is_tried_once_elsewhere_and_the_others_are_done(
    cluster: Any, desk: Desk
) -> None:
    ws = desk("killer", "anna", "wrong", "unlucky", "berta")
    with clustered.dask(ws, cluster.scheduler_address) as executor:
        ticks = ws.due(as_of=AS_OF, executor=executor)
    done = [tick.model for tick in ticks if tick.kind == "proposal"]
    assert done == ["anna", "unlucky", "berta"]
    assert failures(ticks) == {
        "killer": (
            "killer failed: every worker that ran it died; its log and the "
            "scheduler's say why",
            22,
        ),
        "wrong": ("wrong failed: leads.csv: no column id leads.csv: no rows", 30),
    }
    assert works.attempts(ws.directory, "killer") == 2
    assert works.attempts(ws.directory, "wrong") == 1


def test_a_worker_that_does_not_see_the_workspace_is_named_before_anything_begins(
    cluster: Any, desk: Desk
) -> None:
    ws = desk("anna")
    (ws.directory / "lifecycle.toml").unlink()
    expected = r"the Dask worker tcp://\S+ cannot work for this workspace \(no life"
    with (
        pytest.raises(errors.LifecycleError, match=expected),
        clustered.dask(ws, cluster.scheduler_address),
    ):
        pass
    assert works.attempts(ws.directory, "anna") == 0


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "here"])
def test_an_address_where_no_scheduler_answers_is_said_with_it(
    address: str, desk: Desk, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clustered, "_REACH", "1 s")
    ws = desk("anna")
    code, out, err = terminal("-w", ws.directory, "due", "--dask", address)
    assert (code, out) == (30, "")
    assert err.startswith(f"no Dask scheduler answers at {address} (")


def test_a_cluster_without_workers_is_said_and_not_waited_for(desk: Desk) -> None:
    ws = desk("anna")
    with (
        distributed.LocalCluster(
            n_workers=0, dashboard_address=":0", silence_logs=50
        ) as empty,
        pytest.raises(errors.LifecycleError, match="has no worker; start one with"),
        clustered.dask(ws, empty.scheduler_address),
    ):
        pass

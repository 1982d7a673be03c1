"""JupyterLab on a workspace: what it is started with, and what a person finds there."""

from __future__ import annotations

import json
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import lifecycle
from lifecycle import errors, lab, workspace
from lifecycle.lab.runs import Busy, Runs, facts, opened
from lifecycle.workspace import overview

AT = datetime(2024, 4, 1, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> workspace.Workspace:
    """A workspace of one model, whose two audits stand as pages."""
    place = tmp_path / "a desk"
    workspace.init(place)
    ws = lifecycle.open(place)
    for number, day in enumerate(("2024-03-04", "2024-04-01")):
        folder = place / "reports" / "my-model" / day
        folder.mkdir(parents=True)
        page = f"<!doctype html><title>t</title><h1>Audit of {day}</h1>"
        (folder / "audit.html").write_text(page, encoding="utf-8")
        ws.registry.record_run(
            "my-model", "audit", datetime.fromisoformat(f"{day}T00:00:00+00:00"),
            status="succeeded", ended=AT.replace(hour=number),
            directory=f"reports/my-model/{day}",
        )  # fmt: skip
    ws.refresh_index(as_of=AT)
    return ws


def test_the_newest_report_is_the_one_written_last_that_is_still_there(
    desk: workspace.Workspace,
) -> None:
    newest = "reports/my-model/2024-04-01/audit.html"
    assert overview.newest_report(desk) == newest
    (desk.directory / newest).unlink()
    assert overview.newest_report(desk) == "reports/my-model/2024-03-04/audit.html"


def test_what_the_user_has_set_stays_and_ours_stands_beside_it(
    desk: workspace.Workspace,
) -> None:
    theirs = {"JUPYTER_CONFIG_PATH": "/their/own", "HOME": "/home/them"}
    told = lab.environment(desk.directory, lab.arrangement("notebooks/a.ipynb"), theirs)
    ours, _, rest = told["JUPYTER_CONFIG_PATH"].partition(os.pathsep)
    assert rest == "/their/own"
    assert told["HOME"] == "/home/them"
    rules = Path(ours) / "labconfig" / "default_setting_overrides.json"
    assert "@jupyterlab/apputils-extension:notification" in json.loads(
        rules.read_text(encoding="utf-8")
    )
    assert Path(told["JUPYTERLAB_WORKSPACES_DIR"]).is_relative_to(
        desk.directory / ".lifecycle"
    )


def test_jupyterlab_reads_the_arrangement_under_the_name_it_is_opened_with(
    desk: workspace.Workspace,
) -> None:
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    layout = lab.arrangement("notebooks/a.ipynb", "reports/r.html")
    told = lab.environment(desk.directory, layout, {})
    kept = WorkspacesManager(told["JUPYTERLAB_WORKSPACES_DIR"]).load("lifecycle")
    assert kept["data"] == layout["data"]
    assert kept["data"]["htmlviewer:reports/r.html"]["data"]["factory"] == "HTML Viewer"
    words = lab.command(desk.directory, browser=False, port=8123, more=["--ip=::1"])
    assert "--LabApp.default_url=/lab/workspaces/lifecycle" in words
    assert "--ServerApp.jpserver_extensions=lifecycle.lab=True" in words
    assert words[-3:] == ["--no-browser", "--port=8123", "--ip=::1"]


def test_without_jupyterlab_a_sentence_says_what_to_install(
    desk: workspace.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(errors.SettingsError, match="pip install jupyterlab"):
        lab.command(desk.directory)


def test_the_extension_is_what_jupyterlab_expects_of_a_prebuilt_one() -> None:
    from jupyterlab_server.config import get_federated_extensions

    found = get_federated_extensions([str(lab.extension().parent)])
    about = found["lifecycle-workbench"]["jupyterlab"]
    assert about["extension"] is True
    entry = lab.extension() / about["_build"]["load"]
    text = entry.read_text(encoding="utf-8")
    assert "http://" not in text.replace("http://x/", "").replace(
        "http://www.w3.org/2000/svg", ""
    )
    assert "https://" not in text


def test_below_a_hub_its_own_server_is_started_which_the_hub_lets_people_into(
    desk: workspace.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    words = lab.command(desk.directory, port=8123, hub="/user/ana/")
    assert words[2:4] == ["-m", "jupyterhub.singleuser"]
    assert f"--ServerApp.root_dir={desk.directory}" in words
    assert "--ServerApp.default_url=/lab/workspaces/lifecycle" in words
    assert not [word for word in words if word.startswith(("--port", "--ip"))]
    assert "--no-browser" in words


def test_below_a_hub_without_jupyterhub_nothing_is_opened_unguarded(
    desk: workspace.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"jupyterlab"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name in known or None)
    with pytest.raises(errors.SettingsError, match="pip install jupyterhub"):
        lab.command(desk.directory, hub="/user/ana/")


def test_a_user_without_a_home_has_jupyterlab_keep_its_things_in_the_workspace(
    desk: workspace.Workspace, tmp_path: Path
) -> None:
    layout = lab.arrangement("notebooks/a.ipynb")
    told = lab.environment(desk.directory, layout, {"HOME": str(tmp_path / "none")})
    ours = desk.directory / ".lifecycle" / "lab"
    assert Path(told["JUPYTER_RUNTIME_DIR"]).is_relative_to(ours)
    kept = lab.environment(desk.directory, layout, {"HOME": str(tmp_path)})
    assert "JUPYTER_RUNTIME_DIR" not in kept


def test_whoever_opens_jupyterlab_is_there(desk: workspace.Workspace) -> None:
    layout = lab.arrangement("notebooks/a.ipynb")
    told = lab.environment(desk.directory, layout, {"LIFECYCLE_UNATTENDED": "1"})
    assert "LIFECYCLE_UNATTENDED" not in told


# -- runs that are asked for -----------------------------------------------------

ENDS = """
import pathlib, sys
page = pathlib.Path("reports/my-model/2024-04-01/audit.html").resolve()
print("audit of my-model: succeeded in 1.0 s")
print("quiet: all is well")
print(page)
"""


def ended(kept: Runs, id: str) -> dict[str, Any]:
    kept._runs[id].process.wait(30)
    return kept.tell(id)


def test_a_run_is_followed_until_its_report(desk: workspace.Workspace) -> None:
    kept = Runs(desk.directory, begin=[sys.executable, "-c", ENDS])
    told = ended(kept, kept.start("audit", "my-model"))
    assert (told["state"], told["sentence"]) == ("succeeded", "quiet: all is well")
    assert told["report"] == "reports/my-model/2024-04-01/audit.html"


@pytest.mark.parametrize(
    ("code", "state"), [(20, "failed"), (21, "timeout"), (22, "died"), (30, "refused")]
)
def test_a_run_that_did_not_succeed_says_how_and_why(
    desk: workspace.Workspace, code: int, state: str
) -> None:
    source = f"import sys; sys.stderr.write('cell 3: no\\n'); sys.exit({code})"
    kept = Runs(desk.directory, begin=[sys.executable, "-c", source])
    told = ended(kept, kept.start("audit", "my-model"))
    assert (told["state"], told["sentence"]) == (state, "cell 3: no")
    assert told["report"] == ""


@pytest.mark.parametrize("page", ["/etc/passwd.html", "../secret.html"])
def test_a_page_outside_of_the_workspace_is_no_report(
    desk: workspace.Workspace, page: str
) -> None:
    (desk.directory.parent / "secret.html").write_text("x", encoding="utf-8")
    kept = Runs(desk.directory, begin=[sys.executable, "-c", f"print({page!r})"])
    assert ended(kept, kept.start("audit", "my-model"))["report"] == ""


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "../audit",
        "audit.ipynb",
        "--help",
        "audit\nx",
        "home",
        7,
        None,
        ["audit"],
        {},
    ],
    ids=repr,
)
def test_only_a_notebook_and_a_model_that_are_there_are_run(
    desk: workspace.Workspace, asked: object
) -> None:
    kept = Runs(desk.directory, begin=["/does/not/exist"])
    with pytest.raises(errors.BadParameters, match="there is no notebook"):
        kept.start(asked, "my-model")
    with pytest.raises(errors.UnknownModel, match="there is no model"):
        kept.start("audit", asked)


def test_one_page_of_a_model_runs_once_and_not_too_many_run_at_once(
    desk: workspace.Workspace,
) -> None:
    (desk.directory / "notebooks" / "--own.ipynb").write_text("{}", encoding="utf-8")
    waits = [sys.executable, "-c", "import signal; signal.pause()"]
    kept = Runs(desk.directory, begin=waits, most=2)
    first = kept.start("audit", "my-model")
    with pytest.raises(errors.AlreadyRunning, match="running already"):
        kept.start("audit", "my-model")
    second = kept.start("drift", "my-model")
    with pytest.raises(Busy, match="2 notebooks are running"):
        kept.start("decide", "my-model")
    assert kept.tell(first)["state"] == "running"
    for id in (first, second):
        kept.stop(id)
        assert ended(kept, id)["state"] == "stopped"
    with pytest.raises(errors.BadParameters, match="no such run"):
        kept.tell("0" * 16)


def test_the_tiles_are_told_what_there_is(desk: workspace.Workspace) -> None:
    told = facts(desk.directory)
    assert told["models"] == ["my-model"]
    assert told["notebooks"][:4] == ["audit", "drift", "decide", "promote"]
    assert told["report"] == "reports/my-model/2024-04-01/audit.html"
    assert told["waiting"] == []


# -- who cannot open it, and what is opened there ----------------------------------


def test_whoever_may_not_write_there_is_told_whose_it_is(
    desk: workspace.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.ready(desk.directory)
    monkeypatch.setattr(os, "access", lambda *told: False)
    with pytest.raises(errors.SettingsError, match=r"belongs to .* lifecycle lab as"):
        lab.ready(desk.directory)
    told = list(os.statvfs(desk.directory))
    told[8] |= os.ST_RDONLY
    monkeypatch.setattr(os, "statvfs", lambda place: os.statvfs_result(told))
    with pytest.raises(errors.SettingsError, match="on a disk that can only be read"):
        lab.ready(desk.directory)


def test_a_port_is_taken_while_something_listens_there() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        assert not lab.taken(port)
        held.listen()
        assert lab.taken(port)


def test_a_plain_jupyterlab_is_told_of_the_server_side_of_the_tiles() -> None:
    place = Path(lab.__file__).parent / "jupyter_server_config.d"
    (file,) = place.iterdir()
    told = json.loads(file.read_text(encoding="utf-8"))
    assert told == {"ServerApp": {"jpserver_extensions": {"lifecycle.lab": True}}}
    assert lab._jupyter_server_extension_points() == [{"module": "lifecycle.lab"}]


def test_that_a_report_is_opened_is_kept(desk: workspace.Workspace) -> None:
    assert opened(desk.directory, "reports/my-model/2024-04-01/audit.html")
    assert not opened(desk.directory, "reports/my-model/2024-03-04/audit.html")
    assert opened(desk.directory, "reports/my-model/index.html")
    pages = {(each.page, each.way) for each in desk.registry.opened("my-model")}
    assert pages == {("audit", "lab"), ("", "lab")}


@pytest.mark.parametrize(
    "path",
    [None, 7, "", "reports/index.html", "reports/x/index.html", "a/my-model/b.html",
     "reports/my-model/../../secret.html", "reports/my-model/d/<b>.html"],
    ids=repr,
)  # fmt: skip
def test_what_is_no_report_of_a_model_is_not_kept(
    desk: workspace.Workspace, path: object
) -> None:
    with pytest.raises(errors.LifecycleError, match=r"no (report|model|notebook)"):
        opened(desk.directory, path)
    assert not desk.registry.opened("my-model")

"""The built wheel works away from the checkout: notebooks and templates are in it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import lifecycle

CHECKOUT = Path(lifecycle.__file__).parent.parent

pytestmark = pytest.mark.skipif(
    not (CHECKOUT / "pyproject.toml").exists(),
    reason="the package is not a checkout, so there is nothing to build",
)


def call(*words: object, cwd: Path) -> str:
    """Run a command away from the checkout; its output, or a failure that shows it."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("dist")
    call(
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        place,
        CHECKOUT,
        cwd=place,
    )
    (built,) = place.glob("*.whl")
    return built


def test_the_wheel_carries_notebooks_templates_and_migrations(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    for page in ("audit", "drift", "decide", "promote"):
        assert f"lifecycle/notebooks/{page}.ipynb" in inside
    assert "lifecycle/workspace/templates/blank.toml" in inside
    assert any(n.startswith("lifecycle/registry/migrations/") for n in inside)
    assert any(n.startswith("lifecycle/jobs/templates/") for n in inside)
    assert not any("tests/" in name or name.startswith("benchmarks") for name in inside)


def use(python: Path, place: Path) -> None:
    """Make a workspace with the installed package and run a page in it."""
    desk = place / "a desk"
    where = call(python, "-c", "import lifecycle; print(lifecycle.__file__)", cwd=place)
    assert str(CHECKOUT) not in where
    command = python.parent / "lifecycle"
    call(command, "init", desk, cwd=place)
    said = call(command, "-w", desk, "run", "audit", "my-model", cwd=place)
    assert "succeeded" in said
    assert (desk / "reports" / "index.html").exists()
    assert list(desk.glob("reports/my-model/*/audit.html"))


@pytest.mark.notebook
def test_the_installed_wheel_makes_a_workspace_and_runs_a_page(
    wheel: Path, tmp_path: Path
) -> None:
    """Its dependencies are lent by the surrounding environment, to save minutes."""
    home = tmp_path / "venv"
    venv.create(home)
    python = home / "bin" / "python"
    # by the pip that is here: the test with all it needs has one of its own
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet")
    call(*pip, "--no-deps", "--no-compile", wheel, cwd=tmp_path)
    inner = call(
        python,
        "-c",
        "import sysconfig; print(sysconfig.get_path('purelib'))",
        cwd=tmp_path,
    ).strip()
    Path(inner, "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    use(python, tmp_path)


@pytest.mark.slow
def test_the_wheel_installs_with_its_own_dependencies(
    wheel: Path, tmp_path: Path
) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    call(
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--constraint",
        CHECKOUT / "constraints.txt",
        wheel,
        cwd=tmp_path,
    )
    use(python, tmp_path)

"""What holds for all tests: time enough for a property, and a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")

Terminal = Callable[..., tuple[int, str, str]]


@pytest.fixture
def terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    """The command line in this process: its exit code, output and errors."""
    from lifecycle import cli

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lifecycle", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return code, told.out, told.err

    return run

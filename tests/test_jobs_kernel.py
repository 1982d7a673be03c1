"""What a forked kernel leaves out of its start."""

from __future__ import annotations

import importlib
import sys

import pytest

from lifecycle.jobs import kernel


def test_a_module_is_kept_out_for_a_while_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with kernel._without("colorsys"), pytest.raises(ImportError):
        importlib.import_module("colorsys")
    assert "colorsys" not in sys.modules
    assert importlib.import_module("colorsys").rgb_to_hsv


def test_a_module_that_is_there_already_stays() -> None:
    with kernel._without("json"):
        assert importlib.import_module("json").dumps(1) == "1"
    assert sys.modules["json"].dumps(1) == "1"

"""The benchmark of a fleet, with ten models in place of three hundred."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import fleet

pytestmark = [pytest.mark.slow, pytest.mark.notebook]


def test_ten_models_due_at_once_leave_nine_reports_and_one_failure(
    tmp_path: Path,
) -> None:
    rows = {row.name: row for row in fleet.measure(tmp_path / "desk", 10, 3)}
    assert rows["exit code, with one failing model"].value == 30
    assert rows["models with a report"].value == 9
    assert rows["reports"].value == 9 * 4
    assert [name for name, row in rows.items() if row.met is False] == []
    assert rows["processes at most"].value > 1 + fleet.JOBS

"""What a version says of a logged prediction is worked out once, and kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lifecycle import errors
from lifecycle.workspace import Workspace, serving, shadows
from tests.test_workspace_serving import bench as bench
from tests.test_workspace_serving import born
from tests.test_workspace_serving import rows as rows


@pytest.fixture
def log(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(id=[f"lead {k}" for k in range(len(rows))])


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows were scored, call by call."""
    counted: list[int] = []
    whole = serving.scorer

    def spied(*told):
        score = whole(*told)

        def counting(frame):
            counted.append(len(frame))
            return score(frame)

        return counting

    monkeypatch.setattr(serving, "scorer", spied)
    return counted


def place(bench: Workspace):
    return next((bench.directory / ".lifecycle" / "shadows" / "leads").iterdir())


def test_only_predictions_that_are_new_are_scored(bench, log, seen):
    _, version = born(bench, log)
    wanted = serving.scorer(bench, "leads", version)(log)
    seen.clear()
    first = shadows.scores(bench, "leads", version, log.iloc[:200])
    mixed = log.iloc[::-1]
    again = shadows.scores(bench, "leads", version, mixed)
    assert seen == [200, 100]
    np.testing.assert_allclose(first, wanted[:200], rtol=1e-12)
    np.testing.assert_allclose(again, wanted[::-1], rtol=1e-12)
    np.testing.assert_array_equal(shadows.scores(bench, "leads", version, mixed), again)
    assert seen == [200, 100]


def test_two_versions_keep_their_scores_apart(bench, log, seen):
    _, one = born(bench, log)
    _, two = born(bench, log.assign(outcome=1 - log["outcome"]))
    first, second = (shadows.scores(bench, "leads", v, log) for v in (one, two))
    assert seen == [300, 300]
    assert np.corrcoef(first, second)[0, 1] < 0


@pytest.mark.parametrize("harm", ["cut", "altered", "gone"])
def test_what_is_damaged_is_made_again(bench, log, seen, harm):
    _, version = born(bench, log)
    before = shadows.scores(bench, "leads", version, log)
    path = place(bench)
    data = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(data[:-9] if harm == "cut" else data[:-1] + b"\x7f")
    np.testing.assert_array_equal(shadows.scores(bench, "leads", version, log), before)
    assert seen == [300, 300]
    assert path.read_bytes() == data


def test_a_version_whose_artefact_is_gone_says_nothing_any_more(bench, log, seen):
    _, version = born(bench, log)
    shadows.scores(bench, "leads", version, log)
    (bench.registry.artefacts / version.artefact).unlink()
    with pytest.raises(errors.ArtefactError):
        shadows.scores(bench, "leads", version, log)


def test_of_no_rows_nothing_is_said(bench, log, seen):
    _, version = born(bench, log)
    assert shadows.scores(bench, "leads", version, log.iloc[:0]).shape == (0,)
    assert seen == []

"""What versions say of logged predictions in shadow: each scored once, and kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import registry
from lifecycle.jobs import store
from lifecycle.registry.artefacts import COLLECTED
from lifecycle.training.keeping import Scores
from lifecycle.workspace import serving

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle.workspace.desk import Workspace

__all__ = ["scores"]


def scores(
    workspace: Workspace, name: str, version: registry.Version, rows: pd.DataFrame
) -> np.ndarray:
    """The scores a version gives to predictions of the log, whoever served them.

    A prediction never changes once it is logged, and neither does a version: what it
    says of one is kept by the prediction's id, beside the log under `.lifecycle/`, and
    only what is new is scored. All that is there can be deleted, and is made anew.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    version : Version
    rows : DataFrame of n rows
        With `id` and the version's features.

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    ArtefactError
        The stored model is missing or altered; also where all scores are kept. Of a
        version whose artefact was collected what is kept is believed.
    SettingsError
        The source of its recipe, which shapes the rows, is missing or was altered.
    """
    import numpy as np
    import pandas as pd

    if rows.empty:
        return np.empty(0)
    ids = rows["id"].astype(str).to_numpy(dtype=object)
    keys = pd.util.hash_array(ids, categorize=False).astype(np.uint64)
    path = _place(workspace, name, version)
    held = _read(path)
    new = held.without(keys)
    if not new.any():
        if version.status != COLLECTED:
            workspace.registry.check(version)
    else:
        fresh = serving.scorer(workspace, name, version)(rows[new])
        held = Scores.of(
            np.concatenate([held.rows, keys[new]]),
            np.concatenate([held.scores, fresh]),
            0.0,
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        store.write(path, held.to_bytes(), durable=False)
    found = held.at(keys)
    assert found is not None
    return found


def _place(workspace: Workspace, name: str, version: registry.Version) -> Path:
    folder = workspace.directory / ".lifecycle" / "shadows" / name
    return folder / f"{version.number}-{version.sha256[:24]}.scores"


def _read(path: Path) -> Scores:
    """What is kept; nothing where it is not there or not whole."""
    import numpy as np

    try:
        return Scores.from_bytes(path.read_bytes())
    except (OSError, ValueError):
        return Scores(np.empty(0, dtype=np.uint64), np.empty(0), 0.0)

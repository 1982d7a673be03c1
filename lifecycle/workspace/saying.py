"""Saying: what a version says of rows, as the log would have it, or in common codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import registry, tasks
from lifecycle.workspace import shadows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle.workspace.rows import Rows

__all__ = [
    "classes",
    "coded",
    "common",
    "judged",
    "labels",
    "losses",
    "plain",
    "said",
    "spread",
]


def said(
    view: Rows, version: registry.Version, rows: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Score and prediction that a version gives to logged rows, whoever served them.

    Parameters
    ----------
    view : Rows
    version : Version
    rows : DataFrame of n rows

    Returns
    -------
    score, prediction : ndarray of shape (n,)
        As the log has them; `nan` or None where the version has no answer.
    """
    raw = shadows.scores(view.workspace, view.name, version, rows)
    return view.task.said(raw, threshold=version.threshold, classes=classes(version))


def common(view: Rows, version: registry.Version, rows: pd.DataFrame) -> np.ndarray:
    """A version's raw answers in the codes of the view's classes (`Rows.classes`)."""
    raw = shadows.scores(view.workspace, view.name, version, rows)
    if not view.task.words:
        return raw
    return tasks.recoded(raw, classes(version), view.classes)


def classes(version: registry.Version) -> tuple[str, ...]:
    """The names of the codes a version answers with; of several classes only."""
    return tuple(version.birth.get("classes") or ())


def plain(version: registry.Version, raw: np.ndarray) -> np.ndarray:
    """Raw answers as scores: probabilities, or amounts."""
    return tasks.parted(raw)[1] if classes(version) else raw


def judged(
    view: Rows, versions: tuple[registry.Version, registry.Version], rows: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What came true, and what two versions say of it, as who is right can be counted.

    Of several classes the truth is 1 and a version says 1 where it names the class. Of
    amounts the one that is nearer says 1: nobody is right, but one is better.
    """
    import numpy as np

    both = [said(view, each, rows)[1] for each in versions]
    truth = rows["outcome"].to_numpy()
    if view.task.name == "binary":
        return truth, both[0], both[1]
    if view.task.words:
        first, second = (view.task.right(truth, each) for each in both)
    else:
        mine, theirs = (np.abs(each - truth.astype(float)) for each in both)
        known = ~np.isnan(mine + theirs)
        first = np.where(known, mine < theirs, np.nan)
        second = np.where(known, theirs < mine, np.nan)
    return np.ones(len(rows)), first, second


def spread(view: Rows, before: datetime) -> float:
    """What differences of scores are told in: of amounts how far these lie apart.

    Of probabilities it is 1.
    """
    if view.task.judges:
        return 1.0
    usual = view.scored.loc[view.scored["time"] < before, "score"]
    return float(usual.std()) or 1.0


def labels(view: Rows) -> int:
    """Of how many classes labels are codes; 0 where they are amounts."""
    return 2 if view.task.name == "binary" else len(view.classes)


def coded(labels: pd.Series, names: Sequence[str]) -> np.ndarray:
    """Labels as floats: the code of each name, `nan` where it is none or missing.

    Numbers stay as they are where there are no names.

    Examples
    --------
    >>> import pandas as pd
    >>> coded(pd.Series(["loan", None, "card"]), ["card", "loan"]).tolist()
    [1.0, nan, 0.0]
    """
    import numpy as np
    import pandas as pd

    if not names:
        return labels.to_numpy(dtype=float, na_value=np.nan)
    held = labels.astype(object).to_numpy()
    place = pd.Index(list(names), dtype=object).get_indexer(pd.Index(held))
    return np.where(place < 0, np.nan, place).astype(float)


def losses(view: Rows, truth: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """What answers in common codes lose a row, by the prices of the settings."""
    import numpy as np

    from lifecycle.workspace import pricing

    loss = tasks.Loss.priced(view.task.name, pricing.error_costs(view))
    lost = loss.of(truth, scores, view.settings.threshold)
    return np.where(np.isnan(truth) | np.isnan(scores), np.nan, lost)

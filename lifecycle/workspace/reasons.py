"""Why a prediction came out as it did: what its own version says of other values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle import errors, evaluation
from lifecycle.workspace import saying, serving

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle.workspace.rows import Rows

__all__ = ["reasons"]


def reasons(view: Rows, prediction: str) -> pd.Series:
    """What moved the score of one logged prediction, the strongest first.

    Parameters
    ----------
    view : View
    prediction : str
        Its id.

    Returns
    -------
    Series
        By feature of the version that made it; see `evaluation.reasons`. What is
        usual is that of the reference, without one that of all rows.

    Raises
    ------
    IllegalMove
        When the log has no such prediction, or not which version made it.
    ArtefactError
        When that version can no longer be loaded.
    """
    import numpy as np

    rows = view.labelled[view.labelled["id"] == prediction].head(1)
    number = None if rows.empty else rows["version"].iloc[0]
    if number is None or number != number:
        raise errors.IllegalMove(
            f"the log of {view.name} does not know which version made the prediction "
            f"{prediction!r}, so nothing can be said of its reasons"
        )
    version = view.registry.version(view.name, int(number))
    scorer = serving.scorer(view.workspace, view.name, version)
    names = [*scorer.numeric, *scorer.categorical]
    usual = view.reference if len(view.reference) else view.labelled
    known = [name for name in names if name in usual]
    said = rows["prediction"].iloc[0]

    def score(frame: pd.DataFrame) -> np.ndarray:
        """The score; of several classes how probable the one predicted is, at most."""
        sure, guess = view.task.said(
            scorer(frame), threshold=version.threshold, classes=saying.classes(version)
        )
        return np.where(guess == said, sure, 1 - sure) if view.task.words else sure

    found = evaluation.reasons(score, rows, usual, features=known).iloc[0]
    return found.sort_values(key=abs, ascending=False, kind="stable")

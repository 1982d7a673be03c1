"""How well a release is expected to do on the rows since, before outcomes are due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import guards
from lifecycle.findings import Finding

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle import registry
    from lifecycle.workspace.view import View

__all__ = ["MEASURE", "STRETCH", "expected"]

MEASURE = "estimated_difference"
STRETCH = 100  # rows that two versions predict differently are estimated together
ALONE = 400  # rows, of a version that has none before it


def expected(
    view: View,
    serving: registry.Version,
    other: registry.Version | None,
    *,
    since: pd.DataFrame,
    unseen_from: datetime,
    scores: Callable[[registry.Version, pd.DataFrame], np.ndarray],
    alpha: float,
) -> Finding:
    """The estimated accuracy on the newest rows, against that of the version before.

    On the newest whole stretch of rows since the release, from outcomes that were due
    when it ended of rows that neither was trained on. Without another version against
    its own accuracy on those.

    Parameters
    ----------
    since : DataFrame
        The rows since the release, in order.
    unseen_from : datetime
        Rows after it were not trained on.
    scores : callable
        What a version says of rows.
    """
    words = f"version {serving.number}"
    if other is None:
        words += ", against its accuracy before"
    unknown = Finding(MEASURE, float("nan"), len(since), subject=words)
    versions = [serving] if other is None else [serving, other]
    if since.empty or view.settings.task != "binary":
        return unknown
    told, features = _said(view, versions, since, scores)
    differ = told["prediction"].notna()
    if other is not None:
        differ &= told["other"].notna() & (told["prediction"] != told["other"])
    start, stop, look = guards.stretch(
        differ.to_numpy(), size=ALONE if other is None else STRETCH
    )
    if not look:
        return replace(unknown, n=int(differ.sum()))
    rows = told.iloc[start:stop]
    known = view.labelled
    known = known[known["time"] > unseen_from]
    due = known["time"] + view.settings.delay <= rows["time"].iloc[-1]
    known = known[due & known["outcome"].notna()]
    if known.empty:
        return replace(unknown, n=len(rows))
    reference, _ = _said(view, versions, known, scores)
    return guards.estimated(
        reference,
        rows,
        features=features,
        margin=view.settings.guard.estimated_margin,
        alpha=alpha,
        look=look,
        subject=words,
        rng=view.settings.seed,
    )


def _said(
    view: View,
    versions: list[registry.Version],
    rows: pd.DataFrame,
    scores: Callable[[registry.Version, pd.DataFrame], np.ndarray],
) -> tuple[pd.DataFrame, list[str]]:
    """Rows with what each version predicts, and the columns that tell them apart."""
    import numpy as np

    names = list(view.settings.features.names)
    found = rows[[*names, "time", *(["outcome"] if "outcome" in rows else [])]].copy()
    features = list(names)
    for column, version in zip(("prediction", "other"), versions, strict=False):
        said = scores(version, rows)
        guess = (said >= version.threshold).astype(float)
        found[column] = np.where(np.isnan(said), np.nan, guess)
        own = f"score of version {version.number}"
        while own in names:
            own += "_"
        found[own] = said
        features.append(own)
    return found, features

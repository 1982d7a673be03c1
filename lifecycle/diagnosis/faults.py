"""Which rows a fault in the data touches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle import profiles
from lifecycle import quality as checked
from lifecycle.estimation.encoding import Encoding

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd

    from lifecycle.findings import Findings

__all__ = ["touched"]


def touched(
    quality: Findings,
    reference: pd.DataFrame,
    analysis: pd.DataFrame,
    features: Sequence[Any],
) -> np.ndarray:
    """Rows of the analysis that an alert about their data speaks of.

    Parameters
    ----------
    quality : Findings
        As `quality.check` gives them.
    reference, analysis : DataFrame
    features : sequence of column names

    Returns
    -------
    ndarray of bool, shape (n_analysis,)
        Rows without a value where `missing` is an alert, with a value the reference
        does not have where `unseen` or `out_of_range` is; every row where any other
        measure of a feature is (a constant, a stuck feed). Alerts about the frame as a
        whole touch the rows with a repeated id, or none. Findings that know which
        rows they touch, as `quality.check` gives them, are asked.
    """
    import numpy as np

    if isinstance(quality, checked.Quality):
        return np.asarray(quality.touched(analysis), dtype=bool)

    found = np.zeros(len(analysis), dtype=bool)
    names = {str(name): name for name in features}
    for row in quality:
        if row.verdict != "alert":
            continue
        name = names.get(row.subject)
        if name is None:
            if row.measure == "duplicate_ids" and "id" in analysis.columns:
                ids = profiles.column(analysis, "id")
                found |= ids.duplicated(keep=False).to_numpy(dtype=bool)
        elif row.measure == "missing":
            found |= profiles.column(analysis, name).isna().to_numpy(dtype=bool)
        elif row.measure in ("unseen", "out_of_range"):
            encoding = Encoding.of(reference, analysis, [name])
            found |= encoding.outside(encoding.table(analysis))
        else:
            found |= True
    return found

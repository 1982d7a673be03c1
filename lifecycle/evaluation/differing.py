"""The rows on which two models differ most."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle import markup

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Differing", "differing"]

_MOST_FEATURES = 6
_OWN = ("id", "outcome", "champion", "candidate", "right")
_SIDES = ("neither", "champion", "candidate", "both")


@dataclass(frozen=True)
class Differing:
    """The rows on which champion and candidate differ most, and how many do.

    Parameters
    ----------
    n : int
        Rows that both scored.
    champion_alone, candidate_alone : int
        Rows on which only this one is right.
    summary : str
        The same in a sentence.
    table : DataFrame
        `id` where ids were given, `outcome`, the scores of `champion` and `candidate`,
        `right` (champion, candidate, both or neither), then features as they came.
        Rows on which exactly one is right come first, each part by how far the scores
        lie apart.
    """

    n: int
    champion_alone: int
    candidate_alone: int
    summary: str
    table: pd.DataFrame = field(repr=False, compare=False)

    def frame(self) -> pd.DataFrame:
        """One row a prediction, those that differ most first."""
        return self.table

    def __repr__(self) -> str:
        return f"<Differing: {self.summary}>"

    def _repr_html_(self) -> str:
        said = markup.paragraph(self.summary, kind="summary")
        if self.table.empty:
            return markup.Html(f'<div class="lc-findings">{said}</div>')
        names = [str(name) for name in self.table]
        numeric = [names.index(each) for each in ("champion", "candidate")]
        shown = markup.table(
            [markup.said(name) if name in _OWN else _line(name) for name in names],
            [[_plain(value) for value in row] for row in self.table.to_numpy(object)],
            label="The rows on which the two differ most",
            numeric=numeric,
        )
        return markup.Html(f'<div class="lc-findings">{said}{shown}</div>')


def differing(
    truth: np.ndarray,
    scores: tuple[np.ndarray, np.ndarray],
    right: tuple[np.ndarray, np.ndarray],
    *,
    known: np.ndarray,
    ids: npt.ArrayLike | None,
    features: pd.DataFrame | None,
    most: int,
    verb: str = "is right",
) -> Differing:
    """Rank the rows that both scored by how far the two lie apart.

    Parameters
    ----------
    truth, scores, right : arrays of shape (n_known,)
    known : ndarray of bool, shape (n,)
        Which of the rows given these are.
    ids, features : of n rows, optional
    most : int
        Rows to keep.
    verb : str
        What one of them is and the other is not.

    Raises
    ------
    ValueError
        When ids or features are not of the same rows.
    """
    import numpy as np
    import pandas as pd

    champion, candidate = right
    alone = champion != candidate
    apart = np.abs(scores[1] - scores[0])
    order = np.lexsort((-apart, ~alone))[: max(0, most)]
    order = order[(apart[order] > 0) | alone[order]]
    told: dict[Any, Any] = {}
    if ids is not None:
        told["id"] = _same(ids, known, "ids")[order]
    told["outcome"] = truth[order]
    told["champion"], told["candidate"] = scores[0][order], scores[1][order]
    side = champion.astype(int) + 2 * candidate.astype(int)
    told["right"] = np.array(_SIDES, dtype=object)[side[order]]
    if features is not None:
        for name in list(features)[:_MOST_FEATURES]:
            values = _same(features[name], known, "features")[order]
            told[f"{name} (feature)" if name in told else name] = values
    one, other = int((champion & ~candidate).sum()), int((candidate & ~champion).sum())
    n = len(truth)
    summary = (
        f"On {one + other:,} of {n:,} rows exactly one {verb}: the candidate on "
        f"{other:,}, the champion on {one:,}."
    )
    return Differing(n, one, other, summary, pd.DataFrame(told))


def _same(values: Any, known: np.ndarray, name: str) -> np.ndarray:
    import numpy as np

    held = np.asarray(values, dtype=object)
    if len(held) != len(known):
        raise ValueError(
            f"{name} must be of the same rows as the outcomes, got {len(held)} and "
            f"{len(known)}; join them by id first"
        )
    return held[known]


def _plain(value: Any) -> Any:
    """A value for a table: text on one line and cut, a missing one left empty."""
    import pandas as pd

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value if isinstance(value, int | float) else _line(value)


def _line(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:59]}…"

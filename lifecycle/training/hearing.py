"""What stands for an outcome that is not known: people's words, heard and held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle.errors import InputError
from lifecycle.findings import Finding
from lifecycle.training import people
from lifecycle.training.said import Said, instant, moments

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["EARLY", "OUTCOME", "Heard", "Spoken", "held", "listen", "standing"]

OUTCOME, EARLY = "outcome", "early outcome"


@dataclass(frozen=True, eq=False)
class Heard:
    """What people say of rows whose outcome is not known.

    Parameters
    ----------
    labels : ndarray of float64, shape (n,)
        `nan` where nobody said anything that counts.
    weights : ndarray of float64, shape (n,)
        0 there, else at most 1.
    sources : ndarray of str, shape (n,)
        The kind of feedback, or "early outcome".
    findings : list of Finding
        How often each source was right, what it weighs, and who was held.
    facts : dict
        The same for the birth record.
    remark : str
        Why nobody was heard, where that is so.
    """

    labels: np.ndarray
    weights: np.ndarray
    sources: np.ndarray
    findings: list[Finding]
    facts: dict[str, Any]
    remark: str = ""


@dataclass(frozen=True, eq=False)
class Spoken:
    """Words, and the rows that anybody ever spoke of: found once, asked many times.

    Parameters
    ----------
    words : Said
        As `people.spoken` gives them, but for the ids: they are ranks.
    truth : ndarray of float64, shape (n,)
        Of all rows.
    positions : ndarray of int, shape (k,)
        Of the rows that were spoken of.
    ids : ndarray of int, shape (k,)
        Which of the ids spoken of each is, as the words have them.
    came : ndarray of datetime64, shape (k,), optional
        When the outcome of each was known.
    classes : int
        Of the outcomes and of what people say; 0 where they are amounts.
    """

    words: Said
    truth: np.ndarray
    positions: np.ndarray
    ids: np.ndarray
    came: np.ndarray | None
    classes: int = 2

    @classmethod
    def of(
        cls, frame: pd.DataFrame, feedback: pd.DataFrame, *, classes: int = 2
    ) -> Spoken:
        """Match what people said with the rows.

        Raises
        ------
        InputError
            A column is missing.
        """
        import numpy as np
        import pandas as pd

        asked = ["id", "time", "kind", "label"]
        for where, names in ((frame, ["id"]), (feedback, asked)):
            for name in names:
                if name not in where:
                    raise InputError(
                        f"people cannot be listened to without a column {name!r}; read "
                        "the rows with it, or leave feedback out"
                    )
        words = people.spoken(feedback, classes=classes)
        ids = frame["id"].astype(str)
        named = pd.Index(words["id"].astype(object)).unique().sort_values()
        rank = named.get_indexer(ids.astype(object))
        positions = np.flatnonzero(rank >= 0)
        came = frame["known_at"].iloc[positions] if "known_at" in frame else None
        return cls(
            Said.of(words.assign(id=named.get_indexer(words["id"].astype(object)))),
            frame["outcome"].to_numpy(dtype=float, na_value=np.nan),
            positions,
            rank[positions],
            None if came is None else moments(came),
            classes,
        )


def listen(
    spoken: Spoken,
    *,
    as_of: datetime,
    known: np.ndarray,
    asked: np.ndarray,
    outcomes: int,
    most: float,
) -> Heard:
    """Weigh the words, hold each person to a share, and let one label stand a row.

    Parameters
    ----------
    spoken : Spoken
        Words, and who they are about among n rows.
    as_of : datetime
        With a time zone.
    known, asked : ndarray of bool, shape (n,)
        Rows whose outcome says who is right, and rows that a word may stand for.
    outcomes : int
        Rows with a true outcome that the words are set beside.
    most : float
        What the words of one person weigh at most, as a share of those; all words
        together weigh at most as much as they do.

    Returns
    -------
    Heard
        Empty, with a remark, where outcomes are numbers: how right a word is has no
        share then.
    """
    import numpy as np

    n = len(known)
    labels, weights = np.full(n, np.nan), np.zeros(n)
    sources = np.full(n, "", dtype=object)
    truth = spoken.truth
    if not np.isin(truth[known], range(spoken.classes)).all():
        why = "outcomes are numbers, and words on numbers are not weighed"
        return Heard(labels, weights, sources, [], {"words": 0, "late": 0}, why)
    said = spoken.words.by(as_of)
    there = np.isin(spoken.ids, said.id)
    places, ids = spoken.positions[there], spoken.ids[there]
    came = None if spoken.came is None else spoken.came[there]
    if came is not None:
        truth = truth.copy()
        truth[places[~(came <= instant(as_of))]] = np.nan
    old, open_ = known[places], asked[places]
    place, worth, right, late = people.judged(
        said,
        ids[old],
        spoken.truth[places[old]],
        None if came is None else came[old],
        ids[open_],
        apart=spoken.classes == 2,
    )
    told = said.at(place)
    worth, capped = _held(told.person, worth, outcomes=outcomes, most=most)
    first, weight = _standing(told.id, told.kind, told.label, worth)
    rows = dict(zip(ids[open_], places[open_], strict=True))
    at = np.array([rows[key] for key in told.id[first]], dtype=int)
    early = ~np.isnan(truth[at])
    labels[at] = np.where(early, truth[at], told.label[first])
    weights[at] = np.where(early, worth[first], weight)
    sources[at] = np.where(early, EARLY, told.kind[first])
    together = float(weights.sum())
    if together > outcomes:
        weights *= outcomes / together
        capped.append(
            Finding(
                "held",
                together / outcomes if outcomes else float("nan"),
                len(at),
                threshold=1.0,
                verdict="alert" if outcomes else "undefined",
                subject="all people",
                unit="%",
            )
        )
    facts = {
        "words": len(place),
        "late": late,
        "weight": round(float(weights.sum()), 6),
        "sources": {
            row.subject: round(row.value, 6) for row in right if row.measure == "weight"
        },
        "held": [row.subject for row in capped],
    }
    return Heard(labels, weights, sources, [*right, *capped], facts)


def held(
    table: pd.DataFrame, *, outcomes: int, most: float
) -> tuple[pd.DataFrame, list[Finding]]:
    """Hold what each person's words weigh together to a share of the true outcomes.

    Parameters
    ----------
    table : DataFrame
        `person` and `weight`, a row a word. Words of nobody are those of one person.
    outcomes : int
        Rows with a true outcome.
    most : float
        The largest share.

    Returns
    -------
    table : DataFrame
        With weights that add up, a person, to at most `most * outcomes`.
    capped : list of Finding
        `held`, what the words of a person would have weighed as such a share, for
        everybody who was held.

    Examples
    --------
    >>> import pandas as pd
    >>> said = pd.DataFrame({"person": ["a", "a", "b"], "weight": [0.8, 0.8, 0.5]})
    >>> table, capped = held(said, outcomes=8, most=0.1)
    >>> table["weight"].tolist(), [row.subject for row in capped]
    ([0.4, 0.4, 0.5], ['a'])
    """
    weights, rows = _held(
        table["person"].to_numpy(dtype=object),
        table["weight"].to_numpy(dtype=float),
        outcomes=outcomes,
        most=most,
    )
    return table.assign(weight=weights), rows


def _held(
    people_: np.ndarray, weights: np.ndarray, *, outcomes: int, most: float
) -> tuple[np.ndarray, list[Finding]]:
    import numpy as np
    import pandas as pd

    codes, names = pd.factorize(people_, sort=True)
    total = pd.Series(weights).groupby(codes).sum().to_numpy()
    allowed = most * outcomes
    factor, over = np.ones(len(total)), total > allowed
    factor[over] = allowed / total[over]
    rows = [
        Finding(
            "held",
            float(total[each]) / outcomes if outcomes else float("nan"),
            int((codes == each).sum()),
            threshold=most,
            verdict="alert" if outcomes else "undefined",
            subject=_line(str(names[each])) or "nobody named",
            unit="%",
        )
        for each in np.flatnonzero(over)
    ]
    return weights * factor[codes], rows


def standing(table: pd.DataFrame) -> pd.DataFrame:
    """The label that stands for each row, however many people spoke of it.

    People who agree are as sure as the surest of them; of two camps the surer one
    stands, with the difference. Where neither is surer, nothing stands.

    Parameters
    ----------
    table : DataFrame
        `id`, `kind`, `label` and `weight`, a row a word.

    Returns
    -------
    DataFrame
        A row an id that somebody's word counts for: `id`, `kind` and `label` of the
        surest, `weight`, and `surest`, what that one word weighs.

    Examples
    --------
    >>> import pandas as pd
    >>> said = {"id": ["7", "7", "7"], "kind": "override", "label": [1.0, 1.0, 0.0]}
    >>> standing(pd.DataFrame({**said, "weight": [0.6, 0.5, 0.25]}))["weight"].tolist()
    [0.35]
    """
    first, weights = _standing(
        *(table[name].to_numpy(dtype=object) for name in ("id", "kind")),
        *(table[name].to_numpy(dtype=float) for name in ("label", "weight")),
    )
    found = table.iloc[first][["id", "kind", "label", "weight"]]
    surest = found["weight"]
    return found.assign(weight=weights, surest=surest).reset_index(drop=True)


def _standing(
    ids: np.ndarray, kinds: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which words stand, a row an id in their order, and what is left of their weight.

    Of equals always the same stands first.
    """
    import numpy as np

    counted = np.flatnonzero(weights > 0)
    _, key = np.unique(ids[counted], return_inverse=True)
    _, kind = np.unique(kinds[counted].astype(str), return_inverse=True)
    order = np.lexsort((kind, labels[counted], -weights[counted], key))
    ranked, key = counted[order], key[order]
    begins = np.ones(len(key), dtype=bool)
    begins[1:] = key[1:] != key[:-1]
    first = ranked[begins]
    against = np.zeros(len(first))
    other = labels[ranked] != labels[first][key]
    places, at = np.unique(key[other], return_index=True)  # the surest of the others
    against[places] = weights[ranked[other][at]]
    return first, weights[first] - against


def _line(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= 60 else line[:59] + "…"

"""What stands for an outcome that is not known: people's words, heard and held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lifecycle.errors import InputError
from lifecycle.findings import Finding
from lifecycle.training import people

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
    words : DataFrame
        As `people.spoken` gives them.
    truth : ndarray of float64, shape (n,)
        Of all rows.
    positions : ndarray of int, shape (k,)
        Of the rows that were spoken of.
    ids : ndarray of str, shape (k,)
    rows : DataFrame of k rows
        `id`, `outcome` and, where there is one, `known_at`.
    """

    words: pd.DataFrame
    truth: np.ndarray
    positions: np.ndarray
    ids: np.ndarray
    rows: pd.DataFrame

    @classmethod
    def of(cls, frame: pd.DataFrame, feedback: pd.DataFrame) -> Spoken:
        """Match what people said with the rows.

        Raises
        ------
        InputError
            A column is missing.
        """
        import numpy as np

        asked = ["id", "time", "kind", "label"]
        for where, names in ((frame, ["id"]), (feedback, asked)):
            for name in names:
                if name not in where:
                    raise InputError(
                        f"people cannot be listened to without a column {name!r}; read "
                        "the rows with it, or leave feedback out"
                    )
        words = people.spoken(feedback)
        ids = frame["id"].astype(str)
        positions = np.flatnonzero(ids.isin(words["id"]).to_numpy())
        columns = ["id", "outcome", *(["known_at"] if "known_at" in frame else [])]
        return cls(
            words,
            frame["outcome"].to_numpy(dtype=float, na_value=np.nan),
            positions,
            ids.to_numpy(dtype=object)[positions],
            frame[columns].iloc[positions],
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
    if not np.isin(truth[known], (0, 1)).all():
        why = "outcomes are numbers, and words on numbers are not weighed"
        return Heard(labels, weights, sources, [], {"words": 0, "late": 0}, why)
    said = people.last(spoken.words, as_of=as_of)
    there = np.isin(spoken.ids, said["id"].to_numpy(dtype=object))
    places, rows, ids = spoken.positions[there], spoken.rows[there], spoken.ids[there]
    if "known_at" in rows:
        came = (rows["known_at"] <= as_of.astimezone(UTC)).to_numpy(dtype=bool)
        truth = truth.copy()
        truth[places[~came]] = np.nan
    found, late = people.resolved(said, rows[known[places]], ids[asked[places]])
    table, capped = held(found.table, outcomes=outcomes, most=most)
    place = {key: at for key, at in zip(ids, places, strict=True) if asked[at]}
    stands = standing(table)
    at = np.array([place[key] for key in stands["id"]], dtype=int)
    early = ~np.isnan(truth[at])
    labels[at] = np.where(early, truth[at], stands["label"])
    weights[at] = np.where(early, stands["surest"], stands["weight"])
    sources[at] = np.where(early, EARLY, stands["kind"].to_numpy(dtype=object))
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
        "words": len(found.table),
        "late": late,
        "weight": round(float(weights.sum()), 6),
        "sources": {
            row.subject: round(row.value, 6)
            for row in found.rows
            if row.measure == "weight"
        },
        "held": [row.subject for row in capped],
    }
    return Heard(labels, weights, sources, [*found.rows, *capped], facts)


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
    import numpy as np

    total = table.groupby("person")["weight"].sum()
    allowed = most * outcomes
    factor = np.ones(len(total))
    over = (total > allowed).to_numpy(dtype=bool)
    factor[over] = allowed / total.to_numpy()[over]
    told = dict(zip(total.index, factor, strict=True))
    scale = np.array([told[person] for person in table["person"]], dtype=float)
    rows = [
        Finding(
            "held",
            float(total[person]) / outcomes if outcomes else float("nan"),
            int((table["person"] == person).sum()),
            threshold=most,
            verdict="alert" if outcomes else "undefined",
            subject=_line(str(person)) or "nobody named",
            unit="%",
        )
        for person in total.index[over]
    ]
    return table.assign(weight=table["weight"] * scale), rows


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
    counted = table[table["weight"] > 0]
    order = ["id", "weight", "label", "kind"]  # of equals always the same first
    ranked = counted.sort_values(order, ascending=[True, False, True, True])
    camps = ranked.drop_duplicates(["id", "label"])
    first = camps.drop_duplicates("id").assign(surest=lambda rows: rows["weight"])
    second = camps[camps["id"].duplicated()].set_index("id")["weight"]
    against = first["id"].map(second).fillna(0.0).astype(float)
    first = first.assign(weight=first["weight"] - against)
    columns = ["id", "kind", "label", "weight", "surest"]
    return first[columns].reset_index(drop=True)


def _line(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= 60 else line[:59] + "…"

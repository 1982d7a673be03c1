"""What a person's word on an outcome is worth: as much as such words were right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import feedback as said_by
from lifecycle import intervals
from lifecycle import people as persons
from lifecycle.findings import Finding
from lifecycle.training.overruled import turns
from lifecycle.training.said import Said, moments

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = [
    "KINDS",
    "Words",
    "judged",
    "last",
    "resolved",
    "spoken",
    "weigh",
    "words",
]

KINDS = ("correction", "override", "label")
_LEVEL = 0.90  # of the interval whose lower end counts
_STRENGTH = 10.0  # so many words of one's own count as much as those of the others
_NOBODY = ""
_TOLD = ["id", "time", "kind", "label", "person"]


@dataclass(frozen=True)
class Words:
    """Words on outcomes that are not known, each with what it is worth.

    Parameters
    ----------
    table : DataFrame
        A row a prediction and person: `id`, `kind`, `person` (empty where nobody is
        named), `label`, `weight`.
    rows : tuple of Finding
        `right`, how often each source was right when the outcome came, and `weight`.
    """

    table: pd.DataFrame
    rows: tuple[Finding, ...]


def words(
    feedback: pd.DataFrame,
    *,
    as_of: datetime,
    kinds: Sequence[str] = KINDS,
    classes: int = 2,
) -> pd.DataFrame:
    """The last word of each person on each prediction, said by `as_of`.

    Parameters
    ----------
    feedback : DataFrame
        `id` of the prediction, `time`, `kind`, `label` (0 or 1) and `person`.
    as_of : datetime
        With a time zone.
    kinds : sequence of str
        Which kinds say what the outcome is.

    Returns
    -------
    DataFrame
        `id`, `time`, `kind`, `person` (empty where nobody is named) and `label`; a row
        a prediction and person, whatever the order of the feedback and however often
        it was said.

    Raises
    ------
    ValueError
        The times have no zone.
    """
    told = last(spoken(feedback, kinds=kinds, classes=classes), as_of=as_of)
    standing = told[~told["refused"].astype(bool)]
    return standing[_TOLD].reset_index(drop=True)


def spoken(
    feedback: pd.DataFrame, *, kinds: Sequence[str] = KINDS, classes: int = 2
) -> pd.DataFrame:
    """All words on what the outcome is, in the order in which they were said.

    A label that is none of so many classes, by its code, says nothing.

    A ruling on a word is a turn of its own, and so is one that replaces it; see
    `overruled.turns`.

    Returns
    -------
    DataFrame
        `id`, `time` of the word or of what was ruled, `kind`, `person`, `label`,
        `refused`, `said_at`, `off` (when a ruling first took it out; missing for
        never), and `pair`: the rank of id and person.
    """
    import pandas as pd

    all_ = feedback.reindex(columns=[*_TOLD, "feedback_id"])
    told = all_[all_["kind"].isin(list(kinds)) & all_["label"].isin(range(classes))]
    if len(told) and getattr(told["time"].dtype, "tz", None) is None:
        raise ValueError("the feedback's times have no time zone; give them in UTC")
    told = _named(told).assign(refused=False, said_at=told["time"], step=0)
    told["off"] = told["time"].mask(told["time"].notna())
    rulings = _named(said_by.about(all_))
    if len(rulings):
        more = turns(told, rulings, kinds=kinds, classes=classes)
        told = pd.concat([told, more], ignore_index=True)
    # of two words of one moment always the same; what is ruled comes after its word
    order = ["time", "step", "kind", "label"]
    told = told.sort_values(order, kind="stable", ignore_index=True)
    pair = told.groupby(["id", "person"], sort=True).ngroup()
    return pd.DataFrame(told.assign(pair=pair))


def _named(told: pd.DataFrame) -> pd.DataFrame:
    person = told["person"].astype(object)
    person = person.where(person.notna(), _NOBODY).astype(str)
    keys = {each: persons.key(each) for each in person.unique()}  # one, however spelt
    return told.assign(person=person.map(keys), id=told["id"].astype(str))


def last(spoken: pd.DataFrame, *, as_of: datetime) -> pd.DataFrame:
    """Of all words those of each person on each prediction that stood at a moment."""
    import pandas as pd

    told = spoken[[*_TOLD, "refused", "said_at"]]
    if not len(told):
        return told
    moment = pd.Timestamp(as_of).tz_convert("UTC")
    until = int(told["time"].searchsorted(moment, side="right"))
    pair = spoken["pair"].iloc[:until].drop_duplicates(keep="last").sort_values()
    return told.loc[pair.index].reset_index(drop=True)


def weigh(
    right: npt.ArrayLike, n: npt.ArrayLike, *, of: tuple[float, float] = (1.0, 1.0)
) -> np.ndarray:
    r"""The weight of words whose source was right so often.

    Parameters
    ----------
    right, n : array-like of int, shape (k,)
        How often each source was right, and of how many words.
    of : tuple of float
        The two parameters of the beta distribution believed before any word.

    Returns
    -------
    ndarray of float64, shape (k,)
        Between 0 and 1: 0 where the source is not surely better than chance, and
        always below what a true outcome weighs.

    Notes
    -----
    A word that is right with probability :math:`p` stands for the outcome
    :math:`p` times and for its opposite :math:`1-p` times. A loss on both is

    .. math:: p\,l(y) + (1-p)\,l(1-y) = (2p-1)\,l(y) + (1-p)\,[l(0)+l(1)],

    whose second part is the same whatever was said: what the word tells weighs
    :math:`2p-1`, all of it where it is always right and nothing at chance. For
    :math:`p` the lower end of the 90% interval of its beta distribution is taken, so
    that a source with few words is not believed for its luck.

    References
    ----------
    N. Natarajan, I. Dhillon, P. Ravikumar and A. Tewari, "Learning with noisy labels",
    NIPS 2013, for losses under labels that are wrong with a known probability.

    Examples
    --------
    >>> weigh([0, 5, 9, 99], [0, 10, 10, 100]).round(2).tolist()
    [0.0, 0.0, 0.27, 0.91]
    """
    import numpy as np
    from scipy.special import betaincinv

    hits, total = np.asarray(right, dtype=float), np.asarray(n, dtype=float)
    lower = betaincinv(of[0] + hits, of[1] + total - hits, (1 - _LEVEL) / 2)
    weights: np.ndarray = np.clip(2 * lower - 1, 0.0, 1.0)
    return weights


def resolved(
    said: pd.DataFrame, known: pd.DataFrame, asked: Sequence[str]
) -> tuple[Words, int]:
    """Weigh words on outcomes that are not known by those on outcomes that are.

    A source is a kind of feedback, the outcome it says, and the person: a kind that is
    right of the common outcome need not be right of the rare one. A person's own words
    count together with ten as good as the kind's were, so that one with few words is
    taken for one of the many.

    Parameters
    ----------
    said : DataFrame
        From `words`.
    known : DataFrame
        `id`, `outcome` and `known_at` of mature rows. A word said after the outcome
        was known is no evidence. A word that was refused before its outcome was known
        is none either, whatever is ruled later; one that was refused in hindsight is.
    asked : sequence of str
        The ids whose words are wanted.

    Returns
    -------
    found : Words
    late : int
        How many words came after their outcome, and are no evidence.
    """
    import pandas as pd

    told = Said.of(said.assign(id=said["id"].astype(str)))
    came = moments(known["known_at"]) if "known_at" in known else None
    place, weights, rows, late = judged(
        told,
        known["id"].astype(str).to_numpy(dtype=object),
        known["outcome"].to_numpy(dtype=float, na_value=float("nan")),
        came,
        asked,
    )
    table = pd.DataFrame(
        {
            "id": told.id[place],
            "kind": told.kind[place],
            "person": told.person[place],
            "label": told.label[place],
            "weight": weights,
        }
    )
    return Words(table, tuple(rows)), late


def judged(
    said: Said,
    ids: np.ndarray,
    outcomes: np.ndarray,
    came: np.ndarray | None,
    asked: Sequence[str] | np.ndarray,
    *,
    apart: bool = True,
) -> tuple[np.ndarray, np.ndarray, list[Finding], int]:
    """As `resolved`, of arrays: which words are wanted, and what each is worth.

    Parameters
    ----------
    said : Said
    ids, outcomes : ndarray of shape (k,)
        Of the mature rows.
    came : ndarray of datetime64, shape (k,), optional
        When each outcome was known.
    asked : array-like of ids
    apart : bool
        Whether what a word says is part of its source; of many classes it is not, or
        no source would ever have enough words.

    Returns
    -------
    place : ndarray of int
        Of the words that are wanted and stand.
    weights : ndarray of float64
        Of each of those.
    rows : list of Finding
    late : int
    """
    import numpy as np

    word, fact = _pairs(said.id, ids)
    late = np.zeros(len(word), dtype=bool)
    gone = ~np.isnat(said.off[word])
    if came is not None:
        late = said.said_at[word] >= came[fact]
        gone = said.off[word] < came[fact]
    word, fact = word[~late & ~gone], fact[~late & ~gone]
    right = said.label[word] == outcomes[fact]
    named = np.isin(said.id, np.asarray(asked, dtype=said.id.dtype))
    place = np.flatnonzero(named & ~said.refused)
    weights = np.zeros(len(place))
    rows: list[Finding] = []
    open_ = said.at(place)
    labels = open_.label if apart else np.full(len(place), np.inf)
    for kind, label in sorted({*zip(open_.kind, labels, strict=True)}):
        mine = said.kind[word] == kind
        mine &= (said.label[word] == label) | (not apart)
        hits, n = int(right[mine].sum()), int(mine.sum())
        mean = (1 + hits) / (2 + n)
        prior = _STRENGTH * mean, _STRENGTH * (1 - mean)
        of = (open_.kind == kind) & (labels == label)
        names, codes = np.unique(open_.person[of].astype(str), return_inverse=True)
        rank = {str(name): code for code, name in enumerate(names)}
        history = said.person[word[mine]]
        own = np.fromiter((rank.get(each, -1) for each in history), int, n)
        good = np.bincount(own[(own >= 0) & right[mine]], minlength=len(names))
        total = np.bincount(own[own >= 0], minlength=len(names))
        weights[of] = weigh(good, total, of=prior)[codes]
        rows += _findings(str(kind), float(label), hits, n, weights[of])
    return place, weights, rows, int(late.sum())


def _pairs(words: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a word and a row are of one prediction: the places of both."""
    import numpy as np

    order = np.argsort(ids, kind="stable")
    first = np.searchsorted(ids[order], words, side="left")
    many = np.searchsorted(ids[order], words, side="right") - first
    word = np.repeat(np.arange(len(words)), many)
    nth = np.arange(len(word)) - np.repeat(np.cumsum(many) - many, many)
    return word, order[np.repeat(first, many) + nth]


def _findings(
    kind: str, label: float, hits: int, n: int, weights: np.ndarray
) -> list[Finding]:
    """How often a source was right, and what its words weigh in the mean."""
    subject = f"{kind} to {label:g}" if label < math.inf else kind
    share = hits / n if n else float("nan")
    ends = intervals.wilson(hits, n)
    told = Finding("right", share, n, *ends, subject=subject, unit="%")
    if n:
        told = Finding(
            "right",
            share,
            n,
            *ends,
            threshold=0.5,
            verdict="quiet" if ends[1] >= 0.5 else "alert",
            subject=subject,
            unit="%",
        )
    worth = Finding("weight", float(weights.mean()), len(weights), subject=subject)
    return [told, worth]

"""What a person's word on an outcome is worth: as much as such words were right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import feedback as said_by
from lifecycle import intervals
from lifecycle.findings import Finding

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["KINDS", "Words", "last", "resolved", "spoken", "weigh", "words"]

KINDS = ("correction", "override")
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
    feedback: pd.DataFrame, *, as_of: datetime, kinds: Sequence[str] = KINDS
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
    told = last(spoken(feedback, kinds=kinds), as_of=as_of)
    standing = told[~told["refused"].astype(bool)]
    return standing[_TOLD].reset_index(drop=True)


def spoken(feedback: pd.DataFrame, *, kinds: Sequence[str] = KINDS) -> pd.DataFrame:
    """All words on what the outcome is, in the order in which they were said.

    A ruling on a word is a turn of its own: from its moment on a word that was refused
    or corrected does not stand, and a correction is the word of whoever corrected.

    Returns
    -------
    DataFrame
        `id`, `time` of the word or of what was ruled, `kind`, `person`, `label`,
        `refused`, `said_at`, and `pair`: the rank of id and person.
    """
    import pandas as pd

    all_ = feedback.reindex(columns=[*_TOLD, "feedback_id"])
    told = all_[all_["kind"].isin(list(kinds)) & all_["label"].isin([0, 1])]
    if len(told) and getattr(told["time"].dtype, "tz", None) is None:
        raise ValueError("the feedback's times have no time zone; give them in UTC")
    told = _named(told).assign(refused=False, said_at=told["time"], step=0)
    rulings = _named(said_by.about(all_))
    if len(rulings):
        told = pd.concat(
            [told, _refused(told, rulings), _instead(rulings, kinds)], ignore_index=True
        )
    # of two words of one moment always the same; what is ruled comes after its word
    order = ["time", "step", "kind", "label"]
    told = told.sort_values(order, kind="stable", ignore_index=True)
    pair = told.groupby(["id", "person"], sort=True).ngroup()
    return pd.DataFrame(told.assign(pair=pair))


def _named(told: pd.DataFrame) -> pd.DataFrame:
    person = told["person"].astype(object)
    person = person.where(person.notna(), _NOBODY).astype(str)
    return told.assign(person=person, id=told["id"].astype(str))


def _refused(told: pd.DataFrame, rulings: pd.DataFrame) -> pd.DataFrame:
    """The words that do not stand any more, at the moment of their ruling.

    A word that its person had replaced before was not standing any more, and its
    ruling is no turn.
    """
    lost = rulings[rulings["kind"] != "accepted"].drop_duplicates("about")
    moments = lost.set_index("about")["time"]
    ids = told["feedback_id"].astype(object).astype(str)
    mine = told[ids.isin(moments.index)]
    if mine.empty:
        return mine
    at = ids[mine.index].map(moments)
    at = at.where(at > mine["time"], mine["time"])
    keys = ["id", "person"]
    rows = mine.assign(ruled=at)
    later = told[[*keys, "time"]].merge(rows[[*keys, "ruled", "said_at"]], on=keys)
    later = later[
        (later["time"] > later["said_at"]) & (later["time"] <= later["ruled"])
    ]
    replaced = set(zip(later["id"], later["person"], later["said_at"], strict=True))
    kept = [
        key not in replaced
        for key in zip(rows["id"], rows["person"], rows["said_at"], strict=True)
    ]
    rows = rows[kept]
    return rows.assign(time=rows["ruled"], refused=True, step=1).drop(columns="ruled")


def _instead(rulings: pd.DataFrame, kinds: Sequence[str]) -> pd.DataFrame:
    """What whoever corrected a word said instead."""
    rows = rulings[(rulings["kind"] == "corrected") & rulings["label"].isin([0, 1])]
    if "correction" not in kinds:
        rows = rows.iloc[:0]
    made = rows.assign(kind="correction", refused=False, said_at=rows["time"], step=2)
    return made.drop(columns="about")


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
        is none either; one that was refused in hindsight is.
    asked : sequence of str
        The ids whose words are wanted.

    Returns
    -------
    found : Words
    late : int
        How many words came after their outcome, and are no evidence.
    """
    import numpy as np

    if "refused" not in said:
        said = said.assign(refused=False, said_at=said["time"])
    facts = [name for name in ("id", "outcome", "known_at") if name in known]
    truth = known[facts].reset_index(drop=True)
    told = said.merge(truth.assign(id=truth["id"].astype(str)), on="id")
    late = np.zeros(len(told), dtype=bool)
    gone = told["refused"].to_numpy(dtype=bool)
    if "known_at" in told:
        late = (told["said_at"] >= told["known_at"]).to_numpy(dtype=bool)
        gone = gone & (told["time"] < told["known_at"]).to_numpy(dtype=bool)
    told = told[~late & ~gone]
    right = (told["label"] == told["outcome"]).to_numpy()
    standing = said[~said["refused"].astype(bool)]
    open_ = standing[standing["id"].isin(list(asked))].copy()
    weights = np.zeros(len(open_))
    rows: list[Finding] = []
    sources = sorted({*zip(open_["kind"], open_["label"], strict=True)})
    for kind, label in sources:
        mine = ((told["kind"] == kind) & (told["label"] == label)).to_numpy()
        hits, n = int(right[mine].sum()), int(mine.sum())
        mean = (1 + hits) / (2 + n)
        prior = _STRENGTH * mean, _STRENGTH * (1 - mean)
        place = ((open_["kind"] == kind) & (open_["label"] == label)).to_numpy()
        people = open_["person"].to_numpy()[place]
        history = told["person"].to_numpy()[mine]
        names, codes = np.unique(people.astype(str), return_inverse=True)
        own = [history == name for name in names]
        total = np.array([each.sum() for each in own])
        good = np.array([right[mine][each].sum() for each in own])
        worth = weigh(good, total, of=prior)
        weights[place] = worth[codes]
        rows += _findings(kind, label, hits, n, weights[place])
    table = open_.assign(weight=weights)[["id", "kind", "person", "label", "weight"]]
    return Words(table.reset_index(drop=True), tuple(rows)), int(late.sum())


def _findings(
    kind: str, label: float, hits: int, n: int, weights: np.ndarray
) -> list[Finding]:
    """How often a source was right, and what its words weigh in the mean."""
    subject = f"{kind} to {label:g}"
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

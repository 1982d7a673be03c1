"""What a ruling does to words: which stop standing, come back, or stand instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["turns"]

_PAIR = ["id", "person"]


def turns(
    told: pd.DataFrame,
    rulings: pd.DataFrame,
    *,
    kinds: Sequence[str],
    classes: int = 2,
) -> pd.DataFrame:
    """The turns that rulings bring, beside the words themselves.

    A word that is refused or corrected does not stand from then on; where another
    ruling accepts it, it stands again. What somebody said who corrected a word stands
    instead, until the ruling is replaced. What a person has said since is left alone:
    the older word was not standing any more.

    Parameters
    ----------
    told : DataFrame
        Words as `people.spoken` has them: `feedback_id`, `id`, `time`, `kind`,
        `label`, `person`, `said_at`.
    rulings : DataFrame
        From `feedback.about`, with `about` and `number`.
    kinds : sequence of str
        Which kinds say what the outcome is.
    classes : int
        How many codes of labels there are.

    Returns
    -------
    DataFrame
        As `told`, with `refused`, `off` (when the word was first taken out; missing
        for a word that stands instead) and `step`, the order within one moment.
    """
    import pandas as pd

    rulings = rulings.sort_values(["about", "number"], kind="stable")
    instead = _instead(rulings, kinds, classes)
    found = pd.concat([_own(told, rulings), _replaced(instead)], ignore_index=True)
    words = pd.concat([told.assign(about=_names(told)), instead], ignore_index=True)
    kept = _unanswered(found, words)
    return pd.concat([kept, instead.drop(columns="next")], ignore_index=True).drop(
        columns="about"
    )


def _names(told: pd.DataFrame) -> pd.Series:
    return told["feedback_id"].astype(object).astype(str)


def _own(told: pd.DataFrame, rulings: pd.DataFrame) -> pd.DataFrame:
    """The moments at which a word was taken out, or came back."""
    import numpy as np

    decided = rulings[["about", "kind", "time"]]
    decided = decided.rename(columns={"kind": "decision", "time": "ruled"})
    rows = told.assign(about=_names(told)).merge(decided, on="about")
    ruled = rows["ruled"].where(rows["ruled"] > rows["time"], rows["time"])
    rows = rows.assign(ruled=ruled.groupby(rows["about"]).cummax())
    out = rows["decision"] != "accepted"
    before = out.groupby(rows["about"]).shift(fill_value=False)
    rows = rows.assign(refused=out, step=np.where(out, 1, 2))[out != before]
    first = rows.groupby("about")["ruled"].transform("first")
    rows = rows.assign(time=rows["ruled"], off=first)
    return rows.drop(columns=["ruled", "decision"])


def _instead(rulings: pd.DataFrame, kinds: Sequence[str], classes: int) -> pd.DataFrame:
    """What whoever corrected a word said instead, and when that was replaced."""
    then = rulings.groupby("about")["time"].shift(-1)
    early = then.notna() & (then < rulings["time"])
    rows = rulings.assign(next=then.where(~early, rulings["time"]))
    rows = rows[(rows["kind"] == "corrected") & rows["label"].isin(range(classes))]
    if "correction" not in kinds:
        rows = rows.iloc[:0]
    made = rows.assign(kind="correction", refused=False, said_at=rows["time"], step=3)
    return made.drop(columns="number")


def _replaced(instead: pd.DataFrame) -> pd.DataFrame:
    """The moments at which what was said instead stopped standing."""
    rows = instead[instead["next"].notna()]
    rows = rows.assign(time=rows["next"], off=rows["next"], refused=True, step=1)
    return rows.drop(columns="next")


def _unanswered(found: pd.DataFrame, words: pd.DataFrame) -> pd.DataFrame:
    """Without the turns of words after which their person has said something else."""
    named = found.assign(turn=range(len(found)))
    since = words[[*_PAIR, "time", "about"]].merge(
        named[[*_PAIR, "time", "said_at", "about", "turn"]],
        on=_PAIR,
        suffixes=("", "_of"),
    )
    late = (since["time"] > since["said_at"]) & (since["time"] <= since["time_of"])
    gone = since.loc[late & (since["about"] != since["about_of"]), "turn"]
    return found[~named["turn"].isin(gone)]

"""Who was right once the outcome came: the people or the model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, get_args

from lifecycle import intervals, people
from lifecycle.feedback.counting import place_of
from lifecycle.feedback.ruled import RULED
from lifecycle.findings import Finding, Findings, Verdict

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["right"]

By = Literal["", "chunk", "person", "source"]


def right(
    feedback: pd.DataFrame,
    labelled: pd.DataFrame,
    *,
    by: By = "",
    chunks: pd.Series[Any] | None = None,
    min_n: int = 30,
    least: int = 1,
) -> Findings:
    r"""How often people were right once the outcome came, and how often the model.

    Of several words on one prediction the last counts, and of each person's or source's
    own the last where it is asked by them. Words without a label, predictions whose
    outcome is not known, and words said when it was known already, are left out. People
    speak up where they are surprised: what holds of these predictions need not hold of
    the others.

    Parameters
    ----------
    feedback : DataFrame
        With `id` of the prediction, `label` and `time`; with `person` or `source` to
        ask by it.
    labelled : DataFrame of shape (n, n_columns)
        With `id`, `prediction` and `outcome`, and `known_at` where there is one.
    by : {"", "chunk", "person", "source"}
        Gives chunk by chunk (of the prediction), person by person, or source by source,
        as well.
    chunks : Series of str, shape (n,), optional
        The chunk of each prediction; ISO weeks in UTC where not given.
    min_n : int
        A difference over fewer predictions is not judged.
    least : int
        Persons or sources with fewer words than that are told of together, as "3
        others", and never one alone.

    Returns
    -------
    Findings
        `right` of the subject "people" and of "model" on the same predictions, and
        `override_precision`, the share of words against the model that were right, with
        Wilson's 90% interval; `difference`, people minus model, is an alert where its
        whole interval lies above 0: people see what the model does not. Rows of a
        chunk come first, oldest first; those of a person have the person as subject
        and are not judged.

    Raises
    ------
    ValueError
        When `by` is unknown, `chunks` are not of the same rows, or a column of the
        predictions is not there.

    Notes
    -----
    The difference is paired, as McNemar's: with :math:`b` predictions where only the
    people and :math:`c` where only the model was right, :math:`(b - c)/n`, and an
    interval after adding a half to each of the four cells.

    References
    ----------
    A. Agresti and Y. Min, "Simple improved confidence intervals for comparing matched
    proportions", Statistics in Medicine 24 (2005).

    Examples
    --------
    >>> import pandas as pd
    >>> said = pd.DataFrame({"id": ["a", "b"], "label": [1, 0], "time": [1, 2]})
    >>> rows = pd.DataFrame(
    ...     {"id": ["a", "b"], "prediction": [0, 1], "outcome": [1.0, 1.0]}
    ... )
    >>> right(said, rows).summary
    'People were right in 1 of 2 corrections whose outcome is known, the model in 1.'
    """
    import numpy as np

    if by not in get_args(By):
        raise ValueError(
            f"by must be empty, chunk, person or source, got {by!r}; use one"
        )
    both = _joined(feedback, labelled)
    people, model, against = _sides(both)
    rows: list[Finding] = []
    if by == "chunk":
        codes, names = place_of(labelled, chunks)
        mine = codes[both["row"].to_numpy(dtype=int)]
        for code, period in enumerate(names):
            inside = mine == code
            if inside.any():
                held = people[inside], model[inside], against[inside]
                rows += _judged(*held, min_n, period=period)
    if by in ("person", "source"):
        own = _joined(feedback, labelled, each=by)
        nobody = "nobody named" if by == "person" else "no source named"
        who = own[by].astype(str).where(own[by].notna(), nobody)
        told = _together(_spelt_once(who), least)
        for name in told.value_counts().index:
            mine = own[(told == name).to_numpy(dtype=bool)]
            rows += _judged(*_sides(mine), None, person=_line(str(name)))
    whole = _judged(people, model, against, min_n)
    summary = _said(int(np.sum(people)), int(np.sum(model)), len(both), whole[-1])
    return Findings("Who was right", (*rows, *whole), summary, main="right")


def _sides(both: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the people, and where the model, were right; where they differ."""
    return (
        (both["label"] == both["outcome"]).to_numpy(dtype=bool),
        (both["prediction"] == both["outcome"]).to_numpy(dtype=bool),
        (both["label"] != both["prediction"]).to_numpy(dtype=bool),
    )


def _spelt_once(who: pd.Series) -> pd.Series:
    """One spelling for each person, the first, however they are called elsewhere."""
    first: dict[str, str] = {}
    for name in who:
        first.setdefault(people.key(name), name)
    return who.map(lambda name: first[people.key(name)])


def _together(who: pd.Series, least: int) -> pd.Series:
    """Whoever has said too little to be told of alone, under one name with others."""
    counts = who.value_counts()
    few = list(counts.index[counts < least])
    if len(few) == 1 and len(counts) > 1:  # a lone one could be told by subtraction
        few = list(counts.index[-2:])
    if not few:
        return who
    name = f"{len(few)} others" if len(few) > 1 else "one other"
    return who.where(~who.isin(few), name)


def _joined(
    feedback: pd.DataFrame, labelled: pd.DataFrame, *, each: str = ""
) -> pd.DataFrame:
    """The last word on each prediction, of all or of each, beside the outcome."""
    import numpy as np

    spoken = feedback[feedback["label"].notna()].sort_values("time", kind="stable")
    if "kind" in spoken:  # a decision on a word is no word
        spoken = spoken[~spoken["kind"].isin(RULED)]
    spoken = spoken.reindex(columns=["id", "label", "time", "person", "source"])
    wanted = ["id", "prediction", "outcome"]
    lacking = [name for name in wanted if name not in labelled.columns]
    if lacking:
        raise ValueError(
            f"the predictions have no column {lacking[0]!r}; rename the one that holds "
            "it"
        )
    wanted += [name for name in ("known_at",) if name in labelled.columns]
    rows = labelled[wanted].assign(row=np.arange(len(labelled)))
    known = rows[rows["outcome"].notna() & rows["prediction"].notna()]
    both = spoken.merge(known, on="id")
    if "known_at" in both:
        late = both["time"] >= both["known_at"]
        both = both[~late.to_numpy(dtype=bool)]
    told = both[["id"]].assign(key="")
    if each:
        told["key"] = both[each].astype(object).map(people.key, na_action="ignore")
    return both[~told.duplicated(keep="last")].reset_index(drop=True)


def _judged(
    people: np.ndarray,
    model: np.ndarray,
    against: np.ndarray,
    min_n: int | None,
    *,
    period: str = "",
    person: str = "",
) -> list[Finding]:
    n = people.size
    sides = {
        person or "people": people,
        f"model, {person}" if person else "model": model,
    }
    rows = [
        _share("right", int(hit.sum()), n, period, subject)
        for subject, hit in sides.items()
    ]
    hits = int((people & against).sum())
    rows.append(_share("override_precision", hits, int(against.sum()), period, person))
    only = int((people & ~model).sum()), int((model & ~people).sum())
    value = (only[0] - only[1]) / n if n else math.nan
    lower, upper = _paired(*only, n)
    verdict: Verdict = "undefined"
    if min_n is not None and n >= max(1, min_n):
        verdict = "alert" if lower > 0 else "quiet"
    rows.append(
        Finding(
            "difference",
            value,
            n,
            lower,
            upper,
            0.0,
            verdict,
            period=period,
            subject=person,
            unit="%",
        )
    )
    return rows


def _paired(b: int, c: int, n: int) -> tuple[float, float]:
    """Interval of a difference of shares on the same rows; never without the value."""
    if not n:
        return math.nan, math.nan
    only, other, total = b + 0.5, c + 0.5, n + 2
    middle = (only - other) / total
    spread = (only + other - (only - other) ** 2 / total) / total**2
    half = intervals.z(0.9) * math.sqrt(spread)
    value = (b - c) / n
    lower, upper = max(-1.0, middle - half), min(1.0, middle + half)
    return min(lower, value), max(upper, value)


def _share(measure: str, hits: int, n: int, period: str, subject: str) -> Finding:
    value = hits / n if n else math.nan
    ends = intervals.wilson(hits, n)
    return Finding(measure, value, n, *ends, period=period, subject=subject, unit="%")


def _said(people: int, model: int, n: int, change: Finding) -> str:
    if not n:
        return (
            "Nobody can say yet who was right: no corrected prediction has an outcome."
        )
    sentence = (
        f"People were right in {people:,} of {n:,} corrections whose outcome "
        f"is known, the model in {model:,}"
    )
    if change.verdict == "alert":
        sentence += "; that is more than chance: people see what the model does not"
    elif change.verdict == "quiet" and change.upper < 0:
        sentence += "; the model knows better than those who correct it"
    return sentence + "."


def _line(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= 60 else line[:59] + "…"

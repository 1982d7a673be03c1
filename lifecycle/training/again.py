"""A training done again: the same rows, and whether the same model comes of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import intervals
from lifecycle.errors import InputError
from lifecycle.findings import Finding, Findings, Verdict
from lifecycle.recipes import Recipe
from lifecycle.training import learning, marking, windows
from lifecycle.training.fitting import Taught, fit, taught
from lifecycle.training.gathering import Material, material
from lifecycle.training.going_on import continued
from lifecycle.training.shaping import shaped

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = ["Reproduction", "material_again", "reproduce"]

_NEEDED = ("recipe_sha256", "seed", "features", "data_sha256", "packages")


@dataclass(frozen=True)
class Reproduction:
    """Whether a version could be made again.

    Parameters
    ----------
    findings : Findings
        `data`, `code` and `packages`, 1 where they are what they were and 0 where not;
        `agreement`, the share of rows that both score exactly alike, and `difference`,
        the largest between two scores.
    differs : tuple of str
        What is not what it was, one sentence each.
    """

    findings: Findings
    differs: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """Quiet where all rows are scored exactly alike, alert where not."""
        return self.findings.only(measure="agreement").verdict

    @property
    def summary(self) -> str:
        """What came of it, in one sentence."""
        return self.findings.summary

    def facts(self) -> dict[str, Any]:
        """All of it as JSON; what is undefined is null."""
        numbers = {
            row.measure: None if math.isnan(row.value) else row.value
            for row in self.findings
        }
        told = {"verdict": self.verdict, "summary": self.summary}
        n = self.findings.rows[-1].n
        return {**told, **numbers, "n": n, "differs": list(self.differs)}

    def frame(self) -> pd.DataFrame:
        """A row a finding."""
        return self.findings.frame()

    def __repr__(self) -> str:
        return f"<Reproduction {self.verdict}. {self.summary}>"

    def _repr_html_(self) -> str:
        return self.findings._repr_html_()


def reproduce(
    birth: Mapping[str, Any],
    frame: pd.DataFrame | Material,
    recipe: Recipe,
    estimator: BaseEstimator,
    *,
    parent: BaseEstimator | None = None,
    weight: str | None = None,
) -> Reproduction:
    """Fit a version again and hold it against the one that is stored.

    Parameters
    ----------
    birth : mapping
        Its birth record, as `Candidate.birth`.
    frame : DataFrame or Material
        The rows it was trained on, from the same versions of the log; those of
        `material` by `material_again`.
    recipe : Recipe
        The recipe of that time (`recipes.kept`), or the one of today.
    estimator : fitted estimator
        The version as it is stored.
    parent : fitted estimator, optional
        The version that this one went on from, where it did.
    weight : str, optional
        As `train` was given.

    Returns
    -------
    Reproduction
        An alert where the two differ on any row; what may be the reason is named.

    Raises
    ------
    InputError
        The birth record lacks what is needed, or the version went on from another that
        is not given.
    NotEnoughData, SettingsError
        The rows or the recipe cannot be fitted any more.

    Examples
    --------
    >>> import pandas as pd
    >>> from lifecycle import recipes, training
    >>> visits = pd.Series(range(60), dtype=float)
    >>> frame = pd.DataFrame({"visits": visits, "outcome": (visits > 30).astype(float)})
    >>> trees, names = recipes.load("extra_trees"), {"numeric": ["visits"]}
    >>> made = training.train(frame, trees, **names, categorical=[], seed=1)
    >>> reproduce(made.birth, frame, trees, made.estimator).verdict
    'quiet'
    """
    for name in _NEEDED:
        if birth.get(name) is None:
            raise InputError(
                f"the birth record has no {name!r}; it was made by something else, so "
                "the version cannot be made again"
            )
    went_on = birth.get("parent") is not None
    if went_on and parent is None:
        raise InputError(
            f"the version went on from version {birth['parent']}; give it as parent"
        )
    rows = taught(
        frame,
        recipe,
        numeric=birth["features"]["numeric"],
        categorical=birth["features"]["categorical"],
        task=birth.get("task"),
        weight=weight,
        min_rows=1,
    )
    seed = int(birth["seed"])
    if went_on and parent is not None:
        told = birth["going_on"]
        fresh = continued(parent, rows, more=told["more"], cap=told["cap"], seed=seed)
    else:
        tuned = recipe.tuned(birth.get("parameters") or {})
        fresh, _ = fit(
            tuned,
            rows.table,
            rows.truth,
            rows.numeric,
            rows.categorical,
            seed=seed,
            weights=rows.weights,
        )
    table = rows.table
    if recipe.prepares:
        table = shaped(recipe, rows.seen, birth.get("prepared"))
    before = learning.score(estimator, table)
    return _held(birth, rows, recipe, fresh, before)


def material_again(
    facts: Mapping[str, Any], labelled: pd.DataFrame, feedback: pd.DataFrame | None
) -> Material:
    """The rows of an earlier training, from the same logs.

    Parameters
    ----------
    facts : mapping
        `birth["material"]` of a version, or `Material.facts()`.
    labelled, feedback : DataFrame
        What `material` was given, read at the same versions of the log.

    Returns
    -------
    Material

    Raises
    ------
    InputError
        The facts are not those of a training set.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2023-01-02", periods=22, tz="UTC")
    >>> frame = pd.DataFrame({"time": days[:21], "outcome": 1.0})
    >>> known = {"as_of": days[21], "delay": timedelta(days=7)}
    >>> first = material(frame, span=2, left_out=frame["time"].dt.day == 9, **known)
    >>> len(first), len(material_again(first.facts(), frame, None))
    (7, 7)
    """
    plain = ("span", "chunk", "timezone", "hold_out", "max_share_per_person")
    try:
        asked: dict[str, Any] = {name: facts[name] for name in plain}
        for name in ("as_of", "start", "end"):
            told = facts[name]
            asked[name] = None if told is None else datetime.fromisoformat(told)
        asked["delay"] = timedelta(seconds=facts["delay_seconds"])
        listened, lost = facts["listened"], facts["left_out"]
    except KeyError as error:
        raise InputError(
            f"the birth record's material has no {error}; it was made by something "
            "else, so its training set cannot be gathered again"
        ) from error
    _, order = windows.ordered(labelled)
    return material(
        labelled,
        **asked,
        feedback=feedback if listened else None,
        left_out=marking.again(lost, order),
    )


def _held(
    birth: Mapping[str, Any],
    rows: Taught,
    recipe: Recipe,
    fresh: BaseEstimator,
    before: np.ndarray,
) -> Reproduction:
    """What is the same, and how far the scores agree."""
    import numpy as np

    after = learning.score(fresh, rows.table)
    n = len(before)
    alike = int((before == after).sum())
    apart = float(np.abs(before - after).max()) if n else math.nan
    then, now = birth["packages"], learning.packages(fresh)
    moved = [
        f"{name[:40]} was {str(was)[:20]} and is {str(now.get(name, 'not there'))[:20]}"
        for name, was in then.items()
        if now.get(name) != was
    ]
    same = {
        "data": rows.facts["data_sha256"] == birth["data_sha256"],
        "code": recipe.source_sha256 == birth["recipe_sha256"],
        "packages": not moved,
    }
    differs = []
    if not same["data"]:
        differs.append(
            f"the rows are not those it was trained on ({rows.facts['rows']:,} now, "
            f"{birth.get('rows', 0):,} then)"
        )
    if not same["code"]:
        differs.append(
            f"recipe {recipe.name!r} was another then (SHA-256 "
            f"{str(birth['recipe_sha256'])[:12]}…, now {recipe.source_sha256[:12]}…)"
        )
    differs += moved
    findings = [
        Finding(name, float(held), n, threshold=1.0, verdict=_verdict(held))
        for name, held in same.items()
    ]
    share = alike / n if n else math.nan
    findings += [
        Finding(
            "agreement",
            share,
            n,
            *intervals.wilson(alike, n),
            threshold=1.0,
            verdict=_verdict(alike == n) if n else "undefined",
            unit="%",
        ),
        Finding("difference", apart, n),
    ]
    summary = _summary(n, alike, apart, differs)
    return Reproduction(
        Findings("Made again", tuple(findings), summary, main="agreement"),
        tuple(differs),
    )


def _verdict(held: bool) -> Verdict:
    return "quiet" if held else "alert"


def _summary(n: int, alike: int, apart: float, differs: list[str]) -> str:
    if n and alike == n:
        said = f"Made again, the version scores all {n:,} rows exactly alike"
    else:
        said = (
            f"Made again, the version scores {n - alike:,} of {n:,} rows otherwise, by "
            f"{apart:.2g} at most"
        )
    if differs:
        return f"{said}; {'; '.join(differs)}."
    return f"{said}: data, code and packages are what they were."

"""A training done again: the same rows, and whether the same model comes of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import figures, intervals
from lifecycle.errors import InputError
from lifecycle.findings import Finding, Findings, Verdict
from lifecycle.recipes import Recipe
from lifecycle.training import learning, marking, recalibrating, windows
from lifecycle.training.fitting import fit, taught
from lifecycle.training.gathering import Material, material
from lifecycle.training.going_on import continued
from lifecycle.training.learning import packages

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = ["Reproduction", "material_again", "reproduce"]

_NEEDED = ("features", "data_sha256", "packages")


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
    estimator : fitted estimator
        The version as it was made now.
    facts_now : mapping
        Digests of the rows and of the code, and the packages, as they are now.
    """

    findings: Findings
    differs: tuple[str, ...]
    estimator: Any = field(default=None, repr=False, compare=False)
    facts_now: Mapping[str, Any] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def verdict(self) -> Verdict:
        """Quiet where all rows are scored alike, alert where not, else undefined."""
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

    def plot(self) -> figures.Picture:
        """What is as it was and what is not, one bar each."""
        told = [row for row in self.findings if row.measure != "difference"]
        rows = [replace(row, measure="the same", subject=row.measure) for row in told]
        return figures.by_subject(rows, title="Made again", measure="the same")

    def __repr__(self) -> str:
        return f"<Reproduction {self.verdict}. {self.summary}>"

    def _repr_html_(self) -> str:
        return self.findings._repr_html_()


def reproduce(
    birth: Mapping[str, Any],
    frame: pd.DataFrame | Material,
    recipe: Recipe | None,
    estimator: BaseEstimator | None,
    *,
    parent: BaseEstimator | None = None,
    prepared: Mapping[str, Sequence[str]] | None = None,
    weight: str | None = None,
    classes: Sequence[str] = (),
) -> Reproduction:
    """Fit a version again and hold it against the one that is stored.

    Parameters
    ----------
    birth : mapping
        Its birth record, as `Candidate.birth`.
    frame : DataFrame or Material
        The rows it was trained on, from the same versions of the log; those of
        `material` by `material_again`.
    recipe : Recipe or None
        The recipe of that time (`recipes.kept`), or the one of today. Of a version that
        maps its parent's scores the parent's, where its `features` shapes the rows.
    estimator : fitted estimator or None
        The version as it is stored; None where that was collected, and then only data,
        code and packages can be compared.
    parent : fitted estimator, optional
        The version that this one went on from, or whose scores it maps.
    prepared : mapping, optional
        `prepared` of the parent's birth record, for a version that maps its scores.
    weight : str, optional
        As `train` was given.
    classes : sequence of str
        Of several classes: the names of the codes that the outcomes of the rows are.

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
    maps = birth.get("recipe") == recalibrating.NAME
    for name in (*_NEEDED, *(() if maps else ("recipe_sha256", "seed"))):
        if birth.get(name) is None:
            raise InputError(
                f"the birth record has no {name!r}; it was made by something else, so "
                "the version cannot be made again"
            )
    if birth.get("parent") is not None and parent is None:
        raise InputError(
            f"the version was made from version {birth['parent']}; give it as parent"
        )
    if maps:
        return _mapped(birth, frame, recipe, estimator, parent, prepared)
    if recipe is None:
        raise InputError(
            f"the version was made by recipe {birth['recipe']!r}; give the recipe"
        )
    rows = taught(
        frame,
        recipe,
        numeric=birth["features"]["numeric"],
        categorical=birth["features"]["categorical"],
        task=birth.get("task"),
        classes=classes,
        weight=weight,
        min_rows=1,
        columns=birth.get("prepared"),
    )
    seed, task = int(birth["seed"]), rows.facts["task"]
    if birth.get("going_on") is not None and parent is not None:
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
    after, before = (
        None if each is None else learning.score(each, rows.table, task=task)
        for each in (fresh, estimator)
    )
    assert after is not None
    now = {**rows.facts, "recipe_sha256": recipe.source_sha256}
    now = {**now, "packages": packages(fresh, recipe)}
    return replace(_held(birth, now, before, after), estimator=fresh, facts_now=now)


def _mapped(
    birth: Mapping[str, Any],
    frame: pd.DataFrame | Material,
    recipe: Recipe | None,
    estimator: BaseEstimator | None,
    parent: BaseEstimator | None,
    prepared: Mapping[str, Sequence[str]] | None,
) -> Reproduction:
    """A version that maps its parent's scores, mapped again."""
    if parent is None:
        raise InputError("the version maps another's scores; give that one as parent")
    names = birth["features"]
    told: dict[str, Any] = {
        "numeric": names["numeric"],
        "categorical": names["categorical"],
        "recipe": recipe,
        "prepared": prepared,
    }
    rows_then = int(birth.get("rows", 0))
    made = recalibrating.recalibrate(parent, frame, **told, rows=rows_then, min_rows=1)
    rows = frame.table if isinstance(frame, Material) else frame
    before, after = (
        None if each is None else learning.predict(each, rows, **told)
        for each in (estimator, made.estimator)
    )
    assert after is not None
    found = _held(birth, made.birth, before, after)
    return replace(found, estimator=made.estimator, facts_now=made.birth)


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
        asked["classes"] = facts.get("classes", 2)
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
    then: Mapping[str, Any],
    now: Mapping[str, Any],
    before: np.ndarray | None,
    after: np.ndarray,
) -> Reproduction:
    """What is the same, and how far the scores agree."""
    import numpy as np

    stored = before is not None
    before = np.empty(0) if before is None else before
    after = after if stored else before
    n = len(before)
    alike = int((before == after).sum())
    apart = float(np.abs(before - after).max()) if n else math.nan
    moved = [
        f"{name[:40]} was {str(was)[:20]} and is "
        f"{str(now['packages'].get(name, 'not there'))[:20]}"
        for name, was in then["packages"].items()
        if now["packages"].get(name) != was
    ]
    same = {
        "data": now["data_sha256"] == then["data_sha256"],
        "code": now["recipe_sha256"] == then["recipe_sha256"],
        "packages": not moved,
    }
    differs = []
    if not same["data"]:
        differs.append(
            f"the rows are not those it was trained on ({now['rows']:,} now, "
            f"{then.get('rows', 0):,} then)"
        )
    if not same["code"]:
        differs.append(
            f"recipe {then['recipe']!r} was another then (SHA-256 "
            f"{str(then['recipe_sha256'])[:12]}…, now {now['recipe_sha256'][:12]}…)"
        )
    differs += moved
    rows = n or int(now.get("rows") or 0)
    findings = [
        Finding(name, float(held), rows, threshold=1.0, verdict=_verdict(held))
        for name, held in same.items()
    ]
    share = alike / n if n else math.nan
    findings += [
        Finding(
            "agreement",
            share,
            n,
            *(intervals.wilson(alike, n) if n else (math.nan, math.nan)),
            threshold=1.0,
            verdict=_verdict(alike == n) if n else "undefined",
            unit="%",
        ),
        Finding("difference", apart, n),
    ]
    summary = _summary(n, alike, apart, differs, stored=stored)
    return Reproduction(
        Findings("Made again", tuple(findings), summary, main="agreement"),
        tuple(differs),
    )


def _verdict(held: bool) -> Verdict:
    return "quiet" if held else "alert"


def _summary(
    n: int, alike: int, apart: float, differs: list[str], *, stored: bool
) -> str:
    if not stored:
        said = "Made again; the stored model was collected, so no scores were compared"
    elif n and alike == n:
        said = f"Made again, the version scores all {n:,} rows exactly alike"
    else:
        said = (
            f"Made again, the version scores {n - alike:,} of {n:,} rows otherwise, by "
            f"{apart:.2g} at most"
        )
    if differs:
        return f"{said}; {'; '.join(differs)}."
    return f"{said}: data, code and packages are what they were."

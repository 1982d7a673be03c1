"""The search for a recipe's parameters: tried on later rows, never on shuffled ones."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle import figures, intervals, tasks
from lifecycle.errors import NotEnoughData, SettingsError
from lifecycle.findings import Finding, Findings
from lifecycle.metrics import Task
from lifecycle.recipes import Recipe, regresses
from lifecycle.training import learning

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Search", "search"]

FOLDS = 3
SHOWN = 10
_PLAIN = (bool, int, float, str, type(None))


@dataclass(frozen=True)
class Search:
    """What a search tried, and what it chose.

    Parameters
    ----------
    chosen : dict
        Parameters by name; empty where nothing was better than the recipe as it is.
    tried : tuple of dict
        In the order of trial, the recipe as it is first: `parameters`, `loss` (mean a
        row; `nan` where it could not be fitted), `gain` (mean by which it is better
        than the recipe as it is, row by row), `lower` and `upper` of that gain, `n`
        and `remark`.
    measure : str
        "log_loss" or "squared_error".
    fits : int
        How many estimators were fitted.
    seconds : float
        How long that took.
    """

    chosen: dict[str, Any]
    tried: tuple[dict[str, Any], ...]
    measure: str
    fits: int
    seconds: float = field(compare=False)

    @property
    def findings(self) -> Findings:
        """What each set of parameters gained, the best first."""
        first, *others = self.tried
        rows = [_finding(self.measure, "as it is", first, whole=True)]
        ranked = sorted(others, key=lambda each: _rank(each["gain"]))
        rows += [
            _finding("gain", _words(each["parameters"]), each)
            for each in ranked[:SHOWN]
        ]
        return Findings("Search", tuple(rows), self.summary, main="gain")

    @property
    def summary(self) -> str:
        """What was chosen and why, in one sentence."""
        tried = len(self.tried)
        many = f"{tried} set{'' if tried == 1 else 's'} of parameters"
        if not self.chosen:
            return f"Of {many} none is surely better than the recipe as it is."
        best = next(each for each in self.tried if each["parameters"] == self.chosen)
        return (
            f"Of {many} {_words(self.chosen)} is best: its {self.measure} is "
            f"{best['loss']:.4g} on later rows, {best['gain']:.2g} less than that of "
            "the recipe as it is."
        )

    def facts(self) -> dict[str, Any]:
        """All of it as JSON, for the birth record; what is undefined is null."""
        return {
            "chosen": self.chosen,
            "measure": self.measure,
            "fits": self.fits,
            "seconds": round(self.seconds, 3),
            "tried": [{k: _plain(v) for k, v in each.items()} for each in self.tried],
        }

    def frame(self) -> pd.DataFrame:
        """A row a set of parameters, in the order of trial."""
        import pandas as pd

        return pd.DataFrame(list(self.tried))

    def plot(self) -> figures.Picture:
        """What each set gained, the best first."""
        return self.findings.plot("gain")

    def __repr__(self) -> str:
        return f"<Search {len(self.tried)} tried. {self.summary}>"

    def _repr_html_(self) -> str:
        return self.findings._repr_html_()


def search(
    recipe: Recipe,
    table: pd.DataFrame,
    truth: np.ndarray,
    numeric: Sequence[str],
    categorical: Sequence[str],
    *,
    seed: int,
    weights: np.ndarray | None = None,
    trials: int | None = None,
    folds: int = FOLDS,
    gap: int = 0,
    task: Task = "binary",
) -> Search:
    r"""Try sets of parameters on later rows and choose one.

    Parameters
    ----------
    recipe : Recipe
        With a space.
    table : DataFrame of n rows
        In the order of time; from `shaping.features`.
    truth : ndarray of shape (n,)
        0 and 1 for a classifier, numbers for a regressor.
    numeric, categorical : sequence of str
        Columns of the table.
    seed : int
        For the draw of the sets and for every fit.
    weights : ndarray of shape (n,), optional
        Between 0 and 1. Losses are taken on rows of weight 1 only: a word is no truth
        to be tested by.
    trials : int, optional
        At most so many sets beside the recipe as it is; the recipe's own number where
        not given. All of them are tried where there are no more.
    folds : int
        The rows are cut into one part more, in order; each but the first is scored by
        what was fitted to all before it.
    gap : int
        But for so many rows just before it, whose outcomes would not have been known;
        at most half of the first part.
    task : {"binary", "multiclass", "regression"}
        Of several classes the log loss is that of the answer: :math:`p` of the most
        probable class where it is right, else its even part of what is left.

    Returns
    -------
    Search

    Raises
    ------
    SettingsError
        The space names a parameter that the estimator has not, or a value that a birth
        record cannot keep.
    NotEnoughData
        No part could be scored: the rows before each hold one outcome only.

    Notes
    -----
    The loss is the log loss, :math:`-\log p(y)` with :math:`p` kept away from 0, or
    the squared error. The set with the lowest mean loss is chosen when it is better
    than the recipe as it is by more than :math:`\sqrt{2\ln k}` standard errors of their
    difference, row by row, and by more than one: the best of :math:`k` sets that change
    nothing seldom looks better than that.

    References
    ----------
    D. Donoho and I. Johnstone, "Ideal spatial adaptation by wavelet shrinkage",
    Biometrika 81 (1994), for the threshold of the best of many.
    R. Hyndman and G. Athanasopoulos, "Forecasting: Principles and Practice", 3rd ed.
    (2021), section 5.10, for tests on later rows.
    """
    import numpy as np

    started = time.perf_counter()
    cuts = list(_cuts(len(table), folds, gap))
    whole = np.ones(len(table)) if weights is None else weights
    regression = regresses(recipe.build(numeric, categorical, seed=seed))
    tried: list[dict[str, Any]] = []
    before: np.ndarray | None = None
    fits = 0
    space = recipe.space(numeric, categorical)
    for parameters in _sets(space, trials or recipe.trials, seed):
        tuned = recipe.tuned(parameters)
        tuned.build(numeric, categorical, seed=seed)  # an unknown name is no trial
        losses, remark = [], ""
        try:
            for fitted, held in cuts:
                used = fitted[whole[fitted] > 0]
                held = held[whole[held] == 1]
                if not len(held) or _alike(truth[used]):
                    continue
                fits += 1
                model, _ = learning.fit(
                    tuned,
                    table.iloc[used],
                    truth[used],
                    numeric,
                    categorical,
                    seed=seed,
                    weights=whole[used],
                )
                said = learning.score(model, table.iloc[held], task=task)
                kind = "regression" if regression else task
                losses.append(_loss(truth[held], said, kind, int(truth.max()) + 1))
        except SettingsError as error:
            if not parameters:
                raise
            losses, remark = [], str(error)
        loss = np.concatenate(losses) if losses else np.empty(0)
        if before is None:
            if not loss.size:
                raise NotEnoughData(
                    f"the parameters of recipe {recipe.name!r} cannot be searched: "
                    f"{len(table)} rows in {folds + 1} parts leave none with both "
                    "outcomes before it; take a longer period"
                )
            before = loss
        tried.append(_trial(parameters, before, loss, remark))
    measure = "squared_error" if regression else "log_loss"
    seconds = time.perf_counter() - started
    return Search(_chosen(tried), tuple(tried), measure, fits, seconds)


def _cuts(n: int, folds: int, gap: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions before and in each part but the first."""
    import numpy as np

    if folds < 1:
        raise ValueError(f"folds must be 1 or more, got {folds}; use {FOLDS}")
    if gap < 0:
        raise ValueError(f"gap must be 0 rows or more, got {gap}")
    first, *parts = np.array_split(np.arange(n), folds + 1)
    unknown = min(gap, len(first) // 2)
    for part in parts:
        start = int(part[0]) if len(part) else n
        yield np.arange(max(start - unknown, 0)), part


def _sets(space: Mapping[str, Any], trials: int, seed: int) -> list[dict[str, Any]]:
    """The recipe as it is, then the sets that are tried, each once."""
    from sklearn.model_selection import ParameterGrid, ParameterSampler

    if not space:
        return [{}]
    listed = not any(hasattr(values, "rvs") for values in space.values())
    if listed and len(ParameterGrid(dict(space))) <= trials:
        drawn = list(ParameterGrid(dict(space)))
    else:
        drawn = list(ParameterSampler(dict(space), trials, random_state=seed))
    sets: list[dict[str, Any]] = [{}]
    for each in drawn:
        plain = {name: _value(name, value) for name, value in sorted(each.items())}
        if plain not in sets:
            sets.append(plain)
    return sets


def _value(name: str, value: Any) -> Any:
    """A value as JSON keeps it."""
    import numpy as np

    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, _PLAIN):
        raise SettingsError(
            f"{name!r} in the search space has a value of {type(value).__name__}, "
            "which no birth record can keep; write numbers, texts, True, False or None"
        )
    return value


def _alike(truth: np.ndarray) -> bool:
    return not len(truth) or bool((truth == truth[0]).all())


def _loss(truth: np.ndarray, said: np.ndarray, task: str, classes: int) -> np.ndarray:
    """Loss of each row."""
    import numpy as np

    if task == "regression":
        squared: np.ndarray = (truth - said) ** 2
        return squared
    least = np.finfo(float).eps
    if task == "multiclass":
        codes, sure = tasks.parted(said)
        right = np.where(codes == truth, sure, (1 - sure) / max(classes - 1, 1))
    else:
        right = np.where(truth == 1, said, 1 - said)
    logs: np.ndarray = -np.log(np.clip(right, least, 1 - least))
    return logs


def _trial(
    parameters: dict[str, Any], before: np.ndarray, loss: np.ndarray, remark: str
) -> dict[str, Any]:
    """One set's losses, and its gain on the recipe as it is, row by row."""
    told = {"parameters": parameters, "loss": math.nan, "gain": math.nan}
    told |= {"lower": math.nan, "upper": math.nan, "n": len(loss), "remark": remark}
    if len(loss):
        gain, lower, upper = intervals.paired_difference(before, loss)
        told |= {"loss": float(loss.mean()), "gain": gain}
        told |= {"lower": lower, "upper": upper}
        error = (before - loss).std(ddof=1) / math.sqrt(len(loss))
        told["error"] = float(error)
    return told


def _chosen(tried: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The best set, where it is better by more than the best of many is by luck."""
    others = [each for each in tried[1:] if not math.isnan(each["loss"])]
    if not others:
        return {}
    best = min(others, key=lambda each: each["loss"])  # the first among equals
    needed = max(1.0, math.sqrt(2 * math.log(len(others)))) * best["error"]
    return best["parameters"] if best["gain"] > needed else {}


def _finding(
    measure: str, subject: str, each: Mapping[str, Any], *, whole: bool = False
) -> Finding:
    if whole:
        return Finding(measure, each["loss"], each["n"], subject=subject)
    return Finding(
        measure,
        each["gain"],
        each["n"],
        each["lower"],
        each["upper"],
        0.0,
        "quiet" if not math.isnan(each["gain"]) else "undefined",
        subject=subject,
    )


def _words(parameters: Mapping[str, Any]) -> str:
    """Parameters as a person writes them, on one line."""
    words = ", ".join(
        f"{name.rpartition('__')[2]} {value:.4g}"
        if isinstance(value, float)
        else f"{name.rpartition('__')[2]} {value}"
        for name, value in parameters.items()
    )
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return line if len(line) <= 60 else line[:59] + "…"


def _rank(gain: float) -> float:
    return math.inf if math.isnan(gain) else -gain


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    return value

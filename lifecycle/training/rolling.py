"""What every action would have brought in the newest windows with outcomes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import markup, periods
from lifecycle.errors import NotEnoughData
from lifecycle.recipes import Recipe
from lifecycle.training import fitting
from lifecycle.training.windows import Part, Rows, cut, due, newest

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = ["Backtest", "backtest"]

_TYPES = {
    "window": "object",
    "start": "datetime64[us, UTC]",
    "end": "datetime64[us, UTC]",
    "age": "int64",
    "option": "object",
    "action": "object",
    "recipe": "object",
    "span": "Int64",
    "version": "Int64",
    "n": "int64",
    "trained_rows": "Int64",
    "loss": "float64",
    "champion_loss": "float64",
    "difference": "float64",
    "variance": "float64",
    "fresh_difference": "float64",
    "fresh_variance": "float64",
    "seconds": "float64",
}


@dataclass(frozen=True)
class Backtest:
    """The back-test of every action on the same rows.

    Parameters
    ----------
    table : DataFrame
        One row a window and option; see `backtest`.
    losses, scores : mapping
        By (window, option): loss and score of each row, in the order of time and id,
        so that any two options can be compared row by row.
    skipped : tuple of str
        What could not be tried and why, one sentence each.
    chunk : {"week", "month", "day"}
        What spans count.
    error : float
        The price of the dearer kind of error: a loss of 1.
    fits : int
        How many estimators were fitted.
    seconds : float
        How long the fits took.
    """

    table: pd.DataFrame
    losses: Mapping[tuple[str, str], np.ndarray] = field(repr=False)
    scores: Mapping[tuple[str, str], np.ndarray] = field(repr=False)
    skipped: tuple[str, ...] = ()
    chunk: periods.Every = "week"
    error: float = 1.0
    fits: int = 0
    seconds: float = 0.0

    def frame(self) -> pd.DataFrame:
        """The table, a copy."""
        return self.table.copy()

    def __repr__(self) -> str:
        windows = self.table["window"].nunique()
        options = self.table["option"].nunique()
        return f"<Backtest {windows} windows, {options} options, {self.fits} fits>"

    def _repr_html_(self) -> str:
        shown = ["window", "option", "n", "loss", "champion_loss", "difference"]
        rows = [
            [markup.number(cell) if isinstance(cell, float) else cell for cell in row]
            for row in self.table[shown].itertuples(index=False, name=None)
        ]
        header = [name.replace("_", " ") for name in shown]
        return markup.table(
            header, rows, caption=repr(self)[1:-1], numeric=(2, 3, 4, 5)
        )


def backtest(
    labelled: pd.DataFrame,
    *,
    recipe: Recipe,
    alternatives: Mapping[str, Recipe],
    deployed: Mapping[str, BaseEstimator | None],
    numeric: Sequence[str],
    categorical: Sequence[str],
    as_of: datetime,
    delay: timedelta,
    spans: Sequence[int | None],
    seed: int,
    chunk: periods.Every = "week",
    timezone: str = "UTC",
    windows: int = 4,
    min_rows: int = 100,
    threshold: float = 0.5,
    thresholds: Mapping[str, float] | None = None,
    trained_to: Mapping[str, datetime] | None = None,
    costs: Mapping[str, float] | None = None,
) -> Backtest:
    """Score what each action would have given in the newest windows with outcomes.

    A candidate for a window is trained on what was mature at the *start* of that
    window, as it would have been deployed; what is deployed scores the same rows.

    A window is a chunk. One with fewer than `min_rows` mature rows is put together
    with the chunk before it, until there are enough; what is left over at the old end
    is not used. Nor are windows in which the champion saw rows in its own training,
    for it would look better than it is.

    Parameters
    ----------
    labelled : DataFrame
        `id`, `time`, features, `outcome` (missing where not known) and, where there
        are any, `known_at` and `prediction`.
    recipe : Recipe
        The model's own: action "retrain".
    alternatives : mapping of str to Recipe
        Other recipes: action "rebuild".
    deployed : mapping of str to fitted estimator
        "keep" is the champion, "roll_back 2" an earlier version. `None` for a model
        that lives elsewhere: the `prediction` in the log is used.
    numeric, categorical : sequence of str
        The columns a candidate may see; a deployed estimator gets the same.
    as_of : datetime
        With a time zone; nothing known later is used.
    delay : timedelta
        How long an outcome takes.
    spans : sequence of int or None
        How many chunks of history to train on; None means all.
    seed : int
        For every fit.
    chunk, timezone
        Length of a chunk, and the zone in which days begin.
    windows : int
        How many of the newest.
    min_rows : int
        Rows a window must have.
    threshold : float
        The score from which on a candidate predicts 1.
    thresholds : mapping of str to float, optional
        The same for what is deployed, by its name; 0.5 where not named.
    trained_to : mapping of str to datetime, optional
        The last moment a deployed one was trained on, by its name.
    costs : mapping, optional
        What a `false_positive` and a `false_negative` cost; 1 each without. The
        dearer kind is a loss of 1, the other its fraction.

    Returns
    -------
    Backtest
        Its table has, a row a window and option: `window` (label of its first chunk),
        `start`, `end`, `age` (0 the newest), `option`, `action` (keep, retrain,
        rebuild, roll_back), `recipe`, `span`, `version`, `n`, `trained_rows`, `loss`,
        `champion_loss`, `difference` (champion's mean loss minus the option's: above
        0 is better), `variance` (of that mean difference), `fresh_difference` and
        `fresh_variance` (a rebuild against the retrain of the same span), `seconds`
        of the fit. Empty when there is no window.

    Raises
    ------
    InputError
        A column is missing.
    ValueError
        A name in `deployed` is none of these, or an error's cost makes no sense.
    """
    versions = {name: _version(name) for name in deployed}
    if "keep" not in deployed:
        raise ValueError("deployed must name the champion as 'keep'")
    rows = Rows.of(
        labelled,
        numeric=numeric,
        categorical=categorical,
        chunk=chunk,
        timezone=timezone,
    )
    book = _Book(rows, recipe.name, costs or {}, chunk)
    fits = _Fits(rows, numeric, categorical, seed)
    seen = trained_to or {}
    usable = due(rows.frame, as_of=as_of, delay=delay)
    if deployed["keep"] is None:
        usable = usable[rows.logged[usable] == rows.logged[usable]]
    for part in cut(
        rows, usable, windows=windows, min_rows=min_rows, after=seen.get("keep")
    ):
        for name in sorted(deployed, key=lambda name: (name != "keep", name)):
            if name != "keep" and name in seen and part.start <= seen[name]:
                book.skip(part, name, "it was trained on rows of this window")
                continue
            book.add(
                part,
                name,
                fits.score(deployed[name], part),
                (thresholds or {}).get(name, 0.5),
                action="keep" if name == "keep" else "roll_back",
                version=versions[name],
            )
        mature = due(rows.frame, as_of=part.start, delay=delay)
        for action, how, span in _options(recipe, alternatives, spans):
            option = _named(action, how.name, span)
            chosen = newest(mature, rows.labels, span)
            try:
                fresh, seconds = fits.of(how, chosen)
            except NotEnoughData as reason:
                book.skip(part, option, str(reason))
                continue
            book.add(
                part,
                option,
                fits.score(fresh, part),
                threshold,
                action=action,
                recipe=how.name,
                span=span,
                trained_rows=len(chosen),
                seconds=seconds,
            )
    return book.close(fits)


class _Fits:
    """Fits by recipe and rows, each made once."""

    def __init__(
        self, rows: Rows, numeric: Sequence[str], categorical: Sequence[str], seed: int
    ) -> None:
        self.rows, self.seed = rows, seed
        self.numeric, self.categorical = list(numeric), list(categorical)
        self.made: dict[tuple[str, bytes], tuple[BaseEstimator, float]] = {}

    def of(self, recipe: Recipe, chosen: np.ndarray) -> tuple[BaseEstimator, float]:
        key = (f"{recipe.name} {recipe.source_sha256}", chosen.tobytes())
        if key not in self.made:
            truth = fitting.outcomes(self.rows.truth[chosen])
            fitting.check_enough(truth, min_rows=fitting.MIN_ROWS)
            table = self.rows.table.iloc[chosen]
            started = time.perf_counter()
            fresh, _ = fitting.fit(
                recipe, table, truth, self.numeric, self.categorical, seed=self.seed
            )
            self.made[key] = fresh, time.perf_counter() - started
        return self.made[key]

    def score(self, estimator: BaseEstimator | None, part: Part) -> np.ndarray:
        if estimator is None:
            return self.rows.logged[part.positions]
        return fitting.score(estimator, self.rows.table.iloc[part.positions])


class _Book:
    """Gathers the rows of the table."""

    def __init__(
        self, rows: Rows, own: str, costs: Mapping[str, float], chunk: periods.Every
    ) -> None:
        prices = costs.get("false_positive", 1.0), costs.get("false_negative", 1.0)
        self.error = max(prices)
        if min(prices) < 0 or not 0 < self.error < float("inf"):
            raise ValueError(
                "false_positive and false_negative must not be negative and one must "
                f"be above 0, got {prices[0]} and {prices[1]}"
            )
        self.rows, self.own, self.chunk = rows, own, chunk
        self.weights = tuple(price / self.error for price in prices)
        self.table: list[dict[str, Any]] = []
        self.losses: dict[tuple[str, str], np.ndarray] = {}
        self.scores: dict[tuple[str, str], np.ndarray] = {}
        self.skipped: list[str] = []

    def skip(self, part: Part, option: str, reason: str) -> None:
        self.skipped.append(f"{option} in window {part.label} is left out: {reason}")

    def add(
        self, part: Part, option: str, score: np.ndarray, threshold: float, **facts: Any
    ) -> None:
        import numpy as np

        wrong_yes, wrong_no = self.weights
        truth, guess = self.rows.truth[part.positions] == 1, score >= threshold
        loss = np.where(guess == truth, 0.0, np.where(guess, wrong_yes, wrong_no))
        loss[np.isnan(score)] = np.nan
        key = part.label, option
        self.losses[key], self.scores[key] = loss, score
        champion = self.losses[part.label, "keep"]
        row = {
            "window": part.label,
            "start": part.start,
            "end": part.end,
            "age": part.age,
            "option": option,
            "n": len(loss),
            "loss": float(loss.mean()),
            "champion_loss": float(champion.mean()),
            **dict(zip(("difference", "variance"), _gain(champion, loss), strict=True)),
            **facts,
        }
        own = self.losses.get(
            (part.label, _named("retrain", self.own, row.get("span")))
        )
        if row["action"] == "rebuild" and own is not None:
            row["fresh_difference"], row["fresh_variance"] = _gain(own, loss)
        self.table.append(row)

    def close(self, fits: _Fits) -> Backtest:
        import pandas as pd

        frame = pd.DataFrame(self.table, columns=list(_TYPES)).astype(_TYPES)
        return Backtest(
            frame,
            self.losses,
            self.scores,
            tuple(self.skipped),
            self.chunk,
            self.error,
            len(fits.made),
            sum(seconds for _, seconds in fits.made.values()),
        )


def _gain(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Mean of the paired difference and the variance of that mean."""
    difference = before - after
    return float(difference.mean()), float(difference.var(ddof=1) / len(difference))


def _options(
    recipe: Recipe, alternatives: Mapping[str, Recipe], spans: Sequence[int | None]
) -> Iterator[tuple[str, Recipe, int | None]]:
    """Every candidate, the own recipe first."""
    for span in spans:
        yield "retrain", recipe, span
    for other in alternatives.values():
        for span in spans:
            yield "rebuild", other, span


def _named(action: str, recipe: str, span: int | None) -> str:
    return f"{action} {recipe} {'all' if span is None else span}"


def _version(name: str) -> int | None:
    match = re.fullmatch(r"keep|roll_back v?(\d+)", name)
    if match is None:
        raise ValueError(f"deployed names 'keep' or 'roll_back 2', got {name!r}")
    return None if match[1] is None else int(match[1])

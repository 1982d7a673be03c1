"""What every action would have brought in the newest windows with outcomes."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle import periods
from lifecycle.recipes import Recipe
from lifecycle.training import recalibrating
from lifecycle.training.booking import Book
from lifecycle.training.fits import Fits
from lifecycle.training.gathering import Material, gathered
from lifecycle.training.hearing import Spoken
from lifecycle.training.keeping import Kept
from lifecycle.training.leaving_out import Faulty
from lifecycle.training.options import Columns, trials, version_of
from lifecycle.training.result import LATER, TABLE, Backtest, typed
from lifecycle.training.standing import Standing
from lifecycle.training.tasks import Loss, Task, check_kind
from lifecycle.training.trying import Course
from lifecycle.training.windows import Part, Rows, Timed, cut, due, ordered

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = ["backtest"]


def backtest(
    labelled: pd.DataFrame,
    *,
    recipe: Recipe,
    alternatives: Mapping[str, Recipe],
    deployed: Mapping[str, BaseEstimator | npt.ArrayLike | None],
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
    older: int = 0,
    lags: Sequence[int] = (1, 2, 4, 8),
    nearer: bool = False,
    offered_numeric: Sequence[str] = (),
    offered_categorical: Sequence[str] = (),
    left_out: npt.ArrayLike | str | None = None,
    feedback: pd.DataFrame | None = None,
    max_share_per_person: float = 0.1,
    recalibrate_rows: int = recalibrating.ROWS,
    kept: Kept | None = None,
    max_rows: int | None = None,
    max_fits: int | None = None,
    executor: Executor | None = None,
    task: Task = "binary",
    scale: float | None = None,
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
    labelled : DataFrame of n rows
        `id`, `time`, features, `outcome` (missing where not known) and, where there
        are any, `known_at` and `prediction`. Rows whose outcome is not due are of use:
        with `kept`, a new fit scores them ahead, and `later` has them when it is.
    recipe : Recipe
        The model's own: action "retrain".
    alternatives : mapping of str to Recipe
        Other recipes: action "rebuild".
    deployed : mapping of str to fitted estimator, array of n scores, or None
        "keep" is the champion, "roll_back 2" an earlier version; any number of them.
        Scores, in the order of the rows and `nan` where there is none, for a version
        that reads other columns; it is compared on the rows of a window that have one,
        if these are at least half. `None` for a model that lives elsewhere: the
        `prediction` in the log is used.
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
        The score from which on a candidate predicts 1; of several classes the
        probability below which it hands a row over.
    thresholds : mapping of str to float, optional
        The same for what is deployed, by its name; 0.5 where not named.
    trained_to : mapping of str to datetime, optional
        The last moment a deployed one was trained on, by its name.
    costs : mapping, optional
        What a `false_positive` and a `false_negative` cost, a `wrong` class and one
        `handed_over`, or an amount's error `per_unit`; 1 each without. The dearer kind
        is a loss of 1, the other its fraction.
    older : int
        How many windows before these are looked at, too: for what needs no fit, and
        for candidates whose scores are kept.
    lags : sequence of int
        After how many chunks a candidate is scored again; see `later`.
    nearer : bool
        Whether each window is also scored by the last candidates that have not seen a
        row of it: those of a window later by the delay, made early. They tell of a
        change sooner than the ones a window would have had; in `later` with a `lag`
        below 0.
    offered_numeric, offered_categorical : sequence of str
        Columns the model does not use: a rebuild of its own recipe with them is tried
        where they have values.
    left_out : array-like of n bool, or name of a column, optional
        Rows that a fault of the data touched: nothing is tested or trained on them.
    feedback : DataFrame, optional
        What people said: `id`, `time`, `kind`, `label`, `person`. A candidate learns
        from it what it would have at the window's start; it is tested on outcomes.
    max_share_per_person : float
        See `material`.
    recalibrate_rows : int
        On how many of the newest rows due at a window's start, and later than the
        champion's own, its scores are mapped anew.
    kept : Kept, optional
        Scores of earlier fits, and where those of new ones go. A fit is made again
        only if a row it is trained on, its recipe or a library has changed, or if it
        did not score the window.
    max_rows : int, optional
        At most so many rows a fit, an even choice of them: what a training on all rows
        would bring is then a little underrated.
    max_fits : int, optional
        At most so many new fits, the newest windows first.
    executor : concurrent.futures.Executor, optional
        Of processes; makes the fits of the library's recipes. Those of a user's file
        are made here.
    task : {"binary", "multiclass", "regression"}
        Outcomes are 0 and 1, codes of several classes, or amounts. Scores of several
        classes are packed (`tasks.pack`) in the codes of the outcomes, or codes.
    scale : float, optional
        What the absolute errors of a regression are divided by; without it the
        standard deviation of the outcomes before the windows.

    Returns
    -------
    Backtest
        Its `table` has, a row a window and option: `window` (label of its first
        chunk), `start`, `end`, `age` (0 the newest), `option`, `action` (keep,
        recalibrate, retrain, rebuild, roll_back), `recipe`, `span`, `version`,
        `offered` (the new columns), `n`, `trained_rows`, `loss`, `champion_loss`,
        `difference` (champion's mean loss minus the option's: above 0 is better),
        `variance` (of that mean difference), `fresh_difference` and `fresh_variance`
        (a rebuild against the retrain of the same span), `seconds` of the fit, 0 where
        it was kept. Empty when there is no window. `later` has the same of each option
        in windows that begin `lag` chunks after the window it was `made` for, as it
        was made then; no fit is made for it.

    Raises
    ------
    InputError
        A column is missing.
    SettingsError
        A recipe is for another task, or cannot be fitted.
    ValueError
        A name in `deployed` is none of these, an error's cost or a lag makes no
        sense, or there are not as many scores or marks as rows.
    """
    versions = {name: version_of(name) for name in deployed}
    if "keep" not in deployed:
        raise ValueError("deployed must name the champion as 'keep'")
    if min(lags, default=1) < 1:
        raise ValueError(f"lags count chunks from 1 on, got {min(lags)}")
    loss = Loss.priced(task, costs, 1.0 if scale is None else scale)
    for each in (recipe, *alternatives.values()):
        check_kind(each, task, numeric, categorical)
    frame, order = ordered(labelled)
    own = Columns(tuple(numeric), tuple(categorical))
    rows = Rows.of(
        frame.reset_index(drop=True),
        numeric=numeric,
        categorical=categorical,
        chunk=chunk,
        timezone=timezone,
    )
    faulty = Faulty.of(labelled, left_out, order)
    standing = Standing(deployed, rows.table, rows.logged, order, task)
    seen = dict(trained_to or {})
    usable = faulty.without(due(rows.frame, as_of=as_of, delay=delay))
    parts = cut(
        rows,
        standing.known("keep", usable),
        windows=windows + older,
        min_rows=min_rows,
        after=seen.get("keep"),
    )
    if task == "regression" and scale is None:
        loss = loss.scaled(_deviation(rows.truth, usable, parts[:windows]))
    fits = Fits(rows, task=task, seed=seed, kept=kept, executor=executor, most=max_fits)

    told = [n for n in ("id", "time", "outcome", "known_at") if n in rows.frame]
    slim = rows.frame[told]  # its index is the rows' positions
    timed = Timed(slim, slim.index.to_numpy(), rows.labels)
    spoken = None
    if feedback is not None:
        spoken = Spoken.of(slim, feedback, classes=_classes(task, rows.truth))

    @functools.cache  # what one window's nearer candidates learn a later one's do, too
    def gather(moment: datetime, span: int | None) -> Material:
        return gathered(
            timed,
            as_of=moment,
            delay=delay,
            span=span,
            chunk=chunk,
            timezone=timezone,
            spoken=spoken,
            left_out=faulty.marks,
            max_share_per_person=max_share_per_person,
        )

    limits = {"keep": 0.5, **(thresholds or {})}
    course = Course(
        rows,
        Book(rows, loss),
        fits,
        standing,
        parts,
        delay=delay,
        faulty=faulty,
        trained_to=seen,
        lags=lags,
        fresh=windows,
        gather=None if feedback is None else gather,
        nearer=chunk if nearer else None,
    )
    tried = trials(
        recipe,
        alternatives,
        spans,
        own,
        Columns(tuple(offered_numeric), tuple(offered_categorical)),
    )
    course.plan(tried, max_rows=max_rows)
    fits.run()
    course.deployed(versions, limits)
    course.recalibrated(recalibrate_rows, limits["keep"])
    course.candidates(threshold)
    book = course.book
    return Backtest(
        typed(sorted(book.table, key=lambda row: int(row["age"])), TABLE),
        book.losses,
        book.scores,
        (*faulty.sentences(rows), *course.said(max_rows, max_fits), *book.skipped),
        chunk,
        loss.error,
        len(fits.seconds),
        sum(fits.seconds.values()),
        typed(book.later, LATER),
        len(fits.taken),
        task,
        loss.scale,
    )


def _classes(task: Task, truth: np.ndarray) -> int:
    """Of how many classes outcomes are codes; 0 of amounts."""
    import numpy as np

    if task != "multiclass":
        return 2 if task == "binary" else 0
    return int(np.nanmax(truth, initial=1.0)) + 1


def _deviation(truth: np.ndarray, usable: np.ndarray, parts: Sequence[Part]) -> float:
    """Standard deviation of the outcomes before the windows, or of all if few."""
    if parts:
        older = usable[usable < parts[-1].positions.min()]
        usable = older if len(older) > 1 else usable
    spread = float(truth[usable].std(ddof=1)) if len(usable) > 1 else 1.0
    return spread or 1.0

"""Trying: each option scored in the windows, as it would have been made for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import periods
from lifecycle.errors import NotEnoughData
from lifecycle.training import fitting, recalibrating, tasks
from lifecycle.training.booking import Book
from lifecycle.training.fits import Fits
from lifecycle.training.lags import after, ahead, blind, chunk_number
from lifecycle.training.leaving_out import Faulty
from lifecycle.training.lessons import Gather, Lesson
from lifecycle.training.options import Trial
from lifecycle.training.standing import Standing
from lifecycle.training.windows import Part, Rows, due, newest

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Course"]


@dataclass(frozen=True, slots=True)
class Made:
    """A candidate for a window: its fit's key, and on how many rows."""

    trial: Trial
    key: str
    trained_rows: int
    lag: int = 0
    label: str = ""


class Course:
    """The windows, what each option may see in them, and what it gave.

    Parameters
    ----------
    rows, book, fits, standing, parts, faulty
        What is tried, and where it is written down.
    delay : timedelta
    trained_to : mapping of str to datetime
        The last moment a deployed one was trained on, by its name.
    lags : sequence of int
    fresh : int
        For how many of the newest windows new fits are made.
    gather : callable, optional
        Gives the training set of a moment and a span where people are listened to;
        its index is the rows' positions.
    nearer : Every, optional
        The length of a chunk where each window is also scored by the last candidates
        that have not seen it.
    """

    def __init__(
        self,
        rows: Rows,
        book: Book,
        fits: Fits,
        standing: Standing,
        parts: Sequence[Part],
        *,
        delay: timedelta,
        faulty: Faulty,
        trained_to: Mapping[str, datetime],
        lags: Sequence[int],
        fresh: int,
        gather: Gather | None = None,
        nearer: periods.Every | None = None,
    ) -> None:
        self.rows, self.book, self.fits, self.standing = rows, book, fits, standing
        self.parts, self.lags, self.fresh = parts, lags, fresh
        self.trained_to, self.gather = trained_to, gather
        self.delay, self.faulty, self.nearer = delay, faulty, nearer
        self.most_rows = 0
        self.chunks = sorted(set(rows.labels))
        self.ripe = [
            faulty.without(due(rows.frame, as_of=part.start, delay=delay))
            for part in parts
        ]
        self.coming = [after(part, parts, lags) for part in parts]
        self.made: list[list[Made]] = [[] for _ in parts]
        self.blind: list[list[Made]] = [[] for _ in parts]

    def plan(self, trials: Sequence[Trial], *, max_rows: int | None) -> None:
        """Ask for the fits of every window: new ones of the newest, else kept ones."""
        for part, ripe in zip(self.parts, self.ripe, strict=True):
            new = part.age < self.fresh
            want = self._wanted(part) if new else part.positions[:0]
            self.made[part.age] = self._asked(
                part, part.start, ripe, want, trials, most=max_rows
            )
        for part in self.parts if self.nearer else ():
            self._nearer(part, trials, max_rows)

    def _nearer(self, part: Part, trials: Sequence[Trial], most: int | None) -> None:
        """Ask for the last candidates that have not seen a window, too.

        They are those of a later window, made early: when that one is tested their
        scores of it are there.
        """
        import numpy as np

        assert self.nearer is not None
        found = blind(
            part, delay=self.delay, chunk=self.nearer, timezone=self.rows.timezone
        )
        if found is None:
            return
        lag, label, moment = found
        ripe = due(self.rows.frame, as_of=moment, delay=self.delay)
        ripe = self.faulty.without(ripe)
        wanted = [
            rank
            for rank, each in enumerate(self.chunks)
            if chunk_number(each) - chunk_number(label) in {0, *self.lags}
        ]
        want = np.flatnonzero(np.isin(self.rows.ranks, wanted))
        self.blind[part.age] = [
            replace(made, lag=-lag, label=label)
            for made in self._asked(part, moment, ripe, want, trials, most=most)
        ]

    def _asked(
        self,
        part: Part,
        moment: datetime,
        ripe: np.ndarray,
        want: np.ndarray,
        trials: Sequence[Trial],
        *,
        most: int | None,
    ) -> list[Made]:
        """Ask for the fits of a moment that score a window."""
        new, found = part.age < self.fresh, []
        own = moment == part.start
        lessons: dict[int | None, tuple[Lesson, str]] = {}
        for span in dict.fromkeys(trial.span for trial in trials):
            whole = self._lesson(moment, ripe, span)
            whole = whole if own else whole.without(part.positions)
            lesson = whole.thinned(most)
            lessons[span] = lesson, self._too_little(lesson)
            if len(lesson) < len(whole):
                self.most_rows = max(self.most_rows, len(whole))
        for trial in trials:
            lesson, reason = lessons[trial.span]
            reason = reason or self._not_there_yet(trial, part, lesson)
            if reason and new and own:
                self.book.skip(part, trial.name, reason)
            if reason:
                continue
            key = self.fits.ask(trial, lesson, part.positions, want, new=new)
            if key is not None:
                found.append(Made(trial, key, len(lesson)))
        return found

    def _lesson(self, moment: datetime, ripe: np.ndarray, span: int | None) -> Lesson:
        """What a training at a moment would have learned from."""
        import numpy as np

        if self.gather is not None:
            return Lesson.of(self.gather(moment, span))
        chosen = newest(ripe, self.rows.ranks, span)
        return Lesson(chosen, self.rows.truth[chosen], np.ones(len(chosen)))

    def _too_little(self, lesson: Lesson) -> str:
        """Why nothing can be fitted to it; empty where it can."""
        truth = tasks.targets(lesson.truth, self.fits.task)
        worth = float(lesson.weights.sum())
        try:
            fitting.check_enough(truth, min_rows=fitting.MIN_ROWS, worth=worth)
        except NotEnoughData as reason:
            return str(reason)
        return ""

    def _wanted(self, part: Part) -> np.ndarray:
        """Rows of later windows, also of those whose outcomes are not due yet."""
        import numpy as np

        later = [other.positions for _, other in self.coming[part.age]]
        if self.fits.store is not None and self.lags:
            later.append(ahead(part, self.rows.labels, self.parts[0], self.lags))
        return np.concatenate([part.positions[:0], *later])

    def _not_there_yet(self, trial: Trial, part: Part, lesson: Lesson) -> str:
        """Columns that a window or its training rows do not have tell nothing."""
        if not trial.offered:
            return ""
        table = self.fits.seen(trial.columns).table[list(trial.offered)]
        if not table.iloc[part.positions].notna().any().all():
            return "not all the new columns have values in this window"
        trained = int(table.iloc[lesson.positions].notna().sum().min())
        if trained < fitting.MIN_ROWS:
            return (
                f"only {trained} rows to train on have the new columns, "
                f"{fitting.MIN_ROWS} are needed"
            )
        return ""

    def deployed(
        self, versions: Mapping[str, int | None], thresholds: Mapping[str, float]
    ) -> None:
        """Score the champion, and every earlier version that had not seen the rows."""
        import numpy as np

        for name in sorted(versions, key=lambda name: (name != "keep", name)):
            facts: dict[str, Any] = {"action": "roll_back", "version": versions[name]}
            if name == "keep":
                facts = {"action": "keep"}
            blind = {
                part.age: name == "keep"
                or name not in self.trained_to
                or part.start > self.trained_to[name]
                for part in self.parts
            }
            rows = [part.positions for part in self.parts if blind[part.age]]
            if rows:
                self.standing.at(name, np.unique(np.concatenate(rows)))
            for part in self.parts:
                if not blind[part.age]:
                    if part.age < self.fresh:
                        self.book.skip(
                            part, name, "it was trained on rows of this window"
                        )
                    continue
                score = self.standing.at(name, part.positions)
                limit = thresholds.get(name, 0.5)
                if self.book.add(part, name, score, limit, **facts) and name != "keep":
                    for lag, other in self.coming[part.age]:
                        score = self.standing.at(name, other.positions)
                        self._later(part, other, lag, name, score, limit, facts)

    def recalibrated(self, most: int, threshold: float) -> None:
        """Map the champion's scores on what was due at each window's start."""
        if self.book.loss.task != "binary" or not self.standing.mapped:
            return
        name, end = "recalibrate", self.trained_to.get("keep")
        for part, ripe in zip(self.parts, self.ripe, strict=True):
            chosen = self.standing.known("keep", ripe)
            if end is not None and len(chosen):
                times = self.rows.frame["time"].iloc[chosen]
                chosen = chosen[(times > end).to_numpy()]
            chosen = chosen[-most:] if most else chosen[:0]
            truth = fitting.outcomes(self.rows.truth[chosen])
            try:
                fitting.check_enough(truth, min_rows=fitting.MIN_ROWS)
                fresh = recalibrating.Map.fitted(
                    self.standing.at("keep", chosen), truth
                )
            except NotEnoughData as reason:
                if part.age < self.fresh:
                    self.book.skip(part, name, str(reason))
                continue
            facts = {"action": name, "trained_rows": len(chosen), "seconds": 0.0}
            score = fresh(self.standing.at("keep", part.positions))
            self.book.add(part, name, score, threshold, **facts)
            for lag, other in self.coming[part.age]:
                score = fresh(self.standing.at("keep", other.positions))
                self._later(part, other, lag, name, score, threshold, facts)

    def candidates(self, threshold: float) -> None:
        """Book the fits: of a window in it and in later ones, and the nearer ones."""
        for part in self.parts:
            for made in self.made[part.age]:
                trial, facts = made.trial, self._facts(made)
                score = self.fits.scores(made.key, trial, part.positions)
                if made.key in self.fits.unread and part.age < self.fresh:
                    self.book.skip(part, trial.name, self.fits.unread[made.key])
                if score is None:
                    continue
                if not self.book.add(part, trial.name, score, threshold, **facts):
                    continue
                for lag, other in self.coming[part.age]:
                    score = self.fits.scores(made.key, trial, other.positions)
                    if score is not None:
                        self._later(
                            part, other, lag, trial.name, score, threshold, facts
                        )
            for made in self.blind[part.age]:
                score = self.fits.scores(made.key, made.trial, part.positions)
                if score is not None:
                    self.book.add_later(
                        part,
                        made.trial.name,
                        score,
                        threshold,
                        lag=made.lag,
                        made=made.label,
                        **self._facts(made),
                    )

    def _facts(self, made: Made) -> dict[str, Any]:
        return {
            "action": made.trial.action,
            "recipe": made.trial.recipe.name,
            "span": made.trial.span,
            "offered": made.trial.told,
            "trained_rows": made.trained_rows,
            "seconds": self.fits.seconds.get(made.key, 0.0),
        }

    def _later(
        self,
        part: Part,
        other: Part,
        lag: int,
        option: str,
        score: np.ndarray,
        threshold: float,
        facts: Mapping[str, Any],
    ) -> None:
        self.book.add_later(
            other, option, score, threshold, lag=lag, made=part.label, **facts
        )

    def said(self, max_rows: int | None, max_fits: int | None) -> list[str]:
        """What was held back."""
        words = []
        if self.most_rows:
            words.append(
                f"fits use at most {max_rows} of up to {self.most_rows} rows, an even "
                "choice: a training on all will do a little better"
            )
        if self.fits.refused:
            words.append(
                f"{self.fits.refused} fits were not made, for at most {max_fits} were "
                "allowed: the newest windows came first"
            )
        return words

"""The router: each key is served by its version, logged, and never left without."""

from __future__ import annotations

import atexit
import os
import secrets
import threading
import weakref
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lifecycle import errors, logs, routing
from lifecycle.workspace import desk, health, lineup, request, spooled, told, trouble
from lifecycle.workspace.answering import Answering, Attempt
from lifecycle.workspace.answers import Answer, Answers
from lifecycle.workspace.beats import Beats
from lifecycle.workspace.counting import Counting
from lifecycle.workspace.recording import Recorder

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Router"]


class Router:
    """Serves one model: deals keys to versions, scores, logs, and follows the book.

    Parameters
    ----------
    workspace : Workspace or path
    model : str
        It must have a version in production.
    time_limit : float or None
        Seconds that the experimental version may take for a request, and a thousandth
        more for each row; then production answers. None lets it take its time.
    durable : bool
        Whether a request waits until the disk has what it was told; see Notes.
    queue_rows : int
        Rows that wait for the disk at most.
    patience : float
        Seconds that a request waits for room in the queue, or for the disk.
    poll_every, write_every, settle_every : float
        Seconds between two looks at the book, two writes to the spool, and two
        settlements of the spool into the log.
    background : bool
        Without, no thread is started: call `poll`, `flush` and `settle` yourself.

    Raises
    ------
    UnknownModel, UnknownVersion
        There is no such model, or nothing in production.
    ArtefactError, SettingsError
        The production version cannot be loaded.

    Notes
    -----
    *Who answers.* A key is dealt by `routing.assign`, salted with the model's name: it
    keeps its version, and widening moves only the keys it must. Where the experimental
    version raises, is late, or gives no finite number, production answers, and
    where production fails, the previous version; each fault is counted (`health`). Late
    is cut off by waiting no longer: the call runs on in its thread, of which there are
    four, and after five faults in a row the version is left out for a second, twice as
    long each time it fails again, up to a minute. Production is not cut off. A row
    for which no version has a number comes back as `nan` and is not logged. The log's
    `version` and `role` are those of who answered.

    *Role changes.* The book is looked at every `poll_every` seconds; the new versions
    are loaded and checked before they take over, all at once. A request is served
    wholly by the line-up it began with. A line-up that cannot be loaded leaves the old
    one serving, and is tried again.

    *What is promised of the log.* What was answered before `flush` was called is on
    the disk (written and synced) when it returns, or it raises. With `durable` that
    holds for each request whose `logged` is True. Without either, a killed process
    loses what it answered since the last write, which is begun every `write_every`
    seconds. From the spool each prediction comes into the log exactly once, whoever is
    killed where: the next settlement of any router of the model, or `lifecycle due`,
    takes what a dead process left. Of an id that is told twice the log keeps what was
    told first; the answers may differ where the row or the version changed in between.
    A full queue makes requests wait up to `patience`, then they are answered and not
    logged, which is counted (`unlogged`) and an alert. A full disk makes nobody wait:
    up to `queue_rows` rows are kept and tried again, what comes then is not logged.

    *Threads and forks.* One router serves any number of threads. A forked child has a
    queue, threads and a spool of its own; what waited in the parent is the parent's. A
    child of a process that had settled before cannot open the log (delta-rs): its
    spool is settled by the others.

    Examples
    --------
    >>> import lifecycle
    >>> with lifecycle.Router("demo", "lead-scoring") as router:     # doctest: +SKIP
    ...     router.predict_one({"id": "7", "visits": 3, "plan": "pro"})
    <Answer 7: 1 (score 0.810) by version 4, production>
    """

    def __init__(
        self,
        workspace: desk.Workspace | str | os.PathLike[str],
        model: str,
        *,
        time_limit: float | None = 0.25,
        durable: bool = False,
        queue_rows: int = 100_000,
        patience: float = 1.0,
        poll_every: float = 0.5,
        write_every: float = 0.2,
        settle_every: float = 60.0,
        background: bool = True,
    ) -> None:
        if not isinstance(workspace, desk.Workspace):
            workspace = desk.open(workspace)
        if queue_rows < 1 or (time_limit is not None and not time_limit > 0):
            raise ValueError(
                f"queue_rows must be at least 1 and time_limit above 0, got "
                f"{queue_rows} and {time_limit}; mend them"
            )
        self.workspace, self.model, self.durable = workspace, model, durable
        self._queue = {"queue_rows": queue_rows, "patience": patience}
        self._every = (poll_every, write_every, settle_every)
        self._background = background
        self._time_limit = time_limit
        self._fixed = workspace.settings.workspace.as_of
        self._lineup = lineup.load(workspace, model)
        self._id = workspace.model(model).id  # what the settings call it
        self._closed = False
        self._fresh()
        _LIVING.add(self)

    def _fresh(self) -> None:
        """What each process has of its own."""
        self._token = f"{os.getpid()}-{secrets.token_hex(6)}"
        spool = logs.Spool(
            spooled.folder(self.workspace, self.model), token=self._token
        )
        self._recorder = Recorder(spool, told.table, **self._queue)  # type: ignore[arg-type]
        self._answering = Answering(self._time_limit)
        self._counting = Counting(self.workspace, self.model, self._token)
        self._settling, self._polling = threading.Lock(), threading.Lock()
        self._beats = Beats(
            self._recorder,
            poll=self.poll,
            settle=self.settle,
            keep=self._keep,
            count=self._counting.count,
            every=self._every,
        )
        self._trouble = trouble.Trouble(self.workspace, self.model)
        self._trouble.loading(self._lineup)

    # -- requests --------------------------------------------------------------

    def predict_one(self, row: Mapping[str, Any], *, key: str | None = None) -> Answer:
        """Answer one row.

        Parameters
        ----------
        row : mapping
            `id`, the features, and `time` (a datetime with a zone) where it is not now.
        key : str, optional
            The column that says who is dealt to which version; the id without it.

        Returns
        -------
        Answer

        Raises
        ------
        InputError
            No usable id or key, a feature is missing, or a number is none.
        NoAnswer
            All versions failed.
        """
        column = "id" if "id" in row else self._id
        name = request.name_of(row.get(column), column)
        by = name if key is None else request.name_of(row.get(key), key)
        now = self._now()
        at = request.moment_of(row["time"]) if "time" in row else now
        self._begin()
        serving = self._lineup
        attempts: list[Attempt] = []
        try:
            raw, player = self._answering.one(serving, row, by, attempts)
        finally:
            self._counting.add(now, attempts)
        score, prediction = player.said(raw)
        logged = None
        if score == score:
            ids, said = (name,), (score, prediction, player.code)
            logged = self._log(told.Told(serving, 1, at, ids, dict(row), key, *said))
        return Answer(name, score, prediction, player.version, player.role, logged)

    def predict(self, frame: pd.DataFrame, *, key: str | None = None) -> Answers:
        """Answer the rows of a frame.

        Parameters
        ----------
        frame : DataFrame of n rows
            `id`, the features, and `time` (with a zone) where it is not now.
        key : str, optional
            The column that says who is dealt to which version; the id without it.

        Returns
        -------
        Answers
            In the order of the rows.

        Raises
        ------
        InputError, NoAnswer
            As `predict_one` does; then no row was answered.
        """
        import numpy as np
        import pyarrow as pa

        if len(frame) == 1 and frame.columns.is_unique:
            values = frame.to_numpy(dtype=object)[0]
            row = dict(zip(frame.columns, values.tolist(), strict=True))
            one = self.predict_one(row, key=key)
            return Answers(
                pa.array([one.id]),
                np.array([one.score]),
                np.array([one.prediction]),
                np.zeros(1, dtype=np.int8),
                ((one.version, one.role),),
                one.logged,
            )
        ids = request.names(frame, "id" if "id" in frame else self._id)
        keys = ids if key is None else request.names(frame, key)
        request.moments(frame)
        now = self._now()
        self._begin()
        serving = self._lineup
        attempts: list[Attempt] = []
        try:
            raw, codes = self._answering.many(serving, frame, keys, attempts)
        finally:
            self._counting.add(now, attempts)
        scores, predictions = serving.said(raw, codes)
        kept = request.unchanging(frame)
        logged, said = None, (scores, predictions, codes)
        if len(ids):
            logged = self._log(told.Told(serving, len(ids), now, ids, kept, key, *said))
        return Answers(ids, scores, predictions, codes, serving.served, logged)

    def _log(self, rows: told.Told) -> bool | None:
        ticket = self._recorder.put(rows)
        if self.durable:
            return self._recorder.wait(ticket)
        return None if ticket else False

    def _now(self) -> datetime:
        return self._fixed or datetime.now(UTC)

    def _begin(self) -> None:
        if self._closed:
            raise errors.LifecycleError(
                f"this router of {self.model} is closed; make another one"
            )
        if self._background and not self._beats.threads:
            self._beats.start()

    # -- what goes on behind -----------------------------------------------------

    def poll(self) -> bool:
        """Look at the book once; whether another line-up serves from now on."""
        with self._polling:
            try:
                if lineup.stamp(self.workspace, self.model) == self._lineup.stamp:
                    return False
                fresh = lineup.load(self.workspace, self.model)
            except errors.LifecycleError as error:
                self._trouble.standing_still(self._lineup, error)
                return False
            before, self._lineup = self._lineup, fresh
            self._trouble.loading(fresh)
            return (before.served, before.share) != (fresh.served, fresh.share)

    def flush(self) -> None:
        """Come back when all that was answered before is on the disk.

        Raises
        ------
        LifecycleError
            The disk takes nothing; what is in the queue is tried again.
        """
        self._recorder.flush()

    def settle(self) -> spooled.Settled:
        """Flush, and bring what waits in the spool to the log; see `spooled.settle`."""
        with self._settling:
            with suppress(errors.LifecycleError):
                self._recorder.flush()
            self._recorder.seal()
            counted = routing.Tally()
            done = spooled.settle(
                self.workspace, self.model, at=self._now(), tally=counted
            )
            self._counting.merge(counted)
            self._trouble.settling(done)
            self._keep()
            return done

    def health(self) -> routing.Health:
        """What each version did, hour by hour, in all processes of the model."""
        self._keep()
        return health.read(self.workspace, self.model)

    @property
    def unlogged(self) -> int:
        """Predictions of this router that were answered and are not in the log."""
        return self._recorder.unlogged

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong at this moment, a sentence each.

        That the log or the line-up is not as it should be is an alert too; and what
        went wrong behind the requests is told here until it goes well again.
        """
        return (*self._trouble.sentences(self._recorder), *self._beats.troubles)

    def _keep(self) -> None:
        """Write the counts beside the log; tell of troubles."""
        self._counting.keep(self._now())
        self._trouble.beating(self._beats.troubles)
        self._trouble.tell(self._recorder, at=self._now())

    # -- the end -------------------------------------------------------------------

    def close(self) -> None:
        """Settle what was told and end the threads; closing twice does nothing.

        Raises
        ------
        LifecycleError
            The disk takes nothing: so many predictions are lost.
        """
        if self._closed:
            return
        self._closed = True
        self._beats.stop()
        try:
            self._recorder.flush()
        finally:
            self.settle()
            _LIVING.discard(self)

    def _end(self) -> None:
        """At the end of the process: to the spool, no further."""
        if not self._closed:
            with suppress(errors.LifecycleError, OSError):
                self._recorder.flush()
            with suppress(errors.LifecycleError, OSError):  # others come after it
                self._recorder.seal()
                self._counting.keep(self._now())

    def __enter__(self) -> Router:
        return self

    def __exit__(self, kind: object, *_error: object) -> None:
        with suppress(errors.LifecycleError) if kind else nullcontext():
            self.close()

    def __repr__(self) -> str:
        told = ", ".join(f"{role} {version}" for version, role in self._lineup.served)
        state = ", closed" if self._closed else ""
        return f"<Router of {self.model}: {told}{state}>"


_LIVING: weakref.WeakSet[Router] = weakref.WeakSet()


def _in_the_child() -> None:
    for router in list(_LIVING):
        router._recorder._spool.seal()  # the child's hold on the parent's segment
        router._fresh()


def _at_exit() -> None:
    for router in list(_LIVING):
        router._end()


os.register_at_fork(after_in_child=_in_the_child)
atexit.register(_at_exit)

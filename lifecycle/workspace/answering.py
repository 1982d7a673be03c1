"""Answering: rows are scored by whom they are dealt to, or by the next in line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from lifecycle import errors, routing
from lifecycle.workspace.cutting_off import Bounded

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

    from lifecycle.workspace.lineup import Lineup, Player

__all__ = ["Answering", "Attempt"]

ROW_SECONDS = 0.001
"""What each row adds to the time limit of a request."""


class Attempt(NamedTuple):
    """What came of asking one version for some rows.

    `fell` are rows that it failed on as the one asked before it had.
    """

    version: str
    role: str
    rows: int
    seconds: float | None = None
    errors: int = 0
    slow: int = 0
    missing: int = 0
    skipped: int = 0
    scores: Any = None
    fell: int = 0


class Answering:
    """Asks the versions of a line-up, and counts the faults of each.

    The experimental version is asked on another thread and given a time limit; after
    five faults in a row it is left out for a second, then two, up to a minute.
    Production and previous are asked on the caller's thread for as long as they take:
    behind them nobody is faster.

    Parameters
    ----------
    time_limit : float or None
        Seconds a request that the experimental version may take, and a thousandth
        for each row; None for no limit, and no other thread.
    """

    def __init__(self, time_limit: float | None) -> None:
        self.time_limit = time_limit
        self.breakers: dict[int, routing.Breaker] = {}
        self.bounded = Bounded()

    def one(
        self, lineup: Lineup, row: Mapping[str, Any], key: str, attempts: list[Attempt]
    ) -> tuple[float, Player]:
        """The score of one row and who gave it; what was tried joins `attempts`.

        Raises
        ------
        InputError
            All versions refuse the row.
        NoAnswer
            All fail.
        """
        raised: list[BaseException] = []
        fallen = 0
        if lineup.share:
            first = lineup.players[0]
            if routing.chosen([key], lineup.share, salt=lineup.model)[0]:
                found = self._trial(first, partial(first.scorer.one, row), 1, raised)
                attempts.append(_told(first, found, 1))
                if found[0] is not None and found[0] - found[0] == 0:  # finite
                    return found[0], first
                fallen = 1
        said: Player | None = None
        for player in lineup.stable:
            found = _asked(partial(player.scorer.one, row), raised)
            attempts.append(_told(player, found, 1))
            if found[0] is not None:
                if found[0] - found[0] == 0:
                    return found[0], player
                said = said or player
            attempts[-1], fallen = attempts[-1]._replace(fell=fallen), 1
        if said is None:
            raise _refusal(lineup, attempts, raised)
        return float("nan"), said

    def many(
        self,
        lineup: Lineup,
        frame: pd.DataFrame,
        keys: pa.Array,
        attempts: list[Attempt],
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
        """Scores of n rows, and who gave each (`Player.code`); see `one`."""
        import numpy as np

        n = len(frame)
        raised: list[BaseException] = []
        scores = np.full(n, np.nan)
        codes = np.full(n, lineup.stable[0].code, dtype=np.int8)
        left = np.ones(n, dtype=bool)
        fallen = np.zeros(n, dtype=bool)
        tables: dict[Any, pd.DataFrame] = {}

        def fails(gone: npt.NDArray[np.bool_]) -> None:
            """Note which rows the player asked last has failed on."""
            fell = int((gone & fallen).sum())
            attempts[-1], fallen[gone] = attempts[-1]._replace(fell=fell), True

        def take(player: Player, mine: npt.NDArray[np.bool_]) -> bool:
            """Ask a player for these rows and keep its scores; whether it had any."""
            count = int(mine.sum())
            some = None if count == n else mine
            call = partial(_scores, player, frame, some, count, tables)
            if player.role == "experimental":
                found = self._trial(player, call, count, raised)
            else:
                found = _asked(call, raised)
            attempts.append(_told(player, found, count))
            if found[0] is None:
                fails(mine)
                return False
            finite = np.isfinite(found[0])
            if count == n and finite.all():
                scores[:], codes[:], left[:] = found[0], player.code, False
                return True
            good = np.flatnonzero(mine)[finite]
            scores[good], codes[good], left[good] = found[0][finite], player.code, False
            if not finite.all():
                fails(mine & left)
            return True

        if lineup.share and n:
            chosen = routing.chosen(keys, lineup.share, salt=lineup.model)
            if chosen.any():
                take(lineup.players[0], chosen)
        answered = False
        for player in lineup.stable:
            if left.any():
                answered = take(player, left.copy()) or answered
        if left.any() and not answered:
            raise _refusal(lineup, attempts, raised)
        return scores, codes

    def _trial(
        self,
        player: Player,
        call: Callable[[], Any],
        rows: int,
        raised: list[BaseException],
    ) -> tuple[Any, float | None, str]:
        """Ask the experimental version, within its time and unless it is left out."""
        breaker = self.breakers.get(player.number)
        if breaker is None:
            breaker = self.breakers.setdefault(player.number, routing.Breaker())
        if not breaker.allows(perf_counter()):
            return None, None, "skipped"
        if self.time_limit is None:
            found = _asked(call, raised)
        else:
            limit, began = self.time_limit + ROW_SECONDS * rows, perf_counter()
            inner: list[BaseException] = []
            ended, answer = self.bounded.run(lambda: _asked(call, inner), limit)
            if not ended:
                breaker.failed(perf_counter())
                return None, perf_counter() - began, "slow"
            raised += inner
            found = answer
        if found[2] == "error" or _missing(found[0]):
            breaker.failed(perf_counter())
        else:
            breaker.succeeded()
        return found


def _scores(
    player: Player,
    frame: pd.DataFrame,
    mine: npt.NDArray[np.bool_] | None,
    count: int,
    tables: dict[Any, pd.DataFrame],
) -> npt.NDArray[np.float64]:
    scorer = player.scorer
    found = scorer(frame) if mine is None else scorer.some(frame, mine, tables)
    if len(found) != count:
        raise ValueError(f"{len(found)} scores for {count} rows")
    return found


def _asked(
    call: Callable[[], Any], raised: list[BaseException]
) -> tuple[Any, float, str]:
    began = perf_counter()
    try:
        found = call()
    # A model is code of others and may raise anything; whatever it is, the next
    # version answers, and the fault is counted.
    except Exception as error:  # noqa: BLE001
        raised.append(error)
        return None, perf_counter() - began, "error"
    return found, perf_counter() - began, ""


def _missing(found: Any) -> int:
    """How many scores are no finite number."""
    if isinstance(found, float):
        return 0 if found - found == 0 else 1
    import numpy as np

    return int(found.size - np.isfinite(found).sum())


def _told(player: Player, found: tuple[Any, float | None, str], rows: int) -> Attempt:
    scores, seconds, what = found
    version, role = player.version, player.role
    if not what:
        gone, told = _missing(scores), player.plain(scores)
        return Attempt(version, role, rows, seconds, 0, 0, gone, 0, told)
    if what == "skipped":
        return Attempt(version, role, rows, skipped=rows)
    if what == "slow":
        return Attempt(version, role, rows, seconds, slow=rows)
    return Attempt(version, role, rows, seconds, errors=rows)


def _refusal(
    lineup: Lineup, attempts: list[Attempt], raised: list[BaseException]
) -> errors.LifecycleError:
    """What is raised when nobody answers.

    Where all refuse the rows, the rows are at fault and no version is.
    """
    if raised and all(isinstance(error, errors.InputError) for error in raised):
        attempts.clear()
        last: errors.LifecycleError = raised[-1]  # type: ignore[assignment]
        return last
    tried = ", ".join(f"{each.version} ({each.role})" for each in attempts)
    kind = type(raised[-1]).__name__ if raised else "no score"
    told = " ".join(str(raised[-1]).split())[:120] if raised else ""
    refusal = errors.NoAnswer(
        f"{lineup.model}: no version could answer, tried {tried}; the last said "
        f"{kind}{': ' if told else ''}{told}; roll back or mend the rows"
    )
    refusal.__cause__ = raised[-1] if raised else None
    return refusal

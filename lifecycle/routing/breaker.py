"""A breaker: what fails again and again is left alone for a while."""

from __future__ import annotations

from threading import Lock

__all__ = ["Breaker"]


class Breaker:
    """Leaves a version out after so many faults in a row, longer each time.

    Once the pause is over, one request tries it: where that goes well it is back,
    else the next pause is twice as long. Safe from several threads.

    Parameters
    ----------
    faults : int
        In a row, after which it is left out.
    pause : float
        Seconds of the first pause.
    longest : float
        Seconds that no pause is longer than.

    Examples
    --------
    >>> breaker = Breaker(faults=2, pause=1.0)
    >>> breaker.failed(0.0), breaker.failed(0.1)
    (False, True)
    >>> breaker.allows(0.5), breaker.allows(1.2), breaker.allows(1.2)
    (False, True, False)
    >>> breaker.succeeded()
    >>> breaker.allows(1.3)
    True
    """

    def __init__(
        self, *, faults: int = 5, pause: float = 1.0, longest: float = 60.0
    ) -> None:
        if faults < 1 or not pause > 0 or not longest >= pause:
            raise ValueError(
                f"a breaker takes faults of at least 1 and 0 < pause <= longest, got "
                f"{faults}, {pause:g} and {longest:g}; mend them"
            )
        self._most, self._first, self._longest = faults, pause, longest
        self._lock = Lock()
        self._faults, self._pause, self._until = 0, pause, 0.0

    @property
    def is_open(self) -> bool:
        """Whether the version is left out, or about to be tried again."""
        return self._faults >= self._most

    def allows(self, now: float) -> bool:
        """Whether this request may try it.

        Parameters
        ----------
        now : float
            Seconds of a monotonic timer.
        """
        if self._faults < self._most:
            return True
        with self._lock:
            if self._faults < self._most:
                return True
            if now < self._until:
                return False
            self._until = now + self._pause  # this one tries, the others wait
            return True

    def failed(self, now: float) -> bool:
        """Count a fault; whether it is left out from now on."""
        with self._lock:
            again = self._faults >= self._most
            self._faults += 1
            if self._faults < self._most:
                return False
            if again:
                self._pause = min(2 * self._pause, self._longest)
            self._until = now + self._pause
            return not again

    def succeeded(self) -> None:
        """It answered: nothing is held against it any more."""
        if self._faults:
            with self._lock:
                self._faults, self._pause = 0, self._first

    def __repr__(self) -> str:
        state = "left out" if self.is_open else "in use"
        return f"<Breaker {state}: {self._faults} faults in a row>"

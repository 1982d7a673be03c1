"""Trouble: what is wrong with the serving of a model, told once while it lasts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle import alerts, errors
from lifecycle.findings import Finding, Findings, Verdict
from lifecycle.workspace import ownership

if TYPE_CHECKING:
    from lifecycle.workspace.desk import Workspace
    from lifecycle.workspace.lineup import Lineup
    from lifecycle.workspace.recording import Recorder
    from lifecycle.workspace.spooled import Settled

__all__ = ["RULE", "Trouble"]

RULE = "serving"
"""The rule under which these alerts are told and silenced."""
_LOG, _LINEUP, _BEHIND = "predictions not logged", "line-up", "behind requests"


class Trouble:
    """Keeps what is wrong, and opens and closes the alerts of it.

    Parameters
    ----------
    workspace : Workspace
    model : str
    """

    def __init__(self, workspace: Workspace, model: str) -> None:
        self._workspace, self._model = workspace, model
        self._loading = self._settling = self._beating = ""
        self._refused = 0
        self._unlogged = 0
        self._told: set[str] = set()

    def loading(self, lineup: Lineup) -> None:
        """A line-up took over; some of it may be missing."""
        self._loading = "; ".join(
            f"version {version} ({role}) is left out: {why}"
            for version, role, why in lineup.troubles
        )

    def standing_still(self, lineup: Lineup, error: Exception) -> None:
        """A line-up could not be read or loaded, so that the old one serves on."""
        told = " ".join(str(error).split())
        self._loading = f"{lineup!r} serves on, the newer one cannot be loaded: {told}"

    def settling(self, done: Settled) -> None:
        """What could not be brought to the log."""
        self._settling = " ".join(done.troubles)
        self._refused += done.rows_refused

    def beating(self, troubles: Sequence[str]) -> None:
        """What failed behind the requests when it was done last."""
        self._beating = "; ".join(troubles)

    def sentences(self, recorder: Recorder) -> tuple[str, ...]:
        """What is wrong now."""
        return tuple(
            words for words in (*self._log(recorder)[1:], self._loading) if words
        )

    def _log(self, recorder: Recorder) -> tuple[int, str]:
        lost = recorder.unlogged - self._unlogged + self._refused
        told = []
        if lost:
            told.append(f"{lost:,} predictions were answered and not logged")
        if recorder.trouble:
            told.append(
                f"the disk takes no predictions ({recorder.trouble}); make space, what "
                "waits is tried again"
            )
        if self._settling:
            told.append(self._settling)
        return lost, ", ".join(told)

    def tell(self, recorder: Recorder, *, at: datetime) -> None:
        """Open an alert for what is wrong, and close it when it is over.

        An alert that cannot be written (the registry's disk may be the full one) is
        tried again; what it counts is kept.
        """
        lost, words = self._log(recorder)
        held = recorder.unlogged
        try:
            self._update(_LOG, float(lost), words, at)
            self._update(_LINEUP, 1.0, self._loading, at)
            self._update(_BEHIND, 1.0, self._beating, at)
        except errors.LifecycleError:
            return
        self._unlogged, self._refused = held, 0

    def _update(self, subject: str, value: float, words: str, at: datetime) -> None:
        if not words and subject not in self._told:
            return
        verdict: Verdict = "alert" if words else "quiet"
        finding = Finding(
            subject, value if words else 0.0, int(value), threshold=0.0,
            verdict=verdict, subject=subject,
        )  # fmt: skip
        alerts.update(
            self._workspace.registry,
            self._model,
            Findings("Serving", (finding,)),
            rule=RULE,
            at=at,
            owner=ownership.ownership(self._workspace, self._model, as_of=at).owner,
            severity="critical",
            words=words and f"{self._model}: {words}",
        )
        (self._told.add if words else self._told.discard)(subject)

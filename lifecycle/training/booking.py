"""Booking: scores become losses, and losses the rows of the back-test's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle.training.tasks import Loss
from lifecycle.training.windows import Part, Rows

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Book"]


class Book:
    """Gathers the rows of both tables.

    Parameters
    ----------
    rows : Rows
    loss : Loss
    """

    def __init__(self, rows: Rows, loss: Loss) -> None:
        self.rows, self.loss = rows, loss
        self.table: list[dict[str, Any]] = []
        self.later: list[dict[str, Any]] = []
        self.losses: dict[tuple[str, str], np.ndarray] = {}
        self.scores: dict[tuple[str, str], np.ndarray] = {}
        self.skipped: list[str] = []
        self._own: dict[tuple[str, str, Any], np.ndarray] = {}

    def skip(self, part: Part, option: str, reason: str) -> None:
        """Say why an option is missing in a window."""
        self.skipped.append(f"{option} in window {part.label} is left out: {reason}")

    def add(
        self, part: Part, option: str, score: np.ndarray, threshold: float, **facts: Any
    ) -> bool:
        """Book an option in the window it was made for; False if too little is known.

        The champion comes first, a retraining before the rebuild of its span.
        """
        if not _enough(score):
            missing = sum(score != score)
            self.skip(
                part, option, f"it gave no score for {missing} of {len(score)} rows"
            )
            return False
        loss = self._loss(part, score, threshold)
        self.losses[part.label, option] = loss
        self.scores[part.label, option] = score
        self.table.append(self._row(part, part.label, option, loss, facts))
        return True

    def add_later(
        self,
        part: Part,
        option: str,
        score: np.ndarray,
        threshold: float,
        *,
        lag: int,
        made: str,
        **facts: Any,
    ) -> None:
        """Book an option in a window that came `lag` chunks after its own."""
        if not _enough(score):
            return
        loss = self._loss(part, score, threshold)
        row = self._row(part, made, option, loss, facts)
        self.later.append({**row, "lag": lag, "made": made})

    def _loss(self, part: Part, score: np.ndarray, threshold: float) -> np.ndarray:
        import numpy as np

        loss = self.loss.of(self.rows.truth[part.positions], score, threshold)
        return np.where(np.isnan(score), np.nan, loss)

    def _row(
        self, part: Part, made: str, option: str, loss: np.ndarray, facts: Any
    ) -> dict[str, Any]:
        champion = self.losses[part.label, "keep"] if option != "keep" else loss
        known = loss == loss
        champion, loss = champion[known], loss[known]
        difference, variance = _gain(champion, loss)
        row = {
            "window": part.label,
            "start": part.start,
            "end": part.end,
            "age": part.age,
            "option": option,
            "offered": "",
            "n": len(loss),
            "loss": float(loss.mean()),
            "champion_loss": float(champion.mean()),
            "difference": difference,
            "variance": variance,
            **facts,
        }
        key = made, part.label, facts.get("span")
        if facts["action"] == "retrain":
            self._own[key] = loss
        if facts["action"] == "rebuild" and key in self._own:
            row["fresh_difference"], row["fresh_variance"] = _gain(self._own[key], loss)
        return row


def _enough(score: np.ndarray) -> bool:
    """Whether at least half of the rows have a score."""
    return 2 * int((score == score).sum()) >= max(len(score), 1)


def _gain(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Mean of the paired difference and the variance of that mean."""
    difference = before - after
    n = len(difference)
    spread = float(difference.var(ddof=1) / n) if n > 1 else float("nan")
    return float(difference.mean()), spread

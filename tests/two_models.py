"""A champion and a candidate that are right as often as told, for tests of the gate."""

from __future__ import annotations

import numpy as np

from lifecycle import evaluation


def models(n: int, *, champion: float, candidate: float, seed: int = 0):
    """Scores of two models that are right with these probabilities."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)

    def score(right: float) -> np.ndarray:
        sure = rng.uniform(0.5, 1, n)
        towards = np.where(rng.random(n) < right, truth, 1 - truth)
        return np.where(towards == 1, sure, 1 - sure - 1e-9)

    return truth, score(champion), score(candidate)


def noisy(n: int, *, seed: int = 0, rate: float = 0.4, apart: float = 1.0):
    """Outcomes and the scores of two models of unlike sharpness."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < rate).astype(int)
    shared = rng.normal(size=n)
    scores = [
        1 / (1 + np.exp(-(sharp * (truth - 0.5) + shared + rng.normal(size=n) / 2)))
        for sharp in (1.0, 1.0 + apart)
    ]
    return truth, *scores


def row(tested: evaluation.Evaluation, measure: str, subject: str, period: str = ""):
    """The finding of a measure, of all rows or of a chunk."""
    return next(
        f
        for f in tested.findings
        if (f.measure, f.subject, f.period) == (measure, subject, period)
    )

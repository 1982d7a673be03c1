"""Every recipe, span and training step of a stream, fitted and scored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmarks.replay.checks import Checks, checks
from benchmarks.replay.cube import FIRST, Cube
from benchmarks.replay.models import Models

if TYPE_CHECKING:
    import numpy as np

    from benchmarks.replay.streams import Stream

__all__ = ["SPANS", "build"]

EARLIEST = 3
SPANS = (3, 9, 0)


def build(stream: Stream, *, seed: int = 0, spans: tuple[int, ...] = SPANS) -> Cube:
    """Fit everything that a policy might deploy on a stream.

    Parameters
    ----------
    stream : Stream
        Of at least 8 windows.
    seed : int
    spans : tuple of int

    Returns
    -------
    Cube
    """
    import numpy as np

    started = time.process_time()
    models = Models(stream, seed=seed)
    windows = stream.windows
    checked = checks(stream, _first_score(stream, models), first=FIRST)
    shape = (windows, len(models.names), len(spans))
    grid = np.full((2, *shape), -1, dtype=np.int32)
    made: list[tuple[int, int, int, bool, float]] = []
    losses, truths, scores = [], [], []
    same = bool(np.array_equal(stream.known, stream.truth, equal_nan=True))
    loss = _Loss(stream)
    fitted: dict[tuple[int, bytes], int] = {}
    for step in range(EARLIEST, windows):
        later = np.flatnonzero(stream.window >= step - 1)
        for kind, at, span in _wanted(spans):
            rows = _training(stream, step, span, checked if kind else None)
            if not len(rows):
                continue
            for number, name in enumerate(models.names):
                key = (number, rows.tobytes())
                if key not in fitted:
                    began = time.process_time()
                    estimator = models.fit(name, rows, stream.known[rows])
                    seconds = time.process_time() - began
                    said, score = models.predict(name, estimator, later)
                    losses.append(loss(said, score, later, stream.known))
                    if not same:
                        truths.append(loss(said, score, later, stream.truth))
                    if score is not None:
                        scores.append(score.astype(np.float16))
                    fitted[key] = len(made)
                    made.append((number, at, step, bool(kind), seconds))
                grid[kind, step, number, at] = fitted[key]
        fitted = {}
    count = len(stream.window)
    row_loss = _stacked(losses, count)
    recipe, span_at, steps, cleaned, cost = zip(*made, strict=True)
    features, names, categorical = _inputs(stream, models)
    negative, positive = stream.costs
    return Cube(
        name=stream.name,
        group=stream.group,
        task=stream.task,
        windows=windows,
        first=FIRST,
        recipes=tuple(models.names),
        spans=spans,
        window=stream.window.astype(np.int16),
        truth=stream.truth.astype(np.float32),
        known=stream.known.astype(np.float32),
        recipe=np.array(recipe, dtype=np.int16),
        span=np.array(span_at, dtype=np.int16),
        step=np.array(steps, dtype=np.int16),
        cleaned=np.array(cleaned),
        seconds=np.array(cost, dtype=np.float32),
        grid=grid,
        row_loss=row_loss,
        true_loss=row_loss if same else _stacked(truths, count),
        score=_stacked(scores, count) if scores else None,
        costs=stream.costs,
        threshold=positive / (positive + negative),
        features=features,
        feature_names=names,
        categorical=categorical,
        fault_inputs=checked.inputs,
        fault_outcomes=checked.outcomes,
        sentences=checked.sentences,
        remarks=checked.remarks,
        unlabelled=checked.unlabelled,
        bad=np.isin(np.arange(windows), list(stream.bad)),
        build_seconds=time.process_time() - started,
        signature=stream.signature,
    )


def _first_score(stream: Stream, models: Models) -> np.ndarray | None:
    """Scores of one model for all rows: by them a fall of the outcomes is judged."""
    import numpy as np

    if stream.task != "binary":
        return None
    rows = _training(stream, FIRST, 0, None)
    estimator = models.fit(models.names[0], rows, stream.known[rows])
    everywhere = np.arange(len(stream.window))
    return models.predict(models.names[0], estimator, everywhere)[1]


class _Loss:
    """Loss a row: cost of an error, or the distance in standard deviations."""

    def __init__(self, stream: Stream) -> None:
        import numpy as np

        self.task = stream.task
        self.negative, self.positive = stream.costs
        self.threshold = self.positive / (self.positive + self.negative)
        early = stream.truth[stream.window < FIRST - 1]
        self.scale = float(np.nanstd(early)) or 1.0 if np.isfinite(early).any() else 1.0

    def __call__(
        self,
        said: np.ndarray,
        score: np.ndarray | None,
        rows: np.ndarray,
        outcome: np.ndarray,
    ) -> np.ndarray:
        import numpy as np

        truth = outcome[rows]
        if self.task == "regression":
            loss = np.minimum(np.abs(said - truth) / self.scale, 1000.0)
        elif score is not None:
            loss = np.where(
                truth == 1,
                self.negative * (score < self.threshold),
                self.positive * (score >= self.threshold),
            )
        else:
            loss = (said != truth).astype(float)
        return np.where(np.isnan(truth), np.nan, loss).astype(np.float16)


def _wanted(spans: tuple[int, ...]) -> Iterator[tuple[int, int, int]]:
    """All windows of a span first, then the same without those that are flagged."""
    for kind in (0, 1):
        for at in reversed(range(len(spans))):
            yield kind, at, spans[at]


def _training(
    stream: Stream, step: int, span: int, checked: Checks | None
) -> np.ndarray:
    """Rows with an outcome that a training at the start of a window may see."""
    import numpy as np

    newest = step - 2
    oldest = 0 if span == 0 else max(0, newest - span + 1)
    rows = (stream.window >= oldest) & (stream.window <= newest)
    rows &= ~np.isnan(stream.known)
    if checked is not None:
        flagged = np.flatnonzero(checked.inputs | checked.outcomes)
        rows &= ~np.isin(stream.window, flagged)
    found: np.ndarray = np.flatnonzero(rows)
    return found


def _stacked(parts: list[np.ndarray], count: int) -> np.ndarray:
    import numpy as np

    table = np.full((len(parts), count), np.nan, dtype=np.float16)
    for at, values in enumerate(parts):
        table[at, count - len(values) :] = values
    return table


def _inputs(
    stream: Stream, models: Models
) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """Inputs as numbers, for policies that watch them."""
    import numpy as np

    columns = {
        str(name): models.table[name].to_numpy(dtype=float) for name in models.table
    }
    kinds = [name in stream.categorical for name in models.table]
    for name in stream.texts:
        said = stream.table[name].map(
            lambda each: each if isinstance(each, str) else ""
        )
        columns[f"{name}: letters"] = said.str.len().to_numpy(dtype=float)
        columns[f"{name}: words"] = (said.str.count(r"\S+")).to_numpy(dtype=float)
        kinds += [False, False]
    table = np.column_stack(list(columns.values())).astype(np.float32)
    return table, tuple(columns), np.array(kinds)

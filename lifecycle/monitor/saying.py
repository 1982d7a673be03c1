"""Realised performance in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lifecycle import metrics
from lifecycle.findings import Finding

__all__ = ["amount", "line", "sentence", "word"]

_NAMES = {"roc_auc": "ROC AUC", "r2": "R²"}
_UPPER = ("mae", "rmse", "mape", "ndcg", "f1")
_LONGEST = 60


def word(name: str) -> str:
    """A metric as it opens a sentence."""
    base, at, setting = name.partition("@")
    if base in _NAMES:
        return _NAMES[base]
    said = " ".join(
        part.upper() if part in _UPPER else part for part in base.split("_")
    )
    return said[:1].upper() + said[1:] + at + setting


def amount(value: float, unit: str) -> str:
    """A value as it stands in a sentence."""
    if unit == "%":
        return f"{value:.1%}"
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:,.0f}"


def line(text: object) -> str:
    """Text from data on one line, cut when it is endless."""
    words = "".join(c if c.isprintable() else " " for c in str(text)[:1000]).split()
    said = " ".join(words)
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"


def sentence(
    rows: Sequence[Finding],
    main: str,
    chunk: str,
    *,
    task: str = "binary",
    unripe: Sequence[tuple[str, float]] = (),
) -> str:
    """What the newest judged chunk was, and how often the threshold was crossed."""
    said = _judged(rows, main, chunk, task)
    if not unripe:
        return said
    period, share = unripe[-1]
    many = f"1 {chunk} is" if len(unripe) == 1 else f"{len(unripe)} {chunk}s are"
    return (
        f"{said[:-1]}; {many} not ripe (of {period} {share:.0%} of the outcomes are "
        f"known)."
    )


def _judged(rows: Sequence[Finding], main: str, chunk: str, task: str) -> str:
    name = word(main)
    if not rows:
        return f"{name} is undefined: no outcome is due yet."
    judged = [row for row in rows if row.verdict != "undefined"]
    newest = (judged or [row for row in rows if not math.isnan(row.value)] or rows)[-1]
    if math.isnan(newest.value):
        return f"{name} is undefined in every {chunk} whose outcomes are due."
    said = f"{name} was {_said(newest.value, newest)} in {newest.period} ("
    if not math.isnan(newest.lower):
        ends = _said(newest.lower, newest), _said(newest.upper, newest)
        said += f"90%: {ends[0]} to {ends[1]}, "
    said += f"n {newest.n:,})"
    if not judged:
        if math.isnan(newest.threshold):
            return said + "."
        return said + f"; no {chunk} has enough outcomes to be judged."
    side = "below" if metrics.of(task, main).greater_is_better else "above"
    limit = _said(newest.threshold, newest)
    kept = "not " if newest.verdict == "quiet" else ""
    said += f", {kept}{side} the threshold of {limit}"
    alerts = sum(row.verdict == "alert" for row in judged)
    if alerts and len(judged) > 1:
        said += f"; {side} it in {alerts} of {len(judged)} {chunk}s judged"
    return said + "."


def _said(value: float, like: Finding) -> str:
    return amount(value, like.unit)

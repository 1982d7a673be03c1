"""What a page shows of the answers themselves: how sure, which class, how far off."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from lifecycle import calibration as calibrations
from lifecycle import figures, intervals, markup, monitor
from lifecycle.findings import Finding, Findings, Sheet

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.workspace.rows import Rows

__all__ = ["HANDED_OVER", "by_class", "calibration", "handed_over"]

HANDED_OVER = "handed over"

SHORT = 8  # rows of tables that say little
WORST = 12  # classes, and mistakes, that are shown
CHUNKS = 13  # of outcomes that classes are counted in
TENTHS = 10  # of the amounts that were predicted


def calibration(view: Rows) -> Sheet:
    """How far answers were from what came true, each way of answering by its own."""
    if not view.task.judges:
        return Sheet("Calibration", _amounts(view), shown=SHORT)
    mature, scored = view.task.judged(view.mature), view.task.judged(view.scored)
    rows = view.recent(mature[mature["score"].notna()])
    table = calibrations.reliability(rows["outcome"], rows["score"])
    served = view.recent(scored)
    early = view.chunks(served).isin(view.early(view.settings.delay))
    told = monitor.calibration(
        served[~early],
        as_of=view.as_of,
        delay=view.settings.delay,
        chunk=view.settings.chunk,
        timezone=view.timezone,
    )
    picture = figures.reliability(table, title="Calibration")
    parts = [picture, told]
    if view.task.words and view.settings.threshold:
        parts.append(handed_over(view))
    return Sheet("Calibration", tuple(parts), shown=SHORT)


def by_class(view: Rows) -> tuple[Any, ...]:
    """Of several classes which are recognised least, and which are taken for which."""
    import pandas as pd

    rows = view.recent(view.mature[view.mature["prediction"].notna()], CHUNKS)
    if not view.task.words or rows.empty:
        return ()
    right = rows["prediction"].to_numpy() == rows["outcome"].to_numpy()
    recalls = []
    for name, own in rows.assign(right=right).groupby("outcome"):
        n, hits = len(own), int(own["right"].sum())
        ends = intervals.wilson(hits, n)
        subject = markup.one_line(str(name), most=60)
        recalls.append(Finding("recall", hits / n, n, *ends, subject=subject, unit="%"))
    recalls.sort(key=lambda row: (row.upper, row.subject))
    worst = recalls[:WORST]
    picture = figures.forest(
        worst, title="The classes that are recognised least", measure="recall"
    )
    least = worst[0]
    words = (
        f"Of {len(recalls)} classes {least.subject} is recognised least: in "
        f"{least.value:.0%} of {least.n:,} rows."
    )
    found = monitor.confusion(rows, task="multiclass")
    mixed = [row for row in found if not _same(row.subject)]
    mixed.sort(key=lambda row: -row.value * row.n)
    counts = pd.crosstab(rows["outcome"].astype(str), rows["prediction"].astype(str))
    drawn = figures.confusion(counts, title="What was taken for what", most=WORST)
    return (
        picture,
        drawn,
        Findings("Recall by class", tuple(worst), words),
        replace(found, rows=tuple(mixed[:WORST])),
    )


def _same(subject: str) -> bool:
    truth, _, guess = subject.partition(" predicted ")
    return truth == guess


def handed_over(view: Rows) -> Findings:
    """How many rows the model did not know, and how often it was right where it did."""
    scored = view.recent(view.scored)
    unsure = (scored["score"] < view.settings.threshold).to_numpy()
    right = view.task.right(scored["outcome"], scored["prediction"])
    right[unsure] = math.nan
    labels = view.chunks(scored)
    rows = []
    for label in sorted(labels.unique()):
        inside = (labels == label).to_numpy()
        n, count = int(inside.sum()), int(unsure[inside].sum())
        ends = intervals.wilson(count, n)
        share = Finding(HANDED_OVER, count / n, n, *ends, period=label, unit="%")
        known = right[inside]
        known = known[known == known]
        hits, answered = int(known.sum()), known.size
        value = hits / answered if answered else math.nan
        ends = intervals.wilson(hits, answered)
        accuracy = "accuracy where it answers"
        rows += [
            share,
            Finding(accuracy, value, answered, *ends, period=label, unit="%"),
        ]
    if not rows:
        return Findings("Handed over", (), "Nothing has been answered yet.")
    newest = rows[-2]
    words = (
        f"In {newest.period} the model did not know {newest.value:.1%} of "
        f"{newest.n:,} rows: its best class was less probable than "
        f"{view.settings.threshold:.0%}."
    )
    return Findings("Handed over", tuple(rows), words, main=HANDED_OVER)


def _amounts(view: Rows) -> tuple[Any, ...]:
    """What was predicted against what came, tenth by tenth of the predictions."""
    rows = view.mature[view.mature["prediction"].notna()]
    rows = view.recent(rows, CHUNKS)
    table = _tenths(rows)
    picture = figures.against(
        table, title="Predicted against true", unit=view.settings.unit
    )
    if table.empty:
        words = "Nothing can be said of amounts before outcomes are due."
        return picture, Findings("Predicted against true", (), words)
    number = partial(markup.number, unit=view.settings.unit)
    found = []
    for tenth, row in enumerate(table.to_dict("records"), start=1):
        found.append(
            Finding(
                "bias",
                float(row["bias"]),
                int(row["n"]),
                float(row["bias_lower"]),
                float(row["bias_upper"]),
                subject=f"tenth {tenth}, about {number(float(row['predicted']))}",
                unit=view.settings.unit,
            )
        )
    off = rows["prediction"] - rows["outcome"]
    ends = intervals.mean(off.to_numpy(dtype=float))
    side, unit = "above" if off.mean() > 0 else "below", view.settings.unit
    whole = Finding(
        "bias", float(off.mean()), len(off), *ends, subject="all", unit=unit
    )
    words = (
        f"Predictions were {markup.number(abs(whole.value), unit)} {side} what came in "
        f"the mean (n {whole.n:,}, 90%: {markup.number(whole.lower, unit)} to "
        f"{markup.number(whole.upper, unit)})."
    )
    return picture, Findings("Predicted against true", (whole, *found), words)


def _tenths(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a tenth of the predictions: means, and the mean error with its interval."""
    import numpy as np
    import pandas as pd

    told = []
    said, came = (rows[n].to_numpy(dtype=float) for n in ("prediction", "outcome"))
    order = np.argsort(said, kind="stable")
    for part in np.array_split(order, min(TENTHS, max(1, len(order) // 5))):
        if not len(part):
            continue
        lower, upper = intervals.mean(came[part])
        off = said[part] - came[part]
        low, high = intervals.mean(off)
        told.append(
            {
                "n": len(part),
                "predicted": float(said[part].mean()),
                "true": float(came[part].mean()),
                "true_lower": lower,
                "true_upper": upper,
                "bias": float(off.mean()),
                "bias_lower": low,
                "bias_upper": high,
            }
        )
    columns = ["n", "predicted", "true", "true_lower", "true_upper"]
    columns += ["bias", "bias_lower", "bias_upper"]
    return pd.DataFrame(told, columns=columns)

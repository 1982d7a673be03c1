"""What right and wrong predictions earn and cost, in money."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lifecycle import intervals, markup, metrics, periods
from lifecycle.findings import Finding, Findings, judge

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["earnings", "summed", "value"]


def value(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    true_positive: float = 0.0,
    false_positive: float = 0.0,
    false_negative: float = 0.0,
    true_negative: float = 0.0,
) -> float:
    """What predictions earned, given what each kind of hit and miss is worth.

    Rows where outcome or prediction is missing are left out. Undefined, and therefore
    `nan`, without rows.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Outcomes and predictions, 0 or 1.
    true_positive, false_positive, false_negative, true_negative : float
        Worth of one such row, in one currency; a cost is negative.

    Returns
    -------
    float
        The sum, in that currency.

    Examples
    --------
    >>> value([1, 0, 1], [1, 1, 0], true_positive=100, false_positive=-5)
    95.0
    """
    right = metrics.confusion(y_true, y_pred)
    if not sum(right):
        return math.nan
    worth = (true_positive, false_positive, false_negative, true_negative)
    return float(sum(n * each for n, each in zip(right, worth, strict=True)))


def earnings(
    labelled: pd.DataFrame,
    *,
    true_positive: float = 0.0,
    false_positive: float = 0.0,
    false_negative: float = 0.0,
    true_negative: float = 0.0,
    chunks: pd.Series[Any] | None = None,
    currency: str = "",
    below: float = math.nan,
    min_n: int = 30,
) -> Findings:
    r"""What predictions earned and cost, chunk by chunk.

    Rows whose outcome or prediction is not known are left out: a chunk whose outcomes
    are still coming in shows the money of those that have come.

    Parameters
    ----------
    labelled : DataFrame of shape (n, n_columns)
        With `prediction` and `outcome` (0 or 1, missing where not known), and with
        `time` unless `chunks` is given.
    true_positive, false_positive, false_negative, true_negative : float
        Worth of one such row, in `currency`; a cost is negative.
    chunks : Series of str, shape (n,), optional
        The chunk of each row; ISO weeks in UTC where not given.
    currency : str
        Three capitals, such as "USD".
    below : float
        A chunk that earned less is an alert; nothing is judged where it is `nan`.
    min_n : int
        Chunks with fewer rows are not judged.

    Returns
    -------
    Findings
        Of each chunk, oldest first, `earned` (all rows), `right` (what right
        predictions brought) and `wrong` (what wrong ones did), in money, with 90%
        intervals.

    Raises
    ------
    ValueError
        When `chunks` are not of the same rows, or outcomes or predictions are not
        0 or 1.

    Notes
    -----
    The sum of :math:`n` rows of worth :math:`w_i`; the interval is :math:`n` times
    Student's of their mean, undefined for one row. It speaks of the chance that put
    right and wrong rows into the chunk, not of a worth that is only a guess.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"outcome": [1, 0, 1, None], "prediction": [1, 1, 0, 1]})
    >>> weeks = pd.Series(["2023-W14"] * 4)
    >>> found = earnings(rows, true_positive=100, false_positive=-5, chunks=weeks)
    >>> [(row.measure, row.value) for row in found]
    [('earned', 95.0), ('right', 100.0), ('wrong', -5.0)]
    """
    import numpy as np
    import pandas as pd

    truth = intervals.floats(labelled["outcome"])
    guess = intervals.floats(labelled["prediction"])
    metrics.confusion(truth, guess)  # says when they are not 0 or 1
    labels = periods.chunk_of(labelled["time"]) if chunks is None else chunks
    if len(labels) != truth.size:
        raise ValueError(
            f"chunks has {len(labels)} labels for {truth.size} rows; give one a row"
        )
    kept = ~(np.isnan(truth) | np.isnan(guess))
    hit = truth == guess
    worth = np.where(
        guess == 1,
        np.where(hit, true_positive, false_positive),
        np.where(hit, true_negative, false_negative),
    )
    return summed(
        np.where(kept, worth, np.nan),
        hit,
        chunks=pd.Series(labels),
        below=below,
        min_n=min_n,
        currency=currency,
    )


def summed(
    worth: npt.ArrayLike,
    right: npt.ArrayLike | None = None,
    *,
    chunks: pd.Series[Any],
    below: float = math.nan,
    min_n: int = 30,
    currency: str = "",
) -> Findings:
    """What predictions earned chunk by chunk, whatever each is worth.

    Parameters
    ----------
    worth : array-like of shape (n,)
        Of each prediction, below 0 what it cost; `nan` where the outcome is not known.
    right : array-like of bool, shape (n,), optional
        Which were right; without it nothing is said of right and wrong.
    chunks : Series of str, shape (n,)
    below, min_n, currency
        As of `earnings`.

    Examples
    --------
    >>> import pandas as pd
    >>> found = summed([-2.0, -4.0], chunks=pd.Series(["2023-W14"] * 2), currency="EUR")
    >>> print(found.summary)
    In 2023-W14 2 predictions earned −€6.00 (90%: −€18.63 to €6.63).
    """
    import numpy as np
    import pandas as pd

    paid = np.asarray(worth, dtype=float)
    kept = ~np.isnan(paid)
    counts = [("earned", paid)]
    if right is not None:
        hit = np.asarray(right, dtype=bool)
        counts.append(("right", np.where(hit, paid, 0.0)))
        counts.append(("wrong", np.where(hit, 0.0, paid)))
    codes, names = pd.factorize(chunks, sort=True)
    rows = []
    for code, period in enumerate(names):
        inside = kept & (codes == code)
        n = int(inside.sum())
        if not n:
            continue
        for measure, counted in counts:
            total, lower, upper = _sum(counted[inside])
            limit = below if measure == "earned" else math.nan
            rows.append(
                Finding(
                    measure,
                    total,
                    n,
                    lower,
                    upper,
                    threshold=limit,
                    verdict=judge(total, limit, side="below", n=n, min_n=min_n),
                    period=str(period),
                    unit=currency,
                )
            )
    words = _said(rows, currency, parted=right is not None)
    return Findings("Money", tuple(rows), words, main="earned")


def _sum(worth: np.ndarray) -> tuple[float, float, float]:
    lower, upper = intervals.mean(worth)
    return float(worth.sum()), lower * worth.size, upper * worth.size


def _said(rows: list[Finding], currency: str, *, parted: bool) -> str:
    if not rows:
        return "What predictions earned is undefined: no outcome is known yet."
    earned = rows[-3 if parted else -1]

    def money(amount: float) -> str:
        return markup.number(amount, currency)

    spread = ""
    if not math.isnan(earned.lower):
        spread = f" (90%: {money(earned.lower)} to {money(earned.upper)})"
    sentence = f"In {earned.period} {_many(earned.n)} earned {money(earned.value)}"
    sentence += spread
    if parted:
        right, wrong = rows[-2:]
        sentence += (
            f": the right ones {money(right.value)}, the wrong ones "
            f"{money(wrong.value)}"
        )
    if earned.verdict == "alert":
        sentence += f", below the threshold of {money(earned.threshold)}"
    return sentence + "."


def _many(n: int) -> str:
    return "1 prediction" if n == 1 else f"{n:,} predictions"

"""Our own promises: what rulings said an action would bring, and what came."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import intervals
from lifecycle.decision.promised import NOTHING, Promise, Promises
from lifecycle.decision.words import line, money
from lifecycle.findings import Finding, Findings, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["promises"]

_WEEK = timedelta(weeks=1)
_NEEDED = ("at", "action", "value", "lower", "upper", "price", "horizon_weeks", "acted")
_TOLD = ("ruling", "week", "n", "difference", "variance", "money")


def promises(
    rulings: pd.DataFrame,
    realised: pd.DataFrame,
    *,
    as_of: datetime,
    currency: str = "USD",
    level: float = 0.90,
    min_n: int = 3,
) -> Promises:
    r"""Hold what rulings promised against what came.

    Parameters
    ----------
    rulings : DataFrame
        One row a ruling: `at` (its moment, with a time zone), `action`, `value`,
        `lower`, `upper` (expected net value over the horizon with its interval, as
        `Ruling.facts` has it), `price`, `horizon_weeks`, `acted` (whether it was
        carried out), and where known `persistence` (share of a gain that is left after
        a week; 1 where missing), `recipe`, `span`, `version` (that it became),
        `sentence`, `ended` (a word on why it was not carried out). Called by `ruling`
        where there is such a column, else by the index. Those after `as_of` are left
        out.
    realised : DataFrame
        One row a ruling that was carried out and week: `ruling`, `week` (its start,
        with a time zone), `n` (rows with an outcome), `difference` (mean loss of the
        displaced version minus that of the new one on these rows; above 0 is better),
        `variance` (of that mean), `money` (what a loss of 1 costs). Weeks that are not
        over by `as_of`, that began before the ruling or lie beyond its horizon do not
        count.
    as_of : datetime
        With a time zone.
    currency : str
        Of all prices.
    level : float
        That of the promised intervals, and of those given here.
    min_n : int
        With fewer promises to compare nothing is judged.

    Returns
    -------
    Promises

    Raises
    ------
    ValueError
        When a column is missing, or a moment has no time zone.

    Notes
    -----
    Of a gain :math:`G` (net value plus price) over :math:`H` weeks with persistence
    :math:`\rho` week :math:`j` was promised :math:`G \rho^j / S`, :math:`S = (1 -
    \rho^H)/(1 - \rho)`; the ends of its interval likewise. What came is :math:`\sum_j
    m_j n_j d_j` with the standard error :math:`\sqrt{\sum_j (m_j n_j)^2 v_j}`.

    What came is known to within its own error only, so that a promise has come within
    its interval where what came is not further from it than :math:`\sqrt{a^2 + b^2}`,
    with the reach :math:`a` of the promised interval to that side and the reach
    :math:`b` of the interval of what came: of honest promises the level's share does,
    however few weeks have passed.

    That share has Wilson's interval; it is an alert where its upper end is below the
    level. What came per promised unit is a ratio :math:`R = \sum c_i / \sum p_i` with
    Student's interval on :math:`\sqrt{m \sum (c_i - R p_i)^2 / (m - 1)} / \sum p_i`;
    it is an alert where its upper end is below 1.

    References
    ----------
    W. G. Cochran, "Sampling Techniques" (1977), ch. 6 (ratios).

    Examples
    --------
    >>> import pandas as pd
    >>> at = pd.Timestamp("2023-05-01", tz="UTC")
    >>> made = pd.DataFrame({"at": [at], "action": ["retrain"], "value": [900.0],
    ...     "lower": [400.0], "upper": [1400.0], "price": [100.0], "acted": [True],
    ...     "horizon_weeks": [10], "persistence": [1.0]}, index=["r1"])
    >>> came = pd.DataFrame({"ruling": ["r1"], "week": [at], "n": [400],
    ...     "difference": [0.05], "variance": [0.0001], "money": [4.0]})
    >>> promises(made, came, as_of=at + pd.Timedelta(weeks=2))
    <Promises undefined: Of 1 promise 1 came within its interval; it promised $100 and
    brought $80. Too few to judge: 3 are needed.>
    """
    intervals.z(level)
    _check(rulings, realised, as_of)
    told = []
    weeks = {name: rows for name, rows in realised.groupby("ruling", sort=False)}
    names = rulings["ruling"] if "ruling" in rulings else rulings.index.to_series()
    for name, (_, made) in zip(names.tolist(), rulings.iterrows(), strict=True):
        if made["at"] <= as_of:
            told.append(_promise(name, made, weeks.get(name), as_of, level))
    told.sort(key=lambda each: each.at)
    rows = tuple(_findings(told, currency, level, min_n))
    compared = [each for each in told if each.state == "compared"]
    summary = _summary(told, compared, rows, currency, min_n)
    found = Findings("Promised and came", rows, summary, main="inside")
    return Promises(tuple(told), found, currency)


def _check(rulings: pd.DataFrame, realised: pd.DataFrame, as_of: datetime) -> None:
    for title, frame, needed in (
        ("rulings", rulings, _NEEDED),
        ("realised", realised, _TOLD),
    ):
        missing = [name for name in needed if name not in frame]
        if missing:
            raise ValueError(f"{title} has no column {', '.join(missing)}; add it")
    moments: list[tuple[str, Any]] = [
        ("as_of", [as_of]),
        ("at of rulings", rulings["at"]),
        ("week of realised", realised["week"]),
    ]
    for title, times in moments:
        if any(getattr(time, "tzinfo", None) is None for time in times):
            raise ValueError(f"{title} must carry a time zone; add UTC where it is UTC")


def _promise(
    name: object, made: Any, weeks: pd.DataFrame | None, as_of: datetime, level: float
) -> Promise:
    import pandas as pd

    def known(column: str, default: Any) -> Any:
        value = made.get(column)
        return default if value is None or pd.isna(value) else value

    span, version = known("span", None), known("version", None)
    facts: dict[str, Any] = {
        "ruling": line(name, 60),
        "at": made["at"],
        "action": line(made["action"], 40),
        "recipe": line(known("recipe", ""), 60),
        "span": None if span is None else int(span),
        "version": None if version is None else int(version),
        "sentence": line(known("sentence", ""), 400),
    }
    if made["action"] in NOTHING:
        state = f"{NOTHING[made['action']]}; nothing to compare"
        return Promise(**facts, state=state)
    if not known("acted", False):
        ended = line(known("ended", ""), 40)
        state = f"not carried out: {ended}" if ended else "not carried out"
        return Promise(**facts, state=state)
    horizon, kept = float(made["horizon_weeks"]), float(known("persistence", 1.0))
    came = _counting(weeks, made["at"], as_of, horizon)
    if came is None:
        return Promise(**facts, state="nothing has come yet")
    every = horizon if kept == 1 else (1 - kept**horizon) / (1 - kept)
    share = float(sum(kept**age for age in sorted(set(came["age"])))) / every
    ends = [float(made[end]) for end in ("value", "lower", "upper")]
    promised, lower, upper = (share * (end + float(made["price"])) for end in ends)
    worth = came["money"].to_numpy(float) * came["n"].to_numpy(float)
    total = float(worth @ came["difference"].to_numpy(float))
    error = math.sqrt(float(worth**2 @ came["variance"].to_numpy(float)))
    half = intervals.z(level) * error
    low = promised - math.hypot(promised - lower, half)
    high = promised + math.hypot(upper - promised, half)
    inside = None if math.isnan(low + high) else bool(low <= total <= high)
    return Promise(
        **facts,
        weeks=int(came["age"].nunique()),
        n=int(came["n"].sum()),
        promised=promised,
        promised_lower=lower,
        promised_upper=upper,
        came=total,
        came_lower=total - half,
        came_upper=total + half,
        inside=inside,
    )


def _counting(
    weeks: pd.DataFrame | None, at: datetime, as_of: datetime, horizon: float
) -> pd.DataFrame | None:
    """The weeks that count for a ruling, with how many whole weeks after it."""
    if weeks is None:
        return None
    age = (weeks["week"] - at) // _WEEK
    over = weeks["week"] + _WEEK <= as_of
    usable = (weeks["n"] > 0) & weeks["difference"].notna()
    kept = weeks.assign(age=age)[over & usable & (age >= 0) & (age < horizon)]
    return kept if len(kept) else None


def _findings(
    told: Sequence[Promise], currency: str, level: float, min_n: int
) -> Iterator[Finding]:
    compared = [each for each in told if each.state == "compared"]
    judged = [each.inside for each in compared if each.inside is not None]
    hits, m = sum(judged), len(judged)
    ends = intervals.wilson(hits, m, level=level)
    share = hits / m if m else math.nan
    verdict: Verdict = "undefined"
    if m >= max(1, min_n):
        verdict = "alert" if ends[1] < level else "quiet"
    yield Finding("inside", share, m, *ends, level, verdict, unit="%")
    value, lower, upper = _ratio(compared, level)
    verdict = "undefined"
    if len(compared) >= max(1, min_n) and not math.isnan(upper):
        verdict = "alert" if upper < 1 else "quiet"
    yield Finding("brought", value, len(compared), lower, upper, 1.0, verdict, unit="%")
    count = len(compared)
    nothing = math.nan if not count else 0.0
    promised = math.fsum(each.promised for each in compared) + nothing
    yield Finding("promised", promised, count, unit=currency)
    came = math.fsum(each.came for each in compared) + nothing
    errors = [(each.came_upper - each.came_lower) / 2 for each in compared]
    half = math.sqrt(math.fsum(error**2 for error in errors)) + nothing
    yield Finding("came", came, count, came - half, came + half, unit=currency)


def _ratio(compared: Sequence[Promise], level: float) -> tuple[float, float, float]:
    """What came per promised unit, with its interval over the promises."""
    from scipy.special import stdtrit

    m = len(compared)
    promised = math.fsum(each.promised for each in compared)
    if not promised > 0:
        return math.nan, math.nan, math.nan
    value = math.fsum(each.came for each in compared) / promised
    if m < 2:
        return value, math.nan, math.nan
    off = math.fsum((each.came - value * each.promised) ** 2 for each in compared)
    error = math.sqrt(m * off / (m - 1)) / promised
    half = float(stdtrit(m - 1, (1 + level) / 2)) * error
    return value, value - half, value + half


def _summary(
    told: Sequence[Promise],
    compared: Sequence[Promise],
    rows: Sequence[Finding],
    currency: str,
    min_n: int,
) -> str:
    if not told:
        return "There is no ruling yet."
    m = len(compared)
    if not m:
        return "Of no ruling that was carried out has anything come yet."
    inside, brought, promised, came = rows
    hits = round(inside.value * inside.n) if inside.n else 0
    one = m == 1
    said = (
        f"Of {m} promise{'' if one else 's'} {hits or 'none'} came within "
        f"{'its' if one else 'their'} interval; {'it' if one else 'together they'} "
        f"promised {money(promised.value, currency)} and brought "
        f"{money(came.value, currency)}."
    )
    if inside.n < m:
        said += f" Of {m - inside.n} the interval is not known."
    if m < min_n:
        return f"{said} Too few to judge: {min_n} are needed."
    if brought.verdict == "alert":
        said += (
            f" What comes is {brought.value:.0%} of what is promised "
            f"({brought.lower:.0%} to {brought.upper:.0%}): promises are too large."
        )
    elif inside.verdict == "alert":
        said += " Their intervals are too narrow."
    return said

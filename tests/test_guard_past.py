"""What a KPI may fall to by its own past, and accuracy that is only estimated."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lifecycle import config, guards
from lifecycle.workspace import comparing, expecting, seasonal

WEEK = timedelta(weeks=1)
SINCE = datetime(2024, 5, 6, tzinfo=UTC)
ALPHA = 1e-4


# -- what the past allows --------------------------------------------------------------


def wobble_by_hand(hits: np.ndarray, n: float) -> float:
    """Half the mean squared step over one, two or four weeks, less chance; the most."""
    share, whole = hits / n, hits.sum() / (n * len(hits))
    found = [
        np.mean([(b - a) ** 2 for a, b in zip(share, share[lag:], strict=False)]) / 2
        - whole * (1 - whole) / n
        for lag in (1, 2, 4)
    ]
    return max(0.0, *found)


def test_where_there_is_a_year_the_weeks_before_move_as_they_did_then() -> None:
    hits = np.full(70, 200.0)
    hits[18:20], hits[-8:] = 300, 250
    found = guards.bearable(hits, np.full(70, 1000), ahead=2, alpha=1e-3)
    assert found.subject == guards.LAST_YEAR
    assert found.value == pytest.approx(0.25 + 0.30 - 0.20)
    chance = sum(
        p * (1 - p) / n
        for k, n in ((2000, 8000), (600, 2000), (1600, 8000))
        for p in [(k + 0.5) / (n + 1)]
    )
    spread = chance + 2 * wobble_by_hand(hits, 1000) * (1 / 2 + 1 / 8)
    width = stats.t.ppf(1 - 1e-3, 69) * math.sqrt(spread)
    assert found.upper == pytest.approx(found.value + width)


def test_of_two_years_a_season_that_comes_again_makes_nothing_wider() -> None:
    season = np.round(200 + 60 * np.sin(2 * np.pi * np.arange(104) / 52))
    hits = season + np.tile([5.0, -5.0], 52) * (np.arange(104) >= 52)
    found = guards.bearable(hits, np.full(104, 1000), ahead=1, alpha=1e-3)
    now, then = hits[-8:].sum() / 8000, hits[44:52].sum() / 8000
    assert found.value == pytest.approx(now + hits[52] / 1000 - then)
    apart = (hits[52:] - hits[:52]) / 1000
    assert set(apart) == {0.005, -0.005}
    whole = hits.sum() / 104_000
    steps = 0.01**2 / 2 - 2 * whole * (1 - whole) / 1000  # of one week; of two none
    chance = sum(
        p * (1 - p) / n
        for k, n in ((now * 8000, 8000), (hits[52], 1000), (then * 8000, 8000))
        for p in [(k + 0.5) / (n + 1)]
    )
    spread = chance + max(0, steps) * (1 + 1 / 8)
    width = stats.t.ppf(1 - 1e-3, 51) * math.sqrt(spread)
    assert found.upper == pytest.approx(found.value + width)


def test_without_a_year_all_that_the_past_moved_by_itself_is_bearable() -> None:
    hits = np.array([200.0] * 12 + [260.0] * 12)
    found = guards.bearable(hits, np.full(24, 1000), ahead=4, alpha=1e-3)
    p = (2080.5) / 8001
    spread = p * (1 - p) / 8000 + wobble_by_hand(hits, 1000) * (1 / 4 + 1 / 8)
    width = stats.t.ppf(1 - 1e-3, 23) * math.sqrt(spread)
    assert found.value == pytest.approx(0.26)
    # from eight weeks at 20% to four at 26%
    assert found.upper == pytest.approx(0.26 + 0.06 + width)


@pytest.mark.parametrize(
    ("weeks", "n", "ahead"), [(15, 1000, 1), (40, 1000, 9), (40, 10, 1), (40, 1000, 0)]
)
def test_a_past_too_short_or_too_thin_tells_nothing(
    weeks: int, n: int, ahead: int
) -> None:
    found = guards.bearable(np.ones(weeks), np.full(weeks, n), ahead=ahead, alpha=0.01)
    assert (found.verdict, math.isnan(found.upper)) == ("undefined", True)


def test_what_are_no_counts_of_weeks_is_refused() -> None:
    with pytest.raises(ValueError, match="counts of the same weeks"):
        guards.bearable([3] * 20, [2] * 20, ahead=1, alpha=0.01)
    with pytest.raises(ValueError, match="counts of the same weeks"):
        guards.bearable([3] * 20, [4] * 19, ahead=1, alpha=0.01)


@given(
    hits=st.lists(st.integers(0, 200), min_size=16, max_size=90),
    ahead=st.integers(1, 8),
)
def test_what_is_bearable_lies_above_what_is_expected_and_wider_for_less_risk(
    hits: list[int], ahead: int
) -> None:
    n = [200] * len(hits)
    found = guards.bearable(hits, n, ahead=ahead, alpha=0.01)
    wide = guards.bearable(hits, n, ahead=ahead, alpha=1e-5)
    if found.verdict != "undefined":
        assert 0 <= found.value <= found.upper <= wide.upper


def test_a_steady_share_that_wobbles_seldom_ends_above_what_was_bearable() -> None:
    rng, alpha, runs, beyond = np.random.default_rng(4), 0.02, 500, 0
    for _ in range(runs):
        share = np.clip(0.3 + rng.normal(0, 0.02, 66), 0, 1)
        hits = rng.binomial(500, share)
        found = guards.bearable(hits[:64], np.full(64, 500), ahead=2, alpha=alpha)
        beyond += hits[64:].sum() / 1000 > found.upper
    assert beyond <= stats.binom.ppf(0.999, runs, alpha)


# -- a KPI since a release -------------------------------------------------------------


@pytest.fixture(autouse=True)
def outcome_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The KPI is the outcome itself."""
    monkeypatch.setattr(
        comparing,
        "counted",
        lambda view, rows, told, pause: (
            rows["outcome"].to_numpy(),
            np.ones(len(rows)),
        ),
    )


def desk(rows: pd.DataFrame, at: datetime) -> Any:
    """A view of rows whose outcome is the KPI, known a week later."""
    return SimpleNamespace(
        settings=SimpleNamespace(
            kpis={"sold": config.Kpi()},
            delay=timedelta(days=7),
            guard=config.Guard(),
        ),
        name="calls",
        scored=rows,
        as_of=at,
        registry=SimpleNamespace(ledger=lambda name: []),
    )


def calls(weeks: int, after: int, *, fall: float = 0.0, season: float = 0.15, n=300):
    """Version 1 before a release and 2 after it; the season falls from then on."""
    rng = np.random.default_rng(8)
    week = np.repeat(np.arange(-weeks, after), n)
    p = 0.5 - season * np.sin(2 * np.pi * week / 52) - fall * (week >= 0)
    times = SINCE + week * WEEK + np.tile(np.arange(n), weeks + after) * (WEEK / n)
    return pd.DataFrame(
        {
            "time": pd.to_datetime(times, utc=True),
            "outcome": (rng.random(len(week)) < p).astype(float),
            "version": np.where(week < 0, "1", "2"),
            "role": "production",
        }
    )


def kpi(view: Any, *, other: int | None = 1):
    return seasonal.kpi(
        view,
        "sold",
        serving=SimpleNamespace(number=2),
        other=None if other is None else SimpleNamespace(number=other),
        since=SINCE,
        tolerance=0.05,
        alpha=ALPHA,
    )


AT = SINCE + 7 * WEEK


def test_a_season_that_falls_as_it_did_a_year_ago_is_no_fault() -> None:
    rows = calls(104, 7)
    now, before = (rows["time"] >= SINCE), (rows["time"] >= SINCE - 8 * WEEK)
    level = rows.loc[before & ~now, "outcome"].mean()
    assert rows.loc[now, "outcome"].mean() < level - 0.1  # twice the tolerance
    found = kpi(desk(rows, AT))
    assert (found.measure, found.verdict) == ("kpi sold, not reached", "quiet")
    assert found.subject.endswith("against the 8 weeks before, moved as a year ago")
    assert found.n == 6 * 300 + 1


def test_a_fall_beyond_the_season_is_found() -> None:
    found = kpi(desk(calls(104, 7, fall=0.3), AT))
    assert found.verdict == "alert"
    assert found.lower > found.threshold


def test_with_half_a_year_what_it_moved_by_then_is_bearable_and_more_is_not() -> None:
    quiet = kpi(desk(calls(30, 7, season=0.02), AT))
    assert quiet.verdict == "quiet"
    assert "weeks 1 to 6 against the 8 before, and all they moved by" in quiet.subject
    assert kpi(desk(calls(30, 7, season=0.02, fall=0.3), AT)).verdict == "alert"


def test_long_after_a_release_without_a_year_only_its_first_weeks_are_judged() -> None:
    found = kpi(desk(calls(30, 20, season=0.0), SINCE + 20 * WEEK))
    assert (found.n, found.verdict) == (8 * 300, "quiet")


def test_a_short_past_says_so() -> None:
    found = kpi(desk(calls(10, 7), AT))
    assert found.verdict == "undefined"
    assert found.subject.endswith("whose past is too short to say what is usual")


@pytest.mark.parametrize(("worse", "verdict"), [(0.0, "quiet"), (0.3, "alert")])
def test_a_trial_is_held_against_the_other_version_on_the_same_days(
    monkeypatch: pytest.MonkeyPatch, worse: float, verdict: str
) -> None:
    rows = calls(12, 7, fall=0.3)  # for both: a season nobody has seen before
    rng = np.random.default_rng(9)
    beside = (rows["time"] >= SINCE) & (rng.random(len(rows)) < 0.5)
    rows.loc[beside, "version"] = "1"
    mine = (rows["version"] == "2") & (rng.random(len(rows)) < worse / 0.2)
    rows.loc[mine, "outcome"] = 0.0
    monkeypatch.setattr(comparing, "shares", lambda view, trial: [(SINCE, 0.5)])
    found = kpi(desk(rows, AT))
    assert found.verdict == verdict
    assert found.subject.endswith("against version 1 on the same days")


# -- accuracy that is only estimated ---------------------------------------------------


def pair(n: int, below: float, *, seed: int, differ: int = 10) -> pd.DataFrame:
    """Two versions differ on each tenth row; ours is right where `a` is below 0."""
    rng = np.random.default_rng(seed)
    sign = np.where(rng.random(n) < below, -1.0, 1.0)
    return pd.DataFrame(
        {
            "a": sign * np.abs(rng.normal(size=n)),
            "b": rng.normal(size=n),
            "prediction": 1.0,
            "other": 1.0 - (np.arange(n) % differ == 0),
        }
    ).assign(outcome=lambda frame: (frame["a"] < 0).astype(float))


ASKED: dict[str, Any] = {"features": ["a", "b"], "margin": 0.02, "alpha": 2.4e-5}


def test_rows_a_version_is_wrong_about_are_seen_before_any_outcome() -> None:
    known = pair(8_000, 0.5, seed=1)
    same = guards.estimated(known, pair(2_000, 0.5, seed=2), **ASKED)
    assert same.verdict == "quiet"
    assert same.lower < 0 < same.upper
    rows = pair(2_000, 0.0, seed=3).drop(columns="outcome")
    found = guards.estimated(known, rows, **ASKED)
    assert (found.verdict, found.n) == ("alert", 2_000)
    assert found.value == pytest.approx(-0.1, abs=0.02)
    later = guards.estimated(known, rows, look=9, **ASKED)
    assert later.upper > found.upper


@pytest.mark.parametrize(
    ("known", "rows", "why"),
    [(500, 2_000, "reference"), (8_000, 300, "")],
)
def test_few_rows_that_differ_on_either_side_tell_nothing(
    known: int, rows: int, why: str
) -> None:
    found = guards.estimated(
        pair(known, 0.5, seed=1), pair(rows, 0.0, seed=2), subject="it", **ASKED
    )
    assert found.verdict == "undefined"
    assert why in found.subject


def test_what_the_outcomes_say_later_lies_within_the_interval() -> None:
    known = pair(8_000, 0.5, seed=5)
    outside = 0
    for seed in range(12):
        rows = pair(1_000, 0.3, seed=10 + seed)
        mine, theirs = (
            rows[each] == rows["outcome"] for each in ("prediction", "other")
        )
        found = guards.estimated(known, rows, **{**ASKED, "alpha": 0.05})
        outside += not found.lower <= mine.mean() - theirs.mean() <= found.upper
    # of two ends at 2.5%: more than 3 of 12 with probability 0.003
    assert outside <= 3


def test_a_stretch_is_the_same_until_the_next_is_whole() -> None:
    differ = np.arange(1_000) % 10 == 0
    for rows in (209, 391, 400):
        start, stop, look = guards.stretch(differ[:rows], size=20)
        assert (start, stop, look) == ((0, 191, 1) if rows < 391 else (191, 391, 2))
    assert guards.stretch(differ[:150], size=20) == (0, 0, 0)


def watched(
    known: pd.DataFrame, since: pd.DataFrame, *, other: bool = True, task="binary"
):
    """What is expected of version 2, whose scores stand in the rows."""
    start = SINCE - 30 * WEEK
    known["time"] = pd.to_datetime(
        start + np.arange(len(known)) * (20 * WEEK / len(known)), utc=True
    )
    since["time"] = pd.to_datetime(
        SINCE + np.arange(len(since)) * (WEEK / len(since)), utc=True
    )
    settings = SimpleNamespace(
        features=SimpleNamespace(names=("a", "b")), delay=WEEK, task=task,
        guard=config.Guard(), seed=0,
    )  # fmt: skip
    view: Any = SimpleNamespace(settings=settings, labelled=known)
    versions: list[Any] = [SimpleNamespace(number=k, threshold=0.5) for k in (2, 1)]

    def scores(version: Any, rows: pd.DataFrame) -> np.ndarray:
        return rows["prediction" if version.number == 2 else "other"].to_numpy()

    return expecting.expected(
        view, versions[0], versions[1] if other else None, since=since,
        unseen_from=start - WEEK, scores=scores, alpha=ALPHA,
    )  # fmt: skip


def test_the_newest_stretch_of_a_release_is_estimated() -> None:
    since = pd.concat([pair(1_000, 0.5, seed=2), pair(1_000, 0.0, seed=3)])
    found = watched(pair(8_000, 0.5, seed=1), since.reset_index(drop=True))
    assert (found.measure, found.verdict) == ("estimated_difference", "alert")
    assert found.value == pytest.approx(-0.1, abs=0.02)
    # up to the last row that differs of the second hundred
    assert found.n == 1_000


def test_without_a_whole_stretch_or_of_another_task_nothing_is_estimated() -> None:
    few = watched(pair(8_000, 0.5, seed=1), pair(900, 0.0, seed=2))
    assert (few.verdict, few.n) == ("undefined", 90)
    numbers = watched(
        pair(8_000, 0.5, seed=1), pair(2_000, 0.0, seed=2), task="regression"
    )
    assert numbers.verdict == "undefined"


def test_without_another_version_it_is_held_against_its_own_accuracy() -> None:
    known = pair(4_000, 0.5, seed=1, differ=1)
    found = watched(known, pair(500, 0.0, seed=2, differ=1), other=False)
    assert (found.verdict, found.n) == ("alert", 400)
    assert found.subject == "version 2, against its accuracy before"
    assert found.value == pytest.approx(-0.5, abs=0.05)

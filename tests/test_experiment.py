"""Trials: what is certain at any look, and what is done about it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lifecycle import experiment, intervals
from lifecycle.experiment import Arms, Guardrail, Metric, Pairs, course, read
from lifecycle.experiment.looks import alphas

WON = Metric("won", usual=0.3)
WEEKS = [f"2024-W{k:02d}" for k in range(1, 53)]


def dealt(
    n: int = 4000,
    *,
    share: float = 0.5,
    usual: float = 0.3,
    more: float = 0.0,
    looks: int = 10,
    seed: int = 0,
) -> Arms:
    rng = np.random.default_rng(seed)
    served = rng.random(n) < share
    won = rng.random(n) < usual + more * served
    labels = np.repeat(WEEKS[:looks], n // looks)
    return Arms(won, served, share=share, looks=labels)


def scored(
    n: int = 2000, *, apart: float = 0.1, more: float = 0.0, seed: int = 0
) -> Pairs:
    luck = np.random.default_rng(seed).random(n)
    mine = luck < (apart + more) / 2
    theirs = (luck >= (apart + more) / 2) & (luck < apart)
    return Pairs(mine, theirs, looks=np.repeat(WEEKS[:10], n // 10))


# ------------------------------------------------------- numbers held elsewhere


def at_least_common(squares: list[float], counts: list[int]) -> list[float]:
    """A version's variance is no smaller than that of both together."""
    common = np.average(squares, weights=counts)
    return [max(each, common) for each in squares]


def test_a_difference_of_means_is_that_of_welch_with_an_error_no_smaller() -> None:
    rng = np.random.default_rng(2)
    served = rng.random(500) < 0.3
    value = rng.gamma(2, 30, 500) + 5 * served
    found = course(Metric("order", "mean"), Arms(value, served, share=0.3), effect=10)
    mine, theirs = value[served], value[~served]
    welch = stats.ttest_ind(mine, theirs, equal_var=False)
    assert found[-1].difference == pytest.approx(mine.mean() - theirs.mean())
    error = math.sqrt(found[-1].variance) / found[-1].information
    assert error >= found[-1].difference / welch.statistic
    counts = [mine.size, theirs.size]
    squares = at_least_common([mine.var(ddof=1), theirs.var(ddof=1)], counts)
    wanted = math.sqrt(sum(s / n for s, n in zip(squares, counts, strict=True)))
    assert error == pytest.approx(wanted)


def test_a_few_keys_without_the_rare_large_amount_are_not_believed_too_early() -> None:
    value = np.array([10.0, 11.0] * 10 + [10.0] * 95 + [2000.0] * 5)
    served = np.arange(120) < 20
    found = course(
        Metric("order", "mean"), Arms(value, served, share=0.1), effect=1, first=20
    )[-1]
    assert found.difference < -90
    assert found.upper > 0


def test_a_ratio_has_the_error_of_the_delta_method() -> None:
    rng = np.random.default_rng(3)
    served = rng.random(800) < 0.5
    sessions = 1.0 + rng.poisson(3, 800)
    money = sessions * rng.gamma(1, 2, 800)
    evidence = Arms(money, served, share=0.5, per=sessions)
    found = course(Metric("a session", "ratio"), evidence, effect=0.5)[-1]
    ratios, squares, counts = [], [], []
    for arm in (served, ~served):
        x, y = money[arm], sessions[arm]
        ratio = x.mean() / y.mean()
        cov = np.cov(x, y)  # Deng et al. (2018), equation 3
        square = cov[0, 0] - 2 * ratio * cov[0, 1] + ratio**2 * cov[1, 1]
        ratios.append(ratio)
        squares.append(square / y.mean() ** 2)
        counts.append(x.size)
    assert found.experimental == pytest.approx(ratios[0])
    assert found.difference == pytest.approx(ratios[0] - ratios[1])
    error = math.sqrt(found.variance) / found.information
    squares = at_least_common(squares, counts)
    wanted = math.sqrt(sum(s / n for s, n in zip(squares, counts, strict=True)))
    assert error == pytest.approx(wanted)


def test_where_the_share_changed_weeks_are_compared_within_themselves() -> None:
    """Simpson's reversal: nobody gains, but the good week had more of the trial."""
    served = np.array(([True] + [False] * 9) * 100 + ([True] * 5 + [False] * 5) * 100)
    won = np.concatenate(
        [np.arange(1000) // 10 % 5 == 0, np.arange(1000) // 10 % 5 != 0]
    )
    share = np.repeat([0.1, 0.5], 1000)
    looks = np.repeat(WEEKS[:2], 1000)
    assert won[served].mean() - won[~served].mean() == pytest.approx(0.2857, abs=1e-4)
    for metric in (WON, Metric("won", "mean")):
        found = course(metric, Arms(won, served, share=share, looks=looks), effect=0.05)
        assert found[-1].difference == pytest.approx(0.0, abs=1e-9)
        assert found[-1].lower < 0 < found[-1].upper


def test_the_sample_ratio_is_the_beta_binomial_against_the_binomial() -> None:
    served = np.arange(60) % 3 == 0
    found = experiment.sample_ratio(served, 0.5, looks=[60])[0]
    mixture = stats.betabinom(60, 50, 50).logpmf(20)
    plain = stats.binom(60, 0.5).logpmf(20)
    assert found == pytest.approx(math.exp(plain - mixture))


def test_the_sample_ratio_multiplies_what_two_shares_say_and_never_rises() -> None:
    rng = np.random.default_rng(5)
    served = np.concatenate([rng.random(3000) < 0.15, rng.random(1000) < 0.5])
    share = np.repeat([0.1, 0.5], [3000, 1000])
    looks = np.arange(100, 4001, 100)
    found = experiment.sample_ratio(served, share, looks=looks)
    assert (np.diff(found) <= 0).all()
    assert found[-1] < 1e-6
    alone = [experiment.sample_ratio(served[share == s], s)[0] for s in (0.1, 0.5)]
    assert alone[0] < 1e-6  # the other was dealt well, and costs a little
    assert alone[1] > 0.1
    assert experiment.sample_ratio([], 0.1).tolist() == [1.0]
    with pytest.raises(ValueError, match="within 0 and 1"):
        experiment.sample_ratio([True], 1.0)


# ------------------------------------------------------------------ properties


@settings(max_examples=25)
@given(
    seed=st.integers(0, 999),
    share=st.sampled_from([0.05, 0.3, 0.5]),
    kind=st.sampled_from(["binary", "mean", "capped"]),
)
def test_ends_only_close_and_the_order_within_a_look_says_nothing(
    seed: int, share: float, kind: str
) -> None:
    plain = dealt(1000, share=share, more=0.1, looks=5, seed=seed)
    metric = {
        "binary": WON,
        "mean": Metric("won", "mean"),
        "capped": Metric("won", "mean", cap=2.0, usual=0.3, spread=0.2),
    }[kind]
    found = course(metric, plain, effect=0.1, first=2)
    lower, upper = ([getattr(x, end) for x in found] for end in ("lower", "upper"))
    assert lower == sorted(lower)
    assert upper == sorted(upper, reverse=True)
    p = [look.p for look in found]
    assert p == sorted(p, reverse=True)
    assert all(0 <= each <= 1 for each in p)
    mixed = np.random.default_rng(seed).permutation(1000)
    again = Arms(
        plain.values[mixed],
        plain.experimental[mixed],
        share=share,
        looks=plain.looks[mixed],
    )
    assert course(metric, again, effect=0.1, first=2) == found


@settings(max_examples=10)
@given(seed=st.integers(0, 999), share=st.sampled_from([0.05, 0.3, 0.5]))
def test_swapping_the_arms_mirrors_the_course(seed: int, share: float) -> None:
    one = dealt(1000, share=share, more=0.2, looks=5, seed=seed)
    other = Arms(one.values, ~one.experimental, share=1 - share, looks=one.looks)
    for metric in (WON, Metric("won", "mean")):
        told = {"effect": 0.1, "first": 2}
        for a, b in zip(
            course(metric, one, **told), course(metric, other, **told), strict=True
        ):
            assert (a.lower, a.upper) == pytest.approx((-b.upper, -b.lower), abs=1e-4)
            assert a.difference == pytest.approx(-b.difference, nan_ok=True)
            assert a.p == pytest.approx(b.p)
    pairs = scored(500, apart=0.4, more=0.2, seed=seed)
    back = Pairs(pairs.production, pairs.experimental, looks=pairs.looks)
    for a, b in zip(
        course(WON, pairs, effect=0.1), course(WON, back, effect=0.1), strict=True
    ):
        assert (a.lower, a.upper) == pytest.approx((-b.upper, -b.lower), abs=1e-4)


@settings(max_examples=10)
@given(seed=st.integers(0, 999))
def test_where_less_is_better_the_reading_is_the_same_mirrored(seed: int) -> None:
    arms = dealt(2000, more=0.12, seed=seed)
    turned = Arms(1 - arms.values, arms.experimental, share=0.5, looks=arms.looks)
    less = Metric("lost", better="low", usual=0.7)
    up, down = (read(m, e, effect=0.1) for m, e in ((WON, arms), (less, turned)))
    assert up.decision == down.decision
    assert up.newest.lower == pytest.approx(-down.newest.upper, abs=1e-4)


def test_bets_and_the_limit_agree_on_many_keys() -> None:
    arms = dealt(20_000, share=0.2, more=0.03, seed=1)
    exact = course(WON, arms, effect=0.04)[-1]
    limit = course(Metric("won", "mean"), arms, effect=0.04)[-1]
    wide = limit.upper - limit.lower
    assert exact.lower == pytest.approx(limit.lower, abs=0.12 * wide)
    assert exact.upper == pytest.approx(limit.upper, abs=0.12 * wide)
    assert exact.difference == pytest.approx(limit.difference)


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_false_winner_is_as_rare_as_was_set_however_often_one_looks(
    share: float,
) -> None:
    """200 trials without a difference, 40 looks each: at most 5% and some luck."""
    from lifecycle.experiment.bounded import WEIGHTS, bets

    wrong, at = 0, np.arange(50, 2001, 50)
    for seed in range(200):
        arms = dealt(2000, share=share, looks=40, seed=seed)
        made = bets(arms, WON, effect=0.06, at=at)
        up, down = (
            intervals.staked(sign * made.gains, made.per, bet, weights=WEIGHTS, at=at)
            for sign, bet in ((1, made.ups), (-1, made.downs))
        )
        wrong += max(up.max(), down.max()) >= math.log(40)
    assert wrong <= stats.binom(200, 0.05).ppf(0.99)


def test_alphas_leave_a_half_to_each_side_and_share_it_with_guardrails() -> None:
    assert alphas(WON, 0.05, 3) == (0.025, 0.025 / 4)
    with pytest.raises(ValueError, match="level must lie within 0 and 1, got 1"):
        alphas(WON, 1)


# ------------------------------------------------------------------- decisions


def test_benefit_harm_and_futility_are_told_in_a_sentence() -> None:
    better = read(WON, dealt(more=0.1), effect=0.05)
    assert better.decision == "stop: benefit"
    assert better.sentence.startswith("won +10.3 points (+")
    assert better.sentence.endswith("better, whenever one looks. It may take over.")
    assert (better.verdict, better.newest.n) == ("quiet", 4000)
    worse = read(WON, dealt(more=-0.1), effect=0.05)
    assert (worse.decision, worse.verdict) == ("stop: harm", "alert")
    same = read(WON, dealt(20_000), effect=0.05)
    assert same.decision == "stop: futility"
    assert "even the optimistic end is below" in same.sentence
    young = read(WON, dealt(200), effect=0.05)
    assert young.decision == "continue"
    assert young.sentence.endswith("not decided yet. Go on.")


def test_the_planned_end_and_a_small_chance_of_it_are_futile() -> None:
    asked = {"effect": 0.05, "planned": 1000.0}
    assert "the planned end is there" in read(WON, dealt(1000), **asked).sentence
    behind = dealt(1200, more=-0.03, seed=1)
    told = read(WON, behind, effect=0.05, planned=2500)
    assert told.decision == "stop: futility"
    assert "the chance to see it in time is" in told.sentence
    assert (
        read(WON, behind, effect=0.05, planned=2500, futility=0).decision == "continue"
    )
    assert read(WON, behind, effect=0.05, planned=50_000).decision == "continue"


def test_the_chance_is_the_power_that_is_left_by_hand() -> None:
    metric = Metric("order", "mean")
    rng = np.random.default_rng(6)
    served = rng.random(1000) < 0.5
    value = rng.normal(0, 1, 1000) + 0.1 * served
    look = course(metric, Arms(value, served, share=0.5), effect=0.2)[-1]
    found = experiment.chance(metric, look, effect=0.2, level=0.05, planned=2000)
    s, h, v = look.difference * look.information, look.information, look.variance
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    edge = intervals.boundary([2 * v], alpha=0.025, tightest=(z * v / h / 0.2) ** 2)[0]
    wanted = stats.norm.sf((edge - s - 0.2 * h) / math.sqrt(v))
    assert found == pytest.approx(wanted)


def test_pairs_need_far_fewer_keys_than_arms() -> None:
    pairs = scored(2000, apart=0.1, more=0.03, seed=1)
    told = read(Metric("accuracy", spread=0.1), pairs, effect=0.03)
    assert told.paired
    assert told.decision == "stop: benefit"
    arms = dealt(2000, usual=0.8, more=0.03, seed=1)
    assert read(Metric("accuracy", usual=0.8), arms, effect=0.03).decision == "continue"


def test_keys_that_were_lost_leave_the_trial_undefined_whatever_it_says() -> None:
    arms = dealt(more=0.2)
    kept = ~(arms.experimental & (np.arange(4000) % 4 == 0))
    lost = Arms(
        arms.values[kept], arms.experimental[kept], share=0.5, looks=arms.looks[kept]
    )
    told = read(WON, lost, effect=0.05)
    assert (told.decision, told.verdict) == ("undefined: sample ratio", "alert")
    assert told.findings.newest("sample_ratio_p").verdict == "alert"
    assert {row.verdict for row in told.findings if row.period} == {"undefined"}
    served = read(WON, dealt(more=0.2), effect=0.05, ratio=1e-9)
    assert served.decision == "undefined: sample ratio"
    pairs = read(WON, scored(more=0.09), effect=0.05, ratio=1e-9)
    assert pairs.decision == "stop: benefit"


def test_a_guardrail_that_breaks_is_harm_and_one_that_is_open_holds_back() -> None:
    good = dealt(more=0.1)
    minutes = Metric("minutes", "mean", better="low", unit="min")

    def spent(more: float, n: int = 4000) -> Arms:
        rng = np.random.default_rng(8)
        served = rng.random(n) < 0.5
        time = rng.gamma(4, 2, n) + more * served
        return Arms(time, served, share=0.5, looks=np.repeat(WEEKS[:10], n // 10))

    def with_rail(more: float, n: int = 4000) -> experiment.Reading:
        rail = Guardrail(minutes, spent(more, n), 1.0)
        return read(WON, good, effect=0.05, guardrails=[rail])

    assert with_rail(0.0).decision == "stop: benefit"
    broken = with_rail(2.5)
    assert broken.decision == "stop: harm"
    assert "minutes is worse by more than the 1 min allowed" in broken.sentence.replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert broken.facts()["guardrails"] == {"minutes": "breached"}
    unsure = with_rail(0.0, 200)
    assert unsure.decision == "continue"
    assert "better, but minutes is not yet certain to be kept" in unsure.sentence
    with pytest.raises(ValueError, match="tolerance of 'minutes' must be above 0"):
        Guardrail(minutes, spent(0), 0.0)

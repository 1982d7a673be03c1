"""The small pair of frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from lifecycle import simulate

FEATURES = ["age", "income", "visits", "channel", "plan"]


def p_value(reference: pd.Series, analysis: pd.Series) -> float:
    if pd.api.types.is_numeric_dtype(reference):
        result = stats.ks_2samp(reference.dropna(), analysis.dropna())
        return float(result.pvalue)
    counts = [sample.value_counts() for sample in (reference, analysis)]
    return float(stats.chi2_contingency(pd.concat(counts, axis=1).fillna(0)).pvalue)


def test_without_a_shift_nothing_differs() -> None:
    reference, analysis = simulate.deployment(n_reference=4000, n_analysis=3000)
    assert (len(reference), len(analysis)) == (4000, 3000)
    assert all(p_value(reference[name], analysis[name]) > 1e-3 for name in FEATURES)


@pytest.mark.parametrize("feature", FEATURES)
def test_only_the_feature_that_was_named_has_moved(feature: str) -> None:
    reference, analysis = simulate.deployment(
        n_reference=4000, n_analysis=4000, shift={feature: 0.5}
    )
    assert p_value(reference[feature], analysis[feature]) < 1e-6
    for other in set(FEATURES) - {feature}:
        assert p_value(reference[other], analysis[other]) > 1e-3


def test_a_number_moves_by_as_many_standard_deviations() -> None:
    reference, analysis = simulate.deployment(
        n_reference=20_000, n_analysis=20_000, shift={"age": -2.0, "income": 1.0}
    )
    moved = analysis["age"].mean() - reference["age"].mean()
    assert moved == pytest.approx(-22, abs=0.5)
    income = np.log(analysis["income"]).mean() - np.log(reference["income"]).mean()
    assert income == pytest.approx(0.5, abs=0.02)


def test_the_score_is_the_probability_of_the_outcome_under_any_input_shift() -> None:
    _, analysis = simulate.deployment(
        n_analysis=20_000, shift={"age": 1.0, "plan": 1.0}
    )
    excess = analysis["y_true"] - analysis["y_score"]
    for part in np.array_split(np.argsort(analysis["y_score"].to_numpy()), 10):
        assert abs(excess.iloc[part].mean()) < 4 * 0.5 / np.sqrt(len(part))


def test_outcomes_that_turn_round_spoil_the_score() -> None:
    reference, analysis = simulate.deployment(
        n_reference=5000, n_analysis=5000, shift={"y_true": 1.0}
    )
    good = roc_auc_score(reference["y_true"], reference["y_score"])
    bad = roc_auc_score(analysis["y_true"], analysis["y_score"])
    assert good > 0.8
    assert bad == pytest.approx(1 - good, abs=0.03)


def test_columns_are_of_mixed_types_with_missing_values() -> None:
    reference, _ = simulate.deployment(n_reference=5000)
    assert reference["visits"].dtype == int
    assert reference["income"].isna().mean() == pytest.approx(0.05, abs=0.015)
    assert reference["plan"].isna().mean() == pytest.approx(0.05, abs=0.015)
    assert set(reference["channel"]) == {"web", "shop", "phone", "partner"}
    assert set(reference["y_true"]) == {0, 1}


@settings(max_examples=25)
@given(
    st.integers(0, 50),
    st.integers(0, 50),
    st.dictionaries(st.sampled_from(FEATURES), st.floats(-3, 3)),
    st.integers(0, 2**32),
)
def test_any_size_and_shift_gives_the_rows_asked_for_twice_the_same(
    n_reference: int, n_analysis: int, shift: dict[str, float], seed: int
) -> None:
    made = [
        simulate.deployment(
            n_reference=n_reference, n_analysis=n_analysis, shift=shift, seed=seed
        )
        for _ in range(2)
    ]
    for first, again in zip(*made, strict=True):
        pd.testing.assert_frame_equal(first, again)
    assert [len(frame) for frame in made[0]] == [n_reference, n_analysis]
    assert made[0][0]["y_score"].between(0, 1).all()


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="shift names 'agee', which is not a column"):
        simulate.deployment(shift={"agee": 1.0})


def test_a_share_of_outcomes_lies_between_0_and_1() -> None:
    with pytest.raises(ValueError, match=r"share from 0 to 1, got 1\.5"):
        simulate.deployment(shift={"y_true": 1.5})

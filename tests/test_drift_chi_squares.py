"""Many chi-square statistics at once are those of one after the other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from lifecycle.drift import distances

ROW = st.lists(st.sampled_from([0, 0, 1, 3, 20, 500]), min_size=4, max_size=4)


@settings(max_examples=150)
@given(ROW, st.lists(ROW, min_size=1, max_size=6), st.integers(0, 1))
def test_many_statistics_are_those_of_one_after_the_other(before, after, pooled):
    found = distances.chi_squares(before, after, pooled)
    one = [distances.chi_square(before, row, pooled)[0] for row in after]
    assert found == pytest.approx(one, nan_ok=True, rel=1e-9, abs=1e-9)


def test_the_statistic_is_that_of_scipy():
    table = np.array([[30, 30, 40], [20, 40, 60], [100, 90, 80]])
    found = distances.chi_squares(table[0], table[1:])
    exact = [
        chi2_contingency([table[0], row], correction=False).statistic
        for row in table[1:]
    ]
    assert found.tolist() == pytest.approx(exact)
    value, p = distances.contingency(table[0], table[1])
    assert p == pytest.approx(chi2_contingency(table[:2], correction=False).pvalue)
    assert value == pytest.approx(exact[0])


def test_a_sample_without_rows_is_undefined_beside_others_that_have_some():
    found = distances.chi_squares([30, 30], [[0, 0], [20, 40]])
    assert math.isnan(found[0])
    assert found[1] > 0

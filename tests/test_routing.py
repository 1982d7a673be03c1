from __future__ import annotations

import math
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lifecycle import routing

IDS = [f"lead-{number}" for number in range(3000)]


def shares(experimental):
    return {"production": 1 - experimental, "experimental": experimental}


def test_the_hash_is_the_one_that_is_documented():
    digest = blake2b(b"5:leadslead-7", digest_size=8).digest()
    point = int.from_bytes(digest, "big") / 2**64
    for share in (point - 1e-6, point + 1e-6):
        role = routing.assign(["lead-7"], shares(share), salt="leads")[0]
        assert role == ("experimental" if point < share else "production")


def test_the_same_id_gets_the_same_role_in_any_order_and_company():
    roles = routing.assign(IDS, shares(0.3), salt="a")
    assert routing.assign(IDS[::-1], shares(0.3), salt="a").tolist() == list(
        roles[::-1]
    )
    assert routing.assign([IDS[5]], shares(0.3), salt="a")[0] == roles[5]


def test_the_shares_are_kept():
    found = routing.assign(IDS, shares(0.2), salt="a")
    count = int((found == "experimental").sum())
    assert stats.binomtest(count, len(IDS), 0.2).pvalue > 0.001


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_widening_moves_only_those_it_must(one, other):
    narrow, wide = sorted([one, other])
    before = routing.assign(IDS[:300], shares(narrow), salt="a")
    after = routing.assign(IDS[:300], shares(wide), salt="a")
    assert set(after[before == "experimental"]) <= {"experimental"}


def test_widening_one_role_leaves_a_third_alone():
    def dealt(experimental):
        rest = {"shadow": 0.2, "experimental": experimental}
        return routing.assign(IDS, {**rest, "production": 0.8 - experimental}, salt="a")

    before, after = dealt(0.1), dealt(0.4)
    assert ((before == "shadow") == (after == "shadow")).all()
    assert set(before) == {"production", "experimental", "shadow"}


def test_another_salt_deals_independently():
    first = routing.assign(IDS, shares(0.5), salt="a") == "experimental"
    second = routing.assign(IDS, shares(0.5), salt="b") == "experimental"
    table = [
        [int((first & second).sum()), int((first & ~second).sum())],
        [int((~first & second).sum()), int((~first & ~second).sum())],
    ]
    assert stats.chi2_contingency(table).pvalue > 0.001


def test_salt_and_id_do_not_run_together():
    one = [routing.assign([f"bc{i}"], shares(0.5), salt="a")[0] for i in range(64)]
    two = [routing.assign([f"c{i}"], shares(0.5), salt="ab")[0] for i in range(64)]
    assert one != two


def test_all_or_nothing():
    assert set(routing.assign(IDS, {"production": 1.0}, salt="")) == {"production"}
    assert set(routing.assign(IDS, shares(1.0), salt="")) == {"experimental"}
    assert set(routing.assign(IDS, shares(0.0), salt="")) == {"production"}


def test_no_ids_have_no_roles():
    assert routing.assign([], shares(0.1), salt="a").shape == (0,)


def test_any_text_or_number_is_an_id():
    ids = ["", "\x00", "ü", "\ud800", 7, "7", None, "x" * 10_000]
    roles = routing.assign(ids, shares(0.5), salt="a")
    assert roles[4] == roles[5]
    assert roles.dtype.kind == "U"


@pytest.mark.parametrize(
    ("given_shares", "words"),
    [
        ({}, "no role"),
        ({"production": 0.5}, "add up to 1, got 0.5"),
        ({"production": 1.2, "experimental": -0.2}, "between 0 and 1"),
        ({"production": math.nan}, "between 0 and 1"),
    ],
)
def test_shares_that_are_none_are_refused(given_shares, words):
    with pytest.raises(ValueError, match=words):
        routing.assign(["a"], given_shares, salt="a")


def test_sample_ratio_is_scipys_goodness_of_fit():
    found = routing.sample_ratio({"production": 480, "experimental": 520}, shares(0.5))
    assert found == pytest.approx(stats.chisquare([480, 520]).pvalue)


def test_a_broken_split_is_found():
    counts = {"production": 9000, "experimental": 500}
    assert routing.sample_ratio(counts, shares(0.1)) < 1e-6


def test_our_own_split_is_not_called_broken():
    found = routing.assign(IDS, shares(0.1), salt="leads")
    roles, counts = np.unique(found, return_counts=True)
    ratio = routing.sample_ratio(
        dict(zip(roles.tolist(), counts.tolist(), strict=True)), shares(0.1)
    )
    assert ratio > 0.001


def test_a_role_without_rows_counts_as_none():
    assert routing.sample_ratio({"production": 1000}, shares(0.1)) < 1e-6


def test_rows_of_a_role_without_a_share_cannot_be():
    assert routing.sample_ratio({"production": 10, "shadow": 1}, shares(0.1)) == 0


def test_the_ratio_of_nothing_is_undefined():
    assert math.isnan(routing.sample_ratio({}, shares(0.1)))
    assert math.isnan(routing.sample_ratio({"production": 5}, {"production": 1.0}))

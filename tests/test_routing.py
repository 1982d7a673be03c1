from __future__ import annotations

import math
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from lifecycle import routing

IDS = [f"lead-{number}" for number in range(3000)]


def shares(experimental):
    return {"production": 1 - experimental, "experimental": experimental}


def siphash(key: bytes, data: bytes) -> int:
    """SipHash-2-4 as its paper tells it (section 2)."""
    full = 2**64 - 1

    def turn(word, by):
        return (word << by | word >> (64 - by)) & full

    def rounds(v, times):
        for _ in range(times):
            v[0] = (v[0] + v[1]) & full
            v[2] = (v[2] + v[3]) & full
            v[1], v[3] = turn(v[1], 13) ^ v[0], turn(v[3], 16) ^ v[2]
            v[0] = turn(v[0], 32)
            v[2] = (v[2] + v[1]) & full
            v[0] = (v[0] + v[3]) & full
            v[1], v[3] = turn(v[1], 17) ^ v[2], turn(v[3], 21) ^ v[0]
            v[2] = turn(v[2], 32)

    one, two = (int.from_bytes(key[at : at + 8], "little") for at in (0, 8))
    v = [
        one ^ 0x736F6D6570736575,
        two ^ 0x646F72616E646F6D,
        one ^ 0x6C7967656E657261,
        two ^ 0x7465646279746573,
    ]
    last = data[len(data) // 8 * 8 :].ljust(7, b"\0") + bytes([len(data) % 256])
    for at in range(0, len(data) // 8 * 8 + 1, 8):
        word = int.from_bytes(
            (data[: len(data) // 8 * 8] + last)[at : at + 8], "little"
        )
        v[3] ^= word
        rounds(v, 2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def point_of(salt: str, each: str) -> int:
    """An id as a number below 2**64, as the documentation of `assign` has it."""
    key = blake2b(salt.encode(), digest_size=8).hexdigest().encode()
    word = siphash(key, each.encode("utf-8", "surrogatepass"))
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ word >> 27) * 0x94D049BB133111EB % 2**64
    return word ^ word >> 31


def test_our_siphash_gives_the_vector_of_its_paper():
    assert siphash(bytes(range(16)), bytes(range(15))) == 0xA129CA6149BE45E5


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec=None), max_size=30), st.text(max_size=9))
@example("\ud800", "leads")
@example("", "")
def test_the_hash_is_the_one_that_is_documented(each, salt):
    if any("\ud800" <= sign <= "\udfff" for sign in salt):
        salt = "leads"
    point = point_of(salt, each) / 2**64
    for share in (point - 1e-6, point + 1e-6):
        if 0 <= share <= 1:
            role = routing.assign([each], shares(share), salt=salt)[0]
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

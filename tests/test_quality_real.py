"""Faults in data nobody here made: a market's feed that stood still for a year."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from lifecycle import quality

DATA = Path(
    os.environ.get("LIFECYCLE_REAL_DATA")
    or Path(__file__).parents[2] / "shared" / "data"
)
pytestmark = pytest.mark.skipif(
    not DATA.exists(),
    reason="real data are not beside the checkout (set LIFECYCLE_REAL_DATA)",
)


def events(name):
    found = pd.read_parquet(DATA / name / "events.parquet").sort_values("time")
    found["time"] = found["time"].dt.tz_localize("UTC")
    known = {"id", "time", "outcome"}
    names = [n for n in found if n not in known and not n.startswith("aux_")]
    return found.reset_index(drop=True), names


def test_three_columns_of_the_market_stood_still_until_may_1997():
    rows, features = events("elec2")
    later = rows["time"] >= pd.Timestamp("1997-09-01", tz="UTC")
    found = quality.check(rows[later], rows[~later], features=features)
    assert {(f.column, f.cause) for f in found.faults} == {
        (name, "frozen") for name in ("transfer", "vicdemand", "vicprice")
    }
    for fault in found.faults:
        assert str(fault.until) == "1997-05-05 00:00:00+00:00"
        assert rows.loc[fault.touches(rows), fault.column].nunique() == 1


@pytest.mark.parametrize(
    ("name", "part", "odd"),
    [
        ("car_loan", 0.5, set()),
        ("support_intents", 0.3, set()),
        # two days of prices up to 45 times the reference's highest
        ("elec2", 0.5, {("vicprice", "out_of_range")}),
        # a day on which 87% of the lines name no customer; before, 77% at the most
        ("online_retail", 0.3, {("customer", "missing")}),
    ],
)
def test_drift_in_a_sound_feed_is_hardly_ever_a_fault(name, part, odd):
    rows, features = events(name)
    cut = int(len(rows) * part)
    size = (len(rows) - cut) // 5
    called = set()
    for start in range(cut, cut + 5 * size, size):
        newer = rows[start : start + size]
        found = quality.check(rows[:cut], newer, features=features)
        called |= {
            (fault.column, fault.cause) for fault in found.faults if fault.column
        }
    assert called == odd

from __future__ import annotations

import pandas as pd
import pytest

from lifecycle import decision

COSTS = decision.Costs(1_500, 80_000, 100, 10, recalibrate=300, fit=15)
SCALE = {"costs": COSTS, "rows_per_week": 400, "horizon_weeks": 26}


def table(gains: dict[tuple, list[float]], variance: float = 0.0004) -> pd.DataFrame:
    """A back-test by (action, recipe, span, version): one gain a window, newest first."""
    rows = [
        {
            "action": action,
            "recipe": recipe,
            "span": span,
            "version": version,
            "age": age,
            "n": 400,
            "difference": gain,
            "variance": variance,
            "fresh_difference": float("nan"),
            "fresh_variance": float("nan"),
        }
        for (action, recipe, span, version), own in gains.items()
        for age, gain in enumerate(own)
    ]
    return pd.DataFrame(rows).astype({"span": "Int64", "version": "Int64"})


# ---------------------------------------------------------------- prices


def test_the_old_order_of_prices_still_works_and_the_new_ones_are_told_by_name():
    assert decision.Costs(1, 2, 3, 4).error == 4
    assert (decision.Costs(1, 2).recalibrate, decision.Costs(1, 2).fit) == (0, 0)
    with pytest.raises(TypeError):
        decision.Costs(1, 2, 3, 4, 5)  # type: ignore[misc]


@pytest.mark.parametrize("name", ["recalibrate", "fit"])
def test_a_negative_price_is_refused(name):
    with pytest.raises(ValueError, match=f"the price {name} must be 0 or more"):
        decision.Costs(1, 2, **{name: -1.0})


# ---------------------------------------------------------------- options


def test_scores_can_be_mended_at_their_own_price_and_any_version_come_back():
    found = decision.weigh(
        table(
            {
                ("recalibrate", None, None, None): [0.1] * 4,
                ("roll_back", None, None, 2): [0.1] * 4,
                ("roll_back", None, None, 3): [0.2] * 4,
            }
        ),
        **SCALE,
    )
    shown = [(option.action, option.version, option.price) for option in found]
    assert shown == [
        ("roll_back", 3, 100),
        ("roll_back", 2, 100),
        ("recalibrate", None, 300),
    ]

"""Back-tests in a few words, for the tests of rulings."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecycle import decision

COSTS = decision.Costs(retrain=1_500, rebuild=80_000, roll_back=100, error=10)
SCALE = {"costs": COSTS, "rows_per_week": 400, "horizon_weeks": 26}
WEEKS = (1 - 0.95**26) / 0.05


def table(**gains) -> pd.DataFrame:
    """A back-test of 4 windows of 400 rows; gains a row, by action."""
    rows = []
    for age in range(4):
        rows.append({"action": "keep", "age": age, "difference": 0.0, "variance": 0.0})
        for action, gain in gains.items():
            rows.append(
                {
                    "action": action,
                    "age": age,
                    "difference": gain[age] if isinstance(gain, list) else gain,
                    "variance": 0.0004,
                    "recipe": {"retrain": "own", "rebuild": "other"}.get(action),
                    "span": None if action == "roll_back" else 13,
                    "version": 2 if action == "roll_back" else None,
                }
            )
    columns = [*rows[-1], "recipe", "span", "version"]
    frame = pd.DataFrame(rows, columns=list(dict.fromkeys(columns))).assign(n=400)
    frame["fresh_difference"] = np.nan
    frame["fresh_variance"] = np.nan
    if "rebuild" in gains:
        made = frame["action"] == "rebuild"
        fresh = gains["rebuild"] - gains["retrain"]
        frame.loc[made, ["fresh_difference", "fresh_variance"]] = fresh, 0.0004
    return frame.astype({"span": "Int64", "version": "Int64"})

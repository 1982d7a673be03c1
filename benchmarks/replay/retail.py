"""Order lines of a shop as a weekly question: whether this customer buys."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["weeks"]

BEFORE, LATELY = 8, 13


def weeks(lines: pd.DataFrame) -> pd.DataFrame:
    """One row a customer and week: what they bought before, and whether they buy.

    Parameters
    ----------
    lines : DataFrame
        `time`, `invoice`, `customer`, `item`, `quantity`, `unit_price`, `country` and
        `outcome`, 1 for a cancellation.

    Returns
    -------
    DataFrame
        `time` (the week's start), `window` (weeks from the ninth on), features known at
        that start, and `outcome`. Customers with an order in the 13 weeks before.
    """
    import numpy as np
    import pandas as pd

    bought = lines[lines["customer"].notna() & (lines["outcome"] == 0)].copy()
    start = bought["time"].min().normalize()
    bought["week"] = (bought["time"] - start).dt.days // 7
    bought["money"] = bought["quantity"] * bought["unit_price"]
    baskets = bought.groupby(["customer", "week"]).agg(
        money=("money", "sum"), items=("item", "nunique"), orders=("invoice", "nunique")
    )
    last = int(bought["week"].max())  # its end is not in the log
    tables = {
        name: baskets[name].unstack(fill_value=0).reindex(columns=range(last)).fillna(0)
        for name in baskets
    }
    home = bought.groupby("customer")["country"].agg(lambda each: each.iloc[0])
    orders, money = tables["orders"].to_numpy(float), tables["money"].to_numpy(float)
    items = tables["items"].to_numpy(float)
    parts = []
    for week in range(BEFORE, last):
        lately = orders[:, max(0, week - LATELY) : week]
        seen = np.flatnonzero(lately.sum(axis=1) > 0)
        past, spent = orders[seen, :week], money[seen, :week]
        active = past > 0
        newest = week - 1 - np.argmax(active[:, ::-1], axis=1)
        first = np.argmax(active, axis=1)
        visits = active.sum(axis=1)
        begin = start + pd.Timedelta(weeks=week)
        parts.append(
            pd.DataFrame(
                {
                    "time": begin,
                    "window": week - BEFORE,
                    "recency": week - newest,
                    "tenure": week - first,
                    "visits": visits,
                    "visits_4": active[:, -4:].sum(axis=1),
                    "visits_8": active[:, -8:].sum(axis=1),
                    "every": (week - first) / visits,
                    "money": np.log1p(np.maximum(spent.sum(axis=1), 0)),
                    "money_4": np.log1p(np.maximum(spent[:, -4:].sum(axis=1), 0)),
                    "items": items[seen, :week].sum(axis=1) / visits,
                    "country": home.loc[tables["orders"].index[seen]].to_numpy(),
                    "season_sin": np.sin(2 * np.pi * begin.day_of_year / 365.25),
                    "season_cos": np.cos(2 * np.pi * begin.day_of_year / 365.25),
                    "shoppers": active[:, -1].mean(),
                    "outcome": (orders[seen, week] > 0).astype(np.int64),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)

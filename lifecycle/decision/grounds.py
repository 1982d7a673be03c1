"""What a ruling rests on, and why that may be too little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifecycle.decision.asking import Asking
from lifecycle.decision.value import Option, Policy

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["rows_tested", "too_little"]


def rows_tested(table: pd.DataFrame | None) -> int:
    """Rows on which the champion was scored."""
    if table is None or not len(table):
        return 0
    if (table["action"] == "keep").any():
        table = table[table["action"] == "keep"]
        return int(table["n"].sum())
    return int(table.groupby("age")["n"].max().sum())


def too_little(
    table: pd.DataFrame | None,
    options: Sequence[Option],
    told: Policy,
    left_out: bool,
    asking: Asking | None = None,
) -> str:
    """Why there can be no ruling; empty where there can."""
    if table is None:
        return "No ruling: no version is in production yet; train and approve one."
    if not len(table):
        rows = "rows that no fault touches and that are" if left_out else "rows"
        return (
            f"No ruling: no outcomes are due yet of {rows} later than those the "
            "version in production was trained on; keep it and ask again when they are."
        )
    tested = rows_tested(table)
    if tested < told.min_rows:
        return (
            f"No ruling: only {tested} rows have their outcome, {told.min_rows} are "
            "needed; keep the version in production and wait for more."
        )
    if not options and asking is not None and not asking.now:
        return f"No ruling yet, the version in production is kept. {asking.summary}"
    if not options:
        return (
            "No ruling: there was too little history to train a candidate for the "
            "back-test; keep the version in production and wait for more."
        )
    return ""

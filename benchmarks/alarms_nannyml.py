"""NannyML's drift and missing values of one deployment, by week.

Runs inside the environment of ``nannyml``: ``alarms_nannyml.py FOLDER``. The reference
has ten weeks of 500 rows, so that its chunks are the ten of the default.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import nannyml
import numpy as np
import pandas as pd


def main(folder: Path) -> None:
    """Print which features alert in which week."""
    reference = pd.read_parquet(folder / "reference.parquet")
    analysis = pd.read_parquet(folder / "analysis.parquet")
    names = [name for name in reference.columns if name != "time"]
    about: dict[str, Any] = {
        "column_names": names,
        "timestamp_column_name": "time",
        "chunk_period": "W",
    }
    alerts = np.zeros((len(names), 0), dtype=bool)
    for made in (nannyml.UnivariateDriftCalculator, nannyml.MissingValuesCalculator):
        calculator = made(**about).fit(reference)
        found = calculator.calculate(analysis).filter(period="analysis").to_df()
        columns = [
            np.any(
                [
                    found[key].to_numpy(dtype=bool)
                    for key in found.columns
                    if key[0] == name and key[-1] == "alert"
                ],
                axis=0,
            )
            for name in names
        ]
        now = np.array(columns)
        alerts = now if not alerts.size else alerts | now
    print(json.dumps({"version": nannyml.__version__, "alerts": alerts.tolist()}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))

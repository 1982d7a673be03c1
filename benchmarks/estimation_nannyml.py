"""Child of `benchmarks.estimation`: NannyML's CBPE on two Parquet files."""

from __future__ import annotations

import json
import sys
import time
import warnings

METRICS = ["accuracy", "precision", "recall", "f1", "roc_auc", "average_precision"]


def main(reference: str, analysis: str, chunk: str) -> None:
    """Estimate, and print the values with the processor time of the work alone."""
    warnings.simplefilter("ignore")
    import nannyml
    import pandas as pd

    size = {"chunk_size": int(chunk)} if chunk.isdigit() else {"chunk_period": chunk}
    began = time.process_time()
    past, now = (
        pd.read_parquet(path).astype({"time": "datetime64[ns]"})
        for path in (reference, analysis)
    )
    made = nannyml.CBPE(
        y_pred_proba="y_pred_proba",
        y_pred="y_pred",
        y_true="outcome",
        problem_type="classification_binary",
        metrics=METRICS,
        timestamp_column_name="time",
        **size,
    )
    table = made.fit(past).estimate(now).to_df()
    spent = time.process_time() - began
    rows = table[table["chunk", "period"] == "analysis"]
    values = {name: [float(each) for each in rows[name, "value"]] for name in METRICS}
    print(json.dumps({"work_seconds": spent, "values": values}))


if __name__ == "__main__":
    main(*sys.argv[1:])

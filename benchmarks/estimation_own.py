"""Child of `benchmarks.estimation`: ours on two Parquet files, read by row group."""

from __future__ import annotations

import json
import sys
import time

from lifecycle import estimation
from lifecycle.calibration import Cells

METRICS = ("accuracy", "precision", "recall", "f1", "roc_auc", "average_precision")


def counted(path: str, outcomes: bool) -> dict[str, Cells]:
    """Cells by week of a file, row group by row group."""
    import numpy as np
    import pyarrow.parquet as pq

    found: dict[str, Cells] = {}
    names = ["time", "y_pred_proba", "y_pred", *(["outcome"] if outcomes else [])]
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=names, use_threads=False)
            columns = [table[name].combine_chunks() for name in names]
            columns[0] = columns[0].view("int64")
            arrays = [np.from_dlpack(column) for column in columns]
            arrays[0] = arrays[0].view("datetime64[us]")
            for label, cells in estimation.cells_by_chunk(*arrays).items():
                found[label] = found[label] + cells if label in found else cells
    return found


def main(reference: str, analysis: str) -> None:
    """Estimate, and print the values with the processor time of the work alone."""
    began = time.process_time()
    past = list(counted(reference, True).values())
    made = estimation.from_cells(past, counted(analysis, False), metrics=METRICS)
    spent = time.process_time() - began
    values = {
        name: [row.value for row in made.findings if row.measure == name]
        for name in METRICS
    }
    print(json.dumps({"work_seconds": spent, "values": values}))


if __name__ == "__main__":
    main(*sys.argv[1:])

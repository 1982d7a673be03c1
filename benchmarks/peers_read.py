"""Only read the columns, row group by row group: what everything else is held against.

Runs with the project's interpreter: ``peers_read.py FOLDER COLUMN ...``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def read(folder: Path, columns: Sequence[str]) -> int:
    """The number of rows; nothing is kept."""
    pa.set_memory_pool(pa.system_memory_pool())
    rows = 0
    for path in sorted(folder.glob("*.parquet")):
        with pq.ParquetFile(path, pre_buffer=False) as file:
            for group in range(file.num_row_groups):
                for name in columns:
                    file.read_row_group(group, columns=[name], use_threads=False)
            rows += file.metadata.num_rows
    return rows


if __name__ == "__main__":
    print(json.dumps({"rows": read(Path(sys.argv[1]), sys.argv[2:])}))

"""A version as an MLflow model directory, written by MLflow in a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lifecycle import errors
from lifecycle.hooks.running import run_apart
from lifecycle.hooks.words import NotTaken

__all__ = ["main", "pack"]

_LONGEST = 300.0


def pack(
    staged: Path,
    directory: Path,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    predicts: bool,
    requirements: Sequence[str],
    metadata: Mapping[str, Any],
) -> None:
    """Write the MLflow model of a version.

    Parameters
    ----------
    staged : Path
        Holds what `exported.Scores` reads.
    directory : Path
        Made; may not be there.
    numeric, categorical : sequence of str
        The columns of its signature: double and string.
    predicts : bool
        Whether it gives a prediction beside the score.
    requirements : sequence of str
        As pip takes them.
    metadata : mapping
        Into the file MLmodel: what of the workbench's version it is.

    Raises
    ------
    LifecycleError
        When MLflow is not installed, or does not write it.

    Notes
    -----
    No pickle: the model of Python is a file of code (`exported`), the version beside it
    is in the format of skops. The input example is made up.
    """
    told = {
        "staged": str(staged),
        "directory": str(directory),
        "numeric": list(numeric),
        "categorical": list(categorical),
        "predicts": predicts,
        "requirements": list(requirements),
        "metadata": dict(metadata),
    }
    try:
        run_apart("packing", told, folder=staged, timeout=_LONGEST)
    except NotTaken as error:
        raise errors.LifecycleError(f"no MLflow model was written: {error}") from None


def main() -> int:
    """Write what standard input asks for."""
    import pandas as pd
    from mlflow import pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    told = json.load(sys.stdin)
    kinds = {"numeric": "double", "categorical": "string"}
    inputs = [ColSpec(kinds[kind], name) for kind in kinds for name in told[kind]]
    names = ["score", "prediction"] if told["predicts"] else ["score"]
    example = pd.DataFrame(
        {name: [0.0] for name in told["numeric"]}
        | {name: [""] for name in told["categorical"]}
    )
    pyfunc.save_model(
        told["directory"],
        python_model=str(Path(__file__).with_name("exported.py")),
        artifacts={"version": told["staged"]},
        signature=ModelSignature(
            Schema(inputs), Schema([ColSpec("double", name) for name in names])
        ),
        input_example=example,
        pip_requirements=told["requirements"],
        metadata=told["metadata"],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

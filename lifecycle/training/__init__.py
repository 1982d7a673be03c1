"""Training: labelled rows and a recipe become a candidate, and its back-test.

`train` fits once and writes the birth record; `material` picks the rows a training at
some moment may see; `backtest` does both as they would have been done at the start of
each of the newest windows, and scores what is deployed on the same rows.
"""

from lifecycle.training.fitting import Candidate, features, predict, train
from lifecycle.training.keeping import InMemory, Kept
from lifecycle.training.recalibrating import recalibrate
from lifecycle.training.result import Backtest
from lifecycle.training.rolling import backtest
from lifecycle.training.windows import material

__all__ = [
    "Backtest",
    "Candidate",
    "InMemory",
    "Kept",
    "backtest",
    "features",
    "material",
    "predict",
    "recalibrate",
    "train",
]

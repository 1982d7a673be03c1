"""Training: labelled rows and a recipe become a candidate, and its back-test.

`train` fits once and writes the birth record; `material` gathers the rows a training at
some moment may see, with what people said; `go_on` makes a candidate from the champion
by going on, `recalibrate` maps its scores anew; `reproduce` makes a version again and
says whether it is the same. `backtest` does all of it as it would have been done at the
start of each of the newest windows, beside every version there is, and keeps the scores
of its fits where it is told (`Kept`), so that next week's fits only what is new.
"""

from lifecycle.training.again import Reproduction, material_again, reproduce
from lifecycle.training.entered import entered
from lifecycle.training.fair import unseen
from lifecycle.training.fitting import Candidate, features, predict, train
from lifecycle.training.gathering import Material, material
from lifecycle.training.going_on import go_on
from lifecycle.training.keeping import InMemory, Kept
from lifecycle.training.learning import answered
from lifecycle.training.recalibrating import recalibrate
from lifecycle.training.result import Backtest
from lifecycle.training.rolling import backtest
from lifecycle.training.searching import Search, search

__all__ = [
    "Backtest",
    "Candidate",
    "InMemory",
    "Kept",
    "Material",
    "Reproduction",
    "Search",
    "answered",
    "backtest",
    "entered",
    "features",
    "go_on",
    "material",
    "material_again",
    "predict",
    "recalibrate",
    "reproduce",
    "search",
    "train",
    "unseen",
]

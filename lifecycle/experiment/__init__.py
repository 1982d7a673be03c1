"""A trial of one version against another, honest at every look.

A `Metric` is fixed before the start and `plan` says how long it will take. `Arms` are
keys that one of two versions served, `Pairs` keys that both scored; only those whose
outcome is due belong there. `read` says whether to go on: it may be asked every hour,
and whoever stops when it says so is wrong as rarely as was set.
"""

from __future__ import annotations

from lifecycle.experiment.evidence import Arms, Metric, Pairs
from lifecycle.experiment.looks import Look
from lifecycle.experiment.mismatch import sample_ratio
from lifecycle.experiment.planning import Plan, Way, plan
from lifecycle.experiment.reading import Reading
from lifecycle.experiment.stopping import Guarded, Guardrail, chance
from lifecycle.experiment.watching import course, read

__all__ = [
    "Arms",
    "Guarded",
    "Guardrail",
    "Look",
    "Metric",
    "Pairs",
    "Plan",
    "Reading",
    "Way",
    "chance",
    "course",
    "plan",
    "read",
    "sample_ratio",
]

"""Decision: keep, fix the data, recalibrate, retrain, rebuild or roll back.

Pure: tables in, a ruling out, and when to ask for the next one. `promises` holds what
rulings said would come against what came.
"""

from lifecycle.decision.asking import Asking, ask
from lifecycle.decision.deciding import rule
from lifecycle.decision.evidence import Evidence
from lifecycle.decision.faults import DataFault
from lifecycle.decision.flips import Flip, Flips
from lifecycle.decision.keeping import promises
from lifecycle.decision.margins import Margin
from lifecycle.decision.promised import Promise, Promises
from lifecycle.decision.reserve import reserve
from lifecycle.decision.ruling import Action, Ruling
from lifecycle.decision.spent import Spent
from lifecycle.decision.value import Costs, Option, Policy, reprice, weigh
from lifecycle.decision.windows import Course, course

__all__ = [
    "Action",
    "Asking",
    "Costs",
    "Course",
    "DataFault",
    "Evidence",
    "Flip",
    "Flips",
    "Margin",
    "Option",
    "Policy",
    "Promise",
    "Promises",
    "Ruling",
    "Spent",
    "ask",
    "course",
    "promises",
    "reprice",
    "reserve",
    "rule",
    "weigh",
]

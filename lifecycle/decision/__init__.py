"""Decision: keep, fix the data, recalibrate, retrain, rebuild or roll back.

Pure: tables in, a ruling out, and when to ask for the next one.
"""

from lifecycle.decision.asking import Asking, ask
from lifecycle.decision.deciding import rule
from lifecycle.decision.evidence import Evidence
from lifecycle.decision.faults import DataFault
from lifecycle.decision.flips import Flip, Flips
from lifecycle.decision.margins import Margin
from lifecycle.decision.ruling import Action, Ruling
from lifecycle.decision.spent import Spent
from lifecycle.decision.value import Costs, Option, Policy, reprice, weigh

__all__ = [
    "Action",
    "Asking",
    "Costs",
    "DataFault",
    "Evidence",
    "Flip",
    "Flips",
    "Margin",
    "Option",
    "Policy",
    "Ruling",
    "Spent",
    "ask",
    "reprice",
    "rule",
    "weigh",
]

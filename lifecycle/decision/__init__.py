"""Decision: keep, retrain, rebuild or roll back; pure: tables in, a ruling out."""

from lifecycle.decision.evidence import Evidence
from lifecycle.decision.ruling import Action, Ruling, rule
from lifecycle.decision.value import Costs, Option, Policy, weigh

__all__ = ["Action", "Costs", "Evidence", "Option", "Policy", "Ruling", "rule", "weigh"]

"""Evaluation: a candidate against the champion on the same rows, and the guard after.

`compare` is asked before a release, on held-out later rows; `guard` is asked again and
again after it, and stays honest under repeated looks.
"""

from lifecycle.evaluation.comparing import Evaluation, compare
from lifecycle.evaluation.guarding import guard, watched

__all__ = ["Evaluation", "compare", "guard", "watched"]

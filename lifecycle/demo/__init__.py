"""The demonstration: the story of a dying model, run through the workbench.

`prepare` makes a workspace with a model that has just gone live; `run` goes on from
there through a year and a half, week by week, in simulated time, with the calls any
workspace makes.
"""

from __future__ import annotations

from lifecycle.demo.prepare import prepare
from lifecycle.demo.run import run

__all__ = ["prepare", "run"]

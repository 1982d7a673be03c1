"""Tasks: what kind of answer a model gives, and all that follows from it.

One object a kind answers what the rooms above ask: whether labels are words, by which
metrics it is judged, what a version's raw answer says of a row, what an error costs.
"""

from __future__ import annotations

from lifecycle.tasks.losing import Loss
from lifecycle.tasks.packing import pack, parted, recoded
from lifecycle.tasks.task import TASKS, Task, of

__all__ = ["TASKS", "Loss", "Task", "of", "pack", "parted", "recoded"]

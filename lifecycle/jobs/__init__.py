"""Jobs: a notebook, its parameters and its hour; run strictly, rendered always.

`run` executes a notebook in processes of its own and leaves the executed notebook,
its report and its result record. It believes nothing a notebook says about itself:

==== ===================================================================
code meaning
==== ===================================================================
0    done: all cells ran, and the result record is there and valid
10   done, and the verdict is alert (with `--fail-on-alert` only)
20   the notebook failed: a cell raised, it ended half way, or left no
     valid record
21   the time limit of the whole run was reached
22   the kernel died, or the process of the run was killed
30   bad parameters, settings or input: nothing was started
31   the same run is under way: nothing was started
==== ===================================================================
"""

from __future__ import annotations

from lifecycle.jobs.runner import Run, run, shipped
from lifecycle.jobs.warm import Warm

__all__ = ["Run", "Warm", "run", "shipped"]

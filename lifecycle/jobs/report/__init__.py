"""The report: an executed notebook as one page that opens anywhere.

No script, nothing fetched, code folded away, the verdict first. What the page says
about the run comes from the run and its result record; what the notebook shows is
data, and is sanitised.
"""

from __future__ import annotations

from lifecycle.jobs.report.rendering import render

__all__ = ["render"]

"""Finding the record a new one is compared with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle.errors import NotebookFailed

if TYPE_CHECKING:
    from lifecycle.jobs.record.kept import Record

__all__ = ["latest_before"]


def latest_before(
    folder: str | Path, *, model: str, notebook: str, as_of: datetime
) -> Record | None:
    """The newest record of a model and notebook that speaks of an earlier moment.

    Parameters
    ----------
    folder : path
        Holds a folder a moment, each named so that later ones sort behind earlier
        ones: `reports/leads` with `2023-04-03/audit.json` and
        `2023-04-10T060000Z/audit.json`.
    model, notebook : str
    as_of : datetime
        With its zone; a record of this very moment is not earlier.

    Returns
    -------
    Record or None
        `None` where there is none. Runs that did not succeed and records that cannot
        be read are passed over.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC
    >>> from lifecycle.jobs.record import Record
    >>> folder = Path(tempfile.mkdtemp())
    >>> for day in ("2023-04-03", "2023-04-10"):
    ...     (folder / day).mkdir()
    ...     record = Record.of(model="leads", notebook="audit", as_of=day)
    ...     _ = record.write(folder / day / "audit.json")
    >>> found = latest_before(folder, model="leads", notebook="audit",
    ...     as_of=datetime(2023, 4, 10, tzinfo=UTC))
    >>> found.as_of.isoformat()
    '2023-04-03T00:00:00+00:00'
    """
    from lifecycle.jobs.record.kept import read

    if as_of.tzinfo is None:
        raise ValueError(f"as_of has no time zone ({as_of}); give one, such as UTC")
    for path in sorted(Path(folder).glob(f"*/{notebook}.json"), reverse=True):
        try:
            found = read(path)
        except (NotebookFailed, OSError):
            continue
        ours = found.model == model and found.notebook == notebook
        if ours and found.status == "succeeded" and found.as_of < as_of:
            return found
    return None

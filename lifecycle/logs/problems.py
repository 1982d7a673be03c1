"""Problems: what is wrong in a file, each in one sentence with place and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lifecycle.errors import InputError

__all__ = ["Problem", "refusal", "shown"]

SENTENCES = 20
"""How many problems an error spells out."""

WIDTH = 40
"""How many characters of a foreign value are shown."""


def shown(value: object, *, width: int = WIDTH) -> str:
    r"""A foreign value in quotes, safe for a terminal, cut to `width` characters.

    Examples
    --------
    >>> print(shown("12\x1b[31m"))
    '12\x1b[31m'
    >>> print(shown("a" * 99, width=5))
    'aaaaa…'
    """
    text = value if isinstance(value, str) else str(value)
    cut = text[:width]
    return repr(cut)[:-1] + ("…" if len(text) > width else "") + repr(cut)[-1]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file.

    Parameters
    ----------
    file : str
        The file's name, without its folder.
    reason : str
        What is wrong and what to do, said of the value, else of the place.
    line : int
        The physical line (CSV, JSON Lines) or the row (Parquet), from 1.
    column : str
        The user's column, or empty.
    value : str or None
        What stands there.
    place : {"line", "row"}
        What `line` counts.

    Examples
    --------
    >>> print(Problem("leads.csv", "is not a number; write 3.5", 7, "visits", "abc"))
    leads.csv: line 7, column 'visits': 'abc' is not a number; write 3.5
    """

    file: str
    reason: str
    line: int
    column: str = ""
    value: str | None = None
    place: str = "line"

    @property
    def sentence(self) -> str:
        """Place, value and remedy, without the file's name."""
        parts = [f"{self.place} {self.line}"]
        parts += [f"column {shown(self.column)}"] if self.column else []
        value = "" if self.value is None else f": {shown(self.value)}"
        return f"{', '.join(parts)}{value} {self.reason}"

    def __str__(self) -> str:
        return f"{plain(self.file)}: {self.sentence}"


def plain(name: str) -> str:
    """A file's name as it is where it is harmless, else in quotes and escaped."""
    return name if name.isprintable() else shown(name, width=200)


def refusal(problems: Sequence[Problem]) -> InputError:
    """The error that says the problems of a file, the first ones in full.

    Examples
    --------
    >>> error = refusal([Problem("a.csv", "is broken", line) for line in range(1, 31)])
    >>> len(error.problems), error.problems[-1]
    (21, 'a.csv: and 10 more')
    """
    ordered = sorted(problems, key=lambda problem: problem.line)
    sentences = [str(problem) for problem in ordered[:SENTENCES]]
    if len(ordered) > SENTENCES:
        file = plain(ordered[0].file)
        sentences.append(f"{file}: and {len(ordered) - SENTENCES} more")
    return InputError(sentences)

"""Words at the terminal: tables, sentences, progress; nothing a terminal obeys."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

__all__ = ["ask", "complain", "dump", "plain", "show", "table", "told"]


def plain(text: object) -> str:
    r"""Text without control characters: data must not steer a terminal.

    Examples
    --------
    >>> plain("lead\x1b[31m 7")
    'lead[31m 7'
    """
    return "".join(c for c in str(text) if c.isprintable() or c == "\n")


def show(text: str) -> None:
    """One line to standard output."""
    sys.stdout.write(plain(text) + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """What went wrong, to standard error."""
    sys.stderr.write(plain(text) + "\n")
    sys.stderr.flush()


def ask(question: str) -> str | None:
    """What a person types; None where nobody is at the terminal."""
    if not sys.stdin.isatty():
        return None
    sys.stdout.write(plain(question))
    sys.stdout.flush()
    return sys.stdin.readline()


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table that fits the terminal; only the last two columns are folded."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(header):
        shown.add_column(name, no_wrap=place < len(header) - 2, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(plain(cell)) for cell in row))
    Console(soft_wrap=False).print(shown)


def told(head: str, text: str) -> None:
    """A line that says what it is about, and a sentence below it, set in."""
    import shutil
    import textwrap

    width = max(40, min(100, shutil.get_terminal_size().columns))
    lines = textwrap.wrap(plain(text), width - 4, break_on_hyphens=False)
    show("\n".join([head, *(f"    {line}" for line in lines)]))


def dump(value: Any) -> None:
    r"""JSON to standard output; what a terminal might obey is escaped.

    Examples
    --------
    >>> dump({"owner": "Zoë \u202e\x9b2J"})
    {
     "owner": "Zoë \u202e\u009b2J"
    }
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    safe = (c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
    sys.stdout.write("".join(safe) + "\n")

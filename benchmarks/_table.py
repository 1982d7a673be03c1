"""Rows of a benchmark: printed as a table, written as JSON."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

__all__ = ["Row", "main", "parser", "report", "row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number.

    Parameters
    ----------
    name : str
        What was measured.
    value : float
        `nan` where it could not be measured.
    unit : str
        "s", "MB", "%", "times"; empty for a plain number.
    target : str
        What the number should be, in words; empty where there is none.
    met : bool or None
        Whether it is; None without a target. What could not be measured has not
        met its target.
    """

    name: str
    value: float
    unit: str = ""
    target: str = ""
    met: bool | None = None


def row(
    name: str,
    value: float,
    unit: str = "",
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Row:
    """Hold a number against its target.

    Parameters
    ----------
    name, value, unit
        As in `Row`.
    at_most, at_least : float, optional
        The target, in the same unit; both give a range.

    Examples
    --------
    >>> row("audit", 4.2, "s", at_most=5)
    Row(name='audit', value=4.2, unit='s', target='at most 5', met=True)
    >>> row("weeks", 78).met is None
    True
    """
    words, held = [], []
    if at_least is not None:
        words.append(f"at least {at_least:g}")
        held.append(value >= at_least)
    if at_most is not None:
        words.append(f"at most {at_most:g}")
        held.append(value <= at_most)
    met = bool(all(held)) if held else None
    return Row(name, float(value), unit, " and ".join(words), met)


def report(
    rows: Iterable[Row],
    *,
    json_file: Path | None = None,
    out: TextIO | None = None,
) -> list[Row]:
    """Print the rows as an aligned table, and write them as a JSON list.

    Parameters
    ----------
    rows : iterable of Row
    json_file : Path, optional
        Written whole or not at all; a value that is not a finite number is null.
    out : text file, optional
        The terminal unless another is given.

    Returns
    -------
    list of Row
        The rows, in their order.
    """
    made = list(rows)
    header = ("name", "value", "unit", "target", "met")
    cells = [
        (each.name, _number(each.value), each.unit, each.target, _MET[each.met])
        for each in made
    ]
    widths = [max(len(line[at]) for line in (header, *cells)) for at in range(5)]
    lines = []
    for line in (header, tuple("-" * width for width in widths), *cells):
        padded = [
            text.rjust(width) if at == 1 else text.ljust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    print("\n".join(lines), file=out or sys.stdout)
    if json_file is not None:
        _write(json_file, made)
    return made


def parser(description: str) -> argparse.ArgumentParser:
    """The arguments every benchmark takes; a module may add its own."""
    made = argparse.ArgumentParser(description=description.split("\n")[0])
    made.add_argument(
        "--json", type=Path, metavar="FILE", help="write the rows as JSON, too"
    )
    return made


def main(
    measure: Callable[[], Iterable[Row]],
    description: str,
    arguments: Sequence[str] | None = None,
) -> int:
    """Measure, print and write: the body of a benchmark without own arguments.

    Parameters
    ----------
    measure : callable
        Gives the rows.
    description : str
        The module's docstring.
    arguments : sequence of str, optional
        The command line's unless others are given.

    Returns
    -------
    int
        0, for `sys.exit`.
    """
    given = parser(description).parse_args(arguments)
    report(measure(), json_file=given.json)
    return 0


_MET = {True: "yes", False: "NO", None: ""}


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    if value == 0 or 0.001 <= abs(value) < 1e15:
        digits = max(0, 3 - max(1, len(str(int(abs(value))))))
        return f"{value:,.{3 if abs(value) < 1 else digits}f}"
    return f"{value:.2e}"


def _write(path: Path, rows: Sequence[Row]) -> None:
    said = [
        asdict(each) | {"value": each.value if math.isfinite(each.value) else None}
        for each in rows
    ]
    aside = path.with_name(f"{path.name}.{os.getpid()}.part")
    text = json.dumps(said, indent=2, ensure_ascii=False, allow_nan=False)
    aside.write_text(text + "\n", encoding="utf-8")
    aside.replace(path)

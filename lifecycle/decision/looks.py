"""Looks: which fits a back-test may make, from a single one to all."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

__all__ = ["Look", "looks"]


@dataclass(frozen=True, slots=True)
class Look:
    """One way to look.

    Parameters
    ----------
    windows : int
    recipes : tuple of str
    spans : tuple of int or None
    fits : int
        That have to be made.
    worth : int
        Fits whose price it must be worth.
    """

    windows: int
    recipes: tuple[str, ...]
    spans: tuple[int | None, ...]
    fits: int
    worth: int


def looks(
    recipes: Sequence[str],
    spans: Sequence[int | None],
    windows: int,
    kept: Collection[tuple[str, int | None, int]],
    rebuild: bool,
) -> Iterator[Look]:
    """Looks from the smallest on, each with all that the one before it has.

    More spans come first, then the other recipes, then further windows.

    Where a rebuild could not pay, the other recipes are left out of a look and not of
    what it must be worth: a larger stake, with which one could, never asks for less.

    Examples
    --------
    >>> [look.fits for look in looks(["own", "trees"], [8, 13], 2, (), rebuild=True)]
    [1, 2, 4, 8]
    """
    own, *others = dict.fromkeys(recipes)
    wanted = _from_the_middle(spans)

    def look(count: int, names: Sequence[str], lengths: Sequence[int | None]) -> Look:
        def new(of: Sequence[str]) -> int:
            fits = product(of, lengths, range(count))
            return sum(fit not in kept for fit in fits)

        chosen = names if rebuild else [own]
        return Look(count, tuple(chosen), tuple(lengths), new(chosen), new(names))

    for count in range(1, len(wanted) + 1):
        yield look(1, [own], wanted[:count])
    for count in range(1, len(others) + 1):
        yield look(1, [own, *others[:count]], wanted)
    for count in range(2, windows + 1):
        yield look(count, [own, *others], wanted)


def _from_the_middle(spans: Sequence[int | None]) -> list[int | None]:
    """Spans from the middle one outwards: the longest and shortest are rarer best."""
    ranked = sorted(set(spans), key=lambda span: math.inf if span is None else span)
    middle = (len(ranked) - 1) // 2
    places = sorted(range(len(ranked)), key=lambda place: abs(place - middle))
    return [ranked[place] for place in places]

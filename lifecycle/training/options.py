"""Every candidate a back-test tries: who is trained, on how much, on which columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lifecycle.recipes import Recipe

__all__ = ["Columns", "Trial", "trials", "version_of"]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns a candidate may see, by kind."""

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, numeric first."""
        return self.numeric + self.categorical

    def __add__(self, more: Columns) -> Columns:
        return Columns(self.numeric + more.numeric, self.categorical + more.categorical)


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate: `retrain` is the own recipe, `rebuild` another or new columns.

    Parameters
    ----------
    action : {"retrain", "rebuild"}
    recipe : Recipe
    span : int or None
        Chunks of history; None for all.
    columns : Columns
        All that it may see.
    offered : tuple of str
        Those among them that the model does not use yet.
    """

    action: str
    recipe: Recipe
    span: int | None
    columns: Columns
    offered: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the table calls it."""
        span = "all" if self.span is None else self.span
        more = f" with {self.told}" if self.offered else ""
        return f"{self.action} {self.recipe.name} {span}{more}"

    @property
    def told(self) -> str:
        """The new columns on one line."""
        return ", ".join(" ".join(str(name).split())[:60] for name in self.offered)


def trials(
    recipe: Recipe,
    alternatives: Mapping[str, Recipe],
    spans: Sequence[int | None],
    columns: Columns,
    offered: Columns,
) -> list[Trial]:
    """Every candidate: the own recipe, the others, the own with the new columns.

    Examples
    --------
    >>> from lifecycle import recipes
    >>> own, other = recipes.load("scaled_logistic"), recipes.load("extra_trees")
    >>> seen, new = Columns(("age",), ()), Columns((), ("region",))
    >>> for trial in trials(own, {"extra_trees": other}, [8], seen, new):
    ...     print(trial.name)
    retrain scaled_logistic 8
    rebuild extra_trees 8
    rebuild scaled_logistic 8 with region
    """
    made = [Trial("retrain", recipe, span, columns) for span in spans]
    for other in alternatives.values():
        made += [Trial("rebuild", other, span, columns) for span in spans]
    if offered.names:
        wider = columns + offered
        made += [Trial("rebuild", recipe, span, wider, offered.names) for span in spans]
    return made


def version_of(name: str) -> int | None:
    """The version a deployed one's name stands for; None for the champion's."""
    match = re.fullmatch(r"keep|roll_back v?(\d+)", name)
    if match is None:
        raise ValueError(f"deployed names 'keep' or 'roll_back 2', got {name!r}")
    return None if match[1] is None else int(match[1])

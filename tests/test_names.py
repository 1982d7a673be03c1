"""Each room's `__all__` is what it shows."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from types import ModuleType

import pytest

import lifecycle

ROOMS = sorted(
    each.name
    for each in pkgutil.iter_modules(lifecycle.__path__)
    if not each.name.startswith("_")
)


def public(module: ModuleType) -> set[str]:
    """Functions, classes and constants that the room itself defines."""
    inside = module.__name__
    found = set()
    for name, value in vars(module).items():
        if name.startswith("_") or inspect.ismodule(value):
            continue
        home = getattr(value, "__module__", inside)
        if not str(home).startswith(inside):
            continue
        if hasattr(value, "__module__") or name.isupper():
            found.add(name)
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_all_names_what_the_room_shows(room: str) -> None:
    module = importlib.import_module(f"lifecycle.{room}")
    said = set(module.__all__)
    assert len(module.__all__) == len(said), "a name is there twice"
    missing = {name for name in said if not hasattr(module, name)}
    assert not missing, f"{room}.__all__ names what is not there: {missing}"
    hidden = {n for n in public(module) if n not in said and not hasattr(typing, n)}
    assert not hidden, f"{room}: make these private or name them: {hidden}"


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_it_is_for(room: str) -> None:
    module = importlib.import_module(f"lifecycle.{room}")
    assert (module.__doc__ or "").strip()

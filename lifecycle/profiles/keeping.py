"""Keeping: a profile as bytes, checked when they are read again."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lifecycle.profiles.grid import Grid
from lifecycle.profiles.result import Profile
from lifecycle.profiles.stack import Stack

if TYPE_CHECKING:
    import numpy as np

__all__ = ["packed", "unpacked"]

MAGIC = b"lifecycle profile 1\n"
SEAL = 32
ARRAYS = ("rows", "span", "cells", "steps", "marks")
KINDS = ("<u1", "<u2", "<u4", "<i4", "<i8", "<f8")


def packed(profile: Profile, *, with_grids: bool = True, note: str = "") -> bytes:
    """A profile as bytes; with a note, which `unpacked` wants to find again.

    Parameters
    ----------
    profile : Profile
    with_grids : bool
        Whether the grids are kept along; without them `unpacked` must be given them.
    note : str
        What the profile is of.
    """
    import numpy as np

    head: dict[str, Any] = {
        "note": note,
        "every": profile.every,
        "timezone": profile.timezone,
        "cuts": profile.cuts,
        "undated": profile.undated,
        "groups": profile.groups,
        "grids": [[name, grid.digest] for name, grid in profile.grids.items()],
    }
    stack = profile.stack
    at = np.argwhere(stack.tails != 0).tolist()
    head["tails"] = [[*place, stack.tails[tuple(place)]] for place in at]
    arrays = {name: getattr(stack, name) for name in ARRAYS}
    if with_grids:
        head["names"] = [
            None if grid.bounds is not None else grid.names
            for grid in profile.grids.values()
        ]
        numeric = [grid for grid in profile.grids.values() if grid.bounds is not None]
        bounds = [grid.bounds for grid in numeric if grid.bounds is not None]
        arrays["bounds"] = np.concatenate([np.zeros(0), *bounds])
        arrays["sizes"] = np.array([each.size for each in bounds], dtype=np.int64)
        arrays["ends"] = np.array([grid.ends for grid in numeric], dtype=float)
    stored = {name: _stored(array) for name, array in arrays.items()}
    head["arrays"] = [
        [name, kind, arrays[name].shape] for name, (kind, _) in stored.items()
    ]
    text = json.dumps(head).encode()
    parts = [len(text).to_bytes(8, "little"), text]
    data = b"".join([*parts, *(raw for _, raw in stored.values())])
    return MAGIC + hashlib.blake2b(data, digest_size=SEAL).digest() + data


def unpacked(
    data: bytes, *, grids: Mapping[str, Grid] | None = None, note: str = ""
) -> Profile:
    """Read what `packed` wrote.

    Raises
    ------
    ValueError
        When it is not whole, of something else, or on other grids.
    """
    start = len(MAGIC) + SEAL
    body = data[start:]
    seal = hashlib.blake2b(body, digest_size=SEAL).digest()
    if data[:start] != MAGIC + seal:
        raise ValueError("these bytes are no whole profile; make the profile again")
    try:
        size = int.from_bytes(body[:8], "little")
        head = json.loads(body[8 : 8 + size])
        arrays = _arrays(head, body[8 + size :])
        held = _grids(head, arrays) if grids is None else dict(grids)
        stack = _stack(head, arrays, held)
    except (LookupError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(
            "these bytes are no profile of this version; make the profile again"
        ) from error
    if head["note"] != note or head["grids"] != [
        [name, grid.digest] for name, grid in held.items()
    ]:
        raise ValueError("the profile is of something else; make the profile again")
    groups = tuple((segment, chunk) for segment, chunk in head["groups"])
    return Profile(
        held,
        groups,
        stack,
        head["every"],
        head["timezone"],
        tuple(head["cuts"]),
        head["undated"],
    )


def _grids(head: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Grid]:
    import numpy as np

    bounds = iter(np.split(arrays["bounds"], np.cumsum(arrays["sizes"])[:-1]))
    ends = iter(arrays["ends"].tolist())
    made = {}
    for (name, _), names in zip(head["grids"], head["names"], strict=True):
        if names is None:
            low, high = next(ends)
            made[name] = Grid((), next(bounds), (low, high))
        else:
            made[name] = Grid(tuple(names))
    return made


def _stack(
    head: dict[str, Any], arrays: dict[str, np.ndarray], grids: Mapping[str, Grid]
) -> Stack:
    import numpy as np

    groups = len(head["groups"])
    cells = sum(grid.size for grid in grids.values())
    empty = Stack.empty(groups, len(grids), cells)
    found = {name: arrays[name].astype(np.int64) for name in ARRAYS}
    for name, array in found.items():
        if array.shape != getattr(empty, name).shape:
            raise KeyError(name)
    for group, column, side, value in head["tails"]:
        empty.tails[group, column, side] = int(value)
    return Stack(**found, tails=empty.tails)


def _arrays(head: dict[str, Any], raw: bytes) -> dict[str, np.ndarray]:
    """The arrays that the head names, out of the bytes behind it."""
    import numpy as np

    found, at = {}, 0
    for name, kind, shape in head["arrays"]:
        dtype = np.dtype(KINDS[KINDS.index(kind)])
        count = math.prod(shape)
        found[name] = np.frombuffer(raw, dtype, count, at).reshape(shape)
        at += count * dtype.itemsize
    return found


def _stored(array: np.ndarray) -> tuple[str, bytes]:
    """Numbers in as few bytes as they need."""
    import numpy as np

    if array.dtype.kind == "f":
        return "<f8", array.astype("<f8").tobytes()
    low, high = int(array.min(initial=0)), int(array.max(initial=0))
    for kind in KINDS[:-1]:
        info = np.iinfo(kind)
        if info.min <= low and high <= info.max:
            break
    return kind, array.astype(kind).tobytes()

"""Keeping: a profile as bytes, checked when they are read again."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from lifecycle.profiles.grid import Grid
from lifecycle.profiles.result import Profile
from lifecycle.profiles.stack import Stack

if TYPE_CHECKING:
    import numpy as np

__all__ = ["packed", "unpacked"]

MAGIC = b"lifecycle profile 1\n"
SEAL = 32
_FAULTS = (
    LookupError,
    TypeError,
    EOFError,
    OSError,
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
)
ARRAYS = ("rows", "span", "cells", "steps", "marks")


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
    arrays = {name: _narrow(getattr(stack, name)) for name in ARRAYS}
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
    text = json.dumps(head).encode()
    arrays["head"] = np.frombuffer(text, dtype=np.uint8)
    body = io.BytesIO()
    np.savez_compressed(body, **cast(Any, arrays))
    data = body.getvalue()
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
    import numpy as np

    start = len(MAGIC) + SEAL
    body = data[start:]
    seal = hashlib.blake2b(body, digest_size=SEAL).digest()
    if data[:start] != MAGIC + seal:
        raise ValueError("these bytes are no whole profile; make the profile again")
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as read:
            arrays = {name: read[name] for name in read.files}
        head = json.loads(arrays.pop("head").tobytes())
        held = _grids(head, arrays) if grids is None else dict(grids)
        stack = _stack(head, arrays, held)
    except _FAULTS as error:
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


def _narrow(array: np.ndarray) -> np.ndarray:
    """The same integers in as few bytes as they need."""
    import numpy as np

    low, high = int(array.min(initial=0)), int(array.max(initial=0))
    for kind in (np.uint8, np.uint16, np.uint32, np.int32):
        info = np.iinfo(kind)
        if info.min <= low and high <= info.max:
            return array.astype(kind)
    return array

"""Predicting: rows that were posted, through the router, as they are answered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle import errors
from lifecycle.server.refusals import Refused
from lifecycle.server.shapes import name_of

if TYPE_CHECKING:
    from lifecycle.server.door import Door
    from lifecycle.workspace.answers import Answer

__all__ = ["answered", "replied"]


def answered(
    door: Door,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    several: bool,
) -> bytes:
    """The answers of a model's router, as JSON.

    Parameters
    ----------
    door : Door
    name : str
        The model.
    rows : sequence of mapping
        As the shape of predictions reads them.
    several : bool
        Whether they came as a list.

    Raises
    ------
    Refused
        422 where the rows are at fault, 503 where no version answers.
    """
    router, key = door.router(name), door.settings.keys.get(name)
    try:
        if not several:
            row = {name: value for name, value in rows[0].items()}
            row["id"] = name_of(row["id"])
            return json.dumps(_plain(router.predict_one(row, key=key))).encode()
        found = router.predict(_frame(rows, _moment(door)), key=key)
        return json.dumps([_plain(each) for each in found]).encode()
    except errors.InputError as error:
        raise Refused(422, " ".join(str(error).split())) from error
    except errors.NoAnswer as error:
        raise Refused(
            503, f"no version of {name} could answer", headers={"Retry-After": "10"}
        ) from error


def _plain(answer: Answer) -> dict[str, Any]:
    return {
        "id": answer.id,
        "score": _finite(answer.score),
        "prediction": _finite(answer.prediction),
        "version": answer.version,
        "role": answer.role,
        "logged": answer.logged is True,
    }


def _finite(value: Any) -> Any:
    """A number that is none becomes null; a whole one is written without a point."""
    if isinstance(value, str) or value is None:
        return value
    number = float(value)
    if number - number != 0:
        return None
    return number


def _frame(rows: Sequence[Mapping[str, Any]], at: datetime) -> Any:
    import numpy as np
    import pandas as pd

    names = list(dict.fromkeys(name for row in rows for name in row))
    columns: dict[str, Any] = {}
    for name in names:
        values = [row.get(name) for row in rows]
        if name == "id":
            columns[name] = [name_of(each) for each in values]
        elif name == "time":
            moments: Any = [at if each is None else each for each in values]
            columns[name] = pd.to_datetime(moments, utc=True).astype(
                "datetime64[us, UTC]"
            )
        elif all(each is None or isinstance(each, int | float) for each in values):
            columns[name] = np.array(
                [np.nan if each is None else float(each) for each in values]
            )
        else:
            columns[name] = np.array(values, dtype=object)
    return pd.DataFrame(columns)


def replied(door: Door, name: str, id: str) -> bytes:
    """What became of a word of feedback, in a sentence for who sent it.

    Raises
    ------
    Refused
        404, where the log does not have it yet.
    """
    found = door.workspace.replies(name, ids=[id], as_of=_moment(door))
    for reply in found.items:
        return json.dumps({"feedback_id": id, "reply": reply.sentence}).encode()
    raise Refused(
        404,
        "the log has no such word of this source yet; what was accepted is there "
        f"within {door.settings.land_seconds:.0f} s",
    )


def _moment(door: Door) -> datetime:
    return door.workspace.settings.workspace.as_of or door.now()

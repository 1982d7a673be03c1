"""Shapes: what a row of each table looks like when it is sent, and what it means."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from lifecycle import logs
from lifecycle.logs.cells import FALSE, TRUE
from lifecycle.logs.problems import shown
from lifecycle.server.refusals import Refused

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from lifecycle import config

__all__ = ["TABLES", "Shape", "name_of", "shape", "truth"]

TABLES = ("predictions", "outcomes", "feedback", "events")
_KEYS = {"feedback": "feedback_id", "events": "event_id"}
_LONGEST = 1000  # characters of an id, as the router has it
_WORDS = 10_000  # characters of a text
_WHOLE = 10**15  # of a number that is an id
_NAME = 200  # characters of a name, a kind or a label
_YEARS = "^(19[7-9][0-9]|20[0-9][0-9]|21[0-9][0-9])-"
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shape:
    """How rows of one table of one model are read.

    Parameters
    ----------
    table : str
    one, many : TypeAdapter
        Of a row, and of a list of them.
    known : tuple of str
        The names a row may have.
    """

    table: str
    one: TypeAdapter[dict[str, Any]]
    many: TypeAdapter[list[dict[str, Any]]]
    known: tuple[str, ...]

    def read(self, body: bytes, *, most: int) -> tuple[list[dict[str, Any]], bool]:
        """The rows of a body, and whether they came as a list.

        Raises
        ------
        Refused
            400 where it is no JSON; 413 where there are too many rows; 422 where a
            row is not as it must be: each fault with its place.
        """
        from pydantic import ValidationError

        several = body.lstrip()[:1] == b"["
        try:
            if several:
                rows = self.many.validate_json(body)
            else:
                rows = [self.one.validate_json(body)]
        except ValidationError as error:
            raise self._refusal(error.errors(include_url=False), several) from None
        return self._counted(rows, most, several), several

    def check(self, rows: Sequence[Mapping[str, Any]], *, most: int) -> None:
        """Rows that were taken out of something else; the same refusals."""
        from pydantic import ValidationError

        try:
            told = self.many.validate_json(json.dumps(rows))
        except ValidationError as error:
            raise self._refusal(error.errors(include_url=False), True) from None
        self._counted(told, most, True)

    def _counted(
        self, rows: list[dict[str, Any]], most: int, several: bool
    ) -> list[dict[str, Any]]:
        if not rows:
            raise Refused(422, "the list holds no row; send at least one")
        if len(rows) > most:
            raise Refused(
                413, f"{len(rows):,} rows are more than {most:,}; send them in parts"
            )
        key = _KEYS.get(self.table)
        if key is not None:
            unknown = [
                (_pointer((at,) if several else ()), f"needs {key} or time")
                for at, row in enumerate(rows)
                if key not in row and "time" not in row
            ]
            if unknown:
                raise Refused(
                    422,
                    f"{self.table}: a row without {key} and without time would count "
                    f"again when it is sent again; give one of them",
                    errors=unknown,
                )
        return rows

    def _refusal(self, faults: Iterable[Any], several: bool) -> Refused:
        told: dict[str, list[str]] = {}  # what may be one of two things fails twice
        for fault in faults:
            place, kind = tuple(fault["loc"]), fault["type"]
            if kind == "json_invalid":
                why = str(fault["ctx"]["error"])[:120]
                return Refused(400, f"the body is no JSON ({why}); mend it")
            place = tuple(
                each
                for n, each in enumerate(place)
                if isinstance(each, int) or each in self.known or n == int(several)
            )
            sentence = self._sentence(kind, fault, place)
            told.setdefault(_pointer(place), []).append(sentence)
        found = [(each, "; or ".join(told[each][:2])) for each in told]
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        first, why = found[0]
        return Refused(422, f"{self.table}{first}: {why}{more}", errors=found)

    def _sentence(self, kind: str, fault: Any, place: tuple[Any, ...]) -> str:
        if kind == "missing":
            return "is missing; add it"
        if kind == "extra_forbidden":
            near = get_close_matches(str(place[-1]), self.known, n=1)
            known = ", ".join(self.known[:12])
            more = ", …" if len(self.known) > 12 else ""
            hint = f"did you mean {near[0]}?" if near else f"known are {known}{more}"
            return f"is not known here; {hint}"
        if kind == "value_error":
            return str(fault["ctx"]["error"])
        message = str(fault["msg"])
        return f"{message[0].lower()}{message[1:]}, got {shown(fault.get('input'))}"


def shape(table: str, model: config.Model, *, key: str = "") -> Shape:
    """The shape of the rows of a table.

    Parameters
    ----------
    table : str
        Of `TABLES`.
    model : Model
        Its settings.
    key : str
        The column of predictions by which rows are dealt; it must be there then.
    """
    from pydantic import ConfigDict, TypeAdapter
    from typing_extensions import TypedDict  # pydantic wants this one before 3.12

    fields = _fields(table, model, key)
    typed: Any = TypedDict  # made while running, of columns that the settings name
    kind = typed(table.capitalize(), fields)
    kind.__pydantic_config__ = ConfigDict(extra="forbid")
    several: Any = list[kind]  # type: ignore[valid-type]
    return Shape(table, TypeAdapter(kind), TypeAdapter(several), tuple(fields))


def _fields(table: str, model: config.Model, key: str) -> dict[str, Any]:
    from typing import Annotated, Literal, NotRequired

    from pydantic import AfterValidator, AwareDatetime, Field, StrictFloat, StrictInt

    # a moment counts as text only: a bare number has no unit
    moment = Annotated[
        AwareDatetime,
        Field(
            strict=True,
            ge=_EARLIEST,
            le=_LATEST,
            description="ISO 8601 with a zone",
            json_schema_extra={"pattern": _YEARS},
        ),
    ]
    id = Annotated[str, Field(strict=True, min_length=1, max_length=_LONGEST)]
    bounds: dict[str, Any] = {"ge": -_WHOLE, "le": _WHOLE}
    written = Annotated[  # 7.0 is a whole number in JSON
        StrictFloat,
        Field(**bounds, json_schema_extra={"multipleOf": 1}),
        AfterValidator(_whole),
    ]
    known = id | Annotated[StrictInt, Field(**bounds)] | written
    name = Annotated[str, Field(strict=True, min_length=1, max_length=_NAME)]
    words = Annotated[str, Field(strict=True, max_length=_WORDS)]
    number = Annotated[StrictFloat, Field(allow_inf_nan=False)]
    label = _truth(model)
    if table == "outcomes":
        return {"id": known, "outcome": label, "time": NotRequired[moment]}
    if table == "feedback":
        return {
            "feedback_id": NotRequired[known],
            "id": known,
            "time": NotRequired[moment],
            "kind": Literal[logs.FEEDBACK_KINDS],
            "label": NotRequired[label | None],
            "person": NotRequired[name | None],
            "reason": NotRequired[words | None],
        }
    if table == "events":
        return {
            "event_id": NotRequired[known],
            "id": known,
            "time": NotRequired[moment],
            "kind": name,
            "value": NotRequired[number | None],
        }
    fields: dict[str, Any] = {"id": known, "time": NotRequired[moment]}
    held = model.features
    numeric, texts = list(held.numeric), list(held.categorical)
    texts += getattr(held, "text", ())
    for each in numeric:
        fields[each] = number | None
    for each in texts:
        fields[each] = words | None
    for each in held.offered_numeric:
        fields[each] = NotRequired[number | None]
    for each in held.offered_categorical:
        fields[each] = NotRequired[words | None]
    if key in (*numeric, *held.offered_numeric):
        fields[key] = number
    elif key and key != "id":
        fields[key] = id
    return fields


def _truth(model: config.Model) -> Any:
    from typing import Annotated, Literal

    from pydantic import Field, PlainValidator, StrictFloat, WithJsonSchema

    if model.task == "multiclass":
        return Annotated[str, Field(strict=True, min_length=1, max_length=_NAME)]
    if model.task == "regression":
        return Annotated[StrictFloat, Field(allow_inf_nan=False)]
    described: dict[str, Any] = {"enum": [0, 1, True, False, "yes", "no"]}
    if model.positive is not None:
        text = {"type": "string", "minLength": 1, "maxLength": _NAME}
        described = {"anyOf": [{"enum": [0, 1, True, False]}, text]}
    slow = Annotated[Any, PlainValidator(truth(model.positive))]
    quick = Literal[0, 1, True, False]  # what most send, looked up without Python
    either = Annotated[quick | slow, Field(union_mode="left_to_right")]
    return Annotated[either, WithJsonSchema(described)]


def _whole(number: float) -> float:
    if not number.is_integer():
        raise ValueError(f"{number} is no whole number; write an id as text")
    return number


def name_of(id: Any) -> str:
    """An id as text; a whole number without a point.

    Examples
    --------
    >>> name_of("a7"), name_of(7), name_of(7.0)
    ('a7', '7', '7')
    """
    return str(int(id)) if isinstance(id, float) else str(id)


def truth(positive: str | None) -> Callable[[Any], float]:
    """What a value means: 1.0 or 0.0; the same as in a file that comes in.

    Raises
    ------
    ValueError
        By the function that is returned, where it means neither.

    Examples
    --------
    >>> truth(None)(True), truth("won")("lost")
    (1.0, 0.0)
    """
    label = None if positive is None else positive.strip()
    turned = label is not None and label.lower() in TRUE | FALSE

    def meaning(value: Any) -> float:
        word = ""
        if isinstance(value, bool):
            word = "true" if value else "false"
        elif isinstance(value, int | float) and value in (0, 1):
            word = str(int(value))
        elif isinstance(value, str) and len(value) <= _NAME:
            word = value.strip()
        if word and (
            word == label or (turned and label and word.lower() == label.lower())
        ):
            return 1.0
        if word.lower() in TRUE | FALSE:
            return 0.0 if turned else float(word.lower() in TRUE)
        if word and label is not None and not turned:
            return 0.0
        expected = "0/1, true/false nor yes/no"
        if label is not None and not turned:
            expected = f"0/1 nor a label such as {shown(label)}"
        raise ValueError(f"{shown(value)} is neither {expected}; write one of these")

    return meaning


def _pointer(place: Sequence[Any]) -> str:
    """A JSON pointer, RFC 6901."""
    steps = (str(each).replace("~", "~0").replace("/", "~1") for each in place)
    return "".join(
        f"/{''.join(c for c in each if c.isprintable())[:80]}" for each in steps
    )

"""The record itself: its fields, how it is made, written and read."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic import JsonValue as Json

import lifecycle
from lifecycle import markup
from lifecycle.errors import NotebookFailed
from lifecycle.findings import Findings
from lifecycle.jobs import store
from lifecycle.jobs.record.changes import changes

__all__ = ["MIME", "Record", "Row", "Todo", "read", "schema"]

MIME = "application/vnd.lifecycle.result+json"
"""Under this type the record also stands in the executed notebook."""

Verdict = Literal["alert", "quiet", "undefined"]
Number = Annotated[float, Field(allow_inf_nan=False)] | None


class Answering(Protocol):
    """A result that holds findings, such as the drift room's."""

    @property
    def findings(self) -> Findings: ...


class Row(BaseModel):
    """One number behind the verdict; `null` where undefined."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    measure: str
    subject: str = ""
    period: str = ""
    value: Number
    n: int = Field(ge=0)
    lower: Number = None
    upper: Number = None
    threshold: Number = None
    verdict: Verdict
    unit: str = ""
    question: str = Field(
        default="", description="The title of the findings that the number is from."
    )


class Todo(BaseModel):
    """Something to be done, by whom, and by when where that is known.

    Examples
    --------
    >>> Todo(what="Mend the feed of `plan`", who="Ada", by="2023-04-17").by
    datetime.date(2023, 4, 17)
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: str = Field(
        min_length=1, description="What is to be typed stands between backticks."
    )
    who: str = ""
    by: date | None = None


class Record(BaseModel):
    """What one run of one notebook found about one model.

    Examples
    --------
    >>> from lifecycle.findings import Finding
    >>> found = Findings("Performance", (
    ...     Finding("accuracy", 0.62, 400, 0.58, 0.66, 0.70, "alert", "2023-W14"),))
    >>> record = Record.of(model="leads", notebook="audit", findings=[found],
    ...     as_of="2023-04-10", summary="Accuracy fell to 62%.")
    >>> record.verdict, record.rows[0].value, record.as_of.isoformat()
    ('alert', 0.62, '2023-04-10T00:00:00+00:00')
    """

    model_config = ConfigDict(extra="forbid", frozen=True, title="Result record")

    schema_version: Literal[1, 2] = Field(
        default=2, description="1 knows no changes, since, todo and question."
    )
    status: Literal["succeeded", "failed", "timeout", "died"] = "succeeded"
    model: str
    notebook: str
    as_of: AwareDatetime
    verdict: Verdict
    summary: str = Field(description="The answer in one sentence.")
    changes: tuple[str, ...] = Field(
        default=(), description="What changed since the last report, a sentence each."
    )
    since: AwareDatetime | None = Field(
        default=None, description="The moment the last report speaks of."
    )
    todo: tuple[Todo, ...] = Field(default=(), description="What to do, first first.")
    rows: tuple[Row, ...] = ()
    facts: dict[str, Json] = Field(default_factory=dict)
    versions: dict[str, str | int] = Field(
        default_factory=dict, description="What the figures come from."
    )

    @classmethod
    def of(
        cls,
        *,
        model: str,
        notebook: str,
        as_of: datetime | str,
        findings: Sequence[Findings | Answering] = (),
        summary: str = "",
        todo: Sequence[Todo | Mapping[str, object]] = (),
        facts: Mapping[str, object] | None = None,
        versions: Mapping[str, str | int] | None = None,
    ) -> Record:
        """Make a record from findings.

        Parameters
        ----------
        model, notebook : str
        as_of : datetime with zone, or ISO 8601 text
            A date means its midnight in UTC.
        findings : sequence of Findings
            Or of results that hold `findings`.
        summary : str
            The findings' own where empty.
        todo : sequence of Todo or mapping
            What to do: `what`, and `who` and `by` where known; the most urgent first.
        facts : mapping, optional
            Whatever else a program may want to know; numpy's numbers and moments
            are taken as JSON's, `nan` as null.
        versions : mapping, optional
            Of tables and models; the workbench and Python are added.

        Returns
        -------
        Record
            Its verdict is "alert" if any of the findings says so, else "quiet" if
            any does, else "undefined".

        Raises
        ------
        ValueError
            When a moment has no zone, or a fact is nothing JSON knows.
        """
        if isinstance(as_of, str):
            from lifecycle.periods import parse_moment

            as_of = parse_moment(as_of)
        asked = [f if isinstance(f, Findings) else f.findings for f in findings]
        verdicts = {found.verdict for found in asked}
        verdict: Verdict = "undefined"
        if verdicts & {"alert", "quiet"}:
            verdict = "alert" if "alert" in verdicts else "quiet"
        ours: dict[str, str | int] = {
            "lifecycle": lifecycle.__version__,
            "python": platform.python_version(),
        }
        return cls(
            model=model,
            notebook=notebook,
            as_of=as_of.astimezone(UTC) if as_of.tzinfo else as_of,
            verdict=verdict,
            summary=summary or " ".join(f.summary for f in asked if f.summary),
            todo=tuple(Todo.model_validate(each) for each in todo),
            rows=tuple(
                Row(
                    measure=row.measure,
                    subject=row.subject,
                    period=row.period,
                    value=_number(row.value),
                    n=int(row.n),
                    lower=_number(row.lower),
                    upper=_number(row.upper),
                    threshold=_number(row.threshold),
                    verdict=row.verdict,
                    unit=row.unit,
                    question=found.title,
                )
                for found in asked
                for row in found.rows
            ),
            facts={name: _plain(value, name) for name, value in (facts or {}).items()},
            versions=ours | dict(versions or {}),
        )

    def compared(self, previous: Record | None) -> Record:
        """The record with what changed since an earlier one.

        Parameters
        ----------
        previous : Record or None
            As `latest_before` finds it; with `None` the record stays as it is.

        Returns
        -------
        Record
            A new one.
        """
        if previous is None:
            return self
        told = {"changes": changes(previous, self), "since": previous.as_of}
        return self.model_copy(update=told)

    def text(self) -> str:
        """The JSON of the record: the same record, the same bytes."""
        values = self.model_dump(mode="json")
        lines = json.dumps(
            values, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False
        )
        return lines + "\n"

    def write(self, path: str | Path) -> Record:
        """Write the record to a file, whole or not at all.

        Parameters
        ----------
        path : path
            With an empty one nothing is written: so "Run All" needs no file.

        Returns
        -------
        Record
            Itself, so that the last cell shows it.
        """
        if str(path):
            store.write(path, self.text())
        return self

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """Shown in a sentence; its rows, often a thousand, are in the file alone."""
        verdict = self.verdict.capitalize()
        answer = markup.join([markup.badge(self.verdict), " ", self.summary])
        return {
            MIME: self.model_dump(mode="json", exclude={"rows"}),
            "text/html": markup.paragraph(answer),
            "text/plain": f"{verdict}. {self.summary}".strip(),
        }


def read(path: str | Path) -> Record:
    """Read a record.

    Parameters
    ----------
    path : path

    Returns
    -------
    Record

    Raises
    ------
    lifecycle.errors.NotebookFailed
        When there is none, or it is not valid.
    """
    path = Path(path)
    try:
        return Record.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise NotebookFailed(
            "there is no result record; the notebook's last cell must write one to "
            "result_path"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise NotebookFailed(
            f"the result record is not valid: {where}: {first['msg']}; make it with "
            "jobs.record.Record.of"
        ) from error


def schema() -> dict[str, Any]:
    """The JSON Schema of the record, as published in `docs/record.schema.json`.

    Examples
    --------
    >>> schema()["title"]
    'Result record'
    """
    made = Record.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _plain(value: object, name: str = "value") -> Json:
    """Turn a value into what JSON knows.

    Parameters
    ----------
    value : object
    name : str
        For the error.

    Returns
    -------
    None, bool, int, float, str, list or dict

    Raises
    ------
    ValueError

    Examples
    --------
    >>> _plain({"share": math.nan, "since": date(2023, 4, 3)})
    {'share': None, 'since': '2023-04-03'}
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{name}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, name) for item in value]
    if isinstance(value, date):
        return value.isoformat() if value == value else None  # NaT is not itself
    if hasattr(value, "tolist"):  # numpy's numbers and arrays, pandas' series
        return _plain(value.tolist(), name)
    raise ValueError(
        f"{name} is a {type(value).__name__}, which JSON does not know; "
        "give numbers, text, moments, lists and tables of them"
    )


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

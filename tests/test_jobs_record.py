"""The result record: valid, whole, the same bytes for the same findings."""

from __future__ import annotations

import json
import math
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.errors import NotebookFailed
from lifecycle.findings import Finding, Findings
from lifecycle.jobs import record, store
from lifecycle.jobs.record import Record

PUBLISHED = Path(__file__).parents[1] / "docs" / "record.schema.json"
QUIET = Finding("accuracy", 0.81, 400, 0.77, 0.84, 0.70, "quiet", "2023-W14")
ALERT = Finding("accuracy", 0.62, 400, 0.58, 0.66, 0.70, "alert", "2023-W15")
UNKNOWN = Finding("ks", math.nan, 3, threshold=0.1, subject="plan")


def of(*rows: Finding, **more: Any) -> Record:
    given: dict[str, Any] = {
        "model": "leads",
        "notebook": "audit",
        "as_of": "2023-04-17",
    }
    return Record.of(**given | {"findings": [Findings("F", rows, "Said.")]} | more)


def test_the_published_schema_is_the_one_we_write() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == record.schema()


def test_a_record_is_valid_under_the_published_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    text = of(QUIET, UNKNOWN, facts={"n": 3}, versions={"predictions": 12}).text()
    jsonschema.validate(json.loads(text), json.loads(PUBLISHED.read_text()))


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ((QUIET, ALERT), "alert"),
        ((QUIET, UNKNOWN), "quiet"),
        ((UNKNOWN,), "undefined"),
        ((), "undefined"),
    ],
)
def test_the_verdict_is_the_worst_that_is_known(
    rows: tuple[Finding, ...], verdict: str
) -> None:
    assert of(*rows).verdict == verdict


def test_one_alert_among_several_findings_is_an_alert() -> None:
    asked = [Findings("A", (QUIET,)), Findings("B", (ALERT,)), Findings("C", ())]
    assert of(findings=asked).verdict == "alert"


def test_an_alert_of_a_past_period_does_not_alert_today() -> None:
    past = Finding("accuracy", 0.62, 400, 0.58, 0.66, 0.70, "alert", "2023-W13")
    assert of(past, QUIET).verdict == "quiet"


def test_a_result_that_holds_findings_is_taken() -> None:
    class Drift:
        findings = Findings("Drift", (ALERT,), "Plan drifted.")

    found = of(findings=[Drift()])
    assert (found.verdict, found.summary, found.rows[0].value) == (
        "alert",
        "Plan drifted.",
        0.62,
    )


def test_what_is_not_a_number_is_null() -> None:
    made = of(
        UNKNOWN,
        facts={"a": math.inf, "b": np.float64("nan"), "c": [pd.NaT, pd.Timestamp(0)]},
    )
    assert (made.rows[0].value, made.rows[0].lower) == (None, None)
    assert made.facts == {"a": None, "b": None, "c": [None, "1970-01-01T00:00:00"]}
    assert "NaN" not in made.text()


def test_numpys_and_pandas_values_become_jsons() -> None:
    facts = {
        "n": np.int64(3),
        "yes": np.bool_(True),
        "shares": np.array([0.5, 0.5]),
        "by": {1: pd.Series([1, 2])},
    }
    assert of(facts=facts).facts == {
        "n": 3,
        "yes": True,
        "shares": [0.5, 0.5],
        "by": {"1": [1, 2]},
    }


def test_a_fact_json_does_not_know_is_named() -> None:
    with pytest.raises(ValueError, match=r"costs\.a is a complex"):
        of(facts={"costs": {"a": 1j}})


def test_the_moment_is_kept_in_utc_and_needs_a_zone() -> None:
    assert of(as_of="2023-04-17T08:00+02:00").as_of == datetime(
        2023, 4, 17, 6, tzinfo=UTC
    )
    with pytest.raises(ValueError, match="timezone"):
        of(as_of=datetime(2023, 4, 17))  # noqa: DTZ001


def test_the_same_record_is_the_same_bytes() -> None:
    one = of(QUIET, facts={"b": 1, "a": 2}).text()
    two = of(QUIET, facts={"a": 2, "b": 1}).text()
    assert one == two
    assert one.startswith('{\n "as_of": "2023-04-17T00:00:00Z",\n')


def test_write_and_read_give_the_record_back(tmp_path: Path) -> None:
    made = of(QUIET, ALERT, UNKNOWN, facts={"text": "<b>\u2028ü"})
    assert made.write(tmp_path / "r.json") is made
    assert record.read(tmp_path / "r.json") == made
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_with_an_empty_path_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    of(QUIET).write("")
    assert list(tmp_path.iterdir()) == []


def test_the_notebook_shows_the_sentence_and_carries_the_record() -> None:
    bundle = of(ALERT)._repr_mimebundle_()
    assert bundle["text/plain"] == "Alert. Said."
    assert bundle[record.MIME]["verdict"] == "alert"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not valid"),
        ("{", "not valid"),
        ("[]", "not valid"),
        ('{"model": "leads"}', "notebook: Field required"),
    ],
)
def test_a_broken_record_is_said_to_be_broken(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(NotebookFailed, match=said):
        record.read(path)


def test_a_missing_record_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(NotebookFailed, match="no result record"):
        record.read(tmp_path / "gone.json")


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    values = json.loads(of(QUIET).text()) | {"approved": True}
    (tmp_path / "r.json").write_text(json.dumps(values))
    with pytest.raises(NotebookFailed, match="approved"):
        record.read(tmp_path / "r.json")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_any_fact_makes_valid_json(fact: object) -> None:
    text = of(facts={"fact": fact}).text()
    json.loads(text, parse_constant=pytest.fail)


def test_a_file_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    path, torn, done = tmp_path / "x.json", [], threading.Event()
    store.write(path, json.dumps(["a"] * 50_000))

    def look_on() -> None:
        while not done.is_set():
            try:
                json.loads(path.read_bytes())
            except ValueError as error:
                torn.append(error)

    reader = threading.Thread(target=look_on)
    reader.start()
    for count in range(60):
        store.write(path, json.dumps([str(count)] * 50_000), durable=count % 2 == 0)
    done.set()
    reader.join()
    assert torn == []
    assert [found.name for found in tmp_path.iterdir()] == ["x.json"]


def test_a_write_that_fails_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    store.write(path, "old")
    with pytest.raises(UnicodeEncodeError):
        store.write(path, "\ud800")
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["x.txt"]

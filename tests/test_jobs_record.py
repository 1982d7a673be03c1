"""The result record: valid, whole, the same bytes for the same findings."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
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
    assert "rows" not in bundle[record.MIME]  # often a thousand: they are in the file


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


def week(*rows: Finding, day: int = 10, **facts: Any) -> Record:
    return of(*rows, as_of=f"2023-04-{day:02d}", facts=facts)


def kept(rows: tuple[Finding, ...], later: tuple[Finding, ...], **more: Any) -> str:
    return " ".join(record.changes(week(*rows), week(*later, day=17), **more))


def test_a_new_alert_is_told_with_what_it_was() -> None:
    quiet, alert = (replace(row, unit="%") for row in (QUIET, ALERT))
    assert record.changes(week(quiet), week(alert, day=17)) == (
        "The verdict went from quiet to alert.",
        "Accuracy is newly an alert: 62.0% in 2023-W15 (n 400, threshold 70.0%); "
        "it was 81.0% in 2023-W14.",
    )


def test_an_alert_that_lasts_is_said_once_and_one_that_is_over_is_told() -> None:
    plan = Finding("ks", 0.3, 900, 0.2, 0.4, 0.1, "alert", subject="plan")
    calm = replace(plan, value=0.04, lower=0.02, upper=0.06, verdict="quiet")
    assert kept((plan,), (plan,)) == "Still an alert: KS of plan (0.300)."
    assert "KS of plan is no alert any more: 0.040; it was 0.300." in kept(
        (plan,), (calm,)
    )
    unsure = replace(calm, verdict="undefined")
    assert "KS of plan is not judged: 0.040; it was 0.300." in kept((plan,), (unsure,))
    assert "KS of plan was an alert and is no longer measured." in kept((plan,), ())


@pytest.mark.parametrize(
    ("value", "moved"),
    [(0.80, False), (0.77, False), (0.75, True), (0.85, False), (0.87, True)],
)
def test_a_value_moved_when_the_interval_of_the_difference_leaves_out_zero(
    value: float, moved: bool
) -> None:
    # half widths of 0.04 and 0.03: the difference must pass 0.05
    before = Finding("recall", 0.81, 400, 0.77, 0.84, period="2023-W14")
    after = Finding("recall", value, 400, value - 0.04, value + 0.03, period="2023-W15")
    way = "rose" if value > 0.81 else "fell"
    reach = math.hypot(0.04, 0.03)
    assert (abs(value - 0.81) > reach) is moved
    told = kept((before,), (after,))
    assert (f"Recall {way} from 0.810 to {value:.3f} (2023-W14 to" in told) is moved


def test_of_many_rows_some_differ_by_chance_and_are_not_said_to_have_moved() -> None:
    def rows(shift: float) -> tuple[Finding, ...]:
        return tuple(
            Finding("mean", k + shift, 90, k + shift - 1, k + shift + 1, subject=f"{k}")
            for k in range(200)
        )

    assert kept(rows(0)[:1], rows(1.5)[:1]).startswith("Mean of 0 rose")
    assert kept(rows(0), rows(1.5)).startswith("Nothing of note")
    told = record.changes(week(*rows(0)), week(*rows(9)), most=3)
    assert len(told) == 4
    assert told[-1] == "197 more values changed."


def test_what_has_no_interval_or_no_value_did_not_move() -> None:
    bare = Finding("mean", 1.0, 9)
    for row in (replace(bare, value=5.0), replace(bare, value=math.nan), UNKNOWN):
        told = kept((bare,), (row,))
        assert told == "Nothing of note; the verdict is not judged as before."


def test_an_interval_of_no_width_moves_at_any_difference() -> None:
    sure = Finding("share", 1.0, 9, 1.0, 1.0)
    assert "Share fell from 1.000 to 0.500." in kept(
        (sure,), (Finding("share", 0.5, 9, 0.5, 0.5),)
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((1, None), (2, None), "Version 2 went into production, in place of version 1"),
        ((None, None), (1, None), "Version 1 went into production."),
        ((1, None), (None, None), "No version is in production; before, version 1"),
        ((1, None), (1, 2), "Version 2 began its trial"),
        ((1, 2), (1, None), "The trial of version 2 ended."),
    ],
)
def test_versions_that_came_and_went_are_told(
    before: tuple[int | None, int | None],
    after: tuple[int | None, int | None],
    said: str,
) -> None:
    first, then = (
        week(QUIET, production=roles[0], experimental=roles[1])
        for roles in (before, after)
    )
    assert said in " ".join(record.changes(first, then))


def test_a_trial_that_went_into_production_did_not_just_end() -> None:
    first = week(QUIET, production=1, experimental=2)
    told = record.changes(first, week(QUIET, production=2, experimental=None))
    assert told == ("Version 2 went into production, in place of version 1.",)


def test_an_estimate_is_never_held_against_what_was_realised() -> None:
    realised = (QUIET, replace(QUIET, period="2023-W15"))
    guess = Finding("accuracy", 0.5, 400, 0.48, 0.52, 0.7, "alert", "2023-W19")

    def asked(real: Finding, estimate: Finding, day: int) -> Record:
        pairs = (("Performance", real), ("Estimated performance", estimate))
        found = [Findings(title, (row,)) for title, row in pairs]
        return of(findings=found, as_of=f"2023-04-{day}")

    first = asked(realised[0], replace(guess, period="2023-W18"), 10)
    told = record.changes(first, asked(realised[1], guess, 17))
    assert told == (
        "Still an alert: Estimated performance: Accuracy (0.500 in 2023-W19).",
    )
    # of the same number under two questions only one is told
    twice = asked(guess, guess, 17)
    assert record.changes(first, twice)[-1].count("Accuracy") == 1


def test_a_chunk_not_judged_yet_does_not_hide_the_alert_before_it() -> None:
    unripe = replace(QUIET, verdict="undefined", n=4, period="2023-W16")
    told = record.changes(week(QUIET), week(ALERT, unripe, day=17))
    assert told[-1].startswith("Accuracy is newly an alert: 0.620 in 2023-W15")
    assert "Still an alert: Accuracy (0.620 in 2023-W15)." in kept(
        (ALERT,), (ALERT, unripe)
    )


def test_records_without_questions_are_compared_all_the_same() -> None:
    first = week(QUIET)
    rows = tuple(row.model_copy(update={"question": ""}) for row in first.rows)
    old = first.model_copy(update={"rows": rows, "schema_version": 1})
    told = record.changes(old, week(QUIET, day=17))
    assert told == ("Nothing of note; the verdict is quiet as before.",)


def test_nothing_of_note_is_said_in_a_sentence() -> None:
    assert kept((QUIET,), (QUIET,)) == (
        "Nothing of note; the verdict is quiet as before."
    )


@pytest.mark.parametrize("text", ["a\nb\x00", "x" * 5000, "<b>", "\u2028\u202e"])
def test_names_from_data_stay_on_one_short_line(text: str) -> None:
    row = Finding(text, 0.5, 9, 0.4, 0.6, 0.1, "alert", text, text, text)
    for sentence in record.changes(week(), week(row)):
        assert len(sentence.splitlines()) == 1
        assert len(sentence) < 500


def test_a_compared_record_tells_since_when_and_is_written(tmp_path: Path) -> None:
    first, then = week(QUIET), week(ALERT, day=17)
    told = then.compared(first)
    assert (told.since, told.changes) == (first.as_of, record.changes(first, then))
    assert then.compared(None) is then
    told.write(tmp_path / "r.json")
    assert record.read(tmp_path / "r.json") == told
    assert told.text() == then.compared(first).text()


def test_what_to_do_is_kept_with_who_and_when() -> None:
    made = of(QUIET, todo=[{"what": "Decide", "who": "Ada", "by": "2023-04-24"}])
    assert made.todo == (record.Todo(what="Decide", who="Ada", by=date(2023, 4, 24)),)
    assert '"by": "2023-04-24"' in made.text()
    with pytest.raises(ValueError, match="what"):
        of(QUIET, todo=[{"who": "Ada"}])


def test_a_record_of_the_first_version_is_still_read(tmp_path: Path) -> None:
    values = json.loads(of(QUIET).text())
    for name in ("changes", "since", "todo"):
        del values[name]
    (tmp_path / "r.json").write_text(json.dumps(values | {"schema_version": 1}))
    assert record.read(tmp_path / "r.json").schema_version == 1


def test_the_record_before_is_the_newest_earlier_one_that_succeeded(
    tmp_path: Path,
) -> None:
    def leave(folder: str, text: str, name: str = "audit") -> None:
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.json").write_text(text, encoding="utf-8")

    leave("2023-04-03", week(QUIET, day=3).text())
    leave("2023-04-10", week(QUIET, day=10).text())
    leave("2023-04-10", of(QUIET, notebook="drift").text(), "drift")
    other = week(QUIET, day=11).model_copy(update={"model": "churn"})
    leave("2023-04-11", other.text())
    failed = week(QUIET, day=12).model_copy(update={"status": "failed"})
    leave("2023-04-12", failed.text())
    leave("2023-04-13", "{ torn")
    leave("2023-04-17", week(QUIET, day=17).text())

    def before(day: int, notebook: str = "audit") -> datetime | None:
        found = record.latest_before(
            tmp_path,
            model="leads",
            notebook=notebook,
            as_of=datetime(2023, 4, day, tzinfo=UTC),
        )
        return found and found.as_of

    assert before(17) == datetime(2023, 4, 10, tzinfo=UTC)
    assert before(10) == datetime(2023, 4, 3, tzinfo=UTC)
    assert before(3) is None
    assert before(30, "decide") is None
    with pytest.raises(ValueError, match="as_of has no time zone"):
        record.latest_before(
            tmp_path,
            model="leads",
            notebook="audit",
            as_of=datetime(2023, 4, 3),  # noqa: DTZ001
        )


def test_a_run_compares_its_record_with_the_report_before(tmp_path: Path) -> None:
    from lifecycle.jobs import child

    before, now = tmp_path / "2023-04-10", tmp_path / "2023-04-17"
    work = now / ".audit.run-1"
    before.mkdir()
    work.mkdir(parents=True)
    week(QUIET).write(before / "audit.json")
    week(ALERT, day=17).write(work / "record.json")
    job = {"work": str(work), "directory": str(now), "name": "audit", "parameters": {}}
    assert child._judge(job) == {"message": "Said."}
    told = record.read(work / "record.json")
    assert told.since == datetime(2023, 4, 10, tzinfo=UTC)
    assert told.changes[0] == "The verdict went from quiet to alert."

"""The logs: each row once, read as it was known, and as it was at a version."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import logs
from lifecycle.errors import InputError
from lifecycle.logs import CANONICAL, Appended, Logs, store, tables

DAY = timedelta(days=1)
START = pd.Timestamp("2023-04-03T09:00Z")


def leads(ids: list[int], **columns: object) -> pd.DataFrame:
    """One lead a day, from `START`, with a feature."""
    frame = pd.DataFrame(
        {
            "id": [str(k) for k in ids],
            "time": pd.DatetimeIndex([START + k * DAY for k in ids], tz="UTC"),
            "visits": [k / 4 for k in ids],
            "plan": [None if k % 3 == 0 else "basic" for k in ids],
            "score": [k / 1000 for k in ids],
        }
    )
    return frame.assign(**columns)


def truths(rows: list[tuple[str, int, float]]) -> pd.DataFrame:
    """Outcomes as (id, day they became known, outcome)."""
    return pd.DataFrame(
        {
            "id": [row[0] for row in rows],
            "time": pd.DatetimeIndex([START + row[1] * DAY for row in rows], tz="UTC"),
            "outcome": [row[2] for row in rows],
        }
    )


@pytest.fixture
def log(tmp_path):
    return Logs(tmp_path / "a log with ü")


# --- reading ---------------------------------------------------------------------


def test_tables_that_are_not_there_read_as_empty_with_canonical_columns(log):
    for table, read in [
        ("predictions", log.predictions),
        ("outcomes", log.outcomes),
        ("feedback", log.feedback),
        ("events", log.events),
    ]:
        frame = read()
        assert frame.empty
        assert list(frame) == list(CANONICAL[table])
        assert str(frame["time"].dtype) == "datetime64[us, UTC]"
        assert log.count(table) == 0
    labelled = log.labelled(as_of=START)
    assert list(labelled) == [*CANONICAL["predictions"], "outcome", "known_at"]
    assert log.span() is None
    assert log.versions() == {}
    assert not log.directory.exists()


def test_what_goes_in_comes_out_in_canonical_types(log):
    log.append("predictions", leads([1, 2, 3]))
    frame = log.predictions()
    assert list(frame)[:4] == ["id", "time", "visits", "plan"]
    assert list(frame)[4:] == ["score", "prediction", "version", "role"]
    assert frame["id"].tolist() == ["1", "2", "3"]
    assert frame["visits"].tolist() == [0.25, 0.5, 0.75]
    assert frame["plan"].isna().tolist() == [False, False, True]
    assert frame["prediction"].dtype == float
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"
    assert log.span() == (START + DAY, START + 3 * DAY)


def test_periods_are_half_open_and_as_of_is_included(log):
    log.append("predictions", leads([1, 2, 3, 4]))
    two, four = START + 2 * DAY, START + 4 * DAY
    assert log.predictions(start=two, end=four)["id"].tolist() == ["2", "3"]
    assert log.predictions(as_of=two)["id"].tolist() == ["1", "2"]
    assert list(log.predictions(columns=["visits", "id"])) == ["visits", "id"]
    with pytest.raises(
        InputError, match="the log has no column 'size'; it has id, time"
    ):
        log.predictions(columns=["size"])
    with pytest.raises(ValueError, match="as_of must carry a zone"):
        log.predictions(as_of=datetime(2023, 4, 3))  # noqa: DTZ001


def test_rows_are_sorted_by_time_then_id(log):
    frame = leads([1, 2, 3, 4]).assign(time=START)
    log.append("predictions", frame.iloc[::-1])
    log.append("predictions", leads([-1, 0]))
    assert log.predictions()["id"].tolist() == ["-1", "0", "1", "2", "3", "4"]


# --- each row once ---------------------------------------------------------------


def test_the_same_rows_again_change_nothing(log):
    assert log.append("predictions", leads([1, 2])) == Appended(2, 0, 0, 1)
    assert log.append("predictions", leads([1, 2])) == Appended(0, 2, 0, 1)
    assert log.append("predictions", leads([2, 3])) == Appended(1, 1, 0, 2)
    assert log.append("predictions", leads([4, 4])) == Appended(1, 1, 0, 3)
    assert log.append("predictions", leads([])) == Appended(0, 0, 0, 3)
    assert log.count("predictions") == 4


def test_a_prediction_is_for_ever(log):
    log.append("predictions", leads([1, 2]))
    with pytest.raises(InputError) as error:
        log.append("predictions", leads([2, 3], score=0.9))
    assert error.value.problems == (
        "predictions: id '2' is in the log with other content ('score': '0.002', now "
        "'0.9'); give the row a new id or leave it out",
    )
    assert log.predictions()["id"].tolist() == ["1", "2"]


def test_rows_that_contradict_each_other_are_refused_together(log):
    both = pd.concat([leads([1]), leads([1], score=0.9)])
    with pytest.raises(InputError, match="id '1' stands twice in these rows"):
        log.append("predictions", both)
    assert log.versions() == {}


def test_many_contradictions_are_counted(log):
    log.append("predictions", leads(list(range(60))))
    with pytest.raises(InputError) as error:
        log.append("predictions", leads(list(range(60)), score=0.9))
    assert len(error.value.problems) == 21
    assert error.value.problems[-1] == "predictions: and 40 more"


def test_an_outcome_at_the_same_moment_replaces_the_old_one(log):
    log.append("outcomes", truths([("1", 1, 0.0), ("2", 1, 0.0)]))
    done = log.append("outcomes", truths([("1", 1, 1.0), ("2", 1, 0.0), ("3", 1, 1.0)]))
    assert (done.rows_new, done.rows_same, done.rows_changed) == (1, 1, 1)
    frame = log.outcomes()
    assert frame["id"].tolist() == ["1", "2", "3"]
    assert frame["outcome"].tolist() == [1.0, 0.0, 1.0]


def test_after_a_correction_the_table_takes_further_rows_and_corrections(log):
    log.append("outcomes", truths([("1", 30, 1.0), ("2", 30, 1.0), ("3", 31, 0.0)]))
    log.append("outcomes", truths([("1", 30, 0.0), ("2", 30, 0.0)]))
    again = log.append("outcomes", truths([("2", 30, 1.0), ("4", 30, 1.0)]))
    assert again == Appended(1, 0, 1, again.version)
    same = log.append("outcomes", truths([("1", 30, 0.0), ("3", 31, 0.0)]))
    assert (same.rows_new, same.rows_same, same.rows_changed) == (0, 2, 0)
    known = log.outcomes().set_index("id")["outcome"]
    assert known.to_dict() == {"1": 0.0, "2": 1.0, "3": 0.0, "4": 1.0}


def test_outcomes_without_their_own_time_are_kept_only_when_they_are_news(log):
    first, later = truths([("1", 1, 0.0)]), truths([("1", 8, 0.0), ("2", 8, 1.0)])
    log.append("outcomes", first, stamped=True)
    done = log.append("outcomes", later, stamped=True)
    assert (done.rows_new, done.rows_same) == (1, 1)
    done = log.append("outcomes", truths([("1", 9, 1.0)]), stamped=True)
    assert done.rows_new == 1
    assert log.append("outcomes", truths([("1", 10, 1.0)]), stamped=True).rows_same == 1
    assert log.outcomes()["outcome"].tolist() == [0.0, 1.0, 1.0]
    before = log.append("outcomes", truths([("1", 0, 1.0)]), stamped=True)
    assert before.rows_new == 1


def test_feedback_and_events_are_kept_by_their_ids(log):
    flag = pd.DataFrame(
        {"feedback_id": ["a"], "id": ["1"], "time": [START], "kind": ["flag"]}
    )
    assert log.append("feedback", flag).rows_new == 1
    assert log.append("feedback", flag).rows_same == 1
    assert log.append("feedback", flag.assign(reason="wrong size")).rows_changed == 1
    assert log.feedback()["reason"].tolist() == ["wrong size"]
    event = pd.DataFrame(
        {
            "event_id": ["a", "b"],
            "id": "1",
            "time": START,
            "kind": "order",
            "value": [1, None],
        }
    )
    assert log.append("events", event).rows_new == 2
    assert log.append("events", event).rows_same == 2
    np.testing.assert_array_equal(log.events()["value"], [1.0, np.nan])


def test_ids_that_look_alike_stay_apart(log):
    rows = [("1", 1, 0.0), ("1\x1f1", 1, 0.0), ("01", 1, 0.0), ("1'); --", 1, 0.0)]
    assert log.append("outcomes", truths(rows)).rows_new == 4
    assert log.append("outcomes", truths(rows)).rows_same == 4


# --- schema ----------------------------------------------------------------------


def test_features_that_appear_later_are_added_and_missing_before(log):
    log.append("predictions", leads([1]))
    log.append("predictions", leads([2], region="north", size=7.0))
    log.append("predictions", leads([3]).drop(columns="visits"))
    frame = log.predictions()
    assert frame["region"].isna().tolist() == [True, False, True]
    np.testing.assert_array_equal(frame["size"], [np.nan, 7.0, np.nan])
    assert frame["visits"].isna().tolist() == [False, False, True]
    assert log.append("predictions", leads([1])).rows_same == 1


def test_a_feature_that_changes_its_type_is_refused(log):
    log.append("predictions", leads([1]))
    with pytest.raises(
        InputError, match="feature 'visits' is a number in the log and text now"
    ):
        log.append("predictions", leads([2], visits="many"))
    log.append("predictions", leads([2], visits=None))
    assert log.count("predictions") == 2


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (leads([1]).drop(columns="id"), "predictions need a column 'id'"),
        (leads([1], id=None), "have 1 rows without 'id'"),
        (leads([1], time=pd.Timestamp("2023-04-03")), "must carry a zone"),
    ],
)
def test_frames_without_key_or_zone_are_argument_errors(log, frame, sentence):
    with pytest.raises(ValueError, match=sentence):
        log.append("predictions", frame)


def test_unknown_tables_and_paths_with_a_percent_sign_are_refused(log, tmp_path):
    with pytest.raises(ValueError, match="no table 'labels'; there are predictions"):
        log.append("labels", leads([1]))
    with pytest.raises(InputError, match="percent sign"):
        Logs(tmp_path / "100%")


# --- labelled --------------------------------------------------------------------


def test_each_prediction_meets_the_newest_outcome_known_by_as_of(log):
    log.append("predictions", leads([1, 2, 3, 9]))
    log.append(
        "outcomes", truths([("2", 7, 1.0), ("1", 5, 0.0), ("1", 8, 1.0), ("x", 5, 1.0)])
    )
    early = log.labelled(as_of=START + 5 * DAY)
    assert early["id"].tolist() == ["1", "2", "3"]
    np.testing.assert_array_equal(early["outcome"], [0.0, np.nan, np.nan])
    late = log.labelled(as_of=START + 9 * DAY)
    np.testing.assert_array_equal(late["outcome"], [1.0, 1.0, np.nan, np.nan])
    assert late["known_at"][0] == START + 8 * DAY
    assert late["known_at"].isna().tolist() == [False, False, True, True]
    some = log.labelled(as_of=START + 9 * DAY, start=START + 2 * DAY, columns=["score"])
    assert list(some) == ["score", "outcome", "known_at"]
    assert len(some) == 3


def test_an_outcome_corrected_later_wins_only_from_then_on(log):
    log.append("predictions", leads([1]))
    log.append("outcomes", truths([("1", 9, 1.0)]))
    log.append("outcomes", truths([("1", 4, 0.0)]))
    answers = [log.labelled(as_of=START + k * DAY)["outcome"][0] for k in (3, 4, 8, 9)]
    np.testing.assert_array_equal(answers, [np.nan, 0.0, 0.0, 1.0])


@settings(max_examples=25, deadline=None)
@given(
    outcomes=st.dictionaries(
        st.tuples(st.integers(0, 5), st.integers(0, 9)), st.integers(0, 1), max_size=25
    ),
    as_of=st.integers(0, 10),
)
def test_labelled_agrees_with_a_plain_loop(tmp_path_factory, outcomes, as_of):
    log = Logs(tmp_path_factory.mktemp("log"))
    log.append("predictions", leads(list(range(5))).assign(time=START))
    rows = [(str(k), day, float(value)) for (k, day), value in outcomes.items()]
    log.append("outcomes", truths(rows))
    found = log.labelled(as_of=START + as_of * DAY)["outcome"].tolist()
    for k in range(5):
        known = [
            (day, y) for (j, day), y in outcomes.items() if j == k and day <= as_of
        ]
        np.testing.assert_equal(found[k], max(known)[1] if known else np.nan)


# --- versions --------------------------------------------------------------------


def test_the_logs_can_be_read_as_they_were(log):
    log.append("predictions", leads([1, 2]))
    log.append("outcomes", truths([("1", 5, 0.0)]))
    then = log.versions()
    log.append("predictions", leads([3], region="north"))
    log.append("outcomes", truths([("1", 5, 1.0), ("2", 5, 1.0)]))
    log.append("events", _events([1]))
    old = Logs(log.directory).at(then)
    assert old.predictions()["id"].tolist() == ["1", "2"]
    assert "region" not in old.predictions()
    assert old.labelled(as_of=START + 9 * DAY)["outcome"].tolist()[0] == 0.0
    assert old.events().empty
    assert old.versions() == then
    assert log.labelled(as_of=START + 9 * DAY)["outcome"].tolist()[0] == 1.0
    with pytest.raises(ValueError, match="pinned to versions"):
        old.append("predictions", leads([4]))
    with pytest.raises(InputError, match="cannot be read at version 99"):
        log.at({"predictions": 99}).predictions()


def test_many_small_appends_are_put_together_and_every_version_stays(log, monkeypatch):
    monkeypatch.setattr(tables, "COMPACT_AFTER", 4)
    versions = []
    for k in range(15):
        versions.append(log.append("predictions", leads([2 * k, 2 * k + 1])).version)
    files = store.Store(log.directory / "predictions").files()
    assert len(files) <= 4
    assert log.predictions()["id"].tolist() == [str(k) for k in range(30)]
    for k, version in enumerate(versions):
        assert log.at({"predictions": version}).count("predictions") == 2 * k + 2


def test_a_log_that_is_damaged_says_so(log):
    log.append("predictions", leads([1]))
    for file in (log.directory / "predictions" / "_delta_log").glob("*.json"):
        file.write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        log.predictions()


# --- any order, several writers ----------------------------------------------------


def _events(ids: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "event_id": [f"e{k}" for k in ids],
            "id": [str(k) for k in ids],
            "time": pd.DatetimeIndex([START + (k % 3) * DAY for k in ids], tz="UTC"),
            "kind": "order",
            "value": [None if k % 2 else float(k) for k in ids],
        }
    )


@settings(max_examples=25, deadline=None)
@given(
    parts=st.lists(st.lists(st.integers(0, 12), max_size=8), min_size=1, max_size=6),
    compact_after=st.integers(2, 5),
)
def test_any_order_partition_and_repetition_gives_the_same_table(
    tmp_path_factory, parts, compact_after
):
    log = Logs(tmp_path_factory.mktemp("log"))
    everything = sorted({k for part in parts for k in part})
    once = Logs(tmp_path_factory.mktemp("once"))
    makers = {
        "predictions": leads,
        "outcomes": lambda ids: truths([(str(k % 4), k, float(k % 2)) for k in ids]),
        "events": _events,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "COMPACT_AFTER", compact_after)
        for table, make in makers.items():
            seen = 0
            for part in parts:
                done = log.append(table, make(part))
                assert done.rows_new + done.rows_same == len(part)
                seen += done.rows_new
            once.append(table, make(everything))
            assert seen == log.count(table) == len(everything)
            pd.testing.assert_frame_equal(getattr(log, table)(), getattr(once, table)())


WRITER = """
import contextlib, sys
import pandas as pd
from lifecycle import logs
from lifecycle.logs import tables

directory, first, locked = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "locked"
if not locked:  # as from another host: only the commits keep writers apart
    tables.locked = lambda path: contextlib.nullcontext()
log = logs.Logs(directory)
print("ready", flush=True)
sys.stdin.readline()
for k in range(first, first + 12):
    ids = [f"own-{first}-{k}", f"shared-{k % 100}"]
    frame = pd.DataFrame({"id": ids, "x": 1.0})
    frame["time"] = pd.Timestamp("2023-04-03", tz="UTC")
    log.append("predictions", frame)
    log.append("outcomes", frame.assign(outcome=1.0))
"""


@pytest.mark.parametrize("how", ["locked", "unlocked"])
def test_two_processes_that_append_at_once_lose_and_double_nothing(tmp_path, how):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(first), how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in (100, 200)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    log = Logs(tmp_path)
    for table in (log.predictions, log.outcomes):
        ids = table()["id"]
        assert len(ids) == 24 + 12
        assert ids.is_unique


def test_a_commit_of_another_writer_in_between_is_noticed(log, monkeypatch):
    log.append("predictions", leads([1]))
    other, entered = Logs(log.directory), []
    plain = tables.upsert

    def interrupted(*args, **kwargs):
        if not entered:
            entered.append(True)
            with monkeypatch.context() as patch:
                patch.setattr(tables, "upsert", plain)
                patch.setattr(tables, "locked", _open_door)
                other.append("predictions", leads([2, 3]))
        return plain(*args, **kwargs)

    monkeypatch.setattr(tables, "upsert", interrupted)
    assert log.append("predictions", leads([3, 4])).rows_new == 1
    assert log.predictions()["id"].tolist() == ["1", "2", "3", "4"]


def _open_door(path):
    import contextlib

    return contextlib.nullcontext()


def test_a_process_that_read_the_logs_ends_cleanly(log):
    log.append("predictions", leads(list(range(50))))
    code = (
        "import sys, lifecycle.logs as logs\n"
        "log = logs.Logs(sys.argv[1])\n"
        "print(len(log.predictions()), log.count('predictions'))\n"
    )
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code, str(log.directory)],
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stdout) == (0, "50 50\n"), done.stderr


def test_the_derived_id_depends_on_every_column():
    row = pd.DataFrame(
        {"id": ["1"], "time": [START], "kind": ["order"], "value": [1.0]}
    )
    changes = [{"id": "2"}, {"time": START + DAY}, {"kind": "call"}, {"value": 2.0}]
    rows = pd.concat([row, *(row.assign(**change) for change in changes)])
    assert len(set(logs.schema.derived_ids(rows, "events"))) == 5


def test_a_table_that_was_made_but_never_written_is_empty(log):
    path = log.directory / "predictions"
    store.Store.create(path, logs.schema.to_arrow(leads([1]), "predictions").schema)
    assert log.count("predictions") == 0
    assert log.predictions().empty
    assert log.span() is None
    assert log.append("predictions", leads([1])).rows_new == 1

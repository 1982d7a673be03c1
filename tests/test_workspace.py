"""The workspace object: opened, asked what it holds, empty, external, and in time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

import lifecycle
from lifecycle import errors, figures, workspace
from lifecycle.workspace import Workspace
from tests.draws import draws

SETTINGS = """\
[workspace]
timezone = "Europe/Berlin"

[models.leads]
owner = "Ana Silva"
task = "binary"
id = "lead"
time = "at"
outcome = "won"
outcome_time = "closed"
score = "p"
prediction = "said"
label_delay_days = 14
recipe = "scaled_logistic"

[models.leads.features]
numeric = ["visits"]
categorical = ["plan"]

[models.leads.schedule]
on_alert = false

[models.leads.reference]
start = 2024-01-01
end = 2024-03-01
"""
AS_OF = datetime(2024, 5, 6, tzinfo=UTC)


@pytest.fixture
def blank(tmp_path: Path) -> Workspace:
    workspace.init(tmp_path / "blank")
    return lifecycle.open(tmp_path / "blank")


# -- opening -------------------------------------------------------------------


def test_a_missing_directory_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(errors.SettingsError, match=r"run `lifecycle init .*nowhere`"):
        lifecycle.open(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_the_workspace_around_the_current_directory_is_opened(
    blank: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(blank.directory / "notebooks")
    assert lifecycle.open().directory == blank.directory
    assert lifecycle.open("").directory == blank.directory
    assert repr(lifecycle.open("..")) == "<Workspace Models in production: my-model>"


def test_opening_and_looking_at_the_settings_writes_nothing(blank: Workspace) -> None:
    before = sorted(blank.directory.rglob("*"))
    again = lifecycle.open(blank.directory)
    assert again.model("my-model").owner
    assert again.logs("my-model").count("predictions") == 0
    assert sorted(blank.directory.rglob("*")) == before


def test_an_unknown_model_names_the_nearest_one(blank: Workspace) -> None:
    for ask in (blank.model, blank.logs, blank.view, blank.history):
        with pytest.raises(errors.UnknownModel, match=r"did you mean my-model\?"):
            ask("my_model")


# -- moments -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "hours_utc"),
    [
        (date(2024, 7, 1), "2024-06-30T22:00:00+00:00"),
        ("2024-07-01", "2024-06-30T22:00:00+00:00"),
        ("2024-07-01T10:00", "2024-07-01T08:00:00+00:00"),
        ("2024-07-01T10:00Z", "2024-07-01T10:00:00+00:00"),
        ("2024-01-01T10:00", "2024-01-01T09:00:00+00:00"),
        (datetime(2024, 7, 1, 10, tzinfo=UTC), "2024-07-01T10:00:00+00:00"),
    ],
)
def test_a_moment_is_read_in_the_zone_of_the_workspace(
    told: Any, hours_utc: str, tmp_path: Path
) -> None:
    ws = leads(tmp_path)
    assert ws.moment(told).isoformat() == hours_utc
    assert ws.moment(told).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (pd.Timestamp("2024-07-01"), "has no time zone; add one, or give it as text"),
        ("last week", "is no moment"),
        ("2024-10-27T02:30", "twice"),
        ("2024-03-31T02:30", "never"),
    ],
)
def test_a_moment_that_could_be_two_or_none_is_refused(
    told: Any, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(errors.BadParameters, match=sentence):
        leads(tmp_path).moment(told)


def test_without_a_moment_it_is_now_or_what_the_settings_say(tmp_path: Path) -> None:
    ws = leads(tmp_path)
    before = datetime.now(UTC)
    assert before <= ws.moment() <= datetime.now(UTC)
    text = SETTINGS.replace("[workspace]", "[workspace]\nas_of = 2023-04-03T00:00:00Z")
    (ws.directory / "lifecycle.toml").write_text(text)
    assert lifecycle.open(ws.directory).moment() == datetime(2023, 4, 3, tzinfo=UTC)


# -- nothing there yet ---------------------------------------------------------


def test_a_view_of_an_empty_workspace_answers_undefined_throughout(
    blank: Workspace,
) -> None:
    view = blank.view()
    assert (view.production, view.previous, view.experimental) == (None, None, None)
    for rows in (
        view.labelled,
        view.mature,
        view.scored,
        view.reference,
        view.analysis,
    ):
        assert len(rows) == 0
        assert {"id", "time", "feature_1", "outcome", "prediction"} <= set(rows)
    for result in (
        view.performance(),
        view.how_good(),
        view.calibration(),
        view.segments(),
        view.diagnosis(),
        view.season(),
        view.answers(),
        view.together(),
        view.harm(),
        view.kpi("called"),
        view.business(),
        view.feedback(),
        view.quality(),
        view.drift(),
        view.ruling(),
    ):
        assert result.verdict == "undefined", result
        assert isinstance(repr(result), str)
        assert isinstance(result.frame(), pd.DataFrame)
        assert isinstance(result._repr_html_(), str)
        assert isinstance(result.plot(), figures.Picture)
    assert isinstance(view.drift().plot_feature(), figures.Picture)
    assert view.estimated() is None
    assert view.proposal() is None
    assert view.evaluation() is None
    assert "no version in production" in repr(view)
    assert "no version yet" in view._repr_html_()
    record = view.conclude("audit", view.performance(), view.drift())
    assert record.verdict == "undefined"
    assert record.summary


def test_an_empty_workspace_has_a_status_and_nothing_happens_to_it(
    blank: Workspace,
) -> None:
    text = (blank.directory / "lifecycle.toml").read_text()
    kept = text[: text.index("[models.my-model.schedule]")]
    (blank.directory / "lifecycle.toml").write_text(kept)
    ws = lifecycle.open(blank.directory)
    assert ws.due(as_of="2024-04-01") == []
    (told,) = ws.status(as_of="2024-04-01")
    assert (told.verdict, told.production, told.next_run) == ("undefined", None, None)
    assert ws.alerts() == []
    assert ws.refresh_index(as_of="2024-04-01").exists()


def test_a_feature_the_log_does_not_know_yet_is_missing_not_an_error(
    tmp_path: Path,
) -> None:
    ws = external(tmp_path)
    text = SETTINGS.replace('["visits"]', '["visits", "budget"]')
    (ws.directory / "lifecycle.toml").write_text(text)
    view = lifecycle.open(ws.directory).view("leads", AS_OF)
    assert view.labelled["budget"].isna().all()
    budget = {r.measure: r for r in view.drift().findings if r.subject == "budget"}
    assert {row.verdict for row in budget.values()} <= {"undefined", "quiet"}
    assert budget["js"].verdict == "undefined"


# -- a model that scores elsewhere ---------------------------------------------


def rows_of(first: str, days: int, *, shift: float, seed: int) -> pd.DataFrame:
    """Ten leads a day with the score their own service gave them."""
    rng = np.random.default_rng(seed)
    at = pd.date_range(first, periods=days * 10, freq="144min", tz="UTC")
    visits = rng.normal(5 + shift, 1, len(at))
    return pd.DataFrame(
        {
            "lead": [f"{first}-{n}" for n in range(len(at))],
            "at": at,
            "visits": visits,
            "plan": rng.choice(["free", "pro"], len(at)),
            "p": 1 / (1 + np.exp(-(visits - 5))),
            "won": (visits + rng.normal(0, 1, len(at)) > 5 + shift).astype(int),
            "closed": at + pd.Timedelta(days=10),
        }
    )


def leads(place: Path) -> Workspace:
    (place / "lifecycle.toml").write_text(SETTINGS)
    return lifecycle.open(place)


def external(place: Path) -> Workspace:
    """Four months of a service's own log; in the last one visits have moved."""
    ws = leads(place)
    parts = [
        rows_of("2024-01-01", 91, shift=0.0, seed=1),
        rows_of("2024-04-01", 35, shift=1.5, seed=2),
    ]
    file = place / "service.csv"
    pd.concat(parts).to_csv(file, index=False)
    ws.ingest("leads", "predictions", file, as_of=AS_OF)
    ws.ingest("leads", "outcomes", file, as_of=AS_OF)
    return ws


def test_an_external_model_is_audited_as_scikit_learn_would(tmp_path: Path) -> None:
    ws = external(tmp_path)
    view = ws.view("leads", AS_OF)
    assert view.production is None
    rows = pd.read_csv(tmp_path / "service.csv", parse_dates=["at", "closed"])
    berlin = rows["at"].dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    due = rows[rows["at"] + pd.Timedelta(days=14) <= AS_OF]
    week = berlin.dt.strftime("%G-W%V")
    newest = view.performance().only(measure="accuracy")
    said = {row.period: row for row in newest}
    for label in ("2024-W05", "2024-W14", "2024-W16"):
        mine = due[week[due.index] == label]
        hand = accuracy_score(mine["won"], mine["p"] >= 0.5)
        assert said[label].value == pytest.approx(hand)
        assert said[label].n == len(mine)
    assert said["2024-W16"].verdict == "alert"
    assert said["2024-W05"].verdict == "quiet"


def test_an_external_model_drifts_against_the_period_of_the_settings(
    tmp_path: Path,
) -> None:
    view = external(tmp_path).view("leads", AS_OF)
    days = view.reference["time"].dt.tz_convert("Europe/Berlin")
    assert days.min() >= pd.Timestamp("2024-01-01", tz="Europe/Berlin")
    assert days.max() < pd.Timestamp("2024-03-01", tz="Europe/Berlin")
    assert len(view.reference) > 590
    drift = view.drift()
    assert list(drift.drifted) == ["visits"]
    assert view.ruling().verdict == "undefined"
    opened = [t.text for t in view.workspace.due(as_of=AS_OF) if t.kind == "alert"]
    assert len(opened) == 2


# -- time ----------------------------------------------------------------------


def answers(view: workspace.View) -> dict[str, Any]:
    """Everything a view says, as plain values."""
    return {
        "labelled": view.labelled,
        "mature": view.mature,
        "reference": view.reference,
        "analysis": view.analysis,
        "performance": view.performance().frame(),
        "business": view.business().frame(),
        "feedback": view.feedback().frame(),
        "quality": view.quality().frame(),
        "drift": view.drift().frame(),
        "calibration": view.calibration().frame(),
        "reliability": view.calibration().plot().svg,
        "how good": view.how_good().frame(),
        "segments": view.segments().frame(),
        "diagnosis": view.diagnosis().frame(),
        "answers": view.answers().frame(),
        "season": view.season().frame(),
        "ruling": view.ruling().frame(),
    }


def same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(value, other[name], obj=name)
        else:
            assert value == other[name], name


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, dict[str, Any]]:
    """A model with a version of its own, and all it said at a moment."""
    ws = external(tmp_path_factory.mktemp("past"))
    at = "2024-03-01"
    ws.train("leads", as_of=at, by="Ana Silva")
    asked = ws.propose("leads", 1, reason="first", as_of=at, by="Ana Silva")
    ws.approve("leads", asked.id, reason="go", as_of=at, by="Dana Weber")
    moment = datetime(2024, 4, 10, tzinfo=UTC)
    return ws, answers(ws.view("leads", moment))


@settings(max_examples=draws(3, many=20))
@given(hours=st.integers(1, 24 * 60), flip=st.sets(st.integers(0, 1259), max_size=200))
def test_what_becomes_known_later_changes_nothing_that_was_said_before(
    past: tuple[Workspace, dict[str, Any]], hours: int, flip: set[int]
) -> None:
    ws, said = past
    moment = datetime(2024, 4, 10, tzinfo=UTC)
    log = ws.logs("leads")
    ids = log.predictions()["id"].iloc[sorted(flip)]
    after = pd.Timestamp(moment) + pd.Timedelta(hours=hours)
    later = pd.DataFrame(
        {"id": ids, "time": after, "outcome": [float(n % 2) for n in range(len(ids))]}
    )
    ws.ingest("leads", "outcomes", later)
    note = later.assign(kind="flag", feedback_id=ids + str(hours), person="Ana")
    ws.ingest("leads", "feedback", note.drop(columns="outcome"))
    call = later.assign(kind="called", event_id=ids + str(hours))
    ws.ingest("leads", "events", call.drop(columns="outcome"))
    same(answers(ws.view("leads", moment)), said)


def test_an_outcome_counts_from_the_moment_it_is_known(tmp_path: Path) -> None:
    ws = leads(tmp_path)
    made = pd.Timestamp("2024-01-01", tz="UTC")
    row = {"id": ["1"], "time": [made], "visits": [1.0], "plan": ["pro"]}
    ws.ingest("leads", "predictions", pd.DataFrame(row))
    known = made + pd.Timedelta(days=20)
    truth = pd.DataFrame({"id": ["1"], "time": [known], "outcome": [1.0]})
    ws.ingest("leads", "outcomes", truth)
    just_before = ws.view("leads", (known - pd.Timedelta(seconds=1)).to_pydatetime())
    assert just_before.labelled["outcome"].isna().all()
    assert len(just_before.mature) == 0
    assert len(ws.view("leads", known.to_pydatetime()).mature) == 1

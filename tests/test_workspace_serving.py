"""Versions whose recipe shapes its rows: trained, kept, scored and refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lifecycle
from lifecycle import errors, recipes, registry, training
from lifecycle.registry import collecting
from lifecycle.workspace import Workspace, reproducing, serving

NAMES = {"numeric": ["visits"], "categorical": ["plan"]}
AT = datetime(2024, 5, 6, tzinfo=UTC)
DELAY = timedelta(days=14)
SETTINGS = """\
[models.leads]
owner = "Ana Silva"
task = "binary"
id = "lead"
time = "at"
outcome = "won"
label_delay_days = 14
recipe = "mine"

[models.leads.features]
numeric = ["visits"]
categorical = ["plan"]
"""
RECIPE = """\
from lifecycle.recipes.library import scaled_logistic as estimator
def features(frame):
    return frame.assign(many=frame["visits"] > 5, kind=frame["plan"].str.upper())
"""


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    visits = rng.poisson(5, 300).astype(float)
    frame = pd.DataFrame({"visits": visits, "plan": rng.choice(["a", "b"], 300)})
    return frame.assign(outcome=(visits + rng.normal(0, 1, 300) > 5).astype(float))


@pytest.fixture
def bench(tmp_path: Path) -> Workspace:
    (tmp_path / "lifecycle.toml").write_text(SETTINGS)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "mine.py").write_text(RECIPE)
    return lifecycle.open(tmp_path)


def born(bench: Workspace, rows: pd.DataFrame, *, keep: bool = True, **more):
    recipe = bench.recipe("mine")
    if keep:
        recipes.keep(recipe, bench.directory / "recipes")
    made = training.train(rows, recipe, seed=1, **NAMES)
    version = bench.registry.register(
        "leads",
        recipe="mine",
        estimator=made.estimator,
        birth={**made.birth, **more},
        author="ana",
        at=AT,
    )
    return made, version


def test_a_version_scores_as_it_did_when_its_recipe_has_changed_since(bench, rows):
    made, version = born(bench, rows)
    wanted = training.predict(
        made.estimator,
        rows,
        **NAMES,
        recipe=bench.recipe("mine"),
        prepared=made.birth["prepared"],
    )
    (bench.directory / "recipes" / "mine.py").write_text("x = 1\n")
    found = serving.scorer(bench, "leads", version)(rows)
    np.testing.assert_array_equal(found, wanted)
    assert made.birth["prepared"] == {
        "numeric": ["visits", "many"],
        "categorical": ["plan", "kind"],
    }
    one = serving.scorer(bench, "leads", version)(rows.iloc[[7]])
    np.testing.assert_allclose(one, wanted[[7]], rtol=1e-12)


def test_a_version_is_loaded_once_and_its_artefact_looked_at_each_time(bench, rows):
    _, version = born(bench, rows)
    first = serving.scorer(bench, "leads", version)
    again = lifecycle.open(bench.directory)
    assert serving.scorer(again, "leads", version) is first
    path = bench.registry.artefacts / version.artefact
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(errors.ArtefactError, match="was altered"):
        serving.scorer(bench, "leads", version)


def test_only_so_many_versions_stay_in_memory_the_newest_used(bench, rows, monkeypatch):
    monkeypatch.setattr(serving, "_MOST", 2)
    versions = [born(bench, rows)[1] for _ in range(3)]
    scorers = [serving.scorer(bench, "leads", version) for version in versions]
    assert serving.scorer(bench, "leads", versions[2]) is scorers[2]
    assert serving.scorer(bench, "leads", versions[0]) is not scorers[0]
    assert len(serving._KEPT) == 2


def test_a_version_whose_recipes_source_was_altered_is_not_scored(bench, rows):
    _, version = born(bench, rows)
    path = bench.directory / "recipes" / ".versions"
    (path / f"{version.birth['recipe_sha256']}.py").write_text("raise SystemExit\n")
    with pytest.raises(errors.SettingsError, match=r"was altered \(SHA-256"):
        serving.scorer(bench, "leads", version)


def test_a_version_whose_recipes_source_was_not_kept_is_one_sentence(bench, rows):
    _, version = born(bench, rows, keep=False)
    with pytest.raises(errors.SettingsError, match="cannot be read"):
        serving.scorer(bench, "leads", version)


def test_a_version_that_maps_anothers_scores_shapes_its_rows_as_that_one(bench, rows):
    _, first = born(bench, rows)
    _, second = born(bench, rows, recipe_sha256=None, prepared=None, parent=1)
    assert (first.number, second.birth["parent"]) == (1, 1)
    np.testing.assert_array_equal(
        serving.scorer(bench, "leads", second)(rows),
        serving.scorer(bench, "leads", first)(rows),
    )


def test_a_version_of_a_workspace_learns_from_people_and_is_made_again(bench, rows):
    """All the way: logged, spoken of, trained, scored, and made again."""
    times = pd.date_range(AT - timedelta(days=126), AT, periods=300).floor("us")
    log = rows.drop(columns="outcome").assign(
        id=[f"i{k:03d}" for k in range(300)], time=times.astype("datetime64[us, UTC]")
    )
    scored = log.assign(score=0.5, prediction=1.0, version="1", role="production")
    bench.ingest("leads", "predictions", scored)
    truth = log[["id"]].assign(time=log["time"] + DELAY, outcome=rows["outcome"])
    bench.ingest("leads", "outcomes", truth[truth["time"] <= AT])
    said = truth.assign(feedback_id="f" + log["id"], kind="override", reason=None)
    said = said.assign(label=rows["outcome"], person="ann", time=log["time"])
    bench.ingest("leads", "feedback", said.drop(columns="outcome"))
    version = bench.train("leads", as_of=AT, by="ana")
    people = version.birth["material"]["people"]
    assert 30 < people["rows"] < 60
    assert 0 < people["weight"] <= 0.1 * version.birth["material"]["outcomes"] + 1e-6
    assert version.birth["people_to"] > version.trained_to.isoformat()
    (bench.directory / "recipes" / "mine.py").write_text("x = 1\n")
    bench.ingest("leads", "outcomes", truth[truth["time"] > AT])
    found = reproducing.reproduce(bench, "leads", version.number)
    assert found.verdict == "quiet"
    assert found.differs == ()
    assert serving.scorer(bench, "leads", version)(log).shape == (300,)


def test_a_recipe_that_shapes_nothing_needs_no_source(bench, rows):
    plain = recipes.load("scaled_logistic")
    made = training.train(rows, plain, seed=1, **NAMES)
    version = bench.registry.register(
        "leads",
        recipe=plain.name,
        estimator=made.estimator,
        birth=made.birth,
        author="ana",
        at=AT,
    )
    assert isinstance(version, registry.Version)
    np.testing.assert_array_equal(
        serving.scorer(bench, "leads", version)(rows),
        training.predict(made.estimator, rows, **NAMES),
    )


def test_a_version_whose_artefact_was_collected_is_made_again_as_a_new_one(
    bench, rows, terminal
):
    times = pd.date_range(AT - timedelta(days=126), AT, periods=300).floor("us")
    log = rows.drop(columns="outcome").assign(
        id=[f"i{k:03d}" for k in range(300)], time=times.astype("datetime64[us, UTC]")
    )
    bench.ingest(
        "leads",
        "predictions",
        log.assign(score=0.5, prediction=1.0, version="1", role="production"),
    )
    truth = log[["id"]].assign(time=log["time"] + DELAY, outcome=rows["outcome"])
    bench.ingest("leads", "outcomes", truth[truth["time"] <= AT])
    old = bench.train("leads", as_of=AT, by="ana")
    before = serving.scorer(bench, "leads", old)(log)
    bench.train("leads", as_of=AT, by="ana")
    collecting.collect(
        bench.registry,
        "leads",
        actor="ana",
        at=AT + timedelta(days=900),
        keep_last=1,
        now=datetime.now(UTC),
    )
    (bench.directory / "recipes" / "mine.py").write_text("x = 1\n")
    gone = bench.registry.version("leads", old.number)
    with pytest.raises(errors.ArtefactError, match="--register"):
        serving.scorer(bench, "leads", gone)
    found = reproducing.reproduce(bench, "leads", old.number)
    assert (found.verdict, found.differs) == ("undefined", ())
    assert "no scores were compared" in found.summary
    place, number = ("-w", bench.directory), str(old.number)
    code, out, _ = terminal("reproduce", "leads", number, "--register", *place)
    assert (code, "registered as version 3" in out) == (0, True)
    made = bench.registry.version("leads", 3)
    assert (made.birth["again"], made.status) == (old.number, "candidate")
    assert (made.features, made.threshold) == (old.features, old.threshold)
    assert (made.trained_to, made.data) == (old.trained_to, old.data)
    np.testing.assert_array_equal(serving.scorer(bench, "leads", made)(log), before)
    assert reproducing.reproduce(bench, "leads", 3).verdict == "quiet"


def test_the_reasons_of_a_prediction_are_those_of_the_version_that_made_it(bench, rows):
    _, version = born(bench, rows)
    at = pd.Series([AT], dtype="datetime64[us, UTC]")
    row = pd.DataFrame({"id": ["L1"], "time": at, "visits": [9.0], "plan": ["a"]})
    row = row.assign(score=0.9, prediction=1.0, version=version.number)
    usual = pd.DataFrame({"id": ["L0", "L2"], "time": pd.concat([at, at]).to_numpy()})
    usual = usual.assign(visits=[1.0, 3.0], plan="a", score=0.1, prediction=0.0)
    bench.ingest("leads", "predictions", row)
    bench.ingest("leads", "predictions", usual)
    view = bench.view("leads", AT + timedelta(days=1))
    found = view.reasons("L1")
    score = serving.scorer(bench, "leads", version)
    pair = pd.DataFrame({"visits": [9.0, 3.0], "plan": ["a", "a"]})
    high, low = score(pair)
    assert found.index.tolist() == ["visits", "plan"]
    assert found.tolist() == pytest.approx([high - low, 0.0])
    with pytest.raises(errors.IllegalMove, match="does not know which version made"):
        view.reasons("L2")

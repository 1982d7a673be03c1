"""Versions go to MLflow without a pickle, score the same there, and come back."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lifecycle
from lifecycle import errors, recipes, registry, training
from lifecycle.hooks import exported
from lifecycle.workspace import Workspace, exchange, serving

NAMES = {"numeric": ["visits"], "categorical": ["plan"]}
AT = datetime(2024, 5, 6, tzinfo=UTC)
SETTINGS = """\
[models.leads]
owner = "Ana Silva"
task = "binary"
id = "lead"
time = "at"
outcome = "won"
label_delay_days = 14
recipe = "mine"
threshold = 0.4

[models.leads.features]
numeric = ["visits", "age"]
categorical = ["plan"]
"""
RECIPE = """\
from lifecycle.recipes.library import scaled_logistic as estimator
def features(frame):
    return frame.assign(many=frame["visits"] > 5, kind=frame["plan"].str.upper())
"""
STRANGE = pd.DataFrame(
    {
        "visits": [1.0, np.nan, np.inf, 9.0, 5.0],
        "plan": ["a", None, "never seen", "b", "a"],
        "other": [1, 2, 3, 4, 5],
    }
)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    visits = rng.poisson(5, 300).astype(float)
    frame = pd.DataFrame({"visits": visits, "plan": rng.choice(["a", "b"], 300)})
    return frame.assign(outcome=(visits + rng.normal(0, 1, 300) > 5).astype(float))


def opened(place: Path) -> Workspace:
    place.mkdir(exist_ok=True)
    (place / "lifecycle.toml").write_text(SETTINGS)
    (place / "recipes").mkdir()
    (place / "recipes" / "mine.py").write_text(RECIPE)
    return lifecycle.open(place)


@pytest.fixture
def bench(tmp_path: Path) -> Workspace:
    return opened(tmp_path / "bench")


def born(bench: Workspace, rows: pd.DataFrame, recipe: str) -> registry.Version:
    found = bench.recipe(recipe)
    recipes.keep(found, bench.directory / "recipes")
    made = training.train(rows, found, seed=1, threshold=0.4, **NAMES)
    return bench.registry.register(
        "leads",
        recipe=recipe,
        estimator=made.estimator,
        birth=made.birth,
        author="ana",
        at=AT,
    )


def staged(bench: Workspace, number: int, place: Path, monkeypatch: Any) -> Path:
    """What would be given to MLflow, without MLflow."""
    held: list[Path] = []

    def pack(staged: Path, directory: Path, **told: Any) -> None:
        (directory / "artifacts").mkdir(parents=True)
        staged.rename(directory / "artifacts" / "version")
        held.append(directory)
        assert told["numeric"] == ["visits"]

    monkeypatch.setattr("lifecycle.hooks.pack", pack)
    return exchange.export(bench, "leads", number, place)


# -- out, without MLflow ---------------------------------------------------------------


@pytest.mark.parametrize("recipe", ["scaled_logistic", "boosted_trees", "mine"])
def test_what_is_exported_scores_as_the_workspace_does(
    bench, rows, recipe, tmp_path, monkeypatch
):
    version = born(bench, rows, recipe)
    made = staged(bench, version.number, tmp_path / "out", monkeypatch)
    scores = exported.Scores(made / "artifacts" / "version")
    for frame in (rows, STRANGE, STRANGE.iloc[:0], STRANGE.iloc[[2]]):
        here = serving.scorer(bench, "leads", version)(frame)
        there = scores(frame)
        np.testing.assert_array_equal(there["score"], here)
        np.testing.assert_array_equal(there["prediction"], here >= 0.4)
        assert there.index.equals(frame.index)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.floats(), st.integers(-5, 5), st.none(), st.booleans()),
            st.one_of(st.text(max_size=3), st.none(), st.integers(0, 3)),
        ),
        max_size=6,
    )
)
def test_rows_are_read_there_as_they_are_read_here(values):
    frame = pd.DataFrame(values, columns=["visits", "plan"])
    frame["visits"] = pd.to_numeric(frame["visits"])
    here = training.features(frame, numeric=["visits"], categorical=["plan"])
    there = exported._features(frame, ["visits"], ["plan"])
    pd.testing.assert_frame_equal(there, here)


def test_what_is_exported_believes_digests_and_named_types_only(
    bench, rows, tmp_path, monkeypatch
):
    version = born(bench, rows, "mine")
    made = staged(bench, version.number, tmp_path / "out", monkeypatch)
    place = made / "artifacts" / "version"
    facts = json.loads((place / "version.json").read_text())
    for name in ("model.skops", "recipe.py"):
        kept = (place / name).read_bytes()
        (place / name).write_bytes(kept + b"\n")
        with pytest.raises(ValueError, match=f"{name} was altered"):
            exported.Scores(place)
        (place / name).write_bytes(kept)
    (place / "version.json").write_text(json.dumps({**facts, "trusted": []}))
    with pytest.raises(ValueError, match=r"types that are not trusted: numpy\.dtype"):
        exported.Scores(place)
    with pytest.raises(ValueError, match="the rows have no column 'visits'"):
        exported._features(STRANGE[["plan"]], ["visits"], ["plan"])


def test_an_export_is_whole_or_not_there(bench, rows, tmp_path, monkeypatch):
    version = born(bench, rows, "scaled_logistic")
    (tmp_path / "there").mkdir()
    with pytest.raises(errors.LifecycleError, match="is there already; name a dir"):
        exchange.export(bench, "leads", version.number, tmp_path / "there")

    def broken(staged: Path, directory: Path, **told: Any) -> None:
        directory.mkdir()
        raise errors.LifecycleError("no")

    monkeypatch.setattr("lifecycle.hooks.pack", broken)
    with pytest.raises(errors.LifecycleError, match="no"):
        exchange.export(bench, "leads", version.number, tmp_path / "out")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bench", "there"]


# -- in --------------------------------------------------------------------------------


def test_what_was_exported_comes_back_as_a_candidate_that_scores_the_same(
    bench, rows, tmp_path, monkeypatch
):
    version = born(bench, rows, "mine")
    made = staged(bench, version.number, tmp_path / "out", monkeypatch)
    other = opened(tmp_path / "other")
    with pytest.raises(errors.InputError, match="recipe 'mine' shapes its rows, and"):
        exchange.receive(other, "leads", made, as_of=AT)
    recipes.keep(other.recipe("mine"), other.directory / "recipes")
    again = exchange.receive(other, "leads", made, by="ben", as_of=AT)
    assert (again.number, again.status, again.recipe) == (1, "candidate", "mine")
    assert (again.author, again.threshold) == ("ben", 0.4)
    assert again.birth["imported"] == {
        "sha256": version.sha256,
        "from": "lifecycle",
        "model": "leads",
        "version": "1",
    }
    assert again.trained_from == version.trained_from
    here = serving.scorer(bench, "leads", version)(STRANGE)
    np.testing.assert_array_equal(serving.scorer(other, "leads", again)(STRANGE), here)
    assert other.registry.verify_ledger() is None


def sklearn_model(
    place: Path, estimator: Any, *, form: str = "skops", **told: Any
) -> Path:
    """A directory as mlflow.sklearn writes it."""
    from skops import io

    place.mkdir()
    content = io.dumps(estimator) if form == "skops" else b"\x80\x04cos\nsystem\n"
    (place / f"model.{'skops' if form == 'skops' else 'pkl'}").write_bytes(content)
    inputs = told.pop("inputs", [{"type": "double", "name": "visits"}])
    facts = {
        "flavors": {
            "sklearn": {
                "pickled_model": f"model.{'skops' if form == 'skops' else 'pkl'}",
                "serialization_format": form,
            }
        },
        "signature": {"inputs": json.dumps(inputs)},
        "model_uuid": "m-1",
        **told,
    }
    (place / "MLmodel").write_text(json.dumps(facts))  # JSON is YAML
    return place


@pytest.fixture(scope="module")
def fitted(rows: pd.DataFrame) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(rows[["visits"]], rows["outcome"])


def test_a_scikit_learn_model_without_a_pickle_becomes_a_version(
    bench, fitted, rows, tmp_path
):
    made = exchange.receive(bench, "leads", sklearn_model(tmp_path / "m", fitted))
    assert (made.recipe, made.threshold) == ("imported", 0.4)
    assert made.features == {"numeric": ["visits"], "categorical": []}
    assert made.birth["imported"]["from"] == "mlflow"
    np.testing.assert_allclose(
        serving.scorer(bench, "leads", made)(rows),
        fitted.predict_proba(rows[["visits"]])[:, 1],
    )


@pytest.mark.parametrize("form", ["pickle", "cloudpickle", "joblib"])
def test_a_pickle_is_refused_and_not_opened(bench, tmp_path, form):
    place = sklearn_model(tmp_path / "m", None, form=form)
    with pytest.raises(
        errors.InputError, match=f"is stored as {form}, and a pickle can"
    ):
        exchange.receive(bench, "leads", place)
    assert bench.registry.versions("leads") == []


BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
)
BOMB += "flavors: {sklearn: {serialization_format: *a29}}\nmodel_uuid: *a29\n"


class Odd:
    """No estimator."""


def changed(place: Path, **told: Any) -> None:
    facts = json.loads((place / "MLmodel").read_text())
    facts["flavors"]["sklearn"] |= told
    (place / "MLmodel").write_text(json.dumps(facts))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda p: changed(p, pickled_model="../secret"), "no name of a file in it"),
        (lambda p: changed(p, pickled_model="/etc/passwd"), "no name of a file in it"),
        (lambda p: changed(p, pickled_model=".."), "no name of a file in it"),
        (lambda p: changed(p, pickled_model="other"), "No such file or directory"),
        (lambda p: (p / "MLmodel").unlink(), "give the directory of an MLflow model"),
        (lambda p: (p / "MLmodel").write_text("a: [b"), "this is not YAML"),
        (lambda p: (p / "MLmodel").write_text("[" * 9000), "this is not YAML"),
        (lambda p: (p / "MLmodel").write_text("!!python/name:os.system"), "not YAML"),
        (lambda p: (p / "MLmodel").write_text("- 1"), "it has no flavour sklearn"),
        (lambda p: (p / "MLmodel").write_text("flavors: 3"), "it has no flavour"),
        (
            lambda p: (p / "MLmodel").write_text(BOMB),
            "stored as list, and a pickle can",
        ),
        (lambda p: (p / "MLmodel").write_bytes(b"a" * 2**21), "at most 1,048,576"),
        (lambda p: (p / "model.skops").write_bytes(b"PK"), "m"),
    ],
)
def test_a_directory_that_is_not_what_it_says_is_refused(
    bench, fitted, tmp_path, change, sentence
):
    place = sklearn_model(tmp_path / "m", fitted)
    change(place)
    with pytest.raises(errors.LifecycleError) as caught:
        exchange.receive(bench, "leads", place)
    assert sentence in str(caught.value)
    assert bench.registry.versions("leads") == []


def test_links_are_not_followed(bench, fitted, tmp_path):
    place = sklearn_model(tmp_path / "m", fitted)
    (place / "model.skops").rename(tmp_path / "elsewhere")
    (place / "model.skops").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(errors.InputError, match="is no plain file"):
        exchange.receive(bench, "leads", place)


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ([{"type": "double", "name": "income"}], "reads 'income' as numeric, which"),
        (
            [{"type": "string", "name": "visits"}],
            "reads 'visits' as categorical, which",
        ),
        ([{"type": "binary", "name": "visits"}], "has visits of binary; every input"),
        ([{"type": "double"}], "its signature has"),
        (["x"], "its signature has  of ;"),
        ([], "it has no signature"),
        ({"a": 1}, "this is not the JSON that belongs there"),
        (
            [{"type": "double", "name": "visits"}, {"type": "double", "name": "age"}],
            "it cannot score rows (ValueError",
        ),
    ],
)
def test_a_signature_must_name_features_of_the_model(
    bench, fitted, tmp_path, inputs, sentence
):
    place = sklearn_model(tmp_path / "m", fitted, inputs=inputs)
    with pytest.raises(errors.InputError) as caught:
        exchange.receive(bench, "leads", place)
    assert sentence in str(caught.value)


def test_what_gives_no_probability_of_outcome_1_is_refused(bench, rows, tmp_path):
    from sklearn.linear_model import LinearRegression, LogisticRegression

    columns, labels = rows[["visits"]], np.where(rows["outcome"] == 1, "yes", "no")
    strange = LogisticRegression().fit(columns, labels)
    place = sklearn_model(tmp_path / "words", strange)
    with pytest.raises(errors.InputError, match="cannot score rows"):
        exchange.receive(bench, "leads", place)
    line = LinearRegression().fit(columns, 9 * rows["outcome"] + 9)
    with pytest.raises(errors.InputError, match="its scores are no probabilities"):
        exchange.receive(bench, "leads", sklearn_model(tmp_path / "line", line))
    with pytest.raises(errors.ArtefactError, match="not trusted"):
        exchange.receive(bench, "leads", sklearn_model(tmp_path / "odd", Odd()))


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"sha256": "0" * 64}, "it is not the model that version.json tells of"),
        ({"threshold": 7}, "threshold is 7; it must lie between 0 and 1"),
        ({"numeric": "visits"}, "numeric is no list of names"),
        ({"prepared": {"numeric": 3}}, "numeric is no list of names"),
        ({"recipe_sha256": "../../x"}, "is not kept here"),
        ({"numeric": ["age"]}, "it cannot score rows"),
    ],
)
def test_an_export_that_was_altered_is_refused(
    bench, rows, tmp_path, monkeypatch, told, sentence
):
    version = born(bench, rows, "mine")
    made = staged(bench, version.number, tmp_path / "out", monkeypatch)
    path = made / "artifacts" / "version" / "version.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **told}))
    with pytest.raises(errors.LifecycleError) as caught:
        exchange.receive(bench, "leads", made)
    assert sentence in str(caught.value)
    assert len(bench.registry.versions("leads")) == 1


# -- with MLflow itself ----------------------------------------------------------------

LOADS = """
import json, sys
sys.modules["lifecycle"] = None  # no workbench there
import mlflow, pandas
model = mlflow.pyfunc.load_model(sys.argv[1])
rows = pandas.read_json(sys.argv[2], orient="split", dtype={"plan": str})
rows["plan"] = rows["plan"].where(rows["plan"].notna(), None)
told = model.predict(rows)
inputs = [each.to_dict() for each in model.metadata.signature.inputs]
scores = told["score"].tolist(), told["prediction"].tolist()
print(json.dumps([*scores, model.metadata.metadata, inputs]))
"""


def test_mlflow_itself_opens_an_export_without_the_workbench_and_without_a_pickle(
    bench, rows, tmp_path
):
    pytest.importorskip("mlflow", reason="MLflow is not installed: the extra `mlflow`")
    version = born(bench, rows, "boosted_trees")
    made = exchange.export(bench, "leads", version.number, tmp_path / "out")
    assert not [each for each in made.rglob("*") if each.suffix == ".pkl"]
    frame = STRANGE[["visits", "plan"]].iloc[[0, 1, 3, 4]]
    frame.to_json(tmp_path / "rows.json", orient="split")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADS, made, tmp_path / "rows.json"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    score, prediction, metadata, inputs = json.loads(done.stdout.splitlines()[-1])
    here = serving.scorer(bench, "leads", version)(frame)
    np.testing.assert_array_equal(score, here)
    np.testing.assert_array_equal(prediction, here >= 0.4)
    assert metadata == {
        "lifecycle": {"model": "leads", "version": 1, "sha256": version.sha256}
    }
    assert {each["name"]: each["type"] for each in inputs} == {
        "visits": "double",
        "plan": "string",
    }
    digest = hashlib.sha256(
        (made / "artifacts" / "version" / "model.skops").read_bytes()
    ).hexdigest()
    assert digest == version.sha256
    again = exchange.receive(bench, "leads", made, as_of=AT)
    np.testing.assert_array_equal(serving.scorer(bench, "leads", again)(frame), here)

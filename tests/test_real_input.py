"""The main job on data nobody here made: a bank's marketing calls, from outside only.

Settings, a recipe file, CSV files and the command line; nothing else of the package.
What comes out is held against a plain scikit-learn computation.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import pandas as pd

DATA = (
    Path(
        os.environ.get("LIFECYCLE_REAL_DATA")
        or Path(__file__).parents[2] / "shared" / "data"
    )
    / "bank_marketing"
    / "events.parquet"
)

pytestmark = [
    pytest.mark.notebook,
    pytest.mark.skipif(
        not DATA.exists(),
        reason="bank_marketing is not beside the checkout (set LIFECYCLE_REAL_DATA)",
    ),
]

NUMERIC = [
    "age",
    "campaign",
    "pdays",
    "previous",
    "emp.var.rate",
    "cons.price.idx",
    "cons.conf.idx",
    "euribor3m",
    "nr.employed",
]
CATEGORICAL = [
    "job",
    "marital",
    "education",
    "default",
    "housing",
    "loan",
    "contact",
    "month",
    "day_of_week",
    "poutcome",
]
TRAINED_TO = "2008-08-01"
FLOOR = 0.70
MIN_ROWS = 30
MOST = 600  # rows of a month: of a larger one every second, third, ...

SETTINGS = f"""
[workspace]
title = "A bank's calls"
timezone = "Europe/Lisbon"
currency = "EUR"

[models.calls]
owner = "Ana Silva <ana@bank.example>"
task = "binary"
id = "call"
time = "called at"
outcome = "subscribed"
outcome_time = "known at"
label_delay_days = 7
chunk = "month"
recipe = "plain"
rebuild = ["boosted_trees"]

[models.calls.features]
numeric = {json.dumps(NUMERIC)}
categorical = {json.dumps(CATEGORICAL)}

[models.calls.reference]
start = 2008-05-01
end = {TRAINED_TO}

[models.calls.alerts]
accuracy_below = {FLOOR}
min_rows = {MIN_ROWS}

[models.calls.costs]
false_positive = 2
false_negative = 12
retrain = 500
rebuild = 20000

[models.calls.schedule]
on_alert = false
"""

RECIPE = '''
"""Scaled logistic regression, as a user would write it."""

from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def estimator(numeric, categorical, seed):
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), list(numeric)),
            ("words", OneHotEncoder(handle_unknown="ignore"), list(categorical)),
        ]
    )
    return make_pipeline(columns, LogisticRegression(max_iter=1000, random_state=seed))
'''


def cli(desk: Path, *words: object) -> str:
    """The command line in a process of its own, somewhere inside the workspace."""
    return _said(desk / "recipes", "-m", "lifecycle", *map(str, words))


def clis(desk: Path, *commands: tuple[object, ...]) -> list[str]:
    """What commands say, one after the other in one process: to start it takes long."""
    told = json.dumps([[str(word) for word in words] for words in commands])
    ended = [json.loads(line) for line in _said(desk, "-c", CALLS, told).splitlines()]
    failed = [each for each, (code, _) in zip(commands, ended, strict=True) if code]
    assert failed == []
    return [said for _, said in ended]


def _said(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


CALLS = """
import io, json, sys
from contextlib import redirect_stdout
from lifecycle.cli import application

app = application()
for words in json.loads(sys.argv[1]):
    said = io.StringIO()
    with redirect_stdout(said):
        code = app(words, standalone_mode=False)
    print(json.dumps([code, said.getvalue()]))
"""


@pytest.fixture(scope="module")
def calls() -> pd.DataFrame:
    """The bank's rows under a user's column names, times without a zone."""
    import pandas as pd

    rows = pd.read_parquet(DATA)
    rows = rows.rename(
        columns={"id": "call", "time": "called at", "outcome": "subscribed"}
    )
    rows["known at"] = rows["called at"] + pd.Timedelta(days=3)
    months = rows.groupby(rows["called at"].dt.strftime("%Y-%m"))
    rows = pd.concat([month.iloc[:: -(-len(month) // MOST)] for _, month in months])
    return rows[["call", "called at", *NUMERIC, *CATEGORICAL, "subscribed", "known at"]]


@pytest.fixture(scope="module")
def plain(calls: pd.DataFrame) -> pd.DataFrame:
    """Month, n, base rate and accuracy, by scikit-learn and pandas alone."""
    from sklearn.metrics import accuracy_score

    scope: dict[str, object] = {}
    exec(RECIPE, scope)  # the user's own file, outside the workbench
    model = scope["estimator"](NUMERIC, CATEGORICAL, 0)  # type: ignore[operator]
    old = calls["called at"] < TRAINED_TO
    model.fit(calls[old], calls.loc[old, "subscribed"])
    later = calls[~old]
    table = later.assign(
        month=later["called at"].dt.strftime("%Y-%m"),
        predicted=(model.predict_proba(later)[:, 1] >= 0.5).astype(int),
    )
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "month": month,
                "n": len(rows),
                "base_rate": rows["subscribed"].mean(),
                "accuracy": accuracy_score(rows["subscribed"], rows["predicted"]),
            }
            for month, rows in table.groupby("month")
        ]
    ).set_index("month")


@pytest.fixture(scope="module")
def desk(calls: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace as the README tells a user to make one, the first model live."""
    desk = tmp_path_factory.mktemp("bank") / "my models"
    _said(desk.parent, "-m", "lifecycle", "init", str(desk))
    (desk / "lifecycle.toml").write_text(SETTINGS)
    (desk / "recipes" / "plain.py").write_text(RECIPE)
    history = desk / "history.csv"
    calls[calls["called at"] < TRAINED_TO].to_csv(history, index=False)
    at = ("--as-of", "2008-08-08")
    *_, asked = clis(
        desk,
        ("ingest", "calls", "predictions", history),
        ("ingest", "calls", "outcomes", history),
        ("train", "calls", *at),
        ("propose", "calls", 1, "--reason", "the first version", *at),
    )
    words = ("approve", "calls", "--reason", "go", "--as", "Ana Silva")
    cli(desk, *words, "--digest", asked.split()[-1], *at)
    return desk


@pytest.fixture(scope="module")
def replayed(desk: Path, calls: pd.DataFrame) -> dict[str, bool]:
    """Month by month: scored, outcomes taken in, the clock ticks; alert open or not."""
    import pandas as pd

    later = calls[calls["called at"] >= TRAINED_TO]
    months = later["called at"].dt.strftime("%Y-%m")
    files = desk / "files"
    files.mkdir()
    commands: list[tuple[object, ...]] = []
    for month, rows in later.groupby(months):
        file = files / f"{month}.csv"
        rows.to_csv(file, index=False)
        due = (pd.Period(month) + 1).start_time + pd.Timedelta(days=8)
        at = ("--as-of", due.isoformat())
        commands += [("score", "calls", file), ("ingest", "calls", "outcomes", file)]
        commands += [("due", *at), ("status", "--json", *at)]
    status = [json.loads(said) for said in clis(desk, *commands)[3::4]]
    rules = [{alert["rule"] for alert in models[0]["alerts"]} for models in status]
    found = zip(sorted(set(months)), rules, strict=True)
    return {month: "accuracy" in alerted for month, alerted in found}


def test_the_accuracy_alert_fires_in_the_months_scikit_learn_says_so(
    replayed: dict[str, bool], plain: pd.DataFrame
) -> None:
    open_ = False
    for month, row in plain.iterrows():
        if row["n"] >= MIN_ROWS:
            open_ = row["accuracy"] < FLOOR
        assert replayed[str(month)] == open_, (month, dict(row))
    assert sum(replayed.values()) > 5
    assert not replayed["2008-08"]


def test_the_base_rate_rises_from_one_in_twenty_to_nearly_one_in_two(
    plain: pd.DataFrame,
) -> None:
    assert plain.loc["2008-08", "base_rate"] < 0.06
    assert plain.loc["2010-03":, "base_rate"].min() > 0.44


@pytest.fixture(scope="module")
def pages(desk: Path, replayed: dict[str, bool]) -> dict[str, dict[str, object]]:
    """The four notebooks at the end of the replay, by the command line."""
    found, at = {}, ("--as-of", "2010-12-09T06:00:00Z")
    names = ("audit", "drift", "decide", "promote")
    clis(desk, *(("run", page, "calls", *at) for page in names))
    for page in names:
        folder = desk / "reports" / "calls" / "2010-12-09T060000Z"
        assert (folder / f"{page}.html").read_text().startswith("<!doctype html>")
        assert (folder / f"{page}.ipynb").exists()
        found[page] = json.loads((folder / f"{page}.json").read_text())
    return found


def test_the_audit_says_month_by_month_what_scikit_learn_says(
    pages: dict[str, dict[str, object]], plain: pd.DataFrame
) -> None:
    said = {
        row["period"]: row
        for row in pages["audit"]["rows"]  # type: ignore[attr-defined]
        if (row["question"], row["measure"]) == ("Performance", "accuracy")
    }
    assert set(said) == set(plain.index)
    for month, row in plain.iterrows():
        assert said[month]["n"] == row["n"]
        assert said[month]["value"] == pytest.approx(row["accuracy"], abs=1e-9)
        if row["n"] >= MIN_ROWS:
            alert = row["accuracy"] < FLOOR
            assert said[month]["verdict"] == ("alert" if alert else "quiet")
        else:
            assert said[month]["verdict"] == "undefined"


def test_the_drift_page_names_the_indices_of_the_crisis(
    pages: dict[str, dict[str, object]],
) -> None:
    rows = pages["drift"]["rows"]
    newest = max(row["period"] for row in rows)  # type: ignore[attr-defined]
    now = {
        row["subject"]: row
        for row in rows  # type: ignore[attr-defined]
        if (row["question"], row["period"]) == ("Drift by chunk", newest)
        and row["measure"] == "ks"
    }
    # all three have left the range of the first months; the two that stood still then
    # taught the model nothing, so they are measured and wake nobody
    for name in ("euribor3m", "nr.employed", "emp.var.rate"):
        assert now[name]["value"] > 0.9
    assert now["euribor3m"]["verdict"] == "alert"
    assert "measured" in str(pages["drift"]["summary"])
    assert pages["drift"]["verdict"] == "alert"


def test_the_ruling_is_one_of_the_four_and_carries_money(
    pages: dict[str, dict[str, object]],
) -> None:
    facts = pages["decide"]["facts"]
    assert facts["action"] in {"keep", "retrain", "rebuild", "roll_back"}  # type: ignore[index]
    units = {row["unit"] for row in pages["decide"]["rows"]}  # type: ignore[attr-defined]
    assert "EUR" in units


def test_the_index_lists_the_model_with_its_four_reports(
    desk: Path, pages: dict[str, dict[str, object]]
) -> None:
    index = (desk / "reports" / "index.html").read_text()
    for page in pages:
        assert f"{page}.html" in index
    assert "Ana Silva" in index


def test_the_same_file_twice_changes_nothing(
    desk: Path, pages: dict[str, dict[str, object]]
) -> None:
    said = cli(desk, "ingest", "calls", "outcomes", desk / "files" / "2010-10.csv")
    assert "0 new" in said

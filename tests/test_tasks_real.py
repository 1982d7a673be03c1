"""The intents of a bank's customers: what a plain computation outside says, too."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import lifecycle
from lifecycle.workspace import saying, worded

DATA = (
    Path(
        os.environ.get("LIFECYCLE_REAL_DATA")
        or Path(__file__).parents[2] / "shared" / "data"
    )
    / "support_intents"
    / "events.parquet"
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not DATA.exists(),
        reason="support_intents is not beside the checkout (set LIFECYCLE_REAL_DATA)",
    ),
]
SETTINGS = """
[models.bot]
owner = "Bea <bea@bank.example>"
task = "multiclass"
id = "id"
time = "time"
outcome = "outcome"
outcome_time = "known"
label_delay_days = 2
[models.bot.features]
text = ["text"]
[models.bot.reference]
start = 2020-01-01
end = 2020-01-25
[models.bot.release]
spans = [4]
"""
LIVE = datetime(2020, 1, 29, tzinfo=UTC)
END = datetime(2020, 4, 6, tzinfo=UTC)
WEEK = timedelta(weeks=1)


@pytest.fixture(scope="module")
def rows():
    found = pd.read_parquet(DATA)
    found["time"] = found["time"].dt.tz_localize("UTC").astype("datetime64[us, UTC]")
    found["known"] = found["time"] + timedelta(days=1)
    return found.assign(id="m" + found["id"].astype(str))


@pytest.fixture(scope="module")
def work(tmp_path_factory, rows):
    place = tmp_path_factory.mktemp("intents")
    (place / "lifecycle.toml").write_text(SETTINGS)
    work = lifecycle.open(place)
    told = ["id", "time", "text"]
    work.ingest("bot", "predictions", rows[rows["time"] < LIVE][told], as_of=LIVE)
    truth = rows[["id", "known", "outcome"]].rename(columns={"known": "time"})
    work.ingest("bot", "outcomes", truth, as_of=END)
    made = work.train("bot", as_of=LIVE, by="Bea")
    asked = work.propose(
        "bot", made.number, reason="first", target="production", as_of=LIVE, by="Bea"
    )
    work.approve("bot", asked.id, reason="first", as_of=LIVE, by="Bea")
    work.score("bot", rows[rows["time"] >= LIVE][told], as_of=END)
    return work


def plain(learnt, new):
    """The share named right by a pipeline that knows nothing of the house."""
    model = make_pipeline(
        TfidfVectorizer(min_df=2, sublinear_tf=True),
        LogisticRegression(C=10.0, max_iter=1000),
    ).fit(learnt["text"], learnt["outcome"])
    return (model.predict(new["text"]) == new["outcome"]).mean()


def test_a_static_model_of_intents_falls_as_a_plain_computation_says(work, rows):
    view = work.view("bot", END)
    learnt = rows[rows["time"] < datetime(2020, 1, 25, tzinfo=UTC)]
    told = {r.period: r for r in view.performance().only(measure="accuracy")}
    for period, begin in (("2020-W06", "2020-02-03"), ("2020-W13", "2020-03-23")):
        start = pd.Timestamp(begin, tz="UTC")
        new = rows[(rows["time"] >= start) & (rows["time"] < start + WEEK)]
        assert told[period].n == len(new)
        assert told[period].value == pytest.approx(plain(learnt, new), abs=0.01)
    assert told["2020-W13"].value < 0.40
    assert told["2020-W13"].verdict == "alert"


def test_every_new_intent_is_named_within_two_weeks_of_its_arrival(work, rows):
    first = rows.groupby("outcome")["time"].min()
    taught = set(work.registry.version("bot", 1).birth["classes"])
    new = first[~first.index.isin(taught)]
    assert len(new) > 20
    late, early = [], []
    for name, came in new.items():
        if came + 2 * WEEK > END:
            continue
        (then,) = worded.arrived(work.view("bot", came.to_pydatetime() + 2 * WEEK))
        late += [] if name in then.drifted else [name]
        before = worded.arrived(work.view("bot", came.to_pydatetime()))
        early += [name for each in before if name in each.drifted]
    assert late == []
    assert early == []


def test_a_retrained_version_is_as_good_as_a_plain_one_of_the_same_rows(work, rows):
    at = datetime(2020, 3, 18, tzinfo=UTC)
    made = work.train("bot", as_of=at, span=4, by="Bea")
    assert made.trained_from is not None
    learnt = rows[
        (rows["time"] >= made.trained_from) & (rows["time"] <= made.trained_to)
    ]
    assert len(learnt) == made.birth["rows"]
    view = work.view("bot", END)
    new = view.mature[view.mature["time"] >= at]
    said = {
        number: saying.said(view, work.registry.version("bot", number), new)[1]
        for number in (1, made.number)
    }
    right = {each: (guess == new["outcome"]).mean() for each, guess in said.items()}
    assert right[made.number] == pytest.approx(plain(learnt, new), abs=0.01)
    assert right[made.number] > right[1] + 0.2

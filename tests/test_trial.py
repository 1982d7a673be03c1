"""The trial of a workspace: read from its log, and what is done about what it says."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lifecycle
from lifecycle import alerts, errors, experiment, promotion, recipes, training
from lifecycle.workspace import Workspace, comparing, trial

NAME = "leads"
NAMES = {"numeric": ["visits"], "categorical": ["plan"]}
START = datetime(2024, 1, 1, tzinfo=UTC)
LIVE = datetime(2024, 1, 22, tzinfo=UTC)
BEGAN = datetime(2024, 3, 4, tzinfo=UTC)
WEEK = timedelta(weeks=1)
SETTINGS = """\
[models.leads]
owner = "Ana Silva <ana@example.org>"
task = "binary"
id = "lead"
time = "at"
outcome = "won"
label_delay_days = 14
recipe = "scaled_logistic"

[models.leads.features]
numeric = ["visits"]
categorical = ["plan"]

[models.leads.kpis.calls]
event = "called"
within_days = 7

[models.leads.kpis.sales]
event = "order"
measure = "mean"
within_days = 7
unit = "EUR"

[models.leads.kpis.takings]
event = "order"
measure = "sum"
within_days = 7
unit = "EUR"

[models.leads.trial]
minimal_effect = 0.05
"""


def drawn(weeks: int, seed: int = 0) -> pd.DataFrame:
    """Leads whose visits tell whether they are won."""
    rng = np.random.default_rng(seed)
    n = 200 * weeks
    visits = rng.poisson(5, n).astype(float)
    times = pd.Timestamp(START) + pd.to_timedelta(np.arange(n) * 7 / 200, unit="D")
    return pd.DataFrame(
        {
            "id": [f"lead {k:05d}" for k in range(n)],
            "time": times.floor("us").astype("datetime64[us, UTC]"),
            "visits": visits,
            "plan": rng.choice(["a", "b"], n),
            "outcome": (visits + rng.normal(0, 1.5, n) > 5).astype(float),
        }
    )


def version(ws: Workspace, rows: pd.DataFrame) -> int:
    made = training.train(rows, recipes.load("scaled_logistic"), seed=1, **NAMES)
    return ws.registry.register(
        NAME,
        recipe="scaled_logistic",
        estimator=made.estimator,
        birth={
            **made.birth,
            "features": NAMES,
            "trained_from": START,
            "trained_to": LIVE,
        },
        author="ana",
        at=LIVE,
    ).number


def live(ws: Workspace, number: int, at: datetime, share: float | None = None) -> None:
    target = "production" if share is None else "experimental"
    asked = promotion.propose(
        ws.registry,
        NAME,
        number,
        target=target,
        share=share or 0.1,
        author="ana",
        reason="try it",
        evidence={"passed": True},
        at=at,
    )
    promotion.approve(ws.registry, NAME, asked.id, approver="dana", reason="go", at=at)


Made = Callable[..., Workspace]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Workspaces as they were built, once for each kind of trial."""
    built: dict[tuple[bool, int], Path] = {}

    def build(*, better: bool, weeks: int) -> Path:
        if (better, weeks) not in built:
            place = tmp_path_factory.mktemp("trial")
            _fill(place, better=better, weeks=weeks)
            built[better, weeks] = place
        return built[better, weeks]

    return build


def _fill(place: Path, *, better: bool, weeks: int) -> None:
    """A good version and a bad one, compared at a share of 30% for some weeks."""
    (place / "lifecycle.toml").write_text(SETTINGS)
    ws = lifecycle.open(place)
    rows = drawn(weeks)
    first = rows[rows["time"] < LIVE]
    noise = np.random.default_rng(1).permutation(first["outcome"])
    good, bad = first, first.assign(outcome=noise)
    for each in (bad, good) if better else (good, bad):
        version(ws, each)
    ws.ingest(NAME, "predictions", first.drop(columns="outcome"))
    live(ws, 1, LIVE)
    features = rows.drop(columns="outcome")
    before = features["time"] < BEGAN
    ws.score(NAME, features[before & (features["time"] >= LIVE)], as_of=LIVE)
    live(ws, 2, BEGAN, 0.3)
    ws.score(NAME, features[~before], as_of=BEGAN)
    truth = rows[["id"]].assign(time=rows["time"] + 2 * WEEK, outcome=rows["outcome"])
    ws.ingest(NAME, "outcomes", truth)


@pytest.fixture
def made(kept: Callable[..., Path], tmp_path: Path) -> Made:
    """A workspace of its own in which two versions are compared."""

    def make(*, better: bool = True, weeks: int = 16, settings: str = "") -> Workspace:
        place = tmp_path / "desk"
        shutil.copytree(kept(better=better, weeks=weeks), place)
        (place / "lifecycle.toml").write_text(SETTINGS + settings)
        return lifecycle.open(place)

    return make


def test_without_a_trial_there_is_no_reading(made: Made) -> None:
    ws = made()
    assert trial.reading(ws.view(NAME, BEGAN - WEEK)) is None
    assert trial.act(ws.view(NAME, BEGAN - WEEK)) is None


def test_rows_count_from_the_first_outcome_after_the_start(made: Made) -> None:
    ws = made()
    assert ws.view(NAME, BEGAN).trial().newest is None
    told = ws.view(NAME, BEGAN + WEEK).trial()
    assert told.paired
    assert told.newest.n == 200  # predicted before the start, due after it
    rows = ws.view(NAME, BEGAN + 3 * WEEK)
    late = rows.mature["time"] + 2 * WEEK > pd.Timestamp(BEGAN)
    assert rows.trial().newest.n == int(late.sum())


def test_an_outcome_that_is_not_due_is_no_failure(made: Made) -> None:
    ws = made(settings="paired = false\n")
    early = ws.view(NAME, BEGAN + timedelta(days=13)).trial()
    assert early.newest is None
    assert early.decision == "continue"
    told = ws.view(NAME, BEGAN + 4 * WEEK).trial()
    assert not told.paired
    served = ws.view(NAME, BEGAN + 4 * WEEK).scored
    served = served[served["time"].between(BEGAN, BEGAN + 2 * WEEK)]
    first = served.loc[served["role"] == "experimental", "time"].min()
    due = served[served["time"] >= first]
    assert told.newest.n == len(due)
    mine = due[due["role"] == "experimental"]
    right = (mine["prediction"] == mine["outcome"]).mean()
    assert told.newest.experimental == pytest.approx(right)


def test_a_better_version_is_proposed_once_with_its_numbers(made: Made) -> None:
    ws = made()
    now = BEGAN + 3 * WEEK
    told = ws.view(NAME, now).trial()
    assert told.decision == "stop: benefit"
    assert told.newest.lower > 0.05
    done = trial.act(ws.view(NAME, now))
    assert done == (
        "leads: version 2 did better in its trial; proposal 3 asks for production"
    )
    asked = promotion.pending(ws.registry, NAME)[0]
    assert (asked.number, asked.target) == (2, "production")
    assert asked.evidence["trial"]["compared"] == "pairs"
    assert asked.evidence["trial"]["lower"] == pytest.approx(
        told.newest.lower, abs=1e-6
    )
    assert trial.act(ws.view(NAME, now + WEEK)) is None
    promotion.reject(
        ws.registry, NAME, asked.id, approver="dana", reason="no", at=now + WEEK
    )
    assert trial.act(ws.view(NAME, now + 2 * WEEK)) is None


def test_a_trial_that_won_asks_on_the_terms_of_the_settings(made: Made) -> None:
    terms = "\n[models.leads.release]\napprovals = 2\ndecide_within_days = 3\n"
    ws, now = made(settings=terms), BEGAN + 3 * WEEK
    more = promotion.propose(
        ws.registry, NAME, 2, target="experimental", share=0.6, author="ana",
        reason="more", evidence={}, at=BEGAN + WEEK,
    )  # fmt: skip
    assert trial.act(ws.view(NAME, now)) is None  # that one is to be decided first
    promotion.reject(ws.registry, NAME, more.id, approver="b", reason="no", at=now)
    assert trial.act(ws.view(NAME, now)) is not None
    (asked,) = promotion.pending(ws.registry, NAME)
    assert (asked.target, asked.needed) == ("production", 2)
    assert asked.expires_at == now + timedelta(days=3)
    for who in ("dana", "ben"):
        assert ws.registry.roles(NAME)["production"].number == 1
        promotion.approve(
            ws.registry, NAME, asked.id, approver=who, reason="go", at=now
        )
    assert ws.registry.roles(NAME)["production"].number == 2


def test_a_worse_version_is_rolled_back_and_its_owner_told(made: Made) -> None:
    ws = made(better=False)
    now = BEGAN + 2 * WEEK
    assert ws.view(NAME, now).trial().decision == "stop: harm"
    done = trial.act(ws.view(NAME, now))
    assert done is not None
    assert done.startswith("leads: rolled back, version 2: accuracy −")
    assert "experimental" not in ws.registry.roles(NAME)
    entry = ws.registry.ledger(NAME)[-1]
    assert entry.evidence["trial"]["decision"] == "stop: harm"
    opened = alerts.open_alerts(ws.registry, NAME)
    assert [(each.rule, each.severity) for each in opened] == [("trial", "critical")]
    assert trial.act(ws.view(NAME, now + WEEK)) is None
    assert alerts.open_alerts(ws.registry, NAME) == []


def test_an_equal_version_ends_as_futile_and_blocks_nothing(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = made()
    same = comparing._right
    monkeypatch.setattr(
        comparing, "_right", lambda view, _, rows: same(view, view.production, rows)
    )
    done = trial.act(ws.view(NAME, BEGAN + 8 * WEEK))
    assert done is not None
    assert "even the optimistic end is below" in done
    assert "experimental" not in ws.registry.roles(NAME)
    assert [each.severity for each in alerts.open_alerts(ws.registry, NAME)] == ["info"]


def test_a_trial_without_keys_ends_at_its_planned_end(made: Made) -> None:
    ws = made(settings="paired = false\nweeks = 1.5\n")
    assert ws.view(NAME, BEGAN + WEEK).trial().decision == "continue"
    told = ws.view(NAME, BEGAN + 1.5 * WEEK).trial()
    assert told.decision == "stop: futility"
    assert "the planned end is there" in told.sentence


def test_lost_rows_make_the_arms_undefined_and_are_an_alert(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = made(settings="paired = false\n")
    whole = comparing.served

    def lossy(*told):
        rows = whole(*told)
        lost = rows["experimental"] & (np.arange(len(rows)) % 2 == 0)
        return rows[~lost].reset_index(drop=True)

    monkeypatch.setattr(comparing, "served", lossy)
    now = BEGAN + 6 * WEEK
    told = ws.view(NAME, now).trial()
    assert told.decision == "undefined: sample ratio"
    assert trial.act(ws.view(NAME, now)) is None
    assert "experimental" in ws.registry.roles(NAME)
    opened = alerts.open_alerts(ws.registry, NAME)
    assert [each.rule for each in opened] == ["trial"]
    assert "not dealt by the shares" in opened[0].sentence


def test_rows_around_a_change_of_the_share_are_left_out(made: Made) -> None:
    ws = made(settings="paired = false\n")
    view = ws.view(NAME, BEGAN + 3 * WEEK)
    one, champion = view.experimental, view.production
    whole = comparing.served(view, one, champion)
    promotion.widen(
        ws.registry, NAME, share=0.5, actor="ana", reason="more", at=BEGAN + 2 * WEEK
    )
    fresh = ws.view(NAME, BEGAN + 3 * WEEK)
    rows = comparing.served(fresh, one, champion)
    moved = pd.Timestamp(BEGAN + 2 * WEEK)
    assert ((rows["time"] - moved).abs() > timedelta(days=1)).all()
    assert set(rows.loc[rows["time"] < moved, "share"]) == {0.3}
    assert set(rows.loc[rows["time"] > moved, "share"]) == {0.5}
    assert len(rows) < len(whole)


def test_the_plan_says_how_long_and_how_much_sooner_pairs_are(made: Made) -> None:
    ws = made()
    view = ws.view(NAME, BEGAN + WEEK)
    told = trial.plan(view, effect=0.05, share=0.1)
    arms, pairs = told.ways
    assert told.metric.usual == pytest.approx(0.5, abs=0.1)
    assert told.rows_per_week == pytest.approx(200, rel=0.1)
    assert told.in_weeks(pairs, pairs.median) < told.in_weeks(arms, arms.median) / 4
    assert told.delay_weeks == 2
    with pytest.raises(errors.BadParameters, match="within 0 and 1, got -1"):
        trial.plan(view, effect=-1.0)
    with pytest.raises(errors.BadParameters, match="within 0 and 1, got 3"):
        trial.plan(view, share=3.0)


def test_the_plan_goes_by_the_shadow_and_says_where_pairs_are_not_known(
    made: Made,
) -> None:
    ws = made()
    promotion.roll_back(ws.registry, NAME, actor="ana", reason="r", at=BEGAN)
    alone = trial.plan(ws.view(NAME, BEGAN + WEEK))
    assert [way.name for way in alone.ways] == ["arms"]
    assert "how many is known once there is a second version" in alone.sentence
    promotion.shadow(ws.registry, NAME, 2, actor="ana", reason="r", at=BEGAN)
    told = trial.plan(ws.view(NAME, BEGAN + WEEK))
    assert [way.name for way in told.ways] == ["arms", "pairs"]
    assert "as both versions score the same keys" in told.sentence
    never = trial.plan(ws.view(NAME, BEGAN + WEEK), effect=0.0002)
    assert "takes more than ten years where half" in never.sentence


def test_a_plan_before_the_first_outcome_is_one_sentence(made: Made) -> None:
    ws = made()
    with pytest.raises(errors.NotEnoughData, match="no version in production"):
        trial.plan(ws.view(NAME, START))


def test_the_terminal_tells_the_reading_and_the_plan(made: Made, terminal) -> None:
    ws = made()
    asked = ("-w", ws.directory, "trial", NAME, "--as-of")
    code, out, _ = terminal(*asked, (BEGAN + 3 * WEEK).isoformat())
    assert code == 0
    assert "stop: benefit" in out
    assert "2024-W10" in out
    code, out, _ = terminal(*asked, (BEGAN + 3 * WEEK).isoformat(), "--json")
    assert '"decision": "stop: benefit"' in out
    plan = ("--plan", "--effect", "0.05")
    code, out, _ = terminal(*asked, (BEGAN + 3 * WEEK).isoformat(), *plan)
    assert "fixed end, one look" in out
    code, out, _ = terminal(*asked, (BEGAN - WEEK).isoformat())
    assert (code, out) == (0, "nothing of leads is on trial\n")
    code, _, err = terminal(*asked, BEGAN.isoformat(), "--effect", "0.1")
    assert code == 30
    assert "--effect" in err


def test_settings_that_name_no_kpi_or_people_are_refused(tmp_path: Path) -> None:
    (tmp_path / "lifecycle.toml").write_text(SETTINGS + 'metric = "clicks"\n')
    with pytest.raises(errors.SettingsError, match="neither 'accuracy' nor a KPI"):
        lifecycle.open(tmp_path)
    people = SETTINGS.replace("within_days = 7\n\n", 'person = "plan"\n\n', 1)
    (tmp_path / "lifecycle.toml").write_text(people + 'metric = "calls"\n')
    with pytest.raises(errors.SettingsError, match="'calls' counts people"):
        lifecycle.open(tmp_path)


def test_a_reading_is_an_experiment_reading(made: Made) -> None:
    told = made().view(NAME, BEGAN + 2 * WEEK).trial()
    assert isinstance(told, experiment.Reading)
    assert told.title == "Trial of version 2 against version 1"

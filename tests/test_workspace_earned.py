"""What acting has earned, and with which certainty an action must pay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lifecycle import config, decision, errors, tasks
from lifecycle.workspace import advice, earned, pricing, shadows
from lifecycle.workspace.view import View

START = datetime(2024, 1, 1, tzinfo=UTC)
WEEK = timedelta(weeks=1)


def settings(**more: Any) -> config.Model:
    return config.Model(
        owner="Ana",
        task="binary",
        id="id",
        time="time",
        outcome="outcome",
        label_delay_days=7,
        features=config.Features(numeric=("a",)),
        costs=config.Costs(
            false_positive=5, false_negative=20, retrain=100, rebuild=900, roll_back=7
        ),
        **more,
    )


def move(week: int, before: dict[str, int], after: dict[str, int]) -> SimpleNamespace:
    return SimpleNamespace(at=START + week * WEEK, before=before, after=after)


def view(ledger: list[SimpleNamespace], recipes: dict[int, str], **more: Any) -> Any:
    """Four rows a week for two weeks: what served was right, the first wrong by one."""
    rows = pd.DataFrame(
        {
            "time": [START + timedelta(days=1 + day) for day in range(8)],
            "outcome": [1.0, 0.0, 1.0, 0.0] * 2,
            "prediction": [1.0, 0.0, 1.0, 0.0] * 2,
        }
    )
    book = SimpleNamespace(
        ledger=lambda name: ledger,
        version=lambda name, n: SimpleNamespace(
            number=n, threshold=0.5, recipe=recipes[n]
        ),
    )
    told = {"mature": rows, "settings": settings(), "as_of": START + 9 * WEEK}
    told["task"] = tasks.of("binary")
    return SimpleNamespace(registry=book, name="m", workspace=None, **{**told, **more})


@pytest.fixture(autouse=True)
def _first_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first version says no to everybody."""
    monkeypatch.setattr(shadows, "scores", lambda *told: np.zeros(len(told[-1])))


FIRST = move(0, {}, {"production": 1})
SECOND = move(1, {"production": 1}, {"production": 2, "previous": 1})


def test_what_was_earned_is_the_first_bill_less_the_bill_and_the_prices() -> None:
    # the first misses four deals of 20 each, what served misses none
    found = earned.balance(view([FIRST], {1: "trees"}))
    assert found == pytest.approx(80 + 0.01 * 80)
    found = earned.balance(view([FIRST, SECOND], {1: "trees", 2: "trees"}))
    assert found == pytest.approx(80 - 100 + 0.01 * 80)
    found = earned.balance(view([FIRST, SECOND], {1: "trees", 2: "logistic"}))
    assert found == pytest.approx(80 - 900 + 0.01 * 80)
    assert earned.first(view([FIRST, SECOND], {})) == 1


def test_a_way_back_and_a_trial_pay_their_own_prices_once() -> None:
    trial = move(2, {"production": 2}, {"production": 2, "experimental": 3})
    won = move(
        3, {"production": 2, "experimental": 3}, {"production": 3, "previous": 2}
    )
    back = move(4, {"production": 3, "previous": 2}, {"production": 2})
    recipes = {1: "trees", 2: "boosted_trees", 3: "recalibrated"}
    ledger = [FIRST, SECOND, trial, won, back]
    found = earned.balance(view(ledger, recipes))
    # version 2 is of the model's own recipe, 3 only maps its scores
    assert found == pytest.approx(80 - 100 - 20 - 7 + 0.01 * 80)
    early = earned.balance(view(ledger, recipes, as_of=START + 2.5 * WEEK))
    assert early == pytest.approx(80 - 100 - 20 + 0.01 * 80)


def test_where_nothing_served_or_the_first_is_gone_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert earned.balance(view([], {})) is None
    assert earned.first(view([], {})) is None
    never = view([FIRST], {1: "trees"})
    never.mature["prediction"] = np.nan
    assert earned.balance(never) is None

    def gone(*_: Any) -> Any:
        raise errors.ArtefactError("the artefact is missing")

    monkeypatch.setattr(shadows, "scores", gone)
    assert earned.balance(view([FIRST], {1: "trees"})) is None


@pytest.mark.parametrize(
    ("asked", "needed", "unearned"), [(0.95, 0.95, 0.99), (0.8, 0.8, 0.99)]
)
def test_the_settings_say_how_certain_an_action_must_be(
    asked: float, needed: float, unearned: float
) -> None:
    told = settings(renewal=config.Renewal(certainty=asked))
    policy = pricing.policy(SimpleNamespace(settings=told))
    assert (policy.probability, policy.unearned_probability) == (needed, unearned)
    assert policy.tau == decision.Policy().tau


def test_who_asks_for_more_than_the_usual_before_acting_has_paid_gets_it() -> None:
    told = settings(renewal=config.Renewal(certainty=0.999))
    policy = pricing.policy(SimpleNamespace(settings=told))
    assert policy.unearned_probability == 0.999


def test_a_proposal_that_another_release_has_overtaken_waits_for_no_approval() -> None:
    asked = SimpleNamespace(
        id=4, number=2, against=1, created_at=START, status="pending", digest="d" * 64
    )
    book = SimpleNamespace(
        proposals=lambda name, status=None: [asked], alerts=lambda *a, **k: []
    )

    def at(number: int | None) -> Any:
        production = None if number is None else SimpleNamespace(number=number)
        return SimpleNamespace(
            registry=book,
            name="m",
            as_of=START + WEEK,
            settings=settings(),
            production=production,
        )

    (now,) = advice.todo(at(1), [])
    told = (
        "Decide on proposal 4, version 2: `lifecycle approve m 4 --digest dddddddddddd`"
    )
    assert now.what.startswith(told)
    (over,) = advice.todo(at(3), [])
    assert "`lifecycle reject m 4`" in over.what
    assert "approve" not in over.what
    assert View.proposal(at(1)) is asked
    assert View.proposal(at(3)) is None

"""What became of each ruling, read from a real book: decided, waiting, refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import lifecycle
from lifecycle import promotion
from lifecycle.workspace import Workspace
from tests.calls import CALM, RETRAIN, TURNED, WEEK, changed, renew
from tests.calls import desk as desk
from tests.calls import told as told

WORTH = {"value": 100.0, "lower": 50.0, "upper": 150.0, "horizon_weeks": 26}
PROMISED = {**RETRAIN, **WORTH}
HOUR = timedelta(hours=1)


def states(ws: Workspace, at: Any) -> list[str]:
    return [each.state for each in ws.view("calls", at).promises().promises]


def test_a_proposal_waits_until_the_moment_it_is_approved(desk: Path) -> None:
    ws = lifecycle.open(desk)
    done = renew(ws, PROMISED)
    after = TURNED + 2 * HOUR
    assert states(ws, after) == ["not carried out: waits for approval"]
    ws.approve("calls", done.proposal, reason="go", by="Dana Weber", as_of=after)
    assert states(ws, TURNED + HOUR) == ["not carried out: waits for approval"]
    assert states(ws, after) == ["nothing has come yet"]


def test_a_proposal_that_was_rejected_or_overtaken_says_so(desk: Path) -> None:
    ws = lifecycle.open(desk)
    renew(ws, PROMISED)
    again = renew(ws, PROMISED, as_of=TURNED + HOUR)  # withdraws the first
    after = TURNED + 2 * HOUR
    assert states(ws, after) == [
        "not carried out: withdrawn",
        "not carried out: waits for approval",
    ]
    ws.reject("calls", again.proposal, reason="no", by="Dana Weber", as_of=after)
    assert states(ws, after) == [
        "not carried out: withdrawn",
        "not carried out: rejected",
    ]


def test_a_version_that_was_only_tried_is_not_yet_carried_out(desk: Path) -> None:
    ws = lifecycle.open(desk)
    done = renew(ws, PROMISED)
    ws.approve(
        *("calls", done.proposal),
        reason="try it",
        by="Dana Weber",
        target="experimental",
        as_of=TURNED + HOUR,
    )
    assert states(ws, TURNED + HOUR) == ["not carried out: approved"]
    promotion.widen(
        *(ws.registry, "calls"),
        actor="Dana Weber",
        reason="better",
        at=TURNED + 2 * HOUR,
    )
    assert states(ws, TURNED + 2 * HOUR) == ["nothing has come yet"]


@pytest.mark.parametrize(
    ("facts", "as_of", "settings", "state"),
    [
        ({"action": "keep", "value": 0.0}, TURNED, "", "kept; nothing to compare"),
        (
            {"action": "fix_data", "sentence": "Mend it."},
            *(TURNED, "", "data to be mended; nothing to compare"),
        ),
        (PROMISED, CALM, "", "not carried out: failed the gate"),
        (
            PROMISED,
            TURNED,
            "[models.calls.release]\nautomatic = false\n",
            "not carried out: left to a person",
        ),
        (
            {**PROMISED, "action": "rebuild", "recipe": "nonesuch"},
            *(TURNED, "", "not carried out: failed"),
        ),
    ],
    ids=["kept", "data", "gate", "person", "failed"],
)
def test_how_a_renewal_ended_is_told_in_a_word(
    desk: Path, facts: dict[str, Any], as_of: Any, settings: str, state: str
) -> None:
    ws = changed(desk, settings)
    renew(ws, facts, as_of=as_of)
    assert states(ws, TURNED + HOUR) == [state]


def test_what_came_is_counted_from_the_day_it_went_live(desk: Path) -> None:
    ws = lifecycle.open(desk)
    early = TURNED - WEEK
    done = renew(ws, PROMISED, as_of=early)
    assert done.outcome == "proposed"
    ws.approve("calls", done.proposal, reason="go", by="Dana Weber", as_of=early)
    (kept,) = ws.view("calls", TURNED + WEEK).promises().promises
    assert (kept.state, kept.weeks) == ("compared", 1)
    rows = ws.view("calls", TURNED + WEEK).mature
    assert kept.n == (rows["time"] >= early).sum()
    assert kept.came > 0

"""Hooks are told each move at least once, in order, whatever fails in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lifecycle import errors, hooks
from lifecycle.hooks import NotTaken
from lifecycle.registry import Registry

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LEASE = timedelta(minutes=3)  # above the margin and a receiver's second
MODELS = ("leads", "churn")


class Power(BaseException):
    """The process ends here: nothing after it runs."""


class Taker:
    """Takes moves, and fails as it is told to."""

    timeout = 1.0

    def __init__(self, *faults: object) -> None:
        self.faults = list(faults)
        self.came: list[tuple[str, int]] = []
        self.news: list[hooks.News] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def send(self, news: hooks.News, *, at: datetime) -> None:
        fault = self.faults.pop(0) if self.faults else None
        if fault == "dies before":
            raise Power
        self.meanwhile()
        if isinstance(fault, NotTaken):
            raise fault
        self.came.append((news.model, news.facts["seq"]))
        self.news.append(news)
        if fault == "dies after":
            raise Power

    def test(self, *, at: datetime) -> str:
        return "well"


def move(
    book: Registry,
    model: str = "leads",
    word: str = "approve",
    *,
    to: int | None = None,
    reason: str = "better",
) -> int:
    """A row of the ledger; with `to` it changes who is in production."""
    with book.atomic() as inside:
        old = {"production": 1, "previous": None, "experimental": None, "share": 0.0}
        new = old if to is None else {**old, "production": to, "previous": 1}
        return inside.enter(
            model,
            word,
            actor="anna",
            source="given",
            reason=reason,
            at=AT,
            number=to,
            before=old,
            after=new,
        ).seq


@pytest.fixture
def book(database: Callable[[Path], Registry], tmp_path: Path) -> Registry:
    return database(tmp_path)


def hook(taker: hooks.Receiver, **told: object) -> hooks.Hook:
    return hooks.Hook("deploy", taker, **{"since": 0, **told})


def deliver(book: Registry, *known: hooks.Hook, at: datetime = AT) -> hooks.Delivery:
    return hooks.deliver(book, known, MODELS, at=at)


def dying(book: Registry, *known: hooks.Hook, at: datetime = AT) -> None:
    with pytest.raises(Power):
        deliver(book, *known, at=at)


# -- where a hook begins, and what it hears of -----------------------------------


def test_a_new_hook_begins_with_the_next_row_of_the_ledger(book):
    before, taker = move(book, to=2), Taker()
    known = hook(taker, since=None)
    (mark, other) = hooks.begin(book, [known], MODELS, at=AT)
    assert (mark.seq, mark.begins, other.seq) == (before, True, 0)
    assert hooks.begin(book, [known], MODELS, at=AT) == []
    seq = move(book, to=3)
    first = move(book, "churn", to=3)
    deliver(book, known)
    assert taker.came == [("leads", seq), ("churn", first)]


def test_a_hook_may_begin_further_back(book):
    first, second = move(book, to=2), move(book, to=3)
    all_of_them, later = Taker(), Taker()
    deliver(book, hook(all_of_them), hooks.Hook("later", later, since=first))
    assert all_of_them.came == [("leads", first), ("leads", second)]
    assert later.came == [("leads", second)]


def test_only_rows_that_change_roles_are_told_unless_the_moves_are_chosen(book):
    move(book, word="propose")
    seq = move(book, to=2)
    refused = move(book, word="reject")
    taker, chosen = Taker(), Taker()
    deliver(book, hook(taker), hooks.Hook("no", chosen, moves=("reject",), since=0))
    assert taker.came == [("leads", seq)]
    assert chosen.came == [("leads", refused)]


def test_a_hook_of_one_model_hears_of_no_other(book):
    move(book, to=2)
    seq, taker = move(book, "churn", to=2), Taker()
    deliver(book, hook(taker, models=("churn",)))
    assert taker.came == [("churn", seq)]


def test_what_was_told_is_told_once(book):
    move(book, to=2)
    taker = Taker()
    assert len(deliver(book, hook(taker)).sent) == 1
    assert deliver(book, hook(taker), at=AT + 9 * DAY) == hooks.Delivery()
    assert len(taker.came) == 1


# -- what is told ------------------------------------------------------------------


def test_a_move_is_plain_data_with_roles_shares_and_digests(book):
    with book.atomic() as inside:
        for number in (1, 2):
            inside.add_version(
                model="leads", number=number, recipe="r", artefact="a", threshold=0.5,
                sha256=f"{number}" * 64, data={}, features={}, metrics={}, birth={},
                author="anna", created_at=AT,
            )  # fmt: skip
        entry = inside.enter(
            "leads", "approve", actor="anna", source="given", reason="r", at=AT,
            number=2, before={"production": 1, "share": 0.0},
            after={"production": 1, "experimental": 2, "share": 0.25},
        )  # fmt: skip
    taker = Taker()
    deliver(book, hook(taker))
    told = json.loads(taker.news[0].body)
    assert told.pop("delivery") == taker.news[0].delivery
    assert told == {
        "schema": 1,
        "hook": "deploy",
        "model": "leads",
        "seq": entry.seq,
        "ledger": entry.hash,
        "move": "approve",
        "number": 2,
        "at": "2023-05-01T12:00:00.000000+00:00",
        "before": {"production": {"version": 1, "share": 1.0, "sha256": "1" * 64}},
        "after": {
            "production": {"version": 1, "share": 0.75, "sha256": "1" * 64},
            "experimental": {"version": 2, "share": 0.25, "sha256": "2" * 64},
        },
    }


def test_peoples_words_are_told_only_where_asked_for_and_stay_data(book):
    hostile = "{production}\"};'$(rm -rf /)\u2028<script>\x00" + "x" * 9000
    move(book, to=2, reason=hostile)
    quiet, told = Taker(), Taker()
    deliver(book, hook(quiet), hooks.Hook("told", told, people=True, since=0))
    assert "people" not in quiet.news[0].facts
    assert b"anna" not in quiet.news[0].body
    words = json.loads(told.news[0].body)["people"]
    assert words["actor"] == "anna"
    assert words["reason"] == hostile.replace("\x00", "\ufffd")[:2000]
    assert not any("rm -rf" in each for each in told.news[0].places.values())


# -- order, retries, dead letters --------------------------------------------------


def test_a_failure_holds_up_the_later_rows_of_its_model_and_no_others(book):
    first, second = move(book, to=2), move(book, to=3)
    other = move(book, "churn", to=2)
    taker, well = Taker(NotTaken("busy")), Taker()
    known = hook(taker), hooks.Hook("well", well, since=0)
    done = deliver(book, *known)
    assert taker.came == [("churn", other)]
    assert len(well.came) == 3
    assert [(each.seq, each.last_error) for each in done.waiting] == [(first, "busy")]
    later = deliver(book, *known)  # not due yet
    assert later == hooks.Delivery(later=done.waiting)
    assert later.sentence == (
        f"hooks: 1 not tried before its time (deploy, row {first} of leads, tried "
        f"once, again at {done.waiting[0].next_try:%Y-%m-%d %H:%M} UTC: busy)"
    )
    deliver(book, *known, at=AT + 2 * MINUTE)
    assert taker.came[1:] == [("leads", first), ("leads", second)]
    assert taker.news[1].delivery != taker.news[2].delivery


def test_pauses_double_up_to_half_a_day_and_grow_with_what_is_asked_for(book):
    move(book, to=2)
    told = [NotTaken("busy")] * 11 + [NotTaken("busy", later=DAY)]
    known, at, pauses = hook(Taker(*told)), AT, []
    for _ in told:
        (row,) = deliver(book, known, at=at).waiting
        pauses.append((row.next_try - at).total_seconds() / 60)
        at = row.next_try
    assert [round(each) for each in pauses[:10]] == [2**k for k in range(10)]
    assert [round(each) for each in pauses[10:]] == [720, 24 * 60]


def test_what_fails_too_often_or_is_gone_is_given_up_and_the_next_row_is_told(book):
    gone, tired, last = move(book, to=2), move(book, to=3), move(book, to=4)
    taker = Taker(NotTaken("no", gone=True), NotTaken("busy"), NotTaken("busy"))
    known = hook(taker, attempts=2)
    assert [each.seq for each in deliver(book, known).dead] == [gone]
    done = deliver(book, known, at=AT + 2 * MINUTE)
    assert [(each.seq, each.attempts) for each in done.dead] == [(tired, 2)]
    assert taker.came == [("leads", last)]
    (state, _) = hooks.states(book, [known], MODELS)
    assert [each.seq for each in state.dead] == [gone, tired]
    assert state.lost == ()
    assert state.word == "told"  # the newest row says where the model stands


def test_given_up_rows_are_tried_again_in_their_order(book):
    first, second = move(book, to=2), move(book, to=3)
    taker = Taker(*[NotTaken("down")] * 2)
    known = hook(taker, attempts=1)
    deliver(book, known)
    (state, _) = hooks.states(book, [known], MODELS)
    assert state.word == "gave up"
    assert "gave" not in state.sentence
    assert "row 2 of leads, which was given up (tried once): down" in state.sentence
    third = move(book, to=4)
    again = hooks.retry(book, "deploy", first, at=AT)
    assert [(each.seq, each.state, each.attempts) for each in again] == [
        (first, "waiting", 0),
        (second, "waiting", 0),
    ]
    deliver(book, known)
    assert taker.came == [("leads", seq) for seq in (first, second, third)]


def test_an_old_row_is_not_sent_after_a_newer_one_unless_somebody_insists(book):
    old, new = move(book, to=2), move(book, to=3)
    taker = Taker(NotTaken("no", gone=True))
    deliver(book, hook(taker))
    with pytest.raises(errors.LifecycleError, match=f"took row {new} of leads after"):
        hooks.retry(book, "deploy", old, at=AT)
    with pytest.raises(errors.LifecycleError, match="given up nothing since"):
        hooks.retry(book, "deploy", at=AT)
    with pytest.raises(errors.LifecycleError, match=f"row {new} is sent for hook"):
        hooks.retry(book, "deploy", new, at=AT)
    with pytest.raises(errors.LifecycleError, match="row 99 was never tried"):
        hooks.retry(book, "deploy", 99, at=AT)
    hooks.retry(book, "deploy", old, at=AT, out_of_order=True)
    deliver(book, hook(taker))
    assert taker.came == [("leads", new), ("leads", old)]


def test_nothing_is_tried_again_beside_a_row_that_is_being_told(book):
    old = move(book, to=2)
    taker = Taker(NotTaken("no", gone=True), "dies before")
    deliver(book, hook(taker))
    move(book, to=3)
    dying(book, hook(taker))
    with pytest.raises(errors.LifecycleError, match="being told row 2 of leads"):
        hooks.retry(book, "deploy", old, at=AT)
    assert hooks.retry(book, "deploy", old, at=AT + LEASE)


# -- processes that die --------------------------------------------------------------


def test_killed_before_sending_another_sends_it_when_the_lease_is_over(book):
    seq, taker = move(book, to=2), Taker("dies before")
    dying(book, hook(taker))
    assert deliver(book, hook(taker)) == hooks.Delivery()
    assert hooks.states(book, [hook(taker)], ["leads"])[0].word == "waits"
    deliver(book, hook(taker), at=AT + LEASE)
    assert taker.came == [("leads", seq)]


def test_killed_after_sending_it_is_sent_again_with_the_same_delivery(book):
    first, second = move(book, to=2), move(book, to=3)
    taker = Taker("dies after")
    dying(book, hook(taker))
    deliver(book, hook(taker), at=AT + LEASE)
    assert [seq for _, seq in taker.came] == [first, first, second]
    assert taker.news[0].body == taker.news[1].body


def test_a_row_on_which_every_process_died_is_given_up_with_a_sentence(book):
    move(book, to=2)
    taker = Taker("dies before", "dies before")
    known = hook(taker, attempts=2)
    dying(book, known)
    dying(book, known, at=AT + LEASE)
    (dead,) = deliver(book, known, at=AT + 2 * LEASE).dead
    assert "the process ended during every attempt" in dead.last_error
    assert taker.came == []


def test_who_comes_after_the_lease_is_not_overruled_by_who_was_slow(book):
    seq, slow, quick = move(book, to=2), Taker(NotTaken("slow")), Taker()
    slow.meanwhile = lambda: deliver(book, hook(quick), at=AT + LEASE)
    assert deliver(book, hook(slow)) == hooks.Delivery()
    assert quick.came == [("leads", seq)]
    assert hooks.states(book, [hook(quick)], ["leads"])[0].word == "told"


def test_who_was_slow_does_not_speak_for_who_has_the_row_now(book):
    move(book, to=2)
    slow, other = Taker(NotTaken("slow")), Taker("dies before")
    slow.meanwhile = lambda: dying(book, hook(other), at=AT + LEASE)
    assert deliver(book, hook(slow)) == hooks.Delivery()
    (state, _) = hooks.states(book, [hook(slow)], MODELS)
    assert state.failing.lease_until > AT + LEASE  # the other's, still
    assert state.failing.attempts == 2

"""Episodes: they close after enough quiet; a silence keeps them from being told."""

from __future__ import annotations

import itertools
import math
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lifecycle import alerts, errors, registry
from lifecycle.alerts import Address
from lifecycle.alerts.episodes import turn
from lifecycle.findings import Finding, Findings

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
ANNA = Address("json://anna")


@pytest.fixture
def book(database, tmp_path: Path) -> registry.Registry:
    return database(tmp_path)


def row(verdict, period="", value=None):
    value = {"alert": 0.62, "quiet": 0.81, "undefined": math.nan}[verdict]
    return Finding("accuracy", value, 400, 0.5, 0.9, 0.7, verdict, period)


def valued(value, period=""):
    verdict = "alert" if value < 0.7 else "quiet"
    return Finding(
        "accuracy", value, 400, threshold=0.7, verdict=verdict, period=period
    )


def update(book, *rows, at=AT, model="leads", **settings):
    found = Findings("Performance", rows)
    return alerts.update(
        book, model, found, rule="accuracy", at=at, owner="anna", **settings
    )


def week(number: int) -> str:
    return f"2023-W{number:02d}"


# -- closing -------------------------------------------------------------------


def test_an_episode_closes_after_as_many_quiet_chunks_as_asked(book):
    update(book, row("alert", week(15)))
    for number in (16, 17):
        update(book, row("quiet", week(number)), at=AT + number * DAY, close_after=3)
        assert len(alerts.open_alerts(book)) == 1
    assert alerts.open_alerts(book)[0].quiet == 2
    update(book, row("quiet", week(18)), at=AT + 18 * DAY, close_after=3)
    assert alerts.open_alerts(book) == []


def test_a_quiet_chunk_counts_once_however_often_it_is_looked_at(book):
    update(book, row("alert", week(15)))
    for day in range(1, 8):
        update(book, row("quiet", week(16)), at=AT + day * DAY, close_after=2)
    assert alerts.open_alerts(book)[0].quiet == 1
    update(book, row("quiet", week(17)), at=AT + 8 * DAY, close_after=2)
    assert alerts.open_alerts(book) == []


def test_a_relapse_starts_the_count_anew_and_opens_nothing(book):
    update(book, row("alert", week(15)))
    for day, verdict in enumerate(["quiet", "alert", "quiet"], start=1):
        opened = update(
            book, row(verdict, week(15 + day)), at=AT + day * DAY, close_after=2
        )
        assert opened == []
    (still,) = alerts.open_alerts(book)
    assert still.quiet == 1
    assert len(alerts.history(book)) == 1


def test_a_value_within_the_margin_neither_closes_nor_counts(book):
    update(book, valued(0.62))
    update(book, valued(0.71), at=AT + DAY, margin=0.02)
    (still,) = alerts.open_alerts(book)
    assert (still.quiet, still.seen_at) == (0, AT + DAY)
    update(book, valued(0.72), at=AT + 2 * DAY, margin=0.02)
    assert alerts.open_alerts(book) == []


def test_the_margin_of_a_rule_above_lies_below_its_threshold(book):
    high = Finding("flagged", 0.3, 90, threshold=0.2, verdict="alert")
    near = Finding("flagged", 0.19, 90, threshold=0.2, verdict="quiet")
    far = Finding("flagged", 0.1, 90, threshold=0.2, verdict="quiet")
    update(book, high)
    update(book, near, at=AT + DAY, margin=0.05)
    assert len(alerts.open_alerts(book)) == 1
    update(book, far, at=AT + 2 * DAY, margin=0.05)
    assert alerts.open_alerts(book) == []


def test_a_value_that_flaps_around_the_threshold_is_one_episode_with_a_margin(book):
    told = {0.0: 0, 0.02: 0}
    for margin, model in ((0.0, "plain"), (0.02, "patient")):
        for day in range(20):
            value = 0.69 if day % 2 else 0.705
            told[margin] += len(
                update(
                    book, valued(value), at=AT + day * DAY, margin=margin, model=model
                )
            )
    assert told == {0.0: 10, 0.02: 1}


@given(
    st.lists(
        st.tuples(st.sampled_from(["alert", "quiet", "undefined"]), st.integers(0, 1)),
        max_size=30,
    ),
    st.integers(1, 4),
)
def test_turns_follow_a_count_of_distinct_quiet_chunks(steps, close_after):
    """Against a plain count, without a registry."""
    last, chunk, quiet, is_open = None, 10, set(), False
    for number, (verdict, onwards) in enumerate(steps):
        chunk, at = chunk + onwards, AT + number * DAY
        if verdict == "undefined":
            continue
        now = turn(last, [row(verdict, week(chunk))], at=at, close_after=close_after)
        if verdict == "alert":
            assert now.kind == ("go on" if is_open else "open")
            quiet, is_open = set(), True
        elif is_open:
            quiet = quiet | {chunk}
            is_open = len(quiet) < close_after
            assert now.kind == ("wait" if is_open else "close")
        else:
            assert now.kind == "nothing"
        last = _episode(at, is_open, now, last)


def _episode(at, is_open, now, last):
    if now.kind == "nothing":
        return last
    return registry.Alert(
        id=1,
        model="leads",
        rule="accuracy",
        subject="",
        opened_at=AT,
        closed_at=None if is_open else at,
        value=0.62,
        threshold=0.7,
        n=400,
        sentence="",
        owner="",
        severity="warning",
        seen_at=at,
        quiet=now.quiet,
        quiet_in=now.quiet_in,
    )


# -- silence -------------------------------------------------------------------


def hush(book, until, *, at=AT, rule="accuracy", **words):
    told = {"reason": "the feed is being mended", "by": "dana"} | words
    return alerts.silence(book, "leads", rule, until=until, at=at, **told)


def send(book, at):
    came = []
    alerts.deliver(
        book,
        {("leads", "owner"): [ANNA], ("leads", "deputy"): [ANNA]},
        at=at,
        send=lambda _, message: came.append(message.kind),
    )
    return came


def test_a_silence_is_in_the_ledger_with_who_why_and_until(book):
    entry = hush(book, AT + WEEK)
    assert (entry.move, entry.actor, entry.reason) == (
        "silence",
        "dana",
        "the feed is being mended",
    )
    assert entry.evidence == {"rule": "accuracy", "until": (AT + WEEK).isoformat()}
    assert book.ledger("leads") == [entry]
    assert book.verify_ledger() is None
    assert alerts.silent_until(book, "leads", "accuracy", at=AT) == AT + WEEK
    assert alerts.silent_until(book, "leads", "accuracy", at=AT + WEEK) is None
    assert alerts.silent_until(book, "leads", "drift", at=AT) is None


def test_an_episode_that_outlasts_the_silence_is_told_when_it_ends(book):
    hush(book, AT + WEEK)
    assert len(update(book, row("alert"), at=AT + DAY)) == 1
    assert len(alerts.open_alerts(book)) == 1
    assert send(book, AT + 6 * DAY) == []
    assert send(book, AT + WEEK) == ["opened"]


def test_an_episode_that_is_over_before_the_silence_is_told_to_nobody(book):
    hush(book, AT + WEEK)
    update(book, row("alert"), at=AT + DAY)
    update(book, row("quiet"), at=AT + 2 * DAY)
    assert [each.closed_at for each in alerts.history(book)] == [AT + 2 * DAY]
    assert send(book, AT + 2 * WEEK) == []
    (message,) = book.messages()
    assert message.last_error == "over before the silence was; nobody was told"


def test_the_end_of_an_episode_that_was_told_waits_for_the_end_of_the_silence(book):
    update(book, row("alert"))
    assert send(book, AT) == ["opened"]
    hush(book, AT + WEEK)
    update(book, row("quiet"), at=AT + DAY)
    assert send(book, AT + DAY) == []
    assert send(book, AT + WEEK) == ["closed"]


def test_a_silence_holds_back_what_already_waits_and_can_be_ended(book):
    update(book, row("alert"))
    hush(book, AT + WEEK, at=AT + DAY)
    assert send(book, AT + 2 * DAY) == []
    hush(book, AT + 3 * DAY, at=AT + 3 * DAY, reason="mended")
    assert send(book, AT + 3 * DAY) == ["opened"]


def test_all_rules_of_a_model_may_be_silent_at_once(book):
    hush(book, AT + WEEK, rule="all")
    update(book, row("alert"), at=AT + DAY)
    assert send(book, AT + DAY) == []
    assert alerts.silent_until(book, "leads", "drift", at=AT) == AT + WEEK


def test_a_message_that_failed_before_is_held_back_too(book):
    update(book, row("alert"))

    def down(_: Address, message: registry.Message) -> None:
        raise alerts.NotSent("is down")

    alerts.deliver(book, {("leads", "owner"): [ANNA]}, at=AT, send=down)
    hush(book, AT + WEEK)
    assert send(book, AT + DAY) == []
    assert send(book, AT + WEEK) == ["opened"]


def test_whoever_was_asked_in_the_owners_place_is_told_when_it_is_over(book):
    update(book, row("alert"))
    alerts.chase(book, "leads", at=AT + WEEK, escalate_after=DAY, deputy="ben")
    update(book, row("quiet"), at=AT + 2 * WEEK)
    told = [(each.kind, each.recipient) for each in book.messages()]
    assert told == [
        ("opened", "owner"),
        ("escalated", "deputy"),
        ("closed", "owner"),
        ("closed", "deputy"),
    ]


def test_nobody_is_chased_during_a_silence(book):
    update(book, row("alert"))
    hush(book, AT + WEEK)
    chase = {"escalate_after": DAY, "deputy": "ben", "remind_every": DAY}
    assert alerts.chase(book, "leads", at=AT + 3 * DAY, **chase) == []
    assert len(alerts.chase(book, "leads", at=AT + WEEK, **chase)) == 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"reason": " \n"}, "needs a reason; say why with --reason"),
        ({"by": ""}, "say who wants the silence"),
        ({"until": AT - DAY}, "until 2023-04-30 12:00 UTC is past"),
    ],
)
def test_a_silence_without_reason_name_or_future_is_refused(book, wrong, sentence):
    with pytest.raises(errors.IllegalMove, match=sentence):
        hush(book, **({"until": AT + DAY} | wrong))
    assert book.ledger() == []


def test_an_until_without_a_zone_is_refused(book):
    with pytest.raises(ValueError, match="until must carry a time zone"):
        hush(book, datetime(2023, 6, 1))  # noqa: DTZ001


# -- everything at once --------------------------------------------------------

_names = (f"model-{number}" for number in itertools.count())


class Life(RuleBasedStateMachine):
    """Findings, people and the network in any order, against what must hold."""

    book: registry.Registry

    @initialize()
    def begin(self) -> None:
        self.model, self.at, self.chunk = next(_names), AT, 10
        self.came: list[registry.Message] = []
        self.until = AT
        self.starts = 0
        self.was_open = False

    @rule(
        verdict=st.sampled_from(["alert", "quiet", "undefined"]),
        close=st.integers(1, 2),
    )
    def look(self, verdict: str, close: int) -> None:
        self.at, self.chunk = self.at + DAY, self.chunk + 1
        opened = update(
            self.book,
            row(verdict, f"2023-W{self.chunk}" if self.chunk < 100 else ""),
            at=self.at,
            model=self.model,
            close_after=close,
        )
        assert len(opened) == (verdict == "alert" and not self.was_open)
        self.starts += len(opened)
        self.was_open = bool(alerts.open_alerts(self.book, self.model))

    @precondition(lambda self: self.was_open)
    @rule()
    def take_on(self) -> None:
        (alert,) = alerts.open_alerts(self.book, self.model)
        if alert.acknowledged_by is None:
            alerts.acknowledge(self.book, alert.id, by="anna", at=self.at)

    @rule(days=st.integers(0, 4))
    def silence(self, days: int) -> None:
        self.until = self.at + days * DAY
        alerts.silence(
            self.book,
            self.model,
            "accuracy",
            until=self.until,
            reason="because",
            by="dana",
            at=self.at,
        )

    @rule()
    def chase(self) -> None:
        alerts.chase(
            self.book,
            self.model,
            at=self.at,
            escalate_after=2 * DAY,
            deputy="ben",
            remind_every=2 * DAY,
        )

    @rule(up=st.booleans())
    def deliver(self, up: bool) -> None:
        def post(_: Address, message: registry.Message) -> None:
            if not up:
                raise alerts.NotSent("is down")
            assert self.at >= self.until, "told during a silence"
            self.came.append(message)

        people = {(self.model, who): [ANNA] for who in ("owner", "deputy")}
        alerts.deliver(self.book, people, at=self.at, send=post)

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "model"):
            return
        history = alerts.history(self.book, self.model)
        assert len(history) == self.starts
        assert sum(alert.is_open for alert in history) <= 1
        keys = [message.key for message in self.came]
        assert len(keys) == len(set(keys)), "sent twice"
        told = self.book.messages(self.model)
        for alert in history:
            mine = [each for each in told if each.alert == alert.id]
            kinds = [each.kind for each in mine]
            assert kinds.count("opened") == 1
            assert kinds.count("escalated") <= 1
            handed = alert.escalated_at is not None
            assert kinds.count("closed") <= (not alert.is_open) * (1 + handed)
            if not alert.is_open and "closed" not in kinds:
                assert all(each.state == "dead" for each in mine)

    def teardown(self) -> None:
        assert self.book.verify_ledger() is None


def test_episodes_hold_whatever_comes_in_whatever_order():
    with tempfile.TemporaryDirectory() as folder:
        Life.book = registry.Registry(Path(folder) / "registry.db")
        run_state_machine_as_test(
            Life,
            settings=settings(max_examples=10, stateful_step_count=20, deadline=None),
        )

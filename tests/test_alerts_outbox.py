"""The outbox: nothing lost, and nothing sent twice but where the promise says so."""

from __future__ import annotations

import contextlib
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import alerts, registry
from lifecycle.alerts import Address, NotSent
from lifecycle.findings import Finding, Findings
from tests.apart import Child
from tests.databases import Refused, raw

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEASE = timedelta(minutes=10)
ANNA = {("leads", "owner"): [Address("json://anna")]}


class Power(BaseException):
    """The process ends here: nothing after it runs."""


@pytest.fixture
def book(database, tmp_path: Path) -> registry.Registry:
    return database(tmp_path)


def found(verdict: str, subject: str = "") -> Findings:
    value = 0.62 if verdict == "alert" else 0.81
    row = Finding("accuracy", value, 400, 0.5, 0.9, 0.7, verdict, subject=subject)
    return Findings("Performance", (row,))


def update(book, verdict="alert", *, at=AT, subject="", **settings):
    return alerts.update(
        book,
        "leads",
        found(verdict, subject),
        rule="accuracy",
        at=at,
        owner="anna",
        **settings,
    )


class Post:
    """Takes messages, and fails as it is told to."""

    def __init__(self, *faults: object) -> None:
        self.faults = list(faults)
        self.came: list[tuple[str, str]] = []

    def __call__(self, address: Address, message: registry.Message) -> None:
        fault = self.faults.pop(0) if self.faults else None
        if fault == "before":
            raise Power
        if fault is not None and fault != "after":
            raise NotSent(str(fault))
        self.came.append((address.url, message.key))
        if fault == "after":
            raise Power


def deliver(book, post, *, at=AT, to=ANNA, **settings):
    return alerts.deliver(book, to, at=at, send=post, **settings)


# -- what is written -----------------------------------------------------------


def test_each_turn_of_an_episode_is_one_message(book):
    update(book)
    update(book, at=AT + MINUTE)
    update(book, "quiet", at=AT + 2 * MINUTE)
    update(book, "quiet", at=AT + 3 * MINUTE)
    update(book, at=AT + 4 * MINUTE)
    assert [each.kind for each in book.messages()] == ["opened", "closed", "opened"]
    assert {each.recipient for each in book.messages()} == {"owner"}
    assert len({each.key for each in book.messages()}) == 3


def test_turn_and_message_are_one_transaction(book, monkeypatch):
    from lifecycle.registry.writing import Writing

    def broken(*_: object, **__: object) -> None:
        raise Power

    monkeypatch.setattr(Writing, "add_message", broken)
    with pytest.raises(Power):
        update(book)
    assert alerts.history(book) == []
    monkeypatch.undo()
    update(book)
    monkeypatch.setattr(Writing, "add_message", broken)
    with pytest.raises(Power):
        update(book, "quiet", at=AT + MINUTE)
    assert len(alerts.open_alerts(book)) == 1


def test_messages_and_their_words_cannot_be_altered(book):
    update(book)
    deliver(book, Post())
    update(book, "quiet", at=AT + MINUTE)
    sent, waiting = book.messages()
    for change in (
        "DELETE FROM outbox",
        "UPDATE outbox SET body = 'x'",
        "UPDATE outbox SET sent_at = NULL WHERE sent_at IS NOT NULL",
    ):
        with raw(book) as connection, pytest.raises(Refused, match="message"):
            connection.execute(change)
    assert book.messages() == [sent, waiting]


# -- sending -------------------------------------------------------------------


def test_what_was_sent_is_sent_once(book):
    update(book)
    post = Post()
    assert len(deliver(book, post).sent) == 1
    assert deliver(book, post, at=AT + timedelta(days=9)) == alerts.Delivery()
    assert len(post.came) == 1


def test_nobody_to_tell_settles_a_message_without_an_attempt_at_sending(book):
    update(book)
    post = Post()
    done = deliver(book, post, to={})
    assert [each.state for each in done.unaddressed] == ["dead"]
    assert done.sentence == ""
    assert post.came == []
    assert book.messages()[0].last_error.startswith("nobody is named to be told")
    assert deliver(book, post) == alerts.Delivery()  # not years later either


def test_an_address_that_is_missing_is_tried_again(book):
    update(book)
    to = {("leads", "owner"): [Address("", "the environment has no ANNA; set it")]}
    (waiting,) = deliver(book, Post(), to=to).waiting
    assert waiting.last_error == (
        "owner's address 1: the environment has no ANNA; set it"
    )
    assert len(deliver(book, Post(), at=waiting.next_try).sent) == 1


def test_pauses_double_up_to_twelve_hours_then_the_message_is_dead(book):
    update(book)
    post, at, pauses = Post(*["down"] * 20), AT, []
    for _ in range(19):
        (waiting,) = deliver(book, post, at=at).waiting
        assert deliver(book, post, at=waiting.next_try - MINUTE / 2).waiting == ()
        pauses.append(round((waiting.next_try - at) / MINUTE))
        at = waiting.next_try
    assert pauses == [2**k if 2**k < 720 else 720 for k in range(19)]
    (dead,) = deliver(book, post, at=at).dead
    assert (dead.state, dead.attempts) == ("dead", 20)
    assert dead.last_error == "owner's address 1: down"
    assert deliver(book, post, at=at + timedelta(days=30)) == alerts.Delivery()


def test_of_two_addresses_only_the_one_that_failed_is_tried_again(book):
    update(book)
    to = {("leads", "owner"): [Address("json://one"), Address("mailto://two")]}
    post = Post("down", None)
    (waiting,) = deliver(book, post, to=to).waiting
    assert [url for url, _ in post.came] == ["mailto://two"]
    assert len(deliver(book, post, to=to, at=waiting.next_try).sent) == 1
    assert [url for url, _ in post.came] == ["mailto://two", "json://one"]


def test_an_address_taken_off_the_settings_is_not_waited_for(book):
    update(book)
    both = {("leads", "owner"): [Address("json://one"), Address("mailto://two")]}
    (waiting,) = deliver(book, Post(None, "down"), to=both).waiting
    post = Post()
    one = {("leads", "owner"): [Address("json://one")]}
    assert len(deliver(book, post, to=one, at=waiting.next_try).sent) == 1
    assert post.came == []
    assert book.messages()[0].state == "sent"


def test_one_message_that_fails_does_not_keep_the_next_one_back(book):
    update(book, subject="a")
    update(book, subject="b")
    done = deliver(book, Post("down", None))
    assert [len(done.waiting), len(done.sent)] == [1, 1]


def test_no_message_is_begun_when_the_time_is_up(book):
    update(book)
    assert deliver(book, Post(), budget=-MINUTE) == alerts.Delivery()
    assert len(deliver(book, Post()).sent) == 1


# -- the process dies ----------------------------------------------------------


def crash(book, post, **settings):
    with pytest.raises(Power):
        deliver(book, post, **settings)


def test_dying_before_the_claim_leaves_the_message_as_it_was(book, monkeypatch):
    from lifecycle.registry.writing import Writing

    update(book)
    before = book.messages()

    def broken(*_: object, **__: object) -> None:
        raise Power

    monkeypatch.setattr(Writing, "claim_message", broken)
    crash(book, Post())
    assert book.messages() == before
    monkeypatch.undo()
    assert len(deliver(book, Post()).sent) == 1


def test_dying_between_claim_and_sending_delays_by_the_lease_and_loses_nothing(book):
    update(book)
    post = Post("before")
    crash(book, post)
    assert deliver(book, post, at=AT + LEASE - MINUTE) == alerts.Delivery()
    assert post.came == []
    assert len(deliver(book, post, at=AT + LEASE + MINUTE).sent) == 1
    assert len(post.came) == 1


def test_dying_between_sending_and_mark_sends_again_with_the_same_key(book):
    update(book)
    post = Post("after")
    crash(book, post)
    assert deliver(book, post, at=AT + LEASE - MINUTE) == alerts.Delivery()
    assert len(post.came) == 1
    assert len(deliver(book, post, at=AT + LEASE + MINUTE).sent) == 1
    assert len(post.came) == 2
    assert len(set(post.came)) == 1


def test_dying_after_the_mark_sends_nothing_again(book, monkeypatch):
    from lifecycle.alerts import outbox

    update(book)
    marked = outbox._reached

    def dies(*given: object) -> None:
        marked(*given)
        raise Power

    post = Post()
    monkeypatch.setattr(outbox, "_reached", dies)
    crash(book, post)
    monkeypatch.undo()
    assert deliver(book, post, at=AT + 2 * LEASE) == alerts.Delivery()
    assert len(post.came) == 1


def test_dying_at_the_second_address_does_not_send_to_the_first_again(book):
    update(book)
    to = {("leads", "owner"): [Address("json://one"), Address("json://two")]}
    post = Post(None, "before")
    crash(book, post, to=to)
    deliver(book, post, to=to, at=AT + LEASE + MINUTE)
    assert [url for url, _ in post.came] == ["json://one", "json://two"]


def test_a_message_that_kills_every_process_is_given_up(book):
    update(book, subject="a")
    update(book, subject="b")
    at, post = AT, Post("before", None, "before", "before")
    crash(book, post, at=at, attempts=3)
    assert len(deliver(book, post, at=at, attempts=3).sent) == 1  # the other one
    for _ in range(2):
        at += 2 * LEASE
        crash(book, post, at=at, attempts=3)
    at += 2 * LEASE
    (dead,) = deliver(book, post, at=at, attempts=3).dead
    assert dead.last_error.startswith("the process ended during every attempt")


def test_who_outlasts_the_lease_does_not_go_on_to_the_next_address(book):
    update(book)
    to = {("leads", "owner"): [Address("json://one"), Address("json://two")]}
    came = []

    def slow(address: Address, message: registry.Message) -> None:
        came.append(address.url)
        if len(came) == 1:  # meanwhile the lease ends, and another process takes over
            other = Post()
            alerts.deliver(book, to, at=AT + 2 * LEASE, send=other)
            came.extend(f"other {url}" for url, _ in other.came)

    assert deliver(book, slow, to=to) == alerts.Delivery()
    assert came == ["json://one", "other json://one", "other json://two"]
    assert book.messages()[0].state == "sent"


_WORKER = """
import os, signal, sys
from datetime import datetime
from lifecycle import alerts, registry

place, artefacts, log, at, step = sys.argv[1:]

def send(address, message):
    if step == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    with open(log, "a") as out:
        out.write(message.key + "\\n")
        out.flush()
        os.fsync(out.fileno())
    if step == "after":
        os.kill(os.getpid(), signal.SIGKILL)

alerts.deliver(
    registry.Registry(place, artefacts=artefacts),
    {("leads", "owner"): [alerts.Address("json://anna")]},
    at=datetime.fromisoformat(at),
    send=send,
)
"""


@pytest.fixture
def worker(apart, book, tmp_path):
    """Starts a process that delivers at this moment, and dies at this step."""

    def start(at: datetime, step: str = "none") -> Child:
        log = tmp_path / "sent.log"
        told = (str(book._url), book.artefacts, log, at.isoformat(), step)
        return apart.start(_WORKER, *told)

    return start


@pytest.mark.parametrize(("step", "times"), [("before", 1), ("after", 2)])
def test_a_killed_process_leaves_a_message_that_the_next_one_sends(
    book, worker, tmp_path, step, times
):
    update(book)
    assert worker(AT, step).wait(60) == -signal.SIGKILL
    assert worker(AT + MINUTE).wait(60) == 0  # the lease holds
    assert worker(AT + LEASE + MINUTE).wait(60) == 0
    sent = (tmp_path / "sent.log").read_text().split()
    assert sent == [book.messages()[0].key] * times
    assert book.messages()[0].state == "sent"


def test_processes_that_deliver_at_once_send_each_message_once(book, worker, tmp_path):
    for number in range(12):
        update(book, subject=f"feature {number}")
    running = [worker(AT) for _ in range(3)]
    assert [each.wait(120) for each in running] == [0, 0, 0]
    keys = (tmp_path / "sent.log").read_text().split()
    assert sorted(keys) == sorted(each.key for each in book.messages())


def test_threads_that_deliver_at_once_send_each_message_once(book):
    for number in range(12):
        update(book, subject=f"feature {number}")
    post = Post()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: deliver(book, post), range(4)))
    assert sorted(key for _, key in post.came) == sorted(
        each.key for each in book.messages()
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> registry.Registry:
    return registry.Registry(tmp_path_factory.mktemp("outbox") / "registry.db")


@settings(max_examples=10, deadline=None)
@given(
    faults=st.lists(
        st.sampled_from([None, "down", "before", "after"]), min_size=1, max_size=6
    )
)
def test_whatever_fails_each_message_comes_at_least_once_and_twice_only_by_dying(
    shared, faults
):
    subject = str(len(shared.messages()))  # every example has episodes of its own
    for number in range(2):
        update(shared, subject=f"{subject} {number}")
    written = {each.key for each in shared.messages() if each.state == "waiting"}
    post, at = Post(*faults), AT
    while any(each.state == "waiting" for each in shared.messages()):
        with contextlib.suppress(Power):
            deliver(shared, post, at=at)
        at += timedelta(days=1)
    keys = [key for _, key in post.came]
    assert len(written) == 2
    assert set(keys) == written
    assert len(keys) - len(written) <= faults.count("after")


# -- what people do meanwhile --------------------------------------------------


def chase(book, at, **settings):
    return alerts.chase(
        book,
        "leads",
        at=at,
        escalate_after=timedelta(days=3),
        deputy="ben",
        **settings,
    )


def kinds(book) -> list[tuple[str, str, str]]:
    return [(each.kind, each.recipient, each.state) for each in book.messages()]


def test_an_alert_that_nobody_takes_on_goes_to_the_deputy_once(book):
    update(book)
    assert chase(book, AT + timedelta(days=2)) == []
    (handed,) = chase(book, AT + timedelta(days=3))
    assert (handed.escalated_to, handed.escalated_at) == ("ben", AT + timedelta(days=3))
    assert chase(book, AT + timedelta(days=9)) == []
    assert kinds(book)[1] == ("escalated", "deputy", "waiting")
    assert "asked in the owner's place" in book.messages()[1].body


def test_an_alert_that_somebody_has_is_left_alone(book):
    (opened,) = update(book)
    alerts.acknowledge(book, opened.id, by="anna", at=AT)
    remind = timedelta(days=1)
    assert chase(book, AT + timedelta(days=9), remind_every=remind) == []
    assert len(book.messages()) == 1


def test_information_is_not_chased(book):
    update(book, severity="info")
    assert chase(book, AT + timedelta(days=9), remind_every=timedelta(days=1)) == []
    assert len(book.messages()) == 1


def test_the_owner_is_reminded_as_often_as_asked(book):
    update(book)
    for day in range(1, 8):
        alerts.chase(
            book, "leads", at=AT + timedelta(days=day), remind_every=timedelta(days=3)
        )
    assert [each.kind for each in book.messages()] == ["opened"] + ["reminder"] * 2


def test_what_was_to_be_told_because_nobody_had_it_is_taken_back(book):
    (opened,) = update(book)
    chase(book, AT + timedelta(days=3))
    alerts.acknowledge(book, opened.id, by="anna", at=AT + timedelta(days=3))
    assert kinds(book) == [
        ("opened", "owner", "waiting"),
        ("escalated", "deputy", "dead"),
    ]
    assert book.messages()[1].last_error == "anna took the alert on before"

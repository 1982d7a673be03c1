"""Messages to a bank's chatbot: what they are about changes, and new topics arrive."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle.simulate import talk
from lifecycle.simulate.asking import Messages
from lifecycle.simulate.story import Event, week_label

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["chatbot"]

_TRAINING_WEEKS = 12
_CHANNELS = {"app": 0.5, "web": 0.3, "mail": 0.2}
_VAGUE = 0.12  # of an intent's messages, where it has such sentences
_SLOT = re.compile(r"\{(\w+)\}")
_RATES = {
    "card_arrival": 0.16,
    "lost_card": 0.14,
    "declined_payment": 0.16,
    "transfer_pending": 0.16,
    "login_problem": 0.14,
    "fee_complaint": 0.06,
    "cash_abroad": 0.10,
    "change_address": 0.08,
}
_MORE = {"wallet_transfer": 0.13, "fee_complaint": 0.18, "verify_identity": 0.15}


def chatbot(
    *,
    seed: int = 7,
    start: date = date(2024, 9, 2),
    weeks: int = 26,
    messages_per_week: int = 500,
) -> Messages:
    r"""Simulate twelve weeks of messages to train on, and those after going live.

    Parameters
    ----------
    seed : int
        The same seed gives the same story, to the byte.
    start : datetime.date
        The Monday on which the bot goes live.
    weeks : int
        Weeks after `start`. A wallet is launched in week 5, prices change in week 11,
        identity checks begin in week 16, and mails lose their text in week 20.
    messages_per_week : int
        The mean; each week's number is Poisson.

    Returns
    -------
    Messages
        The rows, the truth about them, and what changed when. `probability` is that of
        the most likely intent given the sentence.

    Raises
    ------
    ValueError
        When `start` is not a Monday, or `weeks` or `messages_per_week` is below 1.

    Notes
    -----
    An intent's sentence is drawn evenly from its own, or with a share of 12% from the
    vague ones it has in common with others; words are put in independently of the
    intent. Given the sentence the intent has therefore the probability
    :math:`\pi_k f_k(s) / \sum_j \pi_j f_j(s)`, which is 1 for all but the vague ones.

    Left out: typing errors, other languages, and customers who write again.

    Examples
    --------
    >>> story = chatbot(weeks=6, messages_per_week=100)
    >>> story.rows["message"].str.contains("wallet").groupby(
    ...     story.rows["time"] >= story.weeks[5]).any().tolist()
    [False, True]
    >>> [event.name for event in story.events]
    ['crypto wallet launched']
    """
    import numpy as np
    import pandas as pd

    if start.weekday() != 0:
        raise ValueError(f"start must be a Monday, got {start:%A} {start}")
    if weeks < 1 or messages_per_week < 1:
        raise ValueError(
            "weeks and messages_per_week must be 1 or more, "
            f"got {weeks} and {messages_per_week}"
        )
    streams = np.random.default_rng(seed).spawn(4)
    live = datetime.combine(start, time(), UTC)
    every = np.arange(-_TRAINING_WEEKS, weeks)
    week = np.repeat(every, streams[0].poisson(messages_per_week, every.size))
    offset = np.sort(week * 604_800 + streams[0].integers(0, 604_800, week.size))
    first = np.datetime64(live.replace(tzinfo=None), "us")
    when = pd.Series(first + offset.astype("timedelta64[s]")).dt.tz_localize("UTC")

    intent, message, chance = _written(week, streams[1])
    ends = np.cumsum(list(_CHANNELS.values()))[:-1]
    place = np.searchsorted(ends, streams[2].random(week.size), side="right")
    channel = np.array(list(_CHANNELS), dtype=object)[place]
    broken = next(each for each in talk.EVENTS if each.kind == "fault")
    assert broken.until is not None
    silent = (week >= broken.week) & (week < broken.until) & (channel == "mail")
    message[silent] = None
    chance[silent] = max(_rates(broken.week).values())  # nothing is left to tell by
    moved = min(each.week for each in talk.EVENTS if each.kind == "shift")

    number = pd.Series(np.arange(1, week.size + 1).astype(str), dtype=object)
    ids = "M" + number.str.zfill(6)
    days = 2 + 7 * streams[3].random(week.size)
    known = when + pd.to_timedelta((days * 86_400).astype(int), unit="s")
    outcomes = pd.DataFrame(
        {"id": ids, "time": known.astype("datetime64[us, UTC]"), "outcome": intent}
    )
    return Messages(
        seed=seed,
        start=live,
        end=live + timedelta(weeks=weeks),
        rows=pd.DataFrame(
            {"id": ids, "time": when, "channel": channel, "message": message}
        ),
        outcomes=outcomes,
        reported_outcomes=outcomes.sort_values(["time", "id"], ignore_index=True),
        corrections=outcomes.head(0),
        probability=pd.Series(chance, index=ids, name="probability"),
        events=_events(start, weeks),
        drifts={"message": week_label(start + timedelta(weeks=moved))}
        if weeks > moved
        else {},
        numeric=(),
        categorical=("channel",),
        text=("message",),
        arrivals={
            name: start + timedelta(weeks=planted.week)
            for planted in talk.EVENTS
            for name in planted.intents
            if name not in _RATES and planted.week < weeks
        },
    )


def _rates(week: int) -> dict[str, float]:
    """Shares of the intents in a week; what is new takes its share from all others."""
    rates = dict(_RATES)
    for planted in talk.EVENTS:
        for name in planted.intents:
            if week >= planted.week:
                left = 1 - _MORE[name]
                others = sum(rate for key, rate in rates.items() if key != name)
                rates = {key: rate * left / others for key, rate in rates.items()}
                rates[name] = _MORE[name]
    return rates


def _sentences(week: int) -> dict[str, dict[str, float]]:
    """By intent: the sentences of it in a week, with their shares."""
    prices = next(each for each in talk.EVENTS if each.name == "prices changed")
    found = {}
    for name, own in talk.INTENTS.items():
        dear = name == "fee_complaint" and week >= prices.week
        plain = talk.TARIFF + own[:1] if dear else own
        vague = [each for each, whose in talk.VAGUE.items() if name in whose]
        rest = _VAGUE if vague else 0.0
        shares = {each: (1 - rest) / len(plain) for each in plain}
        found[name] = shares | {each: rest / len(vague) for each in vague}
    return found


def _written(
    week: npt.NDArray[np.int64], rng: np.random.Generator
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.float64]]:
    """Intent and message of each row, and how sure one could be of the intent."""
    import numpy as np

    intent = np.empty(week.size, dtype=object)
    message = np.empty(week.size, dtype=object)
    chance = np.zeros(week.size)
    for number in np.unique(week):
        rows = np.flatnonzero(week == number)
        rates, sentences = _rates(int(number)), _sentences(int(number))
        names = list(rates)
        draw = rng.random((2, rows.size))
        at = np.searchsorted(np.cumsum(list(rates.values()))[:-1], draw[0], "right")
        words = rng.integers(0, 1 << 30, (rows.size, 5))
        for place, row in enumerate(rows):
            name = names[at[place]]
            shares = sentences[name]
            ends = np.cumsum(list(shares.values()))[:-1]
            told = list(shares)[int(np.searchsorted(ends, draw[1, place], "right"))]
            weights = [rates[each] * sentences[each].get(told, 0.0) for each in names]
            intent[row], message[row] = name, _filled(told, words[place])
            chance[row] = max(weights) / sum(weights)
    return intent, message, chance


def _filled(sentence: str, draws: npt.NDArray[np.int64]) -> str:
    numbers = iter(draws.tolist())

    def word(slot: re.Match[str]) -> str:
        known = talk.WORDS[slot[1]]
        return known[next(numbers) % len(known)]

    text = _SLOT.sub(word, sentence)
    greeting = talk.GREETINGS[next(numbers) % len(talk.GREETINGS)]
    wish = talk.WISHES[next(numbers) % len(talk.WISHES)]
    return " ".join(part for part in (greeting, text, wish) if part)


def _events(start: date, weeks: int) -> tuple[Event, ...]:
    def day(week: int) -> date:
        return start + timedelta(weeks=week)

    return tuple(
        Event(
            day(planted.week),
            planted.name,
            planted.features,
            planted.kind,
            planted.description,
            None if planted.until is None else day(planted.until),
        )
        for planted in talk.EVENTS
        if planted.week < weeks
    )

"""What the customers of the chatbot story write: intents, sentences, words.

A message is one sentence of its intent with words put in, a greeting before it and a
wish after it. Some sentences say so little that they belong to several intents: nobody
can tell those apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["EVENTS", "GREETINGS", "INTENTS", "VAGUE", "WISHES", "WORDS", "Planted"]

GREETINGS = ("", "", "", "hello", "hi there", "good morning", "hey", "dear team")
WISHES = ("", "", "", "please help", "thanks", "it is urgent", "what can I do", "asap")
WORDS: Mapping[str, tuple[str, ...]] = {
    "card": ("card", "debit card", "credit card", "bank card"),
    "pass": ("nova pass", "my nova", "the new pass", "nova"),
    "shop": ("supermarket", "petrol station", "hotel", "online shop", "restaurant"),
    "sum": ("20 euros", "150 euros", "a small amount", "300", "my salary"),
    "day": ("yesterday", "last week", "on monday", "this morning", "two days ago"),
    "app": ("app", "website", "phone app", "online banking"),
    "place": ("spain", "turkey", "the airport", "abroad", "london"),
    "coin": ("bitcoin", "coins", "ether", "crypto"),
}
INTENTS: Mapping[str, tuple[str, ...]] = {
    "card_arrival": (
        "when will my new {card} arrive",
        "i ordered a {card} {day} and still wait for it",
        "is there a way to track the delivery of my {card}",
        "my {card} has not come by post",
    ),
    "lost_card": (
        "i lost my {card} {day}",
        "somebody stole my {card} at the {shop}",
        "please block my {card}, it is gone",
        "my {card} is missing since {day}",
    ),
    "declined_payment": (
        "my {card} was declined at the {shop}",
        "why was my payment refused {day}",
        "the {shop} did not accept my {card}",
        "payment of {sum} did not go through",
    ),
    "transfer_pending": (
        "my transfer of {sum} has not arrived",
        "i sent {sum} {day} and it is still pending",
        "how long does a transfer take",
        "the transfer from {day} shows as pending",
    ),
    "login_problem": (
        "i cannot log in to the {app}",
        "the {app} says wrong password",
        "how do i reset my password for the {app}",
        "my account in the {app} is locked",
    ),
    "fee_complaint": (
        "why was i charged a fee of {sum}",
        "there is a fee on my statement i do not know",
        "i do not agree with the fee from {day}",
        "please refund the fee you took {day}",
    ),
    "cash_abroad": (
        "can i take out cash in {place}",
        "the machine in {place} gave me no cash",
        "what does it cost to withdraw {sum} in {place}",
        "will my {card} work in {place}",
    ),
    "change_address": (
        "i have moved, how do i change my address",
        "please update my address in the {app}",
        "my letters go to an old address",
        "where do i enter a new address",
    ),
    "wallet_transfer": (
        "how do i move {coin} to my new wallet",
        "my wallet does not show the {coin} i bought {day}",
        "can i sell {coin} from the wallet for {sum}",
        "wallet says {coin} locked since {day}",
    ),
    "verify_identity": (
        "the {app} wants a photo of my passport again",
        "why must i verify my identity",
        "my identity check was rejected {day}",
        "which document do you need to verify me",
    ),
}
TARIFF = (
    "your new price plan is far too dear",
    "i want to leave because of the price increase",
    "nobody told me about the new tariff {day}",
    "the monthly price doubled, take it back",
)
"""What complaints about fees are like after the prices have changed."""
VAGUE: Mapping[str, tuple[str, ...]] = {
    "it does not work": ("declined_payment", "login_problem", "transfer_pending"),
    "where is it": ("card_arrival", "transfer_pending"),
    "there is a problem with my {card}": (
        "lost_card",
        "declined_payment",
        "card_arrival",
    ),
    "i have a question about my account": (
        "change_address",
        "login_problem",
        "fee_complaint",
    ),
    "my money is gone": ("transfer_pending", "lost_card", "fee_complaint"),
}
"""Sentences that say little, and who writes them."""


@dataclass(frozen=True)
class Planted:
    """What happens from one week to another after going live."""

    week: int
    until: int | None
    name: str
    kind: Literal["shift", "flip", "season", "fault"]
    features: tuple[str, ...]
    intents: tuple[str, ...]
    description: str


EVENTS: tuple[Planted, ...] = (
    Planted(
        5,
        None,
        "crypto wallet launched",
        "shift",
        ("message",),
        ("wallet_transfer",),
        "a product that was not there before: one message in eight is about it",
    ),
    Planted(
        11,
        None,
        "prices changed",
        "shift",
        ("message",),
        ("fee_complaint",),
        "complaints about prices triple, in words nobody used before",
    ),
    Planted(
        16,
        None,
        "identity checks demanded",
        "shift",
        ("message",),
        ("verify_identity",),
        "a new law: customers must show their passport, and ask why",
    ),
    Planted(
        20,
        21,
        "mail gateway broken",
        "fault",
        ("message",),
        (),
        "for a week mails arrive without their text",
    ),
)

"""Alerts: one per episode, told once, closed when it is over.

An episode opens, goes on and closes; each turn of it is written together with what
is to be told about it, and `deliver` sends that. A message is sent at least once,
and twice only when the process dies between the sending and the word that it was
sent: then with the same key, so that a receiver can drop it.
"""

from __future__ import annotations

from lifecycle.alerts.episodes import history, open_alerts, update
from lifecycle.alerts.family import Family
from lifecycle.alerts.hindsight import Episode, Hindsight, Spell, hindsight
from lifecycle.alerts.outbox import Address, Delivery, deliver
from lifecycle.alerts.people import acknowledge, chase, silence, silent_until
from lifecycle.alerts.sending import NotSent, send
from lifecycle.alerts.words import sentence
from lifecycle.registry import Alert, Message

__all__ = [
    "Address",
    "Alert",
    "Delivery",
    "Episode",
    "Family",
    "Hindsight",
    "Message",
    "NotSent",
    "Spell",
    "acknowledge",
    "chase",
    "deliver",
    "hindsight",
    "history",
    "open_alerts",
    "send",
    "sentence",
    "silence",
    "silent_until",
    "update",
]

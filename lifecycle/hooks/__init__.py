"""Models served elsewhere: who is told of a move, at least once and in order.

The ledger is the outbox. A hook is told each row that changes who has which role, of
one model strictly in the order of the ledger, by a command, a signed web address or
the aliases of MLflow.
"""

from __future__ import annotations

from lifecycle.hooks.aliases import Aliases, Pack
from lifecycle.hooks.commands import Command
from lifecycle.hooks.delivering import Delivery, Hook, Receiver, begin, deliver
from lifecycle.hooks.news import News, tell
from lifecycle.hooks.packing import pack
from lifecycle.hooks.standing import State, retry, states
from lifecycle.hooks.webhooks import Webhook, signature
from lifecycle.hooks.words import NotTaken

__all__ = [
    "Aliases",
    "Command",
    "Delivery",
    "Hook",
    "News",
    "NotTaken",
    "Pack",
    "Receiver",
    "State",
    "Webhook",
    "begin",
    "deliver",
    "pack",
    "retry",
    "signature",
    "states",
    "tell",
]

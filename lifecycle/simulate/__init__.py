"""Simulate: deployments with planted truth, so that a finding can be checked.

`lead_scoring` tells the long story the demonstration runs through, `fraud` that of a
bank's card payments, `chatbot` that of its customers' messages, `shop` that of a gift
shop's lists; `deployment` makes one small pair of frames for a test or an example.

>>> from lifecycle import simulate
>>> story = simulate.lead_scoring(weeks=20)
>>> [event.name for event in story.events if event.kind == "shift"]
['free tier launched', 'new segments']
"""

from __future__ import annotations

from lifecycle.simulate.asking import Messages
from lifecycle.simulate.blocking import Payments
from lifecycle.simulate.chatbot import chatbot
from lifecycle.simulate.frames import deployment
from lifecycle.simulate.fraud import fraud
from lifecycle.simulate.lead_scoring import lead_scoring
from lifecycle.simulate.selling import Leads
from lifecycle.simulate.shop import shop
from lifecycle.simulate.shopping import Reaction, Shop
from lifecycle.simulate.story import Event, Fault, Story, week_label

__all__ = [
    "Event",
    "Fault",
    "Leads",
    "Messages",
    "Payments",
    "Reaction",
    "Shop",
    "Story",
    "chatbot",
    "deployment",
    "fraud",
    "lead_scoring",
    "shop",
    "week_label",
]

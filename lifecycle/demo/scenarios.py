"""The scenarios there are, by name."""

from __future__ import annotations

from lifecycle import errors, simulate
from lifecycle.demo import chatbot, fraud, leads, owner
from lifecycle.demo.scenario import Scenario

__all__ = ["CHATBOT", "FRAUD", "LEADS", "SCENARIOS", "named"]

LEADS = Scenario(
    name="lead-scoring",
    story=simulate.lead_scoring,
    weeks=78,
    live=13,
    things="leads",
    exported={
        "predictions": {"id": "lead_id", "time": "created_at"},
        "outcomes": {"id": "lead_id", "time": "closed_at", "outcome": "won"},
        "feedback": {"id": "lead_id"},
        "events": {"id": "lead_id"},
    },
    author="Mira Okafor",
    owner="Dana Weber",
    first="the first version, sold at 85% accuracy",
    decide=owner.weighs,
    account=leads,
)
FRAUD = Scenario(
    name="fraud",
    story=simulate.fraud,
    weeks=40,
    live=8,
    things="payments",
    exported={
        "predictions": {"id": "payment_id", "time": "paid_at"},
        "outcomes": {"id": "payment_id", "time": "settled_at", "outcome": "fraud"},
        "feedback": {"id": "payment_id"},
        "events": {"id": "payment_id"},
    },
    author="Ines Costa",
    owner="Tom Brandt",
    first="the first version, which stops 97 of 100 frauds it was tested on",
    decide=owner.at_once,
    account=fraud,
)
CHATBOT = Scenario(
    name="chatbot",
    story=simulate.chatbot,
    weeks=26,
    live=8,
    things="messages",
    exported={
        "predictions": {"id": "message_id", "time": "written_at"},
        "outcomes": {"id": "message_id", "time": "read_at", "outcome": "intent"},
        "feedback": {"id": "message_id"},
        "events": {"id": "message_id"},
    },
    author="Omar Haddad",
    owner="Lena Vogt",
    first="the first version, which names 93 of 100 intents rightly",
    decide=owner.at_once,
    account=chatbot,
)
SCENARIOS = {each.name: each for each in (LEADS, FRAUD, CHATBOT)}


def named(name: str, *, others: tuple[str, ...] = ()) -> Scenario:
    """One of them.

    Parameters
    ----------
    name : str
    others : tuple of str
        What else could have been said, for the sentence of an error.

    Raises
    ------
    SettingsError
        When there is none of that name.
    """
    if name not in SCENARIOS:
        *most, last = *others, *SCENARIOS
        raise errors.SettingsError(
            f"there is no scenario {name!r}; choose {', '.join(most)} or {last}"
        )
    return SCENARIOS[name]

"""Settings: one `lifecycle.toml` a workspace, checked before anything runs."""

from __future__ import annotations

from lifecycle.config.artefacts import Artefacts
from lifecycle.config.guarding import GUARDS, Guard
from lifecycle.config.hooks import Hook
from lifecycle.config.identity import Identity
from lifecycle.config.reading import find, load, load_rules, load_sound, parse
from lifecycle.config.releasing import Gate, Promote, Release, Renewal
from lifecycle.config.rules import Rule, RuleFile
from lifecycle.config.scheduling import NOTEBOOKS, Page, Schedule
from lifecycle.config.serving import PRESETS, Poll, Server, Source, Take
from lifecycle.config.tables import (
    FILE,
    Alerts,
    Costs,
    Features,
    Kpi,
    Model,
    Reference,
    Settings,
    Shared,
)
from lifecycle.config.trial import Trial

__all__ = [
    "FILE",
    "GUARDS",
    "NOTEBOOKS",
    "PRESETS",
    "Alerts",
    "Artefacts",
    "Costs",
    "Features",
    "Gate",
    "Guard",
    "Hook",
    "Identity",
    "Kpi",
    "Model",
    "Page",
    "Poll",
    "Promote",
    "Reference",
    "Release",
    "Renewal",
    "Rule",
    "RuleFile",
    "Schedule",
    "Server",
    "Settings",
    "Shared",
    "Source",
    "Take",
    "Trial",
    "find",
    "load",
    "load_rules",
    "load_sound",
    "parse",
]

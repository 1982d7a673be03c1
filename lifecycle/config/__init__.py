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
    "Promote",
    "Reference",
    "Release",
    "Renewal",
    "Rule",
    "RuleFile",
    "Schedule",
    "Settings",
    "Shared",
    "Trial",
    "find",
    "load",
    "load_rules",
    "load_sound",
    "parse",
]

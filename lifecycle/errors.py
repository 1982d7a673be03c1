"""What the house says when the world is not as it should be.

::

    LifecycleError
    ├── SettingsError       lifecycle.toml does not say what it must
    ├── InputError          a file that came in cannot be believed
    ├── UnknownModel · UnknownVersion · UnknownProposal
    ├── IllegalMove         this move is not possible from here
    │   ├── AlreadyDecided  somebody was faster
    │   ├── Stale           what was shown is no longer what is there
    │   └── NotAllowed      not by this person, or not without a person
    ├── ArtefactError       a stored model is not what the registry says it is
    ├── NotEnoughData       the question has no answer yet
    ├── NoAnswer            no version of a model could score a row
    └── RunError            a notebook run did not succeed
        ├── NotebookFailed · TimeLimit · KernelDied
        └── BadParameters · AlreadyRunning · Stopped

Every message is one sentence with its remedy. `exit_code` is what the command
line returns (0 done, 10 alert, 20 notebook failed, 21 time limit, 22 kernel died,
30 bad parameters, settings, input or move, 31 already running).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

__all__ = [
    "AlreadyDecided",
    "AlreadyRunning",
    "ArtefactError",
    "BadParameters",
    "IllegalMove",
    "InputError",
    "KernelDied",
    "LifecycleError",
    "NoAnswer",
    "NotAllowed",
    "NotEnoughData",
    "NotebookFailed",
    "RunError",
    "SettingsError",
    "Stale",
    "Stopped",
    "TimeLimit",
    "UnknownModel",
    "UnknownProposal",
    "UnknownVersion",
]


class LifecycleError(Exception):
    """Any state of the world that the workbench refuses to work with."""

    exit_code: ClassVar[int] = 30


class _Problems(LifecycleError):
    """Several sentences at once, so that a person mends all of them in one go.

    Parameters
    ----------
    problems : sequence of str
        One sentence each, with place and remedy.

    Examples
    --------
    >>> error = SettingsError(["a.toml: owner is missing", "a.toml: task is missing"])
    >>> error.problems
    ('a.toml: owner is missing', 'a.toml: task is missing')
    """

    def __init__(self, problems: Sequence[str] | str) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class SettingsError(_Problems):
    """The settings of a workspace are missing, unreadable or wrong."""


class InputError(_Problems):
    """A file of predictions, outcomes, feedback or events cannot be taken as it is."""


class UnknownModel(LifecycleError):
    """No model of this name in the workspace."""


class UnknownVersion(LifecycleError):
    """The model has no such version."""


class UnknownProposal(LifecycleError):
    """There is no such proposal."""


class IllegalMove(LifecycleError):
    """The roles of a model do not allow this move now."""


class AlreadyDecided(IllegalMove):
    """The proposal has been approved, rejected or withdrawn before."""


class Stale(IllegalMove):
    """What was shown to the person is no longer what is there; look again."""


class NotAllowed(IllegalMove):
    """The move is not for this person, or not for a run without a person."""


class ArtefactError(LifecycleError):
    """A stored model is missing, altered, or holds types that are not trusted."""


class NotEnoughData(LifecycleError):
    """Too few rows, or outcomes that are not due yet."""


class NoAnswer(LifecycleError):
    """Production and the version before it both failed on these rows."""


class RunError(LifecycleError):
    """A run of a notebook that did not succeed."""

    exit_code = 20


class NotebookFailed(RunError):
    """A cell raised, or the notebook ended without a valid result record."""


class TimeLimit(RunError):
    """The run took longer than it may."""

    exit_code = 21


class KernelDied(RunError):
    """The kernel went away in the middle of the run."""

    exit_code = 22


class Stopped(RunError):
    """A run was ended from outside before it was done; nothing is kept of it."""


class BadParameters(RunError):
    """A parameter the notebook does not have, or of another type."""

    exit_code = 30


class AlreadyRunning(RunError):
    """The same notebook runs for the same model at this moment."""

    exit_code = 31

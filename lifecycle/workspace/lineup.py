"""The line-up: the versions that serve a model at one moment, loaded and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle import errors, tasks
from lifecycle.workspace import serving

if TYPE_CHECKING:
    from lifecycle.registry import Version
    from lifecycle.workspace.desk import Workspace

__all__ = ["Lineup", "Player", "load", "stamp"]

CHAIN = ("experimental", "production", "previous")
"""Who is asked first; who fails is followed by the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Player:
    """A version in a role, ready to score.

    `task` and `classes` say what its raw answers mean.
    """

    number: int
    version: str
    role: str
    threshold: float
    scorer: serving.Scorer
    code: int
    task: tasks.Task = tasks.TASKS["binary"]
    classes: tuple[str, ...] = ()

    def said(self, raw: Any) -> tuple[Any, Any]:
        """Score and prediction of raw answers, of one row or of many."""
        if self.task.name == "binary" and type(raw) is float:
            return raw, raw if raw != raw else float(raw >= self.threshold)
        terms: dict[str, Any] = {"threshold": self.threshold, "classes": self.classes}
        if type(raw) is not float:
            return self.task.said(raw, **terms)
        score, guess = self.task.said([raw], **terms)
        return float(score[0]), guess[0]

    def plain(self, raw: Any) -> Any:
        """Raw answers as scores: probabilities, or amounts."""
        if not self.task.words or raw is None:
            return raw
        return self.said(raw)[0]


@dataclass(frozen=True, slots=True, eq=False)
class Lineup:
    """Who serves from one role change to the next; it never changes itself.

    Parameters
    ----------
    model : str
    stamp : int
        Of the book when it was read.
    players : tuple of Player
        In the order of `CHAIN`; those that are there and could be loaded.
    share : float
        Of the experimental version, 0 without one.
    troubles : tuple of (version, role, str)
        Who could not be loaded, and why, in one sentence.
    numeric, categorical : tuple of str
        The columns that are logged, text among the categories.
    """

    model: str
    stamp: int
    players: tuple[Player, ...]
    share: float
    troubles: tuple[tuple[str, str, str], ...]
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    stable: tuple[Player, ...] = field(init=False)
    """Production and, behind it, the previous version."""

    def __post_init__(self) -> None:
        tried = self.experimental is not None
        object.__setattr__(self, "stable", self.players[tried:])

    @property
    def served(self) -> tuple[tuple[str, str], ...]:
        """Version and role by `Player.code`."""
        return tuple((each.version, each.role) for each in self.players)

    @property
    def words(self) -> bool:
        """Whether predictions are names of classes."""
        return self.players[0].task.words

    def said(self, raw: Any, codes: Any) -> tuple[Any, Any]:
        """Score and prediction of n raw answers, each by the player who gave it.

        Parameters
        ----------
        raw : ndarray of float64, shape (n,)
        codes : ndarray of int8, shape (n,)
            Their `Player.code`.
        """
        import numpy as np

        if self.players[0].task.name == "binary":
            limits = np.array([each.threshold for each in self.players])
            said = (raw >= limits[codes]).astype(float)
            said[np.isnan(raw)] = np.nan
            return raw, said
        scores = np.full(len(raw), np.nan)
        told = np.full(len(raw), None if self.words else np.nan, dtype=object)
        for player in self.players:
            mine = codes == player.code
            scores[mine], told[mine] = player.said(raw[mine])
        return scores, told if self.words else told.astype(float)

    @property
    def experimental(self) -> Player | None:
        """Who is tried with a share of the keys."""
        first = self.players[0]
        return first if first.role == "experimental" else None

    def __repr__(self) -> str:
        told = ", ".join(f"{each.role} {each.version}" for each in self.players)
        return f"<Lineup of {self.model}: {told}, experimental share {self.share:g}>"


def stamp(workspace: Workspace, model: str) -> int:
    """A number that is another one after each move of the model."""
    return workspace.registry.stamp(model)


def load(workspace: Workspace, model: str) -> Lineup:
    """Read the roles of a model and load their versions.

    A version that cannot be loaded is left out and told of; its keys are served by
    production.

    Raises
    ------
    UnknownVersion
        There is no version in production.
    ArtefactError, SettingsError
        The production version cannot be loaded.
    """
    settings = workspace.model(model)
    now = stamp(workspace, model)  # first: a move from here on is seen by the next look
    roles = workspace.registry.roles(model)
    if "production" not in roles:
        raise errors.UnknownVersion(
            f"{model} has no version in production; train one, propose it and approve "
            "it"
        )
    players: list[Player] = []
    troubles: list[tuple[str, str, str]] = []
    read: list[Version] = []
    for role in CHAIN:
        if role not in roles:
            continue
        number = roles[role].number
        try:
            version = workspace.registry.version(model, number)
            scorer = serving.scorer(workspace, model, version)
        except (errors.ArtefactError, errors.SettingsError) as error:
            if role == "production":
                raise
            told = " ".join(str(error).split())
            troubles.append((str(number), role, told))
            continue
        read.append(version)
        threshold, code = float(version.threshold), len(players)
        player = Player(
            number,
            str(number),
            role,
            threshold,
            scorer,
            code,
            tasks.of(settings.task),
            tuple(version.birth.get("classes") or ()),
        )
        players.append(player)
    tried = players[0].role == "experimental"
    share = roles["experimental"].share if tried else 0.0
    numeric = dict.fromkeys(settings.features.numeric)
    categorical = dict.fromkeys(settings.features.worded)
    for version in read:
        numeric |= dict.fromkeys(version.features["numeric"])
        categorical |= dict.fromkeys(version.features["categorical"])
    numeric |= dict.fromkeys(settings.features.offered_numeric)
    categorical |= dict.fromkeys(settings.features.offered_categorical)
    return Lineup(
        model,
        now,
        tuple(players),
        share,
        tuple(troubles),
        tuple(numeric),
        tuple(name for name in categorical if name not in numeric),
    )

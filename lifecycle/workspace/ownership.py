"""Whose a model is: as the settings say first, and as it was handed over since."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import config, errors, markup, people, promotion
from lifecycle.workspace import actors

if TYPE_CHECKING:
    from lifecycle.config.rules import Addresses
    from lifecycle.registry import Entry
    from lifecycle.workspace.desk import Workspace

__all__ = [
    "Ownership",
    "applied",
    "hand_over",
    "newest",
    "notified",
    "opened",
    "ownership",
    "review",
]

WAYS = ("terminal", "lab", "door")
"""How it is known that somebody opened a report."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who looks after a model at a moment, and what for.

    Parameters
    ----------
    model : str
    owner, deputy : str
        The deputy is empty where nobody stands in.
    first : str
        The owner that the settings name.
    since : datetime, optional
        Of the last hand-over, UTC; None where there was none.
    by, reason : str
        Who handed it over, and why.
    purpose, kpi : str
        What it is for, and which of its KPIs says so.
    review_by : date, optional
        When somebody is to look at all this again.
    reviewed_at, reviewed_by : datetime and str
        When somebody last did.
    """

    model: str
    owner: str
    deputy: str
    first: str
    since: datetime | None
    by: str
    reason: str
    purpose: str
    kpi: str
    review_by: date | None
    reviewed_at: datetime | None
    reviewed_by: str

    @property
    def sentence(self) -> str:
        """Whose it is, since when and why, in words."""
        told = f"{self.owner} looks after {self.model}"
        if self.since is not None:
            told += f" since {self.since:%Y-%m-%d} ({self.by}: {self.reason})"
        if self.deputy:
            told += f"; {self.deputy} stands in"
        return markup.one_line(told, most=400)

    def facts(self) -> dict[str, str]:
        """What a card, a page or a report shows of it; nothing that is not known."""
        since = f" (since {self.since:%Y-%m-%d})" if self.since else ""
        told = {
            "Owner": f"{self.owner}{since}",
            "Deputy": self.deputy,
            "Purpose": self.purpose,
            "KPI": self.kpi,
            "Review by": f"{self.review_by}" if self.review_by else "",
        }
        return {name: markup.one_line(said, 300) for name, said in told.items() if said}

    def due(self, day: date) -> bool:
        """Whether the day of review is past."""
        return self.review_by is not None and day > self.review_by

    def plain(self) -> dict[str, str | None]:
        """As plain values for JSON."""
        told = asdict(self)
        for name in ("since", "review_by", "reviewed_at"):
            told[name] = told[name] and told[name].isoformat()
        return told

    def __repr__(self) -> str:
        return f"<Ownership {self.sentence}>"

    def _repr_html_(self) -> str:
        return str(markup.card(self.model, dict(self.facts())))


def ownership(workspace: Workspace, name: str, *, as_of: datetime) -> Ownership:
    """Who looks after a model at a moment.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The model.
    as_of : datetime
        With a zone; what was handed over later does not count.

    Raises
    ------
    UnknownModel
        When there is no such model.
    """
    model = workspace.model(name)
    now = promotion.kept(
        _moves(workspace, name),
        owner=model.owner,
        deputy=model.alerts.deputy or "",
        review_by=model.review_by,
        as_of=as_of,
    )
    return Ownership(
        name,
        now.owner,
        now.deputy,
        model.owner,
        now.since,
        now.by,
        now.reason,
        model.purpose.strip(),
        model.kpi,
        now.review_by,
        now.reviewed_at,
        now.reviewed_by,
    )


def _moves(workspace: Workspace, name: str) -> list[Entry]:
    with workspace.registry.reading() as book:
        moves = [
            entry
            for move in (promotion.HAND_OVER, promotion.REVIEW)
            for entry in book.ledger(name, move=move)
        ]
    return sorted(moves, key=lambda entry: entry.seq)


def applied(
    settings: config.Model, workspace: Workspace, name: str, *, as_of: datetime
) -> config.Model:
    """A model's settings with the owner, the deputy and the review of a moment."""
    moves = _moves(workspace, name)
    if not moves:
        return settings
    now = promotion.kept(
        moves,
        owner=settings.owner,
        deputy=settings.alerts.deputy or "",
        review_by=settings.review_by,
        as_of=as_of,
    )
    told = settings.alerts.model_copy(update={"deputy": now.deputy or None})
    changed = {"owner": now.owner, "alerts": told, "review_by": now.review_by}
    return settings.model_copy(update=changed)


def hand_over(
    workspace: Workspace,
    name: str,
    to: str,
    *,
    reason: str,
    deputy: str = "",
    by: str | actors.Actor | None = None,
    as_of: datetime,
) -> Entry:
    """Give a model to another person; see `promotion.hand_over`."""
    actor, model = workspace.who(by), workspace.model(name)
    return promotion.hand_over(
        workspace.registry,
        name,
        to,
        owner=model.owner,
        deputy=deputy,
        actor=actor.name,
        source=actor.source,
        reason=reason,
        at=as_of,
        unattended=actors.unattended(),
    )


def review(
    workspace: Workspace,
    name: str,
    *,
    due: date,
    reason: str,
    by: str | actors.Actor | None = None,
    as_of: datetime,
) -> Entry:
    """Say that whose a model is was looked at; see `promotion.review`."""
    actor = workspace.who(by)
    workspace.model(name)
    return promotion.review(
        workspace.registry,
        name,
        due=due,
        actor=actor.name,
        source=actor.source,
        reason=reason,
        at=as_of,
        unattended=actors.unattended(),
    )


def opened(
    workspace: Workspace, name: str, page: str = "", *, way: str, as_of: datetime
) -> bool:
    """Keep that somebody has a model's report before them; who is not kept.

    What counts: `lifecycle open`, a report that JupyterLab or the door serves. A file
    that somebody opens from the disk, or gets by mail, is not seen by anybody here.

    Parameters
    ----------
    workspace : Workspace
    name, page : str
        The model, and the notebook whose report it is; empty for the model's own page.
    way : {"terminal", "lab", "door"}
    as_of : datetime
        Now.

    Returns
    -------
    bool
        Whether it is the first time on this day.

    Raises
    ------
    ValueError
        When the way is none of these.
    """
    if way not in WAYS:
        raise ValueError(f"way must be one of {', '.join(WAYS)}, got {way!r}")
    workspace.model(name)
    if actors.unattended():
        return False
    page = markup.one_line(page, most=100)
    return workspace.registry.note_opened(name, page, at=as_of, way=way)


def newest(workspace: Workspace, name: str, page: str = "") -> Path:
    """The newest report of a page; the model's own page where none is named.

    Raises
    ------
    BadParameters
        When there is none.
    """
    workspace.model(name)
    paths = [workspace.reports / name / "index.html"]
    if page:
        runs = [run for run in workspace.registry.runs(name, page) if run.directory]
        paths = [workspace.directory / run.directory / f"{page}.html" for run in runs]
    for path in paths:
        if path.is_file():
            return path.resolve()
    known = sorted({run.notebook for run in workspace.registry.runs(name) if run.ran})
    raise errors.BadParameters(
        f"there is no report {markup.one_line(page or 'index', most=60)!r} of {name}; "
        f"there is {', '.join(known) or 'none yet'}"
    )


def notified(
    workspace: Workspace, name: str, *, as_of: datetime
) -> dict[str, tuple[Addresses, str]]:
    """Where owner and deputy of a moment are told, and what is wrong about that.

    Whoever got a model by a hand-over is told at the addresses under `[people]` of the
    settings. Where there are none, those of the one before go on being told, and that
    this is so is said at every delivery until somebody names one.

    Returns
    -------
    dict of {"owner", "deputy"} to (addresses, problem)
    """
    model = workspace.model(name)
    now = ownership(workspace, name, as_of=as_of)
    found: dict[str, tuple[Addresses, str]] = {}
    for role, person, first, own in (
        ("owner", now.owner, model.owner, model.alerts.notify),
        ("deputy", now.deputy, model.alerts.deputy or "", model.alerts.notify_deputy),
    ):
        if not person or people.same(person, first):
            found[role] = own, ""
            continue
        book = workspace.settings.people
        meant = people.meant(person, list(book))
        if meant is not None:
            found[role] = book[meant].notify, ""
        else:
            who = markup.one_line(person, most=80)
            found[role] = (
                own,
                f"the settings have no address of {who}, who is {role} of {name} now; "
                f'add [people."{who}"] with notify',
            )
    return found

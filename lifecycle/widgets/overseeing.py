"""The panel of all models: what needs a person first; a click opens a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from lifecycle import markup
from lifecycle.widgets.alerting import alerts
from lifecycle.widgets.approving import approval
from lifecycle.widgets.links import show
from lifecycle.widgets.paging import Pages
from lifecycle.widgets.shell import Shell
from lifecycle.widgets.static import Static, either
from lifecycle.widgets.triaging import triage

__all__ = ["fleet"]

PAGE = 10
MOST = 20  # sentences of what needs a person, where nobody can click


def fleet(desk: Any, *, unattended: bool | None = None) -> Any:
    """The panel of all models of a workspace, those that need a person first.

    Parameters
    ----------
    desk : lifecycle.workspace.Workspace
    unattended : bool, optional
        Whether no person is there; found out from the environment where not given.

    Returns
    -------
    ipywidgets.VBox, or Static where no person is there
    """
    return either(unattended, _Fleet, _told, desk)


def _told(desk: Any) -> Static:
    """All models in a table, and what is to be decided with its command."""
    rows = desk.status()
    summary = desk.needs(rows).summary
    header = ["Model", *_facts(rows[0])] if rows else []
    body = [[row.model, *_facts(row).values()] for row in rows]
    wanted = [sentence for row in rows for sentence in row.needs]
    parts = [markup.paragraph(summary)]
    if body:
        parts.append(markup.table(header, body[:MOST], label="All models"))
    if body[MOST:]:
        rest = markup.table(header, body[MOST:], label="All models, more")
        parts.append(markup.folded(f"{len(body) - MOST} more models", rest))
    if wanted:
        parts.append(markup.items(wanted[:MOST]))
    if wanted[MOST:]:
        more = f"{len(wanted) - MOST} more: `lifecycle status` tells all of them."
        parts.append(markup.paragraph(more))
    return Static(markup.join(parts), "\n".join([summary, *wanted[:MOST]]))


def _facts(row: Any) -> dict[str, object]:
    """How a model stands, in a few words each."""
    return {
        "Health": markup.badge(row.verdict),
        "Owner": markup.one_line(row.owner, most=80),
        "Version": row.live_words,
        "Accuracy": row.accuracy_words,
        "Open alerts": len(row.alerts),
        "Pending approvals": len(row.pending),
        "Last run": _moment(row.last_run),
        "Next run": _moment(row.next_run),
    }


def _moment(at: datetime | None) -> str:
    return "–" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


class _Fleet:
    """Models a page at a time, and the panels of the one that is open."""

    def __init__(self, desk: Any) -> None:
        import ipywidgets

        self.desk = desk
        shell = self.shell = Shell("fleet", self._look)
        self.pages: Pages[Any] = Pages(shell, PAGE, self._draw)
        self.rows: Sequence[Any] = ()
        self.summary = shell.words()
        self.find = shell.text("Find", "part of a model's name, or of its owner's")
        self.find.continuous_update = False
        self.find.observe(lambda _: shell.act(self._found), names="value")
        self.list, self.opened = ipywidgets.VBox(), ipywidgets.VBox()
        self.reports = ipywidgets.Output()
        self.below = shell.row(self.pages.controls, shell.again)
        self._look()
        shell.tell("")

    def _look(self) -> str:
        """Read how all models stand; what is open stays open."""
        rows = self.rows = self.desk.status()
        many = [self.find] if len(rows) > PAGE else []
        self.shell.fill(self.summary, *many, self.list, self.below, self.opened)
        said: str = self.desk.needs(rows).summary
        self.summary.value = markup.paragraph(said)
        self._found()
        return said

    def _found(self) -> str:
        """Show the models that are looked for; all of them where nothing is."""
        asked = self.find.value.strip().casefold()
        found = [
            row
            for row in self.rows
            if asked in row.model.casefold() or asked in row.owner.casefold()
        ]
        self.pages.fill(found)
        self._draw()
        models = "1 model" if len(found) == 1 else f"{len(found):,} models"
        return f"{models} found." if asked else f"These are all {models}."

    def _draw(self) -> None:
        gone = self.list.children
        self.list.children = tuple(self._row(row) for row in self.pages.shown)
        self.shell.drop(*gone)

    def _row(self, row: Any) -> Any:
        opens = self.shell.button(f"Open {row.model}", self._opens(row.model))
        facts = markup.card("", _facts(row)).replace("lc-card", "lc-line")
        line = self.shell.row(opens, self.shell.words(facts))
        line.add_class("lc-row")
        return line

    def _opens(self, name: str) -> Callable[[], str]:
        def work() -> str:
            view = self.desk.view(name)
            show(self.reports, self.desk.links(name), self.desk.directory)
            gone = self.opened.children
            self.opened.children = (
                self.shell.words(f"<h3>{markup.cell(name)}</h3>"),
                self.reports,
                *self._panels(view),
            )
            self.opened.add_class("lc-opened")
            self.shell.drop(*(each for each in gone if each is not self.reports))
            return f"{name} is open below."

        return work

    def _panels(self, view: Any) -> Iterator[Any]:
        """What can be decided about one model, each below its title."""
        for title, panel in (
            ("What waits for a decision", approval),
            ("Alerts", alerts),
            ("What people said", triage),
        ):
            yield self.shell.words(f"<h4>{title}</h4>")
            yield panel(view, unattended=False)

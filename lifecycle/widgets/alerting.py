"""The panel of alerts: what is open, who has it; take it on, or ask for silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lifecycle import errors, markup
from lifecycle.widgets.links import show
from lifecycle.widgets.paging import Pages
from lifecycle.widgets.shell import Shell
from lifecycle.widgets.static import Static, either

__all__ = ["alerts"]

PAGE = 8


def alerts(of: Any, *, unattended: bool | None = None) -> Any:
    """The panel on which a person takes alerts on, or silences a rule.

    Parameters
    ----------
    of : lifecycle.workspace.View or Workspace
        One model, or all models of a workspace.
    unattended : bool, optional
        Whether no person is there; found out from the environment where not given.

    Returns
    -------
    ipywidgets.VBox, or Static where no person is there
    """
    desk = getattr(of, "workspace", of)
    name = None if desk is of else of.name
    return either(unattended, _Alerts, _told, desk, name)


def _told(desk: Any, name: str | None) -> Static:
    """What is open and the commands, for a run without a person."""
    lines = desk.alert_lines(name)
    if not lines:
        return Static(markup.paragraph(_counted(lines, name)), _counted(lines, name))
    how = (
        "Take one on at a terminal with: lifecycle acknowledge ID; or silence its rule "
        'with: lifecycle silence MODEL RULE --until DATE --reason "…"'
    )
    parts = [markup.paragraph(_counted(lines, name)), _table(lines[:PAGE])]
    if lines[PAGE:]:
        parts.append(
            markup.folded(f"{len(lines) - PAGE} more alerts", _table(lines[PAGE:]))
        )
    html = markup.join([*parts, markup.paragraph(how)])
    told = "\n".join(f"{each.id}: {each.sentence} ({each.state})" for each in lines)
    return Static(html, f"{_counted(lines, name)}\n{told}\n{how}")


def _counted(lines: Sequence[Any], name: str | None) -> str:
    of = f" of {name}" if name else ""
    if not lines:
        return f"No alert{of} is open."
    free = sum(not each.taken for each in lines)
    many = "1 alert" if len(lines) == 1 else f"{len(lines)} alerts"
    verb = "is" if len(lines) == 1 else "are"
    return f"{many}{of} {verb} open; {free} of them nobody has taken on."


def _table(lines: Sequence[Any]) -> markup.Html:
    rows = [
        [
            each.id,
            each.model,
            each.rule,
            _severity(each),
            markup.one_line(each.sentence, most=400),
            each.state,
        ]
        for each in lines
    ]
    header = ["Alert", "Model", "Rule", "Severity", "What is wrong", "State"]
    return markup.table(header, rows, label="Open alerts")


def _severity(line: Any) -> markup.Html:
    tone = {"critical": "alert", "warning": "pending"}.get(line.severity, "undefined")
    word = markup.cell(line.severity)
    since = f"<small>since {line.opened_at:%Y-%m-%d}</small>"
    return markup.Html(f'<span class="lc-badge lc-{tone}">{word}</span>{since}')


class _Alerts:
    """The open alerts a page at a time, one of them chosen."""

    def __init__(self, desk: Any, name: str | None) -> None:
        import ipywidgets

        self.desk, self.name = desk, name
        shell = self.shell = Shell("alerts", self._look)
        self.pages: Pages[Any] = Pages(shell, PAGE, self._draw)
        self.shown = shell.words()
        self.which = shell.choice("Alert", [])
        self.said = shell.words()  # where it is too narrow for the table's sentence
        self.said.add_class("lc-narrow")
        self.report = ipywidgets.Output()
        self.until = shell.text("Silent until", "2024-07-08, or with a time of day")
        self.reason = shell.text("Reason", "why, for the ledger")
        self.take = shell.button("Acknowledge", self._acknowledge, first=True)
        self.hush = shell.button("Silence", self._silence)
        self.which.observe(lambda _: self._evidence(), names="value")
        self._fill()
        shell.tell("")

    def _fill(self) -> None:
        """Read the alerts anew; the one that was chosen stays so if it is there."""
        self.pages.fill(self.desk.alert_lines(self.name))
        self._draw()

    def _draw(self) -> None:
        lines = self.pages.shown
        self.shown.value = markup.join(
            [
                markup.paragraph(_counted(self.pages.rows, self.name)),
                _table(lines) if lines else "",
            ]
        )
        chosen = self.which.value
        self.which.options = [
            (markup.one_line(f"{e.id}: {e.model}, {e.rule}, {e.state}", most=90), e.id)
            for e in lines
        ]
        ids = [each.id for each in lines]
        self.which.value = chosen if chosen in ids else next(iter(ids), None)
        if not lines:
            self.shell.fill(self.shown, self.shell.row(self.shell.again))
            return
        self._evidence()
        self.shell.fill(
            self.shown,
            self.pages.controls,
            self.which,
            self.said,
            self.report,
            self.shell.row(self.take),
            self.until,
            self.reason,
            self.shell.row(self.hush, self.shell.again),
        )

    def _evidence(self) -> None:
        """What the alert that is chosen says, and the link to the report about it."""
        found = [each for each in self.pages.rows if each.id == self.which.value]
        told = (markup.one_line(each.sentence, most=400) for each in found)
        self.said.value = markup.join([markup.paragraph(each) for each in told])
        pairs = [(f"Report on alert {e.id}", e.report) for e in found if e.report]
        show(self.report, pairs, self.desk.directory)

    def _chosen(self) -> Any:
        for each in self.pages.rows:
            if each.id == self.which.value:
                return each
        raise errors.IllegalMove("no alert is chosen; look again, and choose one")

    def _look(self) -> str:
        self._fill()
        return _counted(self.pages.rows, self.name)

    def _acknowledge(self) -> str:
        taken = self.desk.acknowledge(self._chosen().id)
        self._fill()
        return f"Alert {taken.id} is {taken.acknowledged_by}'s: {taken.sentence}"

    def _silence(self) -> str:
        alert, until = self._chosen(), self.until.value.strip()
        if not until:
            raise errors.IllegalMove(
                "the end of the silence is missing; write a date such as 2024-07-08"
            )
        entry = self.desk.silence(
            alert.model, alert.rule, until=until, reason=self.reason.value.strip()
        )
        self._fill()
        self.until.value = self.reason.value = ""
        held = str(entry.evidence["until"])[:16].replace("T", " ")
        return (
            f"{entry.actor} silenced {alert.rule} of {alert.model} until {held} UTC. "
            f"Reason: {entry.reason}"
        )

"""The panel of feedback: what people said beside the prediction, and the decision.

What was decided can be looked at as well, and taken back for another decision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lifecycle import errors, markup, tasks
from lifecycle.widgets import said
from lifecycle.widgets.paging import Pages
from lifecycle.widgets.shell import Shell
from lifecycle.widgets.static import Static, either

__all__ = ["triage"]

PAGE = 10
_ALL = "all"
_MOST = 20  # values of a column that are offered as segments
_SHOWN = [("what waits", "waiting"), ("decided already", "decided")]
_SORTED = ("kind", "person", "source", "decision", "decided_by")


def triage(view: Any, *, unattended: bool | None = None) -> Any:
    """The panel on which a person accepts, refuses or corrects what people said.

    Parameters
    ----------
    view : lifecycle.workspace.View
        The model at a moment.
    unattended : bool, optional
        Whether no person is there; found out from the environment where not given.

    Returns
    -------
    ipywidgets.VBox, or Static where no person is there
    """
    return either(unattended, _Triage, _told, view)


def _told(view: Any) -> Static:
    """What waits and the commands, for a run without a person."""
    rows = view.feedback_waiting().to_dict("records")
    words = _counted(len(rows), view.name)
    if not rows:
        return Static(markup.paragraph(words), words)
    how = (
        f"Decide at a terminal: lifecycle feedback {view.name} lists them; lifecycle "
        f'triage {view.name} ID --accept (or --refuse, --correct OUTCOME) --reason "…"'
    )
    table = said.table(rows[:PAGE])
    html = markup.join([markup.paragraph(words), table, markup.paragraph(how)])
    return Static(html, f"{words}\n{how}")


def _counted(count: int, name: str) -> str:
    if not count:
        return f"Nothing that people said of {name} waits for a decision."
    words = "1 word" if count == 1 else f"{count:,} words"
    return f"{words} of people on {name} {'waits' if count == 1 else 'wait'}."


class _Triage:
    """What waits or is decided, a segment of it, a page at a time; one is chosen."""

    def __init__(self, view: Any) -> None:
        self.view = view
        self.waiting: list[dict[str, Any]] = []
        self.decided: list[dict[str, Any]] = []
        shell = self.shell = Shell("triage", self._look)
        self.pages: Pages[dict[str, Any]] = Pages(shell, PAGE, self._draw)
        self.count, self.about = shell.words(), shell.words()
        self.show = shell.choice("Show", _SHOWN)
        self.segment = shell.choice("Segment", [("all", (_ALL, ""))])
        self.word = shell.choice("Word", [], rows=PAGE)
        self.on = shell.choice("Decide on", [("this word", "one")])
        self.outcome = _outcome(shell, view.settings.task)
        self.reason = shell.text("Reason", "why, for the sender")
        self.buttons = [
            shell.button(name, self._decides(decision), first=name == "Accept")
            for name, decision in (
                ("Accept", "accepted"),
                ("Refuse", "refused"),
                ("Correct", "corrected"),
            )
        ]
        self.show.observe(lambda _: self._choose(), names="value")
        self.segment.observe(lambda _: self._filter(), names="value")
        self.word.observe(lambda _: self._tell(), names="value")
        self.reason.observe(lambda _: self._enable(), names="value")
        self._read()
        shell.tell("A reason is needed before you decide." if self.waiting else "")

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What is shown: words that wait, or those that are decided."""
        return self.decided if self.show.value == "decided" else self.waiting

    def _read(self) -> None:
        """Read both anew; what is shown and the segment stay chosen."""
        self.waiting = self.view.feedback_waiting().to_dict("records")
        self.decided = self.view.feedback_decided().to_dict("records")
        if not self.decided:
            self.show.value = "waiting"
        self._choose()

    def _choose(self) -> None:
        """The segments of what is shown; the one that was chosen stays if it can."""
        chosen, found = self.segment.value, self._segments()
        self.segment.options = found
        self.segment.value = chosen if chosen in [v for _, v in found] else (_ALL, "")
        self._filter()

    def _segments(self) -> list[tuple[str, tuple[str, str]]]:
        """Kinds, and the values of columns that are words, the most frequent first."""
        counts: dict[tuple[str, str], int] = {}
        for row in self.rows:
            for name, value in row.items():
                named = name in _SORTED or name not in said.COLUMNS
                if named and isinstance(value, str):
                    counts[name, value] = counts.get((name, value), 0) + 1
        found = [("all", (_ALL, ""))]
        for name in dict.fromkeys(name for name, _ in counts):
            mine = sorted(
                ((n, key) for key, n in counts.items() if key[0] == name),
                key=lambda each: (-each[0], each[1]),
            )
            found += [(f"{_words(key)} ({n:,})", key) for n, key in mine[:_MOST]]
        return found

    def _filter(self) -> None:
        name, value = self.segment.value or (_ALL, "")
        chosen = [row for row in self.rows if name == _ALL or row.get(name) == value]
        self.pages.fill(chosen)
        every = ("this word", "one"), (f"all {len(chosen):,} in the segment", "all")
        self.on.options = list(every[: 2 if len(chosen) > 1 else 1])
        self.on.value = "one"
        self._draw()

    def _draw(self) -> None:
        rows = self.pages.shown
        self.count.value = markup.paragraph(_counted(len(self.waiting), self.view.name))
        chosen, ids = self.word.value, [_id(row) for row in rows]
        self.word.options = [(said.line(row), _id(row)) for row in rows]
        self.word.value = chosen if chosen in ids else next(iter(ids), None)
        again = self.shell.again
        either = [self.show] if self.decided else []
        if not self.rows:
            self.shell.fill(self.count, *either, self.shell.row(again))
            return
        self._tell()
        self._enable()
        self.shell.fill(
            self.count,
            *either,
            self.segment,
            self.word,
            self.pages.controls,
            self.about,
            self.on,
            self.outcome,
            self.reason,
            self.shell.row(*self.buttons, again),
        )

    def _tell(self) -> None:
        found = [row for row in self.rows if _id(row) == self.word.value]
        row = found[0] if found else None
        self.about.value = said.about(row, said.moved(self.view, row)) if row else ""

    def _enable(self) -> None:
        for each in self.buttons:
            each.disabled = not self.reason.value.strip()

    def _look(self) -> str:
        self.view = self.view.workspace.view(self.view.name)
        self._read()
        return _counted(len(self.waiting), self.view.name)

    def _decides(self, decision: str) -> Callable[[], str]:
        def decide() -> str:
            ids = [self.word.value] if self.word.value else []
            if self.on.value == "all":
                ids = [_id(row) for row in self.pages.rows]
            if not ids:
                raise errors.IllegalMove("no word is chosen; look again and choose one")
            done = self.view.workspace.triage(
                self.view.name,
                ids,
                decision,
                reason=self.reason.value.strip(),
                label=self.outcome.value if decision == "corrected" else None,
            )
            self._look()
            told: list[str] = [f"{done.sentence}.", *done.replies[:1]]
            return " ".join(told)

        return decide


def _outcome(shell: Shell, task: str) -> Any:
    """Where a correction says what the outcome is: 0 or 1, a class, an amount."""
    if task in ("binary", "ranking"):
        return shell.choice("The outcome is", [("0", 0.0), ("1", 1.0)])
    told = "a class" if tasks.of(task).words else "an amount"
    return shell.text("The outcome is", f"{told}, for a correction")


def _id(row: dict[str, Any]) -> str:
    """What is decided on: a word, or the ruling on it that stands."""
    return str(row.get("ruling", row["feedback_id"]))


def _words(key: tuple[str, str]) -> str:
    name = key[0].replace("_", " ") if key[0] in _SORTED else key[0]
    return markup.one_line(f"{name} = {key[1]}", most=60)

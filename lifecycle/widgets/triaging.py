"""The panel of feedback: what people said beside the prediction, and the decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lifecycle import errors, markup
from lifecycle.widgets.paging import Pages
from lifecycle.widgets.shell import Shell
from lifecycle.widgets.static import Static, alone

__all__ = ["triage"]

PAGE = 10
_ALL = "all"
_REASONS = 4  # features that are named
_MOST = 20  # values of a column that are offered as segments
_COLUMNS = {
    "feedback_id", "id", "time", "kind", "label", "person", "reason", "predicted_at",
    "score", "prediction", "version",
}  # fmt: skip


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
    if alone(unattended):
        return _told(view)
    return _Triage(view).shell.box


def _told(view: Any) -> Static:
    """What waits and the commands, for a run without a person."""
    rows = view.feedback_waiting().to_dict("records")
    words = _counted(len(rows), view.name)
    if not rows:
        return Static(markup.paragraph(words), words)
    how = (
        f"Decide at a terminal: lifecycle feedback {view.name} lists them; lifecycle "
        f'triage {view.name} ID --accept (or --refuse, --correct 0|1) --reason "…"'
    )
    table = _table(rows[:PAGE])
    html = markup.join([markup.paragraph(words), table, markup.paragraph(how)])
    return Static(html, f"{words}\n{how}")


def _counted(count: int, name: str) -> str:
    if not count:
        return f"Nothing that people said of {name} waits for a decision."
    words = "1 word" if count == 1 else f"{count:,} words"
    return f"{words} of people on {name} {'waits' if count == 1 else 'wait'}."


def _table(rows: Sequence[dict[str, Any]]) -> markup.Html:
    body = [
        [
            markup.one_line(row["feedback_id"], most=40),
            f"{row['time']:%Y-%m-%d %H:%M}",
            row["kind"],
            markup.one_line(_known(row["person"]), most=40),
            markup.one_line(_known(row["reason"]), most=120),
            markup.one_line(row["id"], most=40),
            _score(row),
        ]
        for row in rows
    ]
    header = ["Word", "Time (UTC)", "Kind", "Person", "Reason", "Prediction", "Score"]
    return markup.table(header, body, label="What people said", numeric=[6])


def _known(value: Any) -> Any:
    return "–" if value is None or value != value else value


def _whole(value: Any) -> str:
    """A label or a prediction; 1 and not 1.000."""
    return "–" if _known(value) == "–" else f"{value:g}"


def _score(row: dict[str, Any]) -> str:
    return markup.number(None if row["score"] != row["score"] else row["score"])


def _moved(view: Any, row: dict[str, Any]) -> str:
    """What moved the score most, in a sentence; nothing where it cannot be told."""
    if _known(row["predicted_at"]) == "–":
        return ""
    try:
        found = view.reasons(row["id"])
    except (errors.LifecycleError, ValueError) as error:  # a model may not take it
        return f"What moved the score cannot be told: {markup.one_line(error)}"
    parts = [
        f"{markup.one_line(name, most=60)} {value:+.3f}".replace("-", "−")
        for name, value in found.items()
        if abs(value) >= 0.0005
    ]
    if not parts:
        return "No feature moved the score from what is usual."
    return (
        f"Against usual values, the score was moved by {', '.join(parts[:_REASONS])}."
    )


def _about(row: dict[str, Any], moved: str = "") -> markup.Html:
    """One word beside the prediction it is about, with what the model was given."""
    said: dict[str, object] = {
        "Said": f"{row['kind']} by {_known(row['person'])}",
        "When": f"{row['time']:%Y-%m-%d %H:%M} UTC",
        "Says the outcome is": _whole(row["label"]),
        "Reason": markup.one_line(_known(row["reason"]), most=300),
    }
    if _known(row["predicted_at"]) == "–":
        words = markup.paragraph("The log has no prediction with this id.")
        return markup.join([markup.card(f"Word {row['feedback_id']}", said), words])
    known = {
        "Prediction": markup.one_line(row["id"], most=60),
        "Made": f"{row['predicted_at']:%Y-%m-%d %H:%M} UTC",
        "Score": _score(row),
        "Predicted": _whole(row["prediction"]),
        "Version": _known(row["version"]),
    }
    given = {
        markup.one_line(name, most=60): markup.one_line(_known(value), most=80)
        for name, value in row.items()
        if name not in _COLUMNS
    }
    return markup.join(
        [
            markup.card(f"Word {markup.one_line(row['feedback_id'], most=60)}", said),
            markup.card("What the model said", known),
            markup.paragraph(moved) if moved else "",
            markup.card("What it was given", given) if given else "",
        ]
    )


class _Triage:
    """What waits, a segment of it, a page at a time; one word is chosen."""

    def __init__(self, view: Any) -> None:
        self.view = view
        self.rows: list[dict[str, Any]] = []
        shell = self.shell = Shell("triage", self._look)
        self.pages: Pages[dict[str, Any]] = Pages(shell, PAGE, self._draw)
        self.count, self.about = shell.words(), shell.words()
        self.segment = shell.choice("Segment", [("all", (_ALL, ""))])
        self.word = shell.choice("Word", [], rows=PAGE)
        self.on = shell.choice("Decide on", [("this word", "one")])
        self.outcome = shell.choice("The outcome is", [("0", 0.0), ("1", 1.0)])
        self.reason = shell.text("Reason", "why, for the sender")
        self.buttons = [
            shell.button(name, self._decides(decision), first=name == "Accept")
            for name, decision in (
                ("Accept", "accepted"),
                ("Refuse", "refused"),
                ("Correct", "corrected"),
            )
        ]
        self.segment.observe(lambda _: self._filter(), names="value")
        self.word.observe(lambda _: self._tell(), names="value")
        self.reason.observe(lambda _: self._enable(), names="value")
        self._read()
        shell.tell("A reason is needed before you decide." if self.rows else "")

    def _read(self) -> None:
        """What waits now; the segment stays chosen as far as there is one."""
        self.rows = self.view.feedback_waiting().to_dict("records")
        chosen, found = self.segment.value, self._segments()
        self.segment.options = found
        self.segment.value = chosen if chosen in [v for _, v in found] else (_ALL, "")
        self._filter()

    def _segments(self) -> list[tuple[str, tuple[str, str]]]:
        """Kinds, and the values of columns that are words, the most frequent first."""
        counts: dict[tuple[str, str], int] = {}
        for row in self.rows:
            for name, value in row.items():
                named = name in ("kind", "person") or name not in _COLUMNS
                if named and isinstance(value, str):
                    counts[name, value] = counts.get((name, value), 0) + 1
        found = [("all", (_ALL, ""))]
        for name in dict.fromkeys(name for name, _ in counts):
            mine = sorted(
                ((n, key) for key, n in counts.items() if key[0] == name),
                key=lambda each: (-each[0], each[1]),
            )
            found += [
                (f"{markup.one_line(f'{key[0]} = {key[1]}', most=60)} ({n:,})", key)
                for n, key in mine[:_MOST]
            ]
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
        self.count.value = markup.paragraph(_counted(len(self.rows), self.view.name))
        chosen, ids = self.word.value, [row["feedback_id"] for row in rows]
        self.word.options = [(_line(row), row["feedback_id"]) for row in rows]
        self.word.value = chosen if chosen in ids else next(iter(ids), None)
        again = self.shell.again
        if not self.rows:
            self.shell.fill(self.count, self.shell.row(again))
            return
        self._tell()
        self._enable()
        self.shell.fill(
            self.count,
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
        found = [row for row in self.rows if row["feedback_id"] == self.word.value]
        row = found[0] if found else None
        self.about.value = _about(row, _moved(self.view, row)) if row else ""

    def _enable(self) -> None:
        for each in self.buttons:
            each.disabled = not self.reason.value.strip()

    def _look(self) -> str:
        self.view = self.view.workspace.view(self.view.name)
        self._read()
        return _counted(len(self.rows), self.view.name)

    def _decides(self, decision: str) -> Callable[[], str]:
        def decide() -> str:
            ids = [self.word.value] if self.word.value else []
            if self.on.value == "all":
                ids = [row["feedback_id"] for row in self.pages.rows]
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
            said: list[str] = [f"{done.sentence}.", *done.replies[:1]]
            return " ".join(said)

        return decide


def _line(row: dict[str, Any]) -> str:
    told = f"{row['time']:%Y-%m-%d} {row['kind']} by {_known(row['person'])} on "
    return markup.one_line(f"{told}{row['id']}: {_known(row['reason'])}", most=100)

"""What somebody said, in a line and beside the prediction it is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lifecycle import errors, markup

__all__ = ["COLUMNS", "about", "line", "moved", "table"]

_REASONS = 4  # features that are named
COLUMNS = {
    "feedback_id", "id", "time", "kind", "label", "person", "reason", "source",
    "predicted_at", "score", "prediction", "version", "ruling", "decision", "to",
    "decided_by", "decided_at", "why", "earlier",
}  # fmt: skip
"""What a row has beside the features that the model was given."""


def table(rows: Sequence[dict[str, Any]]) -> markup.Html:
    """What people said, a row a word."""
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
    """A label or a prediction; 1 and not 1.000, or the words of a class."""
    if isinstance(value, str):
        return markup.one_line(value, most=80)
    return "–" if _known(value) == "–" else f"{value:g}"


def _score(row: dict[str, Any]) -> str:
    return markup.number(None if row["score"] != row["score"] else row["score"])


def moved(view: Any, row: dict[str, Any]) -> str:
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


def about(row: dict[str, Any], moved: str = "") -> markup.Html:
    """One word beside the prediction it is about, with what the model was given."""
    said: dict[str, object] = {
        "Said": f"{row['kind']} by {_known(row['person'])}",
        "When": f"{row['time']:%Y-%m-%d %H:%M} UTC",
        "Says the outcome is": _whole(row["label"]),
        "Reason": markup.one_line(_known(row["reason"]), most=300),
    }
    if _known(row.get("source")) not in ("–", ""):
        said["Came in by"] = markup.one_line(row["source"], most=60)
    head = [markup.card(f"Word {markup.one_line(row['feedback_id'], most=60)}", said)]
    if "ruling" in row:
        head.append(markup.card("What was decided", _ruled(row)))
    if _known(row["predicted_at"]) == "–":
        words = markup.paragraph("The log has no prediction with this id.")
        return markup.join([*head, words])
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
        if name not in COLUMNS
    }
    return markup.join(
        [
            *head,
            markup.card("What the model said", known),
            markup.paragraph(moved) if moved else "",
            markup.card("What it was given", given) if given else "",
        ]
    )


def _ruled(row: dict[str, Any]) -> dict[str, object]:
    to = "" if _known(row["to"]) == "–" else f" to {_whole(row['to'])}"
    told: dict[str, object] = {
        "Decision": f"{row['decision']}{to}",
        "By": markup.one_line(_known(row["decided_by"]), most=60),
        "On": f"{row['decided_at']:%Y-%m-%d %H:%M} UTC",
        "Why": markup.one_line(_known(row["why"]), most=300),
    }
    if row["earlier"]:
        rulings = "1 ruling" if row["earlier"] == 1 else f"{row['earlier']} rulings"
        told["Replaced"] = f"{rulings} before it, kept in the log"
    return told


def line(row: dict[str, Any]) -> str:
    """One word in a list, with the decision where there is one."""
    if "ruling" in row:
        head = f"{row['decision']} by {_known(row['decided_by'])}: "
        told = f"{row['kind']} by {_known(row['person'])} on {row['id']}"
        return markup.one_line(head + told, most=100)
    told = f"{row['time']:%Y-%m-%d} {row['kind']} by {_known(row['person'])} on "
    return markup.one_line(f"{told}{row['id']}: {_known(row['reason'])}", most=100)

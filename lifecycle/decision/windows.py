"""The back-test window by window: what the best options would have saved."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle import figures, intervals, markup
from lifecycle.decision.ruling import Ruling
from lifecycle.decision.words import line
from lifecycle.findings import Finding, Findings, Verdict
from lifecycle.training import Backtest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Course", "course"]

_MOST_SKIPPED = 20
_KEY = ("action", "recipe", "span", "version", "offered")


@dataclass(frozen=True)
class Course:
    """What the best options would have saved against the champion, by window.

    Parameters
    ----------
    findings : Findings
        `difference` (errors saved a row, in those of the dearer kind) with the window
        as period and the option as subject; the option that counts most comes first.
    left_out : mapping of str to str
        Windows that are no evidence, and why.
    skipped : tuple of str
        What could not be tried, and why.
    """

    findings: Findings
    left_out: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Undefined: it shows what the ruling rests on and is not judged itself."""
        return self.findings.verdict

    @property
    def summary(self) -> str:
        """How often the first option was better, in a sentence."""
        return self.findings.summary

    def frame(self) -> pd.DataFrame:
        """One row a window and option."""
        return self.findings.frame()

    def plot(self) -> figures.Picture:
        """Draw the options against the champion, the windows left out hatched."""
        return figures.by_window(
            list(self.findings), title=self.findings.title, left_out=self.left_out
        )

    def __repr__(self) -> str:
        return f"<Course: {self.summary}>"

    def _repr_html_(self) -> str:
        pieces = [markup.paragraph(self.summary, kind="summary")]
        if len(self.findings):
            drawn = self.plot()
            pieces.append(markup.image(drawn.svg, drawn.alt))
            newest = sorted(self.findings, key=lambda row: row.period, reverse=True)
            label = "Errors saved a row, by window and option"
            body = markup.grid(newest, down="period", across="subject", label=label)
            pieces.append(markup.folded(label, body))
        if self.skipped:
            said = [line(each, 200) for each in self.skipped[:_MOST_SKIPPED]]
            if self.skipped[_MOST_SKIPPED:]:
                said.append(f"{len(self.skipped) - _MOST_SKIPPED} more")
            title = f"What could not be tried ({len(self.skipped)})"
            pieces.append(markup.folded(title, markup.items(said)))
        return markup.Html(f'<div class="lc-findings">{markup.join(pieces)}</div>')


def course(
    table: Backtest | pd.DataFrame,
    *,
    ruling: Ruling | None = None,
    most: int = 3,
    level: float = 0.90,
) -> Course:
    r"""Show the back-test window by window, the best option of each action.

    Parameters
    ----------
    table : Backtest or DataFrame
        From `training.backtest`, or its table.
    ruling : Ruling, optional
        What came of it: the option taken comes first, then the best of the other
        actions, and the windows its faults touch are left out. Without one the
        options are ranked by what they saved a row.
    most : int
        Options shown.
    level : float
        Of the intervals.

    Returns
    -------
    Course

    Notes
    -----
    Where a back-test has scored a window by candidates made later that have not seen
    it, these are shown, as the ruling reads them. The mean paired difference of a
    window with :math:`\pm z \sqrt{v}`, its variance :math:`v` as the back-test has it:
    of the rows only, without what differs from
    window to window.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"window": ["W1", "W2"], "action": "retrain",
    ...     "recipe": "trees", "span": 13, "n": 400, "difference": [0.02, 0.06],
    ...     "variance": 0.0001})
    >>> course(table)
    <Course: Retrain, last 13: better than the version in production in 2 of 2 windows,
    in the newest by 0.060 errors a row (90%: 0.044 to 0.076).>
    """
    z = intervals.z(level)
    told, nearer = _left_out(ruling), []
    skipped: tuple[str, ...] = ()
    unit = "errors a row"
    if isinstance(table, Backtest):
        if table.task == "regression":
            unit = "deviations of the outcomes a row"
        skipped = tuple(table.skipped)
        later = table.later
        if later is not None and len(later):
            nearer = _plain(later[later["lag"] < 0].sort_values("lag", kind="stable"))
        table = table.table
    rows = _plain(table)
    if nearer:  # the ruling reads those in place of a window's own
        seen: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in (*nearer, *rows):
            seen.setdefault((row["window"], _key(row)), row)
        rows = list(seen.values())
    clean = [row for row in rows if row["window"] not in told]
    found: list[Finding] = []
    for key in _chosen(clean, ruling, most):
        own = [row for row in clean if _key(row) == key]
        for row in sorted(own, key=lambda each: str(each["window"])):
            half = z * math.sqrt(row["variance"])
            value = row["difference"]
            found.append(
                Finding(
                    "difference",
                    value,
                    row["n"],
                    value - half,
                    value + half,
                    period=row["window"],
                    subject=_name(key),
                )
            )
    summary = _summary(found, told, level, unit)
    shown = Findings("The back-test by window", tuple(found), summary)
    return Course(shown, told, skipped)


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of options as plain values, `None` for what is missing."""
    import pandas as pd

    rows = []
    for row in table.to_dict("records"):
        if row["action"] == "keep" or pd.isna(row["difference"]):
            continue
        kept = {
            name: None if name not in row or pd.isna(row[name]) else row[name]
            for name in _KEY
        }
        kept |= {
            "window": line(row["window"], 24),
            "n": int(row["n"]),
            "difference": float(row["difference"]),
            "variance": math.nan
            if pd.isna(row["variance"])
            else float(row["variance"]),
        }
        rows.append(kept)
    return rows


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    whole = [None if row[name] is None else int(row[name]) for name in _KEY[2:4]]
    # a roll-back has no recipe of its own
    recipe = "" if row["action"] == "roll_back" else str(row["recipe"] or "")
    return (str(row["action"]), recipe, *whole, str(row["offered"] or ""))


def _chosen(
    rows: Sequence[Mapping[str, Any]], ruling: Ruling | None, most: int
) -> list[tuple[Any, ...]]:
    """The option taken, then the best of each other action."""
    held: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        held.setdefault(_key(row), []).append(row)
    ranked = sorted(held, key=lambda key: _mean(held[key]), reverse=True)
    if ruling is not None:
        facts = [{name: getattr(o, name) for name in _KEY} for o in ruling.options]
        taken = _key({name: getattr(ruling, name) for name in _KEY})
        ranked = [taken, *(_key(each) for each in facts)]
    best: dict[str, tuple[Any, ...]] = {}
    for key in ranked:
        if key in held:
            best.setdefault(key[0], key)
    return list(best.values())[: max(0, most)]


def _mean(rows: Sequence[Mapping[str, Any]]) -> float:
    n = sum(row["n"] for row in rows)
    return sum(row["n"] * row["difference"] for row in rows) / n if n else -math.inf


def _left_out(ruling: Ruling | None) -> dict[str, str]:
    if ruling is None:
        return {}
    faults = [fault for fault in ruling.faults if not fault.accepted]
    why = {line(w, 24): line(f.sentence, 80) for f in faults for w in f.chunks}
    other = line(faults[0].sentence, 80) if len(faults) == 1 else "faulty data"
    return {line(w, 24): why.get(line(w, 24), other) for w in ruling.left_out}


def _name(key: tuple[Any, ...]) -> str:
    action, recipe, span, version, offered = key
    words = line(action.replace("_", " "), 24)
    if action == "roll_back":
        return f"{words} to {version}" if version is not None else words
    if action == "rebuild":
        words += f" {line(recipe, 24)}"
    if action in ("retrain", "rebuild"):
        words += ", all rows" if span is None else f", last {span}"
    return words + (" + new" if offered else "")


def _summary(
    found: Sequence[Finding], told: Mapping[str, str], level: float, unit: str
) -> str:
    ends = ""
    count = f"{len(told)} window{'' if len(told) == 1 else 's'}"
    if told:
        ends = f" {count} {'is' if len(told) == 1 else 'are'} left out."
    if not found:
        return f"No option was tested.{ends}"
    own = [row for row in found if row.subject == found[0].subject]
    better = sum(row.value > 0 for row in own)
    last = own[-1]
    low, high, value = (
        markup.number(each) for each in (last.lower, last.upper, last.value)
    )
    tried = f"{len(own)} window{'' if len(own) == 1 else 's'}"
    return (
        f"{last.subject[:1].upper()}{last.subject[1:]}: better than the version in "
        f"production in {better} of {tried}, in the newest by {value} {unit} "
        f"({level:.0%}: {low} to {high}).{ends}"
    )

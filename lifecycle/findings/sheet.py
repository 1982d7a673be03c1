"""A sheet: several results that answer one question together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.findings.rows import Finding, Findings, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle import figures, markup

__all__ = ["Sheet"]


@dataclass(frozen=True, eq=False)
class Sheet:
    """Pictures and results one under the other, with one verdict.

    Parameters
    ----------
    title : str
        The question, in a few words.
    parts : tuple
        `Findings`, results that carry `.findings`, and pictures; in the order in
        which they are shown.
    summary : str
        The answer in one sentence; that of the first part that is an alert where
        empty, or else of the first.
    shown : int
        Of findings by period so many newest periods are shown; all where 0. The rows
        of the others are there all the same.

    Examples
    --------
    >>> low = Finding("accuracy", 0.6, 400, threshold=0.7, verdict="alert")
    >>> good = Findings("Calibration", (), "The scores mean what they say.")
    >>> Sheet("How good", (good, Findings("Performance", (low,), "It fell to 60%.")))
    <Sheet How good: alert, 2 parts. It fell to 60%.>
    """

    title: str
    parts: tuple[Any, ...]
    summary: str = ""
    shown: int = 0

    def __post_init__(self) -> None:
        if not self.summary:
            told = [part for part in self.parts if getattr(part, "summary", "")]
            told.sort(key=lambda part: part.verdict != "alert")
            said = told[0].summary if told else ""
            object.__setattr__(self, "summary", said)

    @property
    def findings(self) -> Findings:
        """The rows of all parts, under the sheet's title."""
        rows: list[Finding] = []
        for part in self.parts:
            rows += getattr(part, "findings", part if _is_findings(part) else ())
        return Findings(self.title, tuple(rows), self.summary)

    @property
    def verdict(self) -> Verdict:
        """Alert when a part is one; quiet when one was judged; else undefined."""
        verdicts = {getattr(part, "verdict", "undefined") for part in self.parts}
        return (
            "alert"
            if "alert" in verdicts
            else "quiet"
            if "quiet" in verdicts
            else "undefined"
        )

    def frame(self) -> pd.DataFrame:
        """A tidy table, one row a finding of any part, in their order."""
        return self.findings.frame()

    def plot(self) -> figures.Picture:
        """The first picture of the sheet; that of its first part where it has none."""
        from lifecycle import figures

        for part in self.parts:
            if isinstance(part, figures.Picture):
                return part
        drawn = self.parts[0] if self.parts else self.findings
        picture: figures.Picture = drawn.plot()
        return picture

    def __repr__(self) -> str:
        count = f"{len(self.parts)} part" + ("" if len(self.parts) == 1 else "s")
        words = f"{self.title}: {self.verdict}, {count}. {self.summary}"
        return f"<Sheet {words.rstrip()}>"

    def _repr_html_(self) -> str:
        from lifecycle import markup

        return markup.join(self._shown(part) for part in self.parts)

    def _shown(self, part: Any) -> markup.Html:
        from lifecycle import figures, markup

        if isinstance(part, figures.Picture):
            return markup.image(part.svg, part.alt)
        if self.shown and type(part) is Findings:
            part = part.latest(self.shown)
        return markup.Html(part._repr_html_())


def _is_findings(part: Any) -> bool:
    return isinstance(part, Findings)

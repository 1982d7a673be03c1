"""What a collection removed, file by file, and why the rest stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle import markup

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Collection", "Piece"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A file that was looked at.

    Parameters
    ----------
    kind : {"artefact", "leftover", "recipe"}
        A version's stored model, what a process that died has left, or the kept source
        of a recipe.
    model : str
        Whose; empty for a recipe.
    number : int, optional
        The version.
    path : str
        Below the workspace or the artefacts' directory.
    size : int
        Bytes.
    why : str
        Why it stays, or why it may go.
    goes : bool
        Whether it is removed.
    """

    kind: str
    model: str
    number: int | None
    path: str
    size: int
    why: str
    goes: bool


@dataclass(frozen=True, slots=True)
class Collection:
    """What a collection removed, or would remove, and why the rest stays.

    Examples
    --------
    >>> old = Piece("artefact", "leads", 3, "leads/3.skops", 2_000_000, "", goes=True)
    >>> Collection((old,), dry_run=True)
    <Collection 1 file of 2.0 MB would be removed, 0 stay>
    """

    pieces: tuple[Piece, ...]
    dry_run: bool = False

    @property
    def gone(self) -> tuple[Piece, ...]:
        """The pieces that are removed."""
        return tuple(each for each in self.pieces if each.goes)

    @property
    def size(self) -> int:
        """Bytes that are freed."""
        return sum(each.size for each in self.gone)

    @property
    def sentence(self) -> str:
        """What became of how many files."""
        n, stay = len(self.gone), len(self.pieces) - len(self.gone)
        if not n:
            kept = "1 file stays" if stay == 1 else f"{stay:,} files stay"
            return f"there is nothing to remove, {kept}"
        files = "1 file" if n == 1 else f"{n:,} files"
        done = "would be" if self.dry_run else "was" if n == 1 else "were"
        return f"{files} of {self.size / 1e6:,.1f} MB {done} removed, {stay:,} stay"

    def facts(self) -> dict[str, Any]:
        """All of it as plain values for JSON."""
        names = Piece.__slots__
        return {
            "dry_run": self.dry_run,
            "bytes": self.size,
            "pieces": [
                {name: getattr(each, name) for name in names} for each in self.pieces
            ],
        }

    def frame(self) -> pd.DataFrame:
        """One row a file."""
        import pandas as pd

        return pd.DataFrame(self.facts()["pieces"], columns=list(Piece.__slots__))

    def __repr__(self) -> str:
        return f"<Collection {self.sentence}>"

    def _repr_html_(self) -> str:
        header = ("file", "model", "version", "bytes", "", "why")
        rows = [
            [p.path, p.model, p.number, p.size, "goes" if p.goes else "stays", p.why]
            for p in self.pieces
        ]
        return markup.table(header, rows, caption=self.sentence, numeric=(2, 3))

"""Profiled: the files of a log as counts, each file read once and kept.

A file of the log never changes, so what was counted in it is counted for ever. Every
file's profile is kept under a name made from the file, its size and what was asked;
files that are gone drop out, and only new ones are read. What is kept is never
believed unseen: bytes that are torn, or of something else, are made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lifecycle import periods, profiles
from lifecycle.profiles import keeping

__all__ = ["Kept", "profile_files"]

_MICROSECOND = timedelta(microseconds=1)
_EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Kept:
    """Profiles of files, kept in a folder.

    Parameters
    ----------
    folder : Path
        Made where it is not there; all in it can be deleted at any time.
    grids : mapping of column to Grid
    every : {"week", "month", "day"}
    timezone : str
    segments : tuple of str
    """

    folder: Path
    grids: Mapping[str, profiles.Grid]
    every: periods.Every = "week"
    timezone: str = "UTC"
    segments: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The same where the same was asked."""
        asked = [
            self.every,
            self.timezone,
            self.segments,
            [(name, grid.digest) for name, grid in self.grids.items()],
        ]
        return _digest(json.dumps(asked))

    def profile(
        self,
        files: Sequence[Path],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> profiles.Profile:
        """The files together; of no files a profile without rows."""
        return profiles.scan(
            files,
            self.grids,
            every=self.every,
            timezone=self.timezone,
            segments=self.segments,
            start=start,
            end=end,
        )

    def all(self, files: Iterable[Path], *, tidy: bool) -> list[profiles.Profile]:
        """The profile of each file; new files are read, the others are not.

        Parameters
        ----------
        files : iterable of Path
        tidy : bool
            Whether what was kept of other files is deleted.
        """
        key, found, names = self.key, [], set()
        for file in files:
            note = f"{key} {file.name} {file.stat().st_size}"
            path = self.folder / f"{key}-{_digest(note)}.profile"
            names.add(path.name)
            found.append(self._one(file, path, note))
        if tidy:
            for path in self.folder.glob(f"{key}-*.profile"):
                if path.name not in names:
                    path.unlink(missing_ok=True)
        return found

    def _one(self, file: Path, path: Path, note: str) -> profiles.Profile:
        try:
            return keeping.unpacked(path.read_bytes(), grids=self.grids, note=note)
        except (OSError, ValueError):
            made = self.profile([file])
        with suppress(OSError):  # what cannot be kept is read again the next time
            _write(path, keeping.packed(made, with_grids=False, note=note))
        return made


def profile_files(
    files: Iterable[str | Path],
    kept: Kept,
    *,
    as_of: datetime,
    start: datetime | None = None,
    end: datetime | None = None,
    partial: bool = False,
    tidy: bool = False,
) -> profiles.Profile:
    """Count rows with `time <= as_of` and `start <= time < end`, in whole chunks.

    Parameters
    ----------
    files : iterable of path
        Parquet files that never change.
    kept : Kept
        What is asked, and where its answers are kept.
    as_of, start, end : datetime with a zone
    partial : bool
        Whether chunks that lie only in part within, such as the running one, are
        counted as far as they do; their rows are read every time.
    tidy : bool
        Whether what was kept of other files is deleted.
    """
    for name, bound in (("as_of", as_of), ("start", start), ("end", end)):
        if bound is not None and bound.tzinfo is None:
            raise ValueError(f"{name} must carry a zone, got {bound!r}")
    paths = [Path(file) for file in files]
    first, last = start or _EVER[0], min(as_of + _MICROSECOND, end or _EVER[1])
    parts = [kept.profile([])]
    for path, profile in zip(paths, kept.all(paths, tidy=tidy), strict=True):
        whole = []
        for chunk, stretch in _stretches(profile, kept.timezone):
            if first <= stretch.start and stretch.end <= last:
                whole.append(chunk)
            elif partial and max(first, stretch.start) < min(last, stretch.end):
                cut = max(first, stretch.start), min(last, stretch.end)
                parts.append(kept.profile([path], start=cut[0], end=cut[1]))
        parts.append(profile.only(whole))
    return profiles.Profile.total(parts)


def _stretches(
    profile: profiles.Profile, timezone: str
) -> Iterator[tuple[str, periods.Period]]:
    for chunk in profile.chunks:
        yield chunk, periods.bounds(chunk, timezone=timezone)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, whoever else writes the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        with aside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)

"""A command as the receiver: no shell, and no person's words among its arguments."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from lifecycle.hooks.news import News
from lifecycle.hooks.running import run
from lifecycle.hooks.words import NotTaken, heard

__all__ = ["Command"]

_PLACE = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Command:
    """A program that is run for each move; exit code 0 means that it took it.

    The move is on its standard input as JSON (`News.facts`), and `{model}`,
    `{production}` and the other `News.places` in its words are filled in, each word
    staying one word: no shell looks at them. What it prints is kept, by its end, when
    it fails.

    Parameters
    ----------
    words : sequence of str
        The program and its arguments. A program without a slash is looked for on the
        PATH, another one from `folder` on.
    folder : Path
        Where it runs.
    timeout : float
        Seconds; then it and all that it started in its process group are ended.

    Notes
    -----
    It runs at least once for each move, twice when the process that ran it died
    before it had written so down. Whoever kills that process leaves the command
    running: a command that must not run beside itself takes a lock of its own.

    Examples
    --------
    >>> Command(("sh", "-c", "exit 0"), folder=Path("."), timeout=5).test(at=None)
    'sh is there; it was not run'
    """

    words: tuple[str, ...]
    folder: Path = field(repr=False)
    timeout: float = 30.0

    def send(self, news: News, *, at: datetime) -> None:
        """Run it for a move; `NotTaken` when it fails or takes too long."""
        places = news.places
        words = [self._program(), *(_filled(word, places) for word in self.words[1:])]
        run(words, news.body, folder=self.folder, timeout=self.timeout)

    def test(self, *, at: datetime) -> str:
        """Whether the program is there; it is not run."""
        self._program()
        return f"{heard(self.words[0])} is there; it was not run"

    def _program(self) -> str:
        name = self.words[0]
        if "/" in name:
            place = str(self.folder / name)
            found = shutil.which(place)
            remedy = "check its path and that it may be executed"
        else:
            found = shutil.which(name)
            remedy = f"write ./{name} for one in the workspace, or install it"
        if found is None:
            raise NotTaken(f"there is no program {heard(name)}; {remedy}")
        return str(Path(found).absolute())


def _filled(word: str, places: Mapping[str, str]) -> str:
    """A word of the settings with its places filled in, looked at once."""
    return _PLACE.sub(lambda found: places.get(found.group(1), found.group()), word)

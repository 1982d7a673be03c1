"""The registry of a workspace: one object that opens the book and the artefacts."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle.registry import artefacts, canonical
from lifecycle.registry.records import Approval, Entry, Proposal, Role, Version
from lifecycle.registry.renewals import Renewal
from lifecycle.registry.watching import Watching

if TYPE_CHECKING:
    from lifecycle.registry.reading import Reading
    from lifecycle.registry.writing import Writing

__all__ = ["Registry"]

_TIMES = ("trained_from", "trained_to", "as_of")
_FACTS = ("data", "features", "metrics")
_KEPT = 3  # estimators in memory beside the newest


class Registry(Watching):
    """Versions, roles, proposals, alerts, runs and the ledger of a workspace's models.

    Opening creates or upgrades the tables where needed, safely when several
    processes do it at once. Every action takes a connection of its own, so one
    `Registry` may be used from any thread.

    Parameters
    ----------
    place : path or str
        The file of an SQLite database, or a database URL
        ("postgresql+psycopg://user@host/name").
    artefacts : path, optional
        The directory of the stored models; beside the SQLite file where not given.

    Raises
    ------
    LifecycleError
        When the database cannot be opened, or a newer release wrote it.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> registry = Registry(Path(folder.name) / "registry.db")
    >>> registry.versions("leads"), registry.roles("leads"), registry.verify_ledger()
    ([], {}, None)
    >>> folder.cleanup()
    """

    def __init__(
        self,
        place: str | os.PathLike[str],
        *,
        artefacts: str | os.PathLike[str] | None = None,
    ) -> None:
        import sqlalchemy as sa

        from lifecycle.registry import opening

        if isinstance(place, str) and "://" in place:
            url = sa.make_url(place)
        else:
            path = Path(place).absolute()
            path.parent.mkdir(parents=True, exist_ok=True)
            url = sa.URL.create("sqlite", database=str(path))
        beside = None
        if url.get_backend_name() == "sqlite":
            if not url.database or url.database == ":memory:":
                raise ValueError("a registry needs a file; give the path of one")
            beside = Path(url.database).absolute().parent / "artefacts"
        if artefacts is None and beside is None:
            raise ValueError(
                "a registry on a database server needs artefacts=, the directory of "
                "the stored models"
            )
        self.artefacts = Path(artefacts) if artefacts is not None else beside or Path()
        self._url = url
        self._revived: dict[tuple[str, ...], Any] = {}
        opening.prepare(self._engine)

    @cached_property
    def _engine(self) -> Any:
        from lifecycle.registry import opening

        return opening.connect(self._url)

    @cached_property
    def _held(self) -> threading.local:
        return threading.local()

    def __getstate__(self) -> dict[str, Any]:
        here = ("_engine", "_held")
        state = {key: v for key, v in self.__dict__.items() if key not in here}
        return {**state, "_revived": {}}

    def __repr__(self) -> str:
        from lifecycle.registry import server

        return f"<Registry {server.shown(self._url)}>"

    @contextmanager
    def atomic(self) -> Iterator[Writing]:
        """One transaction: everything in it happens, or nothing.

        Yields
        ------
        lifecycle.registry.writing.Writing
            The verbs that change something. Writers wait for each other.
        """
        from lifecycle.registry import opening, writing

        with opening.begin(self._engine, writes=True) as connection:
            yield writing.Writing(connection)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """One consistent look at the book; never waits for writers."""
        from lifecycle.registry import opening, reading

        held = getattr(self._held, "book", None)
        if held is not None:
            yield held
            return
        with opening.begin(self._engine, writes=False) as connection:
            yield reading.Reading(connection)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let all that this thread reads inside be one consistent look.

        For who asks a thousand questions in a row, such as the index of a fleet: they
        go by one connection, and are of one moment. What is changed inside, by this
        thread too, is not seen before it is left.
        """
        with self.reading() as book:
            outer = getattr(self._held, "book", None)
            self._held.book = book
            try:
                yield
            finally:
                self._held.book = outer

    # ---------------------------------------------------------------- versions

    def register(
        self,
        model: str,
        *,
        recipe: str,
        estimator: object,
        birth: Mapping[str, Any],
        author: str,
        source: str = "given",
        at: datetime,
        renewal: Renewal | None = None,
        learned: Sequence[Mapping[Any, Any]] = (),
    ) -> Version:
        """Store a trained estimator as the model's next version.

        Parameters
        ----------
        model : str
            Its name becomes a directory.
        recipe : str
            How it was made.
        estimator : object
            What skops can write.
        birth : mapping
            `trained_from`, `trained_to`, `as_of` (datetimes or ISO 8601 text with
            zone), `data`, `features`, `threshold`, `metrics`; anything else is kept
            as `Version.birth`.
        author, source : str
            Who made it, and how that is known.
        at : datetime
            Now, with a zone.
        renewal : Renewal, optional
            That makes it: it is "trained" in the same transaction, so that neither is
            there without the other.
        learned : sequence of dict
            `feedback_id`, `prediction`, `label` and `weight` of each word of a person
            it was trained on; kept in the same transaction.

        Notes
        -----
        The artefact is on the disk before the row is written: a crash in between
        leaves a file that nothing refers to, and that is never overwritten.
        """
        from lifecycle.registry import heard

        model = canonical.model_name(model)
        at = canonical.utc(at)
        rest = dict(birth)
        values: dict[str, Any] = {
            name: _moment(rest.pop(name, None)) for name in _TIMES
        }
        values |= {name: dict(rest.pop(name, None) or {}) for name in _FACTS}
        values["threshold"] = float(rest.pop("threshold", 0.5))
        values |= {"birth": rest, "recipe": canonical.words(recipe)}
        canonical.text(values)  # refuse what cannot be kept before anything is written
        temporary, sha256 = artefacts.write(
            self.artefacts / model, estimator, token=renewal.token if renewal else ""
        )
        try:
            with self.atomic() as book:
                number = book.next_number(model)
                while os.path.lexists(self.artefacts / model / f"{number}.skops"):
                    number += 1  # left by a crash
                artefact = f"{model}/{number}.skops"
                book.add_version(
                    model=model,
                    number=number,
                    artefact=artefact,
                    sha256=sha256,
                    author=canonical.words(author),
                    created_at=at,
                    **values,
                )
                book.enter(
                    model,
                    "register",
                    actor=author,
                    source=source,
                    reason=f"trained by recipe {values['recipe']}",
                    at=at,
                    number=number,
                    evidence={"artefact_sha256": sha256, **heard.evidence(learned)},
                )
                heard.keep_learned(book, model, number, learned)
                if renewal is not None:
                    book.step_renewal(renewal, "trained", version=number)
                artefacts.place(temporary, self.artefacts / artefact)
                return book.version(model, number)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()

    def load(self, version: Version, *, trusted: Sequence[str] = ()) -> Any:
        """The estimator of a version.

        Parameters
        ----------
        version : Version
            As `version` or `versions` gave it.
        trusted : sequence of str
            The model's `trusted_types` from the settings.

        Raises
        ------
        ArtefactError
            When the stored model is missing, altered, or holds types that are
            not trusted. The SHA-256 is checked before anything else is looked at.

        Notes
        -----
        The last few are kept in memory (their files are checked all the same), so
        two loads may give one object: predict with it, do not fit it again.
        """
        name = f"version {version.number} of {version.model}"
        content = self.check(version)
        key = (version.sha256, *sorted(trusted))
        estimator = self._revived.get(key)
        if estimator is None:
            estimator = artefacts.revive(content, name=name, trusted=trusted)
            for old in list(self._revived)[:-_KEPT]:
                self._revived.pop(old, None)
            self._revived[key] = estimator
        return estimator

    def check(self, version: Version) -> bytes:
        """The stored model's content, when its SHA-256 is the registered one."""
        if version.status == artefacts.COLLECTED:
            raise artefacts.collected(version.model, version.number)
        name = f"version {version.number} of {version.model}"
        return artefacts.read(
            self.artefacts, version.artefact, version.sha256, name=name
        )

    def versions(self, model: str) -> list[Version]:
        """The versions of a model, oldest first."""
        with self.reading() as book:
            return book.versions(model)

    def version(self, model: str, number: int) -> Version:
        """One version of a model, or `UnknownVersion`."""
        with self.reading() as book:
            return book.version(model, number)

    def discard(self, renewal: Renewal) -> None:
        """Remove the file that a renewal's process left when it died registering it."""
        with self.atomic() as book:
            known = {Path(each.artefact).name for each in book.versions(renewal.model)}
            folder = self.artefacts / renewal.model
            artefacts.discard(folder, renewal.token, registered=known)

    # ------------------------------------------------------ roles and the ledger

    def roles(self, model: str) -> dict[str, Role]:
        """Who is "production", "previous", "experimental"; shares add up to 1."""
        with self.reading() as book:
            return book.roles(model)

    def proposals(self, model: str, *, status: str | None = None) -> list[Proposal]:
        """The proposals of a model, oldest first."""
        with self.reading() as book:
            return book.proposals(model, status=status)

    def proposal(self, model: str, id: int) -> Proposal:
        """One proposal of a model, or `UnknownProposal`."""
        with self.reading() as book:
            return book.proposal(model, id)

    def approvals(self, model: str, id: int) -> list[Approval]:
        """Who has approved a proposal so far, in their order."""
        with self.reading() as book:
            return book.approvals(model, id)

    def stamp(self, model: str) -> int:
        """Changes with every move of a model: its newest row of the ledger, or 0."""
        with self.reading() as book:
            return book.stamp(model)

    def ledger(self, model: str | None = None) -> list[Entry]:
        """The rows of the ledger, oldest first."""
        with self.reading() as book:
            return book.ledger(model)

    def verify_ledger(self) -> int | None:
        """The first row of the ledger that is missing or was altered, or None.

        Rows cut off at the end are missed by the versions, proposals and roles that
        they told of. Who may write the file can write all of it anew: keep the last
        row's hash elsewhere where that matters.
        """
        with self.reading() as book:
            return book.first_altered()


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise TypeError(
            f"a time of birth must be a datetime or ISO text, got {value!r}"
        )
    return canonical.utc(value, name="a time of birth")

"""The works that are killed: moves, what comes in, training, scoring, a report."""

from __future__ import annotations

import shutil
from abc import abstractmethod
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

# all that a child needs, so that it need not import it
import deltalake  # noqa: F401
import numpy as np
import pandas as pd
import pyarrow.dataset  # noqa: F401
import sklearn.pipeline  # noqa: F401
import skops.io  # noqa: F401
import sqlalchemy.dialects.sqlite  # noqa: F401
import threadpoolctl  # noqa: F401
from nbformat import v4, writes

import lifecycle
from lifecycle import alerts, config, promotion, routing, workspace
from lifecycle.registry import Registry, upgrading  # noqa: F401
from lifecycle.workspace import (
    Workspace,
    front,  # noqa: F401
    guarding,
    health,
    making,  # noqa: F401
    pages,  # noqa: F401
    scoring,  # noqa: F401
    view,  # noqa: F401
)
from tests.decided import LIVE, OTHER, PERSON, WAYS, decide
from tests.whole import book_is_whole, files_are_whole

WEEK = timedelta(weeks=1)
ROWS = 60
SETTINGS = """
[models.calls]
owner = "Ana Silva"
task = "binary"
id = "id"
time = "time"
outcome = "outcome"
label_delay_days = 7
recipe = "scaled_logistic"

[models.calls.features]
numeric = ["age"]
"""
PAGE = (
    'workspace: str = ""\nmodel: str = ""\nas_of: str = ""\nresult_path: str = ""',
    "from lifecycle.jobs.record import Record\n"
    'Record.of(model=model, notebook="page", as_of=as_of, summary="Said.")'
    ".write(result_path)",
)


def rows_of(week: int) -> pd.DataFrame:
    """A week's calls."""
    age = np.random.default_rng(week + 50).uniform(20, 80, ROWS)
    return pd.DataFrame(
        {
            "id": [f"{week}-{each}" for each in range(ROWS)],
            "time": LIVE + week * WEEK + np.arange(ROWS) * (WEEK / ROWS),
            "age": age,
            "prediction": (age > 50).astype(float) if week >= 0 else np.nan,
            "outcome": (age > 50).astype(float),
        }
    )


def said(rows: pd.DataFrame) -> pd.DataFrame:
    """What is predicted of them."""
    return rows.drop(columns="outcome")


def known(rows: pd.DataFrame) -> pd.DataFrame:
    """What came true, half a week later."""
    late = rows["time"] + WEEK / 2
    return rows[["id", "time", "outcome"]].assign(time=late)


class Work:
    """Something to be killed at.

    Parameters
    ----------
    place : Path
        Where it is done; made anew by `make`.
    url : str
        Of a registry on a server, where the work knows of one.
    """

    kinds: ClassVar[int] = 1  # of turns that take different ways

    def __init__(self, place: Path, url: str) -> None:
        self.place, self.url = place, url
        self.name = ""

    @abstractmethod
    def make(self, number: int) -> None:
        """The world before, fresh."""

    @abstractmethod
    def act(self, turn: int) -> None:
        """The work; done again it finishes what was begun."""

    @abstractmethod
    def whole(self, turn: int) -> None:
        """What holds whenever it was killed; raises where it does not."""

    def look(self, turn: int) -> None:
        """What holds when it was done to its end."""
        self.whole(turn)

    def after(self, turn: int) -> None:
        """The next process: all is whole, and the next command does its work."""
        self.whole(turn)
        self.act(turn)
        self.look(turn)


class Moves(Work):
    """From a registration to a rollback, in the book alone, on either database."""

    kinds = WAYS

    def _book(self) -> Registry:
        if self.url:
            return Registry(self.url, artefacts=self.place / "artefacts")
        return Registry(self.place / "registry.db")

    def _register(self, book: Registry, mark: object) -> int:
        return book.register(
            "m", recipe="", estimator=[mark], birth={}, author=PERSON, at=LIVE
        ).number

    def make(self, number: int) -> None:
        if self.url and number:
            return  # one server's book grows on
        shutil.rmtree(self.place, ignore_errors=True)
        book = self._book()
        asked = promotion.propose(
            book,
            "m",
            self._register(book, "first"),
            author=PERSON,
            reason="first",
            evidence={},
            at=LIVE,
        )
        promotion.approve(book, "m", asked.id, approver=OTHER, reason="first", at=LIVE)

    def act(self, turn: int) -> None:
        book = self._book()
        decide(book, "m", turn, self._register(book, turn))

    def whole(self, turn: int) -> None:
        book_is_whole(self._book(), "m")
        files_are_whole(self.place)

    def look(self, turn: int) -> None:
        self.whole(turn)
        book = self._book()
        assert promotion.pending(book, "m") == []
        newest = book.versions("m")[-1]
        assert (newest.status == "production") == (turn % WAYS == 3), (turn, newest)


class Desk(Work):
    """A workspace with a log, a version in production and its settings."""

    def _desk(self) -> Workspace:
        return lifecycle.open(self.place)

    def make(self, number: int) -> None:
        pattern = self.place.with_name("pattern")
        shutil.rmtree(self.place, ignore_errors=True)
        if not pattern.exists():
            workspace.init(pattern)
            (pattern / config.FILE).write_text(SETTINGS)
            made = v4.new_notebook(
                cells=[
                    v4.new_code_cell(PAGE[0], metadata={"tags": ["parameters"]}),
                    v4.new_code_cell(PAGE[1]),
                ]
            )
            (pattern / "notebooks" / "page.ipynb").write_text(writes(made))
            ws = lifecycle.open(pattern)
            rows = pd.concat([rows_of(week) for week in range(-5, 3)])
            ws.ingest("calls", "predictions", said(rows), as_of=LIVE + 4 * WEEK)
            ws.ingest("calls", "outcomes", known(rows), as_of=LIVE + 4 * WEEK)
            ws.train("calls", as_of=LIVE, by=PERSON)
            asked = ws.propose("calls", 1, reason="first", by=PERSON, as_of=LIVE)
            ws.approve("calls", asked.id, reason="go", by=OTHER, as_of=LIVE)
        shutil.copytree(pattern, self.place)

    def at(self, turn: int) -> datetime:
        """When the work of a turn is done."""
        return LIVE + (8 + turn) * WEEK

    def rows(self, turn: int) -> pd.DataFrame:
        """The rows of a turn."""
        return rows_of(5 + turn)

    def whole(self, turn: int) -> None:
        ws = self._desk()
        book_is_whole(ws.registry, "calls")
        files_are_whole(self.place)
        log = ws.logs("calls")
        for table in ("predictions", "outcomes"):
            count = log.count(table)
            assert count % ROWS == 0, (table, count)  # a week, or none of it
            assert len(getattr(log, table)()) == count
        ids = log.predictions()["id"]
        assert ids.is_unique


class Ingest(Desk):
    """A week of predictions and its outcomes come in."""

    def act(self, turn: int) -> None:
        ws, rows = self._desk(), self.rows(turn)
        ws.ingest("calls", "predictions", said(rows), as_of=self.at(turn))
        ws.ingest("calls", "outcomes", known(rows), as_of=self.at(turn))

    def look(self, turn: int) -> None:
        self.whole(turn)
        log, rows = self._desk().logs("calls"), self.rows(turn)
        for table in ("predictions", "outcomes"):
            assert set(rows["id"]) <= set(getattr(log, table)()["id"]), table


class Score(Desk):
    """A week is scored and logged."""

    def act(self, turn: int) -> None:
        rows = self.rows(turn)[["id", "time", "age"]]
        out = self.place / "inbox" / f"{turn}.csv"
        out.parent.mkdir(exist_ok=True)
        self._desk().score("calls", rows, out=out, as_of=self.at(turn))

    def look(self, turn: int) -> None:
        self.whole(turn)
        log, rows = self._desk().logs("calls"), self.rows(turn)
        logged = log.predictions().set_index("id").loc[list(rows["id"])]
        assert logged["version"].notna().all()
        out = pd.read_csv(self.place / "inbox" / f"{turn}.csv")
        assert list(out["id"]) == list(rows["id"])


class Train(Desk):
    """A version is trained, proposed with its evidence, and decided on."""

    kinds = 2

    def act(self, turn: int) -> None:
        ws, at = self._desk(), LIVE + 3 * WEEK + turn * timedelta(hours=1)
        made = ws.train("calls", as_of=at, by=PERSON)
        if turn % 2:
            decide(ws.registry, "calls", turn, made.number)
            return
        for left in promotion.pending(ws.registry, "calls"):
            ws.reject("calls", left.id, reason="again", by=OTHER, as_of=at)
        if "experimental" in ws.registry.roles("calls"):
            ws.rollback("calls", reason="again", by=OTHER, as_of=at)
        asked = ws.propose("calls", made.number, reason="r", by=PERSON, as_of=at)
        ws.approve("calls", asked.id, reason="go", by=OTHER, as_of=at)
        ws.rollback("calls", reason="worse", by=OTHER, as_of=at)

    def look(self, turn: int) -> None:
        self.whole(turn)
        assert promotion.pending(self._desk().registry, "calls") == []


class Guard(Desk):
    """A release that fails goes back by itself, and its owner is told."""

    kinds = 2

    def act(self, turn: int) -> None:
        ws, at = self._desk(), self.at(turn)
        book, number = ws.registry, self._bad(ws, turn)
        told = [e.move for e in book.ledger("calls") if e.number == number]
        if told == ["register"]:
            promotion.propose(
                book,
                "calls",
                number,
                target=("production", "experimental")[turn % 2],
                author=PERSON,
                reason="newer",
                evidence={"passed": True},
                at=at,
            )
        if "approve" not in told:
            asked = ws.pending("calls")
            ws.approve("calls", asked, reason="go", by=OTHER, as_of=at)
        tally = routing.Tally()
        hour = health.hour_of(at + timedelta(hours=3))
        role = ("production", "experimental")[turn % 2]
        for call in range(60):
            failed = int(call < 50)
            tally.add(str(number), role, hour, seconds=0.02, rows=1, errors=failed)
        health.write(ws, "calls", tally, token=f"turn{turn}")
        guarding.guard(ws.view("calls", at + timedelta(days=1)))

    def _bad(self, ws: Workspace, turn: int) -> int:
        """The version of a turn; registered where it is not yet."""
        book = ws.registry
        first = book.version("calls", 1)
        for each in book.versions("calls"):
            if each.birth.get("turn") == turn:
                return each.number
        born = {"features": first.features, "threshold": 0.5, "turn": turn}
        return book.register(
            "calls",
            recipe=first.recipe,
            estimator=book.load(first),
            birth={**born, "trained_to": first.trained_to},
            author=PERSON,
            at=self.at(turn),
        ).number

    def look(self, turn: int) -> None:
        self.whole(turn)
        ws = self._desk()
        number = self._bad(ws, turn)
        assert ws.registry.roles("calls")["production"].number == 1
        assert "experimental" not in ws.registry.roles("calls")
        told = [e.move for e in ws.registry.ledger("calls") if e.number == number]
        assert told == ["register", "propose", "approve", "roll back"], told
        said = [
            each.subject
            for each in alerts.history(ws.registry, "calls")
            if each.rule == "rollback"
        ]
        assert said.count(f"version {number}") == 1, said


class Report(Desk):
    """A page is run, its report and the index are written."""

    def act(self, turn: int) -> None:
        done = self._desk().run("page", "calls", as_of=self.at(turn))
        assert done.status == "succeeded", done.message

    def look(self, turn: int) -> None:
        self.whole(turn)
        (newest,) = self._desk().registry.runs("calls", "page", 1)
        assert newest.status == "succeeded"
        folder = self.place / newest.directory
        kinds = {path.suffix for path in folder.iterdir() if path.name[0] != "."}
        assert kinds == {".html", ".ipynb", ".json"}
        left = [path.name for path in folder.iterdir() if path.name[0] == "."]
        assert left == [], left  # by the run that was killed
        assert (
            str(newest.as_of.date())
            in (self.place / "reports" / "index.html").read_text()
        )


WORKS: dict[str, type[Work]] = {
    "moves": Moves,
    "ingest": Ingest,
    "score": Score,
    "train": Train,
    "guard": Guard,
    "report": Report,
}

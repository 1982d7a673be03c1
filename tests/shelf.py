"""Versions on a shelf, for the tests of what is collected from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lifecycle import promotion
from lifecycle.registry import collecting

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
LATER = AT + timedelta(days=400)


def versions(book, count, *, at=AT, **birth):
    return [
        book.register(
            "leads", recipe="r", estimator=[n], birth=birth, author="ana", at=at
        )
        for n in range(count)
    ]


def promote(book, number, at=AT, share=None):
    told = {"share": share} if share else {}
    target = "experimental" if share else "production"
    asked = promotion.propose(
        book,
        "leads",
        number,
        author="ana",
        reason="better",
        evidence={"passed": True},
        at=at,
        target=target,
        **told,
    )
    return promotion.approve(
        book, "leads", asked.id, approver="ben", reason="yes", at=at
    )


def collect(book, *, at=LATER, now=None, last=1, days=365.0, **more):
    return collecting.collect(
        book,
        "leads",
        actor="ana",
        at=at,
        keep_days=days,
        keep_last=last,
        now=now or datetime.now(UTC),
        **more,
    )


def stored(book) -> list[int]:
    folder = book.artefacts / "leads"
    return sorted(int(path.stem) for path in folder.glob("*.skops"))


def status(book) -> dict[int, str]:
    return {each.number: each.status for each in book.versions("leads")}

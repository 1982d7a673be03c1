"""Words that a version learned and days on which a report was opened, in both books."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sklearn.linear_model import LogisticRegression

from lifecycle.registry import Learned, canonical

AT = datetime(2024, 6, 3, 23, 30, tzinfo=UTC)


def word(k: int, weight: float = 0.5) -> dict[str, Any]:
    return {
        "feedback_id": f"F{k}",
        "prediction": f"L{k}",
        "label": 1.0,
        "weight": weight,
    }


def register(book: Any, words: list[dict[str, Any]]) -> Any:
    return book.register(
        "leads",
        recipe="plain",
        estimator=LogisticRegression(),
        birth={},
        author="ana",
        at=AT,
        learned=words,
    )


def test_the_words_a_version_learned_are_kept_with_it_and_their_digest_in_the_ledger(
    database, tmp_path: Path
) -> None:
    book = database(tmp_path)
    made = register(book, [word(k) for k in range(800)])
    assert len(book.learned("leads", number=made.number)) == 800
    asked = [f"F{k}" for k in range(799, 0, -1)]
    found = book.learned("leads", ids=asked)
    assert {each.feedback_id for each in found} == set(asked)
    assert found[0] == Learned("leads", 1, "F1", "L1", "1.0", 0.5)
    assert book.learned("churn") == book.learned("leads", ids=[]) == []
    (entry,) = book.ledger("leads")
    assert entry.evidence["words"] == 800
    told = sorted([f"F{k}", 0.5] for k in range(800))
    assert entry.evidence["words_sha256"] == canonical.digest(told)
    assert book.verify_ledger() is None


def test_a_word_that_cannot_be_kept_undoes_the_version(database, tmp_path) -> None:
    book = database(tmp_path)
    with pytest.raises(sa.exc.IntegrityError):
        register(book, [word(1), word(2, weight=0.0)])
    assert (book.versions("leads"), book.learned("leads"), book.ledger()) == (
        [],
        [],
        [],
    )
    assert register(book, [word(1)]).number >= 1


def test_a_page_counts_as_opened_once_a_day_of_utc(database, tmp_path: Path) -> None:
    book = database(tmp_path)
    moments = [AT, AT + timedelta(minutes=20), AT + timedelta(minutes=40)]
    new = [book.note_opened("leads", "audit", at=at, way="lab") for at in moments]
    assert new == [True, False, True]
    assert book.note_opened("leads", "", at=AT, way="door")
    assert [(e.page, e.day) for e in book.opened("leads")] == [
        ("audit", "2024-06-04"),
        ("", "2024-06-03"),
        ("audit", "2024-06-03"),
    ]
    assert [each.at for each in book.opened("leads", "audit")] == [moments[2], AT]

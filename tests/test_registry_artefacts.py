from __future__ import annotations

import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lifecycle import errors, recipes, registry
from lifecycle.registry import artefacts

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def book(tmp_path: Path) -> registry.Registry:
    return registry.Registry(tmp_path / "registry.db")


def register(book, estimator):
    return book.register(
        "leads", recipe="plain", estimator=estimator, birth={}, author="anna", at=AT
    )


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "size": rng.normal(size=300),
            "visits": rng.gamma(3, size=300),
            "industry": rng.choice(["a", "b", "c"], size=300),
        }
    )
    rows.loc[::7, "size"] = np.nan
    rows["industry"] = rows["industry"].astype("string")
    rows.loc[::11, "industry"] = pd.NA
    rows["industry"] = (
        rows["industry"].astype(object).where(rows["industry"].notna(), None)
    )
    return rows


@pytest.mark.parametrize("name", sorted(recipes.LIBRARY))
def test_a_fitted_recipe_of_the_library_comes_back_scoring_the_same(book, frame, name):
    made = recipes.load(name, folder=None).build(
        ["size", "visits"], ["industry"], seed=1
    )
    y = (frame["visits"] > 3).astype(float)
    made.fit(frame, y)
    version = register(book, made)
    elsewhere = registry.Registry(book.artefacts.parent / "registry.db")
    says = "predict_proba" if recipes.TASKS[name] == "binary" else "predict"
    np.testing.assert_array_equal(
        getattr(elsewhere.load(version), says)(frame), getattr(made, says)(frame)
    )


@pytest.mark.parametrize("stopping", [True, False])
def test_plain_scikit_learn_pipelines_need_no_further_trust(book, frame, stopping):
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    made = make_pipeline(
        make_column_transformer(
            ("passthrough", ["size", "visits"]), (codes, ["industry"])
        ),
        HistGradientBoostingClassifier(max_iter=5, early_stopping=stopping),
    ).fit(frame, frame["visits"] > 3)
    back = book.load(register(book, made))
    np.testing.assert_array_equal(back.predict(frame), made.predict(frame))


def test_the_digest_in_the_row_is_that_of_the_file(book):
    import hashlib

    version = register(book, ["stored"])
    content = (book.artefacts / "leads" / "1.skops").read_bytes()
    assert version.artefact == "leads/1.skops"
    assert version.sha256 == hashlib.sha256(content).hexdigest()
    assert book.load(version) == ["stored"]


def test_two_loads_are_checked_twice(book):
    version = register(book, ["stored"])
    assert book.load(version) == ["stored"]
    (book.artefacts / version.artefact).write_bytes(b"another")
    with pytest.raises(errors.ArtefactError, match=r"was altered .*restore it"):
        book.load(version)


def test_an_altered_artefact_is_refused_before_anything_in_it_is_looked_at(book):
    version = register(book, ["stored"])
    path = book.artefacts / version.artefact
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(errors.ArtefactError, match=r"version 1 of leads.*was altered"):
        book.load(version)


def test_a_missing_artefact_is_a_sentence_with_the_remedy(book):
    version = register(book, ["stored"])
    (book.artefacts / version.artefact).unlink()
    with pytest.raises(errors.ArtefactError, match=r"cannot be read.*roll back"):
        book.load(version)


def test_an_artefact_that_is_a_link_to_elsewhere_is_refused(book, tmp_path):
    version = register(book, ["stored"])
    path = book.artefacts / version.artefact
    path.rename(tmp_path / "elsewhere.skops")
    path.symlink_to(tmp_path / "elsewhere.skops")
    with pytest.raises(errors.ArtefactError, match="lies outside"):
        book.load(version)


class Own:
    """A type that nobody vouches for."""

    def __init__(self) -> None:
        self.known = 1


def test_types_that_are_not_trusted_are_named_with_the_setting(book):
    version = register(book, Own())
    own = f"{Own.__module__}.Own"
    with pytest.raises(errors.ArtefactError, match=r"Own; .* trusted_types"):
        book.load(version)
    assert book.load(version, trusted=[own]).known == 1
    with pytest.raises(errors.ArtefactError, match="not trusted"):
        book.load(version)


def test_an_estimator_that_cannot_be_written_leaves_nothing_behind(book):
    class Unwritable:
        def __reduce__(self):
            raise TypeError("no")

        def __getstate__(self):
            raise TypeError("no")

    with pytest.raises(TypeError, match="no"):
        register(book, Unwritable())
    assert book.versions("leads") == []
    assert not list((book.artefacts / "leads").iterdir())


def test_a_file_left_by_a_crash_is_never_overwritten(book):
    (book.artefacts / "leads").mkdir(parents=True)
    left = book.artefacts / "leads" / "1.skops"
    left.write_bytes(b"left by a crash")
    version = register(book, ["stored"])
    assert version.number == 2
    assert left.read_bytes() == b"left by a crash"
    assert register(book, ["stored"]).number == 3


def test_only_finished_artefacts_lie_in_the_directory(book):
    for _ in range(3):
        register(book, ["stored"])
    names = sorted(path.name for path in (book.artefacts / "leads").iterdir())
    assert names == ["1.skops", "2.skops", "3.skops"]
    assert all(zipfile.is_zipfile(p) for p in (book.artefacts / "leads").iterdir())


def test_many_versions_can_be_loaded_in_any_order(book):
    made = [register(book, [i]) for i in range(8)]
    for version in [*made, *reversed(made)]:
        assert book.load(version) == [version.number - 1]


# ------------------------------------------------------------------ on the disk


def synced(monkeypatch) -> list[str]:
    """What goes to the disk, in order: names of files and directories."""
    done: list[str] = []
    fsync, link = os.fsync, Path.hardlink_to

    def noted(handle):
        done.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        fsync(handle)

    def linked(self, target):
        done.append(f"name {self.name}")
        link(self, target)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(Path, "hardlink_to", linked)
    return done


def test_content_name_and_new_directories_are_each_on_the_disk_before_the_row(
    book, monkeypatch
):
    root = book.artefacts.parent.name
    done = synced(monkeypatch)
    register(book, ["stored"])
    assert done[:2] == [root, "artefacts"]  # they name artefacts/ and artefacts/leads/
    assert done[2].endswith(".tmp")
    assert done[3:] == ["name 1.skops", "leads"]


def test_a_disk_without_hard_links_gets_the_file_by_renaming(book, monkeypatch):
    def no_links(self, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    version = register(book, ["stored"])
    assert book.load(version) == ["stored"]
    assert [path.name for path in (book.artefacts / "leads").iterdir()] == ["1.skops"]


@pytest.mark.parametrize("links", [True, False])
def test_what_has_the_name_already_is_never_overwritten(tmp_path, monkeypatch, links):
    if not links:

        def no_links(self, target):
            raise FileExistsError if os.path.lexists(self) else PermissionError

        monkeypatch.setattr(Path, "hardlink_to", no_links)
    temporary, target = tmp_path / ".t.tmp", tmp_path / "1.skops"
    temporary.write_bytes(b"new")
    target.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        artefacts.place(temporary, target)
    assert target.read_bytes() == b"old"


def test_a_name_taken_between_the_look_and_the_renaming_is_not_overwritten(
    tmp_path, monkeypatch
):
    temporary, target = tmp_path / ".t.tmp", tmp_path / "1.skops"
    temporary.write_bytes(b"new")

    def taken(self, _target):
        self.write_bytes(b"another's")
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", taken)
    with pytest.raises(FileExistsError):
        artefacts.place(temporary, target)
    assert target.read_bytes() == b"another's"


def test_a_link_to_nowhere_in_the_place_of_a_new_artefact_stays_a_link(book, tmp_path):
    (book.artefacts / "leads").mkdir(parents=True)
    (book.artefacts / "leads" / "1.skops").symlink_to(tmp_path / "nowhere")
    assert register(book, ["stored"]).number == 2
    assert not (tmp_path / "nowhere").exists()


def test_a_model_directory_that_is_a_link_to_elsewhere_gets_no_artefact(book, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    book.artefacts.mkdir()
    (book.artefacts / "leads").symlink_to(elsewhere)
    with pytest.raises(errors.ArtefactError, match="is a link to elsewhere"):
        register(book, ["stored"])
    assert list(elsewhere.iterdir()) == []
    assert book.versions("leads") == []


def test_a_link_planted_under_a_temporary_name_is_not_written_through(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".known.tmp").symlink_to(victim)
    with pytest.raises(FileExistsError):
        artefacts.write(tmp_path, ["stored"], token="known")
    assert victim.read_text() == "precious"
    assert (tmp_path / ".known.tmp").is_symlink()


def test_an_altered_artefact_is_found_by_whatever_name_it_was_altered(book, tmp_path):
    version = register(book, ["stored"])
    (tmp_path / "second name").hardlink_to(book.artefacts / version.artefact)
    (tmp_path / "second name").write_bytes(b"altered")
    with pytest.raises(errors.ArtefactError, match="was altered"):
        book.load(version)


def test_a_link_beside_the_artefact_is_refused_even_to_the_right_bytes(book):
    version = register(book, ["stored"])
    path = book.artefacts / version.artefact
    path.rename(path.with_name("kept.skops"))
    path.symlink_to("kept.skops")
    with pytest.raises(errors.ArtefactError, match="cannot be read"):
        book.load(version)


def test_a_pipe_in_the_place_of_an_artefact_blocks_nobody(book):
    version = register(book, ["stored"])
    path = book.artefacts / version.artefact
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(errors.ArtefactError, match="no plain file"):
        book.load(version)


def test_a_file_far_too_large_is_refused_before_it_is_read(book):
    version = register(book, ["stored"])
    with (book.artefacts / version.artefact).open("r+b") as handle:
        handle.truncate(artefacts.MOST_BYTES + 1)  # a hole, no bytes on the disk
    with pytest.raises(errors.ArtefactError, match="larger than 4,294,967,296 bytes"):
        book.load(version)


def test_what_was_hashed_is_what_is_loaded_when_the_file_is_exchanged(
    book, monkeypatch
):
    version = register(book, ["stored"])
    other = (book.artefacts / register(book, ["another"]).artefact).read_bytes()
    path = book.artefacts / version.artefact
    revive = artefacts.revive

    def exchanged(content, **told):
        path.write_bytes(other)
        return revive(content, **told)

    monkeypatch.setattr(artefacts, "revive", exchanged)
    assert book.load(version) == ["stored"]
    with pytest.raises(errors.ArtefactError, match="was altered"):
        book.load(version)

"""Stored models: written whole or not at all, believed only by their SHA-256."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from lifecycle import errors

__all__ = ["TRUSTED", "discard", "place", "read", "revive", "write"]

TRUSTED = frozenset(
    {
        # parts of the library's recipes that skops does not vouch for by itself
        "numpy.dtype",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn.compose._column_transformer._RemainderColsList",  # of 1.5 and 1.6
        "sklearn.tree._tree.Tree",
    }
)


def write(folder: Path, estimator: object, *, token: str = "") -> tuple[Path, str]:
    """Dump an estimator into a temporary file of the folder, down to the disk.

    Parameters
    ----------
    folder : Path
    estimator : object
    token : str
        Names the temporary file, so that `discard` finds it after a crash.

    Returns
    -------
    path : Path
        Of the temporary file; `place` gives it its name.
    sha256 : str
        Of its content.
    """
    from skops import io

    folder.mkdir(parents=True, exist_ok=True)
    path = _temporary(folder, token or uuid.uuid4().hex)
    try:
        content = io.dumps(estimator)
        with path.open("xb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
    except BaseException:
        with suppress(FileNotFoundError):
            path.unlink()
        raise
    return path, hashlib.sha256(content).hexdigest()


def place(temporary: Path, target: Path) -> None:
    """Give a temporary file its name, and make the name durable.

    The caller holds the registry's write lock, and `target` does not exist. The file
    keeps its temporary name beside the new one where the disk can do that: `discard`
    knows by it what was placed and never registered.
    """
    try:
        target.hardlink_to(temporary)
    except OSError:
        temporary.rename(target)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def discard(folder: Path, token: str, *, registered: Collection[str]) -> None:
    """Remove what a process that died was about to register.

    Parameters
    ----------
    folder : Path
    token : str
        As in `write`.
    registered : collection of str
        Names of files that versions refer to; these stay.
    """
    temporary = _temporary(folder, token)
    if not temporary.exists():
        return
    for path in folder.glob("*.skops"):
        if path.name not in registered and path.samefile(temporary):
            path.unlink(missing_ok=True)
    temporary.unlink(missing_ok=True)


def _temporary(folder: Path, token: str) -> Path:
    return folder / f".{token}.tmp"


def read(root: Path, artefact: str, sha256: str, *, name: str) -> bytes:
    """The content of a stored model, when it is the one that was registered.

    Parameters
    ----------
    root : Path
        The artefacts' directory.
    artefact : str
        Path below it.
    sha256 : str
        What the registry says of the content.
    name : str
        What the model is called in an error.

    Raises
    ------
    ArtefactError
        When the file is missing, lies elsewhere, or was altered.
    """
    path = root / artefact
    if not path.resolve().is_relative_to(root.resolve()):
        raise errors.ArtefactError(
            f"{name}: its artefact {artefact!r} lies outside {root}; "
            "put the file itself there, not a link"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise errors.ArtefactError(
            f"{name}: its artefact {path} cannot be read ({error.strerror}); "
            "restore it from a backup or roll back to another version"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise errors.ArtefactError(
            f"{name}: its artefact {path} was altered (SHA-256 {found[:12]}…, "
            f"registered {sha256[:12]}…); restore it from a backup or roll back "
            "to another version"
        )
    return content


def revive(content: bytes, *, name: str, trusted: Sequence[str]) -> object:
    """The estimator in a stored model whose SHA-256 was checked.

    Raises
    ------
    ArtefactError
        When it holds types that neither skops, the library nor `trusted` vouch for.
    """
    from skops import io

    unknown = io.get_untrusted_types(data=content)
    refused = sorted(set(unknown) - TRUSTED - set(trusted))
    if refused:
        raise errors.ArtefactError(
            f"{name}: its artefact holds types that are not trusted: "
            f"{', '.join(refused)}; where you know them, list them under "
            "trusted_types in the model's settings"
        )
    return io.loads(content, trusted=unknown)

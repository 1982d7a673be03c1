"""Stored models: written whole or not at all, believed only by their SHA-256."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import uuid
import zipfile
import zlib
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from lifecycle import errors

__all__ = [
    "COLLECTED",
    "TRUSTED",
    "collected",
    "discard",
    "place",
    "read",
    "revive",
    "settle",
    "write",
]

COLLECTED = "artefact collected"
"""The status of a version whose stored model was removed; its record stays."""

TRUSTED = frozenset(
    {
        # parts of the library's recipes that skops does not vouch for by itself
        "numpy.dtype",
        "numpy.ravel",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.IdentityLink",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn._loss.loss.HalfMultinomialLoss",
        "sklearn._loss.loss.HalfSquaredError",
        "sklearn.compose._column_transformer._RemainderColsList",  # of 1.5 and 1.6
        "sklearn.tree._tree.Tree",
    }
)

MOST_BYTES = 2**32  # of a stored model: what one read may take of the memory
MOST_MEMBERS = 100_000  # of its archive; a hundred trees take some four hundred
MOST_UNPACKED = 10  # times its size; what the house writes is not packed at all
_LEAST_UNPACKED = 2**26  # bytes that any archive may hold
_MEMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_BROKEN = (  # what opening and reviving a file raise that is no stored model
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ImportError,
    MemoryError,
    NotImplementedError,
    RecursionError,
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

    Raises
    ------
    ArtefactError
        When the folder is a link to elsewhere, or the model is too large to be loaded.
    """
    from skops import io as skops

    if folder.is_symlink():
        raise errors.ArtefactError(
            f"{folder} is a link to elsewhere; put the directory itself there, so that "
            "what is stored can be loaded"
        )
    _made(folder)
    path = _temporary(folder, token or uuid.uuid4().hex)
    content = skops.dumps(estimator)
    if len(content) > MOST_BYTES:
        raise errors.ArtefactError(
            f"the model takes {len(content):,} bytes, more than the {MOST_BYTES:,} "
            "that can be loaded again; train a smaller one"
        )
    with path.open("xb") as handle:  # nothing there is opened, a link neither
        try:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        except BaseException:
            with suppress(FileNotFoundError):
                path.unlink()
            raise
    return path, hashlib.sha256(content).hexdigest()


def _made(folder: Path) -> None:
    """Make a directory whose name is on the disk, too."""
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            with suppress(FileExistsError):
                each.mkdir()
            settle(each.parent)


def settle(folder: Path) -> None:
    """Make what a directory names durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def place(temporary: Path, target: Path) -> None:
    """Give a temporary file its name, and make the name durable.

    The caller holds the registry's write lock. The file keeps its temporary name
    beside the new one where the disk can do that: `discard` knows by it what was
    placed and never registered.

    Raises
    ------
    FileExistsError
        When something has the name already, be it a link to nowhere; it stays.
    """
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links: take the name first, then fill it
        target.open("xb").close()
        temporary.rename(target)
    settle(target.parent)


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
        content = _content(path)
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


def _content(path: Path) -> bytes:
    """The bytes of a plain file, read once; a link, a pipe or too much is an error.

    What is hashed is what is loaded: a file that is altered between the two, by
    whatever name, makes no difference to the bytes in memory.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as opened:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(0, "it is no plain file")
        if facts.st_size > MOST_BYTES:
            raise OSError(0, f"it is larger than {MOST_BYTES:,} bytes")
        return opened.read(facts.st_size)


def collected(model: str, number: int) -> errors.ArtefactError:
    """What is said of a version whose stored model was removed."""
    return errors.ArtefactError(
        f"the artefact of version {number} of {model} was collected: nothing needed it "
        f"any more; `lifecycle reproduce {model} {number} --register` makes it again "
        "from its birth record, as a new version"
    )


def revive(content: bytes, *, name: str, trusted: Sequence[str]) -> object:
    """The estimator in a stored model whose SHA-256 was checked.

    Raises
    ------
    ArtefactError
        When it holds types that neither skops, the library nor `trusted` vouch for,
        unpacks to far more than it is, or is no stored model of these libraries.
    """
    from skops import io as skops
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        _bounded(content)
        unknown = skops.get_untrusted_types(data=content)
    except _BROKEN as error:
        raise _broken(name, error) from error
    refused = sorted(set(unknown) - TRUSTED - set(trusted))
    if refused:
        raise errors.ArtefactError(
            f"{name}: its artefact holds types that are not trusted: "
            f"{_named(refused)}; where you know them, list them under "
            "trusted_types in the model's settings"
        )
    try:
        return skops.loads(content, trusted=unknown)
    except (*_BROKEN, UntrustedTypesFoundException) as error:
        raise _broken(name, error) from error


def _bounded(content: bytes) -> None:
    """Raise `ValueError` for an archive that is not one of skops, before it is read."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise ValueError(f"{len(members):,} files in one archive")
    names = {each.filename for each in members}
    if len(names) < len(members):
        raise ValueError("two files of one name in the archive")
    wrong = sorted(each for each in names if not _MEMBER.fullmatch(each))
    if wrong:
        raise ValueError(f"a file named {wrong[0][:60]!r} in the archive")
    unpacked = sum(each.file_size for each in members)
    most = max(_LEAST_UNPACKED, MOST_UNPACKED * len(content))
    if unpacked > most:
        raise ValueError(f"{len(content):,} bytes that unpack to {unpacked:,}")


def _broken(name: str, error: BaseException) -> errors.ArtefactError:
    told = _line(str(error)) or "no reason given"
    return errors.ArtefactError(
        f"{name}: its artefact is no stored model that can be loaded "
        f"({type(error).__name__}: {told}); where libraries were updated install those "
        "of its birth record, else roll back to another version"
    )


def _named(types: Sequence[str], most: int = 10) -> str:
    more = f" and {len(types) - most} more" if len(types) > most else ""
    return ", ".join(_line(each) for each in types[:most]) + more


def _line(text: str, most: int = 160) -> str:
    """A file's own words: one line, no longer than it may be, nothing to obey."""
    known = "".join(c if c.isprintable() else " " for c in text[: 4 * most])
    known = " ".join(known.split())
    return known if len(known) <= most else known[:most] + "…"

"""Stored models that somebody made by hand: refused before anything in them runs."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import tracemalloc
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from skops import io as skops

from lifecycle import errors, registry
from lifecycle.registry import artefacts

AT = datetime(2023, 5, 1, tzinfo=UTC)
NAME = "version 1 of leads"


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What is there once something ran."""
    return tmp_path / "ran"


def archive(schema: Any, **members: bytes) -> bytes:
    """A file as skops writes it, around any schema."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in members.items():
            packed.writestr(name.replace("_dot_", "."), content)
        text = schema if isinstance(schema, str) else json.dumps(schema)
        packed.writestr("schema.json", text)
    return buffer.getvalue()


def node(loader: str, module: str, name: str, **more: Any) -> dict[str, Any]:
    told = {"__loader__": loader, "__module__": module, "__class__": name, **more}
    return {"protocol": json.loads(_schema())["protocol"], **told}


def _schema() -> bytes:
    return zipfile.ZipFile(io.BytesIO(skops.dumps([1]))).read("schema.json")


def json_node(value: Any) -> dict[str, Any]:
    return node("JsonNode", "builtins", "str", content=json.dumps(value), is_json=True)


def tuple_node(*values: Any) -> dict[str, Any]:
    return node("TupleNode", "builtins", "tuple", content=list(map(json_node, values)))


def types(*names: str) -> dict[str, Any]:
    listed = [node("TypeNode", "builtins", name) for name in names]
    return node("ListNode", "builtins", "list", content=listed)


def planted(place: Path, content: bytes) -> tuple[registry.Registry, Any]:
    """A registry that vouches for a content: file and row were altered together."""
    book = registry.Registry(place / "registry.db")
    version = book.register(
        "leads", recipe="r", estimator=["good"], birth={}, author="a", at=AT
    )
    (book.artefacts / version.artefact).write_bytes(content)
    return book, replace(version, sha256=hashlib.sha256(content).hexdigest())


def touches(marker: Path) -> dict[str, dict[str, Any]]:
    """Schemas that would make a file, each by another way into the interpreter."""
    path = str(marker)
    return {
        "a function": node(
            "PartialNode",
            "functools",
            "partial",
            content={
                "func": node("FunctionNode", "os", "system"),
                "args": tuple_node(f"touch {path}"),
                "kwds": node(
                    "DictNode", "builtins", "dict", content={}, key_types=types()
                ),
                "namespace": json_node(None),
            },
        ),
        "a constructor": node(
            "ConstructorFromReduceNode",
            "pathlib",
            "Path.touch",
            content=tuple_node(path),
        ),
        "a type called": node(
            "ConstructorFromReduceNode",
            "logging",
            "FileHandler",
            content=tuple_node(path),
        ),
        "an object": node(
            "ObjectNode",
            "subprocess",
            "Popen",
            content=node("DictNode", "builtins", "dict", content={}, key_types=types()),
        ),
        "a method": node(
            "MethodNode",
            "builtins",
            "str",
            content={
                "func": "touch",
                "obj": node(
                    "JsonNode",
                    "builtins",
                    "str",
                    content=json.dumps(path),
                    is_json=True,
                ),
            },
        ),
        "an operator": node(
            "OperatorFuncNode", "operator", "methodcaller", attrs=tuple_node("touch")
        ),
        "a list that is none": node("ListNode", "os", "popen", content=[]),
        "a dictionary that is none": node(
            "DictNode", "builtins", "exec", content={}, key_types=types()
        ),
        "a type": node("TypeNode", "builtins", "eval"),
        "a type by a trusted name": node("TypeNode", "numpy", "dtype.__class__"),
    }


@pytest.mark.parametrize("way", sorted(touches(Path("x"))))
def test_a_type_that_nobody_vouches_for_is_refused_before_it_is_made(
    tmp_path, marker, way
):
    content = archive(touches(marker)[way])
    with pytest.raises(errors.ArtefactError, match=r"version 1 of leads.*not trusted"):
        artefacts.revive(content, name=NAME, trusted=())
    assert not marker.exists()


def test_trust_in_one_name_is_no_trust_in_another(marker):
    told = touches(marker)["a function"]
    for trusted in (["os"], ["os.*"], ["*"], ["functools.partial"], ["os.system2"]):
        with pytest.raises(errors.ArtefactError, match=r"os\.system"):
            artefacts.revive(archive(told), name=NAME, trusted=trusted)
    assert not marker.exists()


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_pickle_is_no_stored_model_and_is_not_opened(tmp_path, marker):
    joblib.dump([Evil(marker)], tmp_path / "model.joblib")
    for content in (
        pickle.dumps([Evil(marker)]),
        (tmp_path / "model.joblib").read_bytes(),
    ):
        book, version = planted(tmp_path / hashlib.sha256(content).hexdigest(), content)
        with pytest.raises(errors.ArtefactError, match=r"no stored model.*BadZipFile"):
            book.load(version)
    assert not marker.exists()


def test_a_pickle_within_an_array_is_not_opened(marker):
    held = io.BytesIO()
    np.save(held, np.array([Evil(marker)], dtype=object), allow_pickle=True)
    array = node("NdArrayNode", "numpy", "ndarray", type="numpy", file="1.npy")
    with pytest.raises(errors.ArtefactError, match="no stored model"):
        artefacts.revive(
            archive(array, **{"1_dot_npy": held.getvalue()}), name=NAME, trusted=()
        )
    assert not marker.exists()


NO_MODELS = [
    b"",
    b"PK",
    b"PK\x05\x06" + b"\0" * 18,
    b"\0" * 100,
    archive("no JSON"),
    archive("[" * 100_000),
    archive('{"a":' * 100_000),
    archive([]),
    archive({}),
    archive({"protocol": 10**30}),
    archive({"protocol": -1}),
    archive({"protocol": True}),
    archive({**json_node(1), "content": "[" * 100_000}),
    archive({**json_node(1), "content": 7}),
    archive(node("NoSuchNode", "builtins", "list")),
    archive(node("CachedNode", "builtins", "list", __id__=7)),
    archive(node("ListNode", "builtins", "list", content=7)),
    archive(node("NdArrayNode", "numpy", "ndarray", type="numpy", file="gone.npy")),
    archive(node("BytesNode", "builtins", "bytes", file="../../etc/passwd")),
]


# no names made of the bytes: an archive holds the second in which it was made
@pytest.mark.parametrize("content", NO_MODELS, ids=range(len(NO_MODELS)))
def test_whatever_is_no_stored_model_is_one_sentence(content):
    with pytest.raises(errors.ArtefactError) as raised:
        artefacts.revive(content, name=NAME, trusted=())
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


def test_a_schema_nested_beyond_the_stack_is_one_sentence():
    told = json_node(1)
    for _ in range(400):
        told = {
            "__loader__": "ListNode",
            "__module__": "builtins",
            "__class__": "list",
            "content": [told],
        }
    told["protocol"] = node("", "", "")["protocol"]
    deep = json.dumps(told)
    with pytest.raises(errors.ArtefactError, match="RecursionError"):
        artefacts.revive(archive(deep), name=NAME, trusted=())


@pytest.mark.parametrize(
    "name",
    ["../evil.npy", "/etc/passwd", "a/b.npy", "..", "a\\b", "\x1b[2J", ""],
)
def test_a_file_in_the_archive_with_a_way_in_its_name_is_refused(name):
    buffer = io.BytesIO(skops.dumps([1]))
    with zipfile.ZipFile(buffer, "a") as packed:
        packed.writestr(zipfile.ZipInfo(name or "/"), b"x")
    with pytest.raises(errors.ArtefactError, match="in the archive"):
        artefacts.revive(buffer.getvalue(), name=NAME, trusted=())


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_schemas_in_one_archive_are_refused():
    buffer = io.BytesIO(skops.dumps([1]))
    with zipfile.ZipFile(buffer, "a") as packed:
        packed.writestr("schema.json", json.dumps(node("TypeNode", "builtins", "eval")))
    with pytest.raises(errors.ArtefactError, match="two files of one name"):
        artefacts.revive(buffer.getvalue(), name=NAME, trusted=())


def test_a_small_archive_that_unpacks_to_far_more_is_refused_unread():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("schema.json", b" " * 200_000_000)
    content = buffer.getvalue()
    tracemalloc.start()
    with pytest.raises(errors.ArtefactError, match=r"bytes that unpack to 200,000,000"):
        artefacts.revive(content, name=NAME, trusted=())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_an_archive_of_too_many_files_is_refused(monkeypatch):
    monkeypatch.setattr(artefacts, "MOST_MEMBERS", 3)
    content = archive(json_node(1), **{f"{n}_dot_npy": b"" for n in range(3)})
    with pytest.raises(errors.ArtefactError, match="4 files in one archive"):
        artefacts.revive(content, name=NAME, trusted=())


def test_an_array_that_claims_to_be_endless_is_refused():
    head = str({"descr": "<f8", "fortran_order": False, "shape": (10**13,)})
    head = f"{head:<117}\n"
    array = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode()
    told = node("NdArrayNode", "numpy", "ndarray", type="numpy", file="1.npy")
    with pytest.raises(errors.ArtefactError, match="no stored model"):
        artefacts.revive(archive(told, **{"1_dot_npy": array}), name=NAME, trusted=())


def test_a_hostile_name_of_a_type_is_shown_in_one_short_line():
    told = node("TypeNode", "a\x1b[2J\nb<script>" + "x" * 10_000, "é\u202e")
    with pytest.raises(errors.ArtefactError) as raised:
        artefacts.revive(archive(told), name=NAME, trusted=())
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize(
    "model", ["../x", "a/b", "", ".", "A", "a\0b", "x" * 65, "é", "-a"]
)
def test_a_model_whose_name_leads_elsewhere_gets_no_artefact(tmp_path, model):
    book = registry.Registry(tmp_path / "in" / "registry.db")
    with pytest.raises(errors.UnknownModel, match="cannot be the name of a model"):
        book.register(model, recipe="r", estimator=[1], birth={}, author="a", at=AT)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize(
    "artefact",
    ["../outside.skops", "/etc/passwd", "leads/../../outside.skops", "leads"],
)
def test_a_row_that_points_elsewhere_is_not_followed(tmp_path, artefact):
    book, version = planted(tmp_path / "in", b"")
    (tmp_path / "outside.skops").write_bytes(b"")
    with pytest.raises(errors.ArtefactError, match=r"lies outside|cannot be read"):
        book.load(replace(version, artefact=artefact))

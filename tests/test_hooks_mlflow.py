"""Aliases of a real MLflow follow the roles; without MLflow a sentence says so."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lifecycle import hooks
from lifecycle.hooks import Aliases, NotTaken
from lifecycle.hooks.pointing import point

pytestmark = pytest.mark.filterwarnings("ignore")  # of MLflow and what it brings

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)
ALIASES = {"production": "champion", "experimental": "challenger"}


def news(**roles: int) -> hooks.News:
    after = {
        role: {"version": number, "share": 0.5, "sha256": f"{number}" * 64}
        for role, number in roles.items()
    }
    return hooks.News({"delivery": "d", "model": "leads", "move": "x", "after": after})


# -- with a stand-in for the client, everywhere --------------------------------------


class Page(list[Any]):
    token = ""


class Client:
    """As much of MLflow's client as is asked, with two versions a page."""

    def __init__(self, *digests: str) -> None:
        self.aliases = {"old": "1"}
        self.digests = digests
        self.done: list[tuple[str, ...]] = []

    def search_registered_models(
        self, text: str = "", max_results: int = 1
    ) -> list[str]:
        return ["leads"] if self.digests and text in ("", "name='leads'") else []

    def get_registered_model(self, name: str) -> Client:
        return self

    def search_model_versions(
        self, text: str, max_results: int, page_token: str | None
    ) -> Page:
        begin = int(page_token or 0)
        page = Page()
        for place in range(begin, min(begin + 2, len(self.digests))):
            found = type("Found", (), {})()
            found.tags = {"lifecycle.sha256": self.digests[place]}
            found.version = place + 1
            page.append(found)
        page.token = str(begin + 2) if begin + 2 < len(self.digests) else ""
        return page

    def set_registered_model_alias(self, name: str, alias: str, number: str) -> None:
        self.done.append(("set", alias, number))

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        self.done.append(("delete", alias))


def wanted(**aliases: int | None) -> dict[str, Any]:
    held = {
        alias: number and {"version": number, "sha256": f"{number}" * 64}
        for alias, number in aliases.items()
    }
    return {"model": "leads", "registered": "", "aliases": held}


def test_versions_are_found_by_their_digest_on_whichever_page():
    client = Client("9" * 64, "8" * 64, "3" * 64, "4" * 64, "3" * 64)
    point(client, wanted(champion=3, challenger=4, old=None, none=None))
    assert client.done == [
        ("set", "champion", "3"), ("set", "challenger", "4"), ("delete", "old"),
    ]  # fmt: skip


def test_no_alias_moves_when_one_version_is_missing():
    client = Client("3" * 64)
    with pytest.raises(LookupError, match=r"no version in MLflow with the tag life.*4"):
        point(client, wanted(champion=3, challenger=4))
    assert client.done == []


def test_nobody_to_point_to_is_nothing_to_do():
    client = Client()
    assert point(client, wanted(champion=None)) == "there is nothing to point to"
    assert client.done == []


@pytest.mark.skipif(
    importlib.util.find_spec("mlflow") is not None, reason="MLflow is installed"
)
def test_without_mlflow_a_sentence_says_what_to_install():
    asked = r'run: pip install "lifecycle-workbench\[mlflow\]"$'
    with pytest.raises(NotTaken, match=asked):
        Aliases("sqlite:///x.db", aliases=ALIASES).send(news(production=1), at=AT)


def test_the_address_is_not_shown():
    shown = repr(Aliases("postgresql://me:pw@host/db", aliases=ALIASES))
    assert "host" not in shown


def aliases(client: Any, name: str) -> dict[str, str]:
    told = client.get_registered_model(name).aliases
    return {alias: str(number) for alias, number in told.items()}


# -- with MLflow itself ----------------------------------------------------------------


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mlflow", reason="MLflow is not installed: the extra `mlflow`")
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="module")
def uri(place: Path) -> str:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    return f"sqlite:///{place}/mlflow.db"


@pytest.fixture(scope="module")
def client(uri: str) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def test_aliases_of_mlflow_follow_the_roles(client, place):
    client.create_registered_model("leads")
    for number in (1, 2):
        tags = {"lifecycle.sha256": f"{number}" * 64}
        client.create_model_version("leads", f"file://{place}/{number}", tags=tags)
    point(client, wanted(champion=1, challenger=2))
    assert aliases(client, "leads") == {"champion": "1", "challenger": "2"}
    for _ in range(2):  # twice is as good as once
        point(client, wanted(champion=2, challenger=None))
        assert aliases(client, "leads") == {"champion": "2"}
    with pytest.raises(LookupError, match="no version in MLflow with the tag"):
        point(client, wanted(champion=3))


def test_what_mlflow_has_not_got_is_published_once(uri, client, place):
    (place / "packed").mkdir()
    (place / "packed" / "MLmodel").write_text("flavors: {}\n")
    asked: list[tuple[str, int]] = []

    @contextmanager
    def pack(model: str, number: int) -> Iterator[Path]:
        asked.append((model, number))
        yield place / "packed"

    client.create_experiment("churn", artifact_location=f"file://{place}/kept")
    receiver = Aliases(uri, aliases=ALIASES, registered="churn", timeout=120, pack=pack)
    for _ in range(2):
        receiver.send(news(production=5), at=AT)
    (made,) = client.search_model_versions("name='churn'")
    assert aliases(client, "churn") == {"champion": "1"}
    assert made.tags["lifecycle.sha256"] == "5" * 64
    assert made.tags["lifecycle.model"] == "leads"
    assert list((place / "kept").rglob("MLmodel"))
    assert asked == [("leads", 5), ("leads", 5)]
    assert receiver.test(at=AT) == "MLflow answers; it has models"


def test_a_server_that_is_not_there_is_a_sentence_without_its_password(place):
    receiver = Aliases("http://me:pw1234@localhost:1", aliases=ALIASES, timeout=60)
    with pytest.raises(NotTaken) as caught:
        receiver.send(news(production=1), at=AT)
    assert "ended with exit code 1" in str(caught.value)
    assert "pw1234" not in str(caught.value)

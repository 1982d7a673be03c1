"""Moves and renewals in any order: what holds on a file holds on a server."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from lifecycle.registry import Registry
from tests.postgres import Server
from tests.test_promotion_sequences import Moves
from tests.test_renewals_sequences import Processes


class There:
    """A machine whose book is in a database of the server."""

    server: ClassVar[Server]
    folder: Any
    lent: AbstractContextManager[str]

    def _book(self) -> Registry:
        self.lent = self.server.lent()
        return Registry(self.lent.__enter__(), artefacts=self.folder)

    def teardown(self) -> None:
        if hasattr(self, "lent"):
            self.lent.__exit__(None, None, None)
            shutil.rmtree(self.folder)
        super().teardown()  # type: ignore[misc]


class MovesThere(There, Moves):
    """The registry on a server under a storm of moves."""


class ProcessesThere(There, Processes):
    """Processes that renew one model whose book is on a server."""


@pytest.mark.parametrize("machine", [MovesThere, ProcessesThere])
def test_what_holds_on_a_file_holds_on_a_server(server, machine):
    There.server = server
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=4,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

"""A report that JupyterLab sends to somebody is kept as opened, and nothing else is."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lifecycle.lab import opened
from tests.panels import two_models

REPORT = "reports/leads/2024-06-03/audit.html"


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (f"/api/contents/{REPORT}?content=1&type=file", ("leads", "audit")),
        (f"/files/{REPORT}", ("leads", "audit")),
        ("/files/reports/leads/index.html", ("leads", "")),
        (f"/api/contents/{REPORT}?content=0", None),  # a folder is listed
        ("/api/contents/reports/leads?content=1", None),
        ("/files/reports/leads/cards/3.html", None),
        ("/files/reports/index.html", None),
        (f"/lab/tree/{REPORT}", None),
        ("/files/reports/leads/2024-06-03/audit.ipynb", None),
        ("/files/reports/../leads/a.html", None),
        ("/files/reports/leads/%2e%2e/a.html", None),
        ("/files/notebooks/x/y/z.html", None),
    ],
)
def test_a_report_counts_where_its_content_is_sent(address: str, found: Any) -> None:
    told = urlsplit(address)
    query = {name: values[-1] for name, values in parse_qs(told.query).items()}
    assert opened.opened(told.path, query, base="/") == found
    assert opened.opened("/user/ana" + told.path, query, base="/user/ana/") == found
    assert opened.opened(told.path, query, base="/user/ana/") is None


def asked(server: Any, address: str, *, method: str = "GET", status: int = 200) -> None:
    told = urlsplit(address)
    query = {
        name: [value.encode() for value in values]
        for name, values in parse_qs(told.query).items()
    }
    request = SimpleNamespace(method=method, path=told.path, query_arguments=query)
    handler = SimpleNamespace(request=request, get_status=lambda: status)

    async def answer() -> None:
        server.web_app.settings["log_function"](handler)
        await asyncio.get_running_loop().shutdown_default_executor()

    asyncio.run(answer())


def test_what_the_server_sends_is_kept_beside_what_it_logs(tmp_path) -> None:
    ws, logged = two_models(tmp_path), []
    settings = {"log_function": logged.append, "base_url": "/"}
    server = SimpleNamespace(web_app=SimpleNamespace(settings=settings))
    opened.notice(server, ws.directory)
    asked(server, f"/files/{REPORT}", status=404)
    asked(server, f"/api/contents/{REPORT}", method="PUT")
    asked(server, "/files/reports/gone/2024-06-03/audit.html")
    assert ws.registry.opened("leads") == []
    for _ in range(2):
        asked(server, f"/files/{REPORT}")
    (row,) = ws.registry.opened("leads")
    assert (row.page, row.way) == ("audit", "lab")
    assert len(logged) == 5

"""The models of a workspace as a file for Airflow: a DAG each, a task a page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Any

from lifecycle import config
from lifecycle.workspace import ownership

if TYPE_CHECKING:
    from lifecycle.workspace.desk import Workspace

__all__ = ["airflow"]

_BY_HAND = {"audit": (), "drift": (), "decide": ("audit", "drift")}
_BY_HAND |= {"promote": ("decide",)}


def airflow(workspace: Workspace, *, command: Sequence[str]) -> str:
    """The text of a DAG file for Airflow 3.

    Each model is a DAG that starts when one of its pages is due, in their time zone;
    pages of another zone are a DAG of their own. A model whose pages have no schedule
    is one that is triggered by hand. A task calls `lifecycle due MODEL --page NAME`,
    so that a slot is answered once, whoever else calls it; one that is triggered by
    hand `lifecycle run NAME MODEL`.

    Parameters
    ----------
    workspace : Workspace
    command : sequence of str
        What starts `lifecycle` where the tasks run.

    Examples
    --------
    >>> import lifecycle
    >>> ws = lifecycle.open("demo")                          # doctest: +SKIP
    >>> print(airflow(ws, command=["lifecycle"]))            # doctest: +SKIP
    """
    found: dict[str, Any] = {}
    for name in workspace.models:
        now = ownership.applied(
            workspace.model(name), workspace, name, as_of=workspace.moment()
        )
        found |= _dags(name, now, workspace.settings.workspace)
    words = [*command, "--workspace", str(workspace.directory)]
    file = resources.files("lifecycle.workspace") / "templates" / "airflow.txt"
    template = Template(file.read_text(encoding="utf-8"))
    return template.substitute(command=_literal(words), dags=_table(found))


def _dags(name: str, model: config.Model, shared: config.Shared) -> dict[str, Any]:
    pages = model.schedule.pages()
    zones: dict[str, list[str]] = {}
    for page, how in pages.items():
        zones.setdefault(how.timezone or shared.timezone, []).append(page)
    about = {"model": name, "owner": model.owner, "purpose": model.purpose}
    if not zones:
        told = {page: _page(after, retries=0) for page, after in _BY_HAND.items()}
        return {f"lifecycle_{name}": about | _times((), shared.timezone) | _of(told)}
    found = {}
    for zone, names in zones.items():
        told = {
            page: _page(
                [each for each in how.after or () if each in names],
                retries=how.retries,
                backoff_minutes=how.backoff_minutes,
            )
            for page, how in pages.items()
            if page in names
        }
        crons = list(dict.fromkeys(pages[page].cron for page in names))
        extra = "" if len(zones) == 1 else "_" + re.sub(r"\W+", "_", zone)
        found[f"lifecycle_{name}{extra}"] = about | _times(crons, zone) | _of(told)
    return found


def _page(
    after: Sequence[str], *, retries: int, backoff_minutes: float = 5.0
) -> dict[str, Any]:
    return {
        "after": list(after),
        "retries": retries,
        "backoff_minutes": backoff_minutes,
    }


def _times(crons: Sequence[str], zone: str) -> dict[str, Any]:
    return {"crons": list(crons), "timezone": zone}


def _of(pages: Mapping[str, Any]) -> dict[str, Any]:
    return {"pages": dict(pages)}


def _table(dags: Mapping[str, Mapping[str, Any]]) -> str:
    """The DAGs as Python, a line a fact and a line a page."""
    lines = ["{"]
    for dag, told in dags.items():
        lines.append(f"    {_literal(dag)}: {{")
        facts = {key: value for key, value in told.items() if key != "pages"}
        lines += [f"        {_literal(k)}: {_literal(v)}," for k, v in facts.items()]
        lines.append('        "pages": {')
        for page, how in told["pages"].items():
            lines.append(f"            {_literal(page)}: {_literal(how)},")
        lines += ["        },", "    },"]
    return "\n".join([*lines, "}"])


def _literal(value: object) -> str:
    r"""A plain value as Python, in ASCII, so that it hides nothing.

    Examples
    --------
    >>> print(_literal(["a b", 1]), _literal("Zo\u00eb"), _literal("\U0001f600"))
    ["a b", 1] "Zo\u00eb" '\U0001f600'
    """
    told = json.dumps(value, ensure_ascii=True)
    return ascii(value) if "\\ud8" in told or "\\ud9" in told else told

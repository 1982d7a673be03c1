"""Moves the aliases of MLflow, in a process of its own; see `Aliases`.

What is wanted comes as JSON on standard input. What went wrong is said in one line,
and the process ends with 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

__all__ = ["SHA256", "main", "point"]

MODEL, VERSION, SHA256 = "lifecycle.model", "lifecycle.version", "lifecycle.sha256"
_PAGE = 200


def main() -> int:
    """Do what standard input asks for."""
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    told = json.load(sys.stdin)
    client = MlflowClient(tracking_uri=told["uri"], registry_uri=told["uri"])
    try:
        said = point(client, told)
    except (MlflowException, OSError, LookupError) as error:
        sys.stdout.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{said}\n")
    return 0


def point(client: Any, told: Mapping[str, Any]) -> str:
    """Point each alias to the version it stands for.

    Parameters
    ----------
    client : mlflow.tracking.MlflowClient
    told : mapping
        `model` (None to look only), `registered`, and `aliases`: from alias to
        `version`, `sha256` and, where it may be published, `directory`; None for an
        alias that is to stand for nobody.

    Raises
    ------
    LookupError
        When MLflow has not got a version and may not be given it.
    """
    if told["model"] is None:
        found = client.search_registered_models(max_results=1)
        return f"MLflow answers; it has {'models' if found else 'no model yet'}"
    name = told["registered"] or told["model"]
    numbers = {
        alias: None if held is None else _number(client, name, told["model"], held)
        for alias, held in told["aliases"].items()
    }  # all are there before the first one moves
    if not _has(client, name):
        return "there is nothing to point to"
    present = client.get_registered_model(name).aliases
    for alias, number in numbers.items():
        if number is not None:
            client.set_registered_model_alias(name, alias, number)
        elif alias in present:
            client.delete_registered_model_alias(name, alias)
    return f"{len(numbers)} aliases of {name} are where they belong"


def _number(client: Any, name: str, model: str, held: Mapping[str, Any]) -> str:
    """The version of MLflow that carries a digest; published where it may be."""
    page = None
    while _has(client, name):
        found = client.search_model_versions(
            f"name='{name}'", max_results=_PAGE, page_token=page
        )
        for each in found:
            if each.tags.get(SHA256) == held["sha256"]:
                return str(each.version)
        page = found.token
        if not page:
            break
    if "directory" not in held:
        raise LookupError(
            f"{name} has no version in MLflow with the tag {SHA256} of version "
            f"{held['version']} of {model}; publish it, or set publish = true"
        )
    return _publish(client, name, model, held)


def _publish(client: Any, name: str, model: str, held: Mapping[str, Any]) -> str:
    from mlflow.exceptions import MlflowException

    tags = {MODEL: model, VERSION: str(held["version"]), SHA256: held["sha256"]}
    place = client.get_experiment_by_name(name)
    kept = client.create_experiment(name) if place is None else place.experiment_id
    run = client.create_run(kept, tags=tags, run_name=f"{model} {held['version']}")
    client.log_artifacts(run.info.run_id, held["directory"], "model")
    client.set_terminated(run.info.run_id)
    if not _has(client, name):
        try:
            client.create_registered_model(name)
        except MlflowException:
            if not _has(client, name):  # nobody else was faster
                raise
    source = f"{run.info.artifact_uri}/model"
    made = client.create_model_version(
        name, source, run_id=run.info.run_id, tags=tags, await_creation_for=0
    )
    return str(made.version)


def _has(client: Any, name: str) -> bool:
    return bool(client.search_registered_models(f"name='{name}'", max_results=1))


if __name__ == "__main__":
    sys.exit(main())

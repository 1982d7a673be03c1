"""The registry that the settings of a workspace name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle import config, errors, registry

if TYPE_CHECKING:
    from lifecycle.workspace.desk import Workspace

__all__ = ["opened"]


def opened(workspace: Workspace) -> registry.Registry:
    """Open the registry; hooks that are new in the settings begin with its next row.

    Raises
    ------
    SettingsError
        When the library that its address needs is not there.
    """
    told = workspace.settings.workspace.registry
    place: str | Path = told if "://" in told else workspace.directory / told
    try:
        book = registry.Registry(place, artefacts=workspace.directory / "artefacts")
    except ModuleNotFoundError as error:
        raise errors.SettingsError(
            f"{config.FILE}: workspace.registry needs the library {error.name}; "
            f"run `pip install {error.name}`"
        ) from None
    if workspace.settings.hooks:
        from lifecycle.workspace import elsewhere

        elsewhere.begin(workspace, book)
    return book

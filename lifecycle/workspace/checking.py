"""What the settings ask for and the workspace does not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle import config, errors, recipes
from lifecycle.workspace import pages

if TYPE_CHECKING:
    from lifecycle.workspace.desk import Workspace

__all__ = ["problems"]


def problems(workspace: Workspace) -> list[str]:
    """What is wrong in the settings though each of its keys is fine, a sentence each.

    The recipes that models name must be there, in `recipes/` or in the library: else
    that is found only when something is to be trained. No recipe is run for that. So
    must the notebooks that have a schedule. Models that could not be read at all, and
    were left out for the sake of the others, come first.
    """
    found = [*workspace.wrong.values(), *_recipes(workspace)]
    return [*found, *_notebooks(workspace)]


def _notebooks(workspace: Workspace) -> Iterator[str]:
    for model, told in workspace.settings.models.items():
        for name in told.schedule.pages():
            try:
                pages.notebook_path(workspace, name)
            except errors.BadParameters as error:
                yield (
                    f"{config.FILE}: models.{model}.schedule.{name}: {error}; put "
                    f"{name}.ipynb into notebooks/"
                )


def _recipes(workspace: Workspace) -> Iterator[str]:
    folder = workspace.directory / "recipes"
    for model, told in workspace.settings.models.items():
        named = [("recipe", told.recipe), *(("rebuild", name) for name in told.rebuild)]
        for key, name in named:
            if name in recipes.LIBRARY or (folder / f"{name}.py").is_file():
                continue
            try:
                recipes.load(name, folder=folder)
            except errors.SettingsError as error:
                yield f"{config.FILE}: models.{model}.{key}: {error}"

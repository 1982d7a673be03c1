"""A new workspace: settings to fill in, the notebooks, a place for recipes."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

from lifecycle import config, errors, jobs

__all__ = ["SCENARIOS", "init"]

SCENARIOS = ("blank", "lead-scoring", "fraud", "chatbot")

_IGNORED = """\
# state and results; the settings, recipes and notebooks are what you keep in git
/artefacts/
/inbox/
/logs/
/reports/
/samples/
/.lifecycle/
/registry.db*
"""

_RECIPES = """\
# Recipes

A recipe is a Python file `NAME.py`; name it in `lifecycle.toml`. One function must be
there, the rest may be.

```python
def estimator(numeric, categorical, seed, text=()):
    \"\"\"An unfitted scikit-learn estimator for a frame with these columns.\"\"\"


SPACE = {"logisticregression__C": [0.1, 1.0, 10.0]}  # what a training may try
TRIALS = 20  # how many sets of it at most


def features(frame):
    \"\"\"The features in, a frame of the same rows out; each from itself only.\"\"\"
    return frame.assign(ratio=frame["opened"] / frame["sent"])
```

Without one, the library's serve: scaled_logistic, boosted_trees, extra_trees,
binned_logistic, for two classes or several; tfidf_logistic where there is text;
ridge and boosted_regression for outcomes that are amounts.

`.versions` holds the recipe of each version as it was: versions are scored and made
again with it, so keep it too.
"""


def init(directory: Path, *, scenario: str = "blank") -> Path:
    """Make a workspace in a directory.

    Parameters
    ----------
    directory : Path
        Made where it is not there yet; nothing in it is overwritten.
    scenario : {"blank", "lead-scoring", "fraud", "chatbot"}
        Which settings to start from.

    Returns
    -------
    Path
        The workspace's `lifecycle.toml`.

    Raises
    ------
    SettingsError
        When the directory holds a workspace already.
    """
    if scenario not in SCENARIOS:
        raise errors.SettingsError(
            f"there is no scenario {scenario!r}; choose one of {', '.join(SCENARIOS)}"
        )
    target = directory / config.FILE
    if target.exists():
        raise errors.SettingsError(
            f"{target} is there already; choose another directory, or edit it"
        )
    for place in (directory, *directory.parents):
        if place.exists() and not place.is_dir():
            raise errors.SettingsError(f"{place} is a file; name a directory")
    for name in ("notebooks", "recipes", "reports"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    for notebook in sorted(jobs.shipped().glob("*.ipynb")):
        _place(directory / "notebooks" / notebook.name, notebook)
    _write(directory / "recipes" / "README.md", _RECIPES)
    _write(directory / ".gitignore", _IGNORED)
    template = resources.files("lifecycle.workspace") / "templates" / f"{scenario}.toml"
    target.write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
    config.load(directory)
    return target


def _place(target: Path, source: Path) -> None:
    if not target.exists():
        shutil.copyfile(source, target)


def _write(target: Path, text: str) -> None:
    if not target.exists():
        target.write_text(text, encoding="utf-8")

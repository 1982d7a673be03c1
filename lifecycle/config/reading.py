"""Reading the settings: find the file, check it, say all that is wrong with it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from lifecycle import errors
from lifecycle.config.hooks import Hook
from lifecycle.config.rules import WATCHES, Rule, RuleFile
from lifecycle.config.tables import FILE, Model, Settings

__all__ = ["find", "load", "load_rules", "load_sound", "parse"]


def find(directory: Path) -> Path:
    """The nearest directory, from this one upwards, that holds `lifecycle.toml`.

    Raises
    ------
    SettingsError
        When there is none up to the root of the file system.
    """
    start = directory.resolve()
    for place in (start, *start.parents):
        if (place / FILE).is_file():
            return place
    raise errors.SettingsError(
        f"no {FILE} in {directory} or above it; run `lifecycle init DIR`, or name a "
        "workspace with --workspace DIR"
    )


def load(directory: Path) -> Settings:
    """Read and check `lifecycle.toml` of a directory.

    Parameters
    ----------
    directory : Path
        The directory that holds the file.

    Returns
    -------
    Settings
        Frozen.

    Raises
    ------
    SettingsError
        With one sentence for each problem: file, key and remedy.
    """
    return parse(_read(directory / FILE))


def load_sound(directory: Path) -> tuple[Settings, dict[str, str]]:
    """Read what can be read of the settings: a model that is wrong stops no other.

    Parameters
    ----------
    directory : Path
        The directory that holds the file.

    Returns
    -------
    Settings
        With the models that are right.
    dict of str to str
        What is wrong with each of the others.

    Raises
    ------
    SettingsError
        When what all models share is wrong.
    """
    told = _read(directory / FILE)
    models = told.get("models")
    try:
        return parse(told), {}
    except errors.SettingsError:
        if not isinstance(models, Mapping):
            raise
    wrong = {}
    for name, table in models.items():
        try:
            parse({"models": {name: table}})
        except errors.SettingsError as error:
            wrong[name] = str(error)
    sound = {name: table for name, table in models.items() if name not in wrong}
    return parse({**told, "models": sound, "hooks": _hooks(told, set(wrong))}), wrong


def _hooks(told: Mapping[str, Any], wrong: set[str]) -> Any:
    """The hooks without the models that are wrong; one of none but those is left out.

    A hook that names no model hears of all: its list must not become empty.
    """
    hooks = told.get("hooks", {})
    if not isinstance(hooks, Mapping):
        return hooks
    kept = {}
    for name, hook in hooks.items():
        named = hook.get("models") if isinstance(hook, Mapping) else None
        if isinstance(named, list) and named:
            left = [each for each in named if each not in wrong]
            if not left:
                continue
            kept[name] = {**hook, "models": left}
        else:
            kept[name] = hook
    return kept


def load_rules(path: Path) -> RuleFile:
    """Read a file of rules, as `lifecycle replay --rules` takes it.

    Parameters
    ----------
    path : Path
        TOML with the tables `[alerts]` and `[rules.NAME]`, as they stand below
        `[models.NAME]` in the settings.

    Returns
    -------
    RuleFile
        Frozen.

    Raises
    ------
    SettingsError
        With one sentence for each problem: file, key and remedy.
    """
    told = _read(path)
    try:
        return RuleFile.model_validate(told)
    except ValidationError as error:
        raise errors.SettingsError(
            [_sentence(problem, path.name, RuleFile) for problem in error.errors()]
        ) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise errors.SettingsError(
            f"{path}: {error.strerror}; check the path"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise errors.SettingsError(
            f"{path.name}: this is not TOML ({error}); mend the line it names"
        ) from None


def parse(told: Mapping[str, Any]) -> Settings:
    """Check settings that were read already; the same errors as `load`.

    Parameters
    ----------
    told : mapping
        As `tomllib` reads the file.

    Returns
    -------
    Settings
        Frozen.

    Examples
    --------
    >>> parse({"workspace": {"curency": "EUR"}})
    Traceback (most recent call last):
    lifecycle.errors.SettingsError: lifecycle.toml: workspace.curency is not a setting;
    did you mean currency?
    """
    try:
        return Settings.model_validate(told)
    except ValidationError as error:
        raise errors.SettingsError(
            [_sentence(problem) for problem in error.errors()]
        ) from None


_EXPECTED = {
    "owner": 'add owner = "Name <mail>", the person who answers for the model',
    "task": 'add task = "binary", "multiclass" or "regression"',
    "label_delay_days": "say after how many days an outcome is due",
    "features": "list the columns the model reads under numeric and categorical",
    "watch": f"say what the rule watches: {', '.join(WATCHES)}",
}


def _sentence(
    problem: Mapping[str, Any], file: str = FILE, root: type[BaseModel] = Settings
) -> str:
    path = [str(part) for part in problem["loc"] if part != "[key]"]
    key = ".".join(path)
    where = f"{file}: {key}" if key else file
    kind = problem["type"]
    if kind == "missing":
        remedy = _EXPECTED.get(
            path[-1], f"add {path[-1]} = … to [{'.'.join(path[:-1])}]"
        )
        return f"{where} is missing; {remedy}"
    if kind == "extra_forbidden":
        near = get_close_matches(path[-1], _names(path[:-1], root), n=1)
        hint = f"did you mean {near[0]}?" if near else "take it out"
        return f"{where} is not a setting; {hint}"
    if kind == "value_error":
        return f"{where}: {problem['ctx']['error']}"
    if kind == "string_pattern_mismatch" and path[-2:-1] == ["rules"]:
        return (
            f"{where}: a rule's name is lower-case letters, digits, - and _; "
            "rename the table"
        )
    if kind == "string_pattern_mismatch" and path[0] == "hooks" and len(path) == 2:
        return (
            f"{where}: a hook's name is lower-case letters, digits, - and _; "
            "rename the table"
        )
    if kind == "string_pattern_mismatch" and path[:1] == ["models"]:
        return (
            f"{where}: a model's name is lower-case letters, digits, - and _; "
            "rename the table"
        )
    got = problem.get("input")
    shown = "" if isinstance(got, Mapping | list) else f", got {got!r}"
    return f"{where}: {problem['msg'][0].lower()}{problem['msg'][1:]}{shown[:80]}"


def _names(path: list[str], root: type[BaseModel]) -> list[str]:
    """What may stand at a place of the settings."""
    kind, steps = root, path
    if steps[:1] == ["models"]:
        kind, steps = Model, steps[2:]
    if steps[:1] == ["hooks"] and len(steps) > 1:
        kind, steps = Hook, steps[2:]
    if steps[:1] == ["rules"]:
        kind, steps = Rule, steps[2:]
    for step in steps:
        field = kind.model_fields.get(step)
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        kind = inner
    return list(kind.model_fields)

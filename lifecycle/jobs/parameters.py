"""The parameters of a notebook: a typed, closed list, read without running anything.

The cell tagged `parameters` holds lines `name: type = literal  # what it is for`.
Nothing that is given can add a name, change a type or become code: what a notebook
does not list is refused, with the nearest name, before a kernel starts.
"""

from __future__ import annotations

import ast
import difflib
import io
import json
import math
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from lifecycle.errors import BadParameters

__all__ = ["Parameter", "check", "parse", "read"]

_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
    "None": (type(None),),
}
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a table",
    "None": "null",
}
_SECRETS = ("password", "passwd", "secret", "token", "api_key", "apikey", "credentials")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a notebook.

    Parameters
    ----------
    name : str
    type : str
        The annotation, or the default's type: "str", "float | None", "list[str]".
        Empty where neither says.
    default : object
        The literal in the notebook; `None` where it is not a literal.
    comment : str
        What the notebook's author says about it, behind the line.

    Examples
    --------
    >>> Parameter("level", "float", 0.05, "how sure")
    Parameter(name='level', type='float', default=0.05, comment='how sure')
    """

    name: str
    type: str
    default: object
    comment: str


def read(path: str | Path) -> dict[str, Parameter]:
    r"""The parameters of a notebook, in its order.

    The cell is parsed, never run. A notebook without a cell tagged `parameters`
    has none.

    Parameters
    ----------
    path : path
        The `.ipynb` file.

    Returns
    -------
    dict of str to Parameter

    Raises
    ------
    lifecycle.errors.BadParameters
        When the notebook is missing, is no notebook, or its cell is no Python.

    Examples
    --------
    >>> import tempfile
    >>> source = 'model: str = "leads"  # whose\nlevel = 0.05'
    >>> cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]},
    ...         "source": source}
    >>> path = Path(tempfile.mkdtemp()) / "audit.ipynb"
    >>> _ = path.write_text(json.dumps({"cells": [cell]}))
    >>> [(p.name, p.type, p.default, p.comment) for p in read(path).values()]
    [('model', 'str', 'leads', 'whose'), ('level', 'float', 0.05, '')]
    """
    path = Path(path)
    source = _cell(path)
    try:
        tree = ast.parse(source)
        comments = _comments(source)
    except (SyntaxError, tokenize.TokenError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise BadParameters(
            f"{path.name}: line {line} of the parameters cell is not plain Python; "
            "write each parameter as name: type = value  # what it is for"
        ) from error
    found: dict[str, Parameter] = {}
    for statement in tree.body:
        for name, annotation, value in _assigned(statement):
            default = _literal(value)
            kind = ast.unparse(annotation) if annotation else _kind(default)
            comment = comments.get(statement.end_lineno or 0, "")
            found[name] = Parameter(name, kind, default, comment)
    return found


def check(path: str | Path, given: Mapping[str, object]) -> dict[str, Any]:
    """Hold what was given against what the notebook takes.

    Parameters
    ----------
    path : path
        The `.ipynb` file.
    given : mapping of str to object
        Values of JSON's types; moments as ISO 8601 text.

    Returns
    -------
    dict of str to object
        What was given, whole numbers as floats where the notebook says float.

    Raises
    ------
    lifecycle.errors.BadParameters
        For a name the notebook does not have, a value of another type, a value
        that is not JSON, and a secret, which would end up in the report.
    """
    path = Path(path)
    known = read(path)
    checked: dict[str, Any] = {}
    for name, value in given.items():
        parameter = _named(path, known, name)
        where = f"{path.name}: parameter {name}"
        if name.lower().endswith(_SECRETS):
            raise BadParameters(
                f"{where} looks like a secret, and every parameter is printed in the "
                "report; hand it over in an environment variable"
            )
        checked[name] = _fitting(where, parameter, _json(where, value))
    return checked


def parse(path: str | Path, pairs: Sequence[str]) -> dict[str, Any]:
    """Read `name=value` texts from a command line, by the notebook's types.

    `version=007` stays text where the notebook says `str`; numbers, `true`, `false`,
    `null`, lists and tables are read as JSON where it says so.

    Parameters
    ----------
    path : path
        The `.ipynb` file.
    pairs : sequence of str

    Returns
    -------
    dict of str to object
        Checked as by `check`.

    Raises
    ------
    lifecycle.errors.BadParameters
    """
    path = Path(path)
    known = read(path)
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise BadParameters(f"-p {pair!r} has no value; write it as -p name=value")
        parameter = _named(path, known, name)
        if name in values:
            raise BadParameters(f"{path.name}: parameter {name} is given twice")
        values[name] = _read_text(text, parameter)
    return check(path, values)


def _cell(path: Path) -> str:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        cells = document["cells"]
        for cell in cells:
            tags = cell.get("metadata", {}).get("tags", [])
            if cell["cell_type"] == "code" and "parameters" in tags:
                source = cell["source"]
                return source if isinstance(source, str) else "".join(source)
    except FileNotFoundError as error:
        raise BadParameters(f"there is no notebook {path}") from error
    except OSError as error:
        raise BadParameters(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadParameters(
            f"{path.name} is not a notebook of format 4; save it again in JupyterLab"
        ) from error
    return ""


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ").rstrip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _assigned(
    statement: ast.stmt,
) -> Iterator[tuple[str, ast.expr | None, ast.expr | None]]:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id, statement.annotation, statement.value
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, None, statement.value


def _literal(node: ast.expr | None) -> object:
    if node is None:
        return None
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _kind(default: object) -> str:
    name = type(default).__name__
    return name if default is not None and name in _TYPES else ""


def _bases(kind: str) -> list[str]:
    """The plain types in an annotation; empty where anything may be given."""
    words = kind.strip("'\"").replace("Optional[", "None | ")
    bases = [part.split("[")[0].strip(" ]") for part in words.split("|")]
    return bases if kind and all(base in _TYPES for base in bases) else []


def _named(path: Path, known: Mapping[str, Parameter], name: object) -> Parameter:
    if isinstance(name, str) and name in known:
        return known[name]
    close = difflib.get_close_matches(str(name), known, n=1)
    if close:
        remedy = f"did you mean {close[0]}?"
    elif known:
        remedy = "it takes " + ", ".join(known)
    else:
        remedy = "it has no cell tagged parameters"
    raise BadParameters(f"{path.name} has no parameter {name!r}; {remedy}")


def _json(where: str, value: object) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise BadParameters(f"{where} is {value}; give a finite number or null")
        return float(value)
    if isinstance(value, list):
        return [_json(where, item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise BadParameters(f"{where} has keys that are not text; make them text")
        return {key: _json(where, item) for key, item in value.items()}
    if isinstance(value, date):
        raise BadParameters(
            f"{where} is a {type(value).__name__}; give it as ISO 8601 text, "
            f"{value.isoformat()!r}"
        )
    raise BadParameters(
        f"{where} is a {type(value).__name__}, which JSON does not know; "
        "give text, a number, true or false, null, a list or a table"
    )


def _fitting(where: str, parameter: Parameter, value: Any) -> object:
    bases = _bases(parameter.type)
    if not bases:
        return value
    for base in bases:
        if isinstance(value, bool) and base != "bool":
            continue
        if isinstance(value, _TYPES[base]):
            return float(cast("float", value)) if base == "float" else value
    wanted = " or ".join(_WORDS[base] for base in bases)
    raise BadParameters(
        f"{where} must be {wanted}, as in {parameter.name}: {parameter.type}; "
        f"got {value!r:.80}"
    )


def _read_text(text: str, parameter: Parameter) -> object:
    bases = _bases(parameter.type)
    if bases == ["str"]:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = {"True": True, "False": False, "None": None}.get(text, text)
    if isinstance(value, str) or "str" not in bases:
        return value
    return value if value is None and "None" in bases else text

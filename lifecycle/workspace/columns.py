"""The columns a version reads: those of the settings, and new ones it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle import config, errors, markup, registry

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.workspace.rows import Rows

__all__ = [
    "asked",
    "check",
    "given",
    "having",
    "lacking",
    "names",
    "new",
    "offered",
    "read",
]

NEWEST = 200
"""In so many of the newest rows a version's columns must have values."""
LEAST = 0.5
"""As many as that, of the share they had where the version was trained."""
_OWN = frozenset(
    ("id", "time", "score", "prediction", "version", "role", "outcome", "known_at")
)


def read(model: config.Model, version: registry.Version | None) -> config.Model:
    """The settings of a model whose version in production reads more than they name.

    A rebuild may have given it new columns. They are watched, trained on and tested
    with like the others as long as such a version is in production.

    Parameters
    ----------
    model : config.Model
        As in the file.
    version : Version, optional
        In production.
    """
    more = given(model, version)
    if version is None or not more:
        return model
    told, names = model.features, version.features
    mine = config.Features(
        numeric=(*told.numeric, *(n for n in names["numeric"] if n in more)),
        categorical=(
            *told.categorical,
            *(n for n in names["categorical"] if n in more),
        ),
        offered_numeric=tuple(n for n in told.offered_numeric if n not in more),
        offered_categorical=tuple(n for n in told.offered_categorical if n not in more),
    )
    return model.model_copy(update={"features": mine})


def given(model: config.Model, version: registry.Version | None) -> tuple[str, ...]:
    """The new columns a version was given by a rebuild, beside those of the settings.

    What the settings named when it was trained, and no more do, is not among them.
    """
    told = [] if version is None else version.birth.get("offered") or []
    return tuple(str(name) for name in told if name not in model.features.names)


def offered(view: Rows, rows: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Columns of the log that the model does not read: numbers, and the others."""
    from pandas.api import types

    known = _OWN | set(view.settings.features.names)
    more = [str(n) for n in rows if n not in known and rows[n].notna().any()]
    numeric = [
        name
        for name in more
        if types.is_numeric_dtype(rows[name]) and not types.is_bool_dtype(rows[name])
    ]
    return numeric, [name for name in more if name not in numeric]


def asked(
    view: Rows, rows: pd.DataFrame, told: str, *, least: int
) -> tuple[list[str], list[str]]:
    """The new columns that a ruling names, as it wrote them: numbers, and the others.

    Parameters
    ----------
    view : Rows
    rows : DataFrame
        To be trained on.
    told : str
        "visits, plan"; empty where there are none.
    least : int
        So many of the rows must have a value.

    Raises
    ------
    NotEnoughData
        When the rows do not have one of them, or hardly.
    """
    wanted = [name for name in told.split(", ") if name]
    kinds = offered(view, rows)
    found = {
        " ".join(name.split())[:60]: name  # as a back-test writes it
        for names in kinds
        for name in names
    }
    chosen = {found.get(name, "") for name in wanted}
    if told and ", ".join(found) == told:  # a name may have a comma
        chosen, wanted = set(found.values()), []
    for name in wanted:
        count = int(rows[found[name]].notna().sum()) if name in found else 0
        if count < least:
            raise errors.NotEnoughData(
                f"only {count} rows to train {view.name} on have the new column "
                f"{name!r} that the ruling asks for, {least} are needed; wait for more"
            )
    numeric, categorical = ([n for n in names if n in chosen] for names in kinds)
    return numeric, categorical


def new(view: Rows, version: registry.Version) -> dict[str, float]:
    """The columns a version reads and the one in production does not.

    Each with the share of values it must have among rows: half of what it had where
    the version was trained.
    """
    champion = view.production
    if champion is None or champion.number == version.number:
        return {}
    known = set(names(champion))
    missing = version.birth.get("missing") or {}
    return {
        name: LEAST * (1.0 - float(missing.get(name, 0.0)))
        for name in names(version)
        if name not in known
    }


def having(view: Rows, version: registry.Version, rows: pd.DataFrame) -> pd.Series:
    """Whether each row is of a chunk that has the columns new with a version."""
    import pandas as pd

    more = new(view, version)
    labels = view.chunks(rows)
    fine = pd.Series(True, index=rows.index)
    for name, share in more.items():
        if name not in rows:
            return ~fine
        filled = rows[name].notna().groupby(labels).transform("mean")
        fine &= (filled >= share) & (filled > 0)
    return fine


def check(view: Rows, version: registry.Version) -> None:
    """Refuse a version whose new columns the newest rows of the log do not have.

    It would be given nothing in their place, and score as it never has.

    Parameters
    ----------
    view : Rows
        Its moment says which rows are the newest.
    version : Version
        To go live.

    Raises
    ------
    IllegalMove
        One sentence: which column, in how many of the newest rows it has a value.
    """
    more = new(view, version)
    if not more:
        return
    newest = view.labelled.sort_values("time", kind="stable").tail(NEWEST)
    for name, share in more.items():
        count = int(newest[name].notna().sum()) if name in newest else 0
        if not count or count < share * len(newest):
            raise errors.IllegalMove(
                f"version {version.number} of {view.name} reads {name!r}, which {count}"
                f" of the log's newest {len(newest)} rows have; name it among the "
                "offered columns of the settings, and send rows with it first"
            )


def names(version: registry.Version) -> list[str]:
    """The columns a version reads, numbers first."""
    kinds = ("numeric", "categorical")
    return [name for kind in kinds for name in version.features.get(kind) or ()]


def lacking(view: Rows, number: int) -> str:
    """What a version that is back reads and the log does not have; or nothing."""
    try:
        check(view, view.registry.version(view.name, number))
    except errors.IllegalMove as error:
        return f"; but {error}"
    except (errors.LifecycleError, OSError, ValueError) as error:
        told = markup.one_line(error, most=200)
        return f"; but whether the log has all its columns cannot be told: {told}"
    return ""

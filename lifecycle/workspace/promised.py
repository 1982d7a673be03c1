"""What earlier rulings of a model promised, and what came of those carried out."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle import decision, errors, evaluation, periods, registry
from lifecycle.workspace import saying
from lifecycle.workspace.pricing import error_costs

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.workspace.rows import Rows

__all__ = ["promises"]

_TOLD = ("action", "recipe", "span", "value", "lower", "upper", "sentence")


@dataclass(frozen=True, slots=True)
class _Term:
    """How long a version was in production, and which one it displaced."""

    began: datetime
    ended: datetime | None
    displaced: int


def promises(view: Rows) -> decision.Promises:
    """Every ruling in the book up to the view's moment, held against what came.

    A ruling was carried out when the version it became went into production. From then
    on, until another took its place, that version and the one it displaced score the
    same rows, whoever served them; what is counted are those whose outcome is due.
    """
    import pandas as pd

    made, weeks = [], []
    version = functools.cache(functools.partial(view.registry.version, view.name))
    ledger = view.registry.ledger(view.name)
    for renewal in view.registry.renewals(view.name):
        if not renewal.ruling or renewal.as_of > view.as_of:
            continue
        term = _term(view, renewal, ledger)
        made.append(_ruling(view, renewal, acted=term is not None))
        if term is not None and renewal.version is not None:
            weeks.append(_weeks(view, renewal, renewal.version, term, version))
    found = [each for each in weeks if each is not None]
    realised = pd.concat(found) if found else pd.DataFrame(columns=_CAME)
    realised["week"] = pd.to_datetime(realised["week"], utc=True)
    told = pd.DataFrame(made, columns=list(made[0]) if made else list(_EMPTY))
    return decision.promises(told, realised, as_of=view.as_of, currency=view.currency)


_CAME = ["ruling", "week", "n", "difference", "variance", "money"]
_EMPTY = (
    *("ruling", "at", *_TOLD, "version", "price", "horizon_weeks", "persistence"),
    *("acted", "ended"),
)


def _ruling(view: Rows, renewal: registry.Renewal, *, acted: bool) -> dict[str, Any]:
    facts = renewal.ruling
    prices = view.settings.costs.model_dump()
    horizon = facts.get("horizon_weeks") or view.settings.costs.horizon_weeks
    price = facts.get("price")
    if price is None:
        price = prices.get(str(facts.get("action")), 0.0)
    return {
        "ruling": str(renewal.id),
        "at": renewal.as_of,
        **{name: facts.get(name) for name in _TOLD},
        "version": renewal.version,
        "price": price,
        "horizon_weeks": horizon,
        "persistence": facts.get("persistence"),
        "acted": acted,
        "ended": _ended(view, renewal),
    }


def _ended(view: Rows, renewal: registry.Renewal) -> str:
    """How a ruling ended, in a word; of a proposal what became of it until then."""
    if renewal.outcome != "proposed" or renewal.proposal is None:
        return renewal.outcome
    asked = view.registry.proposal(view.name, renewal.proposal)
    if asked.decided_at is None or asked.decided_at > view.as_of:
        return "waits for approval"
    return asked.status


def _term(
    view: Rows, renewal: registry.Renewal, ledger: Sequence[registry.Entry]
) -> _Term | None:
    """The first time after the ruling that its version was in production."""
    began, displaced = None, None
    for entry in ledger:
        if entry.at > view.as_of:
            break
        now, before = entry.after.get("production"), entry.before.get("production")
        if now == before:
            continue
        if began is not None:
            return _Term(began, entry.at, displaced or 0)
        if now == renewal.version and entry.at >= renewal.as_of and before is not None:
            began, displaced = entry.at, before
    return None if began is None else _Term(began, None, displaced or 0)


def _weeks(
    view: Rows,
    renewal: registry.Renewal,
    number: int,
    term: _Term,
    version: Callable[[int], registry.Version],
) -> pd.DataFrame | None:
    """A row a week since it went live: what it saved against the one it displaced.

    `None` where nothing has come of it yet, or one of the two cannot be loaded.
    """
    rows = view.mature[view.mature["time"] >= term.began]
    if term.ended is not None:
        rows = rows[rows["time"] < term.ended]
    if rows.empty:
        return None
    before, after = version(term.displaced), version(number)
    labels = periods.chunk_of(rows["time"], every="week", timezone=view.timezone)
    starts = {
        label: max(periods.bounds(label, timezone=view.timezone).start, term.began)
        for label in labels.unique()
    }
    try:
        said = [saying.common(view, each, rows) for each in (before, after)]
    except (errors.ArtefactError, errors.SettingsError):
        return None
    return evaluation.gained(
        saying.coded(rows["outcome"], view.classes),
        *said,
        weeks=labels.map(starts).to_numpy(dtype=object),
        displaced_threshold=before.threshold,
        serving_threshold=after.threshold,
        costs=error_costs(view),
        task=view.task.name,
    ).assign(ruling=str(renewal.id))

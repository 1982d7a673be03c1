"""The model card of a version: what registry, ledger and settings know of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lifecycle import errors, intervals, markup
from lifecycle.registry import collecting
from lifecycle.registry.artefacts import COLLECTED
from lifecycle.workspace import overview, ownership, tested
from lifecycle.workspace.leaf import Card, Part

if TYPE_CHECKING:
    from lifecycle.registry import Entry, Version
    from lifecycle.workspace.view import View

__all__ = ["card"]

ROLES = ("production", "experimental", "shadow", "previous")
_NOW = {
    "production": "in production",
    "experimental": "on trial",
    "shadow": "scored in shadow, serving nothing",
    "previous": "the previous version, ready to come back",
    "candidate": "a candidate, not live yet",
}


def card(view: View, number: int | None = None) -> Card:
    """What is known of a version at a moment, gathered for whoever has to trust it.

    Parameters
    ----------
    view : View
        The model at the moment; later moves and proposals are not told of.
    number : int, optional
        The version; that in production where not given.

    Returns
    -------
    Card
        Its numbers are those of the test it was proposed with, each with the rows
        behind it and its interval; nothing is measured anew.

    Raises
    ------
    UnknownVersion
        When there is no such version, or none is in production.
    """
    if number is None:
        if view.production is None:
            raise errors.UnknownVersion(
                f"no version of {view.name} is in production; name the version"
            )
        number = view.production.number
    version = view.registry.version(view.name, number)
    if version.created_at > view.as_of:
        raise errors.UnknownVersion(
            f"version {number} of {view.name} was made on {_day(version.created_at)}, "
            f"after {_day(view.as_of)}; ask for a later moment"
        )
    ledger = [e for e in view.registry.ledger(view.name) if e.at <= view.as_of]
    told = tested.evidence(view, version)
    parts = (
        _purpose(view, version),
        _data(version),
        _made(version),
        *tested.parts(view, version, told),
        _service(view, version, ledger),
        _limits(view, version, told),
        _approvals(version, ledger),
        _roles(version, ledger),
        _again(version, ledger),
    )
    status = _status(version, ledger)
    return Card(
        view.name,
        number,
        status,
        _sentence(version, status),
        view.as_of,
        tuple(part for part in parts if part is not None),
        view.workspace.settings.workspace.locale,
    )


def _sentence(version: Version, status: str) -> str:
    rows = version.birth.get("rows")
    learned = f", trained on {rows:,} rows" if isinstance(rows, int) else ""
    until = f" until {_day(version.trained_to)}" if version.trained_to else ""
    way = f"recipe {version.recipe}"
    return markup.sentence(f"Made by {way}{learned}{until}; {_NOW.get(status, status)}")


def _status(version: Version, ledger: list[Entry]) -> str:
    """Its role at the moment by the ledger, else what became of it."""
    facts = next((e.after for e in reversed(ledger) if e.after), {})
    for role in ROLES:
        if facts.get(role) == version.number:
            return role
    return "candidate" if version.status in ROLES else version.status


def _purpose(view: View, version: Version) -> Part:
    model = view.settings
    whose = ownership.ownership(view.workspace, view.name, as_of=view.as_of).facts()
    facts = {name: said for name, said in whose.items() if name != "Purpose"}
    facts |= {
        "Task": model.task,
        "Made by": version.author,
        "Made on": _moment(version.created_at),
        **_answers(view, version),
    }
    purpose = model.purpose.strip()
    lines = [f"Made for: {purpose}"] if purpose else []
    lines.append(
        "It must not be used for anything else: no other use was tested."
        if purpose
        else f"The settings do not say what it is for, so no use is vouched for; write "
        f"purpose under [models.{view.name}]."
    )
    return Part(
        "Purpose and owner", facts=_lines(facts), lines=tuple(map(_line, lines))
    )


def _answers(view: View, version: Version) -> dict[str, str]:
    """What its answers are."""
    if view.task.words:
        told = {"Classes": _number(len(version.birth.get("classes") or ()))}
        if version.threshold:
            told["Handed over below"] = f"a probability of {version.threshold:g}"
        return told
    if not view.task.judges:
        return {"Answers with": "an amount"}
    return {"Positive from": f"a score of {version.threshold:g}"}


def _limit(view: View, version: Version) -> list[str]:
    if view.task.words:
        return [
            "It knows the classes it was taught and no others: of a new one it can "
            "only be wrong.",
        ]
    if not view.task.judges:
        return ["An amount beyond those it was trained on was never tested."]
    return [
        f"A score is turned into a decision at {version.threshold:g}; no other "
        "threshold was tested.",
    ]


def _data(version: Version) -> Part:
    birth, material = version.birth, version.birth.get("material") or {}
    rows, positives = birth.get("rows"), birth.get("positives")
    facts: dict[str, str] = {
        "Period": f"{_day(version.trained_from)} to {_day(version.trained_to)}",
        "Known by": _moment(version.as_of),
        "Rows": _number(rows),
    }
    if isinstance(rows, int) and isinstance(positives, int) and rows:
        low, high = intervals.wilson(positives, rows)
        facts["Positive"] = (
            f"{markup.number(positives / rows, '%')} "
            f"({markup.interval(low, high, '%')}, n {rows:,})"
        )
    if "outcomes" in material:
        facts["Rows with a true outcome"] = _number(material["outcomes"])
        words = (material.get("people") or {}).get("rows", 0)
        facts["Rows with a person's word instead"] = _number(words)
    facts["Tables of the log"] = ", ".join(
        f"{name} {held}" for name, held in sorted(version.data.items())
    )
    facts["Digest of the rows"] = str(birth.get("data_sha256") or "–")[:16]
    lines = [str(material["summary"])] if material.get("summary") else []
    lines += [f"Left out: {_told(each)}." for each in material.get("left_out") or ()]
    lines += [f"While training: {each}" for each in birth.get("warnings") or ()]
    missing = birth.get("missing") or {}
    kinds = [(n, "number") for n in version.features.get("numeric", ())]
    kinds += [(n, "category") for n in version.features.get("categorical", ())]
    return Part(
        "Training data",
        facts=_lines(facts),
        lines=tuple(map(_line, lines)),
        header=("feature", "kind", "missing in training"),
        rows=tuple(
            (_line(name, 60), kind, markup.number(missing.get(name), "%"))
            for name, kind in kinds
        ),
        numeric=(2,),
    )


def _told(left_out: Any) -> str:
    if not isinstance(left_out, Mapping):
        return str(left_out)
    return ", ".join(f"{name} {held}" for name, held in left_out.items())


def _made(version: Version) -> Part:
    birth = version.birth
    parameters = birth.get("parameters") or {}
    told = ", ".join(f"{name} = {held}" for name, held in sorted(parameters.items()))
    packages = birth.get("packages") or {}
    facts = {
        "Recipe": version.recipe,
        "Digest of the recipe": str(birth.get("recipe_sha256") or "–")[:16],
        "Parameters": told or "those of the recipe",
        "Seed": str(birth.get("seed", "–")),
        "Packages": ", ".join(f"{name} {held}" for name, held in packages.items()),
        "SHA-256 of the artefact": version.sha256,
    }
    if birth.get("parent") is not None:
        facts["Made from"] = f"version {birth['parent']}"
    if birth.get("again") is not None:
        facts["Made again of"] = f"version {birth['again']}"
    return Part("How it was made", facts=_lines(facts))


def _service(view: View, version: Version, ledger: list[Entry]) -> Part | None:
    """What the newest audit said while the version was in production."""
    if _status(version, ledger) != "production":
        return None
    book = view.registry
    runs = [run for run in book.runs(view.name) if run.as_of <= view.as_of]
    audit = overview.newest_record(view.workspace, runs, "audit")
    if audit is None or audit.facts.get("production") != version.number:
        return None
    said = f"Report of {_day(audit.as_of)}: {audit.summary}"
    return Part("In service", lines=(_line(said, 500),))


def _limits(view: View, version: Version, told: Mapping[str, Any]) -> Part:
    model, material = view.settings, version.birth.get("material") or {}
    days = model.label_delay_days
    lines = [
        f"An outcome is due {days:g} days after its prediction; until then how good it "
        "is can only be estimated.",
        f"It has seen nothing later than {_day(version.trained_to)}: when inputs or "
        "what they mean move on, it does not move with them.",
        *tested.worse(told),
        f"Segments of fewer than {model.gate.min_segment_rows:,} rows were not judged, "
        "and a column that is no feature was not looked at.",
        *_limit(view, version),
    ]
    words = (material.get("people") or {}).get("rows", 0)
    if words:
        lines.append(
            f"{words:,} of its training rows rest on people's words instead of "
            "outcomes; people speak up where they are surprised."
        )
    if not told:
        lines.append("It was not tested on held-out rows against another version.")
    return Part("Limits", lines=tuple(map(_line, lines)))


def _approvals(version: Version, ledger: list[Entry]) -> Part:
    """Each row of the ledger that names it: who, how known, why."""
    rows = tuple(
        (
            _moment(entry.at),
            entry.move,
            _line(entry.actor, 80),
            f"{'verified' if entry.verified else 'not verified'}: {entry.source}",
            _line(entry.reason),
            str(entry.seq),
        )
        for entry in ledger
        if entry.number == version.number
    )
    return Part(
        "Approvals and moves",
        header=("when", "move", "who", "how known", "why", "row of the ledger"),
        rows=rows,
        numeric=(5,),
    )


def _roles(version: Version, ledger: list[Entry]) -> Part:
    """Since when it had which role, and until when."""
    rows = tuple(
        (role, share, _moment(began), _moment(ended) if ended else "still")
        for role, share, began, ended in _terms(version.number, ledger)
    )
    if not rows:
        return Part("Roles", lines=("It has had no role.",))
    return Part("Roles", header=("role", "share", "from", "until"), rows=rows)


def _terms(
    number: int, ledger: list[Entry]
) -> Iterator[tuple[str, str, datetime, datetime | None]]:
    held: dict[str, tuple[str, datetime]] = {}
    for entry in ledger:
        if not entry.after:
            continue
        for role in ROLES:
            share = _share(role, entry.after) if entry.after.get(role) == number else ""
            before = held.get(role, ("", entry.at))
            if share == before[0]:
                continue
            if before[0]:
                yield role, before[0], before[1], entry.at
            held.pop(role, None)
            if share:
                held[role] = share, entry.at
    for role, (share, began) in held.items():
        yield role, share, began, None


def _share(role: str, facts: Mapping[str, Any]) -> str:
    trial = float(facts.get("share") or 0.0)
    shares = {"production": 1 - trial, "experimental": trial}
    return markup.traffic(shares.get(role, 0.0))


def _again(version: Version, ledger: list[Entry]) -> Part:
    hold = collecting.held(ledger).get(version.number)
    kept = "collected" if version.status == COLLECTED else "kept"
    lines = [f"Its artefact is {kept}."]
    if hold is not None:
        lines.append(f"Held by {hold.actor} since {_day(hold.at)}: {hold.reason}")
    possible = version.birth.get("material") and version.as_of is not None
    lines.append(
        "It can be made again from its birth record: data, code and packages are named "
        "above, and what differs is said."
        if possible
        else "Its birth record does not say which rows it was trained on, so it cannot "
        "be made again."
    )
    command = f"lifecycle reproduce {version.model} {version.number}"
    return Part(
        "Making it again",
        lines=tuple(map(_line, lines)),
        command=command if possible else "",
    )


def _line(text: object, most: int = 300) -> str:
    return markup.one_line(text, most)


def _lines(facts: Mapping[str, object]) -> dict[str, str]:
    return {name: _line(value) for name, value in facts.items()}


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "–"


def _day(moment: datetime | None) -> str:
    return "–" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d}"


def _moment(moment: datetime | None) -> str:
    return "–" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

"""Drift in words: one sentence for those who own the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lifecycle.findings import Finding

__all__: list[str] = []

NAMED = 5
SHORT = {
    "ks": "KS",
    "js": "JS",
    "hellinger": "Hellinger",
    "psi": "PSI",
    "l_infinity": "share changed by",
    "wasserstein": "moved by",
    "wasserstein_std": "moved by standard deviations",
    "wasserstein_iqr": "moved by quartile distances",
}
OUTPUTS = {"score": "scores", "prediction": "predictions", "outcome": "outcomes"}


def line(name: str) -> str:
    """A feature's name on one line, cut when it is endless."""
    words = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return words if len(words) <= 60 else words[:59] + "…"


def size(row: Finding) -> str:
    """How far a row has moved, in a few words."""
    if row.measure in ("missing", "unseen"):
        return f"{row.measure} {100 * row.value:+.0f} points"
    return f"{SHORT.get(row.measure, row.measure)} {row.value:.2f}"


def several(parts: Sequence[str]) -> str:
    """At most five, and how many more there are."""
    listed = list(parts)
    if len(listed) > NAMED:
        listed[NAMED:] = [f"and {len(listed) - NAMED} more"]
    return ", ".join(listed)


def normal(chunks: Sequence[str]) -> str:
    """The chunks that were accepted as normal.

    >>> normal(["2023-W14"]), normal(["2023-W14", "2023-W15", "2023-W16"])
    ('accepted normal of 2023-W14', 'accepted normal of 2023-W14 to 2023-W16')
    """
    upto = f" to {chunks[-1]}" if len(chunks) > 1 else ""
    return f"accepted normal of {chunks[0]}{upto}"


def segments(told: Mapping[str, str], *, whole: bool) -> str:
    """The segments in which a feature has drifted, the first two by name.

    How far is said only where the feature has not drifted as a whole.

    >>> found = {"plan=pro": "KS 0.40, since 2023-W16"}
    >>> segments(found, whole=False), segments(found, whole=True)
    ('KS 0.40, since 2023-W16, where plan=pro', 'also where plan=pro')
    >>> segments({"a": "KS 0.40", "b": "KS 0.30", "c": "KS 0.20"}, whole=True)
    'also where a, b and 1 more'
    """
    first, more = list(told)[:2], len(told) - 2
    rest = f" and {more} more" if more > 0 else ""
    if whole:
        return f"also where {', '.join(first)}{rest}"
    return "; ".join(f"{told[cut]}, where {cut}" for cut in first) + rest


def newest(
    period: str,
    features: Sequence[str],
    said: Mapping[str, Sequence[str]],
    *,
    waiting: Sequence[str] = (),
    unused: int = 0,
    unjudged: int = 0,
    normal: Mapping[str, str] | None = None,
) -> str:
    """The sentence about the newest chunk.

    `said` are the drifted of the features with how far and since when, `waiting` those
    beyond their limits for the first time, `normal` the others that are held against
    what was accepted instead of the reference.
    """
    if not features:
        return "There are no features to compare."
    inputs = [name for name in features if name not in OUTPUTS]
    if unjudged == len(features):
        return (
            f"Drift is undefined in {period}: no feature has enough rows to be judged."
        )
    moved = [name for name in said if name not in OUTPUTS]
    count = f"{len(inputs)} feature{'' if len(inputs) == 1 else 's'}"
    words = [f"{line(name)} ({'; '.join(said[name])})" for name in moved]
    if moved:
        has = "has" if len(moved) == 1 else "have"
        sentence = (
            f"In {period} {len(moved)} of {count} {has} drifted from the reference: "
            f"{several(words)}"
        )
    elif inputs:
        sentence = f"In {period} none of {count} has drifted from the reference"
    else:
        sentence = f"In {period}"
    told = []
    for name, plural in OUTPUTS.items():
        if name in said:
            told.append(f"the {plural} have drifted ({'; '.join(said[name])})")
        elif name in features:
            told.append(f"the {plural} have not drifted")
    if told:
        sentence += ("; " if inputs else " ") + "; ".join(told)
    elif not inputs:
        sentence += " nothing was looked at"
    if waiting:
        sentence += (
            f"; to be confirmed by the next chunk: {several([*map(line, waiting)])}"
        )
    if unused:
        sentence += (
            f"; {unused} that the model does not use {_was(unused)} only measured"
        )
    if unjudged:
        sentence += f"; {unjudged} could not be judged"
    if normal:
        held = [f"{line(name)} (the {of})" for name, of in normal.items()]
        sentence += f"; held against another normal: {several(held)}"
    return sentence + "."


def _was(count: int) -> str:
    return "was" if count == 1 else "were"

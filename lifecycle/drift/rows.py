"""From judged tracks to findings, and to the sentence about the newest chunk."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lifecycle import profiles
from lifecycle.drift import judging, telling, tracks
from lifecycle.drift.chunked import Course
from lifecycle.findings import Finding, Findings, Verdict

if TYPE_CHECKING:
    import numpy as np

__all__: list[str] = []

UNITS = {"missing": "%", "unseen": "%"}


def told(
    names: list[str],
    found: list[tracks.Track],
    weights: np.ndarray,
    held: judging.Judged,
    before: profiles.Profile,
    after: profiles.Profile,
    agreed: dict[str, profiles.Profile],
    level: float,
    budget: float,
) -> Course:
    """All tracks as findings, oldest chunk first, and the newest in a sentence."""
    import numpy as np

    chunks = after.chunks
    last = np.array([abs(track.value[-1]) for track in found], dtype=float)
    limit = np.abs(held.threshold[:, -1])
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.nan_to_num(weights * last / limit, nan=-1.0, posinf=0.0)
    order = sorted(
        range(len(found)),
        key=lambda h: (not held.alarm[h, -1], not found[h].judged, -away[h], h),
    )
    rows, details = [], {}
    for t, chunk in enumerate(chunks):
        for h in order:
            row = _finding(found[h], held, h, t, chunk)
            rows.append(row)
            details[row.subject, row.measure, chunk] = (
                found[h].feature,
                found[h].segment,
                float(found[h].p[t]),
                float(held.adjusted[h, t]),
                int(held.running[h, t]),
            )
    alarming = [h for h in order if held.alarm[h, -1]]
    opened = judging.openings(held.alarm, held.judged)
    return Course(
        findings=Findings(
            title="Drift by chunk",
            rows=tuple(rows),
            summary=_sentence(names, found, weights, held, chunks, alarming, agreed),
            main=found[order[0]].measure if found else "",
            shown=max(600, len(found)),
        ),
        drifted=tuple(dict.fromkeys(found[h].feature for h in alarming)),
        alarms=tuple(chunk for chunk, new in zip(chunks, opened, strict=True) if new),
        level=level,
        budget=budget,
        details=details,
        reference=before,
        analysis=after,
        accepted=agreed,
    )


def _finding(
    track: tracks.Track, held: judging.Judged, h: int, t: int, chunk: str
) -> Finding:
    verdict: Verdict = "quiet" if held.judged[h, t] else "undefined"
    if held.alarm[h, t]:
        verdict = "alert"
    cut = f" ({track.segment})" if track.segment else ""
    return Finding(
        track.measure,
        float(track.value[t]),
        int(track.n[t]),
        float(track.lower[t]),
        float(track.upper[t]),
        float(held.threshold[h, t]) if not math.isnan(track.value[t]) else math.nan,
        verdict,
        chunk,
        f"{track.feature}{cut}",
        UNITS.get(track.measure, ""),
    )


def _sentence(
    names: list[str],
    found: list[tracks.Track],
    weights: np.ndarray,
    held: judging.Judged,
    chunks: Sequence[str],
    alarming: list[int],
    agreed: Mapping[str, profiles.Profile],
) -> str:
    t = len(chunks) - 1
    said: dict[str, list[str]] = {}
    cuts: dict[str, dict[str, str]] = {}
    for h in alarming:
        track = found[h]
        row = replace(_finding(track, held, h, t, chunks[t]), unit="")
        words = f"{telling.size(row)}, since {chunks[_began(held.running[h])]}"
        of, cut = said.setdefault(track.feature, []), telling.line(track.segment)
        if not cut:
            of.append(words)
        else:
            cuts.setdefault(track.feature, {}).setdefault(cut, words)
    for feature, apart in cuts.items():
        said[feature].append(telling.segments(apart, whole=bool(said[feature])))
    normal = {
        name: telling.normal(each.chunks)
        for name, each in agreed.items()
        if each.chunks and each.chunks[0] <= chunks[t]
    }
    for feature in set(said) & set(normal):
        said[feature].append(f"from the {normal.pop(feature)}")
    waiting = [
        found[h].feature
        for h in range(len(found))
        if held.running[h, t] and not held.alarm[h, t]
    ]
    judged = {found[h].feature for h in range(len(found)) if held.judged[h, t]}
    unused = {f.feature for f, w in zip(found, weights, strict=True) if not w > 0}
    return telling.newest(
        chunks[t],
        names,
        said,
        waiting=[name for name in dict.fromkeys(waiting) if name not in said],
        unused=len(unused),
        unjudged=len(set(names) - judged - unused),
        normal=normal,
    )


def _began(running: np.ndarray) -> int:
    """The chunk in which the run that lasts to the end began."""
    for chunk in range(running.size - 1, -1, -1):
        if running[chunk] == 1:
            return chunk
    return 0

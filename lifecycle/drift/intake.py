"""What is looked at: two profiles on the same grids, the features, the new normal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from lifecycle import profiles
from lifecycle.drift import telling

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle import periods

__all__: list[str] = []

HOUSE = frozenset(
    "id time score prediction version role outcome known_at".split()  # noqa: SIM905
)


def both(
    reference: profiles.Profile | pd.DataFrame,
    analysis: profiles.Profile | pd.DataFrame,
    wanted: Sequence[str] | None,
    segments: Sequence[str],
    time: str,
    every: periods.Every,
    timezone: str,
) -> tuple[profiles.Profile, profiles.Profile]:
    """Reference and analysis as profiles on one set of grids."""
    import pandas as pd

    if isinstance(reference, profiles.Profile):
        before = reference
    else:
        names = list(wanted or _of_frame(reference, time))
        for name in wanted or ():
            if name not in reference.columns:
                raise ValueError(
                    f"there is no column {name!r} in reference; mend the name of the "
                    f"feature"
                )
        grids = profiles.grids(reference, list(dict.fromkeys([*names, *segments])))
        if time not in reference.columns:
            once = pd.Timestamp("1970-01-05", tz="UTC")
            reference = reference.assign(**{time: once})
        before = profiles.profile(
            reference,
            grids,
            time=time,
            every=every,
            timezone=timezone,
            segments=segments,
        )
    if not isinstance(analysis, profiles.Profile):
        if time not in analysis.columns:
            raise ValueError(
                f"analysis has no column {time!r}, without which there are no chunks; "
                f"name the column of moments as time=, or use compare"
            )
        analysis = profiles.profile(
            analysis,
            before.grids,
            time=time,
            every=every,
            timezone=timezone,
            segments=before.cuts,
        )
    return before, analysis


def _of_frame(frame: pd.DataFrame, time: str) -> list[str]:
    names = [name for name in frame.columns if name != time]
    if {"id", "time"} <= set(frame.columns):
        names = [name for name in names if name not in HOUSE]
    return names


def features(
    before: profiles.Profile, after: profiles.Profile, wanted: Sequence[str] | None
) -> list[str]:
    """The features to look at, each on one grid in both."""
    names = list(before.columns if wanted is None else dict.fromkeys(wanted))
    for name in names:
        grids = [each.grids.get(name) for each in (before, after)]
        if None in grids:
            raise ValueError(
                f"the feature {name!r} is not in both profiles; mend its name, or make "
                f"both with the grids of one reference"
            )
        if grids[0] is not grids[1] and grids[0].digest != grids[1].digest:  # type: ignore[union-attr]
            raise ValueError(
                f"the feature {name!r} is counted on two grids; make the analysis "
                f"profile with reference.grids"
            )
    return names


def accepted(
    given: Mapping[str, Collection[str] | profiles.Profile] | None,
    names: Sequence[str],
    before: profiles.Profile,
    after: profiles.Profile,
) -> dict[str, profiles.Profile]:
    """For each feature the profile that was accepted as its new normal."""
    agreed = {}
    for name, chunks in (given or {}).items():
        if name not in names:
            raise ValueError(
                f"accepted names {name!r}, which is no feature; use one of "
                f"{telling.several(names)}"
            )
        if isinstance(chunks, profiles.Profile):
            held = chunks
            features(before, held, [name])
        else:
            wanted = {chunks} if isinstance(chunks, str) else set(chunks)
            held = after.only(wanted)
            if not set(held.chunks) & wanted:
                raise ValueError(
                    f"none of the chunks accepted for {name!r} is in analysis; use "
                    f"labels such as {after.chunks[-1]}"
                )
        agreed[name] = held
    return agreed

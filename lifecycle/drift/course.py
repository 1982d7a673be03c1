"""All features of a model chunk by chunk, with one budget of false alarms a year."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle import profiles
from lifecycle.drift import budget as budgets
from lifecycle.drift import intake, judging, rows, tracks
from lifecycle.drift.chunked import Course
from lifecycle.drift.weights import weigh
from lifecycle.findings import Findings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lifecycle import periods

__all__ = ["course"]

MOST_CHANCE = 0.05


def course(
    reference: profiles.Profile | pd.DataFrame,
    analysis: profiles.Profile | pd.DataFrame,
    *,
    features: Sequence[str] | None = None,
    importance: Mapping[str, float] | Findings | None = None,
    budget: float = 0.5,
    floor: float = 0.05,
    confirm: int = 2,
    accepted: Mapping[str, Collection[str] | profiles.Profile] | None = None,
    segments: Sequence[str] = (),
    time: str = "time",
    every: periods.Every = "week",
    timezone: str = "UTC",
    numeric: str = "ks",
    categorical: str = "js",
    also: Sequence[str] = (),
    min_n: int = 30,
) -> Course:
    r"""Hold every chunk of a log against the reference.

    Three questions are asked of each feature, chunk and segment: has its distribution
    moved (`ks` of numbers, `js` of everything else), has the share of missing values
    changed (`missing`), and are there categories the reference would not lead one to
    expect (`unseen`)? A row is beyond its limits when it is significant among all that
    were looked at in its chunk *and* larger than a threshold taken from the
    reference's own chunks; it is an alert when it was so in `confirm` chunks running.

    Parameters
    ----------
    reference : Profile or DataFrame
        What is normal. A frame without the column `time` is one chunk.
    analysis : Profile or DataFrame
        The chunks under question; a profile on the grids of the reference.
    features : sequence of column names, optional
        All columns of the reference; of a frame from the logs all but the house's
        own. Name `score`, `prediction` or `outcome` to have the model's answers and
        the outcomes watched by the same rules.
    importance : mapping of feature to float, or what `importance` found, optional
        How much the model uses a feature. A feature whose importance is 0, or whose
        interval does not reach above 0, is measured, not judged. One that is not
        named weighs 1.
    budget : float
        False alarms the model may raise in a year, in the mean, where nothing drifts.
    floor : float
        No threshold is lower: of a distance, or of a change in a share.
    confirm : int
        In how many chunks running a row must be beyond its limits. A chunk that
        cannot be judged is passed over.
    accepted : mapping of feature to chunk labels or Profile, optional
        What was accepted as the new normal of a feature. From the first of these
        chunks on they are its reference.
    segments : sequence of column names
        Of frames: columns whose values are watched by themselves as well. Profiles
        bring their segments along.
    time, every, timezone
        Of frames: the column of moments, and how to cut it.
    numeric, categorical : str
        The measure that is held against the threshold: "ks", "wasserstein_std",
        "wasserstein_iqr", "js", "hellinger", "psi" or "l_infinity". The test is that
        of homogeneity in any case.
    also : sequence of str
        Further measures, also "wasserstein" and "chi_square": shown with a threshold
        from the reference's own chunks, not judged.
    min_n : int
        A row is judged when both samples have at least so many values.

    Returns
    -------
    Course

    Raises
    ------
    ValueError
        When a feature or a measure is unknown, when there are no chunks to look at, or
        the two profiles are on different grids.

    Notes
    -----
    *Significant*: below `level` after Benjamini and Hochberg's procedure over all
    judged rows of the chunk. Tests, of two samples each, for the reference is one
    too: Kolmogorov-Smirnov with its asymptotic p-value (on a grid never too small),
    chi-square of homogeneity, two proportions. What is unseen is held against Good and
    Turing's estimate of how much is always unseen, from the categories that the
    reference has once. How the level follows from the budget: see `level`.

    *Large*: above :math:`\max(\text{floor}, \bar d + q\, s \sqrt{1 + 1/k})`, where
    :math:`\bar d` and *s* are mean and standard deviation of how far each of the *k*
    chunks of the reference lies from the rest of it; below five chunks the floor
    alone. With *H* judged rows and *C* chunks a year, *q* is such that `confirm` = *r*
    further chunks like those all lie above the bound with probability
    :math:`\gamma = \text{budget} / CH`, at most :math:`0.05^r`:

    .. math:: E\big[\bar\Phi\big(U/\sqrt k + q \sqrt{1 + 1/k}\, S\big)^r\big] = \gamma,
       \qquad U \sim N(0, 1),\quad (k - 1) S^2 \sim \chi^2_{k-1}.

    (Student's quantile for *r* = 1; more chunks of the reference make it smaller.)
    Chunks that wobble by themselves, whatever the reason, are held by this alone. It
    takes their distances for normal, which they are not quite: of 20 features whose
    weekly means vary independently by a tenth of a standard deviation, with a
    reference of ten chunks, it lets about 0.6 alarms a year pass for a budget of 0.5.

    Intervals (90%) are those of `compare`.

    References
    ----------
    Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", J. R.
    Statist. Soc. B 57 (1995). I. J. Good, "The population frequencies of species",
    Biometrika 40 (1953).

    Examples
    --------
    >>> import pandas as pd
    >>> from lifecycle import simulate
    >>> reference, analysis = simulate.deployment(seed=1, shift={"income": 1.0})
    >>> weeks = pd.date_range("2023-04-03", periods=1000, freq="30min", tz="UTC")
    >>> analysis = analysis.assign(time=weeks)
    >>> course(reference, analysis, features=["age", "income"]).summary
    'In 2023-W16 1 of 2 features has drifted from the reference: income (KS 0.39, since
    2023-W14).'
    """
    before, after = intake.both(
        reference, analysis, features, segments, time, every, timezone
    )
    names = intake.features(before, after, features)
    for name in (numeric, categorical, *also):
        if name not in tracks.MEASURES:
            raise ValueError(
                f"there is no measure {name!r}; use one of {', '.join(tracks.MEASURES)}"
            )
    if not after.chunks:
        raise ValueError("analysis has no chunk; give rows with a moment in them")
    agreed = intake.accepted(accepted, names, before, after)
    cuts = [cut for cut in after.segments if cut in before.segments]
    found: list[tracks.Track] = []
    for name in names:
        for cut in cuts:
            found += _followed(
                name,
                cut,
                before,
                after,
                agreed.get(name),
                numeric,
                categorical,
                also,
                min_n,
            )
    weights = weigh(importance, names)
    weighing = _array([weights[track.feature] for track in found])
    rate = budgets.chunks_a_year(after.chunks[-1])
    most = max(after.rows(chunk) for chunk in after.chunks)
    level = budgets.level(
        budget, chunks=rate, confirm=confirm, shared=most / max(1, most + before.rows())
    )
    hypotheses = sum(
        track.judged and weight > 0
        for track, weight in zip(found, weighing, strict=True)
    )
    chance = budget / (rate * max(1, hypotheses))
    held = judging.hold(
        found,
        weighing,
        level=level,
        chance=min(MOST_CHANCE**confirm, chance),
        floor=floor,
        confirm=confirm,
        min_n=min_n,
    )
    return rows.told(names, found, weighing, held, before, after, agreed, level, budget)


def _followed(
    name: str,
    cut: str,
    before: profiles.Profile,
    after: profiles.Profile,
    agreed: profiles.Profile | None,
    numeric: str,
    categorical: str,
    also: Sequence[str],
    min_n: int,
) -> list[tracks.Track]:
    grid = before.grids[name]
    main = categorical if grid.bounds is None else numeric
    if grid.bounds is None and main in tracks.OF_NUMBERS:
        raise ValueError(f"{main} is no measure of categories; use js for categorical")
    follow = _follower(name, cut, main, also, min_n)
    chunks = after.chunks
    new = tracks.side(grid, [after.counts(name, chunk, cut) for chunk in chunks])
    own = tracks.side(grid, [before.counts(name, c, cut) for c in before.chunks])
    if agreed is None or not agreed.chunks:
        return follow(own, new)
    start = sum(chunk < agreed.chunks[0] for chunk in chunks)
    held = tracks.side(grid, [agreed.counts(name, c, cut) for c in agreed.chunks])
    parts = (
        follow(own, new.part(slice(None, start))),
        follow(held, new.part(slice(start, None))),
    )
    return [tracks.joined(*pair) for pair in zip(*parts, strict=True)]


def _follower(name: str, cut: str, main: str, also: Sequence[str], min_n: int) -> Any:
    def follow(own: tracks.Side, new: tracks.Side) -> list[tracks.Track]:
        return tracks.follow(name, cut, own, new, main=main, also=also, min_n=min_n)

    return follow


def _array(values: Iterable[float]) -> np.ndarray:
    import numpy as np

    return np.array(list(values), dtype=float)

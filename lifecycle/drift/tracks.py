"""One feature through its chunks: what was measured, and how likely it is by chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lifecycle.drift import distances, ends, gridded

if TYPE_CHECKING:
    import numpy as np

    from lifecycle import profiles

__all__: list[str] = []

BINS = 10
OF_SHARES = {
    "js": distances.jensen_shannon,
    "hellinger": distances.hellinger,
    "psi": distances.stability,
    "l_infinity": distances.largest_change,
}
OF_NUMBERS = ("ks", "wasserstein", "wasserstein_std", "wasserstein_iqr")
MEASURES = (*OF_NUMBERS, *OF_SHARES, "chi_square")


@dataclass(frozen=True, eq=False)
class Track:
    """One hypothesis: a feature, in a segment, by a measure, over T chunks.

    `own` is, per chunk, how far the chunks of the reference lie from the rest of it:
    mean, standard deviation and number, shape (3, T).
    """

    feature: str
    segment: str
    measure: str
    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    p: np.ndarray
    n: np.ndarray
    rows: np.ndarray
    own: np.ndarray
    signed: bool = False
    judged: bool = True


def joined(first: Track, second: Track) -> Track:
    """One track, of which `second` tells the later chunks."""
    import numpy as np

    arrays = ("value", "lower", "upper", "p", "n", "rows", "own")
    both: dict[str, Any] = {
        name: np.concatenate([getattr(first, name), getattr(second, name)], axis=-1)
        for name in arrays
    }
    return replace(first, **both)


@dataclass(frozen=True, eq=False)
class Side:
    """Counts of T samples: cells with what lies beyond at the ends, and the rest."""

    grid: profiles.Grid
    cells: np.ndarray
    missing: np.ndarray
    unseen: np.ndarray
    beyond: np.ndarray
    sums: np.ndarray

    @property
    def numeric(self) -> bool:
        return self.grid.bounds is not None

    @property
    def known(self) -> np.ndarray:
        import numpy as np

        return np.asarray(self.cells.sum(axis=-1))

    @property
    def n(self) -> np.ndarray:
        return self.known + self.missing

    def whole(self) -> Side:
        """All samples together, as one."""
        return self._map(lambda array: array.sum(axis=0, keepdims=True))

    def part(self, rows: Any) -> Side:
        return self._map(lambda array: array[rows])

    def rest(self) -> Side:
        """For every sample all the others together."""
        return self._map(lambda array: array.sum(axis=0, keepdims=True) - array)

    def _map(self, change: Any) -> Side:
        arrays = (self.cells, self.missing, self.unseen, self.beyond, self.sums)
        return Side(self.grid, *(change(array) for array in arrays))


def side(grid: profiles.Grid, counted: Sequence[profiles.Counts]) -> Side:
    """Counts on one grid as arrays."""
    import numpy as np

    numeric = grid.bounds is not None
    rows = [
        gridded.between(each) if numeric else np.append(each.cells, each.unseen)
        for each in counted
    ]
    width = grid.size + (2 if numeric else 1)
    cells = np.array(rows, dtype=np.int64).reshape(len(counted), width)
    inside = np.zeros((len(counted), grid.size))
    if numeric:
        inside = gridded.sums(counted, grid)
    beyond = [gridded.beyond(each, grid) if numeric else (0, 0) for each in counted]
    return Side(
        grid,
        cells,
        np.array([each.missing for each in counted], dtype=np.int64),
        np.array([each.unseen for each in counted], dtype=np.int64),
        np.array(beyond, dtype=float).reshape(len(counted), 2),
        inside,
    )


def follow(
    feature: str,
    segment: str,
    own: Side,
    analysis: Side,
    *,
    main: str,
    also: Sequence[str] = (),
    min_n: int = 30,
) -> list[Track]:
    """All tracks of a feature: its distance, what is missing, what is new.

    `own` are the chunks of the reference, which together are the reference.
    """
    reference = own.whole()
    own = own.part(own.known >= min_n)
    made = []
    for name in (main, *(each for each in also if each != main)):
        if name in OF_NUMBERS and not analysis.numeric:
            continue
        made.append(
            _distance(feature, segment, name, reference, own, analysis, name == main)
        )
    made.append(_missing(feature, segment, reference, own, analysis))
    if not analysis.numeric:
        made.append(_unseen(feature, segment, reference, own, analysis))
    return made


def measured(name: str, reference: Side, analysis: Side) -> np.ndarray:
    """One measure of every sample of `analysis`, from `reference` of one or as many."""
    import numpy as np

    if name == "ks":
        return distances.kolmogorov(reference.cells, analysis.cells)
    if name.startswith("wasserstein"):
        area = gridded.earth(
            reference.cells,
            analysis.cells,
            reference.grid,
            reference.sums,
            analysis.sums,
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            tails = (
                each.beyond / each.known[:, None] for each in (reference, analysis)
            )
            area = area + np.abs(np.subtract(*tails)).sum(axis=-1)
        norm = name.partition("_")[2]
        if not norm:
            return area
        unit = gridded.spread(reference.whole().cells[0], reference.grid, norm)
        return area / unit if unit > 0 else np.full(area.shape, math.nan)
    before, after = (cut(each, reference) for each in (reference, analysis))
    if name != "chi_square":
        return OF_SHARES[name](before, after)
    return distances.chi_squares(before, after, 1)


def cut(sample: Side, reference: Side) -> np.ndarray:
    """Few cells of numbers, all of names; what is unseen is the last."""
    import numpy as np

    if not sample.numeric:
        return sample.cells
    place = distances.coarse(reference.cells[:, 1:-1].sum(axis=0), BINS)
    inner = distances.gathered(sample.cells[:, 1:-1], place)
    return np.concatenate([inner, sample.unseen[:, None]], axis=1)


def _distance(
    feature: str,
    segment: str,
    name: str,
    reference: Side,
    own: Side,
    analysis: Side,
    main: bool,
) -> Track:
    import numpy as np

    value = measured(name, reference, analysis)
    sizes = reference.known, analysis.known
    nothing = np.full(value.shape, math.nan)
    lower, upper, p = nothing, nothing, nothing
    if name == "ks":
        lower, upper = ends.kolmogorov(value, *sizes)
    elif name == "js":
        cells = cut(reference, reference), cut(analysis, reference)
        lower, upper = ends.jensen_shannon(value, *cells)
    if main:
        p = _homogeneity(reference, analysis)
    itself = _own(measured(name, own.rest(), own)) if len(own.known) > 1 else _own(())
    return Track(
        feature,
        segment,
        name,
        value,
        lower,
        upper,
        p,
        sizes[1],
        np.minimum(*np.broadcast_arrays(*sizes)),
        np.tile(itself[:, None], value.size),
        judged=main,
    )


def _homogeneity(reference: Side, analysis: Side) -> np.ndarray:
    import numpy as np

    if reference.numeric:
        value = distances.kolmogorov(reference.cells, analysis.cells)
        return distances.kolmogorov_p(value, reference.known, analysis.known)
    before = reference.cells[0]
    return np.array(
        [distances.contingency(before, row, 1)[1] for row in analysis.cells]
    )


def _missing(
    feature: str, segment: str, reference: Side, own: Side, analysis: Side
) -> Track:
    rest = own.rest()
    return _share(
        (feature, segment, "missing"),
        (reference.missing, reference.n),
        (analysis.missing, analysis.n),
        (rest.missing, rest.n, own.missing, own.n),
        signed=True,
    )


def _unseen(
    feature: str, segment: str, reference: Side, own: Side, analysis: Side
) -> Track:
    """New categories, against as many as the reference would not have had itself."""
    rest = own.rest()
    fresh = (own.cells[:, :-1] * (rest.cells[:, :-1] == 0)).sum(axis=-1)
    return _share(
        (feature, segment, "unseen"),
        new(reference.cells),
        (analysis.unseen, analysis.known),
        (*new(rest.cells), fresh + own.unseen, own.known),
    )


def new(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many of how many rows would have been of a new category, by Good and Turing.

    The categories with one row tell how many rows of the next sample are of none of
    those seen. Their number varies more than that of successes in as many trials, so
    fewer trials stand for it. Rows unseen by the grid itself count as they are.
    """
    import numpy as np

    known, unseen = cells[..., :-1], cells[..., -1]
    once = (known == 1).sum(axis=-1)
    twice = (known == 2).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(once > 0, once / (once + 2 * twice), 1.0)
    rows = np.maximum(1, np.rint(cells.sum(axis=-1) * weight)).astype(np.int64)
    once = np.minimum(rows, np.rint((once + unseen) * weight).astype(np.int64))
    return once, np.where(cells.sum(axis=-1) > 0, rows, 0)


def _share(
    about: tuple[str, str, str],
    before: Any,
    after: Any,
    itself: Any,
    *,
    signed: bool = False,
) -> Track:
    import numpy as np

    pairs = np.broadcast_arrays(*before, *after)
    k, n, j, m = pairs
    with np.errstate(divide="ignore", invalid="ignore"):
        value = j / m - k / n
        changes = itself[2] / itself[3] - itself[0] / itself[1]
    lower, upper = ends.difference(k, n, j, m)
    quads = zip(k.tolist(), n.tolist(), j.tolist(), m.tolist(), strict=True)
    p = np.array([distances.two_proportions(*quad) for quad in quads])
    own = np.tile(_own(changes if changes.size > 1 else ())[:, None], value.size)
    return Track(*about, value, lower, upper, p, m, np.minimum(n, m), own, signed)


def _own(values: Any) -> np.ndarray:
    """Mean, standard deviation and number of the defined values."""
    import numpy as np

    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    if known.size < 2:
        return np.array([math.nan, math.nan, known.size])
    return np.array([known.mean(), known.std(ddof=1), known.size])

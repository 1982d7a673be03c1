"""Distances between the shares of two samples, over categories or over bins of numbers.

Missing values are left out. Numbers are cut where the reference has about equally many
rows a bin; what lies outside its range is a bin of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle import profiles
from lifecycle.drift import distances, gridded

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Sample = npt.ArrayLike | profiles.Counts

__all__ = ["chi_square", "hellinger", "jensen_shannon", "l_infinity", "psi"]

BINS = 10


def jensen_shannon(reference: Sample, analysis: Sample, *, bins: int = BINS) -> float:
    r"""Jensen-Shannon distance between two samples, of names or of numbers.

    Undefined, and therefore `nan`, when either sample is empty. With few rows and
    many categories it is above 0 also for samples of the same distribution.

    Parameters
    ----------
    reference : array-like of shape (n_reference,), or Counts
    analysis : array-like of shape (n_analysis,), or Counts on the same grid
        Counts are taken cell by cell, with one cell for all that is unseen; see
        `bins_of` to cut the counts of numbers into fewer.
    bins : int
        Into how many equally full cells of the reference numbers are cut; those
        outside its range fall into a further one.

    Returns
    -------
    float
        Between 0 (the same shares) and 1 (no category in common).

    Notes
    -----
    :math:`\sqrt{\tfrac12 \sum_i p_i \log_2 \tfrac{p_i}{m_i} + \tfrac12 \sum_i q_i
    \log_2 \tfrac{q_i}{m_i}}` with :math:`m = (p + q)/2`.

    References
    ----------
    D. M. Endres and J. E. Schindelin, "A new metric for probability distributions",
    IEEE Trans. Inf. Theory 49 (2003).

    Examples
    --------
    >>> jensen_shannon(["web", "phone"], ["phone", "web"])
    0.0
    >>> jensen_shannon(["web"], ["fax"])
    1.0
    """
    return float(distances.jensen_shannon(*cells(reference, analysis, bins=bins)))


def hellinger(reference: Sample, analysis: Sample, *, bins: int = BINS) -> float:
    r"""Hellinger distance between two samples, of names or of numbers.

    Undefined, and therefore `nan`, when either sample is empty.

    Parameters
    ----------
    reference : array-like of shape (n_reference,), or Counts
    analysis : array-like of shape (n_analysis,), or Counts on the same grid
    bins : int
        As in `jensen_shannon`.

    Returns
    -------
    float
        Between 0 (the same shares) and 1 (no category in common).

    Notes
    -----
    :math:`\sqrt{\tfrac12 \sum_i (\sqrt{p_i} - \sqrt{q_i})^2}`.

    References
    ----------
    E. Hellinger, "Neue Begründung der Theorie quadratischer Formen von unendlichvielen
    Veränderlichen", J. reine angew. Math. 136 (1909).

    Examples
    --------
    >>> hellinger(["web"], ["fax"]), hellinger(["web", "fax"], ["fax", "web"])
    (1.0, 0.0)
    """
    return float(distances.hellinger(*cells(reference, analysis, bins=bins)))


def l_infinity(reference: Sample, analysis: Sample, *, bins: int = BINS) -> float:
    r"""Largest change of the share of one category, or of one bin of numbers.

    Undefined, and therefore `nan`, when either sample is empty.

    Parameters
    ----------
    reference : array-like of shape (n_reference,), or Counts
    analysis : array-like of shape (n_analysis,), or Counts on the same grid
    bins : int
        As in `jensen_shannon`.

    Returns
    -------
    float
        Between 0 and 1.

    Notes
    -----
    :math:`\max_i |p_i - q_i|`.

    Examples
    --------
    >>> l_infinity(["web"] * 3 + ["fax"], ["web", "fax"])
    0.25
    """
    return float(distances.largest_change(*cells(reference, analysis, bins=bins)))


def psi(reference: Sample, analysis: Sample, *, bins: int = BINS) -> float:
    r"""Population stability index of two samples, of names or of numbers.

    Undefined, and therefore `nan`, when either sample is empty. Half a row is added to
    each cell of both samples, so that a category which is new or gone costs a finite
    amount that depends on the number of rows, and not on an arbitrary small share.

    Parameters
    ----------
    reference : array-like of shape (n_reference,), or Counts
    analysis : array-like of shape (n_analysis,), or Counts on the same grid
    bins : int
        As in `jensen_shannon`.

    Returns
    -------
    float
        0 or more; by custom, 0.1 is worth a look and 0.25 is a shift.

    Notes
    -----
    :math:`\sum_i (q_i - p_i) \ln (q_i / p_i)`, with :math:`p_i = (a_i + \tfrac12) /
    (n + \tfrac k2)` of :math:`k` cells, and :math:`q_i` alike. Of equal distributions
    it is about :math:`(k - 1)(1/n + 1/m)` in the mean.

    References
    ----------
    B. Yurdakul, "Statistical properties of population stability index", Western
    Michigan University (2018).

    Examples
    --------
    >>> psi([1, 1, 1, 1], [1, 1, 1, 1]), psi([1, 1, 1, 1], [1, 1, 1, 2]) > 0.1
    (0.0, True)
    """
    return float(distances.stability(*cells(reference, analysis, bins=bins)))


def chi_square(reference: Sample, analysis: Sample, *, bins: int = BINS) -> float:
    """Chi-square statistic of homogeneity of two samples.

    Both are samples: the statistic is that of the table with one row a sample and one
    column a category, not of analysis counts against shares taken as known. Categories
    that are rare in both together are counted as one, so that the expected count is
    at least five. Undefined, and therefore `nan`, when fewer than two categories are
    left and they were not one from the start.

    Parameters
    ----------
    reference : array-like of shape (n_reference,), or Counts
    analysis : array-like of shape (n_analysis,), or Counts on the same grid
        What counts hold as unseen is counted with the rare categories.
    bins : int
        As in `jensen_shannon`.

    Returns
    -------
    float
        0 or more.

    Examples
    --------
    >>> before, after = ["a"] * 30 + ["b"] * 30, ["a"] * 20 + ["b"] * 40
    >>> round(chi_square(before, after), 3)
    3.429
    """
    pooled = int(gridded.counted(reference, analysis))
    return distances.chi_square(*cells(reference, analysis, bins=bins), pooled)[0]


def cells(
    reference: Any, analysis: Any, *, bins: int = BINS
) -> tuple[np.ndarray, np.ndarray]:
    """Counts of both samples on the same cells, what is unseen in the last."""
    if gridded.counted(reference, analysis):
        return gridded.as_names(reference, analysis)
    if profiles.kind_of(reference, analysis) == "numeric":
        grid = profiles.Grid.numeric(reference, cells=bins)
        return gridded.as_names(grid.count(reference), grid.count(analysis))
    first, second = profiles.tally(reference)[0], profiles.tally(analysis)[0]
    return shared(first, second)


def shared(
    first: dict[str, int], second: dict[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Counts of both over the categories of either."""
    import numpy as np

    names = list(dict.fromkeys([*first, *second]))
    before, after = (
        np.array([side.get(name, 0) for name in names], dtype=int)
        for side in (first, second)
    )
    return before, after

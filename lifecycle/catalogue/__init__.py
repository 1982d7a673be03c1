"""Catalogue: what moves under a ranking, before its clicks and purchases are in.

Of a model whose answers are lists of items five things are watched: items that come and
go (`turnover`), what sells (`popularity`), users nobody has seen (`newcomers`), how few
items fill the lists (`concentration`), and items that are shown and cannot be had
(`unavailable`). Frames have a row for each item of a list or a purchase. Thresholds
come from the reference: what its own chunks do against each other is normal.
"""

from __future__ import annotations

from lifecycle.catalogue.concentrated import concentration
from lifecycle.catalogue.homogeneous import Homogeneity, homogeneity
from lifecycle.catalogue.newcomers import newcomers
from lifecycle.catalogue.popular import popularity
from lifecycle.catalogue.turnover import turnover
from lifecycle.catalogue.unavailable import unavailable

__all__ = [
    "Homogeneity",
    "concentration",
    "homogeneity",
    "newcomers",
    "popularity",
    "turnover",
    "unavailable",
]

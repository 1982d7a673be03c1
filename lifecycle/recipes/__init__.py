"""Recipes: how a version of a model is made, kept in the library or in a user's file.

A recipe takes the names of the features and a seed and returns an unfitted
scikit-learn classifier that reads a table of exactly these columns, missing values
included. The library's four are `scaled_logistic`, `boosted_trees`, `extra_trees`
and `binned_logistic`; a workspace adds its own as `recipes/NAME.py` with a function
`estimator(numeric, categorical, seed)`.
"""

from lifecycle.recipes.library import LIBRARY
from lifecycle.recipes.loading import Recipe, load

__all__ = ["LIBRARY", "Recipe", "load"]

"""Recipes: how a version of a model is made, kept in the library or in a user's file.

A recipe takes the names of the features and a seed and returns an unfitted
scikit-learn classifier or regressor that reads a table of exactly these columns,
missing values included. The library's are `scaled_logistic`, `boosted_trees`,
`extra_trees` and `binned_logistic` for outcomes of 0 and 1, `ridge` and
`boosted_regression` for numbers. A workspace adds its own as `recipes/NAME.py` with a
function `estimator(numeric, categorical, seed)` and, where it likes, with

* `SPACE`, from parameters to lists of values or distributions of scipy, or a function
  `space(numeric, categorical)` that returns it, and `TRIALS`, how many sets of them a
  training may try (20);
* `features(frame)`: the model's features in, a frame of the same rows out. It looks at
  each row by itself: a model's rows are scored one by one.

`CoBought` is for lists of items: what the same customers buy.
"""

from lifecycle.recipes.bought import CoBought
from lifecycle.recipes.keeping import keep, kept
from lifecycle.recipes.library import LIBRARY, TASKS
from lifecycle.recipes.loading import load
from lifecycle.recipes.recipe import Recipe, regresses

__all__ = [
    "LIBRARY",
    "TASKS",
    "CoBought",
    "Recipe",
    "keep",
    "kept",
    "load",
    "regresses",
]

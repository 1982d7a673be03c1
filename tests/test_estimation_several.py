from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score

from lifecycle import estimation

CLASSES = {"a": "pa", "b": "pb", "c": "pc"}
NAMES = ("accuracy", "macro_precision", "macro_recall", "macro_f1", "roc_auc")


def frame(seed, n):
    """Three classes whose scores are exactly their probabilities."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([1.0, 0.8, 0.6], n)
    draw = (rng.random((n, 1)) > np.cumsum(p, axis=1)).sum(axis=1).clip(0, 2)
    rows = pd.DataFrame(p, columns=list(CLASSES.values()))
    rows["prediction"] = np.array(list("abc"))[p.argmax(axis=1)]
    rows["outcome"] = np.array(list("abc"))[draw]
    return rows


def estimate(old, new, **settings):
    settings.setdefault("chunk", ["now"] * len(new))
    return estimation.multiclass(old, new, scores=CLASSES, **settings)


def test_estimates_of_several_classes_hold_what_comes_about():
    old, many = frame(1, 6000), 40
    inside = dict.fromkeys(NAMES, 0)
    new = pd.concat([frame(seed, 500) for seed in range(2, 2 + many)])
    labels = np.repeat(np.arange(many), 500)
    made = estimate(old, new, metrics=NAMES, chunk=labels)
    for at in range(many):
        rows = new[labels == at]
        y, p = rows["outcome"], rows["prediction"]
        truth = {
            "accuracy": (y == p).mean(),
            "macro_precision": precision_score(y, p, average="macro"),
            "macro_recall": recall_score(y, p, average="macro"),
            "macro_f1": f1_score(y, p, average="macro"),
            "roc_auc": roc_auc_score(
                y, rows[list(CLASSES.values())], multi_class="ovr", average="macro"
            ),
        }
        for row in made.findings:
            if row.period == str(at):
                inside[row.measure] += row.lower <= truth[row.measure] <= row.upper
    # 90% of 40 and its binomial interval; chunks share one reference
    assert min(inside.values()) >= 30, inside


def test_certain_scores_give_the_realised_accuracy():
    rows = frame(50, 400)
    for label, column in CLASSES.items():
        rows[column] = (rows["outcome"] == label).astype(float)
    made = estimate(rows, rows, metrics=["accuracy", "balanced_accuracy"])
    assert made.findings[0].value == pytest.approx(
        (rows["prediction"] == rows["outcome"]).mean()
    )
    assert made.findings[1].value == pytest.approx(
        recall_score(rows["outcome"], rows["prediction"], average="macro")
    )


def test_several_classes_are_judged_and_weak_ground_is_said():
    old, new = frame(51, 2000), frame(52, 400)
    made = estimate(old, new, thresholds={"accuracy": 0.99})
    assert made.verdict == "alert"
    assert "concept drift" in made.summary
    assert "too few" in estimate(old, frame(53, 20)).grounds[0].reason
    none = estimate(old.assign(outcome=None), new)
    assert math.isnan(none.findings[0].value)
    assert none.verdict == "undefined"
    missing = estimate(old, new.assign(pa=np.nan))
    assert missing.grounds[0].n == 0


def test_what_several_classes_cannot_be_asked_is_refused():
    old, new = frame(54, 200), frame(55, 200)
    with pytest.raises(ValueError, match="no metric 'kappa'"):
        estimate(old, new, metrics=["kappa"])
    with pytest.raises(ValueError, match="no column 'pb'"):
        estimate(old, new.drop(columns="pb"))
    with pytest.raises(ValueError, match="no class 'z', which is predicted"):
        estimate(old, new.assign(prediction="z"))
    with pytest.raises(ValueError, match="two classes or more, got 1"):
        estimation.multiclass(old, new, scores={"a": "pa"})

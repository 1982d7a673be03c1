"""Which words of people a training learned from: the answer owed to who said them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle.training import people
from lifecycle.training.hearing import OUTCOME

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.training.gathering import Material

__all__ = ["entered"]


def entered(
    material: Material,
    feedback: pd.DataFrame,
    *,
    as_of: datetime,
    kinds: Sequence[str] = people.KINDS,
    classes: int = 2,
) -> pd.DataFrame:
    """The words that agree with what was learned of the rows people spoke of.

    Parameters
    ----------
    material : Material
        What the training learned from.
    feedback : DataFrame
        As the material was made with, and with `feedback_id`.
    as_of : datetime
        With a time zone; what was said later is not looked at.
    kinds : sequence of str
        Which kinds say what the outcome is.
    classes : int
        How many there are; a label is the code of one.

    Returns
    -------
    DataFrame
        A row a word: `feedback_id`, `prediction` (its id), `label`, and `weight`, what
        the row weighed. Of people who agree on a row all are named, though they weigh
        together as much as the surest. Who was not believed, who was outvoted or
        refused, and whose row has its true outcome is not there.

    Raises
    ------
    ValueError
        The feedback's times have no zone.

    Examples
    --------
    >>> from datetime import timedelta
    >>> import pandas as pd
    >>> from lifecycle.training import material
    >>> days = pd.date_range("2023-01-02", periods=60, tz="UTC").as_unit("us")
    >>> rows = pd.DataFrame({"id": [f"i{k}" for k in range(60)], "time": days})
    >>> rows["outcome"] = [1.0] * 50 + [float("nan")] * 10
    >>> said = rows.assign(kind="override", label=1.0, person="Ana")
    >>> said["feedback_id"] = "F" + said["id"]
    >>> told = {"as_of": days[59], "feedback": said}
    >>> made = material(rows, delay=timedelta(days=5), **told)
    >>> entered(made, said, as_of=days[59])["feedback_id"].head(2).tolist()
    ['Fi50', 'Fi51']
    """
    import pandas as pd

    names = ["feedback_id", "prediction", "label", "weight"]
    heard = material.sources != OUTCOME
    if not heard.any():
        return pd.DataFrame(columns=names)
    said = people.spoken(feedback, kinds=kinds, classes=classes)
    moment = pd.Timestamp(as_of).tz_convert("UTC")
    said = said[said["time"] <= moment].drop_duplicates("pair", keep="last")
    said = said[~said["refused"].astype(bool)]
    rows = pd.DataFrame(
        {
            "id": material.table.loc[heard, "id"].astype(str).to_numpy(),
            "learned": material.table.loc[heard, "outcome"].to_numpy(),
            "weight": material.weights[heard],
        }
    )
    both = said.merge(rows, on="id")
    both = both[both["label"] == both["learned"]].rename(columns={"id": "prediction"})
    return both[names].sort_values("feedback_id", ignore_index=True)

"""Simulated streams: what is planted in each is in its function's first line.

Every world has eight numbers and a plan; the outcome follows a weighted sum of them,
and what changes is the weights, the inputs, the noise or the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from benchmarks.replay.streams import Stream

__all__ = ["WORLDS", "freeze", "lose", "planted"]

WINDOWS, ROWS = 48, 300
NUMBERS = 8
PLANS = ("free", "basic", "pro", "team")


class _World:
    """Inputs of a world and the two sets of weights between which it moves."""

    def __init__(self, seed: int, *, windows: int = WINDOWS, rows: int = ROWS) -> None:
        import numpy as np

        self.rng = np.random.default_rng(seed)
        self.window = np.repeat(np.arange(windows), rows)
        self.n = len(self.window)
        self.x = self.rng.normal(size=(self.n, NUMBERS))
        self.plan = self.rng.integers(0, len(PLANS), self.n)
        self.plans = np.array([-1.0, -0.3, 0.3, 1.0])
        self.a = np.array([2.0, -1.5, 1.2, 1.0, 0.5, 0.0, 0.0, 0.0])
        self.b = np.array([-1.0, -1.5, 1.2, -1.0, 0.5, 1.5, 0.0, 0.0])

    def logit(self, share: np.ndarray | float = 0.0) -> np.ndarray:
        """By the weights `a`, moved by a share towards `b`."""
        import numpy as np

        share = np.broadcast_to(share, self.n)[:, None]
        weights = (1 - share) * self.a + share * self.b
        return (self.x * weights).sum(axis=1) + self.plans[self.plan]

    def draw(self, logit: np.ndarray, *, sharp: float = 2.0) -> np.ndarray:
        """Outcomes at random by their probabilities."""
        import numpy as np

        chance = 1 / (1 + np.exp(-sharp * logit))
        return (self.rng.random(self.n) < chance).astype(np.int64)

    def frame(self, outcome: np.ndarray, **more: Any) -> pd.DataFrame:
        """As a log: hourly rows, a window a fortnight."""
        import numpy as np
        import pandas as pd

        hours = pd.to_timedelta(np.arange(self.n), unit="h")
        names = np.array(PLANS, dtype=object)
        columns = {f"x{at}": self.x[:, at] for at in range(NUMBERS)}
        return pd.DataFrame(
            {
                "time": pd.Timestamp("2022-01-03") + hours,
                "window": self.window,
                **columns,
                "plan": names[self.plan],
                **more,
                "outcome": outcome,
            }
        )


def stable() -> pd.DataFrame:
    """Nothing changes."""
    world = _World(1)
    return world.frame(world.draw(world.logit()))


def sudden() -> pd.DataFrame:
    """Another concept from the middle on."""
    world = _World(2)
    return world.frame(world.draw(world.logit(world.window >= 24)))


def gradual() -> pd.DataFrame:
    """One concept gives way to another over half of the windows."""
    import numpy as np

    world = _World(3)
    share = np.clip((world.window - 12) / 24, 0, 1)
    return world.frame(world.draw(world.logit(share)))


def recurring() -> pd.DataFrame:
    """Two concepts take turns, eight windows each."""
    world = _World(4)
    return world.frame(world.draw(world.logit(world.window // 8 % 2)))


def seasonal() -> pd.DataFrame:
    """The weights swing with a season of 16 windows."""
    import numpy as np

    world = _World(5)
    share = 0.5 - 0.5 * np.cos(2 * np.pi * world.window / 16)
    return world.frame(world.draw(world.logit(share)))


def noise() -> pd.DataFrame:
    """Flipped labels, 5% at first and 30% from the middle on; nothing helps."""
    import numpy as np

    world = _World(6)
    clean = world.logit() > 0
    flipped = world.rng.random(world.n) < np.where(world.window >= 24, 0.30, 0.05)
    return world.frame((clean ^ flipped).astype(np.int64))


def frozen() -> pd.DataFrame:
    """The strongest number stands still for four windows; later the concept moves."""
    world = _World(7)
    world.a[0] = 3.0
    return world.frame(world.draw(world.logit(0.7 * (world.window >= 31))))


def lost() -> pd.DataFrame:
    """Most positive outcomes of four windows are lost; later the concept moves."""
    world = _World(8)
    return world.frame(world.draw(world.logit(0.7 * (world.window >= 31))))


def lost_as_negative() -> pd.DataFrame:
    """As `lost`, but what is lost is recorded as a negative outcome."""
    world = _World(9)
    return world.frame(world.draw(world.logit(0.7 * (world.window >= 33))))


def nonlinear() -> pd.DataFrame:
    """A weighted sum becomes a product: only another recipe helps."""
    import numpy as np

    world = _World(10)
    product = 3 * np.sign(world.x[:, 0]) * world.x[:, 1] + world.x[:, 2]
    return world.frame(world.draw(np.where(world.window >= 18, product, world.logit())))


def shocks() -> pd.DataFrame:
    """Rows of a window share a shock that an index of the market seems to explain."""
    import numpy as np

    world = _World(12)
    shock = world.rng.normal(0, 1.5, WINDOWS)
    index = np.cumsum(
        world.rng.normal(0, 1, WINDOWS) * (world.rng.random(WINDOWS) < 0.4)
    )
    logit = 0.5 * world.logit() - 1.5 + shock[world.window]
    return world.frame(
        world.draw(logit, sharp=1.0),
        market=index[world.window],
        rate=np.round(0.3 * index[world.window] + np.sin(world.window / 5), 2),
    )


def segment() -> pd.DataFrame:
    """A new plan grows to 40% of the rows, with a concept of its own."""
    import numpy as np

    world = _World(13)
    share = np.clip((world.window - 16) / 20, 0, 0.4)
    fresh = world.rng.random(world.n) < share
    frame = world.frame(world.draw(world.logit(1.0 * fresh)))
    frame.loc[fresh, "plan"] = "partner"
    return frame


def there_and_back() -> pd.DataFrame:
    """Another concept for ten windows, then the old one again."""
    world = _World(14)
    return world.frame(
        world.draw(world.logit((world.window >= 20) & (world.window < 30)))
    )


def covariate() -> pd.DataFrame:
    """The inputs wander, what they mean stays."""
    import numpy as np

    world = _World(15)
    pace = np.linspace(-1, 1, NUMBERS)
    world.x = world.x + world.window[:, None] / WINDOWS * 2 * pace
    logit = world.logit() - (world.window / WINDOWS) * 2 * (pace * world.a).sum()
    return world.frame(world.draw(logit + 0.5 * np.abs(world.x[:, 1]) - 0.5))


def demand() -> pd.DataFrame:
    """Regression: a trend, a season, and a step in the level at two thirds."""
    import numpy as np

    world = _World(16)
    season = 2 * np.sin(2 * np.pi * world.window / 26)
    level = 0.03 * world.window + 2.5 * (world.window >= 32)
    curve = 1.5 * np.abs(world.x[:, 5])
    noise = world.rng.normal(0, 1, world.n)
    return world.frame(
        20 + world.logit(0.3 * (world.window >= 32)) + season + level + curve + noise
    )


def classes() -> pd.DataFrame:
    """Three classes, two of which change their meaning."""
    import numpy as np

    world = _World(17)
    moved = world.window >= 26
    second = np.where(moved, -1.2, 1.2) * world.x[:, 5] + world.x[:, 6]
    sums = np.column_stack([world.logit(), 1.5 * second, -world.logit(0.5)])
    sums += world.rng.gumbel(0, 0.4, sums.shape)
    return world.frame(np.array(["low", "mid", "high"])[sums.argmax(axis=1)])


def weak() -> pd.DataFrame:
    """Little can be told, errors cost 2 to 1, and only a season moves the rate."""
    import numpy as np

    world = _World(19)
    season = 0.6 * np.sin(2 * np.pi * world.window / 24)
    return world.frame(world.draw(0.25 * world.logit() - 1.2 + season, sharp=1.0))


def one_class_first() -> pd.DataFrame:
    """Positives only come up in the seventh window, and the concept wanders."""
    import numpy as np

    world = _World(20)
    share = np.clip((world.window - 10) / 60, 0, 1)
    outcome = world.draw(world.logit(share) - 0.5)
    return world.frame(np.where(world.window < 6, 0, outcome))


def many_classes() -> pd.DataFrame:
    """Sixteen classes seen in four lights that follow one another, then all again."""
    import numpy as np

    world = _World(22)
    kind = world.rng.integers(0, 16, world.n)
    centres = world.rng.normal(0, 1.6, size=(16, NUMBERS))
    lights = world.rng.normal(0, 0.9, size=(4, 16, NUMBERS))
    light = world.window // 6 % 4
    world.x = world.x + centres[kind] + lights[light, kind]
    return world.frame(np.char.add("kind ", kind.astype(str)))


def tiny() -> pd.DataFrame:
    """Twelve small windows, another concept from the seventh on."""
    world = _World(18, windows=12, rows=60)
    return world.frame(world.draw(world.logit(world.window >= 6)))


WORLDS: Mapping[str, Callable[[], pd.DataFrame]] = MappingProxyType(
    {
        each.__name__: each
        for each in (
            stable, sudden, gradual, recurring, seasonal, noise, frozen, lost,
            lost_as_negative, nonlinear, shocks, segment, there_and_back, covariate,
            demand, classes, weak, one_class_first,
            many_classes, tiny,
        )
    }
)  # fmt: skip


def planted(stream: Stream, name: str) -> dict[str, Any]:
    """The faults of the record, as changes of a stream."""
    if name == "frozen":
        return freeze(stream, "x0", (24, 27))
    if name == "lost":
        return lose(stream, (24, 27))
    if name == "lost_as_negative":
        return lose(stream, (24, 27), recorded=0.0)
    return {}


def freeze(stream: Stream, column: str, windows: tuple[int, int]) -> dict[str, Any]:
    """From the first row of these windows to the last the column stands still."""
    import numpy as np

    first, last = windows
    touched = (stream.window >= first) & (stream.window <= last)
    table = stream.table.copy()
    before = table[column].to_numpy()[np.flatnonzero(touched)[0] - 1]
    table.loc[touched, column] = before
    return {"table": table, "bad": frozenset(range(first, last + 1))}


def lose(
    stream: Stream,
    windows: tuple[int, int],
    *,
    recorded: float | None = None,
    share: float = 0.8,
) -> dict[str, Any]:
    """Positive outcomes of these windows are missing, or recorded as something else."""
    import numpy as np

    first, last = windows
    touched = (stream.window >= first) & (stream.window <= last)
    chance = np.random.default_rng(21).random(len(touched)) < share
    known = stream.truth.copy()
    known[touched & chance & (stream.truth == 1)] = (
        np.nan if recorded is None else recorded
    )
    return {"known": known, "bad": frozenset(range(first, last + 1))}

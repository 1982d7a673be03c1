"""What a replay comes to: figures a policy, cells a stream, and what misses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import _table

if TYPE_CHECKING:
    from benchmarks.replay.playing import Cell, Played

__all__ = ["Summary", "compared", "misses", "rows", "summarise", "tables"]

MEAN, WORST, NEVER, AFTER = 1.10, 1.35, 0.02, 1
_NAN = float("nan")


@dataclass(frozen=True)
class Summary:
    """A policy over the cells of a group of streams, costs over the optimum."""

    policy: str
    cells: int
    mean: float
    median: float
    p90: float
    worst: float
    captured: float
    charged: float
    above_never: float
    actions: float
    wasted: float
    fits: float


def summarise(cells: Sequence[Cell], policy: str) -> Summary:
    """The figures of one policy.

    Parameters
    ----------
    cells : sequence of Cell
        Of any policies.
    policy : str

    Returns
    -------
    Summary
        `captured` is the mean over the cells where anything can be gained, `wasted`
        the share of all actions; both `nan` where there is none.
    """
    import numpy as np

    own = [cell for cell in cells if cell.policy == policy]
    if not own:
        return Summary(policy, 0, *[_NAN] * 10)
    ratios = np.array([cell.ratio for cell in own])
    gained = [cell.captured for cell in own if not math.isnan(cell.captured)]
    actions = sum(cell.actions for cell in own)
    return Summary(
        policy,
        len(own),
        float(ratios.mean()),
        float(np.median(ratios)),
        float(np.quantile(ratios, 0.9)),
        float(ratios.max()),
        float(np.mean(gained)) if gained else _NAN,
        float(np.mean([cell.charged / cell.optimum for cell in own])),
        max(cell.above_never for cell in own),
        actions / len(own),
        sum(cell.wasted for cell in own) / actions if actions else _NAN,
        sum(cell.fits for cell in own) / len(own),
    )


def compared(
    cells: Sequence[Cell], ours: str, other: str, *, level: float = 0.9
) -> tuple[float, float, float]:
    """Our costs over another policy's: geometric mean and interval over streams.

    Parameters
    ----------
    cells : sequence of Cell
    ours, other : str
    level : float

    Returns
    -------
    tuple of float
        Mean, lower and upper end; the ends are `nan` with fewer than two streams.

    Notes
    -----
    A stream counts once, with the mean of its logarithms over the prices: its cells
    share their rows. The interval is Student's.
    """
    import numpy as np
    from scipy import stats

    paid = {(c.policy, c.stream, c.price, c.times): c.cost for c in cells}
    logs: dict[str, list[float]] = {}
    for (policy, stream, *where), cost in paid.items():
        if policy == ours and (other, stream, *where) in paid:
            rival = paid[(other, stream, *where)]
            logs.setdefault(stream, []).append(math.log(cost / rival))
    each = np.array([np.mean(found) for found in logs.values()])
    if not len(each):
        return _NAN, _NAN, _NAN
    middle = float(each.mean())
    if len(each) < 2:
        return math.exp(middle), _NAN, _NAN
    half = float(stats.t.ppf(0.5 + level / 2, len(each) - 1) * stats.sem(each))
    return math.exp(middle), math.exp(middle - half), math.exp(middle + half)


def misses(cells: Sequence[Cell], ours: str) -> list[str]:
    """The cells of our rule that miss a target, a sentence each."""
    said = []
    for cell in cells:
        if cell.policy != ours:
            continue
        why = []
        if cell.ratio > WORST:
            why.append(f"{cell.ratio:.2f} of the optimum, at most {WORST}")
        if cell.above_never > NEVER:
            why.append(f"{cell.above_never:.1%} above never, at most {NEVER:.0%}")
        if cell.stream == "noise" and cell.late > AFTER:
            why.append(f"{cell.late} actions after the noise rose, at most {AFTER}")
        if cell.on_bad:
            why.append(f"{cell.on_bad} models trained on bad windows, none should be")
        if why:
            said.append(f"{cell.stream} at {cell.price:g}: {'; '.join(why)}")
    return said


def tables(played: Sequence[Played], ours: str, main: float) -> str:
    """The text between the command and its rows: policies, streams, what misses."""
    cells = [cell for each in played for cell in each.cells if cell.times == main]
    policies = list(dict.fromkeys(cell.policy for cell in cells))
    lines = []
    for group in dict.fromkeys(each.group for each in played):
        own = [cell for cell in cells if cell.group == group]
        streams = len({cell.stream for cell in own})
        many = "stream" if streams == 1 else "streams"
        lines += ["", f"{_TITLES[group]}: {streams} {many}, cost over optimum", ""]
        lines += _aligned(_by_policy(own, policies))
    lines += ["", "Cost over optimum by stream and price, and actions of ours", ""]
    lines += _aligned(_by_stream(played, cells, policies, ours))
    lines += ["", "Geometric mean of our costs over another's, 90% over streams", ""]
    lines += _aligned(_against(played, cells, policies, ours))
    lines += ["", "Faults", ""]
    lines += _aligned(_faults(played, ours))
    missed = misses(cells, ours)
    lines += ["", f"Cells that miss a target: {len(missed)}", *missed]
    return "\n".join(lines).strip("\n")


def rows(
    played: Sequence[Played], ours: str, main: float, seconds: float
) -> Iterator[_table.Row]:
    """The figures of our rule against their targets, and what the replay took."""
    every = [cell for each in played for cell in each.cells if cell.policy == ours]
    cells = [cell for cell in every if cell.times == main]
    for group in dict.fromkeys(each.group for each in played):
        own = [cell for cell in cells if cell.group == group]
        found = summarise(own, ours)
        name = _TITLES[group].lower()
        yield _table.row(f"{name}: mean over optimum", found.mean, at_most=MEAN)
        yield _table.row(f"{name}: median over optimum", found.median)
        yield _table.row(f"{name}: nine in ten below", found.p90)
        yield _table.row(f"{name}: worst cell", found.worst, at_most=WORST)
        yield _table.row(f"{name}: captured of what can be gained", found.captured)
        yield _table.row(
            f"{name}: most above never",
            100 * found.above_never,
            "%",
            at_most=100 * NEVER,
        )
        yield _table.row(f"{name}: mean, fits at 1% of a retraining", found.charged)
        for times in dict.fromkeys(cell.times for cell in every):
            if times != main:
                other = summarise(
                    [c for c in every if c.times == times and c.group == group], ours
                )
                yield _table.row(f"{name}: mean, rebuild at {times:g}", other.mean)
    for cell in cells:
        if cell.stream == "noise":
            name = f"noise at {cell.price:g}: actions after the rise"
            yield _table.row(name, cell.late, at_most=AFTER)
    faulty = [each for each in played if each.bad]
    if faulty:
        bad = {each.stream for each in faulty}
        trained = sum(cell.on_bad for cell in cells if cell.stream in bad)
        found_bad = sum(each.bad_flagged for each in faulty)
        share = 100 * found_bad / sum(each.bad for each in faulty)
        yield _table.row("models deployed that saw bad windows", trained, at_most=0)
        yield _table.row("bad windows flagged", share, "%", at_least=100)
    for price in dict.fromkeys(price for each in played for price in each.luck):
        known = [each.luck[price] for each in played if price in each.luck]
        share = 100 * (sum(known) / len(known) - 1)
        yield _table.row(f"luck of the optimum at {price:g}", share, "%")
    made = [each for each in played if each.group != "given"]
    if made:
        clean = sum(each.falsely_flagged for each in made)
        yield _table.row("sound windows flagged", clean, at_most=0)
    if len(made) < len(played):
        flagged = sum(e.falsely_flagged for e in played if e.group == "given")
        yield _table.row("given: windows flagged", flagged)
    yield _table.row("cubes built, one core", _sum(played, "build_seconds"), "s")
    yield _table.row("of it fits", _sum(played, "fit_seconds"), "s")
    yield _table.row("policies played, one core", _sum(played, "play_seconds"), "s")
    yield _table.row("this run", seconds, "s")


_POLICY = ("policy", "mean", "median", "p90", "worst", "captured", "fits_paid",
           "above_never", "acts", "wasted", "fits")  # fmt: skip
_STREAM = ("stream", "price", "optimum", "ours", "never", "best_other", "of",
           "acts", "late", "luck")  # fmt: skip
_FAULT = ("stream", "windows", "bad", "flagged", "falsely", "remarked", "fix_said",
          "on_bad")  # fmt: skip
_TITLES = {"dev": "Tuned on", "held": "Held out", "given": "Given"}


def _sum(played: Sequence[Played], name: str) -> float:
    return sum(float(getattr(each, name)) for each in played)


def _by_policy(cells: Sequence[Cell], policies: Sequence[str]) -> list[list[str]]:
    table = [[*_POLICY]]
    for policy in policies:
        found = summarise(cells, policy)
        table.append(
            [
                policy,
                *(f"{v:.3f}" for v in (found.mean, found.median, found.p90)),
                f"{found.worst:.3f}",
                _said(found.captured, ".2f"),
                f"{found.charged:.3f}",
                f"{found.above_never:+.1%}",
                f"{found.actions:.1f}",
                _said(found.wasted, ".2f"),
                f"{found.fits:.0f}",
            ]
        )
    return table


def _by_stream(
    played: Sequence[Played], cells: Sequence[Cell], policies: Sequence[str], ours: str
) -> list[list[str]]:
    """Ours, never, whoever else was best, and the luck of the optimum."""
    lucky = {
        (each.stream, price): x for each in played for price, x in each.luck.items()
    }
    others = [name for name in policies if name not in (ours, "never")]
    table = [[*_STREAM]]
    where = dict.fromkeys((cell.stream, cell.price) for cell in cells)
    for stream, price in where:
        found = {
            cell.policy: cell
            for cell in cells
            if (cell.stream, cell.price) == (stream, price)
        }
        own, idle = found.get(ours), found.get("never")
        rivals = [found[name] for name in others if name in found]
        best = min(rivals, key=lambda cell: cell.cost, default=None)
        table.append(
            [
                stream,
                f"{price:g}",
                f"{next(iter(found.values())).optimum:.3f}",
                f"{own.ratio:.3f}" if own else "-",
                f"{idle.ratio:.3f}" if idle else "-",
                f"{best.ratio:.3f}" if best else "-",
                best.policy if best else "-",
                f"{own.actions}" if own else "-",
                f"{own.late}" if own else "-",
                _said(lucky.get((stream, price), _NAN), ".3f"),
            ]
        )
    return table


def _against(
    played: Sequence[Played], cells: Sequence[Cell], policies: Sequence[str], ours: str
) -> list[list[str]]:
    groups = list(dict.fromkeys(each.group for each in played))
    table = [["against", *(_TITLES[group] for group in groups)]]
    for policy in policies:
        if policy == ours:
            continue
        line = [policy]
        for group in groups:
            own = [cell for cell in cells if cell.group == group]
            mean, lower, upper = compared(own, ours, policy)
            ends = f"[{_said(lower, '.3f')} {_said(upper, '.3f')}]"
            line.append(f"{_said(mean, '.3f')} {ends}")
        table.append(line)
    return table


def _faults(played: Sequence[Played], ours: str) -> list[list[str]]:
    """What checks said by window, and what our rule made of it at its worst price."""
    table = [[*_FAULT]]
    for each in played:
        own = [cell for cell in each.cells if cell.policy == ours]
        counts = (
            each.windows,
            each.bad,
            each.bad_flagged,
            each.falsely_flagged,
            each.remarked,
            max((cell.fixes for cell in own), default=0),
            max((cell.on_bad for cell in own), default=0),
        )
        table.append([each.stream, *map(str, counts)])
    return table


def _said(value: float, style: str) -> str:
    return "-" if math.isnan(value) else format(value, style)


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(line[at]) for line in table) for at in range(len(table[0]))]
    return [
        "  ".join(
            text.ljust(width) if at == 0 else text.rjust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in table
    ]

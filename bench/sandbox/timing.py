"""How long once takes: the usual case, not the mean, which a neighbour's bad moment would make."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from bench.figures import Figure
from bench.rounds import Effort, say

Once = Callable[[], Any]
# So many at least, however short a round is to be.
CALLS_MIN = 20
MICROSECONDS = 1e6


def durations_us(once: Once, seconds: float) -> list[float]:
    """Of each call, sorted; for about so many seconds."""
    once()
    durations: list[float] = []
    end_at = perf_counter() + seconds
    while len(durations) < CALLS_MIN or perf_counter() < end_at:
        began = perf_counter()
        once()
        durations.append((perf_counter() - began) * MICROSECONDS)
    return sorted(durations)


def share_of(durations: Sequence[float], share: float) -> float:
    return durations[min(int(len(durations) * share), len(durations) - 1)]


def told(durations: Sequence[float], per: float = 1) -> str:
    p50, p99 = (share_of(durations, share) / per for share in (0.5, 0.99))
    return f"p50 {p50:.1f} µs, p99 {p99:.1f} µs"


def compare_us(
    name: str, ours: Once, raw: Once, effort: Effort, *, per: int = 1, beside: str = "", aside: Callable[[], str] = str
) -> Figure:
    """Both in turn; the median of each round. per: how many things one call does. aside: told after each round."""
    values: tuple[list[float], list[float]] = ([], [])
    for number in range(effort.repeats):
        measured = [durations_us(once, effort.seconds) for once in (ours, raw)]
        for taken, durations in zip(values, measured, strict=True):
            taken.append(share_of(durations, 0.5) / per)
        more = aside()
        say(
            f"  {name} {number + 1}/{effort.repeats}: {told(measured[0], per)}, raw {values[1][-1]:.1f} µs"
            f"{f', {more}' if more else ''}"
        )
    return Figure(name, "µs", *values, beside)


@contextmanager
def on_one_cpu() -> Iterator[set[int]]:
    """This thread stays where it is; the CPUs it leaves to others meanwhile."""
    allowed = os.sched_getaffinity(0)
    mine = min(allowed)
    os.sched_setaffinity(0, {mine})
    try:
        yield allowed - {mine}
    finally:
        os.sched_setaffinity(0, allowed)

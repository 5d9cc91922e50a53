"""Rounds in turn, ours and raw, so that a machine whose speed drifts slows both."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from bench.figures import TIMES, Figure

# Does something so many times; the seconds it took, without what had to be prepared.
Work = Callable[[int], float]

COUNT_MAX = 20_000


@dataclass(frozen=True)
class Effort:
    """How much is measured. seconds: of one round. scale: 1 for the real amounts of rows, less for a smoke run."""

    repeats: int = 5
    seconds: float = 2.0
    scale: float = 1.0

    def rows(self, count: int) -> int:
        return max(1, int(count * self.scale))


FULL = Effort()
# The rows must still be enough for the plans to be those of many rows.
QUICK = Effort(repeats=2, seconds=0.2, scale=0.02)


def say(text: str) -> None:
    """Progress, on stderr: stdout is for the figures."""
    print(text, file=sys.stderr, flush=True)


def count_for(work: Work, seconds: float, first: int) -> int:
    """How often fits into so many seconds, from a first try that warms up at once."""
    work(first)
    took = work(first)
    return max(1, min(COUNT_MAX, int(first * seconds / max(took, 1e-6))))


def compare(
    name: str, ours: Work, raw: Work, effort: Effort, *, unit: str = "/s", beside: str = "", first: int = 20
) -> Figure:
    """Measure both in turn. In a unit of time the figure is how long once takes, else how often per second."""
    counts = [(work, count_for(work, effort.seconds, first)) for work in (ours, raw)]
    measured: tuple[list[float], list[float]] = ([], [])
    for number in range(effort.repeats):
        for values, (work, count) in zip(measured, counts, strict=True):
            took = work(count)
            values.append(took / count * 1000 if unit in TIMES else count / took)
        say(f"  {name} {number + 1}/{effort.repeats}: {measured[0][-1]:.4g} {unit}, raw {measured[1][-1]:.4g}")
    return Figure(name, unit, *measured, beside)

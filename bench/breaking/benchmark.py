"""The benchmark: `breaking.found` and `breaking.false_alarms`, with the table by kind on stderr."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.breaking.corpus import BREAKING, HARMLESS, SEED, collect, percent, render
from bench.figures import Figure
from bench.house import House
from bench.rounds import Effort, say


def measure_breaking(house: House, effort: Effort) -> list[Figure]:
    """Needs no database: applets are read, and their tests run on the fake kernel."""
    with tempfile.TemporaryDirectory() as folder:
        breaking, harmless = max(8, int(BREAKING * effort.scale)), max(4, int(HARMLESS * effort.scale))
        cases = collect(SEED, breaking, harmless, Path(folder), say)
    say(render(cases))
    broken = [case for case in cases if case.broken]
    others = [case for case in cases if not case.broken]
    found = percent(sum(case.is_right for case in broken), len(broken))
    wrong = percent(sum(not case.is_right for case in others), len(others))
    return [
        Figure("breaking.found", "%", [found], [100.0], f"{len(broken)} changes that break tests"),
        Figure("breaking.false_alarms", "% wrong", [wrong], [0.0], f"{len(others)} changes that break none"),
    ]

"""What is measured, and how it is told: the table on stdout and results.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

HEADINGS = ("name", "figure", "unit", "raw", "ratio", "spread", "repeats", "raw is")
# Units in which less is better; in all others more is. Memory has its bound for a raw limit.
TIMES = frozenset({"ms", "MiB"})
LESS_IS_BETTER = TIMES | {"µs", "s", "times", "failed", "MB", "% wrong"}


@dataclass(frozen=True)
class Figure:
    """One benchmark's rounds: `ours` and `raw` in the same unit, taken in turn. beside: what the raw limit is."""

    name: str
    unit: str
    ours: Sequence[float]
    raw: Sequence[float]
    beside: str = ""
    notes: Sequence[str] = field(default=())

    @property
    def value(self) -> float:
        return median(self.ours)

    @property
    def limit(self) -> float:
        return median(self.raw)

    @property
    def ratio(self) -> float:
        """The share of the raw limit that is reached: 1 is the limit itself, more is better, in every unit."""
        part, whole = (self.limit, self.value) if self.unit in LESS_IS_BETTER else (self.value, self.limit)
        # What nothing is wrong with has reached a limit of nothing wrong.
        return part / whole if whole else 1.0

    @property
    def spread(self) -> float:
        """How far the rounds lie apart, as a share of their median: what the machine's noise makes of the figure."""
        return (max(self.ours) - min(self.ours)) / self.value if self.value else 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "raw": round(self.limit, 3),
            "ratio": round(self.ratio, 4),
            "repeats": len(self.ours),
        }

    def cells(self) -> tuple[str, ...]:
        spread, repeats = f"±{self.spread / 2:.0%}", str(len(self.ours))
        return (
            self.name, short(self.value), self.unit, short(self.limit), f"{self.ratio:.2f}", spread, repeats,
            self.beside,
        )  # fmt: skip


def short(value: float) -> str:
    """Three significant digits or all whole ones: 12345, 123, 12.3, 0.123."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def render_table(figures: Iterable[Figure]) -> str:
    """Columns as wide as their widest cell; numbers to the right."""
    rows = [HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(_line(row, widths) for row in rows)


def render_json(figures: Iterable[Figure]) -> str:
    return json.dumps([figure.as_json() for figure in figures], indent=2) + "\n"


def write_results(path: Path, figures: Iterable[Figure]) -> None:
    """Put these figures in place of those of their names, and leave the others.

    Replaced as a whole, so that an interrupted run leaves the results of the one before.
    """
    found = {result["name"]: result for result in json.loads(path.read_text(encoding="utf-8"))} if path.exists() else {}
    found |= {figure.name: figure.as_json() for figure in figures}
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(list(found.values()), indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    right = {1, 3, 4, 5, 6}
    cells = (
        cell.rjust(width) if column in right else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(cells).rstrip()

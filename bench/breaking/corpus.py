"""The corpus: seeded changes with their ground truth, and how many of them the contract check finds."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench.breaking.changes import Change
from bench.breaking.facade_changes import facade_changes
from bench.breaking.field_changes import field_changes
from bench.breaking.harmless_changes import harmless_changes
from bench.breaking.judge import judge
from bench.breaking.limit_changes import limit_changes
from bench.breaking.loss_changes import loss_changes
from bench.breaking.sdk_changes import sdk_changes
from bench.breaking.thing_changes import thing_changes
from bench.breaking.trials import PROVIDER, Outcome, in_turn, try_changes

SEED = 4
BREAKING, HARMLESS = 200, 100
# Tried together; their copies are deleted before the next ones are made.
TRIED_AT_ONCE = 20

Say = Callable[[str], None]


@dataclass(frozen=True)
class Case:
    """One change that breaks somebody, or nobody. named: whom the plan would name, with what it says first."""

    kind: str
    what: str
    broken: frozenset[str]
    named: dict[str, str]

    @property
    def missed(self) -> frozenset[str]:
        """Dependants whose tests fail and that the plan does not name."""
        return self.broken - set(self.named)

    @property
    def is_right(self) -> bool:
        """A breaking change is found when everybody it breaks is named; a harmless one when nobody is."""
        return not self.missed if self.broken else not self.named


@dataclass(frozen=True)
class Row:
    """A line of the table: of one kind."""

    kind: str
    cases: int
    right: int


def breaking_changes() -> list[Change]:
    """All there are, in one order for ever."""
    of_provider = (field_changes, limit_changes, thing_changes, loss_changes)
    return [*(change for changes in of_provider for change in changes(PROVIDER)), *sdk_changes(), *facade_changes()]


def collect(seed: int, breaking: int, harmless: int, folder: Path, say: Say = lambda text: None) -> list[Case]:
    """So many cases of each, if there are, all kinds in turn; drawn by the seed and confirmed by trials."""
    wanted = ((breaking_changes(), breaking, True), (list(harmless_changes(PROVIDER)), harmless, False))
    return [case for changes, count, breaks in wanted for case in _collect(changes, seed, count, breaks, folder, say)]


def _collect(changes: list[Change], seed: int, count: int, breaks: bool, folder: Path, say: Say) -> Iterator[Case]:
    random.Random(seed).shuffle(changes)
    tried = _try_all(in_turn(changes), folder, min(count, TRIED_AT_ONCE))
    confirmed = (outcome for outcome in tried if _is_case(outcome, breaks))
    for number, outcome in enumerate(islice(confirmed, count), 1):
        if number % 10 == 0:
            say(f"{number} of {count} {'breaking' if breaks else 'harmless'} changes")
        named = {name: findings[0].message for name, findings in judge(outcome).items()}
        yield Case(outcome.change.kind, outcome.change.what, frozenset(outcome.broken), named)


def _try_all(changes: Iterator[Change], folder: Path, at_once: int) -> Iterator[Outcome]:
    while chunk := list(islice(changes, at_once)):
        with tempfile.TemporaryDirectory(dir=folder) as copies:
            yield from try_changes(chunk, Path(copies))


def _is_case(outcome: Outcome, breaks: bool) -> bool:
    return outcome.is_breaking if breaks else outcome.is_harmless


def table(cases: Iterable[Case]) -> list[Row]:
    """By kind, in the order of the alphabet."""
    by_kind: dict[str, list[Case]] = {}
    for case in cases:
        by_kind.setdefault(case.kind, []).append(case)
    return [Row(kind, len(found), sum(case.is_right for case in found)) for kind, found in sorted(by_kind.items())]


def percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def render(cases: Sequence[Case]) -> str:
    """Both tables, and every case that is told wrongly."""
    breaking = [case for case in cases if case.broken]
    harmless = [case for case in cases if not case.broken]
    lines = []
    for title, chosen in (("breaking changes found", breaking), ("harmless changes left in peace", harmless)):
        rows = table(chosen)
        lines += [f"{title}: {sum(row.right for row in rows)} of {len(chosen)}", ""]
        lines += [f"  {row.kind:34} {row.right:4} of {row.cases:4}" for row in rows]
        lines += [*map(_tell, (case for case in chosen if not case.is_right)), ""]
    return "\n".join(lines)


def _tell(case: Case) -> str:
    if case.broken:
        return f"  missed: {case.what}: breaks {', '.join(sorted(case.missed))}"
    return f"  false alarm: {case.what}: {'; '.join(f'{name}: {text}' for name, text in sorted(case.named.items()))}"

"""Why nothing fits: the fewest reasons, none of which could be left out, and what would help."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from registry.resolver.fixes import Fix, find_fixes
from registry.resolver.models import Constraint, Requirement, Universe, fits
from registry.resolver.solver import solve
from sdk import errors


class NoSolution(errors.Conflict):
    """No versions of the applets go together: {because}. {fix}"""

    conflict: Conflict

    @classmethod
    def of(cls, conflict: Conflict) -> NoSolution:
        error = cls(because=conflict.because, fix=conflict.fix)
        error.conflict = conflict
        return error


@dataclass(frozen=True)
class Conflict:
    """reasons: without any single one there would be a solution; as one follows from the other. fixes: nearest first.

    because: the reasons in one sentence, without a full stop.
    """

    reasons: Sequence[Constraint]
    because: str
    fixes: Sequence[Fix]

    @property
    def names(self) -> frozenset[str]:
        """The applets that take part in it."""
        return frozenset(name for reason in self.reasons for name in names_in(reason))

    @property
    def fix(self) -> str:
        """The nearest fix, a sentence."""
        if not self.fixes:
            return ""
        nearest = self.fixes[0]
        rest = "" if nearest.is_enough else " (and more is in the way then)"
        return f"Nearest fix: {nearest.sentence}{rest}."


def explain(universe: Universe) -> Conflict:
    """Why this universe has no solution."""
    reasons = in_order_of_derivation(universe, smallest_conflict(universe))
    return Conflict(reasons, _tell(universe, reasons), find_fixes(universe, reasons))


def smallest_conflict(universe: Universe) -> Collection[Constraint]:
    """Constraints that cannot all hold, though all but any one of them can.

    Leaving out from the far end first, and from the near end first, finds two such sets; the smaller is told.
    """
    constraints = list(universe.constraints)
    found = (_shrink(universe, constraints), _shrink(universe, constraints[::-1]))
    return min(found, key=len)


def _shrink(universe: Universe, constraints: list[Constraint]) -> list[Constraint]:
    """Leave out half, then quarters, and in the end one by one, whatever is not needed for the conflict."""
    size = len(constraints)
    while size:
        start = len(constraints)
        while start > 0:
            start = max(0, start - size)
            rest = constraints[:start] + constraints[start + size :]
            if solve(universe, rest) is None:
                constraints = rest
        size //= 2
    return constraints


def in_order_of_derivation(universe: Universe, constraints: Collection[Constraint]) -> list[Constraint]:
    """What was asked for, then what follows from that, and from that in turn."""
    asked = [each for each in universe.roots if each in constraints]
    ordered: list[Constraint] = list(asked)
    names = [each.name for each in asked]
    for name in names:
        for each in universe.constraints:
            if parent_of(each) == name and each in constraints and each not in ordered:
                ordered.append(each)
                if isinstance(each, Requirement):
                    names.append(each.name)
    return ordered


def parent_of(constraint: Constraint) -> str | None:
    """The name of whose constraint it is; None if it was asked for."""
    if isinstance(constraint, Requirement):
        return constraint.parent.name if constraint.parent else None
    return constraint.candidate.name


def names_in(constraint: Constraint) -> Iterator[str]:
    parent = parent_of(constraint)
    if parent:
        yield parent
    if isinstance(constraint, Requirement):
        yield constraint.name


def _tell(universe: Universe, reasons: Sequence[Constraint]) -> str:
    said = [str(reason) + _what_is_here(universe, reason) for reason in reasons]
    return "because " + (f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else said[0])


def _what_is_here(universe: Universe, reason: Constraint) -> str:
    """Of a requirement that nothing here meets, what there is instead."""
    if not isinstance(reason, Requirement):
        return ""
    here = universe.candidates.get(reason.name, ())
    if not here:
        return f" (there is no {reason.name} here)"
    if any(fits(reason.range, candidate.version) for candidate in here):
        return ""
    return f" (here: {', '.join(sorted(str(candidate.version) for candidate in here))})"

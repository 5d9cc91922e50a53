"""The verb: resolve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from registry.resolver.conflict import NoSolution, explain
from registry.resolver.models import Candidate, Platform, Solution, Universe
from registry.resolver.solver import solve_best


def resolve(
    roots: Mapping[str, SpecifierSet],
    known: Mapping[str, Sequence[Candidate]],
    *,
    enabled: Mapping[str, Version] | None = None,
    platform: Platform | None = None,
) -> Solution:
    """The best set of versions in which the roots and all they require go together. The same arguments, the same set.

    roots: what is asked for, the most important first; what is enabled and shall stay belongs to them, with the
    range in which it may move (any: it stays unless it must move; `==` its version: it must not). known: every
    candidate here, by name, in any order. enabled: versions that run now; they are preferred. platform: the versions
    of SDK and kernel that candidates must run on; None: not looked at.

    Best is: the first root has the best version with which there is a solution; then the second; and so on, then
    what they require, level by level and by name. The better version of an applet is the enabled one, else the
    highest final release, else the highest pre-release.

    Raises NoSolution, whose `conflict` has the fewest reasons and the nearest fix, and ResolutionAbandoned.
    """
    universe = Universe.build(roots, known, enabled or {}, platform)
    found = solve_best(universe)
    if found is None:
        raise NoSolution.of(explain(universe))
    return Solution({candidate.name: candidate for candidate in _required_first(found)})


def _required_first(found: Mapping[str, Candidate]) -> list[Candidate]:
    """By name, after what each requires; where two require each other, the one met first comes last."""
    ordered: dict[str, Candidate] = {}
    visited: set[str] = set()

    def visit(name: str) -> None:
        if name in visited:
            return
        visited.add(name)
        for required in sorted(found[name].requires):
            visit(required)
        ordered[name] = found[name]

    for name in sorted(found):
        visit(name)
    return list(ordered.values())

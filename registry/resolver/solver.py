"""Finds versions that go together, with resolvelib: any, and then the best."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from kernel.lazy import LazyModule
from registry.resolver.models import Candidate, Constraint, Requirement, Unfitness, Universe, fits
from sdk.errors import LimitExceeded

resolvelib = LazyModule("resolvelib")
# Of one search. A tenant's applets take some dozens of steps; what takes more is a riddle somebody made up.
ROUNDS_MAX = 20_000


class ResolutionAbandoned(LimitExceeded):
    """No set of versions was found within {maximum} steps: ask for exact versions of some applets."""


class _Provider:
    """Answers resolvelib's questions about a universe of which only some constraints hold."""

    def __init__(self, universe: Universe, constraints: Collection[Constraint], pins: Mapping[str, Candidate]) -> None:
        unfit = {each.candidate for each in constraints if isinstance(each, Unfitness)}
        self._candidates = {
            name: [each for each in found if each not in unfit and pins.get(name, each) == each]
            for name, found in universe.candidates.items()
        }
        self._requires: dict[Candidate | None, list[Requirement]] = {}
        for constraint in constraints:
            if isinstance(constraint, Requirement):
                self._requires.setdefault(constraint.parent, []).append(constraint)
        self._order = {root.name: place for place, root in enumerate(universe.roots)}

    @property
    def roots(self) -> Sequence[Requirement]:
        return self._requires.get(None, [])

    def identify(self, requirement_or_candidate: Requirement | Candidate) -> str:
        return requirement_or_candidate.name

    def get_preference(self, identifier: str, *_: object, **__: object) -> tuple[int, str]:
        """Roots first, in their order: what was asked for decides over what that needs."""
        return self._order.get(identifier, len(self._order)), identifier

    def narrow_requirement_selection(self, identifiers: Iterable[str], **_: object) -> Iterable[str]:
        return identifiers

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Requirement]],
        incompatibilities: Mapping[str, Iterator[Candidate]],
    ) -> list[Candidate]:
        ranges = [requirement.range for requirement in requirements[identifier]]
        excluded = list(incompatibilities[identifier])
        return [
            candidate
            for candidate in self._candidates.get(identifier, ())
            if candidate not in excluded and all(fits(range, candidate.version) for range in ranges)
        ]

    def is_satisfied_by(self, requirement: Requirement, candidate: Candidate) -> bool:
        return fits(requirement.range, candidate.version)

    def get_dependencies(self, candidate: Candidate) -> Sequence[Requirement]:
        return self._requires.get(candidate, ())


def solve(
    universe: Universe, constraints: Collection[Constraint], pins: Mapping[str, Candidate] | None = None
) -> dict[str, Candidate] | None:
    """Some set of versions for which these constraints hold, with the pins as given; None where there is none.

    Raises ResolutionAbandoned.
    """
    provider = _Provider(universe, constraints, pins or {})
    try:
        result = resolvelib.Resolver(provider, resolvelib.BaseReporter()).resolve(provider.roots, ROUNDS_MAX)
    except resolvelib.ResolutionImpossible:
        return None
    except resolvelib.ResolutionTooDeep as error:
        raise ResolutionAbandoned(maximum=ROUNDS_MAX) from error
    return dict(result.mapping)


def solve_best(universe: Universe) -> dict[str, Candidate] | None:
    """The set in which each applet, roots first and then what they require, has the best version still possible."""
    found = solve(universe, universe.constraints)
    if found is None:
        return None
    pins: dict[str, Candidate] = {}
    names = [root.name for root in universe.roots]
    for name in names:
        if name in pins:
            continue
        # resolvelib jumps back over choices it holds to be innocent, so its first answer need not be the best.
        for better in _better(universe, name, found[name]):
            attempt = solve(universe, universe.constraints, {**pins, name: better})
            if attempt is not None:
                found = attempt
                break
        pins[name] = found[name]
        names += sorted(found[name].requires)
    return pins


def _better(universe: Universe, name: str, than: Candidate) -> Sequence[Candidate]:
    candidates = universe.candidates[name]
    return candidates[: candidates.index(than)]

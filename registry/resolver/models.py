"""What is resolved: candidates, what they require, and what they do not get along with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from packaging.specifiers import SpecifierSet
from packaging.version import Version

ANY = SpecifierSet()
FITS_REMEMBERED_MAX = 10_000


@dataclass(frozen=True)
class Candidate:
    """One version of an applet that could be taken. requires: other applets by name; sdk, kernel: ranges it runs on."""

    name: str
    version: Version
    requires: Mapping[str, SpecifierSet] = field(default_factory=dict, compare=False)
    sdk: SpecifierSet = field(default=ANY, compare=False)
    kernel: SpecifierSet = field(default=ANY, compare=False)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Platform:
    """The versions everything is to run on."""

    sdk: Version
    kernel: Version


@dataclass(frozen=True)
class Requirement:
    """`parent` requires `name` in `range`; where there is no parent, it was asked for."""

    name: str
    range: SpecifierSet
    parent: Candidate | None = None

    def __str__(self) -> str:
        wanted = f"{self.name} {shown(self.range)}".strip()
        return f"{self.parent} requires {wanted}" if self.parent else f"{wanted} is asked for"


@dataclass(frozen=True)
class Unfitness:
    """`candidate` does not run on this platform: `what` (sdk or kernel) is `present`, which is not in `range`."""

    candidate: Candidate
    what: str
    range: SpecifierSet
    present: Version

    def __str__(self) -> str:
        return f"{self.candidate} requires {self.what} {shown(self.range)} and this is {self.what} {self.present}"


Constraint = Requirement | Unfitness


@dataclass(frozen=True)
class Solution:
    """What to take of each applet, those required before those that require them."""

    candidates: Mapping[str, Candidate]

    @property
    def versions(self) -> Mapping[str, Version]:
        return {name: candidate.version for name, candidate in self.candidates.items()}


@dataclass(frozen=True)
class Universe:
    """Everything to choose from. candidates: by name, the preferred first."""

    roots: tuple[Requirement, ...]
    candidates: Mapping[str, Sequence[Candidate]]
    constraints: tuple[Constraint, ...]

    @classmethod
    def build(
        cls,
        roots: Mapping[str, SpecifierSet],
        known: Mapping[str, Sequence[Candidate]],
        enabled: Mapping[str, Version],
        platform: Platform | None,
    ) -> Universe:
        """Sorted by preference, and reduced to what the roots can lead to."""
        asked = tuple(Requirement(name, range) for name, range in roots.items())
        candidates: dict[str, Sequence[Candidate]] = {}
        constraints: list[Constraint] = list(asked)
        reached = list(roots)
        for name in reached:
            if name in candidates:
                continue
            candidates[name] = sorted(known.get(name, ()), key=lambda each: _rank(each, enabled.get(each.name)))
            for candidate in candidates[name]:
                found: list[Constraint] = [*unfitness(candidate, platform), *requirements(candidate)]
                constraints += found
                reached += [each.name for each in found if isinstance(each, Requirement)]
        return cls(asked, candidates, tuple(constraints))


def requirements(candidate: Candidate) -> list[Requirement]:
    """What it requires of other applets, by name."""
    return [Requirement(name, candidate.requires[name], candidate) for name in sorted(candidate.requires)]


def unfitness(candidate: Candidate, platform: Platform | None) -> list[Unfitness]:
    """Why it does not run on this platform; where there is none to look at, it does."""
    if platform is None:
        return []
    present = (("sdk", candidate.sdk, platform.sdk), ("kernel", candidate.kernel, platform.kernel))
    return [Unfitness(candidate, *each) for each in present if not fits(each[1], each[2])]


@lru_cache(FITS_REMEMBERED_MAX)
def fits(range: SpecifierSet, version: Version) -> bool:
    """A pre-release counts as what it is: whoever installed it, wants it."""
    return range.contains(version, prereleases=True)


def shown(range: SpecifierSet) -> str:
    """As people write it: the lower bound first."""
    return ",".join(sorted(map(str, range), key=lambda each: (each.startswith("<"), each)))


def _rank(candidate: Candidate, enabled: Version | None) -> tuple[bool, bool, _Descending]:
    """What is enabled first, final releases before pre-releases, the highest first."""
    return candidate.version != enabled, candidate.version.is_prerelease, _Descending(candidate.version)


@dataclass(frozen=True)
class _Descending:
    version: Version

    def __lt__(self, other: _Descending) -> bool:
        return self.version > other.version

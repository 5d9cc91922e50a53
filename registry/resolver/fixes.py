"""What single change would make a conflict go away. Every fix told has been tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from registry.resolver.models import ANY, Candidate, Constraint, Requirement, Unfitness, Universe, fits, shown
from registry.resolver.solver import solve

# Beside the versions that ranges name, so that there is one to try within any range: below the next major, say.
STEPS = ((0, 0, 1), (0, 1, 0), (1, 0, 0))
HIGHEST_PART = 9_999


class FixKind(StrEnum):
    """The nearest first: one command; something to get; something to write; something to do without."""

    VERSION = "version"
    MISSING = "missing"
    RELEASE = "release"
    PLATFORM = "platform"
    DROP = "drop"


@dataclass(frozen=True)
class Fix:
    """What to change about one applet, and that alone.

    version: take this one, which is here (`version`), or an example of one that would do and is not here (`missing`,
    `release`). sentence: without a full stop. is_enough: whether there is a solution then; else another conflict
    follows.
    """

    kind: FixKind
    applet: str
    sentence: str
    version: Version | None = None
    is_enough: bool = True


def find_fixes(universe: Universe, reasons: Sequence[Constraint]) -> tuple[Fix, ...]:
    """Changes each of which gives a solution, the nearest first. Where none does, those that end this conflict."""
    found = _find(universe, reasons)
    if not found:
        alone = replace(universe, constraints=tuple(reasons))
        found = [replace(fix, is_enough=False) for fix in _find(alone, reasons)]
    order = list(FixKind)
    return tuple(sorted(found, key=lambda fix: order.index(fix.kind)))


def _find(universe: Universe, reasons: Sequence[Constraint]) -> list[Fix]:
    return [
        *_other_versions(universe, reasons),
        *_releases(universe, reasons),
        *_platforms(universe, reasons),
        *_drops(universe, reasons),
    ]


def _other_versions(universe: Universe, reasons: Sequence[Constraint]) -> Iterator[Fix]:
    """Another version of a root. What matters most comes first among the roots, so it is given up last."""
    for root in reversed(_roots(reasons)):
        rest = [each for each in universe.constraints if each != root]
        for candidate in universe.candidates[root.name]:
            asked = Requirement(root.name, SpecifierSet(f"=={candidate.version}"))
            if not fits(root.range, candidate.version) and solve(universe, [asked, *rest], {root.name: candidate}):
                sentence = f"take {candidate} (asked for: {shown(root.range)})"
                yield Fix(FixKind.VERSION, root.name, sentence, candidate.version)
                break


def _releases(universe: Universe, reasons: Sequence[Constraint]) -> Iterator[Fix]:
    """A version that is not here: of what is required, or of what requires."""
    for name in dict.fromkeys(name for reason in reasons for name in _concerned(reason)):
        for version in _imaginable(universe, name):
            imagined = Candidate(name, version)
            wider = replace(universe, candidates={**universe.candidates, name: [imagined]})
            found = solve(wider, universe.constraints)
            if found is not None:
                yield _tell_release(universe, reasons, imagined, found)
                break


def _tell_release(
    universe: Universe, reasons: Sequence[Constraint], imagined: Candidate, found: Mapping[str, Candidate]
) -> Fix:
    name = imagined.name
    ranges = [each.range for each in reasons if isinstance(each, Requirement) and each.name == name]
    wanted = f"{name} {shown(_together(ranges))}".strip()
    if not universe.candidates.get(name):
        return Fix(FixKind.MISSING, name, f"install {wanted}, which is not here", imagined.version)
    requires = [each for each in reasons if isinstance(each, Requirement) and each.parent and each.parent.name == name]
    others = dict.fromkeys(
        f"works with {found[each.name]}"
        if each.name in found
        else f"does not require {each.name} {shown(each.range)}".strip()
        for each in requires
    )
    purpose = f" that {' and '.join(others)}" if others else ""
    return Fix(FixKind.RELEASE, name, f"a release of {wanted}{purpose}; none is here", imagined.version)


def _platforms(universe: Universe, reasons: Sequence[Constraint]) -> Iterator[Fix]:
    for reason in reasons:
        if isinstance(reason, Unfitness) and _holds_without(universe, reason):
            sentence = f"run {reason.candidate} on {reason.what} {shown(reason.range)}"
            yield Fix(FixKind.PLATFORM, reason.candidate.name, sentence)


def _drops(universe: Universe, reasons: Sequence[Constraint]) -> Iterator[Fix]:
    for root in reversed(_roots(reasons)):
        if _holds_without(universe, root):
            yield Fix(FixKind.DROP, root.name, f"do without {root.name}")


def _holds_without(universe: Universe, constraint: Constraint) -> bool:
    return solve(universe, [each for each in universe.constraints if each != constraint]) is not None


def _roots(reasons: Sequence[Constraint]) -> list[Requirement]:
    return [each for each in reasons if isinstance(each, Requirement) and each.parent is None]


def _concerned(reason: Constraint) -> Iterator[str]:
    if isinstance(reason, Unfitness):
        yield reason.candidate.name
        return
    yield reason.name
    if reason.parent:
        yield reason.parent.name


def _imaginable(universe: Universe, name: str) -> list[Version]:
    """Versions that are not here, one at least within every set of ranges that has any; the highest first."""
    here = {candidate.version for candidate in universe.candidates.get(name, ())}
    ranges = {each.range for each in universe.constraints if isinstance(each, Requirement) and each.name == name}
    named = {Version(each.version.removesuffix(".*")) for range in ranges for each in range} | here | {Version("1")}
    around = {near for version in named for near in _around(version)}
    return sorted(around - here, reverse=True)


def _around(version: Version) -> Iterator[Version]:
    release = (version.major, version.minor, version.micro)
    yield version
    for step in STEPS:
        yield Version(".".join(str(part + more) for part, more in zip(release, step, strict=True)))
    # Just below it.
    major, minor, micro = release
    if micro:
        yield Version(f"{major}.{minor}.{micro - 1}")
    if minor:
        yield Version(f"{major}.{minor - 1}.{HIGHEST_PART}")
    if major:
        yield Version(f"{major - 1}.{HIGHEST_PART}.{HIGHEST_PART}")


def _together(ranges: Sequence[SpecifierSet]) -> SpecifierSet:
    together = ANY
    for range in ranges:
        together &= range
    return together

"""Small universes, and the answer by trying everything."""

import itertools

from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from registry.resolver import Candidate, Platform
from registry.resolver.models import Universe, unfitness

PLATFORM = Platform(Version("1.0"), Version("1.0"))
RANGES = ("", ">=2", "<2", "==1.0", ">=1,<3", "!=2.0", ">=9")
PLATFORM_RANGES = ("", "", "", "<2", ">=2")


def candidate(text, *requires, sdk="", kernel=""):
    """`candidate("shop 1.0", "till >=2")`."""
    name, version = text.split()
    wanted = dict([*each.split(maxsplit=1), ""][:2] for each in requires)
    ranges = {other: SpecifierSet(range) for other, range in wanted.items()}
    return Candidate(name, Version(version), ranges, SpecifierSet(sdk), SpecifierSet(kernel))


def by_name(*candidates):
    known = {}
    for each in candidates:
        known.setdefault(each.name, []).append(each)
    return known


def asked(*roots):
    wanted = (f"{root} ".split(" ", 1) for root in roots)
    return {name: SpecifierSet(range.strip()) for name, range in wanted}


@st.composite
def universes(draw):
    """(roots, known, enabled) of up to four applets in up to three versions."""
    names = ("a", "b", "c", "d")[: draw(st.integers(2, 4))]
    known = {}
    for name in names:
        versions = draw(st.lists(st.sampled_from(("1.0", "2.0", "3.0", "4.0b1")), max_size=3, unique=True))
        others = st.sampled_from([other for other in names if other != name])
        known[name] = [
            candidate(
                f"{name} {version}",
                *(f"{other} {draw(st.sampled_from(RANGES))}" for other in draw(st.sets(others, max_size=2))),
                sdk=draw(st.sampled_from(PLATFORM_RANGES)),
            )
            for version in versions
        ]
    wanted = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    roots = {name: SpecifierSet(draw(st.sampled_from(RANGES))) for name in wanted}
    enabled = {
        name: draw(st.sampled_from(found)).version for name, found in known.items() if found and draw(st.booleans())
    }
    return roots, known, enabled


def every_solution(roots, known, platform=PLATFORM):
    """All sets in which everything fits and nothing is that nobody asked for."""
    choices = [[None, *found] for found in known.values()]
    for choice in itertools.product(*choices):
        taken = {each.name: each for each in choice if each}
        if _fits(roots, taken, platform) and set(taken) == set(_reached(roots, taken)):
            yield taken


def _fits(roots, taken, platform):
    wanted = [*roots.items(), *(each for one in taken.values() for each in one.requires.items())]
    return all(name in taken and range.contains(taken[name].version, prereleases=True) for name, range in wanted) and (
        not any(unfitness(each, platform) for each in taken.values())
    )


def _reached(roots, taken):
    reached = list(roots)
    for name in reached:
        reached += [other for other in sorted(taken[name].requires) if other not in reached]
    return reached


def best(roots, known, enabled):
    """Of all solutions the one that the documented order prefers; None where there is none."""
    ranked = Universe.build(roots, known, enabled, PLATFORM).candidates

    def rank(taken):
        return [ranked[name].index(taken[name]) for name in _reached(roots, taken)]

    return min(every_solution(roots, known), key=rank, default=None)

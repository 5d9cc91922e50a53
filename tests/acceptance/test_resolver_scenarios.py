"""The resolver on the scenarios that dependency solvers are compared by."""

import itertools

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from registry.resolver import Candidate, NoSolution, Requirement, resolve
from tests.acceptance.installation import as_json

# What takes part in each conflict: the issue of the scenario, told by hand.
CONFLICTS = {
    "linear-error": {"foo", "bar", "baz"},
    "branching-error": {"foo", "a", "b", "x", "y"},
    "missing-package": {"foo", "ghost"},
}
# Read when the tests run, since the data may be missing; so each scenario is named here.
SOLVABLE = (
    "no-conflicts", "avoid-conflict-in-decision", "conflict-resolution", "partial-satisfier", "cycle-ok", "diamond",
    "backtrack-deep",
)  # fmt: skip


@pytest.fixture(scope="module")
def scenarios():
    found = as_json("conformance/resolver_scenarios.json")["scenarios"]
    return {scenario["name"]: scenario for scenario in found}


def as_range(text):
    """Of the scenarios' syntax: `^1.2.3` is any version of the same major from there."""
    if text == "*":
        return SpecifierSet()
    if text.startswith("^"):
        lowest = Version(text[1:])
        return SpecifierSet(f">={lowest},<{lowest.major + 1}")
    return SpecifierSet(text)


def as_ranges(texts):
    return {name: as_range(text) for name, text in texts.items()}


def read(scenario, without=frozenset()):
    """Roots and candidates, but for those constraints: (name, version) or None of who requires, and what."""
    root = {name: text for name, text in scenario["root"].items() if (None, name) not in without}
    known = {
        name: [
            Candidate(
                name,
                Version(version),
                as_ranges({other: text for other, text in requires.items() if ((name, version), other) not in without}),
            )
            for version, requires in versions.items()
        ]
        for name, versions in scenario["packages"].items()
    }
    return as_ranges(root), known


def as_key(reason):
    assert isinstance(reason, Requirement)
    return (reason.parent and (reason.parent.name, str(reason.parent.version)), reason.name)


def test_every_scenario_is_looked_at(scenarios):
    assert set(scenarios) == {*SOLVABLE, *CONFLICTS}
    assert {name for name, scenario in scenarios.items() if scenario["solution"] is None} == set(CONFLICTS)


@pytest.mark.parametrize("name", SOLVABLE)
def test_the_solution_is_the_expected_one(scenarios, name):
    solution = resolve(*read(scenarios[name]))
    assert {name: str(version) for name, version in solution.versions.items()} == scenarios[name]["solution"]


@pytest.mark.parametrize("name", CONFLICTS)
def test_the_refusal_names_the_smallest_conflicting_set(scenarios, name):
    scenario = scenarios[name]
    with pytest.raises(NoSolution) as refused:
        resolve(*read(scenario))
    conflict = refused.value.conflict
    assert conflict.names == CONFLICTS[name]
    named = {as_key(reason) for reason in conflict.reasons}
    everything = {(None, root) for root in scenario["root"]} | {
        ((package, version), required)
        for package, versions in scenario["packages"].items()
        for version, requires in versions.items()
        for required in requires
    }
    # The set alone has no solution; without any one of its members it has.
    with pytest.raises(NoSolution):
        resolve(*read(scenario, everything - named))
    for left_out in named:
        resolve(*read(scenario, (everything - named) | {left_out}))
    # Nor is there a smaller one anywhere, with as many members or fewer.
    for count in range(len(named)):
        for smaller in itertools.combinations(sorted(everything, key=str), count):
            resolve(*read(scenario, everything - set(smaller)))
    assert all(name in refused.value.message for name in CONFLICTS[name])


def test_the_linear_refusal_reads_as_a_derivation(scenarios):
    with pytest.raises(NoSolution) as refused:
        resolve(*read(scenarios["linear-error"]))
    assert refused.value.message == (
        "No versions of the applets go together: because foo >=1.0.0,<2 is asked for, baz >=1.0.0,<2 is asked for, "
        "foo 1.0.0 requires bar >=2.0.0,<3 and bar 2.0.0 requires baz >=3.0.0,<4. "
        "Nearest fix: take baz 3.0.0 (asked for: >=1.0.0,<2)."
    )

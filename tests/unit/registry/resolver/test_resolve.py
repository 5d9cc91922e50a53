"""Which versions go together."""

import pytest
from hypothesis import given, settings
from packaging.version import Version

from registry.resolver import NoSolution, Platform, resolve, solver
from registry.resolver.solver import ResolutionAbandoned

from .universes import PLATFORM, asked, best, by_name, candidate, universes


def versions(roots, *candidates, **options):
    solution = resolve(roots, by_name(*candidates), **options)
    return {name: str(version) for name, version in solution.versions.items()}


def test_the_highest_version_is_taken():
    assert versions(asked("shop"), candidate("shop 1.9"), candidate("shop 1.10")) == {"shop": "1.10"}


def test_a_final_release_is_taken_before_a_higher_prerelease():
    assert versions(asked("shop"), candidate("shop 1.0"), candidate("shop 2.0rc1")) == {"shop": "1.0"}


def test_a_prerelease_is_taken_where_there_is_nothing_else():
    assert versions(asked("shop >=2.0rc1"), candidate("shop 1.0"), candidate("shop 2.0rc1")) == {"shop": "2.0rc1"}


def test_what_is_enabled_stays_although_there_is_a_higher_version():
    found = versions(
        asked("shop", "till"),
        candidate("shop 1.0"), candidate("till 1.0"), candidate("till 2.0"),
        enabled={"till": Version("1.0")},
    )  # fmt: skip
    assert found == {"shop": "1.0", "till": "1.0"}


def test_what_is_enabled_moves_when_it_must():
    found = versions(
        asked("shop ==2.0", "till"),
        candidate("shop 2.0", "till >=2"), candidate("till 1.0"), candidate("till 2.0"),
        enabled={"till": Version("1.0")},
    )  # fmt: skip
    assert found == {"shop": "2.0", "till": "2.0"}


@pytest.mark.parametrize(("order", "expected"), [(("a", "b"), ("2.0", "1.0")), (("b", "a"), ("1.0", "2.0"))])
def test_the_first_root_is_served_first(order, expected):
    found = versions(
        asked(*order),
        candidate("a 1.0"), candidate("a 2.0", "b <2"), candidate("b 1.0"), candidate("b 2.0", "a <2"),
    )  # fmt: skip
    assert (found["a"], found["b"]) == expected


def test_a_version_that_does_not_run_on_this_platform_is_passed_over():
    found = versions(
        asked("shop"),
        candidate("shop 1.0"), candidate("shop 2.0", sdk=">=2"), candidate("shop 3.0", kernel="<1"),
        platform=PLATFORM,
    )  # fmt: skip
    assert found == {"shop": "1.0"}


def test_without_a_platform_its_ranges_are_not_looked_at():
    assert versions(asked("shop"), candidate("shop 2.0", sdk=">=2")) == {"shop": "2.0"}


def test_a_prerelease_of_the_platform_counts_as_what_it_is():
    platform = Platform(Version("2.0rc1"), Version("1.0"))
    assert versions(asked("shop"), candidate("shop 1.0", sdk=">=2.0rc1"), platform=platform) == {"shop": "1.0"}


def test_what_is_required_stands_before_what_requires_it():
    solution = resolve(
        asked("a"), by_name(candidate("a 1.0", "b", "d"), candidate("b 1.0", "c"), candidate("c 1.0"), candidate("d 1"))
    )
    assert list(solution.versions) == ["c", "b", "d", "a"]


def test_two_that_require_each_other_have_an_order_too():
    solution = resolve(asked("a"), by_name(candidate("a 1.0", "b"), candidate("b 1.0", "a")))
    assert list(solution.versions) == ["b", "a"]


def test_what_nobody_needs_is_not_taken():
    assert versions(asked("shop"), candidate("shop 1.0"), candidate("till 1.0")) == {"shop": "1.0"}


def test_nothing_asked_for_is_nothing_taken():
    assert versions({}, candidate("shop 1.0")) == {}


def test_a_search_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(solver, "ROUNDS_MAX", 2)
    with pytest.raises(ResolutionAbandoned) as refused:
        versions(asked("a", "b", "c"), candidate("a 1.0"), candidate("b 1.0"), candidate("c 1.0"))
    assert refused.value.code == "resolution_abandoned"


def test_a_hundred_applets_in_ten_versions_are_resolved():
    candidates = [
        candidate(f"a{number} {version}.0", *([f"a{number + 1} >={version}"] if number < 99 else []))
        for number in range(100)
        for version in range(1, 11)
    ]
    found = versions(asked("a0 <8"), *candidates)
    assert found["a0"] == "7.0"
    assert found["a99"] == "10.0"


@settings(max_examples=300, deadline=None)
@given(universes())
def test_the_answer_is_the_best_of_all_that_could_be_tried(universe):
    roots, known, enabled = universe
    expected = best(roots, known, enabled)
    try:
        found = resolve(roots, known, enabled=enabled, platform=PLATFORM).candidates
    except NoSolution:
        assert expected is None
    else:
        assert found == expected

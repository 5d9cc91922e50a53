"""Why nothing goes together, and what would help."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from packaging.specifiers import SpecifierSet

from registry.resolver import Candidate, NoSolution, resolve
from registry.resolver.fixes import FixKind
from registry.resolver.models import Requirement, Universe
from registry.resolver.solver import solve

from .universes import PLATFORM, asked, by_name, candidate, every_solution, universes


def conflict(roots, *candidates, **options):
    with pytest.raises(NoSolution) as refused:
        resolve(roots, by_name(*candidates), **options)
    assert refused.value.code == "no_solution"
    assert refused.value.conflict.because in refused.value.message
    return refused.value.conflict


def test_two_that_need_different_versions_are_told_with_their_ranges():
    found = conflict(
        asked("a", "c"),
        candidate("a 2.0", "b >=2"), candidate("c 1.0", "b <2"), candidate("b 1.0"), candidate("b 2.0"),
        candidate("unrelated 1.0"),
    )  # fmt: skip
    assert found.because == ("because a is asked for, c is asked for, a 2.0 requires b >=2 and c 1.0 requires b <2")
    assert found.names == {"a", "b", "c"}


def test_another_version_of_what_matters_less_is_the_nearest_fix():
    found = conflict(
        asked("receivables ==2.0", "custom ==1.0"),
        candidate("receivables 1.0"), candidate("receivables 2.0"),
        candidate("custom 1.0", "receivables <2"), candidate("custom 2.0", "receivables >=2"),
    )  # fmt: skip
    assert found.fix == "Nearest fix: take custom 2.0 (asked for: ==1.0)."
    assert [(fix.kind, fix.applet, str(fix.version)) for fix in found.fixes[:2]] == [
        (FixKind.VERSION, "custom", "2.0"),
        (FixKind.VERSION, "receivables", "1.0"),
    ]


def test_what_is_not_here_is_told_and_to_be_installed():
    found = conflict(asked("shop"), candidate("shop 1.0", "till >=2"))
    assert found.because == "because shop is asked for and shop 1.0 requires till >=2 (there is no till here)"
    assert found.fix == "Nearest fix: install till >=2, which is not here."


def test_versions_that_are_here_are_told_where_none_is_in_range():
    found = conflict(asked("till >=3"), candidate("till 1.0"), candidate("till 2.0"))
    assert found.because == "because till >=3 is asked for (here: 1.0, 2.0)"
    assert found.fix == "Nearest fix: take till 2.0 (asked for: >=3)."


def test_a_release_that_would_have_to_be_written_is_told_with_what_it_must_work_with():
    found = conflict(
        asked("receivables", "custom"), candidate("receivables 2.0"), candidate("custom 1.0", "receivables <2")
    )
    (fix,) = [fix for fix in found.fixes if fix.applet == "custom" and fix.kind is FixKind.RELEASE]
    assert fix.sentence == "a release of custom that works with receivables 2.0; none is here"


def test_a_platform_too_old_is_a_reason_with_its_fix():
    found = conflict(asked("shop"), candidate("shop 1.0", sdk=">=2"), platform=PLATFORM)
    assert found.because == "because shop is asked for and shop 1.0 requires sdk >=2 and this is sdk 1.0"
    assert "run shop 1.0 on sdk >=2" in {fix.sentence for fix in found.fixes}


def test_doing_without_is_the_last_resort():
    found = conflict(asked("a", "b"), candidate("a 1.0", "b <1"), candidate("b 1.0"))
    # Without b, a would still require it.
    assert [fix.sentence for fix in found.fixes if fix.kind is FixKind.DROP] == ["do without a"]
    assert found.fixes[-1].kind is FixKind.DROP


def test_where_there_are_two_conflicts_the_fix_of_one_says_that_more_is_in_the_way():
    found = conflict(asked("a", "b"), candidate("a 1.0", "x >=2"), candidate("b 1.0", "y >=2"))
    assert {str(reason) for reason in found.reasons} == {"a is asked for", "a 1.0 requires x >=2"}
    assert found.fix == "Nearest fix: install x >=2, which is not here (and more is in the way then)."


def test_the_smaller_of_two_conflicts_is_told():
    found = conflict(
        asked("a", "z"),
        candidate("a 1.0", "b"), candidate("b 1.0", "c"), candidate("c 1.0", "d >=2"), candidate("d 1.0"),
        candidate("z 1.0", "missing"),
    )  # fmt: skip
    assert [str(reason) for reason in found.reasons] == ["z is asked for", "z 1.0 requires missing"]


def test_the_same_question_has_the_same_answer():
    candidates = (candidate("a 1.0", "b >=2", "c <1"), candidate("b 1.0"), candidate("c 1.0"))
    first, second = conflict(asked("a"), *candidates), conflict(asked("a"), *reversed(candidates))
    assert first == second


@settings(max_examples=200, deadline=None)
@given(universes())
def test_no_reason_could_be_left_out_and_every_fix_is_one(universe):
    roots, known, enabled = universe
    try:
        resolve(roots, known, enabled=enabled, platform=PLATFORM)
    except NoSolution as refused:
        found = refused.conflict
    else:
        assume(False)
    whole = Universe.build(roots, known, enabled, PLATFORM)
    assert solve(whole, found.reasons) is None
    for left_out in found.reasons:
        assert solve(whole, [each for each in found.reasons if each != left_out]) is not None
    assert found.fixes, found.because
    for fix in found.fixes:
        assert _helps(fix, roots, known) is fix.is_enough, fix


def _helps(fix, roots, known):
    """Whether what the fix says leads to a solution, by trying everything."""
    if fix.kind is FixKind.DROP:
        roots = {name: range for name, range in roots.items() if name != fix.applet}
    elif fix.kind is FixKind.VERSION:
        roots = {**roots, fix.applet: SpecifierSet(f"=={fix.version}")}
    elif fix.kind is FixKind.PLATFORM:
        known = {**known, fix.applet: [replace(each, sdk=SpecifierSet()) for each in known[fix.applet]]}
    else:
        known = {**known, fix.applet: [*known[fix.applet], Candidate(fix.applet, fix.version)]}
    return next(every_solution(roots, known), None) is not None


def test_a_reason_is_a_sentence():
    assert str(Requirement("shop", SpecifierSet("<3,>=2"))) == "shop >=2,<3 is asked for"
    assert str(Requirement("till", SpecifierSet(), candidate("shop 1.0"))) == "shop 1.0 requires till"

"""Breaking changes are found before they break anybody, and harmless ones are left in peace.

The truth is what the dependants' own tests say when they are run beside the change; see bench/breaking.
"""

import pytest

from bench.breaking.changes import Change
from bench.breaking.corpus import BREAKING, HARMLESS, SEED, collect, percent, render
from bench.breaking.trials import DEPENDANTS, PROVIDER, try_changes

FEW_BREAKING, FEW_HARMLESS = 12, 6
FOUND_PERCENT_MIN = 98
FALSE_ALARMS_PERCENT_MAX = 5


def test_unchanged_nobody_is_broken(tmp_path):
    (outcome,) = try_changes([Change("none", "nothing is changed", "rental", lambda folders: None)], tmp_path)
    assert (outcome.fault, outcome.broken, outcome.unclear) == ("", {}, {})
    assert len(DEPENDANTS) >= 13
    assert PROVIDER.name == "rental"


def test_a_few_changes_of_many_kinds_are_told_rightly(tmp_path):
    cases = collect(SEED, FEW_BREAKING, FEW_HARMLESS, tmp_path)
    assert len(cases) == FEW_BREAKING + FEW_HARMLESS
    assert len({case.kind for case in cases}) >= 14
    assert all(case.is_right for case in cases), render(cases)


@pytest.mark.slow
def test_nearly_all_breaking_changes_are_found_and_hardly_any_harmless_one_is_blamed(tmp_path):
    cases = collect(SEED, BREAKING, HARMLESS, tmp_path)
    broken = [case for case in cases if case.broken]
    harmless = [case for case in cases if not case.broken]
    assert (len(broken), len(harmless)) == (BREAKING, HARMLESS)
    assert percent(sum(case.is_right for case in broken), BREAKING) >= FOUND_PERCENT_MIN, render(cases)
    assert percent(sum(not case.is_right for case in harmless), HARMLESS) < FALSE_ALARMS_PERCENT_MAX, render(cases)

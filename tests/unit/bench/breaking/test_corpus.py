"""The corpus draws its cases by a seed and tells them by kind."""

import random

from bench.breaking.changes import Change
from bench.breaking.corpus import Case, Row, breaking_changes, percent, render, table
from bench.breaking.harmless_changes import harmless_changes
from bench.breaking.trials import DEPENDANTS, PROVIDER, Outcome, in_turn
from sdk.applet import Applet

FOUND = Case("field removed", "a.b.c is removed", frozenset({"x"}), {"x": "it reads a.b.c"})
MISSED = Case("field removed", "a.b.d is removed", frozenset({"x", "y"}), {"x": "it reads a.b.d"})
QUIET = Case("title changed", "a.b has another title", frozenset(), {})
ALARM = Case("title changed", "a.c has another title", frozenset(), {"y": "it reads a.c"})


def change(kind, what):
    return Change(kind, what, "rental", lambda folders: None)


def test_a_breaking_change_is_found_when_everybody_it_breaks_is_named():
    assert (FOUND.is_right, MISSED.is_right) == (True, False)
    assert MISSED.missed == {"y"}


def test_naming_somebody_for_a_harmless_change_is_a_false_alarm():
    assert (QUIET.is_right, ALARM.is_right) == (True, False)


def test_the_table_counts_by_kind():
    assert table([MISSED, QUIET, FOUND]) == [Row("field removed", 2, 1), Row("title changed", 1, 1)]


def test_what_is_told_wrongly_is_told():
    lines = render([FOUND, MISSED, QUIET, ALARM]).splitlines()
    assert lines[0] == "breaking changes found: 1 of 2"
    assert "  missed: a.b.d is removed: breaks y" in lines
    assert "harmless changes left in peace: 1 of 2" in lines
    assert "  false alarm: a.c has another title: y: it reads a.c" in lines


def test_a_share_of_nothing_is_nothing():
    assert (percent(3, 4), percent(0, 0)) == (75.0, 0.0)


def test_kinds_take_turns():
    changes = [change("a", "1"), change("a", "2"), change("b", "3"), change("c", "4"), change("b", "5")]
    assert [each.what for each in in_turn(changes)] == ["1", "3", "4", "2", "5"]


def test_an_outcome_is_breaking_harmless_or_neither():
    def outcome(**found):
        return Outcome(change("a", "1"), None, **found)

    assert outcome(broken={"x": "test: KeyError"}).is_breaking
    assert outcome().is_harmless
    for neither in (outcome(fault="it does not load", broken={"x": "y"}), outcome(unclear={"x": "y"})):
        assert not neither.is_breaking
        assert not neither.is_harmless


def test_there_are_changes_of_many_kinds_each_said_once():
    found, peaceful = breaking_changes(), list(harmless_changes(PROVIDER))
    assert len({each.kind for each in found}) >= 20
    assert len(found) >= 400
    assert len({each.kind for each in peaceful}) >= 15
    assert len(peaceful) >= 110
    for changes in (found, peaceful):
        assert len({each.what for each in changes}) == len(changes)


def test_the_same_seed_draws_the_same_changes():
    first, second = breaking_changes(), breaking_changes()
    random.Random(4).shuffle(first)
    random.Random(4).shuffle(second)
    assert [each.what for each in first] == [each.what for each in second]


def test_every_applet_of_the_world_can_be_loaded_and_fits_by_its_ranges():
    provider = Applet.load(PROVIDER)
    assert len(DEPENDANTS) >= 13
    for folder in DEPENDANTS.values():
        requires = Applet.load(folder).manifest.requires.applets
        assert requires["rental"].contains(provider.manifest.version)
        assert requires["rental"].contains("9.0")

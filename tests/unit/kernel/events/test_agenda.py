"""When the worker looks at whom."""

from kernel.events.agenda import Agenda


def test_who_is_due_comes_longest_due_first_and_is_taken_once():
    agenda = Agenda()
    agenda.add("late", 3.0)
    agenda.add("first", 1.0)
    agenda.add("future", 9.0)
    assert agenda.take_due(5.0) == ["first", "late"]
    assert agenda.take_due(5.0) == []
    assert agenda.take_due(9.0) == ["future"]


def test_an_earlier_moment_wins():
    agenda = Agenda()
    agenda.add("a", 5.0)
    agenda.add("a", 2.0)
    agenda.add("a", 8.0)
    assert agenda.take_due(2.0) == ["a"]


def test_the_pause_lasts_until_the_next_is_due():
    agenda = Agenda()
    assert agenda.pause(0.0, 5.0) == 5.0
    agenda.add_all(["a", "b"], 3.0)
    assert agenda.pause(1.0, 5.0) == 2.0
    assert agenda.pause(1.0, 0.5) == 0.5
    assert agenda.pause(7.0, 5.0) == 0.0

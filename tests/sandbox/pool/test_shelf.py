"""Idle workers, by key and in the order of their use."""

from sandbox.pool.held import Held, Key
from sandbox.pool.shelf import Shelf

ONE, OTHER = Key("t1", "a", "1", "x"), Key("t2", "a", "1", "x")


def filled(*keys):
    shelf = Shelf()
    held = [Held(key) for key in keys]
    for each in held:
        shelf.put(each)
    return shelf, held


def test_a_key_gets_the_one_it_used_last():
    shelf, (first, second, other) = filled(ONE, ONE, OTHER)
    assert shelf.take(ONE) is second
    assert shelf.take(ONE) is first
    assert shelf.take(ONE) is None
    assert list(shelf) == [other]


def test_the_oldest_of_all_goes_first():
    shelf, (first, second, third) = filled(ONE, OTHER, ONE)
    shelf.put(shelf.take(OTHER))
    assert [shelf.take_oldest() for _ in range(4)] == [first, third, second, None]
    assert len(shelf) == 0


def test_all_that_fit_are_taken_and_the_others_found_as_before():
    shelf, (first, other, second) = filled(ONE, OTHER, ONE)
    assert shelf.take_all(lambda held: held.key == ONE) == [first, second]
    assert shelf.take(ONE) is None
    assert shelf.take(OTHER) is other

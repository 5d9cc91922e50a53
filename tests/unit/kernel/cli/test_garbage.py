"""Full collections look only at what is new, and at everything now and then."""

import gc
import weakref

import pytest

from kernel.cli.garbage import WHOLE_EVERY_S, ShortCollections


class Knot:
    """Garbage that only a collection finds."""

    def __init__(self):
        self.itself = self


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    clock = Clock()
    callback = ShortCollections(clock)
    gc.callbacks.append(callback)
    yield clock
    gc.callbacks.remove(callback)
    gc.unfreeze()


def test_what_survives_a_full_collection_is_not_looked_at_again(clock):
    kept = [Knot() for _ in range(1_000)]
    gc.collect()
    frozen = gc.get_freeze_count()
    assert frozen > len(kept)
    left = len(gc.get_objects())
    gc.collect()
    assert left < frozen / 10
    assert gc.get_freeze_count() > frozen * 0.9


def test_garbage_made_since_is_collected_at_once(clock):
    gc.collect()
    lost = weakref.ref(Knot())
    gc.collect()
    assert lost() is None


def test_garbage_among_what_was_frozen_is_found_when_everything_is_looked_at(clock):
    knot = Knot()
    gc.collect()
    lost = weakref.ref(knot)
    del knot
    gc.collect()
    assert lost() is not None
    clock.seconds = WHOLE_EVERY_S
    gc.collect()
    assert lost() is None


def test_a_young_collection_freezes_nothing(clock):
    before = gc.get_freeze_count()
    gc.collect(0)
    gc.collect(1)
    assert gc.get_freeze_count() == before

"""The clock of running instances ticks while one runs, and sleeps when none does."""

import threading

import pytest

from sandbox.wasm.ticking import Clock


class Ticks:
    def __init__(self):
        self.count, self.changed = 0, threading.Condition()

    def __call__(self):
        with self.changed:
            self.count += 1
            self.changed.notify_all()

    def wait_for_more(self, count, timeout=30):
        with self.changed:
            wanted = self.count + count
            return self.changed.wait_for(lambda: self.count >= wanted, timeout)


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture
def clock(ticks):
    clock = Clock(ticks)
    yield clock
    clock.close()


def test_it_ticks_while_something_runs(clock, ticks):
    with clock:
        assert ticks.wait_for_more(10)


def test_it_sleeps_in_the_end_and_wakes_for_the_next(clock, ticks):
    # As long as ticks come it is awake.
    while ticks.wait_for_more(1, timeout=0.5):
        assert ticks.count < 10_000
    with clock, clock:
        assert ticks.wait_for_more(10)


def clocks():
    return {thread for thread in threading.enumerate() if thread.name == "bos-wasm-clock"}


def test_it_ends_asleep_or_awake(ticks):
    others = clocks()
    awake = Clock(ticks)
    awake.close()
    asleep = Clock(ticks)
    while ticks.wait_for_more(1, timeout=0.5):
        assert ticks.count < 10_000
    asleep.close()
    assert clocks() == others

"""Threads that share names: each name is with one of them at a time, and none is lost."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from kernel.events.crew import Crew

WAIT_S = 30


class Hall:
    """What the crew looks at; a name in `held` keeps its thread until it is let go."""

    def __init__(self, size: int) -> None:
        self.seen: list[str] = []
        self.at_once, self.most = Counter(), 0
        self.lock = threading.Lock()
        self.gate, self.entered = threading.Event(), threading.Semaphore(0)
        self.crew = Crew("test", size, self.look)
        self.crew.start()

    def look(self, name: str) -> None:
        with self.lock:
            self.seen.append(name)
            self.at_once[name] += 1
            self.most = max(self.most, self.at_once[name])
        self.entered.release()
        if name.startswith("held"):
            assert self.gate.wait(WAIT_S)
        with self.lock:
            self.at_once[name] -= 1

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self.entered.acquire(timeout=WAIT_S)


@pytest.fixture
def hall():
    made = Hall(2)
    yield made
    made.gate.set()
    assert made.crew.stop(WAIT_S)


def test_one_that_takes_long_does_not_hold_up_the_others(hall):
    for name in ("held", "a", "b", "c"):
        hall.crew.give(name)
    hall.wait_for(4)
    assert hall.seen == ["held", "a", "b", "c"]


def test_a_name_given_while_it_is_looked_at_is_looked_at_once_more(hall):
    hall.crew.give("held")
    hall.wait_for(1)
    for _ in range(5):
        hall.crew.give("held")
    hall.gate.set()
    hall.wait_for(1)
    assert (hall.seen, hall.most) == (["held", "held"], 1)


def test_there_are_no_more_than_so_many_at_once(hall):
    for name in ("held1", "held2", "waits"):
        hall.crew.give(name)
    hall.wait_for(2)
    assert sorted(hall.seen) == ["held1", "held2"]
    assert hall.crew.is_busy
    hall.gate.set()
    hall.wait_for(1)


def test_a_thread_that_does_not_end_is_told():
    hall = Hall(1)
    hall.crew.give("held")
    hall.wait_for(1)
    assert hall.crew.stop(0.0) is False
    hall.gate.set()
    assert hall.crew.stop(WAIT_S) is True

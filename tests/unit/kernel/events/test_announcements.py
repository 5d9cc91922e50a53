"""Names announced in one thread reach the other."""

import threading

from kernel.events.announcements import Announcements


def test_a_name_announced_twice_counts_once():
    announcements = Announcements()
    announcements.add("a", "b")
    announcements.add("a")
    assert announcements.take(0) == {"a", "b"}
    assert announcements.take(0) == frozenset()


def test_who_waits_is_woken():
    announcements = Announcements()
    heard: list[frozenset[str]] = []
    thread = threading.Thread(target=lambda: heard.append(announcements.take(30)))
    thread.start()
    announcements.add("a")
    thread.join(30)
    assert heard == [frozenset({"a"})]


def test_closing_wakes_who_waits_and_lets_nobody_wait_again():
    announcements = Announcements()
    thread = threading.Thread(target=announcements.take, args=(30,))
    thread.start()
    announcements.close()
    thread.join(30)
    assert not thread.is_alive()
    assert announcements.take(30) == frozenset()

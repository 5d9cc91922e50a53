"""Which deliveries share a transaction."""

from __future__ import annotations

from kernel.events.runs import RUN_DELIVERIES_MAX, Found, Runs


def found(*marks: str) -> list[Found]:
    """`a` is a delivery of subscriber a, `a!` a suspect one; their ids count up from one."""
    return [Found(id, mark[0], mark.endswith("!")) for id, mark in enumerate(marks, start=1)]


def ids(run: list[Found]) -> list[int]:
    return [one.id for one in run]


def runs_of(*marks: str, lengthened: int = 3) -> Runs:
    runs = Runs()
    runs.add(found(*marks))
    for _ in range(lengthened):
        runs.lengthen("a")
        runs.lengthen("b")
    return runs


def test_the_first_of_a_subscriber_is_alone_and_runs_double():
    runs = runs_of(*"aaaaaaa", lengthened=0)
    taken = []
    while runs:
        taken.append(ids(runs.take_run(100)))
        runs.lengthen("a")
    assert taken == [[1], [2, 3], [4, 5, 6, 7]]


def test_a_run_is_of_one_subscriber():
    runs = runs_of(*"abab")
    assert [ids(runs.take_run(100)) for _ in range(3)] == [[1, 3], [2, 4], []]


def test_a_suspect_is_alone():
    runs = runs_of("a", "a!", "a!", "a", "a")
    assert [ids(runs.take_run(100)) for _ in range(5)] == [[1], [2], [3], [4, 5], []]


def test_a_run_is_no_longer_than_asked_and_never_longer_than_its_bound():
    runs = runs_of(*"a" * 200, lengthened=20)
    assert len(runs.take_run(7)) == 7
    assert len(runs.take_run(1000)) == RUN_DELIVERIES_MAX


def test_an_effect_or_a_failure_makes_the_next_run_short():
    runs = runs_of(*"aaaaaaaa")
    runs.shorten("a")
    assert ids(runs.take_run(100)) == [1]
    runs.shorten("a", 3)
    assert ids(runs.take_run(100)) == [2, 3, 4]


def test_what_is_put_back_comes_first_in_its_order():
    runs = runs_of(*"aaaa")
    run = runs.take_run(100)
    runs.put_back(run[2:])
    runs.add(found("a"))
    assert ids(runs.take_run(100)) == [3, 4, 1]

"""What is counted of a function, and when its failures are too many."""

import math
import sys
import threading
from typing import NamedTuple

import pytest

from kernel.breaker.meters import BOUNDS_S, BUCKETS, Figures, Limits, Meter, percentile


class Asked(NamedTuple):
    statements: int
    database_s: float


LIMITS = Limits(failures=3, window_s=60.0, share=0.5)


def meter(budget_s=0.5):
    return Meter("a", "1", "before_save", "a:f", budget_s=budget_s, statements_max=10, limits=LIMITS)


def call(counted, *outcomes, now=0.0, about=None):
    """Whether the last failure was one too many. outcomes: True is a failure."""
    found = False
    for is_failure in outcomes:
        counted.count(0.001, Asked(1, 0.0005))
        if is_failure:
            found = counted.fail(now, "E", is_over_budget=False, about=about)
    return found


def test_calls_are_summed():
    counted = meter()
    counted.count(0.004, Asked(2, 0.003))
    counted.count(40.0, Asked(0, 0.0))
    counted.fail(0.0, "late", is_over_budget=True)
    figures = counted.figures
    assert (figures.calls, figures.errors, figures.over_budget, figures.statements) == (2, 0, 1, 2)
    assert (figures.seconds, figures.database_s) == (40.004, 0.003)
    assert (figures.buckets[5], figures.buckets[-2], sum(figures.buckets)) == (1, 1, 2)


def test_so_many_failures_within_the_window_are_too_many():
    assert call(meter(), True, True) is False
    assert call(meter(), True, True, True) is True


def test_failures_that_are_less_than_their_share_of_calls_are_not():
    assert call(meter(), True, False, True, False, True) is True
    assert call(meter(), True, False, False, False, True, False, True) is False


def test_failures_that_lie_long_ago_are_forgotten():
    counted = meter(budget_s=0.0)
    assert call(counted, True, True, now=0.0) is False
    assert call(counted, True, now=61.0) is False
    assert call(counted, True, True, now=62.0) is True


def test_a_long_budget_makes_a_long_window_so_that_enough_calls_fit_into_it():
    assert meter(budget_s=60.0).limits.window_s == 60 + 2 * 3 * 60
    assert meter(budget_s=math.inf).limits.window_s == 60


def test_one_event_is_one_failure_however_often_it_comes():
    counted = meter()
    assert call(counted, True, True, True, about="e1") is False
    assert call(counted, True, about="e2") is False
    assert call(counted, True, about="e3") is True
    assert counted.figures.errors == 5


def test_what_was_forgiven_is_counted_anew():
    counted = meter()
    call(counted, True, True)
    assert counted.recent() == (2, 2)
    counted.forgive()
    assert counted.recent() == (0, 0)
    assert call(counted, True, True) is False


def test_only_what_is_new_is_written_down():
    counted = meter()
    call(counted, True, False)
    assert (counted.take_unflushed().calls, counted.take_unflushed()) == (2, None)
    call(counted, False)
    taken = counted.take_unflushed()
    assert (taken.calls, taken.errors, sum(taken.buckets)) == (1, 0, 1)


def test_figures_are_added_and_taken_away():
    one = Figures(1, 1, 0, 3, 0.5, 0.25, [1] * BUCKETS)
    two = one.copy()
    two.add(one)
    assert (two.calls, two.statements, two.seconds, two.buckets[0]) == (2, 6, 1.0, 2)
    two.add(one, -1)
    assert two == one


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, None),
        ({3: 100}, 0.0005 + 0.0005 * 0.95),
        ({0: 95, 9: 5}, 0.0001),
        ({0: 90, 9: 10}, 0.05 + 0.05 * 0.5),
        ({BUCKETS - 1: 1}, BOUNDS_S[-1]),
    ],
)
def test_a_percentile_lies_as_far_in_its_bucket_as_the_calls(counts, expected):
    buckets = [counts.get(number, 0) for number in range(BUCKETS)]
    found = percentile(buckets, 0.95)
    assert found == (expected if expected is None else pytest.approx(expected))


def test_several_threads_may_fail_at_once():
    """A failure that cannot be counted would hide the error it is about."""
    counted, escaped = meter(), []

    def work(seed):
        try:
            for number in range(20_000):
                counted.fail(0.0, "E", is_over_budget=False, about=str((seed, number)))
                counted.recent()
                counted.forgive()
        except Exception as error:
            escaped.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert escaped == []

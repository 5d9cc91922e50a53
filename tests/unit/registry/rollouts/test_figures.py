"""When after is too much worse than before."""

import pytest

from kernel.breaker.meters import BOUNDS_S, BUCKETS
from registry.rollouts.figures import Comparison, Fared, find_excess
from registry.rollouts.model import Limits

LIMITS = Limits(error_rate_max=0.01, p95_max_ratio=2)


def fared(calls, errors=0, took_s=0.001):
    buckets = [0] * BUCKETS
    buckets[BOUNDS_S.index(took_s)] = calls
    return Fared(calls, errors, buckets)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (fared(1000), fared(1000), None),
        (fared(1000), fared(1000, 10), None),
        (fared(1000), fared(1000, 11), "11 of 1000 hook calls failed (1.1%, at most 1.0%; before: 0.0%)"),
        (fared(0), fared(20, 20), "20 of 20 hook calls failed (100.0%, at most 1.0%; before: 0.0%)"),
        (fared(1000, 200), fared(1000, 100), None),
        (fared(1000), fared(19, 19), None),
    ],
    ids=["none", "at_the_limit", "past_it", "without_a_before", "as_bad_before", "too_few_calls"],
)
def test_failing_calls_are_told_past_the_limit(before, after, told):
    assert find_excess(Comparison(before, after), LIMITS) == told


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        (fared(1000, took_s=0.01), fared(1000, took_s=0.01), False),
        (fared(1000, took_s=0.01), fared(1000, took_s=0.05), True),
        (fared(1000, took_s=0.0001), fared(1000, took_s=0.005), False),
        (fared(99, took_s=0.01), fared(1000, took_s=1.0), False),
        (fared(1000, took_s=0.01), fared(99, took_s=1.0), False),
    ],
    ids=["the_same", "slower", "slower_but_fast", "too_few_before", "too_few_after"],
)
def test_slow_calls_are_told_past_the_ratio(before, after, is_told):
    excess = find_excess(Comparison(before, after), LIMITS)
    assert (excess or "").startswith("95 % of hook calls took up to") is is_told


def test_what_is_not_watched_is_not_told():
    compared = Comparison(fared(1000, took_s=0.01), fared(1000, 1000, took_s=1.0))
    assert find_excess(compared, Limits(watch=())) is None
    assert "failed" in find_excess(compared, Limits(watch=("error-rate",)))
    assert "took up to" in find_excess(compared, Limits(watch=("p95",)))


@pytest.mark.parametrize(
    ("counts", "expected"), [({0.001: 100}, 0.00095 + 0.000025), ({0.001: 95, 0.01: 5}, 0.001), ({}, None)]
)
def test_a_percentile_lies_between_the_bounds_of_its_bucket(counts, expected):
    buckets = [0] * BUCKETS
    for bound, count in counts.items():
        buckets[BOUNDS_S.index(bound)] = count
    assert Fared(sum(counts.values()), 0, buckets).p95_s == (expected and pytest.approx(expected))


def test_sums_add_up_calls_errors_and_buckets():
    total = fared(100, 1) + fared(300, 3, took_s=0.01)
    assert (total.calls, total.errors, total.error_rate, sum(total.buckets)) == (400, 4, 0.01, 400)

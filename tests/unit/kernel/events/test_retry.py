"""Failed deliveries come back later and later, spread a little."""

import random

import pytest

from kernel.events.retry import (
    ATTEMPTS_MAX,
    ERROR_CHARACTERS_MAX,
    RETRY_DELAY_S_MAX,
    RETRY_JITTER,
    error_text,
    retry_delay,
)


class Extreme(random.Random):
    """Always the most jitter, or none."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def random(self) -> float:
        return self.value


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 1), (2, 2), (3, 4), (10, 512), (13, 3600), (10_000, 3600)])
def test_the_delay_doubles_up_to_a_bound(attempts, seconds):
    assert retry_delay(attempts, Extreme(0)).total_seconds() == seconds


def test_jitter_adds_at_most_its_share():
    longest = retry_delay(10_000, Extreme(1)).total_seconds()
    assert longest == RETRY_DELAY_S_MAX * (1 + RETRY_JITTER)


def test_all_attempts_together_take_minutes_not_days():
    total = sum(retry_delay(n, Extreme(0)).total_seconds() for n in range(1, ATTEMPTS_MAX))
    assert total == 511


def test_an_error_is_kept_with_its_cause():
    error = ValueError("went wrong")
    error.__cause__ = KeyError("x")
    assert error_text(error) == "ValueError: went wrong <- KeyError: 'x'"


def test_an_error_is_cut_and_holds_nothing_the_database_refuses():
    assert len(error_text(ValueError("x" * 10_000))) == ERROR_CHARACTERS_MAX
    assert "\0" not in error_text(ValueError("a\0b"))

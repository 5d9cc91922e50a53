"""Which months the totals are asked for, and which part of a month the movements."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.registers.periods import END_OF_TIME, boundary, end_of, start_of, start_of_following_month, start_of_month

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def moment(year, month, day=1, hour=0):
    return datetime(year, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "month", "since", "until", "sign"),
    [
        (moment(2026, 1), moment(2026, 1), moment(2026, 1), moment(2026, 1), 1),
        (moment(2026, 1, 5), moment(2026, 1), moment(2026, 1), moment(2026, 1, 5), 1),
        (moment(2026, 1, 28), moment(2026, 2), moment(2026, 1, 28), moment(2026, 2), -1),
        (moment(2025, 12, 28), moment(2026, 1), moment(2025, 12, 28), moment(2026, 1), -1),
        # Nothing has happened yet after now, so the rest of this month is the shorter side even early in it.
        (moment(2026, 3, 21), moment(2026, 4), moment(2026, 3, 21), moment(2026, 4), -1),
        (moment(2027, 5, 3), moment(2027, 6), moment(2027, 5, 3), moment(2027, 6), -1),
    ],
)
def test_a_moment_goes_by_the_side_of_its_month_with_less_to_read(at, month, since, until, sign):
    found = boundary(at, NOW)
    assert (found.month, found.since, found.until, found.sign) == (month, since, until, sign)


def test_no_moment_is_the_end_of_time():
    assert boundary(None, NOW) == END_OF_TIME


def test_months_are_those_of_utc():
    there = timezone(timedelta(hours=5))
    assert boundary(datetime(2026, 2, 1, 3, tzinfo=there), NOW).until == moment(2026, 2)


@given(st.integers(0, 15_000_000), st.integers(0, 15_000_000))
def test_whichever_side_is_taken_the_same_moments_are_before(at_minute, occurred_minute):
    at, occurred = (moment(2000, 1) + timedelta(minutes=minute) for minute in (at_minute, occurred_minute))
    found = boundary(at, NOW)
    counted = (start_of_month(occurred) < found.month) + found.sign * (found.since <= occurred < found.until)
    assert counted == (occurred < at)


def test_a_month_follows_december():
    assert start_of_following_month(moment(2025, 12, 31, 23)) == moment(2026, 1)


def test_a_date_means_its_whole_day_and_an_instant_itself():
    assert start_of(date(2026, 1, 31)) == moment(2026, 1, 31)
    assert end_of(date(2026, 1, 31)) == moment(2026, 2)
    assert end_of(moment(2026, 1, 31, 5)) - moment(2026, 1, 31, 5) == timedelta(microseconds=1)
    assert (start_of(None), end_of(None)) == (None, None)


@pytest.mark.parametrize("last", [date.max, datetime.max.replace(tzinfo=UTC)])
def test_the_end_of_the_calendar_is_for_ever(last):
    assert end_of(last) is None


@pytest.mark.parametrize("day", [date(9999, 12, 1), date(9999, 12, 15), date(9999, 12, 30)])
def test_the_last_month_of_the_calendar_has_boundaries_too(day):
    found = boundary(end_of(day), NOW)
    assert (found.month, found.sign) == (datetime.max.replace(tzinfo=UTC), -1)
    assert found.since == datetime(9999, 12, day.day + 1, tzinfo=UTC)

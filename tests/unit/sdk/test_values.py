from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdk.values import (
    decimal_text,
    instant_text,
    round_half_up,
    scale_of,
    spread_rest,
    start_of_day,
    to_date,
    to_decimal,
    to_instant,
)


@pytest.mark.parametrize(
    ("value", "expected"), [("1250.00", "1250.00"), (7, "7"), ("-0.5", "-0.5"), (Decimal("1.10"), "1.10")]
)
def test_exact_numbers_become_decimals(value, expected):
    assert str(to_decimal(value)) == expected


@pytest.mark.parametrize(
    "value", [0.1, True, "NaN", "Infinity", "-Infinity", "twelve", "", "1,5", "1e400", "1" + "0" * 38]
)
def test_what_is_not_an_exact_decimal_is_refused(value):
    with pytest.raises(ValueError, match="decimal"):
        to_decimal(value)


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        ("2.345", 2, "2.35"),
        ("-2.345", 2, "-2.35"),
        ("2.5", 0, "3"),
        ("0.005", 2, "0.01"),
        ("1", 3, "1.000"),
        ("1250", -2, "1.3E+3"),
    ],
)
def test_rounding_is_commercial(value, places, expected):
    assert str(round_half_up(Decimal(value), places)) == expected


def test_rounding_holds_more_digits_than_the_default_context():
    assert round_half_up(Decimal("12345678901234567890123456789012345.678"), 2) == Decimal(
        "12345678901234567890123456789012345.68"
    )


@pytest.mark.parametrize(("value", "scale"), [("1.50", 1), ("100", 0), ("0.001", 3), ("0", 0), ("1E+3", 0)])
def test_scale_counts_the_digits_that_matter(value, scale):
    assert scale_of(Decimal(value)) == scale


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        ("1250", 2, "1250.00"), ("1.005", 2, "1.01"), ("-0.001", 2, "0.00"), ("1E+3", None, "1000"),
        ("1.500", None, "1.5"), ("-0", None, "0"), ("0.00000001", None, "0.00000001"), (5, 1, "5.0"),
    ],
)  # fmt: skip
def test_a_decimal_has_one_text(value, scale, text):
    assert decimal_text(Decimal(value), scale) == text


def test_dates_are_calendar_dates_only():
    assert to_date("2026-02-28") == date(2026, 2, 28)
    for text in ("2026-02-30", "20260228", "2026-W01-1", "2026-2-28", "2026-02-28T00:00"):
        with pytest.raises(ValueError, match=r"date|day|month|isoformat"):
            to_date(text)


def test_instants_are_read_as_utc_and_need_an_offset():
    assert to_instant("2026-01-31T12:00:00+02:00") == datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert to_instant("2026-01-31T12:00:00Z").tzinfo is UTC
    with pytest.raises(ValueError, match="offset"):
        to_instant("2026-01-31T12:00:00")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_instant_that_utc_has_not_is_none(text):
    with pytest.raises(ValueError, match="outside of the years"):
        to_instant(text)


def test_an_instant_has_one_text():
    east = timezone(timedelta(hours=5))
    assert instant_text(datetime(2026, 1, 31, 5, tzinfo=east)) == "2026-01-31T00:00:00Z"
    assert instant_text(datetime(2026, 1, 31, 0, 0, 0, 5, tzinfo=UTC)) == "2026-01-31T00:00:00.000005Z"


def test_a_date_stands_for_its_midnight():
    assert start_of_day(date(2026, 1, 31)) == datetime(2026, 1, 31, tzinfo=UTC)
    noon = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=2)))
    assert start_of_day(noon) == datetime(2026, 1, 31, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("parts", "amounts", "rest", "expected"),
    [
        (("3", "5", "1"), ("3", "5", "1"), "0.01", ("3", "4.99", "1")),
        # The largest would turn around, the second does not.
        (("-0.01", "0.00"), ("-1.40", "-1.30"), "0.02", ("-0.03", "0.00")),
        (("0.02", "0.02", "0.01"), ("3", "3", "2"), "0.03", ("0.00", "0.01", "0.01")),
    ],
)
def test_what_rounding_left_goes_to_the_largest_that_can_bear_it_or_to_several(parts, amounts, rest, expected):
    spread = spread_rest([Decimal(p) for p in parts], [Decimal(a) for a in amounts], Decimal(rest))
    assert spread == [Decimal(e) for e in expected]


@given(
    st.lists(st.decimals("-99", "99", places=2).filter(bool), min_size=1, max_size=30),
    st.sampled_from([Decimal(rate) for rate in ("0.0061", "0.005", "0.9137", "1.3")]),
)
def test_converted_parts_sum_to_the_converted_whole_and_keep_their_signs(amounts, rate):
    parts, whole = [round_half_up(amount * rate, 2) for amount in amounts], round_half_up(sum(amounts) * rate, 2)
    spread = spread_rest(parts, amounts, sum(parts) - whole)
    assert sum(spread) == whole
    assert all(part * amount >= 0 for part, amount in zip(spread, amounts, strict=True))

"""Which price applies, by table."""

from datetime import date
from decimal import Decimal

import pytest

from applets.catalog.errors import PriceLineDuplicate, ValidityReversed
from applets.catalog.rules import PriceLine, check_price_list, is_valid, pick_price, read_lines

DAY = date(2026, 6, 15)
PLAIN = PriceLine(Decimal("10"))
TEN = PriceLine(Decimal("9"), minimum_quantity=Decimal("10"))
SUMMER = PriceLine(Decimal("8"), valid_from=date(2026, 6, 1), valid_until=date(2026, 8, 31))
PAST = PriceLine(Decimal("1"), valid_until=date(2026, 6, 14))


@pytest.mark.parametrize(
    ("lines", "quantity", "price"),
    [
        ([], "1", None),
        ([PLAIN], "1", "10"),
        ([PLAIN, TEN], "9.999", "10"),
        ([PLAIN, TEN], "10", "9"),
        ([TEN, PLAIN], "10", "9"),
        ([TEN], "9", None),
        # a larger step wins over a later price, a later one over an open one
        ([SUMMER, TEN], "10", "9"),
        ([PLAIN, SUMMER], "1", "8"),
        ([PAST], "1", None),
        # of two alike the customer's advantage
        ([PLAIN, PriceLine(Decimal("7"))], "1", "7"),
        # what is taken back has the price it was sold at
        ([PLAIN, TEN], "-10", "9"),
    ],
)
def test_the_price_of_the_highest_step_reached_applies(lines, quantity, price):
    assert pick_price(lines, Decimal(quantity), DAY) == (None if price is None else Decimal(price))


@pytest.mark.parametrize(
    ("first", "last", "valid"),
    [
        (None, None, True), (DAY, None, True), (None, DAY, True), (DAY, DAY, True),
        (date(2026, 6, 16), None, False), (None, date(2026, 6, 14), False),
    ],
)  # fmt: skip
def test_both_ends_of_a_validity_belong_to_it(first, last, valid):
    assert is_valid(first, last, DAY) is valid


def test_lines_of_other_products_are_left_out():
    price_list = {"lines": [{"product": "a", "price": Decimal("1")}, {"product": "b", "price": Decimal("2")}]}
    assert read_lines(price_list, "b") == [PriceLine(Decimal("2"))]


def test_a_validity_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValidityReversed) as refused:
        check_price_list({"lines": [], "valid_from": DAY, "valid_until": date(2026, 1, 1)})
    assert refused.value.code == "validity_reversed"


def test_two_prices_for_the_same_are_refused():
    line = {"product": "a", "price": Decimal("1"), "minimum_quantity": Decimal("0")}
    with pytest.raises(PriceLineDuplicate) as refused:
        check_price_list({"lines": [line, {**line, "price": Decimal("2")}]})
    assert refused.value.code == "price_line_duplicate"
    check_price_list({"lines": [line, {**line, "minimum_quantity": Decimal("5")}]})

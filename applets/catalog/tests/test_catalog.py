"""Products and what they cost."""

from datetime import date
from decimal import Decimal

import pytest

from sdk.document_errors import DocumentInvalid

DAY = date(2026, 6, 15)


def ask_price(kernel, product, quantity="1", currency="EUR", on=DAY):
    with kernel.context() as ctx:
        return ctx.resolve("price", product_id=product.id, quantity=Decimal(quantity), on=on, currency=currency)


def create_list(kernel, product, code="L", currency="EUR", **fields):
    lines = fields.pop("lines", [{"product": product.id, "price": "11"}])
    return kernel.documents.create(
        "catalog.price_list", {"code": code, "name": code, "currency": currency, "lines": lines, **fields}
    )


def test_without_a_price_list_the_product_has_its_sales_price(kernel, mug):
    assert ask_price(kernel, mug) == Decimal("12.5000")


def test_a_product_without_any_price_has_none(kernel):
    bare = kernel.documents.create("catalog.product", {"code": "X", "name": "X"})
    assert ask_price(kernel, bare) is None


def test_a_sales_price_in_another_currency_is_no_answer(kernel, mug):
    assert ask_price(kernel, mug, currency="USD") is None


def test_a_price_list_comes_before_the_sales_price(kernel, mug):
    create_list(kernel, mug)
    assert ask_price(kernel, mug) == Decimal("11.0000")


def test_a_price_list_of_another_currency_is_left_out(kernel, mug):
    create_list(kernel, mug, currency="USD")
    assert ask_price(kernel, mug) == Decimal("12.5000")
    assert ask_price(kernel, mug, currency="USD") == Decimal("11.0000")


def test_a_price_list_counts_while_it_is_valid(kernel, mug):
    create_list(kernel, mug, valid_from="2026-06-16")
    assert ask_price(kernel, mug) == Decimal("12.5000")
    assert ask_price(kernel, mug, on=date(2026, 6, 16)) == Decimal("11.0000")


def test_larger_quantities_cost_less(kernel, mug):
    steps = [{"product": mug.id, "price": "11"}, {"product": mug.id, "price": "9.9", "minimum_quantity": "50"}]
    create_list(kernel, mug, lines=steps)
    assert ask_price(kernel, mug, "49.999") == Decimal("11.0000")
    assert ask_price(kernel, mug, "50") == Decimal("9.9000")


def test_a_price_is_an_exact_number_not_below_zero(kernel, mug):
    for price, rule in (("-1", "decimal_min"), ("1.23456", "decimal_scale"), (1.5, "decimal_text")):
        with pytest.raises(DocumentInvalid) as refused:
            create_list(kernel, mug, lines=[{"product": mug.id, "price": price}])
        assert [violation.rule for violation in refused.value.violations] == [rule]


def test_demo_data_has_thirty_products(kernel):
    kernel.load_demo_data()
    products = kernel.documents.query("catalog.product", limit=100).items
    assert len(products) == 30
    assert len({product["code"] for product in products}) == 30
    assert all(product["sales_price"] > 0 for product in products)

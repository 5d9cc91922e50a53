from decimal import Decimal


def test_gold_has_its_discount_and_a_single_piece_its_surcharge(kernel, rental):
    contract = rental.a_contract(kernel, tier="gold")
    assert contract["discount_percent"] == Decimal("15.00")
    assert contract["surcharge"] == Decimal("1.00")


def test_silver_has_less(kernel, rental):
    assert rental.a_contract(kernel, tier="silver")["discount_percent"] == 5


def test_two_pieces_have_no_surcharge(kernel, rental):
    assert rental.a_contract(kernel, {"units": 2}, {})["surcharge"] == 0


def test_a_long_contract_is_cheaper(kernel, rental):
    contract = rental.a_contract(kernel, starts_on="2026-01-01", ends_on="2026-02-15")
    assert contract["discount_percent"] == 5


def test_a_week_has_its_price(kernel, rental):
    rental.an_item(kernel, code="W1", weekly_rate="70.00")
    with kernel.transaction() as ctx:
        found = ctx.resolve("price", product_id="W1", quantity=Decimal(2), on=ctx.today, currency="EUR")
    assert found == Decimal("140.00")

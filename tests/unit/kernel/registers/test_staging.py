"""What is staged, and the columns it is written by."""

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest

from kernel.registers import service as registers
from kernel.series.service import NO_COMPANY
from sdk.document import Document
from sdk.document_errors import AmountInexact, DimensionNotText, ForeignRegister, MovementOutsideWrite
from sdk.registers import Movement, Register, RegisterUnbalanced, UnknownDimension, UnknownResource

DAY = date(2026, 1, 15)
CASH = Register.from_data(
    {
        "name": "shop.cash",
        "title": "Cash",
        "dimensions": [{"name": "till"}, {"name": "currency"}],
        "resources": [{"name": "amount"}],
        "balanced": "amount",
    }
)
STOCK = Register.from_data(
    {
        "name": "shop.stock",
        "title": "Stock",
        "dimensions": [{"name": "product"}],
        "resources": [{"name": "quantity"}, {"name": "value"}],
    }
)


def context(document=None, applet="shop"):
    """What staging asks of a context, and no more."""
    definitions = {"shop.cash": CASH, "shop.stock": STOCK}
    runtime = SimpleNamespace(catalogue=SimpleNamespace(register=definitions.__getitem__))
    work = SimpleNamespace(staged=defaultdict(list), writing=[] if document is None else [document.id])
    return SimpleNamespace(runtime=runtime, work=work, applet=applet)


def stage(movement, applet="shop", company="c1"):
    document = Document("d1", "shop.sale", {}, company_id=company)
    ctx = context(document, applet)
    registers.stage(ctx, document, movement)
    return ctx, document


def cash(amount, **dimensions):
    return Movement("shop.cash", DAY, dimensions, {"amount": Decimal(amount)})


def goods(**resources):
    return Movement("shop.stock", DAY, {"product": "tea"}, resources)


def test_a_movement_gets_its_moment_and_its_documents_company():
    ctx, document = stage(goods(quantity=Decimal(3)))
    (movement,) = registers.take_staged(ctx, document)
    assert (movement.occurred_at, movement.company_id) == (datetime(2026, 1, 15, tzinfo=UTC), "c1")


def test_what_was_taken_is_no_longer_staged():
    ctx, document = stage(goods(quantity=Decimal(3)))
    assert len(registers.take_staged(ctx, document)) == 1
    assert registers.take_staged(ctx, document) == []


def test_a_movement_of_zeros_is_dropped():
    ctx, document = stage(goods(quantity=Decimal("0.00"), value=Decimal(0)))
    assert registers.take_staged(ctx, document) == []


def test_nothing_is_recorded_outside_of_a_write():
    with pytest.raises(MovementOutsideWrite):
        registers.stage(context(), Document("d1", "shop.sale", {}), goods(quantity=Decimal(1)))
    with pytest.raises(MovementOutsideWrite):
        registers.reverse(context(), Document("d1", "shop.sale", {}))


@pytest.mark.parametrize(
    ("movement", "error"),
    [
        (goods(quantity=0.5), AmountInexact),
        (goods(quantity=Decimal("NaN")), AmountInexact),
        (goods(weight=Decimal(1)), UnknownResource),
        (cash(1, shop="x"), UnknownDimension),
        (cash(1, till=7), DimensionNotText),
    ],
)
def test_a_movement_that_does_not_fit_its_register_is_refused(movement, error):
    with pytest.raises(error):
        stage(movement)


def test_only_the_applet_that_declares_a_register_records_into_it():
    with pytest.raises(ForeignRegister):
        stage(goods(quantity=Decimal(1)), applet="other")
    assert stage(goods(quantity=Decimal(1)), applet=None)[0].work.staged


def test_what_does_not_balance_is_not_handed_out():
    ctx, document = stage(cash(10, till="a"))
    registers.stage(ctx, document, cash("-9.99", till="b"))
    with pytest.raises(RegisterUnbalanced) as refused:
        registers.take_staged(ctx, document)
    assert refused.value.details["difference"] == "0.01"


def test_columns_are_those_that_any_register_of_the_write_has():
    ctx, document = stage(cash(10, till="a"))
    registers.stage(ctx, document, cash(-10, currency="EUR"))
    registers.stage(ctx, document, goods(quantity=Decimal(3)))
    moment = datetime(2026, 1, 15, tzinfo=UTC)
    assert registers.write_columns(ctx, registers.take_staged(ctx, document)) == {
        "register": ["shop.cash", "shop.cash", "shop.stock"],
        "company_id": ["c1", "c1", "c1"],
        "occurred_at": [moment, moment, moment],
        "balanced": [True, True, False],
        "d1": ["a", "", "tea"],
        "d2": ["", "EUR", ""],
        "r1": [10, -10, 3],
        "r2": [None, None, 0],
    }


def test_movements_of_no_company_are_the_nil_companys():
    ctx, document = stage(goods(quantity=Decimal(3)), company=None)
    assert registers.write_columns(ctx, registers.take_staged(ctx, document))["company_id"] == [NO_COMPANY]


def test_nothing_staged_is_no_columns():
    assert registers.write_columns(context(), []) == {}

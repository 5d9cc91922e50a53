"""Questions to registers as URLs ask them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from kernel.registers.errors import InvalidRegisterQuery
from kernel.registers.schemas import balances_json, read_question
from sdk.registers import Balance, Register

KNOWN = ("at", "group_by", "company_id", "limit")
STOCK = Register.from_data(
    {
        "name": "shop.stock",
        "title": "Stock",
        "dimensions": [{"name": "product"}],
        "resources": [{"name": "quantity", "scale": 2}, {"name": "weight"}],
    }
)


def test_a_question_is_cast():
    pairs = [("at", "2026-01-31"), ("group_by", "product,lot"), ("where.product", "a"), ("where.product", "b")]
    question = read_question("shop.stock", pairs, KNOWN)
    assert question.given == {"at": date(2026, 1, 31), "group_by": ["product", "lot"]}
    assert question.where == {"product": ["a", "b"]}


def test_a_moment_may_be_an_instant():
    question = read_question("shop.stock", [("at", "2026-01-31T12:00:00+02:00")], KNOWN)
    assert question.given["at"] == datetime(2026, 1, 31, 10, tzinfo=UTC)


def test_all_faults_are_told_at_once():
    pairs = [("at", "soon"), ("at", "2026-01-31"), ("limit", "5"), ("limit", "6"), ("company_id", "x"), ("att", "1")]
    with pytest.raises(InvalidRegisterQuery) as refused:
        read_question("shop.stock", pairs, KNOWN)
    found = [(violation.pointer, violation.rule) for violation in refused.value.violations]
    assert found == [("/at", "type"), ("/limit", "repeated"), ("/company_id", "type"), ("/att", "unknown_parameter")]


def test_amounts_are_text_of_their_scale():
    balance = Balance({"product": "tea"}, {"quantity": Decimal("1.5"), "weight": Decimal("0.250")})
    assert balances_json(STOCK, [balance]) == {
        "items": [{"dimensions": {"product": "tea"}, "resources": {"quantity": "1.50", "weight": "0.25"}}]
    }

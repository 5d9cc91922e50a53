"""What needs approval and what requests say, by table."""

from decimal import Decimal

import pytest

from applets.approvals.rules import Request, is_over_limit, next_step, standing


def requests(*pairs):
    return [Request(state, Decimal(amount), "EUR") for state, amount in pairs]


@pytest.mark.parametrize(
    ("total", "rate", "over"),
    [
        ("10000.00", "1", False),
        ("10000.01", "1", True),
        ("11000", "0.9", False),
        ("11112", "0.9", True),
        ("1", None, True),
    ],
)
def test_above_the_limit_is_more_than_the_limit(total, rate, over):
    assert is_over_limit(Decimal(total), None if rate is None else Decimal(rate), Decimal(10_000)) is over


@pytest.mark.parametrize(
    ("present", "total", "says"),
    [
        ([], "12000", "needed"),
        ([("pending", "12000")], "12000", "pending"),
        ([("approved", "12000")], "12000", "granted"),
        ([("approved", "12000")], "11000", "granted"),
        ([("approved", "12000")], "12000.01", "needed"),
        ([("rejected", "12000")], "12000", "rejected"),
        ([("rejected", "12000")], "15000", "rejected"),
        ([("rejected", "12000")], "11000", "needed"),
        ([("approved", "20000"), ("rejected", "25000")], "20000", "granted"),
        ([("withdrawn", "12000")], "12000", "needed"),
        ([("withdrawn", "12000"), ("approved", "12000")], "12000", "granted"),
    ],
)
def test_the_newest_request_counts_up_to_its_amount(present, total, says):
    assert standing(requests(*present), Decimal(total), "EUR") == says


@pytest.mark.parametrize(("state", "says"), [("approved", "needed"), ("rejected", "needed"), ("pending", "pending")])
def test_a_decision_says_nothing_about_another_currency(state, says):
    assert standing([Request(state, Decimal(2_000_000), "JPY")], Decimal(2_000_000), "EUR") == says


def test_a_pending_request_follows_the_currency():
    pending = [Request("pending", Decimal(12_000), "USD")]
    assert next_step(pending, Decimal(12_000), "EUR", over_limit=True) == "change"


@pytest.mark.parametrize(
    ("present", "total", "over", "step"),
    [
        ([], "9000", False, "nothing"),
        ([], "12000", True, "create"),
        ([("pending", "12000")], "12000", True, "nothing"),
        ([("pending", "12000")], "13000", True, "change"),
        ([("pending", "12000")], "9000", False, "withdraw"),
        ([("approved", "12000")], "9000", False, "nothing"),
        ([("approved", "12000")], "12000", True, "nothing"),
        ([("approved", "12000")], "13000", True, "create"),
        ([("rejected", "12000")], "12000", True, "nothing"),
        ([("rejected", "12000")], "11000", True, "create"),
    ],
)
def test_a_change_asks_again_only_where_that_is_needed(present, total, over, step):
    assert next_step(requests(*present), Decimal(total), "EUR", over) == step

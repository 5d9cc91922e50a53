"""Lines of entries as postings that plain-text accounting can say."""

from decimal import Decimal

import pytest

from kernel.transfer.postings import Posting, number, one_line, postings_of
from tests.unit.kernel.transfer.ledgers import entry, line


def said(*lines):
    return [(p.amount, p.currency, p.total) for p in postings_of(entry(*lines), "EUR")]


@pytest.mark.parametrize(
    ("given", "postings"),
    [
        (line("a", "5"), [("5", "EUR", None)]),
        (line("a", "-100", "USD", "-92.5"), [("-100", "USD", "92.5")]),
        (line("a", "100", "USD", "92.5"), [("100", "USD", "92.5")]),
        (line("a", "0", "USD", "1.5"), [("1.5", "EUR", None)]),
        (line("a", "7", "USD", "0"), [("7", "USD", "0")]),
        (line("a", "0", "USD", "0"), [("0", "USD", "0")]),
        (line("a", "1", "USD", "-1"), [("1", "USD", "0"), ("-1", "EUR", None)]),
    ],
)
def test_both_amounts_of_a_line_are_said(given, postings):
    assert said(given) == [(Decimal(a), c, None if t is None else Decimal(t)) for a, c, t in postings]


def test_what_is_said_is_worth_what_the_line_is_worth():
    lines = [line("a", "1", "USD", "-1"), line("a", "3", "USD", "2.7"), line("a", "0", "USD", "9"), line("a", "4")]
    worth = sum(weight(p) for p in postings_of(entry(*lines), "EUR"))
    assert worth == sum(each.base_amount for each in lines) == Decimal("14.7")


def weight(posting: Posting):
    return posting.amount if posting.total is None else posting.total.copy_sign(posting.amount)


def test_numbers_have_all_their_digits_and_no_exponent():
    assert [number(Decimal(text)) for text in ("1E+3", "0.10", "-0.000000000001", "0E-8")] == [
        "1000",
        "0.1",
        "-0.000000000001",
        "0",
    ]


def test_text_stays_on_its_line():
    assert one_line(" a\t b\r\n c ") == "a b c"

"""The books' invariant: it holds whatever is posted, and tells what does not."""

from datetime import date
from decimal import Decimal

import pytest

from sdk import Movement
from sdk.testing import FakeKernel
from sdk.testing.store import Entry

from .conftest import Books


@pytest.fixture
def books():
    return Books()


def forge(kernel: FakeKernel, document, company_id, amount):
    """A movement that came past the rules, as a bad migration would leave it."""
    resources = {"base_amount": Decimal(amount), "amount": Decimal(amount)}
    movement = Movement("ledger.postings", date(2026, 1, 1), {"account": "x"}, resources, company_id)
    kernel.store.tables.entries.append(Entry(document.id, movement))


def test_books_without_postings_are_in_order(books):
    assert books.kernel.broken_invariants() == []


def test_postings_and_reversals_leave_the_sum_at_zero(books):
    entry = books.post(("1020", "100.005"), ("4100", "-100.005"))
    books.perform(entry, "reverse")
    books.post(("1020", "7"), ("4100", "-7"))
    assert books.kernel.broken_invariants() == []


def test_a_rest_is_told_with_its_company_and_amount(books):
    entry = books.post(("1020", "100"), ("4100", "-100"))
    forge(books.kernel, entry, books.company, "0.10")
    assert books.kernel.broken_invariants() == [
        f"ledger:postings_sum_to_zero: the postings of company Books Ltd ({books.company}) sum to 0.1, not to 0"
    ]


def test_the_rest_of_one_company_is_not_made_up_for_by_another(books):
    entry = books.post(("1020", "100"), ("4100", "-100"))
    other = books.kernel.add_company("Other Ltd")
    forge(books.kernel, entry, books.company, "5")
    forge(books.kernel, entry, other, "-5")
    assert [sentence.partition(" sum to ")[2] for sentence in books.kernel.broken_invariants()] == [
        "5, not to 0",
        "-5, not to 0",
    ]

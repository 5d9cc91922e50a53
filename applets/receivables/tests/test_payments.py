"""Payments and credit notes, allocated in full, in part, later, in other currencies."""

from decimal import Decimal

import pytest

from applets.receivables.errors import (
    AllocationDuplicate,
    AllocationExceedsOutstanding,
    AllocationInvoiceUnfit,
    AllocationsExceedAmount,
    CreditExceedsOutstanding,
)
from sdk.document_errors import DocumentInvalid
from sdk.states import GuardRefused


def test_a_payment_settles_an_invoice(shop):
    invoice = shop.invoice()
    payment = shop.payment("100", (invoice, "100"))
    assert (payment.state, payment.number, payment["unallocated"]) == ("posted", "PAY-2026-00001", 0)
    settled = shop.again(invoice)
    assert (settled["paid"], settled["outstanding"], settled["base_outstanding"]) == (Decimal(100), 0, 0)
    assert shop.ledger() == {"1020": Decimal("100.00"), "4100": Decimal("-100.00")}
    assert shop.kernel.events[-1].type != "receivables.payment.posted"
    assert "receivables.payment.received" in [event.type for event in shop.kernel.events]


def test_one_payment_settles_several_invoices_in_part(shop):
    first, second = shop.invoice(), shop.invoice(shop.line("50"))
    payment = shop.payment("120", (first, "70"), (second, "50"))
    assert shop.again(first)["outstanding"] == Decimal("30.00")
    assert shop.again(second)["outstanding"] == 0
    assert payment["unallocated"] == 0
    assert shop.agrees()


def test_what_is_not_allocated_is_the_customers_credit(shop):
    payment = shop.payment("80")
    assert payment["unallocated"] == Decimal("80.00")
    assert shop.open_items() == Decimal("-80.00")
    assert shop.ledger() == {"1020": Decimal("80.00"), "1200": Decimal("-80.00")}


def test_credit_is_allocated_later(shop):
    payment = shop.payment("80")
    first, second = shop.invoice(), shop.invoice()
    shop.allocate(payment, (first, "30"))
    allocated = shop.allocate(payment, (first, "20"), (second, "10"))
    assert allocated["unallocated"] == Decimal("20.00")
    assert [item["amount"] for item in allocated["allocations"]] == [Decimal("50.00"), Decimal("10.00")]
    assert [shop.again(one)["outstanding"] for one in (first, second)] == [Decimal("50.00"), Decimal("90.00")]
    assert shop.open_items() == Decimal("-20.00")
    assert shop.agrees()


def test_no_more_is_allocated_than_is_left(shop):
    payment = shop.payment("80")
    invoice = shop.invoice()
    with pytest.raises(AllocationsExceedAmount):
        shop.allocate(payment, (invoice, "80.01"))
    with pytest.raises(AllocationsExceedAmount):
        shop.payment("50", (invoice, "50.01"))


def test_overpaying_an_invoice_is_refused(shop):
    invoice = shop.invoice()
    with pytest.raises(AllocationExceedsOutstanding) as refused:
        shop.payment("200", (invoice, "100.01"))
    assert refused.value.code == "allocation_exceeds_outstanding"
    shop.payment("60", (invoice, "60"))
    with pytest.raises(AllocationExceedsOutstanding) as refused:
        shop.payment("60", (invoice, "60"))
    assert refused.value.details["outstanding"] == "40.00"
    assert shop.again(invoice)["outstanding"] == Decimal("40.00")
    assert shop.agrees()


def test_an_invoice_is_allocated_to_once_in_a_payment(shop):
    invoice = shop.invoice()
    with pytest.raises(AllocationDuplicate):
        shop.payment("20", (invoice, "10"), (invoice, "10"))


def test_nothing_is_allocated_to_what_does_not_fit(shop):
    draft = shop.draft()
    foreign = shop.invoice(customer=shop.add_customer("C2"))
    shop.rate("USD", "0.9")
    dollars = shop.invoice(currency="USD")
    for invoice in (draft, foreign, dollars):
        with pytest.raises(AllocationInvoiceUnfit):
            shop.payment("10", (invoice, "10"))


def test_a_payment_is_above_zero(shop):
    for amount in ("0", "-5"):
        with pytest.raises(DocumentInvalid) as refused:
            shop.payment(amount)
        assert [violation.rule for violation in refused.value.violations] == ["decimal_min"]


def test_a_payment_may_name_its_account(shop):
    shop.payment("80", bank_account=shop.account("1010"))
    assert shop.ledger()["1010"] == Decimal("80.00")


def test_cancelling_a_payment_opens_its_invoices_again(shop):
    invoice, other = shop.invoice(), shop.invoice()
    payment = shop.payment("150", (invoice, "100"))
    shop.allocate(payment, (other, "20"))
    cancelled = shop.perform(payment, "cancel")
    assert (cancelled.state, cancelled["unallocated"]) == ("cancelled", 0)
    assert [shop.again(one)["outstanding"] for one in (invoice, other)] == [Decimal("100.00"), Decimal("100.00")]
    assert shop.ledger() == {"1200": Decimal("200.00"), "4100": Decimal("-200.00")}
    assert shop.open_items() == 0
    assert shop.perform(shop.again(invoice), "cancel").state == "cancelled"
    assert shop.agrees()


@pytest.mark.parametrize(
    ("rate", "account", "difference"),
    [("0.95", "4800", "-5.00"), ("0.85", "6900", "5.00"), ("0.90", None, None)],
)
def test_a_payment_at_another_rate_leaves_a_gain_or_a_loss(shop, rate, account, difference):
    shop.rate("USD", "0.90")
    invoice = shop.invoice(currency="USD")
    shop.rate("USD", rate, on="2026-03-20")
    shop.payment("100", (invoice, "100"), currency="USD")
    expected = {"1020": Decimal(rate) * 100, "4100": Decimal("-90.00")}
    assert shop.ledger() == expected | ({account: Decimal(difference)} if account else {})
    assert shop.again(invoice)["base_outstanding"] == 0


def test_credit_allocated_at_another_rate_leaves_a_difference_too(shop):
    shop.rate("USD", "0.95", on="2026-02-01")
    payment = shop.payment("100", currency="USD", received_on="2026-02-15")
    shop.rate("USD", "0.90", on="2026-03-01")
    invoice = shop.invoice(currency="USD")
    allocated = shop.allocate(payment, (invoice, "50"))
    assert len(allocated["difference_entries"]) == 1
    assert shop.ledger()["4800"] == Decimal("-2.50")
    assert shop.agrees()
    shop.perform(allocated, "cancel")
    assert shop.ledger() == {"1200": Decimal("90.00"), "4100": Decimal("-90.00")}
    assert shop.agrees()


def test_partial_payments_in_another_currency_leave_nothing_behind(shop):
    shop.rate("USD", "0.9001")
    invoice = shop.invoice(currency="USD")
    for part in ("33.33", "33.33", "33.34"):
        shop.payment(part, (invoice, part), currency="USD")
        assert shop.agrees()
    assert shop.open_items(invoice, "base_amount") == 0
    assert "1200" not in shop.ledger()


def test_a_credit_note_reduces_its_invoice(shop):
    invoice = shop.invoice(shop.line("100", tax=shop.standard))
    note = shop.credit(shop.line("10", tax=shop.standard), invoice=invoice.id)
    assert (note.number, note["total"], note["unallocated"]) == ("CN-2026-00001", Decimal("11.90"), 0)
    assert shop.again(invoice)["outstanding"] == Decimal("107.10")
    assert shop.ledger() == {
        "1200": Decimal("107.10"), "4100": Decimal("-90.00"), "2200": Decimal("-17.10"),
    }  # fmt: skip


def test_a_credit_note_does_not_exceed_what_is_outstanding(shop):
    invoice = shop.invoice()
    shop.payment("95", (invoice, "95"))
    with pytest.raises(CreditExceedsOutstanding) as refused:
        shop.credit(shop.line("5.01"), invoice=invoice.id)
    assert refused.value.code == "credit_exceeds_outstanding"
    shop.credit(shop.line("5"), invoice=invoice.id)
    assert shop.again(invoice)["outstanding"] == 0


def test_a_credit_note_without_an_invoice_is_credit_to_allocate(shop):
    note = shop.credit(shop.line("30"))
    assert shop.open_items() == Decimal("-30.00")
    invoice = shop.invoice()
    assert shop.allocate(note, (invoice, "30"))["unallocated"] == 0
    assert shop.again(invoice)["outstanding"] == Decimal("70.00")
    assert shop.agrees()


def test_a_credit_note_over_nothing_is_refused(shop):
    draft = shop.draft(shop.line("0"), type="receivables.credit_note")
    with pytest.raises(GuardRefused):
        shop.perform(draft, "post")


def test_cancelling_a_credit_note_charges_the_customer_again(shop):
    invoice = shop.invoice()
    note = shop.credit(shop.line("10"), invoice=invoice.id)
    shop.perform(note, "cancel")
    assert shop.again(invoice)["outstanding"] == Decimal("100.00")
    assert shop.ledger() == {"1200": Decimal("100.00"), "4100": Decimal("-100.00")}


def test_a_credit_note_is_booked_at_the_rate_of_its_invoice(shop):
    shop.rate("USD", "0.90")
    invoice = shop.invoice(currency="USD")
    shop.rate("USD", "0.50", on="2026-03-10")
    note = shop.credit(shop.line("50"), invoice=invoice.id)
    assert (note["currency"], note["exchange_rate"], note["base_total"]) == ("USD", Decimal("0.90"), Decimal("45.00"))
    assert shop.ledger() == {"1200": Decimal("45.00"), "4100": Decimal("-45.00")}

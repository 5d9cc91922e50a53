"""A large invoice waits for the boss; a payment is told."""

from datetime import UTC
from decimal import Decimal

import pytest

from applets.approvals.errors import ApprovalMissing, ApprovalPending, ApprovalRejected, SelfApprovalRefused
from sdk import Actor
from sdk.document_errors import DocumentLinked
from sdk.states import ActionNotAllowed

CLERK = Actor(id="clerk", kind="user", name="Clerk")
BOSS = Actor(id="boss", kind="user", name="Boss")


def test_a_small_invoice_is_posted_at_once(office):
    invoice = office.draft("10000.00")
    assert office.post(invoice).state == "posted"
    assert office.requests(invoice) == []


def test_a_large_invoice_waits_even_before_the_request_is_there(office):
    invoice = office.draft("10000.01")
    with pytest.raises(ApprovalMissing) as refused:
        office.post(invoice)
    assert refused.value.code == "approval_missing"
    assert refused.value.details["limit"] == "10000.00"
    (request,) = office.requests(invoice)
    with pytest.raises(ApprovalPending) as refused:
        office.post(invoice)
    assert refused.value.code == "approval_pending"
    assert request.state == "pending"


def test_the_request_says_what_is_to_be_approved(office):
    invoice = office.draft("12000")
    (request,) = office.requests(invoice)
    assert (request["document"], request["document_type"]) == (invoice.id, "receivables.invoice")
    assert (request["amount"], request["currency"], request["requested_by"]) == (Decimal("12000.00"), "EUR", "clerk")
    assert request["reason"] == "Invoice over 12000.00 EUR, above the limit of 10000.00"
    assert request.company_id == invoice.company_id


def test_once_approved_the_invoice_is_posted(office):
    invoice = office.draft("12000")
    (request,) = office.requests(invoice)
    approved = office.decide(request, comment="Well done")
    assert (approved.state, approved["decided_by"], approved["comment"]) == ("approved", "boss", "Well done")
    assert approved["decided_at"].tzinfo == UTC
    assert office.post(invoice).state == "posted"


def test_a_rejected_invoice_is_not_posted(office):
    invoice = office.draft("12000")
    (request,) = office.requests(invoice)
    office.decide(request, "reject")
    with pytest.raises(ApprovalRejected) as refused:
        office.post(invoice)
    assert refused.value.code == "approval_rejected"


def test_nobody_approves_an_invoice_of_their_own(office):
    (request,) = office.requests(office.draft("12000"))
    with pytest.raises(SelfApprovalRefused) as refused:
        office.decide(request, actor=CLERK)
    assert refused.value.code == "self_approval_refused"
    assert office.decide(request, "reject", actor=CLERK).state == "rejected"


def test_who_made_an_invoice_large_does_not_approve_it_either(office):
    invoice = office.draft("100")
    with office.kernel.context(BOSS) as ctx:
        lines = [{"description": "Work", "unit_price": "50000"}]
        ctx.documents.update("receivables.invoice", invoice.id, {"lines": lines})
    (request,) = office.requests(invoice)
    with pytest.raises(SelfApprovalRefused):
        office.decide(request, actor=BOSS)


def test_four_eyes_can_be_switched_off(office):
    office.kernel.set_settings("approvals", four_eyes=False)
    (request,) = office.requests(office.draft("12000"))
    assert office.decide(request, actor=CLERK).state == "approved"


def test_a_decision_stands(office):
    (request,) = office.requests(office.draft("12000"))
    office.decide(request, "reject")
    with pytest.raises(ActionNotAllowed):
        office.decide(request)


def test_the_limit_is_a_setting(office):
    office.kernel.set_settings("approvals", approval_limit="500.00")
    with pytest.raises(ApprovalMissing):
        office.post(office.draft("500.01"))
    assert office.post(office.draft("500.00")).state == "posted"


def test_an_invoice_that_grows_above_the_limit_waits(office):
    invoice = office.draft("9000")
    assert office.requests(invoice) == []
    office.change(invoice, "11000")
    with pytest.raises(ApprovalMissing):
        office.post(invoice)
    (request,) = office.requests(invoice)
    assert request["amount"] == Decimal("11000.00")


def test_an_approval_counts_up_to_its_amount(office):
    invoice = office.draft("12000")
    office.decide(office.requests(invoice)[0])
    office.change(invoice, "15000")
    with pytest.raises(ApprovalMissing):
        office.post(invoice)
    newest, oldest = office.requests(invoice)
    assert (newest.state, newest["amount"], oldest.state) == ("pending", Decimal("15000.00"), "approved")


def test_an_approval_in_one_currency_is_none_in_another(office):
    rate = {"currency": "JPY", "base": "EUR", "valid_on": "2026-01-01", "rate": "0.006"}
    office.documents.create("ledger.exchange_rate", rate)
    invoice = office.draft("2000000", currency="JPY")
    office.decide(office.requests(invoice)[0])
    office.documents.update("receivables.invoice", invoice.id, {"currency": "EUR"})
    with pytest.raises(ApprovalMissing):
        office.post(invoice)
    newest, _ = office.requests(invoice)
    assert (newest.state, newest["amount"], newest["currency"]) == ("pending", Decimal("2000000.00"), "EUR")


def test_a_pending_request_follows_the_invoice(office):
    invoice = office.draft("12000")
    assert len(office.requests(invoice)) == 1
    office.change(invoice, "13000")
    (request,) = office.requests(invoice)
    assert (request.state, request["amount"]) == ("pending", Decimal("13000.00"))
    office.change(invoice, "8000")
    (request,) = office.requests(invoice)
    assert request.state == "withdrawn"
    assert office.post(invoice).state == "posted"


def test_a_foreign_invoice_counts_in_the_companys_currency(office):
    rate = {"currency": "USD", "base": "EUR", "valid_on": "2026-01-01", "rate": "0.9"}
    office.documents.create("ledger.exchange_rate", rate)
    assert office.post(office.draft("11000", currency="USD")).state == "posted"
    with pytest.raises(ApprovalMissing):
        office.post(office.draft("11200", currency="USD"))


def test_an_invoice_deleted_before_the_event_arrives_asks_for_nothing(office):
    invoice = office.draft("12000")
    office.documents.delete("receivables.invoice", invoice.id)
    assert office.requests(invoice) == []


def test_an_invoice_that_is_restored_asks_anew(office):
    invoice = office.draft("12000")
    office.documents.delete("receivables.invoice", invoice.id)
    assert office.requests(invoice) == []
    office.documents.restore("receivables.invoice", invoice.id)
    (request,) = office.requests(invoice)
    assert request.state == "pending"


def test_disabling_approvals_lets_posting_through_and_enabling_brings_the_rule_back(office):
    first, second = office.draft("12000"), office.draft("12000")
    office.requests(first)
    office.kernel.disable("approvals")
    assert office.post(first).state == "posted"
    office.kernel.enable("approvals")
    with pytest.raises(ApprovalPending):
        office.post(second)
    assert len(office.requests(first)) == 1


def test_a_payment_received_is_told(office):
    data = {"customer": office.customer, "received_on": "2026-01-12", "amount": "250"}
    payment = office.documents.create("receivables.payment", data)
    payment = office.documents.perform("receivables.payment", payment.id, "post")
    office.kernel.deliver_events()
    (notification,) = office.documents.query("kernel.notification").items
    assert notification["title"] == "C1 paid 250.00 EUR"
    assert notification["role"] == "receivables.manager"
    assert (notification["document_type"], notification["document_id"]) == ("receivables.payment", payment.id)
    assert payment.number in notification["body"]


def test_a_large_draft_nobody_has_decided_about_can_be_deleted_with_its_request(office):
    invoice = office.draft("10000.01")
    (request,) = office.requests(invoice)
    office.documents.delete("receivables.invoice", invoice.id)
    assert office.requests(invoice) == []
    office.documents.restore("receivables.invoice", invoice.id)
    (anew,) = office.requests(invoice)
    assert (anew.state, anew.id != request.id) == ("pending", True)


def test_a_draft_somebody_has_decided_about_stays(office):
    invoice = office.draft("10000.01")
    (request,) = office.requests(invoice)
    office.decide(request, "reject")
    with pytest.raises(DocumentLinked):
        office.documents.delete("receivables.invoice", invoice.id)

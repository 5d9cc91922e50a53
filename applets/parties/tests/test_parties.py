"""Customers, suppliers and contacts as a clerk keeps them."""

from decimal import Decimal

import pytest

from sdk.document_errors import DocumentInvalid, DocumentLinked, LinkBroken, UniqueKeyTaken
from sdk.errors import Forbidden

CUSTOMER = {"code": "C1", "name": "Harbour Kiosk"}


def test_a_customer_needs_a_code_and_a_name_only(kernel):
    customer = kernel.documents.create("parties.customer", CUSTOMER)
    assert dict(customer) == CUSTOMER


def test_what_a_clerk_types_is_tidied(kernel):
    typed = {"code": " C1 ", "name": "Harbour Kiosk", "tax_ids": [{"number": "xx 12-3"}], "credit_limit": "500"}
    customer = kernel.documents.create("parties.customer", typed)
    assert customer["code"] == "C1"
    assert customer["tax_ids"] == [{"number": "XX123", "kind": "vat"}]
    assert customer["credit_limit"] == Decimal("500.00")


def test_two_customers_may_not_share_a_code(kernel):
    kernel.documents.create("parties.customer", CUSTOMER)
    with pytest.raises(UniqueKeyTaken):
        kernel.documents.create("parties.customer", {**CUSTOMER, "code": "C1 "})


def test_a_customer_and_a_supplier_may_share_a_code(kernel):
    kernel.documents.create("parties.customer", CUSTOMER)
    assert kernel.documents.create("parties.supplier", CUSTOMER)["code"] == "C1"


def test_everything_wrong_with_a_customer_is_said_at_once(kernel):
    wrong = {"name": "", "email": "nobody", "currency": "eur", "payment_terms_days": -1, "credit_limit": "-1"}
    with pytest.raises(DocumentInvalid) as refused:
        kernel.documents.create("parties.customer", wrong)
    pointers = {violation.pointer for violation in refused.value.violations}
    assert pointers == {"/code", "/name", "/email", "/currency", "/payment_terms_days", "/credit_limit"}


def test_a_contact_belongs_to_a_customer_or_a_supplier(kernel):
    with pytest.raises(DocumentInvalid):
        kernel.documents.create("parties.contact", {"name": "Ada Morrow"})
    supplier = kernel.documents.create("parties.supplier", {"code": "S1", "name": "Amber Mills"})
    contact = kernel.documents.create("parties.contact", {"name": "Ada Morrow", "supplier": supplier.id})
    assert contact["supplier"] == supplier.id


def test_a_contact_of_nobody_is_refused(kernel):
    supplier = kernel.documents.create("parties.supplier", {"code": "S1", "name": "Amber Mills"})
    with pytest.raises(LinkBroken):
        kernel.documents.create("parties.contact", {"name": "Ada Morrow", "customer": supplier.id})


def test_a_customer_with_contacts_is_not_deleted(kernel):
    customer = kernel.documents.create("parties.customer", CUSTOMER)
    kernel.documents.create("parties.contact", {"name": "Ada Morrow", "customer": customer.id})
    with pytest.raises(DocumentLinked):
        kernel.documents.delete("parties.customer", customer.id)


def test_who_may_only_read_does_not_write(kernel):
    with kernel.context(allow={"parties.*": ["read"]}) as ctx, pytest.raises(Forbidden):
        ctx.documents.create("parties.customer", CUSTOMER)


def test_demo_data_is_the_same_for_the_same_seed(kernel):
    kernel.load_demo_data(seed=7)
    names = [one["name"] for one in kernel.documents.query("parties.customer", sort=["code"], limit=100).items]
    again = type(kernel)(kernel.catalogue.applet("parties"))
    again.load_demo_data(seed=7)
    assert names == [one["name"] for one in again.documents.query("parties.customer", sort=["code"], limit=100).items]
    assert len(names) == 40
    assert len(kernel.documents.query("parties.supplier", limit=100).items) == 15

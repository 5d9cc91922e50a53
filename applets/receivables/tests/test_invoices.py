"""Invoices as a clerk writes them."""

from datetime import date
from decimal import Decimal

import pytest

from applets.receivables.errors import (
    DueBeforeIssue,
    EntryBelongsToDocument,
    ExchangeRateMissing,
    InvoiceHasAllocations,
    LedgerAccountMissing,
    LedgerJournalMissing,
    LinePriceMissing,
    TaxRateOfOtherCompany,
    TaxRateUnfit,
)
from sdk.document_errors import DocumentInvalid, DocumentNotEditable, LinkBroken
from sdk.errors import Forbidden
from sdk.states import GuardRefused


def test_what_is_left_out_is_filled_in(shop):
    invoice = shop.draft({"product": shop.product, "quantity": "3"})
    (line,) = invoice["lines"]
    assert (line["description"], line["unit_price"], line["net"]) == ("Mug", Decimal(10), Decimal(30))
    assert (invoice["currency"], invoice["due_on"], invoice["total"]) == ("EUR", date(2026, 3, 24), Decimal(30))
    assert (invoice.state, invoice.number) == ("draft", None)


def test_a_customer_without_terms_has_those_of_the_settings(shop):
    assert shop.draft(customer=shop.add_customer("C2"))["due_on"] == date(2026, 4, 9)


def test_a_customer_is_invoiced_in_its_currency(shop):
    shop.rate("USD", "0.8")
    assert shop.draft(customer=shop.add_customer("C2", currency="USD"))["currency"] == "USD"


def test_an_invoice_is_not_due_before_it_is_issued(shop):
    with pytest.raises(DueBeforeIssue):
        shop.draft(due_on="2026-03-09")


def test_every_line_needs_a_price(shop):
    with pytest.raises(LinePriceMissing) as refused:
        shop.draft(shop.line(), {"description": "Gift"}, {"description": "Another"})
    assert [violation.pointer for violation in refused.value.violations] == [
        "/lines/1/unit_price",
        "/lines/2/unit_price",
    ]


def test_totals_are_the_systems_to_set(shop):
    with pytest.raises(DocumentInvalid) as refused:
        shop.draft(total="1")
    assert [(violation.pointer, violation.rule) for violation in refused.value.violations] == [("/total", "read_only")]


def test_discount_freight_and_two_taxes_add_up(shop):
    invoice = shop.draft(
        shop.line("100", quantity="2", discount_percent="10", tax=shop.standard),
        shop.line("50", tax=shop.reduced),
        freight="10",
        freight_tax=shop.standard,
    )
    assert [line["net"] for line in invoice["lines"]] == [Decimal("180.00"), Decimal("50.00")]
    assert [(tax["percent"], tax["net"], tax["amount"]) for tax in invoice["taxes"]] == [
        (Decimal(19), Decimal("190.00"), Decimal("36.10")),
        (Decimal(7), Decimal("50.00"), Decimal("3.50")),
    ]
    assert (invoice["net_total"], invoice["tax_total"], invoice["total"]) == (
        Decimal("230.00"),
        Decimal("39.60"),
        Decimal("279.60"),
    )


def test_a_product_is_taxed_by_its_category(shop):
    rate = shop.add_tax_rate("BOOK", "5", "2210", tax_category="books")
    book = shop.documents.create(
        "catalog.product", {"code": "B", "name": "Book", "sales_price": "20", "tax_category": "books"}
    )
    invoice = shop.draft({"product": book.id}, {"product": book.id, "tax": shop.standard}, {"product": shop.product})
    assert [line.get("tax") for line in invoice["lines"]] == [rate, shop.standard, None]
    assert invoice["tax_total"] == Decimal("4.80")


def test_a_tax_rate_of_another_company_is_refused(shop):
    other = shop.kernel.add_company("Other Ltd")
    data = {"customer": shop.customer, "issued_on": "2026-03-10", "lines": [shop.line(tax=shop.standard)]}
    with pytest.raises(TaxRateOfOtherCompany):
        shop.documents.create("receivables.invoice", data, company_id=other)


def test_changing_a_draft_computes_it_anew(shop):
    draft = shop.draft(shop.line("100", tax=shop.standard))
    changed = shop.documents.update(draft.type, draft.id, {"lines": [shop.line("50")], "freight": "5"})
    assert (changed["total"], changed["tax_total"], changed["taxes"]) == (Decimal("55.00"), Decimal("0.00"), [])
    assert changed["lines"][0].get("tax_percent") is None


def test_a_draft_read_can_be_sent_back_as_it_is(shop):
    draft = shop.draft(shop.line("100", tax=shop.standard))
    assert shop.documents.update(draft.type, draft.id, dict(draft)).version == draft.version


def test_posting_numbers_books_and_opens_the_item(shop):
    invoice = shop.invoice(shop.line("100", tax=shop.standard), shop.line("20", revenue_account="4200"), freight="8")
    assert (invoice.state, invoice.number) == ("posted", "INV-2026-00001")
    assert (invoice["paid"], invoice["outstanding"], invoice["base_total"]) == (0, Decimal("147.00"), Decimal("147.00"))
    assert shop.ledger() == {
        "1200": Decimal("147.00"), "4100": Decimal("-100.00"), "4200": Decimal("-20.00"),
        "4300": Decimal("-8.00"), "2200": Decimal("-19.00"),
    }  # fmt: skip
    assert shop.open_items(invoice) == Decimal("147.00")


def test_the_entry_says_where_it_comes_from(shop):
    invoice = shop.invoice()
    entry = shop.documents.get("ledger.journal_entry", invoice["journal_entry"])
    assert (entry.state, entry["posted_on"], entry["reference"]) == ("posted", date(2026, 3, 10), invoice.number)
    assert (entry["source"], entry["source_type"]) == (invoice.id, "receivables.invoice")
    assert entry["lines"][0]["party"] == shop.customer
    assert shop.documents.get("ledger.journal", entry["journal"])["code"] == "SAL"


def test_numbers_follow_each_other_within_the_year_of_the_invoice(shop):
    years = ["2025-12-31", "2026-01-01", "2025-12-31"]
    assert [shop.invoice(issued_on=day).number for day in years] == [
        "INV-2025-00001", "INV-2026-00001", "INV-2025-00002",
    ]  # fmt: skip


def test_an_invoice_over_nothing_posts_nothing(shop):
    invoice = shop.invoice(shop.line("100", discount_percent="100"))
    assert (invoice.state, invoice["outstanding"], invoice.get("journal_entry")) == ("posted", 0, None)


def test_a_negative_invoice_is_a_credit_note(shop):
    draft = shop.draft(shop.line("100", quantity="-1"))
    with pytest.raises(GuardRefused):
        shop.perform(draft, "post")


def test_missing_accounts_are_all_named(shop):
    shop.kernel.set_settings("receivables", receivable_account="1299", freight_account="4399")
    draft = shop.draft(shop.line(revenue_account="4999"), freight="1")
    with pytest.raises(LedgerAccountMissing) as refused:
        shop.perform(draft, "post")
    assert refused.value.code == "ledger_account_missing"
    assert refused.value.details["codes"] == "1299, 4399, 4999"
    assert shop.again(draft).state == "draft"


def test_a_missing_journal_is_named(shop):
    shop.kernel.set_settings("receivables", sales_journal="XXX")
    with pytest.raises(LedgerJournalMissing) as refused:
        shop.invoice()
    assert refused.value.details["code"] == "XXX"


def test_a_posted_invoice_stays_as_it_is(shop):
    invoice = shop.invoice()
    with pytest.raises(DocumentNotEditable):
        shop.documents.update(invoice.type, invoice.id, {"memo": "x"})


def test_a_foreign_invoice_is_booked_at_the_rate_of_its_day(shop):
    shop.rate("USD", "0.905")
    invoice = shop.invoice(shop.line("33.33"), shop.line("33.33"), shop.line("33.34"), currency="USD")
    assert (invoice["total"], invoice["base_total"], invoice["exchange_rate"]) == (
        Decimal("100.00"),
        Decimal("90.50"),
        Decimal("0.905"),
    )
    assert shop.ledger() == {"1200": Decimal("90.50"), "4100": Decimal("-90.50")}


def test_a_foreign_invoice_without_a_rate_is_not_posted(shop):
    draft = shop.draft(currency="USD")
    with pytest.raises(ExchangeRateMissing) as refused:
        shop.perform(draft, "post")
    assert refused.value.code == "exchange_rate_missing"


def test_cancelling_takes_everything_back(shop):
    invoice = shop.perform(shop.invoice(shop.line("100", tax=shop.standard)), "cancel", cancelled_on="2026-04-02")
    assert (invoice.state, invoice["outstanding"]) == ("cancelled", 0)
    assert shop.ledger() == {}
    assert shop.open_items(invoice) == 0
    entry = shop.documents.get("ledger.journal_entry", invoice["journal_entry"])
    opposite = shop.documents.get("ledger.journal_entry", entry["reversed_by"])
    assert (entry.state, opposite["posted_on"]) == ("reversed", date(2026, 4, 2))


def test_an_invoice_with_payments_is_not_cancelled(shop):
    invoice = shop.invoice()
    shop.payment("40", (invoice, "40"))
    with pytest.raises(InvoiceHasAllocations) as refused:
        shop.perform(invoice, "cancel")
    assert refused.value.code == "invoice_has_allocations"
    assert shop.again(invoice).state == "posted"


def test_the_entry_of_an_invoice_is_not_reversed_behind_its_back(shop):
    invoice = shop.invoice()
    entry = shop.documents.get("ledger.journal_entry", invoice["journal_entry"])
    with pytest.raises(EntryBelongsToDocument):
        shop.perform(entry, "reverse")
    assert shop.agrees()


@pytest.mark.parametrize(
    ("source_type", "has_source"),
    [("receivables.invoice", False), ("receivables.invoice", True), ("receivables.letter", True)],
)
def test_an_entry_that_only_says_it_is_ours_is_reversed(shop, source_type, has_source):
    lines = [{"account": shop.account("1020"), "amount": "5"}, {"account": shop.account("4100"), "amount": "-5"}]
    journal = shop.documents.find("ledger.journal", code="GEN").id
    data = {"journal": journal, "posted_on": "2026-03-10", "lines": lines, "source_type": source_type}
    source = {"source": shop.invoice().id} if has_source else {}
    entry = shop.perform(shop.documents.create("ledger.journal_entry", data | source), "post")
    assert shop.perform(entry, "reverse").state == "reversed"
    assert shop.agrees()


def test_settling_by_hand_changes_nothing(shop):
    invoice = shop.invoice()
    settled = shop.perform(invoice, "settle")
    assert (settled["paid"], settled["outstanding"]) == (0, Decimal("100.00"))


def test_who_may_post_invoices_needs_no_right_in_the_ledger(shop):
    draft = shop.draft()
    allow = {"receivables.invoice": ["read", "post"]}
    with shop.kernel.context(allow=allow) as ctx:
        ctx.documents.perform(draft.type, draft.id, "post")
        with pytest.raises(Forbidden):
            ctx.documents.query("ledger.journal_entry")
    assert shop.agrees()


def test_a_tax_rate_an_applet_answers_is_looked_up(shop, tmp_path):
    source = "from sdk import hooks\nfrom decimal import Decimal\n\n\n"
    source += '@hooks.resolve("tax_rate")\ndef answer(ctx, line):\n    return Decimal(line["description"])\n'
    folder = tmp_path / "taxes"
    folder.mkdir()
    (folder / "hooks.py").write_text(source)
    manifest = 'name = "taxes"\nversion = "1.0.0"\ntitle = "Taxes"\n[requires]\nsdk = ">=1"\n'
    (folder / "applet.toml").write_text(manifest)
    shop.kernel.enable(folder)
    invoice = shop.draft(shop.line(description="7"), shop.line(description="7", tax=shop.standard))
    assert [line["tax"] for line in invoice["lines"]] == [shop.reduced, shop.standard]
    with pytest.raises(TaxRateUnfit) as refused:
        shop.draft(shop.line(description="8"))
    assert refused.value.code == "tax_rate_unfit"


NOBODY = "0190a0a0-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [({"customer": NOBODY}, "/customer"), ({"lines": [{"product": NOBODY, "unit_price": "1"}]}, "/lines/0/product")],
)
def test_a_link_that_leads_nowhere_is_named(shop, fields, pointer):
    with pytest.raises(LinkBroken) as refused:
        shop.draft(**fields)
    assert [violation.pointer for violation in refused.value.violations] == [pointer]


def test_a_credit_note_for_no_invoice_is_refused(shop):
    with pytest.raises(LinkBroken) as refused:
        shop.draft(type="receivables.credit_note", invoice=NOBODY)
    assert [violation.pointer for violation in refused.value.violations] == ["/invoice"]
